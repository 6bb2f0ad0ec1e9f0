
/*
 * Copyright (C) chatws contributors
 *
 * The shared state when its room ends, and when slots do.
 */


#include "store_calls.h"


static void test_room(void);
static void fill_with_members(uint32_t a);
static void make_room_by_leaving(uint32_t a);
static void test_history(void);
static void test_inboxes(void);
static void test_release(void);
static void test_counters(void);
static void test_many_slots(void);


int
main(void)
{
    test_room();
    test_history();
    test_inboxes();
    test_release();
    test_counters();
    test_many_slots();

    return done();
}


static void
test_room(void)
{
    char            id[32];
    uint32_t        a, i, n, row;
    uint64_t        seq;
    chatws_usage_t  u;

    test_begin(SIZE, SLOTS);

    a = chatws_store_claim(st, 1, 0);

    for (i = 0; i < 5; i++) {
        (void) pub("old", 12, 10, CHATWS_DURABLE, 1);
    }

    seq = out.seq;

    for (n = 0; n < 10000; n++) {
        sprintf(id, "chat_%u", n);

        if (sub(a, id, n, 0) != CHATWS_OK) {
            break;
        }
    }

    chatws_store_usage(st, &u);

    /* a block of three cells for the chat, a cell for each of member, user */

    ok(n == u.arena_size * 3 / (5 * store_chat_size(st))
       || n == u.arena_size * 3 / (5 * store_chat_size(st)) - 1,
       "%u chats with a member each; then there is no room", n);
    ok(u.evictions != 0 && u.idle <= 1
       && store_find(st, &(chatws_str_t) chatws_str("old")) == 0,
       "what was idle is gone");
    ok(pub("old", 12, 10, CHATWS_DURABLE, 1) == CHATWS_BUSY
       || u.idle == 1, "nor for a new chat's message");

    for (i = 0; i < n; i += 2) {
        sprintf(id, "chat_%u", i);
        row = store_find(st, &(chatws_str_t) { strlen(id),
                                               (uint8_t *) id });
        chatws_store_unsubscribe(st, a, row, i, 0, 1);
    }

    ok(store_check(st) == NULL, "half of them idle");

    ok(pub("old", 12, 10, CHATWS_DURABLE, 1) == CHATWS_OK && out.seq > seq,
       "a chat that comes back goes on counting");

    fill_with_members(a);
    make_room_by_leaving(a);

    while (chatws_store_release(st, a, 7) == CHATWS_AGAIN) { /* void */ }

    chatws_store_usage(st, &u);
    ok(u.members == 0 && u.subscriptions == 0 && u.chats == u.idle
       && u.arena_free + u.chats * store_chat_size(st) == u.arena_size,
       "nothing is left behind");

    test_end("room");
}


/* Members of one chat take the room of all idle chats. */

static void
fill_with_members(uint32_t a)
{
    uint32_t        evicted, i;
    chatws_usage_t  u;

    chatws_store_usage(st, &u);
    evicted = (uint32_t) u.evictions;

    for (i = 0; i < 10000; i++) {

        if (sub(a, "chat_1", 100000 + i, 0) != CHATWS_OK) {
            break;
        }
    }

    chatws_store_usage(st, &u);
    ok(u.idle == 0 && u.arena_free == 0
       && u.arena_partial <= CHATWS_CELL_SIZE && u.evictions > evicted
       && u.arena_members == 2 * u.members * CHATWS_CELL_SIZE
       && u.arena_members + u.arena_partial
          + u.chats * store_chat_size(st) == u.arena_size,
       "members take it all: %u more", i);
    ok(store_check(st) == NULL, "and all is sound");
}


/* Two of three members leave, whose cells other chats get. */

static void
make_room_by_leaving(uint32_t a)
{
    char            id[32];
    uint32_t        i, row;
    chatws_usage_t  u;

    row = store_find(st, &(chatws_str_t) chatws_str("chat_1"));

    for (i = 0; i < 10000; i++) {

        if (i % 3) {
            chatws_store_unsubscribe(st, a, row, 100000 + i, 0, 0);
        }
    }

    chatws_store_usage(st, &u);
    ok(store_check(st) == NULL, "two of three leave");

    for (i = 0; i < 10000; i++) {
        sprintf(id, "other_%u", i);

        if (sub(a, id, i, 0) != CHATWS_OK) {
            break;
        }
    }

    chatws_store_usage(st, &u);
    ok(u.arena_free + u.arena_partial < 2 * store_chat_size(st)
       && u.idle <= 1,
       "their cells make room for %u chats", i);
    ok(store_check(st) == NULL, "and all is sound");
}


