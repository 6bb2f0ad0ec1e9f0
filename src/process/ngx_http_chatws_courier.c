
/*
 * Copyright (C) chatws contributors
 *
 * The courier.  A worker that is short of connections or descriptors yields:
 * it stops receiving for a while, so that another worker gets the parcels.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "process/ngx_http_chatws_courier.h"
#include "process/ngx_http_chatws_event.h"


/* connections received before other events have their turn */
#define NGX_HTTP_CHATWS_COURIER_TURN    32

/* in milliseconds: how long another worker has the chance to receive */
#define NGX_HTTP_CHATWS_COURIER_YIELD   50

/* after so many times the connection is received in order to be closed */
#define NGX_HTTP_CHATWS_COURIER_YIELDS  100

/* processes of nginx besides its workers: cache manager and cache loader */
#define NGX_HTTP_CHATWS_COURIER_HELPERS 2


struct ngx_http_chatws_courier_s {
    const ngx_http_chatws_zone_t              *zone;
    const ngx_http_chatws_courier_handlers_t  *handlers;
    void                                      *data;
    ngx_connection_t                          *receiver;  /* NULL: yields */
    ngx_connection_t                          *sender;    /* NULL: does not
                                                             wait for room */
    ngx_connection_t                           ident;     /* of the event */
    ngx_event_t                                yield;     /* timer */
    ngx_uint_t                                 yields;    /* since the last
                                                             connection */
    ngx_uint_t                                 reserve;   /* descriptors that
                                                             nginx needs */
};


static ngx_uint_t ngx_http_chatws_courier_reserve(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_chatws_courier_listen(
    ngx_http_chatws_courier_t *courier, ngx_cycle_t *cycle);
static void ngx_http_chatws_courier_yield(
    ngx_http_chatws_courier_t *courier);
static void ngx_http_chatws_courier_yield_handler(ngx_event_t *ev);
static void ngx_http_chatws_courier_receive_handler(ngx_event_t *rev);
static void ngx_http_chatws_courier_room_handler(ngx_event_t *wev);
static ngx_uint_t ngx_http_chatws_courier_is_over(
    ngx_http_chatws_courier_t *courier);
static ngx_uint_t ngx_http_chatws_courier_is_crowded(void);


ngx_http_chatws_courier_t *
ngx_http_chatws_courier_open(const ngx_http_chatws_zone_t *zone,
    const ngx_http_chatws_courier_handlers_t *handlers, void *data,
    ngx_cycle_t *cycle)
{
    ngx_http_chatws_courier_t  *courier;

    courier = ngx_calloc(sizeof(ngx_http_chatws_courier_t), cycle->log);
    if (courier == NULL) {
        return NULL;
    }

    courier->zone = zone;
    courier->handlers = handlers;
    courier->data = data;
    courier->reserve = ngx_http_chatws_courier_reserve(cycle);

    ngx_http_chatws_event_owner(&courier->ident, courier);
    ngx_http_chatws_event_init(&courier->yield, &courier->ident,
                               ngx_http_chatws_courier_yield_handler,
                               cycle->log);

    /* the timer does not keep a worker that quits from ending */

    courier->yield.cancelable = 1;

    if (ngx_http_chatws_courier_listen(courier, cycle) != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                      "chatws zone \"%V\": \"worker_connections\" are too "
                      "few, this worker takes no clients over yet",
                      &zone->name);

        ngx_add_timer(&courier->yield, NGX_HTTP_CHATWS_COURIER_YIELD);
    }

    return courier;
}


/*
 * A worker gets a channel to each process that nginx starts after it, those
 * of the next reload included.  Without a descriptor for such a channel nginx
 * closes the worker's own channel, and cannot tell the worker to quit.
 */

static ngx_uint_t
ngx_http_chatws_courier_reserve(ngx_cycle_t *cycle)
{
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    return ngx_min((ngx_uint_t) ccf->worker_processes
                   + NGX_HTTP_CHATWS_COURIER_HELPERS,
                   NGX_HTTP_CHATWS_PASS_ROOM - NGX_HTTP_CHATWS_COURIER_TURN);
}


void
ngx_http_chatws_courier_close(ngx_http_chatws_courier_t *courier)
{
    if (courier->receiver != NULL) {
        ngx_http_chatws_wake_unlisten(courier->receiver);
    }

    if (courier->sender != NULL) {
        ngx_http_chatws_wake_unlisten(courier->sender);
    }

    if (courier->yield.timer_set) {
        ngx_del_timer(&courier->yield);
    }

    ngx_free(courier);
}


ngx_int_t
ngx_http_chatws_courier_send(ngx_http_chatws_courier_t *courier, ngx_fd_t fd,
    u_char *parcel, size_t len, ngx_log_t *log)
{
    return ngx_http_chatws_pass_send(courier->zone->pass->fds[1], fd, parcel,
                                     len, log);
}


