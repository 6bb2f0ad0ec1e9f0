
/*
 * Copyright (C) chatws contributors
 *
 * The shared state: layout, members, publishing, draining, replay.
 */


#include "store_calls.h"


static void test_layout(void);
static void test_stamp(void);
static void test_members(void);
static void test_publish(void);
static void test_drain(void);
static void test_lap(void);
static void test_share(void);
static void test_replay(void);
static void test_count(void);
static int held(uint64_t seq, uint32_t steps);
static uint32_t drain(uint32_t slot, unsigned log);


int
main(void)
{
    test_layout();
    test_stamp();
    test_members();
    test_publish();
    test_drain();
    test_lap();
    test_share();
    test_replay();
    test_count();

    return done();
}


static void
test_layout(void)
{
    int            bad;
    size_t         size;
    uint8_t        key[16] = { 0 };
    uint32_t       n;
    chatws_usage_t  u;

    ok(sizeof(chatws_entry_t) == 56 && sizeof(chatws_slot_t) == 576
       && sizeof(chatws_member_t) == 32 && sizeof(chatws_chat_t) == 48,
       "sizes of what is shared");

    ok(chatws_store_min_size(SLOTS) <= SIZE, "28K are enough for 16 slots");

    bad = 0;

    for (n = 1; n <= CHATWS_SLOTS_MAX; n += 31) {
        size = chatws_store_min_size(n);
        test_begin(size, n);
        chatws_store_usage(st, &u);

        if ((uint8_t *) st + size
            < (uint8_t *) &st->ring[1] + st->ring[1].base + st->ring[1].size
            || u.arena_size < 16 * store_chat_size(st)
            || u.ring_size[0] < 2048 || u.ring_size[1] < 4096
            || store_check(st) != NULL)
        {
            bad++;
        }

        if (posix_memalign(&mem, 64, size) == 0) {
            bad += chatws_store_init(mem, size - 1, n, key, 1) != CHATWS_ERROR;
            free(mem);
        }

        free(st);
        st = NULL;
    }

    ok(bad == 0, "from the least memory on, and not below");

    test_begin(SIZE, SLOTS);

    ok(chatws_store_attach(mem, SIZE) == CHATWS_OK
       && chatws_store_attach(mem, SIZE - 1) == CHATWS_ERROR,
       "attach, of that size only");
    ok(chatws_store_epoch(st) == 99 && chatws_store_nslots(st) == SLOTS,
       "epoch and slots");
    ok(chatws_store_init(mem, SIZE, 0, key, 1) == CHATWS_ERROR
       && chatws_store_init(mem, SIZE, 1025, key, 1) == CHATWS_ERROR
       && chatws_store_init((uint8_t *) mem + 8, SIZE - 8, 1, key, 1)
          == CHATWS_ERROR, "what init() refuses");
    ok(chatws_store_claim(st, 1, 0) == 0 && chatws_store_claim(st, 2, 0) == 1,
       "slots in turn");

    st->layout++;
    ok(chatws_store_attach(mem, SIZE) == CHATWS_ERROR, "another layout");
    st->magic = 0;
    ok(chatws_store_attach(mem, SIZE) == CHATWS_ERROR, "something else");

    test_end("layout");
}


static void
test_stamp(void)
{
    test_begin(SIZE, SLOTS);

    ok(chatws_store_stamp(st, 1000) == 1000, "a stamp");
    ok(chatws_store_stamp(st, 2000) == 2000, "one of a later time");
    ok(chatws_store_stamp(st, 2000) == 2001
       && chatws_store_stamp(st, 1999) == 2002
       && chatws_store_stamp(st, 2004) == 2004,
       "stamps grow while the clock stands, or goes back");

    test_end("stamps");
}


