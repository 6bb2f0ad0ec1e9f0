
/*
 * Copyright (C) chatws contributors
 *
 * Bodies of requests and of responses: their bytes as one text, and how they
 * are coded.
 */


#ifndef _NGX_HTTP_CHATWS_BODY_H_INCLUDED_
#define _NGX_HTTP_CHATWS_BODY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Makes one text of the bytes in a chain of buffers, which are in memory or in
 * a file.  The text lives as long as the request; the bytes of a single buffer
 * in memory are not copied.  NGX_ERROR: no memory, or the file can't be read,
 * which was logged.
 */
ngx_int_t ngx_http_chatws_body_text(ngx_http_request_t *r, ngx_chain_t *in,
    ngx_str_t *text);

/*
 * Copies the bytes of a buffer, in memory or in a file, to p, where there is
 * room for ngx_buf_size() bytes.  NGX_ERROR: the file can't be read, which was
 * logged.
 */
ngx_int_t ngx_http_chatws_body_read_buf(ngx_http_request_t *r, ngx_buf_t *b,
    u_char *p);


/* Content codings, RFC 9110, section 8.4. */

typedef enum {
    NGX_HTTP_CHATWS_IDENTITY = 0,      /* the content is not coded */
    NGX_HTTP_CHATWS_GZIP,
    NGX_HTTP_CHATWS_DEFLATE,
    NGX_HTTP_CHATWS_OTHER              /* another coding, or several */
} ngx_http_chatws_coding_e;


/* Returns the coding that the fields Content-Encoding name. */
ngx_http_chatws_coding_e ngx_http_chatws_body_coding(ngx_list_t *headers);

/*
 * Decodes a text that is coded with gzip or deflate.  out is set to a text of
 * at most max bytes, which lives as long as the request.  NGX_DECLINED: the
 * text is damaged, or larger than max; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_body_inflate(ngx_http_request_t *r, ngx_str_t *in,
    ngx_http_chatws_coding_e coding, size_t max, ngx_str_t *out);

/* Whether a Content-Type is application/json, with or without parameters. */
ngx_int_t ngx_http_chatws_body_is_json(ngx_str_t *type);


#endif /* _NGX_HTTP_CHATWS_BODY_H_INCLUDED_ */
