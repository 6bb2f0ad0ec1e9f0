
/*
 * Copyright (C) chatws contributors
 *
 * What was taken back before its time: tokens by their id, key, user or age,
 * and users from chats.  A table of a fixed size in the shared memory; what
 * does not fit is refused, nothing is evicted before its end.
 */


#ifndef _CHATWS_REVOCATION_H_INCLUDED_
#define _CHATWS_REVOCATION_H_INCLUDED_


#include "base/chatws_core.h"


#define CHATWS_REVOCATION_WAYS  16     /* cells in which one may lie: two
                                          groups of half as many */


typedef enum {
    CHATWS_REVOKED_JTI = 1,            /* of a token's id */
    CHATWS_REVOKED_KID,                /* of a key's id */
    CHATWS_REVOKED_USER,               /* of a user's tokens up to an age */
    CHATWS_REVOKED_ALL,                /* of all tokens up to an age */
    CHATWS_REVOKED_CHAT                /* of a user in a chat */
} chatws_revoked_e;


/*
 * Two keyed hashes of what is revoked, of kind and value: 128 bits, since one
 * user's denial must not hit another.  The second is never 0.
 */

typedef struct {
    uint64_t  first;
    uint64_t  second;
} chatws_revoked_key_t;


/* A cell is in use while its second word is not 0; that is written last. */

typedef struct {
    uint64_t  first;
    uint64_t  second;
    uint64_t  before;       /* seconds: tokens with iat up to this one; the
                               largest number where age does not count */
    uint64_t  until;        /* seconds: what lies behind it is void */
} chatws_revocation_t;


/*
 * In the shared memory, with its cells behind it; changes under the lock, and
 * is read without it.
 */

typedef struct {
    uint64_t              n;        /* cells, a power of two */
    uint64_t              used;     /* 1: there has been a revocation; 0 is
                                       the usual case, in which nothing is
                                       looked for */
    chatws_revocation_t   cells[];
} chatws_revocations_t;


/* The bytes of a table of n cells, a power of two, at least WAYS. */
size_t chatws_revocations_size(uint64_t n);

/*
 * Makes an empty table of the size bytes at mem, which are aligned to 8 and
 * enough for WAYS cells; it has as many cells as a power of two lets it have.
 */
void chatws_revocations_init(void *mem, size_t size);

/*
 * Locked.  1: chatws_revocations_add() would find room for the key.
 */
int chatws_revocations_has_room(const chatws_revocations_t *table,
    const chatws_revoked_key_t *key, uint64_t now);

/*
 * Locked.  Adds a revocation, or extends the one of that key: before and
 * until only grow while it is in force.  now is in seconds.  CHATWS_BUSY:
 * there is no room, as may be where two thirds of the cells are in force.
 */
chatws_rc_e chatws_revocations_add(chatws_revocations_t *table,
    const chatws_revoked_key_t *key, uint64_t before, uint64_t until,
    uint64_t now);

/*
 * 1: there may be a revocation, so that it is worth to look for one.  Without
 * the lock.
 */
int chatws_revocations_used(const chatws_revocations_t *table);

/*
 * 1: a token with that iat, in seconds, is revoked by the key at the time now.
 * Without the lock.
 */
int chatws_revocations_find(const chatws_revocations_t *table,
    const chatws_revoked_key_t *key, uint64_t iat, uint64_t now);

/*
 * The revocations that are in force; a walk over all cells, without the lock:
 * those that are added meanwhile may be counted or not.
 */
uint64_t chatws_revocations_count(const chatws_revocations_t *table,
    uint64_t now);


#endif /* _CHATWS_REVOCATION_H_INCLUDED_ */
