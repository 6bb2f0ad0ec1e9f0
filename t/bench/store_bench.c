
/*
 * Copyright (C) chatws contributors
 *
 * Time under the zone's lock: publish, subscribe, unsubscribe and the end of
 * a slot, with a million chats and a million subscriptions in one zone; then
 * publishers in 1 to 8 processes that contend for the lock.
 *
 *   make -C t/bench parts, or build/bench/store_bench [chats [seconds]]
 *
 * Times are in nanoseconds, without what reading the clock takes (printed).
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "store/chatws_store.h"


#define SLOTS    16
#define BODY     300
#define SAMPLES  1000000
#define WORKERS  8

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE  23    /* Linux 5.14 */
#endif


typedef struct {
    uint32_t  word;
    uint8_t   pad[124];
    uint32_t  n[WORKERS];
    uint32_t  busy[WORKERS];
    uint32_t  sample[WORKERS][SAMPLES];
} shared_t;


static void fill(uint32_t chats);
static void messages(uint32_t chats);
static void members(uint32_t chats);
static void release(uint32_t chats);
static void crowd(uint32_t chats, uint32_t workers, double seconds);
static void publisher(uint32_t chats, uint32_t me, uint64_t time);
static chatws_rc_e publish(uint32_t chat, uint64_t sender,
    chatws_posted_t *out);
static void drain(uint32_t slot);
static void drain_all(void);
static void report(const char *what, uint32_t *sample, uint32_t n);
static int compare(const void *one, const void *two);
static chatws_str_t *name(uint32_t chat);
static uint64_t user(uint32_t n);
static void lock(void);
static void unlock(void);
static uint64_t ticks(void);
static uint32_t since(uint64_t start);
static uint32_t number(uint32_t limit);


static char             body[BODY];
static uint32_t        *row, wake[SLOTS];
static uint64_t         overhead, state = 88172645463325252;
static shared_t        *shared;
static size_t           size;
static chatws_store_t  *st;


int
main(int argc, char **argv)
{
    double          seconds;
    uint32_t        chats, i;
    uint64_t        start;
    static uint8_t  key[16] = { 1, 2, 3 };

    chats = argc > 1 ? (uint32_t) atoi(argv[1]) : 1000000;
    seconds = argc > 2 ? atof(argv[2]) : 1;

    /* half is the durable log, a 16th the other; 32 bytes of slack a chat */

    size = (1 << 20) + (size_t) chats * (96 + 3 * 32 + 24) * 16 / 7;

    st = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
              -1, 0);
    shared = mmap(NULL, sizeof(shared_t), PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    row = malloc(chats * sizeof(uint32_t));

    if (st == MAP_FAILED || shared == MAP_FAILED || row == NULL
        || chatws_store_init(st, size, SLOTS, key, 1) != CHATWS_OK)
    {
        fprintf(stderr, "no memory\n");
        return 1;
    }

    for (i = 0; i < BODY; i++) {
        body[i] = 'x';
    }

    memcpy(body, "{\"type\":\"new_message\",", 22);
    memcpy(body + BODY - 7, ",\"seq\":", 7);

    overhead = (uint64_t) -1;

    for (i = 0; i < 100000; i++) {
        start = ticks();
        start = ticks() - start;
        overhead = start < overhead ? start : overhead;
    }

    printf("zone of %zu MB, %u chats, %u subscriptions, bodies of %d bytes, "
           "clock %u ns\n\n", size >> 20, chats, chats, BODY,
           (uint32_t) overhead);
    printf("%-44s %8s %8s %8s\n", "under the lock, ns", "median", "p99",
           "p99.9");

    /* the first touch of a page is the kernel's time, once */

    (void) madvise(st, size, MADV_POPULATE_WRITE);

    fill(chats);
    messages(chats);
    members(chats);
    release(chats);

    printf("\n%-44s %8s %8s %8s\n", "the same, publishers in processes",
           "median", "p99", "p99.9");

    for (i = 1; i <= WORKERS; i *= 2) {
        crowd(chats, i, seconds);
    }

    return 0;
}


static void
fill(uint32_t chats)
{
    uint32_t              i, n;
    uint64_t              start;
    chatws_usage_t        u;
    chatws_subscribed_t   in;

    for (i = 0; i < WORKERS; i++) {
        (void) chatws_store_claim(st, i + 1, 0);
    }

    n = 0;

    for (i = 0; i < chats; i++) {
        start = ticks();

        if (chatws_store_subscribe(st, i % WORKERS, name(i), user(i), 0,
                                   CHATWS_SHARE_ANY, &in)
            != CHATWS_OK)
        {
            fprintf(stderr, "no room for chat %u\n", i);
            exit(1);
        }

        if (n < SAMPLES) {
            shared->sample[0][n++] = since(start);
        }

        row[i] = in.chat;
    }

    report("subscribe, first of a new chat", shared->sample[0], n);

    chatws_store_usage(st, &u);
    printf("  %.1f bytes of arena a chat, %.1f a subscription, "
           "%llu MB of arena of %llu used\n",
           (double) (u.arena_chats + u.arena_ids) / (double) u.chats,
           (double) (u.arena_members + u.arena_partial) / (double) u.members,
           (unsigned long long) (u.arena_size - u.arena_free) >> 20,
           (unsigned long long) u.arena_size >> 20);
}


