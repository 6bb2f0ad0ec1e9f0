
/*
 * Copyright (C) chatws contributors
 *
 * The table of people: rows, places and what others see of them, and walks.
 */


#include "people_test.h"


static void test_ids(void);
static void test_place(void);
static void test_state(void);
static void test_invisible(void);
static void test_member(void);
static void test_reads(void);
static void test_slices(void);


int
main(void)
{
    test_ids();
    test_place();
    test_state();
    test_invisible();
    test_member();
    test_reads();
    test_slices();

    free(tb);

    return done();
}


static void
test_ids(void)
{
    int                   bad;
    size_t                len;
    uint8_t               buf[CHATWS_NAME_MAX];
    uint32_t              c, p;
    char                  id[CHATWS_NAME_MAX];
    chatws_people_name_t  nm;

    make(600, 0);

    bad = 0;

    for (len = 1; len <= CHATWS_NAME_MAX; len++) {
        memset(id, 'a' + (int) len % 26, len);
        id[len - 1] = (char) len;
        nm = name(id, len);

        p = chatws_people_make_person(tb, &nm);
        c = chatws_people_make_crowd(tb, &nm, len);

        bad += p == 0 || c == 0 || p == c
               || p != chatws_people_make_person(tb, &nm)
               || p != chatws_people_find_person(tb, nm.hash)
               || c != chatws_people_find_crowd(tb, nm.hash)
               || chatws_people_crowd(tb, c)->count != len
               || chatws_people_id(tb, p, buf) != len
               || memcmp(buf, id, len) != 0
               || chatws_people_id(tb, c, buf) != len
               || memcmp(buf, id, len) != 0;
    }

    ok(!bad && good() && tb->persons == CHATWS_NAME_MAX,
       "persons and crowds with ids of each length");
    ok(chatws_people_find_person(tb, 1) == 0
       && chatws_people_find_crowd(tb, 1) == 0, "others are not found");
}


static void
test_place(void)
{
    uint32_t              p;
    chatws_people_name_t  c = name("c", 1), nobody = name("u", 1);

    make(ROWS, CHATWS_PEOPLE_PRESENCE);

    nobody.id.len = 0;
    ok(chatws_people_make_place(tb, &nobody, &c, 1) == 0,
       "no place of an unknown person without an id");

    p = place("u", "c");
    ok(p != 0 && p == place("u", "c") && crowd("c")->count == 10
       && chatws_people_place(tb, p)->seen == 10, "a place is made once");

    chatws_people_set_subscribed(tb, p, 1, 0, &now);
    ok(crowd("c")->people == 1 && crowd("c")->online == 0 && good(),
       "a subscribed one is one of people");

    chatws_people_set_subscribed(tb, p, 0, 1, &now);
    ok(flags("u", "c") & CHATWS_PLACE_KEPT, "and is kept for the grace");
    ok(crowd("c")->people == 1 && good(), "as one of people");

    chatws_people_set_subscribed(tb, p, 1, 0, &now);
    ok(!(flags("u", "c") & CHATWS_PLACE_KEPT) && good(), "it came back");

    chatws_people_set_subscribed(tb, p, 0, 1, &now);
    now.msec += 14999;
    ok(!chatws_people_expire(tb, &now)
       && (flags("u", "c") & CHATWS_PLACE_KEPT), "the grace has not ended");

    now.msec += 1;
    (void) chatws_people_expire(tb, &now);
    ok((flags("u", "c") & CHATWS_PLACE_LEFT)
       && crowd("c")->people == 0 && good(), "it has, others are to be told");

    ok(flush("c", "u") && flags("u", "c") == 0, "then the place is freed");

    p = place("u", "c");
    chatws_people_set_subscribed(tb, p, 1, 0, &now);
    chatws_people_set_subscribed(tb, p, 0, 0, &now);
    ok(crowd("c")->people == 0, "without keep nothing is kept");

    make(ROWS, 0);
    p = place("u", "c");
    chatws_people_set_subscribed(tb, p, 1, 0, &now);
    chatws_people_set_subscribed(tb, p, 0, 0, &now);
    ok(flags("u", "c") == 0 && tb->places == 0 && good(),
       "without presence nobody is told");
}


