
/*
 * Copyright (C) chatws contributors
 *
 * Messages through zlib: limits, bombs, damaged data, no memory.
 */


#include "deflate_test.h"


static void test_not_worth(void);
static void test_empty(void);
static void test_limit(void);
static void test_bomb(void);
static void test_damaged(void);
static void test_no_memory(void);


int
main(void)
{
    test_begin();

    test_not_worth();
    test_empty();
    test_limit();
    test_bomb();
    test_damaged();
    test_no_memory();

    return test_end();
}


static void
test_not_worth(void)
{
    size_t                 i, n;
    uint8_t                text[300];
    unsigned               bad;
    chatws_rc_e            rc, want;
    test_peer_t            peer;
    chatws_str_t           out;
    chatws_deflate_ctx_t  *ctx;

    sample(text, 300, 0);

    rc = chatws_deflate_compress(df, NULL, &params, text, 300, 300, &out);
    n = out.len;
    ok(rc == CHATWS_OK && n < 280, "300 letters become %u", (unsigned) n);

    bad = 0;

    for (i = 0; i < 400; i++) {
        rc = chatws_deflate_compress(df, NULL, &params, text, 300, i, &out);
        want = (i > n) ? CHATWS_OK : CHATWS_DECLINED;
        bad += rc != want || (rc == CHATWS_OK && out.len != n);
    }

    ok(bad == 0, "the limit is exact");

    /* a declined message leaves no trace in the context */

    params.server_takeover = 1;
    ctx = chatws_deflate_open(df);
    peer_open(&peer, 15, 15);
    bad = 0;

    for (i = 0; i < 40; i++) {
        sample(text, 300, i % 4);
        rc = chatws_deflate_compress(df, ctx, &params, text, 300, 200, &out);

        if (rc == CHATWS_OK) {
            bad += peer_decode(&peer, &out) != 300
                   || memcmp(peer.buf, text, 300) != 0;
        }

        bad += (rc == CHATWS_OK) != (i % 4 == 0 || i % 4 == 2)
               && i % 4 == 1;
    }

    ok(bad == 0, "declined messages within a context");

    peer_close(&peer);
    chatws_deflate_close(df, ctx);
    params.server_takeover = 0;
}


static void
test_empty(void)
{
    int                    i;
    unsigned               bad;
    chatws_rc_e            rc;
    test_peer_t            peer;
    chatws_str_t           out;
    chatws_deflate_ctx_t  *ctx;

    params.server_takeover = 1;
    ctx = chatws_deflate_open(df);
    peer_open(&peer, 15, 15);
    bad = 0;

    for (i = 0; i < 9; i++) {
        rc = chatws_deflate_compress(df, ctx, &params, (uint8_t *) "abc",
                                     i % 3 ? 0 : 3, 100, &out);
        bad += rc != CHATWS_OK
               || peer_decode(&peer, &out) != (i % 3 ? 0 : 3);
        bad += i % 3 && (out.len != 1 || out.data[0] != 0);
    }

    ok(bad == 0, "empty messages");

    ok(chatws_deflate_compress(df, NULL, &params, NULL, 0, 0, &out)
       == CHATWS_DECLINED, "an empty message is as well sent plain");

    peer_close(&peer);
    chatws_deflate_close(df, ctx);
    params.server_takeover = 0;
}


static void
test_limit(void)
{
    size_t        i, n;
    uint8_t       text[64], wire[TEST_MAX / 64], *p;
    unsigned      bad;
    test_peer_t   peer;

    sample(text, 64, 2);
    peer_open(&peer, 15, 15);
    n = peer_encode(&peer, text, 64, Z_SYNC_FLUSH, wire);

    bad = 0;

    for (i = 0; i < 100; i++) {
        bad += expand_code(wire, n, i) != (i < 64 ? 1009 : 0);
    }

    ok(bad == 0, "the limit is exact");
    ok(expand_code(wire, n, (size_t) -1) == 0, "no limit");

    /* lengths around the sizes that the buffer takes */

    p = malloc(40000);
    bad = 0;

    for (i = 1; i < 40000; i = (i % 4096 < 2 || i % 4096 > 4092) ? i + 1
                                                                : i + 511)
    {
        chatws_deflate_trim(df, 0);
        sample(p, i, 2);
        deflateReset(&peer.out);
        n = peer_encode(&peer, p, i, Z_SYNC_FLUSH, wire);
        bad += expand_code(wire, n, i) != 0;
        bad += expand_code(wire, n, i - 1) != 1009;
        bad += df->size > i + 1 && df->size > CHATWS_DEFLATE_FIRST;
    }

    ok(bad == 0, "output of any size");

    free(p);
    peer_close(&peer);
}


