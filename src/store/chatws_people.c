
/*
 * Copyright (C) chatws contributors
 *
 * The table of people as a whole: how it is made, and sweeps over it.
 */


#include "store/chatws_people_private.h"

#include <string.h>


/* cells of a block */
#define CHATWS_PEOPLE_UNITS  4

#define CHATWS_PEOPLE_ROWS   (1 << 28)

#define chatws_people_align(n)  (((n) + 63) & ~(size_t) 63)


#define chatws_people_fits(type)                                              \
    chatws_static_assert(type ## _fits,                                       \
        sizeof(type) == CHATWS_PEOPLE_UNITS * CHATWS_CELL_SIZE)

chatws_people_fits(chatws_person_t);
chatws_people_fits(chatws_crowd_t);
chatws_people_fits(chatws_place_t);

chatws_static_assert(chatws_people_dirty_alike,
    offsetof(chatws_person_t, dirty) == offsetof(chatws_place_t, dirty));


size_t
chatws_people_size(uint32_t n)
{
    return chatws_people_align(sizeof(chatws_people_t))
           + chatws_people_align(n * sizeof(uint32_t))
           + (size_t) n * sizeof(chatws_place_t);
}


void
chatws_people_init(void *mem, size_t size)
{
    size_t            n;
    uint8_t          *p;
    chatws_people_t  *tb;

    tb = mem;
    n = (size - chatws_people_align(sizeof(chatws_people_t)))
        / (sizeof(uint32_t) + sizeof(chatws_place_t));

    if (n > CHATWS_PEOPLE_ROWS) {
        n = CHATWS_PEOPLE_ROWS;
    }

    while (chatws_people_size((uint32_t) n) > size) {
        n--;
    }

    memset(tb, 0, sizeof(chatws_people_t));

    p = (uint8_t *) mem + chatws_people_align(sizeof(chatws_people_t));

    tb->heads = (uint64_t) (p - (uint8_t *) tb);
    tb->nheads = (uint32_t) n;

    memset(p, 0, n * sizeof(uint32_t));

    p += chatws_people_align(n * sizeof(uint32_t));

    chatws_arena_init(&tb->arena, p, (uint32_t) n, CHATWS_PEOPLE_UNITS);
}


void
chatws_people_recover(chatws_people_t *tb)
{
    chatws_journal_recover(&tb->journal);
}


int
chatws_people_configure(chatws_people_t *tb,
    const chatws_people_rules_t *rules, uint64_t stamp,
    const chatws_people_now_t *now)
{
    if (tb->born != 0
        && memcmp(&tb->rules, rules, sizeof(chatws_people_rules_t)) == 0)
    {
        return 0;
    }

    /* a process that dies here leaves rules that the next one sets again */

    chatws_people_sweep(tb);

    chatws_shared_set(&tb->rules.grace, rules->grace);
    chatws_shared_set(&tb->rules.interval, rules->interval);
    chatws_shared_set(&tb->rules.features, rules->features);

    if (tb->born == 0) {
        chatws_shared_set(&tb->batch, stamp);
        chatws_shared_set(&tb->born, now->time);
    }

    return 1;
}


void
chatws_people_sweep(chatws_people_t *tb)
{
    chatws_shared_set(&tb->sweep, tb->arena.fresh);
}


uint32_t
chatws_people_swept(chatws_people_t *tb, int *more)
{
    uint32_t              i;
    chatws_people_row_t  *row;

    for (i = 0; i < CHATWS_PEOPLE_WALK && tb->sweep != 0; i++) {

        /* in this order: a row is rather swept twice than not at all */

        chatws_shared_set(&tb->hand,
                          tb->hand < tb->arena.fresh ? tb->hand + 1 : 1);
        chatws_shared_set(&tb->sweep, tb->sweep - 1);

        row = chatws_people_row(tb, tb->hand);

        if (chatws_people_is(row, CHATWS_PEOPLE_PERSON)
            || chatws_people_is(row, CHATWS_PEOPLE_PLACE))
        {
            *more = 1;
            return tb->hand;
        }
    }

    *more = tb->sweep != 0;

    return 0;
}
