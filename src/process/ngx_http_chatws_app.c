
/*
 * Copyright (C) chatws contributors
 *
 * App servers: see ngx_http_chatws_app.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include "process/ngx_http_chatws_app.h"


/* in milliseconds: for how long a connection without a question is kept */
#define NGX_HTTP_CHATWS_APP_KEEP  60000

/* seconds between two failures of an app server that are logged */
#define NGX_HTTP_CHATWS_APP_LOG  10


static const char *ngx_http_chatws_app_parse(ngx_conf_t *cf, ngx_url_t *u,
    const ngx_str_t *url);
static ngx_int_t ngx_http_chatws_app_head(ngx_conf_t *cf,
    ngx_http_chatws_app_t *app, ngx_url_t *u);
static ngx_uint_t ngx_http_chatws_app_is_silent(ngx_connection_t *c);
static void ngx_http_chatws_app_kept_handler(ngx_event_t *rev);
static void ngx_http_chatws_app_dummy_handler(ngx_event_t *ev);


ngx_http_chatws_app_t *
ngx_http_chatws_app_add(ngx_conf_t *cf, ngx_str_t *directive, ngx_str_t *url)
{
    ngx_url_t               u;
    const char             *why;
    ngx_http_chatws_app_t  *app;

    why = ngx_http_chatws_app_parse(cf, &u, url);

    if (why != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid URL \"%V\" of \"%V\": %s", url, directive,
                           why);
        return NULL;
    }

    app = ngx_pcalloc(cf->pool, sizeof(ngx_http_chatws_app_t));
    if (app == NULL) {
        return NULL;
    }

    app->url = *url;
    app->addrs = u.addrs;
    app->naddrs = u.naddrs;

    return ngx_http_chatws_app_head(cf, app, &u) == NGX_OK ? app : NULL;
}


/* Returns NULL, or what is wrong with the URL. */

static const char *
ngx_http_chatws_app_parse(ngx_conf_t *cf, ngx_url_t *u, const ngx_str_t *url)
{
    size_t  i, skip;

    static ngx_str_t  http = ngx_string("http://");

    ngx_memzero(u, sizeof(ngx_url_t));

    skip = 0;

    if (url->len > http.len
        && ngx_strncasecmp(url->data, http.data, http.len) == 0)
    {
        skip = http.len;

    } else if (url->len < 5
               || ngx_strncasecmp(url->data, (u_char *) "unix:", 5) != 0)
    {
        return "it begins neither with \"http://\" nor with \"unix:\"";
    }

    /* it becomes a part of the head of a request */

    for (i = 0; i < url->len; i++) {
        if (url->data[i] <= ' ' || url->data[i] == 0x7f
            || url->data[i] == '#')
        {
            return "it has a blank, a control character or a fragment";
        }
    }

    u->url.len = url->len - skip;
    u->url.data = url->data + skip;
    u->default_port = 80;
    u->uri_part = 1;

    if (ngx_parse_url(cf->pool, u) != NGX_OK) {
        return u->err != NULL ? u->err : "it can't be used";
    }

    return NULL;
}


static ngx_int_t
ngx_http_chatws_app_head(ngx_conf_t *cf, ngx_http_chatws_app_t *app,
    ngx_url_t *u)
{
    size_t      len;
    u_char     *p;
    ngx_str_t   host, slash;

    /* a path of a socket is no name of a host */

    if (u->family == AF_UNIX) {
        ngx_str_set(&host, "localhost");

    } else {
        host.data = u->url.data;
        host.len = u->uri.len != 0 ? (size_t) (u->uri.data - u->url.data)
                                   : u->url.len;
    }

    ngx_str_set(&slash, "/");

    if (u->uri.len != 0 && u->uri.data[0] == '/') {
        slash.len = 0;
    }

    len = sizeof("POST  HTTP/1.1\r\nHost: \r\n"
                 "Content-Type: application/json\r\n") - 1
          + slash.len + u->uri.len + host.len;

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    app->head.data = p;
    app->head.len = len;

    (void) ngx_sprintf(p, "POST %V%V HTTP/1.1\r\nHost: %V\r\n"
                          "Content-Type: application/json\r\n",
                       &slash, &u->uri, &host);

    return NGX_OK;
}


void
ngx_http_chatws_app_failed(ngx_http_chatws_app_t *app, const char *why,
    ngx_err_t err)
{
    time_t  now;

    now = ngx_time();
    app->failures++;

    if (app->logged != 0 && now - app->logged < NGX_HTTP_CHATWS_APP_LOG) {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, err,
                  "chatws question to \"%V\" failed: %s (questions: %ui, "
                  "the last)", &app->url, why, app->failures);

    app->logged = now;
    app->failures = 0;
}


