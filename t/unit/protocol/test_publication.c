
/*
 * Copyright (C) chatws contributors
 *
 * Publications of each kind, their notifications and answers byte for byte,
 * and what is refused.
 */


#include "json_test.h"

#include "base/chatws_str.c"
#include "protocol/chatws_action.c"
#include "protocol/chatws_action_read.c"
#include "protocol/chatws_action_presence.c"
#include "protocol/chatws_publication.c"
#include "protocol/chatws_publication_seal.c"
#include "protocol/chatws_publication_users.c"
#include "protocol/chatws_publication_write.c"


#define TEST_MS    1764237600000       /* 2025-11-27T10:00:00.000Z */

#define TEST_TIME  "\"timestamp\":\"2025-11-27T10:00:00.000Z\""
#define TEST_ID    "\"id\":\"msg_0123456789abcdefghijkl\""
#define TEST_TO    ",\"epoch\":\"9f2c41d07be3\",\"recipients\":3"

#define TEST_NOBODY                                                           \
    "toUsers must be a string, or an array of 1 to 1000 strings"

#define TEST_TAIL  ",\"seq\":39,\"epoch\":\"9f2c41d07be3\",\"recipients\":3}"


static void test_message(void);
static void test_further(void);
static void test_update(void);
static void test_event(void);
static void test_users(void);
static void test_walk(void);
static void test_parsed(void);
static void test_refused(void);
static void test_types(void);
static void test_room(void);
static void message(const char *text, const char *chat, const char *inner,
    const char *answered);
static void check(const char *text, const char *body, const char *answer);
static void bad(const char *text, const char *error, const char *details);
static chatws_rc_e name(void *data, const chatws_str_t *user, int valid);
static chatws_rc_e parse(const char *text);


static chatws_publication_t   pub;
static char                   named[256];
static int                    users;    /* toUsers names them */


int
main(void)
{
    test_message();
    test_further();
    test_update();
    test_event();
    test_users();
    test_walk();
    test_parsed();
    test_refused();
    test_types();
    test_room();

    return done();
}


static void
test_message(void)
{
    check("{\"chatId\":\"chat_1\",\"text\":\"Hello world!\","
          "\"sender\":\"john_doe\"}",

          "{\"type\":\"new_message\",\"chatId\":\"chat_1\",\"message\":{"
          TEST_ID ",\"text\":\"Hello world!\",\"sender\":\"john_doe\","
          TEST_TIME ",\"isOwnMessage\":false}," TEST_TIME ",\"seq\":",

          "{" TEST_ID ",\"text\":\"Hello world!\",\"sender\":\"john_doe\","
          TEST_TIME ",\"chatId\":\"chat_1\"" TEST_TAIL);

    message("{\"type\":\"new_message\",\"text\":\"\",\"sender\":\"s\","
            "\"chatId\":\"c\"}", "\"c\"",
            TEST_ID ",\"text\":\"\",\"sender\":\"s\"," TEST_TIME, NULL);

    /* given id and time, strings and numbers, in any order */

    message("{\"timestamp\":\"now\",\"sender\":\"s\",\"id\":\"m1\","
            "\"text\":\"t\",\"chatId\":\"c\"}", "\"c\"",
            "\"id\":\"m1\",\"text\":\"t\",\"sender\":\"s\","
            "\"timestamp\":\"now\"", NULL);
    message("{\"timestamp\":1764237600.5e3,\"sender\":\"s\","
            "\"id\":12345678901234567890123,\"text\":\"t\",\"chatId\":\"c\"}",
            "\"c\"",
            "\"id\":12345678901234567890123,\"text\":\"t\",\"sender\":\"s\","
            "\"timestamp\":1764237600.5e3", NULL);

    /* escapes stay as they were written */

    message("{\"chat\\u0049d\":\"\\u0063\",\"text\":\"\\ud83d\\ude00\\/\","
            "\"sender\":\"\\u0073\"}", "\"\\u0063\"",
            TEST_ID ",\"text\":\"\\ud83d\\ude00\\/\",\"sender\":\"\\u0073\","
            TEST_TIME, NULL);
    message("{\"chatId\":\"c\",\"text\":\"\\ud800\",\"sender\":\"s\"}",
            "\"c\"",
            TEST_ID ",\"text\":\"\\ud800\",\"sender\":\"s\"," TEST_TIME, NULL);

    /* the last of a name, and never the publisher's isOwnMessage */

    message("{\"chatId\":1,\"chatId\":\"c\",\"text\":\"t\",\"sender\":[],"
            "\"isOwnMessage\":true,\"sender\":\"s\",\"text\":\"u\","
            "\"isOwnMessage\":7}", "\"c\"",
            TEST_ID ",\"text\":\"u\",\"sender\":\"s\"," TEST_TIME, NULL);
}


