
/*
 * Copyright (C) chatws contributors
 *
 * The shared state of one hub: slots (worker processes), chats, members and
 * two rings of notifications, laid out over one block of memory that several
 * processes map.  It knows no clock, no randomness, no lock.
 *
 * The caller has one lock.  A function marked "locked" needs it held, and
 * whoever takes it calls chatws_store_recover() first: a process may be
 * killed at any instruction, also inside the lock, and the state is then
 * that of before or after a step, never between.  Nothing here makes a system
 * call or blocks.
 *
 * A chat row is known by a number from 1; 0 is no chat.  The number of a row
 * is stable while it has members; an entry's or a subscription's "serial"
 * tells whether it is still the same chat.
 */


#ifndef _CHATWS_STORE_H_INCLUDED_
#define _CHATWS_STORE_H_INCLUDED_


#include "base/chatws_core.h"
#include "store/chatws_ring.h"


#define CHATWS_SLOT_NONE   ((uint32_t) -1)

#define CHATWS_SLOTS_MAX   1024
#define CHATWS_CHAT_MAX    128    /* bytes of a chat id */
#define CHATWS_COUNTERS    32

#define CHATWS_RINGS       2
#define CHATWS_DURABLE     0
#define CHATWS_EPHEMERAL   1

#define CHATWS_MEMBER_OWN  1      /* gets its user's own messages too */

#define CHATWS_SHARE_MIN   1000
#define CHATWS_SHARE_ANY   ((uint32_t) -1)


typedef struct chatws_store_s  chatws_store_t;


typedef enum {
    CHATWS_SLOT_FREE = 0,
    CHATWS_SLOT_LIVE,
    CHATWS_SLOT_LEAVING           /* release() has begun, and is to go on */
} chatws_slot_state_e;


/*
 * The place of a worker process.  Its owner writes the counters, without the
 * lock: they are aligned words.  Everything else is written by the functions
 * of the store under the lock; the owner may read it without.
 */

typedef struct {
    int64_t   pid;                /* 0: free */
    uint64_t  cursor[CHATWS_RINGS];   /* first entry of the ring that was not
                                     delivered yet, CHATWS_OFF_NONE: the
                                     worker has caught up */
    uint64_t  blocked;            /* ms, since when publishers wait for it, 0:
                                     they do not */
    uint32_t  lapped;             /* publishers have passed it over */
    uint32_t  state;              /* chatws_slot_state_e */
    uint64_t  wake;               /* how to wake the worker; claim()'s caller
                                     knows what it means */
    uint64_t  spare[2];           /* the counters have cache lines of their
                                     own */
    uint64_t  counters[CHATWS_COUNTERS];
} chatws_slot_t;


typedef struct {
    uint64_t  seq;                /* last number used in the chat */
    uint64_t  head;               /* entries from here on are live */
    uint64_t  serial;
    uint64_t  last;               /* offset + 1 of the last sequenced entry,
                                     0: none; for chatws_ring_chain() */
    uint32_t  chat;
} chatws_subscribed_t;


typedef struct {
    chatws_str_t  chat;           /* not used if the row is known */
    uint64_t      sender;         /* chatws_store_hash() of the user, or 0 */
    uint64_t      time;           /* ms since 1970 */
    chatws_str_t  body;           /* JSON text; when sequenced it ends right
                                     before the number: the store appends
                                     decimal digits and "}" */
    uint32_t      own;            /* position in body of the literal "false",
                                     0: none */
    unsigned  ring:1;             /* CHATWS_DURABLE or CHATWS_EPHEMERAL */
    unsigned  sequenced:1;        /* durable only */
} chatws_post_t;


typedef struct {
    uint64_t   seq;               /* 0: not sequenced */
    uint64_t   offset;            /* CHATWS_OFF_NONE: nobody to be told, and
                                     nothing to be kept: not logged */
    uint32_t   recipients;        /* connections that will get it */
    uint32_t   chat;              /* 0: not sequenced and no such chat */
    uint32_t   nwake;
    uint32_t  *wake;              /* caller's array of nslots: who to wake */
} chatws_posted_t;


/* Figures; bytes unless said otherwise. */

