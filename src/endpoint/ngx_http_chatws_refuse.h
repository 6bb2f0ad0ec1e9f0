
/*
 * Copyright (C) chatws contributors
 *
 * Refusals of requests, as all endpoints of the chat give them.
 */


#ifndef _NGX_HTTP_CHATWS_REFUSE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_REFUSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"


/*
 * Refuses the request with this status and with the error message of the
 * protocol as the body: see ngx_http_chatws_response_refuse().
 *
 * The content handler returns the same value.
 */
ngx_int_t ngx_http_chatws_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const chatws_fault_t *fault);

/*
 * Makes the error message, in memory that lives as long as the request.  Where
 * the fault is that of an app server, it has retryAfter.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_refuse_text(ngx_http_request_t *r,
    const chatws_fault_t *fault, ngx_str_t *text);


#endif /* _NGX_HTTP_CHATWS_REFUSE_H_INCLUDED_ */
