
/*
 * Copyright (C) chatws contributors
 *
 * The end of a session: the closing handshake, failures, and a lingering close
 * when the output was sent.  RFC 6455, sections 5.5.1 and 7.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include "session/ngx_http_chatws_session_private.h"


/*
 * Milliseconds that a peer has for each of these: to read some of the queued
 * output, to send a close frame, to end the connection.
 */
#define NGX_HTTP_CHATWS_CLOSE_TIME    5000

/* milliseconds that a peer has for all of it when it was refused */
#define NGX_HTTP_CHATWS_REFUSED_TIME  1000


static void ngx_http_chatws_send_close(ngx_http_chatws_session_t *s,
    ngx_uint_t code, const chatws_str_t *reason,
    ngx_http_chatws_state_e state);
static ngx_int_t ngx_http_chatws_shut(ngx_http_chatws_session_t *s);


void
ngx_http_chatws_session_close(ngx_http_chatws_session_t *s, ngx_uint_t code,
    const char *reason)
{
    chatws_str_t  text;

    text.len = ngx_strlen(reason);
    text.data = (uint8_t *) reason;

    ngx_http_chatws_session_close_text(s, code, &text);
}


void
ngx_http_chatws_session_close_text(ngx_http_chatws_session_t *s,
    ngx_uint_t code, const chatws_str_t *reason)
{
    if (s->state != NGX_HTTP_CHATWS_OPEN) {
        return;
    }

    ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                  "chatws closes with %ui: %V", code, (ngx_str_t *) reason);

    if (code == CHATWS_CLOSE_LATER) {
        ngx_http_chatws_unqueue(s);
    }

    ngx_http_chatws_send_close(s, code, reason, NGX_HTTP_CHATWS_CLOSING);
}


void
ngx_http_chatws_session_fail(ngx_http_chatws_session_t *s,
    const chatws_failure_t *failure)
{
    ngx_str_t  reason;

    if (s->state >= NGX_HTTP_CHATWS_LINGER) {
        return;
    }

    reason.len = failure->reason.len;
    reason.data = failure->reason.data;

    ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                  "chatws fails the connection with %ui: %V",
                  (ngx_uint_t) failure->code, &reason);

    chatws_reader_close(&s->reader, ngx_http_chatws_session_reader(s));

    ngx_http_chatws_send_close(s, failure->code, &failure->reason,
                               NGX_HTTP_CHATWS_LINGER);
}


void
ngx_http_chatws_session_refuse(ngx_http_chatws_session_t *s, ngx_uint_t code)
{
    s->state = NGX_HTTP_CHATWS_CLOSING;
    s->code = code;
    s->refused = 1;
}


void
ngx_http_chatws_session_abort(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_advance(s, NGX_HTTP_CHATWS_DEAD);

    ngx_post_event(s->connection->read, &ngx_posted_events);
}


/*
 * RFC 6455, section 5.5.1: the close frame sends the code back.  Section 7.1.1:
 * the server ends the connection first.
 */

void
ngx_http_chatws_peer_close(ngx_http_chatws_session_t *s, chatws_event_t *ev)
{
    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, s->connection->log, 0,
                   "chatws close from client code:%d", ev->code);

    if (s->state == NGX_HTTP_CHATWS_OPEN) {
        ngx_http_chatws_send_close(s, ev->code, NULL, NGX_HTTP_CHATWS_LINGER);
        return;
    }

    ngx_http_chatws_advance(s, NGX_HTTP_CHATWS_LINGER);

    ngx_http_chatws_linger(s);
}


void
ngx_http_chatws_advance(ngx_http_chatws_session_t *s,
    ngx_http_chatws_state_e state)
{
    ngx_uint_t  was;

    was = s->state;
    s->state = state;

    if (was == NGX_HTTP_CHATWS_OPEN) {
        s->handlers->ending(s);
    }
}


/*
 * Sends a close frame, unless one was sent before, and changes the state.
 * RFC 6455, sections 7.1.2 and 7.1.7.
 */

