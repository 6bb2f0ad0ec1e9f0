
/*
 * Copyright (C) chatws contributors
 *
 * Questions to app servers.  A question has one timer for all of its life.  It
 * uses a connection that was kept, or else makes one; where the app server has
 * as many as it may have, it waits for its turn.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "http/chatws_http_answer.h"
#include "process/ngx_http_chatws_array.h"
#include "process/ngx_http_chatws_ask.h"
#include "process/ngx_http_chatws_event.h"


/* questions of a worker that an app server is asked at the same time */
#define NGX_HTTP_CHATWS_ASK_OPEN   64

/* bytes that are read at once */
#define NGX_HTTP_CHATWS_ASK_READ   16384

/* bytes of a body that are allocated at first */
#define NGX_HTTP_CHATWS_ASK_BODY   2048


struct ngx_http_chatws_ask_s {
    ngx_queue_t                queue;       /* of its app server */
    ngx_http_chatws_app_t     *app;
    ngx_connection_t          *connection;  /* NULL: it has none yet */
    ngx_http_chatws_asked_pt   handler;
    void                      *owner;
    ngx_connection_t           ident;       /* of the event */
    ngx_event_t                event;       /* posted: start; timer: the end */
    u_char                    *pos;         /* what is to be sent, */
    u_char                    *last;        /* behind the structure */
    u_char                    *body;        /* of the answer, or NULL */
    size_t                     len;
    size_t                     size;
    ngx_uint_t                 tried;       /* addresses */
    chatws_http_answer_t       answer;
    unsigned                   kept:1;      /* the connection was a kept one */
    unsigned                   started:1;   /* it is one of the open ones */
    unsigned                   connected:1;
    unsigned                   received:1;  /* a byte of the answer */
};


static void ngx_http_chatws_ask_use(ngx_http_chatws_app_t *app);
static u_char *ngx_http_chatws_ask_text(ngx_http_chatws_ask_t *ask);
static void ngx_http_chatws_ask_handler(ngx_event_t *ev);
static void ngx_http_chatws_ask_next(ngx_http_chatws_app_t *app);
static void ngx_http_chatws_ask_start(ngx_http_chatws_ask_t *ask);
static void ngx_http_chatws_ask_own(ngx_http_chatws_ask_t *ask,
    ngx_connection_t *c);
static void ngx_http_chatws_ask_connect(ngx_http_chatws_ask_t *ask);
static ngx_int_t ngx_http_chatws_ask_is_connected(
    ngx_http_chatws_ask_t *ask);
static void ngx_http_chatws_ask_write_handler(ngx_event_t *wev);
static void ngx_http_chatws_ask_read_handler(ngx_event_t *rev);
static chatws_rc_e ngx_http_chatws_ask_read(ngx_http_chatws_ask_t *ask,
    u_char *data, size_t len);
static ngx_int_t ngx_http_chatws_ask_put(ngx_http_chatws_ask_t *ask,
    const chatws_str_t *piece);
static void ngx_http_chatws_ask_broken(ngx_http_chatws_ask_t *ask,
    const char *why);
static void ngx_http_chatws_ask_fail(ngx_http_chatws_ask_t *ask,
    const char *why, ngx_err_t err);
static void ngx_http_chatws_ask_done(ngx_http_chatws_ask_t *ask,
    ngx_uint_t status);
static void ngx_http_chatws_ask_unlink(ngx_http_chatws_ask_t *ask);
static void ngx_http_chatws_ask_free(ngx_http_chatws_ask_t *ask);


/* all app servers that this worker has asked; set with the first one */
static ngx_queue_t  ngx_http_chatws_apps;


ngx_http_chatws_ask_t *
ngx_http_chatws_ask(ngx_http_chatws_app_t *app, const ngx_str_t *fields,
    const ngx_str_t *body, ngx_msec_t timeout,
    ngx_http_chatws_asked_pt handler, void *owner)
{
    size_t                  size;
    u_char                 *p;
    ngx_http_chatws_ask_t  *ask;

    size = app->head.len + fields->len + body->len
           + sizeof("Content-Length: \r\n\r\n") - 1 + NGX_SIZE_T_LEN;

    ask = ngx_alloc(sizeof(ngx_http_chatws_ask_t) + size, ngx_cycle->log);
    if (ask == NULL) {
        return NULL;
    }

    ngx_memzero(ask, sizeof(ngx_http_chatws_ask_t));

    ngx_http_chatws_ask_use(app);

    ask->app = app;
    ask->handler = handler;
    ask->owner = owner;

    p = ngx_http_chatws_ask_text(ask);

    ask->pos = p;
    p = ngx_cpymem(p, app->head.data, app->head.len);

    if (fields->len != 0) {
        p = ngx_cpymem(p, fields->data, fields->len);
    }

    p = ngx_sprintf(p, "Content-Length: %uz\r\n\r\n", body->len);
    ask->last = ngx_cpymem(p, body->data, body->len);

    ngx_http_chatws_event_owner(&ask->ident, ask);
    ngx_http_chatws_event_init(&ask->event, &ask->ident,
                               ngx_http_chatws_ask_handler, ngx_cycle->log);

    ngx_queue_insert_tail(&app->waiting, &ask->queue);

    ngx_add_timer(&ask->event, timeout);
    ngx_post_event(&ask->event, &ngx_posted_events);

    return ask;
}


