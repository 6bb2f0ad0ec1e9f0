
/*
 * Copyright (C) chatws contributors
 *
 * What tests of whole tokens share: tokens that are made here, and their
 * verification with the keys of t/unit/token/data/public.jwks.
 */


#ifndef _CHATWS_TOKEN_VERIFY_H_INCLUDED_
#define _CHATWS_TOKEN_VERIFY_H_INCLUDED_


#include <openssl/hmac.h>

#include "tap.h"
#include "token_test.h"


#define NOW     1700000100
#define TIMES   "\"iat\":1700000000,\"exp\":1700003600"
#define CLAIMS  "{\"sub\":\"user1\"," TIMES "}"
#define HS256   "{\"alg\":\"HS256\"}"

#define NO_KEY  "no key has made the signature"


static void setup(void);
static chatws_rc_e verify(const char *token, size_t len);
static void release(void);
static const char *sign(const char *header, const char *payload);
static const char *sign_with(const char *header, const char *payload,
    const uint8_t *k, size_t len);
static void takes(const char *token, const char *name);
static void refuses(const char *token, const char *want, const char *name);


static char                    made[16384];
static void                   *block;
static uint64_t                now = NOW;
static const char             *why;
static size_t                  secret_len;
static uint8_t                 secret[66];
static chatws_claims_t         claims;
static const chatws_str_t     *kid;
static chatws_token_use_e      use = CHATWS_TOKEN_CONNECTION;
static chatws_token_policy_t   policy;


static void
setup(void)
{
    char          *set;
    chatws_str_t   text;

    set = data_load("public.jwks");

    text = str("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj"
               "0iPS4hcgUuTwjAzZr1Z9CAow");

    if (keys_load(set) != CHATWS_OK
        || chatws_base64url_decoded(text.len) > sizeof(secret)
        || chatws_base64url_decode(&text, secret, &secret_len) != CHATWS_OK)
    {
        printf("Bail out! no keys\n");
        exit(1);
    }

    free(set);

    policy.keys = &keys;
    policy.leeway = 10;
    policy.lifetime = 86400;
    policy.max_size = 4096;
}


/* from a block of exactly its size, in a block of exactly the promised one */

static chatws_rc_e
verify(const char *token, size_t len)
{
    size_t        size;
    chatws_rc_e   rc;
    chatws_str_t  text;

    text.len = len;
    text.data = malloc(len ? len : 1);
    memcpy(text.data, token, len);

    size = chatws_token_memory(len);
    block = malloc(size);
    memset(block, 0xa5, size);

    why = "";
    kid = NULL;

    rc = chatws_token_verify(&policy, &text, use, now, block, size, &claims,
                             &kid, &why);

    free(text.data);

    return clean() ? rc : CHATWS_BUSY;
}


static void
release(void)
{
    free(block);
}


static const char *
sign(const char *header, const char *payload)
{
    return sign_with(header, payload, secret, secret_len);
}


static const char *
sign_with(const char *header, const char *payload, const uint8_t *k,
    size_t len)
{
    size_t    n;
    uint8_t  *p, mac[EVP_MAX_MD_SIZE];
    unsigned  size;

    p = (uint8_t *) made;

    n = chatws_base64url_encode(p, (const uint8_t *) header, strlen(header));
    p[n++] = '.';
    n += chatws_base64url_encode(p + n, (const uint8_t *) payload,
                                 strlen(payload));

    HMAC(EVP_sha256(), k, (int) len, p, n, mac, &size);

    p[n++] = '.';
    n += chatws_base64url_encode(p + n, mac, size);
    p[n] = '\0';

    return made;
}


static void
takes(const char *token, const char *name)
{
    chatws_rc_e  rc;

    rc = verify(token, strlen(token));

    if (!ok(rc == CHATWS_OK, "taken: %s", name)) {
        printf("# %d %s\n", rc, why);
    }

    release();
}


static void
refuses(const char *token, const char *want, const char *name)
{
    chatws_rc_e  rc;

    rc = verify(token, strlen(token));

    if (!ok(rc == CHATWS_ERROR && strcmp(why, want) == 0,
            "refused: %.64s (%s)", name, want))
    {
        printf("# %d %s\n", rc, why);
    }

    release();
}


#endif /* _CHATWS_TOKEN_VERIFY_H_INCLUDED_ */
