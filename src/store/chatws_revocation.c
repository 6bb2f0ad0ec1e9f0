
/*
 * Copyright (C) chatws contributors
 *
 * Revocations: see chatws_revocation.h.
 */


#include <string.h>

#include "store/chatws_journal.h"
#include "store/chatws_revocation.h"


static chatws_revocation_t *chatws_revocation_cell(
    const chatws_revocations_t *table, const chatws_revoked_key_t *key,
    size_t way);


size_t
chatws_revocations_size(uint64_t n)
{
    return sizeof(chatws_revocations_t) + n * sizeof(chatws_revocation_t);
}


void
chatws_revocations_init(chatws_revocations_t *table, uint64_t n)
{
    memset(table, 0, chatws_revocations_size(n));

    table->n = n;
}


chatws_rc_e
chatws_revocations_add(chatws_revocations_t *table,
    const chatws_revoked_key_t *key, uint64_t before, uint64_t until,
    uint64_t now)
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

        if (cell->second == 0 || cell->until <= now) {
            room[way & 1] = cell;
            n[way & 1]++;
        }
    }

    /* of two groups the emptier one: so they fill up evenly */

    cell = room[n[1] > n[0]];

    if (cell == NULL) {
        return CHATWS_BUSY;
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


int
chatws_revocations_find(const chatws_revocations_t *table,
    const chatws_revoked_key_t *key, uint64_t iat, uint64_t now)
{
    size_t                way;
    chatws_revocation_t  *cell;

    if (table->used == 0) {
        return 0;
    }

    for (way = 0; way < CHATWS_REVOCATION_WAYS; way++) {
        cell = chatws_revocation_cell(table, key, way);

        if (cell->second == key->second && cell->first == key->first) {
            return cell->until > now && iat <= cell->before;
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
        n += table->cells[i].second != 0 && table->cells[i].until > now;
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
