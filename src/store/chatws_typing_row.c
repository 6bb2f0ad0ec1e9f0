
/*
 * Copyright (C) chatws contributors
 *
 * The rows of users and chats in the table of who types.
 *
 * A word is set before a change begins and cleared when it has ended.  Where
 * the word is found set, its process has died in between, and the table is
 * made empty: typing lasts for seconds, so it is not worth a journal.
 */


#include <string.h>

#include "store/chatws_typing_private.h"


#define CHATWS_TYPING_ROWS  (1 << 24)


static void chatws_typing_clear(chatws_typing_t *tb);
static uint32_t *chatws_typing_head(chatws_typing_t *tb, uint64_t chat,
    uint64_t user);
static uint32_t *chatws_typing_chat_head(chatws_typing_t *tb, uint64_t chat);
static uint32_t chatws_typing_serial(chatws_typing_t *tb);
static uint32_t chatws_typing_add_chat(chatws_typing_t *tb, uint64_t chat);
static int chatws_typing_has_room(chatws_typing_t *tb, const uint32_t *head);
static void chatws_typing_append(chatws_typing_t *tb, uint32_t chat,
    uint32_t n);
static void chatws_typing_remove_chat(chatws_typing_t *tb, uint32_t n);


#define chatws_typing_rows(tb)   ((chatws_typist_t *) ((tb) + 1))
#define chatws_typing_chats(tb)                                               \
    ((chatws_typing_chat_t *) (chatws_typing_rows(tb) + (tb)->n))
#define chatws_typing_heads(tb)                                               \
    ((uint32_t *) (chatws_typing_chats(tb) + (tb)->n))


size_t
chatws_typing_size(uint32_t n)
{
    return sizeof(chatws_typing_t)
           + (size_t) n * (sizeof(chatws_typist_t)
                           + sizeof(chatws_typing_chat_t)
                           + 2 * sizeof(uint32_t));
}


void
chatws_typing_init(void *mem, size_t size)
{
    size_t            n;
    chatws_typing_t  *tb;

    tb = mem;
    n = (size - chatws_typing_size(0)) / (chatws_typing_size(1)
                                          - chatws_typing_size(0));

    memset(tb, 0, sizeof(chatws_typing_t));

    tb->n = n < CHATWS_TYPING_ROWS ? (uint32_t) n : CHATWS_TYPING_ROWS;

    chatws_typing_clear(tb);
}


void
chatws_typing_open(chatws_typing_t *tb)
{
    if (tb->busy) {
        chatws_typing_clear(tb);
    }

    chatws_shared_set(&tb->busy, 1);
}


void
chatws_typing_close(chatws_typing_t *tb)
{
    chatws_shared_set(&tb->busy, 0);
}


/* Rounds and versions go on: nobody takes what comes for what was. */

static void
chatws_typing_clear(chatws_typing_t *tb)
{
    tb->latest = 0;
    tb->free = 0;
    tb->fresh = 0;
    tb->chat_free = 0;
    tb->chat_fresh = 0;
    tb->hand = 0;
    CHATWS_STORE_HOOK();

    memset(chatws_typing_heads(tb), 0, 2 * (size_t) tb->n * sizeof(uint32_t));
    CHATWS_STORE_HOOK();
}


/*
 * The first row of a bucket.  No chain of a bucket is longer than
 * CHATWS_TYPING_WALK: add() sees to that.
 */

static uint32_t *
chatws_typing_head(chatws_typing_t *tb, uint64_t chat, uint64_t user)
{
    return chatws_typing_heads(tb)
           + (((chat ^ user) >> 32) * tb->n >> 32);
}


static uint32_t *
chatws_typing_chat_head(chatws_typing_t *tb, uint64_t chat)
{
    return chatws_typing_heads(tb) + tb->n + ((chat >> 32) * tb->n >> 32);
}


chatws_typist_t *
chatws_typing_row(chatws_typing_t *tb, uint32_t n)
{
    return chatws_typing_rows(tb) + n - 1;
}


chatws_typing_chat_t *
chatws_typing_chat(chatws_typing_t *tb, uint32_t n)
{
    return chatws_typing_chats(tb) + n - 1;
}


uint32_t
chatws_typing_find_chat(chatws_typing_t *tb, uint64_t chat)
{
    uint32_t  n;

    n = *chatws_typing_chat_head(tb, chat);

    while (n != 0 && chatws_typing_chat(tb, n)->chat != chat) {
        n = chatws_typing_chat(tb, n)->chain;
    }

    return n;
}


uint32_t
chatws_typing_find(chatws_typing_t *tb, const chatws_typing_key_t *key)
{
    uint32_t          n;
    chatws_typist_t  *row;

    n = *chatws_typing_head(tb, key->chat, key->user);

    while (n != 0) {
        row = chatws_typing_row(tb, n);

        if (row->user == key->user
            && chatws_typing_chat(tb, row->chat)->chat == key->chat)
        {
            break;
        }

        n = row->chain;
    }

    return n;
}


static uint32_t
chatws_typing_serial(chatws_typing_t *tb)
{
    if (++tb->serial == 0) {
        tb->serial = 1;
    }

    CHATWS_STORE_HOOK();

    return tb->serial;
}


