
/*
 * Copyright (C) chatws contributors
 *
 * The cache of permissions: what it keeps and for how long, what gives way,
 * commands that overtake an answer, and a process that dies in a store.
 */


#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"


static void test_hook(void);

#define CHATWS_STORE_HOOK()  test_hook()

#include "store/chatws_grant_cache.c"


#define NOW  1000


static chatws_grant_cache_t *cache_new(uint64_t n);
static chatws_grant_key_t key_of(uint64_t user, uint64_t chat,
    uint64_t check);
static chatws_rc_e put(const chatws_grant_key_t *key, uint32_t expires,
    uint32_t rights);
static void dying(unsigned n, const chatws_grant_key_t *key,
    uint32_t rights);
static int known(const chatws_grant_key_t *key, uint32_t now,
    uint32_t rights);
static int unknown(const chatws_grant_key_t *key, uint32_t now);

static void test_keeping(void);
static void test_keys(void);
static void test_room(void);
static void test_commands(void);
static void test_forgetting(void);
static void test_death(void);
static void test_filling(void);


static jmp_buf                death;
static unsigned               stores, die;     /* die at this store, 0: never */
static chatws_grant_cache_t  *cache;


int
main(void)
{
    test_keeping();
    test_keys();
    test_room();
    test_commands();
    test_forgetting();
    test_death();
    test_filling();

    return done();
}


static void
test_hook(void)
{
    if (++stores == die) {
        longjmp(death, 1);
    }
}


/* of exactly its size, so that a sanitizer sees what is outside of it */

static chatws_grant_cache_t *
cache_new(uint64_t n)
{
    free(cache);

    cache = malloc(chatws_grant_cache_size(n));
    memset(cache, 0xa5, chatws_grant_cache_size(n));
    chatws_grant_cache_init(cache, n);

    return cache;
}


static chatws_grant_key_t
key_of(uint64_t user, uint64_t chat, uint64_t check)
{
    chatws_grant_key_t  key;

    key.user = user;
    key.chat = chat;
    key.check = check;

    return key;
}


static chatws_rc_e
put(const chatws_grant_key_t *key, uint32_t expires, uint32_t rights)
{
    return chatws_grant_cache_put(cache, key,
                                chatws_grant_cache_commands(cache, key->user),
                                expires, rights, NOW);
}


/* Puts, and dies at a store. */

static void
dying(unsigned n, const chatws_grant_key_t *key, uint32_t rights)
{
    stores = 0;
    die = n;

    if (setjmp(death) == 0) {
        (void) put(key, NOW + 90, rights);
    }

    die = 0;
}


static int
known(const chatws_grant_key_t *key, uint32_t now, uint32_t rights)
{
    uint32_t  r;

    r = ~rights;

    return chatws_grant_cache_get(cache, key, now, &r) == CHATWS_OK
           && r == rights;
}


static int
unknown(const chatws_grant_key_t *key, uint32_t now)
{
    uint32_t  r;

    r = 77;

    return chatws_grant_cache_get(cache, key, now, &r) == CHATWS_DECLINED
           && r == 77;
}


static void
test_keeping(void)
{
    chatws_grant_key_t  key = key_of(1, 2, 3);

    cache_new(16);

    ok(unknown(&key, NOW), "nothing is known at first");
    ok(put(&key, NOW + 60, 5) == CHATWS_OK && known(&key, NOW, 5),
       "what is put is known");
    ok(known(&key, NOW + 59, 5) && unknown(&key, NOW + 60),
       "until it expires");

    (void) put(&key, NOW + 5, 0);

    ok(known(&key, NOW, 0) && unknown(&key, NOW + 5), "a denial takes over");

    (void) put(&key, NOW, 7);

    ok(unknown(&key, NOW) && unknown(&key, 0),
       "what is valid for no time is forgotten at once");
}


static void
test_keys(void)
{
    chatws_grant_key_t  key = key_of(1, 2, 3), user = key_of(9, 2, 3),
                        chat = key_of(1, 9, 3), url = key_of(1, 2, 3 + 16);

    cache_new(16);

    (void) put(&key, NOW + 60, 7);

    ok(unknown(&user, NOW), "another user's hash grants nothing");
    ok(unknown(&chat, NOW), "another chat's hash grants nothing");
    ok(unknown(&url, NOW), "another third hash in the same cell neither");

    (void) put(&user, NOW + 60, 1);

    ok(known(&key, NOW, 7) && known(&user, NOW, 1), "both are kept");
}


static void
test_room(void)
{
    unsigned            i, n;
    chatws_grant_key_t  key[CHATWS_GRANT_WAYS + 1], past = key_of(1, 50, 19);

    cache_new(16);

    /* in the last cell and those that follow at the start */

    for (i = 0; i <= CHATWS_GRANT_WAYS; i++) {
        key[i] = key_of(1, 10 + i, 15 + 16 * i);
        (void) put(&key[i], NOW + (i == 2 ? 5 : 60 + i), i + 1);
    }

    for (i = 0, n = 0; i <= CHATWS_GRANT_WAYS; i++) {
        n += known(&key[i], NOW, i + 1);
    }

    ok(n == CHATWS_GRANT_WAYS && unknown(&key[2], NOW),
       "what expires first gives way");

    past = key_of(1, 50, 15 + 16 * 9);
    (void) put(&past, NOW, 7);

    for (i = 0, n = 0; i <= CHATWS_GRANT_WAYS; i++) {
        n += known(&key[i], NOW, i + 1);
    }

    ok(n == CHATWS_GRANT_WAYS, "nothing gives way to what has expired");

    cache_new(CHATWS_GRANT_WAYS);

    for (i = 0; i < 100; i++) {
        key[0] = key_of(i + 1, i + 1, i + 1);
        (void) put(&key[0], NOW + 60, 1);
    }

    ok(known(&key[0], NOW, 1), "the smallest cache");
}