ngx_int_t
ngx_http_chatws_app_connect(ngx_http_chatws_app_t *app, ngx_connection_t **c,
    ngx_err_t *err)
{
    ngx_int_t               rc;
    ngx_log_t               quiet;
    ngx_addr_t             *addr;
    ngx_peer_connection_t   pc;

    if (ngx_cycle->free_connection_n == 0
        && ngx_cycle->reusable_connections_n == 0)
    {
        return NGX_ERROR;
    }

    addr = &app->addrs[app->current % app->naddrs];

    /* nginx logs each connect() that fails: these are logged by app_failed() */

    quiet = *ngx_cycle->log;
    quiet.log_level = ngx_min(quiet.log_level, NGX_LOG_ALERT);

    ngx_memzero(&pc, sizeof(ngx_peer_connection_t));

    pc.sockaddr = addr->sockaddr;
    pc.socklen = addr->socklen;
    pc.name = &addr->name;
    pc.get = ngx_event_get_peer;
    pc.log = &quiet;
    pc.log_error = NGX_ERROR_INFO;

    rc = ngx_event_connect_peer(&pc);

    if (rc == NGX_DECLINED) {

        /* closing a socket, if it works, leaves the error as it is */

        *err = ngx_socket_errno;
        app->current++;
    }

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        return rc;
    }

    *c = pc.connection;

    (*c)->log = ngx_cycle->log;
    (*c)->read->log = ngx_cycle->log;
    (*c)->write->log = ngx_cycle->log;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, ngx_cycle->log, 0,
                   "chatws app \"%V\" connect:%i", &app->url, rc);

    return rc;
}


ngx_err_t
ngx_http_chatws_app_refused(ngx_connection_t *c)
{
    int        err;
    socklen_t  len;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        return ngx_socket_errno;
    }

    return err;
}


void
ngx_http_chatws_app_keep(ngx_http_chatws_app_t *app, ngx_connection_t *c)
{
    if (ngx_exiting
        || ngx_terminate
        || app->nkept == NGX_HTTP_CHATWS_APP_KEPT
        || c->read->eof
        || c->read->error
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        ngx_close_connection(c);
        return;
    }

    app->kept[app->nkept++] = c;

    c->data = app;
    c->read->handler = ngx_http_chatws_app_kept_handler;
    c->write->handler = ngx_http_chatws_app_dummy_handler;

    /* a worker that quits, or is short of connections, closes it */

    c->idle = 1;
    ngx_reusable_connection(c, 1);

    c->read->cancelable = 1;
    ngx_add_timer(c->read, NGX_HTTP_CHATWS_APP_KEEP);

    /* what came meanwhile, if anything, is told by no other event */

    if (c->read->ready) {
        ngx_post_event(c->read, &ngx_posted_events);
    }
}


/*
 * What has come without being asked for would be taken for the answer to the
 * next question, so such a connection is closed.
 */

ngx_connection_t *
ngx_http_chatws_app_take(ngx_http_chatws_app_t *app)
{
    ngx_connection_t  *c;

    while (app->nkept != 0) {
        c = app->kept[--app->nkept];

        c->idle = 0;
        ngx_reusable_connection(c, 0);

        ngx_del_timer(c->read);
        c->read->cancelable = 0;

        if (c->read->posted) {
            ngx_delete_posted_event(c->read);
        }

        if (ngx_http_chatws_app_is_silent(c)) {
            return c;
        }

        ngx_close_connection(c);
    }

    return NULL;
}


/* Whether a kept connection is open, and nothing was received on it. */

static ngx_uint_t
ngx_http_chatws_app_is_silent(ngx_connection_t *c)
{
    u_char  byte;

    return recv(c->fd, &byte, 1, MSG_PEEK) == -1
           && ngx_socket_errno == NGX_EAGAIN;
}


/* Nothing is expected on a kept connection: whatever comes, it is closed. */

static void
ngx_http_chatws_app_kept_handler(ngx_event_t *rev)
{
    ngx_uint_t              i;
    ngx_connection_t       *c;
    ngx_http_chatws_app_t  *app;

    c = rev->data;
    app = c->data;

    if (!c->close
        && !rev->timedout
        && ngx_http_chatws_app_is_silent(c))
    {
        rev->ready = 0;

        if (ngx_handle_read_event(rev, 0) == NGX_OK) {
            return;
        }
    }

    for (i = 0; app->kept[i] != c; i++) {
        /* void */
    }

    app->nkept--;

    for ( /* void */ ; i < app->nkept; i++) {
        app->kept[i] = app->kept[i + 1];
    }

    ngx_close_connection(c);
}


static void
ngx_http_chatws_app_dummy_handler(ngx_event_t *ev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_EVENT, ev->log, 0,
                   "chatws app connection is kept");
}


void
ngx_http_chatws_app_done(ngx_http_chatws_app_t *app)
{
    while (app->nkept != 0) {
        ngx_close_connection(app->kept[--app->nkept]);
    }
}
