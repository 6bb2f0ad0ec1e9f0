
/*
 * Copyright (C) chatws contributors
 *
 * Who is there, as others see it: questions to the table of people, and users
 * who hide.
 */


#include "tap.h"
#include "people_test.h"
#include "store/chatws_people_note.c"
#include "store/chatws_people_presence.c"


static void test_roll(void);
static void test_look(void);
static void test_hide(void);
static void test_share(void);
static void test_news(void);
static void test_many(void);
static uint64_t hash(const char *id);
static void is_online(const char *user, int later);
static uint32_t walk(const char *chat, const char *users);
static int shared(const char *one, const char *other);


int
main(void)
{
    test_roll();
    test_look();
    test_hide();
    test_share();
    test_news();
    test_many();

    return done();
}


/* All people of a chat, however many, and who is no more one of them. */

static void
test_roll(void)
{
    int                       i;
    char                      id[3] = "a0";
    uint32_t                  n;
    chatws_people_note_t      notes[CHATWS_PEOPLE_WALK];
    chatws_people_cursor_t    cursor;
    chatws_people_numbers_t   numbers;

    make(ROWS, CHATWS_PEOPLE_PRESENCE);

    memset(&cursor, 0, sizeof(cursor));

    ok(chatws_people_roll(tb, hash("c"), &cursor, notes, &numbers) == 0
       && cursor.done && numbers.people == 0 && numbers.online == 0,
       "nobody was ever there");

    for (i = 0; i < 20; i++) {
        id[0] = 'a' + i;
        id[1] = 0;
        is_online(id, 0);
        chatws_people_set_subscribed(tb, place(id, "c"), 1, 0, &now);
    }

    ok(walk("c", "abcdefghijklmnopqrst") && good(), "more than a slice");

    chatws_people_set_subscribed(tb, place("b", "c"), 0, 0, &now);

    ok(walk("c", "acdefghijklmnopqrst"), "who has left is none of them");

    /* a row that goes while somebody walks */

    memset(&cursor, 0, sizeof(cursor));

    n = chatws_people_roll(tb, hash("c"), &cursor, notes, &numbers);

    ok(n != 0 && !cursor.done && numbers.people == 19
       && numbers.online == 19, "the numbers are of all");

    for (i = 2; i < 20; i++) {
        id[0] = 'a' + i;
        chatws_people_set_subscribed(tb, place(id, "c"), 0, 0, &now);
    }

    for (i = 0; i < 9 && !cursor.done; i++) {
        n = chatws_people_roll(tb, hash("c"), &cursor, notes, &numbers);
    }

    ok(cursor.done && n == 0 && numbers.people == 1, "the walk ends");
}


static void
test_look(void)
{
    uint64_t                  users[3];
    chatws_people_look_t      looks[3], look;
    chatws_people_numbers_t   numbers;

    make(ROWS, CHATWS_PEOPLE_PRESENCE);

    users[0] = hash("a");
    users[1] = hash("b");
    users[2] = hash("nobody");

    is_online("a", 0);
    is_online("b", 0);

    chatws_people_set_subscribed(tb, place("a", "c"), 1, 0, &now);
    chatws_people_set_state(tb, person("b"), CHATWS_PERSON_AWAY, 0, &now);

    memset(looks, 0xff, sizeof(looks));
    chatws_people_look(tb, hash("c"), users, 3, looks, &numbers);

    ok(looks[0].people && looks[0].state == CHATWS_PERSON_ONLINE
       && numbers.people == 1 && numbers.online == 1, "one of the people");
    ok(!looks[1].people && looks[1].state == CHATWS_PERSON_AWAY,
       "somebody else");
    ok(!looks[2].people && looks[2].state == 0 && looks[2].since == 0,
       "nobody");

    chatws_people_look(tb, hash("other"), users, 1, looks, &numbers);
    ok(!looks[0].people && numbers.people == 0, "a chat that nobody is in");

    now.time += 5000;
    chatws_people_set_state(tb, person("b"), 0, 0, &now);
    chatws_people_look_at(tb, users[1], &look);
    ok(look.state == 0 && look.since == now.time, "offline since now");
}


/* A user who hides is offline since then, and what it does is not seen. */

