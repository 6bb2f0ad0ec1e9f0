
/*
 * Copyright (C) chatws contributors
 *
 * The table of people is compared with the store.
 */


#include "store/chatws_people_store.h"

#include <string.h>


/* a worker, by its slot and how often that was claimed, in one word */
#define CHATWS_FLUSHER_SERIAL  0x1fffff
#define CHATWS_FLUSHER_SLOT    21

chatws_static_assert(chatws_flusher_fits,
    CHATWS_SLOTS_MAX < 1 << (32 - CHATWS_FLUSHER_SLOT));


static void chatws_people_joined_inbox(chatws_people_t *tb,
    chatws_store_t *st, uint64_t user, const chatws_str_t *inbox,
    uint32_t row, const chatws_people_now_t *now);
static void chatws_people_examine_person(chatws_people_t *tb,
    chatws_store_t *st, uint32_t person, int later,
    const chatws_people_now_t *now);
static void chatws_people_examine_place(chatws_people_t *tb,
    chatws_store_t *st, uint32_t place, const chatws_people_now_t *now);
static uint32_t chatws_people_state_of(chatws_store_t *st, uint32_t inbox,
    uint64_t user);
static int chatws_people_sweep_on(chatws_people_t *tb, chatws_store_t *st,
    const chatws_people_now_t *now);
static uint32_t chatws_people_flusher(chatws_store_t *st, uint32_t slot);
static int chatws_people_flusher_lives(chatws_store_t *st, uint32_t flusher);


void
chatws_people_joined(chatws_people_t *tb, chatws_store_t *st, uint64_t user,
    const chatws_people_name_t *chat, const chatws_subscribed_t *at,
    const chatws_people_now_t *now)
{
    uint32_t              crowd, person, place;
    chatws_people_name_t  name;

    if (chatws_inbox_is(&chat->id)) {
        chatws_people_joined_inbox(tb, st, user, &chat->id, at->chat, now);
        return;
    }

    if (tb->rules.features & CHATWS_PEOPLE_ALL) {
        name.id.len = 0;
        name.id.data = NULL;
        name.hash = user;

        place = chatws_people_make_place(tb, &name, chat, at->seq);

    } else {
        person = chatws_people_find_person(tb, user);
        crowd = chatws_people_find_crowd(tb, chat->hash);
        place = chatws_people_find_place(tb, person, crowd);
    }

    if (place != 0
        && !(chatws_people_row(tb, place)->flags & CHATWS_PLACE_SUBSCRIBED))
    {
        chatws_people_set_subscribed(tb, place, 1, 0, now);
    }
}


static void
chatws_people_joined_inbox(chatws_people_t *tb, chatws_store_t *st,
    uint64_t user, const chatws_str_t *inbox, uint32_t row,
    const chatws_people_now_t *now)
{
    uint32_t              person;
    chatws_people_name_t  name;

    if (tb->rules.features & CHATWS_PEOPLE_ALL) {
        name.id.len = inbox->len - 1;
        name.id.data = inbox->data + 1;
        name.hash = user;

        person = chatws_people_make_person(tb, &name);

    } else {
        person = chatws_people_find_person(tb, user);
    }

    if (person != 0) {
        chatws_people_set_state(tb, person,
                                chatws_people_state_of(st, row, user), 1, now);
    }
}


void
chatws_people_parted(chatws_people_t *tb, chatws_store_t *st,
    const chatws_people_parted_t *parted, const chatws_people_now_t *now)
{
    uint32_t             crowd, person, place;
    chatws_subscribed_t  at;

    person = chatws_people_find_person(tb, parted->user);

    if (person == 0) {
        return;
    }

    if (parted->inbox) {
        chatws_people_set_state(tb, person,
                                chatws_people_state_of(st, parted->row,
                                                       parted->user),
                                1, now);
        return;
    }

    crowd = chatws_people_find_crowd(tb, parted->chat);
    place = chatws_people_find_place(tb, person, crowd);

    if (place == 0
        || chatws_store_members(st, parted->row, parted->user, 0) != 0)
    {
        return;
    }

    /* an id that was guessed is not kept: nothing was published there */

    chatws_store_position(st, parted->row, &at);
    chatws_people_set_subscribed(tb, place, 0, !parted->asked && at.seq != 0,
                                 now);
}


