
/*
 * Copyright (C) chatws contributors
 *
 * The queue of a session: the frames, and the end of a frame that was begun,
 * that the socket has not taken yet.
 *
 * The queue holds at most chatws_send_buffer bytes, not counting one frame,
 * which may have any size: without this exception a notification that is
 * larger than the buffer could never be sent.  That frame is s->large.
 *
 * Frames that have a key, as a chat_update has, take as much again: of each key
 * the queue holds the last one only, so that they close nobody who has not very
 * many.  A frame of a state is queued only while less than a quarter of the
 * limit waits; otherwise the user is told, and sends the whole state later.
 *
 * Two kinds of output can't be taken back, and stay in the queue whatever its
 * size.  The end of a frame that was begun has to follow, or the peer would
 * take the next frame for it.  And the first s->record bytes are in a TLS
 * record that OpenSSL has begun to send: it wants the same bytes again.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "session/ngx_http_chatws_session_private.h"


static ngx_int_t ngx_http_chatws_queue_cork(ngx_http_chatws_session_t *s);
static ngx_int_t ngx_http_chatws_queue_frame(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame, size_t skip);
static ngx_int_t ngx_http_chatws_make_room(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame);
static void ngx_http_chatws_append(ngx_http_chatws_session_t *s,
    ngx_http_chatws_out_t *out, ngx_http_chatws_buf_t *buf, u_char *pos);
static ngx_uint_t ngx_http_chatws_is_late(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame);
static void ngx_http_chatws_leave_state(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame);
static void ngx_http_chatws_drop(ngx_http_chatws_session_t *s, ngx_uint_t all,
    uint32_t key);
static void ngx_http_chatws_miss(ngx_http_chatws_session_t *s,
    ngx_uint_t counted, ngx_uint_t droppable);
static void ngx_http_chatws_sent(ngx_http_chatws_session_t *s, size_t n);
static void ngx_http_chatws_out_free(ngx_http_chatws_session_t *s,
    ngx_http_chatws_out_t *out);
static size_t ngx_http_chatws_out_rest(ngx_http_chatws_out_t *out);


ngx_int_t
ngx_http_chatws_flush(ngx_http_chatws_session_t *s)
{
    size_t                  size;
    ssize_t                 n;
    ngx_uint_t              k;
    struct iovec            iov[NGX_HTTP_CHATWS_IOVS];
    ngx_http_chatws_out_t  *out;

    while (s->out != NULL) {

        size = 0;
        k = 0;

        for (out = s->out;
             out != NULL && k < NGX_HTTP_CHATWS_IOVS;
             out = out->next)
        {
            iov[k].iov_base = out->pos;
            iov[k].iov_len = ngx_http_chatws_out_rest(out);
            size += iov[k].iov_len;
            k++;
        }

        n = ngx_http_chatws_writev(s, iov, k, size);

        if (n < 0) {
            return n;
        }

        ngx_http_chatws_sent(s, n);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_queue(ngx_http_chatws_session_t *s, u_char *data, size_t len)
{
    ngx_int_t                   rc;
    ngx_http_chatws_outframe_t  frame;

    if (ngx_http_chatws_queue_cork(s) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_chatws_outframe_init(&frame, data, len);

    rc = ngx_http_chatws_queue_frame(s, &frame, 0);

    ngx_http_chatws_outframe_done(&frame);

    return rc;
}


void
ngx_http_chatws_unqueue(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_drop(s, 1, 0);
}


void
ngx_http_chatws_discard(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_out_t  *out;

    while (s->out != NULL) {
        out = s->out;
        s->out = out->next;

        ngx_http_chatws_out_free(s, out);
    }

    s->last_out = &s->out;
    s->out_size = 0;
    s->keyed = 0;
}


/* Queues the output that was corked, which goes before all other output. */

