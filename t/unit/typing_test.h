
/*
 * Copyright (C) chatws contributors
 *
 * For the tests of who types: the table, short forms of its calls, and whether
 * it is valid.
 */


#ifndef _CHATWS_TYPING_TEST_H_INCLUDED_
#define _CHATWS_TYPING_TEST_H_INCLUDED_


#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"


static void test_hook(void);

#define CHATWS_STORE_HOOK()  test_hook()

#include "store/chatws_typing.c"
#include "store/chatws_typing_row.c"


static void table_new(uint32_t n);
static int table_valid(void);
static chatws_typing_key_t key_of(unsigned chat, unsigned user);
static chatws_typing_who_t who_of(unsigned user);
static chatws_typing_tell_e start(unsigned chat, unsigned user,
    uint32_t *round, uint64_t at);
static chatws_typing_tell_e end(unsigned chat, unsigned user, uint32_t round,
    uint64_t at);
static chatws_typing_tell_e stop(unsigned chat, unsigned user, uint64_t at);


static jmp_buf                death;
static unsigned               stores, die;     /* at this store, 0: never */
static chatws_typing_t       *tb;
static chatws_typing_news_t   news;
static chatws_typing_list_t   list;
static chatws_typing_rules_t  rules = { 2000, 10000, 0, 1000 };


static void
test_hook(void)
{
    if (++stores == die) {
        longjmp(death, 1);
    }
}


/* of exactly its size, so that a sanitizer sees what is outside of it */

static void
table_new(uint32_t n)
{
    free(tb);

    tb = malloc(chatws_typing_size(n));
    memset(tb, 0xa5, chatws_typing_size(n));
    chatws_typing_init(tb, chatws_typing_size(n));
}


/* Whether each row is where it belongs, and nowhere else. */

static int
table_valid(void)
{
    uint32_t               b, i, inlists, n, prev, used;
    chatws_typist_t       *row;
    chatws_typing_chat_t  *c;

    used = 0;
    inlists = 0;

    for (b = 0; b < tb->n; b++) {

        for (n = chatws_typing_heads(tb)[b], i = 0; n != 0; i++) {
            row = chatws_typing_row(tb, n);

            if (n > tb->fresh || row->chat == 0 || row->count == 0
                || row->chat > tb->chat_fresh || i > CHATWS_TYPING_WALK)
            {
                return 0;
            }

            used++;
            n = row->chain;
        }

        for (n = chatws_typing_heads(tb)[tb->n + b]; n != 0; n = c->chain) {
            c = chatws_typing_chat(tb, n);
            prev = 0;

            if (n > tb->chat_fresh || c->n == 0 || c->version == 0) {
                return 0;
            }

            for (i = c->first; i != 0; i = row->next) {
                row = chatws_typing_row(tb, i);

                if (row->chat != n || row->prev != prev) {
                    return 0;
                }

                prev = i;
                inlists++;
                used += 1000000;
            }

            used -= c->n * 1000000;

            if (c->last != prev) {
                return 0;
            }
        }
    }

    if (used != inlists) {
        return 0;
    }

    for (n = tb->free; n != 0; n = chatws_typing_row(tb, n)->chain) {

        if (n > tb->fresh || chatws_typing_row(tb, n)->chat != 0) {
            return 0;
        }

        used++;
    }

    return used == tb->fresh;
}


static chatws_typing_key_t
key_of(unsigned chat, unsigned user)
{
    chatws_typing_key_t  key;

    key.chat = (chat + 1) * 0x9e3779b97f4a7c15;
    key.user = (user + 1) * 0xff51afd7ed558ccd;

    return key;
}


static chatws_typing_who_t
who_of(unsigned user)
{
    chatws_typing_who_t  who;

    memset(&who, 0, sizeof(who));

    who.id = 1;
    who.text[0] = (uint8_t) ('a' + user % 26);
    who.name = 1;
    who.text[1] = (uint8_t) ('A' + user % 26);

    return who;
}


static chatws_typing_tell_e
start(unsigned chat, unsigned user, uint32_t *round, uint64_t at)
{
    chatws_typing_key_t  key = key_of(chat, user);
    chatws_typing_who_t  who = who_of(user);

    memset(&news, 0xa5, sizeof(news));
    chatws_typing_start(tb, &key, &who, &rules, at, round, &news);

    return news.tell;
}


static chatws_typing_tell_e
end(unsigned chat, unsigned user, uint32_t round, uint64_t at)
{
    chatws_typing_key_t  key = key_of(chat, user);

    memset(&news, 0xa5, sizeof(news));
    chatws_typing_end(tb, &key, at, round, &news);

    return news.tell;
}


static chatws_typing_tell_e
stop(unsigned chat, unsigned user, uint64_t at)
{
    chatws_typing_key_t  key = key_of(chat, user);

    memset(&news, 0xa5, sizeof(news));
    chatws_typing_stop(tb, &key, at, &news);

    return news.tell;
}


#endif /* _CHATWS_TYPING_TEST_H_INCLUDED_ */
