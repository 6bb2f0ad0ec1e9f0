
/*
 * Copyright (C) chatws contributors
 *
 * SipHash-2-4.
 */


#include "base/chatws_hash.h"


#define chatws_hash_rotl(x, n)  (((x) << (n)) | ((x) >> (64 - (n))))

#define chatws_hash_round(v)                                                  \
    do {                                                                      \
        v[0] += v[1];                                                         \
        v[1] = chatws_hash_rotl(v[1], 13) ^ v[0];                             \
        v[0] = chatws_hash_rotl(v[0], 32);                                    \
        v[2] += v[3];                                                         \
        v[3] = chatws_hash_rotl(v[3], 16) ^ v[2];                             \
        v[0] += v[3];                                                         \
        v[3] = chatws_hash_rotl(v[3], 21) ^ v[0];                             \
        v[2] += v[1];                                                         \
        v[1] = chatws_hash_rotl(v[1], 17) ^ v[2];                             \
        v[2] = chatws_hash_rotl(v[2], 32);                                    \
    } while (0)


static uint64_t chatws_hash_load(const uint8_t *p, size_t n);


uint64_t
chatws_hash(const uint8_t key[16], const uint8_t *p, size_t len)
{
    size_t    left;
    uint64_t  k0, k1, m, v[4];

    k0 = chatws_hash_load(key, 8);
    k1 = chatws_hash_load(key + 8, 8);

    v[0] = k0 ^ 0x736f6d6570736575;
    v[1] = k1 ^ 0x646f72616e646f6d;
    v[2] = k0 ^ 0x6c7967656e657261;
    v[3] = k1 ^ 0x7465646279746573;

    for (left = len; left >= 8; left -= 8) {
        m = chatws_hash_load(p, 8);

        v[3] ^= m;
        chatws_hash_round(v);
        chatws_hash_round(v);
        v[0] ^= m;

        p += 8;
    }

    m = chatws_hash_load(p, left) | (uint64_t) len << 56;

    v[3] ^= m;
    chatws_hash_round(v);
    chatws_hash_round(v);
    v[0] ^= m;

    v[2] ^= 0xff;
    chatws_hash_round(v);
    chatws_hash_round(v);
    chatws_hash_round(v);
    chatws_hash_round(v);

    return v[0] ^ v[1] ^ v[2] ^ v[3];
}


/* Returns the number in n bytes, at most 8, the lowest one first. */

static uint64_t
chatws_hash_load(const uint8_t *p, size_t n)
{
    uint64_t  m;

    m = 0;

    while (n--) {
        m = m << 8 | p[n];
    }

    return m;
}
