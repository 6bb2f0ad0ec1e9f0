
/*
 * Copyright (C) chatws contributors
 *
 * Commands of an app server: their members, what is refused, the rest of a
 * publish, and the packed form.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "base/chatws_decimal.c"
#include "base/chatws_fault.c"
#include "base/chatws_id.c"
#include "base/chatws_name.c"
#include "base/chatws_str.c"
#include "base/chatws_utf8.c"
#include "json/chatws_json.c"
#include "json/chatws_json_known.c"
#include "json/chatws_json_memory.c"
#include "json/chatws_json_scan.c"
#include "protocol/chatws_command.c"
#include "protocol/chatws_command_check.c"
#include "protocol/chatws_command_members.c"
#include "protocol/chatws_command_pack.c"
#include "protocol/chatws_members.c"


static void test_kinds(void);
static void test_faults(void);
static void test_members(void);
static void test_read(void);
static void test_lists(void);
static void test_list_faults(void);
static void test_chats(void);
static void test_publish(void);
static void test_pack(void);
static void test_unpack(void);
static chatws_rc_e parse(const char *json);
static chatws_rc_e list(const char *json);
static chatws_rc_e list_entry(void *data, const chatws_members_entry_t *entry);
static chatws_rc_e list_chat(void *data, const chatws_str_t *chat,
    uint64_t unread, int valid);
static int same(const chatws_str_t *str, const char *text);


static char              text[8192];
static uint8_t          *mem;
static chatws_command_t  command;
static chatws_fault_t    fault;
static char              seen[4096];     /* the entries of a list */


int
main(void)
{
    mem = malloc(chatws_json_arena_size(sizeof(text)));

    test_kinds();
    test_faults();
    test_members();
    test_read();
    test_lists();
    test_list_faults();
    test_chats();
    test_publish();
    test_pack();
    test_unpack();

    free(mem);

    return done();
}


static chatws_rc_e
parse(const char *json)
{
    chatws_str_t  str;

    str.len = strlen(json);
    str.data = (uint8_t *) text;
    memcpy(text, json, str.len + 1);

    return chatws_command_parse(&command, &str, CHATWS_JSON_DEPTH, mem,
                                chatws_json_arena_size(sizeof(text)));
}


static int
same(const chatws_str_t *str, const char *s)
{
    return str->len == strlen(s) && memcmp(str->data, s, str->len) == 0;
}


