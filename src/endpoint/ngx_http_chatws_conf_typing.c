
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_typing.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_annex.h"
#include "endpoint/ngx_http_chatws_conf_param.h"
#include "endpoint/ngx_http_chatws_conf_typing.h"


#define NGX_HTTP_CHATWS_TYPING_INTERVAL  2000
#define NGX_HTTP_CHATWS_TYPING_TIMEOUT   10000
#define NGX_HTTP_CHATWS_TYPING_LIMIT     1000

/* the largest timeout, in milliseconds, and the largest limit */
#define NGX_HTTP_CHATWS_TYPING_TIME_MAX  (60 * 60 * 1000)
#define NGX_HTTP_CHATWS_TYPING_USERS     1000000


static ngx_int_t ngx_http_chatws_conf_typing_param(ngx_conf_t *cf,
    chatws_typing_rules_t *rules, ngx_str_t *param);


/* 0 is for the interval */

static const ngx_http_chatws_times_t  ngx_http_chatws_typing_times = {
    0, NGX_HTTP_CHATWS_TYPING_TIME_MAX, "at most 1h"
};


/* chatws_typing [interval=TIME] [timeout=TIME] [merge=N] [limit=N] | off */

char *
ngx_http_chatws_conf_set_typing(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_str_t              *value;
    ngx_uint_t              i;
    chatws_typing_rules_t  *rules;

    if (cwlcf->rules.typing != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        cwlcf->rules.typing = NULL;
        return NGX_CONF_OK;
    }

    rules = ngx_pcalloc(cf->pool, sizeof(chatws_typing_rules_t));
    if (rules == NULL) {
        return NGX_CONF_ERROR;
    }

    rules->interval = NGX_HTTP_CHATWS_TYPING_INTERVAL;
    rules->timeout = NGX_HTTP_CHATWS_TYPING_TIMEOUT;
    rules->limit = NGX_HTTP_CHATWS_TYPING_LIMIT;

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_http_chatws_conf_param_is_new(cf, i) != NGX_OK
            || ngx_http_chatws_conf_typing_param(cf, rules, &value[i])
               != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (rules->interval >= rules->timeout) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the interval of \"%V\" must be less than its "
                           "timeout", &value[0]);
        return NGX_CONF_ERROR;
    }

    cwlcf->rules.typing = rules;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_chatws_conf_typing_param(ngx_conf_t *cf,
    chatws_typing_rules_t *rules, ngx_str_t *param)
{
    if (ngx_strncmp(param->data, "interval=", 9) == 0) {
        return ngx_http_chatws_conf_param_time(cf, param, 9,
                                               &ngx_http_chatws_typing_times,
                                               &rules->interval);
    }

    if (ngx_strncmp(param->data, "timeout=", 8) == 0) {
        return ngx_http_chatws_conf_param_time(cf, param, 8,
                                               &ngx_http_chatws_typing_times,
                                               &rules->timeout);
    }

    if (ngx_strncmp(param->data, "merge=", 6) == 0) {
        return ngx_http_chatws_conf_param_number(cf, param, 6,
                                                 CHATWS_TYPING_WALK,
                                                 &rules->merge);
    }

    if (ngx_strncmp(param->data, "limit=", 6) == 0) {
        return ngx_http_chatws_conf_param_number(cf, param, 6,
                                                 NGX_HTTP_CHATWS_TYPING_USERS,
                                                 &rules->limit);
    }

    return ngx_http_chatws_conf_param_unknown(cf, param);
}


char *
ngx_http_chatws_conf_need_typing(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf)
{
    if (cwlcf->rules.typing != NULL
        && ngx_http_chatws_annex_need(cf, cwlcf->zone,
                                      NGX_HTTP_CHATWS_ANNEX_TYPING)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


void
ngx_http_chatws_conf_mix_typing(uint64_t *hash, const void *value)
{
    const chatws_typing_rules_t *const *rules = value;

    ngx_uint_t  set;

    set = (*rules != NULL);

    ngx_http_chatws_mix(hash, &set, sizeof(ngx_uint_t));

    if (set) {
        ngx_http_chatws_mix(hash, *rules, sizeof(chatws_typing_rules_t));
    }
}
