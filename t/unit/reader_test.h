
/*
 * Copyright (C) chatws contributors
 *
 * What the tests of the reader share: every vector is fed whole, byte by
 * byte, and cut in two at every place (of long ones, at the places near an
 * end and at some others).  Each piece is in memory of exactly its size, so
 * that a sanitizer sees any access outside; each event gets the header of an
 * echo written before it.  A test may do something to the reader between the
 * pieces.
 */


#ifndef _CHATWS_READER_TEST_H_INCLUDED_
#define _CHATWS_READER_TEST_H_INCLUDED_


#include "memory_test.h"
#include "tap.h"

#include "websocket/chatws_mask.c"
#include "base/chatws_utf8.c"
#include "websocket/chatws_frame.c"
#include "websocket/chatws_reader.c"


#define TEST_MAX       (32 * 1024 * 1024)
#define TEST_ANYWHERE  ((size_t) -1)


/* a transcript: the events, as text */

typedef struct {
    char                  text[8192];
    size_t                len;
    size_t                failed;    /* input bytes when it failed */
    unsigned              over:1;
} test_log_t;


static void frame(unsigned first, const void *payload, size_t len);
static void raw(const void *bytes, size_t len);
static void add(test_log_t *log, const char *what, const uint8_t *data,
    size_t len);
static void add_event(test_log_t *log, chatws_event_t *ev);
static void feed(test_log_t *log, chatws_reader_t *rd, const uint8_t *p,
    size_t len, size_t offset);
static size_t held(const chatws_reader_t *rd);
static int partial(const chatws_reader_t *rd);
static int run(const char *want, size_t first, size_t step, size_t *failed);
static void check(const char *name, const char *want);
static void check_at(const char *name, const char *want, size_t where);
static void test_begin(void);
static int test_end(void);


static size_t                 stream_len;
static uint8_t               *stream;
static unsigned               deflate;
static chatws_reader_conf_t   conf;
static void                 (*between)(chatws_reader_t *rd);


static void
test_begin(void)
{
    stream = malloc(TEST_MAX + 4096);

    conf.memory.alloc = test_alloc;
    conf.memory.free = test_free;
    conf.max_message = TEST_MAX;
    conf.max_empty = 1000;
}


static int
test_end(void)
{
    free(stream);

    return done();
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


/* what a reader knows to have allocated */

static size_t
held(const chatws_reader_t *rd)
{
    return (rd->data ? CHATWS_READER_HEADROOM + rd->size : 0)
           + (rd->control ? CHATWS_READER_HEADROOM + CHATWS_FRAME_CTL_MAX : 0);
}


/* whether it is inside of a frame or a message */

static int
partial(const chatws_reader_t *rd)
{
    return rd->nhead != 0
           || rd->message != 0
           || rd->state == CHATWS_READER_PAYLOAD
           || rd->state == CHATWS_READER_CONTROL;
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

        if (between) {
            between(&rd);
        }

        if (held(&rd) != allocated) {
            add(&log, "memory differs", NULL, 0);
        }
    }

    if (!partial(&rd) && blocks) {
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


#endif /* _CHATWS_READER_TEST_H_INCLUDED_ */