static void
test_state(void)
{
    uint32_t                p;
    uint64_t                since;
    chatws_person_t        *u;
    chatws_people_rules_t   rules;

    make(ROWS, CHATWS_PEOPLE_PRESENCE);

    chatws_people_set_subscribed(tb, place("u", "c"), 1, 0, &now);
    chatws_people_set_subscribed(tb, place("u", "d"), 1, 0, &now);
    (void) flush("c", "u");
    (void) flush("d", "u");

    p = person("u");
    u = chatws_people_person(tb, p);

    ok(u->since == 0, "never seen");

    chatws_people_set_state(tb, p, CHATWS_PERSON_ONLINE, 1, &now);
    ok(u->since == now.time && tb->online == 1 && crowd("c")->online == 0
       && good(), "online");
    ok(!chatws_people_announce(tb, &now) && crowd("c")->online == 1
       && crowd("d")->online == 1 && good(), "is announced");

    now.msec += 1000;
    now.time += 1000;
    ok(flush("c", "u") && flush("d", "u")
       && chatws_people_due(tb, 0, &now) == 0, "and told");

    chatws_people_set_state(tb, p, CHATWS_PERSON_OFFLINE, 1, &now);
    ok(chatws_people_graced(tb, &now) == 0
       && (u->row.flags & CHATWS_PERSON_ONLINE) && good(), "not offline yet");

    now.msec += 14000;
    now.time += 14000;
    chatws_people_set_state(tb, p, CHATWS_PERSON_ONLINE, 1, &now);
    now.msec += 14000;
    now.time += 14000;
    ok(chatws_people_graced(tb, &now) == 0 && good(), "back again");

    since = now.time;
    chatws_people_set_state(tb, p, CHATWS_PERSON_OFFLINE, 1, &now);
    now.msec += 15123;
    now.time += 15123;
    ok(chatws_people_graced(tb, &now) == p, "the grace has ended");

    chatws_people_set_state(tb, p, CHATWS_PERSON_OFFLINE, 0, &now);
    ok(u->since == since && tb->online == 0 && good()
       && chatws_people_graced(tb, &now) == 0,
       "offline since the last connection");

    (void) chatws_people_announce(tb, &now);
    ok(crowd("c")->online == 0 && crowd("c")->people == 1, "and announced");

    chatws_people_set_state(tb, p, CHATWS_PERSON_AWAY, 0, &now);
    chatws_people_set_state(tb, p, CHATWS_PERSON_OFFLINE, 0, &now);
    ok(u->since == now.time && good(), "a goodbye counts at once");

    /* a reload has made the grace shorter */

    chatws_people_set_state(tb, p, CHATWS_PERSON_ONLINE, 1, &now);
    since = now.time;
    chatws_people_set_state(tb, p, CHATWS_PERSON_OFFLINE, 1, &now);

    rules = tb->rules;
    rules.grace = 1000;
    (void) chatws_people_configure(tb, &rules, 9, &now);

    now.msec += 1000;
    now.time += 1000;
    ok(chatws_people_graced(tb, &now) == p, "a shorter grace has ended");

    chatws_people_set_state(tb, p, CHATWS_PERSON_OFFLINE, 0, &now);
    ok(u->since == since && good(), "and offline since its begin");
}


