
/*
 * Copyright (C) chatws contributors
 *
 * A batch: a JSON array of publications, each accepted or refused on its own.
 */


#ifndef _NGX_HTTP_CHATWS_PUBLISH_BATCH_H_INCLUDED_
#define _NGX_HTTP_CHATWS_PUBLISH_BATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"
#include "hub/ngx_http_chatws_hub.h"


/*
 * Publishes a JSON array of publications, in its order, and fills the context
 * of the request, which exists, with the last one that was published.
 *
 * Returns 201 if one of them was accepted, else the status of the first one's
 * error, with answer: the JSON array of all results, which lives as long as
 * the request.  Where the text is no valid batch, answer is not set, and
 * fault is, whose texts are static.  With 500, no memory, neither is set;
 * some publications may be published.
 */
ngx_uint_t ngx_http_chatws_publish_batch(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text, ngx_str_t *answer,
    chatws_fault_t *fault);


#endif /* _NGX_HTTP_CHATWS_PUBLISH_BATCH_H_INCLUDED_ */
