
/*
 * Copyright (C) chatws contributors
 *
 * How fast a masked text message of 1 MB is unmasked and validated on one
 * core: with the vectors of this processor, with smaller ones, and with the
 * plain code.  Prints GB/s, medians of many runs.
 *
 *   make -C t/bench parts
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/chatws_utf8.c"
#include "websocket/chatws_mask.c"


#define BENCH_SIZE  (1024 * 1024)
#define BENCH_RUNS  301


typedef size_t (*bench_mask_pt)(uint8_t *p, size_t len, const uint8_t key[8]);
typedef chatws_rc_e (*bench_utf8_pt)(uint8_t *state, const uint8_t *p,
    size_t len);


typedef struct {
    const char     *name;
    bench_mask_pt   mask;
    bench_utf8_pt   utf8;
} bench_variant_t;


typedef struct {
    const char     *name;
    const char     *text;
} bench_text_t;


static size_t bench_plain_mask(uint8_t *p, size_t len, const uint8_t key[8]);
static chatws_rc_e bench_both(const bench_variant_t *variant, uint8_t *p,
    size_t len);
static double bench_now(void);
static int bench_compare(const void *a, const void *b);
static double bench_median(const bench_variant_t *variant, uint8_t *p,
    int what);
static void bench_fill(uint8_t *p, const char *text);


static const uint8_t  key[8] = {
    0x37, 0xfa, 0x21, 0x3d, 0x37, 0xfa, 0x21, 0x3d
};

static const bench_variant_t  variants[] = {
    { "as chosen", NULL, NULL },
#if (CHATWS_MASK_V16 && CHATWS_UTF8_V16)
    { "16 bytes", chatws_mask_v16, chatws_utf8_v16 },
#endif
    { "plain", bench_plain_mask, chatws_utf8_plain }
};

static const bench_text_t  texts[] = {
    { "ASCII", "{\"chatId\":\"chat_1\",\"text\":\"Hello world!\"}," },
    { "mixed", "{\"text\":\"Gr\xc3\xbc\xc3\x9f" "e aus M\xc3\xbcnchen, "
               "\xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80 and so on\"}," },
    { "Russian", "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82, "
                 "\xd0\xbc\xd0\xb8\xd1\x80! " },
    { "Chinese", "\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x8c\xe4\xb8\x96\xe7\x95"
                 "\x8c\xe3\x80\x82" },
    { "emoji", "\xf0\x9f\x98\x80\xf0\x9f\x91\x8d" }
};


int
main(void)
{
    size_t    t, v;
    uint8_t  *p;

    p = malloc(BENCH_SIZE);

    if (p == NULL) {
        return 1;
    }

    printf("%-10s %-10s %9s %9s %9s   GB/s\n", "text", "code", "unmask",
           "validate", "both");

    for (t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
        for (v = 0; v < sizeof(variants) / sizeof(variants[0]); v++) {
            bench_fill(p, texts[t].text);

            printf("%-10s %-10s %9.2f %9.2f %9.2f\n", texts[t].name,
                   variants[v].name,
                   bench_median(&variants[v], p, 1),
                   bench_median(&variants[v], p, 2),
                   bench_median(&variants[v], p, 3));
        }
    }

    free(p);

    return 0;
}


/* whole texts only, and masked an even number of times */

static void
bench_fill(uint8_t *p, const char *text)
{
    size_t  i, len;

    len = strlen(text);

    for (i = 0; i + len <= BENCH_SIZE; i += len) {
        memcpy(p + i, text, len);
    }

    memset(p + i, ' ', BENCH_SIZE - i);
}


static size_t
bench_plain_mask(uint8_t *p, size_t len, const uint8_t rotated[8])
{
    chatws_mask_plain(p, len, rotated);

    return len;
}


/* what chatws_mask_utf8() does, with the given code */

static chatws_rc_e
bench_both(const bench_variant_t *variant, uint8_t *p, size_t len)
{
    size_t   n;
    uint8_t  state;

    state = CHATWS_UTF8_START;

    if (variant->mask == NULL) {
        return chatws_mask_utf8(p, len, key, 0, &state);
    }

    for ( /* void */ ; len; p += n, len -= n) {
        n = (len < CHATWS_MASK_BLOCK) ? len : CHATWS_MASK_BLOCK;

        (void) variant->mask(p, n, key);

        if (variant->utf8(&state, p, n) != CHATWS_OK) {
            return CHATWS_ERROR;
        }
    }

    return CHATWS_OK;
}


static double
bench_median(const bench_variant_t *variant, uint8_t *p, int what)
{
    int          i;
    double       start, times[BENCH_RUNS];
    uint8_t      state;
    chatws_rc_e  rc;

    rc = CHATWS_OK;

    for (i = 0; i < BENCH_RUNS; i++) {

        if (what == 3) {
            chatws_mask(p, BENCH_SIZE, key, 0);
        }

        state = CHATWS_UTF8_START;
        start = bench_now();

        switch (what) {

        case 1:
            if (variant->mask) {
                (void) variant->mask(p, BENCH_SIZE, key);

            } else {
                chatws_mask(p, BENCH_SIZE, key, 0);
            }

            break;

        case 2:
            rc = variant->utf8 ? variant->utf8(&state, p, BENCH_SIZE)
                               : chatws_utf8_check(&state, p, BENCH_SIZE);
            break;

        default:
            rc = bench_both(variant, p, BENCH_SIZE);
        }

        times[i] = bench_now() - start;

        if (what == 1) {
            chatws_mask(p, BENCH_SIZE, key, 0);
        }

        if (rc != CHATWS_OK) {
            printf("the text is found invalid\n");
            exit(1);
        }
    }

    qsort(times, BENCH_RUNS, sizeof(double), bench_compare);

    return BENCH_SIZE / times[BENCH_RUNS / 2] / 1e9;
}


static int
bench_compare(const void *a, const void *b)
{
    double  x, y;

    x = *(const double *) a;
    y = *(const double *) b;

    return (x > y) - (x < y);
}


static double
bench_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}
