
/*
 * Copyright (C) chatws contributors
 *
 * Claims: which are needed and in what form, any of them by its name, and
 * audiences.
 */


#include "tap.h"
#include "token_test.h"


#define TIMES   "\"iat\":1700000000,\"exp\":1700003600"
#define CLAIMS  "{\"sub\":\"u\"," TIMES


static chatws_rc_e parse(const char *text);
static void release(void);
static void fine(const char *text);
static void refused(const char *text, const char *want);
static void find(const char *text, const char *name, const char *want);
static void audience(const char *aud, const char *name, int want);
static void test_parse(void);
static void test_refused(void);
static void test_times(void);
static void test_find(void);
static void test_audience(void);
static void test_memory(void);


static void                 *block;
static const char           *why;
static chatws_str_t          input;
static chatws_claims_t       claims;
static chatws_json_arena_t   arena;


int
main(void)
{
    test_parse();
    test_refused();
    test_times();
    test_find();
    test_audience();
    test_memory();

    return done();
}


/* from a block of exactly its size, in an arena of exactly its size */

static chatws_rc_e
parse(const char *text)
{
    size_t  size;

    input.len = strlen(text);
    input.data = malloc(input.len ? input.len : 1);
    memcpy(input.data, text, input.len);

    size = chatws_json_arena_size(input.len);
    block = malloc(size);
    chatws_json_arena_init(&arena, block, size);

    why = "";

    return chatws_claims_parse(&claims, &input, &arena, &why);
}


static void
release(void)
{
    free(block);
    free(input.data);
}


static void
fine(const char *text)
{
    chatws_rc_e  rc;

    rc = parse(text);

    ok(rc == CHATWS_OK, "taken: %s %s", text, why);

    release();
}


static void
refused(const char *text, const char *want)
{
    chatws_rc_e  rc;

    rc = parse(text);

    if (!ok(rc == CHATWS_ERROR && strcmp(why, want) == 0, "refused: %s",
            text))
    {
        printf("# %s\n", why);
    }

    release();
}


static void
test_parse(void)
{
    chatws_rc_e  rc;

    rc = parse("{\"sub\":\"user\\u0031\",\"name\":\"J\xc3\xb6rg\",\"jti\":"
               "\"t\\n1\",\"iss\":\"i\",\"aud\":[\"a\"],\"nbf\":5,"
               "\"chat\":\"c\",\"chats\":{\"a\":[]},\"chatPrefixes\":{},"
               "\"rights\":[ ],\"chatws\":[\"read\",7,\"x\",\"write\"],"
               "\"x\":{\"sub\":\"y\"},\"Sub\":\"z\"," TIMES "}");

    ok(rc == CHATWS_OK
       && is(&claims.sub, "user1") && is(&claims.name, "J\xc3\xb6rg")
       && is(&claims.jti, "t\n1") && is(&claims.iss, "i")
       && is(&claims.aud, "[\"a\"]") && claims.aud_array
       && is(&claims.chat, "c") && is(&claims.chats, "{\"a\":[]}")
       && is(&claims.prefixes, "{}") && is(&claims.rights, "[ ]")
       && claims.iat == 1700000000 && claims.exp == 1700003600
       && claims.nbf == 5 && claims.api_read && claims.api_write
       && claims.text.data == input.data && claims.text.len == input.len,
       "all claims");

    release();

    rc = parse(CLAIMS "}");

    ok(rc == CHATWS_OK && is(&claims.sub, "u") && is(&claims.name, "u")
       && claims.jti.len == 0 && claims.iss.data == NULL
       && claims.aud.data == NULL && claims.chat.data == NULL
       && claims.chats.len == 0 && claims.prefixes.len == 0
       && claims.rights.len == 0 && claims.nbf == 0
       && !claims.api_read && !claims.api_write,
       "the claims that are needed");

    release();

    (void) parse(CLAIMS ",\"iss\":\"\",\"aud\":\"\"}");

    ok(claims.iss.data != NULL && claims.aud.data != NULL && !claims.aud_array,
       "empty ones are there");

    release();

    (void) parse(CLAIMS ",\"name\":\"a\\u0000\"}");
    ok(is(&claims.name, "u"), "a name with a zero byte is none");
    release();

    (void) parse(CLAIMS ",\"name\":\"\\ud800\"}");
    ok(is(&claims.name, "u"), "a name with half a character is none");
    release();

    (void) parse(CLAIMS ",\"name\":7}");
    ok(is(&claims.name, "u"), "a number is no name");
    release();

    (void) parse(CLAIMS ",\"chatws\":\"read\"}");
    ok(!claims.api_read, "chatws as a string grants nothing");
    release();

    (void) parse(CLAIMS ",\"chatws\":[\"Read\",[\"read\"],\"write\"]}");
    ok(!claims.api_read && claims.api_write, "chatws grants what it names");
    release();
}


