
/*
 * Copyright (C) chatws contributors
 *
 * The two ends of a hand-over.  The worker that quits serves all that was
 * published, and sends each client that can be moved as a parcel with its
 * descriptor; the one that receives it subscribes it again, and adds what was
 * published in between.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_fdpass.h"
#include "client/ngx_http_chatws_handover.h"
#include "client/ngx_http_chatws_handover_parcel.h"


/* clients taken over before other events have their turn */
#define NGX_HTTP_CHATWS_ADOPTIONS  32

/* in milliseconds: how long a client may wait to be handed over */
#define NGX_HTTP_CHATWS_PATIENCE   5000

/* in milliseconds: how long another worker is given a chance to receive */
#define NGX_HTTP_CHATWS_YIELD      50

/* so often for want of a descriptor, then the client has to come back */
#define NGX_HTTP_CHATWS_YIELDS     100

/* descriptors for nginx's cache manager and cache loader */
#define NGX_HTTP_CHATWS_HELPERS    2


/* of a hub */

typedef struct {
    ngx_http_chatws_location_pt  find;
    ngx_connection_t            *receiver;  /* NULL: not receiving */
    ngx_connection_t            *sender;   /* waits for room, or NULL */
    ngx_event_t                  leave;    /* posted */
    ngx_event_t                  yield;    /* timer */
    ngx_connection_t             ident;    /* of the events */
    uint64_t                     position;  /* of all clients being sent */
    ngx_uint_t                   n;        /* sent in this turn */
    ngx_uint_t                   yields;   /* since one was taken over */
    ngx_uint_t                   reserve;  /* descriptors left to nginx */
    unsigned                     full:1;
} ngx_http_chatws_handover_t;


