
/*
 * Copyright (C) chatws contributors
 *
 * chatws_allowed_origins: whose pages may connect.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_origin.h"


static ngx_int_t ngx_http_chatws_wildcard(ngx_str_t *pattern,
    ngx_str_t *text);


/* What has no origin is no browser, and could claim any. */

ngx_int_t
ngx_http_chatws_origin_allowed(ngx_http_request_t *r, ngx_str_t *origin)
{
    ngx_str_t                   *patterns;
    ngx_uint_t                   i;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (cwlcf->origins == NULL || origin->data == NULL) {
        return 1;
    }

    patterns = cwlcf->origins->elts;

    for (i = 0; i < cwlcf->origins->nelts; i++) {
        if (ngx_http_chatws_wildcard(&patterns[i], origin)) {
            return 1;
        }
    }

    return 0;
}


/* "*" stands for any characters; letters match in either case. */

static ngx_int_t
ngx_http_chatws_wildcard(ngx_str_t *pattern, ngx_str_t *text)
{
    size_t  p, resume, star, t;

    p = 0;
    t = 0;
    star = pattern->len;
    resume = 0;

    while (t < text->len) {

        if (p < pattern->len && pattern->data[p] == '*') {
            star = p++;
            resume = t;

        } else if (p < pattern->len
                   && ngx_tolower(pattern->data[p])
                      == ngx_tolower(text->data[t]))
        {
            p++;
            t++;

        } else if (star < pattern->len) {
            p = star + 1;
            t = ++resume;

        } else {
            return 0;
        }
    }

    while (p < pattern->len && pattern->data[p] == '*') {
        p++;
    }

    return p == pattern->len;
}
