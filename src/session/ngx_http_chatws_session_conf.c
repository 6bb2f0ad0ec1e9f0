
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


/* fragments that a message may have besides one for each byte of payload */
#define NGX_HTTP_CHATWS_EMPTY_FRAGMENTS  1024

/* bytes of a bound as text: a number, a unit, a closing zero */
#define NGX_HTTP_CHATWS_BOUND_LEN        (NGX_SIZE_T_LEN + sizeof("ms"))


static void ngx_http_chatws_bound(u_char *text, size_t value,
    ngx_http_chatws_unit_e unit);
static char *ngx_http_chatws_check_token(ngx_conf_t *cf, void *post,
    void *data);
static void *ngx_http_chatws_alloc(void *ctx, size_t size);
static void ngx_http_chatws_release(void *ctx, void *p);


ngx_http_chatws_bounds_t  ngx_http_chatws_message_bounds = {
    ngx_http_chatws_check_bounds, 1, 255 * 1024 * 1024,
    NGX_HTTP_CHATWS_BYTES
};

ngx_http_chatws_bounds_t  ngx_http_chatws_buffer_bounds = {
    ngx_http_chatws_check_bounds, 4096, 1024 * 1024 * 1024,
    NGX_HTTP_CHATWS_BYTES
};

ngx_http_chatws_bounds_t  ngx_http_chatws_time_bounds = {
    ngx_http_chatws_check_bounds, 1, 24 * 60 * 60 * 1000,
    NGX_HTTP_CHATWS_TIME
};

ngx_http_chatws_bounds_t  ngx_http_chatws_interval_bounds = {
    ngx_http_chatws_check_bounds, 0, 24 * 60 * 60 * 1000,
    NGX_HTTP_CHATWS_TIME
};

ngx_http_chatws_bounds_t  ngx_http_chatws_lifetime_bounds = {
    ngx_http_chatws_check_bounds, 0, 24 * 24 * 60 * 60 * 1000,
    NGX_HTTP_CHATWS_TIME
};

ngx_http_chatws_bounds_t  ngx_http_chatws_level_bounds = {
    ngx_http_chatws_check_bounds, 1, 9,
    NGX_HTTP_CHATWS_NUMBER
};

ngx_conf_post_t  ngx_http_chatws_token_post = {
    ngx_http_chatws_check_token
};


#define ngx_http_chatws_limit(field, value)                                   \
    ngx_http_chatws_number(ngx_http_chatws_session_conf_t, field, value)

const ngx_http_chatws_setting_t  ngx_http_chatws_session_settings[] = {

    ngx_http_chatws_limit(max_message_size, 16 * 1024),
    ngx_http_chatws_limit(send_buffer, 256 * 1024),
    ngx_http_chatws_limit(ping_interval, 30000),
    ngx_http_chatws_limit(ping_timeout, 10000),
    ngx_http_chatws_limit(drain, 10000),
    ngx_http_chatws_limit(lifetime, 0),
    ngx_http_chatws_limit(deflate, 0),
    ngx_http_chatws_limit(deflate_takeover, 0),
    ngx_http_chatws_limit(deflate_level, 1),
    ngx_http_chatws_limit(deflate_min_length, 128),
    ngx_http_chatws_text(ngx_http_chatws_session_conf_t, subprotocol),

    ngx_http_chatws_last
};

ngx_http_chatws_settings_complete(ngx_http_chatws_session_settings,
    offsetof(ngx_http_chatws_session_conf_t, reader), 1);


char *
ngx_http_chatws_check_bounds(ngx_conf_t *cf, void *post, void *data)
{
    size_t                    *value = data;
    ngx_http_chatws_bounds_t  *bounds = post;

    u_char      max[NGX_HTTP_CHATWS_BOUND_LEN], min[NGX_HTTP_CHATWS_BOUND_LEN];
    ngx_str_t  *args;

    if (*value >= bounds->min && *value <= bounds->max) {
        return NGX_CONF_OK;
    }

    args = cf->args->elts;

    ngx_http_chatws_bound(min, bounds->min, bounds->unit);
    ngx_http_chatws_bound(max, bounds->max, bounds->unit);

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" value \"%V\" must be between %s and %s",
                       &args[0], &args[1], min, max);

    return NGX_CONF_ERROR;
}


/* Writes a bound as it would be written in a configuration. */

static void
ngx_http_chatws_bound(u_char *text, size_t value,
    ngx_http_chatws_unit_e unit)
{
    size_t       scale;
    ngx_uint_t   i;
    const char  *suffix;

    static const struct {
        ngx_http_chatws_unit_e   unit;
        size_t                   scale;
        const char              *suffix;
    } units[] = {
        { NGX_HTTP_CHATWS_BYTES, 1024 * 1024, "m" },
        { NGX_HTTP_CHATWS_BYTES, 1024, "k" },
        { NGX_HTTP_CHATWS_TIME, 24 * 60 * 60 * 1000, "d" },
        { NGX_HTTP_CHATWS_TIME, 60 * 60 * 1000, "h" },
        { NGX_HTTP_CHATWS_TIME, 1000, "s" },
        { NGX_HTTP_CHATWS_TIME, 1, "ms" }
    };

    scale = 1;
    suffix = "";

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {

        if (units[i].unit == unit
            && value >= units[i].scale
            && value % units[i].scale == 0)
        {
            scale = units[i].scale;
            suffix = units[i].suffix;
            break;
        }
    }

    (void) ngx_sprintf(text, "%uz%s%Z", value / scale, suffix);
}


/* A subprotocol is a token: RFC 6455, section 4.1. */

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
ngx_http_chatws_session_conf_create(ngx_http_chatws_session_conf_t *conf)
{
    ngx_http_chatws_settings_create(ngx_http_chatws_session_settings, conf);
}


void
ngx_http_chatws_session_conf_merge(ngx_http_chatws_session_conf_t *conf,
    ngx_http_chatws_session_conf_t *prev)
{
    ngx_http_chatws_settings_merge(ngx_http_chatws_session_settings, conf,
                                   prev, 0);

    conf->reader.memory.alloc = ngx_http_chatws_alloc;
    conf->reader.memory.free = ngx_http_chatws_release;
    conf->reader.max_message = conf->max_message_size;
    conf->reader.max_empty = NGX_HTTP_CHATWS_EMPTY_FRAGMENTS;

    conf->narrow = conf->reader;
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
