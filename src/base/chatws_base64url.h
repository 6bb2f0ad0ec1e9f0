
/*
 * Copyright (C) chatws contributors
 *
 * base64url without padding (RFC 4648, section 5; RFC 7515, section 2), as
 * tokens and keys have it.
 */


#ifndef _CHATWS_BASE64URL_H_INCLUDED_
#define _CHATWS_BASE64URL_H_INCLUDED_


#include "base/chatws_core.h"


/* The bytes that len characters make at most, and the reverse, exact. */
#define chatws_base64url_decoded(len)  ((len) / 4 * 3 + 2)
#define chatws_base64url_encoded(len)  (((len) * 4 + 2) / 3)


/*
 * CHATWS_OK: the text is base64url, and nothing else would be decoded to the
 * same bytes.  CHATWS_ERROR: it has padding, a character of another alphabet,
 * a length that no encoder makes, or unused bits that are not zero.
 */
chatws_rc_e chatws_base64url_check(const chatws_str_t *text);

/*
 * Decodes text into out, which has room for chatws_base64url_decoded() bytes,
 * and sets *len to the bytes written.  CHATWS_ERROR: chatws_base64url_check()
 * refuses it, and nothing is written.
 */
chatws_rc_e chatws_base64url_decode(const chatws_str_t *text, uint8_t *out,
    size_t *len);

/*
 * Encodes len bytes at p into out, which has room for exactly
 * chatws_base64url_encoded(len) characters; returns their number.
 */
size_t chatws_base64url_encode(uint8_t *out, const uint8_t *p, size_t len);


#endif /* _CHATWS_BASE64URL_H_INCLUDED_ */
