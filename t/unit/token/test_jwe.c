
/*
 * Copyright (C) chatws contributors
 *
 * Encryption: HKDF with RFC 5869's third case, AES-GCM with Wycheproof's
 * vectors, whole messages that another implementation has made as well, the
 * choice of the key, and the form of a message.
 */


#include "tap.h"
#include "token_test.h"


#define IV   "AAAAAAAAAAAAAAAA"
#define TAG  "AAAAAAAAAAAAAAAAAAAAAA"

/* the bytes from 0 to 31 */
#define K32  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


static chatws_jwe_key_t *key_create(const char *set);
static char *encrypt(chatws_jwe_key_t *key, const chatws_jwe_header_t *header,
    const uint8_t *iv, const char *text);
static void check(const char *text, int want);
static void test_derivation(void);
static void test_gcm(void);
static void test_messages(void);
static void test_sizes(void);
static void test_keys(void);
static void test_form(void);
static void test_memory(void);
static void test_random(void);
static void test_compare(void);
static void compare(const char *head, const char *mid, int want);


int
main(void)
{
    test_derivation();
    test_gcm();
    test_messages();
    test_sizes();
    test_keys();
    test_form();
    test_memory();
    test_random();
    test_compare();

    ok(blocks == 0 && allocated == 0, "all memory is given back");

    return done();
}


static chatws_jwe_key_t *
key_create(const char *set)
{
    chatws_str_t       text;
    chatws_jwe_key_t  *key;

    text.len = strlen(set);
    text.data = malloc(text.len + 1);
    memcpy(text.data, set, text.len);

    memset(error, 'x', sizeof(error));

    key = chatws_jwe_key_create(&text, &memory, error);

    free(text.data);

    return key;
}


/* into a block of exactly the promised size */

static char *
encrypt(chatws_jwe_key_t *key, const chatws_jwe_header_t *header,
    const uint8_t *iv, const char *text)
{
    char     *copy;
    size_t    room, size;
    uint8_t  *out;

    room = chatws_jwe_size(key, header, strlen(text));
    out = malloc(room);
    copy = NULL;

    if (chatws_jwe_encrypt(key, header, iv, (const uint8_t *) text,
                           strlen(text), out, &size)
        == CHATWS_OK
        && size <= room
        && clean())
    {
        copy = malloc(size + 1);
        memcpy(copy, out, size);
        copy[size] = '\0';
    }

    free(out);

    return copy;
}


/* The third case has neither salt nor info; one block of it is wanted. */

static void
test_derivation(void)
{
    size_t            len;
    uint8_t           ikm[22], okm[32], want[32], last = 1;
    chatws_str_t      k;
    chatws_jwe_key_t  key;

    memset(&key, 0, sizeof(chatws_jwe_key_t));
    memset(ikm, 0x0b, sizeof(ikm));

    k.data = ikm;
    k.len = sizeof(ikm);

    (void) data_hex("8da4e775a563c18f715f802a063c5a31"
                    "b8a11f5c5ee1879ec3454e5f3c738d2d", want);

    ok(chatws_jwe_key_init(&key, &k) == CHATWS_OK
       && EVP_MAC_update(key.derive, &last, 1) == 1
       && EVP_MAC_final(key.derive, okm, &len, sizeof(okm)) == 1
       && memcmp(okm, want, sizeof(okm)) == 0
       && clean(),
       "RFC 5869, A.3");

    EVP_MAC_CTX_free(key.derive);
    EVP_CIPHER_free(key.cipher);
    EVP_CIPHER_CTX_free(key.ctx);
}


