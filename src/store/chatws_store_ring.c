
/*
 * Copyright (C) chatws contributors
 *
 * Publishing to the rings of the shared state, and the cursors with which the
 * slots read them.
 *
 * A process may die between any two stores, so a publish stores in this
 * order:
 *
 *   1. the cursors of the slots that are to read the entry, so that there is
 *      never an entry that a slot has to read and has no cursor for;
 *   2. the entry, behind the head, where nobody looks yet;
 *   3. the number and the link of the chat, as a step of the journal;
 *   4. the head.
 *
 * The publish has happened when the head has moved.  If the process dies
 * before that, the next holder of the lock undoes 3, the next entry
 * overwrites 2, and a slot that was given a cursor by 1 finds nothing to read.
 */


#include "base/chatws_decimal.h"
#include "websocket/chatws_frame.h"
#include "store/chatws_store_private.h"

#include <string.h>


#define CHATWS_STORE_FRAME   (CHATWS_FRAME_FIN | CHATWS_FRAME_TEXT)


/* how long a publish waits for a slot that does not read, in milliseconds */

typedef struct {
    uint64_t              now;
    uint64_t              limit;
} chatws_patience_t;


/* the entry that a post becomes */

typedef struct {
    const chatws_post_t  *post;
    chatws_chat_t        *chat;       /* NULL: it is a command */
    uint32_t              row;        /* of the chat */
    uint64_t              seq;        /* 0: the entry has no number */
    uint64_t              count;      /* with a tally of the post */
    uint64_t              off;        /* where the entry goes in the ring */
    uint64_t              size;       /* of the entry */
    size_t                header;     /* bytes of the frame's header, 0: it
                                         has none */
    size_t                payload;    /* and of its payload: body and tail */
    size_t                ntail;
    uint8_t               tail[CHATWS_DECIMAL_MAX + CHATWS_TALLY_MAX + 1];
                                      /* number, perhaps the count, "}" */
} chatws_plan_t;


static chatws_rc_e chatws_store_append(chatws_store_t *st, uint32_t row,
    const chatws_post_t *post, const chatws_patience_t *patience,
    chatws_posted_t *out);
static void chatws_store_order(chatws_store_t *st, size_t len,
    chatws_post_t *post, chatws_plan_t *plan);
static chatws_rc_e chatws_store_fit(chatws_store_t *st,
    const chatws_plan_t *plan, const chatws_patience_t *patience,
    chatws_posted_t *out);
static void chatws_store_place(chatws_store_t *st, const chatws_plan_t *plan,
    chatws_posted_t *out);
static uint32_t chatws_store_recipients(chatws_store_t *st, uint32_t row,
    const chatws_post_t *post);
static void chatws_store_plan(chatws_store_t *st, uint32_t row,
    const chatws_post_t *post, chatws_plan_t *plan);
static void chatws_store_number(chatws_plan_t *plan);
static void chatws_store_measure(chatws_store_t *st, chatws_plan_t *plan);
static void chatws_store_fill(chatws_entry_t *e, const chatws_plan_t *plan);
static void chatws_store_link(chatws_store_t *st, chatws_entry_t *e,
    const chatws_plan_t *plan);
static chatws_rc_e chatws_store_room(chatws_store_t *st, uint32_t ring,
    uint64_t end, const chatws_patience_t *patience, chatws_posted_t *out);
static int chatws_store_waits(chatws_slot_t *slot,
    const chatws_patience_t *patience);
static void chatws_store_wake(chatws_store_t *st, uint32_t ring,
    chatws_chat_t *ch, chatws_posted_t *out);
static void chatws_store_wake_all(chatws_store_t *st, chatws_posted_t *out);
static void chatws_store_wake_slot(chatws_store_t *st, uint32_t ring,
    uint32_t n, chatws_posted_t *out);


