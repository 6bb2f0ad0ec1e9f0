
/*
 * Copyright (C) chatws contributors
 *
 * The index of clients: a hash table whose chains are linked both ways, since
 * one user may have most of the clients, and each of them is to be removed in
 * constant time.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_users.h"


#define NGX_HTTP_CHATWS_USERS_MIN  64


typedef struct ngx_http_chatws_users_s  ngx_http_chatws_users_t;


struct ngx_http_chatws_users_s {
    ngx_http_chatws_users_t    *next;
    ngx_http_chatws_hub_t      *hub;
    ngx_http_chatws_client_t  **buckets;
    size_t                      mask;      /* buckets - 1, a power of two - 1 */
    size_t                      n;         /* clients */
};


typedef struct {
    ngx_http_chatws_hub_t      *hub;
    ngx_http_chatws_user_pt     handler;
    void                       *data;
    uint64_t                    user;
} ngx_http_chatws_users_walk_t;


static ngx_http_chatws_users_t *ngx_http_chatws_users_of(
    ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_users_link(ngx_http_chatws_users_t *users,
    ngx_http_chatws_client_t *client);
static void ngx_http_chatws_users_grow(ngx_http_chatws_users_t *users);
static void ngx_http_chatws_users_visit(ngx_http_chatws_session_t *s,
    void *data);


/* where the place of a client lies that has one */
#define ngx_http_chatws_users_place(client)                                   \
    ((ngx_http_chatws_place_t *) ((client) + 1))

chatws_static_assert(ngx_http_chatws_users_aligned,
    sizeof(ngx_http_chatws_client_t) % sizeof(uint64_t) == 0);


/* one for each hub of the worker that needs it */
static ngx_http_chatws_users_t  *ngx_http_chatws_users;


ngx_int_t
ngx_http_chatws_users_open(ngx_http_chatws_hub_t *hub, ngx_log_t *log)
{
    ngx_http_chatws_users_t  *users;

    users = ngx_calloc(sizeof(ngx_http_chatws_users_t), log);
    if (users == NULL) {
        return NGX_ERROR;
    }

    users->buckets = ngx_calloc(NGX_HTTP_CHATWS_USERS_MIN
                                * sizeof(ngx_http_chatws_client_t *), log);
    if (users->buckets == NULL) {
        ngx_free(users);
        return NGX_ERROR;
    }

    users->hub = hub;
    users->mask = NGX_HTTP_CHATWS_USERS_MIN - 1;

    users->next = ngx_http_chatws_users;
    ngx_http_chatws_users = users;

    return NGX_OK;
}


void
ngx_http_chatws_users_close(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_users_t  *users, **link;

    for (link = &ngx_http_chatws_users; *link != NULL; link = &users->next) {
        users = *link;

        if (users->hub == hub) {
            *link = users->next;

            ngx_free(users->buckets);
            ngx_free(users);
            return;
        }
    }
}


static ngx_http_chatws_users_t *
ngx_http_chatws_users_of(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_users_t  *users;

    for (users = ngx_http_chatws_users; users != NULL; users = users->next) {
        if (users->hub == hub) {
            return users;
        }
    }

    return NULL;
}


size_t
ngx_http_chatws_users_size(ngx_http_chatws_hub_t *hub)
{
    return ngx_http_chatws_users_of(hub) != NULL
           ? sizeof(ngx_http_chatws_place_t) : 0;
}


void
ngx_http_chatws_users_add(ngx_http_chatws_client_t *client, uint64_t since)
{
    ngx_http_chatws_users_t  *users;

    if (!client->placed || client->session.state != NGX_HTTP_CHATWS_OPEN) {
        return;
    }

    users = ngx_http_chatws_users_of(client->subscriber.hub);

    if (users->n > users->mask) {
        ngx_http_chatws_users_grow(users);
    }

    users->n++;

    ngx_http_chatws_users_place(client)->since = since;
    ngx_http_chatws_users_link(users, client);
}


static void
ngx_http_chatws_users_link(ngx_http_chatws_users_t *users,
    ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_place_t   *place;
    ngx_http_chatws_client_t **bucket;

    bucket = &users->buckets[client->subscriber.user & users->mask];
    place = ngx_http_chatws_users_place(client);

    place->next = *bucket;
    place->prev = bucket;

    if (*bucket != NULL) {
        ngx_http_chatws_users_place(*bucket)->prev = &place->next;
    }

    *bucket = client;
}


void
ngx_http_chatws_users_del(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_place_t  *place;

    if (!client->placed) {
        return;
    }

    place = ngx_http_chatws_users_place(client);

    if (place->prev == NULL) {
        return;
    }

    *place->prev = place->next;

    if (place->next != NULL) {
        ngx_http_chatws_users_place(place->next)->prev = place->prev;
    }

    place->prev = NULL;

    ngx_http_chatws_users_of(client->subscriber.hub)->n--;
}


/* Without memory for more buckets the index becomes slower. */

static void
ngx_http_chatws_users_grow(ngx_http_chatws_users_t *users)
{
    size_t                     i, mask;
    ngx_http_chatws_client_t  *client, *next, **buckets, **old;

    mask = users->mask;

    buckets = ngx_calloc((mask + 1) * 2 * sizeof(ngx_http_chatws_client_t *),
                         ngx_cycle->log);
    if (buckets == NULL) {
        return;
    }

    old = users->buckets;

    users->buckets = buckets;
    users->mask = mask * 2 + 1;

    for (i = 0; i <= mask; i++) {
        for (client = old[i]; client != NULL; client = next) {
            next = ngx_http_chatws_users_place(client)->next;
            ngx_http_chatws_users_link(users, client);
        }
    }

    ngx_free(old);
}


uint64_t
ngx_http_chatws_users_since(ngx_http_chatws_client_t *client)
{
    return client->placed ? ngx_http_chatws_users_place(client)->since : 0;
}


void
ngx_http_chatws_users_each(ngx_http_chatws_hub_t *hub, uint64_t user,
    ngx_http_chatws_user_pt handler, void *data)
{
    ngx_http_chatws_users_t       *users;
    ngx_http_chatws_client_t      *client, *next;
    ngx_http_chatws_users_walk_t   walk;

    users = ngx_http_chatws_users_of(hub);

    if (users == NULL || user == 0) {
        walk.hub = hub;
        walk.handler = handler;
        walk.data = data;
        walk.user = user;

        ngx_http_chatws_session_each(&ngx_http_chatws_client_handlers,
                                     ngx_http_chatws_users_visit, &walk);
        return;
    }

    for (client = users->buckets[user & users->mask];
         client != NULL;
         client = next)
    {
        next = ngx_http_chatws_users_place(client)->next;

        if (client->subscriber.user == user) {
            handler(client, data);
        }
    }
}


static void
ngx_http_chatws_users_visit(ngx_http_chatws_session_t *s, void *data)
{
    ngx_http_chatws_users_walk_t *walk = data;

    ngx_http_chatws_client_t  *client;

    client = (ngx_http_chatws_client_t *) s;

    if (client->subscriber.hub == walk->hub
        && s->state == NGX_HTTP_CHATWS_OPEN
        && client->user.len != 0
        && (walk->user == 0 || client->subscriber.user == walk->user))
    {
        walk->handler(client, walk->data);
    }
}