static void
test_further(void)
{
    check("{ \"a\" : 1.10 , \"chatId\":\"c\", \"text\":\"t\",\"b\":"
          "{\"x\" : [ ] },\"sender\":\"s\",\"a\":123456789012345678901,"
          "\"\\u0062\":null}",

          "{\"type\":\"new_message\",\"chatId\":\"c\",\"message\":{"
          TEST_ID ",\"text\":\"t\",\"sender\":\"s\"," TEST_TIME
          ",\"isOwnMessage\":false,\"a\":1.10,\"b\":{\"x\" : [ ] },"
          "\"a\":123456789012345678901,\"\\u0062\":null}," TEST_TIME
          ",\"seq\":",

          "{" TEST_ID ",\"text\":\"t\",\"sender\":\"s\"," TEST_TIME
          ",\"a\":1.10,\"b\":{\"x\" : [ ] },\"a\":123456789012345678901,"
          "\"\\u0062\":null,\"chatId\":\"c\"" TEST_TAIL);

    /* names that the answer has for itself */

    message("{\"seq\":1,\"chatId\":\"c\",\"epoch\":\"e\",\"text\":\"t\","
            "\"recipients\":[],\"sender\":\"s\",\"unreadCount\":\"x\"}",
            "\"c\"",
            TEST_ID ",\"text\":\"t\",\"sender\":\"s\"," TEST_TIME
            "|,\"seq\":1,\"epoch\":\"e\",\"recipients\":[],"
            "\"unreadCount\":\"x\"",
            TEST_ID ",\"text\":\"t\",\"sender\":\"s\"," TEST_TIME
            ",\"unreadCount\":\"x\"");
}


static void
test_update(void)
{
    const char  *tail = ",\"epoch\":\"9f2c41d07be3\",\"recipients\":3}";

    char         answer[512];

    snprintf(answer, sizeof(answer), "%s%s",
             "{\"type\":\"chat_update\",\"chatId\":\"chat_1\","
             "\"lastMessage\":\"Hello world!\","
             "\"lastMessageTime\":\"2025-11-27T09:00:00.000Z\","
             "\"unreadCount\":3," TEST_TIME, tail);

    check("{\"type\":\"chat_update\",\"chatId\":\"chat_1\","
          "\"lastMessage\":\"Hello world!\","
          "\"lastMessageTime\":\"2025-11-27T09:00:00.000Z\","
          "\"unreadCount\":3}",

          "{\"type\":\"chat_update\",\"chatId\":\"chat_1\","
          "\"lastMessage\":\"Hello world!\","
          "\"lastMessageTime\":\"2025-11-27T09:00:00.000Z\","
          "\"unreadCount\":3," TEST_TIME "}", answer);

    snprintf(answer, sizeof(answer), "%s%s",
             "{\"type\":\"chat_update\",\"chatId\":\"c\","
             "\"lastMessage\":\"\",\"lastMessageTime\":\"\","
             "\"unreadCount\":-0,\"timestamp\":5,\"title\":\"T\","
             "\"id\":\"i\",\"sender\":\"s\"", tail);

    check("{\"title\":\"T\",\"unreadCount\":-0,\"lastMessageTime\":\"\","
          "\"id\":\"i\",\"sender\":\"s\",\"timestamp\":5,\"seq\":9,"
          "\"lastMessage\":\"\",\"chatId\":\"c\",\"type\":\"chat_update\"}",

          "{\"type\":\"chat_update\",\"chatId\":\"c\",\"lastMessage\":\"\","
          "\"lastMessageTime\":\"\",\"unreadCount\":-0,\"timestamp\":5,"
          "\"title\":\"T\",\"id\":\"i\"}", answer);
}


