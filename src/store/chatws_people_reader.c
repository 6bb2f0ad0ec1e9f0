
/*
 * Copyright (C) chatws contributors
 *
 * What users have read: places are found, made where a connection is in the
 * chat and there was no room before, and compared with the numbers of the
 * chat.
 */


#include "store/chatws_people_reader.h"

#include <string.h>


static chatws_rc_e chatws_people_reader_place(chatws_people_t *tb,
    chatws_store_t *st, chatws_people_reader_t *reader, uint32_t *place);
static chatws_rc_e chatws_people_reader_read(chatws_people_t *tb,
    chatws_people_reader_t *reader, uint32_t place, int secret);
static void chatws_people_reader_delivered(chatws_people_t *tb,
    chatws_people_reader_t *reader, uint32_t place);
static int chatws_people_is_reader(chatws_people_t *tb, uint32_t place);
static int chatws_people_is_invisible(chatws_people_t *tb, uint32_t place);
static void chatws_people_get_mark(chatws_people_t *tb, uint32_t place,
    chatws_people_mark_t *mark);


chatws_rc_e
chatws_people_reader(chatws_people_t *tb, chatws_store_t *st,
    chatws_people_reader_t *reader, chatws_reader_act_e act)
{
    uint32_t         place;
    chatws_rc_e      rc;
    chatws_place_t  *p;

    reader->marked = 0;
    reader->news = act != CHATWS_READER_LOOK;
    reader->read = 0;

    memset(&reader->at, 0, sizeof(chatws_subscribed_t));
    (void) chatws_store_find(st, &reader->chat.id, &reader->at);

    rc = chatws_people_reader_place(tb, st, reader, &place);

    if (rc != CHATWS_OK) {
        reader->news = 0;
        reader->count = reader->at.seq;
        reader->seen = (int64_t) reader->at.seq;
        return rc;
    }

    switch (act) {

    case CHATWS_READER_LOOK:
        break;

    case CHATWS_READER_READ:
    case CHATWS_READER_SECRET:
        rc = chatws_people_reader_read(tb, reader, place,
                                       act == CHATWS_READER_SECRET);
        break;

    case CHATWS_READER_UNREAD:
        chatws_people_set_unread(tb, place, reader->seq, &reader->now);
        break;

    case CHATWS_READER_DELIVERED:
        chatws_people_reader_delivered(tb, reader, place);
        break;

    default: /* CHATWS_READER_MARK, CHATWS_READER_UNMARK */
        chatws_people_mark(tb, place, act == CHATWS_READER_MARK,
                           &reader->now);
        break;
    }

    p = chatws_people_place(tb, place);

    reader->count = chatws_people_crowd(tb, p->crowd)->count;
    reader->read = p->read;
    reader->seen = p->seen;
    reader->marked = (p->row.flags & CHATWS_PLACE_MARKED) != 0;

    return rc;
}


static chatws_rc_e
chatws_people_reader_place(chatws_people_t *tb, chatws_store_t *st,
    chatws_people_reader_t *reader, uint32_t *place)
{
    uint32_t  crowd, person;
    uint64_t  last;

    *place = 0;

    person = chatws_people_find_person(tb, reader->user.hash);
    crowd = chatws_people_find_crowd(tb, reader->chat.hash);

    if (person != 0 && crowd != 0) {
        *place = chatws_people_find_place(tb, person, crowd);
    }

    if (*place == 0 && reader->entered) {

        /* there was no room for it before */

        last = chatws_store_last(st, &reader->chat.id);

        *place = chatws_people_make_place(tb, &reader->user, &reader->chat,
                                          last);
        if (*place == 0) {
            return CHATWS_BUSY;
        }

        chatws_people_set_subscribed(tb, *place, 1, 0, &reader->now);
    }

    if (*place == 0) {
        return CHATWS_DECLINED;
    }

    return reader->entered
           || (reader->any && chatws_people_is_reader(tb, *place))
           || (chatws_people_row(tb, *place)->flags & CHATWS_PLACE_MEMBER)
           ? CHATWS_OK : CHATWS_DECLINED;
}


/* A number beyond the last one is the last one. */

static chatws_rc_e
chatws_people_reader_read(chatws_people_t *tb, chatws_people_reader_t *reader,
    uint32_t place, int secret)
{
    chatws_place_t    *p;
    chatws_reading_t   reading;

    p = chatws_people_place(tb, place);

    reading.all = reader->seq >= reader->at.seq;
    reading.seq = reading.all ? reader->at.seq : reader->seq;
    reading.seen = (int64_t) chatws_people_crowd(tb, p->crowd)->count;

    if (!reading.all && reading.seq > p->read) {

        if (!reader->looked) {
            return CHATWS_AGAIN;
        }

        reading.seen = reader->old;
    }

    reading.secret = secret || chatws_people_is_invisible(tb, place);

    chatws_people_read(tb, place, &reading, &reader->now);

    return CHATWS_OK;
}


/* What an invisible user has got is told nobody. */

static void
chatws_people_reader_delivered(chatws_people_t *tb,
    chatws_people_reader_t *reader, uint32_t place)
{
    uint64_t  seq;

    if (chatws_people_is_invisible(tb, place)) {
        reader->news = 0;
        return;
    }

    seq = reader->seq < reader->at.seq ? reader->seq : reader->at.seq;

    reader->news = chatws_people_delivered(tb, place, seq, &reader->now) != 0;
}


