
/*
 * Copyright (C) chatws contributors
 *
 * A leaky bucket, kept as one number: the time at which it will be empty.
 */


#include "base/chatws_bucket.h"


/* nanoseconds of a millisecond */
#define CHATWS_BUCKET_MS  1000000


static uint64_t chatws_bucket_level(chatws_bucket_t *bucket,
    const chatws_limit_t *limit, uint64_t now);
static uint64_t chatws_bucket_cost(const chatws_limit_t *limit, uint64_t n);


uint64_t
chatws_bucket_wait(chatws_bucket_t *bucket, const chatws_limit_t *limit,
    uint64_t n, uint64_t ms)
{
    uint64_t  full, level;

    full = limit->size * limit->step;
    level = chatws_bucket_level(bucket, limit, ms * CHATWS_BUCKET_MS)
            + chatws_bucket_cost(limit, n);

    if (level <= full) {
        return 0;
    }

    return (level - full + CHATWS_BUCKET_MS - 1) / CHATWS_BUCKET_MS;
}


int
chatws_bucket_is_empty(const chatws_bucket_t *bucket, uint64_t ms)
{
    return bucket->until <= ms * CHATWS_BUCKET_MS;
}


void
chatws_bucket_pour(chatws_bucket_t *bucket, const chatws_limit_t *limit,
    uint64_t n, uint64_t ms)
{
    uint64_t  now;

    now = ms * CHATWS_BUCKET_MS;

    bucket->until = now + chatws_bucket_level(bucket, limit, now)
                    + chatws_bucket_cost(limit, n);
}


/* Returns the time until the bucket is empty. */

static uint64_t
chatws_bucket_level(chatws_bucket_t *bucket, const chatws_limit_t *limit,
    uint64_t now)
{
    uint64_t  full;

    if (bucket->until <= now) {
        return 0;
    }

    full = limit->size * limit->step;

    if (bucket->until - now > full) {
        bucket->until = now + full;
    }

    return bucket->until - now;
}


static uint64_t
chatws_bucket_cost(const chatws_limit_t *limit, uint64_t n)
{
    return (n < limit->size ? n : limit->size) * limit->step;
}