static void
test_members(void)
{
    char            id[200];
    uint32_t        a, b, chat;
    chatws_usage_t  u;

    test_begin(SIZE, SLOTS);

    a = chatws_store_claim(st, 1, 0);
    b = chatws_store_claim(st, 2, 0);

    ok(sub(a, "one", 11, 0) == CHATWS_OK && in.seq == 0 && in.head == 0
       && in.serial == 1 && in.chat != 0, "a first member");

    chat = in.chat;

    ok(sub(a, "one", 11, 0) == CHATWS_OK && in.serial == 1
       && in.chat == chat, "the same again");
    (void) sub(a, "one", 11, CHATWS_MEMBER_OWN);
    (void) sub(a, "one", 12, 0);
    (void) sub(b, "one", 11, 0);

    chatws_store_usage(st, &u);
    ok(u.chats == 1 && u.idle == 0 && u.members == 4 && u.subscriptions == 5,
       "by slot, user and flags");

    chatws_store_unsubscribe(st, a, chat, 11, 0, 0);
    chatws_store_unsubscribe(st, a, chat, 11, 0, 0);
    chatws_store_unsubscribe(st, a, chat, 11, 0, 0);
    chatws_store_unsubscribe(st, b, chat, 12, 0, 0);
    chatws_store_usage(st, &u);
    ok(u.members == 3 && u.subscriptions == 3, "what is not there is ignored");

    chatws_store_unsubscribe(st, a, chat, 11, CHATWS_MEMBER_OWN, 0);
    chatws_store_unsubscribe(st, a, chat, 12, 0, 1);
    ok(chatws_table_chat(&st->table, chat)->interest[0] == 1u << b,
       "the last of a slot takes its interest along");

    chatws_store_unsubscribe(st, b, chat, 11, 0, 1);
    chatws_store_usage(st, &u);
    ok(u.chats == 1 && u.idle == 1 && u.members == 0
       && u.arena_free == u.arena_size - store_chat_size(st),
       "an idle chat");

    ok(sub(a, "one", 11, 0) == CHATWS_OK && in.chat == chat
       && in.serial == 1, "is taken up again");

    memset(id, 'x', sizeof(id));
    id[130] = '\0';
    ok(sub(a, id, 1, 0) == CHATWS_ERROR && sub(a, "", 1, 0) == CHATWS_ERROR
       && pub(id, 1, 0, 0, 1) == CHATWS_ERROR
       && pub("", 1, 0, 0, 1) == CHATWS_ERROR, "wrong lengths");

    id[129] = '\0';
    ok(sub(a, id, 1, 0) == CHATWS_OK && in.serial == 2, "the longest");
    id[128] = 'y';
    ok(sub(a, id, 1, 0) == CHATWS_OK && in.serial == 3, "its twin");
    id[40] = '\0';
    ok(sub(a, id, 1, 0) == CHATWS_OK && in.serial == 4, "40 bytes");
    id[39] = '\0';
    ok(sub(a, id, 1, 0) == CHATWS_OK && in.serial == 5, "39 bytes");
    ok(sub(7, "one", 1, 0) == CHATWS_ERROR, "not a live slot");

    chatws_store_usage(st, &u);
    ok(u.arena_ids == 3 * store_chat_size(st) && st->table.inlined == 39,
       "three have tails");

    test_end("members");
}


