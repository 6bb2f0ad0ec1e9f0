
/*
 * Copyright (C) chatws contributors
 *
 * Messages through zlib: the examples of RFC 7692, 7.2.3, and round trips
 * with a peer of every window size, with and without context takeover.
 */


#include "deflate_test.h"


static void test_rfc(void);
static void test_final(void);
static void test_final_window(void);
static void test_out(unsigned bits, unsigned takeover);
static void test_in(unsigned bits, unsigned takeover);
static void test_smallest_window(void);


int
main(void)
{
    unsigned  bits;

    test_begin();

    test_rfc();
    test_final();
    test_final_window();

    for (bits = 8; bits <= 15; bits++) {
        test_out(bits, 0);
        test_out(bits, 1);
        test_in(bits, 0);
        test_in(bits, 1);
    }

    test_smallest_window();

    return test_end();
}


static void
test_rfc(void)
{
    chatws_rc_e            rc;
    chatws_str_t           out;
    chatws_failure_t       fail;
    chatws_deflate_ctx_t  *ctx;

    ok(expands("\xf2\x48\xcd\xc9\xc9\x07\x00", 7, "Hello"), "7.2.3.1");
    ok(expands("\xf2\x48\xcd\xc9\xc9\x07\x00", 7, "Hello"), "once more");
    ok(expands("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11, "Hello"),
       "7.2.3.3, a stored block");
    ok(expands("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8, "Hello"),
       "7.2.3.4, a final block");
    ok(expands("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13,
               "Hello"), "7.2.3.5, two blocks");
    ok(expands("\x00", 1, ""), "7.2.3.6, an empty message");
    ok(expands("", 0, ""), "an empty payload");

    /* 7.2.3.2: with the window of the message before */

    params.client_takeover = 1;
    ctx = chatws_deflate_open(df);

    rc = chatws_deflate_expand(df, ctx, &params, (uint8_t *)
                               "\xf2\x48\xcd\xc9\xc9\x07\x00", 7, 5, &out,
                               &fail);
    ok(rc == CHATWS_OK && out.len == 5, "7.2.3.2, first");

    rc = chatws_deflate_expand(df, ctx, &params, (uint8_t *)
                               "\xf2\x00\x11\x00\x00", 5, 5, &out, &fail);
    ok(rc == CHATWS_OK && out.len == 5 && memcmp(out.data, "Hello", 5) == 0,
       "7.2.3.2, second");

    rc = chatws_deflate_expand(df, ctx, &params, (uint8_t *) "", 0, 5, &out,
                               &fail);
    ok(rc == CHATWS_OK && out.len == 0, "nothing, within a context");

    rc = chatws_deflate_expand(df, ctx, &params, (uint8_t *)
                               "\xf2\x00\x11\x00\x00", 5, 5, &out, &fail);
    ok(rc == CHATWS_OK && out.len == 5 && memcmp(out.data, "Hello", 5) == 0,
       "third");

    chatws_deflate_close(df, ctx);
    params.client_takeover = 0;

    ok(expand_code((uint8_t *) "\xf2\x00\x11\x00\x00", 5, 100) == 1007,
       "without a context this refers to nothing");
}


static void
test_final(void)
{
    int       i;
    uint8_t   many[5000];

    ok(expands("\xf3\x48\xcd\xc9\xc9\x07\x00", 7, "Hello"),
       "a final block without the byte after it");
    ok(expands("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
               15, "HelloHello"), "two final blocks");
    ok(expands("\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00",
               14, "HelloHello"), "a final block and another");
    ok(expands("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff", 11, "Hello"),
       "the tail was left where it was");
    ok(expands("\x03\x00", 2, ""), "an empty final block");

    for (i = 0; i < 4998; i += 2) {
        memcpy(many + i, "\x03\x00", 2);
    }

    ok(expand_code(many, 4998, 10) == 0, "thousands of them");
    ok(expand_code(many, 4997, 10) == 1007, "the last one cut off");
}


/* what comes after a final block may refer to what came before it */

static void
test_final_window(void)
{
    size_t             n;
    uint8_t            out[512], text[200];
    chatws_rc_e        rc;
    test_peer_t        peer;
    chatws_str_t       got;
    chatws_failure_t   fail;

    sample(text, 200, 1);
    peer_open(&peer, 15, 15);

    n = peer_encode(&peer, text, 200, Z_FINISH, out);
    deflateReset(&peer.out);
    deflateSetDictionary(&peer.out, text, 200);
    n += peer_encode(&peer, text, 200, Z_SYNC_FLUSH, out + n);

    rc = chatws_deflate_expand(df, NULL, &params, out, n, 400, &got, &fail);

    ok(n < 250 && rc == CHATWS_OK && got.len == 400
       && memcmp(got.data, text, 200) == 0
       && memcmp(got.data + 200, text, 200) == 0,
       "a window over a final block");

    peer_close(&peer);
}


/* what we send, decoded by a peer with a window of that size */

static void
test_out(unsigned bits, unsigned takeover)
{
    size_t                 i, len, total, wire;
    uint8_t               *text;
    unsigned               bad;
    chatws_rc_e            rc;
    test_peer_t            peer;
    chatws_str_t           out;
    chatws_deflate_ctx_t  *ctx;

    static const size_t  lengths[] = {
        1, 2, 3, 10, 125, 126, 200, 255, 256, 257, 300, 511, 512, 513, 4096,
        65535, 65536, 200000, 300, 1
    };

    text = malloc(200000);
    bad = 0;
    total = 0;
    wire = 0;

    params.server_bits = bits;
    params.server_takeover = takeover;
    ctx = takeover ? chatws_deflate_open(df) : NULL;

    peer_open(&peer, bits, 15);

    for (i = 0; i < 4 * sizeof(lengths) / sizeof(lengths[0]); i++) {
        len = sample(text, lengths[i / 4], i % 4);

        rc = chatws_deflate_compress(df, ctx, &params, text, len, TEST_MAX,
                                     &out);
        memset(out.data - CHATWS_DEFLATE_HEADROOM, 0,
               CHATWS_DEFLATE_HEADROOM);

        if (!takeover) {
            inflateReset(&peer.in);
        }

        bad += rc != CHATWS_OK
               || peer_decode(&peer, &out) != len
               || memcmp(peer.buf, text, len) != 0;

        total += len;
        wire += out.len;
    }

    ok(bad == 0, "out, %u bits, takeover:%u, %u%%", bits, takeover,
       (unsigned) (wire * 100 / total));

    peer_close(&peer);
    chatws_deflate_close(df, ctx);
    params.server_takeover = 0;
    params.server_bits = 15;
    free(text);
}


/* what a peer sends with a window of that size; zlib has none of 8 */

static void
test_in(unsigned bits, unsigned takeover)
{
    size_t                 i, len, n;
    uint8_t               *text, *wire;
    unsigned               bad;
    chatws_rc_e            rc;
    test_peer_t            peer;
    chatws_str_t           out;
    chatws_failure_t       fail;
    chatws_deflate_ctx_t  *ctx;

    static const size_t  lengths[] = {
        1, 5, 100, 300, 513, 5000, 4095, 4096, 4097, 8192, 70000, 1, 300
    };

    text = malloc(70000);
    wire = malloc(TEST_MAX + 64);
    bad = 0;

    params.client_bits = (bits < 9) ? 9 : bits;
    params.client_takeover = takeover;
    ctx = takeover ? chatws_deflate_open(df) : NULL;

    peer_open(&peer, 15, params.client_bits);

    for (i = 0; i < 4 * sizeof(lengths) / sizeof(lengths[0]); i++) {
        len = sample(text, lengths[i / 4], i % 4);
        n = peer_encode(&peer, text, len, Z_SYNC_FLUSH, wire);

        rc = chatws_deflate_expand(df, ctx, &params, wire, n, len, &out,
                                   &fail);

        bad += rc != CHATWS_OK
               || out.len != len
               || memcmp(out.data, text, len) != 0;

        memset(out.data - CHATWS_DEFLATE_HEADROOM, 0,
               CHATWS_DEFLATE_HEADROOM);

        if (!takeover) {
            deflateReset(&peer.out);
            bad += expand_code(wire, n, len - 1) != 1009;
        }
    }

    ok(bad == 0, "in, %u bits, takeover:%u", bits, takeover);

    peer_close(&peer);
    chatws_deflate_close(df, ctx);
    params.client_takeover = 0;
    params.client_bits = 15;
    free(text);
    free(wire);
}


/* a window of 8 bits is served by distances of one */

static void
test_smallest_window(void)
{
    size_t        i;
    uint8_t       text[300];
    unsigned      bits;
    chatws_rc_e   rc;
    chatws_str_t  out;

    for (bits = 8; bits <= 9; bits++) {
        for (i = 0; i < 300; i++) {
            text[i] = "abcd"[i % 4];
        }

        params.server_bits = bits;
        rc = chatws_deflate_compress(df, NULL, &params, text, 300, TEST_MAX,
                                     &out);

        ok(rc == CHATWS_OK && (out.len > 60) == (bits == 8),
           "%u bits, repeated letters: %u", bits, (unsigned) out.len);
    }

    params.server_bits = 15;
}
