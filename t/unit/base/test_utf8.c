
/*
 * Copyright (C) chatws contributors
 *
 * UTF-8 validation against a table of all valid prefixes, made from the code
 * points by the definition of RFC 3629; each variant for a processor against
 * the plain one.
 */


#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "base/chatws_utf8.c"


typedef chatws_rc_e (*test_check_pt)(uint8_t *state, const uint8_t *p,
    size_t len);


static uint32_t next(void);
static size_t encode(uint8_t *p, uint32_t ch);
static int known(const uint8_t *p, size_t n);
static void mark(const uint8_t *p, size_t n);
static void fill(void);
static size_t random_text(uint8_t *p, size_t max, unsigned kind);
static void test_exhaustive(void);
static void test_four(void);
static void test_text(const char *text, int want);
static void test_vectors(void);
static void test_variant(const char *name, test_check_pt handler);
static int test_same(test_check_pt handler, const uint8_t *p, size_t len);
static void test_cut(void);


/*
 * Prefixes of one to three bytes that can be completed, and, by the 21 bits
 * that are free in them, characters of four bytes.
 */

static uint8_t   one[256], two[65536], *three, *four;
static uint32_t  seed = 1;


int
main(void)
{
    three = calloc(1, 1 << 24);
    four = calloc(1, 1 << 21);

    fill();

    test_exhaustive();
    test_four();
    test_vectors();
    test_variant("check", chatws_utf8_check);
    test_cut();

#if (CHATWS_UTF8_AVX2)
    if (__builtin_cpu_supports("avx2")) {
        test_variant("avx2", chatws_utf8_avx2);
    }
#endif

#if (CHATWS_UTF8_V16)
    if (chatws_utf8_v16_usable()) {
        test_variant("16 bytes", chatws_utf8_v16);
    }
#endif

    free(three);
    free(four);

    return done();
}


static uint32_t
next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;

    return seed;
}


static size_t
encode(uint8_t *p, uint32_t ch)
{
    if (ch < 0x80) {
        p[0] = (uint8_t) ch;
        return 1;
    }

    if (ch < 0x800) {
        p[0] = (uint8_t) (0xc0 | ch >> 6);
        p[1] = (uint8_t) (0x80 | (ch & 0x3f));
        return 2;
    }

    if (ch < 0x10000) {
        p[0] = (uint8_t) (0xe0 | ch >> 12);
        p[1] = (uint8_t) (0x80 | (ch >> 6 & 0x3f));
        p[2] = (uint8_t) (0x80 | (ch & 0x3f));
        return 3;
    }

    p[0] = (uint8_t) (0xf0 | ch >> 18);
    p[1] = (uint8_t) (0x80 | (ch >> 12 & 0x3f));
    p[2] = (uint8_t) (0x80 | (ch >> 6 & 0x3f));
    p[3] = (uint8_t) (0x80 | (ch & 0x3f));
    return 4;
}


/* 2: a whole character; 1: the start of one; 0: neither */

static int
known(const uint8_t *p, size_t n)
{
    switch (n) {

    case 1:
        return one[p[0]];

    case 2:
        return two[p[0] << 8 | p[1]];

    case 3:
        return three[p[0] << 16 | p[1] << 8 | p[2]];

    default:
        if ((p[0] & 0xf8) != 0xf0
            || (p[1] & 0xc0) != 0x80
            || (p[2] & 0xc0) != 0x80
            || (p[3] & 0xc0) != 0x80)
        {
            return 0;
        }

        return four[(p[0] & 7) << 18 | (p[1] & 0x3f) << 12
                    | (p[2] & 0x3f) << 6 | (p[3] & 0x3f)];
    }
}


static void
mark(const uint8_t *p, size_t n)
{
    one[p[0]] = 1;

    if (n > 1) {
        two[p[0] << 8 | p[1]] = 1;
    }

    if (n > 2) {
        three[p[0] << 16 | p[1] << 8 | p[2]] = 1;
    }

    switch (n) {

    case 1:
        one[p[0]] = 2;
        break;

    case 2:
        two[p[0] << 8 | p[1]] = 2;
        break;

    case 3:
        three[p[0] << 16 | p[1] << 8 | p[2]] = 2;
        break;

    default:
        four[(p[0] & 7) << 18 | (p[1] & 0x3f) << 12
             | (p[2] & 0x3f) << 6 | (p[3] & 0x3f)] = 2;
    }
}


static void
fill(void)
{
    uint8_t   p[4];
    uint32_t  ch;

    for (ch = 0; ch <= 0x10ffff; ch++) {
        if (ch < 0xd800 || ch > 0xdfff) {
            mark(p, encode(p, ch));
        }
    }
}