static void
test_commands(void)
{
    uint32_t            before, other;
    chatws_grant_key_t  key = key_of(7, 2, 3);

    cache_new(16);

    before = chatws_grant_cache_commands(cache, 7);
    other = chatws_grant_cache_commands(cache, 8);

    chatws_grant_cache_command(cache, 7);

    ok(chatws_grant_cache_put(cache, &key, before, NOW + 60, 7, NOW)
       == CHATWS_DECLINED
       && unknown(&key, NOW),
       "an answer that a command has overtaken is not kept");

    ok(chatws_grant_cache_commands(cache, 8) == other,
       "others are not concerned");

    ok(put(&key, NOW + 60, 7) == CHATWS_OK && known(&key, NOW, 7),
       "the next answer is kept");

    before = chatws_grant_cache_commands(cache, 7);
    chatws_grant_cache_command(cache, 0);

    ok(chatws_grant_cache_commands(cache, 8) != other
       && chatws_grant_cache_commands(cache, 1023) != 0
       && chatws_grant_cache_commands(cache, 1024) != 0
       && chatws_grant_cache_put(cache, &key, before, NOW + 60, 1, NOW)
          == CHATWS_DECLINED,
       "a command for all overtakes the answers for each");
}


static void
test_forgetting(void)
{
    uint64_t            i, pos, steps;
    chatws_rc_e         rc;
    chatws_grant_key_t  a = key_of(1, 1, 4), b = key_of(1, 2, 9),
                        c = key_of(2, 1, 14), d = key_of(2, 2, 31);

    for (i = 0; i < 4; i++) {
        cache_new(32);

        (void) put(&a, NOW + 60, 1);
        (void) put(&b, NOW + 60, 2);
        (void) put(&c, NOW + 60, 3);
        (void) put(&d, NOW + 60, 4);

        pos = 0;
        steps = 0;

        do {
            rc = chatws_grant_cache_forget(cache, i & 1, i & 2, &pos, 5);
            steps++;

        } while (rc == CHATWS_AGAIN && steps < 100);

        ok(rc == CHATWS_OK && steps == 7, "in steps of five cells");

        switch (i) {

        case 0:
            ok(unknown(&a, NOW) && unknown(&b, NOW) && unknown(&c, NOW)
               && unknown(&d, NOW),
               "all is forgotten");
            break;

        case 1:
            ok(unknown(&a, NOW) && unknown(&b, NOW) && known(&c, NOW, 3)
               && known(&d, NOW, 4),
               "a user is forgotten");
            break;

        case 2:
            ok(known(&a, NOW, 1) && unknown(&b, NOW) && known(&c, NOW, 3)
               && unknown(&d, NOW),
               "a chat is forgotten");
            break;

        case 3:
            ok(known(&a, NOW, 1) && unknown(&b, NOW) && known(&c, NOW, 3)
               && known(&d, NOW, 4),
               "a user in a chat is forgotten");
            break;
        }
    }
}


/* After each store the key grants what it did, what it does, or nothing. */

static void
test_death(void)
{
    unsigned            bad, n;
    chatws_grant_key_t  old = key_of(1, 2, 3), new = key_of(5, 6, 3 + 16);

    bad = 0;

    for (n = 1; n < 20; n++) {
        cache_new(16);

        (void) put(&old, NOW + 60, 1);

        dying(n, &old, 7);
        dying(n, &new, 4);

        bad += !(known(&old, NOW, 1) || known(&old, NOW, 7)
                 || unknown(&old, NOW));
        bad += !(known(&new, NOW, 4) || unknown(&new, NOW));

        (void) put(&old, NOW + 90, 2);
        (void) put(&new, NOW + 90, 3);

        bad += !known(&old, NOW, 2) + !known(&new, NOW, 3);
    }

    ok(bad == 0, "a process may die at each store");

    free(cache);
    cache = NULL;
}


static void
test_filling(void)
{
    size_t                 least, n;
    chatws_grant_cache_t  *filled;

    least = chatws_grant_cache_size(CHATWS_GRANT_WAYS);
    filled = malloc(chatws_grant_cache_size(1024));

    chatws_grant_cache_fill(filled, least);
    ok(filled->n == CHATWS_GRANT_WAYS, "filled, the least");

    for (n = 8; n <= 1024; n *= 2) {
        chatws_grant_cache_fill(filled, chatws_grant_cache_size(n) - 1);
        ok(filled->n == n / 2, "filled, a byte too few for %zu", n);

        chatws_grant_cache_fill(filled, chatws_grant_cache_size(n));
        ok(filled->n == n, "filled, room for %zu", n);
    }

    /* the smallest annex of a zone */

    ok(chatws_grant_cache_size(32) <= 4096, "a page is enough");

    free(filled);
}
