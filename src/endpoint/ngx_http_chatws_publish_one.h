
/*
 * Copyright (C) chatws contributors
 *
 * One publication: from its JSON text to the hub.
 */


#ifndef _NGX_HTTP_CHATWS_PUBLISH_ONE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_PUBLISH_ONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"
#include "protocol/chatws_publication.h"
#include "hub/ngx_http_chatws_hub.h"
#include "endpoint/ngx_http_chatws_ctx.h"


/* the fault of a hub that has no room, with status 503 */
extern const chatws_fault_t  ngx_http_chatws_publish_full;

/* the fault of a publication that no zone of this size can take, with 413 */
extern const chatws_fault_t  ngx_http_chatws_publish_large;


/*
 * Publishes one publication and fills the context of the request, which
 * exists.  mem is a block of size bytes, at least
 * chatws_json_arena_size(text->len), and may be used again afterwards.
 *
 * Returns 201 with answer, a JSON text that lives as long as the request; or
 * the status of an error with fault, whose texts are static; or 500, no
 * memory, with neither.
 */
ngx_uint_t ngx_http_chatws_publish_one(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text, void *mem, size_t size,
    ngx_str_t *answer, chatws_fault_t *fault);

/*
 * The same, but only looks whether it could be published: the answer is empty.
 * What the app server is to be asked for is noted, see
 * ngx_http_chatws_sender_check().
 */
ngx_uint_t ngx_http_chatws_publish_look(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text, void *mem, size_t size,
    ngx_str_t *answer, chatws_fault_t *fault);

/* For the files that publish. */

/*
 * Sets the variables for a publication that was accepted; seq is 0 where it has
 * none.  The variable of the chat lacks where there is no memory.
 */
void ngx_http_chatws_publish_note(ngx_http_request_t *r,
    const chatws_publication_t *pub, uint64_t seq, uint32_t recipients);

/* Returns status, and sets the fault and the variable for it. */
ngx_uint_t ngx_http_chatws_publish_refuse(ngx_http_chatws_ctx_t *ctx,
    ngx_uint_t status, const chatws_fault_t *why, chatws_fault_t *fault);


#endif /* _NGX_HTTP_CHATWS_PUBLISH_ONE_H_INCLUDED_ */
