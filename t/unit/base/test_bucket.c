
/*
 * Copyright (C) chatws contributors
 *
 * Buckets: what they hold, how they leak, clocks that go back.
 */


#include "tap.h"

#include "base/chatws_bucket.c"


static uint32_t poured(chatws_bucket_t *bucket, uint32_t n, uint32_t rate,
    uint32_t size, uint64_t ms);


int
main(void)
{
    uint32_t         n;
    uint64_t         ms;
    chatws_bucket_t  bucket;

    static const uint64_t  times[] = { 0, 1, 4294967295u, 1764237600000 };

    for (n = 0; n < sizeof(times) / sizeof(times[0]); n++) {
        ms = times[n];
        bucket.until = 0;

        ok(poured(&bucket, 1, 10, 100, ms) == 100, "as many as it holds");
        ok(poured(&bucket, 1, 10, 100, ms + 99) == 0, "it leaks slowly");
        ok(poured(&bucket, 1, 10, 100, ms + 100) == 1, "it has leaked one");
        ok(poured(&bucket, 2, 10, 100, ms + 1100) == 5, "ten, two by two");
        ok(poured(&bucket, 3, 10, 100, ms + 1300) == 0, "no room for three");
        ok(poured(&bucket, 1, 10, 100, ms + 1300) == 2, "but for two");
        ok(poured(&bucket, 1, 10, 100, ms + 3600000) == 100, "an hour later");
        ok(poured(&bucket, 1000, 10, 100, ms + 7200000) == 1,
           "more than it holds, when it is empty");
        ok(poured(&bucket, 1, 10, 100, ms + 7200000) == 0, "and full");
        ok(poured(&bucket, 1, 10, 100, ms) == 100, "the clock goes back");
    }

    bucket.until = 0;

    ok(poured(&bucket, 1, 1000, 1004000, 7) == 1004000, "a large one");
    ok(poured(&bucket, 1, 1000, 1004000, 8) == 1, "and its leak");

    return done();
}


/* How often n can be poured. */

static uint32_t
poured(chatws_bucket_t *bucket, uint32_t n, uint32_t rate, uint32_t size,
    uint64_t ms)
{
    uint32_t  times;

    for (times = 0;
         chatws_bucket_pour(bucket, n, rate, size, ms) == CHATWS_OK;
         times++)
    {
        /* void */
    }

    return times;
}
