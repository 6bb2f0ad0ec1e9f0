
/*
 * Copyright (C) chatws contributors
 *
 * The tables of chats and of their members.  They know
 * nothing of rings or of the processes behind the slots.
 * All under the caller's lock; every change is a step of the journal.
 */


#ifndef _CHATWS_TABLE_H_INCLUDED_
#define _CHATWS_TABLE_H_INCLUDED_


#include "store/chatws_arena.h"


/*
 * A chat, in a block of the arena.  Behind the interest bitmap (a bit for
 * each slot) lie the length of the id, in one byte, and the id; what does not
 * fit is in the block "tail".
 */

typedef struct {
    uint64_t          serial;
    uint64_t          seq;       /* last number used */
    uint64_t          last;      /* offset + 1 of its entry, 0: none */
    uint32_t          next;      /* in the bucket */
    uint32_t          hash;      /* upper half */
    uint32_t          older;     /* in the idle list */
    uint32_t          newer;
    uint32_t          total;     /* sum of the members' counts, 0: idle */
    uint32_t          tail;
    uint64_t          interest[];
} chatws_chat_t;


/*
 * The connections of one user in one slot to one chat, in a cell.  cell.mark
 * is the chat, cell.chain the next in the bucket, cell.prev and cell.next
 * the neighbours in the list of the slot.
 */

typedef struct {
    chatws_cell_t     cell;
    uint64_t          user;
    uint16_t          slot;
    uint16_t          flags;
    uint32_t          count;
} chatws_member_t;


typedef struct {
    uint32_t          slot;
    uint32_t          flags;
    uint64_t          user;
} chatws_who_t;


/*
 * In place of a chat's number: the row of a user, whose count is the sum over
 * all chats and slots.  It is in no list of a slot.
 */

#define CHATWS_TABLE_USER  ((uint32_t) -1)


/*
 * In shared memory.  The arrays are given by their distance from this struct.
 */

typedef struct {
    uint8_t           key[16];
    uint64_t          chats;         /* uint32_t: first row of each bucket */
    uint64_t          members;       /* uint32_t: the same for members */
    uint64_t          users;         /* uint32_t: and for users, as many as
                                        for chats */
    uint64_t          slots;         /* uint32_t: first member of each slot */
    uint64_t          floors;        /* uint64_t by chat bucket: numbers of
                                        new chats begin above */
    uint32_t          nchats;        /* buckets */
    uint32_t          nmembers;
    uint32_t          nslots;
    uint32_t          words;         /* of an interest bitmap */
    uint32_t          inlined;       /* id bytes in the chat row itself */
    uint32_t          oldest;        /* idle list: the first to be evicted;
                                        those with no history come first */
    uint32_t          newest;
    uint32_t          chats_used;
    uint32_t          chats_long;    /* with a tail */
    uint32_t          chats_idle;
    uint32_t          members_used;
    uint32_t          users_used;
    uint64_t          subscriptions;
    uint64_t          evictions;
    uint64_t          serial;        /* last one given */
    chatws_journal_t  journal;
    chatws_arena_t    arena;
} chatws_table_t;


#define chatws_table_array(tb, type, name)                                    \
    ((type *) (void *) ((uint8_t *) (tb) + (tb)->name))


/*
 * The cells of a chat row for so many slots.
 */
uint32_t chatws_table_units(uint32_t nslots);

/*
 * The bytes that a table of so many blocks takes, blocks included.
 */
uint64_t chatws_table_size(uint32_t nslots, uint32_t nblocks);

/*
 * Makes an empty table with its arrays at base, above tb, 64-byte aligned, of
 * table_size() bytes.
 */
void chatws_table_init(chatws_table_t *tb, uint8_t *base, uint32_t nslots,
    uint32_t nblocks, const uint8_t key[16]);

/*
 * The row of a chat, and what its hash is; 0: there is none.
 */
uint64_t chatws_table_hash(chatws_table_t *tb, const chatws_str_t *id);
uint32_t chatws_table_find(chatws_table_t *tb, const chatws_str_t *id,
    uint64_t hash);
chatws_chat_t *chatws_table_chat(chatws_table_t *tb, uint32_t chat);

/*
 * Without the lock: fetches what find() will read.
 */
void chatws_table_prefetch(chatws_table_t *tb, uint64_t hash);

/*
 * Makes the row of a chat that there is none of, idle; the id has 1 to 128
 * bytes.  0: no room.
 */
uint32_t chatws_table_create(chatws_table_t *tb, const chatws_str_t *id,
    uint64_t hash);

/*
 * In an open step: what is new in a chat that may be idle makes it the last
 * to be evicted.
 */
void chatws_table_touch(chatws_table_t *tb, uint32_t chat);

/*
 * The subscriptions of a user, in all.
 */
uint32_t chatws_table_share(chatws_table_t *tb, uint64_t user);

/*
 * One more, and one less, of a member.  join(): OK, or BUSY: no room.
 * leave(): none: the slot has no member of the chat any more.
 */
chatws_rc_e chatws_table_join(chatws_table_t *tb, uint32_t chat,
    const chatws_who_t *who);
void chatws_table_leave(chatws_table_t *tb, uint32_t chat,
    const chatws_who_t *who, int none);

/*
 * Removes one member of the slot with all its count, and the slot's interest
 * in that chat.  0: there was none.
 */
int chatws_table_drop(chatws_table_t *tb, uint32_t slot);

/*
 * The connections of a user to a chat, over all slots, that have none of
 * these flags.
 */
uint32_t chatws_table_members(chatws_table_t *tb, uint32_t chat,
    uint64_t user, uint32_t flags);


/* between the two parts */

/*
 * Frees at least one block where that can be done, not that of the chat keep.
 * Returns whether it did.  Bounded: a few rows at most.
 */
int chatws_table_reclaim(chatws_table_t *tb, uint32_t keep);

/*
 * Empties the block of the first free cell into other free cells, of which
 * there are to be enough: as many as a block has, those of this one included.
 */
void chatws_table_compact(chatws_table_t *tb);

/*
 * In an open step: a chat becomes idle, or is not any more.
 */
void chatws_table_idle_add(chatws_table_t *tb, uint32_t chat);
void chatws_table_idle_del(chatws_table_t *tb, uint32_t chat);


#endif /* _CHATWS_TABLE_H_INCLUDED_ */
