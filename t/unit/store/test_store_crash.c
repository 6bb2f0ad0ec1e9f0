
/*
 * Copyright (C) chatws contributors
 *
 * The shared state when a worker dies: a child runs a script that touches
 * every path and exits at its k-th store, for every k there is; the parent
 * recovers, checks everything, goes on in the child's place and looks whether
 * a bystander gets what it has to, in order and once.
 */


#include "tap.h"
#include "store_check.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>


#define SLOTS    3
#define ME       0
#define OTHER    1

#define DIED     77
#define RESULTS  256


/* what is shared besides the store */

typedef struct {
    uint32_t  done;              /* steps of the script that ended */
    uint32_t  got;               /* what the bystander got */
    uint32_t  due;               /* publishes to it that ended */
    uint32_t  told;              /* commands that the bystander got */
    uint32_t  said;              /* commands that ended */
    uint64_t  earned;            /* what its counter is to add up to */
    uint64_t  seq[RESULTS];
    uint64_t  count;             /* messages of the bystander's chat */
    chatws_journal_t  journal;   /* of this structure */
} side_t;


static uint32_t play(uint32_t k);
static const char *survive(void);
static void script(void);
static void subscribe(uint32_t slot, const char *id, uint64_t user);
static void unsubscribe(uint32_t slot, const char *id, uint64_t user,
    int last);
static void publish(const char *id, size_t fill, unsigned log);
static void command(size_t fill);
static void drain(uint32_t slot);
static void chats(const char *tail, uint32_t n);


static int              alive;
static char             id[CHATWS_CHAT_MAX + 1];
static size_t           size;
static side_t          *side;
static uint32_t         countdown, wake[SLOTS];
static uint64_t         now;
static chatws_store_t  *st;


