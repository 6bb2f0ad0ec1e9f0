
/*
 * Copyright (C) chatws contributors
 *
 * Sets of keys, for tokens and for encryption: whatever is in the file, keys
 * are good or refused with words, and nothing is left behind.
 */


#include "fuzz_token.h"


static void use(chatws_keys_t *keys);
static void encrypt(const chatws_str_t *text);
static void words(const char *error);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char            error[CHATWS_JWK_ERROR_MAX];
    chatws_rc_e     rc;
    chatws_str_t    text;
    chatws_keys_t   keys;

    text.len = size;
    text.data = malloc(size ? size : 1);
    memcpy(text.data, data, size);

    chatws_keys_init(&keys, &memory);

    rc = chatws_keys_add(&keys, &text, error);

    check(rc == CHATWS_OK || rc == CHATWS_ERROR);
    check(ERR_peek_error() == 0);
    check(blocks == keys.n);

    if (rc == CHATWS_OK) {
        check(keys.n != 0);

    } else {
        words(error);
    }

    encrypt(&text);

    free(text.data);

    use(&keys);

    chatws_keys_done(&keys);
    check(blocks == 0);

    return 0;
}


/* The keys live without the text; nothing is signed by any of them. */

static void
use(chatws_keys_t *keys)
{
    size_t         n;
    chatws_key_t  *key;
    chatws_str_t   signature, text = chatws_str("text");

    for (n = 0, key = keys->first; key != NULL; key = key->next, n++) {
        check(key->alg < CHATWS_ALG_NONE);
        check(chatws_utf8_valid(key->kid.data, key->kid.len) == CHATWS_OK);

        signature.len = chatws_algs[key->alg].half
                        ? 2 * chatws_algs[key->alg].half
                        : key->mac != NULL ? 32 : 64;
        signature.data = calloc(1, signature.len);

        check(chatws_key_verify(key, &text, &signature) == CHATWS_ERROR);
        check(ERR_peek_error() == 0);

        free(signature.data);
    }

    check(n == keys->n);
}


static void
encrypt(const chatws_str_t *text)
{
    char                  error[CHATWS_JWK_ERROR_MAX];
    size_t                before, room, size;
    uint8_t              *out;
    chatws_str_t          made;
    chatws_jwe_key_t     *key;
    chatws_jwe_header_t   header = { chatws_str("c\x01"), chatws_str("\"m\""),
                                     chatws_str("u\"") };

    static const uint8_t  iv[CHATWS_JWE_IV];

    before = blocks;

    key = chatws_jwe_key_create(text, &memory, error);

    check(ERR_peek_error() == 0);

    if (key == NULL) {
        check(blocks == before);
        words(error);
        return;
    }

    room = chatws_jwe_size(key, &header, text->len);
    out = malloc(room);

    check(chatws_jwe_encrypt(key, &header, iv, text->data, text->len, out,
                             &size)
          == CHATWS_OK);
    check(size <= room && ERR_peek_error() == 0);

    made.data = out;
    made.len = size;
    check(chatws_jwe_check(&made) == CHATWS_OK);

    free(out);

    chatws_jwe_key_free(key);
    check(blocks == before);
}


static void
words(const char *error)
{
    size_t  n;

    n = strnlen(error, CHATWS_JWK_ERROR_MAX);

    check(n != 0 && n < CHATWS_JWK_ERROR_MAX - 1);
}
