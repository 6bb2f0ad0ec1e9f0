
/*
 * Copyright (C) chatws contributors
 *
 * The table of people and a naive model of it: random calls, and what the
 * subscribers of the chats and the app server know at last, who were told of
 * changes only.
 */


#include "people_check.h"


#define USERS   14
#define CHATS   7
#define CALLS   1000000
#define LOOK    25000       /* calls between two looks at everything */
#define GRACE   15000
#define NOBODY  99          /* the view of somebody who is not one of people */


/* what is so, as the calls said it */

typedef struct {
    unsigned               member:1;
    unsigned               on:1;
    chatws_people_reads_t  reads;
} truth_t;


/* what others know */

typedef struct {
    uint32_t               shown;
    uint64_t               read;
    unsigned               member:1;
    chatws_people_reads_t  reads;
} view_t;


static void make(uint32_t rows);
static void call(void);
static void call_place(unsigned u, unsigned c);
static void call_person(unsigned u);
static void call_time(void);
static void flush(void);
static void told(unsigned c, uint32_t place);
static void feed(int ack);
static void settled(void);
static void compare(void);
static void walk(unsigned c);
static unsigned index_of(uint32_t row);
static uint32_t person_of(unsigned u);
static uint32_t crowd_of(unsigned c);
static uint32_t place_of(unsigned u, unsigned c, int create);
static unsigned number(unsigned n);
static void want(int what, int line);


#define WANT(what)  want(what, __LINE__)


static int                   bad, tight;
static truth_t               truth[USERS][CHATS];
static view_t                view[USERS][CHATS];
static unsigned              hidden[USERS], state[USERS], was_hidden[USERS];
static uint32_t              app_flags[USERS];
static uint64_t              app_since[USERS], random_state = 88172645463325252;
static chatws_people_t      *tb;
static chatws_people_now_t   now;
static chatws_people_name_t  users[USERS], chats[CHATS];


int
main(void)
{
    uint32_t     i;
    const char  *fault;

    make(400);

    for (i = 1; i <= CALLS && !bad; i++) {
        call();

        if (i % LOOK == 0) {
            settled();
            compare();
        }
    }

    ok(!bad && tb->refused == 0, "%u calls", i - 1);

    /* a table that is full all the time holds what must hold */

    tight = 1;
    make(60);

    for (i = 1; i <= CALLS / 10 && !bad; i++) {
        call();

        if (i % (LOOK / 100) == 0) {
            fault = people_check(tb);
            bad += fault != NULL && !ok(0, "call %u: %s", i, fault);
        }
    }

    ok(!bad && tb->refused != 0, "%u calls with too little room", i - 1);

    free(tb);

    return done();
}


static void
store_hook(void)
{
    if (tb != NULL && tb->journal.n > CHATWS_JOURNAL_MAX) {
        bad = 1;
    }
}


