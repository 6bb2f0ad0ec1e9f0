
/*
 * Copyright (C) chatws contributors
 *
 * The parameters of directives that are written as name=value.  What is wrong
 * with one is logged; the function returns NGX_ERROR then.
 */


#ifndef _NGX_HTTP_CHATWS_CONF_PARAM_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CONF_PARAM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* Times that a parameter may have, in milliseconds, and in words. */

typedef struct {
    ngx_int_t    min;
    ngx_int_t    max;
    const char  *words;     /* "at most 1h" */
} ngx_http_chatws_times_t;


/* Checks that no parameter in front of the argument i sets the same. */
ngx_int_t ngx_http_chatws_conf_param_is_new(ngx_conf_t *cf, ngx_uint_t i);

/* The time behind the first skip bytes of a parameter. */
ngx_int_t ngx_http_chatws_conf_param_time(ngx_conf_t *cf,
    const ngx_str_t *param, size_t skip, const ngx_http_chatws_times_t *times,
    uint64_t *time);

/* The number there, from 1 to max. */
ngx_int_t ngx_http_chatws_conf_param_number(ngx_conf_t *cf,
    const ngx_str_t *param, size_t skip, ngx_int_t max, uint32_t *number);

/* The directive has no such parameter: always NGX_ERROR. */
ngx_int_t ngx_http_chatws_conf_param_unknown(ngx_conf_t *cf,
    const ngx_str_t *param);


#endif /* _NGX_HTTP_CHATWS_CONF_PARAM_H_INCLUDED_ */
