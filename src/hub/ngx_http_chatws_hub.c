
/*
 * Copyright (C) chatws contributors
 *
 * The life of a hub in its worker: the slot, wake-ups, housekeeping, and
 * the publishing side.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "hub/ngx_http_chatws_hub.h"


/* how long a stopped worker may hold up publishers, in milliseconds */
#define NGX_HTTP_CHATWS_LAP_TIME    5000

#define NGX_HTTP_CHATWS_TICK        500

/* ticks: how long after a reload nginx may tell its old workers to quit */
#define NGX_HTTP_CHATWS_REPLACED    20

/* in milliseconds, until the lock that was busy is asked for again */
#define NGX_HTTP_CHATWS_AGAIN       20

/* member rows of a dead worker taken out under one lock */
#define NGX_HTTP_CHATWS_REAP_BATCH  16


static ngx_int_t ngx_http_chatws_hub_init(ngx_http_chatws_hub_t *hub,
    ngx_cycle_t *cycle);
static ngx_int_t ngx_http_chatws_hub_claim(ngx_http_chatws_hub_t *hub,
    ngx_cycle_t *cycle);
static void ngx_http_chatws_hub_wakeup(void *data);
static void ngx_http_chatws_hub_deliver(ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_hub_tick(ngx_event_t *ev);
static void ngx_http_chatws_hub_again_handler(ngx_event_t *ev);
static void ngx_http_chatws_hub_quit(ngx_http_chatws_hub_t *hub);
static uint32_t ngx_http_chatws_hub_reap(ngx_http_chatws_hub_t *hub);
static uint32_t ngx_http_chatws_hub_release(ngx_http_chatws_hub_t *hub,
    uint32_t slot, ngx_pid_t pid);
static void ngx_http_chatws_hub_wake(ngx_http_chatws_hub_t *hub,
    uint32_t n);
static void ngx_http_chatws_hub_signal_handler(ngx_event_t *ev);


ngx_int_t
ngx_http_chatws_hub_open(ngx_http_chatws_zone_t *zone,
    ngx_http_chatws_deliver_pt deliver, ngx_http_chatws_lapse_pt lapse,
    ngx_msec_t coalesce, ngx_cycle_t *cycle)
{
    uint32_t                reaped;
    ngx_http_chatws_hub_t  *hub;

    hub = ngx_calloc(sizeof(ngx_http_chatws_hub_t), cycle->log);
    if (hub == NULL) {
        return NGX_ERROR;
    }

    hub->zone = *zone;
    hub->deliver = deliver;
    hub->lapse = lapse;
    hub->coalesce = coalesce;
    hub->slot = CHATWS_SLOT_NONE;

    if (ngx_http_chatws_hub_init(hub, cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    zone->hub = hub;

    reaped = ngx_http_chatws_hub_reap(hub);

    switch (ngx_http_chatws_hub_claim(hub, cycle)) {

    case NGX_OK:
    case NGX_AGAIN:
        break;

    case NGX_BUSY:
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "chatws zone \"%V\": all %uD worker slots, or all %ui "
                      "wake-up descriptors, are taken, this worker waits for "
                      "one", &zone->name, zone->nslots, zone->wake->n);
        break;

    default: /* NGX_ERROR */
        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                      "chatws zone \"%V\": \"worker_connections\" are too "
                      "few, this worker waits for one", &zone->name);
    }

    ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_REAPED, reaped);

    ngx_add_timer(&hub->tick, NGX_HTTP_CHATWS_TICK);

    return NGX_OK;
}


/* What was allocated stays until the worker, which has no hub, exits. */

static ngx_int_t
ngx_http_chatws_hub_init(ngx_http_chatws_hub_t *hub, ngx_cycle_t *cycle)
{
    hub->wakes = ngx_alloc(hub->zone.nslots * sizeof(uint32_t), cycle->log);

    if (hub->wakes == NULL
        || ngx_http_chatws_index_init(&hub->chats, cycle->log) != NGX_OK
        || ngx_http_chatws_index_init(&hub->rows, cycle->log) != NGX_OK
        || ngx_http_chatws_index_init(&hub->subs, cycle->log) != NGX_OK
        || ngx_http_chatws_deliver_init(hub, cycle->log) != NGX_OK)
    {
        return NGX_ERROR;
    }

    hub->sleeper.handler = ngx_http_chatws_hub_wakeup;
    hub->sleeper.data = hub;

    hub->ident.fd = (ngx_socket_t) -1;
    hub->ident.data = hub;

    hub->round.data = &hub->ident;
    hub->round.log = cycle->log;
    hub->round.handler = ngx_http_chatws_deliver_handler;

    hub->signal.data = &hub->ident;
    hub->signal.log = cycle->log;
    hub->signal.handler = ngx_http_chatws_hub_signal_handler;

    hub->again.data = &hub->ident;
    hub->again.log = cycle->log;
    hub->again.handler = ngx_http_chatws_hub_again_handler;
    hub->again.cancelable = 1;

    hub->tick.data = &hub->ident;
    hub->tick.log = cycle->log;
    hub->tick.handler = ngx_http_chatws_hub_tick;
    hub->tick.cancelable = 1;

    return NGX_OK;
}


