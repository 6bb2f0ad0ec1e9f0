
/*
 * Copyright (C) chatws contributors
 *
 * The rules by which watermarks move.
 */


#include "people_test.h"

#include "store/chatws_people_read.c"


static void test_read(void);
static void test_secret(void);
static void test_sent(void);
static void test_others(void);
static void read_to(uint64_t seq, int64_t seen, int all, int secret);
static int is(uint64_t read, int64_t seen, uint64_t shown);


static uint32_t  row;


int
main(void)
{
    test_read();
    test_secret();
    test_sent();
    test_others();

    free(tb);

    return done();
}


static void
test_read(void)
{
    make(64, CHATWS_PEOPLE_UNREAD|CHATWS_PEOPLE_RECEIPTS);

    row = place("u", "c");
    chatws_people_set_subscribed(tb, row, 1, 0, &now);

    ok(is(0, 10, 0), "a new place has nothing unread");

    read_to(5, 5, 0, 0);
    ok(is(5, 10, 5) && flush("c", "u"), "older messages are not unread again");

    chatws_people_set_count(tb, chatws_people_place(tb, row)->crowd, 20);

    read_to(15, 15, 0, 0);
    ok(is(15, 15, 15) && chatws_people_unread(tb, row) == 5, "a part of it");

    read_to(12, 12, 0, 0);
    ok(is(15, 15, 15), "what comes late changes nothing");

    read_to(20, 20, 1, 0);
    ok(is(20, 20, 20) && chatws_people_unread(tb, row) == 0, "all of it");

    chatws_people_set_unread(tb, row, 3, &now);
    ok(is(20, 17, 20) && chatws_people_unread(tb, row) == 3,
       "the app server says what is unread");

    read_to(20, 20, 0, 0);
    ok(is(20, 17, 20), "the same number changes nothing");

    read_to(20, 20, 1, 0);
    ok(is(20, 20, 20), "but if that is all there is");

    chatws_people_set_unread(tb, row, 30, &now);
    ok(is(20, -10, 20) && chatws_people_unread(tb, row) == 30,
       "more than the zone has seen");
    ok(good(), "the table is in order");
}


static void
test_secret(void)
{
    make(64, CHATWS_PEOPLE_UNREAD|CHATWS_PEOPLE_RECEIPTS);

    row = place("u", "c");
    chatws_people_set_subscribed(tb, row, 1, 0, &now);

    read_to(4, 4, 0, 0);
    ok(flush("c", "u"), "a reading is told");

    now.msec += 5000;
    (void) chatws_people_due(tb, 0, &now);

    read_to(6, 6, 0, 1);
    ok(is(6, 10, 4) && (chatws_people_row(tb, row)->flags
                        & CHATWS_PLACE_PRIVATE)
       && chatws_people_due(tb, 0, &now) == 0,
       "a secret one is not");

    read_to(6, 6, 0, 0);
    ok(is(6, 10, 6) && !(chatws_people_row(tb, row)->flags
                         & CHATWS_PLACE_PRIVATE)
       && flush("c", "u"), "the same, not secret any more");
}


static void
test_sent(void)
{
    make(64, CHATWS_PEOPLE_UNREAD|CHATWS_PEOPLE_RECEIPTS);

    row = place("u", "c");
    chatws_people_set_subscribed(tb, row, 1, 0, &now);

    chatws_people_mark(tb, row, 1, &now);
    ok(flags("u", "c") & CHATWS_PLACE_MARKED, "marked by hand");

    chatws_people_sent(tb, row, 11, 11);
    ok(is(11, 11, 11) && !(flags("u", "c") & CHATWS_PLACE_MARKED)
       && chatws_people_due(tb, 0, &now) == 0 && good(),
       "who sends has read, and nobody is told");

    chatws_people_mark(tb, row, 1, &now);
    chatws_people_mark(tb, row, 0, &now);
    ok(!(flags("u", "c") & CHATWS_PLACE_MARKED), "not marked any more");
}


static void
test_others(void)
{
    chatws_people_reads_t  reads;

    make(64, CHATWS_PEOPLE_UNREAD|CHATWS_PEOPLE_RECEIPTS
             |CHATWS_PEOPLE_DELIVERED);

    row = place("u", "c");
    chatws_people_set_subscribed(tb, row, 1, 0, &now);

    ok(chatws_people_delivered(tb, row, 5, &now) == 1
       && chatws_people_delivered(tb, row, 4, &now) == 0 && flush("c", "u"),
       "delivered, which only rises");

    read_to(8, 8, 0, 0);
    ok(chatws_people_delivered(tb, row, 7, &now) == 0,
       "what is read was delivered");

    chatws_people_get_reads(tb, row, &reads);
    ok(reads.delivered == 5 && good(), "so nothing is told");
}


static void
read_to(uint64_t seq, int64_t seen, int all, int secret)
{
    chatws_reading_t  reading;

    reading.seq = seq;
    reading.seen = seen;
    reading.all = all != 0;
    reading.secret = secret != 0;

    chatws_people_read(tb, row, &reading, &now);
}


static int
is(uint64_t read, int64_t seen, uint64_t shown)
{
    chatws_people_reads_t  reads;

    chatws_people_get_reads(tb, row, &reads);

    return reads.read == read && reads.seen == seen
           && reads.read_public == shown;
}