static void
test_kinds(void)
{
    ok(parse("{\"command\":\"subscribe\",\"userId\":\"u\",\"chatId\":\"c\","
             "\"session\":\"s_1\",\"x\":[{}]}") == CHATWS_OK
       && command.kind == CHATWS_COMMAND_SUBSCRIBE
       && same(&command.user, "u") && same(&command.chat, "c")
       && same(&command.session, "s_1"), "subscribe");

    ok(parse("{\"command\":\"unsubscribe\",\"userId\":\"u\","
             "\"chatId\":\"\\u0063\"}") == CHATWS_OK
       && command.kind == CHATWS_COMMAND_UNSUBSCRIBE
       && same(&command.chat, "c") && !command.has_until, "unsubscribe");

    ok(parse("{\"command\":\"unsubscribe\",\"userId\":\"u\",\"chatId\":\"c\","
             "\"until\":1790000000}") == CHATWS_OK
       && command.has_until && command.until == 1790000000,
       "unsubscribe, until");

    ok(parse("{\"command\":\"disconnect\",\"userId\":\"u\"}") == CHATWS_OK
       && command.kind == CHATWS_COMMAND_DISCONNECT
       && command.code == 4403 && same(&command.reason, "disconnected")
       && command.session.len == 0 && command.except.len == 0, "disconnect");

    ok(parse("{\"command\":\"disconnect\",\"userId\":\"u\",\"code\":3000,"
             "\"reason\":\"so\",\"except\":\"s_2\"}") == CHATWS_OK
       && command.code == 3000 && same(&command.reason, "so")
       && same(&command.except, "s_2"), "disconnect, all members");

    ok(parse("{\"command\":\"expire\",\"userId\":\"u\",\"at\":0}") == CHATWS_OK
       && command.kind == CHATWS_COMMAND_EXPIRE && command.at == 0,
       "expire");

    ok(parse("{\"command\":\"revoke\",\"jti\":\"j\"}") == CHATWS_OK
       && command.kind == CHATWS_COMMAND_REVOKE && same(&command.jti, "j")
       && !command.has_before, "revoke by jti");

    ok(parse("{\"command\":\"revoke\",\"kid\":\"k\",\"until\":5}") == CHATWS_OK
       && same(&command.kid, "k") && command.until == 5, "revoke by kid");

    ok(parse("{\"command\":\"revoke\",\"userId\":\"u\",\"issuedBefore\":7}")
       == CHATWS_OK
       && same(&command.user, "u") && command.has_before
       && command.before == 7, "revoke by user and age");

    ok(parse("{\"command\":\"revoke\",\"issuedBefore\":7}") == CHATWS_OK
       && command.user.len == 0 && command.has_before, "revoke by age");

    ok(parse("{\"command\":\"forget\"}") == CHATWS_OK
       && command.kind == CHATWS_COMMAND_FORGET
       && command.user.len == 0 && command.chat.len == 0, "forget all");

    ok(parse("{\"command\":\"forget\",\"userId\":\"u\",\"chatId\":\"c\"}")
       == CHATWS_OK
       && same(&command.user, "u") && same(&command.chat, "c"),
       "forget a user in a chat");

    ok(parse("{\"command\":\"changes\",\"ack\":\"a-1\",\"wait\":60}")
       == CHATWS_OK
       && command.kind == CHATWS_COMMAND_CHANGES && command.wait == 60
       && same(&command.ack, "a-1"),
       "changes");
    ok(parse("{\"command\":\"changes\"}") == CHATWS_OK
       && command.ack.len == 0 && command.wait == 0, "changes without members");

    ok(parse("{\"command\":\"expire\",\"command\":\"forget\"}") == CHATWS_OK
       && command.kind == CHATWS_COMMAND_FORGET, "the last of two counts");
}


