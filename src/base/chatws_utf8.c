
/*
 * Copyright (C) chatws contributors
 *
 * Validation of UTF-8: see chatws_utf8.h.
 *
 * The plain code has a state between two bytes, which tells the next bytes, RFC
 * 3629, section 4.  0: a new character.  1 to 3: so many more tail bytes.  4 to
 * 7: after the lead bytes E0, ED, F0 and F4, a tail byte in a smaller range.
 *
 * Longer texts are validated by vectors, in the way that J. Keiser and D.
 * Lemire described in "Validating UTF-8 in less than one instruction per byte"
 * (2020).  Three tables classify each pair of adjacent bytes: one is for the
 * upper half of the first byte, one for its lower half, and one for the upper
 * half of the second byte.  A bit that is set in all three of them is a fault
 * of the pair.
 *
 * One of these bits says that both bytes are tail bytes.  It has to be set
 * where a lead byte two or three places before needs a third or fourth byte,
 * and must not be set anywhere else.
 */


#include <string.h>

#include "base/chatws_utf8.h"

#if (defined __x86_64__ && defined __GNUC__)

#include <immintrin.h>

#define CHATWS_UTF8_AVX2  1
#define CHATWS_UTF8_V16   1

#elif (defined __aarch64__ && defined __ARM_NEON && defined __GNUC__)

#include <arm_neon.h>

#define CHATWS_UTF8_V16   1

#endif


#define CHATWS_UTF8_E0  4
#define CHATWS_UTF8_ED  5
#define CHATWS_UTF8_F0  6
#define CHATWS_UTF8_F4  7
#define CHATWS_UTF8_BAD 8

#define CHATWS_UTF8_HIGH  0x8080808080808080ULL

/* vectors are used from so many bytes on, and take so many at a time */
#define CHATWS_UTF8_LONG  128
#define CHATWS_UTF8_STEP  64


/* faults of a pair of bytes */

#define CHATWS_UTF8_SHORT  0x01   /* C0..FF, no tail */
#define CHATWS_UTF8_EXTRA  0x02   /* 00..7F, tail */
#define CHATWS_UTF8_OVER2  0x04   /* C0..C1, tail */
#define CHATWS_UTF8_OVER3  0x08   /* E0, 80..9F */
#define CHATWS_UTF8_SURR   0x10   /* ED, A0..BF */
#define CHATWS_UTF8_LARGE  0x20   /* F4..FF, 90..BF */
#define CHATWS_UTF8_EDGE   0x40   /* F0 or F5..FF, 80..8F */
#define CHATWS_UTF8_TAILS  0x80   /* tail, tail: a fault or not */

#define CHATWS_UTF8_ANY   (CHATWS_UTF8_SHORT|CHATWS_UTF8_EXTRA               \
                           |CHATWS_UTF8_TAILS)
#define CHATWS_UTF8_F5_FF (CHATWS_UTF8_ANY|CHATWS_UTF8_LARGE|CHATWS_UTF8_EDGE)
#define CHATWS_UTF8_TAIL  (CHATWS_UTF8_EXTRA|CHATWS_UTF8_OVER2               \
                           |CHATWS_UTF8_TAILS)


#if (CHATWS_UTF8_V16 && defined __x86_64__)

#define CHATWS_UTF8_V16_TARGET  __attribute__((target("ssse3")))

#define chatws_v16_t            __m128i
#define chatws_v16_load(p)      _mm_loadu_si128((const __m128i *) (p))
#define chatws_v16_all(byte)    _mm_set1_epi8((char) (byte))
#define chatws_v16_or(a, b)     _mm_or_si128(a, b)
#define chatws_v16_and(a, b)    _mm_and_si128(a, b)
#define chatws_v16_xor(a, b)    _mm_xor_si128(a, b)
#define chatws_v16_sub(a, b)    _mm_subs_epu8(a, b)
#define chatws_v16_upper(a)     _mm_and_si128(_mm_srli_epi16(a, 4),           \
                                              chatws_v16_all(0x0f))
#define chatws_v16_look(t, a)   _mm_shuffle_epi8(t, a)
#define chatws_v16_prev(a, prev, n)  _mm_alignr_epi8(a, prev, 16 - (n))
#define chatws_v16_ascii(a)     (_mm_movemask_epi8(a) == 0)
#define chatws_v16_zero(a)                                                    \
    (_mm_movemask_epi8(_mm_cmpeq_epi8(a, _mm_setzero_si128())) == 0xffff)

