
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_close: a WebSocket that is closed with the first frame.
 * A browser tells a page neither the status nor the body of a handshake that
 * was refused, but it does tell the code and the reason of a close.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_utf8.h"
#include "endpoint/ngx_http_chatws_conf_check.h"
#include "endpoint/ngx_http_chatws_farewell.h"
#include "endpoint/ngx_http_chatws_handlers.h"
#include "endpoint/ngx_http_chatws_upgrade.h"


/* codes that an application may use: RFC 6455, section 7.4.2 */
#define NGX_HTTP_CHATWS_CODE_MIN    4000
#define NGX_HTTP_CHATWS_CODE_MAX    4999

/* bytes of a reason: RFC 6455, section 5.5 */
#define NGX_HTTP_CHATWS_REASON_MAX  123

/* of so many worker_connections one may be closed so at a time */
#define NGX_HTTP_CHATWS_FAREWELLS   16


/* A location that an error_page may lead away from. */

typedef struct {
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_core_srv_conf_t  *cscf;
} ngx_http_chatws_page_t;


static ngx_int_t ngx_http_chatws_farewell_plain(ngx_http_request_t *r,
    ngx_uint_t status);
static void ngx_http_chatws_farewell_message(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);
static void ngx_http_chatws_farewell_ignore(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_farewell_gone(ngx_http_chatws_session_t *s);
static ngx_int_t ngx_http_chatws_farewell_is_led(
    ngx_http_err_page_t *err_page, ngx_http_core_srv_conf_t *cscf);
static ngx_int_t ngx_http_chatws_farewell_keep(ngx_conf_t *cf,
    ngx_http_chatws_page_t *page);


/* the session is closed before it starts: it has neither input nor an end */

static const ngx_http_chatws_handlers_t
    ngx_http_chatws_farewell_handlers = {

    ngx_http_chatws_farewell_message,
    ngx_http_chatws_farewell_ignore,
    ngx_http_chatws_farewell_gone,
    ngx_http_chatws_farewell_ignore,
    NULL,
    NULL,
    NULL,
    NULL
};


/* the connections of this worker that are closed so */
static ngx_uint_t  ngx_http_chatws_farewells;


ngx_int_t
ngx_http_chatws_farewell_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_str_t                     frame;
    ngx_uint_t                    status;
    const chatws_fault_t         *fault;
    ngx_http_chatws_session_t    *s;
    ngx_http_chatws_farewell_t   *farewell;
    ngx_http_chatws_loc_conf_t   *cwlcf;
    ngx_http_chatws_handshake_t   hs;
    u_char                        data[CHATWS_FRAME_CLOSE_MAX];

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);
    farewell = cwlcf->farewell;

    /* the answer is 101 in spite of the status that has led here */

    status = r->err_status;
    r->err_status = 0;

    if (r->method != NGX_HTTP_GET
        || ngx_http_chatws_farewells
           >= ngx_cycle->connection_n / NGX_HTTP_CHATWS_FAREWELLS
        || ngx_http_chatws_handshake(r, &cwlcf->session, &hs, &fault) != 0)
    {
        return ngx_http_chatws_farewell_plain(r, status);
    }

    /* nothing is sent that would be worth it */
    hs.deflate = 0;

    if (ngx_http_chatws_handshake_offers(r, &ngx_http_chatws_handshake_v1)) {
        /* a browser that has offered it fails unless it is chosen */
        hs.subprotocol = ngx_http_chatws_handshake_v1;
    }

    s = ngx_http_chatws_session_create(r, sizeof(ngx_http_chatws_session_t),
                                       &cwlcf->session,
                                       &ngx_http_chatws_farewell_handlers);
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    frame.data = data;
    frame.len = chatws_frame_close(data, farewell->code,
                                   (chatws_str_t *) &farewell->reason);

    ngx_http_chatws_session_refuse(s, farewell->code);

    rc = ngx_http_chatws_upgrade(r, &hs, s, &frame);

    if (rc == NGX_DONE) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "chatws closes with %ui: %V", farewell->code,
                      &farewell->reason);

        ngx_http_chatws_farewells++;
    }

    return rc;
}


/* Answers with the status that has led here, as nginx does by itself. */

static ngx_int_t
ngx_http_chatws_farewell_plain(ngx_http_request_t *r, ngx_uint_t status)
{
    /* an error_page could lead here again */
    r->error_page = 1;

    return status >= NGX_HTTP_SPECIAL_RESPONSE ? status : NGX_HTTP_FORBIDDEN;
}


static void
ngx_http_chatws_farewell_message(ngx_http_chatws_session_t *s,
    chatws_event_t *ev)
{
    /* void */
}


static void
ngx_http_chatws_farewell_ignore(ngx_http_chatws_session_t *s)
{
    /* void */
}


static void
ngx_http_chatws_farewell_gone(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_farewells--;
}


