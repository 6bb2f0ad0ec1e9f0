
/*
 * Copyright (C) chatws contributors
 *
 * Sets of keys: what is taken, passed over and refused, and with what words;
 * no memory, and nothing left behind.
 */


#include "tap.h"
#include "token_test.h"


#define N2048                                                                 \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"   \
    "4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2"  \
    "jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7"  \
    "WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvU"  \
    "K-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"

#define X256    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y256    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define X25519  "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

/* 32 bytes, and 31 */
#define K32     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define K31     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg"

#define RSA     "{\"kty\":\"RSA\",\"n\":\"" N2048 "\",\"e\":\"AQAB\"}"
#define EC      "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256             \
                "\",\"y\":\"" Y256 "\"}"
#define OCT     "{\"kty\":\"oct\",\"k\":\"" K32 "\"}"


static void takes(const char *set, size_t n, const char *name);
static void refuses(const char *set, const char *want);
static void alg_is(const char *members, chatws_alg_e alg);
static void passed_over(const char *members);
static void test_taken(void);
static void test_algorithms(void);
static void test_passed_over(void);
static void test_refused_sets(void);
static void test_refused_rsa(void);
static void test_refused_keys(void);
static void test_finding(void);
static void test_memory(void);
static void test_size(void);


int
main(void)
{
    test_taken();
    test_algorithms();
    test_passed_over();
    test_refused_sets();
    test_refused_rsa();
    test_refused_keys();
    test_finding();
    test_memory();
    test_size();

    ok(blocks == 0 && allocated == 0, "all memory is given back");

    return done();
}


static void
takes(const char *set, size_t n, const char *name)
{
    chatws_rc_e  rc;

    rc = keys_load(set);

    if (!ok(rc == CHATWS_OK && keys.n == n && clean(), "%s", name)) {
        printf("# %s, keys: %zu\n", rc == CHATWS_OK ? "" : error, keys.n);
    }

    keys_free();
}


static void
refuses(const char *set, const char *want)
{
    chatws_rc_e  rc;

    rc = keys_load(set);

    ok(rc == CHATWS_ERROR && strcmp(error, want) == 0 && clean(),
       "refused: %s", rc == CHATWS_OK ? "nothing" : error);

    keys_free();
}


static void
alg_is(const char *members, chatws_alg_e alg)
{
    char         set[2048];
    chatws_rc_e  rc;

    snprintf(set, sizeof(set), "{\"keys\":[{%s}]}", members);
    rc = keys_load(set);

    ok(rc == CHATWS_OK && keys.n == 1 && keys.first->alg == alg && clean(),
       "%.60s is %.*s", members, (int) chatws_algs[alg].name.len,
       (char *) chatws_algs[alg].name.data);

    keys_free();
}


static void
passed_over(const char *members)
{
    char  set[2048];

    snprintf(set, sizeof(set), "{\"keys\":[{%s}," EC "]}", members);
    takes(set, 1, members);
}


static void
test_taken(void)
{
    char  *set;

    set = data_load("public.jwks");
    takes(set, 8, "eight keys of eight algorithms");
    free(set);

    takes("{\"keys\":[" RSA "," EC "," OCT "]}", 3, "keys of three types");
    takes(" { \"x\" : [ ] ,\n\"keys\" : [ " EC " ] , \"y\":{}} \n", 1,
          "white space and other members");
    takes("{\"keys\":[{\"k\":\"" K32 "\",\"kty\":\"oct\",\"x5c\":[\"MII\"],"
          "\"\\u006bid\":\"k\\u0031\",\"use\":\"sig\",\"key_ops\":[\"sign\","
          "\"verify\"],\"alg\":\"HS256\",\"exp\":1}]}", 1, "all members");
}


