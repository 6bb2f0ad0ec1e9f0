
/*
 * Copyright (C) chatws contributors
 *
 * The table of people and the store: connections come, go and say how they
 * are, workers die, and what is told is noted.
 */


#include "tap.h"
#include "store_check.h"
#include "people_check.h"
#include "base/chatws_name.c"
#include "store/chatws_people_note.c"
#include "store/chatws_people_store.c"


#define SLOTS  4
#define ROWS   200


static void begin(uint32_t features);
static int good(void);
static uint64_t hash(const char *id);
static void join(uint32_t slot, const char *user, const char *chat,
    uint32_t flags);
static void part(uint32_t slot, const char *user, const char *chat,
    uint32_t flags, unsigned asked);
static void tend(uint32_t ms);
static uint32_t state(const char *user);
static uint32_t flags_of(const char *user, const char *chat);
static void publish(const char *chat);
static chatws_str_t str(const char *id);

static void test_inbox(void);
static void test_say(void);
static void test_chat(void);
static void test_death(void);
static void test_members_only(void);
static void test_flush(void);
static void test_prefetch(void);
static void garble(void *p, size_t size, uint64_t *random);


static void                 *mem;
static uint32_t              wake[SLOTS];
static chatws_store_t       *st;
static chatws_people_t      *tb;
static chatws_people_now_t   now;


int
main(void)
{
    test_inbox();
    test_say();
    test_chat();
    test_death();
    test_members_only();
    test_flush();
    test_prefetch();

    free(mem);
    free(tb);

    return done();
}


static void
store_hook(void)
{
    /* void */
}


