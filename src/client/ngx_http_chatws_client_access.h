
/*
 * Copyright (C) chatws contributors
 *
 * The rules of a location for its clients, and the one question that is asked
 * before an action of a client is carried out: whether it has the right.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_ACCESS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_ACCESS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_bucket.h"
#include "base/chatws_fault.h"
#include "token/chatws_token.h"
#include "protocol/chatws_notify.h"
#include "store/chatws_store.h"
#include "store/chatws_typing.h"
#include "process/ngx_http_chatws_app.h"


/*
 * The settings of a location for its clients; they live as long as its
 * configuration.  Each setting has a row in ngx_http_chatws_conf_settings[].
 */

typedef struct {
    uint64_t      location_id;         /* fingerprint of all settings */
    ngx_uint_t    max_subscriptions;   /* of one connection */
    ngx_uint_t    user_subscriptions;  /* of all connections of a user;
                                          0: a share of the zone's room */
    ngx_uint_t    history;             /* notifications replayed, at most */
    ngx_msec_t    history_time;        /* age of these, at most */
    ngx_flag_t    own_messages;
    ngx_flag_t    handover;
    const chatws_typing_rules_t
                 *typing;              /* NULL: passed on as it comes */
    ngx_regex_t  *chat_pattern;        /* NULL: any chat id */

    const chatws_token_policy_t  *token;  /* NULL: tokens are off */
    ngx_msec_t    auth_timeout;        /* until a client has sent its token */
    ngx_msec_t    token_grace;         /* after its end */
    ngx_flag_t    claimed;             /* anybody may give any user id */

    chatws_limit_t  *limit_actions;    /* of a connection; NULL: none */
    chatws_limit_t  *limit_user;       /* of all connections of a user */
    chatws_limit_t  *limit_errors;     /* of a connection */
    ngx_uint_t       limit_connections;  /* of a user; 0: none */

    ngx_uint_t    access;              /* a bit for each source of rights;
                                          0: every client has all of them */
    ngx_http_chatws_app_t  *access_app;   /* that is asked, or NULL */
    ngx_msec_t    access_timeout;
    ngx_uint_t    access_valid;        /* seconds that a grant is known for, */
    ngx_uint_t    access_denied;       /* and a denial */
    ngx_uint_t    access_recheck;      /* seconds between two questions for a
                                          subscription; 0: it is asked once */
    ngx_msec_t    members_settle;      /* after a fresh zone, in which a chat
                                          without a member is not closed */

    ngx_uint_t    watch;               /* users that a client may watch, */
    ngx_flag_t    watch_members;       /* of those with whom its user shares
                                          a chat only */
} ngx_http_chatws_rules_t;


/* The sources of rights: protocol, section 7. */

#define NGX_HTTP_CHATWS_ACCESS_OPEN     0x01   /* while it is read only */
#define NGX_HTTP_CHATWS_ACCESS_TOKEN    0x02
#define NGX_HTTP_CHATWS_ACCESS_REQUEST  0x04
#define NGX_HTTP_CHATWS_ACCESS_MEMBERS  0x08


typedef struct ngx_http_chatws_client_s  ngx_http_chatws_client_t;


/* The rights of a client in a chat. */

typedef enum {
    NGX_HTTP_CHATWS_RIGHT_NONE = 0,    /* for actions that need none */
    NGX_HTTP_CHATWS_RIGHT_SUBSCRIBE,
    NGX_HTTP_CHATWS_RIGHT_TYPING
} ngx_http_chatws_right_e;


/* the fault of a chat id that the rules of the location don't allow */
extern const chatws_fault_t  ngx_http_chatws_chat_refused;

/* no source has granted the right */
extern const chatws_fault_t  ngx_http_chatws_denied;

/* the client has left the chat while it waited: it is told nothing */
extern const chatws_fault_t  ngx_http_chatws_cancelled;

/* nobody knows now: the app server is to be asked */
extern const chatws_fault_t  ngx_http_chatws_undecided;

/* the app server was asked, and has not answered */
extern const chatws_fault_t  ngx_http_chatws_unavailable;

/* who is a member is not known yet */
extern const chatws_fault_t  ngx_http_chatws_unsettled;


/*
 * Asks whether the client has the right in this chat.  Whatever the right, the
 * location has to allow the chat id, which was checked as a name.  The right
 * to type is not looked at where the client is not subscribed.
 *
 * Returns NULL: it may, and client->grant says by which grant; otherwise the
 * fault that the client is told, which is static, or undecided, if the
 * question has not been asked: see ngx_http_chatws_client_question.h.
 */
const chatws_fault_t *ngx_http_chatws_client_may(
    ngx_http_chatws_client_t *client, ngx_http_chatws_right_e right,
    ngx_str_t *chat);

/*
 * The part of it that no grant overrules: whether the location allows the chat,
 * and no command has taken all rights in it from the user.
 */
const chatws_fault_t *ngx_http_chatws_client_denied(
    ngx_http_chatws_client_t *client, ngx_str_t *chat);

/*
 * The bits of the rights in a chat that the claims of the client grant, where
 * the location has this source.
 */
ngx_uint_t ngx_http_chatws_client_claims(
    const ngx_http_chatws_client_t *client, const ngx_str_t *chat);

/*
 * The token of the client was renewed: ends the subscriptions that the claims
 * had granted, and do not grant any more.
 */
void ngx_http_chatws_client_renewed(ngx_http_chatws_client_t *client);

/*
 * Returns 1 if the rules of the location allow the chat id, which was checked
 * as a name, else 0.
 */
ngx_uint_t ngx_http_chatws_chat_allowed(const ngx_http_chatws_rules_t *rules,
    ngx_str_t *chat);

/*
 * Subscribes the client to a chat that it may subscribe to, within the limits
 * for its connection and for its user; replay and at are those of
 * ngx_http_chatws_subscribe().  Returns NULL, and at is filled; otherwise the
 * fault that the client is told, which is static, and the session may have
 * been closed.
 */
const chatws_fault_t *ngx_http_chatws_client_enter(
    ngx_http_chatws_client_t *client, ngx_str_t *chat, ngx_uint_t replay,
    chatws_subscribed_t *at);

/*
 * Ends the subscription of the client to a chat in which it has lost the right
 * to be, and tells it so; nothing of the chat is sent to it after that.  The
 * bytes of the chat id are not those of the subscription itself.
 *
 * NGX_DECLINED: it was not subscribed, and is told nothing.
 */
ngx_int_t ngx_http_chatws_unsubscribed(ngx_http_chatws_client_t *client,
    ngx_str_t *chat, chatws_lost_e lost);


#endif /* _NGX_HTTP_CHATWS_CLIENT_ACCESS_H_INCLUDED_ */
