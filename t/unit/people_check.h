
/*
 * Copyright (C) chatws contributors
 *
 * For the tests of the table of people: its files, a hook that follows every
 * store to shared memory, and a check of everything that must hold when no
 * step is under way.
 */


#ifndef _CHATWS_PEOPLE_CHECK_H_INCLUDED_
#define _CHATWS_PEOPLE_CHECK_H_INCLUDED_


static void store_hook(void);

#define CHATWS_STORE_HOOK()  store_hook()


#include "tap.h"
#ifndef _CHATWS_STORE_CHECK_H_INCLUDED_
#include "store/chatws_journal.c"
#include "store/chatws_arena.c"
#endif
#include "store/chatws_people.c"
#include "store/chatws_people_feed.c"
#include "store/chatws_people_list.c"
#include "store/chatws_people_person.c"
#include "store/chatws_news.c"
#include "store/chatws_people_place.c"
#include "store/chatws_people_prefetch.c"
#include "store/chatws_people_reclaim.c"
#include "store/chatws_people_row.c"

#include <stdlib.h>


#define people_want(what)                                                     \
    do {                                                                      \
        if (!(what)) {                                                        \
            snprintf(people_text, sizeof(people_text), "line %d: %s",         \
                     __LINE__, #what);                                        \
            return people_text;                                               \
        }                                                                     \
    } while (0)


static const char *people_check(chatws_people_t *tb);
static const char *people_check_ring(chatws_people_t *tb, uint32_t head,
    size_t link, uint32_t *n);
static const char *people_check_lists(chatws_people_t *tb);
static const char *people_check_person(chatws_people_t *tb, uint32_t row);
static const char *people_check_crowd(chatws_people_t *tb, uint32_t row);
static const char *people_check_place(chatws_people_t *tb, uint32_t row);
static const char *people_check_room(chatws_people_t *tb);


static char  people_text[256];


static const char *
people_check(chatws_people_t *tb)
{
    uint32_t              n, row;
    const char           *fault;
    chatws_people_row_t  *r;

    people_want(tb->journal.n == 0);

    fault = people_check_room(tb);
    n = 0;

    for (row = 1; fault == NULL && row <= tb->arena.fresh; row++) {
        r = chatws_people_row(tb, row);

        if (chatws_people_is(r, CHATWS_PEOPLE_PERSON)) {
            fault = people_check_person(tb, row);
            n += (r->flags & CHATWS_PERSON_STATE) != 0;

        } else if (chatws_people_is(r, CHATWS_PEOPLE_CROWD)) {
            fault = people_check_crowd(tb, row);

        } else if (chatws_people_is(r, CHATWS_PEOPLE_PLACE)) {
            fault = people_check_place(tb, row);
        }
    }

    if (fault == NULL) {
        people_want(tb->online == n);
        fault = people_check_lists(tb);
    }

    return fault;
}


/* Each block is a row that is in its bucket once, a tail, or free. */

static const char *
people_check_room(chatws_people_t *tb)
{
    uint32_t              free, i, kinds[16], n, row;
    chatws_people_row_t  *r;

    memset(kinds, 0, sizeof(kinds));

    for (row = 1; row <= tb->arena.fresh; row++) {
        kinds[chatws_people_row(tb, row)->flags & CHATWS_PEOPLE_KIND]++;
    }

    people_want(kinds[CHATWS_PEOPLE_PERSON] == tb->persons);
    people_want(kinds[CHATWS_PEOPLE_CROWD] == tb->crowds);
    people_want(kinds[CHATWS_PEOPLE_PLACE] == tb->places);
    people_want(kinds[0] + kinds[1] + kinds[2] + kinds[3] + kinds[4]
                == tb->arena.fresh);

    free = tb->arena.nblocks - tb->arena.fresh;
    n = 0;

    for (row = tb->arena.block; row != 0; /* void */) {
        people_want(row <= tb->arena.fresh && n++ <= tb->arena.fresh);
        people_want((chatws_people_row(tb, row)->flags & CHATWS_PEOPLE_KIND)
                    == 0);
        row = *(uint32_t *) chatws_arena_block(&tb->arena, row);
    }

    people_want(n == kinds[0]);
    people_want(tb->arena.nfree == n + free);

    n = 0;

    for (i = 0; i < tb->nheads; i++) {
        row = ((uint32_t *) (void *) ((uint8_t *) tb + tb->heads))[i];

        while (row != 0) {
            people_want(row <= tb->arena.fresh && n++ <= tb->arena.fresh);
            r = chatws_people_row(tb, row);
            people_want(!chatws_people_is(r, 0)
                        && !chatws_people_is(r, CHATWS_PEOPLE_TAIL));
            row = r->chain;
        }
    }

    people_want(n == tb->persons + tb->crowds + tb->places);

    return NULL;
}


/* The rows of a list, which are counted. */

static const char *
people_check_ring(chatws_people_t *tb, uint32_t head, size_t link,
    uint32_t *n)
{
    uint32_t  next, row;

    *n = 0;

    for (row = head; row != 0; row = next == head ? 0 : next) {
        next = chatws_people_link(tb, row, link)->next;

        people_want(next != 0 && next <= tb->arena.fresh);
        people_want(chatws_people_link(tb, next, link)->prev == row);
        people_want((*n)++ < tb->arena.fresh);
    }

    return NULL;
}


static const char *
people_check_lists(chatws_people_t *tb)
{
    uint32_t                     has[CHATWS_PEOPLE_LISTS], i, k, n, row;
    const char                  *fault;
    chatws_people_row_t         *r;
    static const struct {
        uint32_t  kind;
        uint32_t  flags;
    }                            list[] = {
        { CHATWS_PEOPLE_PERSON, CHATWS_PERSON_GRACE },
        { CHATWS_PEOPLE_PERSON, CHATWS_PERSON_IDLE },
        { CHATWS_PEOPLE_PERSON, CHATWS_PERSON_ANNOUNCE },
        { CHATWS_PEOPLE_CROWD, CHATWS_CROWD_READY },
        { CHATWS_PEOPLE_CROWD, CHATWS_CROWD_COOLING },
        { CHATWS_PEOPLE_CROWD, CHATWS_CROWD_IDLE },
        { CHATWS_PEOPLE_PLACE, CHATWS_PLACE_KEPT },
        { CHATWS_PEOPLE_PLACE, CHATWS_PLACE_REMOVED }
    };

    memset(has, 0, sizeof(has));

    for (row = 1; row <= tb->arena.fresh; row++) {
        r = chatws_people_row(tb, row);
        k = r->flags & CHATWS_PEOPLE_KIND;

        for (i = 0; i < chatws_nelts(list); i++) {
            has[i] += list[i].kind == k && (r->flags & list[i].flags);
        }

        if (k != CHATWS_PEOPLE_PERSON && k != CHATWS_PEOPLE_PLACE) {
            continue;
        }

        if (r->flags & chatws_people_flight_of(r)) {
            has[CHATWS_PEOPLE_LIST_FLIGHT]++;

        } else if (r->flags & chatws_people_dirty_of(r)) {
            has[CHATWS_PEOPLE_LIST_DIRTY]++;
        }
    }

    for (i = 0; i < CHATWS_PEOPLE_LISTS; i++) {
        fault = people_check_ring(tb, tb->lists[i], chatws_people_link_of(i),
                                  &n);
        if (fault != NULL) {
            return fault;
        }

        if (n != has[i]) {
            snprintf(people_text, sizeof(people_text),
                     "list %u has %u rows of %u", i, n, has[i]);
            return people_text;
        }
    }

    people_want(tb->removed == has[CHATWS_PEOPLE_LIST_REMOVED]);
    people_want(tb->ndirty == has[CHATWS_PEOPLE_LIST_DIRTY]);
    people_want(tb->nflight == has[CHATWS_PEOPLE_LIST_FLIGHT]);
    people_want(tb->nflight <= CHATWS_PEOPLE_BATCH);

    return NULL;
}


static const char *
people_check_person(chatws_people_t *tb, uint32_t row)
{
    uint32_t          flags, kept, n, place;
    uint64_t          serial;
    const char       *fault;
    chatws_place_t   *pl;
    chatws_person_t  *p;

    p = chatws_people_person(tb, row);
    flags = p->row.flags;

    people_want(chatws_people_find_person(tb, p->hash) == row);
    people_want((flags & CHATWS_PERSON_STATE) != CHATWS_PERSON_STATE);
    people_want(!(flags & CHATWS_PERSON_GRACE)
                || (flags & CHATWS_PERSON_STATE));

    fault = people_check_ring(tb, p->places,
                              offsetof(chatws_place_t, of_person), &n);
    if (fault != NULL) {
        return fault;
    }

    people_want(n == p->nplaces);
    people_want(p->cursor == 0 || (flags & CHATWS_PERSON_ANNOUNCE));

    kept = 0;
    serial = 0;
    place = p->places;

    while (n--) {
        pl = chatws_people_place(tb, place);

        people_want(chatws_people_is(&pl->row, CHATWS_PEOPLE_PLACE));
        people_want(pl->person == row && pl->row.serial > serial);

        serial = pl->row.serial;
        kept += (pl->row.flags & CHATWS_PLACE_KEPT) != 0;
        place = pl->of_person.next;
    }

    people_want(kept == p->kept && kept <= CHATWS_PEOPLE_KEPT);

    if (p->cursor != 0) {
        pl = chatws_people_place(tb, p->cursor);
        people_want(chatws_people_is(&pl->row, CHATWS_PEOPLE_PLACE)
                    && pl->person == row);
    }

    if (flags & CHATWS_PERSON_IDLE) {
        people_want(p->nplaces == 0
                    && !(flags & (CHATWS_PERSON_STATE|CHATWS_PERSON_GRACE
                                  |CHATWS_PERSON_INVISIBLE
                                  |CHATWS_PERSON_ANNOUNCE)));

    } else if (!tb->feed) {
        people_want(p->nplaces != 0
                    || (flags & (CHATWS_PERSON_STATE|CHATWS_PERSON_GRACE
                                 |CHATWS_PERSON_INVISIBLE
                                 |CHATWS_PERSON_ANNOUNCE)));
    }

    return NULL;
}


static const char *
people_check_crowd(chatws_people_t *tb, uint32_t row)
{
    uint32_t         changed, flags, members, n, online, people, place;
    uint64_t         serial;
    const char      *fault;
    chatws_crowd_t  *c;
    chatws_place_t  *p;

    c = chatws_people_crowd(tb, row);
    flags = c->row.flags;

    people_want(chatws_people_find_crowd(tb, c->hash) == row);
    people_want((flags & (CHATWS_CROWD_READY|CHATWS_CROWD_COOLING))
                != (CHATWS_CROWD_READY|CHATWS_CROWD_COOLING));
    people_want(c->flusher == 0 || (flags & CHATWS_CROWD_COOLING));
    people_want(!(flags & CHATWS_CROWD_FULL) || c->flusher != 0);

    fault = people_check_ring(tb, c->changed,
                              offsetof(chatws_place_t, changed), &changed);
    if (fault != NULL) {
        return fault;
    }

    fault = people_check_ring(tb, c->places,
                              offsetof(chatws_place_t, of_crowd), &n);
    if (fault != NULL) {
        return fault;
    }

    members = 0;
    online = 0;
    people = 0;
    serial = 0;
    place = c->places;

    people_want((n == 0 && c->flusher == 0
                 && !(flags & (CHATWS_CROWD_READY|CHATWS_CROWD_COOLING)))
                == ((flags & CHATWS_CROWD_IDLE) != 0));

    while (n--) {
        p = chatws_people_place(tb, place);

        people_want(chatws_people_is(&p->row, CHATWS_PEOPLE_PLACE));
        people_want(p->crowd == row && p->row.serial > serial);

        serial = p->row.serial;
        members += (p->row.flags & CHATWS_PLACE_MEMBER) != 0;
        people += (p->row.flags & CHATWS_PLACE_PEOPLE) != 0;
        online += (p->row.flags & CHATWS_PLACE_SHOWN) != 0;
        changed -= (p->row.flags & CHATWS_PLACE_CHANGED) != 0;
        place = p->of_crowd.next;
    }

    people_want(members == c->members);
    people_want(people == c->people);
    people_want(online == c->online);
    people_want(changed == 0);
    people_want(c->changed == 0
                || (flags & (CHATWS_CROWD_READY|CHATWS_CROWD_COOLING)));
    people_want(!(flags & CHATWS_CROWD_RESET)
                || (flags & (CHATWS_CROWD_READY|CHATWS_CROWD_COOLING)));

    return NULL;
}


static const char *
people_check_place(chatws_people_t *tb, uint32_t row)
{
    int               visible;
    uint32_t          flags, people, shown;
    chatws_place_t   *p;
    chatws_person_t  *pe;

    p = chatws_people_place(tb, row);
    pe = chatws_people_person(tb, p->person);
    flags = p->row.flags;

    people_want(chatws_people_find_place(tb, p->person, p->crowd) == row);

    people_want(!(flags & CHATWS_PLACE_KEPT)
                || !(flags & (CHATWS_PLACE_MEMBER|CHATWS_PLACE_SUBSCRIBED
                              |CHATWS_PLACE_REMOVED)));
    people_want(!(flags & CHATWS_PLACE_REMOVED)
                || !(flags & CHATWS_PLACE_MEMBER));
    people_want(!(flags & CHATWS_PLACE_SHOWN)
                || (flags & CHATWS_PLACE_PEOPLE));
    people_want(!(flags & CHATWS_PLACE_LEFT)
                || ((flags & CHATWS_PLACE_PRESENCE)
                    && !(flags & CHATWS_PLACE_PEOPLE)));

    if (pe->cursor != 0
        && p->row.serial >= chatws_people_row(tb, pe->cursor)->serial)
    {
        return NULL;
    }

    /* it was announced: what others see is so */

    visible = !(pe->row.flags & CHATWS_PERSON_INVISIBLE);
    people = (flags & CHATWS_PLACE_MEMBER)
             || (visible && (flags & (CHATWS_PLACE_SUBSCRIBED
                                      |CHATWS_PLACE_KEPT)));
    shown = people && visible ? (pe->row.flags & CHATWS_PERSON_STATE) << 8
                              : 0;

    people_want(people == ((flags & CHATWS_PLACE_PEOPLE) != 0));
    people_want(shown == (flags & CHATWS_PLACE_SHOWN));

    return NULL;
}


#endif /* _CHATWS_PEOPLE_CHECK_H_INCLUDED_ */