static void
test_algorithms(void)
{
    alg_is("\"kty\":\"oct\",\"k\":\"" K32 "\"", CHATWS_ALG_HS256);
    alg_is("\"kty\":\"oct\",\"alg\":\"HS384\",\"k\":\"" K32 "\"",
           CHATWS_ALG_HS384);
    alg_is("\"kty\":\"oct\",\"alg\":\"HS512\",\"k\":\"" K32 "\"",
           CHATWS_ALG_HS512);
    alg_is("\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" N2048 "\"",
           CHATWS_ALG_RS256);
    alg_is("\"kty\":\"RSA\",\"alg\":\"PS256\",\"e\":\"Aw\",\"n\":\"" N2048
           "\"", CHATWS_ALG_PS256);
    alg_is("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\",\"y\":\"" Y256
           "\"", CHATWS_ALG_ES256);
    alg_is("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X25519 "\"",
           CHATWS_ALG_EDDSA);
}


/* Beside a key that is taken these are no fault, alone they make no set. */

static void
test_passed_over(void)
{
    passed_over("\"kty\":\"XYZ\"");
    passed_over("\"kty\":\"\"");
    passed_over("\"kty\":\"rsa\",\"n\":\"" N2048 "\",\"e\":\"AQAB\"");
    passed_over("\"kty\":\"oct\",\"alg\":\"A128KW\",\"k\":\"AAAA\"");
    passed_over("\"kty\":\"oct\",\"alg\":\"none\",\"k\":\"" K32 "\"");
    passed_over("\"kty\":\"oct\",\"alg\":\"RS256\",\"k\":\"" K32 "\"");
    passed_over("\"kty\":\"oct\",\"alg\":\"\",\"k\":\"" K32 "\"");
    passed_over("\"kty\":\"oct\",\"use\":\"enc\",\"k\":\"" K32 "\"");
    passed_over("\"kty\":\"oct\",\"key_ops\":[\"sign\"],\"k\":\"" K32 "\"");
    passed_over("\"kty\":\"oct\",\"key_ops\":[],\"k\":\"" K32 "\"");
    passed_over("\"kty\":\"oct\",\"key_ops\":[1,[\"verify\"]],\"k\":\"" K32
                "\"");
    passed_over("\"kty\":\"RSA\",\"alg\":\"HS256\",\"n\":\"" N2048
                "\",\"e\":\"AQAB\"");
    passed_over("\"kty\":\"RSA\",\"alg\":\"RS512\",\"n\":\"AA\"");
    passed_over("\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AA\"");
    passed_over("\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\"");
    passed_over("\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES384\"");
    passed_over("\"kty\":\"EC\"");
    passed_over("\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X25519 "\"");
    passed_over("\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"");

    refuses("{\"keys\":[{\"kty\":\"XYZ\"},{\"kty\":\"oct\",\"use\":\"enc\","
            "\"k\":\"" K32 "\"}]}", "it has no key that can verify a token");
    refuses("{\"keys\":[]}", "it has no key that can verify a token");
}


static void
test_refused_sets(void)
{
    size_t       i;

    const char  *none = "it is not a JSON object, as a JSON Web Key set is";
    const char  *array = "it has no array \"keys\", as a JSON Web Key set has";

    const char  *texts[] = {
        "", " ", "[]", "[" EC "]", "\"keys\"", "{\"keys\":[" EC "]",
        "{\"keys\":[" EC "]} x", "{\"keys\":[" EC ",]}", "\xef\xbb\xbf{}",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
        "secret", "{\"keys\":[{\"kty\":\"\xff\"}]}",
        "{\"keys\":[[[[[[[[[[]]]]]]]]]]}"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        refuses(texts[i], none);
    }

    refuses("{}", array);
    refuses(EC, array);
    refuses("{\"keys\":{}}", array);
    refuses("{\"keys\":null}", array);
    refuses("{\"keys\":[],\"keys\":[" EC "]}", array);
    refuses("{\"keys\":[" EC "],\"key\\u0073\":[" EC "]}", array);

    refuses("{\"keys\":[1]}", "key 1: it is not an object");
    refuses("{\"keys\":[" EC ",[]]}", "key 2: it is not an object");
    refuses("{\"keys\":[" EC ",{}]}", "key 2: it has no \"kty\"");
    refuses("{\"keys\":[{\"kty\":1}]}",
            "key 1: a member that must be a string is none");
    refuses("{\"keys\":[{\"kty\":\"oct\",\"kid\":7,\"k\":\"" K32 "\"}]}",
            "key 1: a member that must be a string is none");
    refuses("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"\\ud800\",\"k\":\"" K32
            "\"}]}", "key 1: a member that must be a string is none");
    refuses("{\"keys\":[{\"kty\":\"oct\",\"k\":\"" K32 "\",\"k\":\"" K32
            "\"}]}", "key 1: a member comes twice");
    refuses("{\"keys\":[{\"kty\":\"oct\",\"alg\":\"HS256\",\"\\u0061lg\":"
            "\"HS256\",\"k\":\"" K32 "\"}]}", "key 1: a member comes twice");
    refuses("{\"keys\":[{\"kty\":\"oct\",\"key_ops\":[\"verify\"],\"key_ops\":"
            "[],\"k\":\"" K32 "\"}]}", "key 1: a member comes twice");
    refuses("{\"keys\":[{\"kty\":\"oct\",\"key_ops\":\"verify\",\"k\":\"" K32
            "\"}]}", "key 1: \"key_ops\" is no array");
    refuses("{\"keys\":[{\"kty\":\"oct\",\"key_ops\":{},\"k\":\"" K32 "\"}]}",
            "key 1: \"key_ops\" is no array");
}


static void
test_refused_rsa(void)
{
    char         n[400], e[100], set[2048];
    size_t       i;

    const char  *missing = "key 1: \"n\" or \"e\" is missing, too long or not "
                           "base64url";
    const char  *weak = "key 1: it is no RSA key of 2048 bits or more with a "
                        "usual \"e\"";
    const char  *private = "key 1: it is a private key, only public keys and "
                           "secrets verify tokens";

    struct {
        const char  *members;
        const char  *want;
    } rsa[] = {
        { "\"n\":\"" N2048 "\"", missing },
        { "\"e\":\"AQAB\"", missing },
        { "\"n\":\"\",\"e\":\"AQAB\"", missing },
        { "\"n\":\"" N2048 "\",\"e\":\"\"", missing },
        { "\"n\":\"" N2048 "=\",\"e\":\"AQAB\"", missing },
        { "\"n\":\"" N2048 "\",\"e\":\"AQ==\"", missing },
        { "\"n\":\"" N2048 "\",\"e\":\"65537\"", missing },
        { "\"n\":\"" N2048 "\",\"e\":\"AQ\"", weak },
        { "\"n\":\"" N2048 "\",\"e\":\"Ag\"", weak },
        { "\"n\":\"" N2048 "\",\"e\":\"AA\"", weak },
        { "\"n\":\"AQAB\",\"e\":\"AQAB\"", weak },
        { "\"n\":\"" N2048 "\",\"e\":\"AQAB\",\"d\":\"AQ\"", private },
        { "\"n\":\"" N2048 "\",\"e\":\"AQAB\",\"d\":\"\"", private },
        { "\"use\":\"enc\",\"n\":\"AQ\",\"d\":\"AQ\"", private }
    };

    struct {
        const char  *begin;
        const char  *end;
    } bits[] = {
        { "__", "_w" },
        { "f_", "_w" },
        { "AP", "_w" },
        { "__", "_g" }
    };

    for (i = 0; i < sizeof(rsa) / sizeof(rsa[0]); i++) {
        snprintf(set, sizeof(set), "{\"keys\":[{\"kty\":\"RSA\",%s}]}",
                 rsa[i].members);
        refuses(set, rsa[i].want);
    }

    /* 256 bytes: a good modulus, 2047 bits, 2040 behind a zero byte, even */

    for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        memset(n, '_', 342);
        memcpy(n, bits[i].begin, 2);
        memcpy(n + 340, bits[i].end, 3);

        snprintf(set, sizeof(set), "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"%s\","
                 "\"e\":\"AQAB\"}]}", n);

        if (i == 0) {
            takes(set, 1, "2048 bits");

        } else {
            refuses(set, weak);
        }
    }

    /* an exponent of 64 bits, and of 72 */

    snprintf(set, sizeof(set), "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" N2048
             "\",\"e\":\"__________8\"}]}");
    takes(set, 1, "an exponent of 64 bits");

    memset(e, '_', 12);
    e[12] = '\0';

    snprintf(set, sizeof(set), "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" N2048
             "\",\"e\":\"%s\"}]}", e);
    refuses(set, weak);
}


