
/*
 * Copyright (C) chatws contributors
 *
 * The engine's settings: bounds, inheritance, defaults.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "websocket/chatws_handshake.h"
#include "session/ngx_http_chatws_session_conf.h"


/* fragments of a message beyond one for each byte of its payload */
#define NGX_HTTP_CHATWS_EMPTY_FRAGMENTS  1024


static char *ngx_http_chatws_check_token(ngx_conf_t *cf, void *post,
    void *data);
static void *ngx_http_chatws_alloc(void *ctx, size_t size);
static void ngx_http_chatws_release(void *ctx, void *p);


ngx_http_chatws_bounds_t  ngx_http_chatws_message_bounds = {
    ngx_http_chatws_check_bounds, 1, 256 * 1024 * 1024 - 1
};

ngx_http_chatws_bounds_t  ngx_http_chatws_buffer_bounds = {
    ngx_http_chatws_check_bounds, 4096, 1024 * 1024 * 1024
};

ngx_http_chatws_bounds_t  ngx_http_chatws_time_bounds = {
    ngx_http_chatws_check_bounds, 1, 24 * 60 * 60 * 1000
};

ngx_http_chatws_bounds_t  ngx_http_chatws_interval_bounds = {
    ngx_http_chatws_check_bounds, 0, 24 * 60 * 60 * 1000
};

ngx_http_chatws_bounds_t  ngx_http_chatws_level_bounds = {
    ngx_http_chatws_check_bounds, 1, 9
};

ngx_conf_post_t  ngx_http_chatws_token_post = {
    ngx_http_chatws_check_token
};


char *
ngx_http_chatws_check_bounds(ngx_conf_t *cf, void *post, void *data)
{
    size_t                    *value = data;
    ngx_http_chatws_bounds_t  *bounds = post;

    ngx_str_t  *args;

    if (*value >= bounds->min && *value <= bounds->max) {
        return NGX_CONF_OK;
    }

    args = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" value \"%V\" must be between %uz and %uz",
                       &args[0], &args[1], bounds->min, bounds->max);

    return NGX_CONF_ERROR;
}


/* A subprotocol is a token: RFC 6455, 4.1. */

static char *
ngx_http_chatws_check_token(ngx_conf_t *cf, void *post, void *data)
{
    ngx_str_t *token = data;

    ngx_str_t  *args;

    if (chatws_handshake_protocol((chatws_str_t *) token,
                                  (chatws_str_t *) token)
        == CHATWS_OK)
    {
        return NGX_CONF_OK;
    }

    args = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" value \"%V\" is not a token", &args[0], token);

    return NGX_CONF_ERROR;
}


void
ngx_http_chatws_limits_create(ngx_http_chatws_limits_t *limits)
{
    limits->max_message_size = NGX_CONF_UNSET_SIZE;
    limits->send_buffer = NGX_CONF_UNSET_SIZE;
    limits->ping_interval = NGX_CONF_UNSET_MSEC;
    limits->ping_timeout = NGX_CONF_UNSET_MSEC;
    limits->drain = NGX_CONF_UNSET_MSEC;
    limits->deflate = NGX_CONF_UNSET;
    limits->deflate_takeover = NGX_CONF_UNSET;
    limits->deflate_level = NGX_CONF_UNSET;
    limits->deflate_min_length = NGX_CONF_UNSET_SIZE;
}


void
ngx_http_chatws_limits_merge(ngx_http_chatws_limits_t *conf,
    ngx_http_chatws_limits_t *prev)
{
    ngx_conf_merge_size_value(conf->max_message_size, prev->max_message_size,
                              16 * 1024);
    ngx_conf_merge_size_value(conf->send_buffer, prev->send_buffer,
                              256 * 1024);
    ngx_conf_merge_msec_value(conf->ping_interval, prev->ping_interval,
                              30000);
    ngx_conf_merge_msec_value(conf->ping_timeout, prev->ping_timeout, 10000);
    ngx_conf_merge_msec_value(conf->drain, prev->drain, 10000);
    ngx_conf_merge_value(conf->deflate, prev->deflate, 0);
    ngx_conf_merge_value(conf->deflate_takeover, prev->deflate_takeover, 0);
    ngx_conf_merge_value(conf->deflate_level, prev->deflate_level, 1);
    ngx_conf_merge_size_value(conf->deflate_min_length,
                              prev->deflate_min_length, 128);
    ngx_conf_merge_str_value(conf->subprotocol, prev->subprotocol, "");

    conf->reader.memory.alloc = ngx_http_chatws_alloc;
    conf->reader.memory.free = ngx_http_chatws_release;
    conf->reader.max_message = conf->max_message_size;
    conf->reader.max_empty = NGX_HTTP_CHATWS_EMPTY_FRAGMENTS;
}


static void *
ngx_http_chatws_alloc(void *ctx, size_t size)
{
    return ngx_alloc(size, ngx_cycle->log);
}


static void
ngx_http_chatws_release(void *ctx, void *p)
{
    ngx_free(p);
}
