
/*
 * Copyright (C) chatws contributors
 *
 * The life of the request of a handshake, from the moment it has a session
 * until it is gone.  Nobody but this file knows of both.
 *
 *   PREPARED  The session exists, the 101 does not.  If the request ends
 *      |      now, for whatever reason, the session ends with it unheard of.
 *      |
 *      |      session_start(): the 101 is the first in the session's queue
 *      v
 *   HELD      The session lives, and so does the request: a subrequest may go
 *      |      on, it may be posted, somebody may count on it.  c->data is the
 *      |      request, or one of its subrequests, as nginx wants it, and so is
 *      |      the timer of c->read.  The session has the events, which are
 *      |      passed on to a subrequest that waits for them too, and a timer of
 *      |      its own.  What others write to the connection is thrown away.
 *      |
 *      |      look(): nobody else has a use for the request
 *      v
 *   FREE      The request was finalized and freed.  c->data is the session,
 *             and the pool of a plaintext connection is gone as well.
 *
 * PREPARED is s->hold and not s->started, HELD is both, FREE is no s->hold.
 * From HELD there are two ways out besides: nginx terminates the request,
 * which ends the session by a cleanup of the request; or the session ends,
 * and nginx is told to terminate the request.
 *
 * Nothing tells that the last of the others has let the request go, hence
 * look(), which is never called from within nginx's handling of the request.
 * A request stays HELD for good when limit_conn counts it: its end is what
 * limit_conn waits for.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include "session/ngx_http_chatws_session_private.h"


/* in milliseconds: from one look at a request that is held to the next */
#define NGX_HTTP_CHATWS_LOOK      10
#define NGX_HTTP_CHATWS_LOOK_MAX  1000

/* r->limit_conn_status of a request that limit_conn counts */
#define NGX_HTTP_CHATWS_LIMIT_CONN_PASSED  1


struct ngx_http_chatws_hold_s {
    ngx_http_request_t    *request;
    ngx_http_cleanup_t    *cleanup;    /* ours, of the request */
    ngx_event_handler_pt   handler;    /* nginx's, of the connection */
    ngx_event_t            look;       /* posted, or a timer */
    ngx_event_t            timer;      /* the session's */
    ngx_msec_t             pause;      /* before the next look */
    unsigned               begun:1;    /* the session lives */
};


static void ngx_http_chatws_request_end(void *data);
static ngx_event_handler_pt ngx_http_chatws_request_handler(
    ngx_connection_t *c);
static void ngx_http_chatws_set_handlers(ngx_connection_t *c,
    ngx_event_handler_pt read, ngx_event_handler_pt write);
static ngx_http_chatws_session_t *ngx_http_chatws_held(
    ngx_http_request_t *r);
static void ngx_http_chatws_look_handler(ngx_event_t *ev);
static ngx_int_t ngx_http_chatws_begin(ngx_http_chatws_session_t *s);
static ngx_int_t ngx_http_chatws_alone(ngx_http_request_t *r);
static void ngx_http_chatws_timer_handler(ngx_event_t *ev);
static void ngx_http_chatws_held_handler(ngx_event_t *ev);
static void ngx_http_chatws_held_read(ngx_http_request_t *r);
static void ngx_http_chatws_held_write(ngx_http_request_t *r);
static ngx_chain_t *ngx_http_chatws_throw_away(ngx_connection_t *c,
    ngx_chain_t *in, off_t limit);
