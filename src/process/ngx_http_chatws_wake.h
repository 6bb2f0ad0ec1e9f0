
/*
 * Copyright (C) chatws contributors
 *
 * How one worker wakes another: by writing to a descriptor, which is an
 * eventfd or, on systems that have none, a pipe.  The master opens a set of
 * them for all zones, and each generation of workers inherits the set.  A
 * worker takes one descriptor to be woken by.
 */


#ifndef _NGX_HTTP_CHATWS_WAKE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_WAKE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_fd_t                  rd;
    ngx_fd_t                  wr;     /* the same as rd for an eventfd */
} ngx_http_chatws_wakefd_t;


/*
 * A part of a worker that is told when the worker is woken.  Embedded in a
 * structure of its owner, who sets handler and data.
 */

typedef struct {
    ngx_queue_t               queue;      /* of all sleepers of the worker */
    void                    (*handler)(void *data);
    void                     *data;
} ngx_http_chatws_sleeper_t;


/*
 * A set of descriptors.  Belongs to no cycle: each zone of each cycle that
 * uses it holds a reference, which the cleanup of the cycle's pool drops.  The
 * owners are in shared memory of their own; a worker takes a descriptor, or
 * gives it back, by one atomic operation.
 */

typedef struct {
    ngx_shm_t                 shm;    /* of the owners */
    ngx_atomic_t             *owners; /* the pid that has taken a descriptor,
                                         0: it is free */
    ngx_uint_t                refs;

    /* of this worker */

    ngx_connection_t         *connection;   /* NULL: it has taken none */
    ngx_queue_t               sleepers;
    ngx_uint_t                index;        /* the descriptor that it took */

    ngx_uint_t                n;
    ngx_http_chatws_wakefd_t  fds[];
} ngx_http_chatws_wake_t;


/*
 * Opens a set for generations of so many workers; the caller holds one
 * reference.  Returns NULL, after logging why, if that is not possible.
 */
ngx_http_chatws_wake_t *ngx_http_chatws_wake_create(ngx_uint_t workers,
    ngx_log_t *log);

/*
 * Drops a reference, and closes the set with the last one.  data is the set:
 * this is the handler of a pool cleanup.
 */
void ngx_http_chatws_wake_release(void *data);

/* Whether the set is large enough for generations of so many workers. */
ngx_uint_t ngx_http_chatws_wake_fits(ngx_http_chatws_wake_t *wake,
    ngx_uint_t workers);

/*
 * From now on the sleeper is told when this worker is woken, for which others
 * need wake->index.  The first sleeper of a worker takes a descriptor, and one
 * of its connections.  NGX_BUSY: all descriptors are taken.  NGX_ERROR: the
 * worker has no connection left.
 */
ngx_int_t ngx_http_chatws_wake_join(ngx_http_chatws_wake_t *wake,
    ngx_http_chatws_sleeper_t *sleeper, ngx_cycle_t *cycle);

/* Undoes join(); the last sleeper gives the descriptor back. */
void ngx_http_chatws_wake_part(ngx_http_chatws_wake_t *wake,
    ngx_http_chatws_sleeper_t *sleeper);

/* Wakes the worker that has taken a descriptor; does not wait. */
void ngx_http_chatws_wake_signal(ngx_http_chatws_wake_t *wake,
    ngx_uint_t index, ngx_log_t *log);

/* Whether a process does not exist any more. */
ngx_uint_t ngx_http_chatws_is_dead(ngx_pid_t pid);

/*
 * Calls handler whenever fd, which many processes share, is ready for event,
 * NGX_READ_EVENT or NGX_WRITE_EVENT.  The connection that is returned, and
 * that the event belongs to, is one of worker_connections; its data is the
 * caller's.  NULL: there is none left, or the event could not be added.
 */
ngx_connection_t *ngx_http_chatws_wake_listen(ngx_fd_t fd, ngx_int_t event,
    ngx_event_handler_pt handler, void *data, ngx_cycle_t *cycle);

/* Undoes listen(); fd stays open. */
void ngx_http_chatws_wake_unlisten(ngx_connection_t *c);


#endif /* _NGX_HTTP_CHATWS_WAKE_H_INCLUDED_ */
