
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws: a request that may connect becomes the session of a
 * client.  Protocol, section 1.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_notify.h"
#include "process/ngx_http_chatws_clock.h"
#include "client/ngx_http_chatws_client_auth.h"
#include "client/ngx_http_chatws_client_inbox.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_connect_people.h"
#include "endpoint/ngx_http_chatws_ctx.h"
#include "endpoint/ngx_http_chatws_expires.h"
#include "endpoint/ngx_http_chatws_handlers.h"
#include "endpoint/ngx_http_chatws_identity.h"
#include "endpoint/ngx_http_chatws_origin.h"
#include "endpoint/ngx_http_chatws_refuse.h"
#include "endpoint/ngx_http_chatws_response.h"
#include "endpoint/ngx_http_chatws_token.h"
#include "endpoint/ngx_http_chatws_upgrade.h"
#include "endpoint/ngx_http_chatws_user_chats.h"


/* of so many worker_connections one is kept free for requests */
#define NGX_HTTP_CHATWS_RESERVE    32

/* and one may be that of a client whose user is not known yet */
#define NGX_HTTP_CHATWS_STRANGERS  8


static ngx_int_t ngx_http_chatws_connect_accept(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf, ngx_http_chatws_ctx_t *ctx,
    ngx_http_chatws_handshake_t *hs, uint64_t expires);
static ngx_int_t ngx_http_chatws_connect_no_room(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub);
static ngx_int_t ngx_http_chatws_connect_client(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf, ngx_http_chatws_handshake_t *hs,
    ngx_http_chatws_identity_t *who, ngx_http_chatws_token_t *token,
    uint64_t expires);
static ngx_int_t ngx_http_chatws_connect_start(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs, ngx_http_chatws_client_t *client,
    ngx_str_t *greeting, ngx_http_chatws_token_t *token);
static ngx_int_t ngx_http_chatws_connect_protocol(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf, ngx_http_chatws_handshake_t *hs);
static ngx_int_t ngx_http_chatws_connect_greet(ngx_http_request_t *r,
    ngx_http_chatws_client_t *client, ngx_http_chatws_identity_t *who,
    ngx_http_chatws_token_t *token, ngx_str_t *frame);


ngx_int_t
ngx_http_chatws_connect_handler(ngx_http_request_t *r)
{
    uint64_t                      expires;
    ngx_int_t                     rc;
    ngx_uint_t                    status;
    const chatws_fault_t         *fault;
    ngx_http_chatws_ctx_t        *ctx;
    ngx_http_chatws_loc_conf_t   *cwlcf;
    ngx_http_chatws_handshake_t   hs;

    static ngx_str_t              allow = ngx_string("GET");

    static const chatws_fault_t   method =
        chatws_fault("Method not allowed",
                     "a WebSocket is opened with GET");
    static const chatws_fault_t   protocol =
        chatws_fault("Invalid handshake",
                     "a client that offers a token as a subprotocol offers "
                     "chatws.v1 as well");

    if (r->method != NGX_HTTP_GET) {

        if (ngx_http_chatws_response_header(r, "Allow", &allow) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_chatws_refuse(r, NGX_HTTP_NOT_ALLOWED, &method);
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    status = ngx_http_chatws_handshake(r, &cwlcf->session, &hs, &fault);

    if (status != 0) {
        return ngx_http_chatws_refuse(r, status, fault);
    }

    rc = ngx_http_chatws_connect_protocol(r, cwlcf, &hs);

    if (rc == NGX_DECLINED) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_BAD_REQUEST, &protocol);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_chatws_origin_check(r, &fault) != NGX_OK) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_FORBIDDEN, fault);
    }

    ctx = ngx_http_chatws_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_chatws_identity_set(r, ctx, &fault);

    if (rc == NGX_DECLINED) {
        return ngx_http_chatws_refuse(r, cwlcf->token.sources != NULL
                                         ? NGX_HTTP_UNAUTHORIZED
                                         : NGX_HTTP_BAD_REQUEST, fault);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    status = ngx_http_chatws_expires(r, &expires, &fault);

    if (status == NGX_HTTP_INTERNAL_SERVER_ERROR) {
        return status;
    }

    if (status != 0) {
        return ngx_http_chatws_refuse(r, status, fault);
    }

    return ngx_http_chatws_connect_accept(r, cwlcf, ctx, &hs, expires);
}