static void
test_gcm(void)
{
    char              *file, *line, *number, *rest, *result;
    size_t             aad_len, ct_len, len;
    uint8_t            aad[TEST_HEX_MAX], ct[TEST_HEX_MAX], iv[TEST_HEX_MAX],
                       k[TEST_HEX_MAX], msg[TEST_HEX_MAX], tag[TEST_HEX_MAX],
                       made_tag[CHATWS_JWE_TAG], *made;
    unsigned           bad, n;
    chatws_str_t       header;
    chatws_jwe_key_t  *key;

    key = key_create("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"k1\",\"k\":\"" K32
                     "\"}]}");

    file = data_load("wycheproof_gcm.txt");
    rest = file;
    bad = 0;
    n = 0;

    while ((line = data_line(&rest)) != NULL) {
        number = data_word(&line);
        result = data_word(&line);

        bad += data_hex(data_word(&line), k) != CHATWS_JWE_KEY;
        bad += data_hex(data_word(&line), iv) != CHATWS_JWE_IV;
        aad_len = data_hex(data_word(&line), aad);
        len = data_hex(data_word(&line), msg);
        ct_len = data_hex(data_word(&line), ct);
        bad += data_hex(data_word(&line), tag) != CHATWS_JWE_TAG;

        made = malloc(len + 1);
        header.data = aad;
        header.len = aad_len;

        if (chatws_jwe_seal(key, k, iv, &header, msg, len, made, made_tag)
            != CHATWS_OK
            || ct_len != len
            || (memcmp(made, ct, len) == 0
                && memcmp(made_tag, tag, CHATWS_JWE_TAG) == 0)
               != (*result == 'v')
            || !clean())
        {
            printf("# %s %s\n", number, result);
            bad++;
        }

        free(made);
        n++;
    }

    ok(n == 66 && bad == 0, "wycheproof_gcm.txt: %u, bad: %u", n, bad);

    chatws_jwe_key_free(key);
    free(file);
}


/* The npm package jose and the Python package jwcrypto decrypt these two. */

static void
test_messages(void)
{
    char                 *made;
    uint8_t               iv[CHATWS_JWE_IV];
    unsigned              i;
    chatws_jwe_key_t     *key;
    chatws_jwe_header_t   header;

    const char           *first =
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiazEiLCJjaGF0IjoiY2hhd"
        "F8xIiwibWlkIjoibXNnXzEiLCJzdWIiOiJqb2huX2RvZSJ9..ZGVmZ2hpamtsbW5v.M4G"
        "uh9O2QsUIiYee3ZzeW5VUclOTgYs.ImgoCJhfshMjM1jJIrQRhw";
    const char           *second =
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoia1wiMSIsImNoYXQiOiJja"
        "FxcYXQgXCLDqVwiIiwibWlkIjoxNywic3ViIjoiSsO2cmfwn5iAIn0..AAAAAAAAAAAAA"
        "AAA.iGU.BSKxYaV8axrMn9bpXodsnw";

    key = key_create("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"k1\",\"k\":\"" K32
                     "\"}]}");

    header.chat = str("chat_1");
    header.mid = str("\"msg_1\"");
    header.sub = str("john_doe");

    for (i = 0; i < CHATWS_JWE_IV; i++) {
        iv[i] = 100 + i;
    }

    for (i = 0; i < 2; i++) {
        made = encrypt(key, &header, iv, "{\"text\":\"Hello world!\"}");
        ok(made != NULL && strcmp(made, first) == 0, "a message");
        free(made);
    }

    ok(is(chatws_jwe_key_id(key), "k1"), "the id of its key");
    chatws_jwe_key_free(key);

    key = key_create("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"k\\\"1\",\"k\":\""
                     K32 "\"}]}");

    header.chat = str("ch\\at \"\xc3\xa9\"");
    header.mid = str("17");
    header.sub = str("J\xc3\xb6rg\xf0\x9f\x98\x80");

    memset(iv, 0, sizeof(iv));

    made = encrypt(key, &header, iv, "{}");
    ok(made != NULL && strcmp(made, second) == 0, "with escapes");
    free(made);

    chatws_jwe_key_free(key);
}


/* What is promised is enough, also where all has to be escaped. */

