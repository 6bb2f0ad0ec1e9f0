
/*
 * Copyright (C) chatws contributors
 *
 * Who types in which chat, for all workers: a table of a fixed size in the
 * shared memory.  A row is a user in a chat, with the number of its
 * connections that type; a chat has a row as long as somebody types in it.
 * What its owners do not end, since they died, is void after a while.
 *
 * The table tells what others are to be told, and the caller tells them: it
 * knows no notifications, no clock and no lock.  All functions but size(),
 * init() and is_idle() need the lock, and none of them walks over more than
 * some CHATWS_TYPING_WALK rows.
 *
 * A process may be killed at any instruction.  If that is in the middle of a
 * change, the next one finds so, and forgets who types.  Then others are not
 * told that somebody has ended, and find out by themselves, as they do when
 * that worker had the connection.
 */


#ifndef _CHATWS_TYPING_H_INCLUDED_
#define _CHATWS_TYPING_H_INCLUDED_


#include "base/chatws_core.h"
#include "base/chatws_name.h"


#define CHATWS_TYPING_WALK    16      /* rows looked at, at most */
#define CHATWS_TYPING_REPEAT  5000    /* ms until a list is repeated */

/* ms that the owner of a connection has to end its typing, after the timeout */
#define CHATWS_TYPING_GRACE   5000


/* The settings of a location; times are in milliseconds. */

typedef struct {
    uint64_t  interval;       /* in which a repeat is not passed on */
    uint64_t  timeout;        /* after which no repeat is an end */
    uint32_t  merge;          /* more typists are told as a list, which has so
                                 many; 0: never; at most CHATWS_TYPING_WALK */
    uint32_t  limit;          /* of subscribed users */
} chatws_typing_rules_t;


/* Keyed hashes; that of the user is never 0. */

typedef struct {
    uint64_t  chat;
    uint64_t  user;
} chatws_typing_key_t;


/* The id of a user, followed by the name. */

typedef struct {
    uint8_t   id;             /* bytes of each */
    uint8_t   name;
    uint8_t   text[2 * CHATWS_NAME_MAX];
} chatws_typing_who_t;


/* A user in a chat; under the lock. */

typedef struct {
    uint64_t             user;
    uint64_t             until;    /* ms: the row is void from then on */
    uint64_t             shown;    /* ms: when others were told that this user
                                      types, 0: they were not */
    uint32_t             chat;     /* its row, 0: this row is free */
    uint32_t             round;    /* tells this typing from earlier ones */
    uint32_t             count;    /* connections that type */
    uint32_t             deaths;   /* of the table, when the row was made */
    uint32_t             chain;    /* next row of the bucket, or free row */
    uint32_t             prev;     /* of the chat, in the order of beginning */
    uint32_t             next;
    chatws_typing_who_t  who;
} chatws_typist_t;


/* A chat in which somebody types; under the lock. */

typedef struct {
    uint64_t             chat;
    uint64_t             interval; /* of who was the last to say something */
    uint64_t             listed;   /* ms: the last list, 0: none */
    uint32_t             merge;
    uint32_t             merged;   /* others know the list, else each one */
    uint32_t             version;  /* changes as the list does */
    uint32_t             told;     /* version of the last list */
    uint32_t             n;        /* users, 0: this row is free */
    uint32_t             chain;
    uint32_t             first;
    uint32_t             last;
} chatws_typing_chat_t;


/* In the shared memory, with its arrays behind it; rows count from 1. */

typedef struct {
    uint64_t             latest;   /* ms: the last end of a row */
    uint32_t             busy;     /* a change is not finished */
    uint32_t             n;        /* rows of each kind, and buckets */
    uint32_t             serial;   /* the last round or version, never 0 */
    uint32_t             deaths;   /* of processes */
    uint32_t             free;     /* list of rows that were used before */
    uint32_t             fresh;    /* rows above this one were never used */
    uint32_t             chat_free;
    uint32_t             chat_fresh;
    uint32_t             hand;     /* the row that was swept last */
    uint32_t             spare;
} chatws_typing_t;


