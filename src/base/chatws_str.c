
/*
 * Copyright (C) chatws contributors
 *
 * Counted strings: see chatws_str.h.
 */


#include <string.h>

#include "base/chatws_str.h"


int
chatws_str_equal(const chatws_str_t *a, const chatws_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}
