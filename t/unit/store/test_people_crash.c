
/*
 * Copyright (C) chatws contributors
 *
 * The table of people when a process dies: each of many random calls is
 * stopped at each of its stores; the next process recovers, finds all that has
 * to hold, and makes the same call.
 */


#include "people_check.h"

#include <setjmp.h>

#include "store/chatws_people_read.c"


#define USERS  7
#define CHATS  4
#define CALLS  6000
#define ACTS   22


/* a call, so that it can be made again */

typedef struct {
    unsigned  act;
    unsigned  u;
    unsigned  c;
    unsigned  arg;
} call_t;


static void play(uint32_t rows, uint32_t calls);
static void die(const call_t *call, uint32_t k);
static void act(const call_t *call);
static void act_place(const call_t *call, uint32_t place);
static void act_crowd(const call_t *call, uint32_t crowd);
static void act_time(unsigned ms);
static unsigned number(unsigned n);


static int                   bad;
static size_t                size;
static jmp_buf               death;
static uint32_t              countdown, deaths, longest, stores;
static uint64_t              random_state = 88172645463325252;
static uint32_t              done_of[ACTS];
static chatws_people_t      *tb, *before;
static chatws_people_now_t   now;
static chatws_people_name_t  users[USERS], chats[CHATS];


int
main(void)
{
    int       all;
    unsigned  i;

    play(80, CALLS);
    ok(!bad, "a death at each of %u stores", deaths);

    deaths = 0;
    play(26, CALLS);
    ok(!bad && tb->refused != 0, "and where rows give way, at each of %u",
       deaths);

    all = 1;

    for (i = 0; i < ACTS; i++) {
        all = all && done_of[i] > 5;
    }

    ok(all, "each kind of call has stored something");
    ok(longest <= CHATWS_JOURNAL_MAX, "%u words in the longest step",
       longest);

    free(tb);
    free(before);

    return done();
}


static void
store_hook(void)
{
    if (tb != NULL && tb->journal.n > longest) {
        longest = tb->journal.n;
    }

    stores++;

    if (countdown != 0 && --countdown == 0) {
        longjmp(death, 1);
    }
}


static unsigned
number(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;

    return (unsigned) ((random_state >> 32) * n >> 32);
}


static void
play(uint32_t rows, uint32_t calls)
{
    call_t                 call;
    uint32_t               i, k, n;
    chatws_people_now_t    then;
    static uint8_t         ids[USERS + CHATS][CHATWS_NAME_MAX];
    chatws_people_rules_t  rules = {
        CHATWS_PEOPLE_PRESENCE|CHATWS_PEOPLE_UNREAD|CHATWS_PEOPLE_RECEIPTS
        |CHATWS_PEOPLE_DELIVERED, 15000, 1000
    };

    free(tb);
    free(before);

    size = chatws_people_size(rows);
    tb = malloc(size);
    before = malloc(size);

    if (tb == NULL || before == NULL) {
        exit(1);
    }

    now.msec = 5000;
    now.time = 1764000000000;

    chatws_people_init(tb, size);
    (void) chatws_people_configure(tb, &rules, 1, &now);

    for (i = 0; i < USERS + CHATS; i++) {
        memset(ids[i], 'a' + (int) i, CHATWS_NAME_MAX);

        if (i < USERS) {
            users[i].id.data = ids[i];
            users[i].id.len = i % 2 ? 100 : 5;
            users[i].hash = (i + 1) * 0x9e3779b97f4a7c15;

        } else {
            chats[i - USERS].id.data = ids[i];
            chats[i - USERS].id.len = i % 2 ? 37 : 36;
            chats[i - USERS].hash = (i + 1) * 0xd1b54a32d192ed03;
        }
    }

    for (i = 0; i < calls && !bad; i++) {
        call.act = number(ACTS);
        call.u = number(USERS);
        call.c = number(CHATS);
        call.arg = number(64);

        memcpy(before, tb, size);
        then = now;

        stores = 0;
        act(&call);
        n = stores;
        done_of[call.act] += n != 0;

        for (k = 1; k <= n && !bad; k++) {
            memcpy(tb, before, size);
            now = then;
            die(&call, k);
        }
    }
}


/* Makes a call that dies at store k, and then again to its end. */

static void
die(const call_t *call, uint32_t k)
{
    const char  *fault;

    if (setjmp(death) == 0) {
        countdown = k;
        act(call);

        bad = !ok(0, "call %u has less than %u stores", call->act, k);
        countdown = 0;
        return;
    }

    deaths++;
    chatws_people_recover(tb);

    fault = people_check(tb);

    if (fault == NULL) {
        act(call);
        fault = people_check(tb);
    }

    if (fault != NULL) {
        bad = !ok(0, "call %u, death at store %u: %s", call->act, k, fault);
    }
}


