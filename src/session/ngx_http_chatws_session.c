
/*
 * Copyright (C) chatws contributors
 *
 * The life of a session: how it is made, how it moves from and to another
 * worker, and how it is freed.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_clock.h"
#include "session/ngx_http_chatws_session_private.h"


static ngx_int_t ngx_http_chatws_worker_init(ngx_log_t *log);
static void ngx_http_chatws_worker_done(void);
static void ngx_http_chatws_end_connection(ngx_http_chatws_session_t *s);


ngx_http_chatws_worker_t  ngx_http_chatws_worker;

const chatws_str_t  ngx_http_chatws_going_away =
    chatws_str("going away, reconnect");


ngx_http_chatws_session_t *
ngx_http_chatws_session_alloc(ngx_connection_t *c, size_t size,
    const ngx_http_chatws_session_conf_t *conf,
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
    s->conf = conf;
    s->handlers = handlers;
    s->last_out = &s->out;
    s->code = CHATWS_CLOSE_ABNORMAL;

    if (conf->lifetime != 0) {
        s->expires = ngx_http_chatws_now() + conf->lifetime;
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


void
ngx_http_chatws_first_ping(ngx_http_chatws_session_t *s)
{
    ngx_msec_t  interval;

    interval = s->conf->ping_interval;

    if (interval != 0) {
        interval -= (ngx_msec_t) ngx_random() % (interval / 2 + 1);
    }

    ngx_http_chatws_set_timer(s, interval);
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

    if (ngx_http_chatws_worker.buf == NULL) {
        return;
    }

    for (q = ngx_queue_head(&ngx_http_chatws_worker.queue);
         q != ngx_queue_sentinel(&ngx_http_chatws_worker.queue);
         q = ngx_queue_next(q))
    {
        s = ngx_queue_data(q, ngx_http_chatws_session_t, queue);

        if (s->started) {
            ngx_http_chatws_last_word(s, CHATWS_CLOSE_AWAY,
                                      &ngx_http_chatws_going_away);
        }
    }

    ngx_http_chatws_worker_done();
}


static void
ngx_http_chatws_worker_done(void)
{
    /* sessions that are still there need the streams to close theirs */

    if (ngx_queue_empty(&ngx_http_chatws_worker.queue)) {
        ngx_http_chatws_deflate_exit();
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


/*
 * A started session ends here, except for one that moves to another worker, and
 * for one whose request is ended by nginx.
 */

void
ngx_http_chatws_destroy(ngx_http_chatws_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, c->log, 0, "chatws session end");

    s->handlers->gone(s);

    c->idle = 0;

    if (s->out != NULL) {
        /* no close_notify of TLS, which would say that nothing is missing */
        c->error = 1;
    }

    if (s->hold != NULL) {
        ngx_http_chatws_session_give_back(s);

    } else if (c->pool != NULL) {
        c->log->handler = NULL;
        ngx_http_close_connection(c);

    } else {
        ngx_http_chatws_end_connection(s);
    }

    ngx_http_chatws_session_free(s);
}


ngx_http_chatws_session_t *
ngx_http_chatws_session_adopt(ngx_socket_t fd, size_t size,
    const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_handlers_t *handlers, ngx_str_t *addr)
{
    ngx_connection_t           *c;
    ngx_http_chatws_session_t  *s;

    c = ngx_get_connection(fd, ngx_cycle->log);
    if (c == NULL) {
        return NULL;
    }

    c->log = ngx_cycle->log;

    s = ngx_http_chatws_session_alloc(c, size, conf, handlers, addr);

    if (s == NULL) {
        ngx_free_connection(c);
        c->fd = (ngx_socket_t) -1;
        return NULL;
    }

    /* the same state as after ngx_event_accept() and the take-over */

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

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_http_chatws_session_abort(s);
        return;
    }

    ngx_http_chatws_write_event(s);
}


ngx_int_t
ngx_http_chatws_session_can_move(ngx_http_chatws_session_t *s)
{
    return s->started
           && s->state == NGX_HTTP_CHATWS_OPEN
           && s->hold == NULL
           && s->connection->pool == NULL
           && s->deflate == NULL;
}


void
ngx_http_chatws_session_release(ngx_http_chatws_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

    /*
     * Events are reported as long as there is a descriptor of the socket, also
     * in another process, so closing ours would not end them.
     */

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
    ngx_http_chatws_session_free(s);
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


void
ngx_http_chatws_session_free(ngx_http_chatws_session_t *s)
{
    ngx_queue_remove(&s->queue);

    chatws_reader_close(&s->reader, ngx_http_chatws_session_reader(s));

    ngx_http_chatws_deflate_done(s);
    ngx_http_chatws_discard(s);

    ngx_free(s);
}


u_char *
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