static void
test_faults(void)
{
    size_t                  i;

    static const struct {
        const char         *json;
        const char         *error;
        const char         *details;
    } cases[] = {
        { "", "Invalid JSON", "Could not parse message as JSON" },
        { "{\"command\":\"forget\"}x", "Invalid JSON",
          "Could not parse message as JSON" },
        { "{}", "Unknown command", "command must be a string" },
        { "{\"command\":1}", "Unknown command", "command must be a string" },
        { "{\"command\":\"Forget\"}", "Unknown command",
          "Unknown command: Forget" },
        { "{\"command\":\"broadcast\"}", "Unknown command",
          "Unknown command: broadcast" },
        { "{\"command\":\"changes\",\"wait\":61}", "Invalid message",
          "wait must be an integer from 0 to 60" },
        { "{\"command\":\"changes\",\"ack\":1}", "Invalid message",
          "ack must be a string of 1 to 64 bytes" },
        { "{\"type\":\"forget\"}", "Unknown command",
          "command must be a string" },
        { "{\"command\":\"disconnect\"}", "Invalid message",
          "userId must be a string" },
        { "{\"command\":\"disconnect\",\"userId\":\"\"}", "Invalid userId",
          "userId must be 1 to 128 bytes of UTF-8 without control "
          "characters" },
        { "{\"command\":\"disconnect\",\"userId\":\"\\ud800\"}",
          "Invalid userId",
          "userId must be 1 to 128 bytes of UTF-8 without control "
          "characters" },
        { "{\"command\":\"disconnect\",\"userId\":\"u\",\"code\":2999}",
          "Invalid message", "code must be an integer from 3000 to 4999" },
        { "{\"command\":\"disconnect\",\"userId\":\"u\",\"code\":5000}",
          "Invalid message", "code must be an integer from 3000 to 4999" },
        { "{\"command\":\"disconnect\",\"userId\":\"u\",\"code\":3e3}",
          "Invalid message", "code must be an integer from 3000 to 4999" },
        { "{\"command\":\"disconnect\",\"userId\":\"u\",\"reason\":\"\"}",
          "Invalid message", "reason must be a string of 1 to 123 bytes" },
        { "{\"command\":\"disconnect\",\"userId\":\"u\",\"reason\":\"\\n\"}",
          "Invalid message", "reason must be a string of 1 to 123 bytes" },
        { "{\"command\":\"disconnect\",\"userId\":\"u\",\"session\":1}",
          "Invalid message", "session must be a string of 1 to 64 bytes" },
        { "{\"command\":\"disconnect\",\"userId\":\"u\",\"except\":[]}",
          "Invalid message", "except must be a string of 1 to 64 bytes" },
        { "{\"command\":\"subscribe\",\"userId\":\"u\"}",
          "Invalid message", "chatId must be a string" },
        { "{\"command\":\"subscribe\",\"userId\":\"u\",\"chatId\":\"\"}",
          "Invalid chatId",
          "chatId must be 1 to 128 bytes of UTF-8 without control "
          "characters" },
        { "{\"command\":\"expire\",\"userId\":\"u\"}", "Invalid message",
          "at must be an integer, in seconds since 1970" },
        { "{\"command\":\"expire\",\"userId\":\"u\",\"at\":-1}",
          "Invalid message",
          "at must be an integer, in seconds since 1970" },
        { "{\"command\":\"expire\",\"userId\":\"u\",\"at\":1e400}",
          "Invalid message",
          "at must be an integer, in seconds since 1970" },
        { "{\"command\":\"expire\",\"userId\":\"u\","
          "\"at\":9007199254740992}", "Invalid message",
          "at must be an integer, in seconds since 1970" },
        { "{\"command\":\"unsubscribe\",\"userId\":\"u\",\"chatId\":\"c\","
          "\"until\":\"5\"}", "Invalid message",
          "until must be an integer, in seconds since 1970" },
        { "{\"command\":\"revoke\"}", "Invalid message",
          "one of jti, kid and issuedBefore must be given" },
        { "{\"command\":\"revoke\",\"jti\":\"j\",\"kid\":\"k\"}",
          "Invalid message",
          "one of jti, kid and issuedBefore must be given" },
        { "{\"command\":\"revoke\",\"jti\":\"j\",\"issuedBefore\":1}",
          "Invalid message",
          "one of jti, kid and issuedBefore must be given" },
        { "{\"command\":\"revoke\",\"userId\":\"u\",\"jti\":\"j\"}",
          "Invalid message",
          "one of jti, kid and issuedBefore must be given" },
        { "{\"command\":\"revoke\",\"userId\":\"u\"}", "Invalid message",
          "issuedBefore must be an integer, in seconds since 1970" },
        { "{\"command\":\"revoke\",\"jti\":\"\"}", "Invalid message",
          "jti must be a string of 1 to 1024 bytes" },
        { "{\"command\":\"revoke\",\"kid\":7}", "Invalid message",
          "kid must be a string of 1 to 1024 bytes" }
    };

    for (i = 0; i < chatws_nelts(cases); i++) {
        ok(parse(cases[i].json) == CHATWS_ERROR
           && same(&command.fault.error, cases[i].error)
           && same(&command.fault.details, cases[i].details),
           "%s", cases[i].json);
    }
}


static void
test_read(void)
{
    ok(parse("{\"command\":\"read\",\"chatId\":\"c\",\"reads\":{\"u\":41},"
             "\"epoch\":\"9f2c41d07be3\"}") == CHATWS_OK
       && command.kind == CHATWS_COMMAND_READ && same(&command.chat, "c")
       && same(&command.reads, "{\"u\":41}") && command.unread.len == 0
       && command.epoch == 0x9f2c41d07be3, "read, with an epoch");
    ok(parse("{\"command\":\"read\",\"chatId\":\"c\",\"unread\":{\"u\":3}}")
       == CHATWS_OK && command.reads.len == 0
       && same(&command.unread, "{\"u\":3}"), "read, what is unread");

    ok(parse("{\"command\":\"read\",\"chatId\":\"c\"}") == CHATWS_ERROR
       && parse("{\"command\":\"read\",\"chatId\":\"c\",\"reads\":[]}")
          == CHATWS_ERROR
       && parse("{\"command\":\"read\",\"chatId\":\"c\",\"unread\":3}")
          == CHATWS_ERROR
       && same(&command.fault.details, "reads or unread must be an object of "
               "users and numbers"), "read, without a list");
    ok(parse("{\"command\":\"read\",\"chatId\":\"c\",\"reads\":{}}")
       == CHATWS_ERROR
       && same(&command.fault.details, "epoch must be given with reads"),
       "read, without an epoch");
    ok(parse("{\"command\":\"read\",\"reads\":{}}") == CHATWS_ERROR,
       "read, without a chat");
}


