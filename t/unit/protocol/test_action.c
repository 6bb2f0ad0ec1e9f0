
/*
 * Copyright (C) chatws contributors
 *
 * Client messages: each verb, each error of the protocol's table, the order
 * of the checks.
 */


#include "json_test.h"

#include "protocol/chatws_action.c"
#include "protocol/chatws_action_read.c"
#include "protocol/chatws_action_presence.c"


static void test_verbs(void);
static void test_echo(void);
static void test_errors(void);
static void test_order(void);
static void test_since(void);
static void test_resume(void);
static void test_user(void);
static void test_state(void);
static void test_read(void);
static void test_auth(void);
static void test_limits(void);
static void good(const char *text, const char *expected);
static void bad(const char *text, const char *error, const char *details,
    const char *id);
static chatws_rc_e parse(const char *text, chatws_action_t *action);
static void arrived(void *data, const chatws_str_t *chat, uint64_t seq);
static chatws_rc_e collect(void *data, const chatws_resume_t *r);
static void resume(const char *text, const char *expected);


static char           chats[1024];
static unsigned       nchats;


int
main(void)
{
    test_verbs();
    test_echo();
    test_errors();
    test_order();
    test_since();
    test_resume();
    test_user();
    test_state();
    test_read();
    test_auth();
    test_limits();

    return done();
}


static void
test_verbs(void)
{
    size_t  i;

    for (i = 0; i < CHATWS_VERB_NONE; i++) {
        ok(chatws_action_rows[i].name.len != 0
           && chatws_action_rows[i].checks[0] != NULL,
           "verb %zu has a row", i);
    }

    good("{\"action\":\"subscribe\",\"chatId\":\"chat_1\"}", "0 chat_1");
    good("{\"action\":\"unsubscribe\",\"chatId\":\"chat_1\"}", "1 chat_1");
    good("{\"type\":\"typing\",\"chatId\":\"chat_1\",\"isTyping\":true}",
         "2 chat_1 typing");
    good("{\"type\":\"typing\",\"chatId\":\"chat_1\",\"isTyping\":false}",
         "2 chat_1");

    /* either name serves for each verb; action goes first */

    good("{\"type\":\"subscribe\",\"chatId\":\"c\"}", "0 c");
    good("{\"action\":\"typing\",\"chatId\":\"c\",\"isTyping\":true}",
         "2 c typing");
    good("{\"type\":\"typing\",\"chatId\":\"c\",\"action\":\"subscribe\"}",
         "0 c");
    good("{\"type\":5,\"chatId\":\"c\",\"action\":\"subscribe\"}", "0 c");

    /* unknown members, any order, the last of a name */

    good(" {\"x\":{\"chatId\":1},\"chatId\":\"c\",\"y\":[],"
         "\"action\":\"subscribe\",\"isTyping\":7} ", "0 c");
    good("{\"action\":\"x\",\"chatId\":1,\"action\":\"subscribe\","
         "\"chatId\":\"c\"}", "0 c");

    /* escapes */

    good("{\"\\u0061ction\":\"subscrib\\u0065\",\"chatId\":\"\\u00e9\\/\"}",
         "0 \xc3\xa9/");
    good("{\"action\":\"subscribe\",\"chatId\":\"\\ud83d\\ude00\"}",
         "0 \xf0\x9f\x98\x80");
    good("{\"action\":\"subscribe\",\"chatId\":\"c\",\"x\":\"\\ud800\"}",
         "0 c");
}