static void
test_sizes(void)
{
    char                 *made, name[CHATWS_NAME_MAX + 1], *text;
    size_t                n;
    uint8_t               iv[CHATWS_JWE_IV];
    unsigned              bad;
    chatws_str_t          whole;
    chatws_jwe_key_t     *key;
    chatws_jwe_header_t   header;

    key = key_create("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"\\u0001\\u0002\","
                     "\"k\":\"" K32 "\"}]}");

    memset(iv, 7, sizeof(iv));
    memset(name, 1, sizeof(name));
    name[CHATWS_NAME_MAX] = '\0';

    header.chat = str(name);
    header.mid = str("\"m\"");
    header.sub = str(name);

    bad = 0;
    text = malloc(5000);

    for (n = 1; n < 5000; n = n * 2 + 1) {
        memset(text, 'x', n);
        text[n] = '\0';

        made = encrypt(key, &header, iv, text);

        if (made == NULL) {
            bad++;
            continue;
        }

        whole = str(made);
        bad += chatws_jwe_check(&whole) != CHATWS_OK;
        free(made);
    }

    ok(bad == 0, "names that have to be escaped, and texts of any size");

    free(text);
    chatws_jwe_key_free(key);
}


static void
test_keys(void)
{
    size_t             i;
    char               set[512];
    chatws_jwe_key_t  *key;

    const char        *none = "it has no key that can encrypt";
    const char        *kid = "key 1: it has no \"kid\", by which clients find "
                             "a key";
    const char        *bits = "key 1: \"k\" is not base64url of 256 bits";

    struct {
        const char  *members;
        const char  *want;
    } keys_of[] = {
        { "\"kid\":\"a\",\"k\":\"" K32 "\"", NULL },
        { "\"kid\":\"a\",\"k\":\"" K32 "\",\"alg\":\"dir\"", NULL },
        { "\"kid\":\"a\",\"k\":\"" K32 "\",\"alg\":\"A256GCM\"", NULL },
        { "\"kid\":\"a\",\"k\":\"" K32 "\",\"use\":\"enc\"", NULL },
        { "\"kid\":\"a\",\"k\":\"" K32 "\",\"key_ops\":[\"encrypt\","
          "\"decrypt\"]", NULL },
        { "\"kid\":\"a\",\"k\":\"" K32 "\",\"key_ops\":[\"deriveKey\"]",
          NULL },
        { "\"kid\":\"a\",\"k\":\"" K32 "\",\"key_ops\":[\"deriveBits\"]",
          NULL },
        { "\"kid\":\"a\",\"k\":\"" K32 "\",\"alg\":\"HS256\"", none },
        { "\"kid\":\"a\",\"k\":\"" K32 "\",\"alg\":\"A256KW\"", none },
        { "\"kid\":\"a\",\"k\":\"" K32 "\",\"use\":\"sig\"", none },
        { "\"kid\":\"a\",\"k\":\"" K32 "\",\"key_ops\":[\"sign\",\"verify\"]",
          none },
        { "\"kid\":\"a\",\"k\":\"" K32 "\",\"key_ops\":[]", none },
        { "\"k\":\"" K32 "\"", kid },
        { "\"kid\":\"\",\"k\":\"" K32 "\"", kid },
        { "\"kid\":\"a\"", bits },
        { "\"kid\":\"a\",\"k\":\"\"", bits },
        { "\"kid\":\"a\",\"k\":\"" K32 "AA\"", bits },
        { "\"kid\":\"a\",\"k\":\"AAECAwQFBgcICQoLDA0ODw\"", bits },
        { "\"kid\":\"a\",\"k\":\"" K32 "=\"", bits }
    };

    for (i = 0; i < sizeof(keys_of) / sizeof(keys_of[0]); i++) {
        snprintf(set, sizeof(set), "{\"keys\":[{\"kty\":\"oct\",%s}]}",
                 keys_of[i].members);

        key = key_create(set);

        ok(keys_of[i].want == NULL
           ? key != NULL
           : key == NULL && strcmp(error, keys_of[i].want) == 0,
           "%s: %s", keys_of[i].members, key == NULL ? error : "taken");

        if (key != NULL) {
            chatws_jwe_key_free(key);
        }

        ok(clean(), "no error is left");
    }

    key = key_create("{\"keys\":[{\"kty\":\"EC\"},{\"kty\":\"oct\",\"kid\":"
                     "\"sig\",\"alg\":\"HS256\",\"k\":\"" K32 "\"},{\"kty\":"
                     "\"oct\",\"kid\":\"new\",\"k\":\"" K32 "\"},{\"kty\":"
                     "\"oct\",\"kid\":\"old\",\"k\":\"" K32 "\"}]}");

    ok(key != NULL && is(chatws_jwe_key_id(key), "new"),
       "the first that is meant for it");
    chatws_jwe_key_free(key);

    ok(key_create("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"" K32
                  "\"},{}]}") == NULL
       && strcmp(error, "key 2: it has no \"kty\"") == 0,
       "a fault behind it");

    ok(key_create("x") == NULL, "no set");
}


