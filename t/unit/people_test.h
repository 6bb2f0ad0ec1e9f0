
/*
 * Copyright (C) chatws contributors
 *
 * For the tests of the table of people: users and chats by short names.
 */


#ifndef _CHATWS_PEOPLE_TEST_H_INCLUDED_
#define _CHATWS_PEOPLE_TEST_H_INCLUDED_


#include "people_check.h"


#define ROWS  64


static void make(uint32_t rows, uint32_t features);
static chatws_people_name_t name(const char *id, size_t len);
static uint32_t place(const char *user, const char *chat);
static chatws_crowd_t *crowd(const char *chat);
static uint32_t person(const char *user);
static uint32_t flags(const char *user, const char *chat);
static int good(void);
static uint32_t flush(const char *chat, const char *users);


static size_t                size;
static chatws_people_t      *tb;
static chatws_people_now_t   now;


static void
store_hook(void)
{
    /* void */
}


static void
make(uint32_t rows, uint32_t features)
{
    chatws_people_rules_t  rules = { features, 15000, 1000 };

    free(tb);

    size = chatws_people_size(rows);
    tb = malloc(size);

    if (tb == NULL) {
        exit(1);
    }

    memset(tb, 0xee, size);

    now.msec = 1000000;
    now.time = 1764000000000;

    chatws_people_init(tb, size);
    (void) chatws_people_configure(tb, &rules, 7, &now);
}


static chatws_people_name_t
name(const char *id, size_t len)
{
    size_t                i;
    chatws_people_name_t  nm;

    nm.id.data = (uint8_t *) id;
    nm.id.len = len;
    nm.hash = 14695981039346656037u;

    for (i = 0; i < len; i++) {
        nm.hash = (nm.hash ^ (uint8_t) id[i]) * 1099511628211u;
    }

    nm.hash ^= nm.hash << 32;

    return nm;
}


static uint32_t
place(const char *user, const char *chat)
{
    chatws_people_name_t  c = name(chat, strlen(chat));
    chatws_people_name_t  u = name(user, strlen(user));

    return chatws_people_make_place(tb, &u, &c, 10);
}


static uint32_t
person(const char *user)
{
    return chatws_people_find_person(tb, name(user, strlen(user)).hash);
}


static chatws_crowd_t *
crowd(const char *chat)
{
    uint32_t  row;

    row = chatws_people_find_crowd(tb, name(chat, strlen(chat)).hash);

    return row != 0 ? chatws_people_crowd(tb, row) : NULL;
}


/* The flags of the place of a user in a chat, 0: there is none. */

static uint32_t
flags(const char *user, const char *chat)
{
    uint32_t  row;

    row = chatws_people_find_place(tb, person(user),
              chatws_people_find_crowd(tb, name(chat, strlen(chat)).hash));

    return row != 0 ? chatws_people_row(tb, row)->flags : 0;
}


static int
good(void)
{
    const char  *fault;

    fault = people_check(tb);

    if (fault != NULL) {
        ok(0, "%s", fault);
        return 0;
    }

    return 1;
}


/*
 * Flushes a chat, and returns whether the users, each with an id of one
 * letter, have changed, in this order.
 */

static uint32_t
flush(const char *chat, const char *users)
{
    uint8_t   id[CHATWS_NAME_MAX];
    uint32_t  n, row, who;

    row = chatws_people_due(tb, 0, &now);

    if (row == 0 || chatws_people_crowd(tb, row) != crowd(chat)) {
        return 0;
    }

    chatws_people_flush_begin(tb, row, 5, &now);

    for (n = 0; (who = chatws_people_changed(tb, row)) != 0; n++) {

        if (chatws_people_id(tb, chatws_people_place(tb, who)->person, id)
            != 1
            || n == strlen(users)
            || id[0] != users[n])
        {
            return 0;
        }

        chatws_people_told(tb, who);
    }

    chatws_people_flush_end(tb, row, 5, 0);

    return n == strlen(users) && good();
}


#endif /* _CHATWS_PEOPLE_TEST_H_INCLUDED_ */