static void
test_invisible(void)
{
    uint32_t  p;
    uint64_t  since;

    make(ROWS, CHATWS_PEOPLE_PRESENCE);

    chatws_people_set_subscribed(tb, place("u", "c"), 1, 0, &now);
    (void) chatws_people_set_member(tb, place("u", "d"), 1, 0, &now);
    p = person("u");
    chatws_people_set_state(tb, p, CHATWS_PERSON_ONLINE, 0, &now);
    (void) chatws_people_announce(tb, &now);
    (void) flush("c", "u");
    (void) flush("d", "u");

    chatws_people_set_invisible(tb, p, 1, &now);
    (void) chatws_people_announce(tb, &now);

    ok(crowd("c")->people == 0 && crowd("d")->people == 1
       && crowd("d")->online == 0
       && !(flags("u", "c") & CHATWS_PLACE_LEFT) && good(),
       "an invisible one is offline, and has not left");
    ok(chatws_people_visible(tb, p, &since) == CHATWS_PERSON_OFFLINE
       && since == now.time, "since then");

    now.time += 500;
    chatws_people_set_invisible(tb, p, 1, &now);
    ok(chatws_people_visible(tb, p, &since) == CHATWS_PERSON_OFFLINE
       && since == now.time - 500, "saying it again changes nothing");

    chatws_people_set_invisible(tb, p, 0, &now);
    (void) chatws_people_announce(tb, &now);
    ok(crowd("c")->people == 1 && crowd("c")->online == 1
       && crowd("d")->online == 1 && good(), "visible again");

    chatws_people_set_state(tb, p, CHATWS_PERSON_OFFLINE, 0, &now);
    since = now.time;
    now.time += 500;
    chatws_people_set_invisible(tb, p, 1, &now);
    now.time += 500;
    chatws_people_set_state(tb, p, CHATWS_PERSON_ONLINE, 0, &now);
    ok(chatws_people_visible(tb, p, &now.time) == 0 && now.time == since,
       "who was offline is so since before");
}


static void
test_member(void)
{
    uint32_t     i, p;
    char         id[] = "u0";
    chatws_rc_e  rc;

    make(ROWS, CHATWS_PEOPLE_PRESENCE);

    p = place("u", "c");
    ok(chatws_people_set_member(tb, p, 1, 0, &now) == CHATWS_OK
       && crowd("c")->members == 1 && crowd("c")->people == 1 && good(),
       "a member");
    ok(chatws_people_set_member(tb, p, 1, 0, &now) == CHATWS_OK
       && crowd("c")->members == 1 && good(), "is so once");

    ok(chatws_people_set_member(tb, p, 0, 0, &now) == CHATWS_OK
       && crowd("c")->members == 0
       && (flags("u", "c") & CHATWS_PLACE_REMOVED) && good(), "is removed");

    (void) flush("c", "u");
    now.msec += 59999;
    (void) chatws_people_expire(tb, &now);
    ok(flags("u", "c") & CHATWS_PLACE_REMOVED, "which is remembered");

    now.msec += 1;
    (void) chatws_people_expire(tb, &now);
    ok(flags("u", "c") == 0 && good(), "for a while");

    rc = CHATWS_OK;

    for (i = 0; i < 10 && rc == CHATWS_OK; i++) {
        id[1] = (char) ('0' + i);
        p = place(id, "c");
        (void) chatws_people_set_member(tb, p, 1, 0, &now);
        rc = chatws_people_set_member(tb, p, 0, 0, &now);
    }

    ok(rc == CHATWS_BUSY && crowd("c")->members == 1 && good()
       && tb->removed == ROWS / 8 + 1, "removals are bounded");
}


static void
test_reads(void)
{
    uint32_t               p;
    chatws_people_reads_t  r;

    make(ROWS, CHATWS_PEOPLE_UNREAD|CHATWS_PEOPLE_RECEIPTS);

    p = place("u", "c");
    (void) chatws_people_set_member(tb, p, 1, 1, &now);
    ok(tb->ndirty == 0 && crowd("c")->changed == 0,
       "nobody is told of a quiet member");

    chatws_people_get_reads(tb, p, &r);
    ok(r.seen == 10 && r.read == 0 && chatws_people_unread(tb, p) == 0,
       "nothing is unread");

    r.seen = -3;
    chatws_people_set_reads(tb, p, &r, 1, &now);
    ok(chatws_people_unread(tb, p) == 13 && tb->ndirty == 0, "a seed");

    chatws_people_set_count(tb, chatws_people_place(tb, p)->crowd, 11);
    ok(chatws_people_unread(tb, p) == 14, "and a message");

    r.read = 12;
    r.read_public = 12;
    r.seen = 12;
    chatws_people_set_reads(tb, p, &r, 0, &now);
    ok(chatws_people_unread(tb, p) == 0 && tb->ndirty == 1
       && (flags("u", "c") & CHATWS_PLACE_CHANGED) == CHATWS_PLACE_READ
       && good(), "all is read");
    ok(flush("c", "u"), "others are told");

    r.delivered = 13;
    chatws_people_set_reads(tb, p, &r, 0, &now);
    ok(crowd("c")->changed == 0, "not of what is not configured");

    r.flags = CHATWS_PLACE_MARKED|CHATWS_PLACE_MUTED;
    chatws_people_set_reads(tb, p, &r, 0, &now);
    chatws_people_get_reads(tb, p, &r);
    ok(r.flags == (CHATWS_PLACE_MARKED|CHATWS_PLACE_MUTED)
       && r.read == 12 && good(), "marks");
}


