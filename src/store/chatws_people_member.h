
/*
 * Copyright (C) chatws contributors
 *
 * Members: what an app server says of who is in which chat becomes rows of the
 * table of people, commands to all workers, and notifications to the users.
 * All functions need the lock of the zone.
 */


#ifndef _CHATWS_PEOPLE_MEMBER_H_INCLUDED_
#define _CHATWS_PEOPLE_MEMBER_H_INCLUDED_


#include "store/chatws_people.h"
#include "store/chatws_store.h"


/* bytes of what is put into a notification, at most, and of all of it */
#define CHATWS_MEMBERSHIP_NUMBERS  128
#define CHATWS_MEMBERSHIP_TEXT     1280


/*
 * One user in one chat, as the app server wants it.  The strings stay the
 * caller's.
 */

typedef struct {
    chatws_people_name_t   user;
    chatws_people_name_t   chat;
    chatws_str_t           inbox;        /* id of the user's */
    chatws_str_t           command;      /* to the workers, if it is news */
    chatws_str_t           before;       /* text of the notification, up to the
                                            last number of the chat, if it is
                                            added, and behind the numbers */
    chatws_str_t           after;
    uint64_t               begun;        /* ms since 1970: of the request that
                                            asserts it; 0: it is a command */
    uint64_t               list;         /* of the list of members that names
                                            it, 0: none */
    uint64_t               unread;       /* counts if nothing is known of the
                                            user in the chat */
    unsigned               add:1;        /* 0: no member any more */
    unsigned               has_unread:1;
    unsigned               has_muted:1;
    unsigned               muted:1;
    unsigned               counted:1;    /* the user is told of counts */
    unsigned               news:1;       /* is set if it was not so before */
    unsigned               fresh:1;      /* is set if nothing was known */
} chatws_membership_t;


/* What changes are made by. */

typedef struct {
    chatws_people_t       *people;
    chatws_store_t        *store;
    chatws_people_now_t    now;
    uint64_t               patience;     /* ms, see chatws_store_publish() */
    uint64_t               room;         /* bytes that the entries of all
                                            changes take in the ring */
    uint32_t               nwake;        /* slots to be woken, as in a */
    uint32_t              *wake;         /* chatws_posted_t */
} chatws_membership_by_t;


/* The bytes that a change takes in the ring at most: of its texts so many. */
uint64_t chatws_people_member_room(size_t text);

/*
 * Makes n changes, of which there are few, in order.  Returns how many were
 * made; there was no room for the rest.  A change has three parts, in this
 * order: the command, the notification, the row; so a process that dies in
 * between leaves nothing that is not made good when the change is said again.
 */
uint32_t chatws_people_member_set(chatws_membership_by_t *by,
    chatws_membership_t *changes, uint32_t n);


/* A command about the members of a chat. */

typedef struct {
    chatws_people_name_t   chat;
    uint64_t               version;      /* 0: none */
    uint32_t               token;        /* hash of the token */
    unsigned               replace:1;    /* a list begins, */
    unsigned               goes_on:1;    /* or goes on */
} chatws_member_list_t;


/*
 * Begins a command, and sets *list to chatws_membership_t.list for all that it
 * names.  The upper half of that is a hash of the token, the lower half one
 * more for each list: who begins again with the same token begins another one.
 *
 * CHATWS_OK.  CHATWS_DECLINED: the version is below that of the chat.
 * CHATWS_ERROR: no list with this token is under way.  CHATWS_BUSY: there is
 * no room.
 */
chatws_rc_e chatws_people_member_begin(chatws_people_t *tb,
    chatws_store_t *st, const chatws_member_list_t *command, uint64_t *list);

/*
 * The next members of a chat that a list has not named: fills ids, with room
 * for CHATWS_PEOPLE_WALK ids of CHATWS_NAME_MAX bytes, and users, and returns
 * how many there are.  cursor as in chatws_people_crowd_slice().
 */
uint32_t chatws_people_member_unnamed(chatws_people_t *tb, uint64_t chat,
    uint64_t list, chatws_people_cursor_t *cursor, chatws_str_t *users,
    uint8_t (*ids)[CHATWS_NAME_MAX]);

/*
 * Whether a user is a member of a chat, both by hash.  CHATWS_OK: yes.
 * CHATWS_DECLINED: no.  CHATWS_AGAIN: the chat has no member, and the table is
 * not older than settle ms, so that nobody can tell yet.
 */
chatws_rc_e chatws_people_member_is(chatws_people_t *tb, uint64_t user,
    uint64_t chat, uint64_t settle, const chatws_people_now_t *now);


/* A user of a chat, or a chat of a user. */

typedef struct {
    chatws_people_reads_t  reads;
    uint64_t               last;         /* number of the chat; 0 for users */
    uint64_t               offset;       /* + 1, of its last message; 0: none */
    uint64_t               count;        /* of the chat */
    uint64_t               unread;
    uint64_t               since;        /* of the user */
    uint32_t               flags;        /* of the place */
    uint32_t               state;        /* flags of the person */
    uint32_t               len;          /* bytes of the id */
    uint8_t                id[CHATWS_NAME_MAX];    /* of the other one */
} chatws_person_chat_t;


/*
 * A walk over the chats of a user or, with crowd, over the users of a chat, by
 * the hash of its id: fills up to CHATWS_PEOPLE_WALK of list and returns how
 * many there are.  cursor as in chatws_people_crowd_slice().
 */
uint32_t chatws_people_member_walk(chatws_people_t *tb, chatws_store_t *st,
    uint64_t hash, int crowd, chatws_people_cursor_t *cursor,
    chatws_person_chat_t *list);


#endif /* _CHATWS_PEOPLE_MEMBER_H_INCLUDED_ */
