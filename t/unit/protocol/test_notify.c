
/*
 * Copyright (C) chatws contributors
 *
 * Notifications and errors, byte for byte.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "base/chatws_decimal.c"
#include "base/chatws_fault.c"
#include "base/chatws_utf8.c"
#include "base/chatws_time.c"
#include "base/chatws_id.c"
#include "base/chatws_name.c"
#include "json/chatws_json_known.c"
#include "json/chatws_json_memory.c"
#include "json/chatws_json_scan.c"
#include "json/chatws_json.c"
#include "protocol/chatws_type.c"
#include "protocol/chatws_unread.c"
#include "protocol/chatws_action.c"
#include "protocol/chatws_action_read.c"
#include "protocol/chatws_action_presence.c"
#include "protocol/chatws_notify.c"


#define TEST_MS  1764237600000         /* 2025-11-27T10:00:00.000Z */


/* The longest of everything. */

typedef struct {
    uint8_t             bytes[1024];
    uint8_t             id[386];
    uint8_t             quotes[CHATWS_NAME_MAX];
    chatws_str_t        name;
    chatws_fault_t      fault;
    chatws_cause_t      cause;
    chatws_watermark_t  mark;
    chatws_confirmed_t  confirmed;
    chatws_connected_t  connected;
    chatws_upload_t     upload;
} test_longest_t;


static void test_connected(void);
static void test_confirmed(void);
static void test_typing(void);
static void test_typists(void);
static void test_upload(void);
static void test_unsubscribed(void);
static void test_token(void);
static void test_error(void);
static void fill_longest(test_longest_t *l);
static chatws_rc_e write_longest(const test_longest_t *l, size_t kind,
    chatws_str_t *o);
static void test_room(void);
static void open_out(void);
static void is(chatws_rc_e rc, const char *text);


static uint8_t       buf[CHATWS_NOTIFY_SIZE];
static chatws_str_t  out;


int
main(void)
{
    test_connected();
    test_confirmed();
    test_typing();
    test_typists();
    test_upload();
    test_unsubscribed();
    test_token();
    test_error();
    test_room();

    return done();
}


static void
test_connected(void)
{
    chatws_connected_t  c;

    static const chatws_str_t  id = chatws_str("7"),
                               odd = chatws_str("\"\\\xc3\xa9"),
                               session = chatws_str("s_0mih9ikg0"),
                               user = chatws_str("user123");

    memset(&c, 0, sizeof(chatws_connected_t));

    c.user = user;
    c.ms = TEST_MS;

    open_out();
    is(chatws_notify_connected(&out, &c),
       "{\"type\":\"connected\",\"userId\":\"user123\",\"message\":"
       "\"Successfully connected to WebSocket\","
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\"}");

    c.user = odd;
    c.ms = TEST_MS + 7;

    open_out();
    is(chatws_notify_connected(&out, &c),
       "{\"type\":\"connected\",\"userId\":\"\\\"\\\\\xc3\xa9\",\"message\":"
       "\"Successfully connected to WebSocket\","
       "\"timestamp\":\"2025-11-27T10:00:00.007Z\"}");

    c.session = session;
    c.expires_in = 600;
    c.id = id;

    open_out();
    is(chatws_notify_connected(&out, &c),
       "{\"type\":\"connected\",\"userId\":\"\\\"\\\\\xc3\xa9\",\"message\":"
       "\"Successfully connected to WebSocket\","
       "\"timestamp\":\"2025-11-27T10:00:00.007Z\","
       "\"session\":\"s_0mih9ikg0\",\"expiresIn\":600,\"id\":7}");

    memset(&c, 0, sizeof(chatws_connected_t));

    c.user = user;
    c.ms = TEST_MS;
    c.user_seq = 12;
    c.epoch = 0xabcd9f2c41d07be3;
    c.features = 1U << CHATWS_FEATURE_USERS | 1U << CHATWS_FEATURE_UNREAD;

    open_out();
    is(chatws_notify_connected(&out, &c),
       "{\"type\":\"connected\",\"userId\":\"user123\",\"message\":"
       "\"Successfully connected to WebSocket\","
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\","
       "\"userSeq\":12,\"epoch\":\"9f2c41d07be3\","
       "\"features\":[\"users\",\"unread\"]}");
}


