
/*
 * Copyright (C) chatws contributors
 *
 * The changes that the app server takes.  A row is in one list at a time: that
 * of the dirty rows, or that of the batch.  If it changes while it is in the
 * batch, it is dirty as well, and goes to the other list when the batch is
 * acked.
 */


#include "store/chatws_people_private.h"

#include <string.h>


static void chatws_people_feed_put(chatws_people_t *tb, uint32_t row);
static void chatws_people_feed_take(chatws_people_t *tb, uint32_t row);
static void chatws_people_rest(chatws_people_t *tb, uint32_t row);
static void chatws_people_feed_row(chatws_people_t *tb, uint32_t row,
    chatws_people_change_t *change);


/* the flags of the two kinds of rows, and how far dirty is from flight */

#define chatws_people_dirty_of(row)                                           \
    (chatws_people_is(row, CHATWS_PEOPLE_PERSON) ? CHATWS_PERSON_DIRTY        \
                                                 : CHATWS_PLACE_DIRTY)
#define chatws_people_flight_of(row)                                          \
    (chatws_people_is(row, CHATWS_PEOPLE_PERSON) ? CHATWS_PERSON_FLIGHT       \
                                                 : CHATWS_PLACE_FLIGHT)
#define chatws_people_shift_of(row)                                           \
    (chatws_people_is(row, CHATWS_PEOPLE_PERSON) ? 1 : 2)

chatws_static_assert(chatws_people_person_shift,
    CHATWS_PERSON_DIRTY << 1 == CHATWS_PERSON_FLIGHT);
chatws_static_assert(chatws_people_place_shift,
    CHATWS_PLACE_DIRTY << 2 == CHATWS_PLACE_FLIGHT);


void
chatws_people_dirty(chatws_people_t *tb, uint32_t row, uint32_t what)
{
    uint32_t              flags;
    chatws_people_row_t  *r;

    r = chatws_people_row(tb, row);
    flags = r->flags;

    chatws_people_flag(tb, r, what, what);

    if (!(flags & (chatws_people_dirty_of(r)|chatws_people_flight_of(r)))) {
        chatws_people_add(tb, CHATWS_PEOPLE_LIST_DIRTY, row);
        chatws_journal_set(&tb->journal, &tb->ndirty, tb->ndirty + 1);
    }
}


void
chatws_people_undirty(chatws_people_t *tb, uint32_t row)
{
    uint32_t              dirty;
    chatws_people_row_t  *r;

    r = chatws_people_row(tb, row);
    dirty = chatws_people_dirty_of(r);

    /* a row of the batch is not freed */

    if (r->flags & dirty) {
        chatws_people_flag(tb, r, dirty, 0);
        chatws_people_del(tb, CHATWS_PEOPLE_LIST_DIRTY, row);
        chatws_journal_set(&tb->journal, &tb->ndirty, tb->ndirty - 1);
    }
}


chatws_rc_e
chatws_people_feed_open(chatws_people_t *tb)
{
    uint32_t           i, row;
    chatws_journal_t  *jr;

    jr = &tb->journal;

    if (!tb->feed) {
        chatws_shared_set(&tb->feed, 1);
    }

    for (i = 0; i < CHATWS_PEOPLE_WALK; i++) {

        if (tb->state == CHATWS_BATCH_SEALED) {
            return CHATWS_OK;
        }

        chatws_journal_begin(jr, NULL, 0);

        if (tb->state == CHATWS_BATCH_ACKED) {
            row = tb->lists[CHATWS_PEOPLE_LIST_FLIGHT];

            if (row != 0) {
                chatws_people_feed_take(tb, row);

            } else {
                chatws_journal_set64(jr, &tb->batch, tb->batch + 1);
                chatws_journal_set(jr, &tb->state, CHATWS_BATCH_OPEN);
            }

        } else {
            row = tb->lists[CHATWS_PEOPLE_LIST_DIRTY];

            if (row != 0 && tb->nflight < CHATWS_PEOPLE_BATCH) {
                chatws_people_feed_put(tb, row);

            } else if (tb->nflight != 0) {
                chatws_journal_set(jr, &tb->state, CHATWS_BATCH_SEALED);

            } else {
                return CHATWS_DONE;
            }
        }

        chatws_journal_commit(jr);
    }

    return CHATWS_AGAIN;
}


/* In an open step: puts the first of the dirty rows into the batch. */

