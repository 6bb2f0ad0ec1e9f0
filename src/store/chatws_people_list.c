
/*
 * Copyright (C) chatws contributors
 *
 * The lists of the table of people, walks over places, and the flushing of
 * crowds.  A list is a ring of rows, of which the first one is known; rows are
 * appended.
 *
 * A crowd whose place changes is ready to be told at once.  With the beginning
 * of a flush it begins to cool: it is told again when it is through with that,
 * if it has changed meanwhile.  Each of the two lists is in the order of time.
 */


#include "store/chatws_people_private.h"


static size_t chatws_people_link_of(chatws_people_list_e list);
static chatws_place_t *chatws_people_met(chatws_people_t *tb,
    const chatws_people_cursor_t *cursor);
static uint32_t chatws_people_slice(chatws_people_t *tb, uint32_t head,
    size_t link, int met, chatws_people_cursor_t *cursor, uint32_t *rows);
static void chatws_people_ready(chatws_people_t *tb, uint32_t crowd,
    uint64_t msec);
static int chatws_people_is_due(const chatws_crowd_t *crowd, uint64_t late,
    const chatws_people_now_t *now);
static void chatws_people_cool(chatws_people_t *tb, uint32_t crowd,
    const chatws_people_now_t *now);


#define chatws_people_link(tb, row, link)                                     \
    ((chatws_people_link_t *) (void *)                                        \
         ((uint8_t *) chatws_people_row(tb, row) + (link)))


void
chatws_people_append(chatws_people_t *tb, uint32_t *head, size_t link,
    uint32_t row)
{
    chatws_journal_t      *jr;
    chatws_people_link_t  *first, *last, *self;

    jr = &tb->journal;
    self = chatws_people_link(tb, row, link);

    if (*head == 0) {
        chatws_journal_set(jr, &self->prev, row);
        chatws_journal_set(jr, &self->next, row);
        chatws_journal_set(jr, head, row);
        return;
    }

    first = chatws_people_link(tb, *head, link);
    last = chatws_people_link(tb, first->prev, link);

    chatws_journal_set(jr, &self->prev, first->prev);
    chatws_journal_set(jr, &self->next, *head);
    chatws_journal_set(jr, &last->next, row);
    chatws_journal_set(jr, &first->prev, row);
}


void
chatws_people_unlink(chatws_people_t *tb, uint32_t *head, size_t link,
    uint32_t row)
{
    chatws_journal_t      *jr;
    chatws_people_link_t  *next, *prev, *self;

    jr = &tb->journal;
    self = chatws_people_link(tb, row, link);

    if (self->next == row) {
        chatws_journal_set(jr, head, 0);
        return;
    }

    next = chatws_people_link(tb, self->next, link);
    prev = chatws_people_link(tb, self->prev, link);

    chatws_journal_set(jr, &prev->next, self->next);
    chatws_journal_set(jr, &next->prev, self->prev);

    if (*head == row) {
        chatws_journal_set(jr, head, self->next);
    }
}


uint32_t
chatws_people_next(chatws_people_t *tb, uint32_t head, size_t link,
    uint32_t row)
{
    uint32_t  next;

    next = chatws_people_link(tb, row, link)->next;

    return next != head ? next : 0;
}


static size_t
chatws_people_link_of(chatws_people_list_e list)
{
    switch (list) {

    case CHATWS_PEOPLE_LIST_ANNOUNCE:
        return offsetof(chatws_person_t, announce);

    case CHATWS_PEOPLE_LIST_DIRTY:
    case CHATWS_PEOPLE_LIST_FLIGHT:
        return offsetof(chatws_place_t, dirty);

    default:
        return offsetof(chatws_people_row_t, wait);
    }
}


void
chatws_people_add(chatws_people_t *tb, chatws_people_list_e list,
    uint32_t row)
{
    chatws_people_append(tb, &tb->lists[list], chatws_people_link_of(list),
                         row);
}


