
/*
 * Copyright (C) chatws contributors
 *
 * Keys and signatures by libcrypto: see chatws_key.h.  The error queue of
 * the library is emptied on every path: what is left there would be taken
 * for an error of the next TLS record that the worker reads.
 */


#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "token/chatws_key_private.h"


#define CHATWS_KEY_HALF_MAX  48     /* bytes of R or S: P-384 */
#define CHATWS_KEY_DER_MAX   (2 * (CHATWS_KEY_HALF_MAX + 3) + 3)


static chatws_rc_e chatws_key_import(chatws_key_t *key, const char *type,
    OSSL_PARAM_BLD *bld);
static chatws_rc_e chatws_key_verify_mac(chatws_key_t *key,
    const chatws_str_t *text, const chatws_str_t *signature);
static chatws_rc_e chatws_key_verify_public(chatws_key_t *key,
    const chatws_str_t *text, const chatws_str_t *signature);
static chatws_rc_e chatws_key_der(const chatws_alg_t *alg,
    const chatws_str_t *signature, uint8_t *der, size_t *len);


chatws_rc_e
chatws_key_rsa(chatws_key_t *key, const chatws_str_t *n,
    const chatws_str_t *e)
{
    BIGNUM          *bn_n, *bn_e;
    chatws_rc_e      rc;
    OSSL_PARAM_BLD  *bld;

    rc = CHATWS_ERROR;

    bld = OSSL_PARAM_BLD_new();
    bn_n = BN_bin2bn(n->data, (int) n->len, NULL);
    bn_e = BN_bin2bn(e->data, (int) e->len, NULL);

    /*
     * Numbers that are even, or an exponent of 1, make no key; a huge exponent
     * makes one that takes milliseconds of each verification.
     */

    if (bld != NULL && bn_n != NULL && bn_e != NULL
        && BN_num_bits(bn_n) >= CHATWS_KEY_RSA_MIN
        && BN_is_odd(bn_n)
        && BN_is_odd(bn_e)
        && !BN_is_one(bn_e)
        && BN_num_bits(bn_e) <= CHATWS_KEY_RSA_E_MAX
        && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn_n)
        && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, bn_e))
    {
        rc = chatws_key_import(key, "RSA", bld);
    }

    BN_free(bn_n);
    BN_free(bn_e);
    OSSL_PARAM_BLD_free(bld);
    ERR_clear_error();

    return rc;
}


chatws_rc_e
chatws_key_ec(chatws_key_t *key, const chatws_str_t *x,
    const chatws_str_t *y)
{
    uint8_t              point[1 + 2 * CHATWS_KEY_HALF_MAX];
    chatws_rc_e          rc;
    OSSL_PARAM_BLD      *bld;
    const chatws_alg_t  *alg;

    alg = &chatws_algs[key->alg];
    rc = CHATWS_ERROR;

    /* the uncompressed form: SEC 1, 2.3.3 */

    point[0] = POINT_CONVERSION_UNCOMPRESSED;
    memcpy(point + 1, x->data, alg->half);
    memcpy(point + 1 + alg->half, y->data, alg->half);

    bld = OSSL_PARAM_BLD_new();

    if (bld != NULL
        && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
                                           (char *) alg->crv.data,
                                           alg->crv.len)
        && OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
                                            point, 1 + 2 * alg->half))
    {
        rc = chatws_key_import(key, "EC", bld);
    }

    OSSL_PARAM_BLD_free(bld);
    ERR_clear_error();

    return rc;
}


static chatws_rc_e
chatws_key_import(chatws_key_t *key, const char *type, OSSL_PARAM_BLD *bld)
{
    int            ok;
    OSSL_PARAM    *params;
    EVP_PKEY_CTX  *ctx;

    ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    params = OSSL_PARAM_BLD_to_param(bld);

    ok = ctx != NULL
         && params != NULL
         && EVP_PKEY_fromdata_init(ctx) == 1
         && EVP_PKEY_fromdata(ctx, &key->pkey, EVP_PKEY_PUBLIC_KEY, params)
            == 1;

    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);

    key->md = EVP_MD_CTX_new();

    return ok && key->md != NULL ? CHATWS_OK : CHATWS_ERROR;
}


chatws_rc_e
chatws_key_ed25519(chatws_key_t *key, const chatws_str_t *x)
{
    key->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x->data,
                                            x->len);
    key->md = EVP_MD_CTX_new();

    ERR_clear_error();

    return key->pkey != NULL && key->md != NULL ? CHATWS_OK : CHATWS_ERROR;
}


