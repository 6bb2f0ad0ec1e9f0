
/*
 * Copyright (C) chatws contributors
 *
 * Known members: see chatws_json_known.h.
 */


#include <string.h>

#include "json/chatws_json_known.h"


chatws_rc_e
chatws_json_known(chatws_json_arena_t *arena, const chatws_str_t *names,
    chatws_json_member_t *known, size_t n, const chatws_json_member_t *m)
{
    size_t  i;

    for (i = 0; i < n; i++) {

        if (m->name.len == names[i].len
            && memcmp(m->name.data, names[i].data, names[i].len) == 0)
        {
            known[i] = *m;

            return chatws_json_keep(arena, &known[i].string);
        }
    }

    return CHATWS_OK;
}
