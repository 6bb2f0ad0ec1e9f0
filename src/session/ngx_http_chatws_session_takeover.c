
/*
 * Copyright (C) chatws contributors
 *
 * The take-over: how the connection of a request becomes that of a session.
 * This file alone knows both of them.
 *
 * nginx frees a request only when all its users are done with it, and others
 * than the session may use it after the 101: subrequests go on, and other
 * modules post it or count references.  So the session holds the request until
 * it is the last user.  There are three stages:
 *
 *   PREPARED  The session exists, the 101 was not sent.  If nginx ends the
 *      |      request now, for any reason, the session is freed with it, and
 *      |      its user is not told.
 *      |
 *      |      session_start(): the 101 is the first output of the session
 *      v
 *   HELD      The session is alive, and so is the request.  nginx needs
 *      |      c->data to be the request, or one of its subrequests, and it
 *      |      needs the timer of c->read.  The session has a timer of its own
 *      |      and the event handlers of the connection, which pass events on to
 *      |      a subrequest that waits for them.  Output of other modules is
 *      |      thrown away.
 *      |
 *      |      look_handler(): nobody else uses the request
 *      v
 *   FREE      The request was finalized and freed.  c->data is the session.
 *             If the connection is not one of TLS, its pool was freed as well.
 *
 * s->hold and s->started tell the stage: in PREPARED s->hold is set, in HELD
 * both are, and in FREE s->hold is NULL.
 *
 * There are two more ways out of HELD.  nginx may terminate the request: then
 * a cleanup handler of the request ends the session.  Or the session ends: then
 * nginx is told to terminate the request.
 *
 * nginx tells nobody when the last other user has let go of the request.  So
 * the session looks again and again, in an event of its own, outside of all
 * code of nginx that handles the request.
 *
 * A request that limit_conn counts stays HELD: it is counted until it ends.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include "session/ngx_http_chatws_session_private.h"


/* the first and the longest pause, in milliseconds, between two looks */
#define NGX_HTTP_CHATWS_LOOK      10
#define NGX_HTTP_CHATWS_LOOK_MAX  1000

/* r->limit_conn_status of a request that limit_conn counts */
#define NGX_HTTP_CHATWS_LIMIT_CONN_PASSED  1


/* A request that a session holds.  It lies in the pool of the request. */

struct ngx_http_chatws_hold_s {
    ngx_http_request_t    *request;
    ngx_http_cleanup_t    *cleanup;    /* of the request, ends the session */
    ngx_event_handler_pt   handler;    /* of nginx, for the connection */
    ngx_event_t            look;       /* posted at first, then a timer */
    ngx_event_t            timer;      /* of the session */
    ngx_msec_t             pause;      /* before the next look */
    unsigned               begun:1;    /* the first look was taken */
};


static void ngx_http_chatws_request_end(void *data);
static ngx_event_handler_pt ngx_http_chatws_request_handler(
    ngx_connection_t *c);
static void ngx_http_chatws_set_handlers(ngx_connection_t *c,
    ngx_event_handler_pt read, ngx_event_handler_pt write);
