
/*
 * Copyright (C) chatws contributors
 *
 * HTTP answers with a JSON body.  The caller makes the JSON: this file, which
 * the WebSocket engine needs, writes none.
 */


#ifndef _NGX_HTTP_CHATWS_RESPONSE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_RESPONSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"


/* not among the codes of ngx_http_request.h */
#define NGX_HTTP_CHATWS_UPGRADE_REQUIRED  426


/*
 * Makes the JSON text that tells a client the fault, in memory that lives as
 * long as the request.  NGX_ERROR: no memory.
 */
typedef ngx_int_t (*ngx_http_chatws_refusal_pt)(ngx_http_request_t *r,
    const chatws_fault_t *fault, ngx_str_t *body);


/*
 * Adds a header field to the answer.  The name and the bytes of the value are
 * not copied and live as long as the request.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_response_header(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);

/*
 * The seconds after which the client of a request that was refused with 503 may
 * try again: 1 to 5, always the same for one request, so that not all clients
 * come back at once.
 */
ngx_uint_t ngx_http_chatws_response_after(ngx_http_request_t *r);

/* Adds them as the field Retry-After to the answer.  NGX_ERROR: no memory. */
ngx_int_t ngx_http_chatws_response_again(ngx_http_request_t *r);

/*
 * Sends an answer with this status and a JSON text as its body, the bytes of
 * which live as long as the request.
 *
 * The content handler returns the same value.
 */
ngx_int_t ngx_http_chatws_response_json(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *body);

/*
 * Refuses the request and logs the fault.  Where the location has an
 * error_page for this status, nginx answers with that page.  Otherwise the
 * body of the request is thrown away, and refusal is called to make the body
 * of the answer.  A 401 gets the field WWW-Authenticate, a 426 Upgrade,
 * Connection and Sec-WebSocket-Version, a 503 Retry-After.
 *
 * The content handler returns the same value.
 */
ngx_int_t ngx_http_chatws_response_refuse(ngx_http_request_t *r,
    ngx_uint_t status, const chatws_fault_t *fault,
    ngx_http_chatws_refusal_pt refusal);

/*
 * Throws the body of the request away, without asking a client for it that
 * waits to be asked.  NGX_OK, or the code that the content handler returns.
 */
ngx_int_t ngx_http_chatws_response_ignore_body(ngx_http_request_t *r);


#endif /* _NGX_HTTP_CHATWS_RESPONSE_H_INCLUDED_ */
