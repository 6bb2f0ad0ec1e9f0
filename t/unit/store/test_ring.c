
/*
 * Copyright (C) chatws contributors
 *
 * The circular log: places, wraps, padding, what readers see, chains.
 */


#include "tap.h"

#include "store/chatws_journal.c"
#include "store/chatws_ring.c"

#include <stdlib.h>


#define SIZE  1024


typedef struct {
    chatws_ring_t  log;
    uint8_t        pad[56];
    uint8_t        bytes[SIZE];
} test_t;


static uint64_t add(chatws_ring_t *rg, size_t len, uint64_t seq, uint64_t prev);
static void test_walk(size_t len);
static void test_garbage(void);
static void test_chain(void);
static void test_random(void);


int
main(void)
{
    size_t  len;

    for (len = 0; len <= SIZE / 2 - sizeof(chatws_entry_t); len += 29) {
        test_walk(len);
    }

    test_garbage();
    test_chain();
    test_random();

    return done();
}


static uint64_t
add(chatws_ring_t *rg, size_t len, uint64_t seq, uint64_t prev)
{
    uint64_t         off, size;
    chatws_entry_t  *e;

    size = chatws_ring_size(len);
    off = chatws_ring_offset(rg, size);

    e = chatws_ring_open(rg, off, size);
    memset(e, 0, sizeof(chatws_entry_t));
    e->size = (uint32_t) size;
    e->chat = 1;
    e->len = (uint32_t) len;
    e->serial = 7;
    e->seq = seq;
    e->prev = prev;
    e->time = 1000 + seq;
    memset(e->frame, (int) seq, len);

    chatws_ring_commit(rg, off, e);

    return off;
}


static void
test_walk(size_t len)
{
    int                    bad;
    test_t                *t;
    uint64_t               i, next, off, pos;
    const chatws_entry_t  *e;

    t = malloc(sizeof(test_t));
    memset(t, 0xa5, sizeof(test_t));
    chatws_ring_init(&t->log, t->bytes, SIZE);

    bad = 0;
    pos = 0;

    for (i = 1; i < 100; i++) {
        off = add(&t->log, len, i, 0);
        e = chatws_ring_entry(&t->log, pos, &next);

        if (e == NULL
            || e->seq != i
            || e->len != len
            || (len && (e->frame[0] != i || e->frame[len - 1] != i))
            || next != off + e->size
            || next != chatws_ring_head(&t->log)
            || !chatws_ring_is_held(&t->log, off)
            || t->log.head - t->log.tail > SIZE)
        {
            bad++;
        }

        pos = next;

        if (chatws_ring_entry(&t->log, pos, &next) != NULL || next != pos) {
            bad++;
        }
    }

    ok(bad == 0, "each of 99 entries of %zu bytes is read back", len);

    free(t);
}


static void
test_garbage(void)
{
    int                    bad;
    test_t                *t;
    uint64_t               i, j, next, off;
    const chatws_entry_t  *e;

    t = malloc(sizeof(test_t));
    chatws_ring_init(&t->log, t->bytes, SIZE);

    srand(1);
    bad = 0;

    for (i = 0; i < 2000; i++) {
        t->log.head = 1000000 + (uint64_t) rand() % 64 * 16;

        for (j = 0; j < SIZE; j++) {
            t->bytes[j] = (uint8_t) (rand() % 8 ? 0 : rand());
        }

        off = t->log.head - (uint64_t) rand() % 4096;
        e = chatws_ring_entry(&t->log, off, &next);

        if (e != NULL
            && ((uint8_t *) e < t->bytes
                || e->frame + e->len > t->bytes + SIZE
                || e->frame + chatws_ring_reach(&t->log, e)
                   != t->bytes + SIZE
                || next > t->log.head))
        {
            bad++;
        }
    }

    ok(bad == 0, "a reader of overwritten bytes stays inside");

    t->log.head = 4096;
    e = chatws_ring_entry(&t->log, 8192, &next);
    ok(e == NULL && next == CHATWS_OFF_NONE, "above the head there is none");

    free(t);
}