static void
test_publish(void)
{
    uint32_t               a, b, c, i;
    uint64_t               next;
    chatws_post_t          post;
    const chatws_entry_t  *e;

    test_begin(SIZE, SLOTS);

    a = chatws_store_claim(st, 1, 0);
    b = chatws_store_claim(st, 2, 0);
    c = chatws_store_claim(st, 3, 0);

    (void) sub(a, "one", 11, 0);
    (void) sub(a, "one", 11, 0);
    (void) sub(a, "one", 11, CHATWS_MEMBER_OWN);
    (void) sub(b, "one", 11, 0);
    (void) sub(b, "one", 12, 0);
    (void) sub(c, "two", 12, 0);

    ok(pub("one", 11, 10, CHATWS_DURABLE, 1) == CHATWS_OK && out.seq == 1
       && out.offset == 0 && out.recipients == 2 && out.nwake == 2
       && wake[0] == a && wake[1] == b, "to whom, and whom to wake");
    ok(pub("one", 0, 10, CHATWS_DURABLE, 1) == CHATWS_OK && out.seq == 2
       && out.recipients == 5 && out.nwake == 0, "of no user; none to wake");

    e = store_entry(st, CHATWS_DURABLE, 0, &next);
    ok(e != NULL && e->prev == 0 && e->seq == 1 && e->sender == 11
       && e->time == 5001 && e->own == 0 && store_check_entry(e) == NULL,
       "the first entry");
    e = store_entry(st, CHATWS_DURABLE, next, &next);
    ok(e != NULL && e->prev == 1 && e->seq == 2 && e->sender == 0
       && next == store_head(st, CHATWS_DURABLE), "the second");

    ok(chatws_store_cursor(st, c, CHATWS_DURABLE) == CHATWS_OFF_NONE,
       "who has no member is not told");

    ok(pub("one", 12, 10, CHATWS_EPHEMERAL, 1) == CHATWS_OK && out.seq == 0
       && out.recipients == 4 && out.nwake == 2, "the other log wakes too");
    ok(pub("two", 12, 10, CHATWS_EPHEMERAL, 1) == CHATWS_OK
       && out.recipients == 0 && out.offset == CHATWS_OFF_NONE,
       "not logged: nobody to tell");
    ok(pub("none", 12, 10, CHATWS_EPHEMERAL, 1) == CHATWS_OK && out.chat == 0
       && out.nwake == 0, "not logged: no such chat");
    ok(pub("new", 12, 10, CHATWS_DURABLE, 1) == CHATWS_OK && out.chat != 0
       && out.seq == 1 && out.recipients == 0 && out.nwake == 0,
       "a number of a new chat");
    chatws_store_position(st, out.chat, &in);
    ok(in.seq == 1 && in.chat == out.chat
       && sub(a, "new", 1, 0) == CHATWS_OK && in.seq == 1
       && in.head == store_head(st, CHATWS_DURABLE),
       "it waits for its members");

    memset(&post, 0, sizeof(post));
    post.body.data = (uint8_t *) "{\"mine\":false}";
    post.body.len = 14;
    post.own = 8;
    post.ring = CHATWS_EPHEMERAL;
    ok(chatws_store_publish(st, in.chat, &post, 1, 1, &out) == CHATWS_OK
       && out.recipients == 1, "to a known chat");
    e = store_entry(st, CHATWS_EPHEMERAL, out.offset, &next);
    ok(e != NULL && e->own == 10 && e->len == 16
       && memcmp(e->frame, "\x81\x0e{\"mine\":false}", 16) == 0
       && memcmp(e->frame + e->own, "false", 5) == 0, "its frame");

    post.state = 1;
    ok(chatws_store_publish(st, in.chat, &post, 1, 1, &out) == CHATWS_OK,
       "a state");
    e = store_entry(st, CHATWS_EPHEMERAL, out.offset, &next);
    ok(e != NULL && (e->own & CHATWS_ENTRY_OWN) == 10
       && (e->own & CHATWS_ENTRY_STATE) != 0, "its entry says so");
    post.state = 0;

    post.body.data = mem;
    post.body.len = chatws_store_body_max(st, CHATWS_EPHEMERAL) + 1;
    ok(chatws_store_publish(st, in.chat, &post, 1, 1, &out)
       == CHATWS_DECLINED, "a body larger than the log takes");
    post.body.len--;

    for (i = 0; i < 10; i++) {
        (void) drain(a, CHATWS_EPHEMERAL);
        (void) drain(b, CHATWS_EPHEMERAL);

        if (chatws_store_publish(st, in.chat, &post, 1, 1, &out)
            != CHATWS_OK)
        {
            break;
        }
    }

    ok(i == 10, "the largest, as often as it is drained");
    ok(pub("new", 1, 126 - 36, CHATWS_DURABLE, 1) == CHATWS_OK
       && pub("new", 1, 125 - 36, CHATWS_DURABLE, 1) == CHATWS_OK
       && pub("new", 1, 124 - 36, CHATWS_DURABLE, 1) == CHATWS_OK,
       "lengths of frames");

    test_end("publish");
}


/* what counts of the messages of a chat, and is read back from their text */

