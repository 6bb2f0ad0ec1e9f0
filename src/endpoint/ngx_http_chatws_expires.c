
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_expires.  Protocol, section 1.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_clock.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_expires.h"


/* digits of seconds that are read; more of them are not a time */
#define NGX_HTTP_CHATWS_SECONDS  15


static ngx_int_t ngx_http_chatws_expires_parse(ngx_str_t *text,
    uint64_t *seconds);


ngx_uint_t
ngx_http_chatws_expires(ngx_http_request_t *r, uint64_t *time,
    const chatws_fault_t **fault)
{
    uint64_t                     seconds;
    ngx_str_t                    text;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    static const chatws_fault_t  unknown =
        chatws_fault("Not allowed",
                     "the server does not know when this session expires");
    static const chatws_fault_t  over =
        chatws_fault("Session expired", "log in again");

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    *time = 0;

    if (cwlcf->expires == NULL) {
        return 0;
    }

    if (ngx_http_complex_value(r, cwlcf->expires, &text) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_chatws_expires_parse(&text, &seconds) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"chatws_expires\" is \"%V\", which is no time in "
                      "seconds since 1970", &text);

        *fault = &unknown;
        return NGX_HTTP_FORBIDDEN;
    }

    if (seconds == 0) {
        return 0;
    }

    *time = seconds * 1000;

    if (*time <= ngx_http_chatws_now()) {
        *fault = &over;
        return NGX_HTTP_UNAUTHORIZED;
    }

    return 0;
}


/* NGX_ERROR: the text is not a number of seconds. */

static ngx_int_t
ngx_http_chatws_expires_parse(ngx_str_t *text, uint64_t *seconds)
{
    size_t  i;

    if (text->len == 0 || text->len > NGX_HTTP_CHATWS_SECONDS) {
        return NGX_ERROR;
    }

    *seconds = 0;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] < '0' || text->data[i] > '9') {
            return NGX_ERROR;
        }

        *seconds = *seconds * 10 + (text->data[i] - '0');
    }

    return NGX_OK;
}