void
ngx_http_chatws_ask_cancel(ngx_http_chatws_ask_t *ask)
{
    ngx_http_chatws_ask_unlink(ask);
    ngx_http_chatws_ask_free(ask);
}


void
ngx_http_chatws_ask_exit(void)
{
    ngx_queue_t            *q;
    ngx_http_chatws_app_t  *app;

    if (ngx_http_chatws_apps.next == NULL) {
        return;
    }

    while (!ngx_queue_empty(&ngx_http_chatws_apps)) {
        q = ngx_queue_head(&ngx_http_chatws_apps);
        app = ngx_queue_data(q, ngx_http_chatws_app_t, queue);

        ngx_queue_remove(q);
        app->used = 0;

        /* those that wait come first: none of them is to get a connection */

        while (!ngx_queue_empty(&app->waiting)) {
            q = ngx_queue_head(&app->waiting);
            ngx_http_chatws_ask_cancel(
                           ngx_queue_data(q, ngx_http_chatws_ask_t, queue));
        }

        while (!ngx_queue_empty(&app->open)) {
            q = ngx_queue_head(&app->open);
            ngx_http_chatws_ask_cancel(
                           ngx_queue_data(q, ngx_http_chatws_ask_t, queue));
        }

        ngx_http_chatws_app_done(app);
    }
}


/* Notes that this worker uses the app server. */

static void
ngx_http_chatws_ask_use(ngx_http_chatws_app_t *app)
{
    if (app->used) {
        return;
    }

    if (ngx_http_chatws_apps.next == NULL) {
        ngx_queue_init(&ngx_http_chatws_apps);
    }

    ngx_queue_init(&app->open);
    ngx_queue_init(&app->waiting);
    ngx_queue_insert_tail(&ngx_http_chatws_apps, &app->queue);

    app->used = 1;
}


/* The text of the question, from its first byte on. */

static u_char *
ngx_http_chatws_ask_text(ngx_http_chatws_ask_t *ask)
{
    return (u_char *) (ask + 1);
}


/* The question is to start, or its time is over. */

static void
ngx_http_chatws_ask_handler(ngx_event_t *ev)
{
    ngx_http_chatws_ask_t  *ask;

    ask = ngx_http_chatws_event_data(ev);

    if (ev->timedout) {
        ngx_http_chatws_ask_fail(ask, ask->connection == NULL
                                      ? "all connections were busy"
                                      : "there was no answer in time", 0);
        return;
    }

    ngx_http_chatws_ask_next(ask->app);
}


/* Starts the questions that have waited longest, as many as may be open. */

static void
ngx_http_chatws_ask_next(ngx_http_chatws_app_t *app)
{
    ngx_queue_t  *q;

    while (app->nopen < NGX_HTTP_CHATWS_ASK_OPEN
           && !ngx_queue_empty(&app->waiting))
    {
        q = ngx_queue_head(&app->waiting);

        ngx_http_chatws_ask_start(
                           ngx_queue_data(q, ngx_http_chatws_ask_t, queue));
    }
}


/* Moves the question to those that are open, and sends it. */

static void
ngx_http_chatws_ask_start(ngx_http_chatws_ask_t *ask)
{
    ngx_connection_t       *c;
    ngx_http_chatws_app_t  *app;

    app = ask->app;

    ngx_queue_remove(&ask->queue);
    ngx_queue_insert_tail(&app->open, &ask->queue);
    app->nopen++;
    ask->started = 1;

    chatws_http_answer_begin(&ask->answer, NGX_HTTP_CHATWS_ASK_MAX);

    c = ngx_http_chatws_app_take(app);

    if (c == NULL) {
        ngx_http_chatws_ask_connect(ask);
        return;
    }

    ngx_http_chatws_ask_own(ask, c);
    ask->kept = 1;
    ask->connected = 1;

    ngx_http_chatws_ask_write_handler(c->write);
}


