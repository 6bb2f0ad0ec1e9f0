
/*
 * Copyright (C) chatws contributors
 *
 * Who is there, as others see it: questions to the table of people.  All
 * functions need the lock; users and chats are given by chatws_store_hash().
 */


#ifndef _CHATWS_PEOPLE_PRESENCE_H_INCLUDED_
#define _CHATWS_PEOPLE_PRESENCE_H_INCLUDED_


#include "store/chatws_people_store.h"


/* How others see a user. */

typedef struct {
    uint64_t             since;    /* as of chatws_people_visible() */
    uint32_t             state;
    uint32_t             people;   /* 1: it is one of the chat's people */
} chatws_people_look_t;


/* How many people a chat has, and how many of them are online or away. */

typedef struct {
    uint32_t             people;
    uint32_t             online;
} chatws_people_numbers_t;


/*
 * Notes the next people of a chat, in a walk that begins with a cursor of
 * zeros: fills notes, which has CHATWS_PEOPLE_WALK elements, and returns how
 * many they are.  The numbers are those of the whole chat.
 */
uint32_t chatws_people_roll(chatws_people_t *tb, uint64_t chat,
    chatws_people_cursor_t *cursor, chatws_people_note_t *notes,
    chatws_people_numbers_t *numbers);

/*
 * Looks at n users of a chat, at most CHATWS_PEOPLE_WALK: fills looks.  Whoever
 * is not known is offline, and was never seen.
 */
void chatws_people_look(chatws_people_t *tb, uint64_t chat,
    const uint64_t *users, uint32_t n, chatws_people_look_t *looks,
    chatws_people_numbers_t *numbers);

/* The same for one user, of no chat. */
void chatws_people_look_at(chatws_people_t *tb, uint64_t user,
    chatws_people_look_t *look);

/*
 * Whether two users are members of a chat together: 1 as soon as one is found
 * in a walk that begins with a cursor of zeros, which is done then.
 */
int chatws_people_share(chatws_people_t *tb, uint64_t one, uint64_t other,
    chatws_people_cursor_t *cursor);

/*
 * Lets others see a user as offline, or as it is: with hide the user is made
 * if it is not known.  CHATWS_BUSY: there is no room.
 */
chatws_rc_e chatws_people_hide(chatws_people_t *tb,
    const chatws_people_name_t *user, int hide,
    const chatws_people_now_t *now);

/* 1: others see the user as offline, whatever it does. */
int chatws_people_is_hidden(chatws_people_t *tb, uint64_t user);

/*
 * Notes the next chats of a user, in a walk as above: fills rows, which has
 * CHATWS_PEOPLE_WALK elements, with their crowds.
 */
uint32_t chatws_people_chats(chatws_people_t *tb, uint64_t user,
    chatws_people_cursor_t *cursor, uint32_t *rows);

/* Whether others were told only the numbers of a chat; and that it is so. */
int chatws_people_is_many(chatws_people_t *tb, uint64_t chat);
void chatws_people_set_many(chatws_people_t *tb, uint64_t chat, int many);


#endif /* _CHATWS_PEOPLE_PRESENCE_H_INCLUDED_ */
