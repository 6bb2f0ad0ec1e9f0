
/*
 * Copyright (C) chatws contributors
 *
 * A batch: a JSON array of publications or commands, each accepted or refused
 * on its own.
 */


#ifndef _NGX_HTTP_CHATWS_PUBLISH_BATCH_H_INCLUDED_
#define _NGX_HTTP_CHATWS_PUBLISH_BATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"
#include "hub/ngx_http_chatws_hub.h"


/*
 * Carries one element of a batch out: as ngx_http_chatws_publish_one() does,
 * with a status below 300 and answer, or with another one and fault, whose
 * texts live as long as the request or are in mem, unless it has made answer.
 */
typedef ngx_uint_t (*ngx_http_chatws_batch_pt)(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text, void *mem, size_t size,
    ngx_str_t *answer, chatws_fault_t *fault);


/*
 * Calls one() for each element of a JSON array, in its order; after so many
 * errors the rest is skipped.
 *
 * Returns the status of the first one that was accepted, else that of the first
 * error, with answer: the JSON array of all results, which lives as long as
 * the request.  Where the text is no valid batch, answer is not set, and
 * fault is, whose texts are static.  With 500, no memory, neither is set;
 * some of them may be carried out.
 */
ngx_uint_t ngx_http_chatws_publish_batch(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_http_chatws_batch_pt one,
    ngx_uint_t errors, ngx_str_t *text, ngx_str_t *answer,
    chatws_fault_t *fault);


#endif /* _NGX_HTTP_CHATWS_PUBLISH_BATCH_H_INCLUDED_ */