static ngx_uint_t ngx_http_chatws_reserve(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_chatws_can_move(ngx_http_chatws_client_t *client);
static void ngx_http_chatws_stay(ngx_http_chatws_client_t *client);
static void ngx_http_chatws_leave_handler(ngx_event_t *ev);
static void ngx_http_chatws_room_handler(ngx_event_t *wev);
static void ngx_http_chatws_send_clients(ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_send_client(ngx_http_chatws_session_t *s,
    void *data);
static ngx_int_t ngx_http_chatws_listen(ngx_http_chatws_hub_t *hub,
    ngx_cycle_t *cycle);
static ngx_int_t ngx_http_chatws_crowded(void);
static void ngx_http_chatws_yield(ngx_http_chatws_handover_t *h);
static void ngx_http_chatws_yield_handler(ngx_event_t *ev);
static void ngx_http_chatws_receive_handler(ngx_event_t *rev);
static void ngx_http_chatws_receive(ngx_http_chatws_hub_t *hub,
    ngx_socket_t fd, u_char *data, size_t len);
static void ngx_http_chatws_turn_away(ngx_http_chatws_hub_t *hub,
    ngx_socket_t fd, u_char *data, size_t len);
static void ngx_http_chatws_reject(ngx_socket_t fd, ngx_uint_t begun);
static void ngx_http_chatws_reject_rest(ngx_http_chatws_hub_t *hub);


ngx_int_t
ngx_http_chatws_handover_init(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_location_pt find, ngx_cycle_t *cycle)
{
    ngx_http_chatws_handover_t  *h;

    h = ngx_calloc(sizeof(ngx_http_chatws_handover_t), cycle->log);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->find = find;
    h->reserve = ngx_http_chatws_reserve(cycle);

    h->ident.fd = (ngx_socket_t) -1;
    h->ident.data = hub;

    h->leave.data = &h->ident;
    h->leave.log = cycle->log;
    h->leave.handler = ngx_http_chatws_leave_handler;

    h->yield.data = &h->ident;
    h->yield.log = cycle->log;
    h->yield.handler = ngx_http_chatws_yield_handler;
    h->yield.cancelable = 1;

    hub->handover = h;

    if (ngx_http_chatws_listen(hub, cycle) != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                      "chatws zone \"%V\": \"worker_connections\" are too "
                      "few, this worker takes no clients over yet",
                      &hub->zone.name);

        ngx_add_timer(&h->yield, NGX_HTTP_CHATWS_YIELD);
    }

    return NGX_OK;
}


/*
 * A worker gets a channel to each process that nginx starts after it, those of
 * the next reload included.  Without a descriptor for it nginx closes the
 * worker's own channel, which then is never told to quit.
 */

static ngx_uint_t
ngx_http_chatws_reserve(ngx_cycle_t *cycle)
{
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    return ngx_min((ngx_uint_t) ccf->worker_processes + NGX_HTTP_CHATWS_HELPERS,
                   NGX_HTTP_CHATWS_PASS_ROOM - NGX_HTTP_CHATWS_ADOPTIONS);
}


void
ngx_http_chatws_handover_done(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_handover_t  *h;

    h = hub->handover;

    if (h == NULL) {
        return;
    }

    if (h->receiver != NULL) {
        ngx_http_chatws_wake_unlisten(h->receiver);
    }

    if (h->sender != NULL) {
        ngx_http_chatws_wake_unlisten(h->sender);
    }

    if (h->leave.posted) {
        ngx_delete_posted_event(&h->leave);
    }

    if (h->yield.timer_set) {
        ngx_del_timer(&h->yield);
    }

    if (ngx_http_chatws_zone_newest(&hub->zone)) {
        ngx_http_chatws_reject_rest(hub);
    }

    ngx_free(h);
    hub->handover = NULL;
}


void
ngx_http_chatws_handover_start(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_hub_t       *hub;
    ngx_http_chatws_handover_t  *h;

    hub = client->subscriber.hub;
    h = hub->handover;

    /* without a newer generation there is nobody to take it */

    if (h == NULL
        || ngx_http_chatws_zone_newest(&hub->zone)
        || !ngx_http_chatws_can_move(client))
    {
        return;
    }

    /* it is not to be closed while it waits for its turn */

    ngx_add_timer(ngx_http_chatws_session_timer(&client->session),
                  NGX_HTTP_CHATWS_PATIENCE
                  + (ngx_msec_t) ngx_random()
                    % (client->session.conf->drain + 1));

    /* outside of the event loop: only these keep it from waiting for events */

    ngx_post_event(&h->leave, &ngx_posted_next_events);
}


static ngx_int_t
ngx_http_chatws_can_move(ngx_http_chatws_client_t *client)
{
    return ngx_http_chatws_session_can_move(&client->session)
           && ngx_http_chatws_zone_offers(&client->subscriber.hub->zone,
                                          client->rules->location_id);
}


/* It can't be handed over after all. */

static void
ngx_http_chatws_stay(ngx_http_chatws_client_t *client)
{
    ngx_add_timer(ngx_http_chatws_session_timer(&client->session),
                  (ngx_msec_t) ngx_random()
                  % (client->session.conf->drain + 1) + 1);
}


static void
ngx_http_chatws_leave_handler(ngx_event_t *ev)
{
    ngx_connection_t  *ident;

    ident = ev->data;

    ngx_http_chatws_send_clients(ident->data);
}


static void
ngx_http_chatws_room_handler(ngx_event_t *wev)
{
    ngx_connection_t            *c;
    ngx_http_chatws_hub_t       *hub;
    ngx_http_chatws_handover_t  *h;

    c = wev->data;
    hub = c->data;
    h = hub->handover;

    h->sender = NULL;
    ngx_http_chatws_wake_unlisten(c);

    ngx_http_chatws_send_clients(hub);
}


static void
ngx_http_chatws_send_clients(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_handover_t  *h;

    h = hub->handover;

    if (h->sender != NULL || hub->slot == CHATWS_SLOT_NONE) {
        return;
    }

    h->position = ngx_http_chatws_deliver_position(hub);

    if (h->position == CHATWS_OFF_NONE) {
        return;
    }

    h->full = 0;
    h->n = 0;

    ngx_http_chatws_session_each(&ngx_http_chatws_client_handlers,
                                 ngx_http_chatws_send_client, hub);

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "chatws zone \"%V\": %ui clients handed over",
                  &hub->zone.name, h->n);

    if (!h->full) {
        return;
    }

    h->sender = ngx_http_chatws_wake_listen(hub->zone.pass->fds[1],
                                            NGX_WRITE_EVENT,
                                            ngx_http_chatws_room_handler,
                                            hub, (ngx_cycle_t *) ngx_cycle);
}


