
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_publish_response: JSON with which an app server answers
 * a POST, with status 200 or 201, is published, and is sent to the client
 * without a change.
 *
 * The filters are called before all others, which may change the answer, cut a
 * range out of it, or need it in memory.  The type of the module in "config"
 * puts them there.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "json/chatws_json.h"
#include "json/chatws_json_scan.h"
#include "endpoint/ngx_http_chatws_body.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_ctx.h"
#include "endpoint/ngx_http_chatws_handlers.h"
#include "endpoint/ngx_http_chatws_publish.h"
#include "endpoint/ngx_http_chatws_token.h"


static ngx_int_t ngx_http_chatws_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_publish_response_wanted(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_publish_response_on(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_publish_response_start(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_chatws_publish_response_body(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, ngx_chain_t *in);
static ngx_int_t ngx_http_chatws_publish_response_buf(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, ngx_buf_t *b);
static void ngx_http_chatws_publish_response_end(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx);
static void ngx_http_chatws_publish_response_skip(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, const char *why);
static void ngx_http_chatws_publish_response_array(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx);
static size_t ngx_http_chatws_publish_response_max(ngx_http_request_t *r);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


ngx_int_t
ngx_http_chatws_publish_response_init(ngx_conf_t *cf)
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
    if (ngx_http_chatws_publish_response_wanted(r)
        && ngx_http_chatws_publish_response_start(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


/*
 * Whether the response to this request is to be published.  One from nginx's
 * cache was published when it came from the app server.  Where both a request
 * and its subrequest have the directive, only the request publishes.
 */

static ngx_int_t
ngx_http_chatws_publish_response_wanted(ngx_http_request_t *r)
{
    ngx_http_request_t  *parent;

    if (!ngx_http_chatws_publish_response_on(r)
        || (r->headers_out.status != NGX_HTTP_OK
            && r->headers_out.status != NGX_HTTP_CREATED))
    {
        return 0;
    }

#if (NGX_HTTP_CACHE)
    if (r->cached) {
        return 0;
    }
#endif

    for (parent = r->parent; parent != NULL; parent = parent->parent) {

        if (ngx_http_chatws_publish_response_on(parent)) {
            return 0;
        }
    }

    return 1;
}


/* Whether the directive is in force for the request. */

static ngx_int_t
ngx_http_chatws_publish_response_on(ngx_http_request_t *r)
{
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    return cwlcf->response != NULL
           && cwlcf->handler != ngx_http_chatws_publish_handler
           && r->method == NGX_HTTP_POST;
}


static ngx_int_t
ngx_http_chatws_publish_response_start(ngx_http_request_t *r)
{
    ngx_http_chatws_ctx_t       *ctx;
    ngx_http_chatws_zone_t      *zone;
    ngx_http_chatws_token_t     *token;
    ngx_http_chatws_coding_e     coding;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    ctx = ngx_http_chatws_get_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);
    zone = cwlcf->response->data;

    if (zone->hub == NULL) {
        ngx_http_chatws_publish_response_skip(r, ctx, "the zone is not ready");
        return NGX_OK;
    }

    /*
     * Not all that answers, "return" for one, lets requests come to the phase
     * in which those without a token are refused.
     */

    if (r == r->main && cwlcf->token.sources != NULL) {

        if (ngx_http_chatws_token_good(r, &token) != NGX_OK) {
            return NGX_ERROR;
        }

        if (token == NULL) {
            ngx_http_chatws_publish_response_skip(r, ctx,
                                              "its request has no good token");
            return NGX_OK;
        }
    }

    /* of a subrequest whose response is thrown away, as that of a mirror */

    if (r->header_only) {
        ngx_http_chatws_publish_response_skip(r, ctx, "nobody reads its body");
        return NGX_OK;
    }

    if (!ngx_http_chatws_body_is_json(&r->headers_out.content_type)) {
        ngx_http_chatws_publish_response_skip(r, ctx,
                                              "it is not application/json");
        return NGX_OK;
    }

    if (r->headers_out.content_length_n
        > (off_t) ngx_http_chatws_publish_response_max(r))
    {
        ngx_http_chatws_publish_response_skip(r, ctx, "it is too large");
        return NGX_OK;
    }

    coding = ngx_http_chatws_body_coding(&r->headers_out.headers);

    if (coding == NGX_HTTP_CHATWS_OTHER) {
        ngx_http_chatws_publish_response_skip(r, ctx,
                                              "its encoding is not known");
        return NGX_OK;
    }

    ctx->last = &ctx->body;
    ctx->coding = coding;
    ctx->wanted = 1;

    /* RFC 9110, section 14.2: only a GET has ranges */
    r->allow_ranges = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_chatws_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);

    if (ctx != NULL
        && ctx->wanted
        && ngx_http_chatws_publish_response_body(r, ctx, in) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_body_filter(r, in);
}


static ngx_int_t
ngx_http_chatws_publish_response_body(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_chain_t  *cl;

    for (cl = in; cl != NULL && ctx->wanted; cl = cl->next) {

        if (ngx_http_chatws_publish_response_buf(r, ctx, cl->buf) != NGX_OK) {
            return NGX_ERROR;
        }

        if (ctx->wanted
            && (cl->buf->last_buf
                || (r != r->main && cl->buf->last_in_chain)))
        {
            ctx->wanted = 0;
            ngx_http_chatws_publish_response_end(r, ctx);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_publish_response_buf(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, ngx_buf_t *b)
{
    off_t         size;
    ngx_buf_t    *copy;
    ngx_chain_t  *cl;

    size = ngx_buf_size(b);

    if (size == 0) {
        return NGX_OK;
    }

    if (size > (off_t) (ngx_http_chatws_publish_response_max(r) - ctx->size)) {
        ctx->wanted = 0;
        ngx_http_chatws_publish_response_skip(r, ctx, "it is too large");
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

    if (ngx_http_chatws_body_read_buf(r, b, copy->pos) != NGX_OK) {
        ctx->wanted = 0;
        ngx_http_chatws_publish_response_skip(r, ctx, "its file can't be read");
        return NGX_OK;
    }

    copy->last += size;

    cl->buf = copy;
    cl->next = NULL;

    *ctx->last = cl;
    ctx->last = &cl->next;
    ctx->size += size;

    return NGX_OK;
}


/*
 * Publishes the response, of which all is there.  Errors are only logged: the
 * client gets the response in any case.
 */

static void
ngx_http_chatws_publish_response_end(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx)
{
    ngx_str_t                    answer, coded, text;
    ngx_uint_t                   status;
    chatws_fault_t               fault;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    if (ngx_http_chatws_body_text(r, ctx->body, &text) != NGX_OK) {
        ngx_http_chatws_publish_response_skip(r, ctx, "there is no memory");
        return;
    }

    if (ctx->coding != NGX_HTTP_CHATWS_IDENTITY) {
        coded = text;

        if (ngx_http_chatws_body_inflate(r, &coded, ctx->coding,
                                         ngx_http_chatws_publish_response_max(
                                             r), &text)
            != NGX_OK)
        {
            ngx_http_chatws_publish_response_skip(r, ctx,
                                                  "it can't be decompressed");
            return;
        }
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (!cwlcf->response_batch && chatws_json_is_array((chatws_str_t *) &text))
    {
        ngx_http_chatws_publish_response_array(r, ctx);
        return;
    }

    ctx->further = !cwlcf->response_users;

    status = ngx_http_chatws_publish_text(r, cwlcf->response->data, &text,
                                          &answer, &fault);

    switch (status) {

    case NGX_HTTP_CREATED:
        break;

    case NGX_HTTP_INTERNAL_SERVER_ERROR:
        ngx_http_chatws_publish_response_skip(r, ctx, "there is no memory");
        break;

    default:

        if (answer.len != 0) {
            /* a batch, of which each publication was refused */
            ngx_http_chatws_publish_response_skip(r, ctx,
                                                  "nothing in it is valid");
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
ngx_http_chatws_publish_response_skip(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, const char *why)
{
    ngx_str_set(&ctx->result, "skipped");

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "chatws does not publish the response: %s", why);
}


/* An app may well answer a POST with a list: this is logged as "info". */

static void
ngx_http_chatws_publish_response_array(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx)
{
    ngx_str_set(&ctx->result, "skipped");

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "chatws does not publish the response: it is an array, "
                  "and there is no \"batch\"");
}


/* Returns the bytes that can be both parsed and published, at most. */

static size_t
ngx_http_chatws_publish_response_max(ngx_http_request_t *r)
{
    size_t                       max;
    ngx_http_chatws_zone_t      *zone;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);
    zone = cwlcf->response->data;

    max = ngx_http_chatws_hub_body_max(zone->hub);

    return ngx_min(max, CHATWS_JSON_MAX - 1);
}
