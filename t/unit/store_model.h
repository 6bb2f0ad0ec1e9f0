
/*
 * Copyright (C) chatws contributors
 *
 * A simple model of the shared state: who is subscribed to what, and what
 * each worker is to find in the logs.
 */


#ifndef _CHATWS_STORE_MODEL_H_INCLUDED_
#define _CHATWS_STORE_MODEL_H_INCLUDED_


#include "tap.h"
#include "store_check.h"


#define SLOTS    5
#define CHATS    44
#define USERS    6
#define ROOM     6000    /* bytes above the least */
#define QUEUE    1024

#define model_want(what)                                                      \
    do {                                                                      \
        if (!(what) && fault == NULL) {                                       \
            snprintf(fault_text, sizeof(fault_text), "line %d: %s", __LINE__, \
                     #what);                                                  \
            fault = fault_text;                                               \
        }                                                                     \
    } while (0)


/* what a worker is to find in a log, in order */

typedef struct {
    uint64_t  off[QUEUE];
    uint32_t  n;
} queue_t;


static void told(uint32_t chat, unsigned log, uint64_t off);
static void forget(uint32_t slot);
static void compare(void);
static uint32_t members(uint32_t slot, uint32_t chat, int own, int user);
static int is_inbox(uint32_t chat);
static chatws_str_t *name(uint32_t chat);


static char             fault_text[256];
static queue_t          queue[SLOTS][2];
static uint32_t         count[SLOTS][CHATS][USERS][2];
static uint32_t         row[CHATS];
static uint64_t         seq[CHATS], serial[CHATS];
static const char      *fault;
static chatws_store_t  *st;


static void
told(uint32_t chat, unsigned log, uint64_t off)
{
    uint32_t   i;
    queue_t   *q;

    for (i = 0; i < SLOTS; i++) {
        q = &queue[i][log];

        if (members(i, chat, 1, -1) == 0 || chatws_store_is_lapped(st, i)) {
            continue;
        }

        model_want(q->n < QUEUE);
        model_want(chatws_store_cursor(st, i, log) <= off);

        q->off[q->n++ % QUEUE] = off;
    }
}


static void
forget(uint32_t slot)
{
    queue[slot][0].n = 0;
    queue[slot][1].n = 0;
}


static void
compare(void)
{
    uint32_t             c, f, i, n, s, u, users;
    uint64_t             sum;
    chatws_chat_t       *ch;
    chatws_usage_t       usage;
    chatws_member_t     *m;
    chatws_member_key_t  key;

    sum = 0;

    for (c = 0; c < CHATS; c++) {
        n = members(SLOTS, c, 1, -1);
        sum += is_inbox(c) ? 0 : n;

        if (n == 0) {
            continue;
        }

        model_want(store_find(st, name(c)) == row[c]);

        ch = chatws_table_chat(&st->table, row[c]);
        model_want(ch->serial == serial[c] && ch->total == n);
        model_want(ch->seq >= seq[c]);

        for (u = 0, users = 0; u < USERS; u++) {
            users += members(SLOTS, c, 1, (int) u) != 0;
        }

        model_want(chatws_store_users(st, row[c]) == users);

        for (s = 0; s < SLOTS; s++) {
            model_want((members(s, c, 1, -1) != 0)
                       == (ch->interest[0] >> s & 1));

            for (u = 0; u < USERS; u++) {
                for (f = 0; f < 2; f++) {
                    key.slot = s;
                    key.flags = f;
                    key.user = u + 100;

                    i = chatws_table_search(&st->table, row[c], &key);
                    m = i ? chatws_table_member(&st->table, i) : NULL;

                    model_want((m ? m->count : 0) == count[s][c][u][f]);
                }
            }
        }
    }

    chatws_store_usage(st, &usage);
    model_want(usage.subscriptions == sum);
}


/*
 * Connections of a slot (SLOTS: of all) to a chat; of a user, or all (-1);
 * those that get their own messages too counted only with own.
 */

static uint32_t
members(uint32_t slot, uint32_t chat, int own, int user)
{
    uint32_t  n, s, u;

    n = 0;

    for (s = 0; s < SLOTS; s++) {

        if (s != slot && slot != SLOTS) {
            continue;
        }

        for (u = 0; u < USERS; u++) {

            if (user == -1 || u == (uint32_t) user) {
                n += count[s][chat][u][0] + (own ? count[s][chat][u][1] : 0);
            }
        }
    }

    return n;
}


/* some of them are inboxes */

static int
is_inbox(uint32_t chat)
{
    return chat % 5 == 2;
}


static chatws_str_t *
name(uint32_t chat)
{
    static char          text[CHATWS_CHAT_MAX + 1];
    static chatws_str_t  str;

    memset(text, 'a', sizeof(text));
    sprintf(text + 1, "%u", chat);
    text[0] = is_inbox(chat) ? CHATWS_INBOX_MARK : 'b';
    text[3] = 'b';

    str.data = (uint8_t *) text;
    str.len = chat % 4 == 3 ? 30 + chat * 2 : 5;

    return &str;
}


#endif /* _CHATWS_STORE_MODEL_H_INCLUDED_ */
