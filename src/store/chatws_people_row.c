
/*
 * Copyright (C) chatws contributors
 *
 * The rows of the table of people: how they are made, found and freed.  Rows
 * of all kinds are in the same buckets.
 */


#include "store/chatws_people_private.h"

#include <string.h>


/* the part of an id in its row, and what another row takes of it */
#define CHATWS_PEOPLE_INLINE  sizeof(((chatws_people_id_t *) 0)->text)
#define CHATWS_PEOPLE_REST    (CHATWS_NAME_MAX - CHATWS_PEOPLE_INLINE)

#define CHATWS_PEOPLE_LEN        4       /* bits below the length of an id */


typedef struct {
    uint32_t              chain;         /* not used */
    uint32_t              flags;
    uint8_t               text[CHATWS_PEOPLE_REST];
} chatws_people_tail_t;


static uint32_t chatws_people_get_person(chatws_people_t *tb,
    const chatws_people_name_t *user, uint32_t crowd);
static uint32_t chatws_people_get_crowd(chatws_people_t *tb,
    const chatws_people_name_t *chat, uint64_t count, uint32_t person);
static int chatws_people_reserve(chatws_people_t *tb,
    const chatws_people_name_t *name, uint32_t person, uint32_t crowd);
static uint32_t chatws_people_take(chatws_people_t *tb, uint32_t kind,
    uint64_t hash);
static void chatws_people_name(chatws_people_t *tb, uint32_t row,
    chatws_people_id_t *id, const chatws_str_t *name);
static chatws_people_id_t *chatws_people_id_of(chatws_people_row_t *row);
static void chatws_people_free(chatws_people_t *tb, uint32_t row,
    uint64_t hash);


chatws_people_row_t *
chatws_people_row(chatws_people_t *tb, uint32_t row)
{
    return chatws_arena_block(&tb->arena, row);
}


chatws_person_t *
chatws_people_person(chatws_people_t *tb, uint32_t person)
{
    return chatws_arena_block(&tb->arena, person);
}


chatws_crowd_t *
chatws_people_crowd(chatws_people_t *tb, uint32_t crowd)
{
    return chatws_arena_block(&tb->arena, crowd);
}


chatws_place_t *
chatws_people_place(chatws_people_t *tb, uint32_t place)
{
    return chatws_arena_block(&tb->arena, place);
}


size_t
chatws_people_id(chatws_people_t *tb, uint32_t row, uint8_t *buf)
{
    size_t                 len;
    chatws_people_id_t    *id;
    chatws_people_row_t   *r;
    chatws_people_tail_t  *tail;

    r = chatws_people_row(tb, row);
    id = chatws_people_id_of(r);
    len = r->flags >> CHATWS_PEOPLE_LEN & 0xff;

    if (id->tail == 0) {
        memcpy(buf, id->text, len);
        return len;
    }

    tail = chatws_arena_block(&tb->arena, id->tail);

    memcpy(buf, id->text, CHATWS_PEOPLE_INLINE);
    memcpy(buf + CHATWS_PEOPLE_INLINE, tail->text, len - CHATWS_PEOPLE_INLINE);

    return len;
}


static chatws_people_id_t *
chatws_people_id_of(chatws_people_row_t *row)
{
    return chatws_people_is(row, CHATWS_PEOPLE_PERSON)
           ? &((chatws_person_t *) row)->id
           : &((chatws_crowd_t *) row)->id;
}


/*
 * The keyed hash of 64 bits stands for the id here, as it does for users in
 * the table of members.
 */

uint32_t
chatws_people_find_person(chatws_people_t *tb, uint64_t hash)
{
    uint32_t          row;
    chatws_person_t  *p;

    row = *chatws_people_head(tb, hash);

    while (row != 0) {
        p = chatws_people_person(tb, row);

        if (chatws_people_is(&p->row, CHATWS_PEOPLE_PERSON)
            && p->hash == hash)
        {
            break;
        }

        row = p->row.chain;
    }

    return row;
}


