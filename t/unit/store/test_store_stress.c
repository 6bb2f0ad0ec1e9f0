
/*
 * Copyright (C) chatws contributors
 *
 * The shared state against a simple model: random calls of several workers in
 * too little memory, and workers that die at random stores.
 */


#include "store_model.h"

#include <setjmp.h>


typedef enum {
    OP_PUBLISH = 0,
    OP_TYPING,
    OP_SUBSCRIBE,
    OP_UNSUBSCRIBE,
    OP_DRAIN,
    OP_RELEASE,
    OP_REPLAY
} op_e;


typedef struct {
    op_e      type;
    uint32_t  slot;
    uint32_t  chat;
    uint32_t  user;
    uint32_t  flags;
} op_t;


static void run(unsigned seed, uint32_t steps, uint32_t deaths);
static void step(void);
static void op_publish(unsigned log);
static void op_subscribe(void);
static void op_unsubscribe(void);
static void op_drain(void);
static void op_replay(void);
static void release(uint32_t slot);
static void release_all(uint32_t slot);
static void died(void);


static int              deaths_left, dying, countdown;
static op_t             op;
static void            *mem;
static jmp_buf          death;
static uint32_t         nbusy, ndied, nlapped, npublished, nreplayed;
static uint32_t         wake[SLOTS];
static uint64_t         head[2], now;


/*
 * An argument is the number of runs, for long ones.
 */

int
main(int argc, char **argv)
{
    unsigned  n, seed;

    n = argc > 1 ? (unsigned) atoi(argv[1]) : 8;

    for (seed = 1; seed <= n; seed++) {
        run(seed, 4000, seed % 3 ? 1000000 : 0);
    }

    return done();
}


static void
store_hook(void)
{
    if (dying && --countdown == 0) {
        dying = 0;
        longjmp(death, 1);
    }
}


static void
run(unsigned seed, uint32_t steps, uint32_t deaths)
{
    size_t          size;
    uint8_t         key[16];
    uint32_t        i, nslots;
    chatws_usage_t  u;

    srand(seed);

    for (i = 0; i < 16; i++) {
        key[i] = (uint8_t) rand();
    }

    /* bitmaps and rows of several sizes */

    nslots = SLOTS + seed % 4 * 100;
    size = chatws_store_min_size(nslots) + ROOM;

    if (posix_memalign(&mem, 64, size) != 0
        || chatws_store_init(mem, size, nslots, key, seed) != CHATWS_OK)
    {
        exit(1);
    }

    st = mem;
    fault = NULL;
    now = 1;
    nbusy = ndied = nlapped = npublished = nreplayed = 0;
    deaths_left = (int) deaths;

    memset(count, 0, sizeof(count));
    memset(row, 0, sizeof(row));
    memset(seq, 0, sizeof(seq));
    memset(queue, 0, sizeof(queue));

    for (i = 0; i < SLOTS; i++) {
        (void) chatws_store_claim(st, i + 1, 0);
    }

    for (i = 0; i < steps && fault == NULL; i++) {
        step();

        if (fault == NULL && (i % 8 == 0 || ndied)) {
            fault = store_check(st);
            compare();
        }
    }

    ok(fault == NULL, "seed %u: %u steps, %u published, %u busy, %u deaths, "
       "%u laps, %u replays (%s)", seed, i, npublished, nbusy, ndied, nlapped,
       nreplayed, fault ? fault : "-");

    for (i = 0; i < SLOTS; i++) {
        release_all(i);
    }

    chatws_store_usage(st, &u);
    fault = store_check(st);

    ok(fault == NULL && u.members == 0 && u.subscriptions == 0
       && u.idle == u.chats && u.arena_partial == 0
       && u.arena_free + u.arena_chats + u.arena_ids == u.arena_size,
       "seed %u: nothing is left behind (%s)", seed, fault ? fault : "-");

    free(mem);
}


static void
step(void)
{
    uint32_t  kind;

    now += (uint64_t) rand() % 8;
    kind = (uint32_t) rand() % 100;

    op.slot = (uint32_t) rand() % SLOTS;
    op.chat = (uint32_t) rand() % (rand() % 4 ? CHATS : 4);
    op.user = (uint32_t) rand() % USERS;
    op.flags = rand() % 4 == 0;
    op.type = kind < 35 ? OP_PUBLISH
              : kind < 45 ? OP_TYPING
              : kind < 64 ? OP_SUBSCRIBE
              : kind < 80 ? OP_UNSUBSCRIBE
              : kind < 92 ? OP_DRAIN
              : kind < 94 ? OP_RELEASE
              : OP_REPLAY;

    head[0] = store_head(st, 0);
    head[1] = store_head(st, 1);

    if (setjmp(death)) {
        died();
        return;
    }

    countdown = 1 + rand() % 70;
    dying = deaths_left > 0 && rand() % 3 == 0;

    switch (op.type) {

    case OP_PUBLISH:
        op_publish(CHATWS_DURABLE);
        break;

    case OP_TYPING:
        op_publish(CHATWS_EPHEMERAL);
        break;

    case OP_SUBSCRIBE:
        op_subscribe();
        break;

    case OP_UNSUBSCRIBE:
        op_unsubscribe();
        break;

    case OP_DRAIN:
        op_drain();
        break;

    case OP_RELEASE:
        release(op.slot);
        break;

    default: /* OP_REPLAY */
        op_replay();
    }

    dying = 0;
}


