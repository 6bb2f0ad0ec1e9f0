
/*
 * Copyright (C) chatws contributors
 *
 * Presence: what clients say of themselves, whom they ask for, and what they
 * are told.
 */


#include "json_test.h"

#include "protocol/chatws_action.c"
#include "protocol/chatws_action_presence.c"
#include "protocol/chatws_action_read.c"
#include "protocol/chatws_presence.c"


#define TEST_MS  1764237659999         /* 2025-11-27T10:00:59.999Z */


static void test_said(void);
static void test_users(void);
static void test_bad(void);
static void test_frames(void);
static void test_chat(void);
static void test_room(void);
static void said(const char *text, chatws_said_e what);
static void users(const char *text, const char *expected);
static chatws_rc_e many(char *text, const char *verb, size_t users);
static void bad(const char *text, const char *error, const char *details);
static chatws_rc_e collect(void *data, const chatws_str_t *user);
static void is(const chatws_presence_t *presence, const char *text);


static const chatws_present_t  list[] = {
    { chatws_str("a"), 0, CHATWS_PRESENCE_ONLINE },
    { chatws_str("b"), TEST_MS, CHATWS_PRESENCE_OFFLINE },
    { chatws_str("\"c\""), 0, CHATWS_PRESENCE_ONLINE },
    { chatws_str("d"), 1, CHATWS_PRESENCE_AWAY },
    { chatws_str("e"), 0, CHATWS_PRESENCE_OFFLINE },
    { chatws_str("f"), 1, CHATWS_PRESENCE_LEFT }
};


int
main(void)
{
    test_said();
    test_users();
    test_bad();
    test_frames();
    test_chat();
    test_room();

    return done();
}


static void
test_said(void)
{
    said("{\"action\":\"presence\",\"state\":\"online\"}",
         CHATWS_SAID_ONLINE);
    said("{\"action\":\"presence\",\"state\":\"\\u0061way\"}",
         CHATWS_SAID_AWAY);
    said("{\"type\":\"presence\",\"state\":\"offline\"}",
         CHATWS_SAID_OFFLINE);

    /* whoever says something asks for nothing */

    said("{\"action\":\"presence\",\"state\":\"invisible\",\"chatId\":\"\","
         "\"users\":1}", CHATWS_SAID_INVISIBLE);
}


static void
test_users(void)
{
    char  text[1024];

    users("{\"action\":\"presence\",\"chatId\":\"c\",\"users\":[\"a\"]}",
          "a ");
    users("{\"action\":\"presence\",\"chatId\":\"c\","
          "\"users\":[\"a\",\"\\u00e9\",\"a\"],\"id\":1}", "a \xc3\xa9 a ");
    users("{\"action\":\"watch\",\"users\":[]}", "");
    users("{\"action\":\"watch\",\"users\":[\"a\",\"b\"],\"chatId\":5}",
          "a b ");

    /* a question has a limit; that of a list is the location's */

    ok(many(text, "presence", 100) == CHATWS_OK, "a question for 100");
    release();

    many(text, "presence", 101);
    release();
    bad(text, CHATWS_E_MESSAGE, "users must be 1 to 100 user ids");

    ok(many(text, "watch", 101) == CHATWS_OK, "a list of 101");
    release();
}


/* An action about so many users. */

static chatws_rc_e
many(char *text, const char *verb, size_t users)
{
    size_t           n, size;
    chatws_action_t  action;

    n = sprintf(text, "{\"action\":\"%s\",\"chatId\":\"c\",\"users\":[", verb);

    while (users--) {
        n += sprintf(text + n, "\"a\"%s", users != 0 ? "," : "]}");
    }

    size = take(text);

    return chatws_action_parse(&action, &input, CHATWS_JSON_DEPTH, mem, size);
}


