
/*
 * Copyright (C) chatws contributors
 *
 * Tokens, from their text to their claims: those of other libraries, forms,
 * headers and keys, and what bad input gets.  OpenSSL's error queue is empty
 * after each.
 */


#include <openssl/pem.h>
#include <openssl/x509.h>

#include "token_verify.h"


#define NO_HEADER  "the header is not valid"


static void test_libraries(void);
static void test_headers(void);
static void test_forms(void);
static void test_confusion(void);
static void test_key_ids(void);
static void test_size(void);
static void test_every_byte(void);


int
main(void)
{
    setup();

    test_libraries();
    test_headers();
    test_forms();
    test_confusion();
    test_key_ids();
    test_size();
    test_every_byte();

    keys_free();

    ok(blocks == 0 && allocated == 0, "all memory is given back");

    return done();
}


static void
test_libraries(void)
{
    char           *alg, *file, *line, *maker, *rest;
    chatws_str_t    audience = chatws_str("chatws");

    file = data_load("tokens.txt");
    rest = file;

    policy.n_audiences = 1;
    policy.audiences = &audience;

    while ((line = data_line(&rest)) != NULL) {
        maker = data_word(&line);
        alg = data_word(&line);

        ok(verify(line, strlen(line)) == CHATWS_OK
           && is(&claims.sub, "user123")
           && is(&claims.name, "J\xc3\xb6rg \xf0\x9f\x98\x80")
           && is(&claims.jti, "t-1")
           && is(&claims.iss, "https://app.example.com")
           && claims.exp == 1700003600 && kid != NULL,
           "%s, %s", maker, alg);

        release();
    }

    policy.n_audiences = 0;

    free(file);
}


static void
test_headers(void)
{
    size_t       i;
    char         text[1200];

    const char  *taken[] = {
        HS256,
        "{\"typ\":\"JWT\",\"alg\":\"HS256\"}",
        "{ \"alg\" : \"HS\\u0032\\u0035\\u0036\" }\n",
        "{\"alg\":\"HS256\",\"jku\":\"https://evil.example/\",\"jwk\":{\"kty\":"
        "\"oct\",\"k\":\"AA\"},\"x5u\":\"x\",\"x5c\":[\"y\"],\"cty\":\"JWT\"}",
        "{\"alg\":\"HS256\",\"typ\":1,\"typ\":[{\"a\":{}}]}"
    };

    const char  *invalid[] = {
        "", "{}", "[]", "x", "{\"alg\":\"HS256\"", "{\"alg\":\"HS256\"}}",
        "{\"alg\":\"HS256\"} x", "{\"alg\":\"HS256\",}", "{\"typ\":\"JWT\"}",
        "{\"alg\":null}", "{\"alg\":256}", "{\"alg\":[\"HS256\"]}",
        "{\"ALG\":\"HS256\"}", "{\"alg\":\"HS256\\ud800\"}",
        "{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}",
        "{\"alg\":\"none\",\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"kid\":\"hs\",\"kid\":\"hs\"}",
        "{\"alg\":\"HS256\",\"kid\":7}", "{\"alg\":\"HS256\",\"kid\":null}",
        "{\"alg\":\"HS256\",\"kid\":\"\\udc00\"}",
        "{\"alg\":\"HS256\",\"crit\":[]}",
        "{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}",
        "{\"alg\":\"HS256\",\"crit\":null}",
        "{\"alg\":\"HS256\",\"b64\":false,\"crit\":[\"b64\"]}",
        "{\"alg\":\"HS256\",\"b64\":true}",
        "{\"alg\":\"HS256\",\"zip\":\"DEF\"}",
        "{\"alg\":\"HS256\",\"enc\":\"A256GCM\"}",
        "{\"alg\":\"HS256\",\"\\u0063rit\":[]}",
        "{\"alg\":\"HS256\",\"x\":[[[[]]]]}", "{\"alg\":\"HS256\",\"x\":\"\xff"
        "\"}", "\xef\xbb\xbf{\"alg\":\"HS256\"}"
    };

    const char  *unknown[] = {
        "none", "None", "NONE", "nOnE", "", "hs256", "HS256 ", "HS1", "HS384",
        "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "ES256",
        "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "dir", "A256KW",
        "HS256\\u0000"
    };

    for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        takes(sign(taken[i], CLAIMS), taken[i]);
    }

    for (i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        refuses(sign(invalid[i], CLAIMS), NO_HEADER, invalid[i]);
    }

    for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        snprintf(text, sizeof(text), "{\"alg\":\"%s\"}", unknown[i]);
        refuses(sign(text, CLAIMS), NO_KEY, text);
    }

    /* 512 bytes, and one more */

    for (i = 512; i <= 513; i++) {
        memset(text, ' ', i);
        memcpy(text, "{\"alg\":\"HS256\"", sizeof("{\"alg\":\"HS256\"") - 1);
        text[i - 1] = '}';
        text[i] = '\0';

        if (i == 512) {
            takes(sign(text, CLAIMS), "a header of 512 bytes");

        } else {
            refuses(sign(text, CLAIMS), NO_HEADER, "a header of 513 bytes");
        }
    }
}