void
chatws_people_examine(chatws_people_t *tb, chatws_store_t *st, uint32_t row,
    const chatws_people_now_t *now)
{
    uint32_t  person;

    person = row;

    if (chatws_people_is(chatws_people_row(tb, row), CHATWS_PEOPLE_PLACE)) {
        person = chatws_people_place(tb, row)->person;
    }

    chatws_people_examine_person(tb, st, person, 1, now);

    if (person != row) {
        chatws_people_examine_place(tb, st, row, now);
    }
}


static void
chatws_people_examine_person(chatws_people_t *tb, chatws_store_t *st,
    uint32_t person, int later, const chatws_people_now_t *now)
{
    uint8_t              buf[CHATWS_INBOX_MAX], id[CHATWS_NAME_MAX];
    uint32_t             flags, state;
    chatws_str_t         inbox, user;
    chatws_person_t     *p;
    chatws_subscribed_t  at;

    p = chatws_people_person(tb, person);
    flags = p->row.flags;

    user.data = id;
    user.len = chatws_people_id(tb, person, id);

    chatws_inbox_id(&inbox, buf, &user);

    state = CHATWS_PERSON_OFFLINE;

    if (chatws_store_find(st, &inbox, &at) == CHATWS_OK) {
        state = chatws_people_state_of(st, at.chat, p->hash);
    }

    /* a sweep does not begin the grace again */

    if (later
        && (flags & CHATWS_PERSON_GRACE)
        && state != (flags & CHATWS_PERSON_STATE))
    {
        return;
    }

    chatws_people_set_state(tb, person, state, later, now);
}


static void
chatws_people_examine_place(chatws_people_t *tb, chatws_store_t *st,
    uint32_t place, const chatws_people_now_t *now)
{
    int                   on;
    uint8_t               id[CHATWS_NAME_MAX];
    uint64_t              user;
    chatws_str_t          chat;
    chatws_place_t       *p;
    chatws_subscribed_t   at;

    p = chatws_people_place(tb, place);

    chat.data = id;
    chat.len = chatws_people_id(tb, p->crowd, id);

    on = 0;
    at.seq = 0;

    if (chatws_store_find(st, &chat, &at) == CHATWS_OK) {
        user = chatws_people_person(tb, p->person)->hash;
        on = chatws_store_members(st, at.chat, user, 0) != 0;
    }

    chatws_people_set_subscribed(tb, place, on, on || at.seq != 0
                                 || (p->row.flags & CHATWS_PLACE_KEPT), now);
}


/* The state that the connections of a user have in its inbox. */

static uint32_t
chatws_people_state_of(chatws_store_t *st, uint32_t inbox, uint64_t user)
{
    if (chatws_store_members(st, inbox, user,
                             CHATWS_MEMBER_AWAY|CHATWS_MEMBER_GONE)
        != 0)
    {
        return CHATWS_PERSON_ONLINE;
    }

    if (chatws_store_members(st, inbox, user, CHATWS_MEMBER_GONE) != 0) {
        return CHATWS_PERSON_AWAY;
    }

    return CHATWS_PERSON_OFFLINE;
}


chatws_rc_e
chatws_people_say(chatws_people_t *tb, chatws_store_t *st, uint32_t slot,
    const chatws_str_t *inbox, uint32_t row, uint64_t user, uint32_t was,
    uint32_t flags, const chatws_people_now_t *now)
{
    uint32_t             person;
    chatws_rc_e          rc;
    chatws_subscribed_t  at;

    /* in this order the user has a connection all the time */

    rc = chatws_store_subscribe(st, slot, inbox, user, flags,
                                CHATWS_SHARE_ANY, &at);
    if (rc != CHATWS_OK) {
        return CHATWS_BUSY;
    }

    chatws_store_unsubscribe(st, slot, row, user, was, 0);

    person = chatws_people_find_person(tb, user);

    if (person != 0) {
        chatws_people_set_state(tb, person,
                                chatws_people_state_of(st, row, user), 0, now);
    }

    return CHATWS_OK;
}