/* Places come and go while a walk goes on: it meets those that stay once. */

static void
test_slices(void)
{
    int                      bad;
    uint32_t                 i, k, met[100], n, other;
    uint32_t                 rows[CHATWS_PEOPLE_WALK];
    uint32_t                 turns, user[100];
    char                     id[] = "u00";
    chatws_people_cursor_t   cursor;

    make(400, CHATWS_PEOPLE_PRESENCE);

    for (i = 0; i < 100; i++) {
        id[1] = (char) ('0' + i / 10);
        id[2] = (char) ('0' + i % 10);
        user[i] = place(id, "c");
        (void) chatws_people_set_member(tb, user[i], 1, 0, &now);
        met[i] = 0;
    }

    while (flush("c", "") || crowd("c")->changed != 0) {
        chatws_people_told(tb, crowd("c")->changed);
    }

    memset(&cursor, 0, sizeof(cursor));
    bad = 0;

    for (turns = 0; !cursor.done && turns < 100; turns++) {
        n = chatws_people_crowd_slice(tb, chatws_people_find_crowd(tb,
                                          name("c", 1).hash), &cursor, rows);

        for (i = 0; i < n; i++) {

            for (k = 0; k < 100 && user[k] != rows[i]; k++) { /* void */ }

            if (k < 100) {
                met[k]++;

            } else {
                bad++;
            }
        }

        /* the place that the walk stands at is freed, twice */

        if (turns == 1 || turns == 4) {
            for (k = 0; k < 100 && user[k] != cursor.row; k++) { /* void */ }

            user[k] = 0;
            (void) chatws_people_set_member(tb, cursor.row, 0, 0, &now);
            chatws_people_told(tb, cursor.row);
            now.msec += CHATWS_PEOPLE_REMOVED;
            (void) chatws_people_expire(tb, &now);
            bad += !good();
        }
    }

    for (k = 0; k < 100; k++) {
        bad += met[k] != 1;
    }

    ok(bad == 0 && turns > 7 && turns < 20, "a walk meets each place once");
    ok(cursor.done && crowd("c")->members == 98, "and comes to its end");

    memset(&cursor, 0, sizeof(cursor));
    n = chatws_people_person_slice(tb, person("u01"), &cursor, rows);
    ok(n == 1 && rows[0] == user[1] && cursor.done, "the places of a person");

    /* a cursor from outside: of no row, of a free one, of another chat */

    other = place("u01", "d");
    bad = 0;

    for (i = 0; i < 4; i++) {
        memset(&cursor, 0, sizeof(cursor));

        cursor.row = i == 0 ? UINT32_MAX : i == 1 ? 0 : i == 2 ? 400 : other;
        cursor.at = i == 3 ? chatws_people_row(tb, other)->serial : 1;

        n = chatws_people_crowd_slice(tb, chatws_people_find_crowd(tb,
                                          name("c", 1).hash), &cursor, rows);

        bad += n != CHATWS_PEOPLE_WALK || rows[0] != user[0] || cursor.done;
    }

    ok(bad == 0, "a cursor of no such walk begins it");
}