uint32_t
chatws_people_find_crowd(chatws_people_t *tb, uint64_t hash)
{
    uint32_t         row;
    chatws_crowd_t  *c;

    row = *chatws_people_head(tb, hash);

    while (row != 0) {
        c = chatws_people_crowd(tb, row);

        if (chatws_people_is(&c->row, CHATWS_PEOPLE_CROWD)
            && c->hash == hash)
        {
            break;
        }

        row = c->row.chain;
    }

    return row;
}


uint32_t
chatws_people_find_place(chatws_people_t *tb, uint32_t person,
    uint32_t crowd)
{
    uint32_t         row;
    chatws_place_t  *p;

    row = *chatws_people_head(tb, chatws_people_place_hash(person, crowd));

    while (row != 0) {
        p = chatws_people_place(tb, row);

        if (chatws_people_is(&p->row, CHATWS_PEOPLE_PLACE)
            && p->person == person
            && p->crowd == crowd)
        {
            break;
        }

        row = p->row.chain;
    }

    return row;
}


uint64_t
chatws_people_place_hash(uint32_t person, uint32_t crowd)
{
    uint64_t  hash;

    hash = ((uint64_t) person << 32 | crowd) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;

    return hash * 0xff51afd7ed558ccd;
}


uint32_t *
chatws_people_head(chatws_people_t *tb, uint64_t hash)
{
    return (uint32_t *) (void *) ((uint8_t *) tb + tb->heads)
           + ((hash >> 32) * tb->nheads >> 32);
}


uint32_t
chatws_people_make_person(chatws_people_t *tb,
    const chatws_people_name_t *user)
{
    return chatws_people_get_person(tb, user, 0);
}


uint32_t
chatws_people_make_crowd(chatws_people_t *tb,
    const chatws_people_name_t *chat, uint64_t count)
{
    return chatws_people_get_crowd(tb, chat, count, 0);
}


/* The same, but the row crowd does not give way to it. */

static uint32_t
chatws_people_get_person(chatws_people_t *tb,
    const chatws_people_name_t *user, uint32_t crowd)
{
    uint32_t           person;
    chatws_person_t   *p;
    chatws_journal_t  *jr;

    person = chatws_people_find_person(tb, user->hash);

    if (person != 0
        || user->id.len == 0
        || !chatws_people_reserve(tb, user, 0, crowd))
    {
        return person;
    }

    jr = &tb->journal;

    chatws_journal_begin(jr, NULL, 0);

    person = chatws_people_take(tb, CHATWS_PEOPLE_PERSON, user->hash);

    p = chatws_people_person(tb, person);
    p->hash = user->hash;
    CHATWS_STORE_HOOK();

    chatws_people_name(tb, person, &p->id, &user->id);
    chatws_journal_set(jr, &tb->persons, tb->persons + 1);
    chatws_people_rest_person(tb, person);

    chatws_journal_commit(jr);

    return person;
}


static uint32_t
chatws_people_get_crowd(chatws_people_t *tb,
    const chatws_people_name_t *chat, uint64_t count, uint32_t person)
{
    uint32_t           crowd;
    chatws_crowd_t    *c;
    chatws_journal_t  *jr;

    crowd = chatws_people_find_crowd(tb, chat->hash);

    if (crowd != 0 || !chatws_people_reserve(tb, chat, person, 0)) {
        return crowd;
    }

    jr = &tb->journal;

    chatws_journal_begin(jr, NULL, 0);

    crowd = chatws_people_take(tb, CHATWS_PEOPLE_CROWD, chat->hash);

    c = chatws_people_crowd(tb, crowd);
    c->hash = chat->hash;
    c->count = count;
    CHATWS_STORE_HOOK();

    chatws_people_name(tb, crowd, &c->id, &chat->id);
    chatws_journal_set(jr, &tb->crowds, tb->crowds + 1);
    chatws_people_rest_crowd(tb, crowd);

    chatws_journal_commit(jr);

    return crowd;
}


