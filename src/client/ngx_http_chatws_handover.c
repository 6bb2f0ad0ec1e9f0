
/*
 * Copyright (C) chatws contributors
 *
 * The two ends of a hand-over.  The worker that quits delivers all
 * notifications, and sends each client that can be moved as a parcel with its
 * descriptor.  The worker that receives a client subscribes it again, and sends
 * it the notifications in between.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_courier.h"
#include "process/ngx_http_chatws_event.h"
#include "client/ngx_http_chatws_client_question.h"
#include "client/ngx_http_chatws_client_seat.h"
#include "client/ngx_http_chatws_handover.h"
#include "client/ngx_http_chatws_handover_parcel.h"


/* milliseconds that a client may wait to be handed over */
#define NGX_HTTP_CHATWS_PATIENCE  5000


typedef struct ngx_http_chatws_handover_s  ngx_http_chatws_handover_t;


/* The hand-over of a hub: all its clients come and go by one courier. */

struct ngx_http_chatws_handover_s {
    ngx_http_chatws_handover_t   *next;
    ngx_http_chatws_hub_t        *hub;
    ngx_http_chatws_courier_t    *courier;
    ngx_http_chatws_location_pt   find;
    ngx_connection_t              ident;     /* of the event */
    ngx_event_t                   leave;     /* posted: send the clients */
    uint64_t                      position;  /* offset in the durable ring, up
                                                to which they were served */
    ngx_uint_t                    n;         /* clients sent in this turn */
    unsigned                      full:1;    /* the courier takes no more */
};


static ngx_http_chatws_handover_t *ngx_http_chatws_handover_of(
    ngx_http_chatws_hub_t *hub);
static ngx_uint_t ngx_http_chatws_can_move(ngx_http_chatws_client_t *client);
static void ngx_http_chatws_stay(ngx_http_chatws_client_t *client);
static void ngx_http_chatws_leave_handler(ngx_event_t *ev);
static void ngx_http_chatws_send_clients(void *data);
static void ngx_http_chatws_send_client(ngx_http_chatws_session_t *s,
    void *data);
static ngx_uint_t ngx_http_chatws_can_adopt(void *data);
static void ngx_http_chatws_adopt(void *data, ngx_fd_t fd, u_char *parcel,
    size_t len, ngx_uint_t full);
static void ngx_http_chatws_reject(ngx_socket_t fd, ngx_uint_t begun);
static void ngx_http_chatws_reject_rest(ngx_http_chatws_handover_t *h);


static const ngx_http_chatws_courier_handlers_t
    ngx_http_chatws_handover_handlers = {

    ngx_http_chatws_can_adopt,
    ngx_http_chatws_adopt,
    ngx_http_chatws_send_clients
};


/* one for each hub of the worker */
static ngx_http_chatws_handover_t  *ngx_http_chatws_handovers;


ngx_int_t
ngx_http_chatws_handover_init(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_location_pt find, ngx_cycle_t *cycle)
{
    ngx_http_chatws_handover_t  *h;

    h = ngx_calloc(sizeof(ngx_http_chatws_handover_t), cycle->log);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hub = hub;
    h->find = find;

    ngx_http_chatws_event_owner(&h->ident, h);
    ngx_http_chatws_event_init(&h->leave, &h->ident,
                               ngx_http_chatws_leave_handler, cycle->log);

    h->courier = ngx_http_chatws_courier_open(ngx_http_chatws_hub_zone(hub),
                                         &ngx_http_chatws_handover_handlers,
                                         h, cycle);
    if (h->courier == NULL) {
        ngx_free(h);
        return NGX_ERROR;
    }

    h->next = ngx_http_chatws_handovers;
    ngx_http_chatws_handovers = h;

    return NGX_OK;
}


void
ngx_http_chatws_handover_done(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_handover_t  *h, **link;

    h = ngx_http_chatws_handover_of(hub);

    if (h == NULL) {
        return;
    }

    if (h->leave.posted) {
        ngx_delete_posted_event(&h->leave);
    }

    if (ngx_http_chatws_zone_is_newest(ngx_http_chatws_hub_zone(hub))) {
        ngx_http_chatws_reject_rest(h);
    }

    ngx_http_chatws_courier_close(h->courier);

    for (link = &ngx_http_chatws_handovers; *link != h; /* void */) {
        link = &(*link)->next;
    }

    *link = h->next;

    ngx_free(h);
}


/* Returns the hand-over of the hub; NULL: the worker had no memory for it. */

static ngx_http_chatws_handover_t *
ngx_http_chatws_handover_of(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_handover_t  *h;

    for (h = ngx_http_chatws_handovers; h != NULL; h = h->next) {
        if (h->hub == hub) {
            break;
        }
    }

    return h;
}


void
ngx_http_chatws_handover_start(ngx_http_chatws_client_t *client)
{
    ngx_msec_t                   patience;
    ngx_http_chatws_hub_t       *hub;
    ngx_http_chatws_handover_t  *h;

    hub = client->subscriber.hub;
    h = ngx_http_chatws_handover_of(hub);

    /* without a newer generation no worker could take the client over */

    if (h == NULL
        || ngx_http_chatws_zone_is_newest(ngx_http_chatws_hub_zone(hub))
        || !ngx_http_chatws_can_move(client))
    {
        return;
    }

    /* the client is not closed while it waits for its turn, or an answer */

    patience = NGX_HTTP_CHATWS_PATIENCE;

    if (ngx_http_chatws_question_is_open(client)) {
        patience += client->rules->access_timeout;
    }

    ngx_http_chatws_set_timer(&client->session,
                              patience
                              + (ngx_msec_t) ngx_random()
                                % (client->session.conf->drain + 1));

    ngx_http_chatws_handover_go_on(client);
}


