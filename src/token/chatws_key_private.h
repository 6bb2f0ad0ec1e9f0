
/*
 * Copyright (C) chatws contributors
 *
 * A key, as the files of this room share it.
 */


#ifndef _CHATWS_KEY_PRIVATE_H_INCLUDED_
#define _CHATWS_KEY_PRIVATE_H_INCLUDED_


#include <openssl/evp.h>

#include "token/chatws_key.h"


struct chatws_key_s {
    chatws_key_t  *next;
    chatws_alg_e   alg;
    EVP_PKEY      *pkey;       /* of RSA, EC and Ed25519 */
    EVP_MAC_CTX   *mac;        /* of HMAC: keyed, used again and again */
    EVP_MD_CTX    *md;         /* of the others: reset for each signature */
    chatws_str_t   kid;        /* in the memory behind the structure */
};


/* What an algorithm is made of. */

typedef struct {
    chatws_str_t   name;
    chatws_str_t   kty;
    chatws_str_t   crv;        /* len 0: the type has no curve */
    const char    *digest;     /* NULL: the algorithm has its own */
    size_t         half;       /* ECDSA: bytes of R, and of S */
} chatws_alg_t;


extern const chatws_alg_t  chatws_algs[CHATWS_ALG_NONE];


/*
 * Make the library's form of a public key or secret of what a JWK has, which
 * is decoded: of an RSA key n and e, of an EC key x and y of chatws_algs's
 * length each, of an Ed25519 key x.  CHATWS_ERROR: it is no such key, or
 * there is no memory.
 */
chatws_rc_e chatws_key_rsa(chatws_key_t *key, const chatws_str_t *n,
    const chatws_str_t *e);
chatws_rc_e chatws_key_ec(chatws_key_t *key, const chatws_str_t *x,
    const chatws_str_t *y);
chatws_rc_e chatws_key_ed25519(chatws_key_t *key, const chatws_str_t *x);
chatws_rc_e chatws_key_secret(chatws_key_t *key, const chatws_str_t *k);

/*
 * A context of HMAC that is keyed with len bytes at k; NULL: the library
 * failed, and its error queue is not empty.
 */
EVP_MAC_CTX *chatws_key_hmac(const char *digest, const uint8_t *k,
    size_t len);

/* Frees what the library holds for the key. */
void chatws_key_release(chatws_key_t *key);


#endif /* _CHATWS_KEY_PRIVATE_H_INCLUDED_ */
