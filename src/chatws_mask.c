
/*
 * Copyright (C) chatws contributors
 *
 * Unmasking: see chatws_mask.h.  Floor 0.
 */


#include <string.h>

#include "chatws_mask.h"
#include "chatws_utf8.h"


/* what is unmasked and then validated while it is in the first cache */
#define CHATWS_MASK_BLOCK  8192


static void chatws_mask_plain(uint8_t *p, size_t len, const uint8_t key[8]);


void
chatws_mask(uint8_t *p, size_t len, const uint8_t key[4], size_t phase)
{
    uint8_t   rotated[8];
    unsigned  i;

    for (i = 0; i < 8; i++) {
        rotated[i] = key[(phase + i) & 3];
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