static void
ngx_http_chatws_ask_own(ngx_http_chatws_ask_t *ask, ngx_connection_t *c)
{
    ask->connection = c;

    c->data = ask;
    c->read->handler = ngx_http_chatws_ask_read_handler;
    c->write->handler = ngx_http_chatws_ask_write_handler;
}


/* Connects to the next address that can be reached. */

static void
ngx_http_chatws_ask_connect(ngx_http_chatws_ask_t *ask)
{
    ngx_err_t          err;
    ngx_int_t          rc;
    ngx_connection_t  *c;

    err = 0;

    while (ask->tried < ask->app->naddrs) {
        ask->tried++;

        rc = ngx_http_chatws_app_connect(ask->app, &c, &err);

        if (rc == NGX_ERROR) {
            ngx_http_chatws_ask_fail(ask, "no connection is free", 0);
            return;
        }

        if (rc == NGX_DECLINED) {
            continue;
        }

        ngx_http_chatws_ask_own(ask, c);
        ask->connected = rc == NGX_OK;

        if (ask->connected) {
            ngx_http_chatws_ask_write_handler(c->write);
        }

        return;
    }

    ngx_http_chatws_ask_fail(ask, "connect() failed", err);
}


/*
 * Before the connection is used for the first time: NGX_OK, or NGX_DECLINED:
 * it was refused, another address was tried, and the question may be over.
 */

static ngx_int_t
ngx_http_chatws_ask_is_connected(ngx_http_chatws_ask_t *ask)
{
    ngx_err_t          err;
    ngx_connection_t  *c;

    if (ask->connected) {
        return NGX_OK;
    }

    c = ask->connection;
    err = ngx_http_chatws_app_refused(c);

    if (err == 0) {
        ask->connected = 1;
        return NGX_OK;
    }

    ngx_close_connection(c);
    ask->connection = NULL;
    ask->app->current++;

    if (ask->tried < ask->app->naddrs) {
        ngx_http_chatws_ask_connect(ask);

    } else {
        ngx_http_chatws_ask_fail(ask, "connect() failed", err);
    }

    return NGX_DECLINED;
}


static void
ngx_http_chatws_ask_write_handler(ngx_event_t *wev)
{
    ssize_t                 n;
    ngx_connection_t       *c;
    ngx_http_chatws_ask_t  *ask;

    c = wev->data;
    ask = c->data;

    if (ngx_http_chatws_ask_is_connected(ask) != NGX_OK) {
        return;
    }

    /* a long question does not wait for the system to fill a packet */

    if (c->tcp_nodelay == NGX_TCP_NODELAY_UNSET
        && ngx_tcp_nodelay(c) != NGX_OK)
    {
        ngx_http_chatws_ask_broken(ask, "the connection is broken");
        return;
    }

    while (ask->pos != ask->last) {
        n = c->send(c, ask->pos, ask->last - ask->pos);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n <= 0) {
            ngx_http_chatws_ask_broken(ask, "the connection is broken");
            return;
        }

        ask->pos += n;
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_http_chatws_ask_fail(ask, "an event can't be waited for", 0);
    }
}


static void
ngx_http_chatws_ask_read_handler(ngx_event_t *rev)
{
    ssize_t                 n;
    ngx_connection_t       *c;
    ngx_http_chatws_ask_t  *ask;
    u_char                  buf[NGX_HTTP_CHATWS_ASK_READ];

    c = rev->data;
    ask = c->data;

    if (ngx_http_chatws_ask_is_connected(ask) != NGX_OK) {
        return;
    }

    for ( ;; ) {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR) {
            ngx_http_chatws_ask_broken(ask, "the connection is broken");
            return;
        }

        if (n == 0) {
            if (chatws_http_answer_end(&ask->answer) == CHATWS_OK) {
                ngx_http_chatws_ask_done(ask, ask->answer.status);

            } else {
                ngx_http_chatws_ask_broken(ask, ask->answer.why);
            }

            return;
        }

        ask->received = 1;

        switch (ngx_http_chatws_ask_read(ask, buf, n)) {

        case CHATWS_OK:
            ngx_http_chatws_ask_done(ask, ask->answer.status);
            return;

        case CHATWS_AGAIN:
            break;

        default:
            ngx_http_chatws_ask_fail(ask, ask->answer.why, 0);
            return;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_chatws_ask_fail(ask, "an event can't be waited for", 0);
    }
}