static void
test_confirmed(void)
{
    chatws_confirmed_t  c;
    chatws_watermark_t  mark;

    memset(&c, 0, sizeof(chatws_confirmed_t));

    c.chat.data = (uint8_t *) "chat_1";
    c.chat.len = 6;
    c.seq = 38;
    memset(&mark, 0, sizeof(chatws_watermark_t));

    c.epoch = 0x12349f2c41d07be3;

    open_out();
    is(chatws_notify_confirmed(&out, &c),
       "{\"type\":\"subscription_confirmed\",\"action\":\"unsubscribe\","
       "\"chatId\":\"chat_1\",\"message\":\"Unsubscribed from chat chat_1\"}");

    c.subscribed = 1;

    open_out();
    is(chatws_notify_confirmed(&out, &c),
       "{\"type\":\"subscription_confirmed\",\"action\":\"subscribe\","
       "\"chatId\":\"chat_1\",\"message\":\"Subscribed to chat chat_1\","
       "\"seq\":38,\"epoch\":\"9f2c41d07be3\"}");

    c.since = 1;
    c.id.data = (uint8_t *) "\"r\\u0031\"";
    c.id.len = 9;

    open_out();
    is(chatws_notify_confirmed(&out, &c),
       "{\"type\":\"subscription_confirmed\",\"action\":\"subscribe\","
       "\"chatId\":\"chat_1\",\"message\":\"Subscribed to chat chat_1\","
       "\"seq\":38,\"epoch\":\"9f2c41d07be3\",\"recovered\":false,"
       "\"id\":\"r\\u0031\"}");

    c.recovered = 1;
    c.seq = UINT64_MAX;
    c.chat.data = (uint8_t *) "a\"b";
    c.chat.len = 3;
    c.id.data = (uint8_t *) "7";
    c.id.len = 1;

    open_out();
    is(chatws_notify_confirmed(&out, &c),
       "{\"type\":\"subscription_confirmed\",\"action\":\"subscribe\","
       "\"chatId\":\"a\\\"b\",\"message\":\"Subscribed to chat a\\\"b\","
       "\"seq\":18446744073709551615,\"epoch\":\"9f2c41d07be3\","
       "\"recovered\":true,\"id\":7}");

    mark.count = 30;
    mark.read = 38;
    mark.seen = 27;
    c.mark = &mark;
    c.seq = 41;

    open_out();
    is(chatws_notify_confirmed(&out, &c),
       "{\"type\":\"subscription_confirmed\",\"action\":\"subscribe\","
       "\"chatId\":\"a\\\"b\",\"message\":\"Subscribed to chat a\\\"b\","
       "\"seq\":41,\"epoch\":\"9f2c41d07be3\",\"recovered\":true,"
       "\"count\":30,\"read\":38,\"seen\":27,\"unread\":3,\"id\":7}");
}


static void
test_typing(void)
{
    chatws_str_t  chat = chatws_str("chat_1"), name = chatws_str("jane_doe"),
                  user = chatws_str("user456");

    open_out();
    is(chatws_notify_typing(&out, &chat, &user, &name, 1, TEST_MS),
       "{\"type\":\"user_typing\",\"chatId\":\"chat_1\","
       "\"userId\":\"user456\",\"username\":\"jane_doe\",\"isTyping\":true,"
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\"}");

    open_out();
    is(chatws_notify_typing(&out, &chat, &user, &user, 0, TEST_MS),
       "{\"type\":\"user_typing\",\"chatId\":\"chat_1\","
       "\"userId\":\"user456\",\"username\":\"user456\",\"isTyping\":false,"
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\"}");
}


static void
test_token(void)
{
    static const chatws_str_t  id = chatws_str("\"a\""),
                               none = chatws_str(""),
                               user = chatws_str("user123");

    open_out();
    is(chatws_notify_authenticated(&out, &user, &none, 600),
       "{\"type\":\"authenticated\",\"action\":\"auth\","
       "\"userId\":\"user123\",\"expiresIn\":600}");

    open_out();
    is(chatws_notify_authenticated(&out, &user, &id, 0),
       "{\"type\":\"authenticated\",\"action\":\"auth\","
       "\"userId\":\"user123\",\"expiresIn\":0,\"id\":\"a\"}");

    open_out();
    is(chatws_notify_expiring(&out, 30),
       "{\"type\":\"token_expiring\",\"expiresIn\":30}");
}


static void
test_typists(void)
{
    chatws_str_t       chat = chatws_str("chat_1"), user = chatws_str("a"),
                       name = chatws_str("A \"B\""), other = chatws_str("c");
    chatws_json_out_t  json;

    open_out();
    chatws_json_out_begin(&json, &out);
    chatws_notify_typists_open(&json, &chat);
    chatws_notify_typists_user(&json, 1, &user, &name);
    chatws_notify_typists_user(&json, 0, &other, &other);
    chatws_notify_typists_close(&json, 17, TEST_MS);

    is(chatws_json_out_end(&json, &out),
       "{\"type\":\"typing_users\",\"chatId\":\"chat_1\",\"users\":["
       "{\"userId\":\"a\",\"username\":\"A \\\"B\\\"\"},"
       "{\"userId\":\"c\",\"username\":\"c\"}],\"count\":17,"
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\"}");

    open_out();
    chatws_json_out_begin(&json, &out);
    chatws_notify_typists_open(&json, &chat);
    chatws_notify_typists_close(&json, 0, TEST_MS);

    is(chatws_json_out_end(&json, &out),
       "{\"type\":\"typing_users\",\"chatId\":\"chat_1\",\"users\":[],"
       "\"count\":0,\"timestamp\":\"2025-11-27T10:00:00.000Z\"}");
}