static void
test_echo(void)
{
    good("{\"id\":7,\"action\":\"subscribe\",\"chatId\":\"c\"}", "0 c id:7");
    good("{\"action\":\"subscribe\",\"chatId\":\"c\",\"id\":\"a\\u0062\"}",
         "0 c id:\"a\\u0062\"");
    good("{\"action\":\"subscribe\",\"chatId\":\"c\",\"id\":\"\"}",
         "0 c id:\"\"");
    good("{\"action\":\"subscribe\",\"chatId\":\"c\","
         "\"id\":-12345678901234567890}",
         "0 c id:-12345678901234567890");
    good("{\"action\":\"subscribe\",\"chatId\":\"c\",\"id\":\"\\ud800\"}",
         "0 c id:\"\\ud800\"");

    bad("{\"action\":\"jump\",\"id\":7}", CHATWS_E_TYPE,
        "Unknown message type: jump", "7");
    bad("{\"id\":\"x\"}", CHATWS_E_TYPE, "No action or type is given",
        "\"x\"");
    bad("{\"action\":\"subscribe\",\"id\":0}", CHATWS_E_MESSAGE,
        "chatId must be a string", "0");
    bad("{\"action\":\"subscribe\",\"id\":0,\"chatId\":\"\"}",
        CHATWS_E_CHAT, CHATWS_D_CHAT, "0");
    bad("{\"id\":7", CHATWS_E_JSON, CHATWS_D_JSON, "");
}


static void
test_errors(void)
{
    const char  *id = "id must be a string of at most 64 bytes or an integer";

    bad("", CHATWS_E_JSON, CHATWS_D_JSON, "");
    bad("hello", CHATWS_E_JSON, CHATWS_D_JSON, "");
    bad("[]", CHATWS_E_JSON, CHATWS_D_JSON, "");
    bad("\"subscribe\"", CHATWS_E_JSON, CHATWS_D_JSON, "");
    bad("{\"action\":\"subscribe\",\"chatId\":\"c\"}x", CHATWS_E_JSON,
        CHATWS_D_JSON, "");
    bad("{\"action\":\"subscribe\",\"chatId\":\"c\"}{}", CHATWS_E_JSON,
        CHATWS_D_JSON, "");

    bad("{}", CHATWS_E_TYPE, "No action or type is given", "");
    bad("{\"chatId\":\"c\"}", CHATWS_E_TYPE, "No action or type is given", "");
    bad("{\"action\":\"\"}", CHATWS_E_TYPE, "Unknown message type: ", "");
    bad("{\"action\":\"Subscribe\",\"chatId\":\"c\"}", CHATWS_E_TYPE,
        "Unknown message type: Subscribe", "");
    bad("{\"type\":\"a\\n\\\"\"}", CHATWS_E_TYPE,
        "Unknown message type: a\n\"", "");
    bad("{\"type\":\"\\ud800\"}", CHATWS_E_TYPE,
        "Unknown message type: \xef\xbf\xbd", "");
    bad("{\"action\":\"subscribed\"}", CHATWS_E_TYPE,
        "Unknown message type: subscribed", "");

    bad("{\"action\":1,\"type\":\"typing\"}", CHATWS_E_MESSAGE,
        "action must be a string", "");
    bad("{\"action\":null}", CHATWS_E_MESSAGE, "action must be a string", "");
    bad("{\"type\":{}}", CHATWS_E_MESSAGE, "type must be a string", "");

    bad("{\"id\":1.5}", CHATWS_E_MESSAGE, id, "");
    bad("{\"id\":1e3}", CHATWS_E_MESSAGE, id, "");
    bad("{\"id\":null}", CHATWS_E_MESSAGE, id, "");
    bad("{\"id\":true}", CHATWS_E_MESSAGE, id, "");
    bad("{\"id\":[]}", CHATWS_E_MESSAGE, id, "");
    bad("{\"id\":{}}", CHATWS_E_MESSAGE, id, "");

    bad("{\"action\":\"subscribe\"}", CHATWS_E_MESSAGE,
        "chatId must be a string", "");
    bad("{\"action\":\"unsubscribe\",\"chatId\":5}", CHATWS_E_MESSAGE,
        "chatId must be a string", "");
    bad("{\"action\":\"typing\",\"chatId\":null,\"isTyping\":true}",
        CHATWS_E_MESSAGE, "chatId must be a string", "");

    bad("{\"action\":\"subscribe\",\"chatId\":\"\"}", CHATWS_E_CHAT,
        CHATWS_D_CHAT, "");
    bad("{\"action\":\"subscribe\",\"chatId\":\"a\\nb\"}", CHATWS_E_CHAT,
        CHATWS_D_CHAT, "");
    bad("{\"action\":\"subscribe\",\"chatId\":\"a\\u0000b\"}", CHATWS_E_CHAT,
        CHATWS_D_CHAT, "");
    bad("{\"action\":\"subscribe\",\"chatId\":\"\\u0085\"}", CHATWS_E_CHAT,
        CHATWS_D_CHAT, "");
    bad("{\"action\":\"subscribe\",\"chatId\":\"\x7f\"}", CHATWS_E_CHAT,
        CHATWS_D_CHAT, "");
    bad("{\"action\":\"subscribe\",\"chatId\":\"x\\udc00\"}", CHATWS_E_CHAT,
        CHATWS_D_CHAT, "");

    bad("{\"type\":\"typing\",\"chatId\":\"c\"}", CHATWS_E_MESSAGE,
        "isTyping must be a boolean", "");
    bad("{\"type\":\"typing\",\"chatId\":\"c\",\"isTyping\":1}",
        CHATWS_E_MESSAGE, "isTyping must be a boolean", "");
    bad("{\"type\":\"typing\",\"chatId\":\"c\",\"isTyping\":\"true\"}",
        CHATWS_E_MESSAGE, "isTyping must be a boolean", "");
    bad("{\"type\":\"typing\",\"chatId\":\"c\",\"isTyping\":null}",
        CHATWS_E_MESSAGE, "isTyping must be a boolean", "");
}