static void
test_count(void)
{
    int               i, bad;
    uint8_t           body[64];
    uint64_t          count;
    chatws_post_t     post;
    chatws_tally_t    tally;
    chatws_journal_t  journal;

    test_begin(SIZE, SLOTS);

    memset(&journal, 0, sizeof(journal));
    memset(&post, 0, sizeof(post));

    count = 0;
    tally.count = &count;
    tally.journal = &journal;

    post.chat.data = (uint8_t *) "one";
    post.chat.len = 3;
    post.ring = CHATWS_DURABLE;
    post.sequenced = 1;
    post.tally = &tally;
    post.body.data = body;

    bad = 0;

    for (i = 1; i <= 60; i++) {
        post.body.len = store_body(body, (uint32_t) i, 3, 1);
        post.counts = i % 3 != 0;

        bad += chatws_store_publish(st, 0, &post, 1, 1, &out) != CHATWS_OK
               || out.seq != (uint64_t) i || out.count != count
               || count != (uint64_t) (i - i / 3);
    }

    ok(bad == 0 && journal.n == 0, "two of three messages count");
    chatws_store_position(st, out.chat, &in);

    bad = 0;

    for (i = 60; i > 40; i--) {
        bad += held((uint64_t) i, 20) != i - i / 3;
    }

    ok(bad == 0, "their counts are read back");
    ok(held(60, 0) == 40 && held(59, 0) == -1 && held(59, 1) == 40,
       "within so many steps");
    ok(held(61, 1000) == -1, "one that has not been");

    tally.count = NULL;
    ok(chatws_store_publish(st, 0, &post, 1, 1, &out) == CHATWS_OK
       && out.count == 61, "the number where nobody counts");

    post.tally = NULL;
    ok(chatws_store_publish(st, 0, &post, 1, 1, &out) == CHATWS_OK
       && out.count == 0, "and no count");
    chatws_store_position(st, out.chat, &in);
    ok(held(62, 9) == -1 && held(61, 9) == 61, "is none to read back");

    post.tally = &tally;
    post.body.data = mem;
    post.body.len = chatws_store_body_max(st, CHATWS_DURABLE)
                    - CHATWS_TALLY_MAX + 1;
    ok(chatws_store_publish(st, 0, &post, 1, 1, &out) == CHATWS_DECLINED,
       "a body without room for its count");

    post.body.data = body;
    post.body.len = store_body(body, 1, 3, 1);

    for (i = 0; i < 1000; i++) {
        (void) chatws_store_publish(st, 0, &post, 1, 1, &out);
    }

    chatws_store_position(st, out.chat, &in);
    ok(held(1000, 1000) == 1000 && held(60, 1000) == -1,
       "one that is not held any more");

    test_end("counts");
}


static int
held(uint64_t seq, uint32_t steps)
{
    uint64_t  count;

    return chatws_ring_count(chatws_store_ring(st, CHATWS_DURABLE), in.last,
                             in.serial, seq, steps, &count)
           == CHATWS_OK ? (int) count : -1;
}


static uint32_t
drain(uint32_t slot, unsigned log)
{
    uint32_t               n;
    uint64_t               next, pos;
    const chatws_entry_t  *e;

    n = 0;
    pos = chatws_store_cursor(st, slot, log);

    if (pos == CHATWS_OFF_NONE) {
        return 0;
    }

    for ( ;; ) {
        e = store_entry(st, log, pos, &next);

        if (e == NULL) {
            break;
        }

        n += store_check_entry(e) == NULL;
        pos = next;
    }

    chatws_store_caught_up(st, slot, log, pos);

    return n;
}


static void
test_drain(void)
{
    uint32_t  a, i, n, got[2];
    uint64_t  head;

    test_begin(SIZE, SLOTS);

    a = chatws_store_claim(st, 1, 0);
    (void) sub(a, "one", 11, 0);

    got[0] = got[1] = 0;

    for (i = 0; i < 500; i++) {
        n = chatws_store_cursor(st, a, i & 1) == CHATWS_OFF_NONE;

        if (pub("one", 12, i * 7 % 900, i & 1, 1) != CHATWS_OK
            || out.nwake != n)
        {
            break;
        }

        if (i % 3 == 0) {
            got[0] += drain(a, 0);
            got[1] += drain(a, 1);
        }
    }

    got[0] += drain(a, 0);
    got[1] += drain(a, 1);

    ok(i == 500 && got[0] == 250 && got[1] == 250, "all are drained, intact");
    ok(chatws_store_pending(st, wake) == 0, "none is pending");

    head = store_head(st, 0);
    (void) pub("one", 12, 10, 0, 1);
    (void) pub("one", 12, 10, 0, 1);

    ok(chatws_store_pending(st, wake) == 1 && wake[0] == a, "one is pending");
    ok(chatws_store_caught_up(st, a, 0, head) == CHATWS_AGAIN
       && chatws_store_cursor(st, a, 0) == head, "there is more");

    ok(chatws_store_caught_up(st, a, 0, store_head(st, 0))
       == CHATWS_OK && chatws_store_pending(st, wake) == 0, "caught up");

    test_end("drain");
}


