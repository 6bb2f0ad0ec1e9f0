
/*
 * Copyright (C) chatws contributors
 *
 * The limit for the connections of a user, in all workers.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_SEAT_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_SEAT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/*
 * The user of the client is known from now on: counts the connection or, where
 * the user has too many, closes it.
 */
void ngx_http_chatws_client_sit(ngx_http_chatws_client_t *client);

/* The callback of the session: the client owes a pong, or not any more. */
void ngx_http_chatws_client_owes(ngx_http_chatws_session_t *s);

/* The callback of the hub: closes those of a user that owe a pong. */
void ngx_http_chatws_client_displace(ngx_http_chatws_hub_t *hub,
    uint64_t seat, uint64_t user);

/* The connection counts no more; it may not have counted. */
void ngx_http_chatws_client_rise(ngx_http_chatws_client_t *client);

/*
 * Before the client is sent to another worker: it counts as one on its way.
 * If it can't be sent after all, sit_again() takes that back.
 */
void ngx_http_chatws_client_walk(ngx_http_chatws_client_t *client);

/*
 * The client, which counted, was on its way, and is here: it counts as one of
 * this worker, however many connections the user has.
 */
void ngx_http_chatws_client_sit_again(ngx_http_chatws_client_t *client);


#endif /* _NGX_HTTP_CHATWS_CLIENT_SEAT_H_INCLUDED_ */
