
/*
 * Copyright (C) chatws contributors
 *
 * The seats of users: see chatws_seat.h.
 */


#include <string.h>

#include "store/chatws_journal.h"
#include "store/chatws_seat.h"


/* in place of the slot, for seats on their way; the serial is their end */
#define CHATWS_SEAT_WAY  0xffff

#define chatws_seat_owner(slot, serial, count)                                \
    ((uint64_t) (serial) << 32 | (uint64_t) (slot) << 16 | (count))

#define chatws_seat_count(owner)   ((uint32_t) (owner) & 0xffff)
#define chatws_seat_slot(owner)    ((uint32_t) ((owner) >> 16) & 0xffff)
#define chatws_seat_serial(owner)  ((uint32_t) ((owner) >> 32))


static uint32_t chatws_seat_calls_free(const chatws_seats_t *seats);
static void chatws_seat_call(chatws_seats_t *seats,
    const chatws_seat_call_t *call, uint32_t slot);
static chatws_seat_t *chatws_seat_cells(const chatws_seats_t *seats,
    uint64_t user);
static int chatws_seat_is_free(const chatws_seat_t *cell, chatws_store_t *st,
    uint32_t now);
static chatws_seat_t *chatws_seat_find(const chatws_seats_t *seats,
    chatws_store_t *st, uint64_t user, uint32_t slot, uint32_t now);
static chatws_rc_e chatws_seat_add(chatws_seats_t *seats, chatws_store_t *st,
    uint64_t user, uint32_t slot, uint32_t now);
static chatws_rc_e chatws_seat_new(chatws_seats_t *seats, chatws_store_t *st,
    uint64_t user, uint64_t owner, uint32_t now);


void
chatws_seats_init(void *mem, size_t size)
{
    chatws_seats_t  *seats;

    seats = mem;

    memset(mem, 0, size);

    seats->n = (size - sizeof(chatws_seats_t)) / sizeof(chatws_seat_t)
               / CHATWS_SEAT_WAYS * CHATWS_SEAT_WAYS;
}


chatws_rc_e
chatws_seats_take(chatws_seats_t *seats, chatws_store_t *st, uint32_t slot,
    uint64_t user, uint32_t max, uint32_t now)
{
    if (chatws_seats_count(seats, st, user, now) >= max) {
        return CHATWS_DECLINED;
    }

    return chatws_seat_add(seats, st, user, slot, now);
}


chatws_rc_e
chatws_seats_displace(chatws_seats_t *seats, chatws_store_t *st,
    uint32_t slot, const chatws_seat_call_t *call, uint32_t max, uint32_t now,
    uint32_t *wake, uint32_t *nwake)
{
    uint32_t        i, n, owing, other, owes;
    chatws_seat_t  *cell;

    cell = chatws_seat_cells(seats, call->seat);
    owing = 0;
    n = 0;

    for (i = 0; i < CHATWS_SEAT_WAYS && n < CHATWS_SEAT_CALLS; i++) {
        other = chatws_seat_slot(chatws_shared_get(&cell[i].owner));
        owes = chatws_shared_get(&cell[i].owing);

        if (cell[i].user == call->seat
            && owes != 0
            && other != slot
            && other != CHATWS_SEAT_WAY
            && !chatws_seat_is_free(&cell[i], st, now))
        {
            wake[n++] = other;
            owing += owes;
        }
    }

    *nwake = 0;

    if (chatws_seats_count(seats, st, call->seat, now) >= max + owing
        || chatws_seat_calls_free(seats) < n)
    {
        return CHATWS_DECLINED;
    }

    *nwake = n;

    while (n != 0) {
        chatws_seat_call(seats, call, wake[--n]);
    }

    return chatws_seat_add(seats, st, call->seat, slot, now);
}


static uint32_t
chatws_seat_calls_free(const chatws_seats_t *seats)
{
    uint32_t  i, n;

    n = 0;

    for (i = 0; i < CHATWS_SEAT_CALLS; i++) {
        n += seats->calls[i].slot == 0;
    }

    return n;
}


static void
chatws_seat_call(chatws_seats_t *seats, const chatws_seat_call_t *call,
    uint32_t slot)
{
    uint32_t  i;

    for (i = 0; i < CHATWS_SEAT_CALLS; i++) {

        if (seats->calls[i].slot == 0) {
            chatws_shared_set(&seats->calls[i].seat, call->seat);
            chatws_shared_set(&seats->calls[i].user, call->user);
            chatws_shared_set(&seats->calls[i].slot, slot + 1);
            return;
        }
    }
}


int
chatws_seats_is_called(const chatws_seats_t *seats, uint32_t slot)
{
    uint32_t  i;

    for (i = 0; i < CHATWS_SEAT_CALLS; i++) {
        if (chatws_shared_get(&seats->calls[i].slot) == slot + 1) {
            return 1;
        }
    }

    return 0;
}


chatws_rc_e
chatws_seats_answer(chatws_seats_t *seats, uint32_t slot,
    chatws_seat_call_t *call)
{
    uint32_t  i;

    for (i = 0; i < CHATWS_SEAT_CALLS; i++) {

        if (seats->calls[i].slot == slot + 1) {
            *call = seats->calls[i];
            chatws_shared_set(&seats->calls[i].slot, 0);

            return CHATWS_OK;
        }
    }

    return CHATWS_DECLINED;
}


void
chatws_seats_owe(chatws_seats_t *seats, chatws_store_t *st, uint32_t slot,
    uint64_t user, int owes)
{
    chatws_seat_t  *cell;

    cell = chatws_seat_find(seats, st, user, slot, 0);

    if (cell == NULL) {
        return;
    }

    if (owes) {
        chatws_shared_set(&cell->owing, cell->owing + 1);

    } else if (cell->owing != 0) {
        chatws_shared_set(&cell->owing, cell->owing - 1);
    }
}