/*
 * Whether the user is in the chat: the place of one who was removed stays for
 * a while, but the user is told nothing of the chat any more.
 */

static int
chatws_people_is_reader(chatws_people_t *tb, uint32_t place)
{
    return (chatws_people_row(tb, place)->flags
            & (CHATWS_PLACE_MEMBER|CHATWS_PLACE_SUBSCRIBED|CHATWS_PLACE_KEPT))
           != 0;
}


static int
chatws_people_is_invisible(chatws_people_t *tb, uint32_t place)
{
    uint32_t  person;

    person = chatws_people_place(tb, place)->person;

    return (chatws_people_row(tb, person)->flags & CHATWS_PERSON_INVISIBLE)
           != 0;
}


void
chatws_people_tally(chatws_people_t *tb, chatws_store_t *st,
    chatws_people_tally_t *tally)
{
    uint32_t  crowd;

    crowd = chatws_people_find_crowd(tb, tally->chat.hash);

    if (crowd == 0) {
        crowd = chatws_people_make_crowd(tb, &tally->chat,
                                     chatws_store_last(st, &tally->chat.id));
    }

    tally->crowd = crowd;
    tally->len = 0;
    tally->tally.journal = &tb->journal;
    tally->tally.count = crowd != 0 ? &chatws_people_crowd(tb, crowd)->count
                                    : NULL;
}


void
chatws_people_tally_sent(chatws_people_t *tb, chatws_people_tally_t *tally,
    uint64_t sender, const chatws_posted_t *posted)
{
    uint32_t  person, place;

    person = chatws_people_find_person(tb, sender);

    if (person == 0 || tally->crowd == 0) {
        return;
    }

    place = chatws_people_find_place(tb, person, tally->crowd);

    if (place != 0 && chatws_people_is_reader(tb, place)) {
        chatws_people_sent(tb, place, posted->seq, posted->count);
        tally->len = (uint32_t) chatws_people_id(tb, person, tally->id);
    }
}


int
chatws_people_is_secret(chatws_people_t *tb, uint64_t user, uint64_t chat)
{
    uint32_t  crowd, person, place;

    crowd = chatws_people_find_crowd(tb, chat);
    person = chatws_people_find_person(tb, user);

    if (crowd == 0 || person == 0) {
        return 0;
    }

    place = chatws_people_find_place(tb, person, crowd);

    return place != 0
           && (chatws_people_row(tb, place)->flags & CHATWS_PLACE_PRIVATE);
}


chatws_rc_e
chatws_people_readers(chatws_people_t *tb, uint64_t chat, uint64_t user,
    uint32_t limit, int reciprocal, chatws_people_cursor_t *cursor,
    chatws_people_mark_t *marks, uint32_t *n)
{
    uint32_t         crowd, found, i, rows[CHATWS_PEOPLE_WALK];
    chatws_place_t  *p;

    *n = 0;

    crowd = chatws_people_find_crowd(tb, chat);

    if (crowd == 0 || chatws_people_crowd(tb, crowd)->people > limit) {
        return CHATWS_DECLINED;
    }

    found = chatws_people_crowd_slice(tb, crowd, cursor, rows);

    for (i = 0; i < found; i++) {
        p = chatws_people_place(tb, rows[i]);

        if (reciprocal
            && (p->row.flags & CHATWS_PLACE_PRIVATE)
            && chatws_people_person(tb, p->person)->hash == user)
        {
            return CHATWS_DECLINED;
        }

        if ((p->row.flags & CHATWS_PLACE_PEOPLE)
            && (p->read_public != 0 || p->delivered != 0)
            && !chatws_people_is_invisible(tb, rows[i]))
        {
            chatws_people_get_mark(tb, rows[i], &marks[*n]);

            marks[*n].len = (uint32_t) chatws_people_id(tb, p->person,
                                                        marks[*n].id);
            (*n)++;
        }
    }

    return cursor->done ? CHATWS_OK : CHATWS_AGAIN;
}


uint32_t
chatws_people_watermarks(chatws_people_t *tb, uint64_t user,
    chatws_people_cursor_t *cursor, chatws_people_mark_t *marks)
{
    uint32_t  crowd, found, i, n, person, rows[CHATWS_PEOPLE_WALK];

    person = chatws_people_find_person(tb, user);

    if (person == 0) {
        cursor->done = 1;
        return 0;
    }

    found = chatws_people_person_slice(tb, person, cursor, rows);
    n = 0;

    for (i = 0; i < found; i++) {

        if (!chatws_people_is_reader(tb, rows[i])) {
            continue;
        }

        chatws_people_get_mark(tb, rows[i], &marks[n]);

        crowd = chatws_people_place(tb, rows[i])->crowd;
        marks[n].len = (uint32_t) chatws_people_id(tb, crowd, marks[n].id);
        n++;
    }

    return n;
}


static void
chatws_people_get_mark(chatws_people_t *tb, uint32_t place,
    chatws_people_mark_t *mark)
{
    chatws_place_t  *p;

    p = chatws_people_place(tb, place);

    mark->count = chatws_people_crowd(tb, p->crowd)->count;
    mark->read = p->read;
    mark->seen = p->seen;
    mark->read_public = p->read_public;
    mark->delivered = p->delivered;
    mark->marked = (p->row.flags & CHATWS_PLACE_MARKED) != 0;
}
