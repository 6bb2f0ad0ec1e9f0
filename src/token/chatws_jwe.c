
/*
 * Copyright (C) chatws contributors
 *
 * Encryption of messages: see chatws_jwe.h.  The section numbers in the
 * comments are those of RFC 7516 unless another one is named.
 */


#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/chatws_base64url.h"
#include "base/chatws_str.h"
#include "json/chatws_json.h"
#include "token/chatws_jwe.h"
#include "token/chatws_key_private.h"


#define CHATWS_JWE_PARTS  5


struct chatws_jwe_key_s {
    EVP_MAC_CTX      *derive;     /* HMAC keyed with the extracted key */
    EVP_CIPHER       *cipher;
    EVP_CIPHER_CTX   *ctx;
    chatws_memory_t   memory;
    chatws_str_t      kid;        /* in the memory behind the structure */
};


typedef struct {
    const chatws_memory_t  *memory;
    chatws_jwe_key_t       *key;
} chatws_jwe_find_t;


static chatws_rc_e chatws_jwe_take(void *data, chatws_jwk_t *jwk);
static int chatws_jwe_is_meant(const chatws_jwk_t *jwk);
static chatws_rc_e chatws_jwe_key_init(chatws_jwe_key_t *key,
    const chatws_str_t *k);
static chatws_rc_e chatws_jwe_derive(chatws_jwe_key_t *key,
    const chatws_str_t *chat, uint8_t *out);
static size_t chatws_jwe_header_max(const chatws_jwe_key_t *key,
    const chatws_jwe_header_t *header);
static chatws_rc_e chatws_jwe_header(const chatws_jwe_key_t *key,
    const chatws_jwe_header_t *header, chatws_str_t *text);
static chatws_rc_e chatws_jwe_seal(chatws_jwe_key_t *key,
    const uint8_t *secret, const uint8_t *iv, const chatws_str_t *aad,
    const uint8_t *text, size_t len, uint8_t *out, uint8_t *tag);


chatws_jwe_key_t *
chatws_jwe_key_create(const chatws_str_t *text,
    const chatws_memory_t *memory, char *error)
{
    chatws_rc_e        rc;
    chatws_jwe_find_t  find;

    find.memory = memory;
    find.key = NULL;

    rc = chatws_jwk_walk(text, memory, chatws_jwe_take, &find, error);

    if (rc == CHATWS_OK) {
        return find.key;
    }

    if (rc == CHATWS_DECLINED) {
        snprintf(error, CHATWS_JWK_ERROR_MAX,
                 "it has no key that can encrypt");
    }

    if (find.key != NULL) {
        chatws_jwe_key_free(find.key);
    }

    return NULL;
}


static chatws_rc_e
chatws_jwe_take(void *data, chatws_jwk_t *jwk)
{
    chatws_jwe_find_t *find = data;

    uint8_t            buf[CHATWS_JWK_BYTES_MAX];
    chatws_rc_e        rc;
    chatws_str_t       k, *kid;
    chatws_jwe_key_t  *key;

    if (find->key != NULL || !chatws_jwe_is_meant(jwk)) {
        return CHATWS_DECLINED;
    }

    kid = &jwk->m[CHATWS_JWK_KID];

    if (kid->len == 0) {
        jwk->why = "it has no \"kid\", by which clients find a key";
        return CHATWS_ERROR;
    }

    rc = chatws_jwk_bytes(jwk, CHATWS_JWK_K, buf, &k);

    if (rc != CHATWS_OK || k.len != CHATWS_JWE_KEY) {
        OPENSSL_cleanse(buf, sizeof(buf));
        jwk->why = "\"k\" is not base64url of 256 bits";
        return CHATWS_ERROR;
    }

    jwk->why = "no memory";

    key = find->memory->alloc(find->memory->ctx,
                              sizeof(chatws_jwe_key_t) + kid->len);
    if (key == NULL) {
        OPENSSL_cleanse(buf, sizeof(buf));
        return CHATWS_ERROR;
    }

    memset(key, 0, sizeof(chatws_jwe_key_t));

    key->memory = *find->memory;
    key->kid.data = (uint8_t *) (key + 1);
    key->kid.len = kid->len;
    memcpy(key->kid.data, kid->data, kid->len);

    rc = chatws_jwe_key_init(key, &k);

    OPENSSL_cleanse(buf, sizeof(buf));

    find->key = key;

    return rc;
}


/* A secret that tokens are signed with is not used for anything else. */

