
/*
 * Copyright (C) chatws contributors
 *
 * Wake-ups between workers.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "process/ngx_http_chatws_wake.h"

#if (NGX_HAVE_EVENTFD)
#include <sys/eventfd.h>
#endif


/* generations of workers that a set has descriptors for */
#define NGX_HTTP_CHATWS_WAKE_GENERATIONS  8

/* descriptors of a set, at least */
#define NGX_HTTP_CHATWS_WAKE_MIN          64

/* connections left free, for the channel to the master and for a request */
#define NGX_HTTP_CHATWS_WAKE_LEFT         2

/* a set takes one in so many of the descriptors that the master may open */
#define NGX_HTTP_CHATWS_WAKE_PART         4


static ngx_uint_t ngx_http_chatws_wake_size(ngx_uint_t workers);
static ngx_int_t ngx_http_chatws_wake_open(ngx_http_chatws_wakefd_t *fd,
    ngx_log_t *log);
static ngx_int_t ngx_http_chatws_wake_claim(ngx_http_chatws_wake_t *wake);
static void ngx_http_chatws_wake_unclaim(ngx_http_chatws_wake_t *wake);
static void ngx_http_chatws_wake_handler(ngx_event_t *rev);
static void ngx_http_chatws_wake_clear(ngx_connection_t *c);


ngx_http_chatws_wake_t *
ngx_http_chatws_wake_create(ngx_uint_t workers, ngx_log_t *log)
{
    ngx_uint_t               n;
    ngx_http_chatws_wake_t  *wake;

    n = ngx_http_chatws_wake_size(workers);

    wake = ngx_calloc(sizeof(ngx_http_chatws_wake_t)
                      + n * sizeof(ngx_http_chatws_wakefd_t), log);
    if (wake == NULL) {
        return NULL;
    }

    wake->shm.size = n * sizeof(ngx_atomic_t);
    wake->shm.log = log;
    ngx_str_set(&wake->shm.name, "chatws");

    if (ngx_shm_alloc(&wake->shm) != NGX_OK) {
        ngx_free(wake);
        return NULL;
    }

    wake->owners = (ngx_atomic_t *) wake->shm.addr;
    wake->refs = 1;

    for (wake->n = 0; wake->n < n; wake->n++) {
        if (ngx_http_chatws_wake_open(&wake->fds[wake->n], log) != NGX_OK) {
            ngx_http_chatws_wake_release(wake);
            return NULL;
        }
    }

    return wake;
}


ngx_uint_t
ngx_http_chatws_wake_fits(ngx_http_chatws_wake_t *wake, ngx_uint_t workers)
{
    /* on a reload two generations exist at the same time */

    return wake->n >= workers * 2;
}


/* The descriptors of a set, for generations of so many workers. */

static ngx_uint_t
ngx_http_chatws_wake_size(ngx_uint_t workers)
{
    ngx_uint_t     n;
    struct rlimit  rlmt;

    n = ngx_max(workers * NGX_HTTP_CHATWS_WAKE_GENERATIONS,
                NGX_HTTP_CHATWS_WAKE_MIN);

    if (getrlimit(RLIMIT_NOFILE, &rlmt) == 0
        && rlmt.rlim_cur / NGX_HTTP_CHATWS_WAKE_PART < n)
    {
        n = rlmt.rlim_cur / NGX_HTTP_CHATWS_WAKE_PART;
    }

    return ngx_max(n, workers * 2);
}


#if (NGX_HAVE_EVENTFD)

static ngx_int_t
ngx_http_chatws_wake_open(ngx_http_chatws_wakefd_t *fd, ngx_log_t *log)
{
    fd->rd = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);

    if (fd->rd == -1) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "chatws: eventfd() failed");
        return NGX_ERROR;
    }

    fd->wr = fd->rd;

    return NGX_OK;
}

#else

static ngx_int_t
ngx_http_chatws_wake_open(ngx_http_chatws_wakefd_t *fd, ngx_log_t *log)
{
    ngx_uint_t  i;
    ngx_fd_t    fds[2];

    if (pipe(fds) == -1) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno, "chatws: pipe() failed");
        return NGX_ERROR;
    }

    fd->rd = fds[0];
    fd->wr = fds[1];

    for (i = 0; i < 2; i++) {
        if (ngx_nonblocking(fds[i]) == -1
            || fcntl(fds[i], F_SETFD, FD_CLOEXEC) == -1)
        {
            ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                          "chatws: fcntl() of a pipe failed");
            (void) close(fds[0]);
            (void) close(fds[1]);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}

#endif


void
ngx_http_chatws_wake_release(void *data)
{
    ngx_http_chatws_wake_t *wake = data;

    ngx_uint_t                 i;
    ngx_http_chatws_wakefd_t  *fd;

    if (--wake->refs != 0) {
        return;
    }

    for (i = 0; i < wake->n; i++) {
        fd = &wake->fds[i];

        (void) close(fd->rd);

        if (fd->wr != fd->rd) {
            (void) close(fd->wr);
        }
    }

    ngx_shm_free(&wake->shm);
    ngx_free(wake);
}


