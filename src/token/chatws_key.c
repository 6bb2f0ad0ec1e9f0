
/*
 * Copyright (C) chatws contributors
 *
 * The keys that verify tokens: see chatws_key.h.
 */


#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/chatws_str.h"
#include "token/chatws_key_private.h"


static chatws_rc_e chatws_key_add(void *data, chatws_jwk_t *jwk);
static chatws_alg_e chatws_key_alg(const chatws_jwk_t *jwk);
static chatws_rc_e chatws_key_make(chatws_jwk_t *jwk, chatws_key_t *key);
static chatws_rc_e chatws_key_make_secret(chatws_jwk_t *jwk,
    chatws_key_t *key);
static int chatws_key_is_pem(const chatws_str_t *k);


const chatws_alg_t  chatws_algs[CHATWS_ALG_NONE] = {

    { chatws_str("HS256"), chatws_str("oct"), { 0, NULL }, "SHA256", 0 },
    { chatws_str("HS384"), chatws_str("oct"), { 0, NULL }, "SHA384", 0 },
    { chatws_str("HS512"), chatws_str("oct"), { 0, NULL }, "SHA512", 0 },
    { chatws_str("RS256"), chatws_str("RSA"), { 0, NULL }, "SHA256", 0 },
    { chatws_str("PS256"), chatws_str("RSA"), { 0, NULL }, "SHA256", 0 },
    { chatws_str("ES256"), chatws_str("EC"), chatws_str("P-256"), "SHA256",
      32 },
    { chatws_str("ES384"), chatws_str("EC"), chatws_str("P-384"), "SHA384",
      48 },
    { chatws_str("EdDSA"), chatws_str("OKP"), chatws_str("Ed25519"), NULL,
      0 }
};


void
chatws_keys_init(chatws_keys_t *keys, const chatws_memory_t *memory)
{
    keys->first = NULL;
    keys->last = &keys->first;
    keys->n = 0;
    keys->memory = *memory;
}


void
chatws_keys_done(chatws_keys_t *keys)
{
    chatws_key_t  *key, *next;

    for (key = keys->first; key != NULL; key = next) {
        next = key->next;

        chatws_key_release(key);
        keys->memory.free(keys->memory.ctx, key);
    }

    keys->first = NULL;
    keys->last = &keys->first;
    keys->n = 0;
}


chatws_alg_e
chatws_alg_find(const chatws_str_t *name)
{
    chatws_alg_e  alg;

    for (alg = 0; alg < CHATWS_ALG_NONE; alg++) {
        if (chatws_str_equal(name, &chatws_algs[alg].name)) {
            break;
        }
    }

    return alg;
}


chatws_key_t *
chatws_keys_next(const chatws_keys_t *keys, chatws_key_t *prev,
    chatws_alg_e alg, const chatws_str_t *kid)
{
    chatws_key_t  *key;

    for (key = prev == NULL ? keys->first : prev->next;
         key != NULL;
         key = key->next)
    {
        if (key->alg == alg
            && (kid == NULL || chatws_str_equal(kid, &key->kid)))
        {
            return key;
        }
    }

    return NULL;
}


const chatws_str_t *
chatws_key_id(const chatws_key_t *key)
{
    return &key->kid;
}


chatws_rc_e
chatws_keys_add(chatws_keys_t *keys, const chatws_str_t *text, char *error)
{
    chatws_rc_e  rc;

    rc = chatws_jwk_walk(text, &keys->memory, chatws_key_add, keys, error);

    if (rc == CHATWS_DECLINED) {
        snprintf(error, CHATWS_JWK_ERROR_MAX,
                 "it has no key that can verify a token");
    }

    return rc == CHATWS_OK ? CHATWS_OK : CHATWS_ERROR;
}


static chatws_rc_e
chatws_key_add(void *data, chatws_jwk_t *jwk)
{
    chatws_keys_t *keys = data;

    chatws_alg_e               alg;
    chatws_key_t              *key;
    chatws_str_t              *kid;

    static const chatws_str_t  oct = chatws_str("oct");

    if (jwk->m[CHATWS_JWK_D].data != NULL
        && !chatws_str_equal(&jwk->m[CHATWS_JWK_KTY], &oct))
    {
        jwk->why = "it is a private key, only public keys and secrets verify "
                   "tokens";
        return CHATWS_ERROR;
    }

    alg = chatws_key_alg(jwk);

    if (alg == CHATWS_ALG_NONE
        || !chatws_jwk_is_for(jwk, "sig", CHATWS_JWK_VERIFY))
    {
        return CHATWS_DECLINED;
    }

    kid = &jwk->m[CHATWS_JWK_KID];

    key = keys->memory.alloc(keys->memory.ctx,
                             sizeof(chatws_key_t) + kid->len);
    if (key == NULL) {
        jwk->why = "no memory";
        return CHATWS_ERROR;
    }

    memset(key, 0, sizeof(chatws_key_t));

    key->alg = alg;

    if (kid->len != 0) {
        key->kid.data = (uint8_t *) (key + 1);
        key->kid.len = kid->len;
        memcpy(key->kid.data, kid->data, kid->len);
    }

    if (chatws_key_make(jwk, key) != CHATWS_OK) {
        chatws_key_release(key);
        keys->memory.free(keys->memory.ctx, key);
        return CHATWS_ERROR;
    }

    *keys->last = key;
    keys->last = &key->next;
    keys->n++;

    return CHATWS_OK;
}


