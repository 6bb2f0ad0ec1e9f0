
/*
 * Copyright (C) chatws contributors
 *
 * Frame headers both ways, close frames and close codes, against the text of
 * RFC 6455, 5.2, 5.5 and 7.4.
 */


#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "websocket/chatws_mask.c"
#include "base/chatws_utf8.c"
#include "websocket/chatws_frame.c"


static chatws_rc_e parse(const uint8_t *p, size_t len, unsigned allowed,
    unsigned open, chatws_frame_t *f, chatws_failure_t *fail);
static void test_first(void);
static void test_lengths(void);
static void test_not_minimal(void);
static void test_faults(void);
static void test_headers(void);
static void test_close(void);
static void test_close_codes(void);


int
main(void)
{
    test_first();
    test_lengths();
    test_not_minimal();
    test_faults();
    test_headers();
    test_close();
    test_close_codes();

    return done();
}


/* from memory of exactly that size, so that a byte too many is seen */

static chatws_rc_e
parse(const uint8_t *p, size_t len, unsigned allowed, unsigned open,
    chatws_frame_t *f, chatws_failure_t *fail)
{
    uint8_t      *copy;
    chatws_rc_e   rc;

    copy = malloc(len ? len : 1);
    if (len) {
        memcpy(copy, p, len);
    }

    memset(f, 0xa5, sizeof(chatws_frame_t));
    memset(fail, 0, sizeof(chatws_failure_t));

    rc = chatws_frame_parse(f, copy, len, allowed, open, fail);

    if (rc == CHATWS_ERROR
        && (fail->code != CHATWS_CLOSE_PROTOCOL
            || fail->reason.len == 0
            || fail->reason.len > CHATWS_FRAME_CTL_MAX - 2))
    {
        rc = CHATWS_BUSY;
    }

    free(copy);

    return rc;
}


/* all 256 first bytes, in and out of a message, with and without RSV1 */

static void
test_first(void)
{
    int               good, bad;
    uint8_t           p[6];
    unsigned          allowed, first, open, op, rsv, want;
    chatws_rc_e       rc;
    chatws_frame_t    f;
    chatws_failure_t  fail;

    for (open = 0; open < 2; open++) {
        for (allowed = 0; allowed <= 0x40; allowed += 0x40) {

            good = 0;
            bad = 0;

            for (first = 0; first < 256; first++) {
                memcpy(p, "\0\200\1\2\3\4", 6);
                p[0] = (uint8_t) first;

                op = first & 0x0f;
                rsv = first & 0x70;

                switch (op) {
                case 0:
                    want = open && rsv == 0;
                    break;
                case 1:
                case 2:
                    want = !open && (rsv & ~allowed) == 0;
                    break;
                case 8:
                case 9:
                case 10:
                    want = (first & 0x80) && rsv == 0;
                    break;
                default:
                    want = 0;
                }

                rc = parse(p, 1, allowed, open, &f, &fail);

                bad += rc != (want ? CHATWS_AGAIN : CHATWS_ERROR);

                rc = parse(p, 6, allowed, open, &f, &fail);

                bad += rc != (want ? CHATWS_OK : CHATWS_ERROR);

                if (want) {
                    bad += f.first != first;
                    bad += f.len != 0;
                    bad += f.size != 6;
                    bad += memcmp(f.mask, "\1\2\3\4", 4) != 0;
                    good++;
                }
            }

            ok(bad == 0, "first bytes, open:%u allowed:%02x", open, allowed);
            ok(good == (open ? 5 : allowed ? 11 : 7),
               "%d of them are right", good);
        }
    }
}


static void
test_lengths(void)
{
    size_t            i, j, n, size;
    uint8_t           out[10], p[14];
    unsigned          bad;
    chatws_rc_e       rc;
    chatws_frame_t    f;
    chatws_failure_t  fail;

    static const uint64_t  lengths[] = {
        0, 1, 2, 124, 125, 126, 127, 128, 129, 254, 255, 256, 257, 65534,
        65535, 65536, 65537, 65539, 1048576, 16777215, 16777216, 16777217,
        0x7fffffff, 0x80000000, 0xffffffff, 0x100000000ULL,
        0x7fffffffffffffffULL
    };

    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        n = chatws_frame_header(out, 0x82, lengths[i]);

        memcpy(p, out, n);
        p[1] |= 0x80;
        memcpy(p + n, "\xaa\xbb\xcc\xdd", 4);
        size = n + 4;
        bad = 0;

        for (j = 0; j < size; j++) {
            bad += parse(p, j, 0, 0, &f, &fail) != CHATWS_AGAIN;
        }

        rc = parse(p, size, 0, 0, &f, &fail);

        ok(bad == 0 && rc == CHATWS_OK && f.len == lengths[i]
           && f.size == size && memcmp(f.mask, "\xaa\xbb\xcc\xdd", 4) == 0,
           "length %llu", (unsigned long long) lengths[i]);
    }
}


