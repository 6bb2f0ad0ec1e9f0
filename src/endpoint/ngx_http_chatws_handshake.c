
/*
 * Copyright (C) chatws contributors
 *
 * The checks of the opening handshake: RFC 6455, section 4.2.1.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "websocket/chatws_handshake.h"
#include "endpoint/ngx_http_chatws_field.h"
#include "endpoint/ngx_http_chatws_handshake.h"
#include "endpoint/ngx_http_chatws_response.h"

#include <zlib.h>


/* the fields of the request that take part */

typedef struct {
    chatws_str_t  key;
    chatws_str_t  version;
    chatws_str_t  origin;
    unsigned      connection:1;     /* has the token "Upgrade" */
    unsigned      upgrade:1;        /* has the token "websocket" */
    unsigned      repeated:1;       /* one of the first three came twice */
} ngx_http_chatws_fields_t;


/* The reasons to refuse a handshake. */

typedef enum {
    NGX_HTTP_CHATWS_HANDSHAKE_OK = 0,
    NGX_HTTP_CHATWS_HANDSHAKE_NO_UPGRADE,
    NGX_HTTP_CHATWS_HANDSHAKE_VERSION,
    NGX_HTTP_CHATWS_HANDSHAKE_REPEATED,
    NGX_HTTP_CHATWS_HANDSHAKE_KEY,
    NGX_HTTP_CHATWS_HANDSHAKE_BODY,
    NGX_HTTP_CHATWS_HANDSHAKE_PROTOCOL,
    NGX_HTTP_CHATWS_HANDSHAKE_EXTENSIONS,
    NGX_HTTP_CHATWS_HANDSHAKE_STATUS,
    NGX_HTTP_CHATWS_HANDSHAKE_N
} ngx_http_chatws_handshake_e;


typedef struct {
    ngx_uint_t      status;         /* 0: that of error_page */
    chatws_fault_t  fault;
} ngx_http_chatws_handshake_fault_t;


static ngx_http_chatws_handshake_e ngx_http_chatws_handshake_check(
    ngx_http_request_t *r, const ngx_http_chatws_session_conf_t *conf,
    ngx_http_chatws_handshake_t *hs);
static void ngx_http_chatws_handshake_fields(ngx_http_request_t *r,
    ngx_http_chatws_fields_t *fields);
static ngx_uint_t ngx_http_chatws_handshake_has(ngx_http_request_t *r,
    ngx_str_t *name, const chatws_str_t *token);
static void ngx_http_chatws_handshake_once(ngx_http_request_t *r,
    ngx_str_t *name, ngx_http_chatws_fields_t *fields, chatws_str_t *field);
static ngx_int_t ngx_http_chatws_handshake_protocol(ngx_http_request_t *r,
    const ngx_http_chatws_session_conf_t *conf,
    ngx_http_chatws_handshake_t *hs);
static ngx_int_t ngx_http_chatws_handshake_deflate(ngx_http_request_t *r,
    const ngx_http_chatws_session_conf_t *conf,
    ngx_http_chatws_handshake_t *hs);


static const ngx_http_chatws_handshake_fault_t
    ngx_http_chatws_handshake_faults[] = {

    [NGX_HTTP_CHATWS_HANDSHAKE_NO_UPGRADE] = {
        NGX_HTTP_CHATWS_UPGRADE_REQUIRED,
        chatws_fault("Upgrade required", "this is a WebSocket endpoint") },

    [NGX_HTTP_CHATWS_HANDSHAKE_VERSION] = {
        NGX_HTTP_CHATWS_UPGRADE_REQUIRED,
        chatws_fault("Unsupported WebSocket version",
                     "Sec-WebSocket-Version must be 13") },

    [NGX_HTTP_CHATWS_HANDSHAKE_REPEATED] = {
        NGX_HTTP_BAD_REQUEST,
        chatws_fault("Invalid handshake",
                     "Sec-WebSocket-Key, Sec-WebSocket-Version and "
                     "Origin must come once") },

    [NGX_HTTP_CHATWS_HANDSHAKE_KEY] = {
        NGX_HTTP_BAD_REQUEST,
        chatws_fault("Invalid handshake",
                     "Sec-WebSocket-Key must be 16 bytes of base64") },

    [NGX_HTTP_CHATWS_HANDSHAKE_BODY] = {
        NGX_HTTP_BAD_REQUEST,
        chatws_fault("Invalid handshake",
                     "an upgrade request must have no body") },

    [NGX_HTTP_CHATWS_HANDSHAKE_PROTOCOL] = {
        NGX_HTTP_BAD_REQUEST,
        chatws_fault("Invalid handshake",
                     "Sec-WebSocket-Protocol must be a list of tokens") },

    [NGX_HTTP_CHATWS_HANDSHAKE_EXTENSIONS] = {
        NGX_HTTP_BAD_REQUEST,
        chatws_fault("Invalid handshake",
                     "Sec-WebSocket-Extensions must be a list of "
                     "extensions") },

    [NGX_HTTP_CHATWS_HANDSHAKE_STATUS] = {
        0,
        chatws_fault("Upgrade impossible",
                     "error_page has set another status than 101") }
};