static void
test_refused(void)
{
    char         text[600];
    size_t       i;

    const char  *none = "the claims are not a JSON object";
    const char  *sub = "sub is no user id";
    const char  *twice = "a claim comes twice";

    const char  *texts[] = {
        "", "[]", "1", "null", "{", CLAIMS, CLAIMS "}}", CLAIMS "} x",
        CLAIMS ",}", CLAIMS ",\"x\":\"\xff\"}", CLAIMS ",\"x\":1e}",
        CLAIMS ",\"x\":[[[[[[[[]]]]]]]]}"
    };

    const char  *subs[] = {
        "null", "1", "[\"u\"]", "\"\"", "\"a\\u0000b\"", "\"a\\nb\"",
        "\"\\u007f\"", "\"\\u0085\"", "\"\\ud800\"", "\"\\udc00x\"", "true"
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        refused(texts[i], none);
    }

    refused("{" TIMES "}", sub);
    refused("{\"Sub\":\"u\"," TIMES "}", sub);

    for (i = 0; i < sizeof(subs) / sizeof(subs[0]); i++) {
        snprintf(text, sizeof(text), "{\"sub\":%s," TIMES "}", subs[i]);
        refused(text, sub);
    }

    memset(text, 'x', sizeof(text));
    memcpy(text, "{\"sub\":\"", 8);
    memcpy(text + 8 + 128, "\"," TIMES "}", sizeof("\"," TIMES "}"));
    fine(text);

    text[8 + 128] = 'x';
    memcpy(text + 8 + 129, "\"," TIMES "}", sizeof("\"," TIMES "}"));
    refused(text, sub);

    refused(CLAIMS ",\"sub\":\"u\"}", twice);
    refused(CLAIMS ",\"su\\u0062\":\"v\"}", twice);
    refused(CLAIMS ",\"exp\":1700003600}", twice);
    refused(CLAIMS ",\"aud\":\"a\",\"aud\":\"b\"}", twice);
    refused(CLAIMS ",\"chats\":null,\"chats\":[\"a\"]}", twice);
    fine(CLAIMS ",\"x\":1,\"x\":2}");

    refused(CLAIMS ",\"jti\":\"\"}", "jti is no string of 1 to 128 bytes");
    refused(CLAIMS ",\"jti\":7}", "jti is no string of 1 to 128 bytes");
    refused(CLAIMS ",\"jti\":\"\\ud800\"}",
            "jti is no string of 1 to 128 bytes");
    refused(CLAIMS ",\"iss\":7}", "iss is no string");
    refused(CLAIMS ",\"iss\":[\"i\"]}", "iss is no string");
    refused(CLAIMS ",\"iss\":\"\\ud800\"}", "iss is no string");
    refused(CLAIMS ",\"aud\":7}", "aud is no string and no array");
    refused(CLAIMS ",\"aud\":null}", "aud is no string and no array");
    refused(CLAIMS ",\"aud\":{}}", "aud is no string and no array");
    refused(CLAIMS ",\"chat\":null}", "chat is no chat id");
    refused(CLAIMS ",\"chat\":\"\"}", "chat is no chat id");
    refused(CLAIMS ",\"chat\":\"a\\u0000\"}", "chat is no chat id");
    refused(CLAIMS ",\"chats\":\"c\"}", "chats is no object and no array");
    refused(CLAIMS ",\"chats\":null}", "chats is no object and no array");
    refused(CLAIMS ",\"chatPrefixes\":[\"c\"]}",
            "chatPrefixes is no object");
    refused(CLAIMS ",\"rights\":\"send\"}", "rights is no array");
    refused(CLAIMS ",\"rights\":null}", "rights is no array");
}


