
/*
 * Copyright (C) chatws contributors
 *
 * The layout of the shared state, its slots and its subscriptions.  Publishing
 * is in chatws_store_ring.c.
 *
 *   head              magic, sizes, heads of the rings and tables, journal
 *   slots
 *   tables            the rest
 *   durable ring      half of the memory behind the slots
 *   ephemeral ring    a 16th of that, at least 4K
 */


#include "store/chatws_store_private.h"

#include <string.h>


#define CHATWS_STORE_MAGIC      0x3130737774616863ULL
#define CHATWS_STORE_LAYOUT     4

/* bytes of the ephemeral ring and blocks of the tables, at least */
#define CHATWS_STORE_EPHEMERAL  4096
#define CHATWS_STORE_BLOCKS     16

#define chatws_store_align(n)  (((n) + 63) & ~(uint64_t) 63)


static uint32_t chatws_store_blocks(uint32_t nslots, uint64_t size);


size_t
chatws_store_min_size(uint32_t nslots)
{
    uint64_t  rest;

    rest = chatws_table_size(nslots, CHATWS_STORE_BLOCKS)
           + CHATWS_STORE_EPHEMERAL + 64;

    return (size_t) (chatws_store_align(sizeof(chatws_store_t))
                     + nslots * sizeof(chatws_slot_t) + 2 * rest + 64);
}


chatws_rc_e
chatws_store_init(void *mem, size_t size, uint32_t nslots,
    const uint8_t key[16], uint64_t epoch)
{
    uint32_t         blocks, i;
    uint64_t         rings[CHATWS_RINGS], rest;
    uint8_t         *p;
    chatws_slot_t   *slot;
    chatws_store_t  *st;

    if (nslots == 0
        || nslots > CHATWS_SLOTS_MAX
        || size < chatws_store_min_size(nslots)
        || (uintptr_t) mem % 64 != 0)
    {
        return CHATWS_ERROR;
    }

    st = mem;
    memset(st, 0, sizeof(chatws_store_t));

    p = (uint8_t *) mem + chatws_store_align(sizeof(chatws_store_t));

    st->nslots = nslots;
    st->slots = (uint64_t) (p - (uint8_t *) st);
    memset(p, 0, nslots * sizeof(chatws_slot_t));

    for (i = 0; i < nslots; i++) {
        slot = chatws_store_slot(st, i);
        slot->cursor[CHATWS_DURABLE] = CHATWS_OFF_NONE;
        slot->cursor[CHATWS_EPHEMERAL] = CHATWS_OFF_NONE;
    }

    p += nslots * sizeof(chatws_slot_t);
    rest = (uint64_t) ((uint8_t *) mem + size - p) & ~(uint64_t) 63;

    rings[CHATWS_DURABLE] = rest / 2 & ~(uint64_t) 63;
    rings[CHATWS_EPHEMERAL] = rest / 16 & ~(uint64_t) 63;

    if (rings[CHATWS_EPHEMERAL] < CHATWS_STORE_EPHEMERAL) {
        rings[CHATWS_EPHEMERAL] = CHATWS_STORE_EPHEMERAL;
    }

    rest -= rings[CHATWS_DURABLE] + rings[CHATWS_EPHEMERAL];
    blocks = chatws_store_blocks(nslots, rest);

    chatws_table_init(&st->table, p, nslots, blocks, key);
    p += chatws_table_size(nslots, blocks);

    chatws_ring_init(&st->ring[CHATWS_DURABLE], p, rings[CHATWS_DURABLE]);
    p += rings[CHATWS_DURABLE];

    chatws_ring_init(&st->ring[CHATWS_EPHEMERAL], p, rings[CHATWS_EPHEMERAL]);

    st->size = size;
    st->epoch = epoch;
    st->layout = CHATWS_STORE_LAYOUT;
    chatws_shared_set(&st->magic, CHATWS_STORE_MAGIC);

    return CHATWS_OK;
}


/*
 * The number of blocks with which the tables fit into size bytes.
 */

static uint32_t
chatws_store_blocks(uint32_t nslots, uint64_t size)
{
    uint64_t  high, low, middle;

    /* cells are numbered in 32 bits */

    low = 0;
    high = (uint32_t) -1 / chatws_table_units(nslots);

    while (low < high) {
        middle = (low + high + 1) / 2;

        if (chatws_table_size(nslots, (uint32_t) middle) <= size) {
            low = middle;

        } else {
            high = middle - 1;
        }
    }

    return (uint32_t) low;
}


chatws_rc_e
chatws_store_attach(void *mem, size_t size)
{
    chatws_store_t  *st;

    st = mem;

    if (size < sizeof(chatws_store_t)
        || chatws_shared_get(&st->magic) != CHATWS_STORE_MAGIC
        || st->layout != CHATWS_STORE_LAYOUT
        || st->size != size)
    {
        return CHATWS_ERROR;
    }

    return CHATWS_OK;
}


