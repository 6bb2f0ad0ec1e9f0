
/*
 * Copyright (C) chatws contributors
 *
 * The table of members, the counts of users, and the changes of a chat when
 * members come and go.
 */


#include "store/chatws_table.h"

#include <string.h>


static uint32_t *chatws_table_member_head(chatws_table_t *tb, uint32_t chat,
    uint64_t user);
static uint32_t *chatws_table_user_head(chatws_table_t *tb, uint64_t user);
static void chatws_table_fetch(chatws_table_t *tb, uint32_t *link);
static chatws_member_t *chatws_table_member(chatws_table_t *tb,
    uint32_t member);
static uint32_t chatws_table_search(chatws_table_t *tb, uint32_t chat,
    const chatws_member_key_t *key);
static void chatws_table_insert(chatws_table_t *tb, uint32_t member,
    uint32_t chat, const chatws_member_key_t *key);
static void chatws_table_remove(chatws_table_t *tb, uint32_t member);
static uint32_t *chatws_table_link(chatws_table_t *tb, uint32_t member);
static void chatws_table_user_left(chatws_table_t *tb, uint32_t chat,
    uint64_t user);
static int chatws_table_has_user(chatws_table_t *tb, uint32_t chat,
    uint64_t user);
static uint32_t chatws_table_user(chatws_table_t *tb, uint64_t user);
static void chatws_table_user_add(chatws_table_t *tb, uint64_t user);
static void chatws_table_user_sub(chatws_table_t *tb, uint64_t user,
    uint32_t n);
static void chatws_table_add(chatws_table_t *tb, uint32_t chat,
    const chatws_member_key_t *key);
static void chatws_table_sub(chatws_table_t *tb, uint32_t chat, uint64_t user,
    uint32_t n);
static void chatws_table_clear(chatws_table_t *tb, uint32_t chat,
    uint32_t slot);
static void chatws_table_move(chatws_table_t *tb, uint32_t from, uint32_t to);


static chatws_member_t *
chatws_table_member(chatws_table_t *tb, uint32_t member)
{
    return chatws_arena_cell(&tb->arena, member);
}


static uint32_t *
chatws_table_member_head(chatws_table_t *tb, uint32_t chat, uint64_t user)
{
    uint64_t  hash;

    /* 2^64 divided by the golden ratio spreads one user's chats */

    hash = user ^ chat * (uint64_t) 0x9e3779b97f4a7c15;

    return chatws_table_array(tb, uint32_t, members)
           + ((hash >> 32) * tb->nmembers >> 32);
}


/*
 * Users have buckets of their own: in those of the members they would make the
 * chains longer that a publish looks at.
 */

static uint32_t *
chatws_table_user_head(chatws_table_t *tb, uint64_t user)
{
    return chatws_table_array(tb, uint32_t, users)
           + ((user >> 32) * tb->nchats >> 32);
}


void
chatws_table_prefetch_member(chatws_table_t *tb, uint64_t hash, uint64_t user)
{
    uint32_t  chat;

    chat = chatws_table_peek(tb, hash);

    if (chat != 0) {
        chatws_table_fetch(tb, chatws_table_member_head(tb, chat, user));
    }

    chatws_table_fetch(tb, chatws_table_user_head(tb, user));
    chatws_table_fetch(tb, &tb->arena.cell);
}


/* The rows of a bucket, of which any number may be the first one. */

static void
chatws_table_fetch(chatws_table_t *tb, uint32_t *link)
{
    uint32_t          i, member;
    chatws_member_t  *m;

    for (i = 0; i < CHATWS_TABLE_FETCH; i++) {
        member = __atomic_load_n(link, __ATOMIC_RELAXED);

        if (member == 0
            || (member - 1) / tb->arena.units >= tb->arena.nblocks)
        {
            break;
        }

        m = chatws_table_member(tb, member);
        __builtin_prefetch(m, 1);

        link = &m->cell.chain;
    }
}