static void
chatws_people_feed_put(chatws_people_t *tb, uint32_t row)
{
    uint32_t              dirty, flight, now;
    chatws_people_row_t  *r;

    r = chatws_people_row(tb, row);

    dirty = chatws_people_dirty_of(r);
    flight = chatws_people_flight_of(r);
    now = (r->flags & dirty) << chatws_people_shift_of(r);

    chatws_people_del(tb, CHATWS_PEOPLE_LIST_DIRTY, row);
    chatws_people_flag(tb, r, dirty|flight, now);
    chatws_people_add(tb, CHATWS_PEOPLE_LIST_FLIGHT, row);

    chatws_journal_set(&tb->journal, &tb->ndirty, tb->ndirty - 1);
    chatws_journal_set(&tb->journal, &tb->nflight, tb->nflight + 1);

    /* it may have been idle before anybody asked, and must not give way now */

    if (chatws_people_is(r, CHATWS_PEOPLE_PERSON)) {
        chatws_people_rest_person(tb, row);
    }
}


/* In an open step: takes the first row out of the batch. */

static void
chatws_people_feed_take(chatws_people_t *tb, uint32_t row)
{
    chatws_people_row_t  *r;

    r = chatws_people_row(tb, row);

    chatws_people_del(tb, CHATWS_PEOPLE_LIST_FLIGHT, row);
    chatws_people_flag(tb, r, chatws_people_flight_of(r), 0);
    chatws_journal_set(&tb->journal, &tb->nflight, tb->nflight - 1);

    if (r->flags & chatws_people_dirty_of(r)) {
        chatws_people_add(tb, CHATWS_PEOPLE_LIST_DIRTY, row);
        chatws_journal_set(&tb->journal, &tb->ndirty, tb->ndirty + 1);
        return;
    }

    chatws_people_rest(tb, row);
}


/* In an open step: nobody is to be told of a row any more. */

static void
chatws_people_rest(chatws_people_t *tb, uint32_t row)
{
    if (chatws_people_is(chatws_people_row(tb, row), CHATWS_PEOPLE_PERSON)) {
        chatws_people_rest_person(tb, row);

    } else {
        chatws_people_drop_place(tb, row);
    }
}


void
chatws_people_feed_ack(chatws_people_t *tb, uint64_t batch)
{
    if (tb->state == CHATWS_BATCH_SEALED && tb->batch == batch) {
        chatws_shared_set(&tb->state, CHATWS_BATCH_ACKED);
    }
}


chatws_rc_e
chatws_people_feed_read(chatws_people_t *tb, uint64_t batch, uint32_t *row,
    chatws_people_change_t *changes, uint32_t *n)
{
    uint32_t  first, next;

    if (tb->state != CHATWS_BATCH_SEALED || tb->batch != batch) {
        return CHATWS_DECLINED;
    }

    first = tb->lists[CHATWS_PEOPLE_LIST_FLIGHT];
    next = *row == 0 ? first
                     : chatws_people_next(tb, first,
                                          offsetof(chatws_place_t, dirty),
                                          *row);

    for (*n = 0; *n < CHATWS_PEOPLE_WALK && next != 0; (*n)++) {
        chatws_people_feed_row(tb, next, &changes[*n]);

        *row = next;
        next = chatws_people_next(tb, first, offsetof(chatws_place_t, dirty),
                                  next);
    }

    if (next == 0) {
        *row = 0;
    }

    return CHATWS_OK;
}


static void
chatws_people_feed_row(chatws_people_t *tb, uint32_t row,
    chatws_people_change_t *change)
{
    chatws_place_t   *p;
    chatws_person_t  *pe;

    memset(change, 0, offsetof(chatws_people_change_t, user));

    if (chatws_people_is(chatws_people_row(tb, row), CHATWS_PEOPLE_PERSON)) {
        pe = chatws_people_person(tb, row);

        change->flags = pe->row.flags;
        change->since = pe->since;
        change->user_len = (uint32_t) chatws_people_id(tb, row, change->user);
        return;
    }

    p = chatws_people_place(tb, row);

    change->flags = p->row.flags;
    change->read = p->read;
    change->seen = p->seen;
    change->unread = chatws_people_unread(tb, row);
    change->user_len = (uint32_t) chatws_people_id(tb, p->person,
                                                   change->user);
    change->chat_len = (uint32_t) chatws_people_id(tb, p->crowd,
                                                   change->chat);
}


void
chatws_people_feed_poll(chatws_people_t *tb, uint64_t poller)
{
    chatws_shared_set(&tb->poller, poller);
}


int
chatws_people_feed_has(chatws_people_t *tb)
{
    return chatws_shared_get(&tb->lists[CHATWS_PEOPLE_LIST_DIRTY]) != 0;
}
