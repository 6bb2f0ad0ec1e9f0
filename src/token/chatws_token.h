
/*
 * Copyright (C) chatws contributors
 *
 * Tokens: JSON Web Tokens (RFC 7519) in the compact form of RFC 7515, from
 * their text to verified claims.  Pure: the caller has the clock, the keys
 * and the memory.
 */


#ifndef _CHATWS_TOKEN_H_INCLUDED_
#define _CHATWS_TOKEN_H_INCLUDED_


#include "token/chatws_claims.h"
#include "token/chatws_key.h"


#define CHATWS_TOKEN_HEADER_MAX  512    /* bytes, decoded */
#define CHATWS_TOKEN_TRIES       4      /* keys that are tried without kid */


typedef enum {
    CHATWS_TOKEN_CONNECTION = 0,        /* has no claim chat */
    CHATWS_TOKEN_CHAT                   /* has one */
} chatws_token_use_e;


/* What is asked of a token; all times are seconds. */

typedef struct {
    const chatws_keys_t  *keys;
    const chatws_str_t   *issuers;      /* n_issuers 0: any, or none */
    size_t                n_issuers;
    const chatws_str_t   *audiences;    /* n_audiences 0: none has to be, and
                                           none may be named */
    size_t                n_audiences;
    uint64_t              leeway;
    uint64_t              lifetime;     /* exp - iat at most */
    size_t                max_size;     /* bytes of the text */
} chatws_token_policy_t;


/* The bytes that chatws_token_verify() needs for a text of len bytes. */
size_t chatws_token_memory(size_t len);

/*
 * Verifies a token at the time now, in seconds since 1970.  mem is a block
 * of size bytes, at least chatws_token_memory(text->len), overwritten; the
 * strings of the claims point into it.
 *
 * CHATWS_OK: claims are filled, and *kid is the id of the key, which lives as
 * long as the policy's keys.  CHATWS_DONE: the same, and all is right but the
 * time, exp is over.  CHATWS_ERROR: anything else.  In both of these *why
 * says what, for a log: it names no key and nothing of the token.
 */
chatws_rc_e chatws_token_verify(const chatws_token_policy_t *policy,
    const chatws_str_t *text, chatws_token_use_e use, uint64_t now, void *mem,
    size_t size, chatws_claims_t *claims, const chatws_str_t **kid,
    const char **why);


#endif /* _CHATWS_TOKEN_H_INCLUDED_ */
