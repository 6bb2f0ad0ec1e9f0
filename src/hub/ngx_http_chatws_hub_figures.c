
/*
 * Copyright (C) chatws contributors
 *
 * The figures of a zone.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/chatws_core.h"
#include "store/chatws_people.h"
#include "process/ngx_http_chatws_annex.h"
#include "process/ngx_http_chatws_clock.h"
#include "hub/ngx_http_chatws_hub_figures.h"


#define ngx_http_chatws_counter(figure, name, help)                           \
    { NGX_HTTP_CHATWS_ ## figure, NGX_HTTP_CHATWS_COUNTER,                    \
      NGX_HTTP_CHATWS_STATUS, name, help }

#define ngx_http_chatws_gauge(figure, name, help)                             \
    { NGX_HTTP_CHATWS_ ## figure, NGX_HTTP_CHATWS_GAUGE,                      \
      NGX_HTTP_CHATWS_STATUS, name, help }

#define ngx_http_chatws_bytes(figure, name, help)                             \
    { NGX_HTTP_CHATWS_ ## figure, NGX_HTTP_CHATWS_GAUGE,                      \
      NGX_HTTP_CHATWS_STATUS_MEMORY, name, help }


static void ngx_http_chatws_figures_usage(const chatws_usage_t *usage,
    uint64_t *value);


const ngx_http_chatws_figure_t  ngx_http_chatws_figures[] = {

    ngx_http_chatws_gauge(F_WORKERS, "workers",
        "worker processes that use the zone"),
    ngx_http_chatws_gauge(F_CONNECTIONS, "connections",
        "WebSockets that are open"),
    ngx_http_chatws_gauge(F_SUBSCRIPTIONS, "subscriptions",
        "subscriptions of all connections"),
    ngx_http_chatws_gauge(F_CHATS, "chats",
        "chats that the zone keeps"),
    ngx_http_chatws_gauge(F_IDLE_CHATS, "idleChats",
        "chats without subscribers"),
    ngx_http_chatws_gauge(F_USERS, "users",
        "users that the zone knows"),
    ngx_http_chatws_gauge(F_ONLINE, "online",
        "users that are online or away"),
    ngx_http_chatws_gauge(F_PLACES, "places",
        "people of all chats"),
    ngx_http_chatws_counter(F_PLACES_REFUSED, "placesRefused",
        "users and places for which there was no room"),
    ngx_http_chatws_gauge(F_CHANGES, "changes",
        "changes that the app server has not taken"),

    ngx_http_chatws_counter(N_OPENED, "opened",
        "WebSockets opened"),
    ngx_http_chatws_counter(N_CLOSED, "closed",
        "WebSockets closed"),
    ngx_http_chatws_counter(N_PUBLISHED, "published",
        "publications accepted"),
    ngx_http_chatws_counter(N_DELIVERED, "delivered",
        "notifications sent to connections"),
    ngx_http_chatws_counter(N_TYPING, "typing",
        "typing notifications accepted"),
    ngx_http_chatws_counter(N_TYPING_DROPPED, "typingDropped",
        "typing notifications dropped for want of room"),
    ngx_http_chatws_counter(N_UNREAD, "unread",
        "watermarks told to the other connections of their users"),
    ngx_http_chatws_counter(N_RECEIPTS, "receipts",
        "read_receipt notifications accepted"),
    ngx_http_chatws_counter(N_PRESENCE, "presence",
        "presence notifications of chats accepted"),
    ngx_http_chatws_counter(N_RECOVERED, "recovered",
        "chats whose missed notifications were sent again"),
    ngx_http_chatws_counter(N_UNRECOVERED, "unrecovered",
        "chats whose missed notifications were gone"),
    ngx_http_chatws_counter(N_LAPS, "laps",
        "workers passed over by publishers"),
    ngx_http_chatws_counter(N_UNAVAILABLE, "unavailable",
        "requests answered with 503"),
    ngx_http_chatws_counter(N_REAPED, "reaped",
        "slots taken back from dead workers"),
    ngx_http_chatws_counter(N_MOVED, "moved",
        "connections handed over to another worker"),
    ngx_http_chatws_counter(N_RATE_LIMITED, "rateLimited",
        "messages refused for their rate"),
    ngx_http_chatws_counter(N_LIMIT_MISSES, "limitMisses",
        "messages and connections not counted for their user, for want of "
        "room"),
    ngx_http_chatws_counter(N_CONNECTIONS_LIMITED, "connectionsLimited",
        "connections closed because their user had too many"),
    ngx_http_chatws_counter(N_UPLOADS, "uploads",
        "uploads that were shown"),
    ngx_http_chatws_counter(N_UPLOAD_PROGRESS, "uploadProgress",
        "notifications of uploads accepted"),

    ngx_http_chatws_counter(F_LOST, "lost",
        "connections that ended with their worker"),

    { NGX_HTTP_CHATWS_N_CODE, NGX_HTTP_CHATWS_COUNTER,
      NGX_HTTP_CHATWS_STATUS_CLOSES, "closes",
      "WebSockets closed, by code" },

    ngx_http_chatws_bytes(F_TABLES, "tables",
        "memory for chats and subscriptions"),
    ngx_http_chatws_bytes(F_CHATS_SIZE, "chats",
        "memory of the chats"),
    ngx_http_chatws_bytes(F_SUBSCRIPTIONS_SIZE, "subscriptions",
        "memory of the subscriptions"),
    ngx_http_chatws_bytes(F_FREE, "free",
        "memory that is free"),
    ngx_http_chatws_bytes(F_LOG, "log",
        "size of the ring of messages"),
    ngx_http_chatws_bytes(F_LOG_USED, "logUsed",
        "bytes of the ring of messages that are held"),
    ngx_http_chatws_bytes(F_TYPING_LOG, "typingLog",
        "size of the ring of typing"),
    ngx_http_chatws_bytes(F_TYPING_LOG_USED, "typingLogUsed",
        "bytes of the ring of typing that are held"),

    ngx_http_chatws_counter(F_EVICTIONS, "evictions",
        "idle chats given up to make room"),
    ngx_http_chatws_gauge(F_LOG_AGE, "logAge",
        "age of the oldest message held, in seconds")
};


/*
 * These do not compile if a figure has no row, or if the counters do not fit
 * into a slot: CHATWS_COUNTERS, a part of the layout of the store, is to be
 * raised then.
 */