#elif (CHATWS_UTF8_V16)

#define CHATWS_UTF8_V16_TARGET

#define chatws_v16_t            uint8x16_t
#define chatws_v16_load(p)      vld1q_u8(p)
#define chatws_v16_all(byte)    vdupq_n_u8(byte)
#define chatws_v16_or(a, b)     vorrq_u8(a, b)
#define chatws_v16_and(a, b)    vandq_u8(a, b)
#define chatws_v16_xor(a, b)    veorq_u8(a, b)
#define chatws_v16_sub(a, b)    vqsubq_u8(a, b)
#define chatws_v16_upper(a)     vshrq_n_u8(a, 4)
#define chatws_v16_look(t, a)   vqtbl1q_u8(t, a)
#define chatws_v16_prev(a, prev, n)  vextq_u8(prev, a, 16 - (n))
#define chatws_v16_ascii(a)     (vmaxvq_u8(a) < 0x80)
#define chatws_v16_zero(a)      (vmaxvq_u8(a) == 0)

#endif


/* The bytes that a state accepts, low to low + span, and the state after. */

typedef struct {
    uint8_t    low;
    uint8_t    span;
    uint8_t    next;
} chatws_utf8_state_t;


/*
 * Validates whole steps, from the start of a character on, and returns the byte
 * behind them.  NULL: they are not valid.
 */
typedef const uint8_t *(*chatws_utf8_blocks_pt)(const uint8_t *p,
    const uint8_t *last);


#if (CHATWS_UTF8_AVX2)
static chatws_rc_e chatws_utf8_avx2(uint8_t *state, const uint8_t *p,
    size_t len);
static const uint8_t *chatws_utf8_avx2_blocks(const uint8_t *p,
    const uint8_t *last);
#endif

#if (CHATWS_UTF8_V16)
static int chatws_utf8_v16_usable(void);
static chatws_rc_e chatws_utf8_v16(uint8_t *state, const uint8_t *p,
    size_t len);
static const uint8_t *chatws_utf8_v16_blocks(const uint8_t *p,
    const uint8_t *last);
#endif

#if (CHATWS_UTF8_V16)
static chatws_rc_e chatws_utf8_vector(uint8_t *state, const uint8_t *p,
    size_t len, chatws_utf8_blocks_pt blocks);
#endif

static chatws_rc_e chatws_utf8_plain(uint8_t *state, const uint8_t *p,
    size_t len);
static const uint8_t *chatws_utf8_ascii(const uint8_t *p,
    const uint8_t *last);
static unsigned chatws_utf8_lead(unsigned ch);


static const chatws_utf8_state_t  chatws_utf8_states[] = {
    { 0, 0, 0 },
    { 0x80, 0x3f, 0 },
    { 0x80, 0x3f, 1 },
    { 0x80, 0x3f, 2 },
    { 0xa0, 0x1f, 1 },    /* E0: no overlong forms */
    { 0x80, 0x1f, 1 },    /* ED: no surrogates */
    { 0x90, 0x2f, 2 },    /* F0: no overlong forms */
    { 0x80, 0x0f, 2 }     /* F4: nothing above U+10FFFF */
};


#if (CHATWS_UTF8_V16)

static const uint8_t  chatws_utf8_first_upper[16] = {

    /* 0 to 7: ASCII; 8 to B: a tail byte; C to F: a lead byte */

    CHATWS_UTF8_EXTRA, CHATWS_UTF8_EXTRA, CHATWS_UTF8_EXTRA,
    CHATWS_UTF8_EXTRA, CHATWS_UTF8_EXTRA, CHATWS_UTF8_EXTRA,
    CHATWS_UTF8_EXTRA, CHATWS_UTF8_EXTRA,

    CHATWS_UTF8_TAILS, CHATWS_UTF8_TAILS, CHATWS_UTF8_TAILS,
    CHATWS_UTF8_TAILS,

    CHATWS_UTF8_SHORT|CHATWS_UTF8_OVER2,
    CHATWS_UTF8_SHORT,
    CHATWS_UTF8_SHORT|CHATWS_UTF8_OVER3|CHATWS_UTF8_SURR,
    CHATWS_UTF8_SHORT|CHATWS_UTF8_LARGE|CHATWS_UTF8_EDGE
};

