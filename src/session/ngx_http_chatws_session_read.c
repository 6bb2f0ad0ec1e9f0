
/*
 * Copyright (C) chatws contributors
 *
 * The events of a session: input is read and given to its user, queued output
 * is sent when the socket has room, and the worker quits.  RFC 6455, section
 * 5.5.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include "session/ngx_http_chatws_session_private.h"


/* bytes that are read from one connection before others get their turn */
#define NGX_HTTP_CHATWS_READ_SHARE  (4 * NGX_HTTP_CHATWS_RECV_SIZE)

/* bytes that are read at once, at least, while output waits */
#define NGX_HTTP_CHATWS_READ_MIN  512

/* pings and pongs that a peer may send in a second */
#define NGX_HTTP_CHATWS_CONTROL_RATE  10000


static void ngx_http_chatws_read(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_event(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);
static void ngx_http_chatws_control(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);
static void ngx_http_chatws_timer(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_shutdown(ngx_http_chatws_session_t *s);


void
ngx_http_chatws_read_handler(ngx_event_t *rev)
{
    ngx_uint_t         timedout;
    ngx_connection_t  *c;

    c = rev->data;

    timedout = rev->timedout;
    rev->timedout = 0;

    ngx_http_chatws_read_event(c->data, timedout);
}


void
ngx_http_chatws_read_event(ngx_http_chatws_session_t *s, ngx_uint_t timedout)
{
    ngx_event_t       *rev;
    ngx_connection_t  *c;

    c = s->connection;
    rev = c->read;

    if (timedout) {
        /*
         * After a stall of the worker the timer may come before the event of
         * input that has arrived: read before the peer is called silent.
         */
        rev->ready = 1;
        rev->available = -1;
    }

    if (c->close && s->state != NGX_HTTP_CHATWS_DEAD) {
        ngx_http_chatws_shutdown(s);
    }

    if (s->state != NGX_HTTP_CHATWS_DEAD) {
        ngx_http_chatws_read(s);
    }

    if (timedout
        && !ngx_http_chatws_session_timer(s)->timer_set
        && s->state != NGX_HTTP_CHATWS_DEAD)
    {
        ngx_http_chatws_timer(s);
    }

    if (s->state == NGX_HTTP_CHATWS_DEAD) {
        ngx_http_chatws_destroy(s);
        return;
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_chatws_destroy(s);
    }
}


static void
ngx_http_chatws_read(ngx_http_chatws_session_t *s)
{
    size_t             half, size, total;
    ssize_t            n;
    u_char            *buf;
    ngx_event_t       *rev;
    ngx_connection_t  *c;

    c = s->connection;
    rev = c->read;
    buf = ngx_http_chatws_worker.buf;
    half = s->conf->send_buffer / 2;
    total = 0;

    while (rev->ready && s->state != NGX_HTTP_CHATWS_DEAD) {

        size = NGX_HTTP_CHATWS_RECV_SIZE;

        if (s->state < NGX_HTTP_CHATWS_LINGER) {

            if (s->out_size > half) {
                /*
                 * The peer does not read our output.  Until it does, its input
                 * is not read either: write_event() continues.
                 */
                return;
            }

            /* so there is room for answers of four times that length */

            size = ngx_min(size, ngx_max((half - s->out_size) / 2,
                                         NGX_HTTP_CHATWS_READ_MIN));
        }

        if (total >= NGX_HTTP_CHATWS_READ_SHARE) {
            ngx_post_event(rev, &ngx_posted_next_events);
            return;
        }

        n = c->recv(c, buf, size);

        if (n == NGX_AGAIN) {
            return;
        }

        if (n <= 0) {

            if (s->state < NGX_HTTP_CHATWS_LINGER) {
                ngx_log_error(NGX_LOG_INFO, c->log, 0,
                              "chatws client closed the connection");
            }

            if (n == 0) {
                ngx_http_chatws_peer_end(s);

            } else {
                ngx_http_chatws_advance(s, NGX_HTTP_CHATWS_DEAD);
            }

            return;
        }

        total += n;
        s->heard = 1;

        ngx_http_chatws_session_read(s, buf, buf + n);
    }
}


void
ngx_http_chatws_session_narrow(ngx_http_chatws_session_t *s, ngx_uint_t on)
{
    s->narrow = (on != 0);
}


const chatws_reader_conf_t *
ngx_http_chatws_session_reader(const ngx_http_chatws_session_t *s)
{
    return s->narrow ? &s->conf->narrow : &s->conf->reader;
}


void
ngx_http_chatws_session_read(ngx_http_chatws_session_t *s, u_char *p,
    u_char *last)
{
    chatws_rc_e     rc;
    chatws_event_t  ev;

    ngx_http_chatws_cork(s);

    while (s->state < NGX_HTTP_CHATWS_LINGER) {

        rc = chatws_reader_next(&s->reader,
                                ngx_http_chatws_session_reader(s), &p, last,
                                &ev);

        if (rc != CHATWS_OK) {

            if (rc == CHATWS_ERROR) {
                ngx_http_chatws_session_fail(s, &ev.failure);
            }

            break;
        }

        ngx_http_chatws_event(s, &ev);
    }

    ngx_http_chatws_uncork(s);
}


static void
ngx_http_chatws_event(ngx_http_chatws_session_t *s, chatws_event_t *ev)
{
    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, s->connection->log, 0,
                   "chatws event type:%d len:%uz", ev->type, ev->len);

    switch (ev->type) {

    case CHATWS_EVENT_CLOSE:
        ngx_http_chatws_peer_close(s, ev);
        return;

    case CHATWS_EVENT_PING:
    case CHATWS_EVENT_PONG:
        ngx_http_chatws_control(s, ev);
        return;

    default: /* CHATWS_EVENT_TEXT, CHATWS_EVENT_BINARY */

        if (ev->compressed
            && ngx_http_chatws_inflate_message(s, ev) != NGX_OK)
        {
            return;
        }

        if (s->state == NGX_HTTP_CHATWS_OPEN) {
            s->handlers->message(s, ev);
        }
    }
}


/*
 * Answers a ping, notes a pong, and fails a connection that floods the server
 * with either.  RFC 6455, sections 5.5.2 and 5.5.3.
 */

static void
ngx_http_chatws_control(ngx_http_chatws_session_t *s, chatws_event_t *ev)
{
    uint32_t                       now;

    static const chatws_failure_t  flood =
        { CHATWS_CLOSE_POLICY, chatws_str("too many control frames") };

    now = (uint32_t) ngx_time();

    if (s->second != now) {
        s->second = now;
        s->control = 0;
    }

    if (++s->control > NGX_HTTP_CHATWS_CONTROL_RATE) {
        ngx_http_chatws_session_fail(s, &flood);
        return;
    }

    if (ev->type == CHATWS_EVENT_PING) {
        ngx_http_chatws_send_payload(s, CHATWS_FRAME_PONG, ev->data, ev->len);
        return;
    }

    ngx_http_chatws_pong(s);
}


static void
ngx_http_chatws_timer(ngx_http_chatws_session_t *s)
{
    switch (s->state) {

    case NGX_HTTP_CHATWS_OPEN:
        ngx_http_chatws_timeout(s);
        return;

    default: /* NGX_HTTP_CHATWS_CLOSING, NGX_HTTP_CHATWS_LINGER */

        ngx_http_chatws_close_timeout(s);
    }
}


/*
 * The worker was told to quit.  The session goes on for a random part of the
 * time of chatws_drain, so that not all clients come back at once.
 */

static void
ngx_http_chatws_shutdown(ngx_http_chatws_session_t *s)
{
    ngx_connection_t           *c;

    static const chatws_str_t   reason =
        chatws_str("service restart, reconnect");

    c = s->connection;

    c->close = 0;

    if (c->error) {
        /* the worker quits at once: worker_shutdown_timeout is over */
        ngx_http_chatws_last_word(s, CHATWS_CLOSE_RESTART, &reason);
        ngx_http_chatws_advance(s, NGX_HTTP_CHATWS_DEAD);
        return;
    }

    if (s->state != NGX_HTTP_CHATWS_OPEN || s->draining) {
        return;
    }

    s->draining = 1;

    ngx_http_chatws_set_timer(s, (ngx_msec_t) ngx_random()
                                 % (s->conf->drain + 1) + 1);

    s->handlers->quit(s);
}


void
ngx_http_chatws_write_handler(ngx_event_t *wev)
{
    ngx_connection_t  *c;

    c = wev->data;

    ngx_http_chatws_write_event(c->data);
}


void
ngx_http_chatws_write_event(ngx_http_chatws_session_t *s)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = s->connection;

    /* output that the user awaits the end of may have left by another way */

    if (s->state == NGX_HTTP_CHATWS_DEAD
        || (s->out == NULL && !s->stale
            && s->state != NGX_HTTP_CHATWS_LINGER))
    {
        return;
    }

    rc = ngx_http_chatws_flush(s);

    if (rc == NGX_ERROR) {
        ngx_http_chatws_session_abort(s);
        return;
    }

    ngx_http_chatws_linger(s);

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_http_chatws_session_abort(s);
        return;
    }

    if (c->read->ready && s->out_size <= s->conf->send_buffer / 2) {
        ngx_post_event(c->read, &ngx_posted_events);
    }

    if (s->out == NULL && s->stale && s->state == NGX_HTTP_CHATWS_OPEN) {
        s->stale = 0;
        s->handlers->empty(s);
    }
}
