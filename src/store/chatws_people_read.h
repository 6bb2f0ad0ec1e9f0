
/*
 * Copyright (C) chatws contributors
 *
 * What was read: the rules by which the watermarks of a place move.  All
 * functions need the lock of the zone.
 */


#ifndef _CHATWS_PEOPLE_READ_H_INCLUDED_
#define _CHATWS_PEOPLE_READ_H_INCLUDED_


#include "store/chatws_people.h"


/* What a user says to have read. */

typedef struct {
    uint64_t   seq;              /* a number of the chat, or 0 */
    int64_t    seen;             /* the count there */
    unsigned   all:1;            /* nothing is behind it */
    unsigned   secret:1;         /* nobody else is told */
} chatws_reading_t;


/*
 * The watermark moves there, unless it is there or further already, and the
 * mark by hand is taken away.  What others are told moves by itself: a secret
 * reading leaves it where it is.
 */
void chatws_people_read(chatws_people_t *tb, uint32_t place,
    const chatws_reading_t *reading, const chatws_people_now_t *now);

/*
 * The user has sent the message with this number, which has this count: it has
 * read the chat up to there, which others see from the message itself.
 */
void chatws_people_sent(chatws_people_t *tb, uint32_t place, uint64_t seq,
    uint64_t count);

/* The place is marked as unread by hand, or is not any more. */
void chatws_people_mark(chatws_people_t *tb, uint32_t place, int marked,
    const chatws_people_now_t *now);

/* So many messages are unread, which may be more than before. */
void chatws_people_set_unread(chatws_people_t *tb, uint32_t place,
    uint64_t unread, const chatws_people_now_t *now);

/*
 * The user has got the chat up to this number.  1: that is news for others;
 * what was read was got before.
 */
int chatws_people_delivered(chatws_people_t *tb, uint32_t place, uint64_t seq,
    const chatws_people_now_t *now);


#endif /* _CHATWS_PEOPLE_READ_H_INCLUDED_ */