chatws_static_assert(ngx_http_chatws_handshake_faults_complete,
    chatws_nelts(ngx_http_chatws_handshake_faults)
    == NGX_HTTP_CHATWS_HANDSHAKE_N);


ngx_str_t  ngx_http_chatws_handshake_offer =
    ngx_string("sec-websocket-protocol");

const ngx_str_t  ngx_http_chatws_handshake_v1 = ngx_string("chatws.v1");


ngx_uint_t
ngx_http_chatws_handshake(ngx_http_request_t *r,
    const ngx_http_chatws_session_conf_t *conf, ngx_http_chatws_handshake_t *hs,
    const chatws_fault_t **fault)
{
    ngx_http_chatws_handshake_e               reason;
    const ngx_http_chatws_handshake_fault_t  *row;

    ngx_memzero(hs, sizeof(ngx_http_chatws_handshake_t));

    reason = ngx_http_chatws_handshake_check(r, conf, hs);

    if (reason == NGX_HTTP_CHATWS_HANDSHAKE_OK) {
        return 0;
    }

    row = &ngx_http_chatws_handshake_faults[reason];

    *fault = &row->fault;

    return row->status != 0 ? row->status : (ngx_uint_t) r->err_status;
}


static ngx_http_chatws_handshake_e
ngx_http_chatws_handshake_check(ngx_http_request_t *r,
    const ngx_http_chatws_session_conf_t *conf, ngx_http_chatws_handshake_t *hs)
{
    ngx_http_chatws_fields_t  fields;

    ngx_http_chatws_handshake_fields(r, &fields);

    /* RFC 9110, section 7.8: HTTP/1.0 has no upgrade, later HTTP/1 has */

    if (r->http_version < NGX_HTTP_VERSION_11
        || r->http_version >= NGX_HTTP_VERSION_20
        || r != r->main
        || r->post_action
        || !fields.connection
        || !fields.upgrade)
    {
        return NGX_HTTP_CHATWS_HANDSHAKE_NO_UPGRADE;
    }

    if (chatws_handshake_version(&fields.version) != CHATWS_OK) {
        return NGX_HTTP_CHATWS_HANDSHAKE_VERSION;
    }

    if (fields.repeated) {
        return NGX_HTTP_CHATWS_HANDSHAKE_REPEATED;
    }

    if (chatws_handshake_key(&fields.key) != CHATWS_OK) {
        return NGX_HTTP_CHATWS_HANDSHAKE_KEY;
    }

    if (r->headers_in.content_length_n > 0 || r->headers_in.chunked) {
        return NGX_HTTP_CHATWS_HANDSHAKE_BODY;
    }

    if (ngx_http_chatws_handshake_protocol(r, conf, hs) != NGX_OK) {
        return NGX_HTTP_CHATWS_HANDSHAKE_PROTOCOL;
    }

    if (ngx_http_chatws_handshake_deflate(r, conf, hs) != NGX_OK) {
        return NGX_HTTP_CHATWS_HANDSHAKE_EXTENSIONS;
    }

    if (r->err_status != 0 && r->err_status != NGX_HTTP_SWITCHING_PROTOCOLS) {
        return NGX_HTTP_CHATWS_HANDSHAKE_STATUS;
    }

    hs->key.len = fields.key.len;
    hs->key.data = fields.key.data;

    return NGX_HTTP_CHATWS_HANDSHAKE_OK;
}


