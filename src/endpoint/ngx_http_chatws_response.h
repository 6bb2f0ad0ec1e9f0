
/*
 * Copyright (C) chatws contributors
 *
 * HTTP answers with a JSON body, as both endpoints give them.
 */


#ifndef _NGX_HTTP_CHATWS_RESPONSE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_RESPONSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_notify.h"


/* Adds a header field; name and value live as long as the request. */
ngx_int_t ngx_http_chatws_add_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);

/*
 * Sends status with a body of JSON, which lives as long as the request.
 * Returns what a content handler returns.
 */
ngx_int_t ngx_http_chatws_send_json(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *body);

/*
 * Refuses a request: with the specification's error message, and its body is
 * thrown away; or by the location's error_page where it has one for this
 * status.  A 426 and a 503 get the fields that belong to them.  Returns what
 * a content handler returns.
 */
ngx_int_t ngx_http_chatws_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const chatws_fault_t *fault);

/* Throws the body of a request away; returns what a content handler does. */
ngx_int_t ngx_http_chatws_ignore_body(ngx_http_request_t *r);


/* not among the codes of ngx_http_request.h */
#define NGX_HTTP_CHATWS_UPGRADE_REQUIRED  426

/* a fault of two literals */
#define ngx_http_chatws_fault(error, details)                                 \
    { chatws_str(error), chatws_str(details) }


#endif /* _NGX_HTTP_CHATWS_RESPONSE_H_INCLUDED_ */