chatws_rc_e
chatws_table_join(chatws_table_t *tb, uint32_t chat,
    const chatws_member_key_t *key)
{
    int                had;
    uint32_t           cells, member;
    chatws_chat_t     *ch;
    chatws_member_t   *m;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    member = chatws_table_search(tb, chat, key);

    if (member != 0) {
        m = chatws_table_member(tb, member);

        chatws_journal_begin(jr, NULL, 0);
        chatws_journal_set(jr, &m->count, m->count + 1);
        chatws_table_add(tb, chat, key);
        chatws_journal_commit(jr);

        return CHATWS_OK;
    }

    /* a user that is new in the zone takes a cell as well */

    cells = chatws_table_is_inbox(tb, chat)
            || chatws_table_user(tb, key->user) != 0 ? 1 : 2;

    if (tb->arena.ncells < cells
        && tb->arena.nfree == 0
        && !chatws_table_reclaim(tb, chat))
    {
        return CHATWS_BUSY;
    }

    had = chatws_table_has_user(tb, chat, key->user);

    chatws_journal_begin(jr, NULL, 0);

    member = chatws_arena_take_cell(&tb->arena, jr);
    chatws_table_insert(tb, member, chat, key);
    chatws_table_add(tb, chat, key);

    if (!had) {
        ch = chatws_table_chat(tb, chat);
        chatws_journal_set(jr, &ch->u.users, ch->u.users + 1);
    }

    chatws_journal_commit(jr);

    return CHATWS_OK;
}


uint32_t
chatws_table_share(chatws_table_t *tb, uint64_t user)
{
    uint32_t  row;

    row = chatws_table_user(tb, user);

    return row != 0 ? chatws_table_member(tb, row)->count : 0;
}


/* The row of a user, or 0. */

static uint32_t
chatws_table_user(chatws_table_t *tb, uint64_t user)
{
    uint32_t          row;
    chatws_member_t  *m;

    row = *chatws_table_user_head(tb, user);

    while (row != 0) {
        m = chatws_table_member(tb, row);

        if (m->user == user) {
            break;
        }

        row = m->cell.chain;
    }

    return row;
}


/* In an open step, with a free cell for a user that is new. */

static void
chatws_table_user_add(chatws_table_t *tb, uint64_t user)
{
    uint32_t           row, *head;
    chatws_member_t   *m;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    row = chatws_table_user(tb, user);

    if (row != 0) {
        m = chatws_table_member(tb, row);
        chatws_journal_set(jr, &m->count, m->count + 1);
        return;
    }

    row = chatws_arena_take_cell(&tb->arena, jr);
    m = chatws_table_member(tb, row);
    head = chatws_table_user_head(tb, user);

    memset(m, 0, sizeof(chatws_member_t));
    CHATWS_STORE_HOOK();

    m->cell.mark = CHATWS_TABLE_USER;
    m->cell.chain = *head;
    m->user = user;
    m->count = 1;
    CHATWS_STORE_HOOK();

    chatws_journal_set(jr, head, row);
    chatws_journal_set(jr, &tb->users_used, tb->users_used + 1);
}


/* In an open step: removes n connections, and the row with the last one. */

static void
chatws_table_user_sub(chatws_table_t *tb, uint64_t user, uint32_t n)
{
    uint32_t           row;
    chatws_member_t   *m;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    row = chatws_table_user(tb, user);
    m = chatws_table_member(tb, row);

    if (m->count > n) {
        chatws_journal_set(jr, &m->count, m->count - n);
        return;
    }

    chatws_journal_set(jr, chatws_table_link(tb, row), m->cell.chain);

    chatws_journal_set(jr, &tb->users_used, tb->users_used - 1);
    chatws_arena_give_cell(&tb->arena, jr, row);
}


/* The row of a member, or 0. */

static uint32_t
chatws_table_search(chatws_table_t *tb, uint32_t chat,
    const chatws_member_key_t *key)
{
    uint32_t          member;
    chatws_member_t  *m;

    member = *chatws_table_member_head(tb, chat, key->user);

    while (member != 0) {
        m = chatws_table_member(tb, member);

        if (m->cell.mark == chat && m->user == key->user
            && m->slot == key->slot && m->flags == key->flags)
        {
            break;
        }

        member = m->cell.chain;
    }

    return member;
}


/* Makes a cell the row of a member, and links it. */

static void
chatws_table_insert(chatws_table_t *tb, uint32_t member, uint32_t chat,
    const chatws_member_key_t *key)
{
    uint32_t          *head, *slot;
    chatws_member_t   *m, *first;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    m = chatws_table_member(tb, member);
    head = chatws_table_member_head(tb, chat, key->user);
    slot = chatws_table_array(tb, uint32_t, slots) + key->slot;

    m->cell.mark = chat;
    m->cell.chain = *head;
    m->cell.prev = 0;
    m->cell.next = *slot;
    CHATWS_STORE_HOOK();

    m->user = key->user;
    m->slot = (uint16_t) key->slot;
    m->flags = (uint16_t) key->flags;
    m->count = 1;
    CHATWS_STORE_HOOK();

    if (*slot != 0) {
        first = chatws_table_member(tb, *slot);
        chatws_journal_set(jr, &first->cell.prev, member);
    }

    chatws_journal_set(jr, slot, member);
    chatws_journal_set(jr, head, member);
    chatws_journal_set(jr, &tb->members_used, tb->members_used + 1);
}


