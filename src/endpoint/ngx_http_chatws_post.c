
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
#include "endpoint/ngx_http_chatws_response.h"


ngx_uint_t
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
