
/*
 * Copyright (C) chatws contributors
 *
 * The seats of users: how many connections each user has, in all slots.  A cell
 * counts those of one user in one slot.  It counts only as long as the process
 * that has taken the slot has it: when a worker dies, its slot is given back,
 * and all its cells are free at once.
 *
 * A connection that moves from one worker to another has its seat in neither of
 * them, but in a cell of its user for those on their way, which counts for some
 * seconds.
 *
 * The lock is that of the store.  The count of a cell, with its owner, is one
 * word, which is written last; only the owner makes it smaller, for which it
 * does not need the lock.
 */


#ifndef _CHATWS_SEAT_H_INCLUDED_
#define _CHATWS_SEAT_H_INCLUDED_


#include "store/chatws_store.h"


/* the cells in which a user may be */
#define CHATWS_SEAT_WAYS  64

/* calls on their way, at most */
#define CHATWS_SEAT_CALLS  8

/* connections of a user in a slot, at most */
#define CHATWS_SEAT_MAX   0xffff


typedef struct {
    uint64_t       user;             /* keyed hash */
    uint64_t       owner;            /* from the lowest bits: 16 of the count,
                                        0: free; 16 of the slot; 32 of the
                                        serial of who has taken it */
    uint32_t       owing;            /* of these, those that owe a pong; the
                                        owner's, without the lock */
    uint32_t       spare;
} chatws_seat_t;


/* A call to a slot: those of a user that owe a pong are to be closed. */

typedef struct {
    uint64_t       seat;             /* the user, as in the cells */
    uint64_t       user;             /* and as the caller knows it otherwise */
    uint32_t       slot;             /* + 1, written last; 0: no call */
    uint32_t       spare;
} chatws_seat_call_t;


/* In the shared memory, with its cells behind it. */

typedef struct {
    uint64_t       n;                /* cells, a multiple of WAYS */
    uint64_t       spare[7];         /* the cells begin at a line */
    chatws_seat_call_t  calls[CHATWS_SEAT_CALLS];
    chatws_seat_t  cells[];
} chatws_seats_t;


/*
 * Makes an empty table of the size bytes at mem, which are 64-byte aligned and
 * have room for WAYS cells at least.
 */
void chatws_seats_init(void *mem, size_t size);

/*
 * Locked.  Takes a seat for a connection of the user in a live slot, if there
 * are fewer than max, in all slots and on their way.  now is in seconds, by a
 * clock of all processes.
 *
 * CHATWS_OK.  CHATWS_DECLINED: the user has max seats or more.  CHATWS_BUSY:
 * the table has no room for one more, so it is not counted.
 */
chatws_rc_e chatws_seats_take(chatws_seats_t *seats, chatws_store_t *st,
    uint32_t slot, uint64_t user, uint32_t max, uint32_t now);

/* Gives back a seat that was taken in this slot.  Without the lock. */
void chatws_seats_leave(chatws_seats_t *seats, chatws_store_t *st,
    uint32_t slot, uint64_t user);

/*
 * Locked.  The same where connections of the user in other slots that owe a
 * pong do not count.  These are to be closed there: their slots get a call, and
 * are listed in wake, which has CHATWS_SEAT_CALLS places, to be woken.
 */
chatws_rc_e chatws_seats_displace(chatws_seats_t *seats, chatws_store_t *st,
    uint32_t slot, const chatws_seat_call_t *call, uint32_t max, uint32_t now,
    uint32_t *wake, uint32_t *nwake);

/*
 * A connection that has a seat in this slot owes a pong, or not any more.
 * Without the lock.
 */
void chatws_seats_owe(chatws_seats_t *seats, chatws_store_t *st, uint32_t slot,
    uint64_t user, int owes);

/* Returns 1 if there is a call to the slot, else 0.  Without the lock. */
int chatws_seats_is_called(const chatws_seats_t *seats, uint32_t slot);

/* Locked.  Takes a call to the slot.  CHATWS_OK, or CHATWS_DECLINED: none. */
chatws_rc_e chatws_seats_answer(chatws_seats_t *seats, uint32_t slot,
    chatws_seat_call_t *call);

/*
 * Locked.  The connection leaves for another slot: its seat counts until then,
 * or until so many seconds are over.
 */
void chatws_seats_send(chatws_seats_t *seats, chatws_store_t *st,
    uint32_t slot, uint64_t user, uint32_t now, uint32_t time);

/*
 * Locked.  The connection has come to this slot.  It takes a seat, however many
 * there are.  CHATWS_OK, or CHATWS_BUSY as above.
 */
chatws_rc_e chatws_seats_receive(chatws_seats_t *seats, chatws_store_t *st,
    uint32_t slot, uint64_t user, uint32_t now);

/* Locked.  The seats of a user, in all slots and on their way. */
uint32_t chatws_seats_count(const chatws_seats_t *seats, chatws_store_t *st,
    uint64_t user, uint32_t now);


#endif /* _CHATWS_SEAT_H_INCLUDED_ */