static void
check(const char *text, int want)
{
    char          *copy;
    chatws_str_t   s;

    s.len = strlen(text);
    copy = malloc(s.len ? s.len : 1);
    memcpy(copy, text, s.len);
    s.data = (uint8_t *) copy;

    ok((chatws_jwe_check(&s) == CHATWS_OK) == want, "%s: %.70s",
       want ? "a message" : "none", text);

    free(copy);
}


static void
test_form(void)
{
    chatws_str_t  none = { 0, NULL };

    check("e30.." IV ".AA." TAG, 1);
    check("e30.." IV ".AAAA-_9." TAG, 0);
    check("e30.." IV ".AAAA-_8." TAG, 1);

    ok(chatws_jwe_check(&none) == CHATWS_ERROR, "nothing");

    check("", 0);
    check("....", 0);
    check("e30", 0);
    check("e30.a.b", 0);
    check("e30.." IV ".AA", 0);
    check("e30.." IV ".AA." TAG ".", 0);
    check("e30.." IV ".AA." TAG ".AA", 0);
    check(".." IV ".AA." TAG, 0);
    check("e30.AA." IV ".AA." TAG, 0);
    check("e30..." "AA." TAG, 0);
    check("e30.." IV ".." TAG, 0);
    check("e30.." IV ".AA.", 0);
    check("e30.." IV "AA.AA." TAG, 0);
    check("e30..AAAAAAAAAAAAAA.AA." TAG, 0);
    check("e30.." IV ".AA." TAG "AA", 0);
    check("e30.." IV ".AA.AAAAAAAAAAAAAAAAAAAA", 0);
    check("e30.." IV ".AA.AAAAAAAAAAAAAAAAAAAAAB", 0);
    check("e30.." IV ".A." TAG, 0);
    check("e30.." IV ".AB." TAG, 0);
    check("e30.." IV ".AA==." TAG, 0);
    check("e30.." IV ".A A." TAG, 0);
    check("e3+.." IV ".AA." TAG, 0);
    check("e30.." IV ".AA." TAG "\n", 0);
    check("{}", 0);
}


static void
test_memory(void)
{
    char                 *made;
    uint8_t               iv[CHATWS_JWE_IV];
    unsigned              n;
    chatws_jwe_key_t     *key;
    chatws_jwe_header_t   header;

    const char           *set = "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"k1\","
                                "\"k\":\"" K32 "\"}]}";

    for (n = 1; n < 3; n++) {
        refuse = n;

        ok(key_create(set) == NULL && blocks == 0 && clean()
           && strstr(error, "no memory") != NULL,
           "no memory for block %u", n);
    }

    refuse = 0;
    key = key_create(set);

    header.chat = str("c");
    header.mid = str("1");
    header.sub = str("u");
    memset(iv, 0, sizeof(iv));

    refuse = 1;
    made = encrypt(key, &header, iv, "{}");
    ok(made == NULL, "no memory for a message");

    refuse = 0;
    made = encrypt(key, &header, iv, "{}");
    ok(made != NULL, "and then it is there");

    free(made);
    chatws_jwe_key_free(key);
}