static void
test_upload(void)
{
    chatws_upload_t  upload = { chatws_str("u-7"), chatws_str("chat_1"),
                                chatws_str("user123"), chatws_str("jane"),
                                1048576, 12000000, TEST_MS, 502,
                                CHATWS_UPLOAD_RUNNING, 1 };

    open_out();
    is(chatws_notify_upload(&out, &upload),
       "{\"type\":\"upload_progress\",\"uploadId\":\"u-7\","
       "\"chatId\":\"chat_1\",\"userId\":\"user123\","
       "\"username\":\"jane\",\"state\":\"uploading\","
       "\"received\":1048576,\"total\":12000000,"
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\"}");

    upload.state = CHATWS_UPLOAD_FAILED;
    upload.chat.len = 0;
    upload.sized = 0;

    open_out();
    is(chatws_notify_upload(&out, &upload),
       "{\"type\":\"upload_progress\",\"uploadId\":\"u-7\","
       "\"userId\":\"user123\",\"username\":\"jane\","
       "\"state\":\"failed\",\"received\":1048576,\"status\":502,"
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\"}");
}


static void
test_unsubscribed(void)
{
    size_t         i;
    char           text[256];
    chatws_str_t   chat = chatws_str("chat_1");
    const char    *reasons[] = { "removed", "denied", "token", "expired" };

    for (i = 0; i < CHATWS_LOST_N; i++) {
        snprintf(text, sizeof(text),
                 "{\"type\":\"unsubscribed\",\"chatId\":\"chat_1\","
                 "\"reason\":\"%s\","
                 "\"timestamp\":\"2025-11-27T10:00:00.000Z\"}", reasons[i]);

        open_out();
        is(chatws_notify_unsubscribed(&out, &chat, i, TEST_MS), text);
    }
}


static void
test_error(void)
{
    char            details[1024];
    chatws_cause_t  cause = { chatws_str("chat_1"), { 0, NULL }, 0,
                              CHATWS_VERB_SUBSCRIBE };

    chatws_fault_t  fault = { chatws_str(CHATWS_E_JSON),
                              chatws_str(CHATWS_D_JSON), 0 };
    chatws_fault_t  about = chatws_fault_about(CHATWS_E_RATE, "wait");

    open_out();
    is(chatws_notify_error(&out, &fault, NULL, TEST_MS),
       "{\"type\":\"error\",\"error\":\"Invalid JSON\","
       "\"details\":\"Could not parse message as JSON\","
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\"}");

    open_out();
    is(chatws_notify_error(&out, &fault, &cause, TEST_MS),
       "{\"type\":\"error\",\"error\":\"Invalid JSON\","
       "\"details\":\"Could not parse message as JSON\","
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\"}");

    cause.id.data = (uint8_t *) "-5";
    cause.id.len = 2;

    open_out();
    is(chatws_notify_error(&out, &fault, &cause, TEST_MS),
       "{\"type\":\"error\",\"error\":\"Invalid JSON\","
       "\"details\":\"Could not parse message as JSON\","
       "\"timestamp\":\"2025-11-27T10:00:00.000Z\",\"id\":-5}");

    /* what it is about, and when it may succeed */

    cause.retry_after = 350;

    open_out();
    is(chatws_notify_error(&out, &about, &cause, TEST_MS),
       "{\"type\":\"error\",\"error\":\"Rate limited\","
       "\"details\":\"wait\",\"timestamp\":\"2025-11-27T10:00:00.000Z\","
       "\"action\":\"subscribe\",\"chatId\":\"chat_1\","
       "\"retryAfter\":350,\"id\":-5}");

    cause.verb = CHATWS_VERB_NONE;
    cause.chat.len = 0;
    cause.id.len = 0;

    open_out();
    is(chatws_notify_error(&out, &about, &cause, TEST_MS),
       "{\"type\":\"error\",\"error\":\"Rate limited\","
       "\"details\":\"wait\",\"timestamp\":\"2025-11-27T10:00:00.000Z\","
       "\"retryAfter\":350}");

    /* cut between two characters, at 191 bytes */

    details[0] = 'x';
    memset(details + 1, '\xc3', sizeof(details) - 1);

    for (size_t i = 2; i < sizeof(details); i += 2) {
        details[i] = '\xa9';
    }

    fault.details.data = (uint8_t *) details;
    fault.details.len = 1023;

    open_out();

    ok(chatws_notify_error(&out, &fault, NULL, TEST_MS) == CHATWS_OK
       && chatws_utf8_valid(out.data, out.len) == CHATWS_OK
       && out.len == 191 + strlen("{\"type\":\"error\",\"error\":"
                                  "\"Invalid JSON\",\"details\":\"\","
                                  "\"timestamp\":"
                                  "\"2025-11-27T10:00:00.000Z\"}"),
       "long details are cut between characters");
}


