
/*
 * Copyright (C) chatws contributors
 *
 * Who is there, as others see it.
 */


#include <string.h>

#include "store/chatws_people_presence.h"
#include "store/chatws_people_private.h"


static void chatws_people_count(chatws_people_t *tb, uint32_t crowd,
    chatws_people_numbers_t *numbers);
static int chatws_people_is_member(chatws_people_t *tb, uint32_t person,
    uint32_t place);


uint32_t
chatws_people_roll(chatws_people_t *tb, uint64_t chat,
    chatws_people_cursor_t *cursor, chatws_people_note_t *notes,
    chatws_people_numbers_t *numbers)
{
    uint32_t  crowd, i, n, people, rows[CHATWS_PEOPLE_WALK];

    crowd = chatws_people_find_crowd(tb, chat);

    chatws_people_count(tb, crowd, numbers);

    if (crowd == 0) {
        cursor->done = 1;
        return 0;
    }

    n = chatws_people_crowd_slice(tb, crowd, cursor, rows);
    people = 0;

    for (i = 0; i < n; i++) {
        if (chatws_people_place(tb, rows[i])->row.flags & CHATWS_PLACE_PEOPLE)
        {
            chatws_people_note(tb, rows[i], &notes[people++]);
        }
    }

    return people;
}


void
chatws_people_look(chatws_people_t *tb, uint64_t chat, const uint64_t *users,
    uint32_t n, chatws_people_look_t *looks, chatws_people_numbers_t *numbers)
{
    uint32_t  crowd, i, person, place;

    crowd = chatws_people_find_crowd(tb, chat);

    chatws_people_count(tb, crowd, numbers);

    for (i = 0; i < n; i++) {
        chatws_people_look_at(tb, users[i], &looks[i]);

        person = crowd != 0 ? chatws_people_find_person(tb, users[i]) : 0;
        place = person != 0 ? chatws_people_find_place(tb, person, crowd) : 0;

        looks[i].people = place != 0
                          && (chatws_people_place(tb, place)->row.flags
                              & CHATWS_PLACE_PEOPLE) != 0;
    }
}


static void
chatws_people_count(chatws_people_t *tb, uint32_t crowd,
    chatws_people_numbers_t *numbers)
{
    chatws_crowd_t  *c;

    numbers->people = 0;
    numbers->online = 0;

    if (crowd != 0) {
        c = chatws_people_crowd(tb, crowd);

        numbers->people = c->people;
        numbers->online = c->online;
    }
}


void
chatws_people_look_at(chatws_people_t *tb, uint64_t user,
    chatws_people_look_t *look)
{
    uint32_t  person;

    memset(look, 0, sizeof(chatws_people_look_t));

    person = chatws_people_find_person(tb, user);

    if (person != 0) {
        look->state = chatws_people_visible(tb, person, &look->since);
    }
}


int
chatws_people_share(chatws_people_t *tb, uint64_t one, uint64_t other,
    chatws_people_cursor_t *cursor)
{
    uint32_t  i, n, person, rows[CHATWS_PEOPLE_WALK], self;

    self = chatws_people_find_person(tb, one);
    person = chatws_people_find_person(tb, other);

    if (self == 0 || person == 0) {
        cursor->done = 1;
        return 0;
    }

    n = chatws_people_person_slice(tb, self, cursor, rows);

    for (i = 0; i < n; i++) {
        if (chatws_people_is_member(tb, person, rows[i])) {
            cursor->done = 1;
            return 1;
        }
    }

    return 0;
}


/* Whether a place is that of a member, and so is another person's there. */

static int
chatws_people_is_member(chatws_people_t *tb, uint32_t person, uint32_t place)
{
    chatws_place_t  *p;

    p = chatws_people_place(tb, place);

    if (!(p->row.flags & CHATWS_PLACE_MEMBER)) {
        return 0;
    }

    place = chatws_people_find_place(tb, person, p->crowd);

    return place != 0
           && (chatws_people_place(tb, place)->row.flags
               & CHATWS_PLACE_MEMBER) != 0;
}


chatws_rc_e
chatws_people_hide(chatws_people_t *tb, const chatws_people_name_t *user,
    int hide, const chatws_people_now_t *now)
{
    uint32_t  person;

    person = hide ? chatws_people_make_person(tb, user)
                  : chatws_people_find_person(tb, user->hash);

    if (person == 0) {
        return hide ? CHATWS_BUSY : CHATWS_OK;
    }

    chatws_people_set_invisible(tb, person, hide, now);

    return CHATWS_OK;
}


int
chatws_people_is_hidden(chatws_people_t *tb, uint64_t user)
{
    uint32_t  person;

    person = chatws_people_find_person(tb, user);

    return person != 0
           && (chatws_people_person(tb, person)->row.flags
               & CHATWS_PERSON_INVISIBLE) != 0;
}


uint32_t
chatws_people_chats(chatws_people_t *tb, uint64_t user,
    chatws_people_cursor_t *cursor, uint32_t *rows)
{
    uint32_t  i, n, person;

    person = chatws_people_find_person(tb, user);

    if (person == 0) {
        cursor->done = 1;
        return 0;
    }

    n = chatws_people_person_slice(tb, person, cursor, rows);

    for (i = 0; i < n; i++) {
        rows[i] = chatws_people_place(tb, rows[i])->crowd;
    }

    return n;
}


int
chatws_people_is_many(chatws_people_t *tb, uint64_t chat)
{
    uint32_t  crowd;

    crowd = chatws_people_find_crowd(tb, chat);

    return crowd != 0
           && (chatws_people_row(tb, crowd)->flags & CHATWS_CROWD_MANY) != 0;
}


void
chatws_people_set_many(chatws_people_t *tb, uint64_t chat, int many)
{
    uint32_t  crowd;

    crowd = chatws_people_find_crowd(tb, chat);

    if (crowd == 0) {
        return;
    }

    chatws_journal_begin(&tb->journal, NULL, 0);
    chatws_people_flag(tb, chatws_people_row(tb, crowd), CHATWS_CROWD_MANY,
                       many ? CHATWS_CROWD_MANY : 0);
    chatws_journal_commit(&tb->journal);
}