void
chatws_store_recover(chatws_store_t *st)
{
    chatws_journal_recover(&st->table.journal);
}


uint64_t
chatws_store_epoch(chatws_store_t *st)
{
    return st->epoch;
}


uint32_t
chatws_store_nslots(chatws_store_t *st)
{
    return st->nslots;
}


uint64_t
chatws_store_stamp(chatws_store_t *st, uint64_t min)
{
    uint64_t  last, next;

    last = __atomic_load_n(&st->stamp, __ATOMIC_RELAXED);

    do {
        next = last < min ? min : last + 1;

    } while (!__atomic_compare_exchange_n(&st->stamp, &last, next, 1,
                                          __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));

    return next;
}


uint64_t
chatws_store_hash(chatws_store_t *st, const uint8_t *p, size_t len)
{
    uint64_t  hash;

    hash = chatws_hash(st->table.key, p, len);

    return hash != 0 ? hash : 1;
}


void
chatws_store_prefetch(chatws_store_t *st, const chatws_str_t *chat)
{
    chatws_table_prefetch(&st->table, chatws_table_hash(&st->table, chat));
}


void
chatws_store_prefetch_member(chatws_store_t *st, uint64_t chat, uint64_t user)
{
    chatws_table_prefetch_member(&st->table, chat, user);
}


chatws_slot_t *
chatws_store_slot(chatws_store_t *st, uint32_t slot)
{
    return (chatws_slot_t *) (void *) ((uint8_t *) st + st->slots) + slot;
}


uint64_t *
chatws_store_counters(chatws_store_t *st)
{
    return st->counters;
}


uint32_t
chatws_store_claim(chatws_store_t *st, int64_t pid, uint64_t wake)
{
    uint32_t        i;
    chatws_slot_t  *slot;

    for (i = 0; i < st->nslots; i++) {
        slot = chatws_store_slot(st, i);

        if (slot->state == CHATWS_SLOT_FREE) {
            chatws_shared_set(&slot->cursor[CHATWS_DURABLE], CHATWS_OFF_NONE);
            chatws_shared_set(&slot->cursor[CHATWS_EPHEMERAL],
                              CHATWS_OFF_NONE);
            chatws_shared_set(&slot->blocked, 0);
            chatws_shared_set(&slot->lapped, 0);
            chatws_shared_set(&slot->wake, wake);
            chatws_shared_set(&slot->serial, slot->serial + 1);
            chatws_shared_set(&slot->pid, pid);
            chatws_shared_set(&slot->state, CHATWS_SLOT_LIVE);

            return i;
        }
    }

    return CHATWS_SLOT_NONE;
}


chatws_rc_e
chatws_store_release(chatws_store_t *st, uint32_t n, uint32_t budget)
{
    uint32_t           i;
    chatws_slot_t     *slot;
    chatws_journal_t  *jr;

    jr = &st->table.journal;
    slot = chatws_store_slot(st, n);

    if (slot->state == CHATWS_SLOT_FREE) {

        /*
         * a process died in claim() before the slot was live, or in this
         * function when it was free already
         */

        chatws_shared_set(&slot->pid, 0);

        return CHATWS_OK;
    }

    chatws_shared_set(&slot->state, CHATWS_SLOT_LEAVING);
    chatws_shared_set(&slot->cursor[CHATWS_DURABLE], CHATWS_OFF_NONE);
    chatws_shared_set(&slot->cursor[CHATWS_EPHEMERAL], CHATWS_OFF_NONE);

    do {
        if (budget-- == 0) {
            return CHATWS_AGAIN;
        }

    } while (chatws_table_drop(&st->table, n));

    for (i = 0; i < CHATWS_COUNTERS; i++) {

        if (slot->counters[i] == 0) {
            continue;
        }

        chatws_journal_begin(jr, NULL, 0);
        chatws_journal_set64(jr, &st->counters[i],
                             st->counters[i] + slot->counters[i]);
        chatws_journal_set64(jr, &slot->counters[i], 0);
        chatws_journal_commit(jr);
    }

    chatws_shared_set(&slot->state, CHATWS_SLOT_FREE);
    chatws_shared_set(&slot->pid, 0);

    return CHATWS_OK;
}


uint32_t
chatws_store_pending(chatws_store_t *st, uint32_t *wake)
{
    uint32_t        i, n;
    chatws_slot_t  *slot;

    n = 0;

    for (i = 0; i < st->nslots; i++) {
        slot = chatws_store_slot(st, i);

        if (slot->state == CHATWS_SLOT_LIVE
            && (slot->lapped
                || slot->cursor[CHATWS_DURABLE] != CHATWS_OFF_NONE
                || slot->cursor[CHATWS_EPHEMERAL] != CHATWS_OFF_NONE))
        {
            wake[n++] = i;
        }
    }

    return n;
}


