
/*
 * Copyright (C) chatws contributors
 *
 * The opening handshake: the checks of RFC 6455, section 4.2.1, and the
 * answer of section 4.2.2.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_sha1.h>
#include "websocket/chatws_handshake.h"
#include "endpoint/ngx_http_chatws_field.h"
#include "endpoint/ngx_http_chatws_response.h"
#include "endpoint/ngx_http_chatws_upgrade.h"

#include <zlib.h>


#define NGX_HTTP_CHATWS_GUID    "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

#define NGX_HTTP_CHATWS_SHA1    20
#define NGX_HTTP_CHATWS_ACCEPT  28      /* its base64 */


/* the fields of the request that take part */

typedef struct {
    chatws_str_t  key;
    chatws_str_t  version;
    chatws_str_t  origin;
    unsigned      connection:1;     /* has the token "Upgrade" */
    unsigned      upgrade:1;        /* has the token "websocket" */
    unsigned      repeated:1;       /* one that must come once does not */
} ngx_http_chatws_fields_t;


static void ngx_http_chatws_fields(ngx_http_request_t *r,
    ngx_http_chatws_fields_t *fields);
static ngx_uint_t ngx_http_chatws_field_has(ngx_http_request_t *r,
    ngx_str_t *name, const chatws_str_t *token);
static void ngx_http_chatws_field_once(ngx_http_request_t *r,
    ngx_str_t *name, ngx_http_chatws_fields_t *fields, chatws_str_t *field);
static ngx_int_t ngx_http_chatws_negotiate_protocol(ngx_http_request_t *r,
    const ngx_http_chatws_session_conf_t *conf,
    ngx_http_chatws_handshake_t *hs);
static ngx_int_t ngx_http_chatws_negotiate_deflate(ngx_http_request_t *r,
    const ngx_http_chatws_session_conf_t *conf,
    ngx_http_chatws_handshake_t *hs);
static ngx_int_t ngx_http_chatws_answer(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs, ngx_http_chatws_session_t *s);
static ngx_int_t ngx_http_chatws_accept(ngx_http_request_t *r,
    ngx_str_t *key);
