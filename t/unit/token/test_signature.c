
/*
 * Copyright (C) chatws contributors
 *
 * Signatures: the examples of RFC 7515 and RFC 8037, and Wycheproof's vectors
 * for JSON Web Signature, ECDSA as R and S, and Ed25519.
 */


#include "tap.h"
#include "token_test.h"


static void test_rfc(void);
static void test_jws(void);
static void test_vectors(const char *name, unsigned want);
static void test_lengths(void);
static void test_reuse(void);
static chatws_rc_e jws_verify(const chatws_str_t *text);
static int jws_is_wrong(unsigned n);


int
main(void)
{
    test_rfc();
    test_jws();
    test_vectors("wycheproof_es256.txt", 262);
    test_vectors("wycheproof_es384.txt", 280);
    test_vectors("wycheproof_ed25519.txt", 151);
    test_lengths();
    test_reuse();

    ok(blocks == 0 && allocated == 0, "all memory is given back");

    return done();
}


/* A token whose claims may be any bytes: what comes before the claims. */

static chatws_rc_e
jws_verify(const chatws_str_t *text)
{
    void                   *mem;
    size_t                  len, size;
    chatws_rc_e             rc;
    chatws_json_arena_t     arena;
    chatws_token_parts_t    parts;
    chatws_token_policy_t   policy;
    chatws_token_header_t   header;

    memset(&policy, 0, sizeof(chatws_token_policy_t));
    policy.keys = &keys;

    size = chatws_token_memory(text->len);
    mem = malloc(size);

    chatws_json_arena_init(&arena, mem, size);

    rc = CHATWS_ERROR;

    if (chatws_token_split(text, &parts) == CHATWS_OK
        && chatws_token_read_header(&parts.header, &arena, &header)
           == CHATWS_OK
        && chatws_token_key(&policy, &header, &parts) != NULL)
    {
        free(mem);
        mem = malloc(chatws_base64url_decoded(parts.claims.len));

        rc = chatws_base64url_decode(&parts.claims, mem, &len);
    }

    free(mem);

    return rc;
}


static void
test_rfc(void)
{
    char          *file, *line, *name, *rest, *set;
    chatws_str_t   token;

    set = data_load("public.jwks");
    ok(keys_load(set) == CHATWS_OK && keys.n == 8 && clean(), "eight keys");

    file = data_load("rfc.txt");
    rest = file;

    while ((line = data_line(&rest)) != NULL) {
        name = line;
        line = strchr(line, ':');
        *line = '\0';
        line += 2;

        (void) data_word(&line);
        token = str(line);

        ok(jws_verify(&token) == CHATWS_OK && clean(), "%s", name);

        token.data[token.len - 3] ^= 1;

        ok(jws_verify(&token) == CHATWS_ERROR && clean(),
           "%s with another bit", name);
    }

    free(file);
    free(set);
    keys_free();
}


/*
 * Where the vectors are wrong.  346 and 350 are signed with PS384 by a key for
 * PS256; 367 and 370 lack the padding that they are about, and are 357 again;
 * 372 and 373 have a character of no alphabet in a part, and a signature of
 * what is left without it.
 */

static int
jws_is_wrong(unsigned n)
{
    return n == 346 || n == 350 || n == 367 || n == 370 || n == 372
           || n == 373;
}


static void
test_jws(void)
{
    char          *copy, *file, *line, *number, *rest, *result, set[2048];
    unsigned       bad, n, unusable;
    chatws_rc_e    rc;
    chatws_str_t   token;

    file = data_load("wycheproof_jws.txt");
    rest = file;
    bad = 0;
    n = 0;
    unusable = 0;
    rc = CHATWS_ERROR;

    chatws_keys_init(&keys, &memory);

    while ((line = data_line(&rest)) != NULL) {
        number = data_word(&line);

        if (strcmp(number, "key") == 0) {
            keys_free();
            snprintf(set, sizeof(set), "{\"keys\":[%s]}", line);
            rc = keys_load(set);
            bad += !clean();
            continue;
        }

        n++;
        result = data_word(&line);

        token.len = strlen(line);
        copy = malloc(token.len ? token.len : 1);
        memcpy(copy, line, token.len);
        token.data = (uint8_t *) copy;

        /* keys that are not for verification make no set, and no token good */

        unusable += rc != CHATWS_OK;

        if ((jws_verify(&token) == CHATWS_OK)
            != ((*result == 'v') != jws_is_wrong(atoi(number)))
            || !clean())
        {
            printf("# %s %s\n", number, result);
            bad++;
        }

        free(copy);
    }

    ok(n == 366 && unusable == 4 && bad == 0, "wycheproof_jws.txt: %u, bad: %u",
       n, bad);

    keys_free();
    free(file);
}


