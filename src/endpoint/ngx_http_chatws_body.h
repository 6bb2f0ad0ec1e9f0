
/*
 * Copyright (C) chatws contributors
 *
 * Bodies of requests and responses as one piece of text.
 */


#ifndef _NGX_HTTP_CHATWS_BODY_H_INCLUDED_
#define _NGX_HTTP_CHATWS_BODY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Makes one text of a chain of buffers, in memory or in a file; where it is
 * one buffer in memory, without a copy.  Lives as long as the request.
 */
ngx_int_t ngx_http_chatws_read_chain(ngx_http_request_t *r, ngx_chain_t *in,
    ngx_str_t *text);

/* Reads a buffer, in memory or in a file, to p. */
ngx_int_t ngx_http_chatws_read_buf(ngx_http_request_t *r, ngx_buf_t *b,
    u_char *p);

/* What the content of a message is coded with: RFC 9110, 8.4. */

typedef enum {
    NGX_HTTP_CHATWS_IDENTITY = 0,      /* nothing */
    NGX_HTTP_CHATWS_GZIP,
    NGX_HTTP_CHATWS_DEFLATE,
    NGX_HTTP_CHATWS_OTHER              /* another coding, or several */
} ngx_http_chatws_coding_e;

ngx_http_chatws_coding_e ngx_http_chatws_coding(ngx_list_t *headers);

/*
 * Expands what has that coding, gzip or deflate, to at most max bytes, in
 * memory of the request.  NGX_DECLINED: damaged, or larger; NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_http_chatws_inflate(ngx_http_request_t *r, ngx_str_t *in,
    ngx_http_chatws_coding_e coding, size_t max, ngx_str_t *out);

/* Whether a Content-Type is application/json, with any parameters. */
ngx_int_t ngx_http_chatws_is_json(ngx_str_t *type);


#endif /* _NGX_HTTP_CHATWS_BODY_H_INCLUDED_ */
