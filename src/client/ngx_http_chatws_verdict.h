
/*
 * Copyright (C) chatws contributors
 *
 * What is said to the app server when it is asked for the rights of a user in
 * chats, and what it says: of a client or of a request.  Protocol, section 7.
 */


#ifndef _NGX_HTTP_CHATWS_VERDICT_H_INCLUDED_
#define _NGX_HTTP_CHATWS_VERDICT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "json/chatws_json.h"
#include "process/ngx_http_chatws_ask.h"
#include "client/ngx_http_chatws_client_access.h"


/* chats of one question, at most */
#define NGX_HTTP_CHATWS_QUESTION_CHATS  100


/* A question that is written; it lies in the scratch memory. */

typedef struct {
    chatws_json_out_t  json;
    chatws_str_t       text;      /* the memory */
    ngx_uint_t         n;         /* chats so far */
} ngx_http_chatws_verdict_ask_t;


/*
 * What the app server says about a chat, which may be one that was not asked
 * for: the bits of the rights, and for how many seconds this may be kept.  The
 * bytes of the id live until the return.
 */
typedef void (*ngx_http_chatws_verdict_pt)(void *owner, const ngx_str_t *chat,
    ngx_uint_t rights, time_t ttl);


/*
 * Begins a question about a user; after it the caller ends with
 * ngx_http_chatws_scratch_put().  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_verdict_open(ngx_http_chatws_verdict_ask_t *question,
    const ngx_str_t *user);

/* Adds a chat; the caller sees to it that these are QUESTION_CHATS at most. */
void ngx_http_chatws_verdict_chat(ngx_http_chatws_verdict_ask_t *question,
    const ngx_str_t *chat);

/* Asks: as ngx_http_chatws_ask(), at the URL of the rules. */
ngx_http_chatws_ask_t *ngx_http_chatws_verdict_ask(
    ngx_http_chatws_verdict_ask_t *question,
    const ngx_http_chatws_rules_t *rules, ngx_msec_t timeout,
    ngx_http_chatws_asked_pt handler, void *owner);

/*
 * Reads an answer, status and body being those of ngx_http_chatws_asked_pt, and
 * calls the handler for each chat in it.  Nothing is granted unless all of the
 * answer is as it has to be.
 *
 * NGX_OK: chats for which the handler was not called are denied.
 * NGX_DECLINED: there is no answer of use, which was logged.
 */
ngx_int_t ngx_http_chatws_verdict_read(const ngx_http_chatws_rules_t *rules,
    ngx_uint_t status, const ngx_str_t *body,
    ngx_http_chatws_verdict_pt handler, void *owner);


#endif /* _NGX_HTTP_CHATWS_VERDICT_H_INCLUDED_ */
