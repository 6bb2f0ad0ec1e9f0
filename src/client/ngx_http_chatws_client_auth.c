
/*
 * Copyright (C) chatws contributors
 *
 * The token of a client in band.  A client without a user is a stranger: it may
 * send its token and nothing else, for a short time.  Protocol, section 2.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_str.h"
#include "protocol/chatws_notify.h"
#include "process/ngx_http_chatws_clock.h"
#include "client/ngx_http_chatws_client_auth.h"
#include "client/ngx_http_chatws_client_inbox.h"
#include "client/ngx_http_chatws_client_members.h"
#include "client/ngx_http_chatws_client_private.h"


/* tokens that a client may send: one each second, and six at once */
#define NGX_HTTP_CHATWS_AUTH_STEP  1000000000
#define NGX_HTTP_CHATWS_AUTH_SIZE  6

/* seconds before the end of a token at which the client is told */
#define NGX_HTTP_CHATWS_AUTH_WARN  30


static ngx_int_t ngx_http_chatws_auth_first(ngx_http_chatws_client_t *client,
    chatws_claims_t *claims, const ngx_http_chatws_credential_t *credential);
static ngx_int_t ngx_http_chatws_auth_name(ngx_http_chatws_client_t *client,
    chatws_claims_t *claims);
static ngx_int_t ngx_http_chatws_auth_again(ngx_http_chatws_client_t *client,
    chatws_claims_t *claims, const ngx_http_chatws_credential_t *credential);
static ngx_int_t ngx_http_chatws_auth_keep(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_credential_t *credential);
static uint64_t ngx_http_chatws_auth_next(ngx_http_chatws_client_t *client);
static uint64_t ngx_http_chatws_auth_over(ngx_http_chatws_client_t *client);
static void ngx_http_chatws_auth_greet(ngx_http_chatws_client_t *client,
    const chatws_action_t *action);
static void ngx_http_chatws_auth_confirm(ngx_http_chatws_client_t *client,
    const chatws_action_t *action);
static void ngx_http_chatws_auth_warn(ngx_http_chatws_client_t *client);


/* the clients of this worker that have no user yet */
static ngx_uint_t  ngx_http_chatws_auth_n;


ngx_uint_t
ngx_http_chatws_auth_strangers(void)
{
    return ngx_http_chatws_auth_n;
}


void
ngx_http_chatws_auth_wait(ngx_http_chatws_client_t *client, uint64_t due)
{
    if (due == 0) {
        due = ngx_http_chatws_now() + client->rules->auth_timeout;
    }

    client->stranger = 1;
    ngx_http_chatws_auth_n++;

    ngx_http_chatws_session_narrow(&client->session, 1);
    ngx_http_chatws_session_due(&client->session, due);
}


void
ngx_http_chatws_auth_begin(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_session_due(&client->session,
                                ngx_http_chatws_auth_next(client));
}


void
ngx_http_chatws_auth_end(ngx_http_chatws_client_t *client)
{
    if (client->stranger) {
        client->stranger = 0;
        ngx_http_chatws_auth_n--;
    }

    if (client->credential != NULL) {
        ngx_free(client->credential);
        client->credential = NULL;
    }

    if (client->named) {
        client->named = 0;
        client->session.name = NULL;

        ngx_free(client->user.data);
        ngx_str_null(&client->user);
        ngx_str_null(&client->name);
    }
}


uint64_t
ngx_http_chatws_auth_due(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_client_t  *client;

    client = (ngx_http_chatws_client_t *) s;

    if (client->stranger) {
        ngx_http_chatws_session_close(s, CHATWS_CLOSE_NO_AUTH,
                                      "auth timeout, reconnect");
        return 0;
    }

    if (ngx_http_chatws_auth_over(client) <= ngx_http_chatws_now()) {
        ngx_http_chatws_session_close(s, CHATWS_CLOSE_EXPIRED,
                                      "token expired, reconnect");
        return 0;
    }

    if (!client->warned) {
        client->warned = 1;
        ngx_http_chatws_auth_warn(client);
    }

    return ngx_http_chatws_auth_next(client);
}


/* Returns when the client has to be told of its token, or to be closed. */

static uint64_t
ngx_http_chatws_auth_next(ngx_http_chatws_client_t *client)
{
    uint64_t  exp;

    exp = client->credential->exp;

    return client->warned || exp <= NGX_HTTP_CHATWS_AUTH_WARN
           ? ngx_http_chatws_auth_over(client)
           : (exp - NGX_HTTP_CHATWS_AUTH_WARN) * 1000;
}