static void
test_lap(void)
{
    uint32_t     a, b, i;
    chatws_rc_e  rc;

    test_begin(SIZE, SLOTS);

    a = chatws_store_claim(st, 1, 0);
    b = chatws_store_claim(st, 2, 0);
    (void) sub(a, "one", 11, 0);
    (void) sub(b, "one", 11, 0);

    for (i = 0; i < 100; i++) {
        rc = pub("one", 12, 900, CHATWS_DURABLE, 1000);
        (void) drain(b, CHATWS_DURABLE);

        if (rc != CHATWS_OK) {
            break;
        }
    }

    ok(rc == CHATWS_BUSY && i > 5 && out.nwake == 0,
       "after %u entries one is behind", i);
    ok(pub("one", 12, 900, CHATWS_DURABLE, 1099) == CHATWS_BUSY
       && !chatws_store_is_lapped(st, a), "it is waited for");

    (void) chatws_store_caught_up(st, a, CHATWS_DURABLE,
                                 chatws_store_cursor(st, a, CHATWS_DURABLE));
    ok(pub("one", 12, 900, CHATWS_DURABLE, 1150) == CHATWS_BUSY
       && !chatws_store_is_lapped(st, a), "longer if it moves");
    ok(pub("one", 12, 900, CHATWS_DURABLE, 1140) == CHATWS_BUSY
       && !chatws_store_is_lapped(st, a), "a clock that goes back laps nobody");
    ok(pub("one", 12, 900, CHATWS_DURABLE, 1250) == CHATWS_OK
       && chatws_store_is_lapped(st, a) && !chatws_store_is_lapped(st, b)
       && out.nwake == 2 && wake[0] == a && wake[1] == b, "but not forever");
    ok(chatws_store_pending(st, wake) == 2, "it is told at every chance");
    ok(pub("one", 12, 900, CHATWS_DURABLE, 1251) == CHATWS_OK
       && out.nwake == 0
       && chatws_store_cursor(st, a, CHATWS_DURABLE) == CHATWS_OFF_NONE,
       "and has no part in what follows");
    ok(chatws_store_caught_up(st, a, CHATWS_DURABLE, 0) == CHATWS_OK
       && chatws_store_cursor(st, a, CHATWS_DURABLE) == CHATWS_OFF_NONE,
       "whatever it does");

    chatws_store_unlap(st, a);
    chatws_store_unlap(st, b);
    ok(pub("one", 12, 900, CHATWS_DURABLE, 1252) == CHATWS_OK
       && out.nwake == 1 && wake[0] == a, "until it says so");

    (void) drain(b, CHATWS_DURABLE);

    for (i = 0; i < 100; i++) {
        rc = pub("one", 12, 900, CHATWS_EPHEMERAL, 5000 + i * 1000);

        if (rc != CHATWS_OK) {
            break;
        }
    }

    ok(rc == CHATWS_BUSY && !chatws_store_is_lapped(st, a)
       && pub("one", 12, 900, CHATWS_EPHEMERAL, 999999) == CHATWS_BUSY
       && !chatws_store_is_lapped(st, a), "what is ephemeral laps nobody");

    test_end("lap");
}