/* CHATWS_OK: the answer is complete.  CHATWS_ERROR: answer.why says why. */

static chatws_rc_e
ngx_http_chatws_ask_read(ngx_http_chatws_ask_t *ask, u_char *data, size_t len)
{
    size_t        used;
    chatws_rc_e   rc;
    chatws_str_t  piece;

    do {
        rc = chatws_http_answer_read(&ask->answer, data, len, &used, &piece);

        if (rc == CHATWS_ERROR) {
            return rc;
        }

        if (ngx_http_chatws_ask_put(ask, &piece) != NGX_OK) {
            ask->answer.why = "no memory";
            return CHATWS_ERROR;
        }

        data += used;
        len -= used;

    } while (rc == CHATWS_AGAIN && len != 0);

    /* bytes that belong to no answer would be taken for the next one */

    if (len != 0) {
        ask->answer.close = 1;
    }

    return rc;
}


static ngx_int_t
ngx_http_chatws_ask_put(ngx_http_chatws_ask_t *ask, const chatws_str_t *piece)
{
    size_t   size;
    u_char  *body;

    if (piece->len == 0) {
        return NGX_OK;
    }

    if (piece->len > ask->size - ask->len) {

        size = ngx_max(ask->size * 2, NGX_HTTP_CHATWS_ASK_BODY);
        size = ngx_max(size, ask->len + piece->len);

        body = ngx_http_chatws_array_resize(ask->body, ask->len, size,
                                            ngx_cycle->log);
        if (body == NULL) {
            return NGX_ERROR;
        }

        ask->body = body;
        ask->size = size;
    }

    ngx_memcpy(ask->body + ask->len, piece->data, piece->len);
    ask->len += piece->len;

    return NGX_OK;
}


/*
 * The connection has ended before the answer.  If it was a kept one, the app
 * server may have closed it just before it was used: nothing was received,
 * and the question is asked a second time.
 */

static void
ngx_http_chatws_ask_broken(ngx_http_chatws_ask_t *ask, const char *why)
{
    if (!ask->kept || ask->received) {
        ngx_http_chatws_ask_fail(ask, why, 0);
        return;
    }

    ngx_close_connection(ask->connection);

    ask->connection = NULL;
    ask->kept = 0;
    ask->connected = 0;
    ask->pos = ngx_http_chatws_ask_text(ask);

    ngx_http_chatws_ask_connect(ask);
}


static void
ngx_http_chatws_ask_fail(ngx_http_chatws_ask_t *ask, const char *why,
    ngx_err_t err)
{
    ngx_http_chatws_app_failed(ask->app, why, err);

    ask->len = 0;

    ngx_http_chatws_ask_done(ask, 0);
}


/* Hands the answer, or status 0, to the owner, and ends the question. */

static void
ngx_http_chatws_ask_done(ngx_http_chatws_ask_t *ask, ngx_uint_t status)
{
    ngx_str_t          body;
    ngx_connection_t  *c;

    /* an answer to half of a question leaves the connection of no use */

    c = ask->connection;

    if (c != NULL
        && status != 0
        && !ask->answer.close
        && ask->pos == ask->last)
    {
        ask->connection = NULL;
        ngx_http_chatws_app_keep(ask->app, c);
    }

    ngx_http_chatws_ask_unlink(ask);

    body.len = ask->len;
    body.data = ask->body;

    ask->handler(ask->owner, status, &body);

    ngx_http_chatws_ask_free(ask);
}


/* The question is over: the next one gets its place. */

static void
ngx_http_chatws_ask_unlink(ngx_http_chatws_ask_t *ask)
{
    ngx_queue_t            *q;
    ngx_http_chatws_ask_t  *next;
    ngx_http_chatws_app_t  *app;

    app = ask->app;

    if (ask->event.timer_set) {
        ngx_del_timer(&ask->event);
    }

    if (ask->event.posted) {
        ngx_delete_posted_event(&ask->event);
    }

    if (ask->connection != NULL) {
        ngx_close_connection(ask->connection);
        ask->connection = NULL;
    }

    ngx_queue_remove(&ask->queue);

    if (!ask->started) {
        return;
    }

    app->nopen--;

    if (!ngx_queue_empty(&app->waiting)) {
        q = ngx_queue_head(&app->waiting);
        next = ngx_queue_data(q, ngx_http_chatws_ask_t, queue);

        ngx_post_event(&next->event, &ngx_posted_events);
    }
}


static void
ngx_http_chatws_ask_free(ngx_http_chatws_ask_t *ask)
{
    ngx_free(ask->body);
    ngx_free(ask);
}
