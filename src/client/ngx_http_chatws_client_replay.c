
/*
 * Copyright (C) chatws contributors
 *
 * Replay of missed notifications.  They are copied from the ring without the
 * lock of the zone, so publishers are not delayed.  If publishers have
 * overwritten them meanwhile, the copies are thrown away.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_own.h"
#include "process/ngx_http_chatws_clock.h"
#include "process/ngx_http_chatws_array.h"
#include "client/ngx_http_chatws_client_command.h"
#include "client/ngx_http_chatws_client_replay.h"


#define NGX_HTTP_CHATWS_REPLAY_FRAMES  64

/* bytes of the shortest frame, from which the number of frames is limited */
#define NGX_HTTP_CHATWS_REPLAY_FRAME   64


static ngx_uint_t ngx_http_chatws_replay_collect(
    ngx_http_chatws_replay_t *replay, uint32_t n);
static ngx_int_t ngx_http_chatws_replay_command(
    ngx_http_chatws_replay_t *replay, const chatws_entry_t *entry,
    uint64_t offset, uint64_t first);
static ngx_int_t ngx_http_chatws_replay_copy(
    ngx_http_chatws_replay_t *replay, const chatws_entry_t *entry);
static ngx_int_t ngx_http_chatws_replay_room(
    ngx_http_chatws_replay_t *replay);


void
ngx_http_chatws_replay_init(ngx_http_chatws_replay_t *replay,
    ngx_http_chatws_client_t *client)
{
    size_t  limit;

    ngx_memzero(replay, sizeof(ngx_http_chatws_replay_t));

    limit = client->session.conf->send_buffer;

    replay->client = client;
    replay->size = limit - ngx_min(limit, client->session.out_size);
    replay->walk = replay->size / NGX_HTTP_CHATWS_REPLAY_FRAME;
}


void
ngx_http_chatws_replay_done(ngx_http_chatws_replay_t *replay)
{
    ngx_free(replay->offsets);
    ngx_free(replay->data);
    ngx_free(replay->lens);
}


ngx_uint_t
ngx_http_chatws_replay_add(ngx_http_chatws_replay_t *replay,
    const chatws_subscribed_t *at, uint64_t since)
{
    uint32_t                        n;
    uint64_t                        now, oldest;
    const chatws_ring_t            *ring;
    const ngx_http_chatws_rules_t  *rules;

    if (since == at->seq) {
        return 1;
    }

    rules = replay->client->rules;
    ring = ngx_http_chatws_hub_ring(replay->client->subscriber.hub);

    if (since > at->seq
        || at->seq - since > rules->history
        || at->seq - since > replay->walk)
    {
        return 0;
    }

    replay->walk -= at->seq - since;

    if (replay->offsets == NULL) {
        replay->offsets = ngx_alloc(rules->history * sizeof(uint64_t),
                                    ngx_cycle->log);
        if (replay->offsets == NULL) {
            return 0;
        }
    }

    now = ngx_http_chatws_now();
    oldest = (now > rules->history_time) ? now - rules->history_time : 0;

    if (chatws_ring_chain(ring, at->last, at->serial, at->seq, since, oldest,
                          replay->offsets, rules->history, &n)
        != CHATWS_OK)
    {
        return 0;
    }

    return ngx_http_chatws_replay_collect(replay, n);
}


/* Copies the n entries at replay->offsets, or none of them. */

static ngx_uint_t
ngx_http_chatws_replay_collect(ngx_http_chatws_replay_t *replay, uint32_t n)
{
    size_t                 len;
    uint32_t               i;
    uint64_t               next;
    ngx_uint_t             frames;
    const chatws_ring_t   *ring;
    const chatws_entry_t  *entry;

    ring = ngx_http_chatws_hub_ring(replay->client->subscriber.hub);

    len = replay->len;
    frames = replay->n;

    for (i = 0; i < n; i++) {

        entry = chatws_ring_entry(ring, replay->offsets[i], &next);

        if (entry == NULL
            || ngx_http_chatws_replay_copy(replay, entry) != NGX_OK)
        {
            break;
        }
    }

    if (i == n && chatws_ring_is_held(ring, replay->offsets[0])) {
        return 1;
    }

    replay->len = len;
    replay->n = frames;

    return 0;
}


uint64_t
ngx_http_chatws_replay_walk(ngx_http_chatws_replay_t *replay,
    uint64_t offset, uint64_t since)
{
    uint64_t                       first, head, next;
    ngx_int_t                      rc;
    const chatws_ring_t           *ring;
    const chatws_entry_t          *entry;
    ngx_http_chatws_subscriber_t  *subscriber;

    subscriber = &replay->client->subscriber;
    ring = ngx_http_chatws_hub_ring(subscriber->hub);
    head = chatws_ring_head(ring);
    first = offset;

    while (offset < head) {

        entry = chatws_ring_entry(ring, offset, &next);

        if (entry == NULL) {

            if (next == CHATWS_OFF_NONE) {
                return CHATWS_OFF_NONE;
            }

            break;
        }

        rc = NGX_OK;

        if (ngx_http_chatws_hub_is_for(subscriber, entry, offset)) {
            rc = ngx_http_chatws_replay_copy(replay, entry);

        } else if (entry->chat == CHATWS_ROW_COMMAND && offset >= since) {
            rc = ngx_http_chatws_replay_command(replay, entry, offset, first);
        }

        if (rc != NGX_OK) {
            return CHATWS_OFF_NONE;
        }

        offset = next;
    }

    return offset == first || chatws_ring_is_held(ring, first)
           ? head : CHATWS_OFF_NONE;
}


