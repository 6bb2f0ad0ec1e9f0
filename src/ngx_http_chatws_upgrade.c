
/*
 * Copyright (C) chatws contributors
 *
 * The opening handshake: the checks of RFC 6455, section 4.2.1, and the
 * answer of section 4.2.2.
 * Floor 5: knows ngx_http and floors 0 to 4, but no chat.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_sha1.h>
#include "chatws_handshake.h"
#include "ngx_http_chatws_response.h"
#include "ngx_http_chatws_upgrade.h"


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
static void ngx_http_chatws_field(ngx_http_chatws_fields_t *fields,
    ngx_table_elt_t *h);
static void ngx_http_chatws_field_once(ngx_http_chatws_fields_t *fields,
    chatws_str_t *field, chatws_str_t *value);
static ngx_int_t ngx_http_chatws_is_field(ngx_table_elt_t *h,
    const char *name, size_t len);
static ngx_int_t ngx_http_chatws_upgrade_required(ngx_http_request_t *r,
    const chatws_fault_t *fault);
static ngx_int_t ngx_http_chatws_accept(ngx_http_request_t *r,
    ngx_str_t *key);
static ngx_int_t ngx_http_chatws_take_header(ngx_http_request_t *r,
    ngx_http_chatws_session_t *s);


ngx_int_t
ngx_http_chatws_handshake(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs)
{
    ngx_http_chatws_fields_t     fields;

    static const chatws_fault_t  required =
        ngx_http_chatws_fault("Upgrade required",
                              "this is a WebSocket endpoint");
    static const chatws_fault_t  version =
        ngx_http_chatws_fault("Unsupported WebSocket version",
                              "Sec-WebSocket-Version must be 13");
    static const chatws_fault_t  key =
        ngx_http_chatws_fault("Invalid handshake",
                       "Sec-WebSocket-Key must be 16 bytes of base64, once");
    static const chatws_fault_t  body =
        ngx_http_chatws_fault("Invalid handshake",
                              "an upgrade request must have no body");

    ngx_http_chatws_fields(r, &fields);

    /* an HTTP/1.0 message can't ask for an upgrade: RFC 9110, 7.8 */

    if (r->http_version != NGX_HTTP_VERSION_11
        || r != r->main
        || !fields.connection
        || !fields.upgrade)
    {
        return ngx_http_chatws_upgrade_required(r, &required);
    }

    if (chatws_handshake_version(&fields.version) != CHATWS_OK) {
        return ngx_http_chatws_upgrade_required(r, &version);
    }

    if (fields.repeated || chatws_handshake_key(&fields.key) != CHATWS_OK) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_BAD_REQUEST, &key);
    }

    if (r->headers_in.content_length_n > 0 || r->headers_in.chunked) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_BAD_REQUEST, &body);
    }

    hs->key.len = fields.key.len;
    hs->key.data = fields.key.data;
    hs->origin.len = fields.origin.len;
    hs->origin.data = fields.origin.data;

    return NGX_OK;
}


static void
ngx_http_chatws_fields(ngx_http_request_t *r,
    ngx_http_chatws_fields_t *fields)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    ngx_memzero(fields, sizeof(ngx_http_chatws_fields_t));

    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        ngx_http_chatws_field(fields, &header[i]);
    }
}


static void
ngx_http_chatws_field(ngx_http_chatws_fields_t *fields, ngx_table_elt_t *h)
{
    chatws_str_t               *value;

    static const chatws_str_t   upgrade = chatws_str("upgrade");
    static const chatws_str_t   websocket = chatws_str("websocket");

    value = (chatws_str_t *) &h->value;

#define ngx_http_chatws_named(name)                                           \
    ngx_http_chatws_is_field(h, name, sizeof(name) - 1)

    if (ngx_http_chatws_named("connection")) {
        if (chatws_handshake_token(value, &upgrade) == CHATWS_OK) {
            fields->connection = 1;
        }

    } else if (ngx_http_chatws_named("upgrade")) {
        if (chatws_handshake_token(value, &websocket) == CHATWS_OK) {
            fields->upgrade = 1;
        }

    } else if (ngx_http_chatws_named("sec-websocket-key")) {
        ngx_http_chatws_field_once(fields, &fields->key, value);

    } else if (ngx_http_chatws_named("sec-websocket-version")) {
        ngx_http_chatws_field_once(fields, &fields->version, value);

    } else if (ngx_http_chatws_named("origin")) {
        ngx_http_chatws_field_once(fields, &fields->origin, value);
    }

#undef ngx_http_chatws_named
}


static void
ngx_http_chatws_field_once(ngx_http_chatws_fields_t *fields,
    chatws_str_t *field, chatws_str_t *value)
{
    if (field->data != NULL) {
        fields->repeated = 1;
        return;
    }

    *field = *value;
}


static ngx_int_t
ngx_http_chatws_is_field(ngx_table_elt_t *h, const char *name, size_t len)
{
    return h->key.len == len
           && ngx_strncmp(h->lowcase_key, name, len) == 0;
}


static ngx_int_t
ngx_http_chatws_upgrade_required(ngx_http_request_t *r,
    const chatws_fault_t *fault)
{
    static ngx_str_t  version = ngx_string("13");
    static ngx_str_t  upgrade = ngx_string("websocket");
    static ngx_str_t  connection = ngx_string("Upgrade");

    if (ngx_http_chatws_add_header(r, "Sec-WebSocket-Version", &version)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* fields of the connection exist in HTTP/1 only: RFC 9113, 8.2.2 */

    if (r->http_version <= NGX_HTTP_VERSION_11
        && (ngx_http_chatws_add_header(r, "Upgrade", &upgrade) != NGX_OK
            || ngx_http_chatws_add_header(r, "Connection", &connection)
               != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_chatws_refuse(r, NGX_HTTP_CHATWS_UPGRADE_REQUIRED, fault);
}


ngx_int_t
ngx_http_chatws_upgrade(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs, ngx_http_chatws_session_t *s,
    ngx_str_t *greeting)
{
    ngx_int_t         rc;

    static ngx_str_t  upgrade = ngx_string("websocket");

    r->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    r->keepalive = 0;

    if (ngx_http_chatws_add_header(r, "Upgrade", &upgrade) != NGX_OK
        || ngx_http_chatws_accept(r, &hs->key) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return rc;
    }

    if (ngx_http_chatws_take_header(r, s) != NGX_OK
        || (greeting != NULL
            && ngx_http_chatws_queue(s, greeting->data, greeting->len)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    return ngx_http_chatws_session_start(s, r);
}


/* RFC 6455, 4.2.2, 5.4 */

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


/*
 * nginx keeps a short header back, to send it with the body.  There is no
 * body: the header goes out with the session's first frame, in one packet.
 */

static ngx_int_t
ngx_http_chatws_take_header(ngx_http_request_t *r,
    ngx_http_chatws_session_t *s)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

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