int
chatws_people_tend(chatws_people_t *tb, chatws_store_t *st,
    const chatws_people_now_t *now)
{
    uint32_t  i, person;

    if (tb->lists[CHATWS_PEOPLE_LIST_ANNOUNCE] != 0) {
        (void) chatws_people_announce(tb, now);
        return 1;
    }

    for (i = 0; i < CHATWS_PEOPLE_WALK; i++) {
        person = chatws_people_graced(tb, now);

        if (person == 0) {
            break;
        }

        chatws_people_examine_person(tb, st, person, 0, now);
    }

    if (i != 0 || chatws_people_expire(tb, now)) {
        return 1;
    }

    return chatws_people_sweep_on(tb, st, now);
}


static int
chatws_people_sweep_on(chatws_people_t *tb, chatws_store_t *st,
    const chatws_people_now_t *now)
{
    int       more;
    uint32_t  i, row;

    more = 1;

    for (i = 0; i < CHATWS_PEOPLE_WALK; i++) {
        row = chatws_people_swept(tb, &more);

        if (row == 0) {
            break;
        }

        if (chatws_people_is(chatws_people_row(tb, row),
                             CHATWS_PEOPLE_PERSON))
        {
            chatws_people_examine_person(tb, st, row, 1, now);

        } else {
            chatws_people_examine_place(tb, st, row, now);
        }
    }

    return more || tb->lists[CHATWS_PEOPLE_LIST_ANNOUNCE] != 0;
}


static uint32_t
chatws_people_flusher(chatws_store_t *st, uint32_t slot)
{
    return (slot + 1) << CHATWS_FLUSHER_SLOT
           | (chatws_store_slot(st, slot)->serial & CHATWS_FLUSHER_SERIAL);
}


static int
chatws_people_flusher_lives(chatws_store_t *st, uint32_t flusher)
{
    uint32_t  slot;

    slot = (flusher >> CHATWS_FLUSHER_SLOT) - 1;

    return slot < chatws_store_nslots(st)
           && chatws_store_slot(st, slot)->state == CHATWS_SLOT_LIVE
           && chatws_people_flusher(st, slot) == flusher;
}


uint32_t
chatws_people_flush_take(chatws_people_t *tb, chatws_store_t *st,
    uint32_t slot, uint64_t late, const chatws_people_now_t *now)
{
    uint32_t  crowd, flusher, i;

    for (i = 0; i < CHATWS_PEOPLE_WALK; i++) {
        crowd = chatws_people_due(tb, late, now);

        if (crowd == 0) {
            break;
        }

        flusher = chatws_people_crowd(tb, crowd)->flusher;

        if (flusher != 0 && chatws_people_flusher_lives(st, flusher)) {
            chatws_people_flush_wait(tb, crowd, now);
            continue;
        }

        chatws_people_flush_begin(tb, crowd, chatws_people_flusher(st, slot),
                                  now);
        return crowd;
    }

    return 0;
}


void
chatws_people_flush_give(chatws_people_t *tb, chatws_store_t *st,
    uint32_t slot, uint32_t crowd, int failed)
{
    chatws_people_flush_end(tb, crowd, chatws_people_flusher(st, slot),
                            failed);
}


uint32_t
chatws_people_flush_notes(chatws_people_t *tb, uint32_t crowd,
    chatws_people_cursor_t *cursor, chatws_people_note_t *notes)
{
    uint32_t  full, i, n, rows[CHATWS_PEOPLE_WALK];

    full = chatws_people_row(tb, crowd)->flags & CHATWS_CROWD_FULL;

    n = full ? chatws_people_crowd_slice(tb, crowd, cursor, rows)
             : CHATWS_PEOPLE_WALK;

    for (i = 0; i < n; i++) {

        if (!full) {
            rows[i] = chatws_people_changed(tb, crowd);

            if (rows[i] == 0) {
                cursor->done = 1;
                break;
            }
        }

        chatws_people_note(tb, rows[i], &notes[i]);
        chatws_people_told(tb, rows[i]);
    }

    return i;
}
