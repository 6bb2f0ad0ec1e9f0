
/*
 * Copyright (C) chatws contributors
 *
 * The reader: UTF-8 (RFC 6455, 8.1), compressed messages, limits, memory.
 */


#include "reader_test.h"


static void test_utf8(void);
static void test_utf8_early(void);
static void test_limits(void);
static void test_compressed(void);
static void test_many(void);
static void test_memory(void);


int
main(void)
{
    test_begin();

    test_utf8();
    test_utf8_early();
    test_limits();
    test_compressed();
    test_many();
    test_memory();

    return test_end();
}


static void
test_utf8(void)
{
    size_t  i, n;

    static const char  *good[] = {
        "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc-UTF-8!!",
        "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
        "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80", "\x7f", "\xdf\xbf",
        "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbd", "\xef\xbf\xbe", "\xf0\x9f\xbf\xbf"
    };

    static const char  *bad[] = {
        "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80",
        "\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xf4\x90\x80\x80",
        "\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\xc0\xaf",
        "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xc1\xbf", "\xe0\x9f\xbf",
        "\xf0\x8f\xbf\xbf", "\xc0\x80", "\xed\xa0\x80", "\xed\xaf\xbf",
        "\xed\xbf\xbf", "\xed\xa0\x80\xed\xb0\x80", "\xfe", "\xff",
        "\xfe\xfe\xff\xff", "\xc3 ", "\xe2\x82 ", "\xf0\x9f\x98 "
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char  name[32], want[64];

        sprintf(want, "text(%s)text(%s)", good[i], good[i]);
        sprintf(name, "valid text %u", (unsigned) i);

        frame(0x81, good[i], strlen(good[i]));

        for (n = 0; n < strlen(good[i]); n++) {
            frame(n ? 0x00 : 0x01, good[i] + n, 1);
        }

        frame(0x80, "", 0);
        check(name, want);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char  name[32];

        sprintf(name, "invalid text %u", (unsigned) i);
        frame(0x81, bad[i], strlen(bad[i]));
        check(name, "fail1007()");

        sprintf(name, "invalid fragments %u", (unsigned) i);

        for (n = 0; n < strlen(bad[i]); n++) {
            frame(n ? 0x00 : 0x01, bad[i] + n, 1);
        }

        check(name, "fail1007()");
    }

    frame(0x82, "\xff\xfe", 2);
    check("binary need not be UTF-8", "binary(\xff\xfe)");
}


static void
test_utf8_early(void)
{
    static const char  text[] = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
                                "\xf4\x90\x80\x80" "edited";

    frame(0x81, text, 21);
    check_at("fails at the byte, not at the end", "fail1007()", 6 + 13);

    frame(0x01, text, 11);
    frame(0x00, text + 11, 4);
    frame(0x80, text + 15, 6);
    check_at("in a fragment", "fail1007()", 17 + 6 + 2);

    frame(0x01, text, 12);
    frame(0x00, text + 12, 1);
    frame(0x80, text + 13, 8);
    check_at("with the character in two fragments", "fail1007()", 18 + 6 + 1);

    frame(0x01, text, 12);
    frame(0x89, "", 0);
    frame(0x80, "", 0);
    check_at("cut off by the end of the message", "ping()fail1007()", 30);

    frame(0x81, text, 3);
    check_at("cut off by the end of the frame", "fail1007()", 9);

    frame(0x81, "\xc0", 1);
    check_at("a byte that is never right", "fail1007()", 7);

    frame(0x01, "\xce", 1);
    frame(0x80, "\xba", 1);
    frame(0x81, "ok", 2);
    check("character over two fragments", "text(\xce\xba)text(ok)");

    frame(0x01, "\xce", 1);
    frame(0x88, "\x03\xe8", 2);
    check("close inside a character", "close1000()");
}


