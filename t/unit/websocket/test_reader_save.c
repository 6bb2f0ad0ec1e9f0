
/*
 * Copyright (C) chatws contributors
 *
 * Readers that move: after each piece of the input the reader is saved, the
 * bytes are loaded, and the one that was loaded goes on; it has to tell the
 * same, whatever was unfinished.  What is not a saved reader is refused.
 */


#include "reader_test.h"

#include "websocket/chatws_reader_save.c"


static void move(chatws_reader_t *rd);
static uint8_t *saved(const chatws_reader_t *rd, size_t *len);
static uint8_t *some(size_t len);
static int refused(const uint8_t *bytes, size_t len);
static void test_messages(void);
static void test_utf8(void);
static void test_controls(void);
static void test_ends(void);
static void test_large(void);
static void test_deflate(void);
static void test_saved(void);
static void test_lengths(void);
static void test_members(void);
static void test_memory(void);
static void unfinished(chatws_reader_t *rd);


int
main(void)
{
    test_begin();

    between = move;

    test_messages();
    test_utf8();
    test_controls();
    test_ends();
    test_large();
    test_deflate();
    test_saved();
    test_lengths();
    test_members();
    test_memory();

    return test_end();
}


/* The one before must not be needed any more: it is freed, and wiped. */

static void
move(chatws_reader_t *rd)
{
    size_t           len;
    uint8_t         *bytes;
    chatws_reader_t  old;

    bytes = saved(rd, &len);

    old = *rd;
    memset(rd, 0xa5, sizeof(chatws_reader_t));

    chatws_reader_close(&old, &conf);

    if (chatws_reader_load(rd, &conf, bytes, len) != CHATWS_OK) {
        printf("# a reader that was saved is not loaded\n");
        exit(1);
    }

    free(bytes);
}


/* in memory of exactly that size */

static uint8_t *
saved(const chatws_reader_t *rd, size_t *len)
{
    uint8_t  *bytes;

    *len = chatws_reader_save_size(rd);
    bytes = malloc(*len);

    chatws_reader_save(rd, bytes);

    return bytes;
}


/* bytes, no two of which near each other are the same */

static uint8_t *
some(size_t len)
{
    size_t    i;
    uint8_t  *data;

    data = malloc(len);

    for (i = 0; i < len; i++) {
        data[i] = (uint8_t) ('!' + i * 7 % 90);
    }

    return data;
}


static void
test_messages(void)
{
    int                good;
    size_t             i;
    uint8_t           *data;
    static test_log_t  want;

    frame(0x81, "one", 3);
    frame(0x82, "\xff\x00\xfe", 3);
    frame(0x81, "", 0);
    frame(0x81, "four", 4);
    check("messages", "text(one)binary(\xff");

    frame(0x01, "Hello", 5);
    frame(0x00, ", ", 2);
    frame(0x00, "", 0);
    frame(0x00, "wor", 3);
    frame(0x80, "ld", 2);
    frame(0x81, "next", 4);
    check("fragments", "text(Hello, world)text(next)");

    frame(0x01, "", 0);
    frame(0x00, "", 0);
    frame(0x80, "", 0);
    check("fragments without anything in them", "text()");

    data = some(70130);
    want.len = 0;
    add(&want, "binary", data, 70130);
    add(&want, "text", (uint8_t *) "next", 4);

    frame(0x02, data, 130);
    frame(0x80, data + 130, 70000);
    frame(0x81, "next", 4);

    good = 1;

    for (i = 1; good && i < 200; i++) {
        good = run(want.text, i, 20000 + i, NULL);
    }

    ok(good, "both longer forms of a length");

    stream_len = 0;

    free(data);
}


/* Of one to four bytes a character, also over the borders of fragments. */