static void
test_random(void)
{
    uint8_t  one[CHATWS_JWE_IV], two[CHATWS_JWE_IV];

    ok(chatws_jwe_random(one) == CHATWS_OK
       && chatws_jwe_random(two) == CHATWS_OK
       && memcmp(one, two, CHATWS_JWE_IV) != 0 && clean(),
       "two vectors");
}


/* A header that somebody else has made, for chat "c" and sender "s". */

static void
test_compare(void)
{
    size_t               i;
    chatws_str_t         text;
    chatws_jwe_header_t  header;

    struct {
        const char  *head;
        const char  *mid;
        int          want;
    } cases[] = {
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":\"m\",\"sub\":\"s\"",
          "\"m\"", 1 },
        { " \"sub\" : \"\\u0073\",\"mid\":\"\\u006d\",\"kid\":\"k\","
          "\"typ\":[{}],\"chat\":\"\\u0063\"", "\"m\"", 1 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":\"m\",\"sub\":\"s\"",
          "\"\\u006d\"", 1 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":7,\"sub\":\"s\"", "7", 1 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":7,\"sub\":\"s\"", "8", 0 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":7,\"sub\":\"s\"",
          "\"7\"", 0 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":\"7\",\"sub\":\"s\"",
          "7", 0 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":\"m\",\"sub\":\"s\"",
          "\"n\"", 0 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":\"\\ud800\","
          "\"sub\":\"s\"", "\"\\ud801\"", 0 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":\"\\ud800\","
          "\"sub\":\"s\"", "\"\\uD800\"", 0 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"sub\":\"s\"", "\"m\"", 0 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":null,\"sub\":\"s\"",
          "\"m\"", 0 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":\"m\"", "\"m\"", 0 },
        { "\"kid\":\"k\",\"mid\":\"m\",\"sub\":\"s\"", "\"m\"", 0 },
        { "\"chat\":\"c\",\"mid\":\"m\",\"sub\":\"s\"", "\"m\"", 0 },
        { "\"kid\":\"\",\"chat\":\"c\",\"mid\":\"m\",\"sub\":\"s\"",
          "\"m\"", 0 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":\"m\",\"sub\":\"s\","
          "\"zip\":\"DEF\"", "\"m\"", 0 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":\"m\",\"sub\":\"s\","
          "\"crit\":[]", "\"m\"", 0 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":\"m\",\"sub\":\"s\","
          "\"chat\":\"c\"", "\"m\"", 0 },
        { "\"kid\":\"k\",\"chat\":\"c\",\"mid\":\"m\",\"sub\":\"s\","
          "\"x\":[[[[]]]]", "\"m\"", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        compare(cases[i].head, cases[i].mid, cases[i].want);
    }

    /* no JSON at all, and no memory */

    text = str("AAAA.." IV ".AA." TAG);

    memset(&header, 0, sizeof(header));
    header.mid = str("1");

    ok(chatws_jwe_compare(&text, &header, &memory) == CHATWS_DECLINED,
       "no JSON");
    ok(blocks == 0, "its memory is given back");
}


static void
compare(const char *head, const char *mid, int want)
{
    char                 buf[512];
    size_t               len;
    uint8_t              out[1024];
    chatws_str_t         text;
    chatws_jwe_header_t  header;

    snprintf(buf, sizeof(buf), "{\"alg\":\"dir\",\"enc\":\"A256GCM\",%s}",
             head);

    len = chatws_base64url_encode(out, (uint8_t *) buf, strlen(buf));
    strcpy((char *) out + len, ".." IV ".AA." TAG);

    header.chat = str("c");
    header.mid = str(mid);
    header.sub = str("s");

    text = str((char *) out);

    ok(chatws_jwe_check(&text) == CHATWS_OK
       && chatws_jwe_compare(&text, &header, &memory)
          == (want ? CHATWS_OK : CHATWS_DECLINED),
       "%s: %s for %s", want ? "the same" : "another", head, mid);
}
