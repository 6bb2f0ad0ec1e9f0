
/*
 * Copyright (C) chatws contributors
 *
 * The shared state of a zone: slots for worker processes, chats with their
 * members, and two rings of notifications, in one block of memory that several
 * processes map.  It knows no clock, no randomness and no lock, makes no
 * system call and never waits.
 *
 * The caller has one lock.  A function that is said to be locked may be called
 * with the lock held only.  After each taking of the lock
 * chatws_store_recover() is to be called first: a process may be killed at any
 * instruction, also while it holds the lock, and then the state is that of
 * before or after a step, never between.
 *
 * The row of a chat is known by a number from 1; 0 is no chat.  The number
 * stays the same as long as the chat has members.  After that the row may
 * become another chat's; whether it has is seen by its serial, which is never
 * given twice.
 */


#ifndef _CHATWS_STORE_H_INCLUDED_
#define _CHATWS_STORE_H_INCLUDED_


#include "base/chatws_core.h"
#include "base/chatws_decimal.h"
#include "base/chatws_name.h"
#include "store/chatws_journal.h"
#include "store/chatws_ring.h"


#define CHATWS_SLOT_NONE   ((uint32_t) -1)

#define CHATWS_SLOTS_MAX   1024
#define CHATWS_CHAT_MAX    CHATWS_INBOX_MAX   /* bytes of a chat id */

/* of a slot; a part of the layout, which gets another number with it */
#define CHATWS_COUNTERS    64

#define CHATWS_RINGS       2
#define CHATWS_DURABLE     0
#define CHATWS_EPHEMERAL   1

/* the row of an entry that is a command to the workers: it is no chat's */
#define CHATWS_ROW_COMMAND  ((uint32_t) -1)

/* bytes of a count behind the number: ,"count": and its digits */
#define CHATWS_TALLY_MAX                                                      \
    (sizeof(CHATWS_ENTRY_COUNT) - 1 + CHATWS_DECIMAL_MAX)

/* flags of a member */
#define CHATWS_MEMBER_OWN   1     /* it gets messages of its own user, too */
#define CHATWS_MEMBER_AWAY  2     /* of an inbox: nobody looks at it, or */
#define CHATWS_MEMBER_GONE  4     /* it counts as if it were not there */

/* subscriptions of a user */
#define CHATWS_SHARE_MIN   1000
#define CHATWS_SHARE_ANY   ((uint32_t) -1)


typedef struct chatws_store_s  chatws_store_t;


typedef enum {
    CHATWS_SLOT_FREE = 0,
    CHATWS_SLOT_LIVE,
    CHATWS_SLOT_LEAVING           /* release() has to be called again */
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
    uint64_t  wake;               /* how to wake the worker, a number of the
                                     caller of claim() */
    uint32_t  serial;             /* how often the slot was claimed */
    uint32_t  spare[3];           /* the counters have cache lines of their
                                     own */
    uint64_t  counters[CHATWS_COUNTERS];
} chatws_slot_t;


/*
 * The state of a chat at the moment of a subscription.
 */

typedef struct {
    uint64_t  seq;                /* last number used */
    uint64_t  head;               /* entries from this offset on are live */
    uint64_t  serial;
    uint64_t  last;               /* offset + 1 of the last sequenced entry,
                                     0: none; for chatws_ring_chain() */
    uint32_t  chat;               /* row */
} chatws_subscribed_t;


/*
 * The count of messages of a chat, which the caller keeps in shared memory
 * under the same lock.  It changes in one step with the head of the ring.
 */

typedef struct {
    uint64_t          *count;     /* NULL: it is the number of the chat */
    chatws_journal_t  *journal;   /* of that memory */
} chatws_tally_t;


/*
 * A notification to be published; the strings stay the caller's.
 */

