
/*
 * Copyright (C) chatws contributors
 *
 * Memory of the worker for parsers, kept between messages, so that a message
 * costs no allocation.
 */


#ifndef _NGX_HTTP_CHATWS_SCRATCH_H_INCLUDED_
#define _NGX_HTTP_CHATWS_SCRATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* each user has a piece of its own: both may be in use at the same time */

typedef enum {
    NGX_HTTP_CHATWS_SCRATCH_PARSE = 0,      /* a message, a publication */
    NGX_HTTP_CHATWS_SCRATCH_RESUME,         /* the answer to a resume */
    NGX_HTTP_CHATWS_SCRATCH_N
} ngx_http_chatws_scratch_e;


/*
 * size bytes, aligned as by malloc(), valid until the same user asks again or
 * until scratch_put().  NULL: there is no memory, which nginx has logged.
 */
void *ngx_http_chatws_scratch_get(ngx_http_chatws_scratch_e user, size_t size);

/* Frees the pieces that are larger than what is worth keeping. */
void ngx_http_chatws_scratch_put(void);

/* Frees all pieces, at the end of the worker. */
void ngx_http_chatws_scratch_done(void);


#endif /* _NGX_HTTP_CHATWS_SCRATCH_H_INCLUDED_ */
