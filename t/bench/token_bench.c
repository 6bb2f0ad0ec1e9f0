
/*
 * Copyright (C) chatws contributors
 *
 * How many tokens a core verifies in a second, from their text to their
 * claims, one line for each algorithm; medians of many runs.
 *
 *   make -C t/bench parts
 */


#include <time.h>

#include "token_test.h"


#define BENCH_NOW   1700000100
#define BENCH_RUNS  15
#define BENCH_TIME  0.05       /* seconds of a run, at least */


static double bench_rate(const chatws_str_t *token);
static void bench_verify(const chatws_str_t *token);
static double bench_now(void);
static int bench_compare(const void *a, const void *b);


static uint8_t         block[65536];
static chatws_str_t    audience = chatws_str("chatws");


int
main(void)
{
    char          *alg, *file, *line, *maker, *rest, *set;
    double         rate;
    chatws_str_t   token;

    set = data_load("public.jwks");

    if (keys_load(set) != CHATWS_OK) {
        return 1;
    }

    printf("%-10s %6s %12s %9s\n", "algorithm", "bytes", "tokens/s", "us");

    file = data_load("tokens.txt");
    rest = file;

    while ((line = data_line(&rest)) != NULL) {
        maker = data_word(&line);
        alg = data_word(&line);

        if (strncmp(maker, "jose-", 5) != 0) {
            continue;
        }

        token = str(line);
        rate = bench_rate(&token);

        printf("%-10s %6zu %12.0f %9.2f\n", alg, token.len, rate, 1e6 / rate);
    }

    keys_free();
    free(file);
    free(set);

    return 0;
}


static double
bench_rate(const chatws_str_t *token)
{
    double    rates[BENCH_RUNS], start, used;
    unsigned  i, n, run;

    for (run = 0; run < BENCH_RUNS; run++) {
        n = 0;
        start = bench_now();

        do {
            for (i = 0; i < 100; i++) {
                bench_verify(token);
            }

            n += i;
            used = bench_now() - start;

        } while (used < BENCH_TIME);

        rates[run] = n / used;
    }

    qsort(rates, BENCH_RUNS, sizeof(double), bench_compare);

    return rates[BENCH_RUNS / 2];
}


static void
bench_verify(const chatws_str_t *token)
{
    const char             *why;
    chatws_claims_t         claims;
    const chatws_str_t     *kid;
    chatws_token_policy_t   policy;

    memset(&policy, 0, sizeof(chatws_token_policy_t));

    policy.keys = &keys;
    policy.audiences = &audience;
    policy.n_audiences = 1;
    policy.leeway = 10;
    policy.lifetime = 86400;
    policy.max_size = 4096;

    if (chatws_token_verify(&policy, token, CHATWS_TOKEN_CONNECTION,
                            BENCH_NOW, block, sizeof(block), &claims, &kid,
                            &why)
        != CHATWS_OK)
    {
        printf("a token is refused: %s\n", why);
        exit(1);
    }
}


static int
bench_compare(const void *a, const void *b)
{
    double  x, y;

    x = *(const double *) a;
    y = *(const double *) b;

    return (x > y) - (x < y);
}


/* of this process, as the machine may be busy */

static double
bench_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}
