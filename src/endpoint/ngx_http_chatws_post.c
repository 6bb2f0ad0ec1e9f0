
/*
 * Copyright (C) chatws contributors
 *
 * The header of a POST with a JSON body.  A browser sends the POST of a page of
 * another origin without a preflight request, unless its content type is not
 * one of a form: so this must be JSON.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_body.h"
#include "endpoint/ngx_http_chatws_post.h"
#include "endpoint/ngx_http_chatws_refuse.h"
#include "endpoint/ngx_http_chatws_response.h"


static ngx_uint_t ngx_http_chatws_post_check(ngx_http_request_t *r,
    const chatws_fault_t **fault);


ngx_int_t
ngx_http_chatws_post_read(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler)
{
    ngx_int_t              rc;
    ngx_uint_t             status;
    const chatws_fault_t  *fault;

    status = ngx_http_chatws_post_check(r, &fault);

    if (status == NGX_HTTP_INTERNAL_SERVER_ERROR) {
        return status;
    }

    if (status != 0) {
        return ngx_http_chatws_refuse(r, status, fault);
    }

    rc = ngx_http_read_client_request_body(r, handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


/* Returns 0, or the status of the refusal; *fault then says why. */

static ngx_uint_t
ngx_http_chatws_post_check(ngx_http_request_t *r, const chatws_fault_t **fault)
{
    static ngx_str_t             identity = ngx_string("identity");

    static const chatws_fault_t  type =
        chatws_fault("Unsupported media type",
                     "Content-Type must be application/json");
    static const chatws_fault_t  coding =
        chatws_fault("Unsupported content coding",
                     "a body with Content-Encoding is not read");

    if (r != r->main) {
        return 0;
    }

    *fault = &type;

    if (r->headers_in.content_type == NULL
        || !ngx_http_chatws_body_is_json(&r->headers_in.content_type->value))
    {
        return NGX_HTTP_UNSUPPORTED_MEDIA_TYPE;
    }

    if (ngx_http_chatws_body_coding(&r->headers_in.headers)
        == NGX_HTTP_CHATWS_IDENTITY)
    {
        return 0;
    }

    *fault = &coding;

    return ngx_http_chatws_response_header(r, "Accept-Encoding", &identity)
           == NGX_OK ? NGX_HTTP_UNSUPPORTED_MEDIA_TYPE
                     : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


ngx_int_t
ngx_http_chatws_post_watch(ngx_http_request_t *r)
{
    ngx_event_t  *rev;

    if (r != r->main) {
        return NGX_OK;
    }

    rev = r->connection->read;

    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_events);

    } else if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    r->read_event_handler = ngx_http_test_reading;

    return NGX_OK;
}
