
/*
 * Copyright (C) chatws contributors
 *
 * Who types: one connection and several, repeats, what dead processes leave,
 * a full table, and lists.
 */


#include "typing_test.h"


static int listed(unsigned chat, uint64_t at, const char *users,
    uint32_t count);

static void test_one(void);
static void test_tabs(void);
static void test_message(void);
static void test_void(void);
static void test_death_of_owner(void);
static void test_room(void);
static void test_list(void);
static void test_list_ends(void);
static void test_names(void);
static void test_gates(void);


int
main(void)
{
    test_one();
    test_tabs();
    test_message();
    test_void();
    test_death_of_owner();
    test_room();
    test_list();
    test_list_ends();
    test_names();
    test_gates();

    free(tb);

    return done();
}


/* Asks for a list, which has to be this one, and tells it. */

static int
listed(unsigned chat, uint64_t at, const char *users, uint32_t count)
{
    uint32_t             i;
    uint64_t             again;
    chatws_typing_key_t  key = key_of(chat, 0);

    if (!chatws_typing_list(tb, key.chat, at, &list, &again)
        || list.n != strlen(users)
        || list.count != count
        || !chatws_typing_is_listed(tb, key.chat, &list))
    {
        return 0;
    }

    for (i = 0; i < list.n; i++) {
        if (list.list[i].who.text[0] != (uint8_t) users[i]) {
            return 0;
        }
    }

    chatws_typing_told(tb, key.chat, at, &list);

    return 1;
}


static void
test_one(void)
{
    uint32_t  round, other;

    table_new(8);
    round = 0;
    other = 0;

    ok(chatws_typing_is_idle(tb, 1000), "nobody types at first");

    ok(end(0, 0, 0, 1000) == CHATWS_TYPING_NOTHING
       && end(0, 0, 1, 1000) == CHATWS_TYPING_NOTHING,
       "an end without a beginning is nothing");

    ok(start(0, 0, &round, 1000) == CHATWS_TYPING_ONE && round != 0
       && news.again == 0,
       "a beginning is told");
    ok(!chatws_typing_is_idle(tb, 1000), "somebody types");

    ok(start(0, 0, &round, 2999) == CHATWS_TYPING_NOTHING
       && start(0, 0, &round, 900) == CHATWS_TYPING_NOTHING,
       "a repeat within the interval is not, by whatever clock");
    ok(start(0, 0, &round, 3000) == CHATWS_TYPING_ONE
       && start(0, 0, &round, 4999) == CHATWS_TYPING_NOTHING,
       "one after the interval is");

    ok(start(0, 1, &other, 5000) == CHATWS_TYPING_ONE
       && start(1, 0, &other, 5000) == CHATWS_TYPING_ONE,
       "another user, another chat");

    ok(end(0, 0, round, 5000) == CHATWS_TYPING_ONE
       && news.who.text[0] == 'a' && news.who.text[1] == 'A'
       && end(0, 0, round, 5000) == CHATWS_TYPING_NOTHING,
       "an end is told once, with the names");

    ok(start(0, 0, &round, 5001) == CHATWS_TYPING_ONE,
       "a new beginning is told at once");
    ok(table_valid(), "a valid table");
}


static void
test_tabs(void)
{
    unsigned  i, told;
    uint32_t  round[40];

    table_new(8);
    memset(round, 0, sizeof(round));

    told = 0;

    for (i = 0; i < 40; i++) {
        told += start(0, 0, &round[i], 1000 + i) == CHATWS_TYPING_ONE;
        told += start(0, 0, &round[i], 1000 + i) == CHATWS_TYPING_ONE;
    }

    ok(told == 1, "connections of a user are one typist");

    for (i = 0, told = 0; i < 39; i++) {
        told += end(0, 0, round[i], 2000) == CHATWS_TYPING_ONE;
    }

    ok(told == 0, "which types while one of them does");
    ok(end(0, 0, round[39], 2000) == CHATWS_TYPING_ONE, "and ends with it");
    ok(tb->free == 1 && table_valid(), "the row is free again");
}


static void
test_message(void)
{
    uint32_t  one, two;

    table_new(8);
    one = two = 0;

    ok(stop(0, 0, 1000) == CHATWS_TYPING_NOTHING,
       "a message of who does not type");

    (void) start(0, 0, &one, 1000);
    (void) start(0, 0, &two, 1000);

    ok(stop(0, 0, 1500) == CHATWS_TYPING_ONE && news.who.text[0] == 'a',
       "a message ends it for all connections");

    ok(end(0, 0, two, 1600) == CHATWS_TYPING_NOTHING, "which are void");

    ok(start(0, 0, &one, 1700) == CHATWS_TYPING_ONE
       && end(0, 0, two, 1800) == CHATWS_TYPING_NOTHING
       && end(0, 0, one, 1800) == CHATWS_TYPING_ONE,
       "and have no part in what begins then");

    (void) start(0, 0, &one, 2000);
    (void) stop(0, 0, 2000);
    (void) start(0, 0, &two, 2000);

    ok(start(0, 0, &one, 2100) == CHATWS_TYPING_NOTHING
       && end(0, 0, two, 2200) == CHATWS_TYPING_NOTHING
       && end(0, 0, one, 2300) == CHATWS_TYPING_ONE,
       "a repeat of such a connection joins it");
}


