
/*
 * Copyright (C) chatws contributors
 *
 * Publishing to the rings of the shared state, draining and replaying them.
 *
 * A publish sets the cursors of the slots that are to read it before it moves
 * the head, so that no slot is ever without a cursor over an entry for it.
 * The head of the ring is what makes the publish happen: the chat's number and
 * link, stored before, are rolled back unless it has moved.
 */


#include "websocket/chatws_frame.h"
#include "store/chatws_store_private.h"

#include <string.h>


#define CHATWS_STORE_DIGITS  20    /* of a 64-bit number */
#define CHATWS_STORE_FRAME   (CHATWS_FRAME_FIN | CHATWS_FRAME_TEXT)


typedef struct {
    uint64_t       now;            /* ms */
    uint64_t       limit;          /* ms */
} chatws_patience_t;


static chatws_rc_e chatws_store_append(chatws_store_t *st, uint32_t chat,
    const chatws_post_t *post, const chatws_patience_t *patience,
    chatws_posted_t *out);
static chatws_rc_e chatws_store_room(chatws_store_t *st, uint32_t ring,
    uint64_t end, const chatws_patience_t *patience, chatws_posted_t *out);
static int chatws_store_waits(chatws_slot_t *slot,
    const chatws_patience_t *patience);
static void chatws_store_wake(chatws_store_t *st, uint32_t ring,
    chatws_chat_t *ch, chatws_posted_t *out);
static size_t chatws_store_decimal(uint8_t *p, uint64_t number);


chatws_rc_e
chatws_store_publish(chatws_store_t *st, const chatws_post_t *post,
    uint64_t now_ms, uint64_t lap_limit_ms, chatws_posted_t *out)
{
    uint32_t           chat;
    uint64_t           hash;
    chatws_table_t    *tb;
    chatws_patience_t  patience;

    tb = &st->table;

    out->nwake = 0;

    if (post->chat.len == 0 || post->chat.len > CHATWS_CHAT_MAX) {
        return CHATWS_ERROR;
    }

    if (post->body.len > chatws_store_body_max(st, post->ring)) {
        return CHATWS_DECLINED;
    }

    hash = chatws_table_hash(tb, &post->chat);
    chat = chatws_table_find(tb, &post->chat, hash);

    if (chat == 0 && post->sequenced) {
        chat = chatws_table_create(tb, &post->chat, hash);

        if (chat == 0) {
            return CHATWS_BUSY;
        }
    }

    patience.now = now_ms;
    patience.limit = lap_limit_ms;

    return chatws_store_append(st, chat, post, &patience, out);
}


chatws_rc_e
chatws_store_post_known(chatws_store_t *st, uint32_t chat,
    const chatws_post_t *post, uint64_t now_ms, uint64_t lap_limit_ms,
    chatws_posted_t *out)
{
    chatws_patience_t  patience;

    out->nwake = 0;

    if (post->body.len > chatws_store_body_max(st, post->ring)) {
        return CHATWS_DECLINED;
    }

    patience.now = now_ms;
    patience.limit = lap_limit_ms;

    return chatws_store_append(st, chat, post, &patience, out);
}


size_t
chatws_store_body_max(chatws_store_t *st, uint32_t ring)
{
    return chatws_ring_size_max(&st->ring[ring]) - sizeof(chatws_entry_t)
           - CHATWS_FRAME_HEAD_OUT - CHATWS_STORE_DIGITS - 1;
}


