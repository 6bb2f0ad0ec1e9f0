
/*
 * Copyright (C) chatws contributors
 *
 * What the table of people costs under the zone's lock: users who come into
 * chats and leave them, who connect and disconnect, and what is done a slice at
 * a time without being asked; by 1 to 4 processes that contend for the lock.
 * Then the longest holds, and the memory.
 *
 *   make -C t/bench parts, or build/bench/people_bench [users [seconds]]
 *
 * Times are of whole holds, with the clock that is read in them.  A hold in
 * which the system has taken the processor away is counted by itself.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "store/chatws_people_store.h"


#define SLOTS    8
#define WORKERS  4
#define PLACES   20                /* chats of a user */
#define CROWD    100               /* users of a chat */
#define SAMPLES  500000
#define LONG     10000             /* ns */

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE  23    /* Linux 5.14 */
#endif


typedef enum {
    JOIN = 0,
    LEAVE,
    CONNECT,
    DISCONNECT,
    TEND,
    KINDS
} kind_e;


typedef struct {
    uint32_t  word;
    uint8_t   pad[124];
    uint32_t  n[WORKERS][KINDS];
    uint32_t  taken[WORKERS];      /* holds that lost the processor */
    uint32_t  sample[WORKERS][KINDS][SAMPLES];
} shared_t;


static void fill(void);
static void crowd(uint32_t workers, double seconds);
static void worker(uint32_t me, uint64_t time);
static void act(uint32_t me, kind_e kind, uint32_t user, uint32_t chat);
static void fetch(const chatws_people_parted_t *parted);
static void tend(uint32_t me);
static void hold_begin(void);
static void hold_end(uint32_t me, kind_e kind);
static int enter(uint32_t slot, uint64_t user,
    const chatws_people_name_t *chat, uint32_t *row);
static void part(uint32_t slot, const chatws_people_parted_t *parted);
static void report(uint32_t workers, double seconds);
static void memory(void);
static int compare(const void *one, const void *two);
static chatws_str_t *user_name(uint32_t user);
static chatws_str_t *chat_name(uint32_t chat);
static chatws_people_name_t *name(chatws_str_t *id);
static uint64_t person(uint32_t user);
static long switches(void);
static uint64_t ticks(void);
static uint32_t number(uint32_t limit);


static const char          *names[KINDS] = {
    "a user comes into a chat", "leaves it", "a user connects", "disconnects",
    "a slice of what is due"
};

static size_t               size, table;
static uint32_t             users, chats;
static uint64_t             state = 88172645463325252, started;
static long                 before;
static chatws_people_now_t  now;
static shared_t            *shared;
static chatws_people_t     *tb;
static chatws_store_t      *st;


int
main(int argc, char **argv)
{
    double                 seconds;
    uint32_t               i;
    chatws_people_rules_t  rules;
    static uint8_t         key[16] = { 1, 2, 3 };

    users = argc > 1 ? (uint32_t) atoi(argv[1]) : 20000;
    seconds = argc > 2 ? atof(argv[2]) : 1;
    chats = users * PLACES / CROWD + 1;

    size = (8 << 20) + (size_t) users * (PLACES + 4) * 32 * 6
           + (size_t) chats * 1024;
    table = chatws_people_size(users * (PLACES + 4) + 2 * chats);

    st = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
              -1, 0);
    tb = mmap(NULL, table, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS,
              -1, 0);
    shared = mmap(NULL, sizeof(shared_t), PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    if (st == MAP_FAILED || tb == MAP_FAILED || shared == MAP_FAILED
        || chatws_store_init(st, size, SLOTS, key, 1) != CHATWS_OK)
    {
        fprintf(stderr, "no memory\n");
        return 1;
    }

    (void) madvise(st, size, MADV_POPULATE_WRITE);
    (void) madvise(tb, table, MADV_POPULATE_WRITE);

    chatws_people_init(tb, table);

    now.msec = 1000000;
    now.time = 1764237600000;

    rules.features = CHATWS_PEOPLE_ALL;
    rules.grace = 15000;
    rules.interval = 1000;

    (void) chatws_people_configure(tb, &rules, 1, &now);

    for (i = 0; i < SLOTS; i++) {
        (void) chatws_store_claim(st, getpid(), i);
    }

    fill();

    printf("%u users in %u chats each, %u chats, tables of %zu and %zu MB\n",
           users, PLACES, chats, size >> 20, table >> 20);

    for (i = 1; i <= WORKERS; i *= 4) {
        crowd(i, seconds);
    }

    memory();

    return 0;
}


