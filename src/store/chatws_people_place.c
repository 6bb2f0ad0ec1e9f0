
/*
 * Copyright (C) chatws contributors
 *
 * Places: who is in a crowd, what others see of that, and what was read.
 */


#include "store/chatws_people_private.h"


/* of the states of a person, as flags of a place */
#define chatws_people_as_shown(state)  ((state) << 8)

chatws_static_assert(chatws_people_shown_online,
    chatws_people_as_shown(CHATWS_PERSON_ONLINE) == CHATWS_PLACE_ONLINE);
chatws_static_assert(chatws_people_shown_away,
    chatws_people_as_shown(CHATWS_PERSON_AWAY) == CHATWS_PLACE_AWAY);

/* one row in so many may remember a removal */
#define CHATWS_PEOPLE_REMOVED_SHARE  8


static void chatws_people_keep(chatws_people_t *tb, uint32_t place,
    const chatws_people_now_t *now);
static void chatws_people_unremove(chatws_people_t *tb, uint32_t place);
static int chatws_people_expire_one(chatws_people_t *tb,
    const chatws_people_now_t *now);


/*
 * What others see follows from what is so, whatever has happened: a process
 * that dies before the others are told leaves no trace in the counts.
 */

void
chatws_people_settle(chatws_people_t *tb, uint32_t place,
    const chatws_people_now_t *now)
{
    int                people, visible;
    uint32_t           flags, shown;
    chatws_crowd_t    *c;
    chatws_place_t    *p;
    chatws_person_t   *pe;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    p = chatws_people_place(tb, place);
    c = chatws_people_crowd(tb, p->crowd);
    pe = chatws_people_person(tb, p->person);
    flags = p->row.flags;

    visible = !(pe->row.flags & CHATWS_PERSON_INVISIBLE);

    people = (flags & CHATWS_PLACE_MEMBER)
             || (visible
                 && (flags & (CHATWS_PLACE_SUBSCRIBED|CHATWS_PLACE_KEPT)));

    shown = people && visible
            ? chatws_people_as_shown(pe->row.flags & CHATWS_PERSON_STATE)
            : 0;

    if (people && !(flags & CHATWS_PLACE_PEOPLE)) {
        chatws_journal_set(jr, &c->people, c->people + 1);
        flags = (flags | CHATWS_PLACE_PEOPLE) & ~CHATWS_PLACE_LEFT;

    } else if (!people && (flags & CHATWS_PLACE_PEOPLE)) {
        chatws_journal_set(jr, &c->people, c->people - 1);
        flags &= ~CHATWS_PLACE_PEOPLE;

        /* an invisible one is, to others, offline without having left */

        if (visible && (tb->rules.features & CHATWS_PEOPLE_PRESENCE)) {
            flags |= CHATWS_PLACE_LEFT;
        }
    }

    if (shown != 0 && !(flags & CHATWS_PLACE_SHOWN)) {
        chatws_journal_set(jr, &c->online, c->online + 1);

    } else if (shown == 0 && (flags & CHATWS_PLACE_SHOWN)) {
        chatws_journal_set(jr, &c->online, c->online - 1);
    }

    flags = (flags & ~CHATWS_PLACE_SHOWN) | shown;

    if (flags != p->row.flags) {
        chatws_journal_set(jr, &p->row.flags, flags);
        chatws_people_change(tb, place, CHATWS_PLACE_PRESENCE, now);
    }
}


uint32_t
chatws_people_shown(chatws_people_t *tb, uint32_t place, uint64_t *since)
{
    uint32_t         shown;
    chatws_place_t  *p;

    p = chatws_people_place(tb, place);
    shown = p->row.flags & CHATWS_PLACE_SHOWN;

    (void) chatws_people_visible(tb, p->person, since);

    if (shown == 0) {
        return CHATWS_PERSON_OFFLINE;
    }

    return shown == CHATWS_PLACE_ONLINE ? CHATWS_PERSON_ONLINE
                                        : CHATWS_PERSON_AWAY;
}