uint32_t
chatws_people_make_place(chatws_people_t *tb,
    const chatws_people_name_t *user, const chatws_people_name_t *chat,
    uint64_t count)
{
    uint32_t           crowd, person, place;
    chatws_crowd_t    *c;
    chatws_place_t    *p;
    chatws_person_t   *pe;
    chatws_journal_t  *jr;

    crowd = chatws_people_find_crowd(tb, chat->hash);
    person = chatws_people_get_person(tb, user, crowd);

    if (person == 0) {
        return 0;
    }

    crowd = chatws_people_get_crowd(tb, chat, count, person);

    if (crowd == 0) {
        return 0;
    }

    place = chatws_people_find_place(tb, person, crowd);

    if (place != 0 || !chatws_people_reserve(tb, NULL, person, crowd)) {
        return place;
    }

    jr = &tb->journal;

    chatws_journal_begin(jr, NULL, 0);

    place = chatws_people_take(tb, CHATWS_PEOPLE_PLACE,
                               chatws_people_place_hash(person, crowd));

    c = chatws_people_crowd(tb, crowd);
    pe = chatws_people_person(tb, person);

    p = chatws_people_place(tb, place);
    p->person = person;
    p->crowd = crowd;
    p->seen = (int64_t) c->count;
    CHATWS_STORE_HOOK();

    chatws_people_append(tb, &pe->places, offsetof(chatws_place_t, of_person),
                         place);
    chatws_people_append(tb, &c->places, offsetof(chatws_place_t, of_crowd),
                         place);

    chatws_journal_set(jr, &pe->nplaces, pe->nplaces + 1);
    chatws_journal_set(jr, &tb->places, tb->places + 1);

    chatws_people_rest_person(tb, person);
    chatws_people_rest_crowd(tb, crowd);

    chatws_journal_commit(jr);

    return place;
}


/* Whether there is room for a row with this name, if it is not NULL. */

static int
chatws_people_reserve(chatws_people_t *tb, const chatws_people_name_t *name,
    uint32_t person, uint32_t crowd)
{
    uint32_t  n;

    n = name != NULL && name->id.len > CHATWS_PEOPLE_INLINE ? 2 : 1;

    while (tb->arena.nfree < n) {

        if (!chatws_people_reclaim(tb, person, crowd)) {
            chatws_shared_set(&tb->refused, tb->refused + 1);
            return 0;
        }
    }

    return 1;
}


/* In an open step: makes a row of zeros, for which there is room. */

static uint32_t
chatws_people_take(chatws_people_t *tb, uint32_t kind, uint64_t hash)
{
    uint32_t              row, *head;
    chatws_journal_t     *jr;
    chatws_people_row_t  *r;

    jr = &tb->journal;

    row = chatws_arena_take_block(&tb->arena, jr);
    r = chatws_people_row(tb, row);
    head = chatws_people_head(tb, hash);

    /* if the step is undone, a sweep has to see that the row is free */

    chatws_journal_set(jr, &r->flags, kind);
    chatws_journal_set64(jr, &tb->serial, tb->serial + 1);

    memset((uint8_t *) r + offsetof(chatws_people_row_t, serial), 0,
           sizeof(chatws_place_t) - offsetof(chatws_people_row_t, serial));
    CHATWS_STORE_HOOK();

    r->serial = tb->serial;
    r->chain = *head;
    CHATWS_STORE_HOOK();

    chatws_journal_set(jr, head, row);

    return row;
}


/* In an open step: gives a new row its name, for which there is room. */

static void
chatws_people_name(chatws_people_t *tb, uint32_t row, chatws_people_id_t *id,
    const chatws_str_t *name)
{
    uint32_t               block, len;
    chatws_people_row_t   *r;
    chatws_people_tail_t  *tail;

    r = chatws_people_row(tb, row);
    len = (uint32_t) name->len;

    if (len > CHATWS_PEOPLE_INLINE) {
        block = chatws_arena_take_block(&tb->arena, &tb->journal);

        tail = chatws_arena_block(&tb->arena, block);
        chatws_journal_set(&tb->journal, &tail->flags, CHATWS_PEOPLE_TAIL);

        memcpy(tail->text, name->data + CHATWS_PEOPLE_INLINE,
               len - CHATWS_PEOPLE_INLINE);
        CHATWS_STORE_HOOK();

        id->tail = block;
        len = CHATWS_PEOPLE_INLINE;
    }

    memcpy(id->text, name->data, len);
    r->flags |= (uint32_t) name->len << CHATWS_PEOPLE_LEN;
    CHATWS_STORE_HOOK();
}


