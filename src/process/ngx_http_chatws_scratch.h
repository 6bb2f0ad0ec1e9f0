
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


/*
 * Each user has a piece of its own, since all may be in use at the same time:
 * a resume answers, and a token is verified, while their message is parsed.
 */

typedef enum {
    NGX_HTTP_CHATWS_SCRATCH_PARSE = 0,      /* a message, a publication */
    NGX_HTTP_CHATWS_SCRATCH_RESUME,         /* the answer to a resume */
    NGX_HTTP_CHATWS_SCRATCH_TOKEN,          /* a token and its claims */
    NGX_HTTP_CHATWS_SCRATCH_GRANTS,         /* what they grant */
    NGX_HTTP_CHATWS_SCRATCH_USERS,          /* whom a publication is for */
    NGX_HTTP_CHATWS_SCRATCH_N
} ngx_http_chatws_scratch_e;


/*
 * Returns size bytes, aligned as by malloc(), which are valid until the same
 * user asks again or until put().  NULL: there is no memory, which is logged.
 */
void *ngx_http_chatws_scratch_get(ngx_http_chatws_scratch_e user, size_t size);

/*
 * The message is done with: frees the pieces that are too large to be kept for
 * the next one.
 */
void ngx_http_chatws_scratch_put(void);

/* Frees all pieces, at the end of the worker. */
void ngx_http_chatws_scratch_done(void);


#endif /* _NGX_HTTP_CHATWS_SCRATCH_H_INCLUDED_ */