static void
op_publish(unsigned log)
{
    uint8_t                body[STORE_BODY + 2048];
    uint32_t               before, i, n;
    uint64_t               last, next;
    chatws_rc_e            rc;
    chatws_post_t          post;
    const chatws_entry_t  *e;
    chatws_posted_t        out;

    memset(&post, 0, sizeof(post));
    post.chat = *name(op.chat);
    post.sender = op.user + 100;
    post.time = now;
    post.ring = log;
    post.sequenced = log == CHATWS_DURABLE && rand() % 8;
    post.body.data = body;
    post.body.len = store_body(body, (uint32_t) rand(),
                               (size_t) rand() % (rand() % 8 ? 300 : 1800),
                               post.sequenced);

    out.wake = wake;
    before = store_find(st, &post.chat);
    last = before ? chatws_table_chat(&st->table, before)->seq : 0;

    rc = chatws_store_publish(st, 0, &post, now, 50, &out);

    dying = 0;

    for (i = 0; i < SLOTS; i++) {

        if (chatws_store_is_lapped(st, i) && queue[i][0].n + queue[i][1].n) {
            forget(i);
            nlapped++;
        }
    }

    if (rc != CHATWS_OK) {
        nbusy++;
        model_want(rc == CHATWS_BUSY
                   || post.body.len > chatws_store_body_max(st, log));
        model_want(head[log] == store_head(st, log));
        return;
    }

    n = 0;

    for (i = 0; i < SLOTS; i++) {
        n += members(i, op.chat, 1, -1) - members(i, op.chat, 0, (int) op.user);
    }

    model_want(out.recipients == n);

    if (post.sequenced) {
        model_want(out.seq > seq[op.chat]);
        model_want(before == 0 || out.chat == before);
        model_want(before == 0 || out.seq == last + 1);
        seq[op.chat] = out.seq;

    } else {
        model_want(out.seq == 0);
        model_want((out.offset == CHATWS_OFF_NONE)
                   == (before == 0
                       || (n == 0 && log == CHATWS_EPHEMERAL)));
    }

    if (out.offset == CHATWS_OFF_NONE) {
        model_want(head[log] == store_head(st, log));
        return;
    }

    npublished++;
    e = store_entry(st, log, out.offset, &next);

    model_want(e != NULL && e->chat == out.chat && e->seq == out.seq
               && e->sender == post.sender && e->time == now
               && next == store_head(st, log)
               && store_check_entry(e) == NULL);

    told(op.chat, log, out.offset);
}


static void
op_subscribe(void)
{
    chatws_rc_e          rc;
    chatws_usage_t       u;
    chatws_subscribed_t  in;

    rc = chatws_store_subscribe(st, op.slot, name(op.chat), op.user + 100,
                                op.flags, CHATWS_SHARE_ANY, &in);

    dying = 0;

    if (rc != CHATWS_OK) {
        nbusy++;
        chatws_store_usage(st, &u);
        model_want(rc == CHATWS_BUSY && u.idle <= 1
                   && u.arena_partial < store_chat_size(st)
                   && u.arena_free <= store_chat_size(st));
        return;
    }

    if (members(SLOTS, op.chat, 1, -1) != 0) {
        model_want(row[op.chat] == in.chat && serial[op.chat] == in.serial);
    }

    model_want(in.seq >= seq[op.chat]);
    model_want(in.head == head[0]);

    seq[op.chat] = in.seq;
    row[op.chat] = in.chat;
    serial[op.chat] = in.serial;
    count[op.slot][op.chat][op.user][op.flags]++;
}


static void
op_unsubscribe(void)
{
    uint32_t  *n;

    n = &count[op.slot][op.chat][op.user][op.flags];

    if (*n == 0 || row[op.chat] == 0) {
        return;
    }

    chatws_store_unsubscribe(st, op.slot, row[op.chat], op.user + 100,
                             op.flags,
                             members(op.slot, op.chat, 1, -1) == 1);

    dying = 0;
    --*n;
}