/*
 * All strings of one to three bytes: each byte is judged at once, and a
 * character that starts after a whole one is left out: it is a shorter string.
 */

static void
test_exhaustive(void)
{
    int          want;
    size_t       len, n;
    uint8_t      p[3], state;
    uint32_t     bad, i;
    chatws_rc_e  rc;

    for (len = 1; len <= 3; len++) {
        bad = 0;

        for (i = 0; i < 1U << (8 * len); i++) {

            for (n = 0; n < len; n++) {
                p[n] = (uint8_t) (i >> (8 * (len - n - 1)));
            }

            if (len > 1 && known(p, len - 1) != 1) {
                continue;
            }

            want = known(p, len);

            state = CHATWS_UTF8_START;
            rc = chatws_utf8_check(&state, p, len);

            if (want) {
                bad += rc != CHATWS_OK
                       || (want == 2) != (state == CHATWS_UTF8_START);

            } else {
                bad += rc != CHATWS_ERROR;
            }
        }

        ok(bad == 0, "all strings of %u bytes", (unsigned) len);
    }
}


static void
test_four(void)
{
    size_t       n;
    uint8_t      p[4], state;
    uint32_t     bad, i;
    chatws_rc_e  rc;

    static const uint8_t  last[] = {
        0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff
    };

    bad = 0;

    for (i = 0; i < 1U << 24; i++) {
        p[0] = (uint8_t) (i >> 16);
        p[1] = (uint8_t) (i >> 8);
        p[2] = (uint8_t) i;

        if (p[0] < 0xf0 || known(p, 3) != 1) {
            continue;
        }

        for (n = 0; n < sizeof(last); n++) {
            p[3] = last[n];
            state = CHATWS_UTF8_START;
            rc = chatws_utf8_check(&state, p, 4);

            if (known(p, 4)) {
                bad += rc != CHATWS_OK || state != CHATWS_UTF8_START;

            } else {
                bad += rc != CHATWS_ERROR;
            }
        }
    }

    ok(bad == 0, "strings of 4 bytes");
}


/* whole, byte by byte and at every split, alone and deep in a long text */

static void
test_text(const char *text, int want)
{
    int           good;
    size_t        i, len, n, pad, size;
    uint8_t      *copy, state;
    chatws_rc_e   rc;

    static const size_t  pads[] = { 0, 1, 15, 16, 31, 63, 64, 127, 190 };

    good = 1;
    len = strlen(text);

    for (n = 0; n < sizeof(pads) / sizeof(pads[0]); n++) {
        pad = pads[n];
        size = 2 * pad + len;
        copy = malloc(size ? size : 1);

        memset(copy, 'x', size);
        memcpy(copy + pad, text, len);

        good &= want == (chatws_utf8_valid(copy, size) == CHATWS_OK);

        for (i = 0; i <= size; i++) {
            state = CHATWS_UTF8_START;
            rc = chatws_utf8_check(&state, copy, i);

            if (rc == CHATWS_OK) {
                rc = chatws_utf8_check(&state, copy + i, size - i);
            }

            if (state != CHATWS_UTF8_START) {
                rc = CHATWS_ERROR;
            }

            good &= want == (rc == CHATWS_OK);
        }

        free(copy);
    }

    printf("# ");
    for (i = 0; i < len && i < 24; i++) {
        printf("%02x ", (uint8_t) text[i]);
    }
    printf("\n");

    ok(good, "%s text of %u bytes", want ? "valid" : "invalid",
       (unsigned) len);
}


static void
test_vectors(void)
{
    size_t   i, j;
    uint8_t  p[5];

    static const char  *good[] = {
        "", "Hello world",
        "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1"
        "-UTF-8!!",
        "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
        "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80",
        "\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf",
        "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd",
        "\xef\xbf\xbe", "\xf0\x9f\xbf\xbe", "\xf3\xbf\xbf\xbf",
        "\xf0\x9f\x98\x80\xf0\x9f\x98\x81", "\xef\xbb\xbf" "bom"
    };

    static const char  *bad[] = {
        "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\200edited",
        "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80",
        "\xce", "\xce\xba\xe1", "\xce\xba\xe1\xbd", "\xe1\xbd\xb9\xcf",
        "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80",
        "\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf",
        "\xf4\x90\x80\x80", "\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80",
        "\x80\xbf\x80\xbf", "\x80\xbf\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf",
        "\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80",
        "\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xf4\x8f\xbf",
        "\xfe", "\xff", "\xfe\xfe\xff\xff",
        "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
        "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf",
        "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
        "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf",
        "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80",
        "\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf",
        "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf",
        "\xed\xa0\x80\xed\xb0\x80", "\xed\xaf\xbf\xed\xbf\xbf",
        "\xf5\x80\x80\x80", "\xf1\x80\x80\xc0", "\xc3\xc3\xa4", "\xe2\x82\x41"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        test_text(good[i], 1);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        test_text(bad[i], 0);
    }

    ok(chatws_utf8_valid((uint8_t *) "a\0b", 3) == CHATWS_OK, "a zero byte");
    ok(chatws_utf8_valid(NULL, 0) == CHATWS_OK, "nothing at all");

    /* every lead byte before a space, and any byte in the place of a tail */

    for (i = 0xc0; i < 0x100; i++) {
        p[0] = (uint8_t) i;
        p[1] = ' ';

        if (chatws_utf8_valid(p, 2) == CHATWS_OK) {
            break;
        }
    }

    ok(i == 0x100, "lonely lead bytes");

    for (j = 1; j < 4; j++) {
        for (i = 0; i < 0x100; i++) {
            memcpy(p, "\xf1\x80\x80\x80", 4);
            p[j] = (uint8_t) i;

            if ((chatws_utf8_valid(p, 4) == CHATWS_OK)
                != (i >= 0x80 && i < 0xc0))
            {
                break;
            }
        }

        ok(i == 0x100, "tail byte %u", (unsigned) j);
    }
}