static const uint8_t  chatws_utf8_first_lower[16] = {
    CHATWS_UTF8_ANY|CHATWS_UTF8_OVER2|CHATWS_UTF8_OVER3|CHATWS_UTF8_EDGE,
    CHATWS_UTF8_ANY|CHATWS_UTF8_OVER2,
    CHATWS_UTF8_ANY,
    CHATWS_UTF8_ANY,

    CHATWS_UTF8_ANY|CHATWS_UTF8_LARGE,
    CHATWS_UTF8_F5_FF, CHATWS_UTF8_F5_FF, CHATWS_UTF8_F5_FF,

    CHATWS_UTF8_F5_FF, CHATWS_UTF8_F5_FF, CHATWS_UTF8_F5_FF,
    CHATWS_UTF8_F5_FF,

    CHATWS_UTF8_F5_FF,
    CHATWS_UTF8_F5_FF|CHATWS_UTF8_SURR,
    CHATWS_UTF8_F5_FF, CHATWS_UTF8_F5_FF
};

static const uint8_t  chatws_utf8_second_upper[16] = {
    CHATWS_UTF8_SHORT, CHATWS_UTF8_SHORT, CHATWS_UTF8_SHORT,
    CHATWS_UTF8_SHORT, CHATWS_UTF8_SHORT, CHATWS_UTF8_SHORT,
    CHATWS_UTF8_SHORT, CHATWS_UTF8_SHORT,

    CHATWS_UTF8_TAIL|CHATWS_UTF8_OVER3|CHATWS_UTF8_EDGE,
    CHATWS_UTF8_TAIL|CHATWS_UTF8_OVER3|CHATWS_UTF8_LARGE,
    CHATWS_UTF8_TAIL|CHATWS_UTF8_SURR|CHATWS_UTF8_LARGE,
    CHATWS_UTF8_TAIL|CHATWS_UTF8_SURR|CHATWS_UTF8_LARGE,

    CHATWS_UTF8_SHORT, CHATWS_UTF8_SHORT, CHATWS_UTF8_SHORT,
    CHATWS_UTF8_SHORT
};

/*
 * The largest values of the last bytes of a step that leave no character
 * unfinished.
 */

static const uint8_t  chatws_utf8_end[32] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xef, 0xdf, 0xbf
};

#endif


chatws_rc_e
chatws_utf8_check(uint8_t *state, const uint8_t *p, size_t len)
{
    if (len >= CHATWS_UTF8_LONG) {

#if (CHATWS_UTF8_AVX2)

        if (__builtin_cpu_supports("avx2")) {
            return chatws_utf8_avx2(state, p, len);
        }

#endif

#if (CHATWS_UTF8_V16)

        if (chatws_utf8_v16_usable()) {
            return chatws_utf8_v16(state, p, len);
        }

#endif

    }

    return chatws_utf8_plain(state, p, len);
}


chatws_rc_e
chatws_utf8_valid(const uint8_t *p, size_t len)
{
    uint8_t  state;

    state = CHATWS_UTF8_START;

    /* the address of an empty text may be NULL */

    if (len != 0 && chatws_utf8_check(&state, p, len) != CHATWS_OK) {
        return CHATWS_ERROR;
    }

    return (state == CHATWS_UTF8_START) ? CHATWS_OK : CHATWS_ERROR;
}


size_t
chatws_utf8_cut(const uint8_t *p, size_t len, size_t max)
{
    if (len <= max) {
        return len;
    }

    /* p[max] is the first byte that is left out: it starts a character */

    while (max && (p[max] & 0xc0) == 0x80) {
        max--;
    }

    return max;
}


#if (CHATWS_UTF8_AVX2)

static chatws_rc_e
chatws_utf8_avx2(uint8_t *state, const uint8_t *p, size_t len)
{
    return chatws_utf8_vector(state, p, len, chatws_utf8_avx2_blocks);
}


/* Adds the faults of vector v to faults; prev is the vector before it. */