void
chatws_people_set_subscribed(chatws_people_t *tb, uint32_t place, int on,
    int keep, const chatws_people_now_t *now)
{
    uint32_t          flags;
    chatws_place_t   *p;
    chatws_person_t  *pe;

    p = chatws_people_place(tb, place);
    pe = chatws_people_person(tb, p->person);
    flags = p->row.flags;

    chatws_journal_begin(&tb->journal, NULL, 0);

    if (on) {
        chatws_people_unkeep(tb, place);
        chatws_people_flag(tb, &p->row, CHATWS_PLACE_SUBSCRIBED,
                           CHATWS_PLACE_SUBSCRIBED);

    } else {
        chatws_people_flag(tb, &p->row, CHATWS_PLACE_SUBSCRIBED, 0);

        if (!keep) {
            chatws_people_unkeep(tb, place);

        } else if ((flags & CHATWS_PLACE_SUBSCRIBED)
                   && !(flags & (CHATWS_PLACE_MEMBER|CHATWS_PLACE_REMOVED))
                   && pe->kept < CHATWS_PEOPLE_KEPT)
        {
            chatws_people_keep(tb, place, now);
        }
    }

    chatws_people_settle(tb, place, now);
    chatws_people_drop_place(tb, place);

    chatws_journal_commit(&tb->journal);
}


static void
chatws_people_keep(chatws_people_t *tb, uint32_t place,
    const chatws_people_now_t *now)
{
    chatws_place_t   *p;
    chatws_person_t  *pe;

    p = chatws_people_place(tb, place);
    pe = chatws_people_person(tb, p->person);

    chatws_people_flag(tb, &p->row, CHATWS_PLACE_KEPT, CHATWS_PLACE_KEPT);
    chatws_people_add(tb, CHATWS_PEOPLE_LIST_KEPT, place);
    chatws_journal_set64(&tb->journal, &p->from, now->msec);
    chatws_journal_set(&tb->journal, &pe->kept, pe->kept + 1);
}


void
chatws_people_unkeep(chatws_people_t *tb, uint32_t place)
{
    chatws_place_t   *p;
    chatws_person_t  *pe;

    p = chatws_people_place(tb, place);

    if (p->row.flags & CHATWS_PLACE_KEPT) {
        pe = chatws_people_person(tb, p->person);

        chatws_people_flag(tb, &p->row, CHATWS_PLACE_KEPT, 0);
        chatws_people_del(tb, CHATWS_PEOPLE_LIST_KEPT, place);
        chatws_journal_set(&tb->journal, &pe->kept, pe->kept - 1);
    }
}


/* In an open step: a removal is forgotten. */

static void
chatws_people_unremove(chatws_people_t *tb, uint32_t place)
{
    chatws_place_t  *p;

    p = chatws_people_place(tb, place);

    if (p->row.flags & CHATWS_PLACE_REMOVED) {
        chatws_people_flag(tb, &p->row, CHATWS_PLACE_REMOVED, 0);
        chatws_people_del(tb, CHATWS_PEOPLE_LIST_REMOVED, place);
        chatws_journal_set(&tb->journal, &tb->removed, tb->removed - 1);
    }
}


chatws_rc_e
chatws_people_set_member(chatws_people_t *tb, uint32_t place, int on,
    int quiet, const chatws_people_now_t *now)
{
    uint32_t           flags;
    chatws_crowd_t    *c;
    chatws_place_t    *p;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    p = chatws_people_place(tb, place);
    c = chatws_people_crowd(tb, p->crowd);
    flags = p->row.flags;

    if (!on
        && !(flags & CHATWS_PLACE_REMOVED)
        && !chatws_people_may_remove(tb, 1))
    {
        return CHATWS_BUSY;
    }

    chatws_journal_begin(jr, NULL, 0);

    chatws_people_unkeep(tb, place);
    chatws_people_unremove(tb, place);

    if (on && !(flags & CHATWS_PLACE_MEMBER)) {
        chatws_people_flag(tb, &p->row, CHATWS_PLACE_MEMBER,
                           CHATWS_PLACE_MEMBER);
        chatws_journal_set(jr, &c->members, c->members + 1);

    } else if (!on && (flags & CHATWS_PLACE_MEMBER)) {
        chatws_people_flag(tb, &p->row, CHATWS_PLACE_MEMBER, 0);
        chatws_journal_set(jr, &c->members, c->members - 1);

    } else {
        quiet = 1;
    }

    if (!on) {
        chatws_people_flag(tb, &p->row, CHATWS_PLACE_REMOVED,
                           CHATWS_PLACE_REMOVED);
        chatws_people_add(tb, CHATWS_PEOPLE_LIST_REMOVED, place);
        chatws_journal_set64(jr, &p->from, now->msec);
        chatws_journal_set(jr, &tb->removed, tb->removed + 1);
    }

    if (!quiet) {
        chatws_people_dirty(tb, place, CHATWS_PLACE_DIRTY_MEMBER);
    }

    chatws_people_settle(tb, place, now);

    chatws_journal_commit(jr);

    return CHATWS_OK;
}


