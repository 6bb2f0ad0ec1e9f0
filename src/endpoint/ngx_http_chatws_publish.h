
/*
 * Copyright (C) chatws contributors
 *
 * The door to the hub for all that is published, whichever way it comes in:
 * Protocol, section 4.
 */


#ifndef _NGX_HTTP_CHATWS_PUBLISH_H_INCLUDED_
#define _NGX_HTTP_CHATWS_PUBLISH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"
#include "process/ngx_http_chatws_zone.h"
#include "endpoint/ngx_http_chatws_inquiry.h"


/*
 * Publishes a JSON text, one publication or a batch of them, and fills the
 * context of the request for the variables.  The text is shorter than
 * CHATWS_JSON_MAX, is not changed, and is copied where it is kept.
 *
 * Returns the status of the answer.  201 and errors that are told one by one
 * come with answer, a JSON text that lives as long as the request.  For any
 * other error answer->len is 0, and fault is set, whose texts are static.
 * With 500, no memory, neither is set.
 */
ngx_uint_t ngx_http_chatws_publish_text(ngx_http_request_t *r,
    ngx_http_chatws_zone_t *zone, ngx_str_t *text, ngx_str_t *answer,
    chatws_fault_t *fault);

/*
 * Before a text is published: asks the app server, if need be, whether the user
 * of the request may, once for all chats of a batch.  Nothing is published, and
 * no variable is set.  The text lives until the handler has returned.
 *
 * NGX_OK: go on.  NGX_AGAIN: the request waits, and the handler will be called,
 * as by ngx_http_chatws_inquiry_ask().  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_publish_inquire(ngx_http_request_t *r,
    ngx_http_chatws_zone_t *zone, ngx_str_t *text,
    ngx_http_chatws_inquiry_pt handler);


#endif /* _NGX_HTTP_CHATWS_PUBLISH_H_INCLUDED_ */