static void
test_times(void)
{
    char         text[200];
    size_t       i;

    const char  *dates[] = {
        "null", "\"1700003600\"", "true", "[1]", "-1", "-0", "1e9", "1E400",
        "1e400", "1.5e3", "17000036e2", "1700003600000", "999999999999",
        "-1700003600.5", "18446744073709551617",
        "100000000000000000000000000000000000000000000"
    };

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        snprintf(text, sizeof(text), "{\"sub\":\"u\",\"iat\":1,\"exp\":%s}",
                 dates[i]);
        refused(text, "exp is missing or no time");

        snprintf(text, sizeof(text), "{\"sub\":\"u\",\"iat\":%s,\"exp\":1}",
                 dates[i]);
        refused(text, "iat is missing or no time");

        snprintf(text, sizeof(text), CLAIMS ",\"nbf\":%s}", dates[i]);
        refused(text, "nbf is no time");
    }

    refused("{\"sub\":\"u\",\"iat\":1}", "exp is missing or no time");
    refused("{\"sub\":\"u\",\"exp\":1}", "iat is missing or no time");

    (void) parse("{\"sub\":\"u\",\"iat\":0,\"exp\":99999999999,"
                 "\"nbf\":1.999}");

    ok(claims.iat == 0 && claims.exp == 99999999999 && claims.nbf == 1,
       "the largest time, and a fraction");

    release();
}


static void
find(const char *text, const char *name, const char *want)
{
    chatws_rc_e   rc;
    chatws_str_t  n, value;

    (void) parse(text);

    n = str(name);
    rc = chatws_claims_find(&input, &n, &arena, &value);

    ok(want == NULL ? rc == CHATWS_DECLINED
                    : rc == CHATWS_OK && is(&value, want),
       "%s in %.60s", name, text);

    release();
}


static void
test_find(void)
{
    char          text[CHATWS_CLAIMS_VALUE_MAX + 20];
    chatws_str_t  a = chatws_str("a"), value;

    find("{\"a\":\"b\"}", "a", "b");
    find("{\"a\":\"\"}", "a", "");
    find("{\"a\":\"\\u0062 \\\"c\\\"\"}", "a", "b \"c\"");
    find("{\"x\":\"\\u0061\",\"a\":\"\\u0062\",\"y\":\"\\u0063\"}", "a", "b");
    find("{\"\\u0061\":\"b\"}", "a", "b");
    find("{\"a\":-1.50e+3}", "a", "-1.50e+3");
    find("{\"a\":123456789012345678901234567890}", "a",
         "123456789012345678901234567890");
    find("{\"a\":true}", "a", "true");
    find("{\"a\":false}", "a", "false");
    find("{\"a\":\"\xc3\xa9\xe2\x82\xac\"}", "a", "\xc3\xa9\xe2\x82\xac");
    find("{\"\":\"b\"}", "", "b");

    find("{\"b\":\"a\"}", "a", NULL);
    find("{\"A\":\"b\"}", "a", "b");
    find("{\"A\":\"b\",\"a\":\"c\"}", "a", "c");
    find("{\"a\":\"c\",\"A\":\"b\"}", "a", "c");
    find("{\"tenantId\":\"\\u0062\",\"x\":\"\\u0063\"}", "tenantid", "b");
    find("{\"aB\":\"b\",\"Ab\":\"b\"}", "ab", NULL);
    find("{\"ab\":\"b\",\"ab\":\"b\",\"Ab\":\"c\"}", "ab", NULL);
    find("{\"[\":\"b\"}", "{", NULL);
    find("{\"x\":{\"a\":\"b\"}}", "a", NULL);
    find("{\"a\":null}", "a", NULL);
    find("{\"a\":[\"b\"]}", "a", NULL);
    find("{\"a\":{}}", "a", NULL);
    find("{\"a\":\"b\",\"a\":\"b\"}", "a", NULL);
    find("{\"a\":\"b\",\"\\u0061\":null}", "a", NULL);
    find("{\"a\":\"b\\u0000\"}", "a", NULL);
    find("{\"a\":\"b\\r\\nSet-Cookie: x\"}", "a", NULL);
    find("{\"a\":\"\\u007f\"}", "a", NULL);
    find("{\"a\":\"\\u0085\"}", "a", NULL);
    find("{\"a\":\"\\ud800\"}", "a", NULL);
    find("{\"a\":1", "a", NULL);
    find("", "a", NULL);

    memset(text, 'x', sizeof(text));
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + 6 + CHATWS_CLAIMS_VALUE_MAX + 1, "\"}", 3);
    find(text, "a", NULL);

    memcpy(text + 6 + CHATWS_CLAIMS_VALUE_MAX, "\"}", 3);
    text[6 + CHATWS_CLAIMS_VALUE_MAX + 2] = '\0';

    (void) parse(text);

    ok(chatws_claims_find(&input, &a, &arena, &value) == CHATWS_OK
       && value.len == CHATWS_CLAIMS_VALUE_MAX,
       "the longest value");

    release();
}


