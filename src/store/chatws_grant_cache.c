
/*
 * Copyright (C) chatws contributors
 *
 * The cache of permissions: see chatws_grant_cache.h.
 */


#include <string.h>

#include "store/chatws_grant_cache.h"
#include "store/chatws_journal.h"


static chatws_grant_t *chatws_grant_find(const chatws_grant_cache_t *cache,
    const chatws_grant_key_t *key);
static chatws_grant_t *chatws_grant_room(const chatws_grant_cache_t *cache,
    const chatws_grant_key_t *key);
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


void
chatws_grant_cache_fill(void *mem, size_t size)
{
    uint64_t  n;

    n = CHATWS_GRANT_WAYS;

    while (chatws_grant_cache_size(n * 2) <= size) {
        n *= 2;
    }

    chatws_grant_cache_init(mem, n);
}


chatws_rc_e
chatws_grant_cache_get(const chatws_grant_cache_t *cache,
    const chatws_grant_key_t *key, uint32_t now, uint32_t *rights)
{
    chatws_grant_t  *cell;

    cell = chatws_grant_find(cache, key);

    if (cell == NULL || cell->expires <= now) {
        return CHATWS_DECLINED;
    }

    *rights = cell->rights;

    return CHATWS_OK;
}


uint32_t
chatws_grant_cache_commands(const chatws_grant_cache_t *cache, uint64_t user)
{
    return cache->commands[user % CHATWS_GRANT_COMMANDS];
}


chatws_rc_e
chatws_grant_cache_put(chatws_grant_cache_t *cache,
    const chatws_grant_key_t *key, uint32_t commands, uint32_t expires,
    uint32_t rights, uint32_t now)
{
    chatws_grant_t  *cell;

    if (chatws_grant_cache_commands(cache, key->user) != commands) {
        return CHATWS_DECLINED;
    }

    cell = chatws_grant_find(cache, key);

    if (cell == NULL) {

        if (expires <= now) {
            return CHATWS_OK;
        }

        cell = chatws_grant_room(cache, key);
    }

    /* whoever dies before the last store leaves an empty cell */

    chatws_shared_set(&cell->check, 0);

    if (expires <= now) {
        return CHATWS_OK;
    }

    chatws_shared_set(&cell->user, key->user);
    chatws_shared_set(&cell->chat, key->chat);
    chatws_shared_set(&cell->expires, expires);
    chatws_shared_set(&cell->rights, rights);
    chatws_shared_set(&cell->check, key->check);

    return CHATWS_OK;
}


void
chatws_grant_cache_command(chatws_grant_cache_t *cache, uint64_t user)
{
    size_t  i, last;

    i = user % CHATWS_GRANT_COMMANDS;
    last = i + 1;

    if (user == 0) {
        last = CHATWS_GRANT_COMMANDS;
    }

    for ( /* void */ ; i < last; i++) {
        chatws_shared_set(&cache->commands[i], cache->commands[i] + 1);
    }
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


/* The cell that the key is in; there is never a second one. */

static chatws_grant_t *
chatws_grant_find(const chatws_grant_cache_t *cache,
    const chatws_grant_key_t *key)
{
    size_t           way;
    chatws_grant_t  *cell;

    for (way = 0; way < CHATWS_GRANT_WAYS; way++) {
        cell = chatws_grant_cell(cache, key, way);

        if (cell->check == key->check
            && cell->user == key->user
            && cell->chat == key->chat)
        {
            return cell;
        }
    }

    return NULL;
}


/* Where all ways are taken, what expires first gives way. */

static chatws_grant_t *
chatws_grant_room(const chatws_grant_cache_t *cache,
    const chatws_grant_key_t *key)
{
    size_t           way;
    chatws_grant_t  *best, *cell;

    best = NULL;

    for (way = 0; way < CHATWS_GRANT_WAYS; way++) {
        cell = chatws_grant_cell(cache, key, way);

        if (cell->check == 0) {
            return cell;
        }

        if (best == NULL || cell->expires < best->expires) {
            best = cell;
        }
    }

    return best;
}


static chatws_grant_t *
chatws_grant_cell(const chatws_grant_cache_t *cache,
    const chatws_grant_key_t *key, size_t way)
{
    return (chatws_grant_t *)
           &cache->cells[(key->check + way) & (cache->n - 1)];
}
