
/*
 * Copyright (C) chatws contributors
 *
 * A reference-counted run of bytes in worker memory: what sockets did not
 * take at once, shared by all the connections that still have to send it.
 */


#ifndef _NGX_HTTP_CHATWS_OUTFRAME_H_INCLUDED_
#define _NGX_HTTP_CHATWS_OUTFRAME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_http_chatws_buf_s  ngx_http_chatws_buf_t;


struct ngx_http_chatws_buf_s {
    ngx_http_chatws_buf_t   *next;      /* for the owner */
    ngx_uint_t               key;       /* for the owner */
    ngx_uint_t               refs;
    size_t                   len;
    u_char                   data[];
};


/*
 * A complete WebSocket frame on its way to several connections.  data is
 * not the frame's own; copy and deflated are made by the first connection
 * that needs them, and released with the frame.
 */

typedef struct {
    u_char                 *data;
    size_t                  len;
    ngx_http_chatws_buf_t  *copy;       /* the same bytes, or NULL */
    ngx_http_chatws_buf_t  *deflated;   /* list: deflated, key: parameters */
    unsigned                droppable:1;    /* under pressure */
    unsigned                counted:1;      /* as delivered, when sent */
} ngx_http_chatws_outframe_t;


/*
 * Allocates a buffer of len bytes with one reference, held by the caller.
 * Returns NULL when there is no memory.
 */
ngx_http_chatws_buf_t *ngx_http_chatws_buf_alloc(size_t len, ngx_log_t *log);

/* Drops one reference; the last one frees the buffer.  buf may be NULL. */
void ngx_http_chatws_buf_release(ngx_http_chatws_buf_t *buf);

/* Sets up a frame over len bytes that the caller keeps. */
void ngx_http_chatws_outframe_init(ngx_http_chatws_outframe_t *frame,
    u_char *data, size_t len);

/* Drops what was made for the frame; not its data. */
void ngx_http_chatws_outframe_done(ngx_http_chatws_outframe_t *frame);


#endif /* _NGX_HTTP_CHATWS_OUTFRAME_H_INCLUDED_ */