uint32_t
chatws_typing_add(chatws_typing_t *tb, const chatws_typing_key_t *key,
    const chatws_typing_who_t *who, uint64_t now)
{
    uint32_t          chat, n, *head;
    chatws_typist_t  *row;

    if (tb->free == 0 && tb->fresh == tb->n) {
        chatws_typing_sweep(tb, now, CHATWS_TYPING_WALK);
    }

    head = chatws_typing_head(tb, key->chat, key->user);

    if ((tb->free == 0 && tb->fresh == tb->n)
        || !chatws_typing_has_room(tb, head))
    {
        return 0;
    }

    chat = chatws_typing_find_chat(tb, key->chat);

    if (chat == 0) {
        chat = chatws_typing_add_chat(tb, key->chat);

        if (chat == 0) {
            return 0;
        }
    }

    n = tb->free;

    if (n != 0) {
        tb->free = chatws_typing_row(tb, n)->chain;

    } else {
        n = ++tb->fresh;
    }

    CHATWS_STORE_HOOK();

    row = chatws_typing_row(tb, n);

    row->user = key->user;
    row->shown = 0;
    row->round = chatws_typing_serial(tb);
    row->count = 0;
    row->deaths = tb->deaths;
    row->who = *who;
    row->chain = *head;
    CHATWS_STORE_HOOK();

    *head = n;
    CHATWS_STORE_HOOK();

    chatws_typing_append(tb, chat, n);

    return n;
}


/* Of chats there are never more than users in them, so there is a row. */

static uint32_t
chatws_typing_add_chat(chatws_typing_t *tb, uint64_t chat)
{
    uint32_t               i, n, *head;
    chatws_typing_chat_t  *c;

    head = chatws_typing_chat_head(tb, chat);
    n = *head;

    for (i = 0; n != 0; i++) {
        n = chatws_typing_chat(tb, n)->chain;
    }

    if (i == CHATWS_TYPING_WALK) {
        return 0;
    }

    n = tb->chat_free;

    if (n != 0) {
        tb->chat_free = chatws_typing_chat(tb, n)->chain;

    } else {
        n = ++tb->chat_fresh;
    }

    CHATWS_STORE_HOOK();

    c = chatws_typing_chat(tb, n);

    memset(c, 0, sizeof(chatws_typing_chat_t));
    c->chat = chat;
    c->chain = *head;
    CHATWS_STORE_HOOK();

    *head = n;
    CHATWS_STORE_HOOK();

    return n;
}


static int
chatws_typing_has_room(chatws_typing_t *tb, const uint32_t *head)
{
    uint32_t  i, n;

    n = *head;

    for (i = 0; n != 0; i++) {
        n = chatws_typing_row(tb, n)->chain;
    }

    return i < CHATWS_TYPING_WALK;
}


/* Adds a row to its chat, as the last one. */

static void
chatws_typing_append(chatws_typing_t *tb, uint32_t chat, uint32_t n)
{
    chatws_typist_t       *row;
    chatws_typing_chat_t  *c;

    row = chatws_typing_row(tb, n);
    c = chatws_typing_chat(tb, chat);

    row->chat = chat;
    row->prev = c->last;
    row->next = 0;
    CHATWS_STORE_HOOK();

    if (c->last != 0) {
        chatws_typing_row(tb, c->last)->next = n;

    } else {
        c->first = n;
    }

    c->last = n;
    CHATWS_STORE_HOOK();

    c->n++;
    c->version = chatws_typing_serial(tb);
    CHATWS_STORE_HOOK();
}


void
chatws_typing_remove(chatws_typing_t *tb, uint32_t n)
{
    uint32_t               *link;
    chatws_typist_t        *row;
    chatws_typing_chat_t   *c;

    row = chatws_typing_row(tb, n);
    c = chatws_typing_chat(tb, row->chat);

    link = chatws_typing_head(tb, c->chat, row->user);

    while (*link != n) {
        link = &chatws_typing_row(tb, *link)->chain;
    }

    *link = row->chain;
    CHATWS_STORE_HOOK();

    if (row->prev != 0) {
        chatws_typing_row(tb, row->prev)->next = row->next;

    } else {
        c->first = row->next;
    }

    CHATWS_STORE_HOOK();

    if (row->next != 0) {
        chatws_typing_row(tb, row->next)->prev = row->prev;

    } else {
        c->last = row->prev;
    }

    CHATWS_STORE_HOOK();

    c->version = chatws_typing_serial(tb);
    c->n--;
    CHATWS_STORE_HOOK();

    if (c->n == 0) {
        chatws_typing_remove_chat(tb, row->chat);
    }

    row->chat = 0;
    row->chain = tb->free;
    tb->free = n;
    CHATWS_STORE_HOOK();
}


static void
chatws_typing_remove_chat(chatws_typing_t *tb, uint32_t n)
{
    uint32_t              *link;
    chatws_typing_chat_t  *c;

    c = chatws_typing_chat(tb, n);
    link = chatws_typing_chat_head(tb, c->chat);

    while (*link != n) {
        link = &chatws_typing_chat(tb, *link)->chain;
    }

    *link = c->chain;
    CHATWS_STORE_HOOK();

    c->chain = tb->chat_free;
    tb->chat_free = n;
    CHATWS_STORE_HOOK();
}


void
chatws_typing_sweep(chatws_typing_t *tb, uint64_t now, uint32_t rows)
{
    chatws_typist_t  *row;

    while (rows-- != 0 && tb->fresh != 0) {

        tb->hand = tb->hand < tb->fresh ? tb->hand + 1 : 1;
        CHATWS_STORE_HOOK();

        row = chatws_typing_row(tb, tb->hand);

        if (row->chat != 0 && row->until <= now) {
            chatws_typing_remove(tb, tb->hand);
        }
    }
}
