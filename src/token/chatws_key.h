
/*
 * Copyright (C) chatws contributors
 *
 * The keys that verify tokens, public keys and secrets, and signatures made
 * with them (RFC 7515, 7518, 8037).  The algorithm belongs to the key; what a
 * token says of it can only agree.
 */


#ifndef _CHATWS_KEY_H_INCLUDED_
#define _CHATWS_KEY_H_INCLUDED_


#include "base/chatws_memory.h"
#include "token/chatws_jwk.h"


#define CHATWS_KEY_SECRET_MIN  32       /* bytes: RFC 7518, 3.2, for HS256 */
#define CHATWS_KEY_RSA_MIN     2048     /* bits: RFC 7518, 3.3 */
#define CHATWS_KEY_RSA_E_MAX   64       /* bits of an exponent */


typedef enum {
    CHATWS_ALG_HS256 = 0,
    CHATWS_ALG_HS384,
    CHATWS_ALG_HS512,
    CHATWS_ALG_RS256,
    CHATWS_ALG_PS256,
    CHATWS_ALG_ES256,
    CHATWS_ALG_ES384,
    CHATWS_ALG_EDDSA,
    CHATWS_ALG_NONE        /* any other, "none" among them */
} chatws_alg_e;


typedef struct chatws_key_s  chatws_key_t;


/*
 * The keys of one configuration, in the order in which they were added.  They
 * are read when it is loaded and never change; contexts inside are used by
 * one thread at a time.
 */

typedef struct {
    chatws_key_t    *first;
    chatws_key_t   **last;
    size_t           n;
    chatws_memory_t  memory;
} chatws_keys_t;


/* An empty list; memory is used for the list and must outlive it. */
void chatws_keys_init(chatws_keys_t *keys, const chatws_memory_t *memory);

/*
 * Adds the keys of a set, the text of a file.  Keys for encryption, and those
 * of types, curves and algorithms that are not supported, are passed over
 * (RFC 7517, section 5); a set without any other key is an error, and so is
 * a key that is too weak, incomplete, private, or a PEM file as a secret.
 *
 * CHATWS_OK, or CHATWS_ERROR: error holds a text of up to
 * CHATWS_JWK_ERROR_MAX bytes with a closing zero, which names no secret; the
 * keys before the faulty one have been added.
 */
chatws_rc_e chatws_keys_add(chatws_keys_t *keys, const chatws_str_t *text,
    char *error);

/* Frees all keys, and wipes secrets. */
void chatws_keys_done(chatws_keys_t *keys);

/* The algorithm of a name as RFC 7518 has it. */
chatws_alg_e chatws_alg_find(const chatws_str_t *name);

/*
 * The next key behind prev (NULL: from the start) of that algorithm and, if
 * kid is not NULL, of that id; NULL: there is none.
 */
chatws_key_t *chatws_keys_next(const chatws_keys_t *keys, chatws_key_t *prev,
    chatws_alg_e alg, const chatws_str_t *kid);

/* The id of a key; len 0: it has none.  Lives as long as the key. */
const chatws_str_t *chatws_key_id(const chatws_key_t *key);

/*
 * CHATWS_OK: the signature of text is by this key.  CHATWS_ERROR: it is not,
 * or it can't be told.  The error queue of the library is left empty.
 */
chatws_rc_e chatws_key_verify(chatws_key_t *key, const chatws_str_t *text,
    const chatws_str_t *signature);


#endif /* _CHATWS_KEY_H_INCLUDED_ */
