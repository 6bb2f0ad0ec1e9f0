
/*
 * Copyright (C) chatws contributors
 *
 * Directives that say who may be in which chat: protocol, section 7.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_annex.h"
#include "endpoint/ngx_http_chatws_conf_access.h"


/* seconds of a time in chatws_access_cache, at most */
#define NGX_HTTP_CHATWS_ACCESS_TIME_MAX  (24 * 60 * 60)


/* the sources of rights by name */

static const struct {
    ngx_str_t   name;
    ngx_uint_t  bit;
} ngx_http_chatws_sources[] = {
    { ngx_string("open"), NGX_HTTP_CHATWS_ACCESS_OPEN },
    { ngx_string("token"), NGX_HTTP_CHATWS_ACCESS_TOKEN },
    { ngx_string("members"), NGX_HTTP_CHATWS_ACCESS_MEMBERS },
    { ngx_string("request"), NGX_HTTP_CHATWS_ACCESS_REQUEST }
};


/* the times of chatws_access_cache by name, and the least of each */

static const struct {
    ngx_str_t   name;
    size_t      offset;
    ngx_int_t   min;
} ngx_http_chatws_cache_times[] = {
    { ngx_string("valid="),
      offsetof(ngx_http_chatws_rules_t, access_valid), 0 },
    { ngx_string("denied="),
      offsetof(ngx_http_chatws_rules_t, access_denied), 0 },
    { ngx_string("recheck="),
      offsetof(ngx_http_chatws_rules_t, access_recheck), 1 }
};


/* chatws_access open | SOURCE ... */

char *
ngx_http_chatws_conf_set_access(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   access, i, k;

    if (cwlcf->rules.access != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    access = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        for (k = 0; k < chatws_nelts(ngx_http_chatws_sources); k++) {
            if (ngx_strcmp(value[i].data,
                           ngx_http_chatws_sources[k].name.data)
                == 0)
            {
                break;
            }
        }

        if (k == chatws_nelts(ngx_http_chatws_sources)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of \"%V\", it must "
                               "be open, token, members or request", &value[i],
                               &value[0]);
            return NGX_CONF_ERROR;
        }

        if (access & (ngx_http_chatws_sources[k].bit
                      | NGX_HTTP_CHATWS_ACCESS_OPEN)
            || (access != 0 && k == 0))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "parameter \"%V\" of \"%V\" does not go "
                               "together with those before it", &value[i],
                               &value[0]);
            return NGX_CONF_ERROR;
        }

        access |= ngx_http_chatws_sources[k].bit;
    }

    /* open is the lack of any source */

    cwlcf->rules.access = access & ~NGX_HTTP_CHATWS_ACCESS_OPEN;

    return NGX_CONF_OK;
}


/* chatws_access_pass URL */

char *
ngx_http_chatws_conf_set_access_pass(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_str_t  *value;

    if (cwlcf->rules.access_app != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    cwlcf->rules.access_app = ngx_http_chatws_app_add(cf, &value[0],
                                                      &value[1]);

    return cwlcf->rules.access_app == NULL ? NGX_CONF_ERROR : NGX_CONF_OK;
}


/* chatws_access_cache [valid=TIME] [denied=TIME] [recheck=TIME] */

char *
ngx_http_chatws_conf_set_access_cache(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_int_t    time;
    ngx_str_t   *value, s;
    ngx_uint_t   i, k, *field;

    value = cf->args->elts;

    if (cwlcf->rules.access_valid != NGX_CONF_UNSET_UINT
        || cwlcf->rules.access_denied != NGX_CONF_UNSET_UINT
        || cwlcf->rules.access_recheck != NGX_CONF_UNSET_UINT)
    {
        return "is duplicate";
    }

    for (i = 1; i < cf->args->nelts; i++) {
        field = NULL;
        time = NGX_ERROR;

        for (k = 0; k < chatws_nelts(ngx_http_chatws_cache_times); k++) {
            s = ngx_http_chatws_cache_times[k].name;

            if (ngx_strncmp(value[i].data, s.data, s.len) != 0) {
                continue;
            }

            field = (ngx_uint_t *) ((u_char *) &cwlcf->rules
                                    + ngx_http_chatws_cache_times[k].offset);

            s.data = value[i].data + s.len;
            s.len = value[i].len - s.len;

            time = ngx_parse_time(&s, 1);
            break;
        }

        if (time == NGX_ERROR
            || time < ngx_http_chatws_cache_times[k].min
            || time > NGX_HTTP_CHATWS_ACCESS_TIME_MAX
            || *field != NGX_CONF_UNSET_UINT)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of \"%V\", it must "
                               "be valid=, denied= or recheck= with a time of "
                               "at most 1d", &value[i], &value[0]);
            return NGX_CONF_ERROR;
        }

        *field = time;
    }

    /* what is not written is the default, and not what was inherited */

    ngx_conf_init_uint_value(cwlcf->rules.access_valid, 60);
    ngx_conf_init_uint_value(cwlcf->rules.access_denied, 5);
    ngx_conf_init_uint_value(cwlcf->rules.access_recheck, 0);

    return NGX_CONF_OK;
}


/* chatws_chat_pattern REGEX */

char *
ngx_http_chatws_conf_set_pattern(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_str_t            *value;
    ngx_regex_compile_t   rc;
    u_char                errstr[NGX_MAX_CONF_ERRSTR];

    if (cwlcf->rules.chat_pattern != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    ngx_memzero(&rc, sizeof(ngx_regex_compile_t));

    rc.pattern = value[1];
    rc.pool = cf->pool;
    rc.err.len = NGX_MAX_CONF_ERRSTR;
    rc.err.data = errstr;

    if (ngx_regex_compile(&rc) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid pattern \"%V\" of \"%V\": %V", &value[1],
                           &value[0], &rc.err);
        return NGX_CONF_ERROR;
    }

    cwlcf->rules.chat_pattern = rc.regex;
    cwlcf->pattern = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_chatws_conf_need_grants(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf)
{
    if (cwlcf->rules.access & NGX_HTTP_CHATWS_ACCESS_REQUEST
        && ngx_http_chatws_annex_need(cf, cwlcf->zone,
                                      NGX_HTTP_CHATWS_ANNEX_GRANTS)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_chatws_conf_check_access(ngx_conf_t *cf,
    const ngx_http_chatws_loc_conf_t *cwlcf)
{
    const ngx_http_chatws_zone_t   *zone;
    const ngx_http_chatws_rules_t  *rules;

    rules = &cwlcf->rules;
    zone = cwlcf->zone->data;

    if (rules->access & NGX_HTTP_CHATWS_ACCESS_MEMBERS
        && zone->people == NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"chatws_access\" has the source \"members\", "
                           "but there is no \"chatws_users zone=%V\"",
                           &zone->name);
        return NGX_ERROR;
    }

    if (cwlcf->user_chats != NULL && zone->people == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"chatws_user_chats\" needs \"chatws_users "
                           "zone=%V\"", &zone->name);
        return NGX_ERROR;
    }

    if (rules->access & NGX_HTTP_CHATWS_ACCESS_REQUEST
        && rules->access_app == NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"chatws_access\" has the source \"request\", "
                           "but there is no \"chatws_access_pass\"");
        return NGX_ERROR;
    }

    if (rules->access & NGX_HTTP_CHATWS_ACCESS_TOKEN
        && rules->token == NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"chatws_access\" has the source \"token\", but "
                           "there is no \"chatws_token\"");
        return NGX_ERROR;
    }

    return NGX_OK;
}
