
/*
 * Copyright (C) chatws contributors
 *
 * The ring of entries.
 *
 * A writer moves the tail above the bytes that it is going to overwrite,
 * overwrites them, and then moves the head.  A reader loads the head, then the
 * entries below it; if nothing protects these, it looks at the tail last.
 */


#include "base/chatws_decimal.h"
#include "store/chatws_journal.h"
#include "store/chatws_ring.h"

#include <string.h>


/* the size and the length of an entry have 32 bits */
#define CHATWS_RING_ENTRY_MAX  0x80000000ULL

/* bytes of the end of a frame that has a count: its name, its digits, "}" */
#define CHATWS_RING_TAIL                                                      \
    (sizeof(CHATWS_ENTRY_COUNT) - 1 + CHATWS_DECIMAL_MAX + 1)


static chatws_entry_t *chatws_ring_at(const chatws_ring_t *rg, uint64_t pos);
static chatws_rc_e chatws_ring_tail(const chatws_ring_t *rg, uint64_t off,
    size_t len, uint64_t *count);
static int chatws_ring_link(const chatws_ring_t *rg, uint64_t off,
    chatws_entry_t *out);


void
chatws_ring_init(chatws_ring_t *rg, uint8_t *base, uint64_t size)
{
    memset(rg, 0, sizeof(chatws_ring_t));

    rg->base = (uint64_t) (base - (uint8_t *) rg);
    rg->size = size;
    rg->room = size;
}


uint64_t
chatws_ring_size(uint64_t len)
{
    return (sizeof(chatws_entry_t) + len + CHATWS_RING_ALIGN - 1)
           & ~(uint64_t) (CHATWS_RING_ALIGN - 1);
}


uint64_t
chatws_ring_size_max(const chatws_ring_t *rg)
{
    uint64_t  max;

    /* an entry may need padding before it, of less bytes than it has itself */

    max = rg->size / 2 & ~(uint64_t) (CHATWS_RING_ALIGN - 1);

    return max < CHATWS_RING_ENTRY_MAX ? max : CHATWS_RING_ENTRY_MAX;
}


uint64_t
chatws_ring_head(const chatws_ring_t *rg)
{
    return chatws_shared_get(&rg->head);
}


int
chatws_ring_is_held(const chatws_ring_t *rg, uint64_t off)
{
    /* the bytes of the entry are loaded before the tail is */

    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    return off >= chatws_shared_get(&rg->tail);
}


uint64_t
chatws_ring_offset(const chatws_ring_t *rg, uint64_t size)
{
    uint64_t  left;

    left = rg->size - rg->head % rg->size;

    return rg->head + (size > left ? left : 0);
}


chatws_entry_t *
chatws_ring_open(chatws_ring_t *rg, uint64_t off, uint64_t size)
{
    uint64_t         end, left;
    chatws_entry_t  *pad;

    end = off + size;

    if (end > rg->size && end - rg->size > rg->tail) {
        chatws_shared_set(&rg->tail, end - rg->size);

        /* others see the tail move before they see the bytes change */

        __atomic_thread_fence(__ATOMIC_RELEASE);
    }

    left = off - rg->head;

    if (left >= sizeof(chatws_entry_t)) {
        pad = chatws_ring_at(rg, rg->head % rg->size);

        memset(pad, 0, sizeof(chatws_entry_t));
        pad->size = (uint32_t) left;
        CHATWS_STORE_HOOK();
    }

    return chatws_ring_at(rg, off % rg->size);
}


void
chatws_ring_commit(chatws_ring_t *rg, uint64_t off, chatws_entry_t *e)
{
    chatws_mark_t  *mark;

    if (off >= rg->next) {
        /* a process that dies in between leaves a mark that does not count */

        mark = &rg->marks[rg->nmarks % CHATWS_RING_MARKS];

        chatws_shared_set(&mark->offset, CHATWS_OFF_NONE);
        chatws_shared_set(&mark->time, e->time);
        chatws_shared_set(&mark->offset, off);
        chatws_shared_set(&rg->nmarks, rg->nmarks + 1);
        chatws_shared_set(&rg->next, off + rg->size / CHATWS_RING_MARKS);
    }

    chatws_shared_set(&rg->head, off + e->size);
}


/* The memory at a position within the ring. */

static chatws_entry_t *
chatws_ring_at(const chatws_ring_t *rg, uint64_t pos)
{
    return (chatws_entry_t *) (void *) ((uint8_t *) rg + rg->base + pos);
}