static void
ngx_http_chatws_handshake_fields(ngx_http_request_t *r,
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

    fields->connection = ngx_http_chatws_handshake_has(r, &connection,
                                                       &upgrade_token);
    fields->upgrade = ngx_http_chatws_handshake_has(r, &upgrade,
                                                    &websocket_token);

    ngx_http_chatws_handshake_once(r, &key, fields, &fields->key);
    ngx_http_chatws_handshake_once(r, &version, fields, &fields->version);
    ngx_http_chatws_handshake_once(r, &origin, fields, &fields->origin);
}


/* Whether any of the fields with that name has the token. */

static ngx_uint_t
ngx_http_chatws_handshake_has(ngx_http_request_t *r, ngx_str_t *name,
    const chatws_str_t *token)
{
    chatws_str_t                 *value;
    ngx_http_chatws_field_walk_t  walk;

    ngx_http_chatws_field_walk(&walk, &r->headers_in.headers);

    while ((value = ngx_http_chatws_field_next(&walk, name)) != NULL) {
        if (chatws_handshake_token(value, token) == CHATWS_OK) {
            return 1;
        }
    }

    return 0;
}


/* Sets field to the value of the field with that name, if there is one. */

static void
ngx_http_chatws_handshake_once(ngx_http_request_t *r, ngx_str_t *name,
    ngx_http_chatws_fields_t *fields, chatws_str_t *field)
{
    chatws_str_t                 *value;
    ngx_http_chatws_field_walk_t  walk;

    ngx_http_chatws_field_walk(&walk, &r->headers_in.headers);

    while ((value = ngx_http_chatws_field_next(&walk, name)) != NULL) {

        if (field->data != NULL) {
            fields->repeated = 1;
            return;
        }

        *field = *value;
    }
}


/*
 * Whether the client offers the subprotocol of the location.  By RFC 6455,
 * section 4.2.2, step 5, it does not have to.  NGX_ERROR: not a list of tokens.
 */

static ngx_int_t
ngx_http_chatws_handshake_protocol(ngx_http_request_t *r,
    const ngx_http_chatws_session_conf_t *conf, ngx_http_chatws_handshake_t *hs)
{
    chatws_rc_e                   rc;
    chatws_str_t                 *value;
    ngx_http_chatws_field_walk_t  walk;

    ngx_http_chatws_field_walk(&walk, &r->headers_in.headers);

    while ((value = ngx_http_chatws_field_next(&walk,
                                       &ngx_http_chatws_handshake_offer))
           != NULL)
    {
        rc = chatws_handshake_protocol(value,
                                  (const chatws_str_t *) &conf->subprotocol);

        if (rc == CHATWS_ERROR) {
            return NGX_ERROR;
        }

        if (rc == CHATWS_OK && conf->subprotocol.len != 0) {
            hs->subprotocol = conf->subprotocol;
        }
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_chatws_handshake_offers(ngx_http_request_t *r,
    const ngx_str_t *subprotocol)
{
    chatws_str_t                 *value;
    ngx_http_chatws_field_walk_t  walk;

    ngx_http_chatws_field_walk(&walk, &r->headers_in.headers);

    while ((value = ngx_http_chatws_field_next(&walk,
                                       &ngx_http_chatws_handshake_offer))
           != NULL)
    {
        if (chatws_handshake_protocol(value,
                                      (const chatws_str_t *) subprotocol)
            == CHATWS_OK)
        {
            return 1;
        }
    }

    return 0;
}


/*
 * Takes the first offer of permessage-deflate that is acceptable, in the order
 * of the client: RFC 7692, section 5.1.  NGX_ERROR: not a list of extensions.
 */

static ngx_int_t
ngx_http_chatws_handshake_deflate(ngx_http_request_t *r,
    const ngx_http_chatws_session_conf_t *conf, ngx_http_chatws_handshake_t *hs)
{
    chatws_rc_e                   rc;
    chatws_str_t                 *value;
    chatws_deflate_policy_t       policy;
    ngx_http_chatws_field_walk_t  walk;

    static ngx_str_t              name = ngx_string("sec-websocket-extensions");

    if (!conf->deflate) {
        return NGX_OK;
    }

    policy.server_takeover = conf->deflate_takeover;
    policy.client_takeover = conf->deflate_takeover;
    policy.server_bits = MAX_WBITS;
    policy.client_bits = MAX_WBITS;

    ngx_http_chatws_field_walk(&walk, &r->headers_in.headers);

    while ((value = ngx_http_chatws_field_next(&walk, &name)) != NULL) {

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
