
/*
 * Copyright (C) chatws contributors
 *
 * What the app server has answered to questions for permission, for all
 * workers: a cache of a fixed size in the shared memory.  It never says more
 * than it was told: a cell grants when three keyed hashes are the same.
 */


#ifndef _CHATWS_GRANT_CACHE_H_INCLUDED_
#define _CHATWS_GRANT_CACHE_H_INCLUDED_


#include "base/chatws_core.h"


#define CHATWS_GRANT_WAYS      4       /* cells in which one may lie */
#define CHATWS_GRANT_COMMANDS  512     /* counters of commands, by user */


/*
 * Keyed hashes of the user, of the chat, and of URL, user and chat; none is 0,
 * which stands for "all" or "none" below.
 */

typedef struct {
    uint64_t  user;
    uint64_t  chat;
    uint64_t  check;
} chatws_grant_key_t;


/* A cell is in use while check is not 0; that is written last. */

typedef struct {
    uint64_t  check;
    uint64_t  user;
    uint64_t  chat;
    uint32_t  expires;                 /* seconds since 1970 */
    uint32_t  rights;                  /* 0: denied */
} chatws_grant_t;


/* In the shared memory, with its cells behind it; changes under the lock. */

typedef struct {
    uint64_t         n;                /* cells, a power of two */
    uint32_t         commands[CHATWS_GRANT_COMMANDS];
    chatws_grant_t   cells[];
} chatws_grant_cache_t;


/* The bytes of a cache of n cells, a power of two, at least WAYS. */
size_t chatws_grant_cache_size(uint64_t n);

/* Makes an empty cache of n cells of the memory at it. */
void chatws_grant_cache_init(chatws_grant_cache_t *cache, uint64_t n);

/*
 * Makes an empty cache with as many cells as have room in the size bytes at
 * mem, which are aligned to 8 and have room for WAYS of them.
 */
void chatws_grant_cache_fill(void *mem, size_t size);

/*
 * Locked.  CHATWS_OK: *rights is what is known, which may be none;
 * CHATWS_DECLINED: nothing is known.  now is in seconds.
 */
chatws_rc_e chatws_grant_cache_get(const chatws_grant_cache_t *cache,
    const chatws_grant_key_t *key, uint32_t now, uint32_t *rights);

/* Locked.  How many commands there were for a user, and some others. */
uint32_t chatws_grant_cache_commands(const chatws_grant_cache_t *cache,
    uint64_t user);

/*
 * Locked.  Keeps an answer until it expires.  commands is what there were
 * when the question was asked.  CHATWS_DECLINED: there was one since, so the
 * answer may be older than it, is not kept and grants nothing.
 */
chatws_rc_e chatws_grant_cache_put(chatws_grant_cache_t *cache,
    const chatws_grant_key_t *key, uint32_t commands, uint32_t expires,
    uint32_t rights, uint32_t now);

/*
 * Locked.  A command for a user (0: for all): answers to questions that are
 * open grant nothing from now on.  Once before the cells are cleared.
 */
void chatws_grant_cache_command(chatws_grant_cache_t *cache, uint64_t user);

/*
 * Locked.  Forgets what is known of a user (0: of all) in a chat (0: in all),
 * in the cells from *pos on, which is 0 at first, budget of them.
 * CHATWS_AGAIN: call again, the lock may be dropped between; CHATWS_OK: done,
 * and only now nothing is known any more.
 */
chatws_rc_e chatws_grant_cache_forget(chatws_grant_cache_t *cache,
    uint64_t user, uint64_t chat, uint64_t *pos, uint64_t budget);


#endif /* _CHATWS_GRANT_CACHE_H_INCLUDED_ */