chatws_rc_e
chatws_store_publish(chatws_store_t *st, uint32_t row,
    const chatws_post_t *post, uint64_t now_ms, uint64_t lap_limit_ms,
    chatws_posted_t *out)
{
    size_t             max;
    uint64_t           hash;
    chatws_patience_t  patience;

    out->nwake = 0;

    if (row == 0
        && (post->chat.len == 0 || post->chat.len > CHATWS_CHAT_MAX))
    {
        return CHATWS_ERROR;
    }

    max = chatws_store_body_max(st, post->ring);

    if (post->tally != NULL) {
        max -= CHATWS_TALLY_MAX;
    }

    if (post->body.len > max) {
        return CHATWS_DECLINED;
    }

    if (row == 0) {
        hash = chatws_table_hash(&st->table, &post->chat);
        row = chatws_table_find(&st->table, &post->chat, hash);

        if (row == 0 && post->sequenced) {
            row = chatws_table_create(&st->table, &post->chat, hash);

            if (row == 0) {
                return CHATWS_BUSY;
            }
        }
    }

    patience.now = now_ms;
    patience.limit = lap_limit_ms;

    return chatws_store_append(st, row, post, &patience, out);
}


const chatws_ring_t *
chatws_store_ring(chatws_store_t *st, uint32_t ring)
{
    return &st->ring[ring];
}


size_t
chatws_store_body_max(chatws_store_t *st, uint32_t ring)
{
    return chatws_ring_size_max(&st->ring[ring]) - sizeof(chatws_entry_t)
           - CHATWS_FRAME_HEAD_OUT - CHATWS_DECIMAL_MAX - 1;
}


static chatws_rc_e
chatws_store_append(chatws_store_t *st, uint32_t row,
    const chatws_post_t *post, const chatws_patience_t *patience,
    chatws_posted_t *out)
{
    chatws_rc_e    rc;
    chatws_plan_t  plan;

    out->chat = row;
    out->seq = 0;
    out->count = 0;
    out->offset = CHATWS_OFF_NONE;
    out->recipients = 0;

    if (row == 0) {
        return CHATWS_OK;
    }

    out->recipients = chatws_store_recipients(st, row, post);

    if (out->recipients == 0
        && post->ring == CHATWS_EPHEMERAL
        && !post->sequenced)
    {
        return CHATWS_OK;
    }

    chatws_store_plan(st, row, post, &plan);

    rc = chatws_store_fit(st, &plan, patience, out);

    if (rc == CHATWS_OK) {
        chatws_store_place(st, &plan, out);
    }

    return rc;
}


chatws_rc_e
chatws_store_command_room(chatws_store_t *st, size_t len, uint64_t now_ms,
    uint64_t lap_limit_ms, chatws_posted_t *out)
{
    chatws_plan_t      plan;
    chatws_post_t      post;
    chatws_patience_t  patience;

    out->nwake = 0;

    if (len > chatws_store_body_max(st, CHATWS_DURABLE)) {
        return CHATWS_DECLINED;
    }

    patience.now = now_ms;
    patience.limit = lap_limit_ms;

    chatws_store_order(st, len, &post, &plan);

    return chatws_store_fit(st, &plan, &patience, out);
}


void
chatws_store_command(chatws_store_t *st, const chatws_str_t *text,
    uint64_t time, chatws_posted_t *out)
{
    chatws_plan_t  plan;
    chatws_post_t  post;

    chatws_store_order(st, text->len, &post, &plan);

    post.body = *text;
    post.time = time;

    chatws_store_place(st, &plan, out);
}


/* Plans a command of len bytes. */

static void
chatws_store_order(chatws_store_t *st, size_t len, chatws_post_t *post,
    chatws_plan_t *plan)
{
    memset(post, 0, sizeof(chatws_post_t));
    memset(plan, 0, sizeof(chatws_plan_t));

    post->ring = CHATWS_DURABLE;

    plan->post = post;
    plan->row = CHATWS_ROW_COMMAND;
    plan->payload = len;

    chatws_store_measure(st, plan);
}


/* Makes room for the entry where it was planned. */

static chatws_rc_e
chatws_store_fit(chatws_store_t *st, const chatws_plan_t *plan,
    const chatws_patience_t *patience, chatws_posted_t *out)
{
    uint32_t  ring;
    uint64_t  end;

    ring = plan->post->ring;
    end = plan->off + plan->size;

    return end > st->ring[ring].room
           ? chatws_store_room(st, ring, end, patience, out) : CHATWS_OK;
}


