
/*
 * Copyright (C) chatws contributors
 *
 * The table of people, and the subscriptions in the store that it is compared
 * with.  All functions need the lock, with which both are in the state of
 * before or after a step.
 *
 * A subscription that begins or ends is examined under the same lock.  What a
 * dead process had, and what was there before the table was made, is found by
 * a sweep over all rows.
 */


#ifndef _CHATWS_PEOPLE_STORE_H_INCLUDED_
#define _CHATWS_PEOPLE_STORE_H_INCLUDED_


#include "store/chatws_people.h"
#include "store/chatws_store.h"


/* Features that know of those who are no members of a chat. */
#define CHATWS_PEOPLE_ALL  (CHATWS_PEOPLE_PRESENCE|CHATWS_PEOPLE_UNREAD)


/* A subscription that has ended. */

typedef struct {
    uint64_t    user;            /* hashes */
    uint64_t    chat;
    uint32_t    row;             /* of the chat, in the store */
    unsigned    inbox:1;         /* it is an inbox */
    unsigned    asked:1;         /* not the connection ended, but this */
} chatws_people_parted_t;


/* A place that is to be told, as it is now. */

typedef struct {
    uint64_t    hash;            /* of the user */
    uint64_t    since;           /* see chatws_people_shown() */
    uint64_t    read;            /* the public one */
    uint64_t    delivered;
    uint32_t    state;           /* as others see it */
    uint32_t    flags;           /* of the place */
    uint32_t    len;             /* of the id */
    unsigned    invisible:1;
    uint8_t     id[CHATWS_NAME_MAX];
} chatws_people_note_t;


/*
 * A user, by the hash of its id, was subscribed to a chat, which may be its
 * inbox; at is what chatws_store_subscribe() gave.  Whoever is in no inbox is
 * not known.
 */
void chatws_people_joined(chatws_people_t *tb, chatws_store_t *st,
    uint64_t user, const chatws_people_name_t *chat,
    const chatws_subscribed_t *at, const chatws_people_now_t *now);

/*
 * A subscription was taken out of the store, where its chat has this row
 * still.
 */
void chatws_people_parted(chatws_people_t *tb, chatws_store_t *st,
    const chatws_people_parted_t *parted, const chatws_people_now_t *now);

/*
 * Compares a row, which is a person, or a place with its person: for one that
 * was made for a user who may be connected.  The place may be gone after that.
 */
void chatws_people_examine(chatws_people_t *tb, chatws_store_t *st,
    uint32_t row, const chatws_people_now_t *now);

/*
 * A connection of a user says how it is: in its inbox, which has this row, it
 * counts with other flags.  CHATWS_BUSY: there is no room, nothing was done.
 */
chatws_rc_e chatws_people_say(chatws_people_t *tb, chatws_store_t *st,
    uint32_t slot, const chatws_str_t *inbox, uint32_t row, uint64_t user,
    uint32_t was, uint32_t flags, const chatws_people_now_t *now);

/*
 * Does the next part of what is to be done without being asked: announces,
 * ends graces, sweeps.  1: there may be more.
 */
int chatws_people_tend(chatws_people_t *tb, chatws_store_t *st,
    const chatws_people_now_t *now);

/*
 * Begins a flush for a slot, of a crowd that is due since late ms and that no
 * other worker is busy with, which is returned; 0: there is none.
 * flush_give() ends it; failed: the next one tells all.
 */
uint32_t chatws_people_flush_take(chatws_people_t *tb, chatws_store_t *st,
    uint32_t slot, uint64_t late, const chatws_people_now_t *now);
void chatws_people_flush_give(chatws_people_t *tb, chatws_store_t *st,
    uint32_t slot, uint32_t crowd, int failed);

/*
 * Notes the next places of a flush, which are told then: fills notes, which
 * has CHATWS_PEOPLE_WALK elements, and returns their number.  cursor->done:
 * these were the last ones.
 */
uint32_t chatws_people_flush_notes(chatws_people_t *tb, uint32_t crowd,
    chatws_people_cursor_t *cursor, chatws_people_note_t *notes);

/* Notes a place as it is now: people_note.c. */
void chatws_people_note(chatws_people_t *tb, uint32_t place,
    chatws_people_note_t *note);


#endif /* _CHATWS_PEOPLE_STORE_H_INCLUDED_ */
