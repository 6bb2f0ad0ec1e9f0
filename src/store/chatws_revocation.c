
/*
 * Copyright (C) chatws contributors
 *
 * Revocations: see chatws_revocation.h.
 */


#include <string.h>

#include "store/chatws_journal.h"
#include "store/chatws_revocation.h"


static chatws_revocation_t *chatws_revocation_place(
    const chatws_revocations_t *table, const chatws_revoked_key_t *key,
    uint64_t now, int *found);
static chatws_revocation_t *chatws_revocation_cell(
    const chatws_revocations_t *table, const chatws_revoked_key_t *key,
    size_t way);


size_t
chatws_revocations_size(uint64_t n)
{
    return sizeof(chatws_revocations_t) + n * sizeof(chatws_revocation_t);
}


void
chatws_revocations_init(void *mem, size_t size)
{
    uint64_t               n;
    chatws_revocations_t  *table;

    for (n = CHATWS_REVOCATION_WAYS;
         chatws_revocations_size(n * 2) <= size;
         n *= 2)
    {
        /* void */
    }

    table = mem;

    memset(table, 0, chatws_revocations_size(n));

    table->n = n;
}


int
chatws_revocations_has_room(const chatws_revocations_t *table,
    const chatws_revoked_key_t *key, uint64_t now)
{
    int  found;

    return chatws_revocation_place(table, key, now, &found) != NULL;
}


chatws_rc_e
chatws_revocations_add(chatws_revocations_t *table,
    const chatws_revoked_key_t *key, uint64_t before, uint64_t until,
    uint64_t now)
{
    int                   found;
    chatws_revocation_t  *cell;

    cell = chatws_revocation_place(table, key, now, &found);

    if (cell == NULL) {
        return CHATWS_BUSY;
    }

    if (found) {
        /*
         * What has expired is made anew, with its old end until the last
         * store; what is in force is in force between the stores as well.
         */

        if (cell->until <= now || before > cell->before) {
            chatws_shared_set(&cell->before, before);
        }

        if (until > cell->until) {
            chatws_shared_set(&cell->until, until);
        }

        return CHATWS_OK;
    }

    /* whoever dies here leaves no cell behind that nobody would look for */

    chatws_shared_set(&table->used, 1);

    chatws_shared_set(&cell->second, 0);
    chatws_shared_set(&cell->first, key->first);
    chatws_shared_set(&cell->before, before);
    chatws_shared_set(&cell->until, until);
    chatws_shared_set(&cell->second, key->second);

    return CHATWS_OK;
}


/*
 * The cell of the key, and sets *found; or one that is free, in the emptier one
 * of its two groups, so that these fill up evenly; or NULL.
 */

static chatws_revocation_t *
chatws_revocation_place(const chatws_revocations_t *table,
    const chatws_revoked_key_t *key, uint64_t now, int *found)
{
    size_t                n[2], way;
    chatws_revocation_t  *cell, *room[2];

    n[0] = 0;
    n[1] = 0;
    room[0] = NULL;
    room[1] = NULL;

    for (way = 0; way < CHATWS_REVOCATION_WAYS; way++) {
        cell = chatws_revocation_cell(table, key, way);

        if (cell->second == key->second && cell->first == key->first) {
            *found = 1;
            return cell;
        }

        if (cell->second == 0 || cell->until <= now) {
            room[way & 1] = cell;
            n[way & 1]++;
        }
    }

    *found = 0;

    return room[n[1] > n[0]];
}


int
chatws_revocations_used(const chatws_revocations_t *table)
{
    if (chatws_shared_get(&table->used) == 0) {
        return 0;
    }

    /* whatever the caller has seen before is not newer than the cells */

    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    return 1;
}


int
chatws_revocations_find(const chatws_revocations_t *table,
    const chatws_revoked_key_t *key, uint64_t iat, uint64_t now)
{
    int                   hit;
    size_t                way;
    chatws_revocation_t  *cell;

    if (!chatws_revocations_used(table)) {
        return 0;
    }

    for (way = 0; way < CHATWS_REVOCATION_WAYS; way++) {
        cell = chatws_revocation_cell(table, key, way);

        if (chatws_shared_get(&cell->second) != key->second
            || chatws_shared_get(&cell->first) != key->first)
        {
            continue;
        }

        hit = chatws_shared_get(&cell->until) > now
              && iat <= chatws_shared_get(&cell->before);

        /* the cell of an expired one may be given to another key meanwhile */

        if (chatws_shared_get(&cell->second) == key->second) {
            return hit;
        }
    }

    return 0;
}


uint64_t
chatws_revocations_count(const chatws_revocations_t *table, uint64_t now)
{
    uint64_t  i, n;

    n = 0;

    for (i = 0; i < table->n; i++) {
        n += chatws_shared_get(&table->cells[i].second) != 0
             && chatws_shared_get(&table->cells[i].until) > now;
    }

    return n;
}


/* An even way is in the group of the first hash, an odd one of the second. */

static chatws_revocation_t *
chatws_revocation_cell(const chatws_revocations_t *table,
    const chatws_revoked_key_t *key, size_t way)
{
    uint64_t  group, size;

    size = CHATWS_REVOCATION_WAYS / 2;
    group = (way & 1 ? key->second : key->first) & (table->n / size - 1);

    return (chatws_revocation_t *) &table->cells[group * size + way / 2];
}