static void
test_forms(void)
{
    char          text[20000], *first, *second;
    size_t        i, len;
    chatws_str_t  none = { 0, NULL };

    const char   *parts = "not three parts";

    const char   *forms[] = {
        "", ".", "a", "a.b", "....", "a.b.c.d", "a.b.c.d.e",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aaaaaaaaaaaaaaaa.YWJj.x",
        "{\"payload\":\"x\",\"signatures\":[]}", "Bearer x"
    };

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        refuses(forms[i], parts, forms[i]);
    }

    refuses("..", NO_HEADER, "..");
    refuses("a.b.c", NO_HEADER, "a.b.c");
    refuses("e30.e30.", NO_HEADER, "empty objects");

    (void) sign(HS256, CLAIMS);

    first = strchr(made, '.');
    second = strchr(first + 1, '.');

    snprintf(text, sizeof(text), "%.*s.", (int) (second - made), made);
    refuses(text, NO_KEY, "no signature");

    snprintf(text, sizeof(text), "%s=", made);
    refuses(text, NO_KEY, "a signature with padding");

    snprintf(text, sizeof(text), "%s.", made);
    refuses(text, parts, "a dot behind it");

    snprintf(text, sizeof(text), " %s", made);
    refuses(text, NO_HEADER, "a blank before it");

    snprintf(text, sizeof(text), "%s\n", made);
    refuses(text, NO_KEY, "a line feed behind it");

    snprintf(text, sizeof(text), "%.*s.%s", (int) (first - made), made,
             second);
    refuses(text, NO_KEY, "no claims");

    snprintf(text, sizeof(text), "Bearer %s", made);
    refuses(text, NO_HEADER, "the scheme before it");

    /* a zero byte in each place */

    for (i = 0; i < 3; i++) {
        len = strlen(sign(HS256, CLAIMS));

        made[i == 0 ? 3 : i == 1 ? 30 : len - 1] = '\0';

        ok(verify(made, len) == CHATWS_ERROR, "a zero byte");
        release();
    }

    block = malloc(chatws_token_memory(0));

    ok(chatws_token_verify(&policy, &none, use, now, block,
                           chatws_token_memory(0), &claims, &kid, &why)
       == CHATWS_ERROR && strcmp(why, parts) == 0,
       "nothing at all");

    release();
}


/* The secret of an HMAC is what everybody knows of a key. */

static void
test_confusion(void)
{
    int            len;
    BIO           *bio;
    char          *pem, *name;
    uint8_t       *der;
    chatws_key_t  *key;

    for (key = keys.first; key != NULL; key = key->next) {
        if (key->pkey == NULL) {
            continue;
        }

        name = (char *) chatws_algs[key->alg].name.data;

        bio = BIO_new(BIO_s_mem());
        PEM_write_bio_PUBKEY(bio, key->pkey);
        len = (int) BIO_get_mem_data(bio, &pem);

        refuses(sign_with(HS256, CLAIMS, (uint8_t *) pem, len), NO_KEY, name);
        refuses(sign_with(HS256, CLAIMS, (uint8_t *) pem, len - 1), NO_KEY,
                name);
        BIO_free(bio);

        der = NULL;
        len = i2d_PUBKEY(key->pkey, &der);
        refuses(sign_with(HS256, CLAIMS, der, len), NO_KEY, name);
        OPENSSL_free(der);
    }

    refuses(sign_with(HS256, CLAIMS, (const uint8_t *) "", 0), NO_KEY,
            "an empty secret");

    /* the id of a public key, and the algorithm of a secret */

    refuses(sign("{\"alg\":\"HS256\",\"kid\":\"rs\"}", CLAIMS), NO_KEY,
            "HS256 with the id of an RSA key");
    refuses(sign("{\"alg\":\"HS256\",\"kid\":\"hs384\"}", CLAIMS), NO_KEY,
            "HS256 with the id of a key for HS384");
    takes(sign("{\"alg\":\"HS256\",\"kid\":\"hs\"}", CLAIMS), "its own id");
}


