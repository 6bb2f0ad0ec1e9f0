
/*
 * Copyright (C) chatws contributors
 *
 * The rates of users: see chatws_rate.h.
 */


#include <string.h>

#include "store/chatws_rate.h"


/* how often another process may be faster, until this one goes on without */
#define CHATWS_RATE_TRIES  64

#define chatws_rate_get(p)  __atomic_load_n(p, __ATOMIC_RELAXED)

#define chatws_rate_swap(p, old, new)                                         \
    __atomic_compare_exchange_n(p, old, new, 0, __ATOMIC_RELAXED,             \
                                __ATOMIC_RELAXED)


static chatws_rate_t *chatws_rate_find(chatws_rates_t *rates, uint64_t user);
static chatws_rate_t *chatws_rate_take(chatws_rates_t *rates, uint64_t user,
    uint64_t ms);
static chatws_rate_t *chatws_rate_cells(chatws_rates_t *rates, uint64_t user);


void
chatws_rates_init(void *mem, size_t size)
{
    chatws_rates_t  *rates;

    rates = mem;

    memset(mem, 0, size);

    rates->n = (size - sizeof(chatws_rates_t)) / sizeof(chatws_rate_t)
               / CHATWS_RATE_WAYS * CHATWS_RATE_WAYS;
}


chatws_rc_e
chatws_rates_pour(chatws_rates_t *rates, uint64_t user,
    const chatws_limit_t *limit, uint64_t n, uint64_t ms, uint64_t *wait)
{
    uint64_t          old;
    unsigned          i;
    chatws_rate_t    *cell;
    chatws_bucket_t   bucket;

    cell = chatws_rate_find(rates, user);

    if (cell == NULL) {
        cell = chatws_rate_take(rates, user, ms);
    }

    if (cell == NULL) {
        return CHATWS_BUSY;
    }

    old = chatws_rate_get(&cell->bucket.until);

    for (i = 0; i < CHATWS_RATE_TRIES; i++) {
        bucket.until = old;

        *wait = chatws_bucket_wait(&bucket, limit, n, ms);

        if (*wait == 0) {
            chatws_bucket_pour(&bucket, limit, n, ms);
        }

        /* where the clock went back, a bucket that is too full changes, too */

        if (bucket.until == old
            || chatws_rate_swap(&cell->bucket.until, &old, bucket.until))
        {
            return *wait == 0 ? CHATWS_OK : CHATWS_DECLINED;
        }
    }

    return CHATWS_BUSY;
}


uint64_t
chatws_rates_wait(chatws_rates_t *rates, uint64_t user,
    const chatws_limit_t *limit, uint64_t n, uint64_t ms)
{
    chatws_rate_t    *cell;
    chatws_bucket_t   bucket;

    cell = chatws_rate_find(rates, user);

    if (cell == NULL) {
        return 0;
    }

    bucket.until = chatws_rate_get(&cell->bucket.until);

    return chatws_bucket_wait(&bucket, limit, n, ms);
}


static chatws_rate_t *
chatws_rate_find(chatws_rates_t *rates, uint64_t user)
{
    unsigned        i;
    chatws_rate_t  *cell;

    cell = chatws_rate_cells(rates, user);

    for (i = 0; i < CHATWS_RATE_WAYS; i++) {
        if (chatws_rate_get(&cell[i].user) == user) {
            return &cell[i];
        }
    }

    return NULL;
}


/*
 * Takes the cell whose bucket is empty for the longest time for a user that has
 * none.  NULL: no bucket is empty.
 */

static chatws_rate_t *
chatws_rate_take(chatws_rates_t *rates, uint64_t user, uint64_t ms)
{
    uint64_t          old;
    unsigned          i;
    chatws_rate_t    *cell, *taken;
    chatws_bucket_t   bucket, first;

    cell = chatws_rate_cells(rates, user);

    taken = cell;
    first.until = chatws_rate_get(&cell->bucket.until);

    for (i = 1; i < CHATWS_RATE_WAYS; i++) {
        bucket.until = chatws_rate_get(&cell[i].bucket.until);

        if (bucket.until < first.until) {
            first = bucket;
            taken = &cell[i];
        }
    }

    if (!chatws_bucket_is_empty(&first, ms)) {
        return NULL;
    }

    old = chatws_rate_get(&taken->user);

    return chatws_rate_swap(&taken->user, &old, user) ? taken : NULL;
}


static chatws_rate_t *
chatws_rate_cells(chatws_rates_t *rates, uint64_t user)
{
    uint64_t  hash, set;

    /* a product instead of a division, which takes longer than all the rest */

    hash = user * 0x9e3779b97f4a7c15 >> 32;
    set = hash * (rates->n / CHATWS_RATE_WAYS) >> 32;

    return &rates->cells[set * CHATWS_RATE_WAYS];
}