static void
test_members(void)
{
    ok(parse("{\"command\":\"members\",\"chatId\":\"c\"}") == CHATWS_OK
       && command.kind == CHATWS_COMMAND_MEMBERS && same(&command.chat, "c")
       && command.add.len == 0 && command.remove.len == 0
       && !command.replace && command.version == 0, "members, nothing to do");

    ok(parse("{\"command\":\"members\",\"chatId\":\"c\",\"add\":[\"u\"],"
             "\"remove\":[],\"version\":7,\"part\":\"first\"}")
       == CHATWS_OK
       && same(&command.add, "[\"u\"]") && same(&command.remove, "[]")
       && command.version == 7 && command.part == CHATWS_PART_WHOLE,
       "members, lists and version");

    ok(parse("{\"command\":\"members\",\"chatId\":\"c\",\"add\":[\"u\"],"
             "\"replace\":true}") == CHATWS_OK
       && command.replace && command.part == CHATWS_PART_WHOLE,
       "members, the whole list");

    ok(parse("{\"command\":\"members\",\"chatId\":\"c\",\"replace\":true,"
             "\"part\":\"last\",\"token\":\"t\\u0031\"}") == CHATWS_OK
       && command.replace && command.part == CHATWS_PART_LAST
       && same(&command.token, "t1"), "members, a part of the list");
}


static void
test_lists(void)
{
    size_t                  i;

    static const struct {
        const char         *json;
        const char         *entries;
    } cases[] = {
        { "", "" },
        { "[]", "" },
        { " [ \"a\" , \"\\u0062\" ] ", "a b " },
        { "[{\"userId\":\"a\"},\"b\"]", "a b " },
        { "[{\"userId\":\"a\",\"unread\":3,\"muted\":true},"
          "{\"muted\":false,\"userId\":\"\\u0062\",\"x\":[{}]}]",
          "a:3:muted b:heard " },
        { "[\"a\",\"a\"]", "a a " }
    };

    for (i = 0; i < chatws_nelts(cases); i++) {
        ok(list(cases[i].json) == CHATWS_OK
           && strcmp(seen, cases[i].entries) == 0, "list %s", cases[i].json);
    }
}


static void
test_list_faults(void)
{
    char                    json[CHATWS_MEMBERS_MAX * 4 + 16];
    char                   *p;
    size_t                  i;

    static const struct {
        const char         *json;
        const char         *error;
        const char         *details;
    } cases[] = {
        { "[", CHATWS_E_JSON, CHATWS_D_JSON },
        { "[1]", CHATWS_E_MESSAGE,
          "each member must be a userId or an object with a userId" },
        { "[{}]", CHATWS_E_MESSAGE,
          "each member must be a userId or an object with a userId" },
        { "[{\"userId\":7}]", CHATWS_E_MESSAGE,
          "each member must be a userId or an object with a userId" },
        { "[\"\"]", CHATWS_E_USER, CHATWS_D_USER },
        { "[\"a\",\"\\u0001b\"]", CHATWS_E_USER, CHATWS_D_USER },
        { "[\"\\ud800\"]", CHATWS_E_USER, CHATWS_D_USER },
        { "[{\"userId\":\"a\",\"unread\":\"1\"}]", CHATWS_E_MESSAGE,
          CHATWS_D_UNREAD },
        { "[{\"userId\":\"a\",\"unread\":-1}]", CHATWS_E_MESSAGE,
          CHATWS_D_UNREAD },
        { "[{\"userId\":\"a\",\"unread\":9007199254740992}]",
          CHATWS_E_MESSAGE, CHATWS_D_UNREAD },
        { "[{\"userId\":\"a\",\"muted\":1}]", CHATWS_E_MESSAGE,
          "muted must be true or false" }
    };

    for (i = 0; i < chatws_nelts(cases); i++) {
        ok(list(cases[i].json) == CHATWS_ERROR
           && same(&fault.error, cases[i].error)
           && same(&fault.details, cases[i].details),
           "list %s", cases[i].json);
    }

    p = json;
    *p++ = '[';

    for (i = 0; i <= CHATWS_MEMBERS_MAX; i++) {
        memcpy(p, "\"a\",", 4);
        p += 4;
    }

    strcpy(p - 1, "]");

    ok(list(json) == CHATWS_ERROR && same(&fault.details, CHATWS_D_MEMBERS),
       "a list of 1001");

    strcpy(p - 5, "]");

    ok(list(json) == CHATWS_OK, "a list of 1000");
}


