
/*
 * Copyright (C) chatws contributors
 *
 * Unmasking: every length, alignment and phase against the definition
 * (RFC 6455, 5.3), and the bytes around stay as they are.
 */


#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "base/chatws_utf8.c"
#include "websocket/chatws_mask.c"


typedef size_t (*test_mask_pt)(uint8_t *p, size_t len, const uint8_t key[8]);


static int same(size_t offset, size_t len, size_t phase);
static void test_lengths(void);
static size_t plain(uint8_t *p, size_t len, const uint8_t twice[8]);
static void test_variant(const char *name, test_mask_pt handler);
static void test_pieces(void);
static void test_utf8(void);


static const uint8_t  key[4] = { 0x37, 0xfa, 0x21, 0x3d };


int
main(void)
{
    test_lengths();
    test_variant("plain", plain);

#if (CHATWS_MASK_V32)
    if (__builtin_cpu_supports("avx2")) {
        test_variant("32 bytes", chatws_mask_v32);
    }
#endif

#if (CHATWS_MASK_V16)
    test_variant("16 bytes", chatws_mask_v16);
#endif

    test_pieces();
    test_utf8();

    return done();
}


/* "offset" bytes off the alignment, in memory of exactly that size */

static int
same(size_t offset, size_t len, size_t phase)
{
    int       good;
    size_t    i;
    uint8_t  *p;

    p = malloc(offset + len + 1);

    for (i = 0; i < offset + len; i++) {
        p[i] = (uint8_t) (i * 31 + 7);
    }

    chatws_mask(p + offset, len, key, phase);

    good = 1;

    for (i = 0; i < offset + len; i++) {
        if (i < offset) {
            good &= p[i] == (uint8_t) (i * 31 + 7);

        } else {
            good &= p[i] == (uint8_t) ((i * 31 + 7)
                                       ^ key[(phase + i - offset) & 3]);
        }
    }

    p = realloc(p, offset + len ? offset + len : 1);
    chatws_mask(p + offset, len, key, phase);

    for (i = offset; i < offset + len; i++) {
        good &= p[i] == (uint8_t) (i * 31 + 7);
    }

    free(p);

    return good;
}


static void
test_lengths(void)
{
    size_t    len, offset, phase;
    unsigned  bad;

    for (phase = 0; phase < 5; phase++) {
        bad = 0;

        for (len = 0; len < 700; len++) {
            for (offset = 0; offset < (len < 140 ? 64 : 5); offset++) {
                bad += !same(offset, len, phase);
            }
        }

        ok(bad == 0, "all lengths and offsets, phase %u", (unsigned) phase);
    }

    ok(same(3, 1000003, 2), "a long payload");
}


static size_t
plain(uint8_t *p, size_t len, const uint8_t twice[8])
{
    len -= len % 8;
    chatws_mask_plain(p, len, twice);

    return len;
}


/* does as much as it says, and leaves the rest alone */

static void
test_variant(const char *name, test_mask_pt handler)
{
    size_t    i, len, n;
    uint8_t   twice[8], *p;
    unsigned  bad;

    memcpy(twice, key, 4);
    memcpy(twice + 4, key, 4);

    bad = 0;

    for (len = 0; len < 700; len++) {
        p = calloc(1, len + 1);
        p = realloc(p, len ? len : 1);

        n = handler(p, len, twice);

        bad += n > len || n % 4 || len - n >= 128;

        for (i = 0; i < len; i++) {
            bad += p[i] != (i < n ? key[i & 3] : 0);
        }

        free(p);
    }

    ok(bad == 0, "%s", name);
}


static void
test_pieces(void)
{
    size_t    i, j;
    uint8_t   a[300], b[300];
    unsigned  bad;

    bad = 0;

    for (i = 0; i <= 300; i += 3) {
        for (j = i; j <= 300; j++) {
            memset(a, 0x55, 300);
            memset(b, 0x55, 300);

            chatws_mask(a, 300, key, 0);

            chatws_mask(b, i, key, 0);
            chatws_mask(b + i, j - i, key, i);
            chatws_mask(b + j, 300 - j, key, j);

            bad += memcmp(a, b, 300) != 0;
        }
    }

    ok(bad == 0, "in three pieces");
}


static void
test_utf8(void)
{
    size_t       i, len;
    uint8_t     *p, *q, state;
    unsigned     bad;
    chatws_rc_e  rc;

    len = 3 * CHATWS_MASK_BLOCK + 2;
    p = malloc(len);
    q = malloc(len);

    for (i = 0; i + 3 <= len; i += 3) {
        memcpy(p + i, "\xe2\x82\xac", 3);
    }

    memcpy(p + i, "ok", len - i);

    memcpy(q, p, len);
    chatws_mask(q, len, key, 1);

    state = CHATWS_UTF8_START;
    rc = chatws_mask_utf8(q, len, key, 1, &state);

    ok(rc == CHATWS_OK && state == CHATWS_UTF8_START
       && memcmp(p, q, len) == 0, "unmasked and valid");

    chatws_mask(q, len, key, 0);
    state = CHATWS_UTF8_START;
    rc = chatws_mask_utf8(q, len - 3, key, 0, &state);

    ok(rc == CHATWS_OK && state == 1, "ends inside a character");

    rc = chatws_mask_utf8(q + len - 3, 3, key, len - 3, &state);

    ok(rc == CHATWS_OK && state == CHATWS_UTF8_START
       && memcmp(p, q, len) == 0, "and goes on");

    bad = 0;

    for (i = 0; i < len; i += 97) {
        memcpy(q, p, len);
        q[i] = 0xff;
        chatws_mask(q, len, key, 0);

        state = CHATWS_UTF8_START;
        bad += chatws_mask_utf8(q, len, key, 0, &state) != CHATWS_ERROR;
    }

    ok(bad == 0, "a bad byte anywhere is found");

    free(p);
    free(q);
}
