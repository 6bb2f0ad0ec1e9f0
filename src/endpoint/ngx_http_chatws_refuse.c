
/*
 * Copyright (C) chatws contributors
 *
 * Refusals of requests: an answer whose body is the error message of the
 * protocol.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_str.h"
#include "protocol/chatws_notify.h"
#include "process/ngx_http_chatws_clock.h"
#include "endpoint/ngx_http_chatws_refuse.h"
#include "endpoint/ngx_http_chatws_response.h"


ngx_int_t
ngx_http_chatws_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const chatws_fault_t *fault)
{
    return ngx_http_chatws_response_refuse(r, status, fault,
                                           ngx_http_chatws_refuse_text);
}


ngx_int_t
ngx_http_chatws_refuse_text(ngx_http_request_t *r, const chatws_fault_t *fault,
    ngx_str_t *text)
{
    chatws_str_t               out;
    chatws_cause_t             cause;
    u_char                     buf[CHATWS_NOTIFY_SIZE];

    static const chatws_str_t  unavailable =
        chatws_str(CHATWS_E_UNAVAILABLE);

    ngx_memzero(&cause, sizeof(chatws_cause_t));

    cause.verb = CHATWS_VERB_NONE;

    if (chatws_str_equal(&fault->error, &unavailable)) {
        cause.retry_after = ngx_http_chatws_response_after(r) * 1000;
    }

    out.data = buf;
    out.len = sizeof(buf);

    if (chatws_notify_error(&out, fault, &cause, ngx_http_chatws_now())
        != CHATWS_OK)
    {
        return NGX_ERROR;
    }

    text->len = out.len;
    text->data = ngx_pnalloc(r->pool, out.len);

    if (text->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(text->data, buf, out.len);

    return NGX_OK;
}
