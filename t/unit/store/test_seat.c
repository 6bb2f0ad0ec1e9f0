
/*
 * Copyright (C) chatws contributors
 *
 * The seats of users: how many there are at most, workers that die, connections
 * that move, a table without room.  A naive model, a list of connections, has
 * the same numbers after random operations; and a process may die at any store.
 */


#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"


static void test_hook(void);

#define CHATWS_STORE_HOOK()  test_hook()

#include "base/chatws_decimal.c"
#include "base/chatws_hash.c"
#include "base/chatws_name.c"
#include "base/chatws_utf8.c"
#include "websocket/chatws_frame.c"
#include "store/chatws_journal.c"
#include "store/chatws_arena.c"
#include "store/chatws_table.c"
#include "store/chatws_table_member.c"
#include "store/chatws_ring.c"
#include "store/chatws_store.c"
#include "store/chatws_store_ring.c"
#include "store/chatws_seat.c"


#define SLOTS  8
#define CONNS  400
#define USERS  12


/* A connection of the model. */

typedef struct {
    uint64_t  user;          /* 0: none */
    uint32_t  slot;          /* SLOTS: on its way */
    uint32_t  end;           /* of the way */
} conn_t;


static void test_limit(void);
static void test_death(void);
static void test_way(void);
static void test_owing(void);
static void test_room(void);
static void test_stores(void);
static void dying(unsigned n, unsigned what);
static void test_model(void);
static uint32_t model_count(const conn_t *conns, uint64_t user, uint32_t now);
static void begin(uint64_t cells);


static jmp_buf          death;
static unsigned         stores, die;      /* die at this store, 0: never */
static chatws_store_t  *st;
static chatws_seats_t  *seats;