/* kinds: 0 ASCII, 1 mixed, 2 two bytes, 3 three, 4 four, 5 mostly ASCII */

static size_t
random_text(uint8_t *p, size_t max, unsigned kind)
{
    size_t    n;
    uint32_t  ch;

    n = 0;

    while (max - n >= 4) {

        switch (kind == 1 ? next() % 5
                : kind == 5 ? (next() % 40 ? 0 : 1 + next() % 4) : kind)
        {
        case 0:
            ch = next() % 0x80;
            break;
        case 2:
            ch = 0x80 + next() % 0x780;
            break;
        case 3:
            ch = 0x800 + next() % 0xf800;
            break;
        default:
            ch = 0x10000 + next() % 0x100000;
        }

        if (ch >= 0xd800 && ch <= 0xdfff) {
            ch -= 0x1000;
        }

        n += encode(p + n, ch);
    }

    return n;
}


/* what the plain code and "handler" make of it */

static int
test_same(test_check_pt handler, const uint8_t *p, size_t len)
{
    uint8_t      a, b, start, *copy;
    chatws_rc_e  ra, rb;

    copy = malloc(len ? len : 1);

    if (len) {
        memcpy(copy, p, len);
    }

    for (start = 0; start <= CHATWS_UTF8_F4; start++) {
        a = start;
        b = start;

        ra = chatws_utf8_plain(&a, copy, len);
        rb = handler(&b, copy, len);

        if (ra != rb || (ra == CHATWS_OK && a != b)) {
            break;
        }
    }

    free(copy);

    return start > CHATWS_UTF8_F4;
}


static void
test_variant(const char *name, test_check_pt handler)
{
    size_t    i, len, n;
    uint8_t   p[1024];
    uint32_t  bad, kind;

    for (kind = 0; kind < 6; kind++) {
        bad = 0;

        for (i = 0; i < 1500; i++) {
            len = random_text(p, 1 + next() % 1020, kind);

            bad += chatws_utf8_valid(p, len) != CHATWS_OK;
            bad += !test_same(handler, p, len);

            if (len == 0) {
                continue;
            }

            /* cut anywhere, and with a byte or two damaged */

            n = next() % len;
            bad += !test_same(handler, p + n, len - n);
            bad += !test_same(handler, p, n);

            p[next() % len] = (uint8_t) next();
            bad += !test_same(handler, p, len);

            n = next() % len;
            p[n] ^= (uint8_t) (1 << next() % 8);
            bad += !test_same(handler, p, len);
        }

        ok(bad == 0, "%s: random texts of kind %u", name, (unsigned) kind);
    }

    /* every sequence of two damaged bytes over the borders of the blocks */

    bad = 0;

    for (n = 56; n < 72; n++) {
        for (i = 0; i < 65536; i += 5) {
            memset(p, 'x', 192);
            p[n] = (uint8_t) (i >> 8);
            p[n + 1] = (uint8_t) i;
            p[n + 2] = 0x80;

            if (!test_same(handler, p, 192)) {
                bad++;
            }
        }
    }

    ok(bad == 0, "%s: pairs over a border", name);
}


static void
test_cut(void)
{
    size_t          n;
    unsigned        bad;
    const uint8_t  *p;

    static const uint8_t  want[] = {
        0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11
    };

    bad = 0;
    p = (uint8_t *) "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z";

    for (n = 0; n < sizeof(want); n++) {
        bad += chatws_utf8_cut(p, 11, n) != want[n];
    }

    ok(bad == 0, "a text is cut at a character");
}
