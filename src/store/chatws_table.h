
/*
 * Copyright (C) chatws contributors
 *
 * The tables of chats and of their members.  They know nothing of rings, or of
 * the processes behind the slots.
 *
 * All functions need the lock, except for those that only compute sizes and
 * hashes.  Those that change something do so in one step of the journal of
 * their own, unless they are said to need an open step.
 */


#ifndef _CHATWS_TABLE_H_INCLUDED_
#define _CHATWS_TABLE_H_INCLUDED_


#include "store/chatws_arena.h"


/*
 * The row of a chat, in a block of the arena.  Behind it lie the interest, a
 * bit for each slot that has members of the chat, then the length of the id,
 * in one byte, and the id.  The part of the id that does not fit is in a block
 * of its own, the tail.
 */

typedef struct {
    uint64_t          serial;    /* is given once */
    uint64_t          seq;       /* last number used */
    uint64_t          last;      /* offset + 1 of its entry, 0: none */
    uint32_t          next;      /* row in the same bucket */
    uint32_t          hash;      /* upper half */
    union {
        uint32_t      older;     /* of an idle chat: neighbours in the list, */
        uint32_t      users;     /* of another one: users of its members */
    } u;
    uint32_t          newer;
    uint32_t          total;     /* sum of the members' counts, 0: idle */
    uint32_t          tail;      /* block, 0: none */
    uint64_t          interest[];
} chatws_chat_t;


/*
 * The row of a member: the connections of one user in one slot to one chat.
 * It is a cell, of which mark is the row of the chat, chain is the next row in
 * the same bucket, and prev and next are the neighbours in the list of the
 * slot.
 */

typedef struct {
    chatws_cell_t     cell;
    uint64_t          user;      /* hash */
    uint16_t          slot;
    uint16_t          flags;
    uint32_t          count;     /* connections */
} chatws_member_t;


/*
 * The mark of the row of a user, which looks like a member, is in no list of
 * a slot, and counts the connections of the user over all chats, without
 * inboxes, and slots.
 */

#define CHATWS_TABLE_USER  ((uint32_t) -1)


/*
 * By which the members of a chat are told apart.
 */

typedef struct {
    uint32_t          slot;
    uint32_t          flags;
    uint64_t          user;      /* hash */
} chatws_member_key_t;


/*
 * In shared memory; read and written under the lock.  The arrays are given by
 * their distance from this struct, see chatws_table_array().
 */

typedef struct {
    uint8_t           key[16];
    uint64_t          chats;         /* uint32_t: first row of each bucket */
    uint64_t          members;       /* uint32_t: the same for members */
    uint64_t          users;         /* uint32_t: the same for users, with as
                                        many buckets as for chats */
    uint64_t          slots;         /* uint32_t: first member of each slot */
    uint64_t          floors;        /* uint64_t by bucket of chats: numbers
                                        of new chats begin above it */
    uint32_t          nchats;        /* buckets of chats */
    uint32_t          nmembers;      /* buckets of members */
    uint32_t          nslots;
    uint32_t          words;         /* of the interest of a chat */
    uint32_t          inlined;       /* bytes of an id in the row itself */
    uint32_t          oldest;        /* idle list: this one is evicted first;
                                        inboxes come first, then chats without
                                        history */
    uint32_t          newest;
    uint32_t          chats_used;
    uint32_t          chats_long;    /* with a tail */
    uint32_t          chats_idle;
    uint32_t          members_used;
    uint32_t          users_used;
    uint64_t          subscriptions;
    uint64_t          evictions;
    uint64_t          serial;        /* the last one that was given */
    chatws_journal_t  journal;
    chatws_arena_t    arena;
} chatws_table_t;


/*
 * What the table knows of inboxes, which are chats, see chatws_name.h: those
 * without members are the first ones of the idle list.  It lies in the store
 * that the table lies in.
 */

typedef struct {
    uint32_t          rows;
    uint32_t          idle;
    uint32_t          last;      /* of them in the idle list, 0: none */
    uint32_t          spare;
} chatws_inboxes_t;


#define chatws_table_array(tb, type, name)                                    \
    ((type *) (void *) ((uint8_t *) (tb) + (tb)->name))


/*
 * The cells that the row of a chat takes with so many slots.
 */
uint32_t chatws_table_units(uint32_t nslots);

/*
 * The bytes that a table takes with so many blocks, which are included.
 */
uint64_t chatws_table_size(uint32_t nslots, uint32_t nblocks);

