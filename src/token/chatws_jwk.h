
/*
 * Copyright (C) chatws contributors
 *
 * JSON Web Key sets (RFC 7517) as text: their keys, one by one, with the
 * members that are used here.
 */


#ifndef _CHATWS_JWK_H_INCLUDED_
#define _CHATWS_JWK_H_INCLUDED_


#include "base/chatws_memory.h"
#include "json/chatws_json.h"


#define CHATWS_JWK_ERROR_MAX  160      /* bytes of a message about a set */
#define CHATWS_JWK_SET_MAX    65536    /* bytes of a set */
#define CHATWS_JWK_BYTES_MAX  2048     /* of a decoded member: RSA of 16k */


typedef enum {
    CHATWS_JWK_KTY = 0,
    CHATWS_JWK_USE,
    CHATWS_JWK_ALG,
    CHATWS_JWK_KID,
    CHATWS_JWK_CRV,
    CHATWS_JWK_K,
    CHATWS_JWK_N,
    CHATWS_JWK_E,
    CHATWS_JWK_X,
    CHATWS_JWK_Y,
    CHATWS_JWK_D,
    CHATWS_JWK_UNKNOWN
} chatws_jwk_member_e;


/* what a key may be used for, RFC 7517, 4.3 */

#define CHATWS_JWK_VERIFY   0x01
#define CHATWS_JWK_ENCRYPT  0x02
#define CHATWS_JWK_DERIVE   0x04


/* One key, until the handler returns; data NULL: there is no such member. */

typedef struct {
    chatws_str_t   m[CHATWS_JWK_UNKNOWN];
    unsigned       ops;                      /* of "key_ops"; without it all */
    const char    *why;                      /* of CHATWS_ERROR */
} chatws_jwk_t;


/*
 * CHATWS_OK: the key was taken; CHATWS_DECLINED: it is of no use here;
 * CHATWS_ERROR: the set is refused, jwk->why says why in a few words.
 */
typedef chatws_rc_e (*chatws_jwk_pt)(void *data, chatws_jwk_t *jwk);


/*
 * Walks the keys of a set, the text of a file.  The block for the parse is
 * the memory's, and is wiped before it is given back; the text, which may hold
 * secrets as well, is the caller's to wipe.
 *
 * CHATWS_OK; CHATWS_DECLINED: no key was taken; CHATWS_ERROR: it is no set,
 * a key is not well formed or was refused.  Then error holds a text of up to
 * CHATWS_JWK_ERROR_MAX bytes with a closing zero, which names no secret.
 */
chatws_rc_e chatws_jwk_walk(const chatws_str_t *text,
    const chatws_memory_t *memory, chatws_jwk_pt handler, void *data,
    char *error);

/*
 * 1: the key is for that use, "sig" or "enc", and for one of the operations,
 * by what it says itself; where it says nothing it is for any.
 */
int chatws_jwk_is_for(const chatws_jwk_t *jwk, const char *use, unsigned ops);

/*
 * Decodes a member that is base64url into buf of CHATWS_JWK_BYTES_MAX bytes.
 * CHATWS_ERROR: there is none, or it is empty, too long or not base64url.
 */
chatws_rc_e chatws_jwk_bytes(const chatws_jwk_t *jwk,
    chatws_jwk_member_e member, uint8_t *buf, chatws_str_t *bytes);


#endif /* _CHATWS_JWK_H_INCLUDED_ */