/* All of them are connected, and in their chats. */

static void
fill(void)
{
    uint32_t  i, k, row;
    uint64_t  who;

    for (i = 0; i < users; i++) {

        who = person(i);

        if (!enter(0, who, name(user_name(i)), &row)) {
            fprintf(stderr, "no room\n");
            exit(1);
        }

        for (k = 0; k < PLACES; k++) {
            (void) enter(0, who, name(chat_name((i * 7 + k * 101) % chats)),
                         &row);
        }
    }

    while (chatws_people_tend(tb, st, &now)) {
        /* void */
    }
}


static void
crowd(uint32_t workers, double seconds)
{
    pid_t     pid[WORKERS];
    uint32_t  i;

    memset(shared->n, 0, sizeof(shared->n));
    memset(shared->taken, 0, sizeof(shared->taken));

    for (i = 0; i < workers; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            worker(i, (uint64_t) (seconds * 1e9));
            _exit(0);
        }
    }

    for (i = 0; i < workers; i++) {
        (void) waitpid(pid[i], NULL, 0);
    }

    report(workers, seconds);
}


static void
worker(uint32_t me, uint64_t time)
{
    uint32_t  chat, user;
    uint64_t  begin, stop;

    state += me * 7919 + 1;

    (void) madvise(st, size, MADV_POPULATE_WRITE);
    (void) madvise(tb, table, MADV_POPULATE_WRITE);
    (void) madvise(shared, sizeof(shared_t), MADV_POPULATE_WRITE);

    begin = ticks();
    stop = begin + time;

    while (ticks() < stop) {

        /* the clock of the tables, of which graces depend */
        now.msec = 1000000 + (ticks() - begin) / 1000000;

        user = number(users);
        chat = number(chats);

        act(me, JOIN, user, chat);
        act(me, CONNECT, user, 0);
        tend(me);
    }
}


/* Comes and goes again, by a slot of its own. */

static void
act(uint32_t me, kind_e kind, uint32_t user, uint32_t chat)
{
    int                      in;
    chatws_people_name_t    *chat_of;
    chatws_people_parted_t   parted;

    memset(&parted, 0, sizeof(chatws_people_parted_t));

    chat_of = name(kind == JOIN ? chat_name(chat) : user_name(user));

    parted.user = person(user);
    parted.chat = chat_of->hash;
    parted.inbox = kind == CONNECT;
    parted.asked = 1;

    fetch(&parted);

    hold_begin();
    in = enter(me + 1, parted.user, chat_of, &parted.row);
    hold_end(me, kind);

    if (!in) {
        return;
    }

    fetch(&parted);

    hold_begin();
    part(me + 1, &parted);
    hold_end(me, kind + 1);
}


/* As a worker does it before it takes the lock. */

static void
fetch(const chatws_people_parted_t *parted)
{
    chatws_store_prefetch_member(st, parted->chat, parted->user);
    chatws_people_prefetch(tb, parted->user, parted->chat);
}


static void
tend(uint32_t me)
{
    int  more;

    do {
        hold_begin();
        more = chatws_people_tend(tb, st, &now);
        hold_end(me, TEND);
    } while (more);
}


static void
hold_begin(void)
{
    uint32_t  i, n;

    before = switches();

    for ( ;; ) {

        if (__atomic_exchange_n(&shared->word, 1, __ATOMIC_ACQUIRE) == 0) {
            break;
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
            before = switches();
        }
    }

    started = ticks();

    chatws_store_recover(st);
    chatws_people_recover(tb);
}


static void
hold_end(uint32_t me, kind_e kind)
{
    uint64_t  ns;

    ns = ticks() - started;

    __atomic_store_n(&shared->word, 0, __ATOMIC_RELEASE);

    if (ns > LONG && switches() != before) {
        shared->taken[me]++;
        return;
    }

    shared->sample[me][kind][shared->n[me][kind]++ % SAMPLES] = (uint32_t) ns;
}