static void
test_history(void)
{
    char            id[32];
    uint32_t        a, i, n;
    chatws_usage_t  u;

    test_begin(SIZE, SLOTS);

    a = chatws_store_claim(st, 1, 0);

    for (i = 0; i < 10; i++) {
        sprintf(id, "kept_%u", i);
        (void) pub(id, 0, 10, CHATWS_DURABLE, 1);
    }

    /* many that come and go, some of them while others are there */

    for (i = 0; i < 10000; i++) {
        sprintf(id, "passing_%u", i);

        if (sub(a, id, 1, 0) != CHATWS_OK) {
            break;
        }

        chatws_store_unsubscribe(st, a, in.chat, 1, 0, 1);

        if (i % 100 == 0) {
            (void) sub(a, "kept_3", 1, 0);
            chatws_store_unsubscribe(st, a, in.chat, 1, 0, 1);
        }
    }

    chatws_store_usage(st, &u);
    ok(i == 10000 && u.evictions > 9000, "%u chats without history", i);
    ok(store_check(st) == NULL, "they are the first of those that are idle");

    for (n = 0, i = 0; i < 10; i++) {
        sprintf(id, "kept_%u", i);
        (void) sub(a, id, 1, 0);
        n += in.seq == 1 && in.last != 0;
        chatws_store_unsubscribe(st, a, in.chat, 1, 0, 1);
    }

    ok(n == 10, "history is kept: %u", n);

    /* one that was subscribed to first, and published to while idle */

    (void) sub(a, "late", 1, 0);
    chatws_store_unsubscribe(st, a, in.chat, 1, 0, 1);
    (void) pub("late", 0, 10, CHATWS_DURABLE, 1);

    for (i = 0; i < 1000; i++) {
        sprintf(id, "passing_%u", i);
        (void) sub(a, id, 1, 0);
        chatws_store_unsubscribe(st, a, in.chat, 1, 0, 1);
    }

    (void) sub(a, "late", 1, 0);
    ok(in.seq == 1 && in.last != 0, "what is new in an idle one is kept");

    test_end("history");
}


/* Inboxes of users without connections give way before all chats. */

static void
test_inboxes(void)
{
    char            id[32];
    uint32_t        a, i, n;
    chatws_usage_t  u;

    test_begin(SIZE, SLOTS);

    a = chatws_store_claim(st, 1, 0);

    for (i = 0; i < 10; i++) {
        sprintf(id, "kept_%u", i);
        (void) pub(id, 0, 10, CHATWS_DURABLE, 1);
    }

    (void) sub(a, "subscribed", 1, 0);
    chatws_store_unsubscribe(st, a, in.chat, 1, 0, 1);

    (void) sub(a, "\001online", 1, 0);
    (void) sub(a, "\001online", 1, 0);
    ok(chatws_table_share(&st->table, 1) == 0, "no share of the user");

    chatws_store_usage(st, &u);
    ok(u.chats == 11 && u.idle == 11 && u.subscriptions == 0
       && u.members == 1, "an inbox is no chat");

    for (i = 0; i < 20000; i++) {
        sprintf(id, "\001user_%u", i);

        if (pub(id, 0, 10, CHATWS_DURABLE, 1) != CHATWS_OK) {
            break;
        }
    }

    chatws_store_usage(st, &u);
    ok(i == 20000 && u.evictions > 10000 && u.chats == 11,
       "%u inboxes, none in place of a chat", i);
    ok(store_check(st) == NULL, "they are the first of those that are idle");

    for (n = 0, i = 0; i < 20000; i++) {
        sprintf(id, "\001user_%u", i);
        n += store_find(st, &(chatws_str_t) { strlen(id), (uint8_t *) id })
             != 0;
    }

    sprintf(id, "\001user_%u", 20000 - n);
    ok(n > 10 && store_find(st, &(chatws_str_t) { strlen(id),
                                                  (uint8_t *) id }) != 0,
       "the last %u are kept, in order", n);

    ok(chatws_store_last(st, &(chatws_str_t) chatws_str("\001user_0")) >= 1
       && chatws_store_last(st, &(chatws_str_t) chatws_str("\001user_19999"))
          >= 1,
       "numbers go on");

    test_end("inboxes");
}


