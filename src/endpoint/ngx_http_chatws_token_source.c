
/*
 * Copyright (C) chatws contributors
 *
 * Where the token of a request is: the sources of chatws_token, one by one.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "websocket/chatws_handshake.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_field.h"
#include "endpoint/ngx_http_chatws_handlers.h"
#include "endpoint/ngx_http_chatws_handshake.h"
#include "endpoint/ngx_http_chatws_token_source.h"


static void ngx_http_chatws_token_source_bearer(ngx_http_request_t *r,
    ngx_str_t *text);
static ngx_int_t ngx_http_chatws_token_source_value(ngx_http_request_t *r,
    const ngx_http_chatws_token_args_t *unmasked,
    ngx_http_chatws_token_source_t *source, ngx_str_t *text);
static ngx_int_t ngx_http_chatws_token_source_unmasked(ngx_http_request_t *r,
    const ngx_http_chatws_token_args_t *unmasked,
    ngx_http_chatws_token_source_t *source, ngx_str_t *text);
static void ngx_http_chatws_token_source_scheme(
    const ngx_http_chatws_token_source_t *source, ngx_str_t *text);


ngx_int_t
ngx_http_chatws_token_source_find(ngx_http_request_t *r,
    const ngx_http_chatws_token_sources_t *sources,
    const ngx_http_chatws_token_args_t *args, ngx_str_t *text,
    ngx_uint_t *bearer)
{
    ngx_uint_t                       i;
    ngx_http_chatws_loc_conf_t      *cwlcf;
    ngx_http_chatws_token_source_t  *source;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    source = sources->list.elts;
    text->len = 0;
    *bearer = 0;

    for (i = 0; i < sources->list.nelts && text->len == 0; i++) {

        if ((source[i].protocol || source[i].arg)
            && cwlcf->handler != ngx_http_chatws_connect_handler)
        {
            /* these are inherited by a location which nobody asks there */
            continue;
        }

        if (source[i].protocol) {
            ngx_http_chatws_token_source_bearer(r, text);
            *bearer = text->len != 0;
            continue;
        }

        if (ngx_http_chatws_token_source_value(r, args, &source[i], text)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Sets text to what a subprotocol on offer says behind "chatws.bearer.". */

static void
ngx_http_chatws_token_source_bearer(ngx_http_request_t *r, ngx_str_t *text)
{
    chatws_str_t                 *value;
    ngx_http_chatws_field_walk_t  walk;

    static const chatws_str_t     prefix = chatws_str("chatws.bearer.");

    ngx_http_chatws_field_walk(&walk, &r->headers_in.headers);

    while ((value = ngx_http_chatws_field_next(&walk,
                                       &ngx_http_chatws_handshake_offer))
           != NULL)
    {
        if (chatws_handshake_prefix(value, &prefix, (chatws_str_t *) text)
            == CHATWS_OK
            && text->len != 0)
        {
            return;
        }
    }

    text->len = 0;
}


/* Sets text to the token in a string with variables.  NGX_ERROR: no memory. */

static ngx_int_t
ngx_http_chatws_token_source_value(ngx_http_request_t *r,
    const ngx_http_chatws_token_args_t *unmasked,
    ngx_http_chatws_token_source_t *source, ngx_str_t *text)
{
    ngx_int_t  rc;

    rc = unmasked->masked != NULL && unmasked->masked == r->args.data
         ? ngx_http_chatws_token_source_unmasked(r, unmasked, source, text)
         : ngx_http_complex_value(r, &source->value, text);

    if (rc == NGX_OK) {
        ngx_http_chatws_token_source_scheme(source, text);
    }

    return rc;
}


/*
 * The same with the arguments as they were.  It is done with a copy of the
 * variables: nginx keeps their values, and they would be logged.
 */

static ngx_int_t
ngx_http_chatws_token_source_unmasked(ngx_http_request_t *r,
    const ngx_http_chatws_token_args_t *unmasked,
    ngx_http_chatws_token_source_t *source, ngx_str_t *text)
{
    size_t                      size;
    ngx_int_t                   rc;
    ngx_str_t                   args;
    ngx_http_variable_value_t  *variables, *copy;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    size = cmcf->variables.nelts * sizeof(ngx_http_variable_value_t);

    copy = ngx_palloc(r->pool, size);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy, r->variables, size);

    args = r->args;
    variables = r->variables;

    r->args = unmasked->args;
    r->variables = copy;

    rc = ngx_http_complex_value(r, &source->value, text);

    r->args = args;
    r->variables = variables;

    return rc;
}


/*
 * Cuts "Bearer " off: RFC 6750, section 2.1.  With another scheme it is no
 * token; nor is it without one in the field that has to begin with one.
 */

static void
ngx_http_chatws_token_source_scheme(
    const ngx_http_chatws_token_source_t *source, ngx_str_t *text)
{
    u_char  *last, *p;

    last = text->data + text->len;
    p = ngx_strlchr(text->data, last, ' ');

    if (p == NULL) {

        if (source->field) {
            text->len = 0;
        }

        return;
    }

    if (p - text->data != 6
        || ngx_strncasecmp(text->data, (u_char *) "Bearer", 6) != 0)
    {
        text->len = 0;
        return;
    }

    while (p < last && *p == ' ') {
        p++;
    }

    text->data = p;
    text->len = last - p;
}