static void
audience(const char *aud, const char *name, int want)
{
    char          text[200];
    chatws_rc_e   rc;
    chatws_str_t  names[2];

    snprintf(text, sizeof(text), CLAIMS ",\"aud\":%s}", aud);

    names[0] = str("other");
    names[1] = str(name);

    rc = parse(text);

    ok(rc == CHATWS_OK
       && (chatws_claims_audience(&claims, names, 2, &arena) == CHATWS_OK)
          == want
       && chatws_claims_audience(&claims, names, 0, &arena) == CHATWS_ERROR,
       "aud %s for %s", aud, name);

    release();
}


static void
test_audience(void)
{
    audience("\"chatws\"", "chatws", 1);
    audience("\"Chatws\"", "chatws", 0);
    audience("\"chatws2\"", "chatws", 0);
    audience("\"chat\"", "chatws", 0);
    audience("\"\"", "chatws", 0);
    audience("\"chatws other\"", "chatws", 0);
    audience("[\"x\",\"chatws\"]", "chatws", 1);
    audience("[\"x\",\"ch\\u0061tws\"]", "chatws", 1);
    audience("[\"x\",\"other\"]", "chatws", 1);
    audience("[]", "chatws", 0);
    audience("[7,null,[\"chatws\"],{\"chatws\":\"chatws\"}]", "chatws", 0);
    audience("[\"x\\ud800\"]", "x\xef\xbf\xbd", 0);
}


/* Half of a text may be escapes that are decoded, half of it kept. */

static void
test_memory(void)
{
    char          text[4096];
    size_t        i, len;
    chatws_rc_e   rc;
    chatws_str_t  other = chatws_str("other");

    len = snprintf(text, sizeof(text), CLAIMS ",\"iss\":\"");

    for (i = 0; i < 300; i++) {
        len += snprintf(text + len, sizeof(text) - len, "\\n");
    }

    len += snprintf(text + len, sizeof(text) - len,
                    "\",\"x\":\"\\ud800\",\"aud\":[\"\\ud800\"");

    for (i = 0; i < 400; i++) {
        len += snprintf(text + len, sizeof(text) - len, ",\"\\t\"");
    }

    snprintf(text + len, sizeof(text) - len, ",\"other\"]}");

    rc = parse(text);

    ok(rc == CHATWS_OK && claims.iss.len == 300
       && chatws_claims_audience(&claims, &other, 1, &arena) == CHATWS_OK,
       "room for all that has to be copied");

    release();
}