int
chatws_people_may_remove(chatws_people_t *tb, uint32_t n)
{
    return tb->removed + n
           <= tb->arena.nblocks / CHATWS_PEOPLE_REMOVED_SHARE + 1;
}


void
chatws_people_get_reads(chatws_people_t *tb, uint32_t place,
    chatws_people_reads_t *reads)
{
    chatws_place_t  *p;

    p = chatws_people_place(tb, place);

    reads->read = p->read;
    reads->seen = p->seen;
    reads->read_public = p->read_public;
    reads->delivered = p->delivered;
    reads->flags = p->row.flags & CHATWS_PLACE_MARKS;
}


void
chatws_people_set_reads(chatws_people_t *tb, uint32_t place,
    const chatws_people_reads_t *reads, int quiet,
    const chatws_people_now_t *now)
{
    int                dirty;
    uint32_t           marks, what;
    chatws_place_t    *p;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    p = chatws_people_place(tb, place);

    marks = (p->row.flags ^ reads->flags) & CHATWS_PLACE_MARKS;
    what = 0;

    dirty = p->read != reads->read
            || p->seen != reads->seen
            || (marks & ~(uint32_t) CHATWS_PLACE_MUTED);

    chatws_journal_begin(jr, NULL, 0);

    chatws_journal_set64(jr, &p->read, reads->read);
    chatws_journal_set64(jr, (uint64_t *) &p->seen, (uint64_t) reads->seen);
    chatws_people_flag(tb, &p->row, CHATWS_PLACE_MARKS, reads->flags);

    if (p->read_public != reads->read_public) {
        chatws_journal_set64(jr, &p->read_public, reads->read_public);
        what |= CHATWS_PLACE_READ;
    }

    if (p->delivered != reads->delivered) {
        chatws_journal_set64(jr, &p->delivered, reads->delivered);
        what |= CHATWS_PLACE_DELIVERED;
    }

    if (dirty && !quiet) {
        chatws_people_dirty(tb, place, CHATWS_PLACE_DIRTY_READ);
    }

    chatws_people_change(tb, place, what, now);

    chatws_journal_commit(jr);
}


uint64_t
chatws_people_unread(chatws_people_t *tb, uint32_t place)
{
    int64_t          n;
    chatws_place_t  *p;

    p = chatws_people_place(tb, place);
    n = (int64_t) chatws_people_crowd(tb, p->crowd)->count - p->seen;

    return n > 0 ? (uint64_t) n : 0;
}


void
chatws_people_set_count(chatws_people_t *tb, uint32_t crowd, uint64_t count)
{
    chatws_shared_set(&chatws_people_crowd(tb, crowd)->count, count);
}


void
chatws_people_set_version(chatws_people_t *tb, uint32_t crowd,
    uint64_t version, uint64_t token)
{
    chatws_crowd_t  *c;

    c = chatws_people_crowd(tb, crowd);

    chatws_journal_begin(&tb->journal, NULL, 0);
    chatws_journal_set64(&tb->journal, &c->version, version);
    chatws_journal_set64(&tb->journal, &c->token, token);
    chatws_journal_commit(&tb->journal);
}


void
chatws_people_set_token(chatws_people_t *tb, uint32_t place, uint64_t token)
{
    chatws_shared_set(&chatws_people_place(tb, place)->token, token);
}


int
chatws_people_expire(chatws_people_t *tb, const chatws_people_now_t *now)
{
    uint32_t  i;

    for (i = 0; i < CHATWS_PEOPLE_WALK; i++) {

        if (!chatws_people_expire_one(tb, now)) {
            break;
        }
    }

    return i != 0;
}


static int
chatws_people_expire_one(chatws_people_t *tb, const chatws_people_now_t *now)
{
    uint32_t  kept, place;

    kept = tb->lists[CHATWS_PEOPLE_LIST_KEPT];
    place = kept;

    if (kept == 0
        || chatws_people_place(tb, kept)->from + tb->rules.grace > now->msec)
    {
        kept = 0;
        place = tb->lists[CHATWS_PEOPLE_LIST_REMOVED];

        if (place == 0
            || chatws_people_place(tb, place)->from + CHATWS_PEOPLE_REMOVED
               > now->msec)
        {
            return 0;
        }
    }

    chatws_journal_begin(&tb->journal, NULL, 0);

    if (kept != 0) {
        chatws_people_unkeep(tb, place);
        chatws_people_settle(tb, place, now);

    } else {
        chatws_people_unremove(tb, place);
    }

    chatws_people_drop_place(tb, place);

    chatws_journal_commit(&tb->journal);

    return 1;
}