/*
 * Makes an empty table.  Its arrays and blocks are at base, which has the
 * bytes of chatws_table_size(), is 64-byte aligned and lies above tb.
 */
void chatws_table_init(chatws_table_t *tb, uint8_t *base, uint32_t nslots,
    uint32_t nblocks, const uint8_t key[16]);

/*
 * The hash of a chat id, and the number of the row of a chat by its id and
 * hash; 0: there is none.
 */
uint64_t chatws_table_hash(chatws_table_t *tb, const chatws_str_t *id);
uint32_t chatws_table_find(chatws_table_t *tb, const chatws_str_t *id,
    uint64_t hash);

/*
 * The row with a number other than 0.
 */
chatws_chat_t *chatws_table_chat(chatws_table_t *tb, uint32_t chat);

/*
 * Fetches the rows that find() will read into the cache.  Without the lock.
 */
void chatws_table_prefetch(chatws_table_t *tb, uint64_t hash);

/*
 * The same, and those that join() and leave() will read for this user.
 */
void chatws_table_prefetch_member(chatws_table_t *tb, uint64_t hash,
    uint64_t user);

/*
 * Makes the row of a chat that has none yet; it is idle.  The id has from 1 to
 * CHATWS_CHAT_MAX bytes.  Returns its number, or 0: there is no room.
 */
uint32_t chatws_table_create(chatws_table_t *tb, const chatws_str_t *id,
    uint64_t hash);

/*
 * The last number of the chat with this id and hash, or the number above which
 * those of the chat will begin when it is made.
 */
uint64_t chatws_table_last(chatws_table_t *tb, const chatws_str_t *id,
    uint64_t hash);

/* Whether a chat is an inbox. */
int chatws_table_is_inbox(chatws_table_t *tb, uint32_t chat);

/* What is known of inboxes. */
chatws_inboxes_t *chatws_table_inboxes(chatws_table_t *tb);

/*
 * In an open step.  The chat has a new notification: if it is idle, it becomes
 * the last one to be evicted, and an inbox the last one of the inboxes.
 */
void chatws_table_touch(chatws_table_t *tb, uint32_t chat);

/*
 * The subscriptions of a user to all chats and in all slots; those to inboxes
 * do not count.
 */
uint32_t chatws_table_share(chatws_table_t *tb, uint64_t user);

/*
 * Adds a connection to a member of a chat, or makes the member.  CHATWS_OK, or
 * CHATWS_BUSY: there is no room.
 */
chatws_rc_e chatws_table_join(chatws_table_t *tb, uint32_t chat,
    const chatws_member_key_t *key);

/*
 * Removes a connection of a member, and the member with the last one; does
 * nothing if there is no such member.  none tells that the slot has no other
 * member of the chat.
 */
void chatws_table_leave(chatws_table_t *tb, uint32_t chat,
    const chatws_member_key_t *key, int none);

/*
 * Removes a member of the slot with all its connections, and the interest of
 * the slot in the chat of the member.  Returns 0 if there was none.
 */
int chatws_table_drop(chatws_table_t *tb, uint32_t slot);

/*
 * The connections of a user to a chat, in all slots, that have none of these
 * flags.
 */
uint32_t chatws_table_members(chatws_table_t *tb, uint32_t chat,
    uint64_t user, uint32_t flags);


/* for chatws_table.c and chatws_table_member.c alone */

/* rows of a bucket that are fetched without the lock */
#define CHATWS_TABLE_FETCH  4

/*
 * Fetches rows of chats, and returns the number of one with this hash that was
 * there, or 0.  Without the lock.
 */
uint32_t chatws_table_peek(chatws_table_t *tb, uint64_t hash);

/*
 * Frees a block, by moving members together or by evicting an idle chat other
 * than keep.  Returns whether it could.  Takes constant time.
 */
int chatws_table_reclaim(chatws_table_t *tb, uint32_t keep);

/*
 * Moves the members out of the block that the first free cell is in, which
 * becomes free.  There have to be as many free cells as a block has, those of
 * this block included.
 */
void chatws_table_compact(chatws_table_t *tb);

/*
 * In an open step.  A chat becomes idle, or is not idle any more.
 */
void chatws_table_idle_add(chatws_table_t *tb, uint32_t chat);
void chatws_table_idle_del(chatws_table_t *tb, uint32_t chat);


#endif /* _CHATWS_TABLE_H_INCLUDED_ */
