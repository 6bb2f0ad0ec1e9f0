
/*
 * Copyright (C) chatws contributors
 *
 * The life of a session: from the 101 over its messages and pings to the
 * close.  RFC 6455, sections 5.5 and 7.
 * Floor 4: knows ngx_http and floors 0 to 2.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include "ngx_http_chatws_session.h"


/* one for all sessions: a session at rest has no buffer */
#define NGX_HTTP_CHATWS_RECV_SIZE   65536

/* bytes read from one connection before others have their turn */
#define NGX_HTTP_CHATWS_READ_SHARE  (4 * NGX_HTTP_CHATWS_RECV_SIZE)

/* for the peer's close, and for its end of the connection, each */
#define NGX_HTTP_CHATWS_CLOSE_TIME  5000


/* of this worker */

typedef struct {
    u_char                      *buf;     /* receive buffer */
    ngx_queue_t                  queue;   /* sessions */
} ngx_http_chatws_worker_t;


static ngx_int_t ngx_http_chatws_worker_init(ngx_log_t *log);
static void ngx_http_chatws_session_unused(void *data);
static void ngx_http_chatws_start_handler(ngx_event_t *rev);
static ngx_int_t ngx_http_chatws_take_over(ngx_http_chatws_session_t *s,
    ngx_http_request_t *r);