/*
 * Carries a command out.  The entries from first on were read, and have to be
 * held until the command was copied.
 */

static ngx_int_t
ngx_http_chatws_replay_command(ngx_http_chatws_replay_t *replay,
    const chatws_entry_t *entry, uint64_t offset, uint64_t first)
{
    ngx_str_t             text;
    const chatws_ring_t  *ring;
    u_char                copy[CHATWS_COMMAND_SIZE];

    ring = ngx_http_chatws_hub_ring(replay->client->subscriber.hub);

    text.len = *(const volatile uint32_t *) &entry->len;
    text.data = copy;

    if (text.len > sizeof(copy)
        || text.len > chatws_ring_reach(ring, entry))
    {
        return NGX_DECLINED;
    }

    ngx_memcpy(copy, entry->frame, text.len);

    if (!chatws_ring_is_held(ring, first)) {
        return NGX_DECLINED;
    }

    ngx_http_chatws_replay_send(replay);

    replay->size -= replay->len;
    replay->len = 0;
    replay->n = 0;

    ngx_http_chatws_client_obey(replay->client, &text, offset);

    return NGX_OK;
}


/*
 * Copies the frame of an entry, except for a message of the client's own user
 * where chatws_own_messages is off.  NGX_DECLINED: it does not fit, or was
 * overwritten.
 */

static ngx_int_t
ngx_http_chatws_replay_copy(ngx_http_chatws_replay_t *replay,
    const chatws_entry_t *entry)
{
    size_t                         len, own;
    u_char                        *p;
    const chatws_ring_t           *ring;
    ngx_http_chatws_subscriber_t  *subscriber;

    subscriber = &replay->client->subscriber;
    ring = ngx_http_chatws_hub_ring(subscriber->hub);

    /* publishers may overwrite the entry meanwhile: read each field once */

    len = *(const volatile uint32_t *) &entry->len;
    own = 0;

    if (*(const volatile uint64_t *) &entry->sender == subscriber->user) {

        if (!subscriber->own) {
            return NGX_OK;
        }

        own = *(const volatile uint32_t *) &entry->own & CHATWS_ENTRY_OWN;
    }

    if (len > replay->size - replay->len
        || len > chatws_ring_reach(ring, entry)
        || own > len
        || (own != 0 && len - own < CHATWS_OWN_LEN)
        || ngx_http_chatws_replay_room(replay) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    p = replay->data + replay->len;

    ngx_memcpy(p, entry->frame, len);

    if (own != 0) {
        ngx_memcpy(p + own, CHATWS_OWN_TRUE, CHATWS_OWN_LEN);
    }

    replay->len += len;
    replay->lens[replay->n++] = len;

    return NGX_OK;
}


/* Makes room for one more frame. */

static ngx_int_t
ngx_http_chatws_replay_room(ngx_http_chatws_replay_t *replay)
{
    size_t      *lens;
    ngx_uint_t   nalloc;

    if (replay->data == NULL) {
        replay->data = ngx_alloc(replay->size, ngx_cycle->log);
        if (replay->data == NULL) {
            return NGX_ERROR;
        }
    }

    if (replay->n < replay->nalloc) {
        return NGX_OK;
    }

    nalloc = ngx_max(replay->nalloc * 2, NGX_HTTP_CHATWS_REPLAY_FRAMES);

    lens = ngx_http_chatws_array_resize(replay->lens,
                                        replay->n * sizeof(size_t),
                                        nalloc * sizeof(size_t),
                                        ngx_cycle->log);
    if (lens == NULL) {
        return NGX_ERROR;
    }

    replay->lens = lens;
    replay->nalloc = nalloc;

    return NGX_OK;
}


void
ngx_http_chatws_replay_send(ngx_http_chatws_replay_t *replay)
{
    u_char                      *p;
    ngx_uint_t                   i, k, n;
    ngx_http_chatws_outframe_t   frame[NGX_HTTP_CHATWS_REPLAY_FRAMES];
    ngx_http_chatws_outframe_t  *frames[NGX_HTTP_CHATWS_REPLAY_FRAMES];

    p = replay->data;

    ngx_http_chatws_hub_count(replay->client->subscriber.hub,
                              NGX_HTTP_CHATWS_N_DELIVERED, replay->n);

    for (n = 0; n < replay->n; n += k) {

        k = ngx_min(replay->n - n, NGX_HTTP_CHATWS_REPLAY_FRAMES);

        for (i = 0; i < k; i++) {
            ngx_http_chatws_outframe_init(&frame[i], p, replay->lens[n + i]);
            frame[i].counted = 1;
            frames[i] = &frame[i];
            p += replay->lens[n + i];
        }

        ngx_http_chatws_send_frames(&replay->client->session, frames, k);

        for (i = 0; i < k; i++) {
            ngx_http_chatws_outframe_done(&frame[i]);
        }
    }
}
