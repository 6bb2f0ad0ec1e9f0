
/*
 * Copyright (C) chatws contributors
 *
 * The output of a session.  Frames leave by one send(), one writev() or one
 * TLS record, from the memory in which they are.  The bytes that the socket
 * does not take are queued; for this a frame is copied once, for all sessions.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "session/ngx_http_chatws_session_private.h"


/* up to so many bytes, copying frames is cheaper than a vector of them */
#define NGX_HTTP_CHATWS_GATHER  8192

/* the largest payload of a TLS record */
#define NGX_HTTP_CHATWS_RECORD  16384


static ngx_uint_t ngx_http_chatws_send_chunk(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n);
static void ngx_http_chatws_send_deflated(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n);
static void ngx_http_chatws_send_plain(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n);
static ngx_int_t ngx_http_chatws_send_corked(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n);
static void ngx_http_chatws_send_cork(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_send_now(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n);
static ssize_t ngx_http_chatws_write(ngx_http_chatws_session_t *s,
    struct iovec *iov, ngx_uint_t n, size_t size);
#if (NGX_HTTP_SSL)
static ssize_t ngx_http_chatws_write_ssl(ngx_http_chatws_session_t *s,
    struct iovec *iov, ngx_uint_t n);
static size_t ngx_http_chatws_next_record(ngx_http_chatws_session_t *s,
    struct iovec *iov, ngx_uint_t n, u_char **p);
static ngx_uint_t ngx_http_chatws_iov_skip(struct iovec *iov, ngx_uint_t n,
    size_t bytes);
#endif


/*
 * After a file nginx leaves the socket to collect full packets if the next
 * request has already arrived.
 */

ngx_int_t
ngx_http_chatws_no_delay(ngx_connection_t *c)
{
    if (c->tcp_nopush == NGX_TCP_NOPUSH_SET) {

        if (ngx_tcp_push(c->fd) == -1) {
            ngx_connection_error(c, ngx_socket_errno,
                                 ngx_tcp_push_n " failed");
            return NGX_ERROR;
        }

        c->tcp_nopush = NGX_TCP_NOPUSH_UNSET;
    }

    return ngx_tcp_nodelay(c);
}


void
ngx_http_chatws_send_frames(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n)
{
    ngx_uint_t  k;

    while (n != 0 && s->state == NGX_HTTP_CHATWS_OPEN) {
        k = ngx_http_chatws_send_chunk(s, frames, n);

        if (s->reader.deflate) {
            ngx_http_chatws_send_deflated(s, frames, k);

        } else {
            ngx_http_chatws_send_plain(s, frames, k);
        }

        frames += k;
        n -= k;
    }

    ngx_http_chatws_left_out(s, frames, n);
}


/*
 * The number of frames to be sent at once.  With takeover a frame that is
 * compressed can't be taken back: so one that gives way to others is sent
 * alone, after which it is known whether the next one has to wait.
 */

static ngx_uint_t
ngx_http_chatws_send_chunk(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n)
{
    ngx_uint_t  k;

    n = ngx_min(n, NGX_HTTP_CHATWS_IOVS);

    if (!s->reader.deflate || !s->params.server_takeover) {
        return n;
    }

    for (k = 0; k < n; k++) {
        if (frames[k]->key != 0 || frames[k]->state) {
            return ngx_max(k, 1);
        }
    }

    return n;
}


/*
 * Sends up to NGX_HTTP_CHATWS_IOVS frames, compressed where this makes them
 * smaller.
 */

static void
ngx_http_chatws_send_deflated(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n)
{
    ngx_uint_t                   i, k;
    ngx_http_chatws_buf_t       *buf, *bufs[NGX_HTTP_CHATWS_IOVS];
    ngx_http_chatws_outframe_t   deflated[NGX_HTTP_CHATWS_IOVS];
    ngx_http_chatws_outframe_t  *out[NGX_HTTP_CHATWS_IOVS];

    k = 0;

    for (i = 0; i < n; i++) {
        out[i] = frames[i];

        /*
         * The peer needs all frames that the compression may refer to: one that
         * waits, and may be taken back, is sent as it is.
         */

        if (s->params.server_takeover
            && s->out != NULL
            && (frames[i]->key != 0 || frames[i]->state))
        {
            continue;
        }

        buf = ngx_http_chatws_deflate(s, frames[i]);

        if (buf == NULL) {
            continue;
        }

        bufs[k] = buf;

        ngx_http_chatws_outframe_init(&deflated[k], buf->data, buf->len);

        if (!s->params.server_takeover) {
            deflated[k].droppable = frames[i]->droppable;
            deflated[k].state = frames[i]->state;
            deflated[k].key = frames[i]->key;
        }

        deflated[k].origin = frames[i];
        deflated[k].counted = frames[i]->counted;
        deflated[k].copy = buf;

        out[i] = &deflated[k++];
    }

    ngx_http_chatws_send_plain(s, out, n);

    for (i = 0; i < k; i++) {
        ngx_http_chatws_buf_release(bufs[i]);
    }
}


/* Sends up to NGX_HTTP_CHATWS_IOVS frames. */

static void
ngx_http_chatws_send_plain(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n)
{
    if (s->state == NGX_HTTP_CHATWS_OPEN
        && ngx_http_chatws_worker.corked == s
        && ngx_http_chatws_send_corked(s, frames, n) == NGX_OK)
    {
        return;
    }

    /* sending the output that was corked may have ended the session */

    if (s->state != NGX_HTTP_CHATWS_OPEN) {
        ngx_http_chatws_left_out(s, frames, n);
        return;
    }

    if (s->out != NULL) {
        ngx_http_chatws_queue_frames(s, frames, n, 0);
        return;
    }

    ngx_http_chatws_send_now(s, frames, n);
}


/*
 * Adds the frames to the output that is corked.  NGX_DECLINED: they are too
 * large, or other output waits; the caller sends or queues them.
 */

static ngx_int_t
ngx_http_chatws_send_corked(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n)
{
    size_t                     size;
    u_char                    *p;
    ngx_uint_t                 i;
    ngx_http_chatws_worker_t  *worker;

    worker = &ngx_http_chatws_worker;

    if (s->out != NULL) {
        return NGX_DECLINED;
    }

    size = 0;

    for (i = 0; i < n; i++) {
        size += frames[i]->len;
    }

    if (size > NGX_HTTP_CHATWS_CORK_SIZE - worker->cork_len) {
        ngx_http_chatws_send_cork(s);

        if (size > NGX_HTTP_CHATWS_CORK_SIZE / 2 || s->out != NULL) {
            return NGX_DECLINED;
        }
    }

    p = worker->cork + worker->cork_len;

    for (i = 0; i < n; i++) {
        p = ngx_cpymem(p, frames[i]->data, frames[i]->len);
    }

    worker->cork_len += size;

    return NGX_OK;
}


void
ngx_http_chatws_cork(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_worker.corked = s;
}


void
ngx_http_chatws_uncork(ngx_http_chatws_session_t *s)
{
    if (s->state != NGX_HTTP_CHATWS_DEAD) {
        ngx_http_chatws_send_cork(s);
    }

    ngx_http_chatws_worker.corked = NULL;
    ngx_http_chatws_worker.cork_len = 0;
}


static void
ngx_http_chatws_send_cork(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_outframe_t  frame, *frames;
    ngx_http_chatws_worker_t   *worker;

    worker = &ngx_http_chatws_worker;

    if (worker->cork_len == 0) {
        return;
    }

    ngx_http_chatws_outframe_init(&frame, worker->cork, worker->cork_len);
    frames = &frame;

    worker->cork_len = 0;

    ngx_http_chatws_send_now(s, &frames, 1);

    ngx_http_chatws_outframe_done(&frame);
}


/* Writes frames while the queue is empty, and queues the unsent rest. */

static void
ngx_http_chatws_send_now(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n)
{
    size_t        size;
    u_char       *p;
    ssize_t       sent;
    ngx_uint_t    i, k;
    struct iovec  iov[NGX_HTTP_CHATWS_IOVS];
    u_char        buf[NGX_HTTP_CHATWS_GATHER];

    p = NULL;
    size = 0;
    k = 0;

    for (i = 0; i < n; i++) {

        if (frames[i]->data == p) {
            /* this frame lies right behind the one before */
            iov[k - 1].iov_len += frames[i]->len;

        } else {
            iov[k].iov_base = frames[i]->data;
            iov[k].iov_len = frames[i]->len;
            k++;
        }

        p = frames[i]->data + frames[i]->len;
        size += frames[i]->len;
    }

    if (k > 1 && size <= NGX_HTTP_CHATWS_GATHER) {

        p = buf;

        for (i = 0; i < n; i++) {
            p = ngx_cpymem(p, frames[i]->data, frames[i]->len);
        }

        iov[0].iov_base = buf;
        iov[0].iov_len = size;
        k = 1;
    }

    sent = ngx_http_chatws_writev(s, iov, k, size);

    if (sent == (ssize_t) size) {
        return;
    }

    if (sent == NGX_ERROR) {
        ngx_http_chatws_session_abort(s);
        return;
    }

    ngx_http_chatws_queue_frames(s, frames, n, sent == NGX_AGAIN ? 0 : sent);
}


void
ngx_http_chatws_send_payload(ngx_http_chatws_session_t *s, ngx_uint_t opcode,
    u_char *data, size_t len)
{
    u_char                      head[CHATWS_FRAME_HEAD_OUT];
    size_t                      size;
    ngx_http_chatws_outframe_t  frame, *frames;

    size = chatws_frame_header(head, CHATWS_FRAME_FIN | opcode, len);
    ngx_memcpy(data - size, head, size);

    ngx_http_chatws_outframe_init(&frame, data - size, size + len);
    frames = &frame;

    ngx_http_chatws_send_frames(s, &frames, 1);

    ngx_http_chatws_outframe_done(&frame);
}


ssize_t
ngx_http_chatws_writev(ngx_http_chatws_session_t *s, struct iovec *iov,
    ngx_uint_t n, size_t size)
{
    ssize_t            sent;
    ngx_connection_t  *c;

#if (NGX_HTTP_SSL)
    if (s->connection->ssl) {
        return ngx_http_chatws_write_ssl(s, iov, n);
    }
#endif

    sent = ngx_http_chatws_write(s, iov, n, size);

    if (sent == (ssize_t) size || sent == NGX_ERROR) {
        return sent;
    }

    c = s->connection;
    c->write->ready = 0;

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    return sent;
}


static ssize_t
ngx_http_chatws_write(ngx_http_chatws_session_t *s, struct iovec *iov,
    ngx_uint_t n, size_t size)
{
    ssize_t            sent;
    ngx_err_t          err;
    ngx_connection_t  *c;

    c = s->connection;

    for ( ;; ) {

        /* send() costs the kernel less than writev() of one piece */

        sent = (n == 1) ? send(c->fd, iov->iov_base, size, 0)
                        : writev(c->fd, iov, n);

        ngx_log_debug3(NGX_LOG_DEBUG_HTTP, c->log, 0,
                       "chatws write fd:%d %z of %uz", c->fd, sent, size);

        if (sent >= 0) {
            c->sent += sent;
            return sent;
        }

        err = ngx_socket_errno;

        if (err == NGX_EINTR) {
            continue;
        }

        if (err == NGX_EAGAIN) {
            return NGX_AGAIN;
        }

        c->write->error = 1;
        (void) ngx_connection_error(c, err, "writev() failed");

        return NGX_ERROR;
    }
}


#if (NGX_HTTP_SSL)

/*
 * Writes one TLS record after the other, until the socket is full.
 *
 * When c->send() returns NGX_AGAIN, OpenSSL has encrypted a record and has not
 * sent all of it.  It then wants the same bytes again, though they may lie at
 * another address.  s->record says how many they are: they are the first ones
 * of the output, and stay so until they were sent.
 */

static ssize_t
ngx_http_chatws_write_ssl(ngx_http_chatws_session_t *s, struct iovec *iov,
    ngx_uint_t n)
{
    size_t             len;
    u_char            *p;
    ssize_t            sent, total;
    ngx_uint_t         k;
    ngx_connection_t  *c;
    u_char             record[NGX_HTTP_CHATWS_RECORD];

    c = s->connection;
    total = 0;

    while (n != 0) {

        p = record;
        len = ngx_http_chatws_next_record(s, iov, n, &p);

        s->record = 0;

        sent = c->send(c, p, len);

        if (sent == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (sent == NGX_AGAIN) {
            s->record = len;

            if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
                return NGX_ERROR;
            }

            break;
        }

        total += sent;

        k = ngx_http_chatws_iov_skip(iov, n, sent);
        iov += k;
        n -= k;
    }

    return total != 0 ? total : NGX_AGAIN;
}


/*
 * Returns the length of the next record, and sets *p to its bytes: those of
 * the first piece, if it fills a record or is the last one; otherwise a record
 * is gathered at *p.
 */

static size_t
ngx_http_chatws_next_record(ngx_http_chatws_session_t *s, struct iovec *iov,
    ngx_uint_t n, u_char **p)
{
    size_t      len, take;
    ngx_uint_t  i;

    if (n == 1 || iov->iov_len >= NGX_HTTP_CHATWS_RECORD) {
        *p = iov->iov_base;

        /* nginx may have given OpenSSL more than a record of the 101 */

        len = ngx_max(s->record, NGX_HTTP_CHATWS_RECORD);

        return ngx_min(iov->iov_len, len);
    }

    len = 0;

    for (i = 0; i < n && len < NGX_HTTP_CHATWS_RECORD; i++) {
        take = ngx_min(iov[i].iov_len, NGX_HTTP_CHATWS_RECORD - len);

        ngx_memcpy(*p + len, iov[i].iov_base, take);
        len += take;
    }

    return len;
}


/*
 * Skips bytes of n pieces: cuts the piece in which they end, and returns how
 * many pieces lie before it.
 */

static ngx_uint_t
ngx_http_chatws_iov_skip(struct iovec *iov, ngx_uint_t n, size_t bytes)
{
    ngx_uint_t  i;

    for (i = 0; i < n && bytes >= iov[i].iov_len; i++) {
        bytes -= iov[i].iov_len;
    }

    if (i < n) {
        iov[i].iov_base = (u_char *) iov[i].iov_base + bytes;
        iov[i].iov_len -= bytes;
    }

    return i;
}

#endif