/*
 * Counts a connection in its chat and, unless that is an inbox, for its user;
 * notes the interest of its slot.
 */

static void
chatws_table_add(chatws_table_t *tb, uint32_t chat,
    const chatws_member_key_t *key)
{
    uint64_t           bit, *word;
    chatws_chat_t     *ch;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    ch = chatws_table_chat(tb, chat);

    if (ch->total == 0) {
        chatws_table_idle_del(tb, chat);
        chatws_journal_set(jr, &ch->u.users, 0);
    }

    chatws_journal_set(jr, &ch->total, ch->total + 1);

    if (!chatws_table_is_inbox(tb, chat)) {
        chatws_journal_set64(jr, &tb->subscriptions, tb->subscriptions + 1);
        chatws_table_user_add(tb, key->user);
    }

    word = &ch->interest[key->slot / 64];
    bit = (uint64_t) 1 << key->slot % 64;

    if (!(*word & bit)) {
        chatws_journal_set64(jr, word, *word | bit);
    }
}


/* Takes n connections of a user off the counts of a chat and of the user. */

static void
chatws_table_sub(chatws_table_t *tb, uint32_t chat, uint64_t user, uint32_t n)
{
    chatws_chat_t     *ch;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    ch = chatws_table_chat(tb, chat);

    chatws_journal_set(jr, &ch->total, ch->total - n);

    if (!chatws_table_is_inbox(tb, chat)) {
        chatws_journal_set64(jr, &tb->subscriptions, tb->subscriptions - n);
        chatws_table_user_sub(tb, user, n);
    }

    if (ch->total == 0) {
        chatws_table_idle_add(tb, chat);
    }
}


/* Removes the interest of a slot in a chat. */

static void
chatws_table_clear(chatws_table_t *tb, uint32_t chat, uint32_t slot)
{
    uint64_t        bit, *word;
    chatws_chat_t  *ch;

    ch = chatws_table_chat(tb, chat);
    word = &ch->interest[slot / 64];
    bit = (uint64_t) 1 << slot % 64;

    if (*word & bit) {
        chatws_journal_set64(&tb->journal, word, *word & ~bit);
    }
}


void
chatws_table_leave(chatws_table_t *tb, uint32_t chat,
    const chatws_member_key_t *key, int none)
{
    uint32_t           member;
    chatws_member_t   *m;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    member = chatws_table_search(tb, chat, key);

    if (member == 0) {
        return;
    }

    chatws_journal_begin(jr, NULL, 0);

    if (none) {
        chatws_table_clear(tb, chat, key->slot);
    }

    chatws_table_sub(tb, chat, key->user, 1);
    m = chatws_table_member(tb, member);

    if (m->count > 1) {
        chatws_journal_set(jr, &m->count, m->count - 1);

    } else {
        chatws_table_remove(tb, member);
        chatws_table_user_left(tb, chat, key->user);
    }

    chatws_journal_commit(jr);
}


int
chatws_table_drop(chatws_table_t *tb, uint32_t slot)
{
    uint32_t          chat, member, n;
    uint64_t          user;
    chatws_member_t  *m;

    member = chatws_table_array(tb, uint32_t, slots)[slot];

    if (member == 0) {
        return 0;
    }

    m = chatws_table_member(tb, member);
    chat = m->cell.mark;
    user = m->user;
    n = m->count;

    chatws_journal_begin(&tb->journal, NULL, 0);

    chatws_table_clear(tb, chat, slot);
    chatws_table_sub(tb, chat, user, n);
    chatws_table_remove(tb, member);
    chatws_table_user_left(tb, chat, user);

    chatws_journal_commit(&tb->journal);

    return 1;
}


/*
 * A member was removed, and its connections are taken off the chat: if the
 * chat has others, but none of this user, it has one user less.
 */

static void
chatws_table_user_left(chatws_table_t *tb, uint32_t chat, uint64_t user)
{
    chatws_chat_t  *ch;

    ch = chatws_table_chat(tb, chat);

    if (ch->total != 0 && !chatws_table_has_user(tb, chat, user)) {
        chatws_journal_set(&tb->journal, &ch->u.users, ch->u.users - 1);
    }
}


