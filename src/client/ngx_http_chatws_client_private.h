
/*
 * Copyright (C) chatws contributors
 *
 * The files that carry out the messages of a client, among themselves.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_PRIVATE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_action.h"
#include "protocol/chatws_notify.h"
#include "client/ngx_http_chatws_client.h"


/* A notification of one client, behind room for the header of its frame. */

typedef struct {
    u_char         head[CHATWS_FRAME_HEAD_OUT];
    u_char         text[CHATWS_NOTIFY_SIZE];
} ngx_http_chatws_reply_t;


/*
 * Carries an action of a client out.  The strings of the action live
 * until the handler returns.  The handler answers by itself; it may close the
 * session, and does not free it.
 */

typedef void (*ngx_http_chatws_client_verb_pt)(
    ngx_http_chatws_client_t *client, chatws_action_t *action);


typedef struct {
    ngx_http_chatws_client_verb_pt  handler;
    ngx_http_chatws_right_e         right;     /* in the chat of the action */
    uint32_t                        cost;      /* see client_rate.c; 0: none */
    uint32_t                        per;       /* one more for so many bytes of
                                                  its chats or users; 0: none */
    unsigned                        inside:1;  /* its handler refuses who is
                                                  not subscribed to the chat */
} ngx_http_chatws_client_verb_t;


/* one row for each verb of chatws_action.h */
extern const ngx_http_chatws_client_verb_t  ngx_http_chatws_client_verbs[];


/* Acts on a message of the client: the callback of its session. */
void ngx_http_chatws_client_message(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);

/* The same for the text of a message that has waited, and was counted. */
void ngx_http_chatws_client_act_again(ngx_http_chatws_client_t *client,
    const chatws_str_t *text);

/*
 * Milliseconds after which a client may try again what has met this fault; 0:
 * it makes no difference.
 */
uint64_t ngx_http_chatws_retry_after(const chatws_fault_t *fault);

/*
 * Answers an action with an error.  retry_after is the time in milliseconds
 * after which the same action may succeed; 0: the client is told none.
 */
void ngx_http_chatws_complain(ngx_http_chatws_client_t *client,
    const chatws_action_t *action, const chatws_fault_t *fault,
    uint64_t retry_after);

/*
 * Counts a message, valid or not, that was parsed.  NGX_OK: it is carried out.
 * NGX_DECLINED: the client says more than it may; it has been told so, unless
 * it was told a moment ago.
 */
ngx_int_t ngx_http_chatws_client_rate(ngx_http_chatws_client_t *client,
    const chatws_action_t *action);

/*
 * Refuses an action because there are too many.  fault is the error, a Rate
 * limited; wait is the time in milliseconds after which there may be room.  The
 * client is told so, unless it was told a moment ago.  If it has not waited,
 * this is an error of the client, after which the session may be closed.
 */
void ngx_http_chatws_client_refuse(ngx_http_chatws_client_t *client,
    const chatws_action_t *action, const chatws_fault_t *fault, uint64_t wait);

/* Tells the client a subscription_confirmed. */
void ngx_http_chatws_confirm(ngx_http_chatws_client_t *client,
    chatws_confirmed_t *confirmed);

/*
 * Makes an error of an action that the client may not ask for now: auth where
 * tokens are off, and everything else of a stranger.
 */
void ngx_http_chatws_auth_look(const ngx_http_chatws_client_t *client,
    chatws_action_t *action);

/* Takes a token of the client: protocol, section 2. */
void ngx_http_chatws_client_auth(ngx_http_chatws_client_t *client,
    chatws_action_t *action);

/*
 * Counts an error of the client, which a client that is in order does not make.
 * NGX_DECLINED: these are more than its location allows, and the session is
 * closed.
 */
ngx_int_t ngx_http_chatws_client_erred(ngx_http_chatws_client_t *client);

/* Subscribes to all chats of a resume: protocol, section 5. */
void ngx_http_chatws_client_resume(ngx_http_chatws_client_t *client,
    chatws_action_t *action);


#endif /* _NGX_HTTP_CHATWS_CLIENT_PRIVATE_H_INCLUDED_ */
