
/*
 * Copyright (C) chatws contributors
 *
 * Descriptors that go from one worker to another, each with a parcel of
 * bytes, over a socket pair that the master opened: SCM_RIGHTS.
 */


#ifndef _NGX_HTTP_CHATWS_FDPASS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_FDPASS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* a parcel that is larger is not sent */
#define NGX_HTTP_CHATWS_PARCEL_MAX  (64 * 1024)

/* descriptors that are looked for at once */
#define NGX_HTTP_CHATWS_PASS_ROOM   1024


/*
 * Belongs to no cycle: a reload that keeps the zone takes one more reference,
 * the pool of each cycle drops its own.
 */

typedef struct {
    ngx_fd_t                  fds[2]; /* to receive, to send */
    ngx_uint_t                refs;
} ngx_http_chatws_pass_t;


/*
 * Opens a pair; the caller holds one reference.  Returns NULL, and logs why,
 * when it can't be had.
 */
ngx_http_chatws_pass_t *ngx_http_chatws_pass_create(ngx_log_t *log);

/* Drops a reference (a pool cleanup handler); the last one closes the pair. */
void ngx_http_chatws_pass_release(void *data);

/* NGX_OK: it is on its way; NGX_AGAIN: no room now; NGX_ERROR. */
ngx_int_t ngx_http_chatws_pass_send(ngx_fd_t pair, ngx_fd_t fd, u_char *data,
    size_t len, ngx_log_t *log);

/*
 * Returns how many descriptors more this process could hold, at most n, which
 * is at most NGX_HTTP_CHATWS_PASS_ROOM.
 */
ngx_uint_t ngx_http_chatws_pass_room(ngx_fd_t pair, ngx_uint_t n);

/*
 * Receives a parcel of up to NGX_HTTP_CHATWS_PARCEL_MAX bytes and its
 * descriptor, now the caller's, close on exec.  Returns its length,
 * NGX_AGAIN, or NGX_ERROR: one was damaged and is gone.
 */
ssize_t ngx_http_chatws_pass_recv(ngx_fd_t pair, ngx_fd_t *fd, u_char *data,
    ngx_log_t *log);


#endif /* _NGX_HTTP_CHATWS_FDPASS_H_INCLUDED_ */