void
chatws_people_del(chatws_people_t *tb, chatws_people_list_e list,
    uint32_t row)
{
    chatws_people_unlink(tb, &tb->lists[list], chatws_people_link_of(list),
                         row);
}


uint32_t
chatws_people_crowd_slice(chatws_people_t *tb, uint32_t crowd,
    chatws_people_cursor_t *cursor, uint32_t *rows)
{
    chatws_place_t  *met;

    met = chatws_people_met(tb, cursor);

    return chatws_people_slice(tb, chatws_people_crowd(tb, crowd)->places,
                               offsetof(chatws_place_t, of_crowd),
                               met != NULL && met->crowd == crowd, cursor,
                               rows);
}


uint32_t
chatws_people_person_slice(chatws_people_t *tb, uint32_t person,
    chatws_people_cursor_t *cursor, uint32_t *rows)
{
    chatws_place_t  *met;

    met = chatws_people_met(tb, cursor);

    return chatws_people_slice(tb, chatws_people_person(tb, person)->places,
                               offsetof(chatws_place_t, of_person),
                               met != NULL && met->person == person, cursor,
                               rows);
}


/*
 * The place that was looked at last, or NULL: it was freed meanwhile, or the
 * cursor, which may come from outside, is of no walk.
 */

static chatws_place_t *
chatws_people_met(chatws_people_t *tb, const chatws_people_cursor_t *cursor)
{
    chatws_place_t  *p;

    if (cursor->row == 0 || cursor->row > tb->arena.fresh) {
        return NULL;
    }

    p = chatws_people_place(tb, cursor->row);

    return chatws_people_is(&p->row, CHATWS_PEOPLE_PLACE)
           && p->row.serial == cursor->at ? p : NULL;
}


/*
 * Serials rise along a list.  A row that is not in it any more says no more
 * what is behind it: then the walk begins again, and passes what it has met.
 */

static uint32_t
chatws_people_slice(chatws_people_t *tb, uint32_t head, size_t link, int met,
    chatws_people_cursor_t *cursor, uint32_t *rows)
{
    uint32_t              i, n, row;
    chatws_people_row_t  *r;

    n = 0;
    row = met ? chatws_people_next(tb, head, link, cursor->row) : head;

    for (i = 0; i < CHATWS_PEOPLE_WALK && row != 0; i++) {
        r = chatws_people_row(tb, row);

        cursor->row = row;
        cursor->at = r->serial;

        if (r->serial > cursor->serial) {
            cursor->serial = r->serial;
            rows[n++] = row;
        }

        row = chatws_people_next(tb, head, link, row);
    }

    cursor->done = row == 0;

    return n;
}


void
chatws_people_change(chatws_people_t *tb, uint32_t place, uint32_t what,
    const chatws_people_now_t *now)
{
    uint32_t         features;
    chatws_crowd_t  *c;
    chatws_place_t  *p;

    features = tb->rules.features;

    if (!(features & CHATWS_PEOPLE_PRESENCE)) {
        what &= ~(uint32_t) CHATWS_PLACE_PRESENCE;
    }

    if (!(features & CHATWS_PEOPLE_RECEIPTS)) {
        what &= ~(uint32_t) (CHATWS_PLACE_READ|CHATWS_PLACE_DELIVERED);
    }

    if (!(features & CHATWS_PEOPLE_DELIVERED)) {
        what &= ~(uint32_t) CHATWS_PLACE_DELIVERED;
    }

    p = chatws_people_place(tb, place);

    if ((p->row.flags & what) == what) {
        return;
    }

    c = chatws_people_crowd(tb, p->crowd);

    if (!(p->row.flags & CHATWS_PLACE_CHANGED)) {
        chatws_people_append(tb, &c->changed,
                             offsetof(chatws_place_t, changed), place);
    }

    chatws_people_flag(tb, &p->row, what, what);

    chatws_people_ready(tb, p->crowd, now->msec);
}