static chatws_rc_e
list(const char *json)
{
    chatws_str_t  str;

    seen[0] = '\0';

    str.len = strlen(json);
    str.data = (uint8_t *) text;
    memcpy(text, json, str.len + 1);

    return chatws_members_list(&str, CHATWS_JSON_DEPTH, mem,
                               chatws_json_arena_size(sizeof(text)),
                               list_entry, seen, &fault);
}


static chatws_rc_e
list_entry(void *data, const chatws_members_entry_t *entry)
{
    char  *p;

    p = (char *) data + strlen(data);

    p += sprintf(p, "%.*s", (int) entry->user.len, (char *) entry->user.data);

    if (entry->has_unread) {
        p += sprintf(p, ":%d", (int) entry->unread);
    }

    if (entry->has_muted) {
        p += sprintf(p, entry->muted ? ":muted" : ":heard");
    }

    strcpy(p, " ");

    return CHATWS_OK;
}


static void
test_chats(void)
{
    size_t                  i;
    chatws_str_t            str;

    static const struct {
        const char         *json;
        const char         *chats;
    } cases[] = {
        { "{}", "" },
        { "{\"a\":3,\"\\u0062\":0}", "a:3 b:0 " },
        { "{\"a\":-1,\"\":1,\"c\":{},\"d\":1}", "a! ! c! d:1 " },
        { "[]", NULL },
        { "{\"a\":1", NULL },
        { "", NULL }
    };

    for (i = 0; i < chatws_nelts(cases); i++) {
        seen[0] = '\0';

        str.len = strlen(cases[i].json);
        str.data = (uint8_t *) text;
        memcpy(text, cases[i].json, str.len + 1);

        ok(chatws_members_chats(&str, 2, mem,
                                chatws_json_arena_size(sizeof(text)),
                                list_chat, seen)
           == (cases[i].chats != NULL ? CHATWS_OK : CHATWS_ERROR)
           && (cases[i].chats == NULL || strcmp(seen, cases[i].chats) == 0),
           "chats %s", cases[i].json);
    }
}


static chatws_rc_e
list_chat(void *data, const chatws_str_t *chat, uint64_t unread, int valid)
{
    char  *p;

    p = (char *) data + strlen(data);

    p += sprintf(p, "%.*s", (int) chat->len, (char *) chat->data);

    if (valid) {
        sprintf(p, ":%d ", (int) unread);

    } else {
        strcpy(p, "! ");
    }

    return CHATWS_OK;
}


/* The text without the member, whose place is blank. */