/* Returns when the client is closed for its token. */

static uint64_t
ngx_http_chatws_auth_over(ngx_http_chatws_client_t *client)
{
    return client->credential->exp * 1000 + client->rules->token_grace;
}


void
ngx_http_chatws_auth_look(const ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    static const chatws_fault_t  off =
        chatws_fault(CHATWS_E_TYPE, "Unknown message type: auth");

    static const chatws_str_t    unknown = chatws_str(CHATWS_E_TYPE);

    static const chatws_fault_t  required =
        chatws_fault_about(CHATWS_E_TOKEN_REQUIRED,
                           "the first message is an auth with a token");

    if (client->rules->token == NULL) {

        if (action->verb == CHATWS_VERB_AUTH) {
            action->verb = CHATWS_VERB_NONE;
            action->fault = off;
        }

        return;
    }

    /* what is no JSON is told so; an action that is not known is one, too */

    if (client->stranger
        && action->verb != CHATWS_VERB_AUTH
        && (action->verb != CHATWS_VERB_NONE
            || chatws_str_equal(&action->fault.error, &unknown)))
    {
        action->fault = required;
    }
}


/*
 * A token costs more than any other message of its size, and whoever sends it
 * may be nobody: so auth has a limit of its own.
 */

void
ngx_http_chatws_client_auth(ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    uint64_t                       wait;
    ngx_int_t                      rc;
    ngx_log_t                     *log;
    chatws_claims_t                claims;
    const chatws_str_t            *kid;
    ngx_http_chatws_hub_t         *hub;
    ngx_http_chatws_credential_t  *credential;

    static const chatws_limit_t    limit =
        { NGX_HTTP_CHATWS_AUTH_STEP, NGX_HTTP_CHATWS_AUTH_SIZE };

    static const chatws_fault_t    many =
        chatws_fault_about(CHATWS_E_RATE, "this connection sends more tokens "
                                          "than it may");
    static const chatws_fault_t    expired =
        chatws_fault_about(CHATWS_E_TOKEN_EXPIRED, "the token has expired");
    static const chatws_fault_t    invalid =
        chatws_fault_about(CHATWS_E_TOKEN, "the token is not valid");

    wait = chatws_bucket_wait(&client->auth, &limit, 1, ngx_current_msec);

    if (wait != 0) {
        ngx_http_chatws_client_refuse(client, action, &many, wait);
        return;
    }

    chatws_bucket_pour(&client->auth, &limit, 1, ngx_current_msec);

    hub = client->subscriber.hub;
    log = client->session.connection->log;

    rc = ngx_http_chatws_credential_verify(client->rules->token, hub,
                                           (ngx_str_t *) &action->token,
                                           CHATWS_TOKEN_CONNECTION, &claims,
                                           &kid, log);
    if (rc == NGX_OK) {
        rc = ngx_http_chatws_credential_make(hub, &claims, kid, &credential,
                                             log);
    }

    if (rc != NGX_OK) {
        ngx_http_chatws_complain(client, action,
                                 rc == NGX_DONE ? &expired : &invalid, 0);
        return;
    }

    if (client->stranger) {

        if (ngx_http_chatws_auth_first(client, &claims, credential)
            == NGX_OK)
        {
            ngx_http_chatws_auth_greet(client, action);
            ngx_http_chatws_members_begin(client);
        }

        return;
    }

    if (ngx_http_chatws_auth_again(client, &claims, credential) == NGX_OK) {
        ngx_http_chatws_auth_confirm(client, action);
        ngx_http_chatws_client_renewed(client);
    }
}


/* The stranger is a user from now on.  NGX_ERROR: the session is closed. */

static ngx_int_t
ngx_http_chatws_auth_first(ngx_http_chatws_client_t *client,
    chatws_claims_t *claims, const ngx_http_chatws_credential_t *credential)
{
    ngx_http_chatws_session_t  *s;

    s = &client->session;

    if (ngx_http_chatws_auth_name(client, claims) != NGX_OK
        || ngx_http_chatws_auth_keep(client, credential) != NGX_OK)
    {
        ngx_http_chatws_session_close(s, CHATWS_CLOSE_LATER,
                                      "no memory, reconnect");
        return NGX_ERROR;
    }

    client->stranger = 0;
    ngx_http_chatws_auth_n--;

    ngx_http_chatws_session_narrow(s, 0);

    if (ngx_http_chatws_client_join(client, client->subscriber.hub)
        != NGX_OK)
    {
        ngx_http_chatws_session_close(s, CHATWS_CLOSE_LATER,
                                      "no room, reconnect");
        return NGX_ERROR;
    }

    ngx_http_chatws_client_listen(client);

    return NGX_OK;
}


