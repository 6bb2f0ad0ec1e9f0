
/*
 * Copyright (C) chatws contributors
 *
 * chatws_publish_response: what the app server answers to a POST with 200 or
 * 201 and JSON is published, and goes to the client as it is.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_body.h"
#include "endpoint/ngx_http_chatws_publish.h"


static ngx_int_t ngx_http_chatws_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_capture_start(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf);
static ngx_int_t ngx_http_chatws_encoding(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx);
static ngx_int_t ngx_http_chatws_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_chatws_capture_body(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, ngx_chain_t *in);
static ngx_int_t ngx_http_chatws_capture_buf(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, ngx_buf_t *b);
static void ngx_http_chatws_capture_end(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx);
static void ngx_http_chatws_capture_skip(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, const char *why);
static size_t ngx_http_chatws_capture_max(ngx_http_request_t *r);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


ngx_int_t
ngx_http_chatws_capture_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_chatws_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_chatws_body_filter;

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_header_filter(ngx_http_request_t *r)
{
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (cwlcf->capture != NULL
        && r == r->main
        && r->method == NGX_HTTP_POST
        && (r->headers_out.status == NGX_HTTP_OK
            || r->headers_out.status == NGX_HTTP_CREATED)
        && ngx_http_chatws_capture_start(r, cwlcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_chatws_capture_start(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf)
{
    ngx_http_chatws_ctx_t   *ctx;
    ngx_http_chatws_zone_t  *zone;

    ctx = ngx_http_chatws_get_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    zone = cwlcf->capture->data;

    if (zone->hub == NULL) {
        ngx_http_chatws_capture_skip(r, ctx, "the zone is not ready");
        return NGX_OK;
    }

    if (!ngx_http_chatws_is_json(&r->headers_out.content_type)) {
        ngx_http_chatws_capture_skip(r, ctx, "it is not application/json");
        return NGX_OK;
    }

    if (r->headers_out.content_length_n
        > (off_t) ngx_http_chatws_capture_max(r))
    {
        ngx_http_chatws_capture_skip(r, ctx, "it is too large");
        return NGX_OK;
    }

    if (ngx_http_chatws_encoding(r, ctx) != NGX_OK) {
        ngx_http_chatws_capture_skip(r, ctx, "its encoding is not known");
        return NGX_OK;
    }

    ctx->last = &ctx->captured;
    ctx->capture = 1;

    r->filter_need_in_memory = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_encoding(ngx_http_request_t *r, ngx_http_chatws_ctx_t *ctx)
{
    ngx_str_t  *value;

    if (r->headers_out.content_encoding == NULL
        || r->headers_out.content_encoding->value.len == 0)
    {
        return NGX_OK;
    }

    value = &r->headers_out.content_encoding->value;

    if ((value->len == 4 && ngx_strncasecmp(value->data,
                                            (u_char *) "gzip", 4) == 0)
        || (value->len == 7 && ngx_strncasecmp(value->data,
                                               (u_char *) "deflate", 7) == 0))
    {
        ctx->gzip = 1;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_chatws_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_chatws_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);

    if (ctx != NULL
        && ctx->capture
        && ngx_http_chatws_capture_body(r, ctx, in) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_body_filter(r, in);
}


static ngx_int_t
ngx_http_chatws_capture_body(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_chain_t  *cl;

    for (cl = in; cl != NULL && ctx->capture; cl = cl->next) {

        if (ngx_http_chatws_capture_buf(r, ctx, cl->buf) != NGX_OK) {
            return NGX_ERROR;
        }

        if (cl->buf->last_buf && ctx->capture) {
            ctx->capture = 0;
            ngx_http_chatws_capture_end(r, ctx);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_capture_buf(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, ngx_buf_t *b)
{
    size_t        size;
    ngx_buf_t    *copy;
    ngx_chain_t  *cl;

    if (!ngx_buf_in_memory(b) || b->pos == b->last) {
        return NGX_OK;
    }

    size = b->last - b->pos;

    if (ctx->size + size > ngx_http_chatws_capture_max(r)) {
        ctx->capture = 0;
        ngx_http_chatws_capture_skip(r, ctx, "it is too large");
        return NGX_OK;
    }

    copy = ngx_create_temp_buf(r->pool, size);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    cl = ngx_alloc_chain_link(r->pool);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    copy->last = ngx_cpymem(copy->last, b->pos, size);

    cl->buf = copy;
    cl->next = NULL;

    *ctx->last = cl;
    ctx->last = &cl->next;
    ctx->size += size;

    return NGX_OK;
}


/* The client gets its answer, whatever becomes of the notification. */

static void
ngx_http_chatws_capture_end(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx)
{
    ngx_str_t                    answer, packed, text;
    ngx_uint_t                   status;
    chatws_fault_t               fault;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    if (ngx_http_chatws_read_chain(r, ctx->captured, &text) != NGX_OK) {
        ngx_http_chatws_capture_skip(r, ctx, "there is no memory");
        return;
    }

    if (ctx->gzip) {
        packed = text;

        if (ngx_http_chatws_gunzip(r, &packed, ngx_http_chatws_capture_max(r),
                                   &text)
            != NGX_OK)
        {
            ngx_http_chatws_capture_skip(r, ctx, "it can't be decompressed");
            return;
        }
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    status = ngx_http_chatws_publish_text(r, cwlcf->capture->data, &text,
                                          &answer, &fault);

    switch (status) {

    case NGX_HTTP_CREATED:
        break;

    case NGX_HTTP_INTERNAL_SERVER_ERROR:
        ngx_http_chatws_capture_skip(r, ctx, "there is no memory");
        break;

    default:

        if (answer.len != 0) {
            /* none of a batch */
            ngx_http_chatws_capture_skip(r, ctx, "nothing in it is valid");
            break;
        }

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "chatws can't publish the response: %V, %V",
                      (ngx_str_t *) &fault.error,
                      (ngx_str_t *) &fault.details);
        break;
    }
}


static void
ngx_http_chatws_capture_skip(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, const char *why)
{
    ngx_str_set(&ctx->result, "skipped");

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "chatws does not publish the response: %s", why);
}


/* What is larger could be neither parsed nor published. */

static size_t
ngx_http_chatws_capture_max(ngx_http_request_t *r)
{
    size_t                       max;
    ngx_http_chatws_zone_t      *zone;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);
    zone = cwlcf->capture->data;

    max = chatws_store_body_max(zone->hub->zone.store, CHATWS_DURABLE);

    return ngx_min(max, CHATWS_JSON_MAX - 1);
}