static ngx_int_t
ngx_http_chatws_queue_cork(ngx_http_chatws_session_t *s)
{
    ngx_int_t                   rc;
    ngx_http_chatws_outframe_t  frame;
    ngx_http_chatws_worker_t   *worker;

    worker = &ngx_http_chatws_worker;

    if (worker->corked != s || worker->cork_len == 0) {
        return NGX_OK;
    }

    ngx_http_chatws_outframe_init(&frame, worker->cork, worker->cork_len);

    worker->cork_len = 0;

    rc = ngx_http_chatws_queue_frame(s, &frame, 0);

    ngx_http_chatws_outframe_done(&frame);

    return rc;
}


void
ngx_http_chatws_queue_frames(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n, size_t skip)
{
    size_t      record;
    ngx_uint_t  begun, i;

    /* with an empty queue it is these frames that the record begins with */

    record = (s->out == NULL) ? s->record : 0;

    for (i = 0; i < n; i++) {

        if (skip >= frames[i]->len) {
            /* the whole frame was sent */
            skip -= frames[i]->len;
            continue;
        }

        begun = (skip != 0 || record != 0);

        if (!begun && ngx_http_chatws_is_late(s, frames[i])) {
            ngx_http_chatws_leave_state(s, frames[i]);
            continue;
        }

        if (!begun && ngx_http_chatws_make_room(s, frames[i]) != NGX_OK) {

            if (frames[i]->droppable) {
                ngx_http_chatws_miss(s, frames[i]->counted, 1);
                continue;
            }

            ngx_http_chatws_session_close(s, CHATWS_CLOSE_LATER,
                                          "too slow, reconnect");
            ngx_http_chatws_left_out(s, frames + i, n - i);
            return;
        }

        if (ngx_http_chatws_queue_frame(s, frames[i], skip) != NGX_OK) {
            ngx_http_chatws_session_abort(s);
            return;
        }

        record -= ngx_min(record, frames[i]->len - skip);
        skip = 0;
    }
}


void
ngx_http_chatws_left_out(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        ngx_http_chatws_miss(s, frames[i]->counted, frames[i]->droppable);
    }
}


/* Counts a frame that is not sent, if its user wants to know. */

static void
ngx_http_chatws_miss(ngx_http_chatws_session_t *s, ngx_uint_t counted,
    ngx_uint_t droppable)
{
    if (!counted) {
        return;
    }

    if (droppable) {
        s->dropped++;

    } else {
        s->missed++;
    }
}


/*
 * Queues a frame without its first skip bytes.  The queue refers to a copy of
 * the frame, which all sessions share that have to queue it.
 */

