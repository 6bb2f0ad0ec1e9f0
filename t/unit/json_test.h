
/*
 * Copyright (C) chatws contributors
 *
 * What tests of JSON texts share: the code under test, and an input and a
 * block for its parser of exactly the sizes that are needed.
 */


#ifndef _CHATWS_JSON_TEST_H_INCLUDED_
#define _CHATWS_JSON_TEST_H_INCLUDED_


#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "base/chatws_decimal.c"
#include "base/chatws_fault.c"
#include "base/chatws_utf8.c"
#include "base/chatws_name.c"
#include "base/chatws_time.c"
#include "base/chatws_id.c"
#include "json/chatws_json_known.c"
#include "json/chatws_json_memory.c"
#include "json/chatws_json_scan.c"
#include "json/chatws_json.c"
#include "protocol/chatws_type.c"
#include "protocol/chatws_unread.c"
#include "protocol/chatws_notify.c"


static size_t take(const char *text);
static void release(void);
static int same(const chatws_str_t *str, const char *text);


static void          *mem;
static chatws_str_t   input;


/* Makes the text the input; returns the size of the block. */

static size_t
take(const char *text)
{
    size_t  size;

    input.len = strlen(text);
    input.data = malloc(input.len ? input.len : 1);
    memcpy(input.data, text, input.len);

    size = chatws_json_arena_size(input.len);
    mem = malloc(size);

    return size;
}


static void
release(void)
{
    free(mem);
    free(input.data);
}


static int
same(const chatws_str_t *str, const char *text)
{
    return str->len == strlen(text)
           && (str->len == 0 || memcmp(str->data, text, str->len) == 0);
}


#endif /* _CHATWS_JSON_TEST_H_INCLUDED_ */
