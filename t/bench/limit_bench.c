
/*
 * Copyright (C) chatws contributors
 *
 * What a limited action costs: in the bucket of a connection, and in that of a
 * user, one of many at random, in the table of all workers.  Nanoseconds of an
 * action, medians of many runs.
 *
 *   make -C t/bench parts
 */


#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/chatws_bucket.c"
#include "store/chatws_rate.c"


#define BENCH_RUNS   15
#define BENCH_N      1000000
#define BENCH_USERS  60000
#define BENCH_SIZE   (2 * 1024 * 1024)


static void bench_connection(void);
static void bench_user(void);
static uint64_t bench_random(void);
static uint64_t bench_hash(uint64_t n);
static double bench_median(void (*run)(void));
static double bench_now(void);
static int bench_compare(const void *a, const void *b);


static const chatws_limit_t   limit = { 100000000, 101 };
static volatile uint64_t      sink;
static chatws_bucket_t        bucket;
static chatws_rates_t        *rates;
static uint64_t               users[BENCH_N], misses, state = 1;


int
main(void)
{
    uint32_t  i;

    if (posix_memalign((void **) &rates, 64, BENCH_SIZE) != 0) {
        return 1;
    }

    chatws_rates_init(rates, BENCH_SIZE);

    for (i = 0; i < BENCH_N; i++) {
        state = bench_random();
        users[i] = bench_hash((state >> 32) % BENCH_USERS) | 1;
    }

    printf("%-12s %6s\n", "limit", "ns");
    printf("%-12s %6.1f\n", "connection", bench_median(bench_connection));
    printf("%-12s %6.1f\n", "user", bench_median(bench_user));
    printf("%-12s %5.1f%%\n", "not counted",
           100.0 * (double) misses / ((double) BENCH_RUNS * BENCH_N));

    free(rates);

    return 0;
}


static void
bench_connection(void)
{
    uint32_t  i;

    for (i = 0; i < BENCH_N; i++) {
        if (chatws_bucket_wait(&bucket, &limit, 1, i / 4) == 0) {
            chatws_bucket_pour(&bucket, &limit, 1, i / 4);
        }

        sink = bucket.until;
    }

    bucket.until = 0;
}


/* Each user says something each second. */

static void
bench_user(void)
{
    uint32_t         i;
    uint64_t         wait;

    static uint64_t  ms;

    for (i = 0; i < BENCH_N; i++) {
        misses += chatws_rates_pour(rates, users[i], &limit, 1,
                                    ms + i / (BENCH_USERS / 1000), &wait)
                  == CHATWS_BUSY;
    }

    ms += BENCH_N / (BENCH_USERS / 1000);
}


static uint64_t
bench_random(void)
{
    return state * 6364136223846793005 + 1442695040888963407;
}


/* as good as the keyed hash of a user's id */

static uint64_t
bench_hash(uint64_t n)
{
    n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9;
    n = (n ^ n >> 27) * 0x94d049bb133111eb;

    return n ^ n >> 31;
}


static double
bench_median(void (*run)(void))
{
    double    ns[BENCH_RUNS], start;
    unsigned  i;

    for (i = 0; i < BENCH_RUNS; i++) {
        start = bench_now();
        run();
        ns[i] = (bench_now() - start) * 1e9 / BENCH_N;
    }

    qsort(ns, BENCH_RUNS, sizeof(double), bench_compare);

    return ns[BENCH_RUNS / 2];
}


static double
bench_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


static int
bench_compare(const void *a, const void *b)
{
    double  one, two;

    one = *(const double *) a;
    two = *(const double *) b;

    return one < two ? -1 : one > two;
}
