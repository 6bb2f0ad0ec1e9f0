
/*
 * Copyright (C) chatws contributors
 *
 * Commands: they are written to the ring of durable notifications, where all
 * workers read them, and each worker carries them out between deliveries.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_clock.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* commands carried out before other events have their turn */
#define NGX_HTTP_CHATWS_COMMAND_SLICE  16


ngx_int_t
ngx_http_chatws_hub_command(ngx_http_chatws_hub_t *hub, ngx_str_t *text)
{
    uint64_t         now, time;
    chatws_rc_e      rc;
    chatws_posted_t  posted;

    now = ngx_current_msec;
    time = ngx_http_chatws_now();

    posted.wake = hub->wakes;

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    rc = chatws_store_command(hub->zone.store, (chatws_str_t *) text,
                              time, now, NGX_HTTP_CHATWS_LAP_TIME, &posted);

    ngx_http_chatws_zone_unlock(&hub->zone);

    ngx_http_chatws_hub_wake(hub, posted.nwake);

    return rc == CHATWS_OK ? NGX_OK : NGX_BUSY;
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
