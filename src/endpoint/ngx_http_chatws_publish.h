
/*
 * Copyright (C) chatws contributors
 *
 * From the JSON text of a publication to the hub: the one way that all three
 * ways in share.  Protocol, section 4.
 */


#ifndef _NGX_HTTP_CHATWS_PUBLISH_H_INCLUDED_
#define _NGX_HTTP_CHATWS_PUBLISH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_publication.h"
#include "endpoint/ngx_http_chatws_conf.h"


/*
 * Publishes text, one publication or a batch of them, with memory from the
 * request's pool, and fills the request's context for the variables.  Returns
 * the status of the answer, 201 or an error; answer is its JSON, or empty:
 * fault says what is wrong.  500: no memory, neither is set.
 */
ngx_uint_t ngx_http_chatws_publish_text(ngx_http_request_t *r,
    ngx_http_chatws_zone_t *zone, ngx_str_t *text, ngx_str_t *answer,
    chatws_fault_t *fault);


/*
 * The same for one publication, never a batch; mem is a block of at least
 * chatws_json_arena_size(text->len) bytes.
 */
ngx_uint_t ngx_http_chatws_publish_one(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text, void *mem, size_t size,
    ngx_str_t *answer, chatws_fault_t *fault);

/*
 * The same for a JSON array of publications: answer is the array of their
 * results, in order, whatever the status.  That is 201 if one was accepted,
 * else the first one's.
 */
ngx_uint_t ngx_http_chatws_publish_batch(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text, ngx_str_t *answer,
    chatws_fault_t *fault);


#endif /* _NGX_HTTP_CHATWS_PUBLISH_H_INCLUDED_ */
