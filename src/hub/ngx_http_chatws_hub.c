
/*
 * Copyright (C) chatws contributors
 *
 * The life of a hub in its worker: how it begins and ends, its timers, and
 * questions about its zone.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "process/ngx_http_chatws_event.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* in milliseconds, between two times of housekeeping */
#define NGX_HTTP_CHATWS_TICK      500

/* ticks after a reload in which nginx may tell its old workers to quit */
#define NGX_HTTP_CHATWS_REPLACED  20

/* in milliseconds, until a lock that was busy is asked for again */
#define NGX_HTTP_CHATWS_AGAIN     20


static ngx_int_t ngx_http_chatws_hub_init(ngx_http_chatws_hub_t *hub,
    ngx_cycle_t *cycle);
static void ngx_http_chatws_hub_free(ngx_http_chatws_hub_t *hub);
static ngx_int_t ngx_http_chatws_hub_claim(ngx_http_chatws_hub_t *hub,
    ngx_cycle_t *cycle);
static void ngx_http_chatws_hub_woken(void *data);
static void ngx_http_chatws_hub_tick_handler(ngx_event_t *ev);
static void ngx_http_chatws_hub_again_handler(ngx_event_t *ev);
static void ngx_http_chatws_hub_count_reaped(ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_hub_reap_handler(ngx_event_t *ev);
static void ngx_http_chatws_hub_quit(ngx_http_chatws_hub_t *hub);


ngx_int_t
ngx_http_chatws_hub_open(ngx_http_chatws_zone_t *zone,
    const ngx_http_chatws_hub_handlers_t *handlers, ngx_msec_t coalesce,
    ngx_cycle_t *cycle)
{
    ngx_http_chatws_hub_t  *hub;

    hub = ngx_calloc(sizeof(ngx_http_chatws_hub_t), cycle->log);
    if (hub == NULL) {
        return NGX_ERROR;
    }

    hub->zone = *zone;
    hub->handlers = handlers;
    hub->coalesce = coalesce;
    hub->slot = CHATWS_SLOT_NONE;

    if (ngx_http_chatws_hub_init(hub, cycle) != NGX_OK) {
        ngx_http_chatws_hub_free(hub);
        return NGX_ERROR;
    }

    zone->hub = hub;

    if (ngx_http_chatws_people_init(hub, cycle->log) != NGX_OK) {
        zone->hub = NULL;
        ngx_http_chatws_hub_free(hub);
        return NGX_ERROR;
    }

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

    ngx_add_timer(&hub->tick, NGX_HTTP_CHATWS_TICK);

    return NGX_OK;
}


/* Claims a slot, which may be that of a dead worker. */

static ngx_int_t
ngx_http_chatws_hub_claim(ngx_http_chatws_hub_t *hub, ngx_cycle_t *cycle)
{
    ngx_int_t  rc;

    (void) ngx_http_chatws_slot_reap(hub);

    rc = ngx_http_chatws_slot_claim(hub, cycle);

    /* nothing else waits for this worker yet */

    while (rc == NGX_BUSY && hub->reap.posted) {
        ngx_delete_posted_event(&hub->reap);

        (void) ngx_http_chatws_slot_reap(hub);

        rc = ngx_http_chatws_slot_claim(hub, cycle);
    }

    ngx_http_chatws_hub_count_reaped(hub);

    return rc;
}


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

    hub->sleeper.handler = ngx_http_chatws_hub_woken;
    hub->sleeper.data = hub;

    ngx_http_chatws_event_owner(&hub->ident, hub);

    ngx_http_chatws_event_init(&hub->round, &hub->ident,
                               ngx_http_chatws_deliver_handler, cycle->log);
    ngx_http_chatws_event_init(&hub->signal, &hub->ident,
                               ngx_http_chatws_signal_handler, cycle->log);
    ngx_http_chatws_event_init(&hub->again, &hub->ident,
                               ngx_http_chatws_hub_again_handler, cycle->log);
    ngx_http_chatws_event_init(&hub->reap, &hub->ident,
                               ngx_http_chatws_hub_reap_handler, cycle->log);
    ngx_http_chatws_event_init(&hub->tick, &hub->ident,
                               ngx_http_chatws_hub_tick_handler, cycle->log);

    /* these two do not keep a worker that quits from ending */

    hub->again.cancelable = 1;
    hub->tick.cancelable = 1;

    return NGX_OK;
}