void
chatws_people_unchange(chatws_people_t *tb, uint32_t place)
{
    chatws_crowd_t  *c;
    chatws_place_t  *p;

    p = chatws_people_place(tb, place);

    if (!(p->row.flags & CHATWS_PLACE_CHANGED)) {
        return;
    }

    c = chatws_people_crowd(tb, p->crowd);

    chatws_people_unlink(tb, &c->changed, offsetof(chatws_place_t, changed),
                         place);
    chatws_people_flag(tb, &p->row, CHATWS_PLACE_CHANGED|CHATWS_PLACE_LEFT,
                       0);
}


/* Whether a moment, of which the lower half is known, was late ms ago. */

static int
chatws_people_is_due(const chatws_crowd_t *crowd, uint64_t late,
    const chatws_people_now_t *now)
{
    return (int32_t) ((uint32_t) now->msec - crowd->from) >= (int32_t) late;
}


uint32_t
chatws_people_due(chatws_people_t *tb, uint64_t late,
    const chatws_people_now_t *now)
{
    uint32_t         crowd, i;
    chatws_crowd_t  *c;

    crowd = tb->lists[CHATWS_PEOPLE_LIST_READY];

    if (crowd != 0
        && chatws_people_is_due(chatws_people_crowd(tb, crowd), late, now))
    {
        return crowd;
    }

    for (i = 0; i < CHATWS_PEOPLE_WALK; i++) {
        crowd = tb->lists[CHATWS_PEOPLE_LIST_COOLING];

        if (crowd == 0) {
            break;
        }

        c = chatws_people_crowd(tb, crowd);

        if (!chatws_people_is_due(c, tb->rules.interval + late, now)) {
            break;
        }

        if (c->changed != 0
            || c->flusher != 0
            || (c->row.flags & CHATWS_CROWD_RESET))
        {
            return crowd;
        }

        /* it is quiet again */

        chatws_journal_begin(&tb->journal, NULL, 0);
        chatws_people_del(tb, CHATWS_PEOPLE_LIST_COOLING, crowd);
        chatws_people_flag(tb, &c->row, CHATWS_CROWD_COOLING, 0);
        chatws_people_rest_crowd(tb, crowd);
        chatws_journal_commit(&tb->journal);
    }

    return 0;
}


uint64_t
chatws_people_next_due(chatws_people_t *tb, const chatws_people_now_t *now)
{
    uint32_t         crowd;
    chatws_crowd_t  *c;

    if (tb->lists[CHATWS_PEOPLE_LIST_READY] != 0) {
        return 0;
    }

    crowd = tb->lists[CHATWS_PEOPLE_LIST_COOLING];

    if (crowd == 0) {
        return CHATWS_PEOPLE_NEVER;
    }

    c = chatws_people_crowd(tb, crowd);

    if (chatws_people_is_due(c, tb->rules.interval, now)) {
        return 0;
    }

    return c->from + tb->rules.interval - (uint32_t) now->msec;
}


/* In an open step: the crowd is the last one to be told. */

static void
chatws_people_cool(chatws_people_t *tb, uint32_t crowd,
    const chatws_people_now_t *now)
{
    chatws_crowd_t  *c;

    c = chatws_people_crowd(tb, crowd);

    if (c->row.flags & CHATWS_CROWD_READY) {
        chatws_people_del(tb, CHATWS_PEOPLE_LIST_READY, crowd);

    } else if (c->row.flags & CHATWS_CROWD_COOLING) {
        chatws_people_del(tb, CHATWS_PEOPLE_LIST_COOLING, crowd);
    }

    chatws_people_flag(tb, &c->row, CHATWS_CROWD_READY|CHATWS_CROWD_COOLING,
                       CHATWS_CROWD_COOLING);
    chatws_people_add(tb, CHATWS_PEOPLE_LIST_COOLING, crowd);

    chatws_journal_set(&tb->journal, &c->from, (uint32_t) now->msec);
}