/* Without "alg" a key is for the first algorithm of its type and curve. */

static chatws_alg_e
chatws_key_alg(const chatws_jwk_t *jwk)
{
    chatws_alg_e         i;
    const chatws_alg_t  *alg;

    for (i = 0; i < CHATWS_ALG_NONE; i++) {
        alg = &chatws_algs[i];

        if (chatws_str_equal(&jwk->m[CHATWS_JWK_KTY], &alg->kty)
            && (alg->crv.len == 0
                || chatws_str_equal(&jwk->m[CHATWS_JWK_CRV], &alg->crv))
            && (jwk->m[CHATWS_JWK_ALG].data == NULL
                || chatws_str_equal(&jwk->m[CHATWS_JWK_ALG], &alg->name)))
        {
            break;
        }
    }

    return i;
}


static chatws_rc_e
chatws_key_make(chatws_jwk_t *jwk, chatws_key_t *key)
{
    size_t        half;
    uint8_t       first[CHATWS_JWK_BYTES_MAX], second[CHATWS_JWK_BYTES_MAX];
    chatws_str_t  a, b;

    half = chatws_algs[key->alg].half;

    switch (key->alg) {

    case CHATWS_ALG_HS256:
    case CHATWS_ALG_HS384:
    case CHATWS_ALG_HS512:
        return chatws_key_make_secret(jwk, key);

    case CHATWS_ALG_RS256:
    case CHATWS_ALG_PS256:

        jwk->why = "\"n\" or \"e\" is missing, too long or not base64url";

        if (chatws_jwk_bytes(jwk, CHATWS_JWK_N, first, &a) != CHATWS_OK
            || chatws_jwk_bytes(jwk, CHATWS_JWK_E, second, &b) != CHATWS_OK)
        {
            return CHATWS_ERROR;
        }

        jwk->why = "it is no RSA key of 2048 bits or more with a usual \"e\"";

        return chatws_key_rsa(key, &a, &b);

    case CHATWS_ALG_ES256:
    case CHATWS_ALG_ES384:

        jwk->why = "\"x\" or \"y\" is missing, not base64url or of another "
                   "length than the curve's";

        if (chatws_jwk_bytes(jwk, CHATWS_JWK_X, first, &a) != CHATWS_OK
            || chatws_jwk_bytes(jwk, CHATWS_JWK_Y, second, &b) != CHATWS_OK
            || a.len != half
            || b.len != half)
        {
            return CHATWS_ERROR;
        }

        jwk->why = "it is no point of its curve";

        return chatws_key_ec(key, &a, &b);

    default: /* CHATWS_ALG_EDDSA */

        jwk->why = "\"x\" is missing or not 32 bytes of base64url";

        return chatws_jwk_bytes(jwk, CHATWS_JWK_X, first, &a) == CHATWS_OK
               ? chatws_key_ed25519(key, &a) : CHATWS_ERROR;
    }
}


static chatws_rc_e
chatws_key_make_secret(chatws_jwk_t *jwk, chatws_key_t *key)
{
    uint8_t       buf[CHATWS_JWK_BYTES_MAX];
    chatws_rc_e   rc;
    chatws_str_t  k;

    jwk->why = "\"k\" is missing, too long or not base64url";

    rc = chatws_jwk_bytes(jwk, CHATWS_JWK_K, buf, &k);

    if (rc == CHATWS_OK && k.len < CHATWS_KEY_SECRET_MIN) {
        jwk->why = "a secret of less than 256 bits";
        rc = CHATWS_ERROR;
    }

    if (rc == CHATWS_OK && chatws_key_is_pem(&k)) {
        jwk->why = "the secret is a PEM file, which is no secret";
        rc = CHATWS_ERROR;
    }

    if (rc == CHATWS_OK) {
        jwk->why = "the secret can't be used";
        rc = chatws_key_secret(key, &k);
    }

    OPENSSL_cleanse(buf, sizeof(buf));

    return rc;
}


/* Everybody knows a public key, and a private one is known to others. */

static int
chatws_key_is_pem(const chatws_str_t *k)
{
    size_t             i;

    static const char  pem[] = "-----BEGIN ";

    for (i = 0; i + sizeof(pem) - 1 <= k->len; i++) {
        if (memcmp(k->data + i, pem, sizeof(pem) - 1) == 0) {
            return 1;
        }
    }

    return 0;
}