static void ngx_http_chatws_free_request(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_read_handler(ngx_event_t *rev);
static void ngx_http_chatws_write_handler(ngx_event_t *wev);
static void ngx_http_chatws_empty_handler(ngx_event_t *wev);
static void ngx_http_chatws_read(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_input(ngx_http_chatws_session_t *s, u_char *p,
    u_char *last);
static void ngx_http_chatws_event(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);
static void ngx_http_chatws_peer_close(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);
static void ngx_http_chatws_timer(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_shutdown(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_send_close(ngx_http_chatws_session_t *s,
    ngx_uint_t code, const chatws_str_t *reason, ngx_uint_t state);
static void ngx_http_chatws_linger(ngx_http_chatws_session_t *s);
static ngx_int_t ngx_http_chatws_shut(ngx_connection_t *c);
static void ngx_http_chatws_destroy(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_free(ngx_http_chatws_session_t *s);
static u_char *ngx_http_chatws_log_error(ngx_log_t *log, u_char *buf,
    size_t len);


static ngx_http_chatws_worker_t  ngx_http_chatws_worker;


ngx_http_chatws_session_t *
ngx_http_chatws_session_create(ngx_http_request_t *r, size_t size,
    const ngx_http_chatws_limits_t *limits,
    const ngx_http_chatws_handlers_t *handlers)
{
    ngx_connection_t           *c;
    ngx_http_cleanup_t         *cln;
    ngx_http_chatws_session_t  *s;

    c = r->connection;

    if (ngx_http_chatws_worker_init(c->log) != NGX_OK) {
        return NULL;
    }

    /* must be the last one added: start_handler() finds the session by it */

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NULL;
    }

    s = ngx_alloc(size + c->addr_text.len, c->log);
    if (s == NULL) {
        return NULL;
    }

    ngx_memzero(s, sizeof(ngx_http_chatws_session_t));

    s->connection = c;
    s->limits = limits;
    s->handlers = handlers;
    s->last_out = &s->out;

    s->addr.len = c->addr_text.len;
    s->addr.data = (u_char *) s + size;
    ngx_memcpy(s->addr.data, c->addr_text.data, c->addr_text.len);

    ngx_queue_insert_tail(&ngx_http_chatws_worker.queue, &s->queue);

    cln->handler = ngx_http_chatws_session_unused;
    cln->data = s;

    return s;
}


static ngx_int_t
ngx_http_chatws_worker_init(ngx_log_t *log)
{
    ngx_http_chatws_worker_t  *worker;

    worker = &ngx_http_chatws_worker;

    if (worker->buf != NULL) {
        return NGX_OK;
    }

    worker->buf = ngx_alloc(NGX_HTTP_CHATWS_RECV_SIZE, log);
    if (worker->buf == NULL) {
        return NGX_ERROR;
    }

    ngx_queue_init(&worker->queue);

    return NGX_OK;
}


/* The request ends before the session could begin. */

static void
ngx_http_chatws_session_unused(void *data)
{
    ngx_http_chatws_session_t *s = data;

    ngx_http_chatws_free(s);
}


ngx_int_t
ngx_http_chatws_session_start(ngx_http_chatws_session_t *s,
    ngx_http_request_t *r)
{
    ngx_connection_t  *c;

    c = s->connection;

    r->main->count++;
    r->keepalive = 0;
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    c->read->handler = ngx_http_chatws_start_handler;
    c->write->handler = ngx_http_chatws_empty_handler;

    ngx_post_event(c->read, &ngx_posted_events);

    return NGX_DONE;
}


static void
ngx_http_chatws_start_handler(ngx_event_t *rev)
{
    ngx_connection_t           *c;
    ngx_http_request_t         *r;
    ngx_http_cleanup_t         *cln;
    ngx_http_chatws_session_t  *s;

    c = rev->data;
    r = c->data;

    cln = r->cleanup;
    r->cleanup = cln->next;
    s = cln->data;

    if (rev->posted) {
        ngx_delete_posted_event(rev);
    }

    if (ngx_http_chatws_take_over(s, r) != NGX_OK) {
        ngx_http_chatws_destroy(s);
        return;
    }

    /* what came together with the request lies in memory of the request */

    ngx_http_chatws_input(s, r->header_in->pos, r->header_in->last);
    r->header_in->pos = r->header_in->last;

    /* another module may have something to do at its end: limit_conn */

    if (r->cleanup == NULL && r->pool->cleanup == NULL) {
        ngx_http_chatws_free_request(s);
    }

    ngx_http_chatws_read_handler(rev);
}


/* The connection becomes the session's. */

static ngx_int_t
ngx_http_chatws_take_over(ngx_http_chatws_session_t *s,
    ngx_http_request_t *r)
{
    ngx_int_t          rc;
    ngx_msec_t         interval;
    ngx_connection_t  *c;

    c = s->connection;

    s->started = 1;
    s->request = r;

    c->data = s;
    c->read->handler = ngx_http_chatws_read_handler;
    c->write->handler = ngx_http_chatws_write_handler;
    c->log->action = "serving a websocket";
    c->idle = 1;

#if (NGX_HTTP_SSL)
    if (c->ssl) {
        SSL_set_mode(c->ssl->connection,
                     SSL_MODE_ENABLE_PARTIAL_WRITE
                     |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
#endif

    rc = ngx_http_chatws_flush(s);

    if (rc == NGX_ERROR || ngx_tcp_nodelay(c) != NGX_OK) {
        return NGX_ERROR;
    }

    interval = s->limits->ping_interval;

    if (interval != 0) {

        /* spread, so that a storm of connections is not one of pings */

        ngx_add_timer(c->read, interval / 2
                               + (ngx_msec_t) ngx_random()
                                 % (interval / 2 + 1));
    }

    return NGX_OK;
}


/* Most of an idle connection's memory is in the request and the pools. */

static void
ngx_http_chatws_free_request(ngx_http_chatws_session_t *s)
{
    ngx_log_t         *log;
    ngx_connection_t  *c;

    c = s->connection;
    log = c->log;

    ngx_http_free_request(s->request, 0);

    s->request = NULL;
    c->destroyed = 0;

    if (!c->ssl && c->pool->cleanup == NULL) {

        s->log = *log;
        log = &s->log;

        c->log = log;
        c->read->log = log;
        c->write->log = log;

        c->sockaddr = NULL;
        c->socklen = 0;
        c->local_sockaddr = NULL;
        c->local_socklen = 0;
        c->proxy_protocol = NULL;
        c->buffer = NULL;
        c->addr_text = s->addr;

        ngx_destroy_pool(c->pool);
        c->pool = NULL;
    }

    log->handler = ngx_http_chatws_log_error;
    log->data = s;
    log->action = "serving a websocket";
}


void
ngx_http_chatws_session_close(ngx_http_chatws_session_t *s, ngx_uint_t code,
    const char *reason)
{
    chatws_str_t  text;

    if (s->state != NGX_HTTP_CHATWS_OPEN) {
        return;
    }

    text.len = ngx_strlen(reason);
    text.data = (uint8_t *) reason;

    ngx_log_error(NGX_LOG_INFO, s->connection->log, 0,
                  "chatws closes with %ui: %s", code, reason);

    if (code == CHATWS_CLOSE_LATER) {
        ngx_http_chatws_unqueue(s);
    }

    ngx_http_chatws_send_close(s, code, &text, NGX_HTTP_CHATWS_CLOSING);
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

    chatws_reader_close(&s->reader, &s->limits->reader);

    ngx_http_chatws_send_close(s, failure->code, &failure->reason,
                               NGX_HTTP_CHATWS_LINGER);
}


void
ngx_http_chatws_session_abort(ngx_http_chatws_session_t *s)
{
    s->state = NGX_HTTP_CHATWS_DEAD;

    ngx_post_event(s->connection->read, &ngx_posted_events);
}


void
ngx_http_chatws_session_each(const ngx_http_chatws_handlers_t *handlers,
    void (*handler)(ngx_http_chatws_session_t *s, void *data), void *data)
{
    ngx_queue_t                *q, *next;
    ngx_http_chatws_session_t  *s;

    if (ngx_http_chatws_worker.buf == NULL) {
        return;
    }

    for (q = ngx_queue_head(&ngx_http_chatws_worker.queue);
         q != ngx_queue_sentinel(&ngx_http_chatws_worker.queue);
         q = next)
    {
        next = ngx_queue_next(q);
        s = ngx_queue_data(q, ngx_http_chatws_session_t, queue);

        if (s->handlers == handlers && s->started) {
            handler(s, data);
        }
    }
}


void
ngx_http_chatws_session_exit(void)
{
    size_t                      len;
    u_char                      frame[CHATWS_FRAME_CLOSE_MAX];
    ngx_queue_t                *q;
    ngx_http_chatws_session_t  *s;

    static const chatws_str_t   reason = chatws_str("going away, reconnect");

    if (ngx_http_chatws_worker.buf == NULL) {
        return;
    }

    len = chatws_frame_close(frame, CHATWS_CLOSE_AWAY, &reason);

    for (q = ngx_queue_head(&ngx_http_chatws_worker.queue);
         q != ngx_queue_sentinel(&ngx_http_chatws_worker.queue);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_http_chatws_session_t, queue);

        if (s->started
            && s->state == NGX_HTTP_CHATWS_OPEN
            && ngx_http_chatws_queue(s, frame, len) == NGX_OK)
        {
            (void) ngx_http_chatws_flush(s);
        }
    }
}


static void
ngx_http_chatws_read_handler(ngx_event_t *rev)
{
    ngx_connection_t           *c;
    ngx_http_chatws_session_t  *s;

    c = rev->data;
    s = c->data;

    if (s->state != NGX_HTTP_CHATWS_DEAD) {

        if (c->close) {
            ngx_http_chatws_shutdown(s);

        } else if (rev->timedout) {
            rev->timedout = 0;
            ngx_http_chatws_timer(s);
        }
    }

    if (s->state != NGX_HTTP_CHATWS_DEAD) {
        ngx_http_chatws_read(s);
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
    size_t             total;
    ssize_t            n;
    u_char            *buf;
    ngx_event_t       *rev;
    ngx_connection_t  *c;

    c = s->connection;
    rev = c->read;
    buf = ngx_http_chatws_worker.buf;
    total = 0;

    while (rev->ready && s->state != NGX_HTTP_CHATWS_DEAD) {

        if (s->state < NGX_HTTP_CHATWS_LINGER
            && s->out_size > s->limits->send_buffer / 2)
        {
            /* it does not read, so neither do we: until it has */
            return;
        }

        if (total >= NGX_HTTP_CHATWS_READ_SHARE) {
            ngx_post_event(rev, &ngx_posted_next_events);
            return;
        }

        n = c->recv(c, buf, NGX_HTTP_CHATWS_RECV_SIZE);

        if (n == NGX_AGAIN) {
            return;
        }

        if (n <= 0) {

            if (s->state < NGX_HTTP_CHATWS_LINGER) {
                ngx_log_error(NGX_LOG_INFO, c->log, 0,
                              "chatws client closed the connection");
            }

            s->state = NGX_HTTP_CHATWS_DEAD;
            return;
        }

        total += n;

        ngx_http_chatws_input(s, buf, buf + n);
    }
}


static void
ngx_http_chatws_input(ngx_http_chatws_session_t *s, u_char *p, u_char *last)
{
    chatws_rc_e     rc;
    chatws_event_t  ev;

    while (s->state < NGX_HTTP_CHATWS_LINGER) {

        rc = chatws_reader_next(&s->reader, &s->limits->reader, &p, last,
                                &ev);

        if (rc == CHATWS_OK) {
            ngx_http_chatws_event(s, &ev);
            continue;
        }

        if (rc == CHATWS_ERROR) {
            ngx_http_chatws_session_fail(s, &ev.failure);
        }

        return;
    }
}


static void
ngx_http_chatws_event(ngx_http_chatws_session_t *s, chatws_event_t *ev)
{
    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, s->connection->log, 0,
                   "chatws event type:%d len:%uz", ev->type, ev->len);

    switch (ev->type) {

    case CHATWS_EVENT_CLOSE:
        ngx_http_chatws_peer_close(s, ev);
        break;

    case CHATWS_EVENT_PING:
        ngx_http_chatws_send_payload(s, CHATWS_FRAME_PONG, ev->data, ev->len);
        break;

    case CHATWS_EVENT_PONG:

        if (s->pinged) {
            s->pinged = 0;

            if (s->state == NGX_HTTP_CHATWS_OPEN && !s->draining) {
                ngx_add_timer(s->connection->read, s->limits->ping_interval);
            }
        }

        break;

    default: /* CHATWS_EVENT_TEXT, CHATWS_EVENT_BINARY */

        if (s->state == NGX_HTTP_CHATWS_OPEN) {
            s->handlers->message(s, ev);
        }

        break;
    }
}


/* RFC 6455, 5.5.1: the code is sent back, and the server ends first. */

static void
ngx_http_chatws_peer_close(ngx_http_chatws_session_t *s, chatws_event_t *ev)
{
    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, s->connection->log, 0,
                   "chatws close from client code:%d", ev->code);

    if (s->state == NGX_HTTP_CHATWS_OPEN) {
        ngx_http_chatws_send_close(s, ev->code, NULL, NGX_HTTP_CHATWS_LINGER);
        return;
    }

    s->state = NGX_HTTP_CHATWS_LINGER;

    ngx_http_chatws_linger(s);
}


static void
ngx_http_chatws_timer(ngx_http_chatws_session_t *s)
{
    u_char  ping[CHATWS_FRAME_HEAD_OUT];

    switch (s->state) {

    case NGX_HTTP_CHATWS_OPEN:

        if (s->draining) {
            ngx_http_chatws_session_close(s, CHATWS_CLOSE_RESTART,
                                          "service restart, reconnect");
            return;
        }

        if (s->pinged) {
            ngx_http_chatws_session_close(s, CHATWS_CLOSE_POLICY,
                                          "ping timeout, reconnect");
            return;
        }

        s->pinged = 1;
        ngx_add_timer(s->connection->read, s->limits->ping_timeout);

        ngx_http_chatws_send_payload(s, CHATWS_FRAME_PING,
                                     ping + CHATWS_FRAME_HEAD_OUT, 0);
        return;

    default: /* NGX_HTTP_CHATWS_CLOSING, NGX_HTTP_CHATWS_LINGER */

        s->connection->timedout = 1;
        s->state = NGX_HTTP_CHATWS_DEAD;
    }
}


/*
 * The worker is told to quit: new ones take over.  The session goes on for a
 * random part of the drain time, so that clients don't come back all at once.
 */

static void
ngx_http_chatws_shutdown(ngx_http_chatws_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    c->close = 0;

    if (c->error) {
        /* worker_shutdown_timeout */
        s->state = NGX_HTTP_CHATWS_DEAD;
        return;
    }

    if (s->state != NGX_HTTP_CHATWS_OPEN || s->draining) {
        return;
    }

    s->draining = 1;

    ngx_add_timer(c->read, (ngx_msec_t) ngx_random()
                           % (s->limits->drain + 1) + 1);
}


/* RFC 6455, 7.1.2 and 7.1.7 */

static void
ngx_http_chatws_send_close(ngx_http_chatws_session_t *s, ngx_uint_t code,
    const chatws_str_t *reason, ngx_uint_t state)
{
    size_t  len;
    u_char  frame[CHATWS_FRAME_CLOSE_MAX];

    if (s->state == NGX_HTTP_CHATWS_OPEN) {

        len = chatws_frame_close(frame, code, reason);

        if (ngx_http_chatws_queue(s, frame, len) != NGX_OK) {
            ngx_http_chatws_session_abort(s);
            return;
        }
    }

    s->state = state;

    ngx_add_timer(s->connection->read, NGX_HTTP_CHATWS_CLOSE_TIME);

    if (ngx_http_chatws_flush(s) == NGX_ERROR) {
        ngx_http_chatws_session_abort(s);
        return;
    }

    ngx_http_chatws_linger(s);
}


/*
 * When all is sent, ends our half of the connection and throws away what
 * comes, until the peer ends its half: closing with unread input would make
 * the kernel reset the connection, and the peer could lose our last frame.
 */

static void
ngx_http_chatws_linger(ngx_http_chatws_session_t *s)
{
    if (s->state != NGX_HTTP_CHATWS_LINGER || s->out != NULL || s->shut) {
        return;
    }

    s->shut = 1;

    if (ngx_http_chatws_shut(s->connection) != NGX_OK) {
        ngx_http_chatws_session_abort(s);
        return;
    }

    ngx_add_timer(s->connection->read, NGX_HTTP_CHATWS_CLOSE_TIME);
}


static ngx_int_t
ngx_http_chatws_shut(ngx_connection_t *c)
{
#if (NGX_HTTP_SSL)

    if (c->ssl) {
        /* the close_notify alert; http never waits for the peer's */
        c->ssl->shutdown_without_free = 1;

        if (ngx_ssl_shutdown(c) != NGX_OK) {
            return NGX_ERROR;
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


static void
ngx_http_chatws_write_handler(ngx_event_t *wev)
{
    ngx_int_t                   rc;
    ngx_connection_t           *c;
    ngx_http_chatws_session_t  *s;

    c = wev->data;
    s = c->data;

    if (s->state == NGX_HTTP_CHATWS_DEAD || s->out == NULL) {
        return;
    }

    rc = ngx_http_chatws_flush(s);

    if (rc == NGX_ERROR) {
        ngx_http_chatws_session_abort(s);
        return;
    }

    ngx_http_chatws_linger(s);

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_http_chatws_session_abort(s);
        return;
    }

    if (c->read->ready && s->out_size <= s->limits->send_buffer / 2) {
        ngx_post_event(c->read, &ngx_posted_events);
    }
}


static void
ngx_http_chatws_empty_handler(ngx_event_t *wev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, wev->log, 0, "chatws empty handler");
}


/* The one place where a session that was started ends. */

static void
ngx_http_chatws_destroy(ngx_http_chatws_session_t *s)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = s->connection;
    r = s->request;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, c->log, 0, "chatws session end");

    s->handlers->gone(s);

    c->idle = 0;

    if (r != NULL) {
        ngx_http_free_request(r, 0);

    } else {
        c->log->handler = NULL;
    }

    if (c->pool != NULL) {
        ngx_http_close_connection(c);

    } else {
#if (NGX_STAT_STUB)
        (void) ngx_atomic_fetch_add(ngx_stat_active, -1);
#endif
        ngx_close_connection(c);
    }

    ngx_http_chatws_free(s);
}


static void
ngx_http_chatws_free(ngx_http_chatws_session_t *s)
{
    ngx_queue_remove(&s->queue);

    chatws_reader_close(&s->reader, &s->limits->reader);

    ngx_http_chatws_discard(s);

    ngx_free(s);
}


static u_char *
ngx_http_chatws_log_error(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char                     *p;
    ngx_http_chatws_session_t  *s;

    s = log->data;
    p = buf;

    if (log->action) {
        p = ngx_snprintf(buf, len, " while %s", log->action);
        len -= p - buf;
        buf = p;
    }

    p = ngx_snprintf(buf, len, ", client: %V", &s->addr);

    if (s->name != NULL) {
        len -= p - buf;
        p = ngx_snprintf(p, len, ", user: \"%V\"", s->name);
    }

    return p;
}
