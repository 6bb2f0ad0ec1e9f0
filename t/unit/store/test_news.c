
/*
 * Copyright (C) chatws contributors
 *
 * News of users: everybody who reads in time gets each of them, in order, and
 * whoever is late knows it.
 */


#include <string.h>

#include "tap.h"

#include "store/chatws_news.c"


static chatws_news_t  news;
static uint64_t       users[CHATWS_NEWS];


int
main(void)
{
    uint64_t  from, i, late, n;

    from = 0;
    late = 0;

    ok(chatws_news_end(&news) == 0
       && chatws_news_get(&news, &from, users) == 0 && from == 0, "none");

    for (i = 1; i <= 3; i++) {
        chatws_news_add(&news, i);
    }

    n = chatws_news_get(&news, &from, users);

    ok(n == 3 && from == 3 && users[0] == 1 && users[2] == 3, "in order");
    ok(chatws_news_get(&news, &from, users) == 0 && from == 3, "once");

    /* as many as are kept, from any place on */

    for (i = 4; i < 4 + CHATWS_NEWS; i++) {
        chatws_news_add(&news, i);
    }

    n = chatws_news_get(&news, &from, users);

    for (i = 0; i < CHATWS_NEWS && users[i] == 4 + i; i++) { /* void */ }

    ok(n == CHATWS_NEWS && i == CHATWS_NEWS && from == CHATWS_NEWS + 3,
       "all that are kept");
    ok(chatws_news_end(&news) == from, "the end");

    memset(users, 0, sizeof(users));

    n = chatws_news_get(&news, &late, users);

    ok(n == CHATWS_NEWS + 3 && late == from && users[0] == 0,
       "who is late gets none, and knows it");

    return done();
}