/*
 * NGX_BUSY: no slot, or no descriptor; NGX_AGAIN: the lock is busy; NGX_ERROR:
 * no connection.
 */

static ngx_int_t
ngx_http_chatws_hub_claim(ngx_http_chatws_hub_t *hub, ngx_cycle_t *cycle)
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
ngx_http_chatws_hub_close(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_ended_t  *ended;

    if (hub->tick.timer_set) {
        ngx_del_timer(&hub->tick);
    }

    if (hub->again.timer_set) {
        ngx_del_timer(&hub->again);
    }

    if (hub->round.timer_set) {
        ngx_del_timer(&hub->round);
    }

    if (hub->round.posted) {
        ngx_delete_posted_event(&hub->round);
    }

    if (hub->signal.posted) {
        ngx_delete_posted_event(&hub->signal);
        ngx_http_chatws_hub_signal(hub);
    }

    if (hub->slot != CHATWS_SLOT_NONE) {
        ngx_http_chatws_wake_part(hub->zone.wake, &hub->sleeper);
        (void) ngx_http_chatws_hub_release(hub, hub->slot, ngx_pid);
    }

    /* what is left of it in the zone goes with the slot */

    while (hub->ended != NULL) {
        ended = hub->ended;
        hub->ended = ended->next;
        ngx_free(ended);
    }

    ngx_http_chatws_deliver_done(hub);
    ngx_http_chatws_index_done(&hub->chats);
    ngx_http_chatws_index_done(&hub->rows);
    ngx_http_chatws_index_done(&hub->subs);

    ngx_free(hub->wakes);
    ngx_free(hub);
}


uint64_t
ngx_http_chatws_hub_user(ngx_http_chatws_hub_t *hub, ngx_str_t *user)
{
    return chatws_store_hash(hub->zone.store, user->data, user->len);
}


ngx_int_t
ngx_http_chatws_hub_publish(ngx_http_chatws_hub_t *hub, uint32_t row,
    chatws_post_t *post, chatws_posted_t *posted)
{
    uint64_t         now;
    chatws_rc_e      rc;
    chatws_store_t  *store;

    store = hub->zone.store;
    now = ngx_current_msec;

    ngx_memzero(posted, sizeof(chatws_posted_t));
    posted->wake = hub->wakes;

    if (row == 0) {
        chatws_store_prefetch(store, &post->chat);
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    if (row != 0) {
        rc = chatws_store_post_known(store, row, post, now,
                                     NGX_HTTP_CHATWS_LAP_TIME, posted);
    } else {
        rc = chatws_store_publish(store, post, now, NGX_HTTP_CHATWS_LAP_TIME,
                                  posted);
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    ngx_http_chatws_hub_wake(hub, posted->nwake);

    switch (rc) {

    case CHATWS_OK:
        ngx_http_chatws_hub_count(hub, post->ring == CHATWS_DURABLE
                                       ? NGX_HTTP_CHATWS_N_PUBLISHED
                                       : NGX_HTTP_CHATWS_N_TYPING, 1);
        return NGX_OK;

    case CHATWS_BUSY:
        return NGX_BUSY;

    default:
        return NGX_DECLINED;
    }
}


/*
 * All workers drain at the end of this one's turn, with all that comes in it:
 * one that was woken by the first of many would serve that one alone.
 */

static void
ngx_http_chatws_hub_wake(ngx_http_chatws_hub_t *hub, uint32_t n)
{
    uint32_t  i, slot;

    for (i = 0; i < n; i++) {
        slot = hub->wakes[i];

        if (slot == hub->slot) {
            ngx_http_chatws_hub_deliver(hub);
            continue;
        }

        hub->owed[slot / 64] |= (uint64_t) 1 << (slot % 64);
        ngx_post_event(&hub->signal, &ngx_posted_events);
    }
}


static void
ngx_http_chatws_hub_signal_handler(ngx_event_t *ev)
{
    ngx_connection_t  *ident;

    ident = ev->data;

    ngx_http_chatws_hub_signal(ident->data);
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

            /* what a slot that changed hands is told of is nothing to it */

            ngx_http_chatws_wake_signal(hub->zone.wake,
                              chatws_store_slot(hub->zone.store, slot)->wake,
                              ngx_cycle->log);
        }
    }
}


/* It may be for another zone. */

static void
ngx_http_chatws_hub_wakeup(void *data)
{
    ngx_http_chatws_hub_t *hub = data;

    chatws_store_t  *store;

    store = hub->zone.store;

    if (chatws_store_cursor(store, hub->slot, CHATWS_DURABLE)
        != CHATWS_OFF_NONE
        || chatws_store_cursor(store, hub->slot, CHATWS_EPHEMERAL)
           != CHATWS_OFF_NONE
        || chatws_store_lapped(store, hub->slot))
    {
        ngx_http_chatws_hub_deliver(hub);
    }
}


