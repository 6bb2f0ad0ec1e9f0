
/*
 * Copyright (C) chatws contributors
 *
 * What the tests of permessage-deflate share: counted memory, and a peer with
 * zlib streams of its own.
 */


#ifndef _CHATWS_DEFLATE_TEST_H_INCLUDED_
#define _CHATWS_DEFLATE_TEST_H_INCLUDED_


#include "memory_test.h"
#include "tap.h"

#include "base/chatws_utf8.c"
#include "websocket/chatws_frame.c"
#include "websocket/chatws_deflate.c"


#define TEST_MAX  (1 << 20)


/* a peer: raw zlib streams, as a client would have them */

typedef struct {
    z_stream         in;
    z_stream         out;
    uint8_t         *buf;
} test_peer_t;


static void peer_open(test_peer_t *peer, unsigned in_bits, unsigned out_bits);
static void peer_close(test_peer_t *peer);
static size_t peer_decode(test_peer_t *peer, const chatws_str_t *in);
static size_t peer_encode(test_peer_t *peer, const uint8_t *p, size_t len,
    int flush, uint8_t *out);
static size_t sample(uint8_t *p, size_t len, unsigned kind);
static int expands(const char *in, size_t len, const char *want);
static unsigned expand_code(const uint8_t *in, size_t len, size_t limit);
static void test_begin(void);
static int test_end(void);


static chatws_deflate_t        *df;
static chatws_deflate_conf_t    conf;
static chatws_deflate_params_t  params;


static void
test_begin(void)
{
    conf.memory.alloc = test_alloc;
    conf.memory.free = test_free;
    conf.level = 6;
    conf.mem_level = 8;

    params.server_bits = 15;
    params.client_bits = 15;

    df = chatws_deflate_create(&conf);

    ok(df && allocated < 512 && refuse == 0 && peak == allocated,
       "nothing is set up before it is needed");
}


static int
test_end(void)
{
    chatws_deflate_destroy(df);
    chatws_deflate_destroy(NULL);

    ok(blocks == 0 && allocated == 0, "nothing is leaked");

    return done();
}


static void
peer_open(test_peer_t *peer, unsigned in_bits, unsigned out_bits)
{
    memset(peer, 0, sizeof(test_peer_t));
    inflateInit2(&peer->in, -(int) in_bits);
    deflateInit2(&peer->out, 9, Z_DEFLATED, -(int) out_bits, 9,
                 Z_DEFAULT_STRATEGY);
    peer->buf = malloc(TEST_MAX + 64);
}


static void
peer_close(test_peer_t *peer)
{
    inflateEnd(&peer->in);
    deflateEnd(&peer->out);
    free(peer->buf);
}


/* in steps of 61 bytes of output, so that all distances need the window */

static size_t
peer_decode(test_peer_t *peer, const chatws_str_t *in)
{
    int        rc;
    uint8_t   *copy;

    copy = malloc(in->len + 4);
    memcpy(copy, in->data, in->len);
    memcpy(copy + in->len, "\x00\x00\xff\xff", 4);

    peer->in.next_in = copy;
    peer->in.avail_in = (uInt) in->len + 4;
    peer->in.next_out = peer->buf;

    do {
        peer->in.avail_out = 61;
        rc = inflate(&peer->in, Z_SYNC_FLUSH);
    } while (rc == Z_OK
             && (peer->in.avail_in || peer->in.avail_out == 0));

    free(copy);

    if (rc != Z_OK && rc != Z_BUF_ERROR) {
        return (size_t) -1;
    }

    return peer->in.next_out - peer->buf;
}


/* returns the length without the tail that a flush leaves */

static size_t
peer_encode(test_peer_t *peer, const uint8_t *p, size_t len, int flush,
    uint8_t *out)
{
    peer->out.next_in = (Bytef *) p;
    peer->out.avail_in = (uInt) len;
    peer->out.next_out = out;
    peer->out.avail_out = TEST_MAX + 64;

    deflate(&peer->out, flush);

    len = peer->out.next_out - out;

    return (flush == Z_FINISH) ? len : len - 4;
}


/* 0: words, 1: noise, 2: one letter, 3: far repetitions */

static size_t
sample(uint8_t *p, size_t len, unsigned kind)
{
    size_t           i;
    static uint32_t  seed = 77;

    for (i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;

        switch (kind) {
        case 0:
            p[i] = (uint8_t) ("etaoin shrdlu\"{}:,"[seed >> 28]);
            break;
        case 1:
            p[i] = (uint8_t) (seed >> 24);
            break;
        case 2:
            p[i] = 'a';
            break;
        default:
            p[i] = (uint8_t) ((i > 251) ? p[i - 252 + (seed >> 24) % 2]
                                        : seed >> 24);
        }
    }

    return len;
}


static int
expands(const char *in, size_t len, const char *want)
{
    chatws_rc_e       rc;
    chatws_str_t      out;
    chatws_failure_t  fail;

    rc = chatws_deflate_expand(df, NULL, &params, (const uint8_t *) in, len,
                               TEST_MAX, &out, &fail);

    return rc == CHATWS_OK && out.len == strlen(want)
           && memcmp(out.data, want, out.len) == 0;
}


/* the close code, 0 if it is well, from memory of exactly that size */

static unsigned
expand_code(const uint8_t *in, size_t len, size_t limit)
{
    uint8_t          *copy;
    chatws_rc_e       rc;
    chatws_str_t      out;
    chatws_failure_t  fail;

    copy = malloc(len ? len : 1);

    if (len) {
        memcpy(copy, in, len);
    }

    rc = chatws_deflate_expand(df, NULL, &params, copy, len, limit, &out,
                               &fail);
    free(copy);

    return (rc == CHATWS_OK) ? 0 : fail.code;
}


#endif /* _CHATWS_DEFLATE_TEST_H_INCLUDED_ */