typedef struct {
    uint64_t  chats;              /* rows */
    uint64_t  idle;               /* of these without a member: evictable */
    uint64_t  members;            /* rows: chat x user x slot x flags */
    uint64_t  subscriptions;      /* sum of the members' counts */
    uint64_t  evictions;          /* since the zone was made */
    uint64_t  arena_size;
    uint64_t  arena_chats;        /* used by chat rows */
    uint64_t  arena_ids;          /* used by the tails of long chat ids */
    uint64_t  arena_members;      /* used by the rows of members and users */
    uint64_t  arena_partial;      /* free, but only for member rows */
    uint64_t  arena_free;         /* free for anything */
    uint64_t  ring_size[CHATWS_RINGS];
    uint64_t  ring_used[CHATWS_RINGS];    /* held, not overwritten yet */
    uint64_t  ring_oldest[CHATWS_RINGS];  /* chatws_ring_oldest() */
} chatws_usage_t;


/*
 * The least memory for so many slots.
 */
size_t chatws_store_min_size(uint32_t nslots);

/*
 * Lays the memory out and makes it empty.  mem is 64-byte aligned and may
 * hold anything; the store begins at mem.  nslots is 1 to CHATWS_SLOTS_MAX;
 * key is random, epoch is a token that differs in each fresh zone.
 * ERROR: nslots out of range, too little memory, or not aligned.
 */
chatws_rc_e chatws_store_init(void *mem, size_t size, uint32_t nslots,
    const uint8_t key[16], uint64_t epoch);

/*
 * Checks that mem holds a store of this layout and size.  ERROR: it does not.
 */
chatws_rc_e chatws_store_attach(void *mem, size_t size);

/*
 * Locked, first thing after each taking of the lock: undoes the step in which
 * the previous holder died.  One load when nothing happened.
 */
void chatws_store_recover(chatws_store_t *st);

/*
 * What init() was given.
 */
uint64_t chatws_store_epoch(chatws_store_t *st);
uint32_t chatws_store_nslots(chatws_store_t *st);

/*
 * The least number that is not less than min and larger than each that was
 * given before, in whatever process.  Without the lock.
 */
uint64_t chatws_store_stamp(chatws_store_t *st, uint64_t min);

/*
 * Keyed SipHash-2-4, never 0.  Without the lock.
 */
uint64_t chatws_store_hash(chatws_store_t *st, const uint8_t *p, size_t len);

/*
 * Brings what a publish or a subscribe to this chat will touch nearer to the
 * processor.  Without the lock, right before taking it; optional.
 */
void chatws_store_prefetch(chatws_store_t *st, const chatws_str_t *chat);


/* slots */

/*
 * The slot's row; slot is less than nslots.
 */
chatws_slot_t *chatws_store_slot(chatws_store_t *st, uint32_t slot);

/*
 * Totals of the counters of all released slots; the sum over these and all
 * the slots' own is the total of the zone (read it locked).
 */
uint64_t *chatws_store_counters(chatws_store_t *st);

/*
 * Locked.  Takes a free slot: counters 0, no members, caught up.
 * CHATWS_SLOT_NONE: all are taken.
 */
uint32_t chatws_store_claim(chatws_store_t *st, int64_t pid, uint64_t wake);

/*
 * Locked.  Takes the slot out of service and removes up to budget of its
 * member rows.  The first call ends its cursors, so that it keeps no
 * publisher from going on.  AGAIN: call again, the lock may be dropped
 * between, any process may go on with it; OK: the slot is free and its
 * counters are in the totals.  For a process's own exit, and for a dead one;
 * after a dead one, wake whom pending() lists.
 */
chatws_rc_e chatws_store_release(chatws_store_t *st, uint32_t slot,
    uint32_t budget);

/*
 * Locked.  Lists the live slots that have something to drain, or are lapped,
 * in wake (nslots entries) and returns their number.
 */
uint32_t chatws_store_pending(chatws_store_t *st, uint32_t *wake);


/* membership */

/*
 * Locked.  One more subscriber (connection) of this user and these flags in
 * this slot.  Entries at out->head and later are for it, earlier ones are
 * not.  BUSY: no room; DECLINED: the user has share subscriptions or more,
 * in all slots and chats; ERROR: chat id of a length not from 1 to
 * CHATWS_CHAT_MAX, or not a live slot.  A slot that is lapped may subscribe.
 */
