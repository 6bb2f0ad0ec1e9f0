
/*
 * Copyright (C) chatws contributors
 *
 * Asking the app server for a request: see ngx_http_chatws_inquiry.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include "token/chatws_grant.h"
#include "process/ngx_http_chatws_scratch.h"
#include "hub/ngx_http_chatws_hub_grant.h"
#include "client/ngx_http_chatws_client_grant.h"
#include "client/ngx_http_chatws_verdict.h"
#include "endpoint/ngx_http_chatws_inquiry.h"
#include "endpoint/ngx_http_chatws_post.h"


typedef struct {
    ngx_str_t              id;
    uint64_t               hash;
    const chatws_fault_t  *fault;      /* as of inquiry_find(), or undecided */
} ngx_http_chatws_inquiry_chat_t;


struct ngx_http_chatws_inquiry_s {
    ngx_http_request_t             *request;
    ngx_http_chatws_hub_t          *hub;
    const ngx_http_chatws_rules_t  *rules;
    const ngx_str_t                *user;
    ngx_http_chatws_inquiry_pt      handler;
    ngx_http_cleanup_t             *cleanup;   /* its handler cancels ask */
    ngx_http_chatws_ask_t          *ask;       /* that is open, or NULL */
    ngx_array_t                     chats;     /* inquiry_chat_t */
    ngx_uint_t                      first;     /* of the question that is */
    ngx_uint_t                      last;      /* open, and the one behind */
    ngx_msec_t                      end;       /* when the time is over */
    uint32_t                        commands;  /* before the app was asked */
    unsigned                        asked:1;
    unsigned                        stale:1;   /* there was a command since */
};


static ngx_int_t ngx_http_chatws_inquiry_wait(
    ngx_http_chatws_inquiry_t *inquiry);
static void ngx_http_chatws_inquiry_cleanup(void *data);
static void ngx_http_chatws_inquiry_begin(ngx_http_chatws_inquiry_t *inquiry);
static uint32_t ngx_http_chatws_inquiry_commands(
    const ngx_http_chatws_inquiry_t *inquiry);
static ngx_int_t ngx_http_chatws_inquiry_next(
    ngx_http_chatws_inquiry_t *inquiry);
static void ngx_http_chatws_inquiry_answer(void *owner, ngx_uint_t status,
    ngx_str_t *body);
static void ngx_http_chatws_inquiry_take(void *owner, const ngx_str_t *id,
    ngx_uint_t rights, time_t ttl);
static void ngx_http_chatws_inquiry_decide(ngx_http_chatws_inquiry_t *inquiry,
    ngx_http_chatws_inquiry_chat_t *chat, ngx_uint_t rights, time_t ttl);
static void ngx_http_chatws_inquiry_rest(ngx_http_chatws_inquiry_t *inquiry,
    ngx_uint_t answered);
static ngx_http_chatws_inquiry_chat_t *ngx_http_chatws_inquiry_chat(
    const ngx_http_chatws_inquiry_t *inquiry, const ngx_str_t *id);


ngx_http_chatws_inquiry_t *
ngx_http_chatws_inquiry_create(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, const ngx_http_chatws_rules_t *rules,
    const ngx_str_t *user)
{
    ngx_http_chatws_inquiry_t  *inquiry;

    inquiry = ngx_pcalloc(r->pool, sizeof(ngx_http_chatws_inquiry_t));

    if (inquiry == NULL
        || ngx_array_init(&inquiry->chats, r->pool, 4,
                          sizeof(ngx_http_chatws_inquiry_chat_t))
           != NGX_OK)
    {
        return NULL;
    }

    inquiry->request = r;
    inquiry->hub = hub;
    inquiry->rules = rules;
    inquiry->user = user;

    return inquiry;
}


ngx_uint_t
ngx_http_chatws_inquiry_notes(const ngx_http_chatws_inquiry_t *inquiry)
{
    return inquiry != NULL && !inquiry->asked;
}


