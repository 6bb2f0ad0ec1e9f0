
/*
 * Copyright (C) chatws contributors
 *
 * Revocations: what is looked for, and by which keys.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_annex.h"
#include "process/ngx_http_chatws_clock.h"
#include "client/ngx_http_chatws_revoked.h"


/* a revocation that does not depend on the age of a token */
#define NGX_HTTP_CHATWS_ANY_AGE  ((uint64_t) -1)


static chatws_revocations_t *ngx_http_chatws_revoked_table(
    ngx_http_chatws_hub_t *hub);
static ngx_uint_t ngx_http_chatws_revoked_find(ngx_http_chatws_hub_t *hub,
    const chatws_revoked_key_t *key, uint64_t iat);
static ngx_uint_t ngx_http_chatws_revoked_age(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *user, uint64_t iat);
static void ngx_http_chatws_revoked_chat_key(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *user, const ngx_str_t *chat, chatws_revoked_key_t *key);


/* the value of the revocation of all tokens up to an age */
static const ngx_str_t  ngx_http_chatws_revoked_all = ngx_string("*");


ngx_uint_t
ngx_http_chatws_revoked_claims(ngx_http_chatws_hub_t *hub,
    const chatws_claims_t *claims, const chatws_str_t *kid)
{
    chatws_revoked_key_t  key;

    if (ngx_http_chatws_revoked_table(hub) == NULL) {
        return 0;
    }

    if (claims->jti.len != 0) {
        ngx_http_chatws_credential_key(hub, CHATWS_REVOKED_JTI,
                                       (const ngx_str_t *) &claims->jti, &key);

        if (ngx_http_chatws_revoked_find(hub, &key, 0)) {
            return 1;
        }
    }

    if (kid->len != 0) {
        ngx_http_chatws_credential_key(hub, CHATWS_REVOKED_KID,
                                       (const ngx_str_t *) kid, &key);

        if (ngx_http_chatws_revoked_find(hub, &key, 0)) {
            return 1;
        }
    }

    return ngx_http_chatws_revoked_age(hub, (const ngx_str_t *) &claims->sub,
                                       claims->iat);
}


ngx_uint_t
ngx_http_chatws_revoked_client(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_hub_t               *hub;
    const ngx_http_chatws_credential_t  *credential;

    hub = client->subscriber.hub;
    credential = client->credential;

    if (credential == NULL || ngx_http_chatws_revoked_table(hub) == NULL) {
        return 0;
    }

    /* a key of zeros is that of nothing, and in no cell */

    return ngx_http_chatws_revoked_find(hub, &credential->proof.jti, 0)
           || ngx_http_chatws_revoked_find(hub, &credential->proof.kid, 0)
           || ngx_http_chatws_revoked_age(hub, &client->user,
                                          credential->proof.iat);
}


ngx_uint_t
ngx_http_chatws_revoked_chat(ngx_http_chatws_hub_t *hub, const ngx_str_t *user,
    const ngx_str_t *chat)
{
    chatws_revoked_key_t  key;

    if (ngx_http_chatws_revoked_table(hub) == NULL) {
        return 0;
    }

    ngx_http_chatws_revoked_chat_key(hub, user, chat, &key);

    return ngx_http_chatws_revoked_find(hub, &key, 0);
}


