
/*
 * Copyright (C) chatws contributors
 *
 * Who types: the table and a naive model of it, and a process that dies at
 * any store.
 */


#include "typing_test.h"


#define CHATS  3
#define USERS  6
#define TABS   3
#define BOTH   (CHATS * USERS)


/* what the model knows of a user in a chat; times in ms */

typedef struct {
    uint64_t  tab[TABS];      /* 1: this connection types */
    uint64_t  until;
    uint64_t  shown;
    uint64_t  since;          /* the order of beginning, 0: does not type */
} model_user_t;

typedef struct {
    model_user_t  user[USERS];
    uint64_t      listed;
    unsigned      merged;
    unsigned      changed;
} model_chat_t;


static void test_model(unsigned merge);
static void test_death(void);

static unsigned model_typists(const model_chat_t *c);
static int model_is_due(const model_chat_t *c, unsigned merge, uint64_t at);
static chatws_typing_tell_e model_start(model_chat_t *c, unsigned user,
    unsigned tab, unsigned merge, uint64_t at);
static chatws_typing_tell_e model_end(model_chat_t *c, unsigned user,
    unsigned tab, unsigned merge, uint64_t at);
static chatws_typing_tell_e model_ended(model_chat_t *c, unsigned user,
    unsigned merge, uint64_t at);
static void model_told(model_chat_t *c, unsigned merge, uint64_t at);
static void model_expire(model_chat_t *c, uint64_t at);


static uint64_t  model_clock;


int
main(void)
{
    test_model(0);
    test_model(1);
    test_model(3);
    test_death();

    free(tb);

    return done();
}


/* The same calls to the table and to arrays. */

static void
test_model(unsigned merge)
{
    int                   due;
    uint32_t              round[BOTH][TABS];
    uint64_t              again, at;
    unsigned              bad, chat, i, n, tab, told, user;
    model_chat_t          model[CHATS], *c;
    chatws_typing_key_t   key;
    chatws_typing_tell_e  got, want;

    table_new(64);
    memset(round, 0, sizeof(round));
    memset(model, 0, sizeof(model));

    srand(7 + merge);
    rules.merge = merge;

    at = 10000;
    bad = told = 0;
    model_clock = 0;

    for (i = 0; i < 200000; i++) {
        at += (uint64_t) rand() % (rand() % 500 == 0 ? 20000 : 700);

        chat = (unsigned) rand() % CHATS;
        user = (unsigned) rand() % USERS;
        tab = (unsigned) rand() % TABS;
        c = &model[chat];
        key = key_of(chat, user);

        for (n = 0; n < CHATS; n++) {
            model_expire(&model[n], at);
        }

        /* the table frees what is void as it comes by: here before all */

        chatws_typing_open(tb);
        chatws_typing_sweep(tb, at, 64);
        chatws_typing_close(tb);

        switch (rand() % 8) {

        case 0:
        case 1:
        case 2:
        case 3:
            got = start(chat, user, &round[chat * USERS + user][tab], at);
            want = model_start(c, user, tab, merge, at);
            break;

        case 4:
        case 5:
            got = end(chat, user, round[chat * USERS + user][tab], at);
            want = model_end(c, user, tab, merge, at);
            round[chat * USERS + user][tab] = 0;
            break;

        case 6:
            got = stop(chat, user, at);
            want = model_ended(c, user, merge, at);
            break;

        default:
            got = want = CHATWS_TYPING_LIST;
        }

        bad += got != want;
        told += got == CHATWS_TYPING_ONE;

        if (got != CHATWS_TYPING_LIST) {
            continue;
        }

        due = chatws_typing_list(tb, key.chat, at, &list, &again);

        bad += due != model_is_due(c, merge, at);

        if (due) {
            bad += list.count != model_typists(c);
            bad += list.merged != (list.count > merge);
            bad += list.n != (list.merged ? merge : list.count);
            bad += !chatws_typing_is_listed(tb, key.chat, &list);

            chatws_typing_told(tb, key.chat, at, &list);
            model_told(c, merge, at);
        }
    }

    ok(bad == 0 && told > 1000, "a naive model agrees, merge %u: %u, %u",
       merge, bad, told);
    ok(table_valid(), "a valid table");

    rules.merge = 0;
}


static unsigned
model_typists(const model_chat_t *c)
{
    unsigned  i, n;

    for (i = 0, n = 0; i < USERS; i++) {
        n += c->user[i].since != 0;
    }

    return n;
}


static int
model_is_due(const model_chat_t *c, unsigned merge, uint64_t at)
{
    unsigned  n;

    n = model_typists(c);

    if (merge == 0 || n == 0) {
        return 0;
    }

    if (!c->merged) {
        return n > merge && at >= c->listed + 2000;
    }

    return n <= merge || (c->changed && at >= c->listed + 2000)
           || at >= c->listed + 5000;
}


