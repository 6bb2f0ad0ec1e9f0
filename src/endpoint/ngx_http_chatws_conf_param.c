
/*
 * Copyright (C) chatws contributors
 *
 * The parameters of directives that are written as name=value.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf_param.h"


ngx_int_t
ngx_http_chatws_conf_param_is_new(ngx_conf_t *cf, ngx_uint_t i)
{
    size_t      len;
    ngx_str_t  *value;
    ngx_uint_t  n;

    value = cf->args->elts;

    for (len = 0; len < value[i].len; len++) {
        if (value[i].data[len] == '=') {
            break;
        }
    }

    for (n = 1; n < i; n++) {
        if (value[n].len > len && value[n].data[len] == '='
            && ngx_strncmp(value[n].data, value[i].data, len) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate parameter \"%V\" of \"%V\"",
                               &value[i], &value[0]);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_conf_param_time(ngx_conf_t *cf, const ngx_str_t *param,
    size_t skip, const ngx_http_chatws_times_t *times, uint64_t *time)
{
    ngx_int_t   ms;
    ngx_str_t  *value, s;

    s.data = param->data + skip;
    s.len = param->len - skip;

    ms = ngx_parse_time(&s, 0);

    if (ms == NGX_ERROR || ms < times->min || ms > times->max) {
        value = cf->args->elts;

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" has an invalid time \"%V\", it must be "
                           "%s", &value[0], param, times->words);
        return NGX_ERROR;
    }

    *time = ms;

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_conf_param_number(ngx_conf_t *cf, const ngx_str_t *param,
    size_t skip, ngx_int_t max, uint32_t *number)
{
    ngx_int_t   n;
    ngx_str_t  *value;

    n = ngx_atoi(param->data + skip, param->len - skip);

    if (n < 1 || n > max) {
        value = cf->args->elts;

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" value \"%V\" must be between 1 and %i",
                           &value[0], param, max);
        return NGX_ERROR;
    }

    *number = (uint32_t) n;

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_conf_param_unknown(ngx_conf_t *cf, const ngx_str_t *param)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of \"%V\"", param,
                       &value[0]);

    return NGX_ERROR;
}