static void
test_vectors(const char *name, unsigned want)
{
    char          *file, *line, *number, *rest, *result, set[1024];
    uint8_t        msg[TEST_HEX_MAX], sig[TEST_HEX_MAX];
    unsigned       bad, n, valid;
    chatws_rc_e    rc;
    chatws_str_t   signature, text;

    file = data_load(name);
    rest = file;
    bad = 0;
    valid = 0;
    n = 0;

    chatws_keys_init(&keys, &memory);

    while ((line = data_line(&rest)) != NULL) {
        number = data_word(&line);

        if (strcmp(number, "key") == 0) {
            keys_free();
            snprintf(set, sizeof(set), "{\"keys\":[%s]}", line);

            if (keys_load(set) != CHATWS_OK || !clean()) {
                printf("# %s\n", error);
                bad++;
            }

            continue;
        }

        if (keys.n != 1) {
            continue;
        }

        n++;
        result = data_word(&line);

        text.len = data_hex(data_word(&line), msg);
        text.data = msg;

        signature.len = data_hex(data_word(&line), sig);
        signature.data = malloc(signature.len + 1);
        memcpy(signature.data, sig, signature.len);

        rc = chatws_key_verify(keys.first, &text, &signature);
        valid += rc == CHATWS_OK;

        if ((rc == CHATWS_OK) != (*result == 'v') || !clean()) {
            printf("# %s %s\n", number, result);
            bad++;
        }

        free(signature.data);
    }

    ok(n == want && valid > 80 && bad == 0, "%s: %u, valid: %u, bad: %u", name,
       n, valid, bad);

    keys_free();
    free(file);
}


/* Signatures of all lengths that a token can carry, for all keys. */

static void
test_lengths(void)
{
    char          *set;
    uint8_t       *buf;
    unsigned       bad, n;
    chatws_key_t  *key;
    chatws_str_t   signature, text = chatws_str("abc");

    set = data_load("public.jwks");
    bad = keys_load(set) != CHATWS_OK;

    for (key = keys.first; key != NULL; key = key->next) {
        for (n = 0; n < 300; n++) {
            buf = malloc(n ? n : 1);
            memset(buf, n % 3 ? 0xff : 1, n);

            signature.data = buf;
            signature.len = n;

            bad += chatws_key_verify(key, &text, &signature) == CHATWS_OK;
            bad += !clean();

            free(buf);
        }
    }

    ok(bad == 0, "signatures of any length");

    keys_free();
    free(set);
}


/* A key is as good after a bad signature as before. */

static void
test_reuse(void)
{
    char           last, *file, *line, *rest, *set;
    unsigned       bad, i, n;
    chatws_str_t   token;

    set = data_load("public.jwks");
    bad = keys_load(set) != CHATWS_OK;

    file = data_load("tokens.txt");
    rest = file;
    n = 0;

    while ((line = data_line(&rest)) != NULL) {
        (void) data_word(&line);
        (void) data_word(&line);

        token = str(line);
        last = line[token.len - 5];

        for (i = 0; i < 3; i++) {
            bad += jws_verify(&token) != CHATWS_OK;

            line[token.len - 5] = last == 'A' ? 'B' : 'A';
            bad += jws_verify(&token) == CHATWS_OK;

            line[token.len - 5] = last;
        }

        n++;
    }

    ok(n == 31 && bad == 0 && clean(), "good, bad, good, bad: %u tokens", n);

    keys_free();
    free(file);
    free(set);
}