static void
test_event(void)
{
    check("{\"type\":\"message_edited\",\"chatId\":\"c\",\"id\":7,"
          "\"text\":null}",

          "{\"type\":\"message_edited\",\"chatId\":\"c\",\"id\":7,"
          "\"text\":null," TEST_TIME ",\"seq\":",

          "{\"type\":\"message_edited\",\"chatId\":\"c\",\"id\":7,"
          "\"text\":null," TEST_TIME TEST_TAIL);

    check("{\"x\":[1, 2] , \"seq\":1,\"chatId\":\"\\u0063\","
          "\"timestamp\":\"then\",\"sender\":\"s\",\"recipients\":0,"
          "\"isOwnMessage\":true,\"type\":\"reaction\",\"epoch\":1}",

          "{\"x\":[1, 2],\"chatId\":\"\\u0063\",\"timestamp\":\"then\","
          "\"sender\":\"s\",\"recipients\":0,\"isOwnMessage\":true,"
          "\"type\":\"reaction\",\"epoch\":1,\"seq\":",

          "{\"x\":[1, 2],\"chatId\":\"\\u0063\",\"timestamp\":\"then\","
          "\"sender\":\"s\",\"isOwnMessage\":true,\"type\":\"reaction\""
          TEST_TAIL);

    /* the last of a name that the server knows, all of another one */

    check("{\"type\":\"a\",\"chatId\":\"c\",\"type\":\"b\",\"x\":1,"
          "\"chatId\":\"d\",\"x\":2}",

          "{\"type\":\"b\",\"x\":1,\"chatId\":\"d\",\"x\":2," TEST_TIME
          ",\"seq\":",

          "{\"type\":\"b\",\"x\":1,\"chatId\":\"d\",\"x\":2," TEST_TIME
          TEST_TAIL);
}


/* A publication to users has a number of theirs, and names nobody. */

static void
test_users(void)
{
    users = 1;

    check("{\"toUsers\":\"ann\",\"type\":\"note\",\"x\":1,\"seq\":3,"
          "\"userSeq\":4}",

          "{\"type\":\"note\",\"x\":1," TEST_TIME ",\"userSeq\":",

          "{\"type\":\"note\",\"x\":1," TEST_TIME TEST_TO);

    check("{\"chatId\":\"c\",\"text\":\"\",\"sender\":\"s\","
          "\"toUsers\":[\"ann\"],\"x\":1}",

          "{\"type\":\"new_message\",\"chatId\":\"c\",\"message\":{"
          TEST_ID ",\"text\":\"\",\"sender\":\"s\"," TEST_TIME
          ",\"isOwnMessage\":false,\"x\":1}," TEST_TIME ",\"userSeq\":",

          "{" TEST_ID ",\"text\":\"\",\"sender\":\"s\"," TEST_TIME
          ",\"x\":1,\"chatId\":\"c\"" TEST_TO);

    check("{\"type\":\"chat_update\",\"chatId\":\"c\",\"lastMessage\":"
          "\"Hi\",\"lastMessageTime\":\"t\",\"unreadCount\":1,"
          "\"toUsers\":\"ann\"}",

          "{\"type\":\"chat_update\",\"chatId\":\"c\",\"lastMessage\":"
          "\"Hi\",\"lastMessageTime\":\"t\",\"unreadCount\":1," TEST_TIME
          ",\"userSeq\":",

          "{\"type\":\"chat_update\",\"chatId\":\"c\",\"lastMessage\":"
          "\"Hi\",\"lastMessageTime\":\"t\",\"unreadCount\":1," TEST_TIME
          TEST_TO);

    bad("{\"toUsers\":[\"ann\"],\"type\":\"chat_update\"}", CHATWS_E_MESSAGE,
        "chatId must be a string");
    bad("{\"toUsers\":\"ann\",\"text\":\"\",\"sender\":\"s\"}",
        CHATWS_E_MESSAGE, "chatId must be a string");
    bad("{\"toUsers\":\"ann\",\"type\":\"x\",\"chatId\":\"\\u0001ann\"}",
        CHATWS_E_CHAT, CHATWS_D_CHAT);
    bad("{\"toUsers\":7,\"type\":\"x\"}", CHATWS_E_MESSAGE, TEST_NOBODY);
    bad("{\"toUsers\":null,\"type\":\"x\"}", CHATWS_E_MESSAGE, TEST_NOBODY);
    bad("{\"toUsers\":{\"a\":\"b\"},\"type\":\"x\"}", CHATWS_E_MESSAGE,
        TEST_NOBODY);
    bad("{\"toUsers\":[],\"type\":\"x\"}", CHATWS_E_MESSAGE, TEST_NOBODY);
    bad("{\"toUsers\":[\"a\",[\"b\"]],\"type\":\"x\"}", CHATWS_E_MESSAGE,
        TEST_NOBODY);

    users = 0;

    check("{\"toUsers\":7,\"type\":\"note\",\"chatId\":\"c\",\"toUsers\":8,"
          "\"userSeq\":4}",

          "{\"toUsers\":7,\"type\":\"note\",\"chatId\":\"c\",\"toUsers\":8,"
          "\"userSeq\":4," TEST_TIME ",\"seq\":",

          "{\"toUsers\":7,\"type\":\"note\",\"chatId\":\"c\",\"toUsers\":8,"
          "\"userSeq\":4," TEST_TIME TEST_TAIL);

    bad("{\"toUsers\":\"ann\",\"type\":\"note\"}", CHATWS_E_MESSAGE,
        "chatId must be a string");
}


