
/*
 * Copyright (C) chatws contributors
 *
 * chatws_echo: a WebSocket that sends every message back as it came.  It
 * shows that the engine knows nothing of chats, and lets conformance suites
 * and benchmarks at it.
 * It is for tests only and never ships.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_response.h"
#include "endpoint/ngx_http_chatws_upgrade.h"


typedef struct {
    ngx_http_chatws_session_conf_t  session;  /* has to be the first */
} ngx_http_chatws_echo_loc_conf_t;


static ngx_int_t ngx_http_chatws_echo_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_echo_refusal(ngx_http_request_t *r,
    const chatws_fault_t *fault, ngx_str_t *body);
static void ngx_http_chatws_echo_message(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);
static void ngx_http_chatws_echo_gone(ngx_http_chatws_session_t *s);
static void *ngx_http_chatws_echo_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_chatws_echo_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_http_chatws_echo(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_http_chatws_echo_exit_process(ngx_cycle_t *cycle);


static const ngx_http_chatws_handlers_t  ngx_http_chatws_echo_handlers = {
    ngx_http_chatws_echo_message,
    ngx_http_chatws_echo_gone,
    ngx_http_chatws_echo_gone,
    ngx_http_chatws_echo_gone,
    NULL,
    NULL,
    NULL,
    NULL
};


static ngx_command_t  ngx_http_chatws_echo_commands[] = {

    { ngx_string("chatws_echo"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_chatws_echo,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    ngx_http_chatws_session_conf_commands,

      ngx_null_command
};


static ngx_http_module_t  ngx_http_chatws_echo_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_chatws_echo_create_loc_conf,  /* create location configuration */
    ngx_http_chatws_echo_merge_loc_conf    /* merge location configuration */
};


ngx_module_t  ngx_http_chatws_echo_module = {
    NGX_MODULE_V1,
    &ngx_http_chatws_echo_module_ctx,      /* module context */
    ngx_http_chatws_echo_commands,         /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_chatws_echo_exit_process,     /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_chatws_echo_handler(ngx_http_request_t *r)
{
    ngx_uint_t                        status;
    const chatws_fault_t             *fault;
    ngx_http_chatws_session_t        *s;
    ngx_http_chatws_handshake_t       hs;
    ngx_http_chatws_echo_loc_conf_t  *celcf;

    if (r->method != NGX_HTTP_GET) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    celcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_echo_module);

    status = ngx_http_chatws_handshake(r, &celcf->session, &hs, &fault);

    if (status != 0) {
        return ngx_http_chatws_response_refuse(r, status, fault,
                                               ngx_http_chatws_echo_refusal);
    }

    s = ngx_http_chatws_session_create(r, sizeof(ngx_http_chatws_session_t),
                                       &celcf->session,
                                       &ngx_http_chatws_echo_handlers);
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_chatws_upgrade(r, &hs, s, NULL);
}


/* The texts of the engine have nothing in them that JSON would escape. */

static ngx_int_t
ngx_http_chatws_echo_refusal(ngx_http_request_t *r,
    const chatws_fault_t *fault, ngx_str_t *body)
{
    u_char  *last;

    body->data = ngx_pnalloc(r->pool, sizeof("{\"error\":\"\"}") - 1
                                      + fault->details.len);
    if (body->data == NULL) {
        return NGX_ERROR;
    }

    last = ngx_sprintf(body->data, "{\"error\":\"%V\"}",
                       (ngx_str_t *) &fault->details);
    body->len = last - body->data;

    return NGX_OK;
}


static void
ngx_http_chatws_echo_message(ngx_http_chatws_session_t *s,
    chatws_event_t *ev)
{
    ngx_http_chatws_send_payload(s, ev->type == CHATWS_EVENT_TEXT
                                    ? CHATWS_FRAME_TEXT
                                    : CHATWS_FRAME_BINARY,
                                 ev->data, ev->len);
}


static void
ngx_http_chatws_echo_gone(ngx_http_chatws_session_t *s)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, s->connection->log, 0,
                   "chatws echo gone");
}


static void *
ngx_http_chatws_echo_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_chatws_echo_loc_conf_t  *celcf;

    celcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_chatws_echo_loc_conf_t));

    if (celcf != NULL) {
        ngx_http_chatws_session_conf_create(&celcf->session);
    }

    return celcf;
}


static char *
ngx_http_chatws_echo_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_chatws_echo_loc_conf_t *prev = parent;
    ngx_http_chatws_echo_loc_conf_t *conf = child;

    ngx_http_chatws_session_conf_merge(&conf->session, &prev->session);

    return NGX_CONF_OK;
}


static char *
ngx_http_chatws_echo(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_chatws_echo_handler;

    return NGX_CONF_OK;
}


static void
ngx_http_chatws_echo_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_chatws_session_exit();
}
