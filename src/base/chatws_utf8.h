
/*
 * Copyright (C) chatws contributors
 *
 * Validation of UTF-8, RFC 3629, of texts that may arrive in pieces.
 */


#ifndef _CHATWS_UTF8_H_INCLUDED_
#define _CHATWS_UTF8_H_INCLUDED_


#include "base/chatws_core.h"


/* the state at the start of a text, and between two characters */
#define CHATWS_UTF8_START  0


/*
 * Validates the next piece of a text, which may be split anywhere.  *state is
 * CHATWS_UTF8_START before the first piece, and is kept from call to call.
 *
 * CHATWS_OK: the text is valid so far; it may end here if *state is
 * CHATWS_UTF8_START, otherwise it ends within a character.  CHATWS_ERROR: the
 * text is invalid, whatever follows, and *state is undefined.  This is returned
 * for the piece with the first byte that shows it, which is the second byte of
 * an overlong form, a surrogate, or a code point above U+10FFFF.
 */
chatws_rc_e chatws_utf8_check(uint8_t *state, const uint8_t *p, size_t len);

/*
 * Validates a whole text: CHATWS_OK or CHATWS_ERROR.  An empty one is valid.
 */
chatws_rc_e chatws_utf8_valid(const uint8_t *p, size_t len);

/*
 * Returns the length of the longest prefix of a valid text that has at most max
 * bytes and does not end within a character.
 */
size_t chatws_utf8_cut(const uint8_t *p, size_t len, size_t max);


#endif /* _CHATWS_UTF8_H_INCLUDED_ */
