
/*
 * Copyright (C) chatws contributors
 *
 * Publishing into the rings of the zone, and waking the workers that have
 * something to read.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "process/ngx_http_chatws_event.h"
#include "hub/ngx_http_chatws_hub_people.h"
#include "hub/ngx_http_chatws_hub_private.h"


ngx_int_t
ngx_http_chatws_hub_publish(ngx_http_chatws_hub_t *hub, uint32_t row,
    chatws_post_t *post, ngx_uint_t counter, chatws_posted_t *posted)
{
    uint64_t                now;
    chatws_rc_e             rc;
    chatws_store_t         *store;
    chatws_people_t        *tb;
    chatws_people_tally_t   tally;

    store = hub->zone.store;
    now = ngx_current_msec;

    ngx_memzero(posted, sizeof(chatws_posted_t));
    posted->wake = hub->wakes;

    tb = NULL;
    post->tally = NULL;

    if (post->sequenced
        && hub->zone.people != NULL
        && hub->zone.people->unread
        && !chatws_inbox_is(&post->chat))
    {
        tally.chat.id = post->chat;
        tally.chat.hash = ngx_http_chatws_hub_hash(hub,
                                              (ngx_str_t *) &tally.chat.id);
        tally.len = 0;

        tb = ngx_http_chatws_people(hub);
        post->tally = &tally.tally;
    }

    if (row == 0) {
        chatws_store_prefetch(store, &post->chat);
    }

    if (tb != NULL) {
        chatws_people_prefetch(tb, post->reads ? post->sender : 0,
                               tally.chat.hash);
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    if (post->tally != NULL) {
        chatws_people_tally(tb, store, &tally);
    }

    rc = chatws_store_publish(store, row, post, now, NGX_HTTP_CHATWS_LAP_TIME,
                              posted);

    if (post->tally != NULL && rc == CHATWS_OK && post->reads) {
        chatws_people_tally_sent(tb, &tally, post->sender, posted);
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    ngx_http_chatws_hub_wake(hub, posted->nwake);

    if (post->tally != NULL) {
        /* the store knows it no more */
        post->tally = NULL;

        if (tally.len != 0) {
            ngx_http_chatws_tally_tell(hub, &tally, posted);
        }
    }

    switch (rc) {

    case CHATWS_OK:
        ngx_http_chatws_hub_count(hub, counter, 1);
        return NGX_OK;

    case CHATWS_BUSY:
        return NGX_BUSY;

    default: /* CHATWS_DECLINED, CHATWS_ERROR */
        return NGX_DECLINED;
    }
}


/*
 * The others are woken at the end of this worker's turn of the event loop:
 * a worker that was woken by the first of many publications would deliver
 * that one alone.
 */

void
ngx_http_chatws_hub_wake(ngx_http_chatws_hub_t *hub, uint32_t n)
{
    uint32_t  i, slot;

    for (i = 0; i < n; i++) {
        slot = hub->wakes[i];

        if (slot == hub->slot) {
            ngx_http_chatws_hub_post_delivery(hub);
            continue;
        }

        hub->owed[slot / 64] |= (uint64_t) 1 << (slot % 64);
        ngx_post_event(&hub->signal, &ngx_posted_events);
    }
}


void
ngx_http_chatws_signal_handler(ngx_event_t *ev)
{
    ngx_http_chatws_hub_signal(ngx_http_chatws_event_data(ev));
}


void
ngx_http_chatws_hub_signal(ngx_http_chatws_hub_t *hub)
{
    uint32_t    slot;
    ngx_uint_t  word;

    for (word = 0; word < CHATWS_SLOTS_MAX / 64; word++) {

        while (hub->owed[word] != 0) {
            slot = word * 64 + __builtin_ctzll(hub->owed[word]);
            hub->owed[word] &= hub->owed[word] - 1;

            /* a needless wake-up does no harm if the slot has a new owner */

            ngx_http_chatws_wake_signal(hub->zone.wake,
                              chatws_store_slot(hub->zone.store, slot)->wake,
                              ngx_cycle->log);
        }
    }
}