static void
make(uint32_t rows)
{
    size_t                 size;
    unsigned               i;
    static uint8_t         ids[USERS + CHATS][CHATWS_NAME_MAX];
    chatws_people_rules_t  rules = {
        CHATWS_PEOPLE_PRESENCE|CHATWS_PEOPLE_UNREAD|CHATWS_PEOPLE_RECEIPTS,
        GRACE, 1000
    };

    free(tb);

    size = chatws_people_size(rows);
    tb = malloc(size);

    if (tb == NULL) {
        exit(1);
    }

    now.msec = 5000;
    now.time = 1764000000000;

    chatws_people_init(tb, size);
    (void) chatws_people_configure(tb, &rules, 1, &now);
    (void) chatws_people_feed_open(tb);

    memset(truth, 0, sizeof(truth));
    memset(view, 0, sizeof(view));
    memset(state, 0, sizeof(state));
    memset(hidden, 0, sizeof(hidden));

    for (i = 0; i < USERS + CHATS; i++) {
        memset(ids[i], 'a' + (int) i, CHATWS_NAME_MAX);

        /* some have more than a row has room for */

        if (i < USERS) {
            users[i].id.data = ids[i];
            users[i].id.len = i * 9 + 1;
            users[i].hash = (i + 1) * 0x9e3779b97f4a7c15;

        } else {
            chats[i - USERS].id.data = ids[i];
            chats[i - USERS].id.len = (i - USERS) * 9 + 1;
            chats[i - USERS].hash = (i + 1) * 0xd1b54a32d192ed03;
        }
    }

    for (i = 0; i < USERS * CHATS; i++) {
        view[i / CHATS][i % CHATS].shown = NOBODY;
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
want(int what, int line)
{
    if (!what && !tight && !bad) {
        bad = 1;
        ok(0, "line %d", line);
    }
}


static void
call(void)
{
    unsigned  c, u;

    u = number(USERS);
    c = number(CHATS);

    switch (number(16)) {

    case 0:
        call_time();
        break;

    case 1:
        flush();
        break;

    case 2:
        feed((int) number(3));
        break;

    case 3:
        walk(c);
        break;

    case 4:
        (void) chatws_people_announce(tb, &now);
        break;

    case 5:
    case 6:
    case 7:
        call_person(u);
        break;

    default:
        call_place(u, c);
    }
}


static void
call_place(unsigned u, unsigned c)
{
    int                    on;
    uint32_t               place;
    truth_t               *t;
    chatws_people_reads_t  r;

    t = &truth[u][c];

    if (place_of(u, c, 0) == 0) {
        memset(&t->reads, 0, sizeof(t->reads));
    }

    place = place_of(u, c, 1);

    if (place == 0) {
        return;
    }

    switch (number(4)) {

    case 0:
        on = (int) number(3) != 0;

        if (chatws_people_set_member(tb, place, on, 0, &now) == CHATWS_OK) {
            t->member = on;

        } else {
            chatws_people_set_subscribed(tb, place, t->on, 0, &now);
        }

        break;

    case 1:
        t->on = number(2);
        chatws_people_set_subscribed(tb, place, t->on, (int) number(3) != 0,
                                     &now);
        break;

    case 2:
        chatws_people_get_reads(tb, place, &r);
        r.read += number(5);
        r.seen += (int) number(5);
        r.read_public = number(3) ? r.read : r.read_public;
        r.flags = number(2) ? r.flags : CHATWS_PLACE_MARKED;

        chatws_people_set_reads(tb, place, &r, 0, &now);
        t->reads = r;

        /* the place may be there for nothing but this */

        chatws_people_set_subscribed(tb, place, t->on, 1, &now);
        break;

    default:
        chatws_people_set_count(tb, crowd_of(c),
            chatws_people_crowd(tb, crowd_of(c))->count + 1);
        chatws_people_set_subscribed(tb, place, t->on, 1, &now);
    }
}


static void
call_person(unsigned u)
{
    uint32_t         p;
    static uint32_t  states[] = { 0, CHATWS_PERSON_ONLINE,
                                  CHATWS_PERSON_AWAY };

    p = chatws_people_make_person(tb, &users[u]);

    if (p == 0) {
        return;
    }

    if (number(8) == 0) {
        hidden[u] = number(2);
        was_hidden[u] |= hidden[u];
        chatws_people_set_invisible(tb, p, (int) hidden[u], &now);
        return;
    }

    state[u] = states[number(3)];
    chatws_people_set_state(tb, p, state[u], (int) number(2), &now);
}


/* Time goes on; whoever has come to the end of the grace is examined. */

static void
call_time(void)
{
    uint32_t  p;
    unsigned  ms;

    ms = number(4) ? number(300) : number(20000);

    now.msec += ms;
    now.time += ms;

    while ((p = chatws_people_graced(tb, &now)) != 0) {
        chatws_people_set_state(tb, p, state[index_of(p)], 0, &now);
    }

    while (chatws_people_expire(tb, &now)) { /* void */ }
}


static unsigned
index_of(uint32_t row)
{
    uint8_t  id[CHATWS_NAME_MAX];

    (void) chatws_people_id(tb, row, id);

    return id[0] - 'a';
}


static uint32_t
person_of(unsigned u)
{
    return chatws_people_find_person(tb, users[u].hash);
}


static uint32_t
crowd_of(unsigned c)
{
    return chatws_people_find_crowd(tb, chats[c].hash);
}


static uint32_t
place_of(unsigned u, unsigned c, int create)
{
    return create ? chatws_people_make_place(tb, &users[u], &chats[c], 3)
                  : chatws_people_find_place(tb, person_of(u), crowd_of(c));
}


/* A worker flushes; now and then it dies, or cannot publish. */

static void
flush(void)
{
    uint32_t                 crowd, i, n, rows[CHATWS_PEOPLE_WALK], row;
    unsigned                 c, fate;
    chatws_people_cursor_t   cursor;

    crowd = chatws_people_due(tb, 0, &now);

    if (crowd == 0) {
        return;
    }

    c = index_of(crowd) - USERS;
    fate = number(20);

    chatws_people_flush_begin(tb, crowd, 9, &now);

    if (chatws_people_row(tb, crowd)->flags & CHATWS_CROWD_FULL) {
        memset(&cursor, 0, sizeof(cursor));

        for (i = 0; fate > 1 && i < USERS; i++) {
            view[i][c].shown = NOBODY;
        }

        do {
            n = chatws_people_crowd_slice(tb, crowd, &cursor, rows);

            for (i = 0; i < n; i++) {

                if (fate > 1) {
                    told(c, rows[i]);
                }

                chatws_people_told(tb, rows[i]);
            }
        } while (!cursor.done);

    } else {

        while ((row = chatws_people_changed(tb, crowd)) != 0) {

            if (fate > 1) {
                told(c, row);
            }

            chatws_people_told(tb, row);
        }
    }

    if (fate != 0) {
        chatws_people_flush_end(tb, crowd, 9, fate == 1);
    }
}


/* What the subscribers of a chat make of a change. */

static void
told(unsigned c, uint32_t place)
{
    view_t          *v;
    chatws_place_t  *p;

    p = chatws_people_place(tb, place);
    v = &view[index_of(p->person)][c];

    if (p->row.flags & CHATWS_PLACE_PEOPLE) {
        v->shown = p->row.flags & CHATWS_PLACE_SHOWN;

    } else if ((p->row.flags & CHATWS_PLACE_LEFT) || v->shown == NOBODY) {
        v->shown = NOBODY;

    } else {
        v->shown = 0;
    }

    v->read = p->read_public;
}


/* The app server asks; it has taken the batch only with ack. */

static void
feed(int ack)
{
    uint32_t                 i, n, row, total;
    uint64_t                 batch;
    unsigned                 u;
    view_t                  *v;
    chatws_rc_e              rc;
    chatws_people_change_t   read[CHATWS_PEOPLE_WALK], *c;

    do {
        rc = chatws_people_feed_open(tb);
    } while (rc == CHATWS_AGAIN);

    if (rc == CHATWS_DONE) {
        return;
    }

    batch = tb->batch;
    total = 0;
    row = 0;

    do {
        WANT(chatws_people_feed_read(tb, batch, &row, read, &n) == CHATWS_OK);
        total += n;

        for (i = 0; i < n && ack; i++) {
            c = &read[i];
            u = c->user[0] - 'a';

            if (c->chat_len == 0) {
                app_flags[u] = c->flags;
                app_since[u] = c->since;
                continue;
            }

            v = &view[u][c->chat[0] - 'a' - USERS];

            if (c->flags & CHATWS_PLACE_FLIGHT_MEMBER) {
                v->member = (c->flags & CHATWS_PLACE_MEMBER) != 0;
            }

            if (c->flags & CHATWS_PLACE_FLIGHT_READ) {
                v->reads.read = c->read;
                v->reads.seen = c->seen;
                v->reads.flags = c->flags & CHATWS_PLACE_MARKS;
            }
        }
    } while (row != 0);

    WANT(total == tb->nflight);

    if (ack) {
        chatws_people_feed_ack(tb, batch);
    }
}


/* Everything that is under way comes to its end. */

static void
settled(void)
{
    unsigned  i;

    for (i = 0; i < 200; i++) {
        now.msec += 1000;
        now.time += 1000;

        call_time();

        while (chatws_people_announce(tb, &now)) { /* void */ }

        while (chatws_people_due(tb, 0, &now) != 0) {
            flush();
        }
    }

    while (tb->ndirty != 0 || tb->nflight != 0) {
        feed(1);
    }
}


static void
compare(void)
{
    int                    people;
    uint32_t               p, place;
    unsigned               c, online, u;
    truth_t               *t;
    view_t                *v;
    const char            *fault;
    chatws_people_reads_t  r;

    fault = people_check(tb);

    if (fault != NULL) {
        bad = !ok(0, "%s", fault);
        return;
    }

    for (c = 0; c < CHATS; c++) {
        online = 0;

        for (u = 0; u < USERS; u++) {
            p = person_of(u);
            t = &truth[u][c];
            v = &view[u][c];
            place = place_of(u, c, 0);

            people = t->member || (t->on && !hidden[u]);

            WANT((place != 0) == (t->member || t->on));
            WANT(people ? v->shown == (hidden[u] ? 0 : state[u] << 8)
                        : v->shown == NOBODY
                          || (v->shown == 0 && was_hidden[u]));
            WANT(v->member == t->member);

            online += people && !hidden[u] && state[u] != 0;

            if (p != 0) {
                WANT((app_flags[u] & CHATWS_PERSON_STATE) == state[u]);
                WANT(!(app_flags[u] & CHATWS_PERSON_INVISIBLE)
                     == !hidden[u]);
                WANT(app_since[u] == chatws_people_person(tb, p)->since);
            }

            if (place == 0) {
                memset(&t->reads, 0, sizeof(t->reads));
                continue;
            }

            chatws_people_get_reads(tb, place, &r);
            WANT(r.read == t->reads.read || t->reads.read == 0);
            WANT(!people || r.read_public == v->read || t->reads.read == 0);

            if (t->reads.read != 0) {
                WANT(v->reads.read == r.read && v->reads.seen == r.seen
                     && v->reads.flags == r.flags);
            }
        }

        WANT(crowd_of(c) == 0
             || chatws_people_crowd(tb, crowd_of(c))->online == online);
    }
}


/* A walk meets each place of the chat once. */

static void
walk(unsigned c)
{
    uint32_t                 crowd, i, n, rows[CHATWS_PEOPLE_WALK];
    uint64_t                 met, seen;
    unsigned                 u;
    chatws_people_cursor_t   cursor;

    crowd = crowd_of(c);

    if (crowd == 0) {
        return;
    }

    memset(&cursor, 0, sizeof(cursor));
    met = 0;
    seen = 0;

    for (u = 0; u < USERS; u++) {
        met |= (uint64_t) (place_of(u, c, 0) != 0) << u;
    }

    do {
        n = chatws_people_crowd_slice(tb, crowd, &cursor, rows);

        for (i = 0; i < n; i++) {
            u = index_of(chatws_people_place(tb, rows[i])->person);
            WANT(!(seen & (uint64_t) 1 << u));
            seen |= (uint64_t) 1 << u;
        }
    } while (!cursor.done);

    WANT(seen == met);
}
