
/*
 * Copyright (C) chatws contributors
 *
 * The reader: lengths, control frames, fragments, violations, close
 * (RFC 6455, 5 and 7).
 */


#include "reader_test.h"


static void test_lengths(void);
static void test_pings(void);
static void test_reserved(void);
static void test_fragments(void);
static void test_violations(void);
static void test_close(void);
static void test_close_codes(void);
static void test_after_close(void);


int
main(void)
{
    test_begin();

    ok(sizeof(chatws_reader_t) <= 56, "a reader has %d bytes",
       (int) sizeof(chatws_reader_t));

    test_lengths();
    test_pings();
    test_reserved();
    test_fragments();
    test_violations();
    test_close();
    test_close_codes();
    test_after_close();

    return test_end();
}


static void
test_lengths(void)
{
    char               name[64];
    size_t             i, n;
    uint8_t           *data;
    static test_log_t  want;

    static const size_t  lengths[] = {
        0, 1, 2, 3, 4, 5, 7, 8, 9, 124, 125, 126, 127, 128, 129, 255, 256,
        1000, 65534, 65535, 65536, 65537, 65540
    };

    data = malloc(65540);

    for (i = 0; i < 65540; i++) {
        data[i] = (uint8_t) ('!' + i * 7 % 90);
    }

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        n = lengths[i];

        want.len = 0;
        add(&want, "text", data, n);
        frame(0x81, data, n);
        sprintf(name, "text of %u bytes", (unsigned) n);
        check(name, want.text);

        want.len = 0;
        data[0] = 0xff;
        add(&want, "binary", data, n);
        add(&want, "text", (uint8_t *) "after", 5);
        frame(0x82, data, n);
        frame(0x81, "after", 5);
        sprintf(name, "binary of %u bytes and a text", (unsigned) n);
        check(name, want.text);
        data[0] = '!';

        want.len = 0;
        add(&want, "text", data, n);
        frame(0x01, data, n / 2);
        frame(0x80, data + n / 2, n - n / 2);
        sprintf(name, "text of %u bytes in two fragments", (unsigned) n);
        check(name, want.text);
    }

    free(data);
}


static void
test_pings(void)
{
    char       name[32], want[64];
    uint8_t    data[125];
    unsigned   i;
    test_log_t log;

    frame(0x89, "", 0);
    check("empty ping", "ping()");

    frame(0x89, "Hello, world!", 13);
    check("ping with text", "ping(Hello, world!)");

    frame(0x89, "\0\xff\xfe\xfd\xfc\xfb\0\xff", 1);
    frame(0x89, "\xff\xfe", 2);
    check("pings that are not UTF-8, the first one a zero", "ping(");

    memset(data, 'p', 125);

    for (i = 123; i <= 125; i++) {
        log.len = 0;
        add(&log, "ping", data, i);
        memcpy(want, log.text, log.len + 1);
        frame(0x89, data, i);
        sprintf(name, "ping of %u bytes", i);
        check(name, want);
    }

    raw("\x89\xfe\x00\x7e", 4);
    check_at("ping of 126 bytes", "fail1002()", 2);

    frame(0x8a, "", 0);
    frame(0x8a, "unsolicited", 11);
    frame(0x89, "p", 1);
    check("pongs and a ping", "pong()pong(unsolicited)ping(p)");

    for (i = 0; i < 10; i++) {
        frame(0x89, "x", 1);
    }

    check("ten pings", "ping(x)ping(x)ping(x)ping(x)ping(x)"
          "ping(x)ping(x)ping(x)ping(x)ping(x)");
}


static void
test_reserved(void)
{
    char      name[64], want[64];
    unsigned  bad, first, op, rsv;

    bad = 0;

    for (rsv = 0x10; rsv < 0x80; rsv += 0x10) {
        for (op = 0; op < 16; op++) {
            first = 0x80 | rsv | op;
            frame(0x81, "ok", 2);
            frame(first, "x", 1);
            bad += !run("text(ok)fail1002()", stream_len, 1, NULL);
            bad += !run("text(ok)fail1002()", 1, 1, NULL);
            stream_len = 0;
        }
    }

    ok(bad == 0, "reserved bits");

    for (op = 3; op < 16; op++) {

        if (op >= 8 && op <= 10) {
            continue;
        }

        frame(0x81, "ok", 2);
        frame(0x80 | op, "", 0);
        frame(0x89, "", 0);
        sprintf(name, "reserved opcode %u", op);
        sprintf(want, "text(ok)fail1002()");
        check_at(name, want, 9);

        frame(0x01, "ok", 2);
        frame(op, "more", 4);
        sprintf(name, "reserved opcode %u in a message", op);
        check_at(name, "fail1002()", 9);
    }
}