static ngx_int_t
ngx_http_chatws_queue_frame(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame, size_t skip)
{
    ngx_http_chatws_out_t  *out;

    if (frame->copy == NULL) {
        frame->copy = ngx_http_chatws_buf_alloc(frame->len,
                                                s->connection->log);
        if (frame->copy == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(frame->copy->data, frame->data, frame->len);
    }

    out = ngx_alloc(sizeof(ngx_http_chatws_out_t), s->connection->log);
    if (out == NULL) {
        return NGX_ERROR;
    }

    out->key = skip == 0 ? frame->key : 0;
    out->droppable = frame->droppable && !frame->state;
    out->counted = frame->counted;

    ngx_http_chatws_append(s, out, frame->copy, frame->copy->data + skip);

    return NGX_OK;
}


static void
ngx_http_chatws_append(ngx_http_chatws_session_t *s,
    ngx_http_chatws_out_t *out, ngx_http_chatws_buf_t *buf, u_char *pos)
{
    buf->refs++;

    out->next = NULL;
    out->buf = buf;
    out->pos = pos;

    *s->last_out = out;
    s->last_out = &out->next;

    s->out_size += ngx_http_chatws_out_rest(out);

    if (out->key != 0) {
        s->keyed += ngx_http_chatws_out_rest(out);
        return;
    }

    if (s->large == NULL && s->out_size - s->keyed > s->conf->send_buffer) {
        /* the larger one of the first frame and this one is the exception */
        s->large = (s->out->key == 0
                    && ngx_http_chatws_out_rest(s->out)
                       > ngx_http_chatws_out_rest(out))
                   ? s->out : out;
    }
}


/*
 * Makes room for a whole frame.  NGX_DECLINED: there is none.
 *
 * A frame that exceeds the limit is accepted if no other frame of the queue is
 * the exception already, but not a droppable one: it would make others wait.
 */

static ngx_int_t
ngx_http_chatws_make_room(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame)
{
    size_t  limit, size;

    limit = s->conf->send_buffer;

    if (s->out == NULL) {
        return NGX_OK;
    }

    if (frame->key != 0) {
        ngx_http_chatws_drop(s, 0, frame->key);

        /* those in a record can't give way, and do not count */

        return s->out == NULL || s->keyed + frame->len <= limit + s->record
               ? NGX_OK : NGX_DECLINED;
    }

    size = s->out_size - s->keyed + frame->len;

    if (size <= limit) {
        return NGX_OK;
    }

    if (frame->droppable) {
        return NGX_DECLINED;
    }

    if (s->large == NULL) {
        ngx_http_chatws_drop(s, 0, 0);
        return NGX_OK;
    }

    size -= ngx_http_chatws_out_rest(s->large);

    return size <= limit ? NGX_OK : NGX_DECLINED;
}


/* Whether a state would wait behind more than it may. */

static ngx_uint_t
ngx_http_chatws_is_late(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame)
{
    return frame->state
           && s->out != NULL
           && s->out_size + frame->len > s->conf->send_buffer / 4;
}


static void
ngx_http_chatws_leave_state(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame)
{
    ngx_http_chatws_miss(s, frame->counted, 0);

    s->stale = 1;
    s->handlers->stale(s, frame->origin != NULL ? frame->origin : frame);
}


/*
 * Drops frames of the queue, except for those that were begun: all, or those
 * with a key other than 0, or else the droppable ones.
 */

static void
ngx_http_chatws_drop(ngx_http_chatws_session_t *s, ngx_uint_t all,
    uint32_t key)
{
    size_t                   record;
    ngx_uint_t               begun;
    ngx_http_chatws_out_t   *out, **p;

    record = s->record;
    p = &s->out;

    while (*p != NULL) {
        out = *p;

        begun = (out->pos != out->buf->data || record != 0);
        record -= ngx_min(record, ngx_http_chatws_out_rest(out));

        if (begun
            || !(all || (key != 0 ? out->key == key : out->droppable)))
        {
            p = &out->next;
            continue;
        }

        *p = out->next;
        s->out_size -= out->buf->len;

        if (out->key != 0) {
            s->keyed -= out->buf->len;
        }

        ngx_http_chatws_miss(s, out->counted, out->droppable);
        ngx_http_chatws_out_free(s, out);
    }

    s->last_out = p;
}


/* Removes the first n bytes of the queue, which were sent. */

static void
ngx_http_chatws_sent(ngx_http_chatws_session_t *s, size_t n)
{
    size_t                  size;
    ngx_http_chatws_out_t  *out;

    s->out_size -= n;

    while (n != 0) {
        out = s->out;
        size = ngx_http_chatws_out_rest(out);

        if (out->key != 0) {
            s->keyed -= ngx_min(n, size);
        }

        if (n < size) {
            out->pos += n;
            return;
        }

        n -= size;

        s->out = out->next;

        ngx_http_chatws_out_free(s, out);
    }

    if (s->out == NULL) {
        s->last_out = &s->out;
    }
}


/* Frees an element that was taken out of the queue. */

static void
ngx_http_chatws_out_free(ngx_http_chatws_session_t *s,
    ngx_http_chatws_out_t *out)
{
    if (s->large == out) {
        s->large = NULL;
    }

    ngx_http_chatws_buf_release(out->buf);
    ngx_free(out);
}


/* The bytes of a frame that were not sent yet. */

static size_t
ngx_http_chatws_out_rest(ngx_http_chatws_out_t *out)
{
    return out->buf->data + out->buf->len - out->pos;
}