/* What others are to be told after a change. */

typedef enum {
    CHATWS_TYPING_NOTHING = 0,
    CHATWS_TYPING_ONE,             /* that this user types, or has ended */
    CHATWS_TYPING_LIST,            /* see chatws_typing_list() */
    CHATWS_TYPING_NOBODY           /* a list of nobody: one of zeros */
} chatws_typing_tell_e;


/* The outcome of a change. */

typedef struct {
    chatws_typing_tell_e  tell;
    uint64_t              again;   /* ms: when to ask for a list, 0: never */
    chatws_typing_who_t   who;     /* of end() and stop() with ONE */
} chatws_typing_news_t;


/* A list to be told, as it was at one moment. */

typedef struct {
    chatws_typing_who_t   who;
    uint64_t              user;
    unsigned              shown:1; /* others were told of this user alone */
} chatws_typing_listed_t;

typedef struct {
    uint32_t                version;   /* 0: nobody is left */
    uint32_t                count;     /* who type */
    uint32_t                n;         /* of them in the list */
    unsigned                merged:1;  /* more lists follow, else this is the
                                          last one */
    unsigned                begins:1;  /* from now on lists are told: after
                                          this one others are told of those
                                          shown that they have ended */
    chatws_typing_listed_t  list[CHATWS_TYPING_WALK];
} chatws_typing_list_t;


/* The bytes of a table of n rows. */
size_t chatws_typing_size(uint32_t n);

/*
 * Makes an empty table of as many rows as size bytes at mem have room for:
 * at least one, at most 2^24.
 */
void chatws_typing_init(void *mem, size_t size);

/* 1: nobody types at the time now.  Without the lock. */
int chatws_typing_is_idle(const chatws_typing_t *tb, uint64_t now);

/* A process has died: what it had counted does not count. */
void chatws_typing_died(chatws_typing_t *tb);

/*
 * A connection says that its user types.  round is 0, or what the last call
 * for this connection in this chat has left there, and is kept by the caller;
 * 0 after the call: there is no room, which is as if nothing had been said.
 */
void chatws_typing_start(chatws_typing_t *tb, const chatws_typing_key_t *key,
    const chatws_typing_who_t *who, const chatws_typing_rules_t *rules,
    uint64_t now, uint32_t *round, chatws_typing_news_t *news);

/* A connection ends what start() has begun with this round. */
void chatws_typing_end(chatws_typing_t *tb, const chatws_typing_key_t *key,
    uint64_t now, uint32_t round, chatws_typing_news_t *news);

/* The user has ended on all connections. */
void chatws_typing_stop(chatws_typing_t *tb, const chatws_typing_key_t *key,
    uint64_t now, chatws_typing_news_t *news);

/*
 * Others are told of one user in another taking of the lock than the change
 * was made in.  1: this is still right; round is that of a beginning, or 0
 * for an end.
 */
int chatws_typing_is_true(chatws_typing_t *tb, const chatws_typing_key_t *key,
    uint32_t round);

/* Others could not be told that the user types: the next repeat will. */
void chatws_typing_untold(chatws_typing_t *tb,
    const chatws_typing_key_t *key);

/*
 * Fills list if one is to be told now, and returns 1.  again is when to ask
 * again, 0: never.
 */
int chatws_typing_list(chatws_typing_t *tb, uint64_t chat, uint64_t now,
    chatws_typing_list_t *list, uint64_t *again);

/* 1: a list that was filled is still right. */
int chatws_typing_is_listed(chatws_typing_t *tb, uint64_t chat,
    const chatws_typing_list_t *list);

/* Such a list was told to others. */
void chatws_typing_told(chatws_typing_t *tb, uint64_t chat, uint64_t now,
    const chatws_typing_list_t *list);


#endif /* _CHATWS_TYPING_H_INCLUDED_ */