static void
test_release(void)
{
    char            id[32];
    uint32_t        a, b, i;
    chatws_usage_t  u;

    test_begin(SIZE, SLOTS);

    a = chatws_store_claim(st, 1, 0);
    b = chatws_store_claim(st, 2, 0);

    for (i = 0; i < 10; i++) {
        sprintf(id, "chat_%u", i);
        (void) sub(a, id, i, 0);
        (void) sub(a, id, i, 0);
        (void) sub(b, id, i, 0);
    }

    (void) pub("chat_3", 0, 10, CHATWS_DURABLE, 1);

    ok(chatws_store_release(st, a, 4) == CHATWS_AGAIN
       && chatws_store_pending(st, wake) == 1 && wake[0] == b,
       "a slot that leaves is not waited for");
    chatws_store_usage(st, &u);
    ok(u.members == 16 && u.subscriptions == 22, "four rows less");
    ok(pub("chat_3", 0, 10, CHATWS_DURABLE, 1) == CHATWS_OK && out.nwake == 0
       && sub(a, "chat_1", 1, 0) == CHATWS_ERROR, "nor told anything");
    ok(chatws_store_claim(st, 3, 0) == 2, "nor taken by another");
    ok(chatws_store_release(st, a, 100) == CHATWS_OK
       && chatws_store_release(st, a, 100) == CHATWS_OK, "released");
    chatws_store_usage(st, &u);
    ok(u.members == 10 && u.subscriptions == 10 && u.idle == 0, "all gone");
    ok(chatws_store_claim(st, 4, 0) == a
       && chatws_store_slot(st, a)->pid == 4, "and free again");

    for (i = 0; i < 20; i++) {
        (void) chatws_store_claim(st, 100 + i, 0);
    }

    ok(chatws_store_claim(st, 5, 0) == CHATWS_SLOT_NONE, "no slot is left");

    test_end("release");
}


static void
test_counters(void)
{
    uint32_t  a;

    test_begin(SIZE, SLOTS);

    a = chatws_store_claim(st, 1, 0);
    chatws_store_slot(st, a)->counters[0] = 5;
    chatws_store_slot(st, a)->counters[CHATWS_COUNTERS - 1] = 7;
    chatws_store_counters(st)[0] = 1;

    ok(chatws_store_release(st, a, 1) == CHATWS_OK
       && chatws_store_counters(st)[0] == 6
       && chatws_store_counters(st)[CHATWS_COUNTERS - 1] == 7,
       "counters are added up");
    ok(chatws_store_claim(st, 2, 0) == a
       && chatws_store_slot(st, a)->counters[0] == 0, "and begin at 0");

    test_end("counters");
}


static void
test_many_slots(void)
{
    uint32_t        bad, i, slot;
    chatws_usage_t  u;

    test_begin(1024 * 1024, 1000);

    bad = 0;

    for (i = 0; i < 1000; i++) {
        slot = chatws_store_claim(st, i + 1, 0);
        bad += slot != i || sub(slot, "one", i, 0) != CHATWS_OK;
    }

    ok(bad == 0 && pub("one", 5, 10, CHATWS_DURABLE, 1) == CHATWS_OK
       && out.nwake == 1000 && out.recipients == 999 && wake[999] == 999,
       "1000 slots are woken");
    chatws_store_usage(st, &u);
    ok(store_chat_size(st) == 224, "a chat's row: %u bytes",
       store_chat_size(st));

    for (i = 0; i < 1000; i++) {
        bad += chatws_store_release(st, i, 2) != CHATWS_OK;
    }

    ok(bad == 0 && chatws_store_pending(st, wake) == 0, "and released");

    test_end("1000 slots");
}
