
/*
 * Copyright (C) chatws contributors
 *
 * chatws_allowed_origins: whose pages may connect, and publish.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_field.h"
#include "endpoint/ngx_http_chatws_origin.h"
#include "endpoint/ngx_http_chatws_response.h"


static ngx_int_t ngx_http_chatws_page_allowed(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf);
static ngx_int_t ngx_http_chatws_own_site(chatws_str_t *site);
static ngx_int_t ngx_http_chatws_origin_allowed(
    ngx_http_chatws_loc_conf_t *cwlcf, ngx_str_t *origin);
static ngx_int_t ngx_http_chatws_wildcard(ngx_str_t *pattern,
    ngx_str_t *text);


ngx_int_t
ngx_http_chatws_check_page(ngx_http_request_t *r,
    const chatws_fault_t **fault)
{
    ngx_http_chatws_loc_conf_t  *cwlcf;

    static const chatws_fault_t  refused =
        ngx_http_chatws_fault("Origin not allowed",
                              "this server does not serve that origin");

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (cwlcf->origins == NULL || ngx_http_chatws_page_allowed(r, cwlcf)) {
        return NGX_OK;
    }

    *fault = &refused;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_chatws_page_allowed(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf)
{
    chatws_str_t            *origin, *site;
    ngx_http_chatws_walk_t   walk;

    static ngx_str_t         origin_name = ngx_string("origin");
    static ngx_str_t         site_name = ngx_string("sec-fetch-site");

    ngx_http_chatws_walk(&walk, &r->headers_in.headers);
    origin = ngx_http_chatws_next_field(&walk, &origin_name);

    if (origin != NULL) {
        return ngx_http_chatws_next_field(&walk, &origin_name) == NULL
               && ngx_http_chatws_origin_allowed(cwlcf, (ngx_str_t *) origin);
    }

    /* what has neither is no browser, and could claim any */

    ngx_http_chatws_walk(&walk, &r->headers_in.headers);

    while ((site = ngx_http_chatws_next_field(&walk, &site_name)) != NULL) {

        if (!ngx_http_chatws_own_site(site)) {
            return 0;
        }
    }

    return 1;
}


/* Whether no page of another origin is behind it: Fetch Metadata, 2.3. */

static ngx_int_t
ngx_http_chatws_own_site(chatws_str_t *site)
{
    ngx_uint_t                 i;

    static const chatws_str_t  own[] = {
        chatws_str("same-origin"),
        chatws_str("none")
    };

    for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {

        if (site->len == own[i].len
            && ngx_strncmp(site->data, own[i].data, own[i].len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_chatws_origin_allowed(ngx_http_chatws_loc_conf_t *cwlcf,
    ngx_str_t *origin)
{
    ngx_str_t   *patterns;
    ngx_uint_t   i;

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