/* Whom it names, in order, and which of them are no users. */

static void
test_walk(void)
{
    size_t       i, size;
    void        *walk;

    static const char  *texts[][2] = {
        { "{\"toUsers\":\"a\\u00e9\",\"type\":\"x\"}", "a\xc3\xa9;" },
        { "{\"toUsers\":\"\",\"type\":\"x\"}", "!;" },
        { "{\"toUsers\":\"\\ud800\",\"type\":\"x\"}", "!\xef\xbf\xbd;" },
        { "{\"toUsers\":[\"a\",\"b\",\"a\",\"\\u0001c\"],\"type\":\"x\"}",
          "a;b;a;!\x01" "c;" }
    };

    users = 1;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {

        ok(parse(texts[i][0]) == CHATWS_OK && pub.target, "%s", texts[i][0]);

        size = chatws_json_arena_size(pub.to.len);
        walk = malloc(size);
        named[0] = '\0';

        ok(chatws_publication_users(&pub, walk, size, name, NULL) == CHATWS_OK
           && strcmp(named, texts[i][1]) == 0, "it names %s", named);

        free(walk);
        release();
    }

    users = 0;
}


static chatws_rc_e
name(void *data, const chatws_str_t *user, int valid)
{
    (void) data;

    sprintf(named + strlen(named), "%s%.*s;", valid ? "" : "!",
            (int) user->len, (char *) user->data);

    return CHATWS_OK;
}


static void
test_parsed(void)
{
    ok(parse("{\"chatId\":\"\\u00e9\",\"text\":\"t\",\"sender\":\"\\u0073\"}")
       == CHATWS_OK
       && pub.kind == CHATWS_PUB_MESSAGE
       && chatws_publication_sequenced(&pub)
       && same(&pub.chat, "\xc3\xa9") && same(&pub.sender, "s"),
       "what the store needs of a message");
    release();

    ok(parse("{\"chatId\":\"c\",\"type\":\"chat_update\",\"lastMessage\":\"\","
             "\"lastMessageTime\":\"\",\"unreadCount\":1}")
       == CHATWS_OK
       && pub.kind == CHATWS_PUB_UPDATE
       && !chatws_publication_sequenced(&pub)
       && same(&pub.chat, "c") && pub.sender.len == 0,
       "what the store needs of an update");
    release();

    ok(parse("{\"chatId\":\"c\",\"type\":\"x\",\"sender\":\"\"}") == CHATWS_OK
       && pub.kind == CHATWS_PUB_EVENT
       && chatws_publication_sequenced(&pub)
       && pub.sender.len == 0,
       "what the store needs of an event");
    release();
}