static void
test_utf8(void)
{
    frame(0x81, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z", 10);
    check("UTF-8", "text(\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z)");

    frame(0x01, "x\xc3", 2);
    frame(0x00, "\xa4\xe2", 2);
    frame(0x89, "between", 7);
    frame(0x00, "\x82", 1);
    frame(0x00, "\xac\xf0\x9f", 3);
    frame(0x00, "", 0);
    frame(0x00, "\x98", 1);
    frame(0x80, "\x80z", 2);
    check("UTF-8 in fragments, inside characters",
          "ping(between)text(x\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z)");

    frame(0x01, "good\xf0\x9f", 6);
    frame(0x00, "\x98x", 2);
    frame(0x80, "never read", 10);
    check_at("a character that is none, over a border", "fail1007()", 20);

    frame(0x01, "good\xe2\x82", 6);
    frame(0x80, "", 0);
    check_at("a character that is cut off", "fail1007()", 18);

    frame(0x81, "\xed\xa0\x80", 3);
    check_at("a surrogate", "fail1007()", 8);
}


static void
test_controls(void)
{
    uint8_t           *data;
    static test_log_t  want;

    data = some(125);
    want.len = 0;
    add(&want, "ping", (uint8_t *) "ping", 4);
    add(&want, "pong", data, 0);
    add(&want, "ping", data, 125);
    add(&want, "text", (uint8_t *) "before and after", 16);
    add(&want, "pong", data, 30);

    frame(0x01, "before ", 7);
    frame(0x89, "ping", 4);
    frame(0x8a, "", 0);
    frame(0x00, "and ", 4);
    frame(0x89, data, 125);
    frame(0x80, "after", 5);
    frame(0x8a, data, 30);
    check("control frames inside a message", want.text);

    free(data);
}


/* A reader that has had its last event goes on saying so. */

static void
test_ends(void)
{
    frame(0x01, "part", 4);
    frame(0x88, "\x03\xe8" "bye", 5);
    frame(0x80, "too late", 8);
    check("a close inside a message, and what follows", "close1000(bye)");

    frame(0x88, "", 0);
    frame(0x81, "too late", 8);
    check("a close without a code", "close1005()");

    frame(0x01, "part", 4);
    frame(0x81, "another", 7);
    frame(0x80, "never read", 10);
    check("a message inside a message", "fail1002()");

    raw("\x81\x05hello", 7);
    frame(0x81, "never read", 10);
    check_at("a frame that is not masked", "fail1002()", 2);

    conf.max_message = 10;

    frame(0x01, "123456", 6);
    frame(0x80, "78901", 5);
    frame(0x81, "never read", 10);
    check("a message that is too big", "fail1009()");

    frame(0x01, "123456", 6);
    frame(0x80, "7890", 4);
    check("one that is not", "text(1234567890)");

    conf.max_message = TEST_MAX;
    conf.max_empty = 2;

    frame(0x01, "", 0);
    frame(0x00, "", 0);
    frame(0x00, "", 0);
    frame(0x80, "never read", 10);
    check("too many empty fragments", "fail1008()");

    conf.max_empty = 1000;
}


/* What was reserved for a message is as large afterwards. */

static void
test_large(void)
{
    size_t             i, n;
    uint8_t           *data;
    static test_log_t  want;

    data = some(2193);
    want.len = 0;
    add(&want, "binary", data, 2193);

    frame(0x02, data, 1000);
    n = 1000;

    for (i = 0; i < 20; i++) {
        frame(0x00, data + n, 50 + i);
        n += 50 + i;
    }

    frame(0x80, data + n, 2193 - n);
    check("many fragments", want.text);

    free(data);
}


static void
test_deflate(void)
{
    deflate = 1;

    frame(0x41, "\xff\xfe\xfd", 3);
    frame(0x00, "\xc3", 1);
    frame(0x89, "x", 1);
    frame(0x80, "\x28", 1);
    frame(0x81, "plain", 5);
    check("a compressed message", "ping(x)ztext(\xff\xfe\xfd\xc3\x28)"
          "text(plain)");

    deflate = 0;

    frame(0x41, "\xff\xfe\xfd", 3);
    check_at("one that was not agreed", "fail1002()", 1);
}


/* A message of which seven bytes have come, and half a ping inside it. */

static void
unfinished(chatws_reader_t *rd)
{
    test_log_t  log;

    log.len = 0;
    stream_len = 0;

    frame(0x01, "message", 7);
    frame(0x89, "0123456789", 10);

    memset(rd, 0, sizeof(chatws_reader_t));

    between = NULL;
    feed(&log, rd, stream, stream_len - 5, 0);

    stream_len = 0;
}


static void
test_saved(void)
{
    size_t           i, len;
    uint8_t         *bytes;
    chatws_reader_t  copy, rd;

    memset(&rd, 0, sizeof(chatws_reader_t));

    bytes = saved(&rd, &len);

    ok(len == sizeof(chatws_reader_t), "a fresh one takes no more than it is");
    ok(chatws_reader_load(&copy, &conf, bytes, len) == CHATWS_OK
       && !partial(&copy) && blocks == 0,
       "and is a fresh one again");

    free(bytes);

    unfinished(&rd);
    bytes = saved(&rd, &len);

    ok(len == sizeof(chatws_reader_t) + 7 + 5, "what has come is saved");

    ok(partial(&rd) && held(&rd) == allocated,
       "the reader is as it was");

    for (i = 0; i < 3; i++) {
        memset(&copy, 0xa5, sizeof(chatws_reader_t));

        ok(chatws_reader_load(&copy, &conf, bytes, len) == CHATWS_OK
           && partial(&copy)
           && held(&copy) == held(&rd)
           && copy.data != rd.data
           && copy.control != rd.control,
           "a reader of its own");

        chatws_reader_close(&copy, &conf);
    }

    chatws_reader_close(&rd, &conf);

    ok(blocks == 0, "all is freed");

    free(bytes);
}


/* Whether it is, and nothing is owned or left then. */

static int
refused(const uint8_t *bytes, size_t len)
{
    int              result;
    size_t           before;
    uint8_t         *copy;
    chatws_reader_t  rd;

    before = blocks;

    copy = malloc(len ? len : 1);
    memcpy(copy, bytes, len);

    memset(&rd, 0xa5, sizeof(chatws_reader_t));

    result = chatws_reader_load(&rd, &conf, copy, len) == CHATWS_ERROR
             && blocks == before
             && held(&rd) == 0;

    chatws_reader_close(&rd, &conf);

    free(copy);

    return result && blocks == before;
}


static void
test_lengths(void)
{
    size_t           i, len, wrong;
    uint8_t         *bytes, *longer;
    chatws_reader_t  rd;

    unfinished(&rd);
    bytes = saved(&rd, &len);

    wrong = 0;

    for (i = 0; i < len; i++) {
        wrong += !refused(bytes, i);
    }

    ok(wrong == 0, "cut off anywhere");

    longer = calloc(1, len + 16);
    memcpy(longer, bytes, len);

    wrong = 0;

    for (i = 1; i <= 16; i++) {
        wrong += !refused(longer, len + i);
    }

    ok(wrong == 0, "with more behind it");

    free(longer);
    free(bytes);
    chatws_reader_close(&rd, &conf);
}


/* Members that no reader has; the bytes behind are as many as they say. */

static void
test_members(void)
{
    size_t           i, len;
    uint8_t          bytes[sizeof(chatws_reader_t) + 1024], *good;
    chatws_reader_t  bad, rd;

    static const char  *names[] = {
        "more of a message than there is room for",
        "more of a control frame than one has",
        "more of a header than one has",
        "a control frame that is too long",
        "a control frame that is too long, nothing of which has come"
    };

    unfinished(&rd);
    good = saved(&rd, &len);

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        bad = rd;

        switch (i) {

        case 0:
            bad.len = bad.size + 1;
            break;

        case 1:
            bad.nctl = CHATWS_FRAME_CTL_MAX + 1;
            bad.left = 0;
            break;

        case 2:
            bad.nhead = sizeof(bad.head) + 1;
            break;

        case 3:
            bad.left = CHATWS_FRAME_CTL_MAX - bad.nctl + 1;
            break;

        default:
            bad.control = NULL;
            bad.nctl = 0;
            bad.left = CHATWS_FRAME_CTL_MAX + 1;
        }

        memset(bytes, 'x', sizeof(bytes));
        memcpy(bytes, &bad, sizeof(chatws_reader_t));

        ok(chatws_reader_save_size(&bad) <= sizeof(bytes)
           && refused(bytes, chatws_reader_save_size(&bad)), "%s", names[i]);
    }

    ok(!refused(good, len), "a good one is not refused");

    free(good);
    chatws_reader_close(&rd, &conf);
}


static void
test_memory(void)
{
    size_t           i, len;
    uint8_t         *bytes;
    chatws_reader_t  rd;

    unfinished(&rd);
    bytes = saved(&rd, &len);

    for (i = 1; i <= 2; i++) {
        refuse = i;
        ok(refused(bytes, len), "no memory, allocation %d", (int) i);
        refuse = 0;
    }

    free(bytes);
    chatws_reader_close(&rd, &conf);

    ok(blocks == 0, "nothing is left");
}
