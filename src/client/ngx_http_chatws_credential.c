
/*
 * Copyright (C) chatws contributors
 *
 * Credentials: tokens are verified with memory of the worker, and what is kept
 * of them is written in a few bytes.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_hash.h"
#include "process/ngx_http_chatws_scratch.h"
#include "client/ngx_http_chatws_credential.h"
#include "client/ngx_http_chatws_revoked.h"


ngx_int_t
ngx_http_chatws_credential_verify(const chatws_token_policy_t *policy,
    ngx_http_chatws_hub_t *hub, const ngx_str_t *text, chatws_token_use_e use,
    chatws_claims_t *claims, const chatws_str_t **kid, ngx_log_t *log)
{
    void         *mem;
    size_t        size;
    chatws_rc_e   rc;
    const char   *why;

    /* one that is too long is refused in any case, and needs no memory */

    size = chatws_token_memory(ngx_min(text->len, policy->max_size));

    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_TOKEN, size);
    if (mem == NULL) {
        return NGX_DECLINED;
    }

    rc = chatws_token_verify(policy, (const chatws_str_t *) text, use,
                             (uint64_t) ngx_time(), mem, size, claims, kid,
                             &why);

    if (rc == CHATWS_OK
        && hub != NULL
        && ngx_http_chatws_revoked_claims(hub, claims, *kid))
    {
        rc = CHATWS_ERROR;
        why = "it was revoked";
    }

    if (rc == CHATWS_OK) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_INFO, log, 0, "chatws refuses a token: %s", why);

    return rc == CHATWS_DONE ? NGX_DONE : NGX_DECLINED;
}


ngx_int_t
ngx_http_chatws_credential_make(ngx_http_chatws_hub_t *hub,
    const chatws_claims_t *claims, const chatws_str_t *kid,
    ngx_http_chatws_credential_t **credential, ngx_log_t *log)
{
    size_t                         arena_size, room;
    const char                    *why;
    chatws_json_arena_t            arena;
    ngx_http_chatws_credential_t  *made;

    room = sizeof(ngx_http_chatws_credential_t)
           + chatws_grants_size(claims->text.len);
    arena_size = chatws_json_arena_size(claims->text.len);

    made = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_GRANTS,
                                       room + arena_size);
    if (made == NULL) {
        return NGX_DECLINED;
    }

    ngx_memzero(made, sizeof(ngx_http_chatws_credential_t));

    chatws_json_arena_init(&arena, (u_char *) made + room, arena_size);

    if (chatws_grants_build(claims, &arena, made->grants, &made->len, &why)
        != CHATWS_OK)
    {
        ngx_log_error(NGX_LOG_INFO, log, 0, "chatws refuses a token: %s", why);
        return NGX_DECLINED;
    }

    made->exp = claims->exp;

    ngx_http_chatws_credential_proof(hub, claims, kid, &made->proof);

    *credential = made;

    return NGX_OK;
}


void
ngx_http_chatws_credential_proof(ngx_http_chatws_hub_t *hub,
    const chatws_claims_t *claims, const chatws_str_t *kid,
    ngx_http_chatws_proof_t *proof)
{
    ngx_memzero(proof, sizeof(ngx_http_chatws_proof_t));

    proof->iat = claims->iat;

    if (hub != NULL && claims->jti.len != 0) {
        ngx_http_chatws_credential_key(hub, CHATWS_REVOKED_JTI,
                                       (const ngx_str_t *) &claims->jti,
                                       &proof->jti);
    }

    if (hub != NULL && kid->len != 0) {
        ngx_http_chatws_credential_key(hub, CHATWS_REVOKED_KID,
                                       (const ngx_str_t *) kid, &proof->kid);
    }
}


uint64_t
ngx_http_chatws_credential_left(const ngx_http_chatws_credential_t *credential)
{
    uint64_t  now;

    now = (uint64_t) ngx_time();

    return credential->exp > now ? credential->exp - now : 0;
}


size_t
ngx_http_chatws_credential_size(const ngx_http_chatws_credential_t *credential)
{
    return sizeof(ngx_http_chatws_credential_t) + credential->len;
}


ngx_http_chatws_credential_t *
ngx_http_chatws_credential_copy(const ngx_http_chatws_credential_t *credential,
    ngx_log_t *log)
{
    size_t                         size;
    ngx_http_chatws_credential_t  *copy;

    size = ngx_http_chatws_credential_size(credential);

    copy = ngx_alloc(size, log);

    if (copy != NULL) {
        ngx_memcpy(copy, credential, size);
    }

    return copy;
}


/* Keys of their own for each kind and each of the two hashes. */

void
ngx_http_chatws_credential_key(ngx_http_chatws_hub_t *hub,
    chatws_revoked_e kind, const ngx_str_t *value, chatws_revoked_key_t *key)
{
    u_char     label[2];
    uint64_t   half, hash[2];
    ngx_str_t  text;
    ngx_uint_t i;
    uint8_t    secret[16];

    text.len = sizeof(label);
    text.data = label;

    label[0] = (u_char) kind;

    for (i = 0; i < 2; i++) {
        label[1] = (u_char) (2 * i);
        half = ngx_http_chatws_hub_hash(hub, &text);
        ngx_memcpy(secret, &half, sizeof(uint64_t));

        label[1] = (u_char) (2 * i + 1);
        half = ngx_http_chatws_hub_hash(hub, &text);
        ngx_memcpy(secret + sizeof(uint64_t), &half, sizeof(uint64_t));

        hash[i] = chatws_hash(secret, value->data, value->len);
    }

    /* a second one of 0 is that of an empty cell */

    key->first = hash[0];
    key->second = hash[1] != 0 ? hash[1] : 1;
}
