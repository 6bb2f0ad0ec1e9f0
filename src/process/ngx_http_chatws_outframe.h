
/*
 * Copyright (C) chatws contributors
 *
 * Frames that are sent to many connections of this worker, and the buffers
 * that are made of them: the bytes that sockets did not take at once.  All
 * connections that still have to send these bytes share one buffer, which
 * counts its references.
 */


#ifndef _NGX_HTTP_CHATWS_OUTFRAME_H_INCLUDED_
#define _NGX_HTTP_CHATWS_OUTFRAME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_http_chatws_buf_s  ngx_http_chatws_buf_t;


struct ngx_http_chatws_buf_s {
    ngx_http_chatws_buf_t   *next;      /* these two are for the owner of a */
    ngx_uint_t               key;       /* list of buffers */
    ngx_uint_t               refs;
    size_t                   len;
    u_char                   data[];
};


/*
 * A complete WebSocket frame on its way to several connections.  data belongs
 * to the caller of init().  copy and deflated are made by the first connection
 * that needs them; done() drops the references of the frame to them.
 */

typedef struct ngx_http_chatws_outframe_s  ngx_http_chatws_outframe_t;

struct ngx_http_chatws_outframe_s {
    u_char                 *data;
    size_t                  len;
    ngx_http_chatws_buf_t  *copy;       /* the same bytes, or NULL */
    ngx_http_chatws_buf_t  *deflated;   /* list of compressed frames, one for
                                           each set of parameters, the key */
    ngx_http_chatws_outframe_t
                           *origin;     /* of a compressed copy; or NULL */
    uint32_t                key;        /* where it waits, it gives way to a
                                           later one of this key; 0: it does
                                           not */
    unsigned                droppable:1;    /* is not sent to a connection
                                               that is slow */
    unsigned                counted:1;      /* counts as delivered */
    unsigned                state:1;        /* a later one, or the whole state,
                                               makes it needless */
};


/*
 * Allocates a buffer of len bytes; the caller holds one reference.  Returns
 * NULL if there is no memory.
 */
ngx_http_chatws_buf_t *ngx_http_chatws_buf_alloc(size_t len, ngx_log_t *log);

/* Drops a reference, and frees the buffer with the last one; or buf is NULL. */
void ngx_http_chatws_buf_release(ngx_http_chatws_buf_t *buf);

/*
 * Makes a frame of len bytes at data, which have to stay as they are until
 * done().
 */
void ngx_http_chatws_outframe_init(ngx_http_chatws_outframe_t *frame,
    u_char *data, size_t len);

/* Drops the references of the frame to its buffers. */
void ngx_http_chatws_outframe_done(ngx_http_chatws_outframe_t *frame);


#endif /* _NGX_HTTP_CHATWS_OUTFRAME_H_INCLUDED_ */