static void
messages(uint32_t chats)
{
    uint32_t         c, i, n, *sample;
    uint64_t         start, who;
    chatws_posted_t  out;

    n = 500000;
    sample = shared->sample[0];
    out.wake = wake;

    for (i = 0; i < n; i++) {
        c = number(chats);
        who = user(c);
        start = ticks();
        (void) publish(c, who, &out);
        sample[i] = since(start);

        if (i % 64 == 0) {
            drain_all();
        }
    }

    report("publish, any chat", sample, n);

    for (i = 0; i < n; i++) {
        c = number(chats);
        who = user(c);
        chatws_store_prefetch(st, name(c));
        start = ticks();
        (void) publish(c, who, &out);
        sample[i] = since(start);

        if (i % 64 == 0) {
            drain_all();
        }
    }

    report("publish, any chat, prefetched", sample, n);

    for (i = 0; i < n; i++) {
        start = ticks();
        (void) publish(7, user(7), &out);
        sample[i] = since(start);

        if (i % 64 == 0) {
            drain_all();
        }
    }

    report("publish, one chat", sample, n);
}


static void
members(uint32_t chats)
{
    uint32_t             c, i, n, *sample;
    uint64_t             start, who;
    chatws_posted_t      out;
    chatws_subscribed_t  in;

    n = 500000;
    sample = shared->sample[0];
    out.wake = wake;

    for (i = 0; i < n; i++) {
        c = number(chats);
        who = user(c);
        start = ticks();
        chatws_store_unsubscribe(st, c % WORKERS, row[c], who, 0, 1);
        sample[i] = since(start);

        (void) chatws_store_subscribe(st, c % WORKERS, name(c), who, 0,
                                      chatws_store_share(st), &in);
        row[c] = in.chat;
    }

    report("unsubscribe, last of any chat", sample, n);

    for (i = 0; i < n; i++) {
        c = number(chats);
        who = user(chats + i);
        start = ticks();
        (void) chatws_store_subscribe(st, 0, name(c), who, 0,
                                      chatws_store_share(st), &in);
        sample[i] = since(start);

        chatws_store_unsubscribe(st, 0, in.chat, who, 0,
                                 c % WORKERS != 0);
    }

    report("subscribe, one more of any chat", sample, n);

    n = chats < 100000 ? chats / 2 : 100000;

    for (i = 0; i < n; i++) {
        who = user(chats + i);
        start = ticks();
        (void) chatws_store_subscribe(st, 0, name(0), who, 0,
                                      CHATWS_SHARE_ANY, &in);
        sample[i] = since(start);
    }

    report("subscribe, all to one chat", sample, n);

    for (i = 0; i < n; i++) {
        who = user(chats + i);
        start = ticks();
        (void) publish(0, who, &out);
        sample[i] = since(start);

        if (i % 64 == 0) {
            drain_all();
        }
    }

    report("publish, to that chat, from a member", sample, n);

    for (i = 0; i < n; i++) {
        who = user(chats + i);
        start = ticks();
        chatws_store_unsubscribe(st, 0, row[0], who, 0, 0);
        sample[i] = since(start);
    }

    report("unsubscribe, all from that chat", sample, n);
}


static void
release(uint32_t chats)
{
    uint32_t             c, i, *sample;
    uint64_t             start;
    chatws_subscribed_t  in;

    sample = shared->sample[0];

    i = 0;

    for ( ;; ) {
        start = ticks();
        c = chatws_store_release(st, WORKERS - 1, 64) == CHATWS_AGAIN;
        sample[i++] = since(start);

        if (!c) {
            break;
        }
    }

    report("release of a slot, 64 rows at once", sample, i);

    (void) chatws_store_claim(st, WORKERS, 0);

    for (i = WORKERS - 1; i < chats; i += WORKERS) {
        (void) chatws_store_subscribe(st, i % WORKERS, name(i), user(i), 0,
                                   CHATWS_SHARE_ANY, &in);
        row[i] = in.chat;
    }
}