static void
test_order(void)
{
    bad("{\"id\":[],\"action\":\"jump\"}x", CHATWS_E_JSON, CHATWS_D_JSON, "");
    bad("{\"action\":\"jump\",\"id\":[]}", CHATWS_E_MESSAGE,
        "id must be a string of at most 64 bytes or an integer", "");
    bad("{\"chatId\":\"\",\"action\":\"jump\"}", CHATWS_E_TYPE,
        "Unknown message type: jump", "");
    bad("{\"type\":\"typing\",\"chatId\":\"\"}", CHATWS_E_CHAT,
        CHATWS_D_CHAT, "");
    bad("{\"action\":\"subscribe\",\"since\":1}", CHATWS_E_MESSAGE,
        "chatId must be a string", "");
}


static void
test_since(void)
{
    size_t       i;

    const char  *since[] = {
        "1", "null", "[]", "\"x\"", "{}", "{\"seq\":1}",
        "{\"epoch\":\"9f2c41d07be3\"}",
        "{\"seq\":-1,\"epoch\":\"9f2c41d07be3\"}",
        "{\"seq\":1.0,\"epoch\":\"9f2c41d07be3\"}",
        "{\"seq\":1e2,\"epoch\":\"9f2c41d07be3\"}",
        "{\"seq\":\"1\",\"epoch\":\"9f2c41d07be3\"}",
        "{\"seq\":18446744073709551616,\"epoch\":\"9f2c41d07be3\"}",
        "{\"seq\":1,\"epoch\":5}", "{\"seq\":1,\"epoch\":null}"
    };

    char         text[256];

    good("{\"action\":\"subscribe\",\"chatId\":\"chat_1\","
         "\"since\":{\"seq\":38,\"epoch\":\"9f2c41d07be3\"}}",
         "0 chat_1 since:38,9f2c41d07be3");
    good("{\"since\":{\"epoch\":\"\\u0039f2c41d07be3\",\"seq\":0,\"x\":[],"
         "\"chatId\":\"no\",\"id\":\"no\"},\"seq\":\"no\",\"epoch\":5,"
         "\"chatId\":\"c\",\"action\":\"subscribe\"}",
         "0 c since:0,9f2c41d07be3");
    good("{\"action\":\"subscribe\",\"chatId\":\"c\","
         "\"since\":{\"seq\":18446744073709551615,\"epoch\":\"other\"}}",
         "0 c since:18446744073709551615,ffffffffffffffff");

    /* without a meaning elsewhere */

    good("{\"action\":\"unsubscribe\",\"chatId\":\"c\",\"since\":1}", "1 c");

    for (i = 0; i < sizeof(since) / sizeof(since[0]); i++) {
        snprintf(text, sizeof(text), "{\"action\":\"subscribe\","
                 "\"chatId\":\"c\",\"seq\":1,\"epoch\":\"9f2c41d07be3\","
                 "\"since\":%s}", since[i]);

        bad(text, CHATWS_E_MESSAGE,
            "since must be an object with a non-negative integer seq and a "
            "string epoch", "");
    }
}