static void
test_bomb(void)
{
    size_t       n, size;
    uint8_t     *zeroes, *wire;
    test_peer_t  peer;

    size = 64 * TEST_MAX;
    zeroes = calloc(1, size);
    wire = malloc(TEST_MAX + 64);

    peer_open(&peer, 15, 15);
    n = peer_encode(&peer, zeroes, size, Z_SYNC_FLUSH, wire);

    chatws_deflate_trim(df, 0);
    size = allocated;
    peak = 0;

    ok(expand_code(wire, n, TEST_MAX) == 1009, "%u bytes want to be 64 MB",
       (unsigned) n);
    ok(df->size <= TEST_MAX + 64
       && peak - size <= 2 * TEST_MAX + 65536,
       "and take %u", (unsigned) df->size);

    chatws_deflate_trim(df, 65536);
    ok(df->buf == NULL, "which are given back");
    ok(expands("\xf2\x48\xcd\xc9\xc9\x07\x00", 7, "Hello"), "all is well");
    chatws_deflate_trim(df, 65536);
    ok(df->buf != NULL, "a small buffer is kept");

    free(zeroes);
    free(wire);
    peer_close(&peer);
}


static void
test_damaged(void)
{
    size_t       i, n;
    uint8_t      text[2000], wire[4096], save;
    int          left;
    unsigned     bad, bit, code, whole;
    test_peer_t  peer;

    ok(expand_code((uint8_t *) "\x06", 1, 100) == 1007, "block type 3");
    ok(expand_code((uint8_t *) "\xff\xff\xff\xff", 4, 100) == 1007, "ones");
    ok(expand_code((uint8_t *) "\x00\x05\x00\xfa\xfe" "Hello", 10, 100)
       == 1007, "stored length");
    ok(expand_code((uint8_t *) "\x00\x05\x00\xfa\xffHe", 7, 100) == 1007,
       "stored block cut off");

    peer_open(&peer, 15, 15);
    sample(text, 2000, 0);
    n = peer_encode(&peer, text, 2000, Z_SYNC_FLUSH, wire);

    bad = 0;

    for (i = 1; i < n - 1; i++) {
        code = expand_code(wire, i, 4000);
        bad += code != 1007;
    }

    ok(bad == 0, "cut off anywhere");

    /* without its last byte it is whole only if that holds a header alone */

    bad = 0;
    whole = 0;

    for (i = 1; i < 300; i++) {
        deflateReset(&peer.out);
        (void) peer_encode(&peer, text, i, Z_BLOCK, wire);
        deflatePending(&peer.out, NULL, &left);
        n = peer.out.next_out - wire;
        n += peer_encode(&peer, NULL, 0, Z_SYNC_FLUSH, wire + n);

        whole += left == 0;
        bad += expand_code(wire, n, 4000) != 0;
        bad += expand_code(wire, n - 1, 4000) != (left ? 1007 : 0);
    }

    ok(bad == 0 && whole > 0, "cut off by one byte");

    deflateReset(&peer.out);
    n = peer_encode(&peer, text, 2000, Z_SYNC_FLUSH, wire);

    bad = 0;

    for (i = 0; i < n; i++) {
        for (bit = 0; bit < 8; bit++) {
            save = wire[i];
            wire[i] ^= (uint8_t) (1 << bit);
            code = expand_code(wire, n, 4000);
            bad += code != 0 && code != 1007 && code != 1009;
            wire[i] = save;
        }
    }

    ok(bad == 0 && expand_code(wire, n, 2000) == 0, "any bit flipped");

    peer_close(&peer);
}


/* every allocation of a round trip fails once */

static void
test_no_memory(void)
{
    size_t                 i, n;
    uint8_t                text[20000], wire[TEST_MAX / 64];
    unsigned               bad, finished;
    chatws_rc_e            rc;
    test_peer_t            peer;
    chatws_str_t           out;
    chatws_failure_t       fail;
    chatws_deflate_ctx_t  *ctx;

    chatws_deflate_destroy(df);
    df = NULL;

    bad = 0;
    finished = 0;
    params.client_takeover = 1;
    params.server_takeover = 1;

    peer_open(&peer, 15, 15);
    sample(text, 20000, 2);
    n = peer_encode(&peer, text, 20000, Z_SYNC_FLUSH, wire);
    peer_close(&peer);

    for (i = 1; i < 40 && !finished; i++) {
        refuse = i;
        ctx = NULL;
        df = chatws_deflate_create(&conf);

        if (df) {
            ctx = chatws_deflate_open(df);
        }

        if (ctx) {
            rc = chatws_deflate_compress(df, ctx, &params, text, 100, 200,
                                         &out);
            bad += rc != CHATWS_OK && rc != CHATWS_ERROR;

            if (rc == CHATWS_OK) {
                rc = chatws_deflate_expand(df, ctx, &params, wire, n, 20000,
                                           &out, &fail);
                bad += rc == CHATWS_ERROR && (fail.code != 1011
                       || strstr((char *) fail.reason.data, "reconnect")
                          == NULL);
                finished = rc == CHATWS_OK && refuse > 0;
            }

            chatws_deflate_close(df, ctx);
        }

        refuse = 0;
        chatws_deflate_destroy(df);
        df = NULL;
        bad += blocks != 0;
    }

    ok(bad == 0 && finished, "any of %u allocations may fail",
       (unsigned) i - 2);
}