#define chatws_utf8_avx2_faults(v, prev, faults)                              \
                                                                              \
    mixed = _mm256_permute2x128_si256(prev, v, 0x21);                         \
    one = _mm256_alignr_epi8(v, mixed, 15);                                   \
                                                                              \
    pair = _mm256_and_si256(                                                  \
        _mm256_shuffle_epi8(first_upper,                                      \
            _mm256_and_si256(_mm256_srli_epi16(one, 4), nibble)),             \
        _mm256_shuffle_epi8(first_lower, _mm256_and_si256(one, nibble)));     \
                                                                              \
    pair = _mm256_and_si256(pair,                                             \
        _mm256_shuffle_epi8(second_upper,                                     \
            _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble)));              \
                                                                              \
    called = _mm256_or_si256(                                                 \
        _mm256_subs_epu8(_mm256_alignr_epi8(v, mixed, 14), third),            \
        _mm256_subs_epu8(_mm256_alignr_epi8(v, mixed, 13), fourth));          \
                                                                              \
    faults = _mm256_or_si256(faults,                                          \
        _mm256_xor_si256(_mm256_and_si256(called, tails), pair))


__attribute__((target("avx2")))
static const uint8_t *
chatws_utf8_avx2_blocks(const uint8_t *p, const uint8_t *last)
{
    __m256i  a, b, called, end, faults, first_lower, first_upper, fourth,
             mixed, nibble, one, pair, prev, second_upper, tails, third;

    first_upper = _mm256_broadcastsi128_si256(
        _mm_loadu_si128((const __m128i *) chatws_utf8_first_upper));
    first_lower = _mm256_broadcastsi128_si256(
        _mm_loadu_si128((const __m128i *) chatws_utf8_first_lower));
    second_upper = _mm256_broadcastsi128_si256(
        _mm_loadu_si128((const __m128i *) chatws_utf8_second_upper));

    end = _mm256_loadu_si256((const __m256i *) chatws_utf8_end);

    nibble = _mm256_set1_epi8(0x0f);
    tails = _mm256_set1_epi8((char) CHATWS_UTF8_TAILS);

    /* subtracted from lead bytes E0.., and F0.., these leave the top bit set */

    third = _mm256_set1_epi8(0xe0 - 0x80);
    fourth = _mm256_set1_epi8(0xf0 - 0x80);

    prev = _mm256_setzero_si256();
    faults = _mm256_setzero_si256();

    for ( /* void */ ; last - p >= CHATWS_UTF8_STEP; p += CHATWS_UTF8_STEP) {

        a = _mm256_loadu_si256((const __m256i *) p);
        b = _mm256_loadu_si256((const __m256i *) (p + 32));

        if (_mm256_movemask_epi8(_mm256_or_si256(a, b)) == 0) {
            faults = _mm256_or_si256(faults, _mm256_subs_epu8(prev, end));

        } else {
            chatws_utf8_avx2_faults(a, prev, faults);
            chatws_utf8_avx2_faults(b, a, faults);
        }

        prev = b;
    }

    return _mm256_testz_si256(faults, faults) ? p : NULL;
}

#endif


#if (CHATWS_UTF8_V16)

static int
chatws_utf8_v16_usable(void)
{
#if (CHATWS_UTF8_AVX2)
    return __builtin_cpu_supports("ssse3");
#else
    return 1;
#endif
}


static chatws_rc_e
chatws_utf8_v16(uint8_t *state, const uint8_t *p, size_t len)
{
    return chatws_utf8_vector(state, p, len, chatws_utf8_v16_blocks);
}


#define chatws_utf8_v16_faults(v, prev, faults)                               \
                                                                              \
    one = chatws_v16_prev(v, prev, 1);                                        \
                                                                              \
    pair = chatws_v16_and(                                                    \
        chatws_v16_look(first_upper, chatws_v16_upper(one)),                  \
        chatws_v16_look(first_lower, chatws_v16_and(one, nibble)));           \
                                                                              \
    pair = chatws_v16_and(pair,                                               \
        chatws_v16_look(second_upper, chatws_v16_upper(v)));                  \
                                                                              \
    called = chatws_v16_or(                                                   \
        chatws_v16_sub(chatws_v16_prev(v, prev, 2), third),                   \
        chatws_v16_sub(chatws_v16_prev(v, prev, 3), fourth));                 \
                                                                              \
    faults = chatws_v16_or(faults,                                            \
        chatws_v16_xor(chatws_v16_and(called, tails), pair))


