
/*
 * Copyright (C) chatws contributors
 *
 * Arguments of a URL's query string, form-decoded.
 */


#ifndef _CHATWS_QUERY_H_INCLUDED_
#define _CHATWS_QUERY_H_INCLUDED_


#include "base/chatws_core.h"


/*
 * Finds the argument of that name in the raw query string, without its
 * question mark, and decodes its value: %XX is a byte, + is a space.
 *
 * To others, escapes in a name may mean what they stand for, its case may not
 * count, and of several arguments the first may be taken, or the last.  So
 * that the value is one and the same to everybody, what can be read as the
 * name has to come once, written as the name is.
 *
 * On entry value->data points to at least query->len bytes; on CHATWS_OK
 * value->len is the decoded length, possibly 0.
 * CHATWS_DECLINED: there is no such argument; CHATWS_ERROR: there are several,
 * or it is written in another way, or the value has a malformed escape.
 * Neither changes value->len.
 */
chatws_rc_e chatws_query_get(const chatws_str_t *query,
    const chatws_str_t *name, chatws_str_t *value);


#endif /* _CHATWS_QUERY_H_INCLUDED_ */
