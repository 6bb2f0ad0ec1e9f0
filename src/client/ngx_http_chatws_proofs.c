
/*
 * Copyright (C) chatws contributors
 *
 * Proofs: a table with open addressing, of which a half at least is free, made
 * when a client shows its first token of a chat.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client_question_private.h"
#include "client/ngx_http_chatws_proofs.h"
#include "client/ngx_http_chatws_revoked.h"


/* the fewest cells, a power of two as all numbers of them */
#define NGX_HTTP_CHATWS_PROOFS_MIN  8


/* A cell is free while its hash is 0. */

typedef struct {
    uint64_t                 hash;       /* of the chat's id, odd */
    ngx_http_chatws_proof_t  proof;
} ngx_http_chatws_proofs_cell_t;


struct ngx_http_chatws_proofs_s {
    ngx_uint_t                     used;
    ngx_uint_t                     mask;     /* cells - 1 */
    ngx_http_chatws_proofs_cell_t  cells[];
};


/* A walk over the subscriptions of a client by tokens of chats. */

typedef struct {
    ngx_http_chatws_client_t  *client;
    const chatws_command_t    *command;  /* a revoke, */
    uint64_t                   offset;   /* and its place in the log */
    ngx_http_chatws_proofs_t  *proofs;   /* the new table */
    ngx_http_chatws_held_t    *ends;     /* NULL: count */
    ngx_uint_t                 n;
    size_t                     size;     /* of ids */
} ngx_http_chatws_proofs_walk_t;


static ngx_http_chatws_proofs_cell_t *ngx_http_chatws_proofs_cell(
    ngx_http_chatws_client_t *client, ngx_http_chatws_proofs_t *proofs,
    const ngx_str_t *chat, uint64_t *hash);
static ngx_int_t ngx_http_chatws_proofs_grow(ngx_http_chatws_client_t *client);
static void ngx_http_chatws_proofs_count(void *data, const ngx_str_t *id,
    uint64_t serial, uint32_t *mark);
static void ngx_http_chatws_proofs_move(void *data, const ngx_str_t *id,
    uint64_t serial, uint32_t *mark);
static void ngx_http_chatws_proofs_find(void *data, const ngx_str_t *id,
    uint64_t serial, uint32_t *mark);


ngx_int_t
ngx_http_chatws_proofs_set(ngx_http_chatws_client_t *client,
    const ngx_str_t *chat, const ngx_http_chatws_proof_t *proof)
{
    uint64_t                        hash;
    ngx_http_chatws_proofs_cell_t  *cell;

    if ((client->proofs == NULL
         || 2 * (client->proofs->used + 1) > client->proofs->mask)
        && ngx_http_chatws_proofs_grow(client) != NGX_OK)
    {
        return NGX_ERROR;
    }

    cell = ngx_http_chatws_proofs_cell(client, client->proofs, chat, &hash);

    if (cell->hash == 0) {
        cell->hash = hash;
        client->proofs->used++;
    }

    cell->proof = *proof;

    return NGX_OK;
}


const ngx_http_chatws_proof_t *
ngx_http_chatws_proofs_get(ngx_http_chatws_client_t *client,
    const ngx_str_t *chat)
{
    uint64_t                        hash;
    ngx_http_chatws_proofs_cell_t  *cell;

    if (client->proofs == NULL) {
        return NULL;
    }

    cell = ngx_http_chatws_proofs_cell(client, client->proofs, chat, &hash);

    return cell->hash != 0 ? &cell->proof : NULL;
}


void
ngx_http_chatws_proofs_free(ngx_http_chatws_client_t *client)
{
    ngx_free(client->proofs);
    client->proofs = NULL;
}


/* The cell of a chat, or a free one for it; there always is one. */

static ngx_http_chatws_proofs_cell_t *
ngx_http_chatws_proofs_cell(ngx_http_chatws_client_t *client,
    ngx_http_chatws_proofs_t *proofs, const ngx_str_t *chat, uint64_t *hash)
{
    ngx_uint_t  i;

    *hash = ngx_http_chatws_hub_hash(client->subscriber.hub, chat) | 1;

    for (i = *hash >> 1; /* void */ ; i++) {
        i &= proofs->mask;

        if (proofs->cells[i].hash == *hash || proofs->cells[i].hash == 0) {
            return &proofs->cells[i];
        }
    }
}


/* A new table, for the chats in which the client is by tokens of theirs. */

