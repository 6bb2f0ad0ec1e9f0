
/*
 * Copyright (C) chatws contributors
 *
 * Arrays in the memory of the worker that grow.
 */


#ifndef _NGX_HTTP_CHATWS_ARRAY_H_INCLUDED_
#define _NGX_HTTP_CHATWS_ARRAY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Moves an array to a new piece of size bytes, with its first used bytes, and
 * frees the old piece; array may be NULL.  Returns the new piece, which the
 * caller frees with ngx_free(), or NULL: there is no memory, and the old piece
 * is as it was.
 */
void *ngx_http_chatws_array_resize(void *array, size_t used, size_t size,
    ngx_log_t *log);


#endif /* _NGX_HTTP_CHATWS_ARRAY_H_INCLUDED_ */
