
/*
 * Copyright (C) chatws contributors
 *
 * Members: what is news and what is not, what the workers and the users are
 * told, and deaths at each store, after which the same is said again.
 */


#include <setjmp.h>

#include "tap.h"
#include "store_check.h"
#include "people_check.h"
#include "base/chatws_name.c"
#include "store/chatws_people_note.c"
#include "store/chatws_people_store.c"
#include "store/chatws_people_member.c"


#define SLOTS  4
#define ROWS   400
#define SLICE  8


static void begin(uint32_t rows);
static int good(void);
static chatws_people_name_t name(const char *id);
static chatws_membership_t *change(const char *user, const char *chat,
    unsigned add);
static uint32_t set(void);
static uint32_t commands(void);
static uint64_t inbox(const char *user);
static uint32_t members(const char *chat);
static uint32_t flags_of(const char *user, const char *chat);

static void test_news(void);
static void test_assertion(void);
static void test_seeds(void);
static void test_lists(void);
static void test_is(void);
static void test_room(void);
static void test_death(void);


static void                   *mem;
static uint32_t                wake[SLOTS];
static char                    ids[SLICE][CHATWS_INBOX_MAX + 1];
static uint32_t                n;              /* changes */
static uint32_t                steps;          /* to the death, 0: none */
static jmp_buf                 death;
static chatws_store_t         *st;
static chatws_people_t        *tb;
static chatws_people_now_t     now;
static chatws_membership_t     changes[SLICE];
static chatws_membership_by_t  by;


int
main(void)
{
    test_news();
    test_assertion();
    test_seeds();
    test_lists();
    test_is();
    test_room();
    test_death();

    free(mem);
    free(tb);

    return done();
}


static void
store_hook(void)
{
    if (steps != 0 && --steps == 0) {
        longjmp(death, 1);
    }
}


static void
begin(uint32_t rows)
{
    size_t                 size;
    uint32_t               slot;
    static uint8_t         key[16] = { 1, 2, 3 };
    chatws_people_rules_t  rules = { CHATWS_PEOPLE_UNREAD, 15000, 1000 };

    free(mem);
    free(tb);

    size = (chatws_store_min_size(SLOTS) + 262144) & ~(size_t) 63;

    if (posix_memalign(&mem, 64, size) != 0) {
        exit(1);
    }

    st = mem;
    tb = malloc(chatws_people_size(rows));

    if (tb == NULL || chatws_store_init(st, size, SLOTS, key, 1) != CHATWS_OK)
    {
        exit(1);
    }

    for (slot = 0; slot < SLOTS; slot++) {
        (void) chatws_store_claim(st, 100 + slot, 0);
    }

    now.msec = 1000000;
    now.time = 1764000000000;
    n = 0;

    chatws_people_init(tb, chatws_people_size(rows));
    (void) chatws_people_configure(tb, &rules, 7, &now);
}


static int
good(void)
{
    const char  *fault;

    fault = people_check(tb);

    if (fault == NULL) {
        fault = store_check(st);
    }

    return fault == NULL ? 1 : ok(0, "%s", fault);
}


static chatws_people_name_t
name(const char *id)
{
    chatws_people_name_t  nm;

    nm.id.data = (uint8_t *) id;
    nm.id.len = strlen(id);
    nm.hash = chatws_store_hash(st, nm.id.data, nm.id.len);

    return nm;
}


/* Adds a change to the slice. */

static chatws_membership_t *
change(const char *user, const char *chat, unsigned add)
{
    static char           command[] = "command", before[] = "{\"last\":",
                          gone[] = "{\"gone\":1", after[] = ",\"userSeq\":";
    chatws_membership_t  *c;

    c = &changes[n];

    memset(c, 0, sizeof(chatws_membership_t));

    c->user = name(user);
    c->chat = name(chat);
    chatws_inbox_id(&c->inbox, (uint8_t *) ids[n], &c->user.id);

    c->command.data = (uint8_t *) command;
    c->command.len = sizeof(command) - 1;
    c->before.data = (uint8_t *) (add ? before : gone);
    c->before.len = strlen(add ? before : gone);
    c->after.data = (uint8_t *) after;
    c->after.len = sizeof(after) - 1;
    c->add = add;
    c->counted = 1;

    n++;

    return c;
}


/* Makes the changes of the slice, and begins another one. */

static uint32_t
set(void)
{
    uint32_t  i, made;

    by.people = tb;
    by.store = st;
    by.now = now;
    by.patience = 5000;
    by.wake = wake;
    by.room = 0;

    for (i = 0; i < n; i++) {
        by.room += chatws_people_member_room(64);
    }

    made = chatws_people_member_set(&by, changes, n);

    n = 0;

    return made;
}


/* The commands in the ring. */

static uint32_t
commands(void)
{
    uint32_t               k;
    uint64_t               next, off;
    const chatws_ring_t   *ring;
    const chatws_entry_t  *e;

    k = 0;
    off = 0;
    ring = chatws_store_ring(st, CHATWS_DURABLE);

    while ((e = chatws_ring_entry(ring, off, &next)) != NULL) {
        k += e->chat == CHATWS_ROW_COMMAND;
        off = next;
    }

    return k;
}