chatws_rc_e
chatws_key_secret(chatws_key_t *key, const chatws_str_t *k)
{
    key->mac = chatws_key_hmac(chatws_algs[key->alg].digest, k->data, k->len);

    ERR_clear_error();

    return key->mac != NULL ? CHATWS_OK : CHATWS_ERROR;
}


EVP_MAC_CTX *
chatws_key_hmac(const char *digest, const uint8_t *k, size_t len)
{
    EVP_MAC      *mac;
    OSSL_PARAM    params[2];
    EVP_MAC_CTX  *ctx;

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 (char *) digest, 0);
    params[1] = OSSL_PARAM_construct_end();

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (mac == NULL) {
        return NULL;
    }

    ctx = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);

    if (ctx != NULL && EVP_MAC_init(ctx, k, len, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }

    return ctx;
}


void
chatws_key_release(chatws_key_t *key)
{
    EVP_PKEY_free(key->pkey);
    EVP_MD_CTX_free(key->md);
    EVP_MAC_CTX_free(key->mac);
}


chatws_rc_e
chatws_key_verify(chatws_key_t *key, const chatws_str_t *text,
    const chatws_str_t *signature)
{
    chatws_rc_e  rc;

    rc = key->mac != NULL ? chatws_key_verify_mac(key, text, signature)
                          : chatws_key_verify_public(key, text, signature);

    ERR_clear_error();

    return rc;
}


/* RFC 7518, 3.2 */

static chatws_rc_e
chatws_key_verify_mac(chatws_key_t *key, const chatws_str_t *text,
    const chatws_str_t *signature)
{
    size_t   len;
    uint8_t  hash[EVP_MAX_MD_SIZE];

    /* without a key it begins anew with the one that it has */

    if (EVP_MAC_init(key->mac, NULL, 0, NULL) != 1
        || EVP_MAC_update(key->mac, text->data, text->len) != 1
        || EVP_MAC_final(key->mac, hash, &len, sizeof(hash)) != 1
        || len != signature->len
        || CRYPTO_memcmp(hash, signature->data, len) != 0)
    {
        return CHATWS_ERROR;
    }

    return CHATWS_OK;
}


/* RFC 7518, 3.3 to 3.5; RFC 8037, 3.1 */

static chatws_rc_e
chatws_key_verify_public(chatws_key_t *key, const chatws_str_t *text,
    const chatws_str_t *signature)
{
    uint8_t              der[CHATWS_KEY_DER_MAX];
    chatws_str_t         sig;
    chatws_rc_e          rc;
    EVP_PKEY_CTX        *ctx;
    const chatws_alg_t  *alg;

    alg = &chatws_algs[key->alg];
    sig = *signature;

    if (alg->half != 0) {
        if (chatws_key_der(alg, signature, der, &sig.len) != CHATWS_OK) {
            return CHATWS_ERROR;
        }

        sig.data = der;
    }

    rc = CHATWS_ERROR;

    /* the padding context belongs to key->md */

    if (EVP_DigestVerifyInit_ex(key->md, &ctx, alg->digest, NULL, NULL,
                                key->pkey, NULL)
        == 1
        && (key->alg != CHATWS_ALG_PS256
            || (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1
                && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx,
                                                    RSA_PSS_SALTLEN_DIGEST)
                   == 1))
        && EVP_DigestVerify(key->md, sig.data, sig.len, text->data, text->len)
           == 1)
    {
        rc = CHATWS_OK;
    }

    EVP_MD_CTX_reset(key->md);

    return rc;
}


/* R and S one after the other (RFC 7518, 3.4) as the library wants them. */

static chatws_rc_e
chatws_key_der(const chatws_alg_t *alg, const chatws_str_t *signature,
    uint8_t *der, size_t *len)
{
    int         n;
    BIGNUM     *r, *s;
    uint8_t    *p;
    ECDSA_SIG  *sig;

    if (signature->len != 2 * alg->half) {
        return CHATWS_ERROR;
    }

    sig = ECDSA_SIG_new();
    r = BN_bin2bn(signature->data, (int) alg->half, NULL);
    s = BN_bin2bn(signature->data + alg->half, (int) alg->half, NULL);

    if (sig == NULL || r == NULL || s == NULL
        || ECDSA_SIG_set0(sig, r, s) != 1)
    {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(sig);
        return CHATWS_ERROR;
    }

    p = der;
    n = i2d_ECDSA_SIG(sig, &p);

    ECDSA_SIG_free(sig);

    if (n <= 0) {
        return CHATWS_ERROR;
    }

    *len = n;

    return CHATWS_OK;
}