static ngx_int_t
ngx_http_chatws_proofs_grow(ngx_http_chatws_client_t *client)
{
    ngx_uint_t                     n;
    ngx_http_chatws_proofs_walk_t  walk;

    ngx_memzero(&walk, sizeof(ngx_http_chatws_proofs_walk_t));

    walk.client = client;

    if (client->proofs != NULL) {
        ngx_http_chatws_hub_each_chat(&client->subscriber,
                                      ngx_http_chatws_proofs_count, &walk);
    }

    /* so that the next walk over all subscriptions comes after many chats */

    walk.n = 4 * (walk.n + 1) + client->subscriber.nsubs / 8;

    for (n = NGX_HTTP_CHATWS_PROOFS_MIN; n < walk.n; n *= 2) { /* void */ }

    walk.proofs = ngx_calloc(sizeof(ngx_http_chatws_proofs_t)
                             + n * sizeof(ngx_http_chatws_proofs_cell_t),
                             ngx_cycle->log);
    if (walk.proofs == NULL) {
        return NGX_ERROR;
    }

    walk.proofs->mask = n - 1;

    if (client->proofs != NULL) {
        ngx_http_chatws_hub_each_chat(&client->subscriber,
                                      ngx_http_chatws_proofs_move, &walk);
        ngx_free(client->proofs);
    }

    client->proofs = walk.proofs;

    return NGX_OK;
}


static void
ngx_http_chatws_proofs_count(void *data, const ngx_str_t *id, uint64_t serial,
    uint32_t *mark)
{
    ngx_http_chatws_proofs_walk_t *walk = data;

    if (ngx_http_chatws_grant_source(*mark) == NGX_HTTP_CHATWS_GRANT_TOKEN) {
        walk->n++;
    }
}


static void
ngx_http_chatws_proofs_move(void *data, const ngx_str_t *id, uint64_t serial,
    uint32_t *mark)
{
    ngx_http_chatws_proofs_walk_t *walk = data;

    uint64_t                        hash;
    const ngx_http_chatws_proof_t  *proof;
    ngx_http_chatws_proofs_cell_t  *cell;

    if (ngx_http_chatws_grant_source(*mark) != NGX_HTTP_CHATWS_GRANT_TOKEN) {
        return;
    }

    proof = ngx_http_chatws_proofs_get(walk->client, id);

    if (proof == NULL) {
        return;
    }

    cell = ngx_http_chatws_proofs_cell(walk->client, walk->proofs, id, &hash);

    cell->hash = hash;
    cell->proof = *proof;

    walk->proofs->used++;
}


void
ngx_http_chatws_proofs_revoke(ngx_http_chatws_client_t *client,
    const chatws_command_t *command, uint64_t offset)
{
    ngx_uint_t                     i;
    ngx_http_chatws_proofs_walk_t  walk;

    static const chatws_str_t      none = { 0, NULL };

    if (client->proofs == NULL) {
        return;
    }

    ngx_http_chatws_held_again(client, NGX_HTTP_CHATWS_GRANT_TOKEN);

    ngx_memzero(&walk, sizeof(ngx_http_chatws_proofs_walk_t));

    walk.client = client;
    walk.command = command;
    walk.offset = offset;

    ngx_http_chatws_hub_each_chat(&client->subscriber,
                                  ngx_http_chatws_proofs_find, &walk);

    if (walk.n == 0) {
        return;
    }

    walk.ends = ngx_http_chatws_held_create(&none,
                    NGX_HTTP_CHATWS_RIGHT_SUBSCRIBE, walk.n, walk.size);

    if (walk.ends == NULL) {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no memory, reconnect");
        return;
    }

    ngx_http_chatws_hub_each_chat(&client->subscriber,
                                  ngx_http_chatws_proofs_find, &walk);

    for (i = 0; i < walk.ends->n; i++) {
        (void) ngx_http_chatws_unsubscribed(client, &walk.ends->chats[i].id,
                                            CHATWS_LOST_REMOVED);
    }

    ngx_free(walk.ends);
}


/*
 * Is called for each subscription, twice: first it counts those that end, and
 * then it adds them.
 */

static void
ngx_http_chatws_proofs_find(void *data, const ngx_str_t *id, uint64_t serial,
    uint32_t *mark)
{
    ngx_http_chatws_proofs_walk_t *walk = data;

    const ngx_http_chatws_proof_t  *proof;

    if (ngx_http_chatws_grant_source(*mark) != NGX_HTTP_CHATWS_GRANT_TOKEN) {
        return;
    }

    proof = ngx_http_chatws_proofs_get(walk->client, id);

    if (proof == NULL
        || !ngx_http_chatws_revoked_by(proof, walk->command)
        || !ngx_http_chatws_hub_is_older(&walk->client->subscriber,
                                         (ngx_str_t *) id, walk->offset))
    {
        return;
    }

    if (walk->ends == NULL) {
        walk->n++;
        walk->size += id->len;
        return;
    }

    (void) ngx_http_chatws_held_add(walk->client, walk->ends, id, NULL);
}
