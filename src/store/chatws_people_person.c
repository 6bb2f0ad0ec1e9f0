
/*
 * Copyright (C) chatws contributors
 *
 * The states of persons, and how they come to their places.
 */


#include "store/chatws_people_private.h"


static void chatws_people_set_grace(chatws_people_t *tb, uint32_t person,
    int on, const chatws_people_now_t *now);
static void chatws_people_tell(chatws_people_t *tb, uint32_t person);


/* a state with a larger rank is the one that counts */
#define chatws_people_rank(state)                                             \
    ((state) & CHATWS_PERSON_ONLINE ? 2 : (state) != 0)


void
chatws_people_set_state(chatws_people_t *tb, uint32_t person, uint32_t state,
    int later, const chatws_people_now_t *now)
{
    uint32_t           was;
    uint64_t           since;
    chatws_person_t   *p;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    p = chatws_people_person(tb, person);
    was = p->row.flags & CHATWS_PERSON_STATE;

    if (state == was && !(p->row.flags & CHATWS_PERSON_GRACE)) {
        return;
    }

    chatws_journal_begin(jr, NULL, 0);

    if (later && chatws_people_rank(state) < chatws_people_rank(was)) {
        chatws_people_set_grace(tb, person, 1, now);
        chatws_journal_commit(jr);
        return;
    }

    since = now->time;

    /* the end of a grace: it was so since its beginning */

    if ((p->row.flags & CHATWS_PERSON_GRACE)
        && p->from + tb->rules.grace <= now->msec)
    {
        since -= now->msec - p->from;
    }

    chatws_people_set_grace(tb, person, 0, now);

    if (state != was) {
        if (!(p->row.flags & CHATWS_PERSON_INVISIBLE)) {
            chatws_news_add(&tb->news, p->hash);
        }

        chatws_people_flag(tb, &p->row, CHATWS_PERSON_STATE, state);
        chatws_journal_set64(jr, &p->since, since);

        if (was == 0) {
            chatws_journal_set(jr, &tb->online, tb->online + 1);

        } else if (state == 0) {
            chatws_journal_set(jr, &tb->online, tb->online - 1);
        }

        chatws_people_tell(tb, person);
    }

    chatws_people_rest_person(tb, person);

    chatws_journal_commit(jr);
}


/* In an open step: the grace of a person begins, again if need be, or ends. */

static void
chatws_people_set_grace(chatws_people_t *tb, uint32_t person, int on,
    const chatws_people_now_t *now)
{
    chatws_person_t  *p;

    p = chatws_people_person(tb, person);

    if (p->row.flags & CHATWS_PERSON_GRACE) {
        chatws_people_del(tb, CHATWS_PEOPLE_LIST_GRACE, person);
    }

    chatws_people_flag(tb, &p->row, CHATWS_PERSON_GRACE,
                       on ? CHATWS_PERSON_GRACE : 0);

    if (on) {
        chatws_people_add(tb, CHATWS_PEOPLE_LIST_GRACE, person);
        chatws_journal_set64(&tb->journal, &p->from, now->msec);
    }
}


/* In an open step: all places are to be settled, and the app server told. */

static void
chatws_people_tell(chatws_people_t *tb, uint32_t person)
{
    chatws_person_t  *p;

    p = chatws_people_person(tb, person);

    chatws_people_dirty(tb, person, CHATWS_PERSON_DIRTY);

    if (p->places == 0) {
        return;
    }

    if (!(p->row.flags & CHATWS_PERSON_ANNOUNCE)) {
        chatws_people_flag(tb, &p->row, CHATWS_PERSON_ANNOUNCE,
                           CHATWS_PERSON_ANNOUNCE);
        chatws_people_add(tb, CHATWS_PEOPLE_LIST_ANNOUNCE, person);
    }

    chatws_journal_set(&tb->journal, &p->cursor, p->places);
}


void
chatws_people_set_invisible(chatws_people_t *tb, uint32_t person, int on,
    const chatws_people_now_t *now)
{
    uint32_t          flags;
    chatws_person_t  *p;

    p = chatws_people_person(tb, person);
    flags = on ? CHATWS_PERSON_INVISIBLE : 0;

    if ((p->row.flags & CHATWS_PERSON_INVISIBLE) == flags) {
        return;
    }

    chatws_journal_begin(&tb->journal, NULL, 0);

    chatws_news_add(&tb->news, p->hash);
    chatws_people_flag(tb, &p->row, CHATWS_PERSON_INVISIBLE, flags);

    if (on) {
        chatws_journal_set64(&tb->journal, &p->hidden,
                             p->row.flags & CHATWS_PERSON_STATE
                             ? now->time : p->since);
    }

    chatws_people_tell(tb, person);
    chatws_people_rest_person(tb, person);

    chatws_journal_commit(&tb->journal);
}


uint32_t
chatws_people_visible(chatws_people_t *tb, uint32_t person, uint64_t *since)
{
    chatws_person_t  *p;

    p = chatws_people_person(tb, person);

    if (p->row.flags & CHATWS_PERSON_INVISIBLE) {
        *since = p->hidden;
        return CHATWS_PERSON_OFFLINE;
    }

    *since = p->since;

    return p->row.flags & CHATWS_PERSON_STATE;
}


uint32_t
chatws_people_graced(chatws_people_t *tb, const chatws_people_now_t *now)
{
    uint32_t  person;

    person = tb->lists[CHATWS_PEOPLE_LIST_GRACE];

    /* in this order whatever rules there were before */

    if (person == 0
        || chatws_people_person(tb, person)->from + tb->rules.grace
           > now->msec)
    {
        return 0;
    }

    return person;
}


int
chatws_people_announce(chatws_people_t *tb, const chatws_people_now_t *now)
{
    uint32_t           i, next, person, place;
    chatws_person_t   *p;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    person = tb->lists[CHATWS_PEOPLE_LIST_ANNOUNCE];

    if (person == 0) {
        return 0;
    }

    p = chatws_people_person(tb, person);

    for (i = 0; i < CHATWS_PEOPLE_WALK && p->cursor != 0; i++) {
        place = p->cursor;
        next = chatws_people_next(tb, p->places,
                                  offsetof(chatws_place_t, of_person), place);

        chatws_journal_begin(jr, NULL, 0);
        chatws_journal_set(jr, &p->cursor, next);
        chatws_people_settle(tb, place, now);
        chatws_journal_commit(jr);
    }

    if (p->cursor == 0) {
        chatws_journal_begin(jr, NULL, 0);
        chatws_people_flag(tb, &p->row, CHATWS_PERSON_ANNOUNCE, 0);
        chatws_people_del(tb, CHATWS_PEOPLE_LIST_ANNOUNCE, person);
        chatws_people_rest_person(tb, person);
        chatws_journal_commit(jr);
    }

    return tb->lists[CHATWS_PEOPLE_LIST_ANNOUNCE] != 0;
}