static void
ngx_http_chatws_hub_deliver(ngx_http_chatws_hub_t *hub)
{
    if (hub->coalesce == 0) {
        ngx_post_event(&hub->round, &ngx_posted_events);

    } else if (!hub->round.timer_set) {
        ngx_add_timer(&hub->round, hub->coalesce);
    }
}


void
ngx_http_chatws_hub_count(ngx_http_chatws_hub_t *hub, ngx_uint_t counter,
    uint64_t n)
{
    if (hub->slot != CHATWS_SLOT_NONE) {
        chatws_store_slot(hub->zone.store, hub->slot)->counters[counter] += n;
    }
}


/*
 * Housekeeping, twice a second: what a worker that died had claimed is
 * given back, and a wake-up that it owed us is made good.
 */

static void
ngx_http_chatws_hub_tick(ngx_event_t *ev)
{
    ngx_connection_t       *ident;
    ngx_http_chatws_hub_t  *hub;

    ident = ev->data;
    hub = ident->data;

    ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_REAPED,
                              ngx_http_chatws_hub_reap(hub));

    if (hub->slot == CHATWS_SLOT_NONE) {
        (void) ngx_http_chatws_hub_claim(hub, (ngx_cycle_t *) ngx_cycle);

    } else {
        ngx_post_event(&hub->round, &ngx_posted_events);
    }

    ngx_http_chatws_hub_quit(hub);

    ngx_add_timer(ev, NGX_HTTP_CHATWS_TICK);
}


/*
 * A worker that has no descriptor for a channel to another one loses its own
 * channel, and would stay forever after a reload: nobody can tell it to quit.
 */

static void
ngx_http_chatws_hub_quit(ngx_http_chatws_hub_t *hub)
{
    if (ngx_process != NGX_PROCESS_WORKER
        || ngx_exiting
        || ngx_quit
        || ngx_http_chatws_zone_newest(&hub->zone)
        || ++hub->replaced < NGX_HTTP_CHATWS_REPLACED)
    {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "chatws zone \"%V\": nginx has not told this worker to quit "
                  "after a reload, quitting", &hub->zone.name);

    ngx_quit = 1;
}


void
ngx_http_chatws_hub_again(ngx_http_chatws_hub_t *hub)
{
    if (!hub->again.timer_set) {
        ngx_add_timer(&hub->again, NGX_HTTP_CHATWS_AGAIN);
    }
}


static void
ngx_http_chatws_hub_again_handler(ngx_event_t *ev)
{
    ngx_connection_t       *ident;
    ngx_http_chatws_hub_t  *hub;

    ident = ev->data;
    hub = ident->data;

    ngx_http_chatws_hub_end(hub);

    ngx_post_event(&hub->round, &ngx_posted_events);
}


/* Returns the number of slots that were given back. */

static uint32_t
ngx_http_chatws_hub_reap(ngx_http_chatws_hub_t *hub)
{
    uint32_t   n, reaped, slot;
    ngx_pid_t  pid;

    reaped = 0;

    for (slot = 0; slot < hub->zone.nslots; slot++) {

        pid = (ngx_pid_t) chatws_store_slot(hub->zone.store, slot)->pid;

        if (pid == 0 || slot == hub->slot) {
            continue;
        }

        /* a slot with our own pid belonged to a process that had it before */

        if (pid != ngx_pid && !ngx_http_chatws_wake_dead(pid)) {
            continue;
        }

        if (ngx_http_chatws_hub_release(hub, slot, pid)) {
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "chatws zone \"%V\": reaping slot %uD of dead "
                          "worker %P", &hub->zone.name, slot, pid);
            reaped++;
        }
    }

    if (reaped == 0) {
        return 0;
    }

    /*
     * it may have died between a publish and the wake-ups; each worker looks
     * for itself as well, but later
     */

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return reaped;
    }

    n = chatws_store_pending(hub->zone.store, hub->wakes);

    ngx_http_chatws_zone_unlock(&hub->zone);

    ngx_http_chatws_hub_wake(hub, n);
    ngx_http_chatws_hub_signal(hub);

    return reaped;
}


/*
 * Another worker may reap the same slot meanwhile, and a third claim it.
 * Returns 1 if this one has given it back.
 */

static uint32_t
ngx_http_chatws_hub_release(ngx_http_chatws_hub_t *hub, uint32_t slot,
    ngx_pid_t pid)
{
    uint32_t     released;
    chatws_rc_e  rc;

    do {
        rc = CHATWS_OK;
        released = 0;

        if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
            return 0;
        }

        if (chatws_store_slot(hub->zone.store, slot)->pid == pid) {
            rc = chatws_store_release(hub->zone.store, slot,
                                      NGX_HTTP_CHATWS_REAP_BATCH);
            released = 1;
        }

        ngx_http_chatws_zone_unlock(&hub->zone);

    } while (rc == CHATWS_AGAIN);

    return released;
}
