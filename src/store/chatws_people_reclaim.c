
/*
 * Copyright (C) chatws contributors
 *
 * What gives way when the table of people is full.  In this order: crowds
 * without places; places of those who are neither members nor subscribed;
 * persons who are offline and have no place; places of members who are
 * offline, have nothing unread and are not dirty, which the next handshake
 * brings back.
 */


#include "store/chatws_people_private.h"


static uint32_t chatws_people_first_but(chatws_people_t *tb,
    chatws_people_list_e list, uint32_t keep);
static int chatws_people_reclaim_kept(chatws_people_t *tb);
static int chatws_people_reclaim_member(chatws_people_t *tb);
static int chatws_people_may_leave(chatws_people_t *tb, uint32_t place);
static void chatws_people_leave(chatws_people_t *tb, uint32_t place);


void
chatws_people_rest_person(chatws_people_t *tb, uint32_t person)
{
    uint32_t          busy, flags;
    chatws_person_t  *p;

    p = chatws_people_person(tb, person);
    flags = p->row.flags;

    busy = CHATWS_PERSON_STATE|CHATWS_PERSON_INVISIBLE|CHATWS_PERSON_GRACE
           |CHATWS_PERSON_ANNOUNCE;

    if (tb->feed) {
        busy |= CHATWS_PERSON_DIRTY|CHATWS_PERSON_FLIGHT;
    }

    busy = p->places != 0 || (flags & busy);

    if (!busy && !(flags & CHATWS_PERSON_IDLE)) {
        chatws_people_flag(tb, &p->row, CHATWS_PERSON_IDLE,
                           CHATWS_PERSON_IDLE);
        chatws_people_add(tb, CHATWS_PEOPLE_LIST_PERSONS, person);

    } else if (busy && (flags & CHATWS_PERSON_IDLE)) {
        chatws_people_flag(tb, &p->row, CHATWS_PERSON_IDLE, 0);
        chatws_people_del(tb, CHATWS_PEOPLE_LIST_PERSONS, person);
    }
}


void
chatws_people_rest_crowd(chatws_people_t *tb, uint32_t crowd)
{
    int              busy;
    uint32_t         flags;
    chatws_crowd_t  *c;

    c = chatws_people_crowd(tb, crowd);
    flags = c->row.flags;

    busy = c->places != 0 || c->flusher != 0
           || (flags & (CHATWS_CROWD_READY|CHATWS_CROWD_COOLING));

    if (!busy && !(flags & CHATWS_CROWD_IDLE)) {
        chatws_people_flag(tb, &c->row, CHATWS_CROWD_IDLE, CHATWS_CROWD_IDLE);
        chatws_people_add(tb, CHATWS_PEOPLE_LIST_CROWDS, crowd);

    } else if (busy && (flags & CHATWS_CROWD_IDLE)) {
        chatws_people_flag(tb, &c->row, CHATWS_CROWD_IDLE, 0);
        chatws_people_del(tb, CHATWS_PEOPLE_LIST_CROWDS, crowd);
    }
}


int
chatws_people_reclaim(chatws_people_t *tb, uint32_t person, uint32_t crowd)
{
    uint32_t           row;
    chatws_journal_t  *jr;

    jr = &tb->journal;

    row = chatws_people_first_but(tb, CHATWS_PEOPLE_LIST_CROWDS, crowd);

    if (row != 0) {
        chatws_journal_begin(jr, NULL, 0);
        chatws_people_del(tb, CHATWS_PEOPLE_LIST_CROWDS, row);
        chatws_people_free_named(tb, row);
        chatws_journal_commit(jr);

        return 1;
    }

    if (chatws_people_reclaim_kept(tb)) {
        return 1;
    }

    row = chatws_people_first_but(tb, CHATWS_PEOPLE_LIST_PERSONS, person);

    if (row != 0) {
        chatws_journal_begin(jr, NULL, 0);
        chatws_people_undirty(tb, row);
        chatws_people_del(tb, CHATWS_PEOPLE_LIST_PERSONS, row);
        chatws_people_free_named(tb, row);
        chatws_journal_commit(jr);

        return 1;
    }

    return chatws_people_reclaim_member(tb);
}


