
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_publish: the body of a POST, from outside or of a
 * subrequest, is published.  Protocol, section 4.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_body.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_ctx.h"
#include "endpoint/ngx_http_chatws_handlers.h"
#include "endpoint/ngx_http_chatws_origin.h"
#include "endpoint/ngx_http_chatws_post.h"
#include "endpoint/ngx_http_chatws_publish.h"
#include "endpoint/ngx_http_chatws_refuse.h"
#include "endpoint/ngx_http_chatws_response.h"


static void ngx_http_chatws_publish_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_publish_may(ngx_http_request_t *r);
static void ngx_http_chatws_publish_go_on(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_publish_body(ngx_http_request_t *r);


ngx_int_t
ngx_http_chatws_publish_handler(ngx_http_request_t *r)
{
    const chatws_fault_t        *fault;

    static ngx_str_t             allow = ngx_string("POST");

    static const chatws_fault_t  method =
        chatws_fault("Method not allowed",
                     "messages are published with POST");

    if (r->method != NGX_HTTP_POST) {

        if (ngx_http_chatws_response_header(r, "Allow", &allow) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_chatws_refuse(r, NGX_HTTP_NOT_ALLOWED, &method);
    }

    if (r == r->main && ngx_http_chatws_origin_check(r, &fault) != NGX_OK) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_FORBIDDEN, fault);
    }

    return ngx_http_chatws_post_read(r, ngx_http_chatws_publish_body_handler);
}


static void
ngx_http_chatws_publish_body_handler(ngx_http_request_t *r)
{
    switch (ngx_http_chatws_publish_may(r)) {

    case NGX_OK:
        ngx_http_chatws_publish_go_on(r);
        break;

    case NGX_AGAIN:
        /* the request waits for the app server, and is not over */
        break;

    default: /* NGX_ERROR */
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}


/* NGX_AGAIN: who may publish is asked first, and go_on() will be called. */

static ngx_int_t
ngx_http_chatws_publish_may(ngx_http_request_t *r)
{
    ngx_chain_t                 *bufs;
    ngx_http_chatws_ctx_t       *ctx;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    bufs = r->request_body ? r->request_body->bufs : NULL;
    ctx = ngx_http_chatws_get_ctx(r);

    if (ctx == NULL
        || ngx_http_chatws_body_text(r, bufs, &ctx->text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    return ngx_http_chatws_publish_inquire(r, cwlcf->zone->data, &ctx->text,
                                           ngx_http_chatws_publish_go_on);
}


static void
ngx_http_chatws_publish_go_on(ngx_http_request_t *r)
{
    ngx_http_finalize_request(r, ngx_http_chatws_publish_body(r));
}


static ngx_int_t
ngx_http_chatws_publish_body(ngx_http_request_t *r)
{
    ngx_str_t                    answer;
    ngx_uint_t                   status;
    chatws_fault_t               fault;
    ngx_http_chatws_ctx_t       *ctx;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);
    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    status = ngx_http_chatws_publish_text(r, cwlcf->zone->data, &ctx->text,
                                          &answer, &fault);

    if (status == NGX_HTTP_INTERNAL_SERVER_ERROR) {
        return status;
    }

    if (answer.len == 0) {
        return ngx_http_chatws_refuse(r, status, &fault);
    }

    /* a batch of which nothing was published may be told so as well */

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_http_chatws_response_again(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_chatws_response_json(r, status, &answer);
}
