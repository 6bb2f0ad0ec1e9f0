
/*
 * Copyright (C) chatws contributors
 *
 * The seats of users, as far as this worker takes them and gives them back.
 * Where the lock of the zone is busy, a connection is not counted.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/chatws_seat.h"
#include "process/ngx_http_chatws_annex.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* seconds that a connection may be on its way to another worker */
#define NGX_HTTP_CHATWS_SEAT_WAY  10

#define ngx_http_chatws_seats(hub)                                            \
    ngx_http_chatws_annex(&(hub)->zone, NGX_HTTP_CHATWS_ANNEX_SEATS)


ngx_int_t
ngx_http_chatws_seat_take(ngx_http_chatws_hub_t *hub, uint64_t user,
    uint32_t max)
{
    uint32_t         now;
    chatws_rc_e      rc;
    chatws_seats_t  *seats;

    seats = ngx_http_chatws_seats(hub);

    if (seats == NULL || hub->slot == CHATWS_SLOT_NONE) {
        return NGX_BUSY;
    }

    now = (uint32_t) (ngx_current_msec / 1000);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    rc = chatws_seats_take(seats, hub->zone.store, hub->slot, user, max,
                           now);

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


ngx_int_t
ngx_http_chatws_seat_displace(ngx_http_chatws_hub_t *hub, uint64_t seat,
    uint64_t user, uint32_t max)
{
    uint32_t             now, nwake;
    chatws_rc_e          rc;
    chatws_seats_t      *seats;
    chatws_seat_call_t   call;
    uint32_t             wake[CHATWS_SEAT_CALLS];

    seats = ngx_http_chatws_seats(hub);

    if (seats == NULL || hub->slot == CHATWS_SLOT_NONE) {
        return NGX_BUSY;
    }

    now = (uint32_t) (ngx_current_msec / 1000);

    call.seat = seat;
    call.user = user;

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    rc = chatws_seats_displace(seats, hub->zone.store, hub->slot, &call, max,
                               now, wake, &nwake);

    ngx_http_chatws_zone_unlock(&hub->zone);

    nwake = ngx_min(nwake, hub->zone.nslots);
    ngx_memcpy(hub->wakes, wake, nwake * sizeof(uint32_t));
    ngx_http_chatws_hub_wake(hub, nwake);

    return rc == CHATWS_OK ? NGX_OK : rc == CHATWS_BUSY ? NGX_BUSY
                                                        : NGX_DECLINED;
}


void
ngx_http_chatws_seat_owe(ngx_http_chatws_hub_t *hub, uint64_t user,
    ngx_uint_t owes)
{
    chatws_seats_t  *seats;

    seats = ngx_http_chatws_seats(hub);

    if (seats != NULL) {
        chatws_seats_owe(seats, hub->zone.store, hub->slot, user, owes);
    }
}


void
ngx_http_chatws_seat_calls(ngx_http_chatws_hub_t *hub)
{
    chatws_rc_e          rc;
    chatws_seats_t      *seats;
    chatws_seat_call_t   call;

    seats = ngx_http_chatws_seats(hub);

    if (seats == NULL) {
        return;
    }

    while (chatws_seats_is_called(seats, hub->slot)) {

        if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
            return;
        }

        rc = chatws_seats_answer(seats, hub->slot, &call);

        ngx_http_chatws_zone_unlock(&hub->zone);

        if (rc == CHATWS_OK) {
            hub->handlers->displace(hub, call.seat, call.user);
        }
    }
}


void
ngx_http_chatws_seat_leave(ngx_http_chatws_hub_t *hub, uint64_t user)
{
    chatws_seats_t  *seats;

    seats = ngx_http_chatws_seats(hub);

    if (seats != NULL) {
        chatws_seats_leave(seats, hub->zone.store, hub->slot, user);
    }
}


void
ngx_http_chatws_seat_send(ngx_http_chatws_hub_t *hub, uint64_t user)
{
    uint32_t         now;
    chatws_seats_t  *seats;

    seats = ngx_http_chatws_seats(hub);

    if (seats == NULL) {
        return;
    }

    now = (uint32_t) (ngx_current_msec / 1000);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        /* on its way it is not counted */
        chatws_seats_leave(seats, hub->zone.store, hub->slot, user);
        return;
    }

    chatws_seats_send(seats, hub->zone.store, hub->slot, user, now,
                      NGX_HTTP_CHATWS_SEAT_WAY);

    ngx_http_chatws_zone_unlock(&hub->zone);
}


ngx_int_t
ngx_http_chatws_seat_receive(ngx_http_chatws_hub_t *hub, uint64_t user)
{
    uint32_t         now;
    chatws_rc_e      rc;
    chatws_seats_t  *seats;

    seats = ngx_http_chatws_seats(hub);

    if (seats == NULL || hub->slot == CHATWS_SLOT_NONE) {
        return NGX_BUSY;
    }

    now = (uint32_t) (ngx_current_msec / 1000);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    rc = chatws_seats_receive(seats, hub->zone.store, hub->slot, user,
                              now);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return rc == CHATWS_OK ? NGX_OK : NGX_BUSY;
}
