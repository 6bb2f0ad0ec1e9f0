
/*
 * Copyright (C) chatws contributors
 *
 * The upgrade of a connection: the answer to the opening handshake, RFC 6455,
 * section 4.2.2, and the start of the session.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_sha1.h>
#include "endpoint/ngx_http_chatws_response.h"
#include "endpoint/ngx_http_chatws_upgrade.h"


/* the text that is hashed behind the key: RFC 6455, section 1.3 */
#define NGX_HTTP_CHATWS_GUID    "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

#define NGX_HTTP_CHATWS_SHA1    20      /* bytes of a hash */
#define NGX_HTTP_CHATWS_ACCEPT  28      /* bytes of its base64 */


static ngx_int_t ngx_http_chatws_upgrade_answer(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs, ngx_http_chatws_session_t *s);
static ngx_int_t ngx_http_chatws_upgrade_accept(ngx_http_request_t *r,
    ngx_str_t *key);
static ngx_int_t ngx_http_chatws_upgrade_failed(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_upgrade_output(ngx_http_request_t *r,
    ngx_http_chatws_session_t *s);
static ngx_int_t ngx_http_chatws_upgrade_record(ngx_http_chatws_session_t *s);


ngx_int_t
ngx_http_chatws_upgrade(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs, ngx_http_chatws_session_t *s,
    ngx_str_t *greeting)
{
    ngx_int_t  rc;

    if (ngx_http_chatws_upgrade_answer(r, hs, s) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return rc;
    }

    if (!r->header_sent
        || r->headers_out.status != NGX_HTTP_SWITCHING_PROTOCOLS)
    {
        return ngx_http_chatws_upgrade_failed(r);
    }

    if (ngx_http_chatws_upgrade_output(r, s) != NGX_OK
        || (greeting != NULL
            && ngx_http_chatws_queue(s, greeting->data, greeting->len)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    return ngx_http_chatws_session_start(s);
}


/* Sets the header of the answer: RFC 6455, section 4.2.2, step 5. */

static ngx_int_t
ngx_http_chatws_upgrade_answer(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs, ngx_http_chatws_session_t *s)
{
    ngx_str_t         extensions;

    static ngx_str_t  upgrade = ngx_string("websocket");

    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    r->keepalive = 0;

    /* nginx has no text of its own for 101 */
    ngx_str_set(&r->headers_out.status_line, "101 Switching Protocols");

    if (ngx_http_chatws_response_header(r, "Upgrade", &upgrade) != NGX_OK
        || ngx_http_chatws_upgrade_accept(r, &hs->key) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (hs->subprotocol.len != 0
        && ngx_http_chatws_response_header(r, "Sec-WebSocket-Protocol",
                                           &hs->subprotocol)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!hs->deflate) {
        return NGX_OK;
    }

    extensions.len = hs->answer_len;
    extensions.data = ngx_pnalloc(r->pool, extensions.len);

    if (extensions.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(extensions.data, hs->answer, extensions.len);

    if (ngx_http_chatws_response_header(r, "Sec-WebSocket-Extensions",
                                        &extensions)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_chatws_session_deflate(s, &hs->params);
}


/* Adds Sec-WebSocket-Accept: RFC 6455, section 4.2.2, step 5.4. */

static ngx_int_t
ngx_http_chatws_upgrade_accept(ngx_http_request_t *r, ngx_str_t *key)
{
    u_char      hash[NGX_HTTP_CHATWS_SHA1];
    ngx_str_t   accept, sha1;
    ngx_sha1_t  ctx;

    ngx_sha1_init(&ctx);
    ngx_sha1_update(&ctx, key->data, key->len);
    ngx_sha1_update(&ctx, NGX_HTTP_CHATWS_GUID,
                    sizeof(NGX_HTTP_CHATWS_GUID) - 1);
    ngx_sha1_final(hash, &ctx);

    sha1.len = NGX_HTTP_CHATWS_SHA1;
    sha1.data = hash;

    accept.data = ngx_pnalloc(r->pool, NGX_HTTP_CHATWS_ACCEPT);
    if (accept.data == NULL) {
        return NGX_ERROR;
    }

    ngx_encode_base64(&accept, &sha1);

    return ngx_http_chatws_response_header(r, "Sec-WebSocket-Accept", &accept);
}


/* Ends a request whose 101 was changed by the header filter of a module. */

static ngx_int_t
ngx_http_chatws_upgrade_failed(ngx_http_request_t *r)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "chatws can't open a WebSocket: a header filter has made "
                  "%ui of the status 101, or keeps the header back",
                  r->headers_out.status);

    if (!r->header_sent) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_send_special(r, NGX_HTTP_LAST);
}


/*
 * Moves output that nginx keeps back to the queue of the session.  nginx sends
 * a short header together with the body: here it goes out in one packet with
 * the first frame.  Bytes that were given to the buffer for TLS come first.
 */

static ngx_int_t
ngx_http_chatws_upgrade_output(ngx_http_request_t *r,
    ngx_http_chatws_session_t *s)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (ngx_http_chatws_upgrade_record(s) != NGX_OK) {
        return NGX_ERROR;
    }

    for (cl = r->out; cl != NULL; cl = cl->next) {
        b = cl->buf;

        if (ngx_http_chatws_queue(s, b->pos, b->last - b->pos) != NGX_OK) {
            return NGX_ERROR;
        }

        b->pos = b->last;
    }

    r->out = NULL;
    r->connection->buffered &= ~NGX_HTTP_WRITE_BUFFERED;

    return NGX_OK;
}


/*
 * Moves the bytes in the buffer where nginx collects a record of TLS to the
 * queue of the session.
 */

static ngx_int_t
ngx_http_chatws_upgrade_record(ngx_http_chatws_session_t *s)
{
#if (NGX_HTTP_SSL)

    ngx_buf_t         *b;
    ngx_connection_t  *c;

    c = s->connection;

    if (c->ssl == NULL || c->ssl->buf == NULL || c->ssl->buf->start == NULL) {
        return NGX_OK;
    }

    b = c->ssl->buf;

    if (b->pos != b->last
        && ngx_http_chatws_queue(s, b->pos, b->last - b->pos) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* where OpenSSL has tried to send them, it has to get the same again */
    s->record = b->last - b->pos;

    b->pos = b->start;
    b->last = b->start;
    b->flush = 0;

    c->buffered &= ~NGX_SSL_BUFFERED;

    ngx_ssl_free_buffer(c);

#endif

    return NGX_OK;
}
