
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


static ngx_int_t ngx_http_chatws_seat_try(ngx_http_chatws_client_t *client);
static void ngx_http_chatws_seat_silent(ngx_http_chatws_client_t *client,
    void *data);


static const char  ngx_http_chatws_seat_reason[] =
    "too many connections, reconnect";


void
ngx_http_chatws_client_sit(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_hub_t  *hub;

    hub = client->subscriber.hub;

    if (client->rules->limit_connections == 0
        || ngx_http_chatws_seat_try(client) != NGX_DECLINED)
    {
        return;
    }

    /* those that do not answer a ping may be what the client has lost */

    ngx_http_chatws_users_each(hub, client->subscriber.user,
                               ngx_http_chatws_seat_silent, client);

    if (ngx_http_chatws_seat_try(client) != NGX_DECLINED) {
        return;
    }

    /* seats of dead workers are free as soon as somebody finds them dead */

    if (ngx_http_chatws_hub_reap(hub) != 0
        && ngx_http_chatws_seat_try(client) != NGX_DECLINED)
    {
        return;
    }

    ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_CONNECTIONS_LIMITED, 1);

    ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_TOO_MANY,
                                  ngx_http_chatws_seat_reason);
}


/* NGX_DECLINED: the user has as many connections as it may have. */

static ngx_int_t
ngx_http_chatws_seat_try(ngx_http_chatws_client_t *client)
{
    ngx_int_t               rc;
    ngx_http_chatws_hub_t  *hub;

    hub = client->subscriber.hub;

    rc = ngx_http_chatws_seat_take(hub, ngx_http_chatws_client_key(client),
                                   client->rules->limit_connections);

    if (rc == NGX_OK) {
        client->seated = 1;

    } else if (rc == NGX_BUSY) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_LIMIT_MISSES, 1);
    }

    return rc;
}


/* Closes another connection of the user that owes a pong. */

static void
ngx_http_chatws_seat_silent(ngx_http_chatws_client_t *client, void *data)
{
    ngx_http_chatws_client_t *newer = data;

    if (client->seated
        && client->session.pinged
        && ngx_http_chatws_client_key(client)
           == ngx_http_chatws_client_key(newer))
    {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_TOO_MANY,
                                      ngx_http_chatws_seat_reason);
    }
}


void
ngx_http_chatws_client_rise(ngx_http_chatws_client_t *client)
{
    if (client->seated) {
        client->seated = 0;
        ngx_http_chatws_seat_leave(client->subscriber.hub,
                                   ngx_http_chatws_client_key(client));
    }
}


void
ngx_http_chatws_client_walk(ngx_http_chatws_client_t *client)
{
    if (client->seated) {
        ngx_http_chatws_seat_send(client->subscriber.hub,
                                  ngx_http_chatws_client_key(client));
    }
}


void
ngx_http_chatws_client_sit_again(ngx_http_chatws_client_t *client)
{
    client->seated =
        ngx_http_chatws_seat_receive(client->subscriber.hub,
                                     ngx_http_chatws_client_key(client))
        == NGX_OK;
}