ngx_int_t
ngx_http_chatws_inquiry_note(ngx_http_chatws_inquiry_t *inquiry,
    const ngx_str_t *id)
{
    ngx_http_chatws_inquiry_chat_t  *chat;

    if (ngx_http_chatws_inquiry_chat(inquiry, id) != NULL) {
        return NGX_OK;
    }

    chat = ngx_array_push(&inquiry->chats);
    if (chat == NULL) {
        return NGX_ERROR;
    }

    chat->id.len = id->len;
    chat->id.data = ngx_pnalloc(inquiry->request->pool, id->len);

    if (chat->id.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(chat->id.data, id->data, id->len);

    chat->hash = ngx_http_chatws_hub_hash(inquiry->hub, &chat->id);
    chat->fault = &ngx_http_chatws_undecided;

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_inquiry_ask(ngx_http_chatws_inquiry_t *inquiry,
    ngx_http_chatws_inquiry_pt handler)
{
    inquiry->asked = 1;
    inquiry->handler = handler;

    if (inquiry->chats.nelts == 0) {
        return NGX_OK;
    }

    inquiry->end = ngx_current_msec + inquiry->rules->access_timeout;

    ngx_http_chatws_inquiry_begin(inquiry);

    if (ngx_http_chatws_inquiry_next(inquiry) == NGX_OK) {
        return NGX_OK;
    }

    return ngx_http_chatws_inquiry_wait(inquiry);
}


/*
 * The question is cancelled when the request ends, whoever ends it.  A client
 * that leaves is noticed for a main request only: a subrequest belongs to one
 * that has handlers of its own.
 */

static ngx_int_t
ngx_http_chatws_inquiry_wait(ngx_http_chatws_inquiry_t *inquiry)
{
    ngx_http_cleanup_t  *cln;
    ngx_http_request_t  *r;

    r = inquiry->request;

    cln = ngx_http_cleanup_add(r, 0);

    if (cln == NULL) {
        ngx_http_chatws_inquiry_cleanup(inquiry);
        return NGX_ERROR;
    }

    cln->handler = ngx_http_chatws_inquiry_cleanup;
    cln->data = inquiry;

    inquiry->cleanup = cln;

    if (ngx_http_chatws_post_watch(r) != NGX_OK) {
        ngx_http_chatws_inquiry_cleanup(inquiry);
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


static void
ngx_http_chatws_inquiry_cleanup(void *data)
{
    ngx_http_chatws_inquiry_t *inquiry = data;

    if (inquiry->ask != NULL) {
        ngx_http_chatws_ask_cancel(inquiry->ask);
        inquiry->ask = NULL;
    }
}


/*
 * A command that comes from now on has the app server asked again, for all
 * chats: they are decided together.
 */

static void
ngx_http_chatws_inquiry_begin(ngx_http_chatws_inquiry_t *inquiry)
{
    ngx_uint_t                       i;
    ngx_http_chatws_inquiry_chat_t  *chat;

    inquiry->commands = ngx_http_chatws_inquiry_commands(inquiry);
    inquiry->stale = 0;
    inquiry->first = 0;
    inquiry->last = 0;

    chat = inquiry->chats.elts;

    for (i = 0; i < inquiry->chats.nelts; i++) {
        chat[i].fault = &ngx_http_chatws_undecided;
    }
}


/* The commands for the user up to now. */

static uint32_t
ngx_http_chatws_inquiry_commands(const ngx_http_chatws_inquiry_t *inquiry)
{
    uint64_t  user;

    user = ngx_http_chatws_hub_hash(inquiry->hub, (ngx_str_t *) inquiry->user);

    return ngx_http_chatws_hub_grant_commands(inquiry->hub, user);
}


/* Asks the next question.  NGX_AGAIN: it is open.  NGX_OK: all is decided. */

static ngx_int_t
ngx_http_chatws_inquiry_next(ngx_http_chatws_inquiry_t *inquiry)
{
    ngx_uint_t                       i;
    ngx_msec_int_t                   left;
    ngx_http_chatws_verdict_ask_t    question;
    ngx_http_chatws_inquiry_chat_t  *chat;

    chat = inquiry->chats.elts;

    while (inquiry->last < inquiry->chats.nelts) {

        inquiry->first = inquiry->last;
        inquiry->last = ngx_min(inquiry->first
                                + NGX_HTTP_CHATWS_QUESTION_CHATS,
                                inquiry->chats.nelts);

        left = (ngx_msec_int_t) (inquiry->end - ngx_current_msec);

        if (left > 0
            && ngx_http_chatws_verdict_open(&question, inquiry->user)
               == NGX_OK)
        {
            for (i = inquiry->first; i < inquiry->last; i++) {
                ngx_http_chatws_verdict_chat(&question, &chat[i].id);
            }

            inquiry->ask = ngx_http_chatws_verdict_ask(&question,
                                               inquiry->rules, left,
                                               ngx_http_chatws_inquiry_answer,
                                               inquiry);
            ngx_http_chatws_scratch_put();

            if (inquiry->ask != NULL) {
                return NGX_AGAIN;
            }
        }

        ngx_http_chatws_inquiry_rest(inquiry, 0);
    }

    return NGX_OK;
}


static void
ngx_http_chatws_inquiry_answer(void *owner, ngx_uint_t status, ngx_str_t *body)
{
    ngx_http_chatws_inquiry_t *inquiry = owner;

    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    inquiry->ask = NULL;

    r = inquiry->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    rc = ngx_http_chatws_verdict_read(inquiry->rules, status, body,
                                      ngx_http_chatws_inquiry_take, inquiry);

    ngx_http_chatws_inquiry_rest(inquiry, rc == NGX_OK);

    /* what questions before this one have granted is of the same time */

    if (inquiry->stale
        || ngx_http_chatws_inquiry_commands(inquiry) != inquiry->commands)
    {
        ngx_http_chatws_inquiry_begin(inquiry);
    }

    if (ngx_http_chatws_inquiry_next(inquiry) != NGX_OK) {
        return;
    }

    inquiry->cleanup->handler = NULL;

    inquiry->handler(r);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_chatws_inquiry_take(void *owner, const ngx_str_t *id,
    ngx_uint_t rights, time_t ttl)
{
    ngx_http_chatws_inquiry_t *inquiry = owner;

    ngx_uint_t                       i;
    ngx_http_chatws_inquiry_chat_t  *chat;

    chat = inquiry->chats.elts;

    for (i = inquiry->first; i < inquiry->last; i++) {

        if (chat[i].id.len == id->len
            && ngx_memcmp(chat[i].id.data, id->data, id->len) == 0)
        {
            if (chat[i].fault == &ngx_http_chatws_undecided) {
                ngx_http_chatws_inquiry_decide(inquiry, &chat[i], rights, ttl);
            }

            return;
        }
    }
}


static void
ngx_http_chatws_inquiry_decide(ngx_http_chatws_inquiry_t *inquiry,
    ngx_http_chatws_inquiry_chat_t *chat, ngx_uint_t rights, time_t ttl)
{
    switch (ngx_http_chatws_grant_learn(inquiry->hub,
                                        &inquiry->rules->access_app->url,
                                        inquiry->user, &chat->id,
                                        inquiry->commands, rights, ttl))
    {

    case NGX_OK:
        chat->fault = rights & CHATWS_RIGHT_SEND ? NULL
                                                 : &ngx_http_chatws_denied;
        break;

    case NGX_DECLINED:
        inquiry->stale = 1;
        break;

    default: /* NGX_BUSY */
        chat->fault = &ngx_http_chatws_unavailable;
    }
}


/*
 * What was asked and not answered: it is denied if there was an answer,
 * otherwise the user is to try again.
 */

static void
ngx_http_chatws_inquiry_rest(ngx_http_chatws_inquiry_t *inquiry,
    ngx_uint_t answered)
{
    ngx_uint_t                       i;
    ngx_http_chatws_inquiry_chat_t  *chat;

    chat = inquiry->chats.elts;

    for (i = inquiry->first; i < inquiry->last; i++) {

        if (chat[i].fault != &ngx_http_chatws_undecided) {
            continue;
        }

        if (answered) {
            ngx_http_chatws_inquiry_decide(inquiry, &chat[i], 0,
                                   (time_t) inquiry->rules->access_denied);

        } else {
            chat[i].fault = &ngx_http_chatws_unavailable;
        }
    }
}


ngx_int_t
ngx_http_chatws_inquiry_find(const ngx_http_chatws_inquiry_t *inquiry,
    const ngx_str_t *id, const chatws_fault_t **fault)
{
    ngx_http_chatws_inquiry_chat_t  *chat;

    chat = inquiry == NULL ? NULL : ngx_http_chatws_inquiry_chat(inquiry, id);

    if (chat == NULL) {
        return NGX_DECLINED;
    }

    *fault = chat->fault;

    return NGX_OK;
}


static ngx_http_chatws_inquiry_chat_t *
ngx_http_chatws_inquiry_chat(const ngx_http_chatws_inquiry_t *inquiry,
    const ngx_str_t *id)
{
    uint64_t                         hash;
    ngx_uint_t                       i;
    ngx_http_chatws_inquiry_chat_t  *chat;

    chat = inquiry->chats.elts;
    hash = ngx_http_chatws_hub_hash(inquiry->hub, (ngx_str_t *) id);

    for (i = 0; i < inquiry->chats.nelts; i++) {

        if (chat[i].hash == hash
            && chat[i].id.len == id->len
            && ngx_memcmp(chat[i].id.data, id->data, id->len) == 0)
        {
            return &chat[i];
        }
    }

    return NULL;
}
