
/*
 * Copyright (C) chatws contributors
 *
 * A circular byte ring over the caller's memory: entries are contiguous, hold
 * complete WebSocket frames, and are known by 64-bit offsets that only grow.
 */


#ifndef _CHATWS_RING_H_INCLUDED_
#define _CHATWS_RING_H_INCLUDED_


#include "base/chatws_core.h"


#define CHATWS_OFF_NONE    ((uint64_t) -1)

#define CHATWS_RING_MARKS   16
#define CHATWS_RING_ALIGN   16


/*
 * An entry.  Written under the lock before the head passes it, read without
 * the lock by those whose cursor keeps it from being overwritten, or who see
 * afterwards that it was not.
 */

typedef struct {
    uint64_t  prev;     /* offset + 1 of the chat's previous sequenced entry,
                           0: none */
    uint64_t  seq;      /* 0: not sequenced */
    uint64_t  serial;   /* of the chat row, guards against its reuse */
    uint64_t  sender;   /* hash of the sender's user id, 0: none is left out */
    uint64_t  time;     /* ms since 1970 */
    uint32_t  size;     /* of the whole entry in bytes, a multiple of 16 */
    uint32_t  chat;     /* chat row, 0 in a padding entry */
    uint32_t  len;      /* bytes of the frame */
    uint32_t  own;      /* position in the frame of the 5-byte literal "false"
                           that own messages turn to "true ", 0: none */
    uint8_t   frame[];  /* 8-aligned */
} chatws_entry_t;


/* where, and when, each 16th of the ring began */

typedef struct {
    uint64_t        offset;
    uint64_t        time;
} chatws_mark_t;


/*
 * Lies in shared memory; written under the lock.  "head" and "tail" are read
 * without it.
 */

typedef struct {
    uint64_t        head;      /* behind the last entry; moves last */
    uint64_t        tail;      /* bytes from here on are held; moves before
                                  what lies below it is overwritten */
    uint64_t        room;      /* the head may get here: nobody who reads is
                                  overrun, as far as is known */
    uint64_t        base;      /* of the bytes, from this struct */
    uint64_t        size;      /* bytes, a multiple of 16 */
    uint64_t        next;      /* where the next mark is due */
    uint64_t        nmarks;
    chatws_mark_t   marks[CHATWS_RING_MARKS];
} chatws_ring_t;


/*
 * Takes over size bytes (a multiple of 16) at base, 16-byte aligned.
 */
void chatws_ring_init(chatws_ring_t *rg, uint8_t *base, uint64_t size);

/*
 * The bytes that an entry with a frame of len bytes takes, and the most that
 * an entry may take for the ring to always have a place for it.
 */
uint64_t chatws_ring_size(uint64_t len);
uint64_t chatws_ring_size_max(const chatws_ring_t *rg);

/*
 * Acquire loads: the head, and whether what is held begins at or below off.
 */
uint64_t chatws_ring_head(const chatws_ring_t *rg);
int chatws_ring_is_held(const chatws_ring_t *rg, uint64_t off);

/*
 * Under the lock: where the next entry, of size bytes, goes: the head or,
 * when it does not fit there, behind the padding at the wrap.
 */
uint64_t chatws_ring_offset(const chatws_ring_t *rg, uint64_t size);

/*
 * Under the lock: gives up what the entry will overwrite, pads the wrap, and
 * returns the memory of the entry for the caller to fill.  off is from
 * place().
 */
chatws_entry_t *chatws_ring_open(chatws_ring_t *rg, uint64_t off,
    uint64_t size);

/*
 * Under the lock: makes the entry visible (release).
 */
void chatws_ring_commit(chatws_ring_t *rg, uint64_t off, chatws_entry_t *e);

/*
 * The entry at off, or behind the padding there; *next is the offset that
 * follows.  NULL: off is the head (*next is the head), or no entry is there
 * (*next is CHATWS_OFF_NONE).  Never leads out of the ring, whatever it holds.
 */
const chatws_entry_t *chatws_ring_entry(const chatws_ring_t *rg, uint64_t off,
    uint64_t *next);

/*
 * The bytes from the entry's frame to the end of the ring.  Who reads an entry
 * that may be overwritten takes no more than these, whatever it says.
 */
size_t chatws_ring_reach(const chatws_ring_t *rg, const chatws_entry_t *e);

/*
 * Collects the offsets of the sequenced entries of a chat with numbers from
 * since + 1 to seq, oldest first, at most max, not older than oldest_ms; last
 * is the offset + 1 of number seq.  OK, or DECLINED: too many, or not held.
 */
chatws_rc_e chatws_ring_chain(const chatws_ring_t *rg, uint64_t last,
    uint64_t serial, uint64_t seq, uint64_t since, uint64_t oldest_ms,
    uint64_t *offsets, uint32_t max, uint32_t *n);

/*
 * Under the lock: time of the oldest entry held, to a 16th of the ring; 0 when
 * there is none.
 */
uint64_t chatws_ring_oldest(const chatws_ring_t *rg);


#endif /* _CHATWS_RING_H_INCLUDED_ */
