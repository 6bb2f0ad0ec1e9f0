
/*
 * Copyright (C) chatws contributors
 *
 * The reader: every vector is fed whole, byte by byte, and cut in two at
 * every place (of long ones, at the places near an end and at some others).
 * Each piece is in memory of exactly its size, so that a sanitizer sees any
 * access outside; each event gets the header of an echo written before it.
 */


#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "../../src/chatws_mask.c"
#include "../../src/chatws_utf8.c"
#include "../../src/chatws_frame.c"
#include "../../src/chatws_message.c"


#define TEST_MAX      (32 * 1024 * 1024)
#define TEST_ANYWHERE ((size_t) -1)


/* a transcript: the events, as text */

typedef struct {
    char                  text[8192];
    size_t                len;
    size_t                failed;    /* input bytes when it failed */
    unsigned              over:1;
} test_log_t;


static void *test_alloc(void *ctx, size_t size);
static void test_free(void *ctx, void *p);
static void frame(unsigned first, const void *payload, size_t len);
static void raw(const void *bytes, size_t len);
static void add(test_log_t *log, const char *what, const uint8_t *data,
    size_t len);
static void add_event(test_log_t *log, chatws_event_t *ev);
static void feed(test_log_t *log, chatws_reader_t *rd, const uint8_t *p,
    size_t len, size_t offset);
static int run(const char *want, size_t first, size_t step, size_t *failed);
static void check(const char *name, const char *want);
static void check_at(const char *name, const char *want, size_t where);
static void test_lengths(void);
static void test_pings(void);
static void test_reserved(void);
static void test_fragments(void);
static void test_violations(void);
static void test_close(void);
static void test_close_codes(void);
static void test_after_close(void);
static void test_utf8(void);
static void test_utf8_early(void);
static void test_limits(void);
static void test_compressed(void);
static void test_many(void);
static void test_memory(void);


static size_t                 allocated, blocks, peak, refuse;
static size_t                 stream_len;
static uint8_t               *stream;
static unsigned               deflate;
static chatws_reader_conf_t   conf;


int
main(void)
{
    stream = malloc(TEST_MAX + 4096);

    conf.memory.alloc = test_alloc;
    conf.memory.free = test_free;
    conf.max_message = TEST_MAX;
    conf.max_empty = 1000;

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
    test_utf8();
    test_utf8_early();
    test_limits();
    test_compressed();
    test_many();
    test_memory();

    free(stream);

    return done();
}


static void *
test_alloc(void *ctx, size_t size)
{
    size_t  *p;

    (void) ctx;

    if (refuse && --refuse == 0) {
        return NULL;
    }

    p = malloc(sizeof(size_t) * 2 + size);
    *p = size;

    allocated += size;
    blocks++;

    if (allocated > peak) {
        peak = allocated;
    }

    return p + 2;
}


static void
test_free(void *ctx, void *p)
{
    size_t  *block;

    (void) ctx;

    block = (size_t *) p - 2;
    allocated -= *block;
    blocks--;

    free(block);
}


/* appends a client's frame to the stream */

static void
frame(unsigned first, const void *payload, size_t len)
{
    size_t                i;
    uint8_t              *p;
    static unsigned       count;
    static const uint8_t  keys[4][4] = {
        { 0x37, 0xfa, 0x21, 0x3d },
        { 0x00, 0x00, 0x00, 0x00 },
        { 0xff, 0x80, 0x01, 0x7f },
        { 0x01, 0x02, 0x03, 0x04 }
    };

    p = stream + stream_len;
    i = chatws_frame_header(p, first, len);

    p[1] |= 0x80;
    memcpy(p + i, keys[count & 3], 4);
    memcpy(p + i + 4, payload, len);

    stream_len += i + 4 + len;
    p += i + 4;

    for (i = 0; i < len; i++) {
        p[i] ^= keys[count & 3][i & 3];
    }

    count++;
}


static void
raw(const void *bytes, size_t len)
{
    memcpy(stream + stream_len, bytes, len);
    stream_len += len;
}


static void
add(test_log_t *log, const char *what, const uint8_t *data, size_t len)
{
    size_t    i;
    uint32_t  hash;

    if (sizeof(log->text) - log->len < 256) {
        log->over = 1;
        return;
    }

    log->len += sprintf(log->text + log->len, "%s(", what);

    if (len == 0) {
        /* void */

    } else if (len <= 40) {
        memcpy(log->text + log->len, data, len);
        log->len += len;

    } else {
        hash = 2166136261U;

        for (i = 0; i < len; i++) {
            hash = (hash ^ data[i]) * 16777619U;
        }

        log->len += sprintf(log->text + log->len, "%u:%08x", (unsigned) len,
                            (unsigned) hash);
    }

    log->len += sprintf(log->text + log->len, ")");
}