/* Whether a user has a member of the chat, in whatever slot. */

static int
chatws_table_has_user(chatws_table_t *tb, uint32_t chat, uint64_t user)
{
    uint32_t          member;
    chatws_member_t  *m;

    member = *chatws_table_member_head(tb, chat, user);

    while (member != 0) {
        m = chatws_table_member(tb, member);

        if (m->cell.mark == chat && m->user == user) {
            return 1;
        }

        member = m->cell.chain;
    }

    return 0;
}


/* Unlinks the row of a member and frees it. */

static void
chatws_table_remove(chatws_table_t *tb, uint32_t member)
{
    uint32_t          *link;
    chatws_member_t   *m, *other;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    m = chatws_table_member(tb, member);

    chatws_journal_set(jr, chatws_table_link(tb, member), m->cell.chain);

    if (m->cell.prev != 0) {
        other = chatws_table_member(tb, m->cell.prev);
        chatws_journal_set(jr, &other->cell.next, m->cell.next);

    } else {
        link = chatws_table_array(tb, uint32_t, slots) + m->slot;
        chatws_journal_set(jr, link, m->cell.next);
    }

    if (m->cell.next != 0) {
        other = chatws_table_member(tb, m->cell.next);
        chatws_journal_set(jr, &other->cell.prev, m->cell.prev);
    }

    chatws_journal_set(jr, &tb->members_used, tb->members_used - 1);
    chatws_arena_give_cell(&tb->arena, jr, member);
}


/* The link in its bucket that leads to a row, of a member or a user. */

static uint32_t *
chatws_table_link(chatws_table_t *tb, uint32_t member)
{
    uint32_t         *link;
    chatws_member_t  *m;

    m = chatws_table_member(tb, member);

    link = m->cell.mark == CHATWS_TABLE_USER
           ? chatws_table_user_head(tb, m->user)
           : chatws_table_member_head(tb, m->cell.mark, m->user);

    while (*link != member) {
        link = &chatws_table_member(tb, *link)->cell.chain;
    }

    return link;
}


uint32_t
chatws_table_members(chatws_table_t *tb, uint32_t chat, uint64_t user,
    uint32_t flags)
{
    uint32_t          member, n;
    chatws_member_t  *m;

    n = 0;
    member = *chatws_table_member_head(tb, chat, user);

    while (member != 0) {
        m = chatws_table_member(tb, member);

        if (m->cell.mark == chat && m->user == user
            && !(m->flags & flags))
        {
            n += m->count;
        }

        member = m->cell.chain;
    }

    return n;
}


void
chatws_table_compact(chatws_table_t *tb)
{
    uint32_t         cell, first, i, to, units;
    chatws_arena_t  *ar;
    chatws_cell_t   *c;

    ar = &tb->arena;
    units = ar->units;
    first = chatws_arena_first(ar, ar->cell);

    for (i = 0; i < units; i++) {
        cell = first + i;
        c = chatws_arena_cell(ar, cell);

        if (c->mark == 0) {
            continue;
        }

        /* a free cell of another block */

        for (to = ar->cell; to - first < units; /* void */) {
            to = ((chatws_cell_t *) chatws_arena_cell(ar, to))->next;
        }

        chatws_table_move(tb, cell, to);
    }
}


/* Moves a row, of a member or a user, to a free cell. */

static void
chatws_table_move(chatws_table_t *tb, uint32_t from, uint32_t to)
{
    uint32_t          *link;
    chatws_member_t   *m, *other;
    chatws_journal_t  *jr;

    jr = &tb->journal;
    m = chatws_table_member(tb, from);

    chatws_journal_begin(jr, NULL, 0);

    chatws_arena_take_this(&tb->arena, jr, to);
    memcpy(chatws_table_member(tb, to), m, sizeof(chatws_member_t));
    CHATWS_STORE_HOOK();

    chatws_journal_set(jr, chatws_table_link(tb, from), to);

    if (m->cell.prev != 0) {
        other = chatws_table_member(tb, m->cell.prev);
        chatws_journal_set(jr, &other->cell.next, to);

    } else if (m->cell.mark != CHATWS_TABLE_USER) {
        link = chatws_table_array(tb, uint32_t, slots) + m->slot;
        chatws_journal_set(jr, link, to);
    }

    if (m->cell.next != 0) {
        other = chatws_table_member(tb, m->cell.next);
        chatws_journal_set(jr, &other->cell.prev, to);
    }

    chatws_arena_give_cell(&tb->arena, jr, from);

    chatws_journal_commit(jr);
}