static void
crowd(uint32_t chats, uint32_t workers, double seconds)
{
    char      text[64];
    pid_t     pid[WORKERS];
    uint32_t  busy, i, n, total, *all;

    for (i = 0; i < workers; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            publisher(chats, i, (uint64_t) (seconds * 1e9));
            _exit(0);
        }
    }

    for (i = 0; i < workers; i++) {
        (void) waitpid(pid[i], NULL, 0);
    }

    busy = total = 0;

    for (i = 0; i < workers; i++) {
        busy += shared->busy[i];
        total += shared->n[i] < SAMPLES ? shared->n[i] : SAMPLES;
    }

    all = malloc((total + 1) * sizeof(uint32_t));
    total = 0;

    for (i = 0; i < workers; i++) {
        n = shared->n[i] < SAMPLES ? shared->n[i] : SAMPLES;
        memcpy(all + total, shared->sample[i], n * sizeof(uint32_t));
        total += n;
    }

    n = 0;

    for (i = 0; i < workers; i++) {
        n += shared->n[i];
    }

    sprintf(text, "%u publishing, %.0f a second, %u busy", workers,
            n / seconds, busy);
    report(text, all, total);

    free(all);
    drain_all();
}


static void
publisher(uint32_t chats, uint32_t me, uint64_t time)
{
    uint32_t         c, i;
    uint64_t         start, stop, who;
    chatws_rc_e      rc;
    chatws_posted_t  out;

    out.wake = wake;
    state += me * 7919 + 1;

    (void) madvise(st, size, MADV_POPULATE_WRITE);

    shared->busy[me] = 0;
    stop = ticks() + time;

    for (i = 0; /* void */ ; i++) {
        c = number(chats);

        who = user(c);
        chatws_store_prefetch(st, name(c));

        lock();
        start = ticks();

        if (start > stop) {
            unlock();
            break;
        }

        chatws_store_recover(st);
        rc = publish(c, who, &out);
        shared->sample[me][i % SAMPLES] = since(start);
        unlock();

        shared->busy[me] += rc != CHATWS_OK;

        /* nobody drains but us */

        if (i % 64 == 0) {
            lock();
            drain_all();
            unlock();
        }
    }

    shared->n[me] = i;
}


static chatws_rc_e
publish(uint32_t chat, uint64_t sender, chatws_posted_t *out)
{
    chatws_post_t  post;

    memset(&post, 0, sizeof(chatws_post_t));

    post.chat = *name(chat);
    post.sender = sender;
    post.time = 1;
    post.body.len = BODY;
    post.body.data = (uint8_t *) body;
    post.ring = CHATWS_DURABLE;
    post.sequenced = 1;

    return chatws_store_publish(st, 0, &post, 1, 1000, out);
}


static void
drain(uint32_t slot)
{
    (void) chatws_store_caught_up(st, slot, CHATWS_DURABLE,
                                  chatws_ring_head(
                                      chatws_store_ring(st, CHATWS_DURABLE)));
}


static void
drain_all(void)
{
    uint32_t  i;

    for (i = 0; i < WORKERS; i++) {
        drain(i);
    }
}


static void
report(const char *what, uint32_t *sample, uint32_t n)
{
    qsort(sample, n, sizeof(uint32_t), compare);

    printf("%-44s %8u %8u %8u\n", what, sample[n / 2],
           sample[(uint32_t) (n * 0.99)], sample[(uint32_t) (n * 0.999)]);
    fflush(stdout);
}


static int
compare(const void *one, const void *two)
{
    uint32_t  a, b;

    a = *(const uint32_t *) one;
    b = *(const uint32_t *) two;

    return a < b ? -1 : a > b;
}


static chatws_str_t *
name(uint32_t chat)
{
    static char          text[64];
    static chatws_str_t  str;

    /* as long as a UUID, and cheap to make */

    memcpy(text, "5f0c7a10-93be-4c11-a0d2-", 24);

    for (str.len = 36; str.len > 24; chat /= 10) {
        text[--str.len] = (char) ('0' + chat % 10);
    }

    str.len = 36;
    str.data = (uint8_t *) text;

    return &str;
}


static uint64_t
user(uint32_t n)
{
    return chatws_store_hash(st, (uint8_t *) &n, sizeof(uint32_t));
}


static void
lock(void)
{
    uint32_t  i, n;

    for ( ;; ) {

        if (__atomic_exchange_n(&shared->word, 1, __ATOMIC_ACQUIRE) == 0) {
            return;
        }

        for (n = 1; n < 2048; n *= 2) {

            for (i = 0; i < n; i++) {
                __asm__ volatile ("" ::: "memory");
            }

            if (__atomic_load_n(&shared->word, __ATOMIC_RELAXED) == 0) {
                break;
            }
        }

        if (n >= 2048) {
            (void) sched_yield();
        }
    }
}


static void
unlock(void)
{
    __atomic_store_n(&shared->word, 0, __ATOMIC_RELEASE);
}


static uint64_t
ticks(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


static uint32_t
since(uint64_t start)
{
    uint64_t  ns;

    ns = ticks() - start;

    return (uint32_t) (ns > overhead ? ns - overhead : 0);
}


static uint32_t
number(uint32_t limit)
{
    /* xorshift64 */

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return (uint32_t) ((state >> 16) % limit);
}
