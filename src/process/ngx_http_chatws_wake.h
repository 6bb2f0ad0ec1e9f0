
/*
 * Copyright (C) chatws contributors
 *
 * How one worker reaches another: a descriptor a slot to wake it, an eventfd
 * or, where there is none, a pipe; and a socket pair to hand connections over.
 * They are opened in the master when the zone is fresh, and every generation
 * of workers inherits them.
 */


#ifndef _NGX_HTTP_CHATWS_WAKE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_WAKE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_fd_t                 rd;
    ngx_fd_t                 wr;     /* the same as rd for an eventfd */
} ngx_http_chatws_wakefd_t;


/*
 * Belongs to no cycle: a reload that keeps the zone takes one more
 * reference, the pool of each cycle drops its own.
 */

typedef struct {
    ngx_fd_t                  pair[2];   /* of ngx_http_chatws_fdpass.h */
    ngx_uint_t                refs;
    ngx_uint_t                n;     /* slots */
    ngx_http_chatws_wakefd_t  fds[];
} ngx_http_chatws_wake_t;


/*
 * Opens descriptors for n slots; the caller holds one reference.
 * Returns NULL, and logs why, when they can't be had.
 */
ngx_http_chatws_wake_t *ngx_http_chatws_wake_create(ngx_uint_t n,
    ngx_log_t *log);

/* Drops a reference (a pool cleanup handler); the last one closes all. */
void ngx_http_chatws_wake_release(void *data);

/* Wakes the worker that has the slot; never blocks. */
void ngx_http_chatws_wake_signal(ngx_http_chatws_wake_t *wake,
    ngx_uint_t slot, ngx_log_t *log);

/*
 * Calls handler whenever fd, which is of the structure above, is ready for
 * the event, with a connection whose data is the caller's.  The connection
 * takes one of worker_connections.  Returns NULL when there is none left.
 */
ngx_connection_t *ngx_http_chatws_wake_listen(ngx_fd_t fd, ngx_int_t event,
    ngx_event_handler_pt handler, void *data, ngx_cycle_t *cycle);

/* Takes back what listen did; the descriptor stays open for the next one. */
void ngx_http_chatws_wake_unlisten(ngx_connection_t *c);

/* Forgets the wake-ups that have come so far. */
void ngx_http_chatws_wake_drain(ngx_connection_t *c);


#endif /* _NGX_HTTP_CHATWS_WAKE_H_INCLUDED_ */
