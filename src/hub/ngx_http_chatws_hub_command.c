
/*
 * Copyright (C) chatws contributors
 *
 * Commands: they are written to the ring of durable notifications, where all
 * workers read them, and each worker carries them out between deliveries.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_annex.h"
#include "process/ngx_http_chatws_clock.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* commands carried out before other events have their turn */
#define NGX_HTTP_CHATWS_COMMAND_SLICE  16


ngx_int_t
ngx_http_chatws_hub_command(ngx_http_chatws_hub_t *hub, ngx_str_t *text,
    const ngx_http_chatws_taken_t *taken)
{
    uint64_t               now, time;
    ngx_int_t              rc;
    chatws_posted_t        posted;
    chatws_revocations_t  *revocations;

    now = ngx_current_msec;
    time = ngx_http_chatws_now();

    revocations = ngx_http_chatws_annex(&hub->zone,
                                        NGX_HTTP_CHATWS_ANNEX_REVOCATIONS);
    posted.wake = hub->wakes;

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    rc = NGX_OK;

    if (taken != NULL
        && (revocations == NULL
            || !chatws_revocations_has_room(revocations, &taken->key,
                                            time / 1000)))
    {
        posted.nwake = 0;
        rc = NGX_DECLINED;

    } else if (chatws_store_command_room(hub->zone.store, text->len, now,
                                         NGX_HTTP_CHATWS_LAP_TIME, &posted)
               != CHATWS_OK)
    {
        rc = NGX_BUSY;
    }

    /*
     * A client that connects sees the end of the ring, and then looks for
     * revocations: either the command is for it, or it finds this one.
     */

    if (rc == NGX_OK && taken != NULL) {
        (void) chatws_revocations_add(revocations, &taken->key,
                                      taken->before, taken->until,
                                      time / 1000);
    }

    if (rc == NGX_OK) {
        chatws_store_command(hub->zone.store, (chatws_str_t *) text, time,
                             &posted);
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    ngx_http_chatws_hub_wake(hub, posted.nwake);

    return rc;
}


void
ngx_http_chatws_command_serve(ngx_http_chatws_hub_t *hub)
{
    uint32_t                     last;
    ngx_str_t                    text;
    ngx_http_chatws_note_t      *note;
    ngx_http_chatws_delivery_t  *delivery;

    delivery = &hub->delivery;

    last = ngx_min(delivery->next + NGX_HTTP_CHATWS_COMMAND_SLICE,
                   delivery->ntouched);

    while (delivery->next < last) {
        note = &delivery->notes[delivery->next++];

        text.len = note->frame.len;
        text.data = note->frame.data;

        hub->handlers->command(hub, &text, note->offset);
    }
}
