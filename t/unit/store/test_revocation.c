
/*
 * Copyright (C) chatws contributors
 *
 * Revocations: what they hit and for how long, how they are extended, a full
 * table, and a process that dies in a store.
 */


#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"


static void test_hook(void);

#define CHATWS_STORE_HOOK()  test_hook()

#include "store/chatws_revocation.c"


#define NOW   1000
#define EVER  UINT64_MAX


static void table_new(uint64_t n);
static chatws_revoked_key_t key_of(uint64_t first, uint64_t second);
static chatws_rc_e add(const chatws_revoked_key_t *key, uint64_t before,
    uint64_t until, uint64_t now);
static int revoked(const chatws_revoked_key_t *key, uint64_t iat,
    uint64_t now);
static uint64_t next(void);
static void dying(unsigned n, const chatws_revoked_key_t *key,
    uint64_t before, uint64_t until, uint64_t now);

static void test_finding(void);
static void test_extending(void);
static void test_full(void);
static void test_load(void);
static void test_death(void);


static jmp_buf                death;
static unsigned               stores, die;     /* die at this store, 0: never */
static uint64_t               seed = 1;
static chatws_revocations_t  *table;


int
main(void)
{
    test_finding();
    test_extending();
    test_full();
    test_load();
    test_death();

    return done();
}


static void
test_hook(void)
{
    if (++stores == die) {
        longjmp(death, 1);
    }
}


static void
table_new(uint64_t n)
{
    free(table);

    table = malloc(chatws_revocations_size(n));
    memset(table, 0xa5, chatws_revocations_size(n));
    chatws_revocations_init(table, chatws_revocations_size(n));
}


static chatws_revoked_key_t
key_of(uint64_t first, uint64_t second)
{
    chatws_revoked_key_t  key;

    key.first = first;
    key.second = second;

    return key;
}


static chatws_rc_e
add(const chatws_revoked_key_t *key, uint64_t before, uint64_t until,
    uint64_t now)
{
    int          room;
    chatws_rc_e  rc;

    room = chatws_revocations_has_room(table, key, now);
    rc = chatws_revocations_add(table, key, before, until, now);

    if ((rc == CHATWS_OK) != room) {
        ok(0, "there is room or not");
    }

    return rc;
}


/* Adds, and dies at a store. */

static void
dying(unsigned n, const chatws_revoked_key_t *key, uint64_t before,
    uint64_t until, uint64_t now)
{
    stores = 0;
    die = n;

    if (setjmp(death) == 0) {
        (void) add(key, before, until, now);
    }

    die = 0;
}


static int
revoked(const chatws_revoked_key_t *key, uint64_t iat, uint64_t now)
{
    return chatws_revocations_find(table, key, iat, now);
}


/* numbers as hashes are; SplitMix64 */

