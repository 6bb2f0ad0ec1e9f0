
/*
 * Copyright (C) chatws contributors
 *
 * What users have read, as the table of people and the store know it together.
 * All functions need the lock of the zone.
 */


#ifndef _CHATWS_PEOPLE_READER_H_INCLUDED_
#define _CHATWS_PEOPLE_READER_H_INCLUDED_


#include "store/chatws_people_read.h"
#include "store/chatws_store.h"


/* What is done with the watermark of a user in a chat. */

typedef enum {
    CHATWS_READER_LOOK = 0,        /* nothing */
    CHATWS_READER_READ,            /* it moves to seq, */
    CHATWS_READER_SECRET,          /* and nobody else is told */
    CHATWS_READER_MARK,            /* it is marked as unread by hand, */
    CHATWS_READER_UNMARK,          /* or is not any more */
    CHATWS_READER_UNREAD,          /* it moves to where seq are unread */
    CHATWS_READER_DELIVERED        /* the user has got the chat up to seq */
} chatws_reader_act_e;


/* A user in a chat; the first part is the caller's. */

typedef struct {
    chatws_people_name_t   user;
    chatws_people_name_t   chat;
    chatws_people_now_t    now;
    uint64_t               seq;
    int64_t                old;        /* with looked: the count at seq */
    unsigned               entered:1;  /* a connection of the user, which asks,
                                          is subscribed to the chat */
    unsigned               any:1;      /* it may be anybody with a place */
    unsigned               looked:1;   /* old is set */

    unsigned               marked:1;   /* as unread, by hand */
    unsigned               news:1;     /* somebody may have to be told */
    chatws_subscribed_t    at;         /* of the chat; zeros: it has no row */
    uint64_t               count;
    uint64_t               read;
    int64_t                seen;
} chatws_people_reader_t;


/*
 * Carries it out, and fills the second part.  CHATWS_DECLINED: the user is
 * neither in the chat nor a member.  CHATWS_BUSY: there is no room for a place.
 * CHATWS_AGAIN: nothing was done yet; seq is an older number, whose count the
 * caller looks up without the lock, with reader->at, before it calls again.
 * With the first and the second the numbers are those of somebody to whom
 * nothing is unread.
 */
chatws_rc_e chatws_people_reader(chatws_people_t *tb, chatws_store_t *st,
    chatws_people_reader_t *reader, chatws_reader_act_e act);


/* What a publication to a chat has to do with its readers. */

typedef struct {
    chatws_tally_t         tally;      /* for the store */
    chatws_people_name_t   chat;       /* the caller's */
    uint32_t               crowd;      /* 0: there is no room for it */
    uint32_t               len;        /* bytes of the id of the sender, whose
                                          watermark has moved; 0: it has not */
    uint8_t                id[CHATWS_NAME_MAX];
} chatws_people_tally_t;


/* Sets the tally of the chat, which is made if there is none. */
void chatws_people_tally(chatws_people_t *tb, chatws_store_t *st,
    chatws_people_tally_t *tally);

/* The sender, a hash, has read up to what was published with this tally. */
void chatws_people_tally_sent(chatws_people_t *tb,
    chatws_people_tally_t *tally, uint64_t sender,
    const chatws_posted_t *posted);


/* 1: the user, a hash, has read the chat last without telling others. */
int chatws_people_is_secret(chatws_people_t *tb, uint64_t user,
    uint64_t chat);


/* What is told of a place: to others, or to the user. */

typedef struct {
    uint64_t               count;
    uint64_t               read;
    int64_t                seen;
    uint64_t               read_public;
    uint64_t               delivered;
    unsigned               marked:1;
    uint32_t               len;        /* of the id of the user, or the chat */
    uint8_t                id[CHATWS_NAME_MAX];
} chatws_people_mark_t;


/*
 * Fills marks, which has CHATWS_PEOPLE_WALK elements, with the next people of
 * a chat of whom others are told that they have read or got something, and
 * sets n.  user is the hash of who asks.  CHATWS_DECLINED: there are more than
 * limit people, or with reciprocal, this user tells nobody; CHATWS_AGAIN: these
 * were not the last ones.
 */
chatws_rc_e chatws_people_readers(chatws_people_t *tb, uint64_t chat,
    uint64_t user, uint32_t limit, int reciprocal,
    chatws_people_cursor_t *cursor, chatws_people_mark_t *marks, uint32_t *n);

/*
 * The same for the chats of a user; returns their number, and cursor->done
 * tells that these were the last ones.
 */
uint32_t chatws_people_watermarks(chatws_people_t *tb, uint64_t user,
    chatws_people_cursor_t *cursor, chatws_people_mark_t *marks);


#endif /* _CHATWS_PEOPLE_READER_H_INCLUDED_ */
