
/*
 * Copyright (C) chatws contributors
 *
 * What the claims of a token grant: rights in chats by their ids and by
 * prefixes of ids, kept in few bytes for as long as a connection lives.
 */


#ifndef _CHATWS_GRANT_H_INCLUDED_
#define _CHATWS_GRANT_H_INCLUDED_


#include "token/chatws_claims.h"


#define CHATWS_RIGHT_SUBSCRIBE  0x01
#define CHATWS_RIGHT_TYPING     0x02
#define CHATWS_RIGHT_SEND       0x04
#define CHATWS_RIGHTS_ALL       0x07

#define CHATWS_GRANTS_MAX       256     /* entries of a token */


/* The bytes at most that the grants of claims take whose text has len bytes. */
#define chatws_grants_size(len)  (len)

/*
 * Writes what the claims "chats" and "chatPrefixes" grant, in the form that
 * chatws_grants_find() reads, to out, which has room for
 * chatws_grants_size(claims->text.len) bytes, and sets *len.  Unknown rights
 * are ignored; an empty list is no grant.
 *
 * CHATWS_OK, or CHATWS_ERROR: *why says what is wrong.
 */
chatws_rc_e chatws_grants_build(const chatws_claims_t *claims,
    chatws_json_arena_t *arena, uint8_t *out, size_t *len, const char **why);

/* The rights in a chat, all that is granted together; 0: none. */
unsigned chatws_grants_find(const uint8_t *grants, size_t len,
    const chatws_str_t *chat);

/*
 * The rights of a JSON array such as ["subscribe","typing"]; all where it is
 * missing (len 0).
 */
unsigned chatws_rights_parse(const chatws_str_t *array,
    chatws_json_arena_t *arena);


#endif /* _CHATWS_GRANT_H_INCLUDED_ */
