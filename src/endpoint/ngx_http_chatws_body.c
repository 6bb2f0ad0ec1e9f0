
/*
 * Copyright (C) chatws contributors
 *
 * Bodies of requests and of responses.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_body.h"
#include "endpoint/ngx_http_chatws_field.h"

#include <zlib.h>


/* bytes that deflate makes of one byte when it decodes, at most */
#define NGX_HTTP_CHATWS_EXPANSION  1032


static int ngx_http_chatws_body_window(ngx_str_t *in,
    ngx_http_chatws_coding_e coding);
static ngx_http_chatws_coding_e ngx_http_chatws_body_coding_of(ngx_str_t *name);
static void *ngx_http_chatws_body_zalloc(void *opaque, u_int items, u_int size);
static void ngx_http_chatws_body_zfree(void *opaque, void *address);


ngx_int_t
ngx_http_chatws_body_text(ngx_http_request_t *r, ngx_chain_t *in,
    ngx_str_t *text)
{
    u_char       *p;
    ngx_chain_t  *cl;

    if (in != NULL && in->next == NULL && ngx_buf_in_memory(in->buf)) {
        text->data = in->buf->pos;
        text->len = in->buf->last - in->buf->pos;
        return NGX_OK;
    }

    text->len = 0;

    for (cl = in; cl != NULL; cl = cl->next) {
        text->len += ngx_buf_size(cl->buf);
    }

    text->data = ngx_pnalloc(r->pool, text->len + 1);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    p = text->data;

    for (cl = in; cl != NULL; cl = cl->next) {

        if (ngx_http_chatws_body_read_buf(r, cl->buf, p) != NGX_OK) {
            return NGX_ERROR;
        }

        p += ngx_buf_size(cl->buf);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_body_read_buf(ngx_http_request_t *r, ngx_buf_t *b, u_char *p)
{
    size_t   size;
    ssize_t  n;

    size = ngx_buf_size(b);

    if (ngx_buf_in_memory(b)) {
        ngx_memcpy(p, b->pos, size);
        return NGX_OK;
    }

    if (!b->in_file) {
        return NGX_OK;
    }

    n = ngx_read_file(b->file, p, size, b->file_pos);

    if (n != (ssize_t) size) {
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      ngx_read_file_n " read only %z of %uz from \"%V\"",
                      n, size, &b->file->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_body_inflate(ngx_http_request_t *r, ngx_str_t *in,
    ngx_http_chatws_coding_e coding, size_t max, ngx_str_t *out)
{
    int       rc;
    z_stream  zs;

    ngx_memzero(&zs, sizeof(z_stream));

    zs.zalloc = ngx_http_chatws_body_zalloc;
    zs.zfree = ngx_http_chatws_body_zfree;
    zs.opaque = r->pool;

    if (inflateInit2(&zs, ngx_http_chatws_body_window(in, coding)) != Z_OK) {
        return NGX_ERROR;
    }

    if (in->len < max / NGX_HTTP_CHATWS_EXPANSION) {
        max = in->len * NGX_HTTP_CHATWS_EXPANSION;
    }

    out->data = ngx_pnalloc(r->pool, max + 1);

    if (out->data == NULL) {
        (void) inflateEnd(&zs);
        return NGX_ERROR;
    }

    zs.next_in = in->data;
    zs.avail_in = in->len;
    zs.next_out = out->data;
    zs.avail_out = max;

    rc = inflate(&zs, Z_FINISH);

    /* a gzip file may have several members; other bytes behind are ignored */

    while (rc == Z_STREAM_END
           && coding == NGX_HTTP_CHATWS_GZIP
           && zs.avail_in > 1
           && zs.next_in[0] == 0x1f
           && zs.next_in[1] == 0x8b)
    {
        (void) inflateReset(&zs);
        rc = inflate(&zs, Z_FINISH);
    }

    out->len = max - zs.avail_out;

    (void) inflateEnd(&zs);

    return rc == Z_STREAM_END ? NGX_OK : NGX_DECLINED;
}


/*
 * The argument windowBits of inflateInit2().  By RFC 9110, section 8.4.1.2,
 * the coding "deflate" has the header of zlib, but some servers leave it out;
 * a header of zlib or of gzip is told apart by zlib itself.
 */

static int
ngx_http_chatws_body_window(ngx_str_t *in, ngx_http_chatws_coding_e coding)
{
    if (coding == NGX_HTTP_CHATWS_DEFLATE
        && in->len > 1
        && ((in->data[0] & 0x0f) != Z_DEFLATED
            || (in->data[0] << 8 | in->data[1]) % 31 != 0))
    {
        return -MAX_WBITS;
    }

    return MAX_WBITS + 32;
}


static void *
ngx_http_chatws_body_zalloc(void *opaque, u_int items, u_int size)
{
    return ngx_palloc(opaque, items * size);
}


/* Small pieces are freed with the pool of the request only. */

static void
ngx_http_chatws_body_zfree(void *opaque, void *address)
{
    (void) ngx_pfree(opaque, address);
}


ngx_http_chatws_coding_e
ngx_http_chatws_body_coding(ngx_list_t *headers)
{
    u_char                       *last, *p;
    ngx_str_t                     name;
    chatws_str_t                 *value;
    ngx_http_chatws_coding_e      coding, next;
    ngx_http_chatws_field_walk_t  walk;

    static ngx_str_t              field = ngx_string("content-encoding");

    coding = NGX_HTTP_CHATWS_IDENTITY;

    ngx_http_chatws_field_walk(&walk, headers);

    while ((value = ngx_http_chatws_field_next(&walk, &field)) != NULL) {

        p = value->data;
        last = value->data + value->len;

        while (p < last) {

            if (*p == ',' || *p == ' ' || *p == '\t') {
                p++;
                continue;
            }

            name.data = p;

            while (p < last && *p != ',' && *p != ' ' && *p != '\t') {
                p++;
            }

            name.len = p - name.data;
            next = ngx_http_chatws_body_coding_of(&name);

            if (next == NGX_HTTP_CHATWS_IDENTITY) {
                continue;
            }

            coding = coding == NGX_HTTP_CHATWS_IDENTITY
                     ? next : NGX_HTTP_CHATWS_OTHER;
        }
    }

    return coding;
}


static ngx_http_chatws_coding_e
ngx_http_chatws_body_coding_of(ngx_str_t *name)
{
    ngx_uint_t  i;

    static const struct {
        ngx_str_t                 name;
        ngx_http_chatws_coding_e  coding;
    } codings[] = {
        { ngx_string("identity"), NGX_HTTP_CHATWS_IDENTITY },
        { ngx_string("gzip"), NGX_HTTP_CHATWS_GZIP },
        { ngx_string("x-gzip"), NGX_HTTP_CHATWS_GZIP },
        { ngx_string("deflate"), NGX_HTTP_CHATWS_DEFLATE }
    };

    for (i = 0; i < sizeof(codings) / sizeof(codings[0]); i++) {

        if (name->len == codings[i].name.len
            && ngx_strncasecmp(name->data, codings[i].name.data, name->len)
               == 0)
        {
            return codings[i].coding;
        }
    }

    return NGX_HTTP_CHATWS_OTHER;
}


ngx_int_t
ngx_http_chatws_body_is_json(ngx_str_t *type)
{
    size_t             i;

    static ngx_str_t   json = ngx_string("application/json");

    if (type->len < json.len
        || ngx_strncasecmp(type->data, json.data, json.len) != 0)
    {
        return 0;
    }

    for (i = json.len; i < type->len; i++) {

        if (type->data[i] == ';') {
            return 1;
        }

        if (type->data[i] != ' ' && type->data[i] != '\t') {
            return 0;
        }
    }

    return 1;
}
