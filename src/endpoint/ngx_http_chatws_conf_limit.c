
/*
 * Copyright (C) chatws contributors
 *
 * The directives that limit what clients may say, and what they are told again.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_annex.h"
#include "endpoint/ngx_http_chatws_conf_limit.h"


/* the largest rate, each second or minute, and the largest burst */
#define NGX_HTTP_CHATWS_LIMIT_MAX  1000000

/* the largest number of chatws_limit_subscriptions */
#define NGX_HTTP_CHATWS_USER_MAX   100000000

/* the largest number of connections of a user */
#define NGX_HTTP_CHATWS_LIMIT_CONNECTIONS  10000

/* the largest number of messages in chatws_history */
#define NGX_HTTP_CHATWS_HISTORY_MAX  100000

/* nanoseconds of a second */
#define NGX_HTTP_CHATWS_SECOND     UINT64_C(1000000000)


static ngx_int_t ngx_http_chatws_conf_limit_rate(ngx_str_t *value,
    uint64_t *step);
static ngx_int_t ngx_http_chatws_conf_limit_burst(ngx_str_t *value,
    uint64_t *size);


char *
ngx_http_chatws_conf_set_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t         rc;
    ngx_str_t        *value;
    ngx_uint_t        i;
    chatws_limit_t   *limit, **field;

    field = (chatws_limit_t **) ((u_char *) conf + cmd->offset);

    if (*field != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        *field = NULL;
        return NGX_CONF_OK;
    }

    limit = ngx_pcalloc(cf->pool, sizeof(chatws_limit_t));
    if (limit == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        rc = NGX_DECLINED;

        if (limit->step == 0 && ngx_strncmp(value[i].data, "rate=", 5) == 0) {
            rc = ngx_http_chatws_conf_limit_rate(&value[i], &limit->step);

        } else if (limit->size == 0
                   && ngx_strncmp(value[i].data, "burst=", 6) == 0)
        {
            rc = ngx_http_chatws_conf_limit_burst(&value[i], &limit->size);
        }

        if (rc != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of \"%V\", which "
                               "has a rate of 1 to %dr/s or r/m, and a burst "
                               "of 1 to %d", &value[i], &value[0],
                               NGX_HTTP_CHATWS_LIMIT_MAX,
                               NGX_HTTP_CHATWS_LIMIT_MAX);
            return NGX_CONF_ERROR;
        }
    }

    if (limit->step == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must have the parameter \"rate\"",
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    /* as for limit_req: one, and as many above it as the burst says */

    if (limit->size == 0) {
        limit->size = 1;
    }

    *field = limit;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_chatws_conf_limit_rate(ngx_str_t *value, uint64_t *step)
{
    size_t      len;
    u_char     *p;
    ngx_int_t   rate;
    ngx_uint_t  scale;

    p = value->data + 5;
    len = value->len - 5;

    if (len < 4) {
        return NGX_DECLINED;
    }

    len -= 3;

    if (ngx_strncmp(p + len, "r/s", 3) == 0) {
        scale = 1;

    } else if (ngx_strncmp(p + len, "r/m", 3) == 0) {
        scale = 60;

    } else {
        return NGX_DECLINED;
    }

    rate = ngx_atoi(p, len);

    if (rate < 1 || rate > NGX_HTTP_CHATWS_LIMIT_MAX) {
        return NGX_DECLINED;
    }

    *step = NGX_HTTP_CHATWS_SECOND * scale / rate;

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_conf_limit_burst(ngx_str_t *value, uint64_t *size)
{
    ngx_int_t  burst;

    burst = ngx_atoi(value->data + 6, value->len - 6);

    if (burst < 1 || burst > NGX_HTTP_CHATWS_LIMIT_MAX) {
        return NGX_DECLINED;
    }

    *size = (uint64_t) burst + 1;

    return NGX_OK;
}


char *
ngx_http_chatws_conf_set_limit_connections(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (cwlcf->rules.limit_connections != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        cwlcf->rules.limit_connections = 0;
        return NGX_CONF_OK;
    }

    n = NGX_ERROR;

    if (ngx_strncmp(value[1].data, "user=", 5) == 0) {
        n = ngx_atoi(value[1].data + 5, value[1].len - 5);
    }

    if (n < 1 || n > NGX_HTTP_CHATWS_LIMIT_CONNECTIONS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"%V\", it must be "
                           "user=number, from 1 to %d", &value[1], &value[0],
                           NGX_HTTP_CHATWS_LIMIT_CONNECTIONS);
        return NGX_CONF_ERROR;
    }

    cwlcf->rules.limit_connections = n;

    return NGX_CONF_OK;
}


void
ngx_http_chatws_conf_mix_limit(uint64_t *hash, const void *value)
{
    chatws_limit_t *const *limit = value;

    static const chatws_limit_t  none = { 0, 0 };

    ngx_http_chatws_mix(hash, *limit != NULL ? *limit : &none,
                        sizeof(chatws_limit_t));
}


/* chatws_limit_subscriptions user=NUMBER */

char *
ngx_http_chatws_conf_set_limit_subscriptions(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_int_t   n;
    ngx_str_t  *value;

    if (cwlcf->rules.user_subscriptions != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strncmp(value[1].data, "user=", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"%V\", it must be "
                           "user=number", &value[1], &value[0]);
        return NGX_CONF_ERROR;
    }

    n = ngx_atoi(value[1].data + 5, value[1].len - 5);

    if (n < 1 || n > NGX_HTTP_CHATWS_USER_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" value \"%V\" must be between 1 and %d",
                           &value[0], &value[1], NGX_HTTP_CHATWS_USER_MAX);
        return NGX_CONF_ERROR;
    }

    cwlcf->rules.user_subscriptions = n;

    return NGX_CONF_OK;
}


