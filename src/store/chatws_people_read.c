
/*
 * Copyright (C) chatws contributors
 *
 * What was read.  The numbers of a place only rise, but for what the app
 * server says is unread; so a reading that comes late, from another device,
 * changes nothing.  The number that others see is kept apart from the true
 * one.
 */


#include "store/chatws_people_private.h"
#include "store/chatws_people_read.h"


void
chatws_people_read(chatws_people_t *tb, uint32_t place,
    const chatws_reading_t *reading, const chatws_people_now_t *now)
{
    chatws_people_reads_t  reads;

    chatws_people_get_reads(tb, place, &reads);

    /* who has read all has nothing unread, also of what the app server said */

    if ((reading->all || reading->seq > reads.read)
        && reading->seen > reads.seen)
    {
        reads.seen = reading->seen;
    }

    if (reading->seq > reads.read) {
        reads.read = reading->seq;
    }

    reads.flags &= ~(uint32_t) (CHATWS_PLACE_MARKED|CHATWS_PLACE_PRIVATE);

    if (reading->secret) {
        reads.flags |= CHATWS_PLACE_PRIVATE;

    } else if (reading->seq > reads.read_public) {
        reads.read_public = reading->seq;
    }

    chatws_people_set_reads(tb, place, &reads, 0, now);
}


void
chatws_people_sent(chatws_people_t *tb, uint32_t place, uint64_t seq,
    uint64_t count)
{
    chatws_place_t    *p;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    p = chatws_people_place(tb, place);

    chatws_journal_begin(jr, NULL, 0);

    chatws_journal_set64(jr, &p->read, seq);
    chatws_journal_set64(jr, (uint64_t *) &p->seen, count);
    chatws_journal_set64(jr, &p->read_public, seq);
    chatws_people_flag(tb, &p->row, CHATWS_PLACE_MARKED, 0);
    chatws_people_dirty(tb, place, CHATWS_PLACE_DIRTY_READ);

    chatws_journal_commit(jr);
}


void
chatws_people_mark(chatws_people_t *tb, uint32_t place, int marked,
    const chatws_people_now_t *now)
{
    chatws_people_reads_t  reads;

    chatws_people_get_reads(tb, place, &reads);

    reads.flags &= ~(uint32_t) CHATWS_PLACE_MARKED;

    if (marked) {
        reads.flags |= CHATWS_PLACE_MARKED;
    }

    chatws_people_set_reads(tb, place, &reads, 0, now);
}


void
chatws_people_set_unread(chatws_people_t *tb, uint32_t place, uint64_t unread,
    const chatws_people_now_t *now)
{
    chatws_place_t         *p;
    chatws_people_reads_t   reads;

    p = chatws_people_place(tb, place);

    chatws_people_get_reads(tb, place, &reads);

    reads.seen = (int64_t) (chatws_people_crowd(tb, p->crowd)->count - unread);

    chatws_people_set_reads(tb, place, &reads, 0, now);
}


int
chatws_people_delivered(chatws_people_t *tb, uint32_t place, uint64_t seq,
    const chatws_people_now_t *now)
{
    chatws_people_reads_t  reads;

    chatws_people_get_reads(tb, place, &reads);

    if (seq <= reads.delivered || seq <= reads.read_public) {
        return 0;
    }

    reads.delivered = seq;

    chatws_people_set_reads(tb, place, &reads, 0, now);

    return 1;
}