static void
test_hide(void)
{
    uint64_t               since;
    chatws_people_name_t   a = name("a", 1), b = name("b", 1);
    chatws_people_look_t   look;

    make(ROWS, CHATWS_PEOPLE_PRESENCE);

    ok(chatws_people_hide(tb, &b, 0, &now) == CHATWS_OK && person("b") == 0,
       "who shows itself is not made for that");

    is_online("a", 0);
    chatws_people_set_subscribed(tb, place("a", "c"), 1, 0, &now);
    ok(crowd("c")->people == 1 && crowd("c")->online == 1, "there");

    since = now.time += 3000;
    ok(chatws_people_hide(tb, &a, 1, &now) == CHATWS_OK
       && chatws_people_is_hidden(tb, a.hash)
       && !chatws_people_is_hidden(tb, b.hash), "hidden");

    while (chatws_people_announce(tb, &now)) { /* void */ }

    ok(crowd("c")->people == 0 && crowd("c")->online == 0 && good(),
       "it does not count");
    ok(flags("a", "c") == (CHATWS_PEOPLE_PLACE|CHATWS_PLACE_SUBSCRIBED
                           |CHATWS_PLACE_PRESENCE),
       "others are to be told, but not that it has left");
    ok(flush("c", "a"), "once");

    now.time += 3000;
    chatws_people_set_state(tb, person("a"), CHATWS_PERSON_AWAY, 0, &now);
    now.time += 3000;
    chatws_people_set_state(tb, person("a"), 0, 0, &now);
    chatws_people_look_at(tb, a.hash, &look);
    ok(look.state == 0 && look.since == since, "offline since it hides");

    /* before it is seen for the first time; somebody who is offline */

    ok(chatws_people_hide(tb, &b, 1, &now) == CHATWS_OK && person("b") != 0,
       "hidden from the beginning");

    is_online("b", 0);
    chatws_people_look_at(tb, b.hash, &look);
    ok(look.state == 0 && look.since == 0, "never seen");

    ok(chatws_people_hide(tb, &b, 0, &now) == CHATWS_OK, "shown");
    chatws_people_look_at(tb, b.hash, &look);
    ok(look.state == CHATWS_PERSON_ONLINE && good(), "as it is");
}


static void
test_share(void)
{
    int   i;
    char  id[3] = "c0";

    make(ROWS, CHATWS_PEOPLE_PRESENCE);

    for (i = 0; i < 20; i++) {
        id[1] = 'a' + i;
        (void) chatws_people_set_member(tb, place("a", id), 1, 1, &now);
    }

    ok(!shared("a", "b") && !shared("b", "a"), "with nobody");

    chatws_people_set_subscribed(tb, place("b", "ca"), 1, 0, &now);
    ok(!shared("a", "b") && !shared("b", "a"), "who is no member");

    (void) chatws_people_set_member(tb, place("b", "ct"), 1, 1, &now);
    ok(shared("a", "b") && shared("b", "a"), "the last one of many");

    (void) chatws_people_set_member(tb, place("a", "ct"), 0, 1, &now);
    ok(!shared("a", "b") && !shared("b", "a") && good(), "a member no more");
}


/* Whoever looks for news is told of each change that others see. */

static void
test_news(void)
{
    uint64_t              from, users[CHATWS_NEWS];
    chatws_people_name_t  a = name("a", 1);

    make(ROWS, CHATWS_PEOPLE_PRESENCE);

    from = chatws_news_end(&tb->news);

    is_online("a", 0);
    ok(chatws_news_get(&tb->news, &from, users) == 1 && users[0] == a.hash,
       "online");

    chatws_people_set_state(tb, person("a"), 0, 1, &now);
    ok(chatws_news_get(&tb->news, &from, users) == 0, "nothing in the grace");

    is_online("a", 1);
    ok(chatws_news_get(&tb->news, &from, users) == 0, "back");

    (void) chatws_people_hide(tb, &a, 1, &now);
    ok(chatws_news_get(&tb->news, &from, users) == 1, "hidden");

    chatws_people_set_state(tb, person("a"), CHATWS_PERSON_AWAY, 0, &now);
    chatws_people_set_state(tb, person("a"), 0, 0, &now);
    ok(chatws_news_get(&tb->news, &from, users) == 0, "and not seen");
}


static void
test_many(void)
{
    make(ROWS, CHATWS_PEOPLE_PRESENCE);

    chatws_people_set_many(tb, hash("c"), 1);
    ok(!chatws_people_is_many(tb, hash("c")), "a chat that is not there");

    chatws_people_set_subscribed(tb, place("a", "c"), 1, 0, &now);
    ok(!chatws_people_is_many(tb, hash("c")), "names");

    chatws_people_set_many(tb, hash("c"), 1);
    ok(chatws_people_is_many(tb, hash("c")) && good(), "numbers");

    chatws_people_set_many(tb, hash("c"), 0);
    ok(!chatws_people_is_many(tb, hash("c")), "names again");
}


static uint64_t
hash(const char *id)
{
    return name(id, strlen(id)).hash;
}


static void
is_online(const char *user, int later)
{
    chatws_people_name_t  nm = name(user, strlen(user));

    chatws_people_set_state(tb, chatws_people_make_person(tb, &nm),
                            CHATWS_PERSON_ONLINE, later, &now);
}


/* Whether these are the people of a chat, each with an id of one letter. */

static uint32_t
walk(const char *chat, const char *users)
{
    uint32_t                  i, n, met;
    chatws_people_note_t      notes[CHATWS_PEOPLE_WALK];
    chatws_people_cursor_t    cursor;
    chatws_people_numbers_t   numbers;

    memset(&cursor, 0, sizeof(cursor));

    for (met = 0; !cursor.done; met += n) {
        n = chatws_people_roll(tb, hash(chat), &cursor, notes, &numbers);

        for (i = 0; i < n; i++) {
            if (notes[i].len != 1 || notes[i].id[0] != users[met + i]) {
                return 0;
            }
        }
    }

    return met == strlen(users);
}


static int
shared(const char *one, const char *other)
{
    int                     rc;
    chatws_people_cursor_t  cursor;

    memset(&cursor, 0, sizeof(cursor));

    do {
        rc = chatws_people_share(tb, hash(one), hash(other), &cursor);
    } while (!cursor.done);

    return rc;
}
