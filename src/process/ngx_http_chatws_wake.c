
/*
 * Copyright (C) chatws contributors
 *
 * Wake-up descriptors between workers.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "process/ngx_http_chatws_fdpass.h"
#include "process/ngx_http_chatws_wake.h"

#if (NGX_HAVE_EVENTFD)
#include <sys/eventfd.h>
#endif


static ngx_int_t ngx_http_chatws_wake_open(ngx_http_chatws_wakefd_t *fd,
    ngx_log_t *log);


ngx_http_chatws_wake_t *
ngx_http_chatws_wake_create(ngx_uint_t n, ngx_log_t *log)
{
    ngx_http_chatws_wake_t  *wake;

    wake = ngx_alloc(sizeof(ngx_http_chatws_wake_t)
                     + n * sizeof(ngx_http_chatws_wakefd_t), log);
    if (wake == NULL) {
        return NULL;
    }

    if (ngx_http_chatws_pass_open(wake->pair, log) != NGX_OK) {
        ngx_free(wake);
        return NULL;
    }

    wake->refs = 1;

    for (wake->n = 0; wake->n < n; wake->n++) {
        if (ngx_http_chatws_wake_open(&wake->fds[wake->n], log) != NGX_OK) {
            ngx_http_chatws_wake_release(wake);
            return NULL;
        }
    }

    return wake;
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

    (void) close(wake->pair[0]);
    (void) close(wake->pair[1]);

    ngx_free(wake);
}


void
ngx_http_chatws_wake_signal(ngx_http_chatws_wake_t *wake, ngx_uint_t slot,
    ngx_log_t *log)
{
    uint64_t   one;
    ngx_err_t  err;

    one = 1;

    /* the bytes of a full pipe or counter are wake-ups that are still there */

    if (write(wake->fds[slot].wr, &one, sizeof(uint64_t)) == -1) {
        err = ngx_errno;

        if (err != NGX_EAGAIN && err != NGX_EINTR) {
            ngx_log_error(NGX_LOG_ALERT, log, err,
                          "chatws: wake-up of slot %ui failed", slot);
        }
    }
}


ngx_connection_t *
ngx_http_chatws_wake_listen(ngx_fd_t fd, ngx_int_t event,
    ngx_event_handler_pt handler, void *data, ngx_cycle_t *cycle)
{
    ngx_event_t       *ev;
    ngx_connection_t  *c;

    c = ngx_get_connection(fd, cycle->log);
    if (c == NULL) {
        return NULL;
    }

    c->data = data;

    /* not a client's: shutdown neither waits for it nor closes it */

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


void
ngx_http_chatws_wake_drain(ngx_connection_t *c)
{
    ngx_err_t  err;
    u_char     buf[512];

    /* one read empties an eventfd, and a pipe's rest just wakes us again */

    if (read(c->fd, buf, sizeof(buf)) == -1) {
        err = ngx_errno;

        if (err != NGX_EAGAIN && err != NGX_EINTR) {
            ngx_log_error(NGX_LOG_ALERT, c->read->log, err,
                          "chatws: read() of a wake-up failed");
        }
    }
}