chatws_static_assert(ngx_http_chatws_figures_complete,
    chatws_nelts(ngx_http_chatws_figures) == NGX_HTTP_CHATWS_FIGURES);

chatws_static_assert(ngx_http_chatws_counters_fit,
    NGX_HTTP_CHATWS_N_LAST <= CHATWS_COUNTERS);


ngx_int_t
ngx_http_chatws_figures_read(ngx_http_chatws_zone_t *zone, uint64_t *value)
{
    uint32_t          i, slot;
    chatws_usage_t    usage;
    chatws_store_t   *store;
    chatws_slot_t    *s;
    chatws_people_t  *people;
    uint64_t          own[NGX_HTTP_CHATWS_N_LAST];

    store = zone->store;
    people = ngx_http_chatws_annex(zone, NGX_HTTP_CHATWS_ANNEX_PEOPLE);

    ngx_memzero(value, NGX_HTTP_CHATWS_F_LAST * sizeof(uint64_t));

    if (ngx_http_chatws_zone_lock(zone) != NGX_OK) {
        return NGX_BUSY;
    }

    chatws_store_usage(store, &usage);

    /* the workers that have ended, and then those that live */

    for (i = 0; i < NGX_HTTP_CHATWS_N_LAST; i++) {
        value[i] = chatws_store_counters(store)[i];
    }

    for (slot = 0; slot < zone->nslots; slot++) {
        s = chatws_store_slot(store, slot);

        if (s->pid == 0) {
            continue;
        }

        /*
         * The lock does not stop a worker from counting.  The first counters
         * are read last, so that no close is seen without its opening.
         */

        for (i = NGX_HTTP_CHATWS_N_LAST; i-- != 0; /* void */) {
            own[i] = ((volatile uint64_t *) s->counters)[i];
            value[i] += own[i];
        }

        value[NGX_HTTP_CHATWS_F_WORKERS]++;
        value[NGX_HTTP_CHATWS_F_CONNECTIONS] += own[NGX_HTTP_CHATWS_N_OPENED]
                                                - own[NGX_HTTP_CHATWS_N_CLOSED];
    }

    if (people != NULL) {
        value[NGX_HTTP_CHATWS_F_USERS] = people->persons;
        value[NGX_HTTP_CHATWS_F_ONLINE] = people->online;
        value[NGX_HTTP_CHATWS_F_PLACES] = people->places;
        value[NGX_HTTP_CHATWS_F_PLACES_REFUSED] = people->refused;
        value[NGX_HTTP_CHATWS_F_CHANGES] = people->ndirty + people->nflight;
    }

    ngx_http_chatws_zone_unlock(zone);

    /* neither closed nor open in a worker that lives */

    value[NGX_HTTP_CHATWS_F_LOST] = value[NGX_HTTP_CHATWS_N_OPENED]
                                    - value[NGX_HTTP_CHATWS_N_CLOSED]
                                    - value[NGX_HTTP_CHATWS_F_CONNECTIONS];

    /*
     * a connection that was handed over was closed in one worker and opened
     * in another; for a reader of the status it is one connection
     */

    value[NGX_HTTP_CHATWS_N_OPENED] -= value[NGX_HTTP_CHATWS_N_MOVED];
    value[NGX_HTTP_CHATWS_N_CLOSED] -= value[NGX_HTTP_CHATWS_N_MOVED];

    ngx_http_chatws_figures_usage(&usage, value);

    return NGX_OK;
}