static chatws_rc_e
chatws_store_append(chatws_store_t *st, uint32_t chat,
    const chatws_post_t *post, const chatws_patience_t *patience,
    chatws_posted_t *out)
{
    size_t           head, len;
    uint8_t         *p, tail[CHATWS_STORE_DIGITS + 1];
    uint64_t         off, size;
    chatws_rc_e      rc;
    chatws_ring_t   *rg;
    chatws_chat_t   *ch;
    chatws_entry_t  *e;
    chatws_table_t  *tb;

    tb = &st->table;
    rg = &st->ring[post->ring];

    out->chat = chat;
    out->seq = 0;
    out->offset = CHATWS_OFF_NONE;
    out->recipients = 0;

    if (chat == 0) {
        return CHATWS_OK;
    }

    ch = chatws_table_chat(tb, chat);
    out->recipients = ch->total;

    if (post->sender != 0 && ch->total != 0) {
        out->recipients -= chatws_table_members(tb, chat, post->sender,
                                                CHATWS_MEMBER_OWN);
    }

    len = 0;

    if (post->sequenced) {
        len = chatws_store_decimal(tail, ch->seq + 1);
        tail[len++] = '}';

    } else if (out->recipients == 0 && post->ring == CHATWS_EPHEMERAL) {
        return CHATWS_OK;
    }

    head = chatws_frame_header_size(post->body.len + len);
    size = chatws_ring_size(head + post->body.len + len);
    off = chatws_ring_offset(rg, size);

    if (off + size > rg->room) {
        rc = chatws_store_room(st, post->ring, off + size, patience, out);

        if (rc != CHATWS_OK) {
            return rc;
        }
    }

    chatws_store_wake(st, post->ring, ch, out);

    e = chatws_ring_open(rg, off, size);

    e->prev = post->sequenced ? ch->last : 0;
    e->seq = post->sequenced ? ch->seq + 1 : 0;
    e->serial = ch->serial;
    e->sender = post->sender;
    e->time = post->time;
    e->size = (uint32_t) size;
    e->chat = chat;
    e->len = (uint32_t) (head + post->body.len + len);
    e->own = post->own ? (uint32_t) head + post->own : 0;

    (void) chatws_frame_header(e->frame, CHATWS_STORE_FRAME,
                               post->body.len + len);

    p = e->frame + head;
    memcpy(p, post->body.data, post->body.len);
    memcpy(p + post->body.len, tail, len);
    CHATWS_STORE_HOOK();

    out->offset = off;

    if (!post->sequenced) {
        chatws_ring_commit(rg, off, e);
        return CHATWS_OK;
    }

    out->seq = e->seq;

    chatws_journal_begin(&tb->journal, &rg->head, off + size);
    chatws_journal_set64(&tb->journal, &ch->seq, e->seq);
    chatws_journal_set64(&tb->journal, &ch->last, off + 1);
    chatws_table_touch(tb, chat);
    chatws_ring_commit(rg, off, e);
    chatws_journal_commit(&tb->journal);

    return CHATWS_OK;
}


static chatws_rc_e
chatws_store_room(chatws_store_t *st, uint32_t ring, uint64_t end,
    const chatws_patience_t *patience, chatws_posted_t *out)
{
    uint32_t        i;
    uint64_t        low, lowest;
    chatws_rc_e     rc;
    chatws_ring_t  *rg;
    chatws_slot_t  *slot;

    rc = CHATWS_OK;
    rg = &st->ring[ring];
    lowest = rg->head;

    for (i = 0; i < st->nslots; i++) {
        slot = chatws_store_slot(st, i);

        if (slot->state != CHATWS_SLOT_LIVE || slot->lapped) {
            continue;
        }

        low = chatws_shared_get(&slot->cursor[ring]);

        if (low >= lowest) {
            continue;
        }

        if (end - low <= rg->size) {
            lowest = low;
            continue;
        }

        if (ring == CHATWS_EPHEMERAL || chatws_store_waits(slot, patience)) {
            rc = CHATWS_BUSY;
            continue;
        }

        chatws_shared_set(&slot->lapped, 1);
        chatws_shared_set(&slot->cursor[CHATWS_DURABLE], CHATWS_OFF_NONE);
        chatws_shared_set(&slot->cursor[CHATWS_EPHEMERAL], CHATWS_OFF_NONE);

        out->wake[out->nwake++] = i;
    }

    if (rc == CHATWS_OK) {
        chatws_shared_set(&rg->room, lowest + rg->size);
    }

    return rc;
}


static int
chatws_store_waits(chatws_slot_t *slot, const chatws_patience_t *patience)
{
    uint64_t  now;

    now = patience->now != 0 ? patience->now : 1;

    if (slot->blocked == 0 || slot->blocked > now) {
        chatws_shared_set(&slot->blocked, now);
    }

    return now - slot->blocked < patience->limit;
}