/* Appends the entry where it was planned, and where there is room. */

static void
chatws_store_place(chatws_store_t *st, const chatws_plan_t *plan,
    chatws_posted_t *out)
{
    uint32_t         ring;
    chatws_entry_t  *e;

    ring = plan->post->ring;

    if (plan->chat != NULL) {
        chatws_store_wake(st, ring, plan->chat, out);

    } else {
        chatws_store_wake_all(st, out);
    }

    e = chatws_ring_open(&st->ring[ring], plan->off, plan->size);
    chatws_store_fill(e, plan);

    out->seq = plan->seq;
    out->count = plan->count;
    out->offset = plan->off;

    chatws_store_link(st, e, plan);
}


/*
 * The connections that get the post: all of the chat, except those of the
 * sender that do not want their own messages.
 */

static uint32_t
chatws_store_recipients(chatws_store_t *st, uint32_t row,
    const chatws_post_t *post)
{
    uint32_t  total;

    total = chatws_table_chat(&st->table, row)->total;

    if (post->sender == 0 || total == 0) {
        return total;
    }

    return total - chatws_table_members(&st->table, row, post->sender,
                                        CHATWS_MEMBER_OWN);
}


/* Gives the entry its number, its size and its place; stores nothing. */

static void
chatws_store_plan(chatws_store_t *st, uint32_t row, const chatws_post_t *post,
    chatws_plan_t *plan)
{
    plan->post = post;
    plan->chat = chatws_table_chat(&st->table, row);
    plan->row = row;
    plan->seq = 0;
    plan->count = 0;
    plan->ntail = 0;

    if (post->sequenced) {
        chatws_store_number(plan);
    }

    plan->payload = post->body.len + plan->ntail;
    plan->header = chatws_frame_header_size(plan->payload);

    chatws_store_measure(st, plan);
}


/* The number of the entry, and with a tally the count, as text. */

static void
chatws_store_number(chatws_plan_t *plan)
{
    uint8_t                *p;
    const chatws_tally_t   *tally;

    plan->seq = plan->chat->seq + 1;

    p = plan->tail;
    p += chatws_decimal(p, plan->seq);

    tally = plan->post->tally;

    if (tally != NULL) {
        plan->count = tally->count != NULL
                      ? *tally->count + plan->post->counts : plan->seq;

        memcpy(p, CHATWS_ENTRY_COUNT, sizeof(CHATWS_ENTRY_COUNT) - 1);
        p += sizeof(CHATWS_ENTRY_COUNT) - 1;
        p += chatws_decimal(p, plan->count);
    }

    *p++ = '}';

    plan->ntail = p - plan->tail;
}


static void
chatws_store_measure(chatws_store_t *st, chatws_plan_t *plan)
{
    plan->size = chatws_ring_size(plan->header + plan->payload);
    plan->off = chatws_ring_offset(&st->ring[plan->post->ring], plan->size);
}


/* Writes the entry where it was planned; nobody sees it yet. */

static void
chatws_store_fill(chatws_entry_t *e, const chatws_plan_t *plan)
{
    uint8_t              *p;
    const chatws_post_t  *post;

    post = plan->post;

    e->prev = plan->seq != 0 ? plan->chat->last : 0;
    e->seq = plan->seq;
    e->serial = plan->chat != NULL ? plan->chat->serial : 0;
    e->sender = post->sender;
    e->time = post->time;
    e->size = (uint32_t) plan->size;
    e->chat = plan->row;
    e->len = (uint32_t) (plan->header + plan->payload);
    e->own = post->own ? (uint32_t) plan->header + post->own : 0;

    if (post->state) {
        e->own |= CHATWS_ENTRY_STATE;
    }

    if (plan->header != 0) {
        (void) chatws_frame_header(e->frame, CHATWS_STORE_FRAME,
                                   plan->payload);
    }

    p = e->frame + plan->header;
    memcpy(p, post->body.data, post->body.len);
    memcpy(p + post->body.len, plan->tail, plan->ntail);
    CHATWS_STORE_HOOK();
}


/*
 * Moves the head over the entry.  A numbered entry becomes the last one of
 * its chat at the same moment, and counts: the journals undo the stores to the
 * chat and to the tally as long as the head has not moved.
 */