static uint64_t
inbox(const char *user)
{
    uint8_t       buf[CHATWS_INBOX_MAX];
    chatws_str_t  id, u = { strlen(user), (uint8_t *) user };

    chatws_inbox_id(&id, buf, &u);

    return chatws_store_last(st, &id);
}


static uint32_t
members(const char *chat)
{
    uint32_t  row;

    row = chatws_people_find_crowd(tb, name(chat).hash);

    return row != 0 ? chatws_people_crowd(tb, row)->members : 0;
}


static uint32_t
flags_of(const char *user, const char *chat)
{
    uint32_t  row;

    row = chatws_people_find_place(tb,
              chatws_people_find_person(tb, name(user).hash),
              chatws_people_find_crowd(tb, name(chat).hash));

    return row != 0 ? chatws_people_row(tb, row)->flags : 0;
}


static void
test_news(void)
{
    begin(ROWS);

    change("ann", "c", 1);
    change("bob", "c", 1);
    change("ann", "c", 1);
    change("eve", "c", 0);

    ok(set() == 4 && changes[0].news && changes[1].news && !changes[2].news
       && !changes[3].news, "who is added twice is added once");
    ok(members("c") == 2 && commands() == 2 && inbox("ann") == 1
       && inbox("bob") == 1 && inbox("eve") == 0 && good(),
       "each is told once");
    ok(by.nwake == SLOTS, "all workers are woken");

    change("ann", "c", 1);
    ok(set() == 1 && !changes[0].news && commands() == 2 && by.nwake == 0,
       "what is so is no news");

    change("ann", "c", 0);
    change("ann", "c", 0);
    ok(set() == 2 && changes[0].news && !changes[1].news
       && members("c") == 1 && commands() == 3 && inbox("ann") == 2
       && good(), "removed once");
    ok(flags_of("ann", "c") & CHATWS_PLACE_REMOVED, "which is remembered");

    change("ann", "c", 1);
    ok(set() == 1 && changes[0].news && inbox("ann") == 3 && members("c") == 2
       && !(flags_of("ann", "c") & CHATWS_PLACE_REMOVED) && good(),
       "added again");
}


static void
test_assertion(void)
{
    begin(ROWS);

    change("ann", "c", 0);
    (void) set();

    now.msec += 100;
    now.time += 100;

    change("ann", "c", 1)->begun = now.time - 200;
    ok(set() == 1 && !changes[0].news && members("c") == 0 && inbox("ann") == 0
       && good(), "an assertion from before a removal");

    change("ann", "c", 1)->begun = now.time - 100;
    ok(set() == 1 && !changes[0].news && members("c") == 0, "at the same time");

    change("ann", "c", 1)->begun = now.time - 99;
    ok(set() == 1 && changes[0].news && members("c") == 1, "after it");

    change("ann", "c", 0);
    (void) set();

    now.msec += CHATWS_PEOPLE_REMOVED;
    now.time += CHATWS_PEOPLE_REMOVED;

    while (chatws_people_expire(tb, &now)) { /* void */ }

    change("ann", "c", 1)->begun = now.time - CHATWS_PEOPLE_REMOVED - 1;
    ok(set() == 1 && changes[0].news && good(), "a removal is forgotten");
}


static void
test_seeds(void)
{
    uint32_t              place;
    chatws_membership_t  *c;

    begin(ROWS);

    c = change("ann", "c", 1);
    c->has_unread = 1;
    c->unread = 3;
    c->has_muted = 1;
    c->muted = 1;
    (void) set();

    place = chatws_people_find_place(tb,
                chatws_people_find_person(tb, name("ann").hash),
                chatws_people_find_crowd(tb, name("c").hash));

    ok(chatws_people_unread(tb, place) == 3
       && (flags_of("ann", "c") & CHATWS_PLACE_MUTED), "seeds");

    c = change("ann", "c", 1);
    c->has_unread = 1;
    c->unread = 9;
    (void) set();

    ok(chatws_people_unread(tb, place) == 3
       && (flags_of("ann", "c") & CHATWS_PLACE_MUTED),
       "of what is known nothing is seeded");

    c = change("ann", "c", 1);
    c->has_muted = 1;
    (void) set();

    ok(!(flags_of("ann", "c") & CHATWS_PLACE_MUTED) && good(),
       "but that it is muted");

    /* there is no room for what the workers and the user are to be told */

    c = change("bob", "d", 1);
    c->has_unread = 1;
    c->unread = 4;

    by.people = tb;
    by.store = st;
    by.now = now;
    by.room = 1 << 30;

    ok(chatws_people_member_set(&by, changes, 1) == 0
       && flags_of("bob", "d") == 0 && good(), "no room");

    n = 1;
    ok(set() == 1, "it is said again");

    place = chatws_people_find_place(tb,
                chatws_people_find_person(tb, name("bob").hash),
                chatws_people_find_crowd(tb, name("d").hash));

    ok(place != 0 && chatws_people_unread(tb, place) == 4 && good(),
       "with the seed");
}