static void
test_share(void)
{
    uint32_t         a, b;
    chatws_str_t     str;
    chatws_usage_t   u;

    test_begin(SIZE, SLOTS);

    a = chatws_store_claim(st, 1, 0);
    b = chatws_store_claim(st, 2, 0);

    (void) sub(a, "one", 11, 0);
    (void) sub(a, "one", 11, 0);
    (void) sub(b, "one", 11, CHATWS_MEMBER_OWN);
    (void) sub(b, "two", 11, 0);
    (void) sub(b, "two", 12, 0);

    str.data = (uint8_t *) "three";
    str.len = 5;

    ok(chatws_table_share(&st->table, 11) == 4
       && chatws_table_share(&st->table, 12) == 1
       && chatws_table_share(&st->table, 13) == 0, "by user");
    ok(chatws_store_subscribe(st, a, &str, 11, 0, 4, &in) == CHATWS_DECLINED
       && chatws_store_subscribe(st, b, &str, 11, 0, 3, &in)
          == CHATWS_DECLINED, "no more than the share");

    chatws_store_usage(st, &u);
    ok(u.chats == 2 && u.subscriptions == 5
       && u.arena_members == 6 * CHATWS_CELL_SIZE, "nothing is made for it");
    ok(chatws_store_subscribe(st, a, &str, 11, 0, 5, &in) == CHATWS_OK
       && chatws_store_subscribe(st, a, &str, 12, 0, 2, &in) == CHATWS_OK,
       "as many as the share");

    chatws_store_unsubscribe(st, a, in.chat, 11, 0, 0);
    ok(chatws_table_share(&st->table, 11) == 4, "one less");

    chatws_store_unsubscribe(st, a, in.chat, 11, 0, 0);
    ok(chatws_table_share(&st->table, 11) == 4, "what was not there");

    while (chatws_store_release(st, a, 1) == CHATWS_AGAIN) { /* void */ }

    ok(chatws_table_share(&st->table, 11) == 2
       && chatws_table_share(&st->table, 12) == 1, "a slot is released");

    while (chatws_store_release(st, b, 1) == CHATWS_AGAIN) { /* void */ }

    chatws_store_usage(st, &u);
    ok(chatws_table_share(&st->table, 11) == 0 && u.arena_members == 0,
       "nobody is left");
    ok(chatws_store_share(st) == CHATWS_SHARE_MIN, "the least share");

    test_end("share");

    test_begin(16 * 1024 * 1024, SLOTS);
    ok(chatws_store_share(st) > 4 * CHATWS_SHARE_MIN
       && chatws_store_share(st) == st->table.arena.nblocks / 4,
       "the share of a large zone: %u", chatws_store_share(st));
    test_end("a large zone");
}


static void
test_replay(void)
{
    uint32_t               a, b, i, n;
    uint64_t               next, offsets[8];
    const chatws_entry_t  *e;

    test_begin(SIZE, SLOTS);

    a = chatws_store_claim(st, 1, 0);
    b = chatws_store_claim(st, 2, 0);

    (void) sub(b, "one", 12, 0);

    for (i = 0; i < 30; i++) {
        (void) pub(i & 1 ? "one" : "two", 12, 100, CHATWS_DURABLE, i);
    }

    (void) sub(a, "one", 11, 0);
    (void) pub("one", 12, 100, CHATWS_DURABLE, 30);

    ok(store_replay(st, &in, 10, 0, offsets, 8, &n) == CHATWS_OK
       && n == 5, "what was missed, without what is live");

    for (i = 0; i < n; i++) {
        e = store_entry(st, CHATWS_DURABLE, offsets[i], &next);

        if (e == NULL || e->seq != 11 + i || e->serial != in.serial
            || offsets[i] >= in.head || !store_is_held(st, offsets[i]))
        {
            break;
        }
    }

    ok(i == n, "in order, and before the live ones");
    ok(store_replay(st, &in, 6, 0, offsets, 8, &n)
       == CHATWS_DECLINED, "too many");
    ok(store_replay(st, &in, 10, 5000 + 25, offsets, 8, &n)
       == CHATWS_DECLINED, "too old");
    ok(store_replay(st, &in, 16, 0, offsets, 8, &n)
       == CHATWS_DECLINED, "a number that was not given");
    ok(store_replay(st, &in, 15, 0, offsets, 8, &n) == CHATWS_OK
       && n == 0, "nothing missed");

    test_end("replay");
}
