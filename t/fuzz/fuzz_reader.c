
/*
 * Copyright (C) chatws contributors
 *
 * The reader: the same events whether the input comes whole, byte by byte or
 * in any other pieces, and those that a decoder says which has it all; memory
 * within its bounds, and none left.
 *
 * Input: options, the size of the pieces, then what a client sends.
 */


#include "fuzz.h"

#include "base/chatws_utf8.c"
#include "websocket/chatws_mask.c"
#include "websocket/chatws_frame.c"
#include "websocket/chatws_reader.c"


/* events as a row of bytes: type, code, flags, length, data */

typedef struct {
    uint8_t               *data;
    size_t                 len;
} fuzz_log_t;


static void *fuzz_alloc(void *ctx, size_t size);
static void fuzz_free(void *ctx, void *p);
static void put(fuzz_log_t *log, unsigned type, unsigned code,
    const uint8_t *p, size_t len);
static void feed(fuzz_log_t *log, const uint8_t *p, size_t len, size_t step);
static int piece(fuzz_log_t *log, chatws_reader_t *rd, const uint8_t *p,
    size_t len);
static void expect(fuzz_log_t *log, const uint8_t *p, size_t len);
static unsigned expect_data(fuzz_log_t *log, chatws_frame_t *f, size_t have);
static unsigned expect_control(fuzz_log_t *log, chatws_frame_t *f,
    uint8_t *p);


#define FUZZ_FAILURE  100


static size_t                 allocated, size_max;
static uint8_t               *message;
static size_t                 message_len, fragments;
static unsigned               first, deflate;
static chatws_reader_conf_t   conf;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_log_t  bytes, pieces, want, whole;

    if (size < 2) {
        return 0;
    }

    memset(&conf, 0, sizeof(chatws_reader_conf_t));

    conf.memory.alloc = fuzz_alloc;
    conf.memory.free = fuzz_free;
    conf.max_message = (data[0] & 1) ? 20 : (data[0] & 2) ? 300 : 1 << 20;
    conf.max_empty = (data[0] & 4) ? 1 : 100;
    conf.no_binary = (data[0] & 8) != 0;
    deflate = (data[0] & 16) != 0;

    size_max = conf.max_message + conf.max_message / 8 + 64;

    feed(&whole, data + 2, size - 2, size);
    feed(&bytes, data + 2, size - 2, 1);
    feed(&pieces, data + 2, size - 2, 1 + data[1] % 61);
    expect(&want, data + 2, size - 2);

    check(whole.len == bytes.len
          && memcmp(whole.data, bytes.data, whole.len) == 0);
    check(whole.len == pieces.len
          && memcmp(whole.data, pieces.data, whole.len) == 0);
    check(whole.len == want.len
          && memcmp(whole.data, want.data, whole.len) == 0);

    free(whole.data);
    free(bytes.data);
    free(pieces.data);
    free(want.data);

    return 0;
}


static void *
fuzz_alloc(void *ctx, size_t size)
{
    size_t  *p;

    (void) ctx;

    check(size <= size_max + CHATWS_FRAME_HEAD_OUT
          || size <= CHATWS_FRAME_CTL_MAX + CHATWS_FRAME_HEAD_OUT);

    p = malloc(2 * sizeof(size_t) + size);
    *p = size;
    allocated += size;

    return p + 2;
}


static void
fuzz_free(void *ctx, void *p)
{
    (void) ctx;

    allocated -= *((size_t *) p - 2);
    free((size_t *) p - 2);
}


static void
put(fuzz_log_t *log, unsigned type, unsigned code, const uint8_t *p,
    size_t len)
{
    uint32_t  n;

    log->data = realloc(log->data, log->len + 8 + len);

    n = (uint32_t) len;
    log->data[log->len] = (uint8_t) type;
    log->data[log->len + 1] = (uint8_t) (code >> 8);
    log->data[log->len + 2] = (uint8_t) code;
    log->data[log->len + 3] = 0;
    memcpy(log->data + log->len + 4, &n, 4);

    if (len) {
        memcpy(log->data + log->len + 8, p, len);
    }

    log->len += 8 + len;
}


static void
feed(fuzz_log_t *log, const uint8_t *p, size_t len, size_t step)
{
    int               more;
    size_t            i, n;
    chatws_reader_t   rd;

    memset(log, 0, sizeof(fuzz_log_t));
    memset(&rd, 0, sizeof(chatws_reader_t));
    rd.deflate = deflate;

    put(log, 0, 0, NULL, 0);

    more = 1;

    for (i = 0; i < len && more; i += n) {
        n = (step < len - i) ? step : len - i;
        more = piece(log, &rd, p + i, n);

        /* at rest it has no memory */

        check(allocated == 0
              || rd.message != 0
              || rd.state == CHATWS_READER_CONTROL);
    }

    chatws_reader_close(&rd, &conf);
    check(allocated == 0);
}


