
/*
 * Copyright (C) chatws contributors
 *
 * The slot of a worker in the zone: how it is claimed, how it is given back,
 * and how the slots of workers that died are found.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_clock.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* rows of members that are removed before the lock is given back */
#define NGX_HTTP_CHATWS_SLOT_ROWS  16

/* in microseconds: after so long the worker has other things to do */
#define NGX_HTTP_CHATWS_SLOT_TIME  2000


static ngx_int_t ngx_http_chatws_slot_release(ngx_http_chatws_hub_t *hub,
    uint32_t slot, ngx_pid_t pid, uint64_t until);


ngx_int_t
ngx_http_chatws_slot_claim(ngx_http_chatws_hub_t *hub, ngx_cycle_t *cycle)
{
    uint32_t                 slot;
    ngx_int_t                rc;
    ngx_http_chatws_wake_t  *wake;

    wake = hub->zone.wake;
    rc = ngx_http_chatws_wake_join(wake, &hub->sleeper, cycle);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        ngx_http_chatws_wake_part(wake, &hub->sleeper);
        return NGX_AGAIN;
    }

    slot = chatws_store_claim(hub->zone.store, ngx_pid, wake->index);

    ngx_http_chatws_zone_unlock(&hub->zone);

    if (slot == CHATWS_SLOT_NONE) {
        ngx_http_chatws_wake_part(wake, &hub->sleeper);
        return NGX_BUSY;
    }

    hub->slot = slot;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, cycle->log, 0,
                   "chatws zone \"%V\" slot:%uD wake:%ui", &hub->zone.name,
                   slot, wake->index);

    return NGX_OK;
}


void
ngx_http_chatws_slot_leave(ngx_http_chatws_hub_t *hub)
{
    if (hub->slot == CHATWS_SLOT_NONE) {
        return;
    }

    ngx_http_chatws_wake_part(hub->zone.wake, &hub->sleeper);
    (void) ngx_http_chatws_slot_release(hub, hub->slot, ngx_pid, UINT64_MAX);
}


uint32_t
ngx_http_chatws_slot_reap(ngx_http_chatws_hub_t *hub)
{
    uint32_t          n, found, slot;
    uint64_t          until;
    ngx_int_t         rc;
    ngx_pid_t         pid;
    chatws_typing_t  *typing;

    found = 0;
    until = ngx_http_chatws_ticks() + NGX_HTTP_CHATWS_SLOT_TIME;

    for (slot = 0; slot < hub->zone.nslots; slot++) {

        pid = (ngx_pid_t) chatws_store_slot(hub->zone.store, slot)->pid;

        if (pid == 0 || slot == hub->slot) {
            continue;
        }

        /*
         * another slot with the pid of this process is that of a dead process
         * which had the same pid
         */

        if (pid != ngx_pid && !ngx_http_chatws_is_dead(pid)) {
            continue;
        }

        found++;

        rc = ngx_http_chatws_slot_release(hub, slot, pid, until);

        if (rc == NGX_AGAIN) {
            ngx_post_event(&hub->reap, &ngx_posted_next_events);
            break;
        }

        if (rc == NGX_OK) {
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "chatws zone \"%V\": reaping slot %uD of dead "
                          "worker %P", &hub->zone.name, slot, pid);
            hub->reaped++;
        }
    }

    if (found == 0) {
        return 0;
    }

    /*
     * A dead worker may have published and not woken the others.  Each of
     * them would find out by itself, but later.
     */

    typing = ngx_http_chatws_typing_table(hub);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return found;
    }

    n = chatws_store_pending(hub->zone.store, hub->wakes);

    if (typing != NULL) {
        chatws_typing_died(typing);
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    ngx_http_chatws_hub_wake(hub, n);
    ngx_http_chatws_hub_signal(hub);

    return found;
}


/*
 * Gives back the slot of a process, a few rows at a time, until the ticks say
 * until.  Meanwhile another worker may do the same, and a third one may claim
 * the slot, so the owner is looked at again under each lock.
 *
 * NGX_OK: this worker has given the slot back.  NGX_AGAIN: there is more to be
 * done.  NGX_DECLINED: another worker does it, or the lock cannot be had now.
 */

static ngx_int_t
ngx_http_chatws_slot_release(ngx_http_chatws_hub_t *hub, uint32_t slot,
    ngx_pid_t pid, uint64_t until)
{
    ngx_uint_t        released;
    chatws_rc_e       rc;
    chatws_people_t  *people;

    people = ngx_http_chatws_people(hub);

    /* without members left, nobody's state depends on the slot */

    if (slot == hub->slot && hub->ended == NULL) {
        people = NULL;
    }

    do {
        rc = CHATWS_OK;
        released = 0;

        if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
            return NGX_DECLINED;
        }

        if (chatws_store_slot(hub->zone.store, slot)->pid == pid) {

            if (people != NULL) {
                chatws_people_sweep(people);
            }

            rc = chatws_store_release(hub->zone.store, slot,
                                      NGX_HTTP_CHATWS_SLOT_ROWS);
            released = 1;
        }

        ngx_http_chatws_zone_unlock(&hub->zone);

    } while (rc == CHATWS_AGAIN && ngx_http_chatws_ticks() < until);

    if (rc == CHATWS_AGAIN) {
        return NGX_AGAIN;
    }

    return released ? NGX_OK : NGX_DECLINED;
}
