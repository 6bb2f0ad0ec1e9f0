
/*
 * Copyright (C) chatws contributors
 *
 * Buckets: what they hold, how they leak, how long one has to wait, clocks that
 * go back.  A model of whole numbers does the same with random operations.
 */


#include <stdlib.h>

#include "tap.h"

#include "base/chatws_bucket.c"


static void test_steps(uint64_t ms);
static void test_model(void);
static uint64_t poured(chatws_bucket_t *bucket, uint64_t n,
    const chatws_limit_t *limit, uint64_t ms);


int
main(void)
{
    uint32_t         n;
    chatws_bucket_t  bucket;

    static const uint64_t  times[] = { 0, 1, 4294967295u, 1764237600000 };

    static const chatws_limit_t  large = { 1000000, 1004000 };
    static const chatws_limit_t  third = { 333333333, 1 };
    static const chatws_limit_t  slow = { 60000000000, 1000001 };

    for (n = 0; n < sizeof(times) / sizeof(times[0]); n++) {
        test_steps(times[n]);
    }

    bucket.until = 0;

    ok(poured(&bucket, 1, &large, 7) == 1004000, "a large one");
    ok(poured(&bucket, 1, &large, 8) == 1, "and its leak");

    bucket.until = 0;

    ok(poured(&bucket, 1, &third, 7) == 1
       && chatws_bucket_wait(&bucket, &third, 1, 7) == 334, "a third of a "
       "second is 334 ms");
    ok(chatws_bucket_wait(&bucket, &third, 1, 340) == 1
       && chatws_bucket_wait(&bucket, &third, 1, 341) == 0, "and not 333");

    bucket.until = 0;

    ok(poured(&bucket, 1000001, &slow, 1764237600000) == 1
       && chatws_bucket_wait(&bucket, &slow, 1000001, 1764237600000)
          == 60000060000, "two years at one a minute");

    test_model();

    return done();
}


static void
test_steps(uint64_t ms)
{
    chatws_bucket_t  bucket;

    static const chatws_limit_t  limit = { 100000000, 100 };

    bucket.until = 0;

    ok(poured(&bucket, 1, &limit, ms) == 100, "as many as it holds");
    ok(poured(&bucket, 1, &limit, ms + 99) == 0, "it leaks slowly");
    ok(poured(&bucket, 1, &limit, ms + 100) == 1, "it has leaked one");
    ok(poured(&bucket, 2, &limit, ms + 1100) == 5, "ten, two by two");
    ok(poured(&bucket, 3, &limit, ms + 1300) == 0, "no room for three");
    ok(chatws_bucket_wait(&bucket, &limit, 3, ms + 1300) == 100,
       "before the next one has leaked");
    ok(poured(&bucket, 1, &limit, ms + 1300) == 2, "but for two");
    ok(poured(&bucket, 1, &limit, ms + 3600000) == 100, "an hour later");
    ok(poured(&bucket, 1000, &limit, ms + 7200000) == 1,
       "more than it holds, when it is empty");
    ok(poured(&bucket, 1, &limit, ms + 7200000) == 0, "and full");
    ok(chatws_bucket_wait(&bucket, &limit, 1000, ms + 7200000) == 10000,
       "ten seconds until it is empty again");

    ok(poured(&bucket, 1, &limit, ms) == 0
       && chatws_bucket_wait(&bucket, &limit, 1, ms) == 100,
       "the clock goes back: it is full, not more");
    ok(poured(&bucket, 1, &limit, ms + 200) == 2, "and leaks on");
}


/* The model has a level of nanoseconds, which time takes away from. */

static void
test_model(void)
{
    uint32_t         bad, i, k;
    uint64_t         cost, level, ms, n, now, wait;
    chatws_limit_t   limit;
    chatws_bucket_t  bucket;

    srand(8);

    bad = 0;

    for (i = 0; i < 200; i++) {
        limit.step = 1 + (uint64_t) rand() % 2000000000;
        limit.size = 1 + (uint64_t) rand() % 300;

        bucket.until = 0;
        level = 0;
        now = rand();

        for (k = 0; k < 300; k++) {
            n = rand() % 10 ? 1 : rand() % 400;
            cost = (n < limit.size ? n : limit.size) * limit.step;

            wait = chatws_bucket_wait(&bucket, &limit, n, now);

            if ((wait == 0) != (level + cost <= limit.size * limit.step)) {
                bad++;
            }

            if (wait == 0) {
                chatws_bucket_pour(&bucket, &limit, n, now);
                level += cost;

            } else if (chatws_bucket_wait(&bucket, &limit, n, now + wait) != 0
                       || chatws_bucket_wait(&bucket, &limit, n,
                                             now + wait - 1)
                          != 1)
            {
                bad++;
            }

            ms = (uint64_t) rand() % 700;
            level -= level < ms * 1000000 ? level : ms * 1000000;
            now += ms;
        }
    }

    ok(bad == 0, "as the model does, but for %u", bad);
}


/* How often n can be poured. */

static uint64_t
poured(chatws_bucket_t *bucket, uint64_t n, const chatws_limit_t *limit,
    uint64_t ms)
{
    uint64_t  times;

    for (times = 0; chatws_bucket_wait(bucket, limit, n, ms) == 0; times++) {
        chatws_bucket_pour(bucket, limit, n, ms);
    }

    return times;
}