static int
piece(fuzz_log_t *log, chatws_reader_t *rd, const uint8_t *p, size_t len)
{
    size_t           n;
    uint8_t         *copy, *last, *pos;
    chatws_rc_e      rc;
    chatws_event_t   ev;

    copy = malloc(len);
    memcpy(copy, p, len);
    pos = copy;
    last = copy + len;

    for ( ;; ) {
        rc = chatws_reader_next(rd, &conf, &pos, last, &ev);

        if (rc != CHATWS_OK) {
            break;
        }

        if (ev.in_place) {
            check(ev.data >= copy && ev.data + ev.len <= last);
        }

        if (ev.type == CHATWS_EVENT_CLOSE) {
            put(log, ev.type, ev.code, ev.data, ev.len);
            continue;
        }

        put(log, ev.type, ev.compressed, ev.data, ev.len);

        n = chatws_frame_header_size(ev.len);
        chatws_frame_header(ev.data - n, 0x82, ev.len);
    }

    check(pos == last);

    if (rc == CHATWS_ERROR) {
        check(ev.failure.reason.len && ev.failure.reason.len < 124);
        put(log, FUZZ_FAILURE, ev.failure.code, NULL, 0);
        check(chatws_reader_next(rd, &conf, &pos, last, &ev) == CHATWS_DONE);
    }

    free(copy);

    return rc == CHATWS_AGAIN;
}


/* what is to be told about the whole input */

static void
expect(fuzz_log_t *log, const uint8_t *p, size_t len)
{
    size_t            i, have;
    uint8_t          *payload;
    unsigned          code;
    chatws_rc_e       rc;
    chatws_frame_t    f;
    chatws_failure_t  fail;

    memset(log, 0, sizeof(fuzz_log_t));
    put(log, 0, 0, NULL, 0);

    message = malloc(len + 1);
    message_len = 0;
    fragments = 0;
    first = 0;
    code = 0;

    while (len && code == 0) {
        rc = chatws_frame_parse(&f, p, len, deflate ? CHATWS_FRAME_RSV1 : 0,
                                first, &fail);

        if (rc == CHATWS_AGAIN) {
            break;
        }

        if (rc == CHATWS_ERROR) {
            code = fail.code;
            break;
        }

        p += f.size;
        len -= f.size;
        have = (f.len < len) ? f.len : len;

        payload = malloc(have + 1);

        for (i = 0; i < have; i++) {
            payload[i] = p[i] ^ f.mask[i & 3];
        }

        if (f.first & CHATWS_FRAME_CONTROL) {
            code = (have < f.len) ? 0 : expect_control(log, &f, payload);

        } else {
            memcpy(message + message_len, payload, have);
            code = expect_data(log, &f, have);
        }

        free(payload);

        p += have;
        len -= have;

        if (have < f.len) {
            break;
        }
    }

    if (code > 1) {
        put(log, FUZZ_FAILURE, code, NULL, 0);
    }

    free(message);
}


/* the code to fail with, or 0 */

static unsigned
expect_data(fuzz_log_t *log, chatws_frame_t *f, size_t have)
{
    size_t    max;
    uint8_t   state;
    unsigned  binary, compressed, whole;

    if ((f->first & CHATWS_FRAME_OPCODE) != CHATWS_FRAME_CONT) {
        first = f->first;
        fragments = 0;
    }

    binary = (first & CHATWS_FRAME_OPCODE) == CHATWS_FRAME_BINARY;
    compressed = (first & CHATWS_FRAME_RSV1) != 0;
    max = compressed ? size_max : conf.max_message;
    whole = (f->first & CHATWS_FRAME_FIN) && have == f->len;

    if (binary && conf.no_binary) {
        return CHATWS_CLOSE_TYPE;
    }

    if (f->len > max || message_len + f->len > max) {
        return CHATWS_CLOSE_TOO_BIG;
    }

    fragments += !(f->first & CHATWS_FRAME_FIN);

    if (!(f->first & CHATWS_FRAME_FIN)
        && fragments > message_len + f->len + conf.max_empty)
    {
        return CHATWS_CLOSE_POLICY;
    }

    message_len += have;

    if (!binary && !compressed) {
        state = CHATWS_UTF8_START;

        if (chatws_utf8_plain(&state, message, message_len) != CHATWS_OK
            || (whole && state != CHATWS_UTF8_START))
        {
            return CHATWS_CLOSE_DATA;
        }
    }

    if (whole) {
        put(log, binary ? CHATWS_EVENT_BINARY : CHATWS_EVENT_TEXT, compressed,
            message, message_len);
        message_len = 0;
        first = 0;
    }

    return 0;
}


/* the code to fail with, 0, or 1 to stop */

static unsigned
expect_control(fuzz_log_t *log, chatws_frame_t *f, uint8_t *p)
{
    unsigned  code;

    switch (f->first & CHATWS_FRAME_OPCODE) {

    case CHATWS_FRAME_PING:
        put(log, CHATWS_EVENT_PING, 0, p, f->len);
        return 0;

    case CHATWS_FRAME_PONG:
        put(log, CHATWS_EVENT_PONG, 0, p, f->len);
        return 0;
    }

    if (f->len == 0) {
        put(log, CHATWS_EVENT_CLOSE, CHATWS_CLOSE_NONE, p, 0);
        return 1;
    }

    code = p[0] << 8 | p[1];

    if (f->len == 1
        || code < 1000 || code > 4999 || (code > 1014 && code < 3000)
        || (code > 1003 && code < 1007))
    {
        return CHATWS_CLOSE_PROTOCOL;
    }

    if (chatws_utf8_valid(p + 2, f->len - 2) != CHATWS_OK) {
        return CHATWS_CLOSE_DATA;
    }

    put(log, CHATWS_EVENT_CLOSE, code, p + 2, f->len - 2);

    return 1;
}