static void
test_bad(void)
{
    size_t       i;
    char         text[256];

    const char  *state = "state must be online, away, offline or invisible";
    const char  *array = "users must be an array of user ids";

    const char  *states[] = {
        "1", "null", "[]", "{}", "true", "\"\"", "\"Online\"", "\"onlin\"",
        "\"onlines\"", "\"\\u0000\""
    };

    const char  *arrays[] = {
        "1", "null", "{}", "\"a\"", "[1]", "[\"a\",null]", "[[\"a\"]]",
        "[\"\"]", "[\"a\\n\"]", "[\"\\ud800\"]", "[\"\x7f\"]"
    };

    for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        snprintf(text, sizeof(text), "{\"action\":\"presence\","
                 "\"chatId\":\"c\",\"users\":[\"a\"],\"state\":%s}",
                 states[i]);
        bad(text, CHATWS_E_MESSAGE, state);
    }

    for (i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        snprintf(text, sizeof(text), "{\"action\":\"presence\","
                 "\"chatId\":\"c\",\"users\":%s}", arrays[i]);
        bad(text, CHATWS_E_MESSAGE, array);

        snprintf(text, sizeof(text), "{\"action\":\"watch\",\"users\":%s}",
                 arrays[i]);
        bad(text, CHATWS_E_MESSAGE, array);
    }

    bad("{\"action\":\"presence\"}", CHATWS_E_MESSAGE,
        "chatId must be a string");
    bad("{\"action\":\"presence\",\"users\":[\"a\"],\"chatId\":\"\"}",
        CHATWS_E_CHAT, CHATWS_D_CHAT);
    bad("{\"action\":\"presence\",\"chatId\":\"c\"}", CHATWS_E_MESSAGE, array);
    bad("{\"action\":\"presence\",\"chatId\":\"c\",\"users\":[]}",
        CHATWS_E_MESSAGE, "users must be 1 to 100 user ids");
    bad("{\"action\":\"watch\"}", CHATWS_E_MESSAGE, array);
}


static void
test_frames(void)
{
    chatws_presence_t  p;

    static const chatws_str_t  chat = chatws_str("chat_1"),
                               id = chatws_str("\"x\"");

    memset(&p, 0, sizeof(chatws_presence_t));

    p.chat = chat;
    p.list = list;
    p.n = 6;
    p.count = 41;
    p.people = 57;
    p.ms = TEST_MS;
    p.names = 1;

    is(&p, "{\"type\":\"presence\",\"chatId\":\"chat_1\","
       "\"online\":[\"a\",\"\\\"c\\\"\"],\"away\":[\"d\"],"
       "\"offline\":{\"b\":\"2025-11-27T10:00:00.000Z\",\"e\":null},"
       "\"left\":[\"f\"],\"count\":41,\"people\":57,"
       "\"timestamp\":\"2025-11-27T10:00:59.999Z\"}");

    p.n = 0;
    p.reset = 1;
    p.warming = 1;
    p.id = id;

    is(&p, "{\"type\":\"presence\",\"chatId\":\"chat_1\","
       "\"online\":[],\"away\":[],\"offline\":{},"
       "\"left\":[],\"count\":41,\"people\":57,"
       "\"timestamp\":\"2025-11-27T10:00:59.999Z\","
       "\"reset\":true,\"warming\":true,\"id\":\"x\"}");

    /* too many people to be named */

    p.n = 6;
    p.names = 0;
    p.reset = 0;
    p.warming = 0;
    p.id.len = 0;

    is(&p, "{\"type\":\"presence\",\"chatId\":\"chat_1\","
       "\"count\":41,\"people\":57,"
       "\"timestamp\":\"2025-11-27T10:00:59.999Z\"}");

    /* those who are watched */

    p.n = 5;
    p.names = 1;
    p.chat.len = 0;

    is(&p, "{\"type\":\"presence\",\"online\":[\"a\",\"\\\"c\\\"\"],"
       "\"away\":[\"d\"],"
       "\"offline\":{\"b\":\"2025-11-27T10:00:00.000Z\",\"e\":null},"
       "\"timestamp\":\"2025-11-27T10:00:59.999Z\"}");
}


/* The part of the state of a chat. */

