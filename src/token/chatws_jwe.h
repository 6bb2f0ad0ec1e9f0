
/*
 * Copyright (C) chatws contributors
 *
 * Encryption of messages: the compact form of RFC 7516 with "dir" and
 * "A256GCM", and a key for each chat that is derived (RFC 5869) from a master
 * key.  The header is authenticated and names chat, message and sender, so
 * that no ciphertext can be moved to another one.
 */


#ifndef _CHATWS_JWE_H_INCLUDED_
#define _CHATWS_JWE_H_INCLUDED_


#include "base/chatws_memory.h"
#include "token/chatws_jwk.h"


#define CHATWS_JWE_KEY  32       /* bytes of a key */
#define CHATWS_JWE_IV   12       /* bytes of an initialization vector */
#define CHATWS_JWE_TAG  16       /* bytes of an authentication tag */


typedef struct chatws_jwe_key_s  chatws_jwe_key_t;


/* What the header says besides the key's id; all in valid UTF-8. */

typedef struct {
    chatws_str_t  chat;
    chatws_str_t  mid;           /* id of the message, as JSON */
    chatws_str_t  sub;           /* id of the sender */
} chatws_jwe_header_t;


/*
 * The first key of a set that is meant for this: "kty" is "oct", and "use",
 * "key_ops" and "alg" are missing or say nothing else, as those of a token's
 * secret do.  "k" must have 32 bytes and "kid" be there.  It is the memory's
 * until chatws_jwe_key_free().  NULL: error says why, see chatws_jwk_walk().
 */
chatws_jwe_key_t *chatws_jwe_key_create(const chatws_str_t *text,
    const chatws_memory_t *memory, char *error);

/* Wipes and frees a key. */
void chatws_jwe_key_free(chatws_jwe_key_t *key);

/* The id of a key; lives as long as the key. */
const chatws_str_t *chatws_jwe_key_id(const chatws_jwe_key_t *key);

/*
 * The bytes at most of a message with that header whose plaintext has len
 * bytes, fewer than 2^30.
 */
size_t chatws_jwe_size(const chatws_jwe_key_t *key,
    const chatws_jwe_header_t *header, size_t len);

/* Makes a random vector.  CHATWS_ERROR: the library has no random bytes. */
chatws_rc_e chatws_jwe_random(uint8_t iv[CHATWS_JWE_IV]);

/*
 * Encrypts len bytes at text for the chat of the header into out, which has
 * room for chatws_jwe_size() bytes; iv is random and never used again.
 *
 * CHATWS_OK: *size is set; CHATWS_ERROR: the library failed, or there is no
 * memory.  The error queue of the library is left empty.
 */
chatws_rc_e chatws_jwe_encrypt(chatws_jwe_key_t *key,
    const chatws_jwe_header_t *header, const uint8_t iv[CHATWS_JWE_IV],
    const uint8_t *text, size_t len, uint8_t *out, size_t *size);

/*
 * CHATWS_OK: a text has the form of an encrypted message, five parts of
 * base64url, of which the second is empty, and the third and the fifth have
 * the length of a vector and a tag.  It is not decrypted.
 */
chatws_rc_e chatws_jwe_check(const chatws_str_t *text);

/*
 * Compares the header of an encrypted message, which chatws_jwe_check() has
 * passed, with what it must be, at the clients as well: "dir" and "A256GCM",
 * a "kid", no "zip" and no "crit", and the chat, message and sender of header,
 * none of them twice.  Ids that are numbers are compared as they are written.
 *
 * CHATWS_OK; CHATWS_DECLINED: it is another one; CHATWS_ERROR: no memory.
 */
chatws_rc_e chatws_jwe_compare(const chatws_str_t *text,
    const chatws_jwe_header_t *header, const chatws_memory_t *memory);


#endif /* _CHATWS_JWE_H_INCLUDED_ */