static void
test_resume(void)
{
    resume("{\"action\":\"resume\",\"chats\":{\"chat_1\":{\"seq\":38},"
           "\"\\u00e9\":{\"seq\":0,\"x\":1}},\"epoch\":\"9f2c41d07be3\"}",
           "chat_1=38 \xc3\xa9=0 ");
    resume("{\"action\":\"resume\",\"chats\":{},\"epoch\":\"9f2c41d07be3\"}",
           "");
    resume("{\"action\":\"resume\",\"epoch\":\"9f2c41d07be3\","
           "\"chats\":{\"\":{\"seq\":1},\"a\\n\":{\"seq\":1},\"\\ud800\":{},"
           "\"b\":1,\"c\":{},\"d\":{\"seq\":-1},\"e\":{\"seq\":2}}}",
           "=Invalid chatId a\n=Invalid chatId "
           "\xef\xbf\xbd=Invalid chatId b=Invalid message "
           "c=Invalid message d=Invalid message e=2 ");

    bad("{\"action\":\"resume\",\"epoch\":\"9f2c41d07be3\",\"id\":1}",
        CHATWS_E_MESSAGE, "chats must be an object", "1");
    bad("{\"action\":\"resume\",\"epoch\":\"9f2c41d07be3\",\"chats\":[]}",
        CHATWS_E_MESSAGE, "chats must be an object", "");
    bad("{\"action\":\"resume\",\"chats\":{}}", CHATWS_E_MESSAGE,
        "epoch must be a string", "");
    bad("{\"action\":\"resume\",\"chats\":{},\"epoch\":1}", CHATWS_E_MESSAGE,
        "epoch must be a string", "");
}


static void
test_state(void)
{
    good("{\"action\":\"subscribe\",\"chatId\":\"c\",\"state\":true}",
         "0 c state");
    good("{\"action\":\"subscribe\",\"chatId\":\"c\",\"state\":true,"
         "\"since\":{\"seq\":1,\"epoch\":\"9f2c41d07be3\",\"state\":false}}",
         "0 c state since:1,9f2c41d07be3");
    good("{\"action\":\"unsubscribe\",\"chatId\":\"c\",\"state\":true}",
         "1 c");

    /* nothing else says anything */

    good("{\"action\":\"subscribe\",\"chatId\":\"c\",\"state\":false}",
         "0 c");
    good("{\"action\":\"subscribe\",\"chatId\":\"c\",\"state\":1}", "0 c");
    good("{\"action\":\"subscribe\",\"chatId\":\"c\",\"state\":\"true\"}",
         "0 c");
    good("{\"action\":\"subscribe\",\"chatId\":\"c\",\"state\":null}",
         "0 c");

    resume("{\"action\":\"resume\",\"chats\":{\"c\":{\"seq\":3}},"
           "\"epoch\":\"9f2c41d07be3\",\"state\":true}", "c=3 ");
}


/* The position of a resume in the inbox of its user. */

