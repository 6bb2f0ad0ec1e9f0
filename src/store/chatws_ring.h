
/*
 * Copyright (C) chatws contributors
 *
 * A ring of bytes in shared memory.  It holds entries, each with a complete
 * WebSocket frame.  An entry is known by its offset, which has 64 bits and
 * only grows; it lies at the offset modulo the size of the ring, in one piece.
 * Where an entry would not fit before the end of the ring, padding fills the
 * end, and the entry begins at its start.
 *
 * One process writes at a time, under the lock.  Readers need no lock: an
 * entry below the head is complete, and after reading one that no cursor
 * protects they ask whether it was still held.
 */


#ifndef _CHATWS_RING_H_INCLUDED_
#define _CHATWS_RING_H_INCLUDED_


#include "base/chatws_core.h"


#define CHATWS_OFF_NONE    ((uint64_t) -1)

#define CHATWS_RING_MARKS   16
#define CHATWS_RING_ALIGN   16

/* stands between the number and the count at the end of a frame */
#define CHATWS_ENTRY_COUNT  ",\"count\":"

/* the two parts of chatws_entry_t.own */
#define CHATWS_ENTRY_OWN    0x7fffffff
#define CHATWS_ENTRY_STATE  0x80000000


/*
 * An entry.  It is written under the lock before the head passes it.  It is
 * read without the lock, by processes whose cursor protects it, and by others
 * that ask afterwards whether it was still held.
 */

typedef struct {
    uint64_t  prev;     /* offset + 1 of the previous sequenced entry of the
                           chat, 0: there is none */
    uint64_t  seq;      /* number in the chat, 0: not sequenced */
    uint64_t  serial;   /* of the chat: its row may be another chat's later */
    uint64_t  sender;   /* hash of the sender's user id, 0: nobody is left
                           out */
    uint64_t  time;     /* ms since 1970 */
    uint32_t  size;     /* of the whole entry in bytes, a multiple of 16 */
    uint32_t  chat;     /* row of the chat, 0: this is padding */
    uint32_t  len;      /* bytes of the frame */
    uint32_t  own;      /* position in the frame of the literal "false", which
                           is made "true " for the sender, 0: there is none;
                           and the bit of a state, see chatws_post_t */
    uint8_t   frame[];  /* 8-byte aligned */
} chatws_entry_t;


/*
 * An entry whose time is remembered.  One is taken in each 16th of the ring,
 * to tell how old the ring is: the tail lies between entries, so the oldest
 * entry cannot be found by itself.
 */

typedef struct {
    uint64_t        offset;
    uint64_t        time;
} chatws_mark_t;


/*
 * In shared memory; written under the lock.  head and tail are read without
 * it.
 */

typedef struct {
    uint64_t        head;      /* offset behind the last entry; is moved after
                                  the entry was written */
    uint64_t        tail;      /* bytes from this offset on are held; is moved
                                  before those below it are overwritten */
    uint64_t        room;      /* the head may get here without a look at the
                                  cursors */
    uint64_t        base;      /* distance of the bytes from this struct */
    uint64_t        size;      /* bytes, a multiple of 16 */
    uint64_t        next;      /* the next mark is taken at this offset */
    uint64_t        nmarks;    /* marks taken so far */
    chatws_mark_t   marks[CHATWS_RING_MARKS];
} chatws_ring_t;


/*
 * Makes an empty ring of size bytes, a multiple of 16, at base, which is
 * 16-byte aligned and lies above rg.
 */
void chatws_ring_init(chatws_ring_t *rg, uint8_t *base, uint64_t size);

/*
 * The bytes that an entry with a frame of len bytes takes; and the most that
 * an entry may take, so that it fits wherever the head is.
 */
uint64_t chatws_ring_size(uint64_t len);
uint64_t chatws_ring_size_max(const chatws_ring_t *rg);

/*
 * The offset behind the last entry.  Entries below it are complete.
 */
uint64_t chatws_ring_head(const chatws_ring_t *rg);

/*
 * Whether the entry at off is not overwritten: all that was read of it, and
 * of later ones, before this call is good.
 */
int chatws_ring_is_held(const chatws_ring_t *rg, uint64_t off);

/*
 * Locked.  The offset of the next entry, of size bytes: the head or, if the
 * entry does not fit before the end of the ring, the offset of its start.
 */
uint64_t chatws_ring_offset(const chatws_ring_t *rg, uint64_t size);

/*
 * Locked.  Moves the tail above everything that the entry will overwrite,
 * writes the padding if there is some, and returns the memory of the entry for
 * the caller to fill.  off is from chatws_ring_offset().
 */
chatws_entry_t *chatws_ring_open(chatws_ring_t *rg, uint64_t off,
    uint64_t size);

/*
 * Locked.  Moves the head behind the entry, which readers may see from then
 * on.
 */
void chatws_ring_commit(chatws_ring_t *rg, uint64_t off, chatws_entry_t *e);

/*
 * The entry at off, or behind the padding there, and in *next the offset
 * behind it.  NULL: off is the head, and *next as well; or there is no entry
 * at off, since it was overwritten, and *next is CHATWS_OFF_NONE.  The entry
 * lies within the ring whatever bytes the ring holds.
 */
const chatws_entry_t *chatws_ring_entry(const chatws_ring_t *rg, uint64_t off,
    uint64_t *next);

/*
 * The bytes from the frame of an entry to the end of the ring.  A reader of
 * an entry that may be overwritten at this moment must not read more of the
 * frame than this, whatever its length seems to be.
 */
size_t chatws_ring_reach(const chatws_ring_t *rg, const chatws_entry_t *e);

/*
 * Collects the offsets of the entries of a chat with numbers from since + 1
 * to seq, the oldest first.  last, serial and seq are from chatws_subscribed_t.
 * CHATWS_OK: all n of them are in offsets, which has max places; n may be 0.
 * CHATWS_DECLINED: they are more than max, one is not held any more or older
 * than oldest_ms (ms since 1970), or since is larger than seq.  Needs no lock;
 * after the entries were copied the caller has to ask whether the first of
 * them was still held.
 */
chatws_rc_e chatws_ring_chain(const chatws_ring_t *rg, uint64_t last,
    uint64_t serial, uint64_t seq, uint64_t since, uint64_t oldest_ms,
    uint64_t *offsets, uint32_t max, uint32_t *n);

/*
 * Finds the entry of a chat with the number seq, at most steps entries before
 * the one at last - 1, and the count that its frame ends with; serial is the
 * chat's.  CHATWS_DECLINED: it is not held any more, is further away, or its
 * frame has no count.  Needs no lock.
 */
chatws_rc_e chatws_ring_count(const chatws_ring_t *rg, uint64_t last,
    uint64_t serial, uint64_t seq, uint32_t steps, uint64_t *count);

/*
 * Locked.  The time of the oldest entry held, in ms since 1970, or of one that
 * is younger by a 16th of the ring at most; 0: there is none.
 */
uint64_t chatws_ring_oldest(const chatws_ring_t *rg);


#endif /* _CHATWS_RING_H_INCLUDED_ */
