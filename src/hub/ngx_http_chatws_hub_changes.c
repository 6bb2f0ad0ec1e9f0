
/*
 * Copyright (C) chatws contributors
 *
 * The batch of changes, in slices.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_clock.h"
#include "hub/ngx_http_chatws_hub_changes.h"
#include "hub/ngx_http_chatws_hub_private.h"


ngx_int_t
ngx_http_chatws_hub_changes_open(ngx_http_chatws_hub_t *hub, uint64_t ack,
    uint64_t *batch)
{
    chatws_rc_e       rc;
    chatws_people_t  *tb;

    tb = ngx_http_chatws_people(hub);

    do {
        if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
            return NGX_AGAIN;
        }

        chatws_people_feed_ack(tb, ack);
        rc = chatws_people_feed_open(tb);
        *batch = tb->batch;

        ngx_http_chatws_zone_unlock(&hub->zone);

    } while (rc == CHATWS_AGAIN);

    if (rc == CHATWS_DONE) {

        /* the next one is empty as yet, and nobody may ack it */

        *batch = 0;
        return NGX_DONE;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_hub_changes_read(ngx_http_chatws_hub_t *hub, uint64_t batch,
    uint32_t *row, chatws_people_change_t *changes, uint32_t *n)
{
    chatws_rc_e       rc;
    chatws_people_t  *tb;

    tb = ngx_http_chatws_people(hub);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    rc = chatws_people_feed_read(tb, batch, row, changes, n);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return rc == CHATWS_OK ? NGX_OK : NGX_DECLINED;
}


ngx_uint_t
ngx_http_chatws_hub_changes_more(ngx_http_chatws_hub_t *hub)
{
    return chatws_people_feed_has(ngx_http_chatws_people(hub));
}


ngx_uint_t
ngx_http_chatws_hub_changes_any(ngx_http_chatws_hub_t *hub)
{
    chatws_people_t  *tb;

    tb = ngx_http_chatws_people(hub);

    return chatws_people_feed_has(tb) || tb->nflight != 0;
}


ngx_int_t
ngx_http_chatws_hub_changes_poll(ngx_http_chatws_hub_t *hub, uint64_t *poller)
{
    chatws_people_t  *tb;

    tb = ngx_http_chatws_people(hub);

    *poller = chatws_store_stamp(hub->zone.store, ngx_http_chatws_now());

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    chatws_people_feed_poll(tb, *poller);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return NGX_OK;
}


ngx_uint_t
ngx_http_chatws_hub_changes_is_poller(ngx_http_chatws_hub_t *hub,
    uint64_t poller)
{
    chatws_people_t  *tb;

    tb = ngx_http_chatws_people(hub);

    return tb != NULL && chatws_shared_get(&tb->poller) == poller;
}
