
/*
 * Copyright (C) chatws contributors
 *
 * An app server, as a directive names it by an URL, and what a worker keeps of
 * it: connections that can be used again, and questions that wait for one.
 */


#ifndef _NGX_HTTP_CHATWS_APP_H_INCLUDED_
#define _NGX_HTTP_CHATWS_APP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* connections that are kept open, of a worker to an app server */
#define NGX_HTTP_CHATWS_APP_KEPT  16


/*
 * Lives as long as the configuration.  The first part does not change; of the
 * rest each worker has a copy of its own, changed here and by the questions.
 */

typedef struct {
    ngx_str_t          url;           /* as it was written */
    ngx_str_t          head;          /* of each question: the request line,
                                         and fields that are the same */
    ngx_addr_t        *addrs;         /* one at least */
    ngx_uint_t         naddrs;

    ngx_queue_t        queue;         /* of all that the worker has asked */
    ngx_queue_t        open;          /* questions that have a connection */
    ngx_queue_t        waiting;       /* questions that have none */
    ngx_uint_t         nopen;
    ngx_connection_t  *kept[NGX_HTTP_CHATWS_APP_KEPT];
    ngx_uint_t         nkept;
    ngx_uint_t         current;       /* of addrs: the one that is used */
    ngx_uint_t         failures;      /* since the last one that was logged */
    time_t             logged;        /* when that was; 0: never */
    unsigned           used:1;        /* the worker has asked it */
} ngx_http_chatws_app_t;


/*
 * Makes an app server of an URL, http://host[:port][/uri] or
 * [http://]unix:/path[:/uri], whose name is resolved now.  NULL: it is wrong,
 * which was logged with the name of the directive, or there is no memory.
 */
ngx_http_chatws_app_t *ngx_http_chatws_app_add(ngx_conf_t *cf,
    ngx_str_t *directive, ngx_str_t *url);

/*
 * Connects to the address that is used, without waiting.  NGX_OK; NGX_AGAIN:
 * the write event tells when it is over.  The connection, whose handlers are
 * not set, is the caller's then.  NGX_DECLINED: it was refused with *err, and
 * the next address is used from now on.  NGX_ERROR: this worker has no
 * connection for it.
 */
ngx_int_t ngx_http_chatws_app_connect(ngx_http_chatws_app_t *app,
    ngx_connection_t **c, ngx_err_t *err);

/* Returns the error of a connect() that is over, or 0. */
ngx_err_t ngx_http_chatws_app_refused(ngx_connection_t *c);

/* Keeps a connection on which nothing is to come, or closes it. */
void ngx_http_chatws_app_keep(ngx_http_chatws_app_t *app,
    ngx_connection_t *c);

/*
 * Takes a connection that was kept, the one that was used last: its end is the
 * least likely.  NULL: there is none.
 */
ngx_connection_t *ngx_http_chatws_app_take(ngx_http_chatws_app_t *app);

/* Closes all connections that are kept. */
void ngx_http_chatws_app_done(ngx_http_chatws_app_t *app);

/*
 * Logs that a question was not answered, or in a way that is of no use: why
 * says in which, err is an error of the system or 0.  An app server that is
 * down is logged once in a while.
 */
void ngx_http_chatws_app_failed(ngx_http_chatws_app_t *app, const char *why,
    ngx_err_t err);


#endif /* _NGX_HTTP_CHATWS_APP_H_INCLUDED_ */
