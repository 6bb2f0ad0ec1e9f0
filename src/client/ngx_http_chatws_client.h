
/*
 * Copyright (C) chatws contributors
 *
 * A chat client: the session of a user that subscribes to chats.  It ties
 * the engine to the hub.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_bucket.h"
#include "base/chatws_id.h"
#include "protocol/chatws_action.h"
#include "hub/ngx_http_chatws_hub.h"
#include "session/ngx_http_chatws_session.h"


/*
 * What a location allows its clients; lives as long as its configuration.
 * Each setting has a row in ngx_http_chatws_conf_settings.
 */

typedef struct {
    uint64_t    location_id;                  /* fingerprint of all this */
    ngx_uint_t  max_subscriptions;
    ngx_uint_t  user_subscriptions;                     /* in all; 0: a share
                                                           of the zone */
    ngx_uint_t                     history;           /* messages replayed */
    ngx_msec_t                     history_time;      /* and their age */
    ngx_flag_t                     own_messages;
    ngx_flag_t                     handover;
    ngx_regex_t                   *chat_pattern;      /* NULL: any */
} ngx_http_chatws_rules_t;


/* allocated and freed as the session that it begins with */

typedef struct {
    ngx_http_chatws_session_t      session;
    ngx_http_chatws_subscriber_t   subscriber;
    const ngx_http_chatws_rules_t *rules;
    ngx_str_t                      user;      /* these two follow */
    ngx_str_t                      name;      /* the structure */
    chatws_bucket_t                bucket;    /* what it has said */
    uint32_t                       turn;      /* when there was too much, */
    uint32_t                       told;      /* a bit for each verb told so */
    unsigned                       moved:1;   /* to another worker */
} ngx_http_chatws_client_t;


/* what a chat id is told that the rules don't allow */
extern const chatws_fault_t  ngx_http_chatws_chat_refused;

/* for ngx_http_chatws_session_each() */
extern const ngx_http_chatws_handlers_t  ngx_http_chatws_client_handlers;


/*
 * Makes a client of this user for the request's connection.  NGX_BUSY: the
 * hub has no slot; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_client_create(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_rules_t *rules, ngx_str_t *user, ngx_str_t *name,
    ngx_http_chatws_client_t **client);

/*
 * Fills a new session as a client: the two strings are copied to where they
 * belong.  NGX_BUSY: the hub has no slot.
 */
ngx_int_t ngx_http_chatws_client_init(ngx_http_chatws_client_t *client,
    ngx_http_chatws_hub_t *hub, const ngx_http_chatws_rules_t *rules,
    ngx_str_t *user, ngx_str_t *name);

/* Callbacks of the hub: ngx_http_chatws_hub_open(). */
void ngx_http_chatws_client_deliver(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_note_t **notes, ngx_uint_t n);
void ngx_http_chatws_client_lapse(ngx_http_chatws_hub_t *hub);

/* Acts on a message of the client: protocol, section 2. */
void ngx_http_chatws_dispatch(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);

/*
 * Whether a message that was parsed is one too many, valid or not.  NGX_OK:
 * it is not; NGX_BUSY: it is, and the client is to be told; NGX_DECLINED: it
 * was told a moment ago.
 */
ngx_int_t ngx_http_chatws_client_rate(ngx_http_chatws_client_t *client,
    const chatws_action_t *action);

/* Subscribes to all chats of a resume: protocol, section 5. */
void ngx_http_chatws_resume(ngx_http_chatws_client_t *client,
    chatws_action_t *action);

/*
 * Subscribes a client to a chat that is valid as a name; NULL, or what it is
 * to be told.
 */
const chatws_fault_t *ngx_http_chatws_enter(ngx_http_chatws_client_t *client,
    ngx_str_t *chat, ngx_uint_t replay, chatws_subscribed_t *at);

/* Whether the rules allow the chat id; it was checked as a name. */
ngx_int_t ngx_http_chatws_chat_allowed(const ngx_http_chatws_rules_t *rules,
    ngx_str_t *chat);


#endif /* _NGX_HTTP_CHATWS_CLIENT_H_INCLUDED_ */
