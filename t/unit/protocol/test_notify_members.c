
/*
 * Copyright (C) chatws contributors
 *
 * Notifications about the chats of a user, byte for byte.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "base/chatws_decimal.c"
#include "base/chatws_id.c"
#include "base/chatws_name.c"
#include "base/chatws_time.c"
#include "base/chatws_utf8.c"
#include "json/chatws_json_memory.c"
#include "json/chatws_json_scan.c"
#include "json/chatws_json.c"
#include "protocol/chatws_notify.h"
#include "protocol/chatws_notify_members.c"
#include "protocol/chatws_type.c"


#define TEST_MS     1764237600000      /* 2025-11-27T10:00:00.000Z */
#define TEST_EPOCH  0x9f2c41d07be3


static void test_changes(void);
static void test_lists(void);
static void test_room(void);
static int is(const char *text);


static uint8_t               buf[CHATWS_NOTIFY_SIZE];
static chatws_str_t          out;
static chatws_notify_chat_t  chat = {
    chatws_str("c\"1"), 41, 30, 38, 27, 3, 0, 0, 0
};


int
main(void)
{
    test_changes();
    test_lists();
    test_room();

    return done();
}


static void
test_changes(void)
{
    chatws_str_t  after;

    out.data = buf;
    out.len = CHATWS_NOTIFY_BEFORE;
    after.data = buf + CHATWS_NOTIFY_BEFORE;
    after.len = CHATWS_NOTIFY_AFTER;

    ok(chatws_notify_membership(&out, &after, &chat.chat, 1, TEST_EPOCH,
                                TEST_MS)
       == CHATWS_OK
       && is("{\"type\":\"chat_added\",\"chatId\":\"c\\\"1\",\"last\":"),
       "added, before the number");

    out = after;
    ok(is(",\"epoch\":\"9f2c41d07be3\","
          "\"timestamp\":\"2025-11-27T10:00:00.000Z\",\"userSeq\":"),
       "and behind it");

    out.data = buf;
    out.len = CHATWS_NOTIFY_BEFORE;
    after.len = CHATWS_NOTIFY_AFTER;

    ok(chatws_notify_membership(&out, &after, &chat.chat, 0, TEST_EPOCH,
                                TEST_MS)
       == CHATWS_OK
       && is("{\"type\":\"chat_removed\",\"chatId\":\"c\\\"1\""),
       "removed");

    out = after;
    ok(is(",\"timestamp\":\"2025-11-27T10:00:00.000Z\",\"userSeq\":"),
       "and its end");

    out.data = buf;
    chat.counted = 1;
    chat.muted = 1;
    chat.marked = 1;
}


static void
test_lists(void)
{
    chatws_json_out_t  json;

    out.len = sizeof(buf);
    chatws_json_out_begin(&json, &out);

    chatws_notify_chats_open(&json);
    chatws_notify_chats_close(&json, 1, CHATWS_CHATS_END, 12, TEST_EPOCH);

    ok(chatws_json_out_end(&json, &out) == CHATWS_OK
       && is("{\"type\":\"chats\",\"chats\":{},\"first\":true,\"more\":false,"
             "\"userSeq\":12,\"epoch\":\"9f2c41d07be3\"}"), "no chats");

    out.len = sizeof(buf);
    chatws_json_out_begin(&json, &out);

    chatws_notify_chats_open(&json);
    chatws_notify_chats_chat(&json, 1, &chat);
    chat.muted = 0;
    chat.marked = 0;
    chat.seen = -3;
    chatws_notify_chats_chat(&json, 0, &chat);
    chat.counted = 0;
    chatws_notify_chats_chat(&json, 0, &chat);
    chatws_notify_chats_close(&json, 0, CHATWS_CHATS_MORE, 12, TEST_EPOCH);

    ok(chatws_json_out_end(&json, &out) == CHATWS_OK
       && is("{\"type\":\"chats\",\"chats\":{"
             "\"c\\\"1\":{\"last\":41,\"count\":30,\"read\":38,"
             "\"seen\":27,\"unread\":3,\"muted\":true,\"marked\":true},"
             "\"c\\\"1\":{\"last\":41,\"count\":30,\"read\":38,"
             "\"seen\":-3,\"unread\":3},"
             "\"c\\\"1\":{\"last\":41}},\"more\":true,"
             "\"userSeq\":12,\"epoch\":\"9f2c41d07be3\"}"), "a page");

    out.len = sizeof(buf);
    chatws_json_out_begin(&json, &out);

    chatws_notify_chats_close(&json, 0, CHATWS_CHATS_LIMIT, 0, TEST_EPOCH);

    ok(chatws_json_out_end(&json, &out) == CHATWS_OK
       && is("},\"more\":\"limit\",\"userSeq\":0,"
             "\"epoch\":\"9f2c41d07be3\"}"), "a limit");
}


/* The longest chat takes no more room than its size says. */

static void
test_room(void)
{
    uint8_t            id[CHATWS_NAME_MAX];
    chatws_str_t       after;
    chatws_json_out_t  json;

    memset(id, '\\', sizeof(id));
    memset(&chat, 0xff, sizeof(chat));

    chat.chat.data = id;
    chat.chat.len = sizeof(id);
    chat.seen = INT64_MIN;

    out.len = sizeof(buf);
    chatws_json_out_begin(&json, &out);
    chatws_notify_chats_chat(&json, 0, &chat);

    ok(chatws_json_out_end(&json, &out) == CHATWS_OK
       && out.len <= CHATWS_NOTIFY_CHAT, "the longest chat");

    out.len = sizeof(buf);
    chatws_json_out_begin(&json, &out);
    chatws_notify_chats_open(&json);
    chatws_notify_chats_close(&json, 1, CHATWS_CHATS_LIMIT, UINT64_MAX,
                              TEST_EPOCH);

    ok(chatws_json_out_end(&json, &out) == CHATWS_OK
       && out.len <= CHATWS_NOTIFY_CHATS, "and the rest");

    out.len = CHATWS_NOTIFY_BEFORE;
    after.data = buf + CHATWS_NOTIFY_BEFORE;
    after.len = CHATWS_NOTIFY_AFTER;

    memset(id, '\x7f', sizeof(id));
    ok(chatws_notify_membership(&out, &after, &chat.chat, 1, TEST_EPOCH,
                                UINT64_MAX)
       == CHATWS_OK, "the longest change");
}


static int
is(const char *text)
{
    return out.len == strlen(text) && memcmp(out.data, text, out.len) == 0;
}