static void
ngx_http_chatws_send_close(ngx_http_chatws_session_t *s, ngx_uint_t code,
    const chatws_str_t *reason, ngx_http_chatws_state_e state)
{
    size_t  len;
    u_char  frame[CHATWS_FRAME_CLOSE_MAX];

    if (s->state == NGX_HTTP_CHATWS_OPEN) {

        s->code = code;
        len = chatws_frame_close(frame, code, reason);

        if (ngx_http_chatws_queue(s, frame, len) != NGX_OK) {
            ngx_http_chatws_session_abort(s);
            return;
        }
    }

    ngx_http_chatws_advance(s, state);

    ngx_http_chatws_close_timer(s);

    if (ngx_http_chatws_flush(s) == NGX_ERROR) {
        ngx_http_chatws_session_abort(s);
        return;
    }

    ngx_http_chatws_linger(s);
}


void
ngx_http_chatws_close_timer(ngx_http_chatws_session_t *s)
{
    ngx_event_t  *timer;

    timer = ngx_http_chatws_session_timer(s);

    if (s->refused) {

        if (!timer->timer_set) {
            ngx_add_timer(timer, NGX_HTTP_CHATWS_REFUSED_TIME);
        }

        return;
    }

    ngx_http_chatws_flow_mark(s);
    ngx_add_timer(timer, NGX_HTTP_CHATWS_CLOSE_TIME);
}


void
ngx_http_chatws_close_timeout(ngx_http_chatws_session_t *s)
{
    if (!s->refused && ngx_http_chatws_flows(s)) {
        /* the peer is slow, but still there */
        ngx_add_timer(ngx_http_chatws_session_timer(s),
                      NGX_HTTP_CHATWS_CLOSE_TIME);
        return;
    }

    s->connection->timedout = 1;
    ngx_http_chatws_advance(s, NGX_HTTP_CHATWS_DEAD);
}


void
ngx_http_chatws_peer_end(ngx_http_chatws_session_t *s)
{
#if (NGX_HTTP_SSL)

    if (s->connection->ssl) {
        /* a close_notify is answered by one: RFC 8446, section 6.1 */
        s->connection->ssl->no_send_shutdown = 0;
    }

#endif

    if (s->out == NULL) {
        ngx_http_chatws_advance(s, NGX_HTTP_CHATWS_DEAD);
        return;
    }

    if (s->ended) {
        return;
    }

    s->ended = 1;
    ngx_http_chatws_advance(s, NGX_HTTP_CHATWS_LINGER);

    ngx_http_chatws_close_timer(s);
}


/*
 * When all output was sent, ends our half of the connection.  Input is thrown
 * away until the peer ends its half: if the socket were closed with unread
 * input, the kernel would reset the connection, and the peer could lose our
 * last frame.
 */

void
ngx_http_chatws_linger(ngx_http_chatws_session_t *s)
{
    ngx_int_t  rc;

    if (s->state != NGX_HTTP_CHATWS_LINGER || s->out != NULL || s->shut) {
        return;
    }

    rc = ngx_http_chatws_shut(s);

    if (rc == NGX_ERROR || (rc == NGX_OK && s->ended)) {
        ngx_http_chatws_session_abort(s);
        return;
    }

    s->shut = (rc == NGX_OK);

    ngx_http_chatws_close_timer(s);
}


/*
 * Ends our half of the connection.  NGX_AGAIN: the socket is full, and this is
 * called again when it has room.  NGX_ERROR: the connection is broken.
 */

static ngx_int_t
ngx_http_chatws_shut(ngx_http_chatws_session_t *s)
{
    ngx_connection_t  *c;

#if (NGX_HTTP_SSL)
    ngx_int_t          rc;
#endif

    c = s->connection;

#if (NGX_HTTP_SSL)

    if (c->ssl) {
        /* sends the close_notify, and does not wait for the peer's */
        c->ssl->shutdown_without_free = 1;
        c->ssl->no_send_shutdown = 0;

        rc = ngx_ssl_shutdown(c);

        if (rc == NGX_AGAIN) {
            ngx_http_chatws_own_events(s);
        }

        if (rc != NGX_OK) {
            return rc;
        }

        c->recv = ngx_recv;
    }

#endif

    if (ngx_shutdown_socket(c->fd, NGX_WRITE_SHUTDOWN) == -1) {
        (void) ngx_connection_error(c, ngx_socket_errno,
                                    ngx_shutdown_socket_n " failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}