static void
test_not_minimal(void)
{
    unsigned          bad, i;
    uint8_t           p[14];
    chatws_frame_t    f;
    chatws_failure_t  fail;

    bad = 0;
    memset(p, 0, 14);
    p[0] = 0x82;
    p[1] = 0xfe;

    for (i = 0; i < 65536; i++) {
        p[2] = (uint8_t) (i >> 8);
        p[3] = (uint8_t) i;

        bad += parse(p, 4, 0, 0, &f, &fail)
               != (i < 126 ? CHATWS_ERROR : CHATWS_AGAIN);
    }

    ok(bad == 0, "16-bit lengths below 126 are refused");

    bad = 0;
    p[1] = 0xff;
    memset(p + 2, 0, 8);

    for (i = 0; i < 65536; i++) {
        p[8] = (uint8_t) (i >> 8);
        p[9] = (uint8_t) i;

        bad += parse(p, 14, 0, 0, &f, &fail) != CHATWS_ERROR;
    }

    ok(bad == 0, "64-bit lengths below 65536 are refused");

    ok(parse(p, 7, 0, 0, &f, &fail) == CHATWS_AGAIN, "not before it is sure");
    ok(parse(p, 8, 0, 0, &f, &fail) == CHATWS_ERROR, "but with that byte");

    p[7] = 1;

    ok(parse(p, 8, 0, 0, &f, &fail) == CHATWS_AGAIN, "65536 is not yet sure");
    ok(parse(p, 14, 0, 0, &f, &fail) == CHATWS_OK && f.len == 0x1ffff,
       "64-bit length just large enough");
}


static void
test_faults(void)
{
    uint8_t           p[14];
    unsigned          bad, op, len;
    chatws_frame_t    f;
    chatws_failure_t  fail;

    memset(p, 0, 14);

    ok(parse(p, 0, 0, 0, &f, &fail) == CHATWS_AGAIN, "nothing yet");

    p[0] = 0x82;

    bad = 0;

    for (len = 0; len < 128; len++) {
        p[1] = (uint8_t) len;
        bad += parse(p, 2, 0, 0, &f, &fail) != CHATWS_ERROR;
    }

    ok(bad == 0, "frames without a mask");

    bad = 0;

    for (op = 8; op < 11; op++) {
        p[0] = (uint8_t) (0x80 | op);

        for (len = 0; len < 128; len++) {
            p[1] = (uint8_t) (0x80 | len);
            bad += parse(p, 2, 0, 0, &f, &fail)
                   != (len < 126 ? CHATWS_AGAIN : CHATWS_ERROR);
        }
    }

    ok(bad == 0, "control frames have at most 125 bytes");

    p[0] = 0x82;
    p[1] = 0xff;
    bad = 0;

    for (len = 0; len < 256; len++) {
        p[2] = (uint8_t) len;
        bad += parse(p, 3, 0, 0, &f, &fail)
               != (len & 0x80 ? CHATWS_ERROR : CHATWS_AGAIN);
    }

    ok(bad == 0, "top bit of a 64-bit length");

    chatws_frame_fail(&fail, 1002, "reason");
    ok(fail.code == 1002 && fail.reason.len == 6, "a failure is filled");
}


static void
test_headers(void)
{
    size_t    i, n;
    uint8_t   out[10];
    unsigned  bad;

    static const struct {
        uint64_t     len;
        size_t       size;
        const char  *bytes;
    } headers[] = {
        { 0, 2, "\x81\x00" },
        { 1, 2, "\x81\x01" },
        { 125, 2, "\x81\x7d" },
        { 126, 4, "\x81\x7e\x00\x7e" },
        { 127, 4, "\x81\x7e\x00\x7f" },
        { 65535, 4, "\x81\x7e\xff\xff" },
        { 65536, 10, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00" },
        { 0x0123456789abcdefULL, 10,
          "\x81\x7f\x01\x23\x45\x67\x89\xab\xcd\xef" }
    };

    bad = 0;

    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        n = chatws_frame_header(out, 0x81, headers[i].len);

        bad += n != headers[i].size
               || memcmp(out, headers[i].bytes, n) != 0
               || n != chatws_frame_header_size(headers[i].len)
               || n != chatws_frame_payload(out);
    }

    ok(bad == 0, "headers of the server");
}


static void
test_close(void)
{
    size_t         n;
    uint8_t        out[CHATWS_FRAME_CLOSE_MAX], text[200];
    chatws_str_t   reason;

    n = chatws_frame_close(out, 1000, NULL);
    ok(n == 4 && memcmp(out, "\x88\x02\x03\xe8", 4) == 0, "close 1000");

    n = chatws_frame_close(out, CHATWS_CLOSE_NONE, NULL);
    ok(n == 2 && memcmp(out, "\x88\x00", 2) == 0, "close without a code");

    reason.data = text;
    reason.len = 4;
    memcpy(text, "gone", 4);
    n = chatws_frame_close(out, 1001, &reason);
    ok(n == 8 && memcmp(out, "\x88\x06\x03\xe9gone", 8) == 0,
       "close with a reason");

    memset(text, 'x', 200);
    reason.len = 123;
    n = chatws_frame_close(out, 1008, &reason);
    ok(n == 127 && out[1] == 125 && memcmp(out + 4, text, 123) == 0,
       "the longest reason");

    reason.len = 200;
    n = chatws_frame_close(out, 1008, &reason);
    ok(n == 127 && out[1] == 125, "a reason that is too long is cut");

    memcpy(text + 121, "\xe2\x82\xac", 3);
    n = chatws_frame_close(out, 1008, &reason);
    ok(n == 125 && out[1] == 123 && out[124] == 'x', "not in a character");

    memcpy(text + 120, "\xe2\x82\xacx", 4);
    n = chatws_frame_close(out, 1008, &reason);
    ok(n == 127 && out[1] == 125 && out[126] == 0xac, "but behind it");
}


static void
test_close_codes(void)
{
    int       want;
    unsigned  bad, code;

    bad = 0;

    for (code = 0; code < 65536; code++) {
        want = 0;

        if (code >= 1000 && code < 1015) {
            want = code != 1004 && code != 1005 && code != 1006;
        }

        if (code >= 3000 && code < 5000) {
            want = 1;
        }

        bad += want != (chatws_frame_close_valid(code) != 0);
    }

    ok(bad == 0, "close codes");
}
