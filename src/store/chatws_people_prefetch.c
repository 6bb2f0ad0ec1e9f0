
/*
 * Copyright (C) chatws contributors
 *
 * What of the table of people is fetched into the cache before the lock is
 * taken.  Without the lock, any number is possible: those of rows are checked,
 * walks are bounded, and what is read serves for nothing but the next address.
 */


#include "store/chatws_people_private.h"


/* rows of a bucket that are fetched without the lock */
#define CHATWS_PEOPLE_FETCH      4

/* a load without the lock, while the holder may store */
#define chatws_people_peek(p)    __atomic_load_n(p, __ATOMIC_RELAXED)


static void chatws_people_fetch_place(chatws_people_t *tb, uint32_t person,
    uint32_t crowd);
static uint32_t chatws_people_fetch_named(chatws_people_t *tb, uint32_t kind,
    uint64_t hash);
static void chatws_people_fetch_list(chatws_people_t *tb, uint32_t *head,
    size_t link);
static chatws_people_row_t *chatws_people_fetch(chatws_people_t *tb,
    uint32_t *number);


void
chatws_people_prefetch(chatws_people_t *tb, uint64_t user, uint64_t chat)
{
    uint32_t  crowd, person;

    __builtin_prefetch(chatws_people_head(tb, user));
    __builtin_prefetch(chatws_people_head(tb, chat));

    person = chatws_people_fetch_named(tb, CHATWS_PEOPLE_PERSON, user);
    crowd = chatws_people_fetch_named(tb, CHATWS_PEOPLE_CROWD, chat);

    if (person != 0 && crowd != 0) {
        chatws_people_fetch_place(tb, person, crowd);
    }
}


/* The place, its neighbours, and what it would be put behind. */

static void
chatws_people_fetch_place(chatws_people_t *tb, uint32_t person,
    uint32_t crowd)
{
    uint32_t         i, *row;
    chatws_crowd_t  *c;
    chatws_place_t  *p;

    row = chatws_people_head(tb, chatws_people_place_hash(person, crowd));
    __builtin_prefetch(row, 1);

    c = chatws_people_crowd(tb, crowd);

    chatws_people_fetch_list(tb, &chatws_people_person(tb, person)->places,
                             offsetof(chatws_place_t, of_person));
    chatws_people_fetch_list(tb, &c->places,
                             offsetof(chatws_place_t, of_crowd));
    chatws_people_fetch_list(tb, &c->changed,
                             offsetof(chatws_place_t, changed));

    for (i = 0; i < CHATWS_PEOPLE_FETCH; i++) {
        p = (chatws_place_t *) chatws_people_fetch(tb, row);

        if (p == NULL) {
            (void) chatws_people_fetch(tb, &tb->arena.block);
            return;
        }

        if (chatws_people_peek(&p->person) == person
            && chatws_people_peek(&p->crowd) == crowd)
        {
            (void) chatws_people_fetch(tb, &p->of_person.prev);
            (void) chatws_people_fetch(tb, &p->of_person.next);
            (void) chatws_people_fetch(tb, &p->of_crowd.prev);
            (void) chatws_people_fetch(tb, &p->of_crowd.next);
            return;
        }

        row = &p->row.chain;
    }
}


/* The person or the crowd with this hash, or 0. */

static uint32_t
chatws_people_fetch_named(chatws_people_t *tb, uint32_t kind, uint64_t hash)
{
    uint32_t              i, n, *row;
    uint64_t             *own;
    chatws_people_row_t  *r;

    row = chatws_people_head(tb, hash);

    for (i = 0; i < CHATWS_PEOPLE_FETCH; i++) {
        n = chatws_people_peek(row);
        r = chatws_people_fetch(tb, &n);

        if (r == NULL) {
            break;
        }

        own = kind == CHATWS_PEOPLE_PERSON ? &((chatws_person_t *) r)->hash
                                           : &((chatws_crowd_t *) r)->hash;

        if ((chatws_people_peek(&r->flags) & CHATWS_PEOPLE_KIND) == kind
            && chatws_people_peek(own) == hash)
        {
            return n;
        }

        row = &r->chain;
    }

    return 0;
}


/* The first and the last row of a list. */

static void
chatws_people_fetch_list(chatws_people_t *tb, uint32_t *head, size_t link)
{
    chatws_people_row_t  *first;

    first = chatws_people_fetch(tb, head);

    if (first != NULL) {
        (void) chatws_people_fetch(tb,
            &((chatws_people_link_t *) (void *)
                  ((uint8_t *) first + link))->prev);
    }
}


/* The row with a number that may be any, or NULL: there is no such row. */

static chatws_people_row_t *
chatws_people_fetch(chatws_people_t *tb, uint32_t *number)
{
    uint32_t              n;
    chatws_people_row_t  *r;

    n = chatws_people_peek(number);

    if (n == 0 || n > tb->arena.nblocks) {
        return NULL;
    }

    r = chatws_people_row(tb, n);

    __builtin_prefetch(r, 1);
    __builtin_prefetch((uint8_t *) r + 64, 1);

    return r;
}