static void
test_chat(void)
{
    char               buf[512];
    chatws_str_t       out;
    chatws_json_out_t  json;
    chatws_presence_t  p;

    static const char  expected[] =
        ",\"presence\":{\"online\":[\"a\"],\"away\":[],"
        "\"offline\":{\"b\":\"2025-11-27T10:00:00.000Z\"},"
        "\"count\":1,\"people\":2,\"warming\":true}"
        ",\"presence\":{\"count\":1,\"people\":2}";

    memset(&p, 0, sizeof(chatws_presence_t));

    p.list = list;
    p.n = 2;
    p.count = 1;
    p.people = 2;
    p.names = 1;
    p.warming = 1;

    out.data = (uint8_t *) buf;
    out.len = sizeof(buf);

    chatws_json_out_begin(&json, &out);
    chatws_presence_put(&json, &p);

    p.names = 0;
    p.warming = 0;

    chatws_presence_put(&json, &p);

    ok(chatws_json_out_end(&json, &out) == CHATWS_OK
       && same(&out, expected), "%s", expected);
}


/* The longest ids, all of whose bytes are escaped, have the promised room. */

static void
test_room(void)
{
    size_t              i, size;
    uint8_t            *buf, name[128];
    chatws_str_t        out;
    chatws_present_t    longest[2];
    chatws_presence_t   p;

    memset(name, '"', sizeof(name));
    memset(&p, 0, sizeof(chatws_presence_t));

    for (i = 0; i < 2; i++) {
        longest[i].user.data = name;
        longest[i].user.len = sizeof(name);
        longest[i].seen = TEST_MS;
        longest[i].state = CHATWS_PRESENCE_OFFLINE;
    }

    p.chat = longest[0].user;
    p.id = longest[0].user;
    p.list = longest;
    p.n = 2;
    p.count = UINT64_MAX;
    p.people = UINT64_MAX;
    p.names = 1;
    p.reset = 1;
    p.warming = 1;

    size = CHATWS_PRESENCE_SIZE + 2 * CHATWS_PRESENCE_USER_SIZE;
    buf = malloc(size);

    out.data = buf;
    out.len = size;

    ok(chatws_presence_write(&out, &p) == CHATWS_OK,
       "the longest one takes %zu of %zu bytes", out.len, size);

    size = out.len;

    for (i = 0; i < size; i++) {
        out.len = i;

        if (chatws_presence_write(&out, &p) != CHATWS_ERROR || out.len != i) {
            break;
        }
    }

    ok(i == size, "too little room");

    free(buf);
}


static void
said(const char *text, chatws_said_e what)
{
    size_t           n;
    chatws_action_t  action;

    n = take(text);

    ok(chatws_action_parse(&action, &input, CHATWS_JSON_DEPTH, mem, n)
       == CHATWS_OK
       && action.verb == CHATWS_VERB_PRESENCE
       && action.said == what
       && action.chat.len == 0
       && action.users.len == 0,
       "%s", text);

    release();
}


static void
users(const char *text, const char *expected)
{
    char             buf[512];
    void            *block;
    size_t           n;
    chatws_action_t  action;

    n = take(text);
    buf[0] = 0;

    if (!ok(chatws_action_parse(&action, &input, CHATWS_JSON_DEPTH, mem, n)
            == CHATWS_OK
            && action.said == CHATWS_SAID_NOTHING, "%s", text))
    {
        release();
        return;
    }

    n = chatws_json_arena_size(action.users.len);
    block = malloc(n);

    ok(chatws_action_users(&action, CHATWS_JSON_DEPTH, block, n, collect, buf)
       == CHATWS_OK
       && strcmp(buf, expected) == 0, "users: %s", buf);

    free(block);
    release();
}


static chatws_rc_e
collect(void *data, const chatws_str_t *user)
{
    strncat(data, (const char *) user->data, user->len);
    strcat(data, " ");

    return CHATWS_OK;
}


static void
bad(const char *text, const char *error, const char *details)
{
    size_t           n;
    chatws_action_t  action;

    n = take(text);

    ok(chatws_action_parse(&action, &input, CHATWS_JSON_DEPTH, mem, n)
       == CHATWS_ERROR
       && same(&action.fault.error, error)
       && same(&action.fault.details, details), "%s: %s", details, text);

    release();
}


static void
is(const chatws_presence_t *presence, const char *text)
{
    char          buf[CHATWS_PRESENCE_SIZE];
    chatws_str_t  out;

    out.data = (uint8_t *) buf;
    out.len = sizeof(buf);

    if (!ok(chatws_presence_write(&out, presence) == CHATWS_OK
            && same(&out, text), "%s", text))
    {
        printf("# %.*s\n", (int) out.len, buf);
    }
}
