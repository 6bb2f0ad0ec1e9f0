
/*
 * Copyright (C) chatws contributors
 *
 * A keyed hash of bytes, so that clients cannot choose names that collide.
 */


#ifndef _CHATWS_HASH_H_INCLUDED_
#define _CHATWS_HASH_H_INCLUDED_


#include "base/chatws_core.h"


/* Returns SipHash-2-4 (Aumasson and Bernstein, 2012) of the len bytes at p. */
uint64_t chatws_hash(const uint8_t key[16], const uint8_t *p, size_t len);


#endif /* _CHATWS_HASH_H_INCLUDED_ */
