
/*
 * Copyright (C) chatws contributors
 *
 * The members of an object whose names are known.
 */


#ifndef _CHATWS_JSON_KNOWN_H_INCLUDED_
#define _CHATWS_JSON_KNOWN_H_INCLUDED_


#include "json/chatws_json.h"


/*
 * Keeps a member in its place of known[], which is the place of its name in
 * names[], both with n places; any other member is ignored.  Of several
 * members of a name the last one counts.  The decoded value lives as long as
 * the arena.
 *
 * CHATWS_OK, or CHATWS_ERROR: the arena is too small.
 */
chatws_rc_e chatws_json_known(chatws_json_arena_t *arena,
    const chatws_str_t *names, chatws_json_member_t *known, size_t n,
    const chatws_json_member_t *m);


#endif /* _CHATWS_JSON_KNOWN_H_INCLUDED_ */