void
ngx_http_chatws_hub_reload(ngx_http_chatws_hub_t *hub,
    const ngx_http_chatws_zone_t *zone)
{
    ngx_http_chatws_people_done(hub);

    /* the previous configuration is freed */

    hub->zone.name = zone->name;
    hub->zone.cycle = zone->cycle;
    hub->zone.generation = zone->generation;

    ngx_memcpy(hub->zone.annexes, zone->annexes, sizeof(zone->annexes));
    hub->zone.types = zone->types;
    hub->zone.people = zone->people;

    (void) ngx_http_chatws_people_init(hub, hub->tick.log);
}


void
ngx_http_chatws_hub_close(ngx_http_chatws_hub_t *hub)
{
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

    if (hub->reap.posted) {
        ngx_delete_posted_event(&hub->reap);
    }

    if (hub->signal.posted) {
        ngx_delete_posted_event(&hub->signal);
        ngx_http_chatws_hub_signal(hub);
    }

    ngx_http_chatws_people_done(hub);
    ngx_http_chatws_slot_leave(hub);
    ngx_http_chatws_hub_free(hub);
}


static void
ngx_http_chatws_hub_free(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_ended_t  *ended;

    /* the zone has removed these subscriptions together with the slot */

    while (hub->ended != NULL) {
        ended = hub->ended;
        hub->ended = ended->next;
        ngx_free(ended);
    }

    ngx_http_chatws_typing_done(hub);
    ngx_http_chatws_watch_done(hub);
    ngx_http_chatws_deliver_done(hub);
    ngx_http_chatws_index_done(&hub->chats);
    ngx_http_chatws_index_done(&hub->rows);
    ngx_http_chatws_index_done(&hub->subs);

    ngx_free(hub->wakes);
    ngx_free(hub);
}


ngx_uint_t
ngx_http_chatws_hub_has_slot(ngx_http_chatws_hub_t *hub)
{
    return hub->slot != CHATWS_SLOT_NONE;
}


void
ngx_http_chatws_hub_each_chat(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_chat_pt handler, void *data)
{
    ngx_http_chatws_sub_t  *sub;

    for (sub = subscriber->subs; sub != NULL; sub = sub->next) {

        if (!chatws_inbox_is(&sub->chat->id)) {
            handler(data, &sub->chat->id, sub->chat->serial, &sub->mark);
        }
    }
}


const ngx_http_chatws_zone_t *
ngx_http_chatws_hub_zone(ngx_http_chatws_hub_t *hub)
{
    return &hub->zone;
}


uint64_t
ngx_http_chatws_hub_epoch(ngx_http_chatws_hub_t *hub)
{
    return chatws_store_epoch(hub->zone.store);
}


uint64_t
ngx_http_chatws_hub_stamp(ngx_http_chatws_hub_t *hub, uint64_t min)
{
    return chatws_store_stamp(hub->zone.store, min);
}


uint64_t
ngx_http_chatws_hub_hash(ngx_http_chatws_hub_t *hub, const ngx_str_t *text)
{
    return chatws_store_hash(hub->zone.store, text->data, text->len);
}


ngx_int_t
ngx_http_chatws_hub_inbox_last(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *user, uint64_t *last)
{
    u_char        buf[CHATWS_INBOX_MAX];
    chatws_str_t  id;

    chatws_inbox_id(&id, buf, (const chatws_str_t *) user);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    *last = chatws_store_last(hub->zone.store, &id);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return NGX_OK;
}


uint32_t
ngx_http_chatws_hub_share(ngx_http_chatws_hub_t *hub)
{
    return chatws_store_share(hub->zone.store);
}