/* The first row of a list, but not this one. */

static uint32_t
chatws_people_first_but(chatws_people_t *tb, chatws_people_list_e list,
    uint32_t keep)
{
    uint32_t  row;

    row = tb->lists[list];

    if (row != 0 && row == keep) {
        row = chatws_people_row(tb, row)->wait.next;
    }

    return row != keep ? row : 0;
}


static int
chatws_people_reclaim_kept(chatws_people_t *tb)
{
    uint32_t  i, nfree, place;

    nfree = tb->arena.nfree;

    for (i = 0; i < CHATWS_PEOPLE_WALK; i++) {
        place = tb->lists[CHATWS_PEOPLE_LIST_KEPT];

        if (place == 0) {
            break;
        }

        chatws_journal_begin(&tb->journal, NULL, 0);
        chatws_people_unkeep(tb, place);
        chatws_people_leave(tb, place);
        chatws_journal_commit(&tb->journal);

        if (tb->arena.nfree != nfree) {
            return 1;
        }
    }

    return 0;
}


static int
chatws_people_reclaim_member(chatws_people_t *tb)
{
    uint32_t  i;

    for (i = 0; i < CHATWS_PEOPLE_WALK && tb->arena.fresh != 0; i++) {

        chatws_shared_set(&tb->look,
                          tb->look < tb->arena.fresh ? tb->look + 1 : 1);

        if (chatws_people_may_leave(tb, tb->look)) {
            chatws_journal_begin(&tb->journal, NULL, 0);
            chatws_people_leave(tb, tb->look);
            chatws_journal_commit(&tb->journal);

            return 1;
        }
    }

    return 0;
}


static int
chatws_people_may_leave(chatws_people_t *tb, uint32_t place)
{
    uint32_t          stays;
    chatws_place_t   *p;
    chatws_person_t  *pe;

    p = chatws_people_place(tb, place);

    if (!chatws_people_is(&p->row, CHATWS_PEOPLE_PLACE)) {
        return 0;
    }

    pe = chatws_people_person(tb, p->person);

    stays = CHATWS_PLACE_SUBSCRIBED|CHATWS_PLACE_KEPT|CHATWS_PLACE_REMOVED
            |CHATWS_PLACE_CHANGED|CHATWS_PLACE_MUTED|CHATWS_PLACE_MARKED
            |CHATWS_PLACE_SHOWN;

    if (tb->feed) {
        stays |= CHATWS_PLACE_DIRTY|CHATWS_PLACE_FLIGHT;
    }

    return !(p->row.flags & stays)
           && !(pe->row.flags & CHATWS_PERSON_STATE)
           && chatws_people_unread(tb, place) == 0;
}


/*
 * In an open step: a place counts no more, and is freed unless it is dirty.
 * Others are told by a list of all of the crowd, if they know it as online.
 */

static void
chatws_people_leave(chatws_people_t *tb, uint32_t place)
{
    uint32_t         flags;
    chatws_crowd_t  *c;
    chatws_place_t  *p;

    p = chatws_people_place(tb, place);
    c = chatws_people_crowd(tb, p->crowd);
    flags = p->row.flags;

    if (flags & CHATWS_PLACE_MEMBER) {
        chatws_journal_set(&tb->journal, &c->members, c->members - 1);
    }

    if (flags & CHATWS_PLACE_PEOPLE) {
        chatws_journal_set(&tb->journal, &c->people, c->people - 1);
    }

    if (flags & CHATWS_PLACE_SHOWN) {
        chatws_journal_set(&tb->journal, &c->online, c->online - 1);
    }

    /* only one that was kept is, and it was kept since then */

    if (flags & (CHATWS_PLACE_SHOWN|CHATWS_PLACE_CHANGED)) {
        chatws_people_reset_since(tb, p->crowd, p->from);
    }

    chatws_people_unchange(tb, place);
    chatws_people_flag(tb, &p->row,
                       CHATWS_PLACE_MEMBER|CHATWS_PLACE_PEOPLE
                       |CHATWS_PLACE_SHOWN, 0);

    chatws_people_drop_place(tb, place);
}
