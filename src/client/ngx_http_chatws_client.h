
/*
 * Copyright (C) chatws contributors
 *
 * A chat client: the session of a user, who subscribes to chats.  It connects
 * the engine with the hub.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_bucket.h"
#include "base/chatws_id.h"
#include "hub/ngx_http_chatws_hub.h"
#include "session/ngx_http_chatws_session.h"
#include "client/ngx_http_chatws_client_access.h"
#include "client/ngx_http_chatws_credential.h"


typedef struct ngx_http_chatws_proofs_s  ngx_http_chatws_proofs_t;

typedef struct ngx_http_chatws_question_s  ngx_http_chatws_question_t;

/* see ngx_http_chatws_client_people.h */
typedef struct ngx_http_chatws_client_people_s
    ngx_http_chatws_client_people_t;


/*
 * What a client has used of the limits of its location.  It travels with the
 * client to another worker: all of them have the same clock.
 */

typedef struct {
    chatws_bucket_t                 actions;
    chatws_bucket_t                 errors;
    uint64_t                        retry;     /* ms, when it may try again */
} ngx_http_chatws_client_limits_t;


/*
 * A client is allocated and freed as the session that it begins with.  Behind
 * the structure lie its place in the index of users, if there is one; what it
 * has said of itself, if its zone knows people; what it has used of the limits
 * of its location, if that has any; then user and name.
 */

struct ngx_http_chatws_client_s {
    ngx_http_chatws_session_t       session;
    ngx_http_chatws_subscriber_t    subscriber;
    const ngx_http_chatws_rules_t  *rules;
    ngx_str_t                       user;      /* the bytes of these three */
    ngx_str_t                       name;      /* follow, see above */
    u_char                         *id;        /* of the session,
                                                  CHATWS_SESSION_LEN bytes;
                                                  NULL: it has none */
    ngx_http_chatws_credential_t   *credential;  /* the client's own; NULL: it
                                                  has no token */
    ngx_http_chatws_proofs_t       *proofs;    /* of tokens of chats, or NULL */
    ngx_http_chatws_question_t     *question;  /* to the app server, or NULL */
    chatws_bucket_t                 bucket;    /* limits its messages, */
    chatws_bucket_t                 auth;      /* and its tokens */
    uint32_t                        turn;      /* the turn in which the client
                                                  has said too much */
    uint32_t                        grant;     /* of the right that it was
                                                  found to have last, see
                                                  client_grant.h; */
    uint32_t                        commands;  /* for its user before that, if
                                                  the app server grants it */
    unsigned                        told:16;   /* a bit for each verb for which
                                                  it was told so in that turn */
    unsigned                        moved:1;   /* to another worker */
    unsigned                        placed:1;  /* it has a place behind the
                                                  structure: see users.h */
    unsigned                        peopled:1; /* and what it says of itself */
    unsigned                        stranger:1;  /* its user is not known, and
                                                  user and name are empty */
    unsigned                        named:1;   /* user and name, which lie in
                                                  one block of their own */
    unsigned                        warned:1;  /* that its token expires */
    unsigned                        limited:1; /* it has said too much */
    unsigned                        seated:1;  /* it counts as a connection of
                                                  its user */
};


/* Who a new client is. */

typedef struct {
    ngx_str_t  user;     /* these two are empty where it is not known yet */
    ngx_str_t  name;
    ngx_str_t  id;       /* of the session, CHATWS_SESSION_LEN bytes, or
                            empty */
} ngx_http_chatws_identity_t;


/* the bytes of an identity behind the structure of its client */
#define ngx_http_chatws_identity_size(who)                                    \
    ((who)->user.len + (who)->name.len + (who)->id.len)


/* tells clients from other sessions, see ngx_http_chatws_session_each() */
extern const ngx_http_chatws_handlers_t  ngx_http_chatws_client_handlers;


/*
 * Makes a client for the connection of the request.  who is copied; conf and
 * rules live as long as the client.  The client is freed with the request until
 * its session was started; a credential is given to it after that.
 *
 * NGX_OK; NGX_BUSY: the hub has no slot; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_client_create(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_rules_t *rules,
    const ngx_http_chatws_identity_t *who, ngx_http_chatws_client_t **client);

/*
 * Returns the bytes to be allocated for a client; who is NULL: without its user
 * and name.
 */
size_t ngx_http_chatws_client_size(ngx_http_chatws_hub_t *hub,
    const ngx_http_chatws_rules_t *rules,
    const ngx_http_chatws_identity_t *who);

/* What the client has used of its limits; NULL: its location has none. */
ngx_http_chatws_client_limits_t *ngx_http_chatws_client_limits(
    ngx_http_chatws_client_t *client);

/*
 * The number by which the limits of a user count the client: a keyed hash of
 * its user or, where anybody may claim to be that user, of user and address.
 */
uint64_t ngx_http_chatws_client_key(ngx_http_chatws_client_t *client);

/*
 * Is called when the session of a new client was started: from now on commands
 * are for it, unless it is a stranger.
 */
void ngx_http_chatws_client_started(ngx_http_chatws_client_t *client);

/*
 * From now on commands are for the client, whose user is known, and whose
 * credential is set.  It is closed if its token was revoked meanwhile, or if
 * the user has too many connections.
 */
void ngx_http_chatws_client_listen(ngx_http_chatws_client_t *client);

/* Closes a client whose token was revoked. */
void ngx_http_chatws_client_revoke(ngx_http_chatws_client_t *client);

/*
 * Joins the hub as the user of the client, who is known by now.  NGX_OK;
 * NGX_BUSY: the hub has no slot.
 */
ngx_int_t ngx_http_chatws_client_join(ngx_http_chatws_client_t *client,
    ngx_http_chatws_hub_t *hub);

/*
 * Makes a client of a new session, which was allocated with the bytes of
 * ngx_http_chatws_client_size(): who is copied there.
 *
 * NGX_OK; NGX_BUSY: the hub has no slot.
 */
ngx_int_t ngx_http_chatws_client_init(ngx_http_chatws_client_t *client,
    ngx_http_chatws_hub_t *hub, const ngx_http_chatws_rules_t *rules,
    const ngx_http_chatws_identity_t *who);

/*
 * Writes a new id of a session, CHATWS_SESSION_LEN bytes, to id.  They sort by
 * the time at which they were made.
 */
void ngx_http_chatws_client_id(ngx_http_chatws_hub_t *hub, u_char *id);

/*
 * The callbacks of a hub whose subscribers are clients: they send notifications
 * to a client, close all clients of the hub, and carry a command out.
 */
extern const ngx_http_chatws_hub_handlers_t  ngx_http_chatws_client_hub;


#endif /* _NGX_HTTP_CHATWS_CLIENT_H_INCLUDED_ */