char *
ngx_http_chatws_farewell_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_int_t                     code;
    ngx_str_t                    *value;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_chatws_farewell_t   *farewell;
    ngx_http_chatws_main_conf_t  *cwmcf;

    if (cwlcf->farewell != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    code = ngx_atoi(value[1].data, value[1].len);

    if (code < NGX_HTTP_CHATWS_CODE_MIN || code > NGX_HTTP_CHATWS_CODE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" value \"%V\" must be between %d and %d",
                           &value[0], &value[1], NGX_HTTP_CHATWS_CODE_MIN,
                           NGX_HTTP_CHATWS_CODE_MAX);
        return NGX_CONF_ERROR;
    }

    if (value[2].len > NGX_HTTP_CHATWS_REASON_MAX
        || chatws_utf8_valid(value[2].data, value[2].len) != CHATWS_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" value \"%V\" must be at most %d bytes of "
                           "UTF-8", &value[0], &value[2],
                           NGX_HTTP_CHATWS_REASON_MAX);
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler != NULL) {
        ngx_http_chatws_conf_other_handler(cf, &value[0]);
        return NGX_CONF_ERROR;
    }

    farewell = ngx_palloc(cf->pool, sizeof(ngx_http_chatws_farewell_t));

    if (farewell == NULL
        || ngx_http_chatws_conf_use(cf, ngx_http_chatws_farewell_handler)
           == NULL)
    {
        return NGX_CONF_ERROR;
    }

    farewell->code = code;
    farewell->reason = value[2];

    cwlcf->farewell = farewell;
    cwlcf->handler = ngx_http_chatws_farewell_handler;
    clcf->handler = ngx_http_chatws_farewell_handler;

    cwmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_chatws_module);

    if (cwmcf->pages != NULL) {
        return NGX_CONF_OK;
    }

    cwmcf->pages = ngx_array_create(cf->pool, 4,
                                    sizeof(ngx_http_chatws_page_t));

    return cwmcf->pages == NULL ? NGX_CONF_ERROR : NGX_CONF_OK;
}


ngx_int_t
ngx_http_chatws_farewell_note(ngx_conf_t *cf,
    ngx_http_chatws_main_conf_t *cwmcf)
{
    ngx_http_chatws_page_t    *page;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (cwmcf->pages == NULL || clcf->error_pages == NULL) {
        return NGX_OK;
    }

    page = ngx_array_push(cwmcf->pages);
    if (page == NULL) {
        return NGX_ERROR;
    }

    page->clcf = clcf;
    page->cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    return NGX_OK;
}


/*
 * With "=" nginx forgets the status, for a location that answers with one of
 * its own.  But chatws_close has none.
 */

ngx_int_t
ngx_http_chatws_farewell_pages(ngx_conf_t *cf)
{
    ngx_uint_t                    i, j;
    ngx_http_err_page_t          *err_page;
    ngx_http_chatws_page_t       *pages;
    ngx_http_chatws_main_conf_t  *cwmcf;

    cwmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_chatws_module);

    if (cwmcf->pages == NULL) {
        return NGX_OK;
    }

    pages = cwmcf->pages->elts;

    for (i = 0; i < cwmcf->pages->nelts; i++) {
        err_page = pages[i].clcf->error_pages->elts;

        for (j = 0; j < pages[i].clcf->error_pages->nelts; j++) {

            if (!ngx_http_chatws_farewell_is_led(&err_page[j],
                                                 pages[i].cscf))
            {
                continue;
            }

            if (ngx_http_chatws_farewell_keep(cf, &pages[i]) != NGX_OK) {
                return NGX_ERROR;
            }

            break;
        }
    }

    return NGX_OK;
}


/* Whether an error_page with "=" leads to a named location of chatws_close. */

static ngx_int_t
ngx_http_chatws_farewell_is_led(ngx_http_err_page_t *err_page,
    ngx_http_core_srv_conf_t *cscf)
{
    ngx_str_t                  *name;
    ngx_http_core_loc_conf_t  **clcfp;

    name = &err_page->value.value;

    if (err_page->overwrite != 0
        || err_page->value.lengths != NULL
        || cscf->named_locations == NULL)
    {
        return 0;
    }

    for (clcfp = cscf->named_locations; *clcfp != NULL; clcfp++) {

        if ((*clcfp)->name.len == name->len
            && ngx_strncmp((*clcfp)->name.data, name->data, name->len) == 0)
        {
            return (*clcfp)->handler == ngx_http_chatws_farewell_handler;
        }
    }

    return 0;
}


/* Other servers may inherit the same pages, so the location gets its own. */

static ngx_int_t
ngx_http_chatws_farewell_keep(ngx_conf_t *cf, ngx_http_chatws_page_t *page)
{
    ngx_uint_t            i, n;
    ngx_array_t          *copy;
    ngx_http_err_page_t  *err_page;

    n = page->clcf->error_pages->nelts;

    copy = ngx_array_create(cf->pool, n, sizeof(ngx_http_err_page_t));
    if (copy == NULL) {
        return NGX_ERROR;
    }

    err_page = ngx_array_push_n(copy, n);

    ngx_memcpy(err_page, page->clcf->error_pages->elts,
               n * sizeof(ngx_http_err_page_t));

    for (i = 0; i < n; i++) {
        if (ngx_http_chatws_farewell_is_led(&err_page[i], page->cscf)) {
            err_page[i].overwrite = -1;
        }
    }

    page->clcf->error_pages = copy;

    return NGX_OK;
}