typedef struct {
    chatws_str_t  chat;           /* id, not used if the row is known */
    uint64_t      sender;         /* chatws_store_hash() of the user, or 0 */
    uint64_t      time;           /* ms since 1970 */
    chatws_str_t  body;           /* JSON text; if sequenced it ends where the
                                     number belongs: the store appends that
                                     and a closing brace */
    chatws_tally_t  *tally;       /* the count is appended to the number;
                                     NULL: it is not */
    uint32_t      own;            /* position in body of the literal "false",
                                     see chatws_entry_t, 0: none; of a state,
                                     not 0 if it is not for users who tell
                                     others nothing of what they read */
    unsigned  ring:1;             /* CHATWS_DURABLE or CHATWS_EPHEMERAL */
    unsigned  sequenced:1;        /* gets a number; in the durable ring only */
    unsigned  counts:1;           /* raises the count */
    unsigned  reads:1;            /* its sender has read the chat; is not for
                                     the store */
    unsigned  state:1;            /* for those who follow the state of the
                                     chat; a later one makes it needless */
} chatws_post_t;


/*
 * The outcome of a publish.
 */

typedef struct {
    uint64_t   seq;               /* number, 0: not sequenced */
    uint64_t   count;             /* with a tally: as the entry says */
    uint64_t   offset;            /* CHATWS_OFF_NONE: it was not kept, since
                                     nobody would get it */
    uint32_t   recipients;        /* connections that will get it */
    uint32_t   chat;              /* row, 0: there is no such chat */
    uint32_t   nwake;
    uint32_t  *wake;              /* slots to be woken: the caller's array,
                                     which has nslots places */
} chatws_posted_t;


/*
 * How full the memory is; bytes unless said otherwise.
 */

typedef struct {
    uint64_t  chats;              /* rows, inboxes not counted */
    uint64_t  idle;               /* of these without a member: evictable */
    uint64_t  members;            /* rows: chat x user x slot x flags */
    uint64_t  subscriptions;      /* sum of the members' counts, inboxes not
                                     counted */
    uint64_t  evictions;          /* since the zone was made */
    uint64_t  arena_size;
    uint64_t  arena_chats;        /* used by chat rows, and by inboxes */
    uint64_t  arena_ids;          /* used by the tails of long chat ids */
    uint64_t  arena_members;      /* used by the rows of members and users */
    uint64_t  arena_partial;      /* free, but only for member rows */
    uint64_t  arena_free;         /* free for anything */
    uint64_t  ring_size[CHATWS_RINGS];
    uint64_t  ring_used[CHATWS_RINGS];    /* held, not overwritten yet */
    uint64_t  ring_oldest[CHATWS_RINGS];  /* chatws_ring_oldest() */
} chatws_usage_t;


/*
 * The least memory, in bytes, for so many slots.
 */
size_t chatws_store_min_size(uint32_t nslots);

/*
 * Makes an empty store in size bytes at mem, which may hold anything and is
 * 64-byte aligned.  nslots is 1 to CHATWS_SLOTS_MAX, key is random, epoch is a
 * number that differs for each store.  CHATWS_ERROR: nslots is out of range,
 * or the memory is too small or not aligned.
 */
chatws_rc_e chatws_store_init(void *mem, size_t size, uint32_t nslots,
    const uint8_t key[16], uint64_t epoch);

/*
 * Checks that mem holds a store of this layout and size.  CHATWS_ERROR: it
 * does not.  Changes nothing.
 */
chatws_rc_e chatws_store_attach(void *mem, size_t size);

/*
 * Locked; to be called first after each taking of the lock.  Undoes the step
 * in which the previous holder died; if it did not, this is one load.
 */
void chatws_store_recover(chatws_store_t *st);

/*
 * The epoch and the number of slots that init() was given.  Without the lock.
 */
uint64_t chatws_store_epoch(chatws_store_t *st);
uint32_t chatws_store_nslots(chatws_store_t *st);

/*
 * The least number that is not less than min and larger than each one that
 * any process was given before.  Without the lock.
 */
uint64_t chatws_store_stamp(chatws_store_t *st, uint64_t min);

