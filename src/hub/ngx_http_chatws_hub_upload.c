
/*
 * Copyright (C) chatws contributors
 *
 * The uploads that are shown.  They are counted in a table of seats of their
 * own, twice each: under the user, and under the upload itself.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/chatws_seat.h"
#include "process/ngx_http_chatws_annex.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* uploads of one user that are shown */
#define NGX_HTTP_CHATWS_UPLOADS_MAX  16

#define ngx_http_chatws_uploads(hub)                                          \
    ngx_http_chatws_annex(&(hub)->zone, NGX_HTTP_CHATWS_ANNEX_UPLOADS)


ngx_int_t
ngx_http_chatws_upload_take(ngx_http_chatws_hub_t *hub, uint64_t user,
    uint64_t upload)
{
    uint32_t         now;
    chatws_rc_e      rc;
    chatws_store_t  *store;
    chatws_seats_t  *uploads;

    uploads = ngx_http_chatws_uploads(hub);

    if (uploads == NULL || hub->slot == CHATWS_SLOT_NONE) {
        return NGX_BUSY;
    }

    store = hub->zone.store;
    now = (uint32_t) (ngx_current_msec / 1000);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    rc = chatws_seats_take(uploads, store, hub->slot, user,
                           NGX_HTTP_CHATWS_UPLOADS_MAX, now);

    if (rc == CHATWS_OK) {
        rc = chatws_seats_take(uploads, store, hub->slot, upload, 1, now);

        if (rc != CHATWS_OK) {
            chatws_seats_leave(uploads, store, hub->slot, user);
        }
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    switch (rc) {

    case CHATWS_OK:
        return NGX_OK;

    case CHATWS_DECLINED:
        return NGX_DECLINED;

    default: /* CHATWS_BUSY */
        return NGX_BUSY;
    }
}


void
ngx_http_chatws_upload_leave(ngx_http_chatws_hub_t *hub, uint64_t user,
    uint64_t upload)
{
    chatws_seats_t  *uploads;

    uploads = ngx_http_chatws_uploads(hub);

    if (uploads != NULL) {
        chatws_seats_leave(uploads, hub->zone.store, hub->slot, upload);
        chatws_seats_leave(uploads, hub->zone.store, hub->slot, user);
    }
}
