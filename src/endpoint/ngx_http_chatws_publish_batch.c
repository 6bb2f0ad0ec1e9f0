
/*
 * Copyright (C) chatws contributors
 *
 * A batch: each element of a JSON array is accepted or refused on its own.
 * Protocol, section 4.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_notify.h"
#include "process/ngx_http_chatws_scratch.h"
#include "endpoint/ngx_http_chatws_publish_batch.h"
#include "endpoint/ngx_http_chatws_refuse.h"


/* elements of a batch */
#define NGX_HTTP_CHATWS_BATCH_MAX  1000


/* What is done with each element. */

typedef struct {
    ngx_http_chatws_batch_pt   one;
    ngx_uint_t                 errors;   /* after which the rest is skipped */
    void                      *mem;      /* to parse an element */
    size_t                     size;
} ngx_http_chatws_batch_t;


static chatws_rc_e ngx_http_chatws_publish_batch_member(void *data,
    const chatws_json_member_t *m);
static ngx_uint_t ngx_http_chatws_publish_batch_texts(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_array_t *texts,
    const ngx_http_chatws_batch_t *batch);
static ngx_int_t ngx_http_chatws_publish_batch_join(ngx_http_request_t *r,
    ngx_array_t *answers, ngx_str_t *answer);


ngx_uint_t
ngx_http_chatws_publish_batch(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_http_chatws_batch_pt one,
    ngx_uint_t errors, ngx_str_t *text, ngx_str_t *answer,
    chatws_fault_t *fault)
{
    ngx_uint_t                    status;
    chatws_rc_e                   rc;
    ngx_array_t                   texts;
    chatws_json_arena_t           arena;
    ngx_http_chatws_batch_t       batch;

    static const chatws_fault_t   invalid =
        chatws_fault(CHATWS_E_JSON, CHATWS_D_JSON);
    static const chatws_fault_t   empty =
        chatws_fault(CHATWS_E_MESSAGE, "a batch must have a message");
    static const chatws_fault_t   long_one =
        chatws_fault(CHATWS_E_MESSAGE,
                     "a batch must have at most 1000 messages");

    batch.one = one;
    batch.errors = errors;
    batch.size = chatws_json_arena_size(text->len);
    batch.mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_PARSE,
                                            batch.size);

    if (batch.mem == NULL
        || ngx_array_init(&texts, r->pool, 64, sizeof(ngx_str_t)) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    chatws_json_arena_init(&arena, batch.mem, batch.size);

    rc = chatws_json_array(&arena, (chatws_str_t *) text,
                           CHATWS_JSON_DEPTH + 1,
                           ngx_http_chatws_publish_batch_member, &texts);

    if (rc == CHATWS_BUSY) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == CHATWS_DECLINED) {
        *fault = long_one;
        return NGX_HTTP_BAD_REQUEST;
    }

    if (rc != CHATWS_OK || texts.nelts == 0) {
        *fault = rc != CHATWS_OK ? invalid : empty;
        return NGX_HTTP_BAD_REQUEST;
    }

    /* texts points into the batch: each element is parsed in batch.mem */

    status = ngx_http_chatws_publish_batch_texts(r, hub, &texts, &batch);

    if (status == NGX_HTTP_INTERNAL_SERVER_ERROR
        || ngx_http_chatws_publish_batch_join(r, &texts, answer) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return status;
}


static chatws_rc_e
ngx_http_chatws_publish_batch_member(void *data, const chatws_json_member_t *m)
{
    ngx_array_t *texts = data;

    ngx_str_t  *text;

    if (texts->nelts == NGX_HTTP_CHATWS_BATCH_MAX) {
        return CHATWS_DECLINED;
    }

    text = ngx_array_push(texts);
    if (text == NULL) {
        return CHATWS_BUSY;
    }

    text->len = m->value.len;
    text->data = m->value.data;

    return CHATWS_OK;
}


/*
 * Carries each text out, and replaces it by its result, the text of an answer
 * or of an error message.  After batch->errors errors the next result says that
 * the rest is skipped, and is the last one.  Returns the status of the batch.
 */

static ngx_uint_t
ngx_http_chatws_publish_batch_texts(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_array_t *texts,
    const ngx_http_chatws_batch_t *batch)
{
    ngx_str_t                    *text, answer;
    ngx_uint_t                    errors, i, rc, status;
    chatws_fault_t                fault;

    static const chatws_fault_t   many =
        chatws_fault("Too many errors",
                     "this message of the batch and the rest are not "
                     "published");

    text = texts->elts;
    status = 0;
    errors = 0;

    for (i = 0; i < texts->nelts; i++) {

        if (errors == batch->errors) {
            texts->nelts = i + 1;
            return ngx_http_chatws_refuse_text(r, &many, &text[i]) == NGX_OK
                   ? status : NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        answer.len = 0;

        rc = batch->one(r, hub, &text[i], batch->mem, batch->size, &answer,
                        &fault);

        if (rc == NGX_HTTP_INTERNAL_SERVER_ERROR
            || (rc >= NGX_HTTP_SPECIAL_RESPONSE
                && answer.len == 0
                && ngx_http_chatws_refuse_text(r, &fault, &answer) != NGX_OK))
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            errors++;
        }

        if (status == 0
            || (status >= NGX_HTTP_SPECIAL_RESPONSE
                && rc < NGX_HTTP_SPECIAL_RESPONSE))
        {
            status = rc;
        }

        text[i] = answer;
    }

    return status;
}


/* Makes one JSON array of the answers. */

static ngx_int_t
ngx_http_chatws_publish_batch_join(ngx_http_request_t *r, ngx_array_t *answers,
    ngx_str_t *answer)
{
    u_char      *p;
    size_t       len;
    ngx_str_t   *part;
    ngx_uint_t   i;

    part = answers->elts;
    len = 1;

    for (i = 0; i < answers->nelts; i++) {
        len += part[i].len + 1;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    answer->data = p;
    answer->len = len;

    for (i = 0; i < answers->nelts; i++) {
        *p++ = i == 0 ? '[' : ',';
        p = ngx_cpymem(p, part[i].data, part[i].len);
    }

    *p = ']';

    return NGX_OK;
}