static void
test_refused(void)
{
    bad("", CHATWS_E_JSON, CHATWS_D_JSON);
    bad("x", CHATWS_E_JSON, CHATWS_D_JSON);
    bad("[]", CHATWS_E_JSON, CHATWS_D_JSON);
    bad("{\"chatId\":\"c\",\"text\":\"t\",\"sender\":\"s\"} {", CHATWS_E_JSON,
        CHATWS_D_JSON);
    bad("{\"chatId\":\"c\",\"text\":\"\xff\",\"sender\":\"s\"}",
        CHATWS_E_JSON, CHATWS_D_JSON);

    bad("{}", CHATWS_E_MESSAGE, "chatId must be a string");
    bad("{\"text\":\"t\",\"sender\":\"s\"}", CHATWS_E_MESSAGE,
        "chatId must be a string");
    bad("{\"chatId\":1,\"text\":\"t\",\"sender\":\"s\"}", CHATWS_E_MESSAGE,
        "chatId must be a string");
    bad("{\"chatId\":\"\",\"text\":\"t\",\"sender\":\"s\"}", CHATWS_E_CHAT,
        CHATWS_D_CHAT);
    bad("{\"chatId\":\"\\u0001\",\"text\":\"t\",\"sender\":\"s\"}",
        CHATWS_E_CHAT, CHATWS_D_CHAT);
    bad("{\"chatId\":\"\\ud800\",\"text\":\"t\",\"sender\":\"s\"}",
        CHATWS_E_CHAT, CHATWS_D_CHAT);

    bad("{\"chatId\":\"c\",\"sender\":\"s\"}", CHATWS_E_MESSAGE,
        "text must be a string");
    bad("{\"chatId\":\"c\",\"text\":5,\"sender\":\"s\"}", CHATWS_E_MESSAGE,
        "text must be a string");
    bad("{\"chatId\":\"c\",\"text\":null,\"sender\":\"s\"}", CHATWS_E_MESSAGE,
        "text must be a string");

    bad("{\"chatId\":\"c\",\"text\":\"t\"}", CHATWS_E_MESSAGE,
        "sender must be a string that is not empty");
    bad("{\"chatId\":\"c\",\"text\":\"t\",\"sender\":\"\"}", CHATWS_E_MESSAGE,
        "sender must be a string that is not empty");
    bad("{\"chatId\":\"c\",\"text\":\"t\",\"sender\":1}", CHATWS_E_MESSAGE,
        "sender must be a string");
    bad("{\"chatId\":\"c\",\"type\":\"x\",\"sender\":null}", CHATWS_E_MESSAGE,
        "sender must be a string");
    bad("{\"chatId\":\"c\",\"type\":\"x\",\"sender\":\"\\udfff\"}",
        CHATWS_E_MESSAGE, "sender must be a string");

    bad("{\"chatId\":\"c\",\"text\":\"t\",\"sender\":\"s\",\"id\":null}",
        CHATWS_E_MESSAGE, "id must be a string or a number");
    bad("{\"chatId\":\"c\",\"text\":\"t\",\"sender\":\"s\",\"id\":[1]}",
        CHATWS_E_MESSAGE, "id must be a string or a number");
    bad("{\"chatId\":\"c\",\"text\":\"t\",\"sender\":\"s\","
        "\"timestamp\":true}",
        CHATWS_E_MESSAGE, "timestamp must be a string or a number");
    bad("{\"chatId\":\"c\",\"type\":\"x\",\"timestamp\":null}",
        CHATWS_E_MESSAGE, "timestamp must be a string or a number");

    bad("{\"chatId\":\"c\",\"type\":\"chat_update\"}", CHATWS_E_MESSAGE,
        "lastMessage must be a string");
    bad("{\"chatId\":\"c\",\"type\":\"chat_update\",\"lastMessage\":{}}",
        CHATWS_E_MESSAGE, "lastMessage must be a string");
    bad("{\"chatId\":\"c\",\"type\":\"chat_update\",\"lastMessage\":\"\"}",
        CHATWS_E_MESSAGE, "lastMessageTime must be a string");
    bad("{\"chatId\":\"c\",\"type\":\"chat_update\",\"lastMessage\":\"\","
        "\"lastMessageTime\":1}",
        CHATWS_E_MESSAGE, "lastMessageTime must be a string");
    bad("{\"chatId\":\"c\",\"type\":\"chat_update\",\"lastMessage\":\"\","
        "\"lastMessageTime\":\"\"}",
        CHATWS_E_MESSAGE, "unreadCount must be an integer");
    bad("{\"chatId\":\"c\",\"type\":\"chat_update\",\"lastMessage\":\"\","
        "\"lastMessageTime\":\"\",\"unreadCount\":1.5}",
        CHATWS_E_MESSAGE, "unreadCount must be an integer");
    bad("{\"chatId\":\"c\",\"type\":\"chat_update\",\"lastMessage\":\"\","
        "\"lastMessageTime\":\"\",\"unreadCount\":\"1\"}",
        CHATWS_E_MESSAGE, "unreadCount must be an integer");
}