static void
chatws_store_link(chatws_store_t *st, chatws_entry_t *e,
    const chatws_plan_t *plan)
{
    chatws_ring_t     *rg;
    chatws_chat_t     *ch;
    chatws_tally_t    *tally;
    chatws_journal_t  *jr;

    rg = &st->ring[plan->post->ring];
    ch = plan->chat;
    jr = &st->table.journal;
    tally = plan->post->tally;

    if (plan->seq == 0) {
        chatws_ring_commit(rg, plan->off, e);
        return;
    }

    if (tally != NULL && (tally->count == NULL || !plan->post->counts)) {
        tally = NULL;
    }

    if (tally != NULL) {
        chatws_journal_begin(tally->journal, &rg->head,
                             plan->off + plan->size);
        chatws_journal_set64(tally->journal, tally->count, plan->count);
    }

    chatws_journal_begin(jr, &rg->head, plan->off + plan->size);
    chatws_journal_set64(jr, &ch->seq, plan->seq);
    chatws_journal_set64(jr, &ch->last, plan->off + 1);
    chatws_table_touch(&st->table, plan->row);
    chatws_ring_commit(rg, plan->off, e);
    chatws_journal_commit(jr);

    if (tally != NULL) {
        chatws_journal_commit(tally->journal);
    }
}


/*
 * Makes room up to end: looks for the slot that is furthest behind, and notes
 * how far the head may go without overrunning it.  CHATWS_BUSY: the entry
 * would overwrite others that a live slot has not read, and publishers still
 * wait for that slot.
 */

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


/*
 * Whether publishers still wait for the slot, from the first time that it was
 * in their way until the limit has passed.
 */

static int
chatws_store_waits(chatws_slot_t *slot, const chatws_patience_t *patience)
{
    uint64_t  now;

    /* 0 means that no publisher waits for the slot */

    now = patience->now != 0 ? patience->now : 1;

    /* the clock of the caller may be behind that of another process */

    if (slot->blocked == 0 || slot->blocked > now) {
        chatws_shared_set(&slot->blocked, now);
    }

    return now - slot->blocked < patience->limit;
}


/*
 * Gives a cursor to each slot that has members of the chat and had caught up,
 * and lists it as one to wake.  A slot that has a cursor already will come
 * across the entry without being woken.
 */

static void
chatws_store_wake(chatws_store_t *st, uint32_t ring, chatws_chat_t *ch,
    chatws_posted_t *out)
{
    uint32_t  i, n;
    uint64_t  bits;

    for (i = 0; i < st->table.words; i++) {

        for (bits = ch->interest[i]; bits != 0; bits &= bits - 1) {
            n = i * 64 + (uint32_t) __builtin_ctzll(bits);
            chatws_store_wake_slot(st, ring, n, out);
        }
    }
}


/* The same for all slots: each of them has to read a command. */

static void
chatws_store_wake_all(chatws_store_t *st, chatws_posted_t *out)
{
    uint32_t  n;

    for (n = 0; n < st->nslots; n++) {
        chatws_store_wake_slot(st, CHATWS_DURABLE, n, out);
    }
}


static void
chatws_store_wake_slot(chatws_store_t *st, uint32_t ring, uint32_t n,
    chatws_posted_t *out)
{
    chatws_slot_t  *slot;

    slot = chatws_store_slot(st, n);

    if (slot->state != CHATWS_SLOT_LIVE
        || slot->lapped
        || slot->cursor[ring] != CHATWS_OFF_NONE)
    {
        return;
    }

    /*
     * the cursor is the head and not the offset of the entry, which may be
     * behind padding: if this publish does not happen, the next one may begin
     * right at the head
     */

    chatws_shared_set(&slot->cursor[ring], st->ring[ring].head);

    out->wake[out->nwake++] = n;
}


uint64_t
chatws_store_cursor(chatws_store_t *st, uint32_t slot, uint32_t ring)
{
    return chatws_shared_get(&chatws_store_slot(st, slot)->cursor[ring]);
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
chatws_store_is_lapped(chatws_store_t *st, uint32_t slot)
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