static ngx_int_t
ngx_http_chatws_connect_accept(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf, ngx_http_chatws_ctx_t *ctx,
    ngx_http_chatws_handshake_t *hs, uint64_t expires)
{
    ngx_http_chatws_zone_t      *zone;
    ngx_http_chatws_token_t     *token;
    ngx_http_chatws_identity_t   who;
    u_char                       id[CHATWS_SESSION_LEN];

    static const chatws_fault_t  leaving =
        chatws_fault("Service unavailable",
                     "the server is shutting down, reconnect");

    zone = cwlcf->zone->data;

    /*
     * A worker that quits for a reload still accepts a client, if it is going
     * to hand it over: there is a newer worker, and there is no TLS.
     */

    if (ngx_terminate
        || (ngx_exiting
            && (ngx_http_chatws_tls(r->connection)
                || ngx_http_chatws_zone_is_newest(zone))))
    {
        return ngx_http_chatws_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                      &leaving);
    }

    if (zone->hub == NULL
        || ngx_cycle->free_connection_n
           < ngx_cycle->connection_n / NGX_HTTP_CHATWS_RESERVE)
    {
        return ngx_http_chatws_connect_no_room(r, zone->hub);
    }

    if (ngx_http_chatws_token_good(r, &token) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (cwlcf->rules.token != NULL
        && token == NULL
        && ngx_http_chatws_auth_strangers()
           >= ngx_cycle->connection_n / NGX_HTTP_CHATWS_STRANGERS)
    {
        return ngx_http_chatws_connect_no_room(r, zone->hub);
    }

    who.user = ctx->user;
    who.name = ctx->username;
    ngx_str_null(&who.id);

    if (cwlcf->rules.token != NULL) {
        ngx_http_chatws_client_id(zone->hub, id);
        who.id.len = CHATWS_SESSION_LEN;
        who.id.data = id;
    }

    return ngx_http_chatws_connect_client(r, cwlcf, hs, &who, token, expires);
}