static void
test_fragments(void)
{
    unsigned  i;

    frame(0x01, "frag", 4);
    frame(0x80, "ment", 4);
    check("two fragments", "text(fragment)");

    frame(0x02, "a", 1);
    frame(0x00, "b", 1);
    frame(0x00, "", 0);
    frame(0x00, "c", 1);
    frame(0x80, "d", 1);
    check("five fragments, one empty", "binary(abcd)");

    frame(0x01, "", 0);
    frame(0x00, "", 0);
    frame(0x80, "", 0);
    check("three empty fragments", "text()");

    frame(0x01, "", 0);
    frame(0x00, "mid", 3);
    frame(0x80, "", 0);
    check("empty, text, empty", "text(mid)");

    frame(0x01, "frag", 4);
    frame(0x89, "ping", 4);
    frame(0x80, "ment", 4);
    check("ping between fragments", "ping(ping)text(fragment)");

    frame(0x01, "f", 1);
    frame(0x89, "1", 1);
    frame(0x8a, "2", 1);
    frame(0x00, "g", 1);
    frame(0x89, "", 0);
    frame(0x89, "3", 1);
    frame(0x80, "h", 1);
    frame(0x81, "next", 4);
    check("many control frames between fragments",
          "ping(1)pong(2)ping()ping(3)text(fgh)text(next)");

    for (i = 0; i < 3; i++) {
        frame(0x01, "fragment1", 9);
        frame(0x80, "fragment2", 9);
    }

    check("messages in a row", "text(fragment1fragment2)"
          "text(fragment1fragment2)text(fragment1fragment2)");
}


static void
test_violations(void)
{
    frame(0x80, "x", 1);
    check_at("continuation of nothing", "fail1002()", 1);

    frame(0x00, "x", 1);
    check_at("unfinished continuation of nothing", "fail1002()", 1);

    frame(0x81, "a", 1);
    frame(0x80, "x", 1);
    check_at("continuation after a message", "text(a)fail1002()", 8);

    frame(0x01, "a", 1);
    frame(0x80, "b", 1);
    frame(0x80, "c", 1);
    check_at("continuation after fragments", "text(ab)fail1002()", 15);

    frame(0x01, "a", 1);
    frame(0x81, "b", 1);
    check_at("text inside a message", "fail1002()", 8);

    frame(0x02, "a", 1);
    frame(0x89, "", 0);
    frame(0x02, "b", 1);
    check_at("binary inside a message", "ping()fail1002()", 14);

    frame(0x09, "frag", 4);
    frame(0x80, "ment", 4);
    check_at("fragmented ping", "fail1002()", 1);

    frame(0x0a, "", 0);
    check_at("fragmented pong", "fail1002()", 1);

    frame(0x08, "\x03\xe8", 2);
    check_at("fragmented close", "fail1002()", 1);

    raw("\x81\x05hello", 7);
    check_at("text without a mask", "fail1002()", 2);

    raw("\x88\x00", 2);
    check_at("close without a mask", "fail1002()", 2);

    raw("\x81\xfe\x00\x05\1\2\3\4hello", 13);
    check_at("16-bit length of 5", "fail1002()", 4);

    raw("\x81\xff\0\0\0\0\0\0\0\x05\1\2\3\4hello", 19);
    check_at("64-bit length of 5", "fail1002()", 8);

    raw("\x82\xff\x80\0\0\0\0\1\0\0\1\2\3\4", 14);
    check_at("64-bit length with the top bit", "fail1002()", 3);

    frame(0x81, "a", 1);
    frame(0x8b, "", 0);
    frame(0x81, "b", 1);
    check_at("nothing is read after a failure", "text(a)fail1002()", 8);
}


static void
test_close(void)
{
    uint8_t     data[126];
    test_log_t  log;

    frame(0x88, "", 0);
    check("empty close", "close1005()");

    frame(0x88, "\x03", 1);
    check_at("close with one byte", "fail1002()", 7);

    frame(0x88, "\x03\xe8", 2);
    check("close with a code", "close1000()");

    frame(0x88, "\x03\xe8Hello World!", 14);
    check("close with a reason", "close1000(Hello World!)");

    memset(data, '*', 125);
    memcpy(data, "\x0f\xa0", 2);
    log.len = 0;
    add(&log, "close4000", data + 2, 123);
    frame(0x88, data, 125);
    check("close with the longest reason", log.text);

    raw("\x88\xfe\x00\x7e", 4);
    check_at("close with 126 bytes", "fail1002()", 2);

    frame(0x88, "\x03\xe8\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
                "\xed\xa0\x80" "edited", 22);
    check("close with a reason that is not UTF-8", "fail1007()");

    frame(0x88, "\x03\xe8\xce", 3);
    check("close with half a character", "fail1007()");

    frame(0x88, "\x03\xed\xce", 3);
    check("bad code and bad reason", "fail1002()");
}


static void
test_close_codes(void)
{
    char      want[32];
    uint8_t   data[2];
    unsigned  bad, code;

    bad = 0;

    for (code = 0; code < 65536; code++) {
        data[0] = (uint8_t) (code >> 8);
        data[1] = (uint8_t) code;
        frame(0x88, data, 2);

        if ((code >= 1000 && code <= 1014
             && (code < 1004 || code > 1006))
            || (code >= 3000 && code <= 4999))
        {
            sprintf(want, "close%u()", code);

        } else {
            sprintf(want, "fail1002()");
        }

        bad += !run(want, stream_len, 1, NULL);
        stream_len = 0;
    }

    ok(bad == 0, "all close codes");
}


static void
test_after_close(void)
{
    frame(0x88, "\x03\xe8", 2);
    frame(0x81, "late", 4);
    check("text after close", "close1000()");

    frame(0x88, "\x03\xe8", 2);
    frame(0x89, "late", 4);
    frame(0x88, "\x03\xe9", 2);
    check("ping and close after close", "close1000()");

    frame(0x88, "", 0);
    raw("\xff\xff\xff\xff\xff", 5);
    check("garbage after close", "close1005()");

    frame(0x01, "frag", 4);
    frame(0x88, "\x03\xe8", 2);
    frame(0x80, "ment", 4);
    check("close inside a message", "close1000()");
}
