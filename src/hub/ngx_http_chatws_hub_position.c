
/*
 * Copyright (C) chatws contributors
 *
 * Where a subscription of this worker begins, and how far it has come.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "hub/ngx_http_chatws_hub_private.h"


void
ngx_http_chatws_hub_begin_chat(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id, uint64_t offset)
{
    ngx_http_chatws_sub_t  *sub;

    sub = ngx_http_chatws_sub_of(subscriber, id);

    if (sub != NULL) {
        sub->from = offset;
        sub->upto = 0;
    }
}


ngx_int_t
ngx_http_chatws_hub_handed(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id, uint64_t *seq)
{
    uint64_t                next, offset;
    chatws_subscribed_t     at;
    const chatws_ring_t    *ring;
    const chatws_entry_t   *entry;
    ngx_http_chatws_hub_t  *hub;
    ngx_http_chatws_sub_t  *sub;

    hub = subscriber->hub;
    sub = ngx_http_chatws_sub_of(subscriber, id);

    if (sub == NULL) {
        return NGX_DECLINED;
    }

    *seq = sub->upto;

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_OK;
    }

    chatws_store_position(hub->zone.store, sub->chat->row, &at);
    offset = chatws_store_cursor(hub->zone.store, hub->slot, CHATWS_DURABLE);

    ngx_http_chatws_zone_unlock(&hub->zone);

    ring = ngx_http_chatws_hub_ring(hub);

    *seq = at.seq;

    for ( /* void */ ; offset < at.head; offset = next) {
        entry = chatws_ring_entry(ring, offset, &next);

        if (entry == NULL) {
            break;
        }

        if (entry->seq != 0
            && offset >= sub->from
            && entry->seq > sub->upto
            && ngx_http_chatws_collect_chat(hub, entry) == sub->chat)
        {
            *seq = entry->seq - 1;
            break;
        }
    }

    return NGX_OK;
}