static void
add_event(test_log_t *log, chatws_event_t *ev)
{
    char                what[32];
    size_t              n;

    static const char  *names[] = { "", "text", "binary", "ping", "pong" };

    if (ev->type == CHATWS_EVENT_CLOSE) {
        sprintf(what, "close%u", ev->code);
        add(log, what, ev->data, ev->len);
        return;
    }

    sprintf(what, "%s%s", ev->compressed ? "z" : "", names[ev->type]);
    add(log, what, ev->data, ev->len);

    n = chatws_frame_header_size(ev->len);
    chatws_frame_header(ev->data - n, 0x81, ev->len);
}


/* one piece of input: reads all events */

static void
feed(test_log_t *log, chatws_reader_t *rd, const uint8_t *p, size_t len,
    size_t offset)
{
    char             what[32];
    uint8_t         *copy, *last, *pos;
    chatws_rc_e      rc;
    chatws_event_t   ev;

    copy = malloc(len ? len : 1);
    memcpy(copy, p, len);

    pos = copy;
    last = copy + len;

    for ( ;; ) {
        memset(&ev, 0xa5, sizeof(chatws_event_t));
        rc = chatws_reader_next(rd, &conf, &pos, last, &ev);

        if (rc == CHATWS_OK) {
            add_event(log, &ev);
            continue;
        }

        if (pos != last) {
            add(log, "input is left", NULL, 0);
        }

        if (rc == CHATWS_ERROR) {
            sprintf(what, "fail%u", ev.failure.code);
            add(log, what, NULL, 0);
            log->failed = offset + len;

            if (ev.failure.reason.len == 0 || ev.failure.reason.len > 123) {
                add(log, "no reason", NULL, 0);
            }

            if (blocks) {
                add(log, "memory is left", NULL, 0);
            }
        }

        break;
    }

    free(copy);
}


/* pieces: "first" bytes, then "step" bytes each */

static int
run(const char *want, size_t first, size_t step, size_t *failed)
{
    size_t             n, pos;
    chatws_reader_t    rd;
    static test_log_t  log;

    log.len = 0;
    log.failed = 0;
    log.over = 0;

    memset(&rd, 0, sizeof(chatws_reader_t));
    rd.deflate = deflate;

    for (pos = 0, n = first; pos < stream_len; pos += n, n = step) {
        if (n > stream_len - pos) {
            n = stream_len - pos;
        }

        feed(&log, &rd, stream + pos, n, pos);

        if (chatws_reader_memory(&rd) != allocated) {
            add(&log, "memory differs", NULL, 0);
        }
    }

    if (!chatws_reader_partial(&rd) && blocks) {
        add(&log, "memory at rest", NULL, 0);
    }

    chatws_reader_close(&rd, &conf);
    chatws_reader_close(&rd, &conf);

    if (blocks || allocated) {
        add(&log, "memory leaked", NULL, 0);
    }

    if (failed) {
        *failed = log.failed;
    }

    log.text[log.len] = '\0';

    if (log.over || strcmp(log.text, want) != 0) {
        printf("# got  %s\n# want %s\n# pieces %u, %u...\n", log.text, want,
               (unsigned) first, (unsigned) step);
        return 0;
    }

    return 1;
}


static void
check(const char *name, const char *want)
{
    check_at(name, want, TEST_ANYWHERE);
}


/* "where": how many bytes it takes to fail */

static void
check_at(const char *name, const char *want, size_t where)
{
    int     good;
    size_t  failed, i, step;

    good = run(want, stream_len, 1, NULL)
           && run(want, 1, 1, &failed);

    if (good && where != TEST_ANYWHERE && failed != where) {
        printf("# failed at %u, not at %u\n", (unsigned) failed,
               (unsigned) where);
        good = 0;
    }

    step = stream_len / 50 + 1;

    for (i = 0; good && i < stream_len; i++) {

        if (stream_len > 1500
            && i > 40 && i < stream_len - 40
            && i % step)
        {
            continue;
        }

        good = run(want, i, stream_len, NULL)
               && run(want, i, 3 + i % 7, NULL);
    }

    ok(good, "%s", name);

    stream_len = 0;
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
    ok(log.over && peak == 0 && !chatws_reader_partial(&rd),
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
    ok(chatws_reader_partial(&rd), "that message is incomplete");
    chatws_reader_close(&rd, &conf);
    ok(allocated == 0 && !chatws_reader_partial(&rd), "closed");

    stream_len = 0;
    memset(&rd, 0, sizeof(chatws_reader_t));
    raw("\x81\x83\1\2\3", 5);
    feed(&log, &rd, stream, stream_len, 0);
    ok(allocated == 0 && chatws_reader_partial(&rd),
       "a part of a header costs no memory");

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
