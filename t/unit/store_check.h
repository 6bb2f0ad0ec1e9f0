
/*
 * Copyright (C) chatws contributors
 *
 * For the tests of the shared state: its files, a hook that follows every
 * store to shared memory, and a check of everything that must hold when no
 * step is under way.
 */


#ifndef _CHATWS_STORE_CHECK_H_INCLUDED_
#define _CHATWS_STORE_CHECK_H_INCLUDED_


static void store_hook(void);

#define CHATWS_STORE_HOOK()  store_hook()


#include "base/chatws_decimal.c"
#include "base/chatws_hash.c"
#include "store/chatws_journal.c"
#include "store/chatws_ring.c"
#include "store/chatws_arena.c"
#include "store/chatws_table.c"
#include "store/chatws_table_member.c"
#include "store/chatws_store.c"
#include "store/chatws_store_ring.c"
#include "websocket/chatws_frame.c"
#include "base/chatws_utf8.c"

#include <stdio.h>
#include <stdlib.h>


#define STORE_UNKNOWN  0
#define STORE_CHAT     1
#define STORE_ID       2
#define STORE_SPLIT    3
#define STORE_FREE     4

#define STORE_BODY     256    /* bytes of a body without its filling */

#define store_fault(...)                                                      \
    do {                                                                      \
        snprintf(store_text, sizeof(store_text), __VA_ARGS__);                \
        return store_text;                                                    \
    } while (0)

