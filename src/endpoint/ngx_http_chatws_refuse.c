
/*
 * Copyright (C) chatws contributors
 *
 * Refusals of requests: an answer whose body is the error message of the
 * protocol.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_notify.h"
#include "process/ngx_http_chatws_clock.h"
#include "endpoint/ngx_http_chatws_refuse.h"
#include "endpoint/ngx_http_chatws_response.h"


static ngx_int_t ngx_http_chatws_refuse_body(ngx_http_request_t *r,
    const chatws_fault_t *fault, ngx_str_t *body);


ngx_int_t
ngx_http_chatws_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const chatws_fault_t *fault)
{
    return ngx_http_chatws_response_refuse(r, status, fault,
                                           ngx_http_chatws_refuse_body);
}


static ngx_int_t
ngx_http_chatws_refuse_body(ngx_http_request_t *r, const chatws_fault_t *fault,
    ngx_str_t *body)
{
    chatws_str_t  text;

    text.len = CHATWS_NOTIFY_SIZE;
    text.data = ngx_pnalloc(r->pool, text.len);

    if (text.data == NULL
        || chatws_notify_error(&text, fault, NULL, ngx_http_chatws_now())
           != CHATWS_OK)
    {
        return NGX_ERROR;
    }

    body->len = text.len;
    body->data = text.data;

    return NGX_OK;
}
