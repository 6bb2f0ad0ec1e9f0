
/*
 * Copyright (C) chatws contributors
 *
 * The limit for the connections of a user, in all workers.  A connection has a
 * seat from the moment at which its user is known until it begins to close, so
 * that a client that comes back finds one.  See docs/limits.md.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client_seat.h"
#include "client/ngx_http_chatws_users.h"


static ngx_int_t ngx_http_chatws_seat_try(ngx_http_chatws_client_t *client,
    ngx_uint_t displace);
static void ngx_http_chatws_seat_taken(ngx_http_chatws_client_t *client,
    ngx_int_t rc);
static void ngx_http_chatws_seat_silent(ngx_http_chatws_client_t *client,
    void *data);
static ngx_uint_t ngx_http_chatws_seat_given(ngx_http_chatws_client_t *client);


static const char  ngx_http_chatws_seat_reason[] =
    "too many connections, reconnect";


void
ngx_http_chatws_client_sit(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_hub_t  *hub;

    hub = client->subscriber.hub;

    if (client->rules->limit_connections == 0
        || ngx_http_chatws_seat_try(client, 0) != NGX_DECLINED)
    {
        return;
    }

    /* those that do not answer a ping may be what the client has lost */

    ngx_http_chatws_client_displace(hub, ngx_http_chatws_client_key(client),
                                    client->subscriber.user);

    if (ngx_http_chatws_seat_try(client, 1) != NGX_DECLINED) {
        return;
    }

    /* seats of dead workers are free as soon as somebody finds them dead */

    if (ngx_http_chatws_hub_reap(hub) != 0
        && ngx_http_chatws_seat_try(client, 0) != NGX_DECLINED)
    {
        return;
    }

    ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_CONNECTIONS_LIMITED, 1);

    ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_TOO_MANY,
                                  ngx_http_chatws_seat_reason);
}


/*
 * Takes a seat; with displace that of a connection in another worker that owes
 * a pong, if need be.  NGX_DECLINED: the user has as many as it may have.
 */

static ngx_int_t
ngx_http_chatws_seat_try(ngx_http_chatws_client_t *client,
    ngx_uint_t displace)
{
    uint32_t                max;
    uint64_t                key;
    ngx_int_t               rc;
    ngx_http_chatws_hub_t  *hub;

    hub = client->subscriber.hub;
    key = ngx_http_chatws_client_key(client);
    max = client->rules->limit_connections;

    rc = displace ? ngx_http_chatws_seat_displace(hub, key,
                                                  client->subscriber.user, max)
                  : ngx_http_chatws_seat_take(hub, key, max);

    ngx_http_chatws_seat_taken(client, rc);

    if (rc == NGX_BUSY) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_LIMIT_MISSES, 1);
    }

    return rc;
}


static void
ngx_http_chatws_seat_taken(ngx_http_chatws_client_t *client, ngx_int_t rc)
{
    client->seated = (rc == NGX_OK);

    if (client->session.pinged) {
        ngx_http_chatws_client_owes(&client->session);
    }
}


void
ngx_http_chatws_client_displace(ngx_http_chatws_hub_t *hub, uint64_t seat,
    uint64_t user)
{
    ngx_http_chatws_users_each(hub, user, ngx_http_chatws_seat_silent, &seat);
}


/* Closes a connection of the user that owes a pong. */

static void
ngx_http_chatws_seat_silent(ngx_http_chatws_client_t *client, void *data)
{
    uint64_t *seat = data;

    if (client->seated
        && client->session.pinged
        && ngx_http_chatws_client_key(client) == *seat)
    {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_TOO_MANY,
                                      ngx_http_chatws_seat_reason);
    }
}


void
ngx_http_chatws_client_owes(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_client_t  *client;

    client = (ngx_http_chatws_client_t *) s;

    if (client->seated) {
        ngx_http_chatws_seat_owe(client->subscriber.hub,
                                 ngx_http_chatws_client_key(client),
                                 s->pinged);
    }
}


void
ngx_http_chatws_client_rise(ngx_http_chatws_client_t *client)
{
    if (ngx_http_chatws_seat_given(client)) {
        ngx_http_chatws_seat_leave(client->subscriber.hub,
                                   ngx_http_chatws_client_key(client));
    }
}


void
ngx_http_chatws_client_walk(ngx_http_chatws_client_t *client)
{
    if (ngx_http_chatws_seat_given(client)) {
        ngx_http_chatws_seat_send(client->subscriber.hub,
                                  ngx_http_chatws_client_key(client));
    }
}


/* The client has its seat no more.  Returns 1 if it had one, else 0. */

static ngx_uint_t
ngx_http_chatws_seat_given(ngx_http_chatws_client_t *client)
{
    if (!client->seated) {
        return 0;
    }

    if (client->session.pinged) {
        ngx_http_chatws_seat_owe(client->subscriber.hub,
                                 ngx_http_chatws_client_key(client), 0);
    }

    client->seated = 0;

    return 1;
}


void
ngx_http_chatws_client_sit_again(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_seat_taken(client,
                ngx_http_chatws_seat_receive(client->subscriber.hub,
                                        ngx_http_chatws_client_key(client)));
}
