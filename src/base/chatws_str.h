
/*
 * Copyright (C) chatws contributors
 *
 * Counted strings.
 */


#ifndef _CHATWS_STR_H_INCLUDED_
#define _CHATWS_STR_H_INCLUDED_


#include "base/chatws_core.h"


/* 1: the bytes are the same.  Empty strings are, data may be NULL in them. */
int chatws_str_equal(const chatws_str_t *a, const chatws_str_t *b);


#endif /* _CHATWS_STR_H_INCLUDED_ */
