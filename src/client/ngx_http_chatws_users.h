
/*
 * Copyright (C) chatws contributors
 *
 * The clients of this worker by their user, for commands.  A hub has this
 * index where its configuration lets commands in; elsewhere the clients take
 * no memory for it, and a command, which comes from a worker of another
 * configuration then, goes through all of them.
 */


#ifndef _NGX_HTTP_CHATWS_USERS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_USERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/* The place of a client, which lies behind the structure of the client. */

typedef struct {
    ngx_http_chatws_client_t   *next;      /* in the same bucket */
    ngx_http_chatws_client_t  **prev;      /* NULL: it is not in the index */
    uint64_t                    since;     /* commands from this offset of the
                                              durable ring on are for it */
} ngx_http_chatws_place_t;


/* Is called for a client, which it may close. */
typedef void (*ngx_http_chatws_user_pt)(ngx_http_chatws_client_t *client,
    void *data);


/* Makes the index of a hub that has no clients yet.  NGX_ERROR: no memory. */
ngx_int_t ngx_http_chatws_users_open(ngx_http_chatws_hub_t *hub,
    ngx_log_t *log);

/* Frees it at the end of the worker; the clients are gone. */
void ngx_http_chatws_users_close(ngx_http_chatws_hub_t *hub);

/*
 * The bytes of a client's place, which is 8-byte aligned and zeroed with the
 * client: 0 where the hub has no index.
 */
size_t ngx_http_chatws_users_size(ngx_http_chatws_hub_t *hub);

/*
 * Adds a client with a user, who gets commands from that offset of the durable
 * ring on.  Does nothing for one that has no place, or is closing.
 */
void ngx_http_chatws_users_add(ngx_http_chatws_client_t *client,
    uint64_t since);

/* Removes a client, which may not be in the index. */
void ngx_http_chatws_users_del(ngx_http_chatws_client_t *client);

/* The offset since which commands are for the client; 0: any one. */
uint64_t ngx_http_chatws_users_since(ngx_http_chatws_client_t *client);

/*
 * Calls handler for each client of the hub that has this hash of a user, or
 * for each one if user is 0.
 */
void ngx_http_chatws_users_each(ngx_http_chatws_hub_t *hub, uint64_t user,
    ngx_http_chatws_user_pt handler, void *data);


#endif /* _NGX_HTTP_CHATWS_USERS_H_INCLUDED_ */