#define store_want(what)                                                      \
    do {                                                                      \
        if (!(what)) {                                                        \
            store_fault("line %d: %s", __LINE__, #what);                      \
        }                                                                     \
    } while (0)


/* reading the rings of a store */

#define store_head(st, log)  chatws_ring_head(chatws_store_ring(st, log))

#define store_entry(st, log, off, next)                                       \
    chatws_ring_entry(chatws_store_ring(st, log), off, next)

#define store_is_held(st, off)                                                \
    chatws_ring_is_held(chatws_store_ring(st, CHATWS_DURABLE), off)

#define store_replay(st, at, since, oldest, offsets, max, n)                  \
    chatws_ring_chain(chatws_store_ring(st, CHATWS_DURABLE), (at)->last,      \
                      (at)->serial, (at)->seq, since, oldest, offsets, max, n)


/* bytes of a chat row */
#define store_chat_size(st)  ((st)->table.arena.units * CHATWS_CELL_SIZE)


static char      store_text[256];
static uint8_t  *store_kind;     /* of each block */
static uint8_t  *store_free;     /* of each cell: in the list of free ones */


/*
 * The chat's row, 0: there is none.
 */

static uint32_t
store_find(chatws_store_t *st, const chatws_str_t *chat)
{
    return chatws_table_find(&st->table, chat,
                             chatws_table_hash(&st->table, chat));
}


/*
 * A body that tells by itself whether it is intact: a number, and as many
 * bytes of filling as its lower bits say.
 */

__attribute__((unused))
static size_t
store_body(uint8_t *p, uint32_t number, size_t fill, int sequenced)
{
    size_t  n;

    n = (size_t) sprintf((char *) p, "{\"k\":\"%08x%06zx\",\"x\":\"", number,
                         fill);

    memset(p + n, 'a' + number % 26, fill);
    n += fill;

    memcpy(p + n, sequenced ? "\",\"seq\":" : "\"}", sequenced ? 8 : 2);

    return n + (sequenced ? 8 : 2);
}


static const char *
store_check_entry(const chatws_entry_t *e)
{
    char           tail[32];
    size_t         head, i, len, n;
    unsigned       number, fill;
    const uint8_t  *p;

    p = e->frame;
    store_want(p[0] == 0x81);

    if (p[1] < 126) {
        head = 2;
        len = p[1];

    } else if (p[1] == 126) {
        head = 4;
        len = p[2] << 8 | p[3];

    } else {
        head = 10;
        len = (size_t) p[6] << 24 | p[7] << 16 | p[8] << 8 | p[9];
    }

    store_want(head + len == e->len);
    store_want(e->size == chatws_ring_size(e->len));

    p += head;

    if (memcmp(p, "{\"k\":\"", 6) != 0) {
        return NULL;
    }

    store_want(sscanf((const char *) p + 6, "%08x%06x", &number, &fill) == 2);

    p += 27;

    for (i = 0; i < fill; i++) {
        store_want(p[i] == 'a' + number % 26);
    }

    n = (size_t) (e->seq ? sprintf(tail, "\",\"seq\":%llu",
                                   (unsigned long long) e->seq)
                         : sprintf(tail, "\""));

    store_want(memcmp(p + fill, tail, n) == 0);

    n += fill;

    if (p[n] == ',') {
        store_want(memcmp(p + n, CHATWS_ENTRY_COUNT, 9) == 0);

        for (n += 9; p[n] >= '0' && p[n] <= '9'; n++) { /* void */ }
    }

    store_want(p[n] == '}' && 27 + n + 1 == len);

    return NULL;
}


static const char *
store_check_chain(chatws_store_t *st, uint32_t chat)
{
    uint64_t               off, seq, next;
    const char            *fault;
    chatws_ring_t         *rg;
    chatws_chat_t         *ch;
    const chatws_entry_t  *e;

    rg = &st->ring[CHATWS_DURABLE];
    ch = chatws_table_chat(&st->table, chat);
    seq = ch->seq;

    for (off = ch->last; off != 0; off = e->prev) {
        store_want(off <= rg->head);

        if (off - 1 < rg->tail) {
            break;
        }

        e = chatws_ring_entry(rg, off - 1, &next);
        store_want(e != NULL);
        store_want(next == off - 1 + e->size);
        store_want(e->seq == seq--);
        store_want(e->serial == ch->serial);
        store_want(e->chat == chat);
        store_want(e->prev < off);

        fault = store_check_entry(e);

        if (fault != NULL) {
            return fault;
        }
    }

    return NULL;
}


static const char *
store_check_chats(chatws_store_t *st)
{
    uint32_t         b, chat, idle, inboxes, last, n, longs;
    uint8_t         *p, id[CHATWS_CHAT_MAX];
    const char      *fault;
    chatws_str_t     str;
    chatws_chat_t   *ch;
    chatws_table_t  *tb;

    n = 0;
    idle = 0;
    longs = 0;
    inboxes = 0;
    tb = &st->table;

    for (b = 0; b < tb->nchats; b++) {
        chat = chatws_table_array(tb, uint32_t, chats)[b];

        for ( /* void */ ; chat != 0; chat = ch->next) {
            store_want(chat <= tb->arena.fresh);
            store_want(store_kind[chat] == STORE_UNKNOWN);

            store_kind[chat] = STORE_CHAT;
            ch = chatws_table_chat(tb, chat);
            n++;
            idle += ch->total == 0;
            inboxes += chatws_table_is_inbox(tb, chat);

            p = chatws_table_id(tb, ch);
            str.len = *p++;
            str.data = id;
            store_want(str.len >= 1 && str.len <= CHATWS_CHAT_MAX);

            if (str.len <= tb->inlined) {
                store_want(ch->tail == 0);
                memcpy(id, p, str.len);

            } else {
                longs++;
                store_want(ch->tail != 0 && ch->tail <= tb->arena.fresh);
                store_want(store_kind[ch->tail] == STORE_UNKNOWN);

                store_kind[ch->tail] = STORE_ID;
                memcpy(id, p, tb->inlined);
                memcpy(id + tb->inlined,
                       chatws_arena_block(&tb->arena, ch->tail),
                       str.len - tb->inlined);
            }

            store_want(chatws_table_hash(tb, &str) >> 32 == ch->hash);
            store_want(chatws_table_chat_head(tb, ch->hash)
                       == chatws_table_array(tb, uint32_t, chats) + b);
            store_want(store_find(st, &str) == chat);
            store_want(ch->serial != 0 && ch->serial <= tb->serial);
            store_want(ch->last == 0 || ch->seq != 0);

            fault = store_check_chain(st, chat);

            if (fault != NULL) {
                return fault;
            }
        }
    }

    store_want(n == tb->chats_used);
    store_want(longs == tb->chats_long);
    store_want(idle == tb->chats_idle);
    store_want(inboxes == st->inboxes.rows);

    n = 0;
    b = 0;
    inboxes = 0;
    last = 0;

    for (chat = tb->oldest; chat != 0; chat = ch->newer) {
        store_want(chat <= tb->arena.fresh && store_kind[chat] == STORE_CHAT);

        ch = chatws_table_chat(tb, chat);
        store_want(ch->total == 0);
        store_want(ch->u.older == b);
        store_want(++n <= idle);

        if (chatws_table_is_inbox(tb, chat)) {
            store_want(b == last);
            last = chat;
            inboxes++;
        }

        /* of both kinds, those that have no history come first */

        store_want(b == 0 || ch->last != 0
                   || chatws_table_chat(tb, b)->last == 0
                   || (b == last && chat != last));

        b = chat;
    }

    store_want(inboxes == st->inboxes.idle);
    store_want(last == st->inboxes.last);

    store_want(n == idle);
    store_want(tb->newest == b);

    return NULL;
}


/*
 * The subscriptions of a user, as its members have them.
 */

static uint32_t
store_count(chatws_store_t *st, uint64_t user)
{
    uint32_t          member, n, slot;
    chatws_table_t   *tb;
    chatws_member_t  *m;

    n = 0;
    tb = &st->table;

    for (slot = 0; slot < st->nslots; slot++) {
        member = chatws_table_array(tb, uint32_t, slots)[slot];

        for ( /* void */ ; member != 0; member = m->cell.next) {
            m = chatws_table_member(tb, member);

            if (m->user == user
                && !chatws_table_is_inbox(tb, m->cell.mark))
            {
                n += m->count;
            }
        }
    }

    return n;
}


static const char *
store_check_members(chatws_store_t *st)
{
    uint32_t          b, bit, *count, member, n, slot, users;
    uint8_t          *kind;
    uint64_t          sum;
    chatws_chat_t    *ch;
    chatws_table_t   *tb;
    chatws_member_t  *m;

    n = 0;
    sum = 0;
    users = 0;
    tb = &st->table;

    for (b = 0; b < tb->nmembers; b++) {
        member = chatws_table_array(tb, uint32_t, members)[b];

        for ( /* void */ ; member != 0; member = m->cell.chain) {
            store_want(member <= tb->arena.fresh * tb->arena.units);

            m = chatws_table_member(tb, member);

            kind = &store_kind[(member - 1) / tb->arena.units + 1];
            store_want(*kind == STORE_UNKNOWN || *kind == STORE_SPLIT);
            *kind = STORE_SPLIT;

            store_want(m->count != 0);
            store_want(m->cell.mark != 0);
            store_want(chatws_table_member_head(tb, m->cell.mark, m->user)
                       == chatws_table_array(tb, uint32_t, members) + b);

            store_want(++n <= tb->members_used);
            store_want(m->slot < st->nslots);
            store_want(store_kind[m->cell.mark] == STORE_CHAT);

            if (!chatws_table_is_inbox(tb, m->cell.mark)) {
                sum += m->count;
                store_want(chatws_table_share(tb, m->user) >= m->count);
            }

            bit = m->slot;
            ch = chatws_table_chat(tb, m->cell.mark);
            store_want(chatws_store_slot(st, bit)->state == CHATWS_SLOT_LEAVING
                       || ch->interest[bit / 64] >> bit % 64 & 1);
        }
    }

    for (b = 0; b < tb->nchats; b++) {
        member = chatws_table_array(tb, uint32_t, users)[b];

        for ( /* void */ ; member != 0; member = m->cell.chain) {
            store_want(member <= tb->arena.fresh * tb->arena.units);

            m = chatws_table_member(tb, member);

            kind = &store_kind[(member - 1) / tb->arena.units + 1];
            store_want(*kind == STORE_UNKNOWN || *kind == STORE_SPLIT);
            *kind = STORE_SPLIT;

            store_want(++users <= tb->users_used);
            store_want(m->cell.mark == CHATWS_TABLE_USER);
            store_want(m->cell.prev == 0 && m->cell.next == 0);
            store_want(chatws_table_user_head(tb, m->user)
                       == chatws_table_array(tb, uint32_t, users) + b);
            store_want(m->count == store_count(st, m->user));
        }
    }

    store_want(n == tb->members_used);
    store_want(users == tb->users_used);
    store_want(sum == tb->subscriptions);

    count = calloc(tb->arena.nblocks + 1, sizeof(uint32_t));

    for (slot = 0; slot < st->nslots; slot++) {
        b = 0;
        member = chatws_table_array(tb, uint32_t, slots)[slot];

        for ( /* void */ ; member != 0; member = m->cell.next) {
            m = chatws_table_member(tb, member);

            if (m->slot != slot || m->cell.prev != b || n-- == 0) {
                free(count);
                store_fault("the list of slot %u", slot);
            }

            count[m->cell.mark] += m->count;
            b = member;
        }
    }

    for (b = 1; b <= tb->arena.fresh; b++) {

        if (store_kind[b] == STORE_CHAT
            && count[b] != chatws_table_chat(tb, b)->total)
        {
            break;
        }
    }

    free(count);

    store_want(n == 0);
    store_want(b > tb->arena.fresh);

    return NULL;
}


static const char *
store_check_arena(chatws_store_t *st)
{
    uint32_t         b, cell, i, n, prev, used;
    chatws_cell_t   *c;
    chatws_arena_t  *ar;

    ar = &st->table.arena;

    n = ar->nblocks - ar->fresh;

    for (b = ar->block; b != 0; b = *(uint32_t *) chatws_arena_block(ar, b)) {
        store_want(b <= ar->fresh && store_kind[b] == STORE_UNKNOWN);
        store_kind[b] = STORE_FREE;
        n++;
    }

    store_want(n == ar->nfree);

    n = 0;
    prev = 0;

    for (cell = ar->cell; cell != 0; cell = c->next) {
        store_want(cell <= ar->fresh * ar->units && !store_free[cell]);
        store_want(store_kind[(cell - 1) / ar->units + 1] == STORE_SPLIT);

        store_free[cell] = 1;
        c = chatws_arena_cell(ar, cell);
        store_want(c->mark == 0 && c->prev == prev);

        prev = cell;
        n++;
    }

    store_want(n == ar->ncells);

    n = 0;

    for (b = 1; b <= ar->fresh; b++) {
        store_want(store_kind[b] != STORE_UNKNOWN);

        if (store_kind[b] != STORE_SPLIT) {
            continue;
        }

        n++;
        used = 0;

        for (i = 0; i < ar->units; i++) {
            cell = (b - 1) * ar->units + 1 + i;
            c = chatws_arena_cell(ar, cell);
            store_want((c->mark == 0) == store_free[cell]);
            used += c->mark != 0;
        }

        store_want(used != 0);
    }

    store_want(n == ar->nsplit);
    store_want(n * ar->units == ar->ncells + st->table.members_used
                                + st->table.users_used);

    return NULL;
}


static const char *
store_check_logs(chatws_store_t *st)
{
    uint32_t        i, log;
    uint64_t        low;
    chatws_ring_t  *rg;
    chatws_slot_t  *slot;

    for (log = 0; log < 2; log++) {
        rg = &st->ring[log];

        store_want(rg->tail <= rg->head);
        store_want(rg->head - rg->tail <= rg->size);
        store_want(rg->head <= rg->room);
        store_want(rg->head % CHATWS_RING_ALIGN == 0);

        for (i = 0; i < st->nslots; i++) {
            slot = chatws_store_slot(st, i);
            low = slot->cursor[log];

            if (slot->state != CHATWS_SLOT_LIVE || slot->lapped) {
                continue;
            }

            if (low == CHATWS_OFF_NONE) {
                continue;
            }

            store_want(low <= rg->head);
            store_want(low >= rg->tail || rg->head == low);
            store_want(rg->room - low <= rg->size);
        }
    }

    return NULL;
}


/*
 * NULL, or what does not hold.  To be called after recover().
 */

static const char *
store_check(chatws_store_t *st)
{
    size_t       n;
    const char  *fault;

    store_want(st->table.journal.n == 0);

    n = st->table.arena.nblocks + 1;

    store_kind = calloc(n, 1);
    store_free = calloc(n * st->table.arena.units, 1);

    fault = store_check_logs(st);

    if (fault == NULL) {
        fault = store_check_chats(st);
    }

    if (fault == NULL) {
        fault = store_check_members(st);
    }

    if (fault == NULL) {
        fault = store_check_arena(st);
    }

    free(store_kind);
    free(store_free);

    return fault;
}


#endif /* _CHATWS_STORE_CHECK_H_INCLUDED_ */