ngx_int_t
ngx_http_chatws_wake_join(ngx_http_chatws_wake_t *wake,
    ngx_http_chatws_sleeper_t *sleeper, ngx_cycle_t *cycle)
{
    if (wake->connection == NULL) {

        if (ngx_http_chatws_wake_claim(wake) != NGX_OK) {
            return NGX_BUSY;
        }

        wake->connection =
            ngx_http_chatws_wake_listen(wake->fds[wake->index].rd,
                                        NGX_READ_EVENT,
                                        ngx_http_chatws_wake_handler, wake,
                                        cycle);
        if (wake->connection == NULL) {
            ngx_http_chatws_wake_unclaim(wake);
            return NGX_ERROR;
        }

        ngx_queue_init(&wake->sleepers);
    }

    ngx_queue_insert_tail(&wake->sleepers, &sleeper->queue);

    return NGX_OK;
}


void
ngx_http_chatws_wake_part(ngx_http_chatws_wake_t *wake,
    ngx_http_chatws_sleeper_t *sleeper)
{
    ngx_queue_remove(&sleeper->queue);

    if (ngx_queue_empty(&wake->sleepers)) {
        ngx_http_chatws_wake_unlisten(wake->connection);
        ngx_http_chatws_wake_unclaim(wake);

        wake->connection = NULL;
    }
}


/*
 * Takes a descriptor that is free, or else that of a process that died.  An
 * owner with the pid of this process is a dead one that had the same pid.
 */

static ngx_int_t
ngx_http_chatws_wake_claim(ngx_http_chatws_wake_t *wake)
{
    ngx_uint_t         i, dead;
    ngx_atomic_uint_t  owner;

    for (dead = 0; dead < 2; dead++) {

        for (i = 0; i < wake->n; i++) {
            owner = wake->owners[i];

            if ((owner == 0
                 || (dead && (owner == (ngx_atomic_uint_t) ngx_pid
                              || ngx_http_chatws_is_dead(owner))))
                && ngx_atomic_cmp_set(&wake->owners[i], owner, ngx_pid))
            {
                wake->index = i;
                return NGX_OK;
            }
        }
    }

    return NGX_BUSY;
}


static void
ngx_http_chatws_wake_unclaim(ngx_http_chatws_wake_t *wake)
{
    (void) ngx_atomic_cmp_set(&wake->owners[wake->index], ngx_pid, 0);
}


ngx_uint_t
ngx_http_chatws_is_dead(ngx_pid_t pid)
{
    return kill(pid, 0) == -1 && ngx_errno == NGX_ESRCH;
}


static void
ngx_http_chatws_wake_handler(ngx_event_t *rev)
{
    ngx_queue_t                *q;
    ngx_connection_t           *c;
    ngx_http_chatws_wake_t     *wake;
    ngx_http_chatws_sleeper_t  *sleeper;

    c = rev->data;
    wake = c->data;

    ngx_http_chatws_wake_clear(c);

    for (q = ngx_queue_head(&wake->sleepers);
         q != ngx_queue_sentinel(&wake->sleepers);
         q = ngx_queue_next(q))
    {
        sleeper = ngx_queue_data(q, ngx_http_chatws_sleeper_t, queue);
        sleeper->handler(sleeper->data);
    }
}


void
ngx_http_chatws_wake_signal(ngx_http_chatws_wake_t *wake, ngx_uint_t index,
    ngx_log_t *log)
{
    uint64_t   one;
    ngx_err_t  err;

    one = 1;

    /* if the pipe or the counter is full, the worker has yet to wake up */

    if (write(wake->fds[index].wr, &one, sizeof(uint64_t)) == -1) {
        err = ngx_errno;

        if (err != NGX_EAGAIN && err != NGX_EINTR) {
            ngx_log_error(NGX_LOG_ALERT, log, err,
                          "chatws: wake-up by descriptor %d failed",
                          wake->fds[index].wr);
        }
    }
}


ngx_connection_t *
ngx_http_chatws_wake_listen(ngx_fd_t fd, ngx_int_t event,
    ngx_event_handler_pt handler, void *data, ngx_cycle_t *cycle)
{
    ngx_event_t       *ev;
    ngx_connection_t  *c;

    /*
     * without a free connection nginx would log an alert for each try, and a
     * worker that has none for its channel exits
     */

    if (ngx_cycle->free_connection_n <= NGX_HTTP_CHATWS_WAKE_LEFT) {
        return NULL;
    }

    c = ngx_get_connection(fd, cycle->log);
    if (c == NULL) {
        return NULL;
    }

    c->data = data;

    /* a worker that quits neither waits for such a connection nor closes it */

    c->read->channel = 1;
    c->write->channel = 1;

    c->read->log = cycle->log;
    c->write->log = cycle->log;

    ev = (event == NGX_READ_EVENT) ? c->read : c->write;
    ev->handler = handler;

    if (ngx_add_event(ev, event, 0) == NGX_ERROR) {
        ngx_free_connection(c);
        return NULL;
    }

    return c;
}


void
ngx_http_chatws_wake_unlisten(ngx_connection_t *c)
{
    if (c->read->active) {
        (void) ngx_del_event(c->read, NGX_READ_EVENT, 0);
    }

    if (c->write->active) {
        (void) ngx_del_event(c->write, NGX_WRITE_EVENT, 0);
    }

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;
}


/* Forgets the wake-ups that have come so far. */

static void
ngx_http_chatws_wake_clear(ngx_connection_t *c)
{
    ngx_err_t  err;
    u_char     buf[512];

    /* this empties an eventfd; the rest of a pipe causes another event */

    if (read(c->fd, buf, sizeof(buf)) == -1) {
        err = ngx_errno;

        if (err != NGX_EAGAIN && err != NGX_EINTR) {
            ngx_log_error(NGX_LOG_ALERT, c->read->log, err,
                          "chatws: read() of a wake-up failed");
        }
    }
}