/* Without an id at most four keys of the algorithm are tried. */

static void
test_key_ids(void)
{
    char           set[1024], *token;
    size_t         i, n, pos;
    chatws_keys_t  all;

    all = keys;
    token = strdup(sign(HS256, CLAIMS));

    for (i = 1; i <= 6; i++) {
        pos = snprintf(set, sizeof(set), "{\"keys\":[");

        for (n = 1; n <= 6; n++) {
            pos += snprintf(set + pos, sizeof(set) - pos,
                            "%s{\"kty\":\"oct\",\"kid\":\"k%zu\",\"k\":\"%s\"}",
                            n > 1 ? "," : "", n,
                            n == i
                            ? "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1q"
                              "S0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
                            : "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
        }

        snprintf(set + pos, sizeof(set) - pos, "]}");
        (void) keys_load(set);

        if (i <= CHATWS_TOKEN_TRIES) {
            takes(token, "by one of the first four keys");

        } else {
            refuses(token, NO_KEY, "by a later key");
        }

        snprintf(set, sizeof(set), "{\"alg\":\"HS256\",\"kid\":\"k%zu\"}", i);

        (void) sign(set, CLAIMS);
        snprintf(set, sizeof(set), "k%zu", i);

        ok(verify(made, strlen(made)) == CHATWS_OK && kid != NULL
           && is(kid, set), "with its id");
        release();

        snprintf(set, sizeof(set), "{\"alg\":\"HS256\",\"kid\":\"k%zu\"}",
                 i % 6 + 1);
        refuses(sign(set, CLAIMS), NO_KEY, "with the id of another key");

        keys_free();
    }

    free(token);
    keys = all;
}


static void
test_size(void)
{
    char         *text;
    size_t        n;
    chatws_rc_e   rc;
    chatws_str_t  token;

    text = malloc(8192);

    for (n = 2900; n < 3200; n++) {
        memset(text, ' ', n);
        memcpy(text, CLAIMS, sizeof(CLAIMS) - 1);
        text[n] = '\0';

        (void) sign(HS256, text);

        if (strlen(made) < 4096) {
            continue;
        }

        rc = verify(made, strlen(made));

        if (strlen(made) == 4096) {
            ok(rc == CHATWS_OK, "a token of 4096 bytes");

        } else {
            ok(rc == CHATWS_ERROR && strcmp(why, "too long") == 0,
               "a token of %zu bytes", strlen(made));
            release();
            break;
        }

        release();
    }

    free(text);

    token = str(sign(HS256, CLAIMS));
    block = malloc(64);

    ok(chatws_token_verify(&policy, &token, use, now, block,
                           chatws_token_memory(token.len) - 1, &claims, &kid,
                           &why)
       == CHATWS_ERROR && strcmp(why, "no memory for it") == 0,
       "too small a block");

    release();
}


/* A token is one text: each change of each byte of it makes it bad. */

static void
test_every_byte(void)
{
    char         *copy;
    size_t        i, len;
    unsigned      bad, bit;

    copy = strdup(sign(HS256, CLAIMS));
    len = strlen(copy);
    bad = 0;

    for (i = 0; i < len; i++) {
        for (bit = 0; bit < 8; bit++) {
            copy[i] ^= 1 << bit;
            bad += verify(copy, len) != CHATWS_ERROR;
            release();
            copy[i] ^= 1 << bit;
        }

        bad += verify(copy, i) != CHATWS_ERROR;
        release();
    }

    ok(bad == 0, "a changed bit and a lost end");

    takes(copy, "and as it was");

    free(copy);
}