static uint64_t
next(void)
{
    uint64_t  z;

    z = (seed += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;

    return z ^ (z >> 31);
}


static void
test_finding(void)
{
    chatws_revoked_key_t  key = key_of(3, 9), first = key_of(3 + 32, 9),
                          second = key_of(3, 10);

    table_new(32);

    ok(!revoked(&key, 0, NOW) && chatws_revocations_count(table, NOW) == 0,
       "nothing is revoked at first");

    ok(add(&key, 500, NOW + 60, NOW) == CHATWS_OK, "revoked");

    ok(revoked(&key, 0, NOW) && revoked(&key, 500, NOW)
       && !revoked(&key, 501, NOW),
       "tokens up to an age");
    ok(revoked(&key, 500, NOW + 59) && !revoked(&key, 500, NOW + 60),
       "until a time");
    ok(!revoked(&first, 0, NOW) && !revoked(&second, 0, NOW),
       "half a key hits nobody");
    ok(chatws_revocations_count(table, NOW) == 1
       && chatws_revocations_count(table, NOW + 60) == 0,
       "counted while in force");

    (void) add(&second, EVER, NOW + 60, NOW);

    ok(revoked(&second, EVER, NOW), "of any age");
}


static void
test_extending(void)
{
    chatws_revoked_key_t  key = key_of(3, 9);

    table_new(32);

    (void) add(&key, 500, NOW + 60, NOW);
    (void) add(&key, 400, NOW + 90, NOW);

    ok(revoked(&key, 500, NOW + 89), "the end grows, the age stays");

    (void) add(&key, 600, NOW + 10, NOW);

    ok(revoked(&key, 600, NOW + 89) && !revoked(&key, 601, NOW),
       "the age grows, the end stays");

    (void) add(&key, 100, NOW + 200, NOW + 90);

    ok(!revoked(&key, 101, NOW + 100) && revoked(&key, 100, NOW + 100),
       "what has expired is made anew");

    ok(chatws_revocations_count(table, NOW) == 1, "in one cell");
}


static void
test_full(void)
{
    unsigned              i, n;
    chatws_revoked_key_t  key[CHATWS_REVOCATION_WAYS], over;

    table_new(64);

    /* of eight groups the third and the last */

    for (i = 0; i < CHATWS_REVOCATION_WAYS; i++) {
        key[i] = key_of(2 + 8 * i, 7 + 8 * i);
        (void) add(&key[i], EVER, NOW + 60 + i, NOW);
    }

    over = key_of(2, 999);

    ok(add(&over, EVER, NOW + 600, NOW) == CHATWS_BUSY
       && !revoked(&over, 0, NOW),
       "there is no room");

    for (i = 0, n = 0; i < CHATWS_REVOCATION_WAYS; i++) {
        n += revoked(&key[i], 0, NOW);
    }

    ok(n == CHATWS_REVOCATION_WAYS, "nobody is evicted");

    ok(add(&key[3], EVER, NOW + 900, NOW) == CHATWS_OK
       && revoked(&key[3], 0, NOW + 899),
       "what is there can be extended");

    ok(add(&over, EVER, NOW + 600, NOW + 60) == CHATWS_OK
       && revoked(&over, 0, NOW + 60) && !revoked(&key[0], 0, NOW),
       "what has expired makes room");

    table_new(CHATWS_REVOCATION_WAYS);

    for (i = 0; i < CHATWS_REVOCATION_WAYS; i++) {
        over = key_of(2 * i, 2 * i + 1);
        n = add(&over, EVER, NOW + 60, NOW) == CHATWS_OK;

        if (!n) {
            break;
        }
    }

    ok(n == 1, "the smallest table takes as many as it has cells");
}


static void
test_load(void)
{
    uint64_t              n;
    chatws_revoked_key_t  key;

    table_new(4096);

    for (n = 0; ; n++) {
        key = key_of(next(), next() | 1);

        if (add(&key, EVER, NOW + 60, NOW) != CHATWS_OK) {
            break;
        }
    }

    ok(n > 4096 * 2 / 3 && chatws_revocations_count(table, NOW) == n,
       "of 4096 cells %u are taken when the first is refused", (unsigned) n);
}


/* A key is revoked as before or as wanted, and what is said to be done is. */

static void
test_death(void)
{
    unsigned              bad, n;
    chatws_revoked_key_t  key = key_of(3, 9), old = key_of(4, 8);

    bad = 0;

    for (n = 1; n < 16; n++) {
        table_new(16);

        dying(n, &key, 500, NOW + 60, NOW);
        dying(n, &key, 700, NOW + 90, NOW);

        bad += revoked(&key, 701, NOW) + revoked(&key, 0, NOW + 90);

        bad += add(&key, 600, NOW + 60, NOW) != CHATWS_OK;
        bad += !revoked(&key, 600, NOW + 59);

        bad += add(&old, 600, NOW + 60, NOW) != CHATWS_OK;
        bad += !revoked(&old, 600, NOW + 59);
        bad += chatws_revocations_count(table, NOW) != 2;
    }

    ok(bad == 0, "a process may die at each store");

    /* an expired one that is made anew, smaller */

    bad = 0;

    for (n = 1; n < 6; n++) {
        table_new(16);

        (void) add(&key, 700, NOW + 60, NOW);

        dying(n, &key, 300, NOW + 900, NOW + 60);

        bad += revoked(&key, 301, NOW + 100);
    }

    ok(bad == 0, "and what has expired hits nobody in between");

    free(table);
    table = NULL;
}
