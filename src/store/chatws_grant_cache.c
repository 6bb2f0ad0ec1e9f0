
/*
 * Copyright (C) chatws contributors
 *
 * The cache of permissions: see chatws_grant_cache.h.
 */


#include <string.h>

#include "store/chatws_grant_cache.h"
#include "store/chatws_journal.h"


static chatws_grant_t *chatws_grant_cell(const chatws_grant_cache_t *cache,
    const chatws_grant_key_t *key, size_t way);


size_t
chatws_grant_cache_size(uint64_t n)
{
    return sizeof(chatws_grant_cache_t) + n * sizeof(chatws_grant_t);
}


void
chatws_grant_cache_init(chatws_grant_cache_t *cache, uint64_t n)
{
    memset(cache, 0, chatws_grant_cache_size(n));

    cache->n = n;
}


chatws_rc_e
chatws_grant_cache_get(const chatws_grant_cache_t *cache,
    const chatws_grant_key_t *key, uint32_t now, uint32_t *rights)
{
    size_t           way;
    chatws_grant_t  *cell;

    for (way = 0; way < CHATWS_GRANT_WAYS; way++) {
        cell = chatws_grant_cell(cache, key, way);

        if (cell->check == key->check
            && cell->user == key->user
            && cell->chat == key->chat)
        {
            if (cell->expires <= now) {
                return CHATWS_DECLINED;
            }

            *rights = cell->rights;

            return CHATWS_OK;
        }
    }

    return CHATWS_DECLINED;
}


uint32_t
chatws_grant_cache_commands(const chatws_grant_cache_t *cache, uint64_t user)
{
    return cache->commands[user % CHATWS_GRANT_COMMANDS];
}


/* Where all ways are taken, what expires first gives way. */

chatws_rc_e
chatws_grant_cache_put(chatws_grant_cache_t *cache,
    const chatws_grant_key_t *key, uint32_t commands, uint32_t expires,
    uint32_t rights, uint32_t now)
{
    size_t           way;
    chatws_grant_t  *best, *cell;

    if (chatws_grant_cache_commands(cache, key->user) != commands) {
        return CHATWS_DECLINED;
    }

    best = NULL;

    for (way = 0; way < CHATWS_GRANT_WAYS; way++) {
        cell = chatws_grant_cell(cache, key, way);

        if (cell->check == key->check
            && cell->user == key->user
            && cell->chat == key->chat)
        {
            best = cell;
            break;
        }

        if (best == NULL
            || (best->check != 0
                && (cell->check == 0 || cell->expires < best->expires)))
        {
            best = cell;
        }
    }

    chatws_shared_set(&best->check, 0);

    if (expires <= now) {
        return CHATWS_OK;
    }

    chatws_shared_set(&best->user, key->user);
    chatws_shared_set(&best->chat, key->chat);
    chatws_shared_set(&best->expires, expires);
    chatws_shared_set(&best->rights, rights);
    chatws_shared_set(&best->check, key->check);

    return CHATWS_OK;
}


void
chatws_grant_cache_command(chatws_grant_cache_t *cache, uint64_t user)
{
    uint32_t  *n;

    n = &cache->commands[user % CHATWS_GRANT_COMMANDS];

    chatws_shared_set(n, *n + 1);
}


chatws_rc_e
chatws_grant_cache_forget(chatws_grant_cache_t *cache, uint64_t user,
    uint64_t chat, uint64_t *pos, uint64_t budget)
{
    chatws_grant_t  *cell;

    for ( /* void */ ; *pos < cache->n; (*pos)++) {

        if (budget-- == 0) {
            return CHATWS_AGAIN;
        }

        cell = &cache->cells[*pos];

        if (cell->check != 0
            && (user == 0 || cell->user == user)
            && (chat == 0 || cell->chat == chat))
        {
            chatws_shared_set(&cell->check, 0);
        }
    }

    return CHATWS_OK;
}


static chatws_grant_t *
chatws_grant_cell(const chatws_grant_cache_t *cache,
    const chatws_grant_key_t *key, size_t way)
{
    return (chatws_grant_t *)
           &cache->cells[(key->check + way) & (cache->n - 1)];
}
