
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
    size_t                way;
    chatws_revocation_t  *cell, *room;

    room = NULL;

    for (way = 0; way < CHATWS_REVOCATION_WAYS; way++) {
        cell = chatws_revocation_cell(table, key, way);

        if (cell->second == key->second && cell->first == key->first) {

            /* one word after the other: between them it holds for less */

            if (cell->until <= now || before > cell->before) {
                chatws_shared_set(&cell->before, before);
            }

            if (until > cell->until) {
                chatws_shared_set(&cell->until, until);
            }

            return CHATWS_OK;
        }

        if (room == NULL && (cell->second == 0 || cell->until <= now)) {
            room = cell;
        }
    }

    if (room == NULL) {
        return CHATWS_BUSY;
    }

    chatws_shared_set(&room->second, 0);
    chatws_shared_set(&room->first, key->first);
    chatws_shared_set(&room->before, before);
    chatws_shared_set(&room->until, until);
    chatws_shared_set(&room->second, key->second);
    chatws_shared_set(&table->used, table->used + 1);

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


static chatws_revocation_t *
chatws_revocation_cell(const chatws_revocations_t *table,
    const chatws_revoked_key_t *key, size_t way)
{
    return (chatws_revocation_t *)
           &table->cells[(key->first + way) & (table->n - 1)];
}
