
/*
 * Copyright (C) chatws contributors
 *
 * Who types, and what others are to be told of it: see chatws_typing.h.
 */


#include <string.h>

#include "store/chatws_typing_private.h"


/* rows that each beginning looks at, to free those that are void */
#define CHATWS_TYPING_SWEEP  4


static void chatws_typing_drop(chatws_typing_t *tb, uint32_t n, uint64_t now,
    chatws_typing_news_t *news);
static uint64_t chatws_typing_due(const chatws_typing_chat_t *c);
static void chatws_typing_news_list(const chatws_typing_chat_t *c,
    uint64_t now, chatws_typing_news_t *news);


int
chatws_typing_is_idle(const chatws_typing_t *tb, uint64_t now)
{
    return chatws_shared_get(&tb->latest) <= now;
}


void
chatws_typing_died(chatws_typing_t *tb)
{
    chatws_shared_set(&tb->deaths, tb->deaths + 1);
}


void
chatws_typing_start(chatws_typing_t *tb, const chatws_typing_key_t *key,
    const chatws_typing_who_t *who, const chatws_typing_rules_t *rules,
    uint64_t now, uint32_t *round, chatws_typing_news_t *news)
{
    uint32_t               n;
    chatws_typist_t       *row;
    chatws_typing_chat_t  *c;

    news->tell = CHATWS_TYPING_NOTHING;
    news->again = 0;

    chatws_typing_open(tb);
    chatws_typing_sweep(tb, now, CHATWS_TYPING_SWEEP);

    n = chatws_typing_find(tb, key);

    if (n != 0 && chatws_typing_row(tb, n)->until <= now) {
        chatws_typing_remove(tb, n);
        n = 0;
    }

    if (n == 0) {
        n = chatws_typing_add(tb, key, who, now);

        if (n == 0) {
            *round = 0;
            chatws_typing_close(tb);
            return;
        }
    }

    row = chatws_typing_row(tb, n);
    c = chatws_typing_chat(tb, row->chat);

    if (*round != row->round) {
        *round = row->round;
        row->count++;
    }

    row->until = now + rules->timeout + CHATWS_TYPING_GRACE;

    if (row->until > tb->latest) {
        chatws_shared_set(&tb->latest, row->until);
    }

    c->interval = rules->interval;
    c->merge = rules->merge;

    if (c->merged || (c->merge != 0 && c->n > c->merge)) {
        chatws_typing_news_list(c, now, news);

    } else if (row->shown == 0 || now >= row->shown + rules->interval) {
        row->shown = now;
        news->tell = CHATWS_TYPING_ONE;
    }

    chatws_typing_close(tb);
}


void
chatws_typing_end(chatws_typing_t *tb, const chatws_typing_key_t *key,
    uint64_t now, uint32_t round, chatws_typing_news_t *news)
{
    uint32_t          n;
    chatws_typist_t  *row;

    news->tell = CHATWS_TYPING_NOTHING;
    news->again = 0;

    chatws_typing_open(tb);

    n = chatws_typing_find(tb, key);

    if (n != 0) {
        row = chatws_typing_row(tb, n);

        /* a connection of a dead process may be among those that count */

        if (row->round != round) {
            /* void */

        } else if (row->count > 1 && row->deaths == tb->deaths) {
            row->count--;

        } else {
            chatws_typing_drop(tb, n, now, news);
        }
    }

    chatws_typing_close(tb);
}


void
chatws_typing_stop(chatws_typing_t *tb, const chatws_typing_key_t *key,
    uint64_t now, chatws_typing_news_t *news)
{
    uint32_t  n;

    news->tell = CHATWS_TYPING_NOTHING;
    news->again = 0;

    chatws_typing_open(tb);

    n = chatws_typing_find(tb, key);

    if (n != 0) {
        chatws_typing_drop(tb, n, now, news);
    }

    chatws_typing_close(tb);
}


int
chatws_typing_is_true(chatws_typing_t *tb, const chatws_typing_key_t *key,
    uint32_t round)
{
    uint32_t          n;
    chatws_typist_t  *row;

    chatws_typing_open(tb);
    n = chatws_typing_find(tb, key);
    chatws_typing_close(tb);

    if (n == 0) {
        return round == 0;
    }

    row = chatws_typing_row(tb, n);

    if (round == 0) {
        return row->shown == 0;
    }

    return row->round == round && row->shown != 0;
}


void
chatws_typing_untold(chatws_typing_t *tb, const chatws_typing_key_t *key)
{
    uint32_t  n;

    chatws_typing_open(tb);

    n = chatws_typing_find(tb, key);

    if (n != 0) {
        chatws_shared_set(&chatws_typing_row(tb, n)->shown, 0);
    }

    chatws_typing_close(tb);
}