/*
 * SipHash-2-4 with the key of the store, but never 0.  Without the lock.
 */
uint64_t chatws_store_hash(chatws_store_t *st, const uint8_t *p, size_t len);

/*
 * Fetches the row of a chat into the cache, right before the lock is taken for
 * a publish or a subscribe, so that the lock is held for less time.  Without
 * the lock; optional.
 */
void chatws_store_prefetch(chatws_store_t *st, const chatws_str_t *chat);

/* The same, by hashes, and what is known of a user in the chat. */
void chatws_store_prefetch_member(chatws_store_t *st, uint64_t chat,
    uint64_t user);


/* slots */

/*
 * A slot by its number, which is less than nslots.
 */
chatws_slot_t *chatws_store_slot(chatws_store_t *st, uint32_t slot);

/*
 * The counters of all slots that were released, added up.  Locked, the sum of
 * these and of the counters of all slots is the total of the zone.
 */
uint64_t *chatws_store_counters(chatws_store_t *st);

/*
 * Locked.  Takes a free slot for a process; wake tells others how to wake it.
 * Its counters are 0, it has no members and has caught up.  Returns
 * CHATWS_SLOT_NONE if all are taken.
 */
uint32_t chatws_store_claim(chatws_store_t *st, int64_t pid, uint64_t wake);

/*
 * Locked.  Gives back the slot of a process that ends or is dead, by removing
 * up to budget rows of its members.  CHATWS_AGAIN: it is to be called again,
 * by any process; the lock may be given back in between.  CHATWS_OK: the slot
 * is free, and its counters are in the totals.  From the first call on the
 * slot does not hold up publishers.  After a dead process the slots that
 * pending() lists are to be woken.
 */
chatws_rc_e chatws_store_release(chatws_store_t *st, uint32_t slot,
    uint32_t budget);

/*
 * Locked.  Lists the live slots that have something to read, or are lapped, in
 * wake, which has nslots places, and returns their number.
 */
uint32_t chatws_store_pending(chatws_store_t *st, uint32_t *wake);


/* membership */

/*
 * Locked.  Adds a subscription of a connection of this user in this slot, and
 * makes the chat if there is none.  One to an inbox, see chatws_name.h, is
 * none of those of the user that share limits.  Entries at out->head and later
 * are for the subscription, earlier ones are not.  CHATWS_BUSY: there is no
 * room.  CHATWS_DECLINED: the user has share subscriptions or more, in all
 * slots and chats.  CHATWS_ERROR: the chat id has less than 1 or more than
 * CHATWS_CHAT_MAX bytes, or the slot is not live.  A lapped slot may
 * subscribe.
 */
chatws_rc_e chatws_store_subscribe(chatws_store_t *st, uint32_t slot,
    const chatws_str_t *chat, uint64_t user, uint32_t flags, uint32_t share,
    chatws_subscribed_t *out);

/*
 * The subscriptions that a user may have without taking the room of others: a
 * quarter of the chats that there is room for, but at least CHATWS_SHARE_MIN.
 * Without the lock.
 */
uint32_t chatws_store_share(chatws_store_t *st);

/*
 * Locked.  The users that are subscribed to a chat, each of them counted once,
 * whatever its connections.  chat is the row of a chat that has subscribers.
 */
uint32_t chatws_store_users(chatws_store_t *st, uint32_t chat);

/*
 * Locked.  Removes a subscription that was added with the same slot, chat,
 * user and flags; does nothing if there is none.  last tells that this slot
 * has no other subscription to the chat, of any user.
 */
void chatws_store_unsubscribe(chatws_store_t *st, uint32_t slot,
    uint32_t chat, uint64_t user, uint32_t flags, int last);

/*
 * Locked.  Fills out for a chat that the caller is subscribed to, as another
 * subscribe() at this moment would.
 */
void chatws_store_position(chatws_store_t *st, uint32_t chat,
    chatws_subscribed_t *out);

/*
 * Locked.  The last number of a chat: the next notification has a larger one.
 */