static void
act(const call_t *call)
{
    uint32_t         crowd, person, place;
    static uint32_t  states[] = { 0, CHATWS_PERSON_ONLINE,
                                  CHATWS_PERSON_AWAY };

    switch (call->act) {

    case 0:
        act_time(call->arg % 4 ? 500 : 16000);
        return;

    case 1:
        (void) chatws_people_announce(tb, &now);
        return;

    case 2:
        (void) chatws_people_expire(tb, &now);
        return;

    case 3:
        while (chatws_people_feed_open(tb) == CHATWS_AGAIN) { /* void */ }
        return;

    case 4:
        chatws_people_feed_ack(tb, tb->batch);
        return;

    case 5:
        (void) chatws_people_due(tb, 0, &now);
        return;

    case 6:
    case 7:
    case 8:
        person = chatws_people_make_person(tb, &users[call->u]);

        if (person == 0) {
            return;
        }

        if (call->act == 8) {
            chatws_people_set_invisible(tb, person, (int) call->arg % 2,
                                        &now);

        } else {
            chatws_people_set_state(tb, person, states[call->arg % 3],
                                    call->act == 7, &now);
        }

        return;

    case 9:
    case 10:
    case 11:
    case 12:
        crowd = chatws_people_make_crowd(tb, &chats[call->c], 3);

        if (crowd != 0) {
            act_crowd(call, crowd);
        }

        return;

    default:
        place = chatws_people_make_place(tb, &users[call->u],
                                         &chats[call->c], 3);

        if (place != 0) {
            act_place(call, place);
        }
    }
}


static void
act_time(unsigned ms)
{
    uint32_t  person;

    now.msec += ms;
    now.time += ms;

    person = chatws_people_graced(tb, &now);

    if (person != 0) {
        chatws_people_set_state(tb, person, CHATWS_PERSON_OFFLINE, 0, &now);
    }
}


static void
act_crowd(const call_t *call, uint32_t crowd)
{
    uint32_t  due;

    switch (call->act) {

    case 9:
        chatws_people_reset(tb, crowd, &now);
        break;

    case 10:
        chatws_people_set_version(tb, crowd, call->arg, call->arg + 1);
        break;

    default:
        due = chatws_people_due(tb, 0, &now);

        if (due == 0) {
            return;
        }

        if (call->arg == 0) {
            chatws_people_flush_wait(tb, due, &now);
            return;
        }

        chatws_people_flush_begin(tb, due, call->arg % 3 + 1, &now);

        while (chatws_people_changed(tb, due) != 0) {
            chatws_people_told(tb, chatws_people_changed(tb, due));
        }

        if (call->arg % 5) {
            chatws_people_flush_end(tb, due, call->arg % 3 + 1,
                                    call->arg % 7 == 1);
        }
    }
}


static void
act_place(const call_t *call, uint32_t place)
{
    chatws_reading_t       reading;
    chatws_people_reads_t  r;

    switch (call->act) {

    case 13:
        (void) chatws_people_set_member(tb, place, call->arg % 3 != 0,
                                        call->arg % 2, &now);
        break;

    case 14:
        chatws_people_set_subscribed(tb, place, call->arg % 2,
                                     call->arg % 3 != 0, &now);
        break;

    case 15:
        chatws_people_get_reads(tb, place, &r);
        r.read += call->arg;
        r.read_public += call->arg;
        r.seen += call->arg;
        r.delivered += call->arg;
        r.flags = call->arg % 2 ? CHATWS_PLACE_MARKED : 0;
        chatws_people_set_reads(tb, place, &r, call->arg % 4 == 0, &now);
        break;

    case 16:
        chatws_people_set_token(tb, place, call->arg);
        break;

    case 17:
        chatws_people_set_subscribed(tb, place, 1, 0, &now);
        chatws_people_set_subscribed(tb, place, 0, 1, &now);
        break;

    case 18:
        chatws_people_set_count(tb, chatws_people_place(tb, place)->crowd,
                                call->arg);
        break;

    case 19:
        reading.seq = call->arg;
        reading.seen = call->arg;
        reading.all = call->arg % 3 == 0;
        reading.secret = call->arg % 2;
        chatws_people_read(tb, place, &reading, &now);
        break;

    case 20:
        chatws_people_sent(tb, place, call->arg, call->arg);
        break;

    default:
        chatws_people_mark(tb, place, call->arg % 2, &now);
        chatws_people_set_unread(tb, place, call->arg, &now);
        (void) chatws_people_delivered(tb, place, call->arg, &now);
    }
}