int
main(void)
{
    uint32_t     bad, done_at[2], k;
    const char  *fault;

    size = (chatws_store_min_size(SLOTS) + 63) & ~(size_t) 63;

    st = mmap(NULL, size + sizeof(side_t), PROT_READ|PROT_WRITE,
              MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (st == MAP_FAILED) {
        return 1;
    }

    side = (side_t *) (void *) ((uint8_t *) st + size);

    bad = 0;
    done_at[0] = 0;

    for (k = 1; /* void */ ; k++) {
        done_at[1] = play(k);

        if (done_at[1] < done_at[0]) {
            ok(0, "the script went further with one store less");
            break;
        }

        done_at[0] = done_at[1];
        fault = survive();

        if (fault != NULL && bad++ < 10) {
            ok(0, "death at store %u, in step %u: %s", k, side->done + 1,
               fault);
        }

        if (countdown == 0) {
            break;
        }
    }

    ok(bad == 0 && k > 1000, "a death at each of %u stores of %u steps", k,
       side->done);

    return done();
}


static void
store_hook(void)
{
    if (alive && --countdown == 0) {
        _exit(DIED);
    }
}


/*
 * Runs the script until store k.  Returns how many steps were done, and
 * leaves countdown 0 when it came to its end.
 */

static uint32_t
play(uint32_t k)
{
    int             status;
    pid_t           pid;
    static uint8_t  key[16] = { 3, 1, 4, 1, 5, 9, 2, 6 };

    memset(side, 0, sizeof(side_t));

    if (chatws_store_init(st, size, SLOTS, key, 1) != CHATWS_OK) {
        exit(1);
    }

    (void) chatws_store_claim(st, 100, 0);
    (void) chatws_store_claim(st, 101, 0);

    now = 1;
    status = 0;
    pid = fork();

    if (pid == 0) {
        countdown = k;
        alive = 1;
        script();
        _exit(0);
    }

    if (pid == -1 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        ok(0, "a child at store %u: status %x", k, status);
        exit(1);
    }

    countdown = WEXITSTATUS(status) == DIED;

    return side->done;
}


static const char *
survive(void)
{
    uint32_t         i, n, row;
    uint64_t         total;
    const char      *fault;
    chatws_str_t     bystander = chatws_str("bystander");
    chatws_rc_e      rc;
    chatws_usage_t   u;

    chatws_store_recover(st);
    chatws_journal_recover(&side->journal);
    fault = store_check(st);

    if (fault != NULL) {
        return fault;
    }

    row = store_find(st, &bystander);

    store_want(side->count
               == (row != 0 ? chatws_table_chat(&st->table, row)->seq : 0));

    total = chatws_store_counters(st)[3]
            + chatws_store_slot(st, ME)->counters[3];
    store_want(total == side->earned);

    do {
        rc = chatws_store_release(st, ME, 3);
        fault = store_check(st);

        if (fault != NULL) {
            return fault;
        }

    } while (rc == CHATWS_AGAIN);

    store_want(chatws_store_counters(st)[3] == total);

    n = chatws_store_pending(st, wake);
    store_want(n <= 1 && (n == 0 || wake[0] == OTHER));

    if (chatws_store_cursor(st, OTHER, CHATWS_DURABLE) != CHATWS_OFF_NONE) {
        store_want(n == 1);
    }

    drain(OTHER);

    store_want(side->got == side->due || side->got == side->due + 1);
    store_want(side->told == side->said || side->told == side->said + 1);

    for (i = 0; i < side->got; i++) {
        store_want(side->seq[i] == i + 1);
    }

    store_want(chatws_store_claim(st, 102, 0) == ME);

    script();

    fault = store_check(st);

    if (fault != NULL) {
        return fault;
    }

    for (i = 0; i < SLOTS; i++) {
        while (chatws_store_release(st, i, 5) == CHATWS_AGAIN) { /* void */ }
    }

    chatws_store_usage(st, &u);
    store_want(u.members == 0 && u.subscriptions == 0 && u.chats == u.idle);
    store_want(u.arena_free + u.arena_chats + u.arena_ids == u.arena_size);

    return store_check(st);
}


/*
 * In the least memory: 16 blocks, a log of some entries.
 */

static void
script(void)
{
    uint32_t  i;

    /* rows, counts, chains */

    subscribe(ME, "one", 11);
    subscribe(ME, "one", 11);
    subscribe(ME, "one", 12);
    subscribe(OTHER, "bystander", 13);
    subscribe(ME, "bystander", 11);
    subscribe(ME, "\001eve", 11);
    subscribe(ME, "\001ann", 12);
    unsubscribe(ME, "one", 11, 0);
    unsubscribe(ME, "\001ann", 12, 1);
    chats(" with a name that has a tail of its own, of some length", 2);

    /* to an idle chat, to members, around the log */

    publish("idle", 10, CHATWS_DURABLE);
    publish("idler", 10, CHATWS_DURABLE);
    publish("idle", 10, CHATWS_DURABLE);
    publish("\001bob", 10, CHATWS_DURABLE);
    publish("\001ann", 10, CHATWS_DURABLE);
    publish("\001eve", 10, CHATWS_DURABLE);

    for (i = 0; i < 9; i++) {
        publish("bystander", 200 + i * 90, CHATWS_DURABLE);
        publish("bystander", 20, CHATWS_EPHEMERAL);
        command(i * 50 + 1);

        if (i % 2) {
            drain(OTHER);
        }
    }

    drain(OTHER);
    drain(ME);

    /* to slots that have caught up, with and without members */

    command(30);
    drain(OTHER);
    drain(ME);

    /* members that leave holes, chats that need the room */

    for (i = 0; i < 14; i++) {
        subscribe(i % 3 ? ME : 2, "one", 100 + i);
    }

    for (i = 0; i < 14; i++) {
        if (i % 4) {
            unsubscribe(i % 3 ? ME : 2, "one", 100 + i, 0);
        }
    }

    chats(" fill it", 14);
    publish("bystander", 10, CHATWS_DURABLE);
    publish("idle", 10, CHATWS_DURABLE);
    drain(OTHER);

    /* a worker that does not drain */

    for (i = 0; i < 9; i++) {
        now += 30;
        publish("bystander", 600, CHATWS_DURABLE);
        drain(OTHER);
    }

    chatws_store_unlap(st, ME);

    /* the end of a slot */

    chatws_store_slot(st, ME)->counters[3] = 5;
    side->earned += 5;

    while (chatws_store_release(st, ME, 2) == CHATWS_AGAIN) { /* void */ }

    (void) chatws_store_claim(st, 103, 0);
    side->done++;
}


static void
subscribe(uint32_t slot, const char *name, uint64_t user)
{
    uint32_t             row;
    chatws_str_t         str;
    chatws_member_key_t  key;
    chatws_subscribed_t  in;

    str.data = (uint8_t *) name;
    str.len = strlen(name);

    key.slot = slot;
    key.flags = 0;
    key.user = user;

    row = store_find(st, &str);

    if (slot == OTHER
        && row != 0
        && chatws_table_search(&st->table, row, &key) != 0)
    {
        return;
    }

    if (slot == 2 && chatws_store_slot(st, 2)->pid == 0) {
        (void) chatws_store_claim(st, 104, 0);
    }

    (void) chatws_store_subscribe(st, slot, &str, user, 0,
                                  CHATWS_SHARE_ANY, &in);
    side->done++;
}


static void
unsubscribe(uint32_t slot, const char *name, uint64_t user, int last)
{
    chatws_str_t  str;

    str.data = (uint8_t *) name;
    str.len = strlen(name);

    chatws_store_unsubscribe(st, slot, store_find(st, &str), user, 0, last);
    side->done++;
}


static void
publish(const char *name, size_t fill, unsigned log)
{
    uint8_t          body[STORE_BODY + 2048];
    chatws_rc_e      rc;
    chatws_post_t    post;
    chatws_tally_t   tally;
    chatws_posted_t  out;

    memset(&post, 0, sizeof(post));
    post.chat.data = (uint8_t *) name;
    post.chat.len = strlen(name);

    if (strcmp(name, "bystander") == 0) {
        tally.count = &side->count;
        tally.journal = &side->journal;
        post.tally = &tally;
        post.counts = 1;
    }

    post.sender = 11;
    post.time = now;
    post.ring = log;
    post.sequenced = log == CHATWS_DURABLE;
    post.body.data = body;
    post.body.len = store_body(body, (uint32_t) fill, fill, post.sequenced);
    out.wake = wake;

    rc = chatws_store_publish(st, 0, &post, now, 100, &out);

    if (rc == CHATWS_OK && post.sequenced && strcmp(name, "bystander") == 0) {
        side->due++;
    }

    side->done++;
}


static void
command(size_t fill)
{
    uint8_t          text[1024];
    chatws_str_t     str;
    chatws_posted_t  out;

    memset(text, 'c', fill);

    str.data = text;
    str.len = fill;
    out.wake = wake;

    if (chatws_store_command_room(st, fill, now, 100, &out) == CHATWS_OK) {
        chatws_store_command(st, &str, now, &out);
        side->said++;
    }

    side->done++;
}


/*
 * The bystander is another process: it does not die here.
 */

static void
drain(uint32_t slot)
{
    int                    was;
    uint64_t               next, pos;
    unsigned               log;
    const chatws_entry_t  *e;

    was = alive;

    if (slot == OTHER) {
        alive = 0;
    }

    for (log = 0; log < 2; log++) {
        pos = chatws_store_cursor(st, slot, log);

        if (pos == CHATWS_OFF_NONE) {
            continue;
        }

        while ((e = store_entry(st, log, pos, &next)) != NULL) {

            if (e->chat == CHATWS_ROW_COMMAND) {
                side->told += slot == OTHER && e->seq == 0
                              && e->frame[0] == 'c'
                              && e->frame[e->len - 1] == 'c';

            } else if (slot == OTHER
                && log == CHATWS_DURABLE
                && chatws_store_slot(st, OTHER)->state == CHATWS_SLOT_LIVE
                && memcmp(chatws_table_id(&st->table,
                              chatws_table_chat(&st->table, e->chat)) + 1,
                          "bystander", 9) == 0
                && side->got < RESULTS)
            {
                side->seq[side->got++] = e->seq;
            }

            pos = next;
        }

        (void) chatws_store_caught_up(st, slot, log, pos);
    }

    alive = was;
    side->done++;
}


static void
chats(const char *tail, uint32_t n)
{
    uint32_t  i;

    for (i = 0; i < n; i++) {
        snprintf(id, sizeof(id), "%u%s", i, tail);
        subscribe(ME, id, 11);
    }
}
