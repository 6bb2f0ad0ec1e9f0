
/*
 * Copyright (C) chatws contributors
 *
 * One command: from its JSON text to the workers of the zone.
 */


#ifndef _NGX_HTTP_CHATWS_API_ONE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_API_ONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"
#include "hub/ngx_http_chatws_hub.h"


/*
 * Carries a command out or gives it to all workers; the context of the request
 * exists.  The text is changed.  mem is a block of size bytes, at least
 * chatws_json_arena_size(text->len).
 *
 * Returns 200, 201 or 202 with answer, a JSON text that lives as long as the
 * request; or the status of an error with fault, whose texts are static or in
 * mem; or 500, no memory, with neither.
 */
ngx_uint_t ngx_http_chatws_api_one(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text, void *mem, size_t size,
    ngx_str_t *answer, chatws_fault_t *fault);

/*
 * The same for a command that is the only one of its request, and may be
 * answered later: then *waits is how many seconds it may wait for changes, and
 * the answer is empty; else *waits is 0.
 */
ngx_uint_t ngx_http_chatws_api_only(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text, void *mem, size_t size,
    ngx_uint_t *waits, ngx_str_t *answer, chatws_fault_t *fault);


#endif /* _NGX_HTTP_CHATWS_API_ONE_H_INCLUDED_ */
