
/*
 * Copyright (C) chatws contributors
 *
 * The rates of users: each has a bucket of its own, an empty one gives way, a
 * full table lets pass.  A naive model, a bucket for each user, does the same
 * with random operations; several processes at once count as one would.
 */


#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#include "base/chatws_bucket.c"
#include "store/chatws_rate.c"


#define USERS  200


static void test_one(void);
static void test_room(void);
static void test_model(void);
static void test_processes(void);
static chatws_rates_t *rates_new(uint64_t cells);
static unsigned poured(chatws_rates_t *rates, uint64_t user,
    const chatws_limit_t *limit, uint64_t ms);


static const chatws_limit_t  ten = { 100000000, 5 };    /* 10 each second */


int
main(void)
{
    test_one();
    test_room();
    test_model();
    test_processes();

    return done();
}


static void
test_one(void)
{
    uint64_t         wait;
    chatws_rates_t  *rates;

    rates = rates_new(64);

    ok(chatws_rates_wait(rates, 7, &ten, 1, 1000) == 0, "nobody knows it");
    ok(poured(rates, 7, &ten, 1000) == 5, "as many as a bucket holds");
    ok(chatws_rates_pour(rates, 7, &ten, 1, 1000, &wait) == CHATWS_DECLINED
       && wait == 100, "then it has to wait");
    ok(chatws_rates_wait(rates, 7, &ten, 1, 1000) == 100
       && chatws_rates_wait(rates, 7, &ten, 9, 1000) == 500, "just so long");
    ok(chatws_rates_pour(rates, 7, &ten, 1, 1100, &wait) == CHATWS_OK,
       "and not longer");
    ok(poured(rates, 8, &ten, 1100) == 5, "another one has its own");
    ok(chatws_rates_pour(rates, 7, &ten, 1, 500, &wait) == CHATWS_DECLINED
       && wait == 100
       && chatws_rates_wait(rates, 7, &ten, 1, 600) == 0,
       "the clock goes back: it is full, and leaks on");

    free(rates);
}


static void
test_room(void)
{
    uint64_t         user, wait;
    chatws_rates_t  *rates;

    rates = rates_new(4);

    ok(rates->n == 4, "a table of four cells");

    for (user = 1; user <= 4; user++) {
        (void) chatws_rates_pour(rates, user, &ten, user, 1000, &wait);
    }

    ok(chatws_rates_pour(rates, 5, &ten, 1, 1099, &wait) == CHATWS_BUSY,
       "there is no room for a fifth");
    ok(chatws_rates_wait(rates, 5, &ten, 1, 1099) == 0, "who is let pass");
    ok(poured(rates, 5, &ten, 1100) == 5, "until one of the buckets is empty");
    ok(chatws_rates_wait(rates, 4, &ten, 5, 1100) == 300
       && chatws_rates_wait(rates, 3, &ten, 5, 1100) == 200
       && chatws_rates_wait(rates, 2, &ten, 5, 1100) == 100
       && chatws_rates_wait(rates, 1, &ten, 5, 1100) == 0,
       "which was that of the first; the others are as they were");

    free(rates);

    rates = malloc(sizeof(chatws_rates_t) + 4 * sizeof(chatws_rate_t) + 63);
    chatws_rates_init(rates, sizeof(chatws_rates_t)
                             + 4 * sizeof(chatws_rate_t) + 63);

    ok(rates->n == 4, "a size that is no multiple");

    free(rates);
}


/*
 * The table is so large that each set has room; a user is let do what the model
 * allows, and waits as long.
 */

static void
test_model(void)
{
    uint32_t          bad, i, user;
    uint64_t          ms, n, want, wait;
    chatws_rc_e       rc;
    chatws_rates_t   *rates;
    chatws_bucket_t   model[USERS];

    srand(3);
    memset(model, 0, sizeof(model));

    rates = rates_new(USERS * 64);
    ms = 1764237600000;
    bad = 0;

    for (i = 0; i < 300000; i++) {
        user = rand() % USERS;
        n = rand() % 8;

        want = chatws_bucket_wait(&model[user], &ten, n, ms);

        if (want != chatws_rates_wait(rates, user + 1, &ten, n, ms)) {
            bad++;
        }

        rc = chatws_rates_pour(rates, user + 1, &ten, n, ms, &wait);

        if (want == 0) {
            chatws_bucket_pour(&model[user], &ten, n, ms);
        }

        if (rc != (want == 0 ? CHATWS_OK : CHATWS_DECLINED) || wait != want) {
            bad++;
        }

        ms += rand() % 4 == 0;
    }

    ok(bad == 0, "as the model does, but for %u", bad);

    free(rates);
}


/* Four processes pour into the buckets of three users as fast as they can. */

static void
test_processes(void)
{
    int              status;
    pid_t            pid;
    size_t           size;
    uint32_t         bad, i, n[3];
    uint64_t         k, wait;
    chatws_rates_t  *rates;

    static const chatws_limit_t  many = { 1000000000, 100000 };

    size = sizeof(chatws_rates_t) + 16 * sizeof(chatws_rate_t)
           + 4 * 3 * sizeof(uint32_t);

    rates = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                 -1, 0);

    chatws_rates_init(rates, sizeof(chatws_rates_t)
                             + 16 * sizeof(chatws_rate_t));

    /* they are there already, so that no two processes make them */

    for (k = 1; k <= 3; k++) {
        (void) chatws_rates_pour(rates, k, &many, 0, 1000, &wait);
    }

    for (i = 0; i < 4; i++) {
        pid = fork();

        if (pid == 0) {
            memset(n, 0, sizeof(n));

            for (k = 0; k < 300000; k++) {
                n[k % 3] += chatws_rates_pour(rates, 1 + k % 3, &many, 1, 1000,
                                              &wait)
                            == CHATWS_OK;
            }

            memcpy((uint8_t *) &rates->cells[16] + i * sizeof(n), n,
                   sizeof(n));
            _exit(0);
        }
    }

    bad = 0;

    while (wait4(-1, &status, 0, NULL) > 0) {
        bad += status != 0;
    }

    for (k = 0; k < 3; k++) {
        uint32_t  sum = 0;

        for (i = 0; i < 4; i++) {
            memcpy(n, (uint8_t *) &rates->cells[16] + i * sizeof(n),
                   sizeof(n));
            sum += n[k];
        }

        ok(bad == 0 && sum == 100000, "four processes, user %u: %u",
           (unsigned) k, sum);
    }
}


static chatws_rates_t *
rates_new(uint64_t cells)
{
    size_t           size;
    chatws_rates_t  *rates;

    size = sizeof(chatws_rates_t) + cells * sizeof(chatws_rate_t);
    rates = malloc(size);

    chatws_rates_init(rates, size);

    return rates;
}


static unsigned
poured(chatws_rates_t *rates, uint64_t user, const chatws_limit_t *limit,
    uint64_t ms)
{
    unsigned  n;
    uint64_t  wait;

    for (n = 0;
         chatws_rates_pour(rates, user, limit, 1, ms, &wait) == CHATWS_OK;
         n++)
    {
        /* void */
    }

    return n;
}
