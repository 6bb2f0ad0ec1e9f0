
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
#include "endpoint/ngx_http_chatws_handlers.h"
#include "endpoint/ngx_http_chatws_origin.h"
#include "endpoint/ngx_http_chatws_publish.h"
#include "endpoint/ngx_http_chatws_refuse.h"
#include "endpoint/ngx_http_chatws_response.h"


static ngx_uint_t ngx_http_chatws_publish_check_sender(ngx_http_request_t *r,
    const chatws_fault_t **fault);
static ngx_int_t ngx_http_chatws_publish_is_plain(ngx_http_request_t *r);
static void ngx_http_chatws_publish_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_publish_body(ngx_http_request_t *r);


ngx_int_t
ngx_http_chatws_publish_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_uint_t                   status;
    const chatws_fault_t        *fault;

    static ngx_str_t             allow = ngx_string("POST");
    static ngx_str_t             identity = ngx_string("identity");

    static const chatws_fault_t  method =
        chatws_fault("Method not allowed",
                     "messages are published with POST");
    static const chatws_fault_t  coding =
        chatws_fault("Unsupported content coding",
                     "a body with Content-Encoding is not read");

    if (r->method != NGX_HTTP_POST) {

        if (ngx_http_chatws_response_header(r, "Allow", &allow) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_chatws_refuse(r, NGX_HTTP_NOT_ALLOWED, &method);
    }

    status = ngx_http_chatws_publish_check_sender(r, &fault);

    if (status != 0) {
        return ngx_http_chatws_refuse(r, status, fault);
    }

    if (!ngx_http_chatws_publish_is_plain(r)) {

        if (ngx_http_chatws_response_header(r, "Accept-Encoding", &identity)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_chatws_refuse(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                      &coding);
    }

    rc = ngx_http_read_client_request_body(r,
                                         ngx_http_chatws_publish_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


/*
 * Returns 0, or the status to refuse the request with, and sets *fault.
 *
 * A browser sends the POST of a page of another origin without a preflight
 * request, unless its content type is not one of a form: so this must be JSON.
 * A subrequest has the header of its parent, which is not about its body.
 */

static ngx_uint_t
ngx_http_chatws_publish_check_sender(ngx_http_request_t *r,
    const chatws_fault_t **fault)
{
    static const chatws_fault_t  type =
        chatws_fault("Unsupported media type",
                     "Content-Type must be application/json");

    if (r != r->main) {
        return 0;
    }

    if (ngx_http_chatws_origin_check(r, fault) != NGX_OK) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (r->headers_in.content_type == NULL
        || !ngx_http_chatws_body_is_json(&r->headers_in.content_type->value))
    {
        *fault = &type;
        return NGX_HTTP_UNSUPPORTED_MEDIA_TYPE;
    }

    return 0;
}


/* Whether the body has no content coding. */

static ngx_int_t
ngx_http_chatws_publish_is_plain(ngx_http_request_t *r)
{
    return r != r->main
           || ngx_http_chatws_body_coding(&r->headers_in.headers)
              == NGX_HTTP_CHATWS_IDENTITY;
}


static void
ngx_http_chatws_publish_body_handler(ngx_http_request_t *r)
{
    ngx_http_finalize_request(r, ngx_http_chatws_publish_body(r));
}


static ngx_int_t
ngx_http_chatws_publish_body(ngx_http_request_t *r)
{
    ngx_str_t                    answer, text;
    ngx_uint_t                   status;
    chatws_fault_t               fault;
    ngx_chain_t                 *bufs;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    bufs = r->request_body ? r->request_body->bufs : NULL;

    if (ngx_http_chatws_body_text(r, bufs, &text) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    status = ngx_http_chatws_publish_text(r, cwlcf->zone->data, &text,
                                          &answer, &fault);

    if (status == NGX_HTTP_INTERNAL_SERVER_ERROR) {
        return status;
    }

    if (answer.len == 0) {
        return ngx_http_chatws_refuse(r, status, &fault);
    }

    return ngx_http_chatws_response_json(r, status, &answer);
}