static void
test_refused_keys(void)
{
    size_t       i;
    char         set[2048];

    const char  *length = "key 1: \"x\" or \"y\" is missing, not base64url or "
                          "of another length than the curve's";
    const char  *point = "key 1: it is no point of its curve";
    const char  *ed = "key 1: \"x\" is missing or not 32 bytes of base64url";
    const char  *k = "key 1: \"k\" is missing, too long or not base64url";
    const char  *weak = "key 1: a secret of less than 256 bits";
    const char  *pem = "key 1: the secret is a PEM file, which is no secret";
    const char  *private = "key 1: it is a private key, only public keys and "
                           "secrets verify tokens";

    struct {
        const char  *members;
        const char  *want;
    } refused[] = {
        { "\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\"", length },
        { "\"EC\",\"crv\":\"P-256\",\"y\":\"" Y256 "\"", length },
        { "\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "A\",\"y\":\"" Y256 "\"",
          length },
        { "\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"" Y256 "\"", length },
        { "\"EC\",\"crv\":\"P-384\",\"x\":\"" X256 "\",\"y\":\"" Y256 "\"",
          length },
        { "\"EC\",\"crv\":\"P-256\",\"x\":\"" Y256 "\",\"y\":\"" X256 "\"",
          point },
        { "\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\",\"y\":\"" X256 "\"",
          point },
        { "\"EC\",\"crv\":\"P-256\",\"x\":\"__________________________________"
          "________8\",\"y\":\"" Y256 "\"", point },
        { "\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
          "AAAAAAAAA\",\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
          point },
        { "\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\",\"y\":\"" Y256
          "\",\"d\":\"AQ\"", private },
        { "\"OKP\",\"crv\":\"Ed25519\"", ed },
        { "\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQ\"", ed },
        { "\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X25519 "AA\"", ed },
        { "\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X25519 "\",\"d\":\"AQ\"",
          private },
        { "\"oct\"", k },
        { "\"oct\",\"k\":\"\"", k },
        { "\"oct\",\"k\":\"" K32 "=\"", k },
        { "\"oct\",\"k\":\"a secret with blanks, that is long enough\"", k },
        { "\"oct\",\"k\":\"" K31 "\"", weak },
        { "\"oct\",\"alg\":\"HS512\",\"k\":\"" K31 "\"", weak },
        { "\"oct\",\"k\":\"AQ\"", weak },

        /* -----BEGIN PUBLIC KEY----- MII..., with a line feed before it */

        { "\"oct\",\"k\":\"LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KTUlJQklqQU5CZw"
          "\"", pem },
        { "\"oct\",\"k\":\"Ci0tLS0tQkVHSU4gUFVCTElDIEtFWS0tLS0tCk1JSUJJakFOQm"
          "c\"", pem }
    };

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        snprintf(set, sizeof(set), "{\"keys\":[{\"kty\":%s}]}",
                 refused[i].members);
        refuses(set, refused[i].want);
    }

    ok(keys_load("{\"keys\":[" EC ",{\"kty\":\"oct\",\"k\":\"AQ\"}]}")
       == CHATWS_ERROR && keys.n == 1 && strstr(error, "AQ") == NULL,
       "a message names the key by its number and tells no secret");
    keys_free();
}