static void
ngx_http_chatws_send_client(ngx_http_chatws_session_t *s, void *data)
{
    ngx_http_chatws_hub_t *hub = data;

    size_t                       len;
    ngx_int_t                    rc;
    ngx_http_chatws_client_t    *client;
    ngx_http_chatws_handover_t  *h;
    u_char                       parcel[NGX_HTTP_CHATWS_PARCEL_MAX];

    h = hub->handover;
    client = (ngx_http_chatws_client_t *) s;

    if (h->full
        || client->subscriber.hub != hub
        || !ngx_http_chatws_can_move(client))
    {
        return;
    }

    len = ngx_http_chatws_parcel_write(client, h->position, parcel);

    if (len == 0) {
        ngx_http_chatws_stay(client);
        return;
    }

    rc = ngx_http_chatws_pass_send(hub->zone.pass->fds[1], s->connection->fd,
                                   parcel, len, s->connection->log);

    if (rc == NGX_AGAIN) {
        h->full = 1;
        return;
    }

    if (rc != NGX_OK) {
        ngx_http_chatws_stay(client);
        return;
    }

    client->moved = 1;
    h->n++;

    ngx_http_chatws_session_release(s);
}


static ngx_int_t
ngx_http_chatws_listen(ngx_http_chatws_hub_t *hub, ngx_cycle_t *cycle)
{
    ngx_http_chatws_handover_t  *h;

    h = hub->handover;

    h->receiver = ngx_http_chatws_wake_listen(hub->zone.pass->fds[0],
                                              NGX_READ_EVENT,
                                              ngx_http_chatws_receive_handler,
                                              hub, cycle);

    return h->receiver == NULL ? NGX_ERROR : NGX_OK;
}


/* As nginx's own measure of whether to leave connections to others. */

static ngx_int_t
ngx_http_chatws_crowded(void)
{
    return ngx_cycle->free_connection_n < ngx_cycle->connection_n / 8;
}


/* Leaves what comes to other workers for a while. */

static void
ngx_http_chatws_yield(ngx_http_chatws_handover_t *h)
{
    ngx_http_chatws_wake_unlisten(h->receiver);
    h->receiver = NULL;

    ngx_add_timer(&h->yield, NGX_HTTP_CHATWS_YIELD);
}


static void
ngx_http_chatws_yield_handler(ngx_event_t *ev)
{
    ngx_connection_t            *ident;
    ngx_http_chatws_hub_t       *hub;
    ngx_http_chatws_handover_t  *h;

    ident = ev->data;
    hub = ident->data;
    h = hub->handover;

    if (ngx_exiting || !ngx_http_chatws_zone_newest(&hub->zone)) {
        return;
    }

    if (hub->slot == CHATWS_SLOT_NONE
        || ngx_http_chatws_listen(hub, (ngx_cycle_t *) ngx_cycle) != NGX_OK)
    {
        ngx_add_timer(ev, NGX_HTTP_CHATWS_YIELD);
        return;
    }

    h->yields++;
}