int
main(void)
{
    test_limit();
    test_death();
    test_way();
    test_owing();
    test_room();
    test_stores();
    test_model();

    free(st);
    free(seats);

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
begin(uint64_t cells)
{
    size_t          size;
    uint32_t        i;

    static uint8_t  key[16];

    free(st);
    free(seats);

    size = 64 * 1024;

    if (posix_memalign((void **) &st, 64, size) != 0
        || chatws_store_init(st, size, SLOTS, key, 1) != CHATWS_OK)
    {
        exit(2);
    }

    for (i = 0; i < SLOTS; i++) {
        (void) chatws_store_claim(st, i + 1, 0);
    }

    size = sizeof(chatws_seats_t) + cells * sizeof(chatws_seat_t);
    seats = malloc(size);

    chatws_seats_init(seats, size);
}


static void
test_limit(void)
{
    begin(64);

    ok(chatws_seats_take(seats, st, 0, 7, 2, 1) == CHATWS_OK
       && chatws_seats_take(seats, st, 1, 7, 2, 1) == CHATWS_OK
       && chatws_seats_take(seats, st, 0, 7, 2, 1) == CHATWS_DECLINED
       && chatws_seats_take(seats, st, 2, 7, 2, 1) == CHATWS_DECLINED,
       "two seats, in all slots");
    ok(chatws_seats_take(seats, st, 0, 8, 2, 1) == CHATWS_OK,
       "another user");

    chatws_seats_leave(seats, st, 1, 7);
    chatws_seats_leave(seats, st, 1, 7);

    ok(chatws_seats_count(seats, st, 7, 1) == 1
       && chatws_seats_take(seats, st, 3, 7, 2, 1) == CHATWS_OK
       && chatws_seats_take(seats, st, 3, 7, 3, 1) == CHATWS_OK
       && chatws_seats_count(seats, st, 7, 1) == 3, "one leaves, two come");
}


static void
test_death(void)
{
    uint32_t  slot;

    begin(64);

    (void) chatws_seats_take(seats, st, 3, 7, 9, 1);
    (void) chatws_seats_take(seats, st, 3, 7, 9, 1);
    (void) chatws_seats_take(seats, st, 4, 7, 9, 1);

    ok(chatws_store_release(st, 3, 16) == CHATWS_OK
       && chatws_seats_count(seats, st, 7, 1) == 1, "a worker dies");

    slot = chatws_store_claim(st, 3 + 1, 0);

    ok(slot == 3 && chatws_seats_count(seats, st, 7, 1) == 1,
       "its slot and its process id come again");
    ok(chatws_seats_take(seats, st, 3, 7, 9, 1) == CHATWS_OK
       && chatws_seats_count(seats, st, 7, 1) == 2, "and count anew");
}


static void
test_way(void)
{
    begin(64);

    (void) chatws_seats_take(seats, st, 0, 7, 9, 1);
    (void) chatws_seats_take(seats, st, 0, 7, 9, 1);

    chatws_seats_send(seats, st, 0, 7, 100, 10);
    chatws_seats_send(seats, st, 0, 7, 105, 10);

    ok(chatws_seats_count(seats, st, 7, 105) == 2
       && chatws_seats_take(seats, st, 1, 7, 2, 105) == CHATWS_DECLINED,
       "two are on their way");
    ok(chatws_seats_receive(seats, st, 1, 7, 106) == CHATWS_OK
       && chatws_seats_count(seats, st, 7, 106) == 2, "one has come");
    ok(chatws_seats_count(seats, st, 7, 115) == 1, "the other one is lost");
    ok(chatws_seats_receive(seats, st, 1, 7, 116) == CHATWS_OK
       && chatws_seats_count(seats, st, 7, 116) == 2, "or late");
    ok(chatws_seats_receive(seats, st, 2, 7, 116) == CHATWS_OK
       && chatws_seats_count(seats, st, 7, 116) == 3, "one of which none knew");
}


/* Those that owe a pong, in other slots, give way. */

static void
test_owing(void)
{
    uint32_t            n, wake[CHATWS_SEAT_CALLS];
    chatws_rc_e         rc;
    chatws_seat_call_t  call = { 7, 70, 0, 0 }, got;

    begin(64);

    (void) chatws_seats_take(seats, st, 0, 7, 3, 1);
    (void) chatws_seats_take(seats, st, 1, 7, 3, 1);
    (void) chatws_seats_take(seats, st, 2, 7, 3, 1);

    ok(chatws_seats_displace(seats, st, 3, &call, 3, 1, wake, &n)
       == CHATWS_DECLINED && n == 0, "none owes a pong");

    chatws_seats_owe(seats, st, 0, 7, 1);
    chatws_seats_owe(seats, st, 1, 7, 1);
    chatws_seats_owe(seats, st, 1, 7, 0);
    chatws_seats_owe(seats, st, 1, 7, 0);

    ok(chatws_seats_displace(seats, st, 0, &call, 3, 1, wake, &n)
       == CHATWS_DECLINED && n == 0, "only one of the same slot");

    rc = chatws_seats_displace(seats, st, 3, &call, 3, 1, wake, &n);

    ok(rc == CHATWS_OK && n == 1 && wake[0] == 0
       && chatws_seats_count(seats, st, 7, 1) == 4,
       "one of another slot does, and gives way");
    ok(chatws_seats_displace(seats, st, 3, &call, 3, 1, wake, &n)
       == CHATWS_DECLINED && n == 0, "but not twice");

    ok(chatws_seats_is_called(seats, 0) && !chatws_seats_is_called(seats, 1)
       && chatws_seats_answer(seats, 1, &got) == CHATWS_DECLINED
       && chatws_seats_answer(seats, 0, &got) == CHATWS_OK
       && got.seat == 7 && got.user == 70
       && !chatws_seats_is_called(seats, 0), "its slot is called, once");

    chatws_seats_owe(seats, st, 0, 7, 0);
    chatws_seats_leave(seats, st, 0, 7);

    ok(chatws_seats_count(seats, st, 7, 1) == 3, "it has gone");

    /* a dead slot owes nothing; nobody takes calls for ever */

    for (n = 0; n < CHATWS_SEAT_CALLS; n++) {
        chatws_seat_call(seats, &call, 5);
    }

    chatws_seats_owe(seats, st, 1, 7, 1);

    ok(chatws_seats_displace(seats, st, 3, &call, 3, 1, wake, &n)
       == CHATWS_DECLINED, "no room for a call");

    while (chatws_seats_answer(seats, 5, &got) == CHATWS_OK) {
        /* void */
    }

    (void) chatws_store_release(st, 1, 16);
    (void) chatws_store_claim(st, 2, 0);
    (void) chatws_seats_take(seats, st, 1, 7, 3, 1);

    ok(chatws_seats_displace(seats, st, 3, &call, 3, 1, wake, &n)
       == CHATWS_DECLINED, "a cell that is taken again owes nothing");
}


static void
test_room(void)
{
    uint64_t  user;

    begin(64);

    for (user = 1; user <= 64; user++) {
        (void) chatws_seats_take(seats, st, 0, user, 9, 1);
    }

    ok(chatws_seats_take(seats, st, 0, 65, 9, 1) == CHATWS_BUSY
       && chatws_seats_count(seats, st, 65, 1) == 0, "no room");
    ok(chatws_seats_take(seats, st, 0, 64, 9, 1) == CHATWS_OK
       && chatws_seats_take(seats, st, 1, 64, 9, 1) == CHATWS_BUSY,
       "but in a cell that there is");

    chatws_seats_send(seats, st, 0, 64, 1, 10);

    ok(chatws_seats_count(seats, st, 64, 1) == 1,
       "nor for one on its way");

    (void) chatws_store_release(st, 0, 16);

    ok(chatws_seats_take(seats, st, 1, 65, 9, 1) == CHATWS_OK,
       "dead workers make room");
}


/* A process dies at each store: the counts are those before or after. */

static void
test_stores(void)
{
    unsigned  n, bad, what;
    uint32_t  count;

    bad = 0;

    for (what = 0; what < 4; what++) {

        for (n = 1; n < 12; n++) {
            begin(64);

            (void) chatws_seats_take(seats, st, 1, 7, 9, 1);
            (void) chatws_seats_take(seats, st, 1, 7, 9, 1);
            chatws_seats_send(seats, st, 1, 7, 1, 10);

            dying(n, what);

            count = chatws_seats_count(seats, st, 7, 1);

            if (count < (what == 2 ? 1 : 2) || count > 3) {
                bad++;
            }

            /* those who live lose nothing by it */

            if (what < 2) {
                (void) chatws_store_release(st, 2, 16);
                count = chatws_seats_count(seats, st, 7, 1);

                if (count < 1 || count > 2) {
                    bad++;
                }
            }

            if (chatws_seats_take(seats, st, 3, 7, 9, 1) != CHATWS_OK) {
                bad++;
            }
        }
    }

    ok(bad == 0, "dying in a store, %u bad counts", bad);
}


static void
dying(unsigned n, unsigned what)
{
    stores = 0;
    die = n;

    if (setjmp(death) == 0) {

        switch (what) {

        case 0:
            (void) chatws_seats_take(seats, st, 2, 7, 9, 1);
            break;

        case 1:
            (void) chatws_seats_receive(seats, st, 2, 7, 1);
            break;

        case 2:
            chatws_seats_leave(seats, st, 1, 7);
            break;

        default:
            chatws_seats_send(seats, st, 1, 7, 1, 10);
        }
    }

    die = 0;
}


static void
test_model(void)
{
    conn_t       conns[CONNS], *c;
    uint32_t     bad, i, k, now, slot;
    uint64_t     user;
    chatws_rc_e  rc, want;

    srand(5);
    begin(64 * 4);

    memset(conns, 0, sizeof(conns));

    bad = 0;
    now = (uint32_t) -500;

    for (i = 0; i < 60000; i++) {
        c = &conns[rand() % CONNS];
        slot = rand() % SLOTS;
        now += rand() % 50 == 0;

        if (c->user != 0 && c->slot == SLOTS && (int32_t) (c->end - now) <= 0) {
            c->user = 0;
        }

        if (c->user == 0) {
            user = 1 + rand() % USERS;

            want = model_count(conns, user, now) >= 20 ? CHATWS_DECLINED
                                                       : CHATWS_OK;
            rc = chatws_seats_take(seats, st, slot, user, 20, now);

            bad += rc != want;

            if (rc == CHATWS_OK) {
                c->user = user;
                c->slot = slot;
            }

        } else if (c->slot == SLOTS) {
            user = c->user;

            bad += chatws_seats_receive(seats, st, slot, user, now)
                   != CHATWS_OK;
            c->slot = slot;

        } else if (rand() % 3 == 0) {
            user = c->user;

            /* all of one user that are on their way have the last end */

            for (k = 0; k < CONNS; k++) {
                if (conns[k].user == user && conns[k].slot == SLOTS) {

                    if ((int32_t) (conns[k].end - now) <= 0) {
                        conns[k].user = 0;
                    }

                    conns[k].end = now + 10;
                }
            }

            chatws_seats_send(seats, st, c->slot, user, now, 10);
            c->slot = SLOTS;
            c->end = now + 10;

        } else {
            user = c->user;

            chatws_seats_leave(seats, st, c->slot, user);
            c->user = 0;
        }

        if (rand() % 1000 == 0) {
            slot = rand() % SLOTS;

            for (k = 0; k < CONNS; k++) {
                if (conns[k].slot == slot) {
                    conns[k].user = 0;
                }
            }

            while (chatws_store_release(st, slot, 16) == CHATWS_AGAIN) {
                /* void */
            }

            bad += chatws_store_claim(st, slot + 1, 0) != slot;
        }

        bad += model_count(conns, user, now)
               != chatws_seats_count(seats, st, user, now);
    }

    ok(bad == 0, "as the model does, but for %u", bad);
}


static uint32_t
model_count(const conn_t *conns, uint64_t user, uint32_t now)
{
    uint32_t  i, n;

    n = 0;

    for (i = 0; i < CONNS; i++) {
        n += conns[i].user == user
             && (conns[i].slot < SLOTS || (int32_t) (conns[i].end - now) > 0);
    }

    return n;
}
