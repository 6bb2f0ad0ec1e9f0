
/*
 * Copyright (C) chatws contributors
 *
 * The users that a client watches.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_scratch.h"
#include "hub/ngx_http_chatws_hub_presence.h"
#include "hub/ngx_http_chatws_hub_watch.h"
#include "client/ngx_http_chatws_client_people.h"
#include "client/ngx_http_chatws_client_presence.h"
#include "client/ngx_http_chatws_client_private.h"
#include "client/ngx_http_chatws_client_state.h"


/* A list on its way to another worker; the JSON to be echoed follows. */

typedef struct {
    uint32_t  n;            /* users */
    uint32_t  bytes;        /* of their ids */
    uint32_t  echo;         /* bytes */
    unsigned  whole:1;      /* these two as in the watcher */
    unsigned  reset:1;
} ngx_http_chatws_watch_head_t;


/* A user of it; the id follows. */

typedef struct {
    uint64_t  seen;
    uint32_t  state;
    uint32_t  len;          /* bytes of the id */
} ngx_http_chatws_watch_saved_t;


static void ngx_http_chatws_watch_begin(ngx_http_chatws_client_t *client,
    ngx_http_chatws_watcher_t *watcher, ngx_uint_t whole);
static chatws_rc_e ngx_http_chatws_watch_user_add(void *data,
    const chatws_str_t *user);
static void ngx_http_chatws_watch_told(void *data,
    const chatws_presence_t *presence, ngx_uint_t answer);
static ngx_int_t ngx_http_chatws_watch_restore(
    ngx_http_chatws_watcher_t *watcher, u_char *p, u_char *last);


void
ngx_http_chatws_client_watch(ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    void                        *mem;
    size_t                       size;
    ngx_http_chatws_watcher_t   *watcher;

    static const chatws_fault_t  many =
        chatws_fault(CHATWS_E_MESSAGE,
                     "users are more than may be watched here");

    if (action->nusers > client->rules->watch) {
        ngx_http_chatws_complain(client, action, &many, 0);
        return;
    }

    /* the client may be older than the configuration */

    if (ngx_http_chatws_client_people(client) == NULL) {
        return;
    }

    size = chatws_json_arena_size(action->users.len);
    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_RESUME, size);

    if (mem == NULL) {
        return;
    }

    /* an id is not longer than it is written */

    watcher = ngx_http_chatws_watch_create(client->subscriber.hub,
                                           action->nusers, action->users.len,
                                           &action->id);
    if (watcher == NULL) {
        return;
    }

    if (chatws_action_users(action, CHATWS_JSON_DEPTH, mem, size,
                            ngx_http_chatws_watch_user_add, watcher)
        != CHATWS_OK)
    {
        ngx_http_chatws_watch_free(watcher);
        return;
    }

    ngx_http_chatws_client_watch_end(client);
    ngx_http_chatws_watch_begin(client, watcher, 1);
}


static void
ngx_http_chatws_watch_begin(ngx_http_chatws_client_t *client,
    ngx_http_chatws_watcher_t *watcher, ngx_uint_t whole)
{
    ngx_http_chatws_client_people_t  *people;

    watcher->handler = ngx_http_chatws_watch_told;
    watcher->data = client;
    watcher->user = client->subscriber.user;
    watcher->members = client->rules->watch_members;

    people = ngx_http_chatws_client_people(client);

    people->watcher = watcher;
    people->lost = 0;

    ngx_http_chatws_watch_start(watcher, whole);
}


static chatws_rc_e
ngx_http_chatws_watch_user_add(void *data, const chatws_str_t *user)
{
    (void) ngx_http_chatws_watch_add(data, user);

    return CHATWS_OK;
}


static void
ngx_http_chatws_watch_told(void *data, const chatws_presence_t *presence,
    ngx_uint_t answer)
{
    ngx_http_chatws_client_t *client = data;

    ngx_http_chatws_client_people_t  *people;

    people = ngx_http_chatws_client_people(client);

    if (!answer && (people->lost || ngx_http_chatws_state_waits(client))) {
        people->lost = 1;
        ngx_http_chatws_session_await(&client->session);
        return;
    }

    ngx_http_chatws_client_tell_presence(client, presence,
                                         CHATWS_PRESENCE_SIZE
                                         + presence->n
                                           * CHATWS_PRESENCE_USER_SIZE);
}


void
ngx_http_chatws_client_watch_again(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_client_people_t  *people;

    people = ngx_http_chatws_client_people(client);

    if (people == NULL || !people->lost) {
        return;
    }

    people->lost = 0;

    if (people->watcher != NULL) {
        ngx_http_chatws_watch_reset(people->watcher);
    }
}


void
ngx_http_chatws_client_watch_end(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_client_people_t  *people;

    people = ngx_http_chatws_client_people(client);

    if (people != NULL && people->watcher != NULL) {
        ngx_http_chatws_watch_free(people->watcher);
        people->watcher = NULL;
    }
}


