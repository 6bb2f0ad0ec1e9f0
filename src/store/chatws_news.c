
/*
 * Copyright (C) chatws contributors
 *
 * The users of whom others see something new.
 */


#include "store/chatws_journal.h"
#include "store/chatws_news.h"


void
chatws_news_add(chatws_news_t *news, uint64_t user)
{
    chatws_shared_set(&news->users[news->n % CHATWS_NEWS], user);
    chatws_shared_set(&news->n, news->n + 1);
}


uint64_t
chatws_news_end(const chatws_news_t *news)
{
    return chatws_shared_get(&news->n);
}


uint64_t
chatws_news_get(const chatws_news_t *news, uint64_t *from, uint64_t *users)
{
    uint64_t  i, n;

    n = news->n - *from;

    for (i = 0; i < n && n <= CHATWS_NEWS; i++) {
        users[i] = news->users[(*from + i) % CHATWS_NEWS];
    }

    *from = news->n;

    return n;
}