static int
chatws_jwe_is_meant(const chatws_jwk_t *jwk)
{
    const chatws_str_t        *alg;

    static const chatws_str_t  oct = chatws_str("oct");
    static const chatws_str_t  dir = chatws_str("dir");
    static const chatws_str_t  gcm = chatws_str("A256GCM");

    alg = &jwk->m[CHATWS_JWK_ALG];

    return chatws_str_equal(&jwk->m[CHATWS_JWK_KTY], &oct)
           && chatws_jwk_is_for(jwk, "enc",
                                CHATWS_JWK_ENCRYPT|CHATWS_JWK_DERIVE)
           && (alg->data == NULL
               || chatws_str_equal(alg, &dir)
               || chatws_str_equal(alg, &gcm));
}


/* HKDF's first step, with an empty salt: RFC 5869, 2.2. */

static chatws_rc_e
chatws_jwe_key_init(chatws_jwe_key_t *key, const chatws_str_t *k)
{
    size_t                len;
    uint8_t               prk[CHATWS_JWE_KEY];
    EVP_MAC_CTX          *extract;

    static const uint8_t  salt[CHATWS_JWE_KEY];

    len = 0;
    extract = chatws_key_hmac("SHA256", salt, sizeof(salt));

    if (extract != NULL
        && EVP_MAC_update(extract, k->data, k->len) == 1
        && EVP_MAC_final(extract, prk, &len, sizeof(prk)) == 1
        && len == sizeof(prk))
    {
        key->derive = chatws_key_hmac("SHA256", prk, sizeof(prk));
    }

    EVP_MAC_CTX_free(extract);
    OPENSSL_cleanse(prk, sizeof(prk));

    key->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    key->ctx = EVP_CIPHER_CTX_new();

    ERR_clear_error();

    return key->derive != NULL && key->cipher != NULL && key->ctx != NULL
           ? CHATWS_OK : CHATWS_ERROR;
}


void
chatws_jwe_key_free(chatws_jwe_key_t *key)
{
    EVP_MAC_CTX_free(key->derive);
    EVP_CIPHER_free(key->cipher);
    EVP_CIPHER_CTX_free(key->ctx);

    key->memory.free(key->memory.ctx, key);
}


const chatws_str_t *
chatws_jwe_key_id(const chatws_jwe_key_t *key)
{
    return &key->kid;
}


size_t
chatws_jwe_size(const chatws_jwe_key_t *key, const chatws_jwe_header_t *header,
    size_t len)
{
    return chatws_base64url_encoded(chatws_jwe_header_max(key, header))
           + chatws_base64url_encoded(CHATWS_JWE_IV)
           + chatws_base64url_encoded(len)
           + chatws_base64url_encoded(CHATWS_JWE_TAG)
           + CHATWS_JWE_PARTS - 1;
}


chatws_rc_e
chatws_jwe_random(uint8_t iv[CHATWS_JWE_IV])
{
    chatws_rc_e  rc;

    rc = RAND_bytes(iv, CHATWS_JWE_IV) == 1 ? CHATWS_OK : CHATWS_ERROR;

    ERR_clear_error();

    return rc;
}


/* Section 5.1 and 7.1: header, no key, vector, ciphertext, tag. */

chatws_rc_e
chatws_jwe_encrypt(chatws_jwe_key_t *key, const chatws_jwe_header_t *header,
    const uint8_t iv[CHATWS_JWE_IV], const uint8_t *text, size_t len,
    uint8_t *out, size_t *size)
{
    size_t        room;
    uint8_t      *p, secret[CHATWS_JWE_KEY], tag[CHATWS_JWE_TAG];
    chatws_rc_e   rc;
    chatws_str_t  aad, buf;

    room = chatws_jwe_header_max(key, header);

    buf.len = room;
    buf.data = key->memory.alloc(key->memory.ctx, room > len ? room : len);

    if (buf.data == NULL) {
        return CHATWS_ERROR;
    }

    p = out;
    rc = chatws_jwe_header(key, header, &buf);

    if (rc == CHATWS_OK) {
        p += chatws_base64url_encode(p, buf.data, buf.len);

        aad.data = out;
        aad.len = p - out;

        rc = chatws_jwe_derive(key, &header->chat, secret);
    }

    if (rc == CHATWS_OK) {
        rc = chatws_jwe_seal(key, secret, iv, &aad, text, len, buf.data, tag);
    }

    OPENSSL_cleanse(secret, sizeof(secret));
    ERR_clear_error();

    if (rc == CHATWS_OK) {
        *p++ = '.';
        *p++ = '.';
        p += chatws_base64url_encode(p, iv, CHATWS_JWE_IV);
        *p++ = '.';
        p += chatws_base64url_encode(p, buf.data, len);
        *p++ = '.';
        p += chatws_base64url_encode(p, tag, CHATWS_JWE_TAG);

        *size = p - out;
    }

    key->memory.free(key->memory.ctx, buf.data);

    return rc;
}


