
/*
 * Copyright (C) chatws contributors
 *
 * The life of a session: how it takes its connection over from the request,
 * and how both are freed.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include "session/ngx_http_chatws_session_private.h"


static ngx_http_chatws_session_t *ngx_http_chatws_session_alloc(
    ngx_connection_t *c, size_t size,
    const ngx_http_chatws_limits_t *limits,
    const ngx_http_chatws_handlers_t *handlers, ngx_str_t *addr);
static ngx_int_t ngx_http_chatws_worker_init(ngx_log_t *log);
static void ngx_http_chatws_worker_done(void);
static void ngx_http_chatws_session_unused(void *data);
static void ngx_http_chatws_start_handler(ngx_event_t *rev);
static ngx_int_t ngx_http_chatws_take_over(ngx_http_chatws_session_t *s,
    ngx_http_request_t *r);
static void ngx_http_chatws_first_ping(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_free_request(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_empty_handler(ngx_event_t *wev);
static void ngx_http_chatws_end_connection(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_free(ngx_http_chatws_session_t *s);
static u_char *ngx_http_chatws_log_error(ngx_log_t *log, u_char *buf,
    size_t len);


ngx_http_chatws_worker_t  ngx_http_chatws_worker;


ngx_http_chatws_session_t *
ngx_http_chatws_session_create(ngx_http_request_t *r, size_t size,
    const ngx_http_chatws_limits_t *limits,
    const ngx_http_chatws_handlers_t *handlers)
{
    ngx_http_cleanup_t         *cln;
    ngx_http_chatws_session_t  *s;

    /* must be the last one added: start_handler() finds the session by it */

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NULL;
    }

    s = ngx_http_chatws_session_alloc(r->connection, size, limits, handlers,
                                      &r->connection->addr_text);
    if (s == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_chatws_session_unused;
    cln->data = s;

    return s;
}


static ngx_http_chatws_session_t *
ngx_http_chatws_session_alloc(ngx_connection_t *c, size_t size,
    const ngx_http_chatws_limits_t *limits,
    const ngx_http_chatws_handlers_t *handlers, ngx_str_t *addr)
{
    ngx_http_chatws_session_t  *s;

    if (ngx_http_chatws_worker_init(c->log) != NGX_OK) {
        return NULL;
    }

    s = ngx_alloc(size + addr->len, c->log);
    if (s == NULL) {
        return NULL;
    }

    ngx_memzero(s, size);

    s->connection = c;
    s->limits = limits;
    s->handlers = handlers;
    s->last_out = &s->out;
    s->code = CHATWS_CLOSE_ABNORMAL;

    if (limits->lifetime != 0) {
        s->expires = ngx_http_chatws_now() + limits->lifetime;
    }

    s->addr.len = addr->len;
    s->addr.data = (u_char *) s + size;
    ngx_memcpy(s->addr.data, addr->data, addr->len);

    ngx_queue_insert_tail(&ngx_http_chatws_worker.queue, &s->queue);

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

    worker->buf = ngx_alloc(NGX_HTTP_CHATWS_RECV_SIZE
                            + NGX_HTTP_CHATWS_CORK_SIZE, log);
    if (worker->buf == NULL) {
        return NGX_ERROR;
    }

    worker->cork = worker->buf + NGX_HTTP_CHATWS_RECV_SIZE;

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

    if (ngx_exiting) {
        /* it came too late to be told as those at rest were */
        c->close = 1;
    }

    ngx_http_chatws_read_handler(rev);
}


/* The connection becomes the session's. */

static ngx_int_t
ngx_http_chatws_take_over(ngx_http_chatws_session_t *s,
    ngx_http_request_t *r)
{
    ngx_int_t          rc;
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

    ngx_http_chatws_first_ping(s);

    return NGX_OK;
}


/* Spread, so that a storm of connections is not one of pings. */

static void
ngx_http_chatws_first_ping(ngx_http_chatws_session_t *s)
{
    ngx_msec_t  interval;

    interval = s->limits->ping_interval;

    if (interval != 0) {
        interval -= (ngx_msec_t) ngx_random() % (interval / 2 + 1);
    }

    ngx_http_chatws_set_timer(s, interval);
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

    if (!ngx_http_chatws_tls(c) && c->pool->cleanup == NULL) {

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
    ngx_queue_t                *q;
    ngx_http_chatws_session_t  *s;

    static const chatws_str_t   reason = chatws_str("going away, reconnect");

    if (ngx_http_chatws_worker.buf == NULL) {
        return;
    }

    for (q = ngx_queue_head(&ngx_http_chatws_worker.queue);
         q != ngx_queue_sentinel(&ngx_http_chatws_worker.queue);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_http_chatws_session_t, queue);

        if (s->started) {
            ngx_http_chatws_last_word(s, CHATWS_CLOSE_AWAY, &reason);
        }
    }

    ngx_http_chatws_worker_done();
}


static void
ngx_http_chatws_worker_done(void)
{
    /* a context that is still open needs those who made it */

    if (ngx_queue_empty(&ngx_http_chatws_worker.queue)) {
        ngx_http_chatws_pack_exit();
    }

    ngx_free(ngx_http_chatws_worker.buf);
    ngx_http_chatws_worker.buf = NULL;
}


