
/*
 * Copyright (C) chatws contributors
 *
 * What was read, as clients are told: byte for byte.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "base/chatws_decimal.c"
#include "base/chatws_utf8.c"
#include "base/chatws_time.c"
#include "base/chatws_id.c"
#include "base/chatws_name.c"
#include "json/chatws_json_memory.c"
#include "json/chatws_json_scan.c"
#include "json/chatws_json.c"
#include "protocol/chatws_action.h"
#include "protocol/chatws_type.c"
#include "protocol/chatws_unread.c"


#define TEST_MS  1764237600000         /* 2025-11-27T10:00:00.000Z */


static void test_unread(void);
static void test_receipt(void);
static void test_state(void);
static void test_room(void);
static void open_out(size_t len);
static void is(chatws_rc_e rc, const char *text);


static uint8_t       buf[CHATWS_STATE_SIZE + 2 * CHATWS_READER_SIZE];
static chatws_str_t  out;


int
main(void)
{
    test_unread();
    test_receipt();
    test_state();
    test_room();

    return done();
}


static void
test_unread(void)
{
    chatws_unread_t  u = { .chat = chatws_str("chat_1"), .ms = TEST_MS,
                           .epoch = 0x12349f2c41d07be3,
                           .mark = { 30, 41, 30, 0 } };

    open_out(CHATWS_UNREAD_SIZE);
    is(chatws_unread_write(&out, &u),
       "{\"type\":\"unread\",\"chatId\":\"chat_1\",\"read\":41,\"seen\":30,"
       "\"count\":30,\"unread\":0,\"epoch\":\"9f2c41d07be3\","
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\"}");

    u.mark.seen = -3;
    u.mark.count = 0;
    u.mark.marked = 1;
    u.inexact = 1;
    u.id.data = (uint8_t *) "\"a\"";
    u.id.len = 3;

    open_out(CHATWS_UNREAD_SIZE);
    is(chatws_unread_write(&out, &u),
       "{\"type\":\"unread\",\"chatId\":\"chat_1\",\"read\":41,\"seen\":-3,"
       "\"count\":0,\"unread\":3,\"marked\":true,\"exact\":false,"
       "\"epoch\":\"9f2c41d07be3\","
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\",\"id\":\"a\"}");

    u.mark.seen = 5;
    ok(chatws_unread(&u.mark) == 0, "what is unread is never below 0");
}


static void
test_receipt(void)
{
    chatws_receipt_t  r[3] = { { chatws_str("a"), 41, 0 },
                               { chatws_str("\"b"), 40, 0 },
                               { chatws_str("c"), 0, 0 } };

    static const chatws_str_t  chat = chatws_str("chat_1");

    open_out(CHATWS_RECEIPT_SIZE + 3 * CHATWS_READER_SIZE);
    is(chatws_receipt_write(&out, &chat, r, 2, TEST_MS),
       "{\"type\":\"read_receipt\",\"chatId\":\"chat_1\","
       "\"reads\":{\"a\":41,\"\\\"b\":40},"
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\"}");

    r[2].delivered = 7;

    open_out(CHATWS_RECEIPT_SIZE + 3 * CHATWS_READER_SIZE);
    is(chatws_receipt_write(&out, &chat, r + 2, 1, TEST_MS),
       "{\"type\":\"read_receipt\",\"chatId\":\"chat_1\",\"reads\":{},"
       "\"delivered\":{\"c\":7},"
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\"}");
}


static void
test_state(void)
{
    chatws_state_t     s = { .chat = chatws_str("chat_1"), .ms = TEST_MS,
                             .epoch = 0x9f2c41d07be3, .last = 41,
                             .mark = { 30, 38, 27, 1 } };
    chatws_json_out_t  json;

    open_out(CHATWS_STATE_SIZE);
    chatws_json_out_begin(&json, &out);
    chatws_state_open(&json, &s);
    chatws_unread_put(&json, &s.mark);
    chatws_readers_put(&json, NULL, 0, 1);
    chatws_state_close(&json, &s);
    is(chatws_json_out_end(&json, &out),
       "{\"type\":\"chat_state\",\"chatId\":\"chat_1\",\"last\":41,"
       "\"count\":30,\"read\":38,\"seen\":27,\"unread\":3,"
       "\"reads\":{},\"delivered\":{},\"epoch\":\"9f2c41d07be3\","
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\"}");
}


/* The worst ids and numbers have room. */

static void
test_room(void)
{
    uint8_t           name[CHATWS_NAME_MAX], id[CHATWS_ACTION_ID_MAX * 6 + 2];
    chatws_unread_t   u;
    chatws_receipt_t  r;

    memset(name, '"', sizeof(name));
    memset(id, '"', sizeof(id));
    memset(&u, 0, sizeof(u));
    memset(&r, 0, sizeof(r));

    u.chat.data = name;
    u.chat.len = sizeof(name);
    u.id.data = id;
    u.id.len = sizeof(id);
    u.mark.count = UINT64_MAX;
    u.mark.read = UINT64_MAX;
    u.mark.seen = INT64_MIN;
    u.mark.marked = 1;
    u.inexact = 1;

    open_out(CHATWS_UNREAD_SIZE);
    ok(chatws_unread_write(&out, &u) == CHATWS_OK, "room for an unread");

    r.user = u.chat;
    r.read = UINT64_MAX;
    r.delivered = UINT64_MAX;

    open_out(CHATWS_RECEIPT_SIZE + CHATWS_READER_SIZE);
    ok(chatws_receipt_write(&out, &u.chat, &r, 1, TEST_MS) == CHATWS_OK,
       "room for a read_receipt");

    open_out(20);
    ok(chatws_unread_write(&out, &u) == CHATWS_ERROR
       && chatws_receipt_write(&out, &u.chat, &r, 1, 0) == CHATWS_ERROR,
       "too little room");
}


static void
open_out(size_t len)
{
    out.data = buf;
    out.len = len;
}


static void
is(chatws_rc_e rc, const char *text)
{
    ok(rc == CHATWS_OK && out.len == strlen(text)
       && memcmp(out.data, text, out.len) == 0, "%s", text);
}
