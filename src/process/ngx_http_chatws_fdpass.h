
/*
 * Copyright (C) chatws contributors
 *
 * A socket pair, which the master opened and all workers share.  A worker
 * sends a descriptor with a parcel of bytes to any other one (SCM_RIGHTS).
 */


#ifndef _NGX_HTTP_CHATWS_FDPASS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_FDPASS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* bytes of a parcel, at most */
#define NGX_HTTP_CHATWS_PARCEL_MAX  (64 * 1024)

/* the most that ngx_http_chatws_pass_room() counts to */
#define NGX_HTTP_CHATWS_PASS_ROOM   1024


/*
 * Belongs to no cycle.  Each cycle that has the zone holds a reference, which
 * the cleanup of its pool drops.
 */

typedef struct {
    ngx_fd_t                  fds[2]; /* to receive from, to send to */
    ngx_uint_t                refs;
} ngx_http_chatws_pass_t;


/*
 * Opens a pair; the caller holds one reference.  Returns NULL, after logging
 * why, if there is none.
 */
ngx_http_chatws_pass_t *ngx_http_chatws_pass_create(ngx_log_t *log);

/*
 * Drops a reference, and closes the pair with the last one.  data is the pair:
 * this is the handler of a pool cleanup.
 */
void ngx_http_chatws_pass_release(void *data);

/*
 * Sends a copy of fd, and len bytes of data.  NGX_OK: they are on their way.
 * NGX_AGAIN: the pair has no room now.  NGX_ERROR: it failed, which is logged.
 */
ngx_int_t ngx_http_chatws_pass_send(ngx_fd_t pair, ngx_fd_t fd, u_char *data,
    size_t len, ngx_log_t *log);

/*
 * Returns how many more descriptors this process could open, up to n, which is
 * NGX_HTTP_CHATWS_PASS_ROOM at most.
 */
ngx_uint_t ngx_http_chatws_pass_room(ngx_fd_t pair, ngx_uint_t n);

/*
 * Receives a parcel into data, which has NGX_HTTP_CHATWS_PARCEL_MAX bytes, and
 * a descriptor, which is the caller's then, and closed on exec.  Returns the
 * length of the parcel.  NGX_AGAIN: there is none.  NGX_ERROR: a parcel came
 * incomplete and is lost, which is logged; there may be others.
 */
ssize_t ngx_http_chatws_pass_recv(ngx_fd_t pair, ngx_fd_t *fd, u_char *data,
    ngx_log_t *log);


#endif /* _NGX_HTTP_CHATWS_FDPASS_H_INCLUDED_ */
