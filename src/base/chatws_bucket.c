
/*
 * Copyright (C) chatws contributors
 *
 * A leaky bucket, kept as one number: the time at which it will be empty.
 */


#include "base/chatws_bucket.h"


chatws_rc_e
chatws_bucket_pour(chatws_bucket_t *bucket, uint32_t n, uint32_t rate,
    uint32_t size, uint64_t ms)
{
    uint64_t  add, full, now, until;

    now = ms * 1000;
    full = (uint64_t) size * 1000000 / rate;
    add = (uint64_t) n * 1000000 / rate;

    if (add > full) {
        add = full;
    }

    until = bucket->until;

    if (until < now || until - now > full) {
        until = now;
    }

    if (until - now + add > full) {
        return CHATWS_DECLINED;
    }

    bucket->until = until + add;

    return CHATWS_OK;
}