int
chatws_typing_list(chatws_typing_t *tb, uint64_t chat, uint64_t now,
    chatws_typing_list_t *list, uint64_t *again)
{
    uint32_t               i, n, next;
    chatws_typist_t       *row;
    chatws_typing_chat_t  *c;
    chatws_typing_news_t   news;

    news.tell = CHATWS_TYPING_NOTHING;
    news.again = 0;

    memset(list, 0, offsetof(chatws_typing_list_t, list));

    chatws_typing_open(tb);

    n = chatws_typing_find_chat(tb, chat);
    c = n != 0 ? chatws_typing_chat(tb, n) : NULL;
    next = n != 0 ? c->first : 0;

    for (i = 0; i < CHATWS_TYPING_WALK && next != 0; i++) {
        row = chatws_typing_row(tb, next);

        if (row->until <= now) {
            n = next;
            next = row->next;
            chatws_typing_remove(tb, n);
            continue;
        }

        list->list[list->n].who = row->who;
        list->list[list->n].user = row->user;
        list->list[list->n].shown = row->shown != 0;
        list->n++;

        next = row->next;
    }

    /* with all of its users the chat has lost its row, too */

    if (list->n != 0) {
        chatws_typing_news_list(c, now, &news);

        list->version = c->version;
        list->count = c->n;
        list->merged = c->merge != 0 && c->n > c->merge;
        list->begins = list->merged && !c->merged;

        if (list->merged && list->n > c->merge) {
            list->n = c->merge;
        }

    } else if (next != 0) {
        news.again = now + 1;
    }

    chatws_typing_close(tb);

    *again = news.again;

    return news.tell == CHATWS_TYPING_LIST;
}


int
chatws_typing_is_listed(chatws_typing_t *tb, uint64_t chat,
    const chatws_typing_list_t *list)
{
    uint32_t  n;

    chatws_typing_open(tb);
    n = chatws_typing_find_chat(tb, chat);
    chatws_typing_close(tb);

    if (n == 0) {
        return list->version == 0;
    }

    return chatws_typing_chat(tb, n)->version == list->version;
}


void
chatws_typing_told(chatws_typing_t *tb, uint64_t chat, uint64_t now,
    const chatws_typing_list_t *list)
{
    uint32_t               i, n, next;
    chatws_typist_t       *row;
    chatws_typing_chat_t  *c;

    chatws_typing_open(tb);

    n = chatws_typing_find_chat(tb, chat);

    if (n != 0) {
        c = chatws_typing_chat(tb, n);

        c->told = list->version;
        c->listed = now;
        c->merged = list->merged;

        next = c->first;

        for (i = 0; i < CHATWS_TYPING_WALK && next != 0; i++) {
            row = chatws_typing_row(tb, next);
            row->shown = c->merged ? 0 : now;
            next = row->next;
        }

        CHATWS_STORE_HOOK();
    }

    chatws_typing_close(tb);
}


/* The user has ended: the row is removed, and others are to be told. */

static void
chatws_typing_drop(chatws_typing_t *tb, uint32_t n, uint64_t now,
    chatws_typing_news_t *news)
{
    uint32_t               merged, users;
    chatws_typist_t       *row;
    chatws_typing_chat_t  *c;

    row = chatws_typing_row(tb, n);
    c = chatws_typing_chat(tb, row->chat);

    merged = c->merged;
    users = c->n;

    if (row->shown != 0) {
        news->tell = CHATWS_TYPING_ONE;
        news->who = row->who;
    }

    chatws_typing_remove(tb, n);

    if (merged && users == 1) {
        news->tell = CHATWS_TYPING_NOBODY;

    } else if (merged) {
        chatws_typing_news_list(c, now, news);
    }
}


/* When a list of the chat is due, 0: none is. */

static uint64_t
chatws_typing_due(const chatws_typing_chat_t *c)
{
    if (!c->merged && (c->merge == 0 || c->n <= c->merge)) {
        return 0;
    }

    if (c->listed == 0) {
        return 1;
    }

    if (!c->merged) {
        return c->listed + c->interval;
    }

    if (c->merge == 0 || c->n <= c->merge) {
        return c->listed;
    }

    if (c->version == c->told) {
        return c->listed + CHATWS_TYPING_REPEAT;
    }

    return c->listed + (c->interval < CHATWS_TYPING_REPEAT
                        ? c->interval : CHATWS_TYPING_REPEAT);
}


static void
chatws_typing_news_list(const chatws_typing_chat_t *c, uint64_t now,
    chatws_typing_news_t *news)
{
    uint64_t  due, look;

    due = chatws_typing_due(c);

    if (due == 0) {
        return;
    }

    if (due <= now) {
        news->tell = CHATWS_TYPING_LIST;
        due = now + CHATWS_TYPING_REPEAT;
    }

    /* others may change the list meanwhile, and then die */

    look = now + (c->interval != 0 ? c->interval : 1);

    news->again = look < due ? look : due;
}