static ngx_http_chatws_session_t *ngx_http_chatws_holder(
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


/* The cleanup handler: nginx ends the request, and the session with it. */

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


/*
 * Returns nginx's event handler of the connection.  While OpenSSL waits for an
 * event of the other direction, nginx has saved it and set another one.
 */

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

        /* saved handlers are restored by nginx, so these are replaced */

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
 * Returns the session that holds the request.  Other modules may have added
 * cleanup handlers before and behind ours, so it is looked for.  NULL: nginx
 * has already run the cleanup handlers, and the session is gone.
 */

static ngx_http_chatws_session_t *
ngx_http_chatws_holder(ngx_http_request_t *r)
{
    ngx_http_cleanup_t  *cln;

    for (cln = r->main->cleanup; cln != NULL; cln = cln->next) {
        if (cln->handler == ngx_http_chatws_request_end) {
            return cln->data;
        }
    }

    return NULL;
}


/* Looks whether the request can be freed.  The first look begins to read. */

static void
ngx_http_chatws_look_handler(ngx_event_t *ev)
{
    ngx_connection_t           *c;
    ngx_http_request_t         *r;
    ngx_http_chatws_hold_t     *hold;
    ngx_http_chatws_session_t  *s;

    c = ev->data;
    s = ngx_http_chatws_holder(c->data);
    hold = s->hold;
    r = hold->request;

    ev->timedout = 0;

    if (!hold->begun && ngx_http_chatws_begin(s) != NGX_OK) {
        ngx_http_chatws_destroy(s);
        return;
    }

    if (!ngx_http_chatws_alone(r)) {

        /*
         * Of a connection that is idle nginx would end the request when a
         * subrequest fails.
         */

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
        /* nginx tells idle connections only, and this was none by then */
        c->close = 1;
    }

    ngx_http_chatws_write_event(s);
    ngx_http_chatws_read_event(s, 0);
}


/* Begins to write and to read, when nginx has returned from the request. */

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

    if (ngx_http_chatws_flush(s) == NGX_ERROR
        || ngx_http_chatws_no_delay(c) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (s->state == NGX_HTTP_CHATWS_OPEN) {
        ngx_http_chatws_first_ping(s);

    } else {
        ngx_http_chatws_close_timer(s);
    }

    /* frames that came together with the request lie in its buffer */

    b = hold->request->header_in;

    ngx_http_chatws_session_read(s, b->pos, b->last);
    b->pos = b->last;

    return NGX_OK;
}


/* Returns 1 if nobody but the session uses the request, else 0. */

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
    /* nginx deletes the timer of c->read when a subrequest is proxied */

    return s->hold != NULL ? &s->hold->timer : s->connection->read;
}


static void
ngx_http_chatws_timer_handler(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    ev->timedout = 0;

    ngx_http_chatws_read_event(ngx_http_chatws_holder(c->data), 1);
}


/*
 * The handler of both events of the connection in HELD.  After the session
 * has had the event, the active subrequest gets it, if there is one.
 */

static void
ngx_http_chatws_held_handler(ngx_event_t *ev)
{
    ngx_connection_t           *c;
    ngx_event_handler_pt        handler;
    ngx_http_chatws_session_t  *s;

    c = ev->data;
    s = ngx_http_chatws_holder(c->data);

    if (!s->hold->begun) {
        /* the first look is posted: it reads the bytes that came first */
        return;
    }

    handler = s->hold->handler;

    if (c->data == s->hold->request) {
        /* no subrequest is active, and timers of the request mean nothing */
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
        handler(ev);
    }
}


/*
 * Is called by nginx, which has set its own event handlers again: because an
 * event came to the request, or the request became the active one.
 */

static void
ngx_http_chatws_held_read(ngx_http_request_t *r)
{
    ngx_http_chatws_session_t  *s;

    s = ngx_http_chatws_holder(r);

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


/*
 * Is called by nginx when the request was posted or a subrequest is done.  Its
 * output filter then lets the next postponed subrequest run.
 */

static void
ngx_http_chatws_held_write(ngx_http_request_t *r)
{
    if (r->postponed != NULL && ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        r->connection->error = 1;
    }

    ngx_http_chatws_held_read(r);
}


/*
 * The send_chain() of the connection: other modules may still write a body,
 * and behind a 101 there must be none.
 */

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


/*
 * Frees the request, and enters FREE: most of the memory of an idle connection
 * is that of its request and its pools.
 */

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

    /* code that runs at the end of the request must not find it in c->data */

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
        /* the session could not be handed over before */
        s->handlers->quit(s);
    }
}


/*
 * Frees the pool of the connection, unless TLS or a cleanup handler of another
 * module uses it.
 */

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
        /* nginx terminates all subrequests, as when a client goes away */
        c->close = 1;
        handler(c->read);
    }
}


/*
 * Gives the request back to nginx: it gets its event handlers again, and the
 * session holds it no more.  Returns the request.
 */

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
