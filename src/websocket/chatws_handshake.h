
/*
 * Copyright (C) chatws contributors
 *
 * Checks of header fields of the opening handshake, RFC 6455, section 4.2.1:
 * lists of tokens, the key, the version, subprotocols.
 */


#ifndef _CHATWS_HANDSHAKE_H_INCLUDED_
#define _CHATWS_HANDSHAKE_H_INCLUDED_


#include "base/chatws_core.h"


/*
 * Looks for a token in the comma-separated list of one field, Connection or
 * Upgrade.  The case of letters does not matter.  RFC 9110, section 5.6.1:
 * elements may have blanks around them, and may be empty.
 *
 * CHATWS_OK: the token is in the list; CHATWS_DECLINED: it is not.
 */
chatws_rc_e chatws_handshake_token(const chatws_str_t *value,
    const chatws_str_t *token);

/*
 * CHATWS_OK if the Sec-WebSocket-Key is the base64 of 16 bytes, which is 22
 * characters of the alphabet and two of =; otherwise CHATWS_ERROR.  The unused
 * bits of the 22nd character may have any value.
 */
chatws_rc_e chatws_handshake_key(const chatws_str_t *key);

/*
 * CHATWS_OK: the Sec-WebSocket-Version is 13.  CHATWS_DECLINED: it is another
 * number, 0 to 255.  CHATWS_ERROR: it is no such number.
 */
chatws_rc_e chatws_handshake_version(const chatws_str_t *value);

/*
 * Looks for the subprotocol name in the list of one Sec-WebSocket-Protocol.
 * The case of letters matters.
 *
 * CHATWS_OK: it is in the list.  CHATWS_DECLINED: it is not.  CHATWS_ERROR:
 * this is no list of tokens, RFC 6455, section 4.1, item 10.
 */
chatws_rc_e chatws_handshake_protocol(const chatws_str_t *value,
    const chatws_str_t *name);

/*
 * Looks for the first subprotocol in the list that begins with a prefix, and
 * sets rest to what follows the prefix in it; it points into the value.
 *
 * CHATWS_OK, or CHATWS_DECLINED: there is none.
 */
chatws_rc_e chatws_handshake_prefix(const chatws_str_t *value,
    const chatws_str_t *prefix, chatws_str_t *rest);

/* Returns 1 if a token may contain ch, RFC 9110, section 5.6.2, else 0. */
int chatws_handshake_tchar(unsigned ch);


#endif /* _CHATWS_HANDSHAKE_H_INCLUDED_ */
