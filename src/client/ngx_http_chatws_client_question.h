
/*
 * Copyright (C) chatws contributors
 *
 * Questions to the app server, whether clients may be in chats.  A client has
 * one open at a time, for up to 100 chats; the actions that depend on it wait,
 * and are carried out in their order.  Protocol, section 7.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_QUESTION_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_QUESTION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client_private.h"


/*
 * Is asked before an action is carried out, where rights are not open.
 * NGX_OK: go on.  NGX_DONE: the action waits, or was carried out, or refused.
 */
ngx_int_t ngx_http_chatws_question_take(ngx_http_chatws_client_t *client,
    const chatws_action_t *action);

/*
 * Lets an action wait whose right in its chat is not decided, and asks the app
 * server.  The client may be told that too many wait.
 */
void ngx_http_chatws_question_hold(ngx_http_chatws_client_t *client,
    const chatws_action_t *action);

/*
 * While an action that has waited is carried out: what was decided for the
 * right in a chat.  NGX_OK: *fault is set, as by client_may(), and the grant
 * of the client.  NGX_DECLINED: no such action is carried out now.
 */
ngx_int_t ngx_http_chatws_question_decided(ngx_http_chatws_client_t *client,
    ngx_str_t *chat, const chatws_fault_t **fault);

/*
 * Whether a token of a chat, which may be empty, is to be looked at: the
 * location has this source, and the action has not waited for it already.
 */
ngx_uint_t ngx_http_chatws_question_shows(
    const ngx_http_chatws_client_t *client, const chatws_str_t *token);

/* Whether actions wait: the client can't move to another worker meanwhile. */
ngx_uint_t ngx_http_chatws_question_is_open(
    const ngx_http_chatws_client_t *client);

/*
 * The client has subscribed to a chat by a grant, or has one from another
 * worker: it will be looked at when it is due.
 */
void ngx_http_chatws_question_remind(ngx_http_chatws_client_t *client,
    uint32_t grant);

/*
 * Asks at once for what the app server has granted to the client in a chat, or
 * with NULL in all.
 */
void ngx_http_chatws_question_review(ngx_http_chatws_client_t *client,
    const ngx_str_t *chat);

/* The session ends, and all that waits with it.  May be called again. */
void ngx_http_chatws_question_end(ngx_http_chatws_client_t *client);


#endif /* _NGX_HTTP_CHATWS_CLIENT_QUESTION_H_INCLUDED_ */
