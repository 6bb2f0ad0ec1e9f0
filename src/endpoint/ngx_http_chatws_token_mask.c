
/*
 * Copyright (C) chatws contributors
 *
 * Tokens in the arguments of a request are hidden.  nginx has the arguments in
 * three places, which may be the same memory: the line of the request and its
 * URI, as logs have them, and the arguments as they are after a rewrite.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_token_mask.h"


/* what logs show in place of each byte */
#define NGX_HTTP_CHATWS_TOKEN_MASK  '*'


static void ngx_http_chatws_token_mask_line(ngx_str_t *line,
    const ngx_array_t *names);
static void ngx_http_chatws_token_mask_args(u_char *p, u_char *last,
    const ngx_array_t *names);
static ngx_uint_t ngx_http_chatws_token_mask_named(u_char *p, u_char *last,
    const ngx_array_t *names);
static u_char *ngx_http_chatws_token_mask_find(const ngx_str_t *place,
    const ngx_str_t *text);
static void ngx_http_chatws_token_mask_all(const ngx_str_t *place,
    const ngx_str_t *text);


void
ngx_http_chatws_token_mask_names(ngx_http_request_t *r,
    const ngx_array_t *names)
{
    ngx_http_chatws_token_mask_args(r->args.data, r->args.data + r->args.len,
                                    names);
    ngx_http_chatws_token_mask_line(&r->unparsed_uri, names);
    ngx_http_chatws_token_mask_line(&r->request_line, names);
}


/* Masks what follows the first question mark. */

static void
ngx_http_chatws_token_mask_line(ngx_str_t *line, const ngx_array_t *names)
{
    u_char  *last, *p;

    last = line->data + line->len;
    p = ngx_strlchr(line->data, last, '?');

    if (p != NULL) {
        ngx_http_chatws_token_mask_args(p + 1, last, names);
    }
}


static void
ngx_http_chatws_token_mask_args(u_char *p, u_char *last,
    const ngx_array_t *names)
{
    u_char      *value;
    ngx_uint_t   named;

    while (p < last) {

        for (value = p; value < last && *value != '=' && *value != '&'; value++)
        {
            /* void */
        }

        named = ngx_http_chatws_token_mask_named(p, value, names);

        /* a blank ends the URI in the line of a request */

        for (p = value; p < last && *p != '&' && *p != ' '; p++) {
            if (named && p != value) {
                *p = NGX_HTTP_CHATWS_TOKEN_MASK;
            }
        }

        if (p < last && *p == ' ') {
            return;
        }

        p++;
    }
}


static ngx_uint_t
ngx_http_chatws_token_mask_named(u_char *p, u_char *last,
    const ngx_array_t *names)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    name = names->elts;

    for (i = 0; i < names->nelts; i++) {
        if (name[i].len == (size_t) (last - p)
            && ngx_strncasecmp(name[i].data, p, last - p) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_chatws_token_mask_text(ngx_http_request_t *r, ngx_str_t *text)
{
    u_char  *copy;

    if (ngx_http_chatws_token_mask_find(&r->request_line, text) == NULL
        && ngx_http_chatws_token_mask_find(&r->unparsed_uri, text) == NULL
        && ngx_http_chatws_token_mask_find(&r->args, text) == NULL)
    {
        return NGX_OK;
    }

    copy = ngx_pnalloc(r->pool, text->len);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy, text->data, text->len);
    text->data = copy;

    ngx_http_chatws_token_mask_all(&r->request_line, text);
    ngx_http_chatws_token_mask_all(&r->unparsed_uri, text);
    ngx_http_chatws_token_mask_all(&r->args, text);

    return NGX_OK;
}


static void
ngx_http_chatws_token_mask_all(const ngx_str_t *place, const ngx_str_t *text)
{
    u_char     *p;
    ngx_str_t   rest;

    rest = *place;

    while ((p = ngx_http_chatws_token_mask_find(&rest, text)) != NULL) {
        ngx_memset(p, NGX_HTTP_CHATWS_TOKEN_MASK, text->len);

        p += text->len;

        rest.len = rest.data + rest.len - p;
        rest.data = p;
    }
}


static u_char *
ngx_http_chatws_token_mask_find(const ngx_str_t *place, const ngx_str_t *text)
{
    u_char  *last, *p;

    if (place->len < text->len) {
        return NULL;
    }

    last = place->data + place->len - text->len;

    for (p = place->data; p <= last; p++) {
        if (*p == *text->data
            && ngx_memcmp(p, text->data, text->len) == 0)
        {
            return p;
        }
    }

    return NULL;
}