void
chatws_people_flush_wait(chatws_people_t *tb, uint32_t crowd,
    const chatws_people_now_t *now)
{
    chatws_journal_begin(&tb->journal, NULL, 0);
    chatws_people_cool(tb, crowd, now);
    chatws_journal_commit(&tb->journal);
}


void
chatws_people_flush_begin(chatws_people_t *tb, uint32_t crowd,
    uint32_t flusher, const chatws_people_now_t *now)
{
    chatws_crowd_t  *c;

    c = chatws_people_crowd(tb, crowd);

    chatws_journal_begin(&tb->journal, NULL, 0);

    chatws_people_cool(tb, crowd, now);

    /* what a worker had noted when it died is lost */

    if (c->flusher != 0 || (c->row.flags & CHATWS_CROWD_RESET)) {
        chatws_people_flag(tb, &c->row, CHATWS_CROWD_RESET|CHATWS_CROWD_FULL,
                           CHATWS_CROWD_FULL);
    }

    chatws_journal_set(&tb->journal, &c->flusher, flusher);

    chatws_journal_commit(&tb->journal);
}


uint32_t
chatws_people_changed(chatws_people_t *tb, uint32_t crowd)
{
    return chatws_people_crowd(tb, crowd)->changed;
}


void
chatws_people_told(chatws_people_t *tb, uint32_t place)
{
    chatws_journal_begin(&tb->journal, NULL, 0);
    chatws_people_unchange(tb, place);
    chatws_people_drop_place(tb, place);
    chatws_journal_commit(&tb->journal);
}


void
chatws_people_flush_end(chatws_people_t *tb, uint32_t crowd,
    uint32_t flusher, int failed)
{
    chatws_crowd_t  *c;

    c = chatws_people_crowd(tb, crowd);

    if (c->flusher != flusher) {
        return;
    }

    chatws_journal_begin(&tb->journal, NULL, 0);

    chatws_journal_set(&tb->journal, &c->flusher, 0);
    chatws_people_flag(tb, &c->row,
                       failed ? CHATWS_CROWD_FULL|CHATWS_CROWD_RESET
                              : CHATWS_CROWD_FULL,
                       CHATWS_CROWD_RESET);

    chatws_journal_commit(&tb->journal);
}


void
chatws_people_reset(chatws_people_t *tb, uint32_t crowd,
    const chatws_people_now_t *now)
{
    chatws_journal_begin(&tb->journal, NULL, 0);
    chatws_people_reset_since(tb, crowd, now->msec);
    chatws_journal_commit(&tb->journal);
}


void
chatws_people_reset_since(chatws_people_t *tb, uint32_t crowd, uint64_t msec)
{
    chatws_crowd_t  *c;

    c = chatws_people_crowd(tb, crowd);

    chatws_people_flag(tb, &c->row, CHATWS_CROWD_RESET, CHATWS_CROWD_RESET);
    chatws_people_ready(tb, crowd, msec);
}


/* In an open step: a crowd has changed at this time. */

static void
chatws_people_ready(chatws_people_t *tb, uint32_t crowd, uint64_t msec)
{
    chatws_crowd_t  *c;

    c = chatws_people_crowd(tb, crowd);

    if (c->row.flags & (CHATWS_CROWD_READY|CHATWS_CROWD_COOLING)) {
        return;
    }

    /* it waits in one list at a time */

    if (c->row.flags & CHATWS_CROWD_IDLE) {
        chatws_people_del(tb, CHATWS_PEOPLE_LIST_CROWDS, crowd);
    }

    chatws_people_flag(tb, &c->row, CHATWS_CROWD_READY|CHATWS_CROWD_IDLE,
                       CHATWS_CROWD_READY);
    chatws_people_add(tb, CHATWS_PEOPLE_LIST_READY, crowd);
    chatws_journal_set(&tb->journal, &c->from, (uint32_t) msec);
}