static void
op_drain(void)
{
    uint32_t               log, n;
    uint64_t               next, pos;
    queue_t               *q;
    const chatws_entry_t  *e;

    if (chatws_store_is_lapped(st, op.slot)) {
        chatws_store_unlap(st, op.slot);
        return;
    }

    for (log = 0; log < 2; log++) {
        n = 0;
        q = &queue[op.slot][log];
        pos = chatws_store_cursor(st, op.slot, log);

        if (pos == CHATWS_OFF_NONE) {
            model_want(q->n == 0);
            continue;
        }

        while ((e = store_entry(st, log, pos, &next)) != NULL) {
            model_want(store_check_entry(e) == NULL);

            if (n < q->n && q->off[n] == next - e->size) {
                n++;
            }

            pos = next;
        }

        model_want(next == pos && n == q->n);
        q->n = 0;

        model_want(chatws_store_caught_up(st, op.slot, log, pos)
                   == CHATWS_OK);
    }

    dying = 0;
}


static void
op_replay(void)
{
    uint32_t               i, n;
    uint64_t               next, offsets[64], since;
    chatws_rc_e            rc;
    chatws_chat_t         *ch;
    const chatws_entry_t  *e;
    chatws_subscribed_t    in;

    dying = 0;

    in.chat = store_find(st, name(op.chat));

    if (in.chat == 0) {
        return;
    }

    ch = chatws_table_chat(&st->table, in.chat);
    in.seq = ch->seq;
    in.last = ch->last;
    in.serial = ch->serial;

    since = in.seq - (in.seq ? (uint64_t) rand() % in.seq % 12 : 0);
    rc = store_replay(st, &in, since, 0, offsets, 64, &n);

    if (rc != CHATWS_OK) {

        /* then walking back by hand fails as well */

        for (next = in.last, n = 0; n < in.seq - since; n++) {

            if (next == 0 || next - 1 < st->ring[0].tail) {
                break;
            }

            next = store_entry(st, 0, next - 1, &now)->prev;
        }

        now = 1000000 + npublished;
        model_want(n < in.seq - since);

        return;
    }

    nreplayed++;
    model_want(n == in.seq - since);

    for (i = 0; i < n; i++) {
        e = store_entry(st, 0, offsets[i], &next);
        model_want(e != NULL && e->seq == since + 1 + i
                   && e->serial == in.serial
                   && store_check_entry(e) == NULL);
    }
}


static void
release(uint32_t slot)
{
    release_all(slot);

    model_want(chatws_store_claim(st, slot + 1, 0) == slot);
}


static void
release_all(uint32_t slot)
{
    chatws_slot_t  *sl;

    sl = chatws_store_slot(st, slot);

    while (chatws_store_release(st, slot, 1 + (uint32_t) rand() % 4)
           == CHATWS_AGAIN)
    {
        model_want(sl->state == CHATWS_SLOT_LEAVING);
    }

    model_want(sl->state == CHATWS_SLOT_FREE && sl->pid == 0);

    memset(count[slot], 0, sizeof(count[slot]));
    forget(slot);
}


/*
 * What was under way is done or not done; the worker's slot is taken out by
 * others, who may die as well.
 */

static void
died(void)
{
    uint32_t               i, n;
    uint64_t               next;
    unsigned               log;
    const chatws_entry_t  *e;

    ndied++;
    deaths_left--;

    /* as who recovers from it may */

    (void) setjmp(death);

    countdown = 1 + rand() % 12;
    dying = rand() % 2;

    chatws_store_recover(st);

    dying = 0;

    if (fault == NULL) {
        fault = store_check(st);
    }

    for (log = 0; log < 2; log++) {

        if (store_head(st, log) == head[log]) {
            continue;
        }

        e = store_entry(st, log, head[log], &next);
        model_want(e != NULL && next == store_head(st, log)
                   && store_check_entry(e) == NULL);
        model_want(op.type == OP_PUBLISH || op.type == OP_TYPING);

        if (e == NULL) {
            return;
        }

        if (e->seq) {
            model_want(e->seq > seq[op.chat]);
            seq[op.chat] = e->seq;
        }

        told(op.chat, log, next - e->size);
        head[log] = next;
    }

    if (setjmp(death)) {
        chatws_store_recover(st);

        if (fault == NULL) {
            fault = store_check(st);
        }
    }

    countdown = 1 + rand() % 70;
    dying = rand() % 2;

    release(op.slot);

    dying = 0;

    for (i = 0; i < SLOTS; i++) {

        if (chatws_store_is_lapped(st, i)) {
            forget(i);
        }
    }

    n = chatws_store_pending(st, wake);

    for (i = 0; i < SLOTS; i++) {

        if (queue[i][0].n == 0 && queue[i][1].n == 0) {
            continue;
        }

        while (n && wake[n - 1] != i) {
            n--;
        }

        model_want(n != 0);
        n = chatws_store_pending(st, wake);
    }
}