static void
test_chain(void)
{
    test_t      *t;
    uint32_t     n;
    uint64_t     i, last, offsets[64], old;
    chatws_rc_e  rc;

    t = malloc(sizeof(test_t));
    chatws_ring_init(&t->log, t->bytes, SIZE);

    ok(chatws_ring_oldest(&t->log) == 0, "no oldest entry in an empty log");

    last = 0;

    for (i = 1; i <= 5; i++) {
        last = add(&t->log, 40, i, last) + 1;
    }

    rc = chatws_ring_chain(&t->log, last, 7, 5, 2, 0, offsets, 16, &n);
    ok(rc == CHATWS_OK && n == 3 && offsets[2] == last - 1
       && offsets[0] == 2 * chatws_ring_size(40), "the last three");

    rc = chatws_ring_chain(&t->log, last, 7, 5, 5, 0, offsets, 0, &n);
    ok(rc == CHATWS_OK && n == 0, "nothing missed");

    rc = chatws_ring_chain(&t->log, last, 7, 5, 6, 0, offsets, 16, &n);
    ok(rc == CHATWS_DECLINED && n == 0, "a number of the future");

    rc = chatws_ring_chain(&t->log, last, 7, 5, 0, 0, offsets, 4, &n);
    ok(rc == CHATWS_DECLINED, "more than are wanted");

    rc = chatws_ring_chain(&t->log, last, 7, 5, 0, 0, offsets, 5, &n);
    ok(rc == CHATWS_OK && n == 5 && offsets[0] == 0, "all of them");

    rc = chatws_ring_chain(&t->log, last, 8, 5, 2, 0, offsets, 16, &n);
    ok(rc == CHATWS_DECLINED, "another chat's");

    rc = chatws_ring_chain(&t->log, last, 7, 5, 2, 1003, offsets, 16, &n);
    ok(rc == CHATWS_OK, "not too old");

    rc = chatws_ring_chain(&t->log, last, 7, 5, 2, 1004, offsets, 16, &n);
    ok(rc == CHATWS_DECLINED, "too old");

    rc = chatws_ring_chain(&t->log, 0, 7, 5, 4, 0, offsets, 16, &n);
    ok(rc == CHATWS_DECLINED, "no chain at all");

    old = last;

    for (i = 6; i <= 40; i++) {
        last = add(&t->log, 40, i, last) + 1;
    }

    rc = chatws_ring_chain(&t->log, last, 7, 40, 5, 0, offsets, 40, &n);
    ok(rc == CHATWS_DECLINED && !chatws_ring_is_held(&t->log, old - 1),
       "overwritten ones");

    ok(chatws_ring_oldest(&t->log) > 1000 + 40 - SIZE / chatws_ring_size(40) - 1
       && chatws_ring_oldest(&t->log) < 1000 + 40 - 6,
       "the oldest, to a 16th: %d", (int) chatws_ring_oldest(&t->log));

    free(t);
}


static void
test_random(void)
{
    int                    bad;
    size_t                 len;
    test_t                *t;
    uint64_t               i, next, pos, seq;
    const chatws_entry_t  *e;

    t = malloc(sizeof(test_t));
    chatws_ring_init(&t->log, t->bytes, SIZE);

    bad = 0;
    pos = 0;
    seq = 0;

    for (i = 1; i <= 100000; i++) {
        len = (size_t) rand() % (SIZE / 2 - sizeof(chatws_entry_t));

        /* a reader that keeps up with the writer just so */

        while (chatws_ring_offset(&t->log, chatws_ring_size(len))
               + chatws_ring_size(len) > pos + SIZE)
        {
            e = chatws_ring_entry(&t->log, pos, &next);

            if (e == NULL || e->seq != ++seq
                || !chatws_ring_is_held(&t->log, pos)
                || (e->len && e->frame[e->len - 1] != (uint8_t) seq))
            {
                bad++;
                break;
            }

            pos = next;
        }

        (void) add(&t->log, len, i, 0);
    }

    ok(bad == 0 && i - seq < 20, "100000 entries of random sizes, in order");

    free(t);
}
