
/*
 * Copyright (C) chatws contributors
 *
 * Unmasking: see chatws_mask.h.
 */


#include <string.h>

#include "base/chatws_utf8.h"
#include "websocket/chatws_mask.h"


/* from so many bytes on, vectors are faster */
#define CHATWS_MASK_LONG   64

/* bytes that are unmasked, and then validated while they are in the cache */
#define CHATWS_MASK_BLOCK  8192


#if (defined __GNUC__)

#define CHATWS_MASK_V16  1

/* vectors at any address; where there are none the compiler uses words */

typedef uint64_t  chatws_mask_v16_t
    __attribute__((vector_size(16), aligned(1), may_alias));

#endif

#if (CHATWS_MASK_V16 && defined __x86_64__)

#define CHATWS_MASK_V32  1

typedef uint64_t  chatws_mask_v32_t
    __attribute__((vector_size(32), aligned(1), may_alias));

#endif


/*
 * The body of a function that unmasks, four vectors at a time, as many bytes
 * as they make, and returns how many bytes these are.
 */

#define chatws_mask_vectors(vector_t, p, len, key)                            \
                                                                              \
    size_t     n;                                                             \
    uint64_t   word;                                                          \
    vector_t   k, *v;                                                         \
                                                                              \
    memcpy(&word, key, 8);                                                    \
                                                                              \
    k = (vector_t) { 0 } + word;                                              \
                                                                              \
    for (n = 0; len - n >= 4 * sizeof(k); n += 4 * sizeof(k)) {               \
        v = (vector_t *) (p + n);                                             \
                                                                              \
        v[0] ^= k;                                                            \
        v[1] ^= k;                                                            \
        v[2] ^= k;                                                            \
        v[3] ^= k;                                                            \
    }                                                                         \
                                                                              \
    return n


#if (CHATWS_MASK_V32)
static size_t chatws_mask_v32(uint8_t *p, size_t len, const uint8_t key[8]);
#endif

#if (CHATWS_MASK_V16)
static size_t chatws_mask_v16(uint8_t *p, size_t len, const uint8_t key[8]);
#endif

static size_t chatws_mask_blocks(uint8_t *p, size_t len,
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

    if (len >= CHATWS_MASK_LONG) {
        n = chatws_mask_blocks(p, len, rotated);
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


/* Unmasks whole blocks by the largest vectors, and returns their length. */

static size_t
chatws_mask_blocks(uint8_t *p, size_t len, const uint8_t key[8])
{
    size_t  n;

    n = 0;

#if (CHATWS_MASK_V32)

    if (__builtin_cpu_supports("avx2")) {
        n = chatws_mask_v32(p, len, key);
    }

#endif

#if (CHATWS_MASK_V16)

    n += chatws_mask_v16(p + n, len - n, key);

#endif

    return n;
}


#if (CHATWS_MASK_V32)

__attribute__((target("avx2")))
static size_t
chatws_mask_v32(uint8_t *p, size_t len, const uint8_t key[8])
{
    chatws_mask_vectors(chatws_mask_v32_t, p, len, key);
}

#endif


#if (CHATWS_MASK_V16)

static size_t
chatws_mask_v16(uint8_t *p, size_t len, const uint8_t key[8])
{
    chatws_mask_vectors(chatws_mask_v16_t, p, len, key);
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
