
/*
 * Copyright (C) chatws contributors
 *
 * Where the token of a request is: the sources of chatws_token.
 */


#ifndef _NGX_HTTP_CHATWS_TOKEN_SOURCE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_TOKEN_SOURCE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_token_conf.h"


/* The arguments of a request before tokens in them were masked. */

typedef struct {
    ngx_str_t   args;
    u_char     *masked;     /* where they are now; NULL: nothing is masked */
} ngx_http_chatws_token_args_t;


/*
 * Sets text to the token of a main request, the first one that is not empty,
 * or to an empty text; it lives as long as the request.  *bearer is 1 if it
 * came as a subprotocol, else 0.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_token_source_find(ngx_http_request_t *r,
    const ngx_http_chatws_token_sources_t *sources,
    const ngx_http_chatws_token_args_t *args, ngx_str_t *text,
    ngx_uint_t *bearer);


#endif /* _NGX_HTTP_CHATWS_TOKEN_SOURCE_H_INCLUDED_ */