static void
test_publish(void)
{
    size_t  i, n;

    static const struct {
        const char  *json;
        const char  *rest;
    } cases[] = {
        { "{\"command\":\"publish\",\"chatId\":\"c\",\"text\":\"t\"}",
          "{\"chatId\":\"c\",\"text\":\"t\"}" },
        { "{\"chatId\":\"c\" , \"command\" : \"publish\" }",
          "{\"chatId\":\"c\"}" },
        { "{\"chatId\":\"c\",\"command\":\"publish\",\"a\":[1,{}]}",
          "{\"chatId\":\"c\",\"a\":[1,{}]}" },
        { "{ \"command\":\"publish\" }", "{}" },
        { "{\"command\":\"publish\",\"message\":{\"chatId\":\"c\"}}",
          "{\"chatId\":\"c\"}" },
        { "{\"command\":\"publish\",\"chatId\":\"c\",\"message\":{}}",
          "{\"chatId\":\"c\",\"message\":{}}" },
        { "{\"command\":\"publish\",\"message\":\"m\"}",
          "{\"message\":\"m\"}" }
    };

    for (i = 0; i < chatws_nelts(cases); i++) {

        if (parse(cases[i].json) != CHATWS_OK
            || command.kind != CHATWS_COMMAND_PUBLISH)
        {
            ok(0, "%s", cases[i].json);
            continue;
        }

        for (n = 0; n < command.publication.len; /* void */) {

            if (command.publication.data[n] != ' ') {
                n++;
                continue;
            }

            memmove(command.publication.data + n,
                    command.publication.data + n + 1,
                    command.publication.len - n - 1);
            command.publication.len--;
        }

        ok(same(&command.publication, cases[i].rest), "%s", cases[i].json);
    }
}


static void
test_pack(void)
{
    char          json[2048], name[129], session[65], reason[124];
    size_t        len;
    uint8_t       out[CHATWS_COMMAND_SIZE];
    chatws_str_t  packed;

    memset(name, 'n', 128);
    name[128] = '\0';
    memset(session, 's', 64);
    session[64] = '\0';
    memset(reason, 'r', 123);
    reason[123] = '\0';

    snprintf(json, sizeof(json),
             "{\"command\":\"disconnect\",\"userId\":\"%s\",\"chatId\":\"%s\","
             "\"session\":\"%s\",\"except\":\"%s\",\"reason\":\"%s\","
             "\"code\":4999}", name, name, session, session, reason);

    if (parse(json) != CHATWS_OK) {
        ok(0, "the longest command");
        return;
    }

    /* disconnect has no chat: with one it is the longest that there may be */

    command.chat = command.user;
    command.key[0] = 1;
    command.key[1] = UINT64_MAX;
    command.at = 2;
    command.until = 3;
    command.before = 4;
    command.has_until = 1;

    len = chatws_command_pack(&command, out);
    ok(len <= sizeof(out), "the longest command takes %zu bytes", len);

    packed.len = len;
    packed.data = out;

    memset(&command, 0xa5, sizeof(command));

    ok(chatws_command_unpack(&command, &packed) == CHATWS_OK
       && command.kind == CHATWS_COMMAND_DISCONNECT
       && command.code == 4999
       && same(&command.user, name) && same(&command.chat, name)
       && same(&command.session, session) && same(&command.except, session)
       && same(&command.reason, reason)
       && command.key[0] == 1 && command.key[1] == UINT64_MAX
       && command.at == 2 && command.until == 3 && command.before == 4
       && command.has_until && !command.has_before
       && command.jti.len == 0 && command.kid.len == 0, "and comes back");
}


static void
test_unpack(void)
{
    size_t        bad, len;
    uint8_t       out[CHATWS_COMMAND_SIZE], *copy;
    chatws_str_t  packed;

    (void) parse("{\"command\":\"subscribe\",\"userId\":\"u\","
                 "\"chatId\":\"c\"}");

    len = chatws_command_pack(&command, out);
    bad = 0;

    for (packed.len = 0; packed.len < len; packed.len++) {
        copy = malloc(packed.len + 1);
        memcpy(copy, out, packed.len);
        packed.data = copy;

        bad += chatws_command_unpack(&command, &packed) != CHATWS_ERROR;
        free(copy);
    }

    ok(bad == 0, "a part of it is none");

    packed.len = len;
    packed.data = out;

    out[offsetof(chatws_command_packed_t, kind)] = CHATWS_COMMAND_NONE;

    ok(chatws_command_unpack(&command, &packed) == CHATWS_ERROR,
       "nor is another kind");
}