static chatws_typing_tell_e
model_start(model_chat_t *c, unsigned user, unsigned tab, unsigned merge,
    uint64_t at)
{
    model_user_t  *u;

    u = &c->user[user];

    if (u->since == 0) {

        if (model_typists(c) == 0) {
            c->listed = 0;
            c->merged = 0;
        }

        memset(u, 0, sizeof(model_user_t));
        u->since = ++model_clock;
        c->changed = 1;
    }

    u->tab[tab] = 1;
    u->until = at + 15000;

    if (merge != 0 && (c->merged || model_typists(c) > merge)) {
        return model_is_due(c, merge, at) ? CHATWS_TYPING_LIST
                                          : CHATWS_TYPING_NOTHING;
    }

    if (u->shown != 0 && at < u->shown + 2000) {
        return CHATWS_TYPING_NOTHING;
    }

    u->shown = at;

    return CHATWS_TYPING_ONE;
}


static chatws_typing_tell_e
model_end(model_chat_t *c, unsigned user, unsigned tab, unsigned merge,
    uint64_t at)
{
    unsigned       i;
    model_user_t  *u;

    u = &c->user[user];

    if (u->since == 0 || !u->tab[tab]) {
        return CHATWS_TYPING_NOTHING;
    }

    u->tab[tab] = 0;

    for (i = 0; i < TABS; i++) {
        if (u->tab[i]) {
            return CHATWS_TYPING_NOTHING;
        }
    }

    return model_ended(c, user, merge, at);
}


static chatws_typing_tell_e
model_ended(model_chat_t *c, unsigned user, unsigned merge, uint64_t at)
{
    unsigned       shown;
    model_user_t  *u;

    u = &c->user[user];

    if (u->since == 0) {
        return CHATWS_TYPING_NOTHING;
    }

    shown = u->shown != 0;
    memset(u, 0, sizeof(model_user_t));
    c->changed = 1;

    if (!c->merged) {
        return shown ? CHATWS_TYPING_ONE : CHATWS_TYPING_NOTHING;
    }

    if (model_typists(c) == 0) {
        return CHATWS_TYPING_NOBODY;
    }

    return model_is_due(c, merge, at) ? CHATWS_TYPING_LIST
                                      : CHATWS_TYPING_NOTHING;
}


static void
model_told(model_chat_t *c, unsigned merge, uint64_t at)
{
    unsigned  i;

    c->listed = at;
    c->changed = 0;
    c->merged = model_typists(c) > merge;

    for (i = 0; i < USERS; i++) {
        c->user[i].shown = c->merged ? 0 : at;
    }
}


static void
model_expire(model_chat_t *c, uint64_t at)
{
    unsigned  i;

    for (i = 0; i < USERS; i++) {

        if (c->user[i].since != 0 && c->user[i].until <= at) {
            memset(&c->user[i], 0, sizeof(model_user_t));
            c->changed = 1;
        }
    }
}


/* A process dies at any store; the others go on with a valid table. */

static void
test_death(void)
{
    int       empty;
    uint32_t  round[BOTH];
    uint64_t  again, at;
    unsigned  bad, chat, deaths, i, kept, user;

    table_new(12);
    memset(round, 0, sizeof(round));
    srand(3);

    rules.merge = 2;
    at = 10000;
    bad = deaths = kept = 0;

    for (i = 0; i < 200000; i++) {
        at += (uint64_t) rand() % 900;
        chat = (unsigned) rand() % CHATS;
        user = (unsigned) rand() % USERS;

        stores = 0;
        die = rand() % 4 == 0 ? 1 + (unsigned) rand() % 24 : 0;

        if (setjmp(death) == 0) {

            switch (rand() % 4) {

            case 0:
                (void) end(chat, user, round[chat * USERS + user], at);
                break;

            case 1:
                if (chatws_typing_list(tb, key_of(chat, 0).chat, at, &list,
                                       &again))
                {
                    chatws_typing_told(tb, key_of(chat, 0).chat, at, &list);
                }

                break;

            default:
                (void) start(chat, user, &round[chat * USERS + user], at);
            }

            die = 0;
            bad += !table_valid();
            continue;
        }

        die = 0;
        deaths++;

        empty = tb->busy != 0;

        chatws_typing_open(tb);
        chatws_typing_close(tb);

        bad += !table_valid();
        bad += empty && tb->fresh != 0;
        kept += !empty;
    }

    ok(bad == 0 && deaths > 10000,
       "a process may die at each store: %u of %u", bad, deaths);
    ok(kept > 0, "and what was finished is kept");

    rules.merge = 0;
}