chatws_rc_e chatws_store_subscribe(chatws_store_t *st, uint32_t slot,
    const chatws_str_t *chat, uint64_t user, uint32_t flags, uint32_t share,
    chatws_subscribed_t *out);

/*
 * A share that leaves room for others: a quarter of as many chats as there is
 * room for, but not less than CHATWS_SHARE_MIN.  Without the lock.
 */
uint32_t chatws_store_share(chatws_store_t *st);

/*
 * Locked.  Undoes one subscribe() of the same arguments.  last: this slot has
 * no subscriber of the chat any more, of whatever user and flags.  What is
 * not there is ignored.
 */
void chatws_store_unsubscribe(chatws_store_t *st, uint32_t slot,
    uint32_t chat, uint64_t user, uint32_t flags, int last);

/*
 * Locked.  Fills out for a chat that the caller is subscribed to, as another
 * subscribe() at this moment would.
 */
void chatws_store_position(chatws_store_t *st, uint32_t chat,
    chatws_subscribed_t *out);


/* publishing */

/*
 * Locked.  Appends one notification and lists the slots to wake.  row is the
 * row of the chat if the caller is subscribed to it, which saves the search;
 * with 0 the chat is looked up by post->chat.  A sequenced notification makes
 * the chat if there is none; one that is not sequenced is not kept if there is
 * no chat or, in the ephemeral ring, no recipient.  out->wake is the caller's,
 * the rest of out is filled.  now_ms is any clock that all processes share;
 * lap_limit_ms is how long a durable notification waits for a slot.
 *
 * CHATWS_OK.  CHATWS_BUSY: nothing was kept, since there is no room for the
 * chat, or the ring would overrun a live slot that has not read it.  An
 * ephemeral notification is to be dropped then.  A durable one may be tried
 * again: after lap_limit_ms the slot is marked as lapped and passed over.
 * CHATWS_DECLINED: the body is larger than chatws_store_body_max().
 * CHATWS_ERROR: the chat id has a wrong length.  The slots in out->wake are to
 * be woken whatever is returned: a lapped slot is listed once.
 */
chatws_rc_e chatws_store_publish(chatws_store_t *st, uint32_t row,
    const chatws_post_t *post, uint64_t now_ms, uint64_t lap_limit_ms,
    chatws_posted_t *out);

/*
 * The largest body that the ring can ever take.
 */
size_t chatws_store_body_max(chatws_store_t *st, uint32_t ring);


/* draining; ring is CHATWS_DURABLE or CHATWS_EPHEMERAL */

/*
 * A ring, to read entries from with the functions of chatws_ring.h.  Without
 * the lock: an entry that the caller's cursor protects stays as it is; any
 * other one may be overwritten at any moment, see chatws_ring_is_held().
 */
const chatws_ring_t *chatws_store_ring(chatws_store_t *st, uint32_t ring);

/*
 * The offset from which the slot is to drain, CHATWS_OFF_NONE: it has caught
 * up.  Without the lock (acquire), for the slot's owner.
 */
uint64_t chatws_store_cursor(chatws_store_t *st, uint32_t slot, uint32_t ring);

/*
 * Locked.  Gives the entries before pos free.  OK: pos is the head, the slot
 * has caught up and will be woken by the next entry; AGAIN: there is more.
 */
chatws_rc_e chatws_store_caught_up(chatws_store_t *st, uint32_t slot,
    uint32_t ring, uint64_t pos);

/*
 * Whether publishers went past this slot, so that it has lost entries, and
 * may be reading overwritten ones.  Without the lock (acquire).  A lapped
 * slot is neither waited for nor woken until unlap(), and is to end all its
 * subscriptions with it.
 */
int chatws_store_is_lapped(chatws_store_t *st, uint32_t slot);

/*
 * Locked.  The slot takes part again, from the present heads.
 */
void chatws_store_unlap(chatws_store_t *st, uint32_t slot);


/* figures */

/*
 * Locked.
 */
void chatws_store_usage(chatws_store_t *st, chatws_usage_t *out);


#endif /* _CHATWS_STORE_H_INCLUDED_ */