static void
begin(uint32_t features)
{
    size_t                 size;
    uint32_t               slot;
    static uint8_t         key[16] = { 1, 2, 3 };
    chatws_people_rules_t  rules = { features, 15000, 1000 };

    free(mem);
    free(tb);

    size = (chatws_store_min_size(SLOTS) + 65536) & ~(size_t) 63;

    if (posix_memalign(&mem, 64, size) != 0) {
        exit(1);
    }

    st = mem;
    tb = malloc(chatws_people_size(ROWS));

    if (tb == NULL || chatws_store_init(st, size, SLOTS, key, 1) != CHATWS_OK)
    {
        exit(1);
    }

    for (slot = 0; slot < SLOTS; slot++) {
        (void) chatws_store_claim(st, 100 + slot, 0);
    }

    now.msec = 1000000;
    now.time = 1764000000000;

    chatws_people_init(tb, chatws_people_size(ROWS));
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


static chatws_str_t
str(const char *id)
{
    chatws_str_t  s;

    s.len = strlen(id);
    s.data = (uint8_t *) id;

    return s;
}


static uint64_t
hash(const char *id)
{
    return chatws_store_hash(st, (const uint8_t *) id, strlen(id));
}


/* With chat NULL a connection of the user begins. */

static void
join(uint32_t slot, const char *user, const char *chat, uint32_t flags)
{
    uint8_t               buf[CHATWS_INBOX_MAX];
    chatws_str_t          u;
    chatws_subscribed_t   at;
    chatws_people_name_t  name;

    if (chat != NULL) {
        name.id = str(chat);

    } else {
        u = str(user);
        chatws_inbox_id(&name.id, buf, &u);
    }

    name.hash = chatws_store_hash(st, name.id.data, name.id.len);

    if (chatws_store_subscribe(st, slot, &name.id, hash(user), flags,
                               CHATWS_SHARE_ANY, &at)
        == CHATWS_OK)
    {
        chatws_people_joined(tb, st, hash(user), &name, &at, &now);
    }
}


static void
part(uint32_t slot, const char *user, const char *chat, uint32_t flags,
    unsigned asked)
{
    uint8_t                  buf[CHATWS_INBOX_MAX];
    chatws_str_t             id, u;
    chatws_subscribed_t      at;
    chatws_people_parted_t   parted;

    if (chat != NULL) {
        id = str(chat);

    } else {
        u = str(user);
        chatws_inbox_id(&id, buf, &u);
    }

    if (chatws_store_find(st, &id, &at) != CHATWS_OK) {
        return;
    }

    parted.user = hash(user);
    parted.chat = chatws_store_hash(st, id.data, id.len);
    parted.row = at.chat;
    parted.inbox = chat == NULL;
    parted.asked = asked;

    chatws_store_unsubscribe(st, slot, at.chat, parted.user, flags, 0);
    chatws_people_parted(tb, st, &parted, &now);
}


/* Time goes on, and all that follows from that is done. */

static void
tend(uint32_t ms)
{
    now.msec += ms;
    now.time += ms;

    while (chatws_people_tend(tb, st, &now)) { /* void */ }
}


static uint32_t
state(const char *user)
{
    uint32_t  row;

    row = chatws_people_find_person(tb, hash(user));

    return row != 0
           ? chatws_people_row(tb, row)->flags & CHATWS_PERSON_STATE : 99;
}


static uint32_t
flags_of(const char *user, const char *chat)
{
    uint32_t  row;

    row = chatws_people_find_place(tb,
                              chatws_people_find_person(tb, hash(user)),
                              chatws_people_find_crowd(tb, hash(chat)));

    return row != 0 ? chatws_people_row(tb, row)->flags : 0;
}


static void
publish(const char *chat)
{
    chatws_post_t    post;
    chatws_posted_t  posted;

    memset(&post, 0, sizeof(post));
    post.chat = str(chat);
    post.body = str("{\"seq\":");
    post.time = 1;
    post.ring = CHATWS_DURABLE;
    post.sequenced = 1;

    posted.wake = wake;
    (void) chatws_store_publish(st, 0, &post, 1, 5000, &posted);
}


static void
test_inbox(void)
{
    begin(CHATWS_PEOPLE_PRESENCE);

    join(0, "u", NULL, 0);
    ok(state("u") == CHATWS_PERSON_ONLINE && tb->online == 1 && good(),
       "a connection");

    join(1, "u", NULL, 0);
    part(0, "u", NULL, 0, 0);
    tend(20000);
    ok(state("u") == CHATWS_PERSON_ONLINE, "one of two ends");

    part(1, "u", NULL, 0, 0);
    tend(14999);
    ok(state("u") == CHATWS_PERSON_ONLINE && good(), "the last one ends");

    join(2, "u", NULL, 0);
    tend(20000);
    ok(state("u") == CHATWS_PERSON_ONLINE, "and comes back");

    part(2, "u", NULL, 0, 0);
    tend(15000);
    ok(state("u") == CHATWS_PERSON_OFFLINE && tb->online == 0 && good(),
       "or does not");

    begin(0);
    join(0, "u", NULL, 0);
    ok(tb->persons == 0, "nobody is known without presence and unread");
}


static void
test_say(void)
{
    uint8_t              buf[CHATWS_INBOX_MAX];
    chatws_str_t         inbox, u = str("u");
    chatws_subscribed_t  at;

    begin(CHATWS_PEOPLE_PRESENCE);

    join(0, "u", NULL, 0);
    join(1, "u", NULL, CHATWS_MEMBER_AWAY);
    ok(state("u") == CHATWS_PERSON_ONLINE, "one of two is away");

    chatws_inbox_id(&inbox, buf, &u);
    (void) chatws_store_find(st, &inbox, &at);

    (void) chatws_people_say(tb, st, 0, &inbox, at.chat, hash("u"), 0,
                             CHATWS_MEMBER_AWAY, &now);
    ok(state("u") == CHATWS_PERSON_AWAY && good(), "both are, at once");

    (void) chatws_people_say(tb, st, 0, &inbox, at.chat, hash("u"),
                             CHATWS_MEMBER_AWAY, CHATWS_MEMBER_GONE, &now);
    ok(state("u") == CHATWS_PERSON_AWAY, "one says goodbye");

    (void) chatws_people_say(tb, st, 1, &inbox, at.chat, hash("u"),
                             CHATWS_MEMBER_AWAY, CHATWS_MEMBER_GONE, &now);
    ok(state("u") == CHATWS_PERSON_OFFLINE && good(),
       "the other one, too: offline without a grace");

    part(0, "u", NULL, CHATWS_MEMBER_GONE, 0);
    (void) chatws_people_say(tb, st, 1, &inbox, at.chat, hash("u"),
                             CHATWS_MEMBER_GONE, 0, &now);
    ok(state("u") == CHATWS_PERSON_ONLINE
       && chatws_store_members(st, at.chat, hash("u"), 0) == 1 && good(),
       "it is there again");

    join(2, "u", NULL, CHATWS_MEMBER_AWAY);
    part(1, "u", NULL, 0, 0);
    ok(state("u") == CHATWS_PERSON_ONLINE, "an end waits for the grace");
    tend(15000);
    ok(state("u") == CHATWS_PERSON_AWAY && good(), "then it is away");
}


static void
test_chat(void)
{
    begin(CHATWS_PEOPLE_PRESENCE);

    join(0, "u", "c", 0);
    ok(flags_of("u", "c") == 0, "whoever has no inbox is not known");
    part(0, "u", "c", 0, 0);

    join(0, "u", NULL, 0);
    join(0, "u", "c", 0);
    join(1, "u", "c", 0);
    tend(0);
    ok((flags_of("u", "c") & CHATWS_PLACE_SUBSCRIBED)
       && (flags_of("u", "c") & CHATWS_PLACE_ONLINE) && good(),
       "a place of two connections");

    part(0, "u", "c", 0, 1);
    ok(flags_of("u", "c") & CHATWS_PLACE_SUBSCRIBED, "one unsubscribes");

    part(1, "u", "c", 0, 0);
    ok((flags_of("u", "c") & CHATWS_PLACE_LEFT) && good(),
       "the other one ends: in an empty chat nothing is kept");

    publish("c");
    join(1, "u", "c", 0);
    part(1, "u", "c", 0, 0);
    ok((flags_of("u", "c") & CHATWS_PLACE_KEPT) && good(),
       "in another one it is");

    join(1, "u", "c", 0);
    part(1, "u", "c", 0, 1);
    ok((flags_of("u", "c") & CHATWS_PLACE_LEFT)
       && !(flags_of("u", "c") & CHATWS_PLACE_KEPT), "unless it was asked");
}


static void
test_death(void)
{
    begin(CHATWS_PEOPLE_PRESENCE);
    publish("c");

    join(0, "u", NULL, 0);
    join(0, "u", "c", 0);
    join(0, "v", NULL, 0);
    join(1, "v", NULL, 0);
    tend(0);

    while (chatws_store_release(st, 0, 16) == CHATWS_AGAIN) { /* void */ }

    tend(1000);
    ok(flags_of("u", "c") & CHATWS_PLACE_SUBSCRIBED, "nobody has looked");

    chatws_people_sweep(tb);
    tend(0);
    ok((flags_of("u", "c") & CHATWS_PLACE_KEPT) && good(), "a sweep finds it");

    tend(10000);
    chatws_people_sweep(tb);
    tend(0);
    tend(5000);
    ok(state("u") == CHATWS_PERSON_OFFLINE
       && !(flags_of("u", "c") & CHATWS_PLACE_KEPT)
       && state("v") == CHATWS_PERSON_ONLINE && good(),
       "and another one does not begin the grace again");
}


static void
test_members_only(void)
{
    uint32_t              place;
    chatws_people_name_t  c, u;

    begin(0);

    join(0, "u", NULL, 0);
    join(0, "u", "c", 0);

    u.id = str("u");
    u.hash = hash("u");
    c.id = str("c");
    c.hash = hash("c");

    place = chatws_people_make_place(tb, &u, &c, 0);
    (void) chatws_people_set_member(tb, place, 1, 0, &now);
    chatws_people_examine(tb, st, place, &now);

    ok((flags_of("u", "c") & CHATWS_PLACE_SUBSCRIBED)
       && state("u") == CHATWS_PERSON_ONLINE && good(),
       "who was there before its row was made");

    part(0, "u", "c", 0, 0);
    ok(!(flags_of("u", "c") & CHATWS_PLACE_SUBSCRIBED)
       && (flags_of("u", "c") & CHATWS_PLACE_MEMBER) && good(),
       "a member stays");
}


static void
test_flush(void)
{
    uint32_t                 crowd, n;
    chatws_people_note_t     notes[CHATWS_PEOPLE_WALK];
    chatws_people_cursor_t   cursor;

    begin(CHATWS_PEOPLE_PRESENCE);

    join(0, "u", NULL, 0);
    join(0, "u", "c", 0);
    join(0, "v", NULL, 0);
    join(0, "v", "c", 0);
    tend(0);

    crowd = chatws_people_flush_take(tb, st, 2, 0, &now);
    memset(&cursor, 0, sizeof(cursor));
    n = chatws_people_flush_notes(tb, crowd, &cursor, notes);

    ok(n == 2 && cursor.done && notes[0].len == 1 && notes[0].id[0] == 'u'
       && notes[1].id[0] == 'v' && notes[1].state == CHATWS_PERSON_ONLINE
       && (notes[1].flags & CHATWS_PLACE_PRESENCE) && good(),
       "what has changed is noted");

    join(0, "w", NULL, 0);
    join(0, "w", "c", 0);
    tend(1000);
    ok(chatws_people_flush_take(tb, st, 1, 0, &now) == 0
       && chatws_people_next_due(tb, &now) == 1000 && good(),
       "another worker waits for one that lives");

    while (chatws_store_release(st, 2, 16) == CHATWS_AGAIN) { /* void */ }

    tend(1000);
    ok(chatws_people_flush_take(tb, st, 1, 0, &now) == crowd, "until it dies");

    memset(&cursor, 0, sizeof(cursor));
    n = chatws_people_flush_notes(tb, crowd, &cursor, notes);
    ok(n == 3 && cursor.done && notes[2].id[0] == 'w' && good(),
       "then all are noted");

    chatws_people_flush_give(tb, st, 1, crowd, 0);
    ok(!(chatws_people_row(tb, crowd)->flags & CHATWS_CROWD_FULL) && good(),
       "and the flush has ended");
}


/* Whoever fetches has no lock, and may see any number. */

static void
test_prefetch(void)
{
    char               user[16], *copy, *sound;
    size_t             size, table;
    uint8_t           *p;
    uint64_t           random;
    unsigned           i, k, same;
    chatws_arena_t    *ar;

    begin(CHATWS_PEOPLE_ALL);

    for (i = 0; i < 40; i++) {
        (void) sprintf(user, "u%u", i);
        join(i % SLOTS, user, "room", 0);
    }

    ar = &st->table.arena;
    p = (uint8_t *) &st->table + st->table.slots;
    size = (size_t) ((uint8_t *) ar + ar->base - p)
           + (size_t) ar->nblocks * ar->units * CHATWS_CELL_SIZE;
    table = chatws_people_size(ROWS);

    sound = malloc(size + table);
    copy = malloc(size + table);

    if (sound == NULL || copy == NULL) {
        exit(1);
    }

    memcpy(sound, p, size);
    memcpy(sound + size, tb, table);

    random = 88172645463325252;
    same = 0;

    for (i = 0; i < 200; i++) {
        memcpy(copy, p, size);
        memcpy(copy + size, tb, table);

        for (k = 0; k < 50; k++) {
            (void) sprintf(user, "u%u", k);

            chatws_store_prefetch_member(st, hash("room"), hash(user));
            chatws_people_prefetch(tb, hash(user), hash("room"));
        }

        same += memcmp(copy, p, size) == 0
                && memcmp(copy + size, tb, table) == 0;

        memcpy(p, sound, size);
        memcpy(tb, sound + size, table);

        garble(p, size, &random);
        garble((uint8_t *) tb + tb->heads, table - (size_t) tb->heads,
               &random);

        tb->arena.block = (uint32_t) random;
        ar->cell = (uint32_t) random;
    }

    ok(same == 200, "what is fetched stays as it is, whatever it is");

    free(sound);
    free(copy);
}


/* Some words become small numbers, which may be those of rows, or large. */

static void
garble(void *p, size_t size, uint64_t *random)
{
    size_t     i;
    uint32_t  *word;

    word = p;

    for (i = 0; i < size / sizeof(uint32_t); i++) {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;

        if (*random % 8 == 0) {
            word[i] = (uint32_t) (*random >> 32) >> (*random >> 8 & 31);
        }
    }
}