static void
test_types(void)
{
    char         name[128], text[256];
    size_t       i;

    const char  *details = "type must be new_message, chat_update, or a name "
                           "of a-z, 0-9 and _ that is not the server's "
                           "or the client's own";

    const char  *names[] = { "", "connected", "subscription_confirmed",
                             "user_typing", "error", "resumed", "open",
                             "connecting", "reconnecting", "closed",
                             "recovered", "gap", "message", "unauthorized",
                             "denied", "undecryptable", "resume\\u0064",
                             "X", "_x", "1x", "a-b", "a b", "aB",
                             "a\xc3\xa9", "NEW_MESSAGE", "a\\u0000" };

    const char  *others[] = { "a", "a1_", "resume", "new_messages",
                              "errors", "user_typing2", "z9", "opened",
                              "typing", "close", "typing_users",
                              "unsubscribed", "authenticated",
                              "token_expiring" };

    bad("{\"chatId\":\"c\",\"type\":1}", CHATWS_E_MESSAGE,
        "type must be a string");
    bad("{\"chatId\":\"c\",\"type\":null}", CHATWS_E_MESSAGE,
        "type must be a string");

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(text, sizeof(text), "{\"chatId\":\"c\",\"type\":\"%s\"}",
                 names[i]);
        bad(text, CHATWS_E_MESSAGE, details);
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(text, sizeof(text), "{\"chatId\":\"c\",\"type\":\"%s\"}",
                 others[i]);
        ok(parse(text) == CHATWS_OK && pub.kind == CHATWS_PUB_EVENT, "%s",
           text);
        release();
    }

    memset(name, 'x', sizeof(name));

    snprintf(text, sizeof(text), "{\"chatId\":\"c\",\"type\":\"%.*s\"}", 64,
             name);
    ok(parse(text) == CHATWS_OK, "a name of 64 bytes");
    release();

    snprintf(text, sizeof(text), "{\"chatId\":\"c\",\"type\":\"%.*s\"}", 65,
             name);
    bad(text, CHATWS_E_MESSAGE, details);
}


/* The promised room is enough; with less nothing is written. */

