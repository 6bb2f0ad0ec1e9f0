
/*
 * Copyright (C) chatws contributors
 *
 * What the targets of JSON texts share.
 */


#ifndef _CHATWS_FUZZ_JSON_H_INCLUDED_
#define _CHATWS_FUZZ_JSON_H_INCLUDED_


#include "fuzz.h"

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


static void check_output(const chatws_str_t *out, unsigned depth);
static chatws_rc_e ignore(void *data, const chatws_json_member_t *m);


/* What goes out is an object, nested no deeper than that. */

static void
check_output(const chatws_str_t *out, unsigned depth)
{
    void                 *mem;
    size_t                n;
    chatws_json_arena_t   arena;

    n = chatws_json_arena_size(out->len);
    mem = malloc(n);

    chatws_json_arena_init(&arena, mem, n);

    check(chatws_json_object(&arena, out, depth, ignore, NULL) == CHATWS_OK);

    free(mem);
}


static chatws_rc_e
ignore(void *data, const chatws_json_member_t *m)
{
    (void) data;
    (void) m;

    return CHATWS_OK;
}


#endif /* _CHATWS_FUZZ_JSON_H_INCLUDED_ */