static void
ngx_http_chatws_receive_handler(ngx_event_t *rev)
{
    ssize_t                      n;
    ngx_fd_t                     fd;
    ngx_uint_t                   i, room;
    ngx_connection_t            *c;
    ngx_http_chatws_hub_t       *hub;
    ngx_http_chatws_handover_t  *h;
    u_char                       parcel[NGX_HTTP_CHATWS_PARCEL_MAX];

    c = rev->data;
    hub = c->data;
    h = hub->handover;

    if (ngx_exiting || !ngx_http_chatws_zone_newest(&hub->zone)) {
        /* they are not for us: we are about to quit ourselves */
        h->receiver = NULL;
        ngx_http_chatws_wake_unlisten(c);
        return;
    }

    if (hub->slot == CHATWS_SLOT_NONE
        || (h->yields == 0 && ngx_http_chatws_crowded()))
    {
        ngx_http_chatws_yield(h);
        return;
    }

    room = ngx_http_chatws_pass_room(c->fd,
                                     NGX_HTTP_CHATWS_ADOPTIONS + h->reserve);

    for (i = 0; i < NGX_HTTP_CHATWS_ADOPTIONS; i++) {

        if (room <= i + h->reserve && h->yields < NGX_HTTP_CHATWS_YIELDS) {
            ngx_http_chatws_yield(h);
            return;
        }

        n = ngx_http_chatws_pass_recv(c->fd, &fd, parcel, rev->log);

        if (n == NGX_AGAIN) {
            h->yields = 0;
            return;
        }

        if (n == NGX_ERROR) {
            continue;
        }

        if (room <= i + h->reserve) {
            ngx_http_chatws_turn_away(hub, fd, parcel, n);
            continue;
        }

        h->yields = 0;
        ngx_http_chatws_receive(hub, fd, parcel, n);
    }
}


static void
ngx_http_chatws_receive(ngx_http_chatws_hub_t *hub, ngx_socket_t fd,
    u_char *data, size_t len)
{
    uint64_t                               location;
    const ngx_http_chatws_rules_t         *rules;
    const ngx_http_chatws_session_conf_t  *conf;
    ngx_http_chatws_handover_t            *h;

    h = hub->handover;

    if (ngx_http_chatws_parcel_location(data, len, &location) != NGX_OK
        || hub->slot == CHATWS_SLOT_NONE
        || h->find(hub, location, &conf, &rules) != NGX_OK
        || ngx_http_chatws_parcel_read(hub, fd, conf, rules, data, len)
           != NGX_OK)
    {
        ngx_http_chatws_turn_away(hub, fd, data, len);
    }
}


static void
ngx_http_chatws_turn_away(ngx_http_chatws_hub_t *hub, ngx_socket_t fd,
    u_char *data, size_t len)
{
    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "chatws zone \"%V\": a client of another worker can't "
                  "be taken over, closing it", &hub->zone.name);

    ngx_http_chatws_reject(fd, ngx_http_chatws_parcel_begun(data, len));
}


/* A last word to the peer, unless a frame to it was begun. */

static void
ngx_http_chatws_reject(ngx_socket_t fd, ngx_uint_t begun)
{
    size_t                     len;
    u_char                     frame[CHATWS_FRAME_CLOSE_MAX];

    static const chatws_str_t  reason =
        chatws_str("service restart, reconnect");

    if (!begun) {
        len = chatws_frame_close(frame, CHATWS_CLOSE_RESTART, &reason);

        /* who cannot be told comes back for the loss of the connection */

        (void) send(fd, frame, len, MSG_NOSIGNAL);
    }

    (void) ngx_close_socket(fd);
}


/* All workers quit, and nobody else will see those that are on their way. */

static void
ngx_http_chatws_reject_rest(ngx_http_chatws_hub_t *hub)
{
    ssize_t   n;
    ngx_fd_t  fd;
    u_char    parcel[NGX_HTTP_CHATWS_PARCEL_MAX];

    for ( ;; ) {
        n = ngx_http_chatws_pass_recv(hub->zone.pass->fds[0], &fd, parcel,
                                      ngx_cycle->log);
        if (n <= 0) {
            return;
        }

        ngx_http_chatws_reject(fd, ngx_http_chatws_parcel_begun(parcel, n));
    }
}