static ngx_int_t ngx_http_chatws_no_upgrade(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_take_output(ngx_http_request_t *r,
    ngx_http_chatws_session_t *s);
static ngx_int_t ngx_http_chatws_take_record(ngx_http_chatws_session_t *s);


ngx_uint_t
ngx_http_chatws_handshake(ngx_http_request_t *r,
    const ngx_http_chatws_session_conf_t *conf, ngx_http_chatws_handshake_t *hs,
    const chatws_fault_t **fault)
{
    ngx_http_chatws_fields_t     fields;

    static const chatws_fault_t  required =
        chatws_fault("Upgrade required",
                              "this is a WebSocket endpoint");
    static const chatws_fault_t  version =
        chatws_fault("Unsupported WebSocket version",
                              "Sec-WebSocket-Version must be 13");
    static const chatws_fault_t  repeated =
        chatws_fault("Invalid handshake",
                              "Sec-WebSocket-Key, Sec-WebSocket-Version and "
                              "Origin must come once");
    static const chatws_fault_t  key =
        chatws_fault("Invalid handshake",
                              "Sec-WebSocket-Key must be 16 bytes of base64");
    static const chatws_fault_t  body =
        chatws_fault("Invalid handshake",
                              "an upgrade request must have no body");
    static const chatws_fault_t  protocol =
        chatws_fault("Invalid handshake",
                              "Sec-WebSocket-Protocol must be a list of "
                              "tokens");
    static const chatws_fault_t  extensions =
        chatws_fault("Invalid handshake",
                              "Sec-WebSocket-Extensions must be a list of "
                              "extensions");
    static const chatws_fault_t  status =
        chatws_fault("Upgrade impossible",
                              "error_page has set another status than 101");

    ngx_memzero(hs, sizeof(ngx_http_chatws_handshake_t));

    ngx_http_chatws_fields(r, &fields);

    /* HTTP/1.0 knows of no upgrade: RFC 9110, 7.8; HTTP/1.2 does */

    if (r->http_version < NGX_HTTP_VERSION_11
        || r->http_version >= NGX_HTTP_VERSION_20
        || r != r->main
        || r->post_action
        || !fields.connection
        || !fields.upgrade)
    {
        *fault = &required;
        return NGX_HTTP_CHATWS_UPGRADE_REQUIRED;
    }

    if (chatws_handshake_version(&fields.version) != CHATWS_OK) {
        *fault = &version;
        return NGX_HTTP_CHATWS_UPGRADE_REQUIRED;
    }

    if (fields.repeated) {
        *fault = &repeated;
        return NGX_HTTP_BAD_REQUEST;
    }

    if (chatws_handshake_key(&fields.key) != CHATWS_OK) {
        *fault = &key;
        return NGX_HTTP_BAD_REQUEST;
    }

    if (r->headers_in.content_length_n > 0 || r->headers_in.chunked) {
        *fault = &body;
        return NGX_HTTP_BAD_REQUEST;
    }

    if (ngx_http_chatws_negotiate_protocol(r, conf, hs) != NGX_OK) {
        *fault = &protocol;
        return NGX_HTTP_BAD_REQUEST;
    }

    if (ngx_http_chatws_negotiate_deflate(r, conf, hs) != NGX_OK) {
        *fault = &extensions;
        return NGX_HTTP_BAD_REQUEST;
    }

    if (r->err_status != 0 && r->err_status != NGX_HTTP_SWITCHING_PROTOCOLS) {
        *fault = &status;
        return r->err_status;
    }

    hs->key.len = fields.key.len;
    hs->key.data = fields.key.data;

    return 0;
}


static void
ngx_http_chatws_fields(ngx_http_request_t *r,
    ngx_http_chatws_fields_t *fields)
{
    static ngx_str_t           connection = ngx_string("connection");
    static ngx_str_t           upgrade = ngx_string("upgrade");
    static ngx_str_t           key = ngx_string("sec-websocket-key");
    static ngx_str_t           version = ngx_string("sec-websocket-version");
    static ngx_str_t           origin = ngx_string("origin");

    static const chatws_str_t  upgrade_token = chatws_str("upgrade");
    static const chatws_str_t  websocket_token = chatws_str("websocket");

    ngx_memzero(fields, sizeof(ngx_http_chatws_fields_t));

    fields->connection = ngx_http_chatws_field_has(r, &connection,
                                                   &upgrade_token);
    fields->upgrade = ngx_http_chatws_field_has(r, &upgrade,
                                                &websocket_token);

    ngx_http_chatws_field_once(r, &key, fields, &fields->key);
    ngx_http_chatws_field_once(r, &version, fields, &fields->version);
    ngx_http_chatws_field_once(r, &origin, fields, &fields->origin);
}


/* Whether a field of that name, of whichever there are, has the token. */

static ngx_uint_t
ngx_http_chatws_field_has(ngx_http_request_t *r, ngx_str_t *name,
    const chatws_str_t *token)
{
    chatws_str_t            *value;
    ngx_http_chatws_walk_t   walk;

    ngx_http_chatws_walk(&walk, &r->headers_in.headers);

    while ((value = ngx_http_chatws_next_field(&walk, name)) != NULL) {
        if (chatws_handshake_token(value, token) == CHATWS_OK) {
            return 1;
        }
    }

    return 0;
}


/* The one field of that name, if there is any. */

static void
ngx_http_chatws_field_once(ngx_http_request_t *r, ngx_str_t *name,
    ngx_http_chatws_fields_t *fields, chatws_str_t *field)
{
    chatws_str_t            *value;
    ngx_http_chatws_walk_t   walk;

    ngx_http_chatws_walk(&walk, &r->headers_in.headers);

    while ((value = ngx_http_chatws_next_field(&walk, name)) != NULL) {

        if (field->data != NULL) {
            fields->repeated = 1;
            return;
        }

        *field = *value;
    }
}


/* RFC 6455, 4.2.2, 5: none of the client's is no fault. */

static ngx_int_t
ngx_http_chatws_negotiate_protocol(ngx_http_request_t *r,
    const ngx_http_chatws_session_conf_t *conf, ngx_http_chatws_handshake_t *hs)
{
    chatws_rc_e              rc;
    chatws_str_t            *value;
    ngx_http_chatws_walk_t   walk;

    static ngx_str_t         name = ngx_string("sec-websocket-protocol");

    ngx_http_chatws_walk(&walk, &r->headers_in.headers);

    while ((value = ngx_http_chatws_next_field(&walk, &name)) != NULL) {

        rc = chatws_handshake_protocol(value,
                                  (const chatws_str_t *) &conf->subprotocol);

        if (rc == CHATWS_ERROR) {
            return NGX_ERROR;
        }

        if (rc == CHATWS_OK && conf->subprotocol.len != 0) {
            hs->subprotocol = 1;
        }
    }

    return NGX_OK;
}


/* RFC 7692, 5.1: the first acceptable offer, in the client's order. */

static ngx_int_t
ngx_http_chatws_negotiate_deflate(ngx_http_request_t *r,
    const ngx_http_chatws_session_conf_t *conf, ngx_http_chatws_handshake_t *hs)
{
    chatws_rc_e               rc;
    chatws_str_t             *value;
    ngx_http_chatws_walk_t    walk;
    chatws_deflate_policy_t   policy;

    static ngx_str_t          name = ngx_string("sec-websocket-extensions");

    if (!conf->deflate) {
        return NGX_OK;
    }

    policy.server_takeover = conf->deflate_takeover;
    policy.client_takeover = conf->deflate_takeover;
    policy.server_bits = MAX_WBITS;
    policy.client_bits = MAX_WBITS;

    ngx_http_chatws_walk(&walk, &r->headers_in.headers);

    while ((value = ngx_http_chatws_next_field(&walk, &name)) != NULL) {

        rc = chatws_deflate_negotiate(&policy, value, &hs->params, hs->answer,
                                      &hs->answer_len);

        if (rc == CHATWS_ERROR) {
            return NGX_ERROR;
        }

        if (rc == CHATWS_OK) {
            hs->deflate = 1;
            return NGX_OK;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_upgrade(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs, ngx_http_chatws_session_t *s,
    ngx_str_t *greeting)
{
    ngx_int_t  rc;

    if (ngx_http_chatws_answer(r, hs, s) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return rc;
    }

    if (!r->header_sent
        || r->headers_out.status != NGX_HTTP_SWITCHING_PROTOCOLS)
    {
        return ngx_http_chatws_no_upgrade(r);
    }

    if (ngx_http_chatws_take_output(r, s) != NGX_OK
        || (greeting != NULL
            && ngx_http_chatws_queue(s, greeting->data, greeting->len)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    return ngx_http_chatws_session_start(s);
}


/* RFC 6455, 4.2.2, 5 */

static ngx_int_t
ngx_http_chatws_answer(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs, ngx_http_chatws_session_t *s)
{
    ngx_str_t         extensions, subprotocol;

    static ngx_str_t  upgrade = ngx_string("websocket");

    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    r->keepalive = 0;

    /* nginx has no text of its own for 101 */
    ngx_str_set(&r->headers_out.status_line, "101 Switching Protocols");

    if (ngx_http_chatws_add_header(r, "Upgrade", &upgrade) != NGX_OK
        || ngx_http_chatws_accept(r, &hs->key) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (hs->subprotocol) {
        subprotocol = s->conf->subprotocol;

        if (ngx_http_chatws_add_header(r, "Sec-WebSocket-Protocol",
                                       &subprotocol)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
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

    if (ngx_http_chatws_add_header(r, "Sec-WebSocket-Extensions", &extensions)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_chatws_session_deflate(s, &hs->params);
}


/* The hash of the key: RFC 6455, 4.2.2, 5.4. */

static ngx_int_t
ngx_http_chatws_accept(ngx_http_request_t *r, ngx_str_t *key)
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

    return ngx_http_chatws_add_header(r, "Sec-WebSocket-Accept", &accept);
}


/* A header filter of another module has made something else of the 101. */

static ngx_int_t
ngx_http_chatws_no_upgrade(ngx_http_request_t *r)
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
 * nginx keeps a short header back, to send it with the body.  There is no
 * body: the header goes out with the session's first frame, in one packet.
 * What is in OpenSSL's hands, or in the buffer before it, comes first.
 */

static ngx_int_t
ngx_http_chatws_take_output(ngx_http_request_t *r,
    ngx_http_chatws_session_t *s)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (ngx_http_chatws_take_record(s) != NGX_OK) {
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


/* nginx fills a record of TLS before it sends it. */

static ngx_int_t
ngx_http_chatws_take_record(ngx_http_chatws_session_t *s)
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

    /* OpenSSL may have been given it, and wants it again then */
    s->record = b->last - b->pos;

    b->pos = b->start;
    b->last = b->start;
    b->flush = 0;

    c->buffered &= ~NGX_SSL_BUFFERED;

    ngx_ssl_free_buffer(c);

#endif

    return NGX_OK;
}
