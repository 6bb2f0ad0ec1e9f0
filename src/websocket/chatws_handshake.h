
/*
 * Copyright (C) chatws contributors
 *
 * Header fields of the opening handshake (RFC 6455, section 4.2.1): token
 * lists, the key, the version, subprotocols.  The fields themselves, and the
 * hash of the key, are the caller's.
 */


#ifndef _CHATWS_HANDSHAKE_H_INCLUDED_
#define _CHATWS_HANDSHAKE_H_INCLUDED_


#include "base/chatws_core.h"


/*
 * CHATWS_OK if the comma list "value" (RFC 9110, 5.6.1: blanks around and
 * empty elements are allowed) has the element "token", in any case of
 * letters, else CHATWS_DECLINED.  For "Connection" and "Upgrade"; of a field
 * that comes several times, each one is asked.
 */

chatws_rc_e chatws_handshake_token(const chatws_str_t *value,
    const chatws_str_t *token);

/*
 * CHATWS_OK if the Sec-WebSocket-Key is base64 of 16 bytes: 22 characters of
 * the alphabet and "=="; else CHATWS_ERROR.  The unused bits of the 22nd
 * character may have any value.
 */

chatws_rc_e chatws_handshake_key(const chatws_str_t *key);

/*
 * CHATWS_OK if the Sec-WebSocket-Version is 13, CHATWS_DECLINED if it is
 * another valid one (0..255), CHATWS_ERROR if it is none at all.
 */

chatws_rc_e chatws_handshake_version(const chatws_str_t *value);

/*
 * Looks for the subprotocol "name" in one Sec-WebSocket-Protocol: CHATWS_OK
 * found (in exactly these letters), CHATWS_DECLINED not found, CHATWS_ERROR
 * the list is not one of tokens (RFC 6455, 4.1, 10.).
 */

chatws_rc_e chatws_handshake_protocol(const chatws_str_t *value,
    const chatws_str_t *name);

/* tells whether "ch" may be in a token (RFC 9110, 5.6.2) */

int chatws_handshake_tchar(unsigned ch);


#endif /* _CHATWS_HANDSHAKE_H_INCLUDED_ */