void
ngx_http_chatws_courier_wait(ngx_http_chatws_courier_t *courier)
{
    courier->sender =
        ngx_http_chatws_wake_listen(courier->zone->pass->fds[1],
                                    NGX_WRITE_EVENT,
                                    ngx_http_chatws_courier_room_handler,
                                    courier, (ngx_cycle_t *) ngx_cycle);
}


ngx_uint_t
ngx_http_chatws_courier_is_waiting(ngx_http_chatws_courier_t *courier)
{
    return courier->sender != NULL;
}


static void
ngx_http_chatws_courier_room_handler(ngx_event_t *wev)
{
    ngx_http_chatws_courier_t  *courier;

    courier = ngx_http_chatws_event_data(wev);

    ngx_http_chatws_wake_unlisten(courier->sender);
    courier->sender = NULL;

    courier->handlers->room(courier->data);
}


ssize_t
ngx_http_chatws_courier_recv(ngx_http_chatws_courier_t *courier, ngx_fd_t *fd,
    u_char *parcel)
{
    return ngx_http_chatws_pass_recv(courier->zone->pass->fds[0], fd, parcel,
                                     ngx_cycle->log);
}


static ngx_int_t
ngx_http_chatws_courier_listen(ngx_http_chatws_courier_t *courier,
    ngx_cycle_t *cycle)
{
    courier->receiver =
        ngx_http_chatws_wake_listen(courier->zone->pass->fds[0],
                                    NGX_READ_EVENT,
                                    ngx_http_chatws_courier_receive_handler,
                                    courier, cycle);

    return courier->receiver == NULL ? NGX_ERROR : NGX_OK;
}


/* Leaves the connections to other workers for a while. */

static void
ngx_http_chatws_courier_yield(ngx_http_chatws_courier_t *courier)
{
    ngx_http_chatws_wake_unlisten(courier->receiver);
    courier->receiver = NULL;

    ngx_add_timer(&courier->yield, NGX_HTTP_CHATWS_COURIER_YIELD);
}


static void
ngx_http_chatws_courier_yield_handler(ngx_event_t *ev)
{
    ngx_http_chatws_courier_t  *courier;

    courier = ngx_http_chatws_event_data(ev);

    if (ngx_http_chatws_courier_is_over(courier)) {
        return;
    }

    if (!courier->handlers->can_receive(courier->data)
        || ngx_http_chatws_courier_listen(courier, (ngx_cycle_t *) ngx_cycle)
           != NGX_OK)
    {
        ngx_add_timer(ev, NGX_HTTP_CHATWS_COURIER_YIELD);
        return;
    }

    courier->yields++;
}


/*
 * Receives connections as long as there are descriptors for them.  If there
 * are none the worker yields, so often that any other worker had its chance;
 * after that it receives a connection without having room for it, because
 * only the receiver can tell the client to come back.
 */

static void
ngx_http_chatws_courier_receive_handler(ngx_event_t *rev)
{
    ssize_t                     n;
    ngx_fd_t                    fd;
    ngx_uint_t                  i, full, room;
    ngx_http_chatws_courier_t  *courier;
    u_char                      parcel[NGX_HTTP_CHATWS_PARCEL_MAX];

    courier = ngx_http_chatws_event_data(rev);

    if (ngx_http_chatws_courier_is_over(courier)) {
        ngx_http_chatws_wake_unlisten(courier->receiver);
        courier->receiver = NULL;
        return;
    }

    /* crowded: once; if the others are, too, somebody has to receive */

    if (!courier->handlers->can_receive(courier->data)
        || (courier->yields == 0 && ngx_http_chatws_courier_is_crowded()))
    {
        ngx_http_chatws_courier_yield(courier);
        return;
    }

    room = ngx_http_chatws_pass_room(courier->zone->pass->fds[0],
                                     courier->reserve
                                     + NGX_HTTP_CHATWS_COURIER_TURN);
    room -= ngx_min(room, courier->reserve);

    for (i = 0; i < NGX_HTTP_CHATWS_COURIER_TURN; i++) {

        full = i >= room;

        if (full && courier->yields < NGX_HTTP_CHATWS_COURIER_YIELDS) {
            ngx_http_chatws_courier_yield(courier);
            return;
        }

        n = ngx_http_chatws_courier_recv(courier, &fd, parcel);

        if (n == NGX_AGAIN) {
            courier->yields = 0;
            return;
        }

        if (n == NGX_ERROR) {
            /* this one was damaged, and there may be others */
            continue;
        }

        if (!full) {
            courier->yields = 0;
        }

        courier->handlers->receive(courier->data, fd, parcel, n, full);
    }
}


/* This worker is going to quit, and is not to get connections of others. */

static ngx_uint_t
ngx_http_chatws_courier_is_over(ngx_http_chatws_courier_t *courier)
{
    return ngx_exiting || !ngx_http_chatws_zone_is_newest(courier->zone);
}


/* The measure by which nginx itself leaves new connections to others. */

static ngx_uint_t
ngx_http_chatws_courier_is_crowded(void)
{
    return ngx_cycle->free_connection_n < ngx_cycle->connection_n / 8;
}
