
/*
 * Copyright (C) chatws contributors
 *
 * How one worker wakes another: by a descriptor, an eventfd or, where there is
 * none, a pipe.  They are opened in the master, are the same for all zones,
 * and every generation of workers inherits them; a worker takes one.
 */


#ifndef _NGX_HTTP_CHATWS_WAKE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_WAKE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_fd_t                  rd;
    ngx_fd_t                  wr;     /* the same as rd for an eventfd */
} ngx_http_chatws_wakefd_t;


/* who is told when its worker is woken; embedded in its owner's structure */

typedef struct {
    ngx_queue_t               queue;
    void                    (*handler)(void *data);
    void                     *data;
} ngx_http_chatws_sleeper_t;


/*
 * A set of descriptors.  Belongs to no cycle: each zone of each cycle that
 * uses it has a reference, which the cycle's pool drops.  The owners lie in
 * shared memory; a worker takes a descriptor, or gives it back, by one atomic
 * operation.
 */

typedef struct {
    ngx_shm_t                 shm;    /* of the owners */
    ngx_atomic_t             *owners; /* pid by descriptor, 0: free */
    ngx_uint_t                refs;

    ngx_connection_t         *connection;   /* these are the worker's own: */
    ngx_queue_t               sleepers;
    ngx_uint_t                index;        /* the descriptor it has taken */

    ngx_uint_t                n;
    ngx_http_chatws_wakefd_t  fds[];
} ngx_http_chatws_wake_t;


/*
 * Opens a set for so many workers of a generation; the caller holds one
 * reference.  Returns NULL, and logs why, when it can't be had.
 */
ngx_http_chatws_wake_t *ngx_http_chatws_wake_create(ngx_uint_t workers,
    ngx_log_t *log);

/* Drops a reference (a pool cleanup handler); the last one closes all. */
void ngx_http_chatws_wake_release(void *data);

/* Whether the set is large enough for so many workers of a generation. */
ngx_int_t ngx_http_chatws_wake_fits(ngx_http_chatws_wake_t *wake,
    ngx_uint_t workers);

/*
 * From now on the sleeper is told when this worker is woken; wake->index is
 * how others do it.  NGX_BUSY: each descriptor is taken.  NGX_ERROR: the
 * worker has no connection left, of which this takes one for all sleepers.
 */
ngx_int_t ngx_http_chatws_wake_join(ngx_http_chatws_wake_t *wake,
    ngx_http_chatws_sleeper_t *sleeper, ngx_cycle_t *cycle);
void ngx_http_chatws_wake_part(ngx_http_chatws_wake_t *wake,
    ngx_http_chatws_sleeper_t *sleeper);

/* Wakes the worker that has taken the descriptor; never blocks. */
void ngx_http_chatws_wake_signal(ngx_http_chatws_wake_t *wake,
    ngx_uint_t index, ngx_log_t *log);

/* Whether there is no such process any more. */
ngx_uint_t ngx_http_chatws_is_dead(ngx_pid_t pid);

/*
 * Calls handler whenever fd, which many processes share, is ready for
 * the event, with a connection whose data is the caller's.  The connection
 * takes one of worker_connections.  Returns NULL when there is none left.
 */
ngx_connection_t *ngx_http_chatws_wake_listen(ngx_fd_t fd, ngx_int_t event,
    ngx_event_handler_pt handler, void *data, ngx_cycle_t *cycle);

/* Takes back what listen did; the descriptor stays open for the next one. */
void ngx_http_chatws_wake_unlisten(ngx_connection_t *c);


#endif /* _NGX_HTTP_CHATWS_WAKE_H_INCLUDED_ */