static ngx_int_t
ngx_http_chatws_connect_client(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf, ngx_http_chatws_handshake_t *hs,
    ngx_http_chatws_identity_t *who, ngx_http_chatws_token_t *token,
    uint64_t expires)
{
    ngx_int_t                  rc;
    ngx_str_t                  greeting;
    ngx_http_chatws_hub_t     *hub;
    ngx_http_chatws_zone_t    *zone;
    ngx_http_chatws_client_t  *client;

    zone = cwlcf->zone->data;
    hub = zone->hub;

    if (who->user.len != 0
        && ngx_http_chatws_user_chats(r, hub, &who->user) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_chatws_client_create(r, hub, &cwlcf->session, &cwlcf->rules,
                                       who, &client);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_BUSY) {
        return ngx_http_chatws_connect_no_room(r, hub);
    }

    if (ngx_http_chatws_connect_people(r, client) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (who->user.len != 0) {
        rc = ngx_http_chatws_connect_greet(r, client, who, token, &greeting);

        if (rc == NGX_BUSY) {
            return ngx_http_chatws_connect_no_room(r, hub);
        }

        if (rc != NGX_OK) {
            ngx_http_chatws_leave(&client->subscriber);
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (expires != 0) {
        ngx_http_chatws_session_expire(&client->session, expires);
    }

    rc = ngx_http_chatws_connect_start(r, hs, client, &greeting, token);

    if (rc == NGX_DONE) {
        ngx_http_chatws_client_started(client);

    } else {
        /* the session is freed with the request, and leaves nothing */
        ngx_http_chatws_leave(&client->subscriber);
    }

    return rc;
}


/*
 * Upgrades, and gives the client its credential: from then on it frees it.  A
 * client that has none is greeted when it has sent its token.
 */

static ngx_int_t
ngx_http_chatws_connect_start(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs, ngx_http_chatws_client_t *client,
    ngx_str_t *greeting, ngx_http_chatws_token_t *token)
{
    ngx_int_t                      rc;
    ngx_http_chatws_credential_t  *credential;

    if (client->rules->token == NULL) {
        return ngx_http_chatws_upgrade(r, hs, &client->session, greeting);
    }

    if (token == NULL) {
        rc = ngx_http_chatws_upgrade(r, hs, &client->session, NULL);

        if (rc == NGX_DONE) {
            ngx_http_chatws_auth_wait(client, 0);
        }

        return rc;
    }

    credential = ngx_http_chatws_credential_copy(token->credential,
                                                 r->connection->log);
    if (credential == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_chatws_upgrade(r, hs, &client->session, greeting);

    if (rc == NGX_DONE) {
        client->credential = credential;
        ngx_http_chatws_auth_begin(client);

    } else {
        ngx_free(credential);
    }

    return rc;
}


/*
 * Where a token may be a subprotocol, another one is chosen for the answer:
 * browsers fail the connection unless one of those on offer is.  NGX_DECLINED:
 * it is not on offer, and the token was.
 */

static ngx_int_t
ngx_http_chatws_connect_protocol(ngx_http_request_t *r,
    ngx_http_chatws_loc_conf_t *cwlcf, ngx_http_chatws_handshake_t *hs)
{
    ngx_http_chatws_token_t  *token;

    if (cwlcf->rules.token == NULL || !cwlcf->token.sources->protocol) {
        return NGX_OK;
    }

    if (ngx_http_chatws_handshake_offers(r, &ngx_http_chatws_handshake_v1)) {
        hs->subprotocol = ngx_http_chatws_handshake_v1;
        return NGX_OK;
    }

    if (ngx_http_chatws_token_good(r, &token) != NGX_OK) {
        return NGX_ERROR;
    }

    return token != NULL && token->bearer ? NGX_DECLINED : NGX_OK;
}


/* Refuses with 503.  hub is NULL in a worker that had no memory for it. */

static ngx_int_t
ngx_http_chatws_connect_no_room(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub)
{
    static const chatws_fault_t  full =
        chatws_fault("Service unavailable",
                     "the server has no room now, reconnect");

    if (hub != NULL) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_UNAVAILABLE, 1);
    }

    return ngx_http_chatws_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE, &full);
}


/*
 * Makes the frame of the notification "connected", and enters the inbox of the
 * user, whose position it tells.  token may be NULL.  NGX_BUSY: there is no
 * room; NGX_ERROR: no memory.
 */

static ngx_int_t
ngx_http_chatws_connect_greet(ngx_http_request_t *r,
    ngx_http_chatws_client_t *client, ngx_http_chatws_identity_t *who,
    ngx_http_chatws_token_t *token, ngx_str_t *frame)
{
    u_char              head[CHATWS_FRAME_HEAD_OUT];
    size_t              len;
    chatws_str_t        text;
    chatws_connected_t  connected;

    text.len = CHATWS_NOTIFY_SIZE;
    text.data = ngx_pnalloc(r->pool, CHATWS_FRAME_HEAD_OUT + text.len);

    if (text.data == NULL) {
        return NGX_ERROR;
    }

    text.data += CHATWS_FRAME_HEAD_OUT;

    ngx_memzero(&connected, sizeof(chatws_connected_t));

    connected.user.len = who->user.len;
    connected.user.data = who->user.data;
    connected.session.len = who->id.len;
    connected.session.data = who->id.data;
    connected.ms = ngx_http_chatws_now();

    if (token != NULL) {
        connected.expires_in = ngx_http_chatws_credential_left(
                                                           token->credential);
    }

    if (ngx_http_chatws_inbox_connect(client, &connected) != NGX_OK) {
        return NGX_BUSY;
    }

    if (chatws_notify_connected(&text, &connected) != CHATWS_OK) {
        return NGX_ERROR;
    }

    len = chatws_frame_header(head, CHATWS_FRAME_FIN | CHATWS_FRAME_TEXT,
                              text.len);

    frame->data = text.data - len;
    frame->len = len + text.len;

    ngx_memcpy(frame->data, head, len);

    return NGX_OK;
}