/* chatws_history NUMBER [TIME] */

char *
ngx_http_chatws_conf_set_history(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_int_t   n, time;
    ngx_str_t  *value;

    if (cwlcf->rules.history != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    n = ngx_atoi(value[1].data, value[1].len);

    if (n == NGX_ERROR || n > NGX_HTTP_CHATWS_HISTORY_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" value \"%V\" must be between 0 and %d",
                           &value[0], &value[1], NGX_HTTP_CHATWS_HISTORY_MAX);
        return NGX_CONF_ERROR;
    }

    cwlcf->rules.history = n;

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    time = ngx_parse_time(&value[2], 0);

    if (time == NGX_ERROR || time == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" has an invalid time \"%V\"",
                           &value[0], &value[2]);
        return NGX_CONF_ERROR;
    }

    cwlcf->rules.history_time = time;

    return NGX_CONF_OK;
}


char *
ngx_http_chatws_conf_need_limits(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf)
{
    if (cwlcf->rules.limit_user != NULL
        && ngx_http_chatws_annex_need(cf, cwlcf->zone,
                                      NGX_HTTP_CHATWS_ANNEX_LIMITS)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (cwlcf->rules.limit_connections != 0
        && ngx_http_chatws_annex_need(cf, cwlcf->zone,
                                      NGX_HTTP_CHATWS_ANNEX_SEATS)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


void
ngx_http_chatws_conf_check_limits(ngx_conf_t *cf,
    const ngx_http_chatws_rules_t *rules, ngx_uint_t *warned)
{
    if (*warned
        || !rules->claimed
        || (rules->limit_user == NULL && rules->limit_connections == 0))
    {
        return;
    }

    *warned = 1;

    ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                       "\"%s\", here or in what is inherited, counts by "
                       "user and address: anybody may be any user by the "
                       "argument \"userId\"",
                       rules->limit_user != NULL ? "chatws_limit_user"
                                                 : "chatws_limit_connections");
}