static void
test_user(void)
{
    size_t           i;
    chatws_rc_e      rc;
    chatws_action_t  action;

    static const struct {
        const char  *user;
        uint64_t     seq;
        uint64_t     epoch;
        unsigned     bad;
    } cases[] = {
        { "{\"seq\":9}", 9, 0x9f2c41d07be3, 0 },
        { "{\"seq\":9,\"epoch\":\"9f2c41d07be4\"}", 9, 0x9f2c41d07be4, 0 },
        { "{\"seq\":9,\"epoch\":7}", 9, CHATWS_EPOCH_NONE, 0 },
        { "{}", 0, 0x9f2c41d07be3, 1 },
        { "{\"seq\":-1}", 0, 0x9f2c41d07be3, 1 },
        { "{\"seq\":\"9\"}", 0, 0x9f2c41d07be3, 1 },
        { "[9]", 0, 0x9f2c41d07be3, 1 },
        { "9", 0, 0x9f2c41d07be3, 1 },
        { "null", 0, 0x9f2c41d07be3, 1 }
    };

    char  text[256];

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "{\"action\":\"resume\",\"user\":%s,"
                 "\"chats\":{},\"epoch\":\"9f2c41d07be3\"}", cases[i].user);

        rc = parse(text, &action);

        ok(rc == CHATWS_OK && action.user
           && action.user_bad == cases[i].bad
           && (cases[i].bad || action.user_seq == cases[i].seq)
           && action.user_epoch == cases[i].epoch
           && action.epoch == 0x9f2c41d07be3, "%s", text);

        release();
    }

    rc = parse("{\"action\":\"resume\",\"chats\":{},"
               "\"epoch\":\"9f2c41d07be3\"}", &action);

    ok(rc == CHATWS_OK && !action.user, "no user");

    release();
}


static void
test_read(void)
{
    size_t                i;
    chatws_str_t          text;
    chatws_action_t       action;
    static uint8_t        mem[65536];
    static const char    *epochs[] = { "", ",\"epoch\":7", ",\"epoch\":null",
                                       ",\"epoch\":\"other\"" };
    char                  line[256];

    static const chatws_str_t  several = chatws_str(
        "{\"action\":\"delivered\",\"epoch\":\"9f2c41d07be3\","
        "\"chats\":{\"a\":1,\"\":2,\"b\":\"3\",\"c\":-4,\"d\":5.0,\"e\":{},"
        "\"a\\n\":6,\"\\u00e9\":7}}");

    good("{\"action\":\"read\",\"chatId\":\"c\",\"seq\":41,"
         "\"epoch\":\"9f2c41d07be3\"}", "5 c read:41,9f2c41d07be3");
    good("{\"action\":\"read\",\"chatId\":\"c\",\"seq\":0,\"private\":true,"
         "\"epoch\":\"9f2c41d07be3\"}", "5 c read:0,9f2c41d07be3 secret");

    for (i = 0; i < sizeof(epochs) / sizeof(epochs[0]); i++) {
        snprintf(line, sizeof(line), "{\"action\":\"read\",\"chatId\":\"c\","
                 "\"seq\":1%s}", epochs[i]);
        good(line, "5 c read:1,ffffffffffffffff");
    }

    bad("{\"action\":\"read\",\"chatId\":\"c\"}", CHATWS_E_MESSAGE,
        "seq must be a non-negative integer", "");
    bad("{\"action\":\"read\",\"chatId\":\"c\",\"seq\":1.5}",
        CHATWS_E_MESSAGE, "seq must be a non-negative integer", "");
    bad("{\"action\":\"read\",\"chatId\":\"c\",\"seq\":1,\"private\":0}",
        CHATWS_E_MESSAGE, "private must be a boolean", "");
    bad("{\"action\":\"read\",\"seq\":1}", CHATWS_E_MESSAGE,
        "chatId must be a string", "");

    good("{\"action\":\"mark\",\"chatId\":\"c\",\"unread\":true}",
         "6 c unread");
    good("{\"action\":\"mark\",\"chatId\":\"c\",\"unread\":false}", "6 c");
    bad("{\"action\":\"mark\",\"chatId\":\"c\"}", CHATWS_E_MESSAGE,
        "unread must be a boolean", "");
    bad("{\"action\":\"mark\",\"chatId\":\"c\",\"unread\":1}",
        CHATWS_E_MESSAGE, "unread must be a boolean", "");

    bad("{\"action\":\"delivered\"}", CHATWS_E_MESSAGE,
        "chats must be an object", "");
    bad("{\"action\":\"delivered\",\"chats\":[]}", CHATWS_E_MESSAGE,
        "chats must be an object", "");

    /* what is not written as it has to be is left out */

    text = several;
    chats[0] = '\0';

    ok(chatws_action_parse(&action, &text, CHATWS_JSON_DEPTH, mem, 32768)
       == CHATWS_OK && action.epoch == 0x9f2c41d07be3, "a delivered");

    chatws_action_delivered_chats(&action, CHATWS_JSON_DEPTH, mem + 32768,
                                  32768, arrived, NULL);

    ok(strcmp(chats, "a=1 \xc3\xa9=7 ") == 0, "its chats: %s", chats);
}


