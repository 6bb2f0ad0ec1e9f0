
/*
 * Copyright (C) chatws contributors
 *
 * The claims of a token (RFC 7519, section 4): those that the server uses,
 * checked for their form, and any other by its name.
 */


#ifndef _CHATWS_CLAIMS_H_INCLUDED_
#define _CHATWS_CLAIMS_H_INCLUDED_


#include "json/chatws_json.h"


#define CHATWS_CLAIMS_DEPTH      8
#define CHATWS_CLAIMS_JTI_MAX    128    /* bytes */
#define CHATWS_CLAIMS_VALUE_MAX  1024   /* bytes of a claim by its name */


/* Strings point into the text of the claims or into the arena of the parse. */

typedef struct {
    chatws_str_t  text;       /* the JSON object as it was signed */

    chatws_str_t  sub;        /* a valid user id */
    chatws_str_t  name;       /* a valid name; that of sub without one */
    chatws_str_t  jti;        /* len 0: none */
    chatws_str_t  iss;        /* data NULL: none */
    chatws_str_t  aud;        /* a string, or an array as JSON; data NULL:
                                 none */
    chatws_str_t  chat;       /* a valid chat id; data NULL: no chat token */

    chatws_str_t  chats;      /* as JSON, an object or an array; len 0: none */
    chatws_str_t  prefixes;   /* as JSON, an object; len 0: none */
    chatws_str_t  rights;     /* as JSON, an array; len 0: none */

    uint64_t      exp;        /* seconds since 1970 */
    uint64_t      iat;
    uint64_t      nbf;        /* 0: none */

    unsigned      aud_array:1;
    unsigned      api_read:1; /* "chatws" has "read" */
    unsigned      api_write:1;
} chatws_claims_t;


/*
 * Reads the claims of a text, which is decoded and whose signature has been
 * verified.  arena has room for chatws_json_arena_size(text->len) bytes, and
 * is not begun anew while the claims are used.
 *
 * CHATWS_OK, or CHATWS_ERROR: *why says in a few words what is wrong.
 */
chatws_rc_e chatws_claims_parse(chatws_claims_t *claims,
    const chatws_str_t *text, chatws_json_arena_t *arena, const char **why);

/*
 * The value of a claim by its name for a variable: a string decoded, a
 * number or boolean as it is written.  nginx writes names of variables in
 * lower case: where no claim has the name, one counts that has it in another
 * case of ASCII letters.  value points into the text or into the
 * arena.
 *
 * CHATWS_OK; CHATWS_DECLINED: there is none, it is an object, an array or
 * null, it comes twice, or it is too long or has control characters.
 */
chatws_rc_e chatws_claims_find(const chatws_str_t *text,
    const chatws_str_t *name, chatws_json_arena_t *arena,
    chatws_str_t *value);

/*
 * CHATWS_OK: the claim aud names one of the n audiences (RFC 7519, 4.1.3).
 */
chatws_rc_e chatws_claims_audience(const chatws_claims_t *claims,
    const chatws_str_t *audiences, size_t n, chatws_json_arena_t *arena);


#endif /* _CHATWS_CLAIMS_H_INCLUDED_ */