const chatws_entry_t *
chatws_ring_entry(const chatws_ring_t *rg, uint64_t off, uint64_t *next)
{
    uint32_t               size;
    uint64_t               head, left, pos;
    const chatws_entry_t  *e;

    head = chatws_ring_head(rg);

    while (off < head && off % CHATWS_RING_ALIGN == 0) {
        pos = off % rg->size;
        left = rg->size - pos;

        /* padding that is too short for an entry of its own */

        if (left < sizeof(chatws_entry_t)) {
            off += left;
            continue;
        }

        e = chatws_ring_at(rg, pos);
        size = __atomic_load_n(&e->size, __ATOMIC_RELAXED);

        if (size < sizeof(chatws_entry_t)
            || size % CHATWS_RING_ALIGN != 0
            || size > left
            || size > head - off)
        {
            break;
        }

        /* padding */

        if (e->chat == 0) {
            off += size;
            continue;
        }

        if (e->len > size - sizeof(chatws_entry_t)) {
            break;
        }

        *next = off + size;

        return e;
    }

    *next = off == head ? head : CHATWS_OFF_NONE;

    return NULL;
}


size_t
chatws_ring_reach(const chatws_ring_t *rg, const chatws_entry_t *e)
{
    return (size_t) ((const uint8_t *) rg + rg->base + rg->size - e->frame);
}


chatws_rc_e
chatws_ring_chain(const chatws_ring_t *rg, uint64_t last, uint64_t serial,
    uint64_t seq, uint64_t since, uint64_t oldest_ms, uint64_t *offsets,
    uint32_t max, uint32_t *n)
{
    uint32_t        i, count;
    chatws_entry_t  e;

    *n = 0;

    if (since > seq || seq - since > max) {
        return CHATWS_DECLINED;
    }

    count = (uint32_t) (seq - since);

    for (i = count; i > 0; i--) {

        if (last == 0 || !chatws_ring_link(rg, last - 1, &e)) {
            return CHATWS_DECLINED;
        }

        if (e.serial != serial || e.seq != since + i || e.time < oldest_ms) {
            return CHATWS_DECLINED;
        }

        offsets[i - 1] = last - 1;
        last = e.prev;
    }

    *n = count;

    return CHATWS_OK;
}


chatws_rc_e
chatws_ring_count(const chatws_ring_t *rg, uint64_t last, uint64_t serial,
    uint64_t seq, uint32_t steps, uint64_t *count)
{
    uint64_t        off;
    chatws_entry_t  e;

    do {
        if (last == 0) {
            return CHATWS_DECLINED;
        }

        off = last - 1;

        if (!chatws_ring_link(rg, off, &e) || e.serial != serial
            || e.seq < seq)
        {
            return CHATWS_DECLINED;
        }

        last = e.prev;

    } while (e.seq != seq && steps-- != 0);

    return e.seq == seq ? chatws_ring_tail(rg, off, e.len, count)
                        : CHATWS_DECLINED;
}


/* Reads the count from the end of a frame of len bytes, backwards. */

static chatws_rc_e
chatws_ring_tail(const chatws_ring_t *rg, uint64_t off, size_t len,
    uint64_t *count)
{
    size_t                 i, n;
    uint64_t               value, scale;
    uint8_t                text[CHATWS_RING_TAIL];
    const chatws_entry_t  *e;

    e = chatws_ring_at(rg, off % rg->size);

    if (len < sizeof(text) || len > chatws_ring_reach(rg, e)) {
        return CHATWS_DECLINED;
    }

    memcpy(text, e->frame + len - sizeof(text), sizeof(text));

    if (!chatws_ring_is_held(rg, off)) {
        return CHATWS_DECLINED;
    }

    i = sizeof(text) - 1;
    value = 0;
    scale = 1;

    if (text[i] != '}') {
        return CHATWS_DECLINED;
    }

    while (i > 0 && text[i - 1] >= '0' && text[i - 1] <= '9') {
        value += (text[--i] - '0') * scale;
        scale *= 10;
    }

    n = sizeof(CHATWS_ENTRY_COUNT) - 1;

    if (i < n || memcmp(text + i - n, CHATWS_ENTRY_COUNT, n) != 0) {
        return CHATWS_DECLINED;
    }

    *count = value;

    return CHATWS_OK;
}


/* Copies the head of the entry at off.  Returns whether it was held. */

static int
chatws_ring_link(const chatws_ring_t *rg, uint64_t off, chatws_entry_t *out)
{
    uint64_t  pos;

    pos = off % rg->size;

    if (rg->size - pos < sizeof(chatws_entry_t)) {
        return 0;
    }

    memcpy(out, chatws_ring_at(rg, pos), sizeof(chatws_entry_t));

    return chatws_ring_is_held(rg, off);
}


uint64_t
chatws_ring_oldest(const chatws_ring_t *rg)
{
    uint32_t              i;
    uint64_t              offset, time;
    const chatws_mark_t  *mark;

    offset = rg->head;
    time = 0;

    for (i = 0; i < CHATWS_RING_MARKS; i++) {
        mark = &rg->marks[i];

        if (i < rg->nmarks
            && mark->offset >= rg->tail
            && mark->offset < offset)
        {
            offset = mark->offset;
            time = mark->time;
        }
    }

    return time;
}