void
ngx_http_chatws_last_word(ngx_http_chatws_session_t *s, ngx_uint_t code,
    const chatws_str_t *reason)
{
    size_t  len;
    u_char  frame[CHATWS_FRAME_CLOSE_MAX];

    if (s->state != NGX_HTTP_CHATWS_OPEN) {
        return;
    }

    s->code = code;
    len = chatws_frame_close(frame, code, reason);

    if (ngx_http_chatws_queue(s, frame, len) == NGX_OK) {
        (void) ngx_http_chatws_flush(s);
    }
}


uint64_t
ngx_http_chatws_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (uint64_t) tp->sec * 1000 + tp->msec;
}


static void
ngx_http_chatws_empty_handler(ngx_event_t *wev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, wev->log, 0, "chatws empty handler");
}


/* The one place where a session that was started ends. */

void
ngx_http_chatws_destroy(ngx_http_chatws_session_t *s)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = s->connection;
    r = s->request;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, c->log, 0, "chatws session end");

    s->handlers->gone(s);

    c->idle = 0;

    if (s->out != NULL) {
        /* TLS must not end with a close_notify: output was cut off */
        c->error = 1;
    }

    if (r != NULL) {
        ngx_http_free_request(r, 0);

    } else {
        c->log->handler = NULL;
    }

    if (c->pool != NULL) {
        ngx_http_close_connection(c);

    } else {
        ngx_http_chatws_end_connection(s);
    }

    ngx_http_chatws_free(s);
}


ngx_http_chatws_session_t *
ngx_http_chatws_session_adopt(ngx_socket_t fd, size_t size,
    const ngx_http_chatws_limits_t *limits,
    const ngx_http_chatws_handlers_t *handlers, ngx_str_t *addr)
{
    ngx_connection_t           *c;
    ngx_http_chatws_session_t  *s;

    c = ngx_get_connection(fd, ngx_cycle->log);
    if (c == NULL) {
        return NULL;
    }

    c->log = ngx_cycle->log;

    s = ngx_http_chatws_session_alloc(c, size, limits, handlers, addr);

    if (s == NULL) {
        ngx_free_connection(c);
        c->fd = (ngx_socket_t) -1;
        return NULL;
    }

    /* as ngx_event_accept() and take_over() leave it */

    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

#if (NGX_STAT_STUB)
    (void) ngx_atomic_fetch_add(ngx_stat_active, 1);
#endif

    c->recv = ngx_recv;
    c->send = ngx_send;
    c->recv_chain = ngx_recv_chain;
    c->send_chain = ngx_send_chain;
    c->log_error = NGX_ERROR_INFO;
    c->tcp_nodelay = NGX_TCP_NODELAY_SET;
    c->addr_text = s->addr;
    c->idle = 1;
    c->data = s;

    s->started = 1;
    s->log = *ngx_cycle->log;
    s->log.connection = c->number;
    s->log.handler = ngx_http_chatws_log_error;
    s->log.data = s;
    s->log.action = "serving a websocket";

    c->log = &s->log;
    c->read->log = &s->log;
    c->write->log = &s->log;
    c->read->handler = ngx_http_chatws_read_handler;
    c->write->handler = ngx_http_chatws_write_handler;
    c->write->ready = 1;

    return s;
}


void
ngx_http_chatws_session_continue(ngx_http_chatws_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    if (s->state == NGX_HTTP_CHATWS_OPEN) {
        ngx_http_chatws_first_ping(s);
    }

    if (ngx_http_chatws_flush(s) == NGX_ERROR
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        ngx_http_chatws_session_abort(s);
    }
}


ngx_int_t
ngx_http_chatws_session_movable(ngx_http_chatws_session_t *s)
{
    return s->started
           && s->state == NGX_HTTP_CHATWS_OPEN
           && s->request == NULL
           && s->connection->pool == NULL
           && s->deflate == NULL;
}


void
ngx_http_chatws_session_release(ngx_http_chatws_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    /* closing our descriptor does not remove it: there is another one */

    if (ngx_del_conn) {
        (void) ngx_del_conn(c, 0);

    } else {
        if (c->read->active) {
            (void) ngx_del_event(c->read, NGX_READ_EVENT, 0);
        }

        if (c->write->active) {
            (void) ngx_del_event(c->write, NGX_WRITE_EVENT, 0);
        }
    }

    s->handlers->gone(s);

    ngx_http_chatws_end_connection(s);
    ngx_http_chatws_free(s);
}


static void
ngx_http_chatws_end_connection(ngx_http_chatws_session_t *s)
{
#if (NGX_STAT_STUB)
    (void) ngx_atomic_fetch_add(ngx_stat_active, -1);
#endif

    s->connection->idle = 0;
    s->connection->log->handler = NULL;

    ngx_close_connection(s->connection);
}


static void
ngx_http_chatws_free(ngx_http_chatws_session_t *s)
{
    ngx_queue_remove(&s->queue);

    chatws_reader_close(&s->reader, &s->limits->reader);

    ngx_http_chatws_pack_done(s);
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
