
/*
 * Copyright (C) chatws contributors
 *
 * A leaky bucket: it limits how much may be done at once and in the long run.
 */


#ifndef _CHATWS_BUCKET_H_INCLUDED_
#define _CHATWS_BUCKET_H_INCLUDED_


#include "base/chatws_core.h"


/* A bucket.  Zeroed it is empty. */

typedef struct {
    uint64_t  until;     /* the time at which it will be empty, nanoseconds */
} chatws_bucket_t;


/* What a bucket is like; size times step is less than 2^62. */

typedef struct {
    uint64_t  step;      /* nanoseconds in which it loses one, not 0 */
    uint64_t  size;      /* how much it holds, not 0 */
} chatws_limit_t;


/*
 * Returns for how many milliseconds there is no room for n in the bucket; 0:
 * there is.  n larger than the size counts as the size.  ms is the time in
 * milliseconds, less than 2^43, by a clock that all who use the bucket share.
 * If the clock goes back, the bucket counts as full at most.
 */
uint64_t chatws_bucket_wait(chatws_bucket_t *bucket,
    const chatws_limit_t *limit, uint64_t n, uint64_t ms);

/* Returns 1 if the bucket is empty at that time, else 0. */
int chatws_bucket_is_empty(const chatws_bucket_t *bucket, uint64_t ms);

/* Pours n into the bucket, which has room for it at that time. */
void chatws_bucket_pour(chatws_bucket_t *bucket, const chatws_limit_t *limit,
    uint64_t n, uint64_t ms);


#endif /* _CHATWS_BUCKET_H_INCLUDED_ */
