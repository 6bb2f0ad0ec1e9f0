
/*
 * Copyright (C) chatws contributors
 *
 * What can be said of a JSON text byte by byte, without a parser.
 */


#ifndef _CHATWS_JSON_SCAN_H_INCLUDED_
#define _CHATWS_JSON_SCAN_H_INCLUDED_


#include "base/chatws_core.h"


/*
 * Looks a whole text through, before it is parsed, for control characters
 * that no JSON text has, in strings or between them, and for escapes of
 * unpaired surrogates (RFC 8259, section 8.2).
 *
 * CHATWS_OK: neither; CHATWS_ERROR: control characters; CHATWS_AGAIN:
 * unpaired surrogates, each of which is overwritten by \ufffd in copy, which
 * is NULL or len bytes that the caller has copied from the text.
 */
chatws_rc_e chatws_json_scan(const uint8_t *text, size_t len, uint8_t *copy);

/*
 * The offset, from pos on, of the first byte that is neither white space nor
 * a comma nor a colon; len if there is none.
 */
size_t chatws_json_skip(const uint8_t *text, size_t len, size_t pos);

/*
 * 1 when the first byte that is not white space opens an array: then the
 * text can only be a batch.
 */
int chatws_json_is_array(const chatws_str_t *text);

/*
 * The value of an integer as written.  CHATWS_ERROR: negative, not an
 * integer, or over 2^64 - 1.
 */
chatws_rc_e chatws_json_uint(const chatws_str_t *value, uint64_t *n);


#endif /* _CHATWS_JSON_SCAN_H_INCLUDED_ */
