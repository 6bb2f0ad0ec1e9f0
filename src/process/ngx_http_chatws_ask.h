
/*
 * Copyright (C) chatws contributors
 *
 * The HTTP client of a worker: it asks an app server, and hands the answer to
 * whoever has asked, if he is still there.  Questions belong to no request.
 */


#ifndef _NGX_HTTP_CHATWS_ASK_H_INCLUDED_
#define _NGX_HTTP_CHATWS_ASK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_app.h"


/* bytes of an answer's body, at most */
#define NGX_HTTP_CHATWS_ASK_MAX  65536


/* an open question; it frees itself */
typedef struct ngx_http_chatws_ask_s  ngx_http_chatws_ask_t;


/*
 * The answer: status 200 to 599; 0: there was none, which was logged.  body
 * is valid during the call, may be changed, and is empty without an answer.
 * The question is over: the owner does not cancel it any more.
 */
typedef void (*ngx_http_chatws_asked_pt)(void *owner, ngx_uint_t status,
    ngx_str_t *body);


/*
 * Asks by POST: fields are lines of a header, each with CR and LF, which may
 * be empty, and body a JSON text; both are copied.  The handler is called
 * once, after the return, within timeout milliseconds.
 *
 * Returns the question, for ask_cancel(); NULL: there is no memory, and the
 * handler is not called.
 */
ngx_http_chatws_ask_t *ngx_http_chatws_ask(ngx_http_chatws_app_t *app,
    const ngx_str_t *fields, const ngx_str_t *body, ngx_msec_t timeout,
    ngx_http_chatws_asked_pt handler, void *owner);

/* The owner has gone: ends the question, and the handler is not called. */
void ngx_http_chatws_ask_cancel(ngx_http_chatws_ask_t *ask);

/*
 * At the end of the worker: closes all connections to app servers.  Handlers
 * of questions that are open are not called.
 */
void ngx_http_chatws_ask_exit(void);


#endif /* _NGX_HTTP_CHATWS_ASK_H_INCLUDED_ */