/* Gives the client its user and name, in memory of their own. */

static ngx_int_t
ngx_http_chatws_auth_name(ngx_http_chatws_client_t *client,
    chatws_claims_t *claims)
{
    u_char  *p;

    p = ngx_alloc(claims->sub.len + claims->name.len, ngx_cycle->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    client->named = 1;

    client->user.len = claims->sub.len;
    client->user.data = p;
    p = ngx_cpymem(p, claims->sub.data, claims->sub.len);

    client->name.len = claims->name.len;
    client->name.data = p;
    ngx_memcpy(p, claims->name.data, claims->name.len);

    return NGX_OK;
}


/* Renews the token.  NGX_ERROR: the session is closed. */

static ngx_int_t
ngx_http_chatws_auth_again(ngx_http_chatws_client_t *client,
    chatws_claims_t *claims, const ngx_http_chatws_credential_t *credential)
{
    if (claims->sub.len != client->user.len
        || ngx_memcmp(claims->sub.data, client->user.data, client->user.len)
           != 0)
    {
        ngx_http_chatws_session_close(&client->session,
                                      CHATWS_CLOSE_FORBIDDEN, "wrong user");
        return NGX_ERROR;
    }

    if (ngx_http_chatws_auth_keep(client, credential) != NGX_OK) {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no memory, reconnect");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Keeps a copy of a credential in place of the one before. */

static ngx_int_t
ngx_http_chatws_auth_keep(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_credential_t *credential)
{
    ngx_http_chatws_credential_t  *copy;

    copy = ngx_http_chatws_credential_copy(credential, ngx_cycle->log);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    if (client->credential != NULL) {
        ngx_free(client->credential);
    }

    client->credential = copy;
    client->warned = 0;

    ngx_http_chatws_auth_begin(client);

    return NGX_OK;
}


static void
ngx_http_chatws_auth_greet(ngx_http_chatws_client_t *client,
    const chatws_action_t *action)
{
    chatws_str_t             text;
    chatws_connected_t       connected;
    ngx_http_chatws_reply_t  reply;

    text.data = reply.text;
    text.len = sizeof(reply.text);

    ngx_memzero(&connected, sizeof(chatws_connected_t));

    if (ngx_http_chatws_inbox_connect(client, &connected) != NGX_OK) {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no room, reconnect");
        return;
    }

    connected.user.len = client->user.len;
    connected.user.data = client->user.data;
    connected.session.len = CHATWS_SESSION_LEN;
    connected.session.data = client->id;
    connected.id = action->id;
    connected.expires_in = ngx_http_chatws_credential_left(client->credential);
    connected.ms = ngx_http_chatws_now();

    if (chatws_notify_connected(&text, &connected) == CHATWS_OK) {
        ngx_http_chatws_send_payload(&client->session, CHATWS_FRAME_TEXT,
                                     text.data, text.len);
    }
}


static void
ngx_http_chatws_auth_confirm(ngx_http_chatws_client_t *client,
    const chatws_action_t *action)
{
    uint64_t                 left;
    chatws_str_t             text;
    ngx_http_chatws_reply_t  reply;

    text.data = reply.text;
    text.len = sizeof(reply.text);

    left = ngx_http_chatws_credential_left(client->credential);

    if (chatws_notify_authenticated(&text, (chatws_str_t *) &client->user,
                                    &action->id, left)
        == CHATWS_OK)
    {
        ngx_http_chatws_send_payload(&client->session, CHATWS_FRAME_TEXT,
                                     text.data, text.len);
    }
}


static void
ngx_http_chatws_auth_warn(ngx_http_chatws_client_t *client)
{
    uint64_t                 left;
    chatws_str_t             text;
    ngx_http_chatws_reply_t  reply;

    text.data = reply.text;
    text.len = sizeof(reply.text);

    left = ngx_http_chatws_credential_left(client->credential);

    if (chatws_notify_expiring(&text, left) == CHATWS_OK) {
        ngx_http_chatws_send_payload(&client->session, CHATWS_FRAME_TEXT,
                                     text.data, text.len);
    }
}
