
/*
 * Copyright (C) chatws contributors
 *
 * Grants: rights by chat and by prefix, and what is no grant.
 */


#include "tap.h"
#include "token_test.h"


static chatws_rc_e build(const char *chats, const char *prefixes);
static void release(void);
static void rights(const char *chat, unsigned want);
static void refused(const char *chats, const char *prefixes,
    const char *want);
static void test_chats(void);
static void test_prefixes(void);
static void test_refused(void);
static void test_limit(void);
static void test_rights(void);


static void         *block;
static size_t        len;
static uint8_t      *grants;
static const char   *why;
static char          text[8192];


int
main(void)
{
    test_chats();
    test_prefixes();
    test_refused();
    test_limit();
    test_rights();

    return done();
}


/* both, or NULL, into exactly the promised bytes */

static chatws_rc_e
build(const char *chats, const char *prefixes)
{
    size_t                size;
    chatws_rc_e           rc;
    chatws_str_t          input;
    chatws_claims_t       claims;
    chatws_json_arena_t   arena;

    input.len = snprintf(text, sizeof(text),
                         "{\"sub\":\"u\",\"iat\":1,\"exp\":2%s%s%s%s}",
                         chats ? ",\"chats\":" : "", chats ? chats : "",
                         prefixes ? ",\"chatPrefixes\":" : "",
                         prefixes ? prefixes : "");
    input.data = (uint8_t *) text;

    size = chatws_json_arena_size(input.len);
    block = malloc(size);
    chatws_json_arena_init(&arena, block, size);

    grants = malloc(chatws_grants_size(input.len));
    why = "";

    rc = chatws_claims_parse(&claims, &input, &arena, &why);

    if (rc == CHATWS_OK) {
        rc = chatws_grants_build(&claims, &arena, grants, &len, &why);
    }

    return rc;
}


static void
release(void)
{
    free(block);
    free(grants);
}


static void
rights(const char *chat, unsigned want)
{
    unsigned      have;
    chatws_str_t  id;

    id = str(chat);
    have = chatws_grants_find(grants, len, &id);

    ok(have == want, "rights %u in %s", have, chat);
}


static void
refused(const char *chats, const char *prefixes, const char *want)
{
    chatws_rc_e  rc;

    rc = build(chats, prefixes);

    ok(rc == CHATWS_ERROR && strcmp(why, want) == 0, "refused: %.40s %.40s %s",
       chats ? chats : "", prefixes ? prefixes : "", why);

    release();
}


static void
test_chats(void)
{
    ok(build(NULL, NULL) == CHATWS_OK && len == 0, "no claims, no grants");
    rights("a", 0);
    release();

    ok(build("{\"a\":[\"subscribe\"],\"b\":[\"typing\",\"send\"],\"c\":[],"
             "\"d\":[\"admin\"],\"*\":[\"send\"],\"a\":[\"typing\",\"x\"],"
             "\"\\u0065\":[\"s\\u0065nd\",7]}", NULL)
       == CHATWS_OK,
       "an object");

    rights("a", CHATWS_RIGHT_SUBSCRIBE|CHATWS_RIGHT_TYPING);
    rights("b", CHATWS_RIGHT_TYPING|CHATWS_RIGHT_SEND);
    rights("c", 0);
    rights("d", 0);
    rights("*", CHATWS_RIGHT_SEND);
    rights("e", CHATWS_RIGHT_SEND);
    rights("f", 0);
    rights("A", 0);
    rights("ab", 0);
    rights("", 0);
    release();

    ok(build("[\"a\",\"team_*\",\"\\u0062\",\"a\"]", NULL) == CHATWS_OK,
       "a list");

    rights("a", CHATWS_RIGHTS_ALL);
    rights("b", CHATWS_RIGHTS_ALL);
    rights("team_*", CHATWS_RIGHTS_ALL);
    rights("team_1", 0);
    rights("aa", 0);
    release();
}