size_t
ngx_http_chatws_hub_body_max(ngx_http_chatws_hub_t *hub)
{
    return chatws_store_body_max(hub->zone.store, CHATWS_DURABLE);
}


const chatws_ring_t *
ngx_http_chatws_hub_ring(ngx_http_chatws_hub_t *hub)
{
    return chatws_store_ring(hub->zone.store, CHATWS_DURABLE);
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
 * Called for each hub of the worker when the worker is woken, although only
 * one of their zones may have something new.
 */

static void
ngx_http_chatws_hub_woken(void *data)
{
    ngx_http_chatws_hub_t *hub = data;

    chatws_store_t  *store;

    store = hub->zone.store;

    ngx_http_chatws_seat_calls(hub);

    if (chatws_store_cursor(store, hub->slot, CHATWS_DURABLE)
        != CHATWS_OFF_NONE
        || chatws_store_cursor(store, hub->slot, CHATWS_EPHEMERAL)
           != CHATWS_OFF_NONE
        || chatws_store_is_lapped(store, hub->slot))
    {
        ngx_http_chatws_hub_post_delivery(hub);
    }
}


void
ngx_http_chatws_hub_post_delivery(ngx_http_chatws_hub_t *hub)
{
    if (hub->coalesce == 0) {
        ngx_post_event(&hub->round, &ngx_posted_events);

    } else if (!hub->round.timer_set) {
        ngx_add_timer(&hub->round, hub->coalesce);
    }
}


uint32_t
ngx_http_chatws_hub_reap(ngx_http_chatws_hub_t *hub)
{
    uint32_t  n;

    n = ngx_http_chatws_slot_reap(hub);

    ngx_http_chatws_hub_count_reaped(hub);

    return n;
}


/* Without a slot there is nothing to count in. */

static void
ngx_http_chatws_hub_count_reaped(ngx_http_chatws_hub_t *hub)
{
    if (hub->slot != CHATWS_SLOT_NONE) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_REAPED, hub->reaped);
        hub->reaped = 0;
    }
}


static void
ngx_http_chatws_hub_reap_handler(ngx_event_t *ev)
{
    ngx_http_chatws_hub_t  *hub;

    hub = ngx_http_chatws_event_data(ev);

    (void) ngx_http_chatws_hub_reap(hub);

    if (!ev->posted) {
        ngx_http_chatws_people_changed(hub);
    }
}


/*
 * Housekeeping, twice a second.  It gives back the slots of workers that died.
 * It also looks into the rings without having been woken: a worker may have
 * died between a publish and its wake-ups.
 */

static void
ngx_http_chatws_hub_tick_handler(ngx_event_t *ev)
{
    ngx_http_chatws_hub_t  *hub;

    hub = ngx_http_chatws_event_data(ev);

    (void) ngx_http_chatws_hub_reap(hub);

    if (hub->slot == CHATWS_SLOT_NONE) {
        (void) ngx_http_chatws_slot_claim(hub, (ngx_cycle_t *) ngx_cycle);

    } else {
        ngx_http_chatws_seat_calls(hub);
        ngx_post_event(&hub->round, &ngx_posted_events);
    }

    ngx_http_chatws_people_tick(hub);

    ngx_http_chatws_hub_quit(hub);

    ngx_add_timer(ev, NGX_HTTP_CHATWS_TICK);
}


/*
 * Quits if nginx has not told this worker to, long after a reload.  A worker
 * that has no descriptor for a channel to another worker loses its own
 * channel: then nginx cannot tell it, and it would stay forever.
 */

static void
ngx_http_chatws_hub_quit(ngx_http_chatws_hub_t *hub)
{
    if (ngx_process != NGX_PROCESS_WORKER
        || ngx_exiting
        || ngx_quit
        || ngx_http_chatws_zone_is_newest(&hub->zone)
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
    ngx_http_chatws_hub_t  *hub;

    hub = ngx_http_chatws_event_data(ev);

    ngx_http_chatws_hub_settle_ended(hub);

    ngx_post_event(&hub->round, &ngx_posted_events);
}
