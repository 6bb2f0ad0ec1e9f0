
/*
 * Copyright (C) chatws contributors
 *
 * The door to the hub for all that is published: one publication or a batch.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "json/chatws_json.h"
#include "json/chatws_json_scan.h"
#include "process/ngx_http_chatws_scratch.h"
#include "endpoint/ngx_http_chatws_ctx.h"
#include "endpoint/ngx_http_chatws_publish.h"
#include "endpoint/ngx_http_chatws_publish_batch.h"
#include "endpoint/ngx_http_chatws_publish_one.h"
#include "endpoint/ngx_http_chatws_sender.h"


/* refused publications of a batch after which the rest is skipped */
#define NGX_HTTP_CHATWS_BATCH_ERRORS  100


static ngx_uint_t ngx_http_chatws_publish_each(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_http_chatws_batch_pt one, ngx_str_t *text,
    ngx_str_t *answer, chatws_fault_t *fault);


ngx_uint_t
ngx_http_chatws_publish_text(ngx_http_request_t *r,
    ngx_http_chatws_zone_t *zone, ngx_str_t *text, ngx_str_t *answer,
    chatws_fault_t *fault)
{
    ngx_http_chatws_ctx_t  *ctx;

    ctx = ngx_http_chatws_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    answer->len = 0;

    /* this worker had no memory to make a hub when it started */

    if (zone->hub == NULL) {
        ngx_str_set(&ctx->result, "full");
        *fault = ngx_http_chatws_publish_full;

        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return ngx_http_chatws_publish_each(r, zone->hub,
                                        ngx_http_chatws_publish_one, text,
                                        answer, fault);
}


ngx_int_t
ngx_http_chatws_publish_inquire(ngx_http_request_t *r,
    ngx_http_chatws_zone_t *zone, ngx_str_t *text,
    ngx_http_chatws_inquiry_pt handler)
{
    ngx_int_t               rc;
    ngx_str_t               answer, result;
    chatws_fault_t          fault;
    ngx_http_chatws_ctx_t  *ctx;

    ctx = ngx_http_chatws_get_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (zone->hub == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_chatws_sender_inquire(r, zone->hub);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
    }

    /* what would be refused anyway is not asked for */

    result = ctx->result;

    if (ngx_http_chatws_publish_each(r, zone->hub,
                                     ngx_http_chatws_publish_look, text,
                                     &answer, &fault)
        == NGX_HTTP_INTERNAL_SERVER_ERROR)
    {
        return NGX_ERROR;
    }

    ctx->result = result;

    return ngx_http_chatws_inquiry_ask(ctx->inquiry, handler);
}


/* Calls one() for the only publication, or for each of a batch. */

static ngx_uint_t
ngx_http_chatws_publish_each(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_http_chatws_batch_pt one, ngx_str_t *text,
    ngx_str_t *answer, chatws_fault_t *fault)
{
    void        *mem;
    size_t       size;
    ngx_uint_t   status;

    if (chatws_json_is_array((chatws_str_t *) text)) {
        status = ngx_http_chatws_publish_batch(r, hub, one,
                                               NGX_HTTP_CHATWS_BATCH_ERRORS,
                                               text, answer, fault);
        ngx_http_chatws_scratch_put();

        return status;
    }

    size = chatws_json_arena_size(text->len);

    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_PARSE, size);
    if (mem == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    status = one(r, hub, text, mem, size, answer, fault);

    ngx_http_chatws_scratch_put();

    return status;
}
