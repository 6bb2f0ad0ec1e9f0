
/*
 * Copyright (C) chatws contributors
 *
 * The table of people: flushes, changes, what gives way, and sweeps.
 */


#include "people_test.h"


static void test_flush(void);
static void test_flush_death(void);
static void test_feed(void);
static void test_feed_idle(void);
static void test_reclaim(void);
static void test_reclaim_shown(void);
static void test_sweep(void);


int
main(void)
{
    test_flush();
    test_flush_death();
    test_feed();
    test_feed_idle();
    test_reclaim();
    test_reclaim_shown();
    test_sweep();

    free(tb);

    return done();
}


static void
test_flush(void)
{
    uint32_t  c;

    make(ROWS, CHATWS_PEOPLE_PRESENCE);

    ok(chatws_people_next_due(tb, &now) == CHATWS_PEOPLE_NEVER
       && chatws_people_due(tb, 0, &now) == 0, "nothing is due");

    chatws_people_set_subscribed(tb, place("a", "c"), 1, 0, &now);
    chatws_people_set_subscribed(tb, place("b", "c"), 1, 0, &now);
    ok(chatws_people_next_due(tb, &now) == 0
       && chatws_people_due(tb, 500, &now) == 0, "due at once, but not late");

    now.msec += 500;
    ok(chatws_people_due(tb, 500, &now) != 0, "it is late now");
    ok(flush("c", "ab"), "both are told at once");

    ok(chatws_people_next_due(tb, &now) == 1000, "then it cools");

    chatws_people_set_subscribed(tb, place("z", "c"), 1, 0, &now);
    now.msec += 999;
    ok(chatws_people_due(tb, 0, &now) == 0, "for the interval");
    now.msec += 1;
    ok(flush("c", "z"), "what came meanwhile is told after it");

    now.msec += 1000;
    ok(chatws_people_due(tb, 0, &now) == 0
       && chatws_people_next_due(tb, &now) == CHATWS_PEOPLE_NEVER && good(),
       "and it is quiet");

    c = chatws_people_find_crowd(tb, name("c", 1).hash);
    chatws_people_reset(tb, c, &now);
    ok(chatws_people_due(tb, 0, &now) == c && good(), "all is to be told");

    chatws_people_flush_begin(tb, c, 5, &now);
    ok(crowd("c")->row.flags & CHATWS_CROWD_FULL, "by the flush that runs");
    chatws_people_flush_end(tb, c, 5, 1);
    ok(!(crowd("c")->row.flags & CHATWS_CROWD_FULL)
       && (crowd("c")->row.flags & CHATWS_CROWD_RESET) && good(),
       "which failed, so the next one does it");
}


static void
test_flush_death(void)
{
    uint32_t  c;

    make(ROWS, CHATWS_PEOPLE_PRESENCE);

    chatws_people_set_subscribed(tb, place("a", "c"), 1, 0, &now);
    c = chatws_people_due(tb, 0, &now);
    chatws_people_flush_begin(tb, c, 5, &now);
    chatws_people_told(tb, chatws_people_changed(tb, c));

    ok(chatws_people_due(tb, 0, &now) == 0 && good(), "one worker flushes");
    now.msec += 1000;
    ok(chatws_people_due(tb, 0, &now) == c, "others look after a while");

    chatws_people_flush_wait(tb, c, &now);
    ok(chatws_people_due(tb, 0, &now) == 0 && good(), "it lives");

    now.msec += 1000;
    ok(chatws_people_due(tb, 0, &now) == c, "they look again");
    chatws_people_flush_begin(tb, c, 6, &now);
    ok((crowd("c")->row.flags & CHATWS_CROWD_FULL) && good(),
       "after its death all is told");

    chatws_people_flush_end(tb, c, 5, 0);
    ok(crowd("c")->flusher == 6, "a late end is not heard");
    chatws_people_flush_end(tb, c, 6, 0);
    ok(crowd("c")->flusher == 0
       && !(crowd("c")->row.flags & (CHATWS_CROWD_FULL|CHATWS_CROWD_RESET))
       && good(), "the flush ends");
}