size_t
ngx_http_chatws_client_watch_size(ngx_http_chatws_client_t *client)
{
    size_t                            size;
    uint32_t                          i;
    ngx_http_chatws_watcher_t        *watcher;
    ngx_http_chatws_client_people_t  *people;

    people = ngx_http_chatws_client_people(client);

    if (people == NULL || people->watcher == NULL) {
        return 0;
    }

    watcher = people->watcher;
    size = sizeof(ngx_http_chatws_watch_head_t) + watcher->echo.len;

    for (i = 0; i < watcher->n; i++) {
        size += sizeof(ngx_http_chatws_watch_saved_t) + watcher->list[i].len;
    }

    return size;
}


u_char *
ngx_http_chatws_client_watch_save(ngx_http_chatws_client_t *client, u_char *p)
{
    u_char                           *first;
    uint32_t                          i;
    ngx_http_chatws_watcher_t        *watcher;
    ngx_http_chatws_watched_t        *watched;
    ngx_http_chatws_watch_head_t      head;
    ngx_http_chatws_watch_saved_t     saved;
    ngx_http_chatws_client_people_t  *people;

    people = ngx_http_chatws_client_people(client);

    if (people == NULL || people->watcher == NULL) {
        return p;
    }

    watcher = people->watcher;

    ngx_memzero(&head, sizeof(ngx_http_chatws_watch_head_t));

    head.n = watcher->n;
    head.echo = (uint32_t) watcher->echo.len;
    head.whole = watcher->whole;
    head.reset = watcher->reset;

    first = p;
    p += sizeof(ngx_http_chatws_watch_head_t);
    p = ngx_cpymem(p, watcher->echo.data, watcher->echo.len);

    for (i = 0; i < watcher->n; i++) {
        watched = &watcher->list[i];

        /* no user who is watched has left: what was not told will be */

        saved.seen = watched->seen;
        saved.state = watched->tell ? CHATWS_PRESENCE_LEFT : watched->state;
        saved.len = watched->len;

        p = ngx_cpymem(p, &saved, sizeof(ngx_http_chatws_watch_saved_t));
        p = ngx_cpymem(p, watched->id, watched->len);

        head.bytes += watched->len;
    }

    ngx_memcpy(first, &head, sizeof(ngx_http_chatws_watch_head_t));

    return p;
}


ngx_int_t
ngx_http_chatws_client_watch_load(ngx_http_chatws_client_t *client, u_char *p,
    size_t len)
{
    u_char                        *last;
    size_t                         rest;
    ngx_uint_t                     lost;
    chatws_str_t                   echo;
    ngx_http_chatws_watcher_t     *watcher;
    ngx_http_chatws_watch_head_t   head;

    if (len == 0) {
        return NGX_OK;
    }

    last = p + len;

    if (len < sizeof(ngx_http_chatws_watch_head_t)) {
        return NGX_ERROR;
    }

    ngx_memcpy(&head, p, sizeof(ngx_http_chatws_watch_head_t));
    p += sizeof(ngx_http_chatws_watch_head_t);

    rest = (size_t) head.n * sizeof(ngx_http_chatws_watch_saved_t)
           + head.bytes + head.echo;

    if ((size_t) (last - p) != rest) {
        return NGX_ERROR;
    }

    /* without a master a reload may have turned it off */

    if (ngx_http_chatws_client_people(client) == NULL
        || !ngx_http_chatws_hub_presence(client->subscriber.hub))
    {
        return NGX_OK;
    }

    echo.data = p;
    echo.len = head.echo;
    p += head.echo;

    watcher = ngx_http_chatws_watch_create(client->subscriber.hub, head.n,
                                           head.bytes, &echo);
    if (watcher == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_chatws_watch_restore(watcher, p, last) != NGX_OK) {
        ngx_http_chatws_watch_free(watcher);
        return NGX_ERROR;
    }

    lost = ngx_http_chatws_client_people(client)->lost;

    watcher->reset = head.reset || lost;

    ngx_http_chatws_watch_begin(client, watcher, head.whole || lost);

    return NGX_OK;
}


/* The bytes up to last are those of the users of the watcher. */

static ngx_int_t
ngx_http_chatws_watch_restore(ngx_http_chatws_watcher_t *watcher, u_char *p,
    u_char *last)
{
    chatws_str_t                    user;
    ngx_http_chatws_watched_t      *watched;
    ngx_http_chatws_watch_saved_t   saved;

    while (p != last) {

        if ((size_t) (last - p) < sizeof(ngx_http_chatws_watch_saved_t)) {
            return NGX_ERROR;
        }

        ngx_memcpy(&saved, p, sizeof(ngx_http_chatws_watch_saved_t));
        p += sizeof(ngx_http_chatws_watch_saved_t);

        if (saved.len > (size_t) (last - p) || saved.len > CHATWS_NAME_MAX) {
            return NGX_ERROR;
        }

        user.data = p;
        user.len = saved.len;
        p += saved.len;

        watched = ngx_http_chatws_watch_add(watcher, &user);

        watched->seen = saved.seen;
        watched->state = (uint8_t) saved.state;
    }

    return NGX_OK;
}