static void ngx_http_chatws_free_request(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_free_pool(ngx_http_chatws_session_t *s);
static ngx_http_request_t *ngx_http_chatws_let_go(
    ngx_http_chatws_session_t *s);


ngx_http_chatws_session_t *
ngx_http_chatws_session_create(ngx_http_request_t *r, size_t size,
    const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_handlers_t *handlers)
{
    ngx_connection_t           *c;
    ngx_http_cleanup_t         *cln;
    ngx_http_chatws_hold_t     *hold;
    ngx_http_chatws_session_t  *s;

    c = r->connection;

    hold = ngx_pcalloc(r->pool, sizeof(ngx_http_chatws_hold_t));
    if (hold == NULL) {
        return NULL;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NULL;
    }

    s = ngx_http_chatws_session_alloc(c, size, conf, handlers,
                                      &c->addr_text);
    if (s == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_chatws_request_end;
    cln->data = s;

    hold->request = r;
    hold->cleanup = cln;

    hold->look.handler = ngx_http_chatws_look_handler;
    hold->look.data = c;
    hold->look.log = c->log;

    hold->timer.handler = ngx_http_chatws_timer_handler;
    hold->timer.data = c;
    hold->timer.log = c->log;

    s->hold = hold;

    return s;
}


/* nginx ends the request, and with it the session. */

static void
ngx_http_chatws_request_end(void *data)
{
    ngx_http_chatws_session_t *s = data;

    if (s->started) {
        ngx_http_chatws_last_word(s, CHATWS_CLOSE_AWAY,
                                  &ngx_http_chatws_going_away);

        s->handlers->gone(s);
    }

    (void) ngx_http_chatws_let_go(s);

    ngx_http_chatws_session_free(s);
}


ngx_int_t
ngx_http_chatws_session_start(ngx_http_chatws_session_t *s)
{
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_chatws_hold_t  *hold;

    c = s->connection;
    hold = s->hold;
    r = hold->request;

    r->count++;
    r->keepalive = 0;
    r->read_event_handler = ngx_http_chatws_held_read;
    r->write_event_handler = ngx_http_chatws_held_write;

    s->started = 1;

    hold->handler = ngx_http_chatws_request_handler(c);

    ngx_http_chatws_own_events(s);

    c->send_chain = ngx_http_chatws_throw_away;
    c->write->delayed = 0;

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    ngx_post_event(&hold->look, &ngx_posted_events);

    return NGX_DONE;
}


/* OpenSSL may have put a handler of its own in front of nginx's. */

static ngx_event_handler_pt
ngx_http_chatws_request_handler(ngx_connection_t *c)
{
#if (NGX_HTTP_SSL)

    if (c->ssl && c->ssl->saved_read_handler) {
        return c->ssl->saved_read_handler;
    }

#endif

    return c->read->handler;
}


void
ngx_http_chatws_own_events(ngx_http_chatws_session_t *s)
{
    if (s->hold != NULL) {
        ngx_http_chatws_set_handlers(s->connection,
                                     ngx_http_chatws_held_handler,
                                     ngx_http_chatws_held_handler);
        return;
    }

    ngx_http_chatws_set_handlers(s->connection, ngx_http_chatws_read_handler,
                                 ngx_http_chatws_write_handler);
}


static void
ngx_http_chatws_set_handlers(ngx_connection_t *c, ngx_event_handler_pt read,
    ngx_event_handler_pt write)
{
#if (NGX_HTTP_SSL)

    if (c->ssl) {

        /* where they are put aside they come back by themselves */

        if (c->ssl->saved_read_handler) {
            c->ssl->saved_read_handler = read;
            read = c->read->handler;
        }

        if (c->ssl->saved_write_handler) {
            c->ssl->saved_write_handler = write;
            write = c->write->handler;
        }
    }

#endif

    c->read->handler = read;
    c->write->handler = write;
}


/*
 * The session of a request that is held.  Other modules add cleanups before
 * and behind ours; NULL: nginx has run them.
 */

static ngx_http_chatws_session_t *
ngx_http_chatws_held(ngx_http_request_t *r)
{
    ngx_http_cleanup_t  *cln;

    for (cln = r->main->cleanup; cln != NULL; cln = cln->next) {
        if (cln->handler == ngx_http_chatws_request_end) {
            return cln->data;
        }
    }

    return NULL;
}


/* A look at the request, from outside of it. */

static void
ngx_http_chatws_look_handler(ngx_event_t *ev)
{
    ngx_connection_t           *c;
    ngx_http_request_t         *r;
    ngx_http_chatws_hold_t     *hold;
    ngx_http_chatws_session_t  *s;

    c = ev->data;
    s = ngx_http_chatws_held(c->data);
    hold = s->hold;
    r = hold->request;

    ev->timedout = 0;

    if (!hold->begun && ngx_http_chatws_begin(s) != NGX_OK) {
        ngx_http_chatws_destroy(s);
        return;
    }

    if (!ngx_http_chatws_alone(r)) {

        /* not idle: nginx would end it if a subrequest has just failed */

        c->idle = 0;

        ngx_http_chatws_own_events(s);

        ngx_add_timer(ev, hold->pause);
        hold->pause = ngx_min(hold->pause * 2, NGX_HTTP_CHATWS_LOOK_MAX);

    } else if (r->limit_conn_status == NGX_HTTP_CHATWS_LIMIT_CONN_PASSED) {
        c->idle = 1;

        ngx_http_chatws_own_events(s);

    } else {
        ngx_http_chatws_free_request(s);
    }

    if (ngx_exiting && !s->draining) {
        /* it was not idle, or not there, when the others were told */
        c->close = 1;
    }

    ngx_http_chatws_write_event(s);
    ngx_http_chatws_read_event(s, 0);
}


/* The connection becomes the session's. */

static ngx_int_t
ngx_http_chatws_begin(ngx_http_chatws_session_t *s)
{
    ngx_buf_t               *b;
    ngx_connection_t        *c;
    ngx_http_chatws_hold_t  *hold;

    c = s->connection;
    hold = s->hold;

    hold->begun = 1;
    hold->pause = NGX_HTTP_CHATWS_LOOK;

    c->log->action = "serving a websocket";

#if (NGX_HTTP_SSL)
    if (c->ssl) {
        SSL_set_mode(c->ssl->connection,
                     SSL_MODE_ENABLE_PARTIAL_WRITE
                     |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
#endif

    if (ngx_http_chatws_flush(s) == NGX_ERROR || ngx_tcp_nodelay(c) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_chatws_first_ping(s);

    /* what came together with the request lies in memory of the request */

    b = hold->request->header_in;

    ngx_http_chatws_session_read(s, b->pos, b->last);
    b->pos = b->last;

    return NGX_OK;
}


/* Whether nobody but the session has a use for the request any more. */

static ngx_int_t
ngx_http_chatws_alone(ngx_http_request_t *r)
{
    return r->count == 1
           && r->connection->data == r
           && r->posted_requests == NULL
           && r->postponed == NULL
           && !r->blocked
           && !r->aio;
}


ngx_event_t *
ngx_http_chatws_session_timer(ngx_http_chatws_session_t *s)
{
    /* nginx deletes the one of c->read when a subrequest is proxied */

    return s->hold != NULL ? &s->hold->timer : s->connection->read;
}


static void
ngx_http_chatws_timer_handler(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    ev->timedout = 0;

    ngx_http_chatws_read_event(ngx_http_chatws_held(c->data), 1);
}


/* The handler of both events of the connection. */

static void
ngx_http_chatws_held_handler(ngx_event_t *ev)
{
    ngx_connection_t           *c;
    ngx_event_handler_pt        handler;
    ngx_http_chatws_session_t  *s;

    c = ev->data;
    s = ngx_http_chatws_held(c->data);

    if (!s->hold->begun) {
        /* look() comes at once, and what came with the request first */
        return;
    }

    handler = s->hold->handler;

    if (c->data == s->hold->request) {
        /* timers of the request have no meaning any more */
        ev->timedout = 0;
        ev->delayed = 0;
        handler = NULL;
    }

    if (ev->write) {
        ngx_http_chatws_write_event(s);

    } else {
        ngx_http_chatws_read_event(s, 0);
    }

    if (handler != NULL && !c->destroyed) {
        /* a subrequest is active */
        handler(ev);
    }
}


/* nginx itself had the event: it has put its own handlers back. */

static void
ngx_http_chatws_held_read(ngx_http_request_t *r)
{
    ngx_http_chatws_session_t  *s;

    s = ngx_http_chatws_held(r);

    if (s == NULL) {
        return;
    }

    ngx_http_chatws_own_events(s);

    if (!s->hold->begun) {
        return;
    }

    ngx_http_chatws_write_event(s);
    ngx_http_chatws_read_event(s, 0);
}


/* The request was posted, or a subrequest is done and the next may come. */

static void
ngx_http_chatws_held_write(ngx_http_request_t *r)
{
    if (r->postponed != NULL && ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        r->connection->error = 1;
    }

    ngx_http_chatws_held_read(r);
}


/* There is no body behind a 101. */

static ngx_chain_t *
ngx_http_chatws_throw_away(ngx_connection_t *c, ngx_chain_t *in, off_t limit)
{
    ngx_chain_t  *cl;

    for (cl = in; cl != NULL; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "chatws throws output of others away");

    return NULL;
}


/* Most of an idle connection's memory is in the request and the pools. */

static void
ngx_http_chatws_free_request(ngx_http_chatws_session_t *s)
{
    ngx_uint_t           timer_set;
    ngx_msec_int_t       left;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = s->connection;

    timer_set = s->hold->timer.timer_set;
    left = (ngx_msec_int_t) (s->hold->timer.timer.key - ngx_current_msec);

    r = ngx_http_chatws_let_go(s);

    /* not to be found by what runs at the end of the request */

    c->data = s;

    ngx_http_free_request(r, 0);

    c->destroyed = 0;
    c->data = s;
    c->idle = 1;
    c->buffered = 0;

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    c->write->delayed = 0;
    c->write->timedout = 0;
    c->read->timedout = 0;

    ngx_http_chatws_own_events(s);

    if (timer_set) {
        ngx_add_timer(c->read, ngx_max(left, 0));
    }

    ngx_http_chatws_free_pool(s);

    if (s->draining) {
        /* it could not be handed over before */
        s->handlers->quit(s);
    }
}


/* The pool of the connection, where it has no other user. */

static void
ngx_http_chatws_free_pool(ngx_http_chatws_session_t *s)
{
    ngx_log_t         *log;
    ngx_connection_t  *c;

    c = s->connection;
    log = c->log;

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
ngx_http_chatws_session_give_back(ngx_http_chatws_session_t *s)
{
    ngx_connection_t      *c;
    ngx_http_request_t    *r;
    ngx_event_handler_pt   handler;

    c = s->connection;
    handler = s->hold->handler;

    r = ngx_http_chatws_let_go(s);

    if (r->count == 1 && !r->blocked) {
        ngx_http_free_request(r, 0);
        ngx_http_close_connection(c);

    } else {
        /* nginx terminates all there is, as when a client goes away */
        c->close = 1;
        handler(c->read);
    }
}


/* The request is nginx's alone again. */

static ngx_http_request_t *
ngx_http_chatws_let_go(ngx_http_chatws_session_t *s)
{
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_chatws_hold_t  *hold;

    c = s->connection;
    hold = s->hold;
    r = hold->request;

    s->hold = NULL;

    hold->cleanup->handler = NULL;

    if (!s->started) {
        return r;
    }

    c->idle = 0;

    ngx_http_chatws_set_handlers(c, hold->handler, hold->handler);

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    if (hold->look.posted) {
        ngx_delete_posted_event(&hold->look);
    }

    if (hold->look.timer_set) {
        ngx_del_timer(&hold->look);
    }

    if (hold->timer.timer_set) {
        ngx_del_timer(&hold->timer);
    }

    return r;
}