/* HKDF's second step, of one block: RFC 5869, 2.3. */

static chatws_rc_e
chatws_jwe_derive(chatws_jwe_key_t *key, const chatws_str_t *chat,
    uint8_t *out)
{
    size_t                len;

    static const uint8_t  last[] = { 1 };
    static const char     label[] = "chatws-encryption-v1";

    len = 0;

    /* the zero behind the label is part of the info */

    if (EVP_MAC_init(key->derive, NULL, 0, NULL) != 1
        || EVP_MAC_update(key->derive, (const uint8_t *) label, sizeof(label))
           != 1
        || EVP_MAC_update(key->derive, chat->data, chat->len) != 1
        || EVP_MAC_update(key->derive, last, sizeof(last)) != 1
        || EVP_MAC_final(key->derive, out, &len, CHATWS_JWE_KEY) != 1
        || len != CHATWS_JWE_KEY)
    {
        return CHATWS_ERROR;
    }

    return CHATWS_OK;
}


/* Six bytes for each of a string at most, and what stands between them. */

static size_t
chatws_jwe_header_max(const chatws_jwe_key_t *key,
    const chatws_jwe_header_t *header)
{
    return 6 * (key->kid.len + header->chat.len + header->sub.len)
           + header->mid.len + 96;
}


static chatws_rc_e
chatws_jwe_header(const chatws_jwe_key_t *key,
    const chatws_jwe_header_t *header, chatws_str_t *text)
{
    chatws_json_out_t  out;

    chatws_json_out_begin(&out, text);

    chatws_json_put_lit(&out, "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"kid\":");
    chatws_json_put_string(&out, &key->kid);
    chatws_json_put_lit(&out, ",\"chat\":");
    chatws_json_put_string(&out, &header->chat);
    chatws_json_put_lit(&out, ",\"mid\":");
    chatws_json_put(&out, header->mid.data, header->mid.len);
    chatws_json_put_lit(&out, ",\"sub\":");
    chatws_json_put_string(&out, &header->sub);
    chatws_json_put_lit(&out, "}");

    return chatws_json_out_end(&out, text);
}


static chatws_rc_e
chatws_jwe_seal(chatws_jwe_key_t *key, const uint8_t *secret,
    const uint8_t *iv, const chatws_str_t *aad, const uint8_t *text,
    size_t len, uint8_t *out, uint8_t *tag)
{
    int         n, rest;
    OSSL_PARAM  params[2];

    params[0] = OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
                                                  tag, CHATWS_JWE_TAG);
    params[1] = OSSL_PARAM_construct_end();

    if (EVP_EncryptInit_ex2(key->ctx, key->cipher, secret, iv, NULL) != 1
        || EVP_EncryptUpdate(key->ctx, NULL, &n, aad->data, (int) aad->len)
           != 1
        || EVP_EncryptUpdate(key->ctx, out, &n, text, (int) len) != 1
        || EVP_EncryptFinal_ex(key->ctx, out + n, &rest) != 1
        || (size_t) (n + rest) != len
        || EVP_CIPHER_CTX_get_params(key->ctx, params) != 1)
    {
        return CHATWS_ERROR;
    }

    return CHATWS_OK;
}


chatws_rc_e
chatws_jwe_check(const chatws_str_t *text)
{
    size_t        i;
    uint8_t      *dot, *end, *start;
    chatws_str_t  part[CHATWS_JWE_PARTS];

    start = text->data;
    end = text->data + text->len;

    for (i = 0; i < CHATWS_JWE_PARTS; i++) {
        dot = start == end ? NULL : memchr(start, '.', end - start);

        /* a dot behind all parts but the last */

        if ((dot == NULL) != (i == CHATWS_JWE_PARTS - 1)) {
            return CHATWS_ERROR;
        }

        part[i].data = start;
        part[i].len = (dot == NULL ? end : dot) - start;

        if (chatws_base64url_check(&part[i]) != CHATWS_OK) {
            return CHATWS_ERROR;
        }

        if (dot != NULL) {
            start = dot + 1;
        }
    }

    /* with "dir" there is no encrypted key */

    return part[0].len != 0
           && part[1].len == 0
           && part[2].len == chatws_base64url_encoded(CHATWS_JWE_IV)
           && part[3].len != 0
           && part[4].len == chatws_base64url_encoded(CHATWS_JWE_TAG)
           ? CHATWS_OK : CHATWS_ERROR;
}