void
chatws_people_flag(chatws_people_t *tb, chatws_people_row_t *row,
    uint32_t mask, uint32_t flags)
{
    flags = (row->flags & ~mask) | (flags & mask);

    if (flags != row->flags) {
        chatws_journal_set(&tb->journal, &row->flags, flags);
    }
}


/* In an open step: takes a row out of its bucket, and frees it. */

static void
chatws_people_free(chatws_people_t *tb, uint32_t row, uint64_t hash)
{
    uint32_t             *link;
    chatws_people_row_t  *r;

    r = chatws_people_row(tb, row);
    link = chatws_people_head(tb, hash);

    while (*link != row) {
        link = &chatws_people_row(tb, *link)->chain;
    }

    chatws_journal_set(&tb->journal, link, r->chain);
    chatws_journal_set(&tb->journal, &r->flags, 0);
    chatws_arena_give_block(&tb->arena, &tb->journal, row);
}


void
chatws_people_free_named(chatws_people_t *tb, uint32_t row)
{
    uint32_t              tail;
    chatws_people_row_t  *r;

    r = chatws_people_row(tb, row);
    tail = chatws_people_id_of(r)->tail;

    if (tail != 0) {
        chatws_journal_set(&tb->journal,
                           &chatws_people_row(tb, tail)->flags, 0);
        chatws_arena_give_block(&tb->arena, &tb->journal, tail);
    }

    if (chatws_people_is(r, CHATWS_PEOPLE_PERSON)) {
        chatws_journal_set(&tb->journal, &tb->persons, tb->persons - 1);
        chatws_people_free(tb, row, chatws_people_person(tb, row)->hash);

    } else {
        chatws_journal_set(&tb->journal, &tb->crowds, tb->crowds - 1);
        chatws_people_free(tb, row, chatws_people_crowd(tb, row)->hash);
    }
}


void
chatws_people_free_place(chatws_people_t *tb, uint32_t place)
{
    uint32_t           crowd, next, person;
    chatws_crowd_t    *c;
    chatws_place_t    *p;
    chatws_person_t   *pe;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    p = chatws_people_place(tb, place);

    crowd = p->crowd;
    person = p->person;
    c = chatws_people_crowd(tb, crowd);
    pe = chatws_people_person(tb, person);

    chatws_people_unchange(tb, place);
    chatws_people_undirty(tb, place);

    if (pe->cursor == place) {
        next = chatws_people_next(tb, pe->places,
                                  offsetof(chatws_place_t, of_person), place);
        chatws_journal_set(jr, &pe->cursor, next);
    }

    chatws_people_unlink(tb, &pe->places, offsetof(chatws_place_t, of_person),
                         place);
    chatws_people_unlink(tb, &c->places, offsetof(chatws_place_t, of_crowd),
                         place);

    chatws_journal_set(jr, &pe->nplaces, pe->nplaces - 1);
    chatws_journal_set(jr, &tb->places, tb->places - 1);

    chatws_people_free(tb, place, chatws_people_place_hash(person, crowd));

    chatws_people_rest_person(tb, person);
    chatws_people_rest_crowd(tb, crowd);
}


void
chatws_people_drop_place(chatws_people_t *tb, uint32_t place)
{
    uint32_t         held;
    chatws_place_t  *p;

    p = chatws_people_place(tb, place);

    held = CHATWS_PLACE_MEMBER|CHATWS_PLACE_SUBSCRIBED|CHATWS_PLACE_KEPT
           |CHATWS_PLACE_REMOVED|CHATWS_PLACE_CHANGED;

    if (tb->feed) {
        held |= CHATWS_PLACE_DIRTY|CHATWS_PLACE_FLIGHT;
    }

    if (!(p->row.flags & held)) {
        chatws_people_free_place(tb, place);
    }
}