chatws_rc_e
chatws_store_subscribe(chatws_store_t *st, uint32_t slot,
    const chatws_str_t *chat, uint64_t user, uint32_t flags, uint32_t share,
    chatws_subscribed_t *out)
{
    uint32_t             row;
    uint64_t             hash;
    chatws_rc_e          rc;
    chatws_table_t      *tb;
    chatws_member_key_t  key;

    if (chat->len == 0
        || chat->len > CHATWS_CHAT_MAX
        || chatws_store_slot(st, slot)->state != CHATWS_SLOT_LIVE)
    {
        return CHATWS_ERROR;
    }

    tb = &st->table;

    if (share != CHATWS_SHARE_ANY && chatws_table_share(tb, user) >= share) {
        return CHATWS_DECLINED;
    }

    hash = chatws_table_hash(tb, chat);
    row = chatws_table_find(tb, chat, hash);

    if (row == 0) {
        row = chatws_table_create(tb, chat, hash);

        if (row == 0) {
            return CHATWS_BUSY;
        }
    }

    key.slot = slot;
    key.flags = flags;
    key.user = user;

    rc = chatws_table_join(tb, row, &key);

    if (rc != CHATWS_OK) {
        return rc;
    }

    chatws_store_position(st, row, out);

    return CHATWS_OK;
}


uint32_t
chatws_store_share(chatws_store_t *st)
{
    uint32_t  share;

    share = st->table.arena.nblocks / 4;

    return share > CHATWS_SHARE_MIN ? share : CHATWS_SHARE_MIN;
}


uint32_t
chatws_store_users(chatws_store_t *st, uint32_t chat)
{
    return chatws_table_chat(&st->table, chat)->u.users;
}


void
chatws_store_unsubscribe(chatws_store_t *st, uint32_t slot, uint32_t chat,
    uint64_t user, uint32_t flags, int last)
{
    chatws_member_key_t  key;

    key.slot = slot;
    key.flags = flags;
    key.user = user;

    chatws_table_leave(&st->table, chat, &key, last);
}


void
chatws_store_position(chatws_store_t *st, uint32_t chat,
    chatws_subscribed_t *out)
{
    chatws_chat_t  *ch;

    ch = chatws_table_chat(&st->table, chat);

    out->chat = chat;
    out->serial = ch->serial;
    out->seq = ch->seq;
    out->last = ch->last;
    out->head = chatws_ring_head(&st->ring[CHATWS_DURABLE]);
}


uint64_t
chatws_store_last(chatws_store_t *st, const chatws_str_t *chat)
{
    return chatws_table_last(&st->table, chat,
                             chatws_table_hash(&st->table, chat));
}


chatws_inboxes_t *
chatws_table_inboxes(chatws_table_t *tb)
{
    chatws_store_t  *st;

    st = (chatws_store_t *) (void *) ((uint8_t *) tb
                                      - offsetof(chatws_store_t, table));

    return &st->inboxes;
}


chatws_rc_e
chatws_store_find(chatws_store_t *st, const chatws_str_t *chat,
    chatws_subscribed_t *out)
{
    uint32_t  row;

    row = chatws_table_find(&st->table, chat,
                            chatws_table_hash(&st->table, chat));

    if (row == 0) {
        return CHATWS_DECLINED;
    }

    chatws_store_position(st, row, out);

    return CHATWS_OK;
}


uint32_t
chatws_store_members(chatws_store_t *st, uint32_t chat, uint64_t user,
    uint32_t flags)
{
    return chatws_table_members(&st->table, chat, user, flags);
}


void
chatws_store_usage(chatws_store_t *st, chatws_usage_t *out)
{
    uint32_t         i;
    uint64_t         block;
    chatws_ring_t   *rg;
    chatws_arena_t  *ar;
    chatws_table_t  *tb;

    tb = &st->table;
    ar = &tb->arena;
    block = (uint64_t) ar->units * CHATWS_CELL_SIZE;

    out->chats = tb->chats_used - st->inboxes.rows;
    out->idle = tb->chats_idle - st->inboxes.idle;
    out->members = tb->members_used;
    out->subscriptions = tb->subscriptions;
    out->evictions = tb->evictions;

    out->arena_size = ar->nblocks * block;
    out->arena_chats = tb->chats_used * block;
    out->arena_ids = tb->chats_long * block;
    out->arena_members = ((uint64_t) tb->members_used + tb->users_used)
                         * CHATWS_CELL_SIZE;
    out->arena_partial = (uint64_t) ar->ncells * CHATWS_CELL_SIZE;
    out->arena_free = ar->nfree * block;

    for (i = 0; i < CHATWS_RINGS; i++) {
        rg = &st->ring[i];

        out->ring_size[i] = rg->size;
        out->ring_used[i] = rg->head - rg->tail;
        out->ring_oldest[i] = chatws_ring_oldest(rg);
    }
}