/* The owner of the connection does not end it. */

static void
test_void(void)
{
    uint32_t             other, round;
    chatws_typing_key_t  key = key_of(0, 0);

    table_new(8);
    round = other = 0;

    (void) start(0, 0, &round, 1000);

    ok(start(0, 0, &round, 15999) == CHATWS_TYPING_ONE
       && round == chatws_typing_row(tb, 1)->round,
       "a repeat that is late, but within the grace");

    ok(start(0, 0, &other, 15999 + 15000) == CHATWS_TYPING_ONE
       && other != round,
       "behind it a new typing begins");

    ok(end(0, 0, round, 31000) == CHATWS_TYPING_NOTHING
       && end(0, 0, other, 31000) == CHATWS_TYPING_ONE,
       "of which the old connection is no part");

    ok(chatws_typing_is_idle(tb, 100000), "nobody types for ever");

    (void) start(0, 0, &round, 1000);
    (void) start(1, 1, &round, 20000);
    (void) start(1, 2, &round, 20000);
    (void) start(1, 3, &round, 20000);

    ok(chatws_typing_find(tb, &key) == 0 && table_valid(),
       "a void row is freed by others");
}


static void
test_death_of_owner(void)
{
    uint32_t  dead, live, next;

    table_new(8);
    dead = live = next = 0;

    (void) start(0, 0, &dead, 1000);
    (void) start(0, 0, &live, 1000);

    chatws_typing_died(tb);

    ok(end(0, 0, live, 1100) == CHATWS_TYPING_ONE,
       "connections of a dead process hold nothing up");

    (void) start(0, 0, &live, 1200);
    (void) start(0, 0, &next, 1200);

    ok(end(0, 0, live, 1300) == CHATWS_TYPING_NOTHING
       && end(0, 0, next, 1300) == CHATWS_TYPING_ONE,
       "what begins later is counted as ever");
}


static void
test_room(void)
{
    unsigned  i, n;
    uint32_t  full, round;

    table_new(64);

    for (i = 0, n = 0; i < 100; i++) {
        round = 0;
        (void) start(i % 7, i, &round, 1000);
        n += round != 0;
    }

    ok(n > 32 && n <= 64, "a full table takes no more: %u", n);

    full = 77;
    (void) start(8, 200, &full, 1000);

    ok(n < 64 || full == 0, "and says so");
    ok(table_valid(), "it is valid");

    for (i = 0, n = 0; i < 100; i++) {
        round = 0;
        n += start(i % 7, 300 + i, &round, 16000) == CHATWS_TYPING_ONE;
    }

    ok(n > 32, "when the rows are void there is room again: %u", n);
    ok(table_valid(), "it is valid");

    table_new(1);

    for (i = 0, n = 0; i < 10; i++) {
        round = 0;
        n += start(i, i, &round, i * 20000) == CHATWS_TYPING_ONE;
    }

    ok(n == 10, "the smallest table");
}


static void
test_list(void)
{
    uint32_t             r[5];
    uint64_t             again;
    chatws_typing_key_t  key = key_of(0, 0);

    table_new(16);
    memset(r, 0, sizeof(r));
    rules.merge = 2;

    ok(start(0, 0, &r[0], 10000) == CHATWS_TYPING_ONE
       && start(0, 1, &r[1], 10000) == CHATWS_TYPING_ONE
       && !chatws_typing_list(tb, key.chat, 10000, &list, &again)
       && again == 0,
       "as many as are told one by one");

    ok(start(0, 2, &r[2], 10100) == CHATWS_TYPING_LIST
       && listed(0, 10100, "ab", 3) && list.begins && list.merged
       && list.list[0].shown && list.list[1].shown,
       "one more makes a list, which takes the place of two");

    ok(start(0, 3, &r[3], 10200) == CHATWS_TYPING_NOTHING
       && news.again == 12100,
       "another one is for the next list");

    ok(!chatws_typing_list(tb, key.chat, 12099, &list, &again)
       && again == 12100
       && listed(0, 12100, "ab", 4) && !list.begins && list.merged
       && !list.list[0].shown,
       "an interval later");

    ok(!chatws_typing_list(tb, key.chat, 16000, &list, &again)
       && again == 17100 && listed(0, 17100, "ab", 4),
       "it is repeated");

    ok(end(0, 0, r[0], 17200) == CHATWS_TYPING_NOTHING
       && listed(0, 19100, "bc", 3),
       "who ends gives the place to the next one");

    ok(end(0, 3, r[3], 19200) == CHATWS_TYPING_LIST
       && listed(0, 19200, "bc", 2) && !list.merged && !list.begins,
       "falling back, the last list comes at once");

    ok(start(0, 1, &r[1], 19300) == CHATWS_TYPING_NOTHING
       && start(0, 1, &r[1], 21200) == CHATWS_TYPING_ONE
       && end(0, 2, r[2], 21300) == CHATWS_TYPING_ONE,
       "from which single ones go on");

    (void) start(0, 2, &r[2], 21000);

    ok(start(0, 3, &r[3], 21100) == CHATWS_TYPING_NOTHING
       && news.again == 21200
       && start(0, 3, &r[3], 21200) == CHATWS_TYPING_LIST
       && listed(0, 21200, "bc", 3) && list.begins,
       "at most one crossing an interval");

    rules.merge = 0;
}