/* Fills the contents of notifications with the longest of everything. */

static void
fill_longest(test_longest_t *l)
{
    memset(l, 0, sizeof(test_longest_t));

    memset(l->quotes, '"', sizeof(l->quotes));
    memset(l->bytes, '\x01', sizeof(l->bytes));
    memset(l->id, 'i', sizeof(l->id));

    l->name.data = l->bytes;
    l->name.len = CHATWS_NAME_MAX;

    l->fault.error.data = (uint8_t *) CHATWS_E_SUBSCRIPTIONS;
    l->fault.error.len = sizeof(CHATWS_E_SUBSCRIPTIONS) - 1;
    l->fault.details.data = l->bytes;
    l->fault.details.len = sizeof(l->bytes);
    l->fault.about = 1;

    l->cause.chat = l->name;
    l->cause.id.data = l->id;
    l->cause.id.len = sizeof(l->id);
    l->cause.retry_after = UINT64_MAX;
    l->cause.verb = CHATWS_VERB_SUBSCRIBE;

    l->mark.count = UINT64_MAX;
    l->mark.read = UINT64_MAX;
    l->mark.seen = INT64_MIN;
    l->mark.marked = 1;

    l->confirmed.chat = l->name;
    l->confirmed.id = l->cause.id;
    l->confirmed.seq = UINT64_MAX;
    l->confirmed.epoch = UINT64_MAX;
    l->confirmed.mark = &l->mark;
    l->confirmed.subscribed = 1;
    l->confirmed.since = 1;

    l->connected.user = l->name;
    l->connected.session = l->name;
    l->connected.id = l->cause.id;
    l->connected.expires_in = UINT64_MAX;
    l->connected.ms = TEST_MS;
    l->connected.user_seq = UINT64_MAX;
    l->connected.epoch = UINT64_MAX;
    l->connected.features = (1U << CHATWS_FEATURE_N) - 1;

    memset(&l->upload, 0xff, sizeof(chatws_upload_t));

    l->upload.id.data = l->quotes;
    l->upload.id.len = sizeof(l->quotes);
    l->upload.chat = l->upload.id;
    l->upload.user = l->upload.id;
    l->upload.name = l->upload.id;
    l->upload.ms = TEST_MS;
    l->upload.state = CHATWS_UPLOAD_FAILED;
}


static chatws_rc_e
write_longest(const test_longest_t *l, size_t kind, chatws_str_t *o)
{
    switch (kind) {

    case 0:
        return chatws_notify_connected(o, &l->connected);

    case 1:
        return chatws_notify_confirmed(o, &l->confirmed);

    case 2:
        return chatws_notify_typing(o, &l->name, &l->name, &l->name, 0,
                                    TEST_MS);

    case 3:
        return chatws_notify_unsubscribed(o, &l->name, CHATWS_LOST_REMOVED,
                                          TEST_MS);

    case 4:
        return chatws_notify_upload(o, &l->upload);

    default:
        return chatws_notify_error(o, &l->fault, &l->cause, TEST_MS);
    }
}


/* The longest of everything fits; with less room nothing is written. */

static void
test_room(void)
{
    size_t          i, n;
    uint8_t        *p;
    chatws_rc_e     rc;
    chatws_str_t    o;
    test_longest_t  longest;

    fill_longest(&longest);

    for (n = 0; n < 6; n++) {

        for (i = 0; i <= CHATWS_NOTIFY_SIZE; i++) {
            p = malloc(i ? i : 1);

            o.data = p;
            o.len = i;

            rc = write_longest(&longest, n, &o);

            free(p);

            if (rc == CHATWS_OK) {
                break;
            }

            if (rc != CHATWS_ERROR || o.len != i) {
                i = CHATWS_NOTIFY_SIZE + 1;
            }
        }

        ok(i <= CHATWS_NOTIFY_SIZE && o.len == i,
           "the longest of kind %zu takes %zu bytes", n, i);
    }
}


static void
open_out(void)
{
    out.data = buf;
    out.len = sizeof(buf);
}


static void
is(chatws_rc_e rc, const char *text)
{
    if (!ok(rc == CHATWS_OK && out.len == strlen(text)
            && memcmp(out.data, text, out.len) == 0,
            "%s", text))
    {
        printf("# rc %d, %.*s\n", rc, (int) out.len, out.data);
    }
}
