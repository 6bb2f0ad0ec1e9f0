
/*
 * Copyright (C) chatws contributors
 *
 * The rates of users: a table of buckets in shared memory, of which each user
 * that has said something lately has one, for the connections in all workers.
 * A bucket that is empty may become another user's at any time, and loses
 * nothing by that.
 *
 * No function needs the lock: a cell is two words, each changed by one atomic
 * operation, and whatever a process dies between is a valid cell.  Where two
 * processes meet in a cell, a user may be let do a little more.
 */


#ifndef _CHATWS_RATE_H_INCLUDED_
#define _CHATWS_RATE_H_INCLUDED_


#include "base/chatws_bucket.h"
#include "base/chatws_core.h"


/* the cells in which a user may be, which share a line of the cache */
#define CHATWS_RATE_WAYS  4


typedef struct {
    uint64_t         user;           /* keyed hash; 0: nobody yet */
    chatws_bucket_t  bucket;
} chatws_rate_t;


/* In the shared memory, with its cells behind it. */

typedef struct {
    uint64_t         n;              /* cells, a multiple of WAYS */
    uint64_t         spare[7];       /* the cells begin at a line */
    chatws_rate_t    cells[];
} chatws_rates_t;


/*
 * Makes an empty table of the size bytes at mem, which are 64-byte aligned and
 * have room for WAYS cells at least.
 */
void chatws_rates_init(void *mem, size_t size);

/*
 * Pours n into the bucket of a user, whose keyed hash is not 0; ms is the time
 * by the clock of all processes, see chatws_bucket_wait().  Those who share a
 * bucket have the same limit: it has to go into the hash.
 *
 * CHATWS_OK.  CHATWS_DECLINED: there is no room for *wait milliseconds, and
 * nothing was poured.  CHATWS_BUSY: all cells are others' whose buckets are not
 * empty; nothing was counted.
 */
chatws_rc_e chatws_rates_pour(chatws_rates_t *rates, uint64_t user,
    const chatws_limit_t *limit, uint64_t n, uint64_t ms, uint64_t *wait);

/*
 * Returns for how many milliseconds there is no room for n in the bucket of a
 * user; 0: there is.  Pours nothing.
 */
uint64_t chatws_rates_wait(chatws_rates_t *rates, uint64_t user,
    const chatws_limit_t *limit, uint64_t n, uint64_t ms);


#endif /* _CHATWS_RATE_H_INCLUDED_ */