static void
test_feed(void)
{
    uint32_t                i, n, p, row;
    uint64_t                batch;
    chatws_rc_e             rc;
    chatws_people_reads_t   r;
    chatws_people_change_t  changes[CHATWS_PEOPLE_WALK];

    make(ROWS, CHATWS_PEOPLE_UNREAD);

    ok(chatws_people_feed_open(tb) == CHATWS_DONE
       && !chatws_people_feed_has(tb) && tb->batch == 7 && good(),
       "no changes");

    (void) chatws_people_set_member(tb, place("a", "c"), 1, 0, &now);
    p = place("b", "c");
    (void) chatws_people_set_member(tb, p, 1, 0, &now);
    chatws_people_set_state(tb, person("a"), CHATWS_PERSON_ONLINE, 0, &now);

    ok(chatws_people_feed_has(tb) && tb->ndirty == 3 && good(),
       "three rows are dirty");

    while ((rc = chatws_people_feed_open(tb)) == CHATWS_AGAIN) { /* void */ }

    ok(rc == CHATWS_OK && tb->nflight == 3 && !chatws_people_feed_has(tb)
       && good(), "and in the batch");

    chatws_people_get_reads(tb, p, &r);
    r.read = 4;
    chatws_people_set_reads(tb, p, &r, 0, &now);
    (void) chatws_people_set_member(tb, p, 0, 0, &now);
    now.msec += CHATWS_PEOPLE_REMOVED;
    (void) chatws_people_expire(tb, &now);

    ok(flags("b", "c") != 0 && good(), "a dirty row is not freed");

    for (i = 0; i < 2; i++) {
        row = 0;
        ok(chatws_people_feed_read(tb, tb->batch, &row, changes, &n)
           == CHATWS_OK && n == 3 && row == 0
           && chatws_people_feed_open(tb) == CHATWS_OK,
           "the batch stays the same");
    }

    batch = tb->batch;
    chatws_people_feed_ack(tb, batch + 1);
    ok(chatws_people_feed_open(tb) == CHATWS_OK && tb->batch == batch,
       "the ack of another batch");

    chatws_people_feed_ack(tb, batch);

    while ((rc = chatws_people_feed_open(tb)) == CHATWS_AGAIN) { /* void */ }

    row = 0;
    ok(chatws_people_feed_read(tb, batch, &row, changes, &n)
       == CHATWS_DECLINED, "the old one is gone");
    (void) chatws_people_feed_read(tb, batch + 1, &row, changes, &n);
    ok(rc == CHATWS_OK && tb->batch == batch + 1 && n == 1
       && changes[0].read == 4 && changes[0].user[0] == 'b'
       && (changes[0].flags & CHATWS_PLACE_FLIGHT) == CHATWS_PLACE_FLIGHT
       && good(),
       "what changed meanwhile is in the next one");

    chatws_people_feed_ack(tb, batch + 1);

    while ((rc = chatws_people_feed_open(tb)) == CHATWS_AGAIN) { /* void */ }

    ok(rc == CHATWS_DONE && flags("b", "c") == 0 && good(),
       "at last the row is freed");
}


/* Who was offline before anybody asked for changes stays while it is told. */

static void
test_feed_idle(void)
{
    chatws_rc_e           rc;
    chatws_people_name_t  u;

    make(3, CHATWS_PEOPLE_UNREAD);

    u = name("a", 1);
    (void) chatws_people_make_person(tb, &u);
    chatws_people_set_state(tb, person("a"), CHATWS_PERSON_ONLINE, 0, &now);
    chatws_people_set_state(tb, person("a"), CHATWS_PERSON_OFFLINE, 0, &now);

    while ((rc = chatws_people_feed_open(tb)) == CHATWS_AGAIN) { /* void */ }

    ok(rc == CHATWS_OK && tb->nflight == 1 && good(), "a batch");

    u = name("x", 1);
    (void) chatws_people_make_person(tb, &u);
    u = name("y", 1);
    (void) chatws_people_make_person(tb, &u);
    u = name("z", 1);

    ok(chatws_people_make_person(tb, &u) != 0 && person("a") != 0
       && person("x") == 0 && good(), "whose row does not give way");

    chatws_people_feed_ack(tb, tb->batch);

    while ((rc = chatws_people_feed_open(tb)) == CHATWS_AGAIN) { /* void */ }

    u = name("x", 1);
    (void) chatws_people_make_person(tb, &u);
    u = name("w", 1);
    (void) chatws_people_make_person(tb, &u);

    ok(rc == CHATWS_DONE && person("w") != 0 && person("x") != 0 && good(),
       "until it was acked");
}


