
/*
 * Copyright (C) chatws contributors
 *
 * Unmasking: see chatws_mask.h.
 */


#include <string.h>

#include "base/chatws_utf8.h"
#include "websocket/chatws_mask.h"

#if (defined __x86_64__ && defined __GNUC__)

#include <immintrin.h>

#define CHATWS_MASK_AVX2  1
#define CHATWS_MASK_SSE2  1

#elif (defined __aarch64__ && defined __ARM_NEON && defined __GNUC__)

#include <arm_neon.h>

#define CHATWS_MASK_NEON  1

#endif


/* what is not worth a vector */
#define CHATWS_MASK_SHORT  64

/* what is unmasked and then validated while it is in the first cache */
#define CHATWS_MASK_BLOCK  8192


#if (CHATWS_MASK_AVX2)
static size_t chatws_mask_avx2(uint8_t *p, size_t len, const uint8_t key[8]);
#endif

#if (CHATWS_MASK_SSE2)
static size_t chatws_mask_sse2(uint8_t *p, size_t len, const uint8_t key[8]);
#endif

#if (CHATWS_MASK_NEON)
static size_t chatws_mask_neon(uint8_t *p, size_t len, const uint8_t key[8]);
#endif

static size_t chatws_mask_vector(uint8_t *p, size_t len,
    const uint8_t key[8]);
static void chatws_mask_plain(uint8_t *p, size_t len, const uint8_t key[8]);


void
chatws_mask(uint8_t *p, size_t len, const uint8_t key[4], size_t phase)
{
    size_t    n;
    uint8_t   rotated[8];
    unsigned  i;

    for (i = 0; i < 8; i++) {
        rotated[i] = key[(phase + i) & 3];
    }

    if (len >= CHATWS_MASK_SHORT) {
        n = chatws_mask_vector(p, len, rotated);
        p += n;
        len -= n;
    }

    chatws_mask_plain(p, len, rotated);
}


chatws_rc_e
chatws_mask_utf8(uint8_t *p, size_t len, const uint8_t key[4], size_t phase,
    uint8_t *state)
{
    size_t  n;

    while (len) {
        n = (len < CHATWS_MASK_BLOCK) ? len : CHATWS_MASK_BLOCK;

        chatws_mask(p, n, key, phase);

        if (chatws_utf8_check(state, p, n) != CHATWS_OK) {
            return CHATWS_ERROR;
        }

        p += n;
        len -= n;
        phase += n;
    }

    return CHATWS_OK;
}


/*
 * Unmasks as many bytes as make whole vectors and returns their number, which
 * is a multiple of the key's length.
 */

static size_t
chatws_mask_vector(uint8_t *p, size_t len, const uint8_t key[8])
{
#if (CHATWS_MASK_AVX2)

    if (__builtin_cpu_supports("avx2")) {
        return chatws_mask_avx2(p, len, key);
    }

#endif

#if (CHATWS_MASK_SSE2)

    return chatws_mask_sse2(p, len, key);

#elif (CHATWS_MASK_NEON)

    return chatws_mask_neon(p, len, key);

#else

    (void) p;
    (void) len;
    (void) key;

    return 0;

#endif
}


#if (CHATWS_MASK_AVX2)

__attribute__((target("avx2")))
static size_t
chatws_mask_avx2(uint8_t *p, size_t len, const uint8_t key[8])
{
    size_t     n;
    int64_t    word;
    __m256i    a, b, c, d, k, *v;

    memcpy(&word, key, 8);

    k = _mm256_set1_epi64x(word);
    n = 0;

    for ( /* void */ ; len - n >= 128; n += 128) {
        v = (__m256i *) (p + n);

        a = _mm256_xor_si256(_mm256_loadu_si256(v), k);
        b = _mm256_xor_si256(_mm256_loadu_si256(v + 1), k);
        c = _mm256_xor_si256(_mm256_loadu_si256(v + 2), k);
        d = _mm256_xor_si256(_mm256_loadu_si256(v + 3), k);

        _mm256_storeu_si256(v, a);
        _mm256_storeu_si256(v + 1, b);
        _mm256_storeu_si256(v + 2, c);
        _mm256_storeu_si256(v + 3, d);
    }

    for ( /* void */ ; len - n >= 32; n += 32) {
        v = (__m256i *) (p + n);
        a = _mm256_xor_si256(_mm256_loadu_si256(v), k);
        _mm256_storeu_si256(v, a);
    }

    return n;
}

#endif


#if (CHATWS_MASK_SSE2)

static size_t
chatws_mask_sse2(uint8_t *p, size_t len, const uint8_t key[8])
{
    size_t     n;
    int64_t    word;
    __m128i    a, b, c, d, k, *v;

    memcpy(&word, key, 8);

    k = _mm_set1_epi64x(word);
    n = 0;

    for ( /* void */ ; len - n >= 64; n += 64) {
        v = (__m128i *) (p + n);

        a = _mm_xor_si128(_mm_loadu_si128(v), k);
        b = _mm_xor_si128(_mm_loadu_si128(v + 1), k);
        c = _mm_xor_si128(_mm_loadu_si128(v + 2), k);
        d = _mm_xor_si128(_mm_loadu_si128(v + 3), k);

        _mm_storeu_si128(v, a);
        _mm_storeu_si128(v + 1, b);
        _mm_storeu_si128(v + 2, c);
        _mm_storeu_si128(v + 3, d);
    }

    return n;
}

#endif


#if (CHATWS_MASK_NEON)

static size_t
chatws_mask_neon(uint8_t *p, size_t len, const uint8_t key[8])
{
    size_t      n;
    uint8x16_t  a, b, c, d, k;

    k = vcombine_u8(vld1_u8(key), vld1_u8(key));
    n = 0;

    for ( /* void */ ; len - n >= 64; n += 64) {
        a = veorq_u8(vld1q_u8(p + n), k);
        b = veorq_u8(vld1q_u8(p + n + 16), k);
        c = veorq_u8(vld1q_u8(p + n + 32), k);
        d = veorq_u8(vld1q_u8(p + n + 48), k);

        vst1q_u8(p + n, a);
        vst1q_u8(p + n + 16, b);
        vst1q_u8(p + n + 32, c);
        vst1q_u8(p + n + 48, d);
    }

    return n;
}

#endif


static void
chatws_mask_plain(uint8_t *p, size_t len, const uint8_t key[8])
{
    size_t    i;
    uint64_t  k, word;

    memcpy(&k, key, 8);

    while (len >= 8) {
        memcpy(&word, p, 8);
        word ^= k;
        memcpy(p, &word, 8);

        p += 8;
        len -= 8;
    }

    for (i = 0; i < len; i++) {
        p[i] ^= key[i];
    }
}