uint64_t chatws_store_last(chatws_store_t *st, const chatws_str_t *chat);

/*
 * Locked.  The same for any chat, by its id.  CHATWS_DECLINED: there is none.
 */
chatws_rc_e chatws_store_find(chatws_store_t *st, const chatws_str_t *chat,
    chatws_subscribed_t *out);

/*
 * Locked.  The connections of a user to a chat, in all slots, that have none
 * of these flags.
 */
uint32_t chatws_store_members(chatws_store_t *st, uint32_t chat,
    uint64_t user, uint32_t flags);


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
 * CHATWS_DECLINED: the body is larger than chatws_store_body_max(), less
 * CHATWS_TALLY_MAX with a tally.  CHATWS_ERROR: the chat id has a wrong
 * length.  The slots in out->wake are to be woken whatever is returned: a
 * lapped slot is listed once.
 */
chatws_rc_e chatws_store_publish(chatws_store_t *st, uint32_t row,
    const chatws_post_t *post, uint64_t now_ms, uint64_t lap_limit_ms,
    chatws_posted_t *out);

/*
 * Locked.  Makes room for a command of len bytes, as publish() does for a
 * notification.  Of out, only the slots to wake count.
 *
 * CHATWS_OK: a command of as many bytes can be appended under the same lock.
 * CHATWS_BUSY: there is no room now.  CHATWS_DECLINED: it is larger than
 * chatws_store_body_max().
 */
chatws_rc_e chatws_store_command_room(chatws_store_t *st, size_t len,
    uint64_t now_ms, uint64_t lap_limit_ms, chatws_posted_t *out);

/*
 * Locked.  Appends a command for which room was made, with the same out: an
 * entry of the durable ring whose frame is the text as it is.  All live slots
 * are to read it, in the order of the ring; those to wake are added to out.
 * time is in ms since 1970.
 */
void chatws_store_command(chatws_store_t *st, const chatws_str_t *text,
    uint64_t time, chatws_posted_t *out);

/*
 * The bytes of the largest body that the ring can take.  Without the lock.
 */
size_t chatws_store_body_max(chatws_store_t *st, uint32_t ring);


/* reading; ring is CHATWS_DURABLE or CHATWS_EPHEMERAL */

/*
 * A ring, to read entries from with the functions of chatws_ring.h.  Without
 * the lock: an entry that the caller's cursor protects stays as it is; any
 * other one may be overwritten at any moment, see chatws_ring_is_held().
 */
const chatws_ring_t *chatws_store_ring(chatws_store_t *st, uint32_t ring);

/*
 * The offset of the first entry that the slot has not delivered yet, or
 * CHATWS_OFF_NONE: it has caught up.  For the owner of the slot, without the
 * lock.
 */
uint64_t chatws_store_cursor(chatws_store_t *st, uint32_t slot, uint32_t ring);

/*
 * Locked.  The slot has delivered everything before pos, which publishers may
 * overwrite now.  CHATWS_OK: pos is the head, the slot has caught up, and the
 * next entry for it wakes it.  CHATWS_AGAIN: there are more entries.
 */
chatws_rc_e chatws_store_caught_up(chatws_store_t *st, uint32_t slot,
    uint32_t ring, uint64_t pos);

/*
 * Whether publishers have passed this slot over: it has lost entries, and
 * those that it was reading may have been overwritten meanwhile.  Without the
 * lock.  Publishers neither wait for a lapped slot nor wake it until unlap(),
 * after which the slot has to end all its subscriptions.
 */
int chatws_store_is_lapped(chatws_store_t *st, uint32_t slot);

/*
 * Locked.  The slot takes part again, from the present heads on.
 */
void chatws_store_unlap(chatws_store_t *st, uint32_t slot);


/* figures */

/*
 * Locked.  Fills out.
 */
void chatws_store_usage(chatws_store_t *st, chatws_usage_t *out);


#endif /* _CHATWS_STORE_H_INCLUDED_ */