static void
test_limits(void)
{
    uint8_t     data[101];
    test_log_t  want;

    memset(data, 'x', 101);
    conf.max_message = 100;

    frame(0x81, data, 4);
    frame(0x81, data, 101);
    check_at("message over the limit", "text(xxxx)fail1009()", 10 + 6);

    raw("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\1\2\3\4", 14);
    check_at("the largest length", "fail1009()", 14);

    raw("\x82\xff\x00\x00\x00\x01\x00\x00\x00\x00\1\2\3\4", 14);
    check_at("a length of 4 GB", "fail1009()", 14);

    frame(0x01, data, 50);
    frame(0x00, data, 50);
    frame(0x80, data, 1);
    check_at("fragments over the limit", "fail1009()", 112 + 6);

    frame(0x01, data, 10);
    frame(0x00, data, 90);
    frame(0x00, data, 0);
    frame(0x89, data, 5);
    frame(0x80, data, 0);
    want.len = 0;
    add(&want, "ping", data, 5);
    add(&want, "text", data, 100);
    check("fragments up to the limit", want.text);

    conf.max_message = 0;
    frame(0x81, "", 0);
    frame(0x81, "x", 1);
    check("no message at all", "text()fail1009()");

    conf.max_message = TEST_MAX;

    conf.no_binary = 1;
    frame(0x81, "x", 1);
    frame(0x02, "abc", 3);
    check_at("binary where it is not wanted", "text(x)fail1003()", 13);
    conf.no_binary = 0;

    conf.max_empty = 2;
    frame(0x01, "", 0);
    frame(0x00, "", 0);
    frame(0x80, "", 0);
    frame(0x01, "a", 1);
    frame(0x00, "", 0);
    frame(0x00, "b", 1);
    frame(0x00, "", 0);
    frame(0x80, "", 0);
    frame(0x01, "", 0);
    frame(0x00, "", 0);
    frame(0x00, "", 0);
    frame(0x80, "", 0);
    check_at("empty fragments", "text()text(ab)fail1008()", 18 + 32 + 18);
    conf.max_empty = 1000;
}