CHATWS_UTF8_V16_TARGET
static const uint8_t *
chatws_utf8_v16_blocks(const uint8_t *p, const uint8_t *last)
{
    chatws_v16_t  a, b, c, called, d, end, faults, first_lower, first_upper,
                  fourth, nibble, one, pair, prev, second_upper, tails, third;

    first_upper = chatws_v16_load(chatws_utf8_first_upper);
    first_lower = chatws_v16_load(chatws_utf8_first_lower);
    second_upper = chatws_v16_load(chatws_utf8_second_upper);
    end = chatws_v16_load(chatws_utf8_end + 16);

    nibble = chatws_v16_all(0x0f);
    tails = chatws_v16_all(CHATWS_UTF8_TAILS);

    third = chatws_v16_all(0xe0 - 0x80);
    fourth = chatws_v16_all(0xf0 - 0x80);

    prev = chatws_v16_all(0);
    faults = prev;

    for ( /* void */ ; last - p >= CHATWS_UTF8_STEP; p += CHATWS_UTF8_STEP) {

        a = chatws_v16_load(p);
        b = chatws_v16_load(p + 16);
        c = chatws_v16_load(p + 32);
        d = chatws_v16_load(p + 48);

        if (chatws_v16_ascii(chatws_v16_or(chatws_v16_or(a, b),
                                           chatws_v16_or(c, d))))
        {
            faults = chatws_v16_or(faults, chatws_v16_sub(prev, end));

        } else {
            chatws_utf8_v16_faults(a, prev, faults);
            chatws_utf8_v16_faults(b, a, faults);
            chatws_utf8_v16_faults(c, b, faults);
            chatws_utf8_v16_faults(d, c, faults);
        }

        prev = d;
    }

    return chatws_v16_zero(faults) ? p : NULL;
}


static chatws_rc_e
chatws_utf8_vector(uint8_t *state, const uint8_t *p, size_t len,
    chatws_utf8_blocks_pt blocks)
{
    unsigned        n;
    const uint8_t  *last, *start;

    last = p + len;

    /* the rest of a character that started in the piece before */

    while (*state != CHATWS_UTF8_START) {

        if (p == last) {
            return CHATWS_OK;
        }

        if (chatws_utf8_plain(state, p++, 1) != CHATWS_OK) {
            return CHATWS_ERROR;
        }
    }

    start = p;
    p = blocks(p, last);

    if (p == NULL) {
        return CHATWS_ERROR;
    }

    /* the last character may be unfinished: the plain code reads it again */

    for (n = 1; n <= 3 && n <= p - start; n++) {
        if (p[-(int) n] >= 0xc0) {
            p -= n;
            break;
        }
    }

    return chatws_utf8_plain(state, p, last - p);
}

#endif


static chatws_rc_e
chatws_utf8_plain(uint8_t *state, const uint8_t *p, size_t len)
{
    unsigned                    st;
    const uint8_t              *last;
    const chatws_utf8_state_t  *s;

    st = *state;
    last = p + len;

    while (p < last) {

        if (st == CHATWS_UTF8_START) {

            if (*p < 0x80) {
                p = chatws_utf8_ascii(p, last);
                continue;
            }

            st = chatws_utf8_lead(*p++);

            if (st == CHATWS_UTF8_BAD) {
                return CHATWS_ERROR;
            }

            continue;
        }

        s = &chatws_utf8_states[st];

        if ((uint8_t) (*p++ - s->low) > s->span) {
            return CHATWS_ERROR;
        }

        st = s->next;
    }

    *state = (uint8_t) st;

    return CHATWS_OK;
}


/* Returns the first byte that is not ASCII, or last. */

static const uint8_t *
chatws_utf8_ascii(const uint8_t *p, const uint8_t *last)
{
    uint64_t  words[2];

    while (last - p >= 16) {
        memcpy(words, p, 16);

        if ((words[0] | words[1]) & CHATWS_UTF8_HIGH) {
            break;
        }

        p += 16;
    }

    while (p < last && *p < 0x80) {
        p++;
    }

    return p;
}


/* Returns the state after a byte that starts a character of several bytes. */

static unsigned
chatws_utf8_lead(unsigned ch)
{
    switch (ch) {

    case 0xe0:
        return CHATWS_UTF8_E0;

    case 0xed:
        return CHATWS_UTF8_ED;

    case 0xf0:
        return CHATWS_UTF8_F0;

    case 0xf4:
        return CHATWS_UTF8_F4;
    }

    if (ch < 0xc2 || ch > 0xf4) {
        return CHATWS_UTF8_BAD;
    }

    return (ch < 0xe0) ? 1 : (ch < 0xf0) ? 2 : 3;
}