static void
arrived(void *data, const chatws_str_t *chat, uint64_t seq)
{
    size_t  n;

    (void) data;

    n = strlen(chats);

    snprintf(chats + n, sizeof(chats) - n, "%.*s=%llu ", (int) chat->len,
             (char *) chat->data, (unsigned long long) seq);
}


static void
test_limits(void)
{
    int               n;
    char              text[1024], shown[128], raw[128];
    chatws_rc_e       rc;
    chatws_action_t   action;

    memset(raw, 'x', sizeof(raw));

    for (n = 127; n <= 129; n++) {
        snprintf(text, sizeof(text), "{\"action\":\"subscribe\",\"x\":1,"
                 "\"chatId\":\"%.*s%s\"}", n - 1,
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxx", "\\u0061");

        rc = parse(text, &action);

        ok((rc == CHATWS_OK) == (n <= 128)
           && (rc != CHATWS_OK || action.chat.len == (size_t) n),
           "a chat id of %d bytes", n);

        release();
    }

    for (n = 64; n <= 65; n++) {
        snprintf(text, sizeof(text), "{\"action\":\"subscribe\","
                 "\"chatId\":\"c\",\"id\":\"%.*s\"}", n, raw);

        ok((parse(text, &action) == CHATWS_OK) == (n == 64)
           && action.id.len == ((n == 64) ? 66 : 0),
           "an id of %d bytes", n);

        release();

        memset(shown, '9', sizeof(shown));
        snprintf(text, sizeof(text), "{\"action\":\"subscribe\","
                 "\"chatId\":\"c\",\"id\":%.*s}", n, shown);

        ok((parse(text, &action) == CHATWS_OK) == (n == 64),
           "an id of %d digits", n);

        release();
    }

    /* a long verb is cut between characters */

    snprintf(text, sizeof(text), "{\"action\":\"%.*s\xc3\xa9xxx\"}", 63, raw);
    snprintf(shown, sizeof(shown), "Unknown message type: %.*s", 63, raw);

    bad(text, CHATWS_E_TYPE, shown, "");

    /* too small a block is no more than an error */

    input.data = (uint8_t *) "{\"action\":\"subscribe\",\"chatId\":\"\\n\"}";
    input.len = strlen((char *) input.data);

    for (n = 0; n < 12000; n += 11) {
        mem = malloc(n ? n : 1);
        (void) chatws_action_parse(&action, &input, 32, mem, n);
        free(mem);
    }

    ok(1, "any size of the block");
}


static void
test_auth(void)
{
    good("{\"action\":\"auth\",\"token\":\"a.b.c\",\"id\":1}",
         "4  token:a.b.c id:1");
    good("{\"type\":\"auth\",\"token\":\"\\u0061\"}", "4  token:a");

    bad("{\"action\":\"auth\",\"id\":2}", CHATWS_E_MESSAGE,
        "token must be a string", "2");
    bad("{\"action\":\"auth\",\"token\":{}}", CHATWS_E_MESSAGE,
        "token must be a string", "");
}


static void
good(const char *text, const char *expected)
{
    int               n;
    char              buf[512];
    chatws_rc_e       rc;
    chatws_action_t   action;

    rc = parse(text, &action);

    n = snprintf(buf, sizeof(buf), "%d %.*s%s%s", action.verb,
                 (int) action.chat.len, (char *) action.chat.data,
                 action.typing ? " typing" : "",
                 action.state ? " state" : "");

    if (action.verb == CHATWS_VERB_READ) {
        n += snprintf(buf + n, sizeof(buf) - n, " read:%llu,%012llx%s",
                      (unsigned long long) action.seq,
                      (unsigned long long) action.epoch,
                      action.secret ? " secret" : "");
    }

    if (action.unread) {
        n += snprintf(buf + n, sizeof(buf) - n, " unread");
    }

    if (action.since) {
        n += snprintf(buf + n, sizeof(buf) - n, " since:%llu,%012llx",
                      (unsigned long long) action.seq,
                      (unsigned long long) action.epoch);
    }

    if (action.token.len != 0) {
        n += snprintf(buf + n, sizeof(buf) - n, " token:%.*s",
                      (int) action.token.len, (char *) action.token.data);
    }

    if (action.id.len != 0) {
        snprintf(buf + n, sizeof(buf) - n, " id:%.*s", (int) action.id.len,
                 (char *) action.id.data);
    }

    if (!ok(rc == CHATWS_OK && strcmp(buf, expected) == 0, "%s", text)) {
        printf("# rc %d, %s, %.*s\n", rc, buf,
               (int) action.fault.details.len,
               (char *) action.fault.details.data);
    }

    release();
}


static void
bad(const char *text, const char *error, const char *details, const char *id)
{
    chatws_rc_e      rc;
    chatws_action_t  action;

    rc = parse(text, &action);

    if (!ok(rc == CHATWS_ERROR && same(&action.fault.error, error)
            && same(&action.fault.details, details) && same(&action.id, id),
            "%s: %s", error, text))
    {
        printf("# rc %d, %.*s, %.*s\n", rc,
               (int) action.fault.error.len,
               (char *) action.fault.error.data,
               (int) action.fault.details.len,
               (char *) action.fault.details.data);
    }

    release();
}


static chatws_rc_e
parse(const char *text, chatws_action_t *action)
{
    size_t  size;

    size = take(text);

    return chatws_action_parse(action, &input, CHATWS_JSON_DEPTH, mem, size);
}


static chatws_rc_e
collect(void *data, const chatws_resume_t *r)
{
    unsigned *stop = data;

    size_t  n;

    n = strlen(chats);

    if (r->fault.error.len != 0) {
        snprintf(chats + n, sizeof(chats) - n, "%.*s=%.*s ",
                 (int) r->chat.len, (char *) r->chat.data,
                 (int) r->fault.error.len, (char *) r->fault.error.data);

    } else {
        snprintf(chats + n, sizeof(chats) - n, "%.*s=%llu ",
                 (int) r->chat.len, (char *) r->chat.data,
                 (unsigned long long) r->seq);
    }

    return (++nchats == *stop) ? CHATWS_BUSY : CHATWS_OK;
}


static void
resume(const char *text, const char *expected)
{
    void             *block;
    size_t            size;
    unsigned          stop;
    chatws_rc_e       rc;
    chatws_action_t   action;

    rc = parse(text, &action);

    ok(rc == CHATWS_OK && action.verb == CHATWS_VERB_RESUME
       && action.epoch == 0x9f2c41d07be3,
       "%s", text);

    size = chatws_json_arena_size(action.chats.len);
    block = malloc(size);

    chats[0] = '\0';
    nchats = 0;
    stop = 0;

    rc = chatws_action_resume(&action, CHATWS_JSON_DEPTH, block, size, collect,
                              &stop);

    ok(rc == CHATWS_OK && strcmp(chats, expected) == 0, "its chats: %s",
       chats);

    if (nchats != 0) {
        nchats = 0;
        stop = 1;

        ok(chatws_action_resume(&action, CHATWS_JSON_DEPTH, block, size,
                                collect, &stop)
           == CHATWS_BUSY && nchats == 1,
           "a handler ends the walk");
    }

    free(block);
    release();
}
