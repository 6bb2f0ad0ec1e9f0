
/*
 * Copyright (C) chatws contributors
 *
 * UTF-8 validation (RFC 3629), incremental, by vectors where the processor
 * has them.
 */


#ifndef _CHATWS_UTF8_H_INCLUDED_
#define _CHATWS_UTF8_H_INCLUDED_


#include "base/chatws_core.h"


/* the state at the start of a text and between two characters */
#define CHATWS_UTF8_START  0


/*
 * Goes on with a text that may arrive in pieces of any size, split anywhere.
 * "*state" is CHATWS_UTF8_START before the first piece and is carried from
 * call to call.
 *
 * CHATWS_OK: so far the text is a prefix of a valid one; it may end here if
 * and only if "*state" is CHATWS_UTF8_START.
 * CHATWS_ERROR: no continuation can make it valid.  That is said with the
 * first piece that holds the offending byte (overlong forms, surrogates and
 * code points above U+10FFFF at their second byte); "*state" is then
 * undefined.
 */

chatws_rc_e chatws_utf8_check(uint8_t *state, const uint8_t *p, size_t len);

/* a whole text: CHATWS_OK or CHATWS_ERROR; an empty one is valid */

chatws_rc_e chatws_utf8_valid(const uint8_t *p, size_t len);

/*
 * The length of the longest prefix of the valid text "p" that is not longer
 * than "max" and does not end inside a character.
 */

size_t chatws_utf8_cut(const uint8_t *p, size_t len, size_t max);


#endif /* _CHATWS_UTF8_H_INCLUDED_ */
