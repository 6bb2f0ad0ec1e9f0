
/*
 * Copyright (C) chatws contributors
 *
 * Unmasking of the frames of clients: RFC 6455, section 5.3.
 */


#ifndef _CHATWS_MASK_H_INCLUDED_
#define _CHATWS_MASK_H_INCLUDED_


#include "base/chatws_core.h"


/*
 * Unmasks len bytes in place.  phase tells how many bytes of the payload came
 * before these, if it arrives in pieces.  Nothing outside of [p, p + len) is
 * read or written, and p needs no alignment.
 */
void chatws_mask(uint8_t *p, size_t len, const uint8_t key[4], size_t phase);

/*
 * Does the same, and continues the validation of a text with the unmasked
 * bytes: state and the result are those of chatws_utf8_check().  After
 * CHATWS_ERROR an undefined part of the bytes is unmasked.
 */
chatws_rc_e chatws_mask_utf8(uint8_t *p, size_t len, const uint8_t key[4],
    size_t phase, uint8_t *state);


#endif /* _CHATWS_MASK_H_INCLUDED_ */