void
chatws_seats_leave(chatws_seats_t *seats, chatws_store_t *st, uint32_t slot,
    uint64_t user)
{
    chatws_seat_t  *cell;

    cell = chatws_seat_find(seats, st, user, slot, 0);

    if (cell != NULL) {
        chatws_shared_set(&cell->owner, cell->owner - 1);
    }
}


void
chatws_seats_send(chatws_seats_t *seats, chatws_store_t *st, uint32_t slot,
    uint64_t user, uint32_t now, uint32_t time)
{
    uint64_t        owner;
    chatws_seat_t  *cell;

    cell = chatws_seat_find(seats, st, user, CHATWS_SEAT_WAY, now);

    if (cell == NULL) {
        (void) chatws_seat_new(seats, st, user,
                               chatws_seat_owner(CHATWS_SEAT_WAY, now + time,
                                                 1),
                               now);

    } else if (chatws_seat_count(cell->owner) < CHATWS_SEAT_MAX) {
        owner = chatws_seat_owner(CHATWS_SEAT_WAY, now + time,
                                  chatws_seat_count(cell->owner) + 1);
        chatws_shared_set(&cell->owner, owner);
    }

    chatws_seats_leave(seats, st, slot, user);
}


chatws_rc_e
chatws_seats_receive(chatws_seats_t *seats, chatws_store_t *st, uint32_t slot,
    uint64_t user, uint32_t now)
{
    chatws_rc_e     rc;
    chatws_seat_t  *cell;

    rc = chatws_seat_add(seats, st, user, slot, now);

    cell = chatws_seat_find(seats, st, user, CHATWS_SEAT_WAY, now);

    if (cell != NULL) {
        chatws_shared_set(&cell->owner, cell->owner - 1);
    }

    return rc;
}


uint32_t
chatws_seats_count(const chatws_seats_t *seats, chatws_store_t *st,
    uint64_t user, uint32_t now)
{
    uint32_t        i, n;
    chatws_seat_t  *cell;

    cell = chatws_seat_cells(seats, user);
    n = 0;

    for (i = 0; i < CHATWS_SEAT_WAYS; i++) {
        if (cell[i].user == user && !chatws_seat_is_free(&cell[i], st, now)) {
            n += chatws_seat_count(chatws_shared_get(&cell[i].owner));
        }
    }

    return n;
}


static chatws_seat_t *
chatws_seat_cells(const chatws_seats_t *seats, uint64_t user)
{
    return (chatws_seat_t *) &seats->cells[user % (seats->n / CHATWS_SEAT_WAYS)
                                           * CHATWS_SEAT_WAYS];
}


/* Whether nobody is counted in the cell, or nobody any more. */

static int
chatws_seat_is_free(const chatws_seat_t *cell, chatws_store_t *st,
    uint32_t now)
{
    uint32_t        serial;
    uint64_t        owner;
    chatws_slot_t  *slot;

    owner = chatws_shared_get(&cell->owner);

    if (chatws_seat_count(owner) == 0) {
        return 1;
    }

    serial = chatws_seat_serial(owner);

    if (chatws_seat_slot(owner) == CHATWS_SEAT_WAY) {
        return (int32_t) (serial - now) <= 0;
    }

    slot = chatws_store_slot(st, chatws_seat_slot(owner));

    return chatws_shared_get(&slot->state) != CHATWS_SLOT_LIVE
           || chatws_shared_get(&slot->serial) != serial;
}


/* Returns the cell of the user in the slot, if there is a count in it. */

static chatws_seat_t *
chatws_seat_find(const chatws_seats_t *seats, chatws_store_t *st,
    uint64_t user, uint32_t slot, uint32_t now)
{
    uint32_t        i;
    chatws_seat_t  *cell;

    cell = chatws_seat_cells(seats, user);

    for (i = 0; i < CHATWS_SEAT_WAYS; i++) {
        if (cell[i].user == user
            && chatws_seat_slot(cell[i].owner) == slot
            && !chatws_seat_is_free(&cell[i], st, now))
        {
            return &cell[i];
        }
    }

    return NULL;
}


static chatws_rc_e
chatws_seat_add(chatws_seats_t *seats, chatws_store_t *st, uint64_t user,
    uint32_t slot, uint32_t now)
{
    uint32_t        serial;
    chatws_seat_t  *cell;

    cell = chatws_seat_find(seats, st, user, slot, now);

    if (cell == NULL) {
        serial = chatws_store_slot(st, slot)->serial;

        return chatws_seat_new(seats, st, user,
                               chatws_seat_owner(slot, serial, 1), now);
    }

    if (chatws_seat_count(cell->owner) == CHATWS_SEAT_MAX) {
        return CHATWS_BUSY;
    }

    chatws_shared_set(&cell->owner, cell->owner + 1);

    return CHATWS_OK;
}


static chatws_rc_e
chatws_seat_new(chatws_seats_t *seats, chatws_store_t *st, uint64_t user,
    uint64_t owner, uint32_t now)
{
    uint32_t        i;
    chatws_seat_t  *cell;

    cell = chatws_seat_cells(seats, user);

    for (i = 0; i < CHATWS_SEAT_WAYS; i++) {

        if (!chatws_seat_is_free(&cell[i], st, now)) {
            continue;
        }

        /* until the user is written, the cell is nobody's */

        chatws_shared_set(&cell[i].owner, 0);
        chatws_shared_set(&cell[i].user, user);
        chatws_shared_set(&cell[i].owing, 0);
        chatws_shared_set(&cell[i].owner, owner);

        return CHATWS_OK;
    }

    return CHATWS_BUSY;
}