static void
test_prefixes(void)
{
    ok(build("{\"team_1\":[\"send\"]}",
             "{\"team_\":[\"subscribe\"],\"team_1\":[\"typing\"],\"*\":"
             "[\"send\"],\"\xc3\xa9\":[\"send\"]}")
       == CHATWS_OK,
       "prefixes");

    rights("team_", CHATWS_RIGHT_SUBSCRIBE);
    rights("team_2", CHATWS_RIGHT_SUBSCRIBE);
    rights("team_1", CHATWS_RIGHTS_ALL);
    rights("team_11", CHATWS_RIGHT_SUBSCRIBE|CHATWS_RIGHT_TYPING);
    rights("team", 0);
    rights("xteam_1", 0);
    rights("*x", CHATWS_RIGHT_SEND);
    rights("\xc3\xa9x", CHATWS_RIGHT_SEND);
    rights("\xc3\xa8x", 0);
    release();
}


static void
test_refused(void)
{
    const char  *id = "chats or chatPrefixes holds what is no chat id";
    const char  *string = "chats holds what is no string";
    const char  *array = "the rights in a chat are no array";

    refused("[\"\"]", NULL, id);
    refused("[\"a\\u0000\"]", NULL, id);
    refused("[\"\\ud800\"]", NULL, id);
    refused("{\"\":[\"send\"]}", NULL, id);
    refused("{\"\\n\":[]}", NULL, id);
    refused("{\"\\ud800\":[\"send\"]}", NULL, id);
    refused(NULL, "{\"\":[\"send\"]}", id);
    refused(NULL, "{\"\\udfff\":[\"send\"]}", id);
    refused("[1]", NULL, string);
    refused("[[\"a\"]]", NULL, string);
    refused("[\"a\",null]", NULL, string);
    refused("{\"a\":\"send\"}", NULL, array);
    refused("{\"a\":true}", NULL, array);
    refused("{\"a\":{\"send\":true}}", NULL, array);
    refused(NULL, "{\"a\":\"send\"}", array);
}


static void
test_limit(void)
{
    char        *list;
    size_t       i, n, pos;

    const char  *many = "more than 256 entries in chats and chatPrefixes";

    list = malloc(4096);

    for (n = 256; n <= 257; n++) {
        pos = 0;

        for (i = 0; i < n; i++) {
            pos += snprintf(list + pos, 4096 - pos, "%s\"%zu\"",
                            i ? "," : "[", i);
        }

        memcpy(list + pos, "]", 2);

        if (n == 256) {
            ok(build(list, NULL) == CHATWS_OK, "256 entries");
            rights("0", CHATWS_RIGHTS_ALL);
            rights("255", CHATWS_RIGHTS_ALL);
            rights("256", 0);
            release();

            refused(list, "{\"p\":[]}", many);

        } else {
            refused(list, NULL, many);
        }
    }

    free(list);

    /* the shortest ids take most room for what they are written in */

    ok(build("[\"a\"]", "{\"b\":[\"send\"]}") == CHATWS_OK, "short ids");
    release();
}


static void
test_rights(void)
{
    size_t                i, size;
    void                 *mem;
    chatws_str_t          array;
    chatws_json_arena_t   arena;

    static const struct {
        const char  *array;
        unsigned     rights;
    } cases[] = {
        { "", CHATWS_RIGHTS_ALL },
        { "[]", 0 },
        { "[\"subscribe\"]", CHATWS_RIGHT_SUBSCRIBE },
        { "[\"send\",\"typing\",\"send\"]",
          CHATWS_RIGHT_TYPING|CHATWS_RIGHT_SEND },
        { "[\"Send\",\"sen\",\"sendx\",1,null,[\"send\"]]", 0 },
        { "[\"send\"", 0 },
        { "\"send\"", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        array = str(cases[i].array);

        size = chatws_json_arena_size(array.len);
        mem = malloc(size);
        chatws_json_arena_init(&arena, mem, size);

        ok(chatws_rights_parse(&array, &arena) == cases[i].rights,
           "rights of %s", cases[i].array);

        free(mem);
    }
}