/* The figures that the store keeps. */

static void
ngx_http_chatws_figures_usage(const chatws_usage_t *usage, uint64_t *value)
{
    uint64_t  now, oldest;

    value[NGX_HTTP_CHATWS_F_SUBSCRIPTIONS] = usage->subscriptions;
    value[NGX_HTTP_CHATWS_F_CHATS] = usage->chats;
    value[NGX_HTTP_CHATWS_F_IDLE_CHATS] = usage->idle;
    value[NGX_HTTP_CHATWS_F_EVICTIONS] = usage->evictions;

    value[NGX_HTTP_CHATWS_F_TABLES] = usage->arena_size;
    value[NGX_HTTP_CHATWS_F_CHATS_SIZE] = usage->arena_chats
                                          + usage->arena_ids;
    value[NGX_HTTP_CHATWS_F_SUBSCRIPTIONS_SIZE] = usage->arena_members;
    value[NGX_HTTP_CHATWS_F_FREE] = usage->arena_free + usage->arena_partial;

    value[NGX_HTTP_CHATWS_F_LOG] = usage->ring_size[CHATWS_DURABLE];
    value[NGX_HTTP_CHATWS_F_LOG_USED] = usage->ring_used[CHATWS_DURABLE];
    value[NGX_HTTP_CHATWS_F_TYPING_LOG] = usage->ring_size[CHATWS_EPHEMERAL];
    value[NGX_HTTP_CHATWS_F_TYPING_LOG_USED] =
                                          usage->ring_used[CHATWS_EPHEMERAL];

    /* the clocks of two processes may differ a little */

    now = ngx_http_chatws_now();
    oldest = usage->ring_oldest[CHATWS_DURABLE];

    if (oldest != 0 && oldest < now) {
        value[NGX_HTTP_CHATWS_F_LOG_AGE] = (now - oldest) / 1000;
    }
}