static void
test_room(void)
{
    size_t         i, n, size;
    uint8_t       *p;
    uint32_t       own;
    chatws_rc_e    rc;
    chatws_str_t   out;

    const char    *texts[] = {
        "{\"chatId\":\"c\",\"text\":\"\",\"sender\":\"s\"}",
        "{\"chatId\":\"c\",\"text\":\"\",\"sender\":\"s\",\"x\":1}",
        ("{\"type\":\"chat_update\",\"chatId\":\"c\",\"lastMessage\":\"\","
         "\"lastMessageTime\":\"\",\"unreadCount\":0,\"sender\":\"\"}"),
        "{\"type\":\"x\",\"chatId\":\"c\"}"
    };

    for (n = 0; n < 8; n++) {

        (void) parse(texts[n / 2]);
        chatws_publication_stamp(&pub, (uint8_t *)
                                 "msg_0123456789abcdefghijkl", TEST_MS);

        size = chatws_publication_size(&pub);

        for (i = 0; i <= size; i++) {
            p = malloc(i ? i : 1);

            out.data = p;
            out.len = i;

            if (n & 1) {
                rc = chatws_publication_answer(&pub, &out, UINT64_MAX,
                                               UINT64_MAX, UINT64_MAX);

            } else {
                rc = chatws_publication_body(&pub, &out, &own);
            }

            free(p);

            if (rc == CHATWS_OK) {
                break;
            }
        }

        ok(i <= size && out.len == i, "%zu of %zu bytes: %s", i, size,
           texts[n / 2]);

        release();
    }
}


/* inner: the members of message, a bar before the further ones */

static void
message(const char *text, const char *chat, const char *inner,
    const char *answered)
{
    char         body[1024], answer[1024];
    size_t       n;
    const char  *further;

    n = strcspn(inner, "|");
    further = (inner[n] == '|') ? inner + n + 1 : "";

    snprintf(body, sizeof(body), "{\"type\":\"new_message\",\"chatId\":%s,"
             "\"message\":{%.*s,\"isOwnMessage\":false%s},%s,\"seq\":", chat,
             (int) n, inner, further, TEST_TIME);

    snprintf(answer, sizeof(answer), "{%s,\"chatId\":%s%s",
             answered ? answered : inner, chat, TEST_TAIL);

    check(text, body, answer);
}


static void
check(const char *text, const char *body, const char *answer)
{
    size_t         size;
    uint8_t       *p;
    uint32_t       own;
    const char    *literal;
    chatws_rc_e    rc;
    chatws_str_t   out;

    rc = parse(text);

    if (!ok(rc == CHATWS_OK, "%s", text)) {
        printf("# rc %d, %.*s\n", rc, (int) pub.fault.details.len,
               (char *) pub.fault.details.data);
        release();
        return;
    }

    chatws_publication_stamp(&pub, (uint8_t *) "msg_0123456789abcdefghijkl",
                             TEST_MS);

    size = chatws_publication_size(&pub);
    p = malloc(size);

    out.data = p;
    out.len = size;

    rc = chatws_publication_body(&pub, &out, &own);

    if (!ok(rc == CHATWS_OK && same(&out, body), "its notification: %s",
            body))
    {
        printf("# rc %d, %.*s\n", rc, (int) out.len, (char *) out.data);
    }

    literal = strstr(body, "\"isOwnMessage\":false");

    ok(own == (literal ? (size_t) (literal - body) + 15 : 0)
       && (own == 0 || memcmp(p + own, "false", 5) == 0),
       "its isOwnMessage at %u", own);

    out.len = size;

    rc = chatws_publication_answer(&pub, &out, 39, 0x9f2c41d07be3, 3);

    if (!ok(rc == CHATWS_OK && same(&out, answer), "its answer: %s", answer))
    {
        printf("# rc %d, %.*s\n", rc, (int) out.len, (char *) out.data);
    }

    free(p);
    release();
}


static void
bad(const char *text, const char *error, const char *details)
{
    chatws_rc_e  rc;

    rc = parse(text);

    if (!ok(rc == CHATWS_ERROR && same(&pub.fault.error, error)
            && same(&pub.fault.details, details),
            "%s: %s", error, text))
    {
        printf("# rc %d, %.*s, %.*s\n", rc,
               (int) pub.fault.error.len, (char *) pub.fault.error.data,
               (int) pub.fault.details.len, (char *) pub.fault.details.data);
    }

    release();
}


static chatws_rc_e
parse(const char *text)
{
    void         *walk;
    size_t        size;
    chatws_rc_e   rc;

    size = take(text);

    rc = chatws_publication_parse(&pub, &input, CHATWS_JSON_DEPTH, mem, size);

    if (rc != CHATWS_OK) {
        return rc;
    }

    walk = malloc(size);
    rc = chatws_publication_aim(&pub, users, walk, size);
    free(walk);

    return rc;
}