static int
enter(uint32_t slot, uint64_t user, const chatws_people_name_t *chat,
    uint32_t *row)
{
    chatws_subscribed_t  at;

    if (chatws_store_subscribe(st, slot, &chat->id, user, 0, CHATWS_SHARE_ANY,
                               &at)
        != CHATWS_OK)
    {
        return 0;
    }

    chatws_people_joined(tb, st, user, chat, &at, &now);

    *row = at.chat;

    return 1;
}


static void
part(uint32_t slot, const chatws_people_parted_t *parted)
{
    chatws_store_unsubscribe(st, slot, parted->row, parted->user, 0, 1);
    chatws_people_parted(tb, st, parted, &now);
}


static void
report(uint32_t workers, double seconds)
{
    uint32_t  i, k, m, n, total, taken, over, *all;
    uint64_t  moves;

    static const uint32_t  limits[] = { 500, 1000, 2000, 5000, LONG,
                                        (uint32_t) -1 };
    uint32_t  bins[sizeof(limits) / sizeof(limits[0])];

    all = malloc(WORKERS * SAMPLES * sizeof(uint32_t));
    memset(bins, 0, sizeof(bins));
    moves = 0;
    taken = 0;
    total = 0;

    printf("\n%u workers, ns under the lock%13s %8s %8s %8s %8s\n", workers,
           "holds", "median", "p99", "p99.9", "longest");

    for (k = 0; k < KINDS; k++) {
        n = 0;

        for (i = 0; i < workers; i++) {
            m = shared->n[i][k] < SAMPLES ? shared->n[i][k] : SAMPLES;
            memcpy(all + n, shared->sample[i][k], m * sizeof(uint32_t));
            n += m;
            moves += k < TEND ? shared->n[i][k] : 0;
        }

        if (n == 0) {
            continue;
        }

        qsort(all, n, sizeof(uint32_t), compare);

        for (i = 0, m = 0; i < n; i++) {
            while (all[i] > limits[m]) {
                m++;
            }

            bins[m]++;
        }

        total += n;

        printf("%-32s %10u %8u %8u %8u %8u\n", names[k], n, all[n / 2],
               all[(uint32_t) (n * 0.99)], all[(uint32_t) (n * 0.999)],
               all[n - 1]);
    }

    for (i = 0; i < workers; i++) {
        taken += shared->taken[i];
    }

    over = bins[sizeof(limits) / sizeof(limits[0]) - 1];

    printf("%.0f joins and leaves a second; of %u holds up to 0.5 us %u, 1 us "
           "%u, 2 us %u, 5 us %u, 10 us %u, longer %u; interrupted %u\n",
           moves / seconds, total, bins[0], bins[1], bins[2], bins[3],
           bins[4], over, taken);

    free(all);
}


static void
memory(void)
{
    printf("\n%.0f bytes of the table of people a row: a user, a chat, and a "
           "user in a chat are one each (%u, %u, %u)\n",
           (double) chatws_people_size(1 << 20) / (1 << 20), tb->persons,
           tb->crowds, tb->places);
}


static int
compare(const void *one, const void *two)
{
    const uint32_t  *first = one, *second = two;

    return *first < *second ? -1 : *first > *second;
}


/* The id of the inbox of a user. */

static chatws_str_t *
user_name(uint32_t user)
{
    static char          text[32];
    static chatws_str_t  id;

    id.len = (size_t) sprintf(text, "%cuser_%08u", CHATWS_INBOX_MARK, user);
    id.data = (uint8_t *) text;

    return &id;
}


static chatws_str_t *
chat_name(uint32_t chat)
{
    static char          text[32];
    static chatws_str_t  id;

    id.len = (size_t) sprintf(text, "chat_%08u", chat);
    id.data = (uint8_t *) text;

    return &id;
}


static chatws_people_name_t *
name(chatws_str_t *id)
{
    static chatws_people_name_t  name;

    name.id = *id;
    name.hash = chatws_store_hash(st, id->data, id->len);

    return &name;
}


/* The hash of the id of a user. */

static uint64_t
person(uint32_t user)
{
    chatws_str_t  *id;

    id = user_name(user);

    return chatws_store_hash(st, id->data + 1, id->len - 1);
}


/* How often the processor was taken away. */

static long
switches(void)
{
    struct rusage  usage;

    (void) getrusage(RUSAGE_SELF, &usage);

    return usage.ru_nivcsw;
}


static uint64_t
ticks(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
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
