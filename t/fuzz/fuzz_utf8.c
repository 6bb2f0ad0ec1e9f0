
/*
 * Copyright (C) chatws contributors
 *
 * UTF-8: every variant, in two pieces, masked and not, agrees with a decoder
 * that follows the definition.
 */


#include "fuzz.h"

#include "base/chatws_utf8.c"
#include "websocket/chatws_mask.c"


typedef chatws_rc_e (*fuzz_check_pt)(uint8_t *state, const uint8_t *p,
    size_t len);


static int valid(const uint8_t *p, size_t len, size_t *good);
static size_t character(const uint8_t *p, size_t len);
static void compare(fuzz_check_pt handler, const uint8_t *p, size_t len,
    size_t split, int want);
static void masked(const uint8_t *p, size_t len, const uint8_t *key,
    size_t split, int want);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int      want;
    size_t   good, n, split;

    if (size < 6) {
        return 0;
    }

    split = data[0] | data[1] << 8;
    split %= size - 5;

    want = valid(data + 6, size - 6, &good);

    compare(chatws_utf8_plain, data + 6, size - 6, split, want);
    compare(chatws_utf8_check, data + 6, size - 6, split, want);

#if (CHATWS_UTF8_AVX2)
    if (__builtin_cpu_supports("avx2")) {
        compare(chatws_utf8_avx2, data + 6, size - 6, split, want);
    }
#endif

#if (CHATWS_UTF8_V16)
    if (chatws_utf8_v16_usable()) {
        compare(chatws_utf8_v16, data + 6, size - 6, split, want);
    }
#endif

    masked(data + 6, size - 6, data + 2, split, want);

    n = chatws_utf8_cut(data + 6, good, split);

    check(n <= good && n <= split && (n + 3 >= split || n == good)
          && chatws_utf8_valid(data + 6, n) == CHATWS_OK);

    return 0;
}


/* "good": the length of the whole characters before anything else */

static int
valid(const uint8_t *p, size_t len, size_t *good)
{
    size_t  i, n;

    for (i = 0; i < len; i += n) {
        n = character(p + i, len - i);

        if (n == 0) {
            break;
        }
    }

    *good = i;

    return i == len;
}


/* the length of the character at "p", 0 if there is none */

static size_t
character(const uint8_t *p, size_t len)
{
    size_t    i, n;
    uint32_t  ch;

    static const uint32_t  lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };

    if (p[0] < 0x80) {
        return 1;
    }

    n = (p[0] & 0xe0) == 0xc0 ? 2
        : (p[0] & 0xf0) == 0xe0 ? 3
        : (p[0] & 0xf8) == 0xf0 ? 4 : 0;

    if (n == 0 || n > len) {
        return 0;
    }

    ch = p[0] & (0x7f >> n);

    for (i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        ch = ch << 6 | (p[i] & 0x3f);
    }

    if (ch < lowest[n] || ch > 0x10ffff || (ch >= 0xd800 && ch < 0xe000)) {
        return 0;
    }

    return n;
}


/* in two pieces, each in memory of its size */

static void
compare(fuzz_check_pt handler, const uint8_t *p, size_t len, size_t split,
    int want)
{
    size_t        i, n;
    uint8_t      *copy, state;
    chatws_rc_e   rc;

    state = CHATWS_UTF8_START;
    rc = CHATWS_OK;

    for (i = 0; i < 2 && rc == CHATWS_OK; i++) {
        n = i ? len - split : split;

        copy = malloc(n ? n : 1);
        memcpy(copy, i ? p + split : p, n);

        rc = handler(&state, copy, n);
        free(copy);

        check(state <= CHATWS_UTF8_F4);
    }

    check(want == (rc == CHATWS_OK && state == CHATWS_UTF8_START));
}


static void
masked(const uint8_t *p, size_t len, const uint8_t *key, size_t split,
    int want)
{
    size_t        i;
    uint8_t      *copy, state;
    chatws_rc_e   rc;

    copy = malloc(len ? len : 1);

    for (i = 0; i < len; i++) {
        copy[i] = p[i] ^ key[i & 3];
    }

    state = CHATWS_UTF8_START;
    rc = chatws_mask_utf8(copy, split, key, 0, &state);

    if (rc == CHATWS_OK) {
        rc = chatws_mask_utf8(copy + split, len - split, key, split, &state);
    }

    check(want == (rc == CHATWS_OK && state == CHATWS_UTF8_START));

    if (rc == CHATWS_OK) {
        check(memcmp(copy, p, len) == 0);
    }

    free(copy);
}