static void
test_compressed(void)
{
    uint8_t     zeroes[83];
    test_log_t  want;

    memset(zeroes, 0, sizeof(zeroes));
    want.len = 0;

    frame(0xc1, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
    check_at("RSV1 without an extension", "fail1002()", 1);

    deflate = 1;

    frame(0xc1, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
    check("compressed text", "ztext(\xf2\x48\xcd\xc9\xc9\x07");

    frame(0xc1, "\xff\xfe\xfd", 3);
    frame(0x81, "plain", 5);
    frame(0xc2, "\xff", 1);
    frame(0x82, "\xfe", 1);
    check("compressed and plain messages",
          "ztext(\xff\xfe\xfd)text(plain)zbinary(\xff)binary(\xfe)");

    frame(0x41, "\xff\xff", 2);
    frame(0x89, "p", 1);
    frame(0x00, "\xfe", 1);
    frame(0x80, "\xfe", 1);
    frame(0x81, "\xff", 1);
    check("compressed fragments", "ping(p)ztext(\xff\xff\xfe\xfe)fail1007()");

    conf.max_message = 16;
    frame(0xc1, "0123456789012345", 16);
    frame(0xc1, zeroes, 82);
    frame(0xc1, zeroes, 83);
    add(&want, "ztext", (uint8_t *) "0123456789012345", 16);
    add(&want, "ztext", zeroes, 82);
    add(&want, "fail1009", NULL, 0);
    check("what does not compress may be longer on the wire", want.text);
    conf.max_message = TEST_MAX;

    frame(0x41, "a", 1);
    frame(0xc0, "b", 1);
    check_at("RSV1 on a continuation", "fail1002()", 8);

    frame(0x01, "a", 1);
    frame(0xc0, "b", 1);
    check_at("RSV1 on a later fragment", "fail1002()", 8);

    frame(0xc9, "", 0);
    check_at("RSV1 on a ping", "fail1002()", 1);

    frame(0xc8, "", 0);
    check_at("RSV1 on a close", "fail1002()", 1);

    frame(0xa1, "a", 1);
    check_at("RSV2", "fail1002()", 1);

    frame(0xd1, "a", 1);
    check_at("RSV1 and RSV3", "fail1002()", 1);

    deflate = 0;
}


/* 16 MB in one frame and in fragments of 64 bytes, many small messages */

static void
test_many(void)
{
    char               name[64];
    size_t             i, n, size;
    uint8_t           *data;
    test_log_t         want;
    chatws_reader_t    rd;
    static test_log_t  log;

    n = 16 * 1024 * 1024;
    data = malloc(n);

    for (i = 0; i < n; i += 4) {
        memcpy(data + i, "a\xe2\x82\xac", 4);
    }

    want.len = 0;
    add(&want, "text", data, n);

    for (size = n; size >= 64; size /= 512) {
        stream_len = 0;

        for (i = 0; i < n; i += size) {
            frame((i ? 0 : 1) | (i + size < n ? 0 : 0x80), data + i, size);
        }

        peak = 0;
        sprintf(name, "16 MB in frames of %u bytes", (unsigned) size);
        ok(run(want.text, 65536, 65536, NULL) && peak <= n * 3, "%s", name);
    }

    free(data);
    stream_len = 0;

    memset(&rd, 0, sizeof(chatws_reader_t));

    for (i = 0; i < 100000; i++) {
        frame(0x81, "many", 4);
    }

    log.len = 0;
    log.over = 0;
    peak = 0;
    feed(&log, &rd, stream, stream_len, 0);
    ok(log.over && peak == 0 && !partial(&rd),
       "100000 messages in one piece, nothing allocated");

    stream_len = 0;
}


static void
test_memory(void)
{
    size_t            n;
    uint8_t           data[600], text[1100];
    unsigned          bad;
    test_log_t        log;
    chatws_reader_t   rd;

    memset(data, 'x', 600);
    memset(text, 'x', 1100);
    memset(&rd, 0, sizeof(chatws_reader_t));
    memset(&log, 0, sizeof(test_log_t));

    raw("\x82\xff\x00\x00\x00\x00\x01\xf4\x00\x00\1\2\3\4abc", 17);
    feed(&log, &rd, stream, stream_len, 0);
    ok(allocated <= 1024, "a declared length costs no memory");
    ok(partial(&rd), "that message is incomplete");
    chatws_reader_close(&rd, &conf);
    ok(allocated == 0 && !partial(&rd), "closed");

    stream_len = 0;
    memset(&rd, 0, sizeof(chatws_reader_t));
    raw("\x81\x83\1\2\3", 5);
    feed(&log, &rd, stream, stream_len, 0);
    ok(allocated == 0 && partial(&rd),
       "a part of a header costs no memory");

    /* never more than the message can be */

    stream_len = 0;
    memset(&rd, 0, sizeof(chatws_reader_t));
    conf.max_message = 1000;
    frame(0x01, data, 600);
    feed(&log, &rd, stream, stream_len, 0);
    ok(allocated == 610, "a fragment is kept");

    stream_len = 0;
    frame(0x00, data, 100);
    feed(&log, &rd, stream, stream_len, 0);
    ok(allocated == 1010, "grown to the limit and no further");
    chatws_reader_close(&rd, &conf);
    conf.max_message = TEST_MAX;

    stream_len = 0;
    memset(&rd, 0, sizeof(chatws_reader_t));
    frame(0x81, data, 300);
    feed(&log, &rd, stream, 200, 0);
    ok(allocated == 310, "a frame's length is known");
    feed(&log, &rd, stream + 200, stream_len - 200, 0);
    ok(allocated == 0, "and freed");
    chatws_reader_close(&rd, &conf);

    /* every allocation fails once */

    bad = 0;

    for (n = 1; n <= 4; n++) {
        stream_len = 0;
        frame(0x01, data, 500);
        frame(0x89, "1234", 4);
        frame(0x80, data, 600);

        log.len = 0;

        if (n > 2) {
            add(&log, "ping", (uint8_t *) "1234", 4);
        }

        if (n < 4) {
            add(&log, "fail1011", NULL, 0);

        } else {
            add(&log, "text", text, 1100);
        }

        refuse = n;
        bad += !run(log.text, 515, 50000, NULL);
        refuse = 0;
    }

    ok(bad == 0, "any allocation may fail");

    stream_len = 0;
}
