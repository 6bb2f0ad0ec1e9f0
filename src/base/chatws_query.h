
/*
 * Copyright (C) chatws contributors
 *
 * Arguments of a URL's query string, form-decoded.
 */


#ifndef _CHATWS_QUERY_H_INCLUDED_
#define _CHATWS_QUERY_H_INCLUDED_


#include "base/chatws_core.h"


/*
 * Finds the argument of this name in a query string, which is not decoded and
 * has no question mark, and decodes its value: %XX is a byte, + is a space.
 *
 * Programs differ in how they read arguments.  Some decode escapes in a name,
 * or ignore its case, and of several arguments some take the first one and some
 * the last one.  All of them have to find the same value.  So an argument that
 * one of them could take for this one is an error, unless it is the only one
 * and its name is written without escapes and in the same case.
 *
 * value->data points to at least query->len bytes, to which the decoded value
 * is written.
 *
 * CHATWS_OK: value->len is its length, which may be 0.  CHATWS_DECLINED: there
 * is no such argument.  CHATWS_ERROR: there are several, or the name is written
 * in another way, or the value has a malformed escape.
 */
chatws_rc_e chatws_query_get(const chatws_str_t *query,
    const chatws_str_t *name, chatws_str_t *value);


#endif /* _CHATWS_QUERY_H_INCLUDED_ */
