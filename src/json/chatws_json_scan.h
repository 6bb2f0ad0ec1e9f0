
/*
 * Copyright (C) chatws contributors
 *
 * Questions about a JSON text that are answered without a parser.
 */


#ifndef _CHATWS_JSON_SCAN_H_INCLUDED_
#define _CHATWS_JSON_SCAN_H_INCLUDED_


#include "base/chatws_core.h"


/*
 * Looks through a whole text, before it is parsed, for control characters that
 * JSON excludes, within strings and between them, and for escapes of unpaired
 * surrogates, RFC 8259, section 8.2.  copy is NULL, or a copy of the text, in
 * which each escape of an unpaired surrogate is overwritten with \ufffd.
 *
 * CHATWS_OK: there are neither.  CHATWS_ERROR: there is a control character.
 * CHATWS_AGAIN: there are unpaired surrogates.
 */
chatws_rc_e chatws_json_scan(const uint8_t *text, size_t len, uint8_t *copy);

/*
 * Returns the offset of the first byte, from pos on, that is neither white
 * space nor a comma nor a colon, or len if there is none.
 */
size_t chatws_json_skip(const uint8_t *text, size_t len, size_t pos);

/*
 * Returns 1 if the first byte that is not white space opens an array, else 0:
 * then the text can only be a batch.
 */
int chatws_json_is_array(const chatws_str_t *text);

/*
 * Sets *n to the value of an integer as it was written.  CHATWS_ERROR: it is
 * negative, larger than 2^64 - 1, or no integer.
 */
chatws_rc_e chatws_json_uint(const chatws_str_t *value, uint64_t *n);


#endif /* _CHATWS_JSON_SCAN_H_INCLUDED_ */