static void
chatws_store_wake(chatws_store_t *st, uint32_t ring, chatws_chat_t *ch,
    chatws_posted_t *out)
{
    uint32_t        i, n;
    uint64_t        bits;
    chatws_slot_t  *slot;

    for (i = 0; i < st->table.words; i++) {

        for (bits = ch->interest[i]; bits != 0; bits &= bits - 1) {
            n = i * 64 + (uint32_t) __builtin_ctzll(bits);
            slot = chatws_store_slot(st, n);

            if (slot->state != CHATWS_SLOT_LIVE
                || slot->lapped
                || slot->cursor[ring] != CHATWS_OFF_NONE)
            {
                continue;
            }

            /*
             * the head, not the entry: should this publish not happen, the
             * next one may begin there
             */

            chatws_shared_set(&slot->cursor[ring], st->ring[ring].head);

            out->wake[out->nwake++] = n;
        }
    }
}


static size_t
chatws_store_decimal(uint8_t *p, uint64_t number)
{
    size_t   i, n;
    uint8_t  digits[CHATWS_STORE_DIGITS];

    n = 0;

    do {
        digits[n++] = (uint8_t) ('0' + number % 10);
        number /= 10;
    } while (number != 0);

    for (i = 0; i < n; i++) {
        p[i] = digits[n - 1 - i];
    }

    return n;
}


uint64_t
chatws_store_head(chatws_store_t *st, uint32_t ring)
{
    return chatws_ring_head(&st->ring[ring]);
}


uint64_t
chatws_store_cursor(chatws_store_t *st, uint32_t slot, uint32_t ring)
{
    return chatws_shared_get(&chatws_store_slot(st, slot)->cursor[ring]);
}


chatws_entry_t *
chatws_store_entry(chatws_store_t *st, uint32_t ring, uint64_t off,
    uint64_t *next)
{
    return chatws_ring_entry(&st->ring[ring], off, next);
}


size_t
chatws_store_reach(chatws_store_t *st, const chatws_entry_t *e)
{
    return chatws_ring_reach(&st->ring[CHATWS_DURABLE], e);
}


chatws_rc_e
chatws_store_caught_up(chatws_store_t *st, uint32_t slot, uint32_t ring,
    uint64_t pos)
{
    chatws_slot_t  *sl;

    sl = chatws_store_slot(st, slot);

    if (sl->cursor[ring] == CHATWS_OFF_NONE || sl->lapped) {
        return CHATWS_OK;
    }

    if (pos >= st->ring[ring].head) {
        pos = CHATWS_OFF_NONE;
    }

    chatws_shared_set(&sl->cursor[ring], pos);

    if (sl->blocked != 0) {
        chatws_shared_set(&sl->blocked, 0);
    }

    return pos == CHATWS_OFF_NONE ? CHATWS_OK : CHATWS_AGAIN;
}


int
chatws_store_lapped(chatws_store_t *st, uint32_t slot)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    return chatws_shared_get(&chatws_store_slot(st, slot)->lapped) != 0;
}


void
chatws_store_unlap(chatws_store_t *st, uint32_t slot)
{
    chatws_slot_t  *sl;

    sl = chatws_store_slot(st, slot);

    if (!sl->lapped) {
        return;
    }

    chatws_shared_set(&sl->cursor[CHATWS_DURABLE], CHATWS_OFF_NONE);
    chatws_shared_set(&sl->cursor[CHATWS_EPHEMERAL], CHATWS_OFF_NONE);
    chatws_shared_set(&sl->blocked, 0);
    chatws_shared_set(&sl->lapped, 0);
}


chatws_rc_e
chatws_store_replay_first(chatws_store_t *st, const chatws_subscribed_t *sub,
    uint64_t since, uint64_t oldest_ms, uint64_t *offsets, uint32_t max,
    uint32_t *n)
{
    return chatws_ring_chain(&st->ring[CHATWS_DURABLE], sub->last, sub->serial,
                             sub->seq, since, oldest_ms, offsets, max, n);
}


int
chatws_store_held(chatws_store_t *st, uint64_t off)
{
    return chatws_ring_held(&st->ring[CHATWS_DURABLE], off);
}
