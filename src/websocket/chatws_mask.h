
/*
 * Copyright (C) chatws contributors
 *
 * Unmasking of client frames (RFC 6455, 5.3), by vectors or words.
 */


#ifndef _CHATWS_MASK_H_INCLUDED_
#define _CHATWS_MASK_H_INCLUDED_


#include "base/chatws_core.h"


/*
 * XORs "len" bytes in place with the 4-byte "key", the first one with
 * key[phase & 3].  A payload that arrives in pieces is unmasked by giving the
 * number of its bytes before this piece as "phase".  Nothing outside
 * [p, p + len) is read or written; no alignment is required.
 */

void chatws_mask(uint8_t *p, size_t len, const uint8_t key[4], size_t phase);

/*
 * The same, and goes on with the validation of the unmasked bytes as
 * chatws_utf8_check() does, block by block while they are in the cache.
 * CHATWS_OK or CHATWS_ERROR; after an error an undefined part of the bytes
 * is unmasked.
 */

chatws_rc_e chatws_mask_utf8(uint8_t *p, size_t len, const uint8_t key[4],
    size_t phase, uint8_t *state);


#endif /* _CHATWS_MASK_H_INCLUDED_ */