static void
test_lists(void)
{
    uint8_t                 buf[CHATWS_PEOPLE_WALK][CHATWS_NAME_MAX];
    uint64_t                list, other;
    chatws_str_t            users[CHATWS_PEOPLE_WALK];
    chatws_member_list_t    command;
    chatws_people_cursor_t  cursor;

    begin(ROWS);

    memset(&command, 0, sizeof(chatws_member_list_t));

    command.chat = name("c");

    ok(chatws_people_member_begin(tb, st, &command, &list) == CHATWS_OK
       && list == 0 && members("c") == 0, "no list");

    command.version = 7;
    ok(chatws_people_member_begin(tb, st, &command, &list) == CHATWS_OK,
       "a version");
    command.version = 6;
    ok(chatws_people_member_begin(tb, st, &command, &list) == CHATWS_DECLINED,
       "a lower one");
    command.version = 0;

    command.goes_on = 1;
    command.token = 5;
    ok(chatws_people_member_begin(tb, st, &command, &list) == CHATWS_ERROR,
       "a list that was not begun");

    change("ann", "c", 1);
    change("bob", "c", 1);
    (void) set();

    command.goes_on = 0;
    command.replace = 1;
    ok(chatws_people_member_begin(tb, st, &command, &list) == CHATWS_OK
       && list != 0, "a list begins");

    change("ann", "c", 1)->list = list;
    (void) set();

    command.goes_on = 1;
    ok(chatws_people_member_begin(tb, st, &command, &other) == CHATWS_OK
       && other == list, "and goes on");
    command.token = 6;
    ok(chatws_people_member_begin(tb, st, &command, &other) == CHATWS_ERROR,
       "not with another token");

    memset(&cursor, 0, sizeof(chatws_people_cursor_t));

    ok(chatws_people_member_unnamed(tb, command.chat.hash, list, &cursor,
                                    users, buf)
       == 1 && cursor.done && users[0].len == 3
       && memcmp(users[0].data, "bob", 3) == 0, "who is not in it");

    command.goes_on = 0;
    command.token = 5;
    ok(chatws_people_member_begin(tb, st, &command, &other) == CHATWS_OK
       && other != list && good(), "another one with the same token");
}


static void
test_is(void)
{
    begin(ROWS);

    ok(chatws_people_member_is(tb, name("ann").hash, name("c").hash, 60000,
                               &now)
       == CHATWS_AGAIN, "nobody can tell yet");

    change("ann", "c", 1);
    (void) set();

    ok(chatws_people_member_is(tb, name("ann").hash, name("c").hash, 60000,
                               &now)
       == CHATWS_OK, "a member");
    ok(chatws_people_member_is(tb, name("bob").hash, name("c").hash, 60000,
                               &now)
       == CHATWS_DECLINED, "no member");

    now.time += 60000;
    ok(chatws_people_member_is(tb, name("bob").hash, name("d").hash, 60000,
                               &now)
       == CHATWS_DECLINED, "a chat without any is closed now");
}


/* A table that is full: what there is room for is done, and all is whole. */

static void
test_room(void)
{
    char      user[16], chat[16];
    uint32_t  i, k;

    begin(40);

    for (i = 0; i < 100; i++) {
        sprintf(user, "u%u", i);
        sprintf(chat, "c%u", i);

        change(user, chat, 1)->has_unread = 1;
        changes[0].unread = 1;

        if (set() != 1) {
            break;
        }
    }

    n = 0;
    ok(i > 5 && i < 40 && good(), "%u have room", i);

    for (k = 0; k < i; k++) {
        sprintf(user, "u%u", k);
        sprintf(chat, "c%u", k);

        if (!(flags_of(user, chat) & CHATWS_PLACE_MEMBER)) {
            break;
        }
    }

    ok(k == i, "and are members");
}


/*
 * A process dies at each store of a slice.  When the same is said again, each
 * user was told of each change at least once, and the rows are right.
 */

static void
test_death(void)
{
    static int       bad;
    static uint32_t  step;

    for (step = 1; !bad; step++) {
        begin(ROWS);

        change("bob", "c", 1);
        change("eve", "c", 1);
        (void) set();

        change("ann", "c", 1);
        change("bob", "c", 0);
        change("dan", "d", 1);

        steps = step;

        if (setjmp(death) == 0) {
            (void) set();

            if (steps != 0) {
                break;
            }
        }

        steps = 0;
        n = 0;

        chatws_store_recover(st);
        chatws_people_recover(tb);

        bad += !good();

        change("ann", "c", 1);
        change("bob", "c", 0);
        change("dan", "d", 1);

        bad += set() != 3 || !good()
               || inbox("ann") == 0 || inbox("bob") < 2 || inbox("dan") == 0
               || inbox("eve") != 1 || commands() < 5
               || members("c") != 2 || members("d") != 1
               || !(flags_of("ann", "c") & CHATWS_PLACE_MEMBER)
               || (flags_of("bob", "c") & CHATWS_PLACE_MEMBER);
    }

    steps = 0;

    ok(!bad && step > 100, "%u deaths", step);
}