static void
test_finding(void)
{
    size_t         i;
    chatws_key_t  *key;
    chatws_str_t   a = chatws_str("a"), b = chatws_str("b"),
                   none = chatws_str("");

    const char    *names[] = { "none", "NONE", "", "HS25", "HS2566", "hs256",
                               "RS384", "RS512", "PS384", "ES512", "ES256K",
                               "Ed25519", "dir", "A256GCM", "HS1", "RSA" };

    chatws_str_t   hs256 = chatws_str("HS256"), zero = chatws_str("HS256\0");

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        a = str(names[i]);
        ok(chatws_alg_find(&a) == CHATWS_ALG_NONE, "no algorithm: %s",
           names[i]);
    }

    ok(chatws_alg_find(&hs256) == CHATWS_ALG_HS256
       && chatws_alg_find(&zero) == CHATWS_ALG_NONE,
       "an algorithm, and one with a zero byte");

    (void) keys_load("{\"keys\":["
                     "{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"" K32 "\"},"
                     "{\"kty\":\"EC\",\"kid\":\"a\",\"crv\":\"P-256\",\"x\":\""
                     X256 "\",\"y\":\"" Y256 "\"},"
                     "{\"kty\":\"oct\",\"k\":\"" K32 "\"},"
                     "{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"" K32 "\"}]}");

    a = str("a");

    key = chatws_keys_next(&keys, NULL, CHATWS_ALG_HS256, &a);

    ok(key == keys.first && is(chatws_key_id(key), "a"),
       "the first of an id and an algorithm");

    key = chatws_keys_next(&keys, key, CHATWS_ALG_HS256, &a);

    ok(key != NULL && key->next == NULL
       && chatws_keys_next(&keys, key, CHATWS_ALG_HS256, &a) == NULL,
       "the second and last");

    ok(chatws_keys_next(&keys, NULL, CHATWS_ALG_HS256, &b) == NULL
       && chatws_keys_next(&keys, NULL, CHATWS_ALG_HS384, &a) == NULL
       && chatws_keys_next(&keys, NULL, CHATWS_ALG_NONE, NULL) == NULL,
       "neither another id nor another algorithm");

    key = chatws_keys_next(&keys, NULL, CHATWS_ALG_HS256, &none);

    ok(key != NULL && chatws_key_id(key)->len == 0, "the one without an id");

    for (i = 0, key = NULL; ; i++) {
        key = chatws_keys_next(&keys, key, CHATWS_ALG_HS256, NULL);

        if (key == NULL) {
            break;
        }
    }

    ok(i == 3, "all three of an algorithm");

    keys_free();

    ok(keys.n == 0
       && chatws_keys_next(&keys, NULL, CHATWS_ALG_HS256, NULL) == NULL,
       "none after all are freed");
}


static void
test_memory(void)
{
    char         *set;
    size_t        i;
    unsigned      bad;

    set = data_load("public.jwks");
    bad = 0;

    for (i = 1; i < 30; i++) {
        refuse = i;

        if (keys_load(set) == CHATWS_OK) {
            keys_free();
            break;
        }

        bad += strstr(error, "no memory") == NULL || keys.n >= 8 || !clean();
        keys_free();
        bad += blocks != 0;
    }

    refuse = 0;

    ok(i == 10 && bad == 0, "without memory nothing is left behind");

    free(set);
}


static void
test_size(void)
{
    char  *text;

    text = malloc(CHATWS_JWK_SET_MAX + 2);

    memset(text, ' ', CHATWS_JWK_SET_MAX + 1);
    memcpy(text, "{\"keys\":[" EC "]}", sizeof("{\"keys\":[" EC "]}") - 1);

    text[CHATWS_JWK_SET_MAX] = '\0';
    takes(text, 1, "a set of 64k");

    text[CHATWS_JWK_SET_MAX] = ' ';
    text[CHATWS_JWK_SET_MAX + 1] = '\0';
    refuses(text, "the file is too large");

    free(text);
}