void
ngx_http_chatws_handover_go_on(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_handover_t  *h;

    h = ngx_http_chatws_handover_of(client->subscriber.hub);

    if (h == NULL || ngx_http_chatws_question_is_open(client)) {
        return;
    }

    /*
     * nginx calls this outside of its event loop: unlike other posted events
     * these keep the loop from waiting for the kernel
     */

    ngx_post_event(&h->leave, &ngx_posted_next_events);
}


static ngx_uint_t
ngx_http_chatws_can_move(ngx_http_chatws_client_t *client)
{
    return ngx_http_chatws_session_can_move(&client->session)
           && ngx_http_chatws_zone_has_offer(
                           ngx_http_chatws_hub_zone(client->subscriber.hub),
                           client->rules->location_id);
}


/* The client can't be handed over after all: it is closed in its time. */

static void
ngx_http_chatws_stay(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_set_timer(&client->session,
                              (ngx_msec_t) ngx_random()
                              % (client->session.conf->drain + 1) + 1);
}


static void
ngx_http_chatws_leave_handler(ngx_event_t *ev)
{
    ngx_http_chatws_send_clients(ngx_http_chatws_event_data(ev));
}


/* Sends as many clients as the courier takes; the rest has to wait for room. */

static void
ngx_http_chatws_send_clients(void *data)
{
    ngx_http_chatws_handover_t *h = data;

    if (ngx_http_chatws_courier_is_waiting(h->courier)
        || !ngx_http_chatws_hub_has_slot(h->hub))
    {
        return;
    }

    h->position = ngx_http_chatws_deliver_position(h->hub);

    if (h->position == CHATWS_OFF_NONE) {
        return;
    }

    h->full = 0;
    h->n = 0;

    ngx_http_chatws_session_each(&ngx_http_chatws_client_handlers,
                                 ngx_http_chatws_send_client, h);

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "chatws zone \"%V\": %ui clients handed over",
                  &ngx_http_chatws_hub_zone(h->hub)->name, h->n);

    if (h->full) {
        ngx_http_chatws_courier_wait(h->courier);
    }
}


static void
ngx_http_chatws_send_client(ngx_http_chatws_session_t *s, void *data)
{
    ngx_http_chatws_handover_t *h = data;

    size_t                     len;
    ngx_int_t                  rc;
    ngx_uint_t                 seated;
    ngx_http_chatws_client_t  *client;
    u_char                     parcel[NGX_HTTP_CHATWS_PARCEL_MAX];

    client = (ngx_http_chatws_client_t *) s;

    if (h->full
        || client->subscriber.hub != h->hub
        || ngx_http_chatws_question_is_open(client)
        || !ngx_http_chatws_can_move(client))
    {
        return;
    }

    len = ngx_http_chatws_parcel_write(client, h->position, parcel);

    if (len == 0) {
        ngx_http_chatws_stay(client);
        return;
    }

    /* before another worker may have it */

    seated = client->seated;
    ngx_http_chatws_client_walk(client);

    rc = ngx_http_chatws_courier_send(h->courier, s->connection->fd, parcel,
                                      len, s->connection->log);

    if (rc != NGX_OK && seated) {
        ngx_http_chatws_client_sit_again(client);
    }

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

    ngx_http_chatws_typing_gone(&client->subscriber);

    ngx_http_chatws_session_release(s);
}


static ngx_uint_t
ngx_http_chatws_can_adopt(void *data)
{
    ngx_http_chatws_handover_t *h = data;

    return ngx_http_chatws_hub_has_slot(h->hub);
}


/* Takes a client over, or tells it to come back. */

static void
ngx_http_chatws_adopt(void *data, ngx_fd_t fd, u_char *parcel, size_t len,
    ngx_uint_t full)
{
    ngx_http_chatws_handover_t *h = data;

    uint64_t                               location;
    const ngx_http_chatws_rules_t         *rules;
    const ngx_http_chatws_session_conf_t  *conf;

    if (!full
        && ngx_http_chatws_parcel_location(parcel, len, &location) == NGX_OK
        && h->find(h->hub, location, &conf, &rules) == NGX_OK
        && ngx_http_chatws_parcel_read(h->hub, fd, conf, rules, parcel, len)
           == NGX_OK)
    {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "chatws zone \"%V\": a client of another worker can't "
                  "be taken over, closing it",
                  &ngx_http_chatws_hub_zone(h->hub)->name);

    ngx_http_chatws_reject(fd, ngx_http_chatws_parcel_begun(parcel, len));
}


/*
 * Closes a connection.  Its peer is told so, unless the old worker has begun
 * to send it a frame.
 */

static void
ngx_http_chatws_reject(ngx_socket_t fd, ngx_uint_t begun)
{
    size_t                     len;
    u_char                     frame[CHATWS_FRAME_CLOSE_MAX];

    static const chatws_str_t  reason =
        chatws_str("service restart, reconnect");

    if (!begun) {
        len = chatws_frame_close(frame, CHATWS_CLOSE_RESTART, &reason);

        /* a peer that cannot be told sees the connection end */

        (void) send(fd, frame, len, MSG_NOSIGNAL);
    }

    (void) ngx_close_socket(fd);
}


/* All workers quit: no other worker will receive the parcels on their way. */

static void
ngx_http_chatws_reject_rest(ngx_http_chatws_handover_t *h)
{
    ssize_t   n;
    ngx_fd_t  fd;
    u_char    parcel[NGX_HTTP_CHATWS_PARCEL_MAX];

    for ( ;; ) {
        n = ngx_http_chatws_courier_recv(h->courier, &fd, parcel);

        if (n <= 0) {
            return;
        }

        ngx_http_chatws_reject(fd, ngx_http_chatws_parcel_begun(parcel, n));
    }
}