static void
test_list_ends(void)
{
    unsigned              i;
    uint32_t              r[3];
    uint64_t              again;
    chatws_typing_key_t   key = key_of(0, 0);
    chatws_typing_list_t  nobody;

    table_new(16);
    memset(r, 0, sizeof(r));
    memset(&nobody, 0, sizeof(nobody));
    rules.merge = 1;

    (void) start(0, 0, &r[0], 10000);
    (void) start(0, 1, &r[1], 10000);

    ok(listed(0, 10000, "a", 2), "two of whom one is shown");

    chatws_typing_told(tb, key.chat, 10000, &list);

    ok(stop(0, 0, 10100) == CHATWS_TYPING_LIST, "one ends");
    ok(end(0, 1, r[1], 10100) == CHATWS_TYPING_NOBODY
       && chatws_typing_is_listed(tb, key.chat, &nobody),
       "and the other, before the list was told");

    (void) start(0, 0, &r[0], 10200);

    ok(!chatws_typing_is_listed(tb, key.chat, &nobody)
       && !chatws_typing_is_listed(tb, key.chat, &list),
       "a new beginning makes that list a wrong one");

    (void) start(0, 1, &r[1], 12300);
    (void) listed(0, 12300, "a", 2);

    rules.merge = 0;

    ok(start(0, 0, &r[0], 12400) == CHATWS_TYPING_LIST
       && listed(0, 12400, "ab", 2) && !list.merged,
       "a location without lists ends them");

    rules.merge = CHATWS_TYPING_WALK;
    table_new(64);

    for (i = 0; i <= CHATWS_TYPING_WALK; i++) {
        r[0] = 0;
        (void) start(0, i, &r[0], 20000);
    }

    ok(listed(0, 20000, "abcdefghijklmnop", 17), "the largest list");

    (void) start(1, 50, &r[0], 34999);
    r[0] = 0;
    (void) start(0, 51, &r[0], 34999);

    ok(!chatws_typing_list(tb, key.chat, 35000, &list, &again)
       && again == 35001 && listed(0, 35001, "z", 1) && table_valid(),
       "what is void leaves the list, so many at a time");

    rules.merge = 0;
}


static void
test_names(void)
{
    uint32_t             round;
    chatws_typing_key_t  key = key_of(0, 0);
    chatws_typing_who_t  who;

    table_new(8);
    round = 0;

    memset(&who, 'x', sizeof(who));
    who.id = CHATWS_NAME_MAX;
    who.name = CHATWS_NAME_MAX;

    chatws_typing_start(tb, &key, &who, &rules, 1000, &round, &news);

    ok(end(0, 0, round, 1000) == CHATWS_TYPING_ONE
       && memcmp(&news.who, &who, sizeof(who)) == 0,
       "the longest names");
}


static void
test_gates(void)
{
    uint32_t             round, other;
    chatws_typing_key_t  key = key_of(0, 0);

    table_new(8);
    round = other = 0;

    ok(chatws_typing_is_true(tb, &key, 0)
       && !chatws_typing_is_true(tb, &key, 1),
       "who does not type has ended");

    (void) start(0, 0, &round, 1000);

    ok(chatws_typing_is_true(tb, &key, round)
       && !chatws_typing_is_true(tb, &key, 0),
       "who types has not");

    (void) stop(0, 0, 1000);
    (void) start(0, 0, &other, 1000);

    ok(!chatws_typing_is_true(tb, &key, round)
       && !chatws_typing_is_true(tb, &key, 0),
       "nor with another beginning");

    chatws_typing_untold(tb, &key);

    ok(chatws_typing_is_true(tb, &key, 0)
       && start(0, 0, &other, 1000) == CHATWS_TYPING_ONE,
       "what could not be told is told again");
}
