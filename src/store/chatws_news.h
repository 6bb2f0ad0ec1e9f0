
/*
 * Copyright (C) chatws contributors
 *
 * The users of whom others see something new, in the order in which that came
 * about: the last ones of them, in shared memory.  Each process reads from
 * where it has stopped before; whoever is too late knows that it has missed
 * some, and looks at all users that it cares for.
 */


#ifndef _CHATWS_NEWS_H_INCLUDED_
#define _CHATWS_NEWS_H_INCLUDED_


#include "base/chatws_core.h"


#define CHATWS_NEWS  256     /* users that are kept, a power of two */


/* Begins as zeros. */

typedef struct {
    uint64_t  n;                       /* users that there were */
    uint64_t  users[CHATWS_NEWS];      /* keyed hashes */
} chatws_news_t;


/*
 * Locked.  Adds a user, before what is new is made so: if the process dies in
 * between, the others look in vain.
 */
void chatws_news_add(chatws_news_t *news, uint64_t user);

/* How many users there were.  Without the lock. */
uint64_t chatws_news_end(const chatws_news_t *news);

/*
 * Locked.  Copies the users behind the first *from ones, to a place for
 * CHATWS_NEWS of them, and moves *from to the end.  Returns how many there are;
 * more than CHATWS_NEWS: some of them are lost, and nothing was copied.
 */
uint64_t chatws_news_get(const chatws_news_t *news, uint64_t *from,
    uint64_t *users);


#endif /* _CHATWS_NEWS_H_INCLUDED_ */