static void
test_reclaim(void)
{
    uint32_t              crowds, i;
    char                  id[] = "u00";
    chatws_people_name_t  c = name("x", 1), u = name("y", 1);

    make(21, CHATWS_PEOPLE_PRESENCE|CHATWS_PEOPLE_UNREAD);

    (void) chatws_people_make_crowd(tb, &c, 1);
    (void) chatws_people_make_person(tb, &u);
    (void) chatws_people_set_member(tb, place("m", "c"), 1, 1, &now);
    (void) chatws_people_set_member(tb, place("n", "c"), 1, 1, &now);
    chatws_people_set_count(tb, chatws_people_find_crowd(tb,
                                                   name("c", 1).hash), 11);

    /* nothing is unread of the first one, one message of the other one */

    chatws_people_place(tb, place("m", "c"))->seen = 11;
    chatws_people_set_subscribed(tb, place("k", "c"), 1, 0, &now);
    chatws_people_set_state(tb, person("k"), CHATWS_PERSON_ONLINE, 0, &now);
    (void) chatws_people_announce(tb, &now);
    chatws_people_set_subscribed(tb, place("k", "c"), 0, 1, &now);

    while (crowd("c")->changed != 0) {
        (void) flush("c", "mnk");
        now.msec += 1000;
    }

    (void) chatws_people_due(tb, 0, &now);
    crowds = tb->crowds;

    for (i = 0; tb->arena.nfree != 0; i++) {
        id[2] = (char) ('0' + i);
        chatws_people_set_subscribed(tb, place(id, "c"), 1, 0, &now);
        chatws_people_set_state(tb, person(id), CHATWS_PERSON_ONLINE, 0,
                                &now);
    }

    while (chatws_people_announce(tb, &now)) { /* void */ }

    ok(crowds == 2 && tb->crowds == 2 && good(), "the table is full");

    (void) chatws_people_make_person(tb, &c);
    ok(tb->crowds == 1 && good(), "first a crowd without places gives way");

    chatws_people_set_state(tb, person("x"), CHATWS_PERSON_AWAY, 0, &now);
    c = name("r", 1);
    (void) chatws_people_make_person(tb, &c);
    ok(flags("k", "c") == 0 && (crowd("c")->row.flags & CHATWS_CROWD_RESET)
       && good(), "then a place that was kept");

    chatws_people_set_state(tb, person("r"), CHATWS_PERSON_AWAY, 0, &now);
    c = name("s", 1);
    (void) chatws_people_make_person(tb, &c);
    ok(person("y") == 0 && person("k") != 0 && good(), "then who is offline");

    chatws_people_set_state(tb, person("s"), CHATWS_PERSON_AWAY, 0, &now);
    c = name("t", 1);

    ok(chatws_people_make_person(tb, &c) != 0 && flags("m", "c") == 0
       && flags("n", "c") != 0 && crowd("c")->members == 1 && good(),
       "then a member who is offline and has read all");

    chatws_people_set_state(tb, person("t"), CHATWS_PERSON_AWAY, 0, &now);

    for (i = 0; i < 4; i++) {
        id[0] = 'w';
        id[2] = (char) ('0' + i);
        c = name(id, 3);

        if (chatws_people_make_person(tb, &c) == 0) {
            break;
        }

        chatws_people_set_state(tb, person(id), CHATWS_PERSON_AWAY, 0, &now);
    }

    ok(i < 4 && tb->refused == 1 && flags("n", "c") != 0 && good(),
       "and nobody else");
}


/* A member whom the others still see as online stays until they are told. */

static void
test_reclaim_shown(void)
{
    chatws_people_name_t  u;

    make(4, CHATWS_PEOPLE_PRESENCE|CHATWS_PEOPLE_UNREAD);

    (void) chatws_people_set_member(tb, place("m", "c"), 1, 1, &now);
    chatws_people_set_state(tb, person("m"), CHATWS_PERSON_ONLINE, 0, &now);
    (void) chatws_people_announce(tb, &now);
    (void) flush("c", "m");

    u = name("x", 1);
    (void) chatws_people_make_person(tb, &u);
    chatws_people_set_state(tb, person("x"), CHATWS_PERSON_AWAY, 0, &now);

    chatws_people_set_state(tb, person("m"), CHATWS_PERSON_OFFLINE, 0, &now);

    u = name("y", 1);
    ok(chatws_people_make_person(tb, &u) == 0
       && (flags("m", "c") & CHATWS_PLACE_ONLINE) && good(),
       "who is shown does not give way");

    now.msec += 1000;
    (void) chatws_people_announce(tb, &now);
    (void) flush("c", "m");

    ok(chatws_people_make_person(tb, &u) != 0 && flags("m", "c") == 0
       && good(), "until it is not");
}


static void
test_sweep(void)
{
    int                    more;
    uint32_t               n, row;
    chatws_people_rules_t  rules;

    make(ROWS, 0);

    rules = tb->rules;
    ok(!chatws_people_configure(tb, &rules, 9, &now) && tb->batch == 7,
       "nothing new is configured");

    (void) chatws_people_set_member(tb, place("a", "c"), 1, 1, &now);
    (void) chatws_people_set_member(tb, place("b", "c"), 1, 1, &now);

    rules.features = CHATWS_PEOPLE_PRESENCE;
    ok(chatws_people_configure(tb, &rules, 9, &now) && tb->batch == 7,
       "something else is");

    n = 0;

    do {
        row = chatws_people_swept(tb, &more);
        n += row != 0;
    } while (more);

    ok(n == 4, "all persons and places are swept");
}
