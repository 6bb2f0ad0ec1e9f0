
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


/* What the header of an encrypted message says; all in valid UTF-8. */

typedef struct {
    chatws_str_t  kid;
    chatws_str_t  chat;
    chatws_str_t  mid;           /* id of the message, as JSON */
    chatws_str_t  sub;           /* id of the sender */
} chatws_jwe_header_t;


/*
 * The first key of a set that can encrypt: "kty" is "oct", "k" has 32 bytes
 * and "kid" is there.  It is the memory's until chatws_jwe_key_free().
 * NULL: error says why, see chatws_jwk_walk().
 */
chatws_jwe_key_t *chatws_jwe_key_create(const chatws_str_t *text,
    const chatws_memory_t *memory, char *error);

/* Wipes and frees a key. */
void chatws_jwe_key_free(chatws_jwe_key_t *key);

/* The id of a key; lives as long as the key. */
const chatws_str_t *chatws_jwe_key_id(const chatws_jwe_key_t *key);

/* The bytes of a message whose header and plaintext have so many. */
size_t chatws_jwe_size(const chatws_jwe_header_t *header, size_t len);

/*
 * Encrypts len bytes at text for the chat of the header into out, which has
 * room for chatws_jwe_size() bytes; iv is random and never used again.  The
 * kid of the header is set.
 *
 * CHATWS_OK: *size is set; CHATWS_ERROR: the library failed, or there is no
 * memory.
 */
chatws_rc_e chatws_jwe_encrypt(chatws_jwe_key_t *key,
    chatws_jwe_header_t *header, const uint8_t iv[CHATWS_JWE_IV],
    const uint8_t *text, size_t len, uint8_t *out, size_t *size);

/*
 * CHATWS_OK: a text has the form of an encrypted message, five parts of
 * base64url, of which the second is empty.  It is not decrypted.
 */
chatws_rc_e chatws_jwe_check(const chatws_str_t *text);


#endif /* _CHATWS_JWE_H_INCLUDED_ */