void
ngx_http_chatws_revoked_take(ngx_http_chatws_hub_t *hub,
    chatws_command_t *command, ngx_http_chatws_taken_t *taken)
{
    taken->before = NGX_HTTP_CHATWS_ANY_AGE;
    taken->until = command->until;

    if (command->kind == CHATWS_COMMAND_UNSUBSCRIBE) {
        ngx_http_chatws_revoked_chat_key(hub, (ngx_str_t *) &command->user,
                                         (ngx_str_t *) &command->chat,
                                         &taken->key);

    } else if (command->jti.len != 0) {
        ngx_http_chatws_credential_key(hub, CHATWS_REVOKED_JTI,
                                       (ngx_str_t *) &command->jti,
                                       &taken->key);

    } else if (command->kid.len != 0) {
        ngx_http_chatws_credential_key(hub, CHATWS_REVOKED_KID,
                                       (ngx_str_t *) &command->kid,
                                       &taken->key);

    } else {
        taken->before = command->before;

        if (command->user.len != 0) {
            ngx_http_chatws_credential_key(hub, CHATWS_REVOKED_USER,
                                           (ngx_str_t *) &command->user,
                                           &taken->key);

        } else {
            ngx_http_chatws_credential_key(hub, CHATWS_REVOKED_ALL,
                                           &ngx_http_chatws_revoked_all,
                                           &taken->key);
        }
    }

    command->key[0] = taken->key.first;
    command->key[1] = taken->key.second;
}


ngx_uint_t
ngx_http_chatws_revoked_by(const ngx_http_chatws_proof_t *proof,
    const chatws_command_t *command)
{
    if (command->has_before) {
        return proof->iat <= command->before;
    }

    return (proof->jti.first == command->key[0]
            && proof->jti.second == command->key[1])
           || (proof->kid.first == command->key[0]
               && proof->kid.second == command->key[1]);
}


uint64_t
ngx_http_chatws_revoked_count(const ngx_http_chatws_zone_t *zone)
{
    chatws_revocations_t  *table;

    table = ngx_http_chatws_annex(zone, NGX_HTTP_CHATWS_ANNEX_REVOCATIONS);

    return table != NULL
           ? chatws_revocations_count(table, ngx_http_chatws_now() / 1000) : 0;
}


/* NULL: there is none, or nothing is in it. */

static chatws_revocations_t *
ngx_http_chatws_revoked_table(ngx_http_chatws_hub_t *hub)
{
    chatws_revocations_t  *table;

    table = ngx_http_chatws_annex(ngx_http_chatws_hub_zone(hub),
                                  NGX_HTTP_CHATWS_ANNEX_REVOCATIONS);

    return table != NULL && chatws_revocations_used(table) ? table : NULL;
}


static ngx_uint_t
ngx_http_chatws_revoked_find(ngx_http_chatws_hub_t *hub,
    const chatws_revoked_key_t *key, uint64_t iat)
{
    chatws_revocations_t  *table;

    table = ngx_http_chatws_annex(ngx_http_chatws_hub_zone(hub),
                                  NGX_HTTP_CHATWS_ANNEX_REVOCATIONS);

    return key->second != 0
           && chatws_revocations_find(table, key, iat,
                                      ngx_http_chatws_now() / 1000);
}


/* Whether tokens of this age were revoked, those of the user or all. */

static ngx_uint_t
ngx_http_chatws_revoked_age(ngx_http_chatws_hub_t *hub, const ngx_str_t *user,
    uint64_t iat)
{
    chatws_revoked_key_t  key;

    ngx_http_chatws_credential_key(hub, CHATWS_REVOKED_USER, user, &key);

    if (ngx_http_chatws_revoked_find(hub, &key, iat)) {
        return 1;
    }

    ngx_http_chatws_credential_key(hub, CHATWS_REVOKED_ALL,
                                   &ngx_http_chatws_revoked_all, &key);

    return ngx_http_chatws_revoked_find(hub, &key, iat);
}


/* No user id has the byte between the two. */

static void
ngx_http_chatws_revoked_chat_key(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *user, const ngx_str_t *chat, chatws_revoked_key_t *key)
{
    u_char     *p, text[2 * CHATWS_NAME_MAX + 1];
    ngx_str_t   value;

    p = ngx_cpymem(text, user->data, user->len);
    *p++ = '\0';
    p = ngx_cpymem(p, chat->data, chat->len);

    value.data = text;
    value.len = p - text;

    ngx_http_chatws_credential_key(hub, CHATWS_REVOKED_CHAT, &value, key);
}
