
/*
 * Copyright (C) chatws contributors
 *
 * Watching users.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "store/chatws_people_presence.h"
#include "process/ngx_http_chatws_clock.h"
#include "process/ngx_http_chatws_event.h"
#include "hub/ngx_http_chatws_hub_people.h"
#include "hub/ngx_http_chatws_hub_presence.h"
#include "hub/ngx_http_chatws_hub_private.h"
#include "hub/ngx_http_chatws_hub_watch.h"


/* holds of the lock before other events have their turn */
#define NGX_HTTP_CHATWS_WATCH_HOLDS  64

/* in milliseconds, until a lock that was busy is asked for again */
#define NGX_HTTP_CHATWS_WATCH_RETRY  20


/* Is made with the first watcher, and lives as long as the hub. */

struct ngx_http_chatws_watch_s {
    ngx_connection_t            ident;      /* of the events below */
    ngx_event_t                 look;       /* timer: for news */
    ngx_event_t                 round;      /* posted, or a timer: watchers
                                               are to be looked at */
    ngx_http_chatws_hub_t      *hub;
    ngx_http_chatws_index_t     index;      /* of watched users */
    ngx_queue_t                 queue;      /* of these watchers */
    uint64_t                    from;       /* in the news */
    ngx_uint_t                  watchers;   /* that were started */
};


static ngx_http_chatws_watch_t *ngx_http_chatws_watch_of(
    ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_watch_queue(ngx_http_chatws_watcher_t *watcher);
static void ngx_http_chatws_watch_look_handler(ngx_event_t *ev);
static ngx_int_t ngx_http_chatws_watch_look(ngx_http_chatws_watch_t *watch);
static void ngx_http_chatws_watch_user(ngx_http_chatws_watch_t *watch,
    uint64_t user);
static void ngx_http_chatws_watch_mark(ngx_http_chatws_node_t *node);
static void ngx_http_chatws_watch_round_handler(ngx_event_t *ev);
static ngx_int_t ngx_http_chatws_watch_serve(
    ngx_http_chatws_watcher_t *watcher, ngx_uint_t *holds);
static ngx_int_t ngx_http_chatws_watch_one(
    ngx_http_chatws_watched_t *watched, ngx_uint_t *holds);
static ngx_int_t ngx_http_chatws_watch_shares(
    ngx_http_chatws_watched_t *watched, ngx_uint_t *holds);
static void ngx_http_chatws_watch_tell(ngx_http_chatws_watcher_t *watcher);


ngx_http_chatws_watcher_t *
ngx_http_chatws_watch_create(ngx_http_chatws_hub_t *hub, size_t n,
    size_t bytes, const chatws_str_t *echo)
{
    u_char                     *p;
    ngx_http_chatws_watcher_t  *watcher;

    if (ngx_http_chatws_watch_of(hub) == NULL) {
        return NULL;
    }

    p = ngx_alloc(sizeof(ngx_http_chatws_watcher_t)
                  + n * sizeof(ngx_http_chatws_watched_t)
                  + echo->len + bytes, ngx_cycle->log);
    if (p == NULL) {
        return NULL;
    }

    watcher = (ngx_http_chatws_watcher_t *) p;
    p += sizeof(ngx_http_chatws_watcher_t);

    ngx_memzero(watcher, sizeof(ngx_http_chatws_watcher_t));

    watcher->hub = hub;

    watcher->list = (ngx_http_chatws_watched_t *) p;
    p += n * sizeof(ngx_http_chatws_watched_t);

    watcher->echo.len = echo->len;
    watcher->echo.data = p;

    watcher->end = ngx_cpymem(p, echo->data, echo->len);

    return watcher;
}


ngx_http_chatws_watched_t *
ngx_http_chatws_watch_add(ngx_http_chatws_watcher_t *watcher,
    const chatws_str_t *user)
{
    uint32_t                    i;
    uint64_t                    hash;
    ngx_http_chatws_watched_t  *watched;

    hash = ngx_http_chatws_hub_hash(watcher->hub, (const ngx_str_t *) user);

    for (i = 0; i < watcher->n; i++) {
        if (watcher->list[i].node.key == hash) {
            return &watcher->list[i];
        }
    }

    watched = &watcher->list[watcher->n++];

    ngx_memzero(watched, sizeof(ngx_http_chatws_watched_t));

    watched->node.key = hash;
    watched->watcher = watcher;
    watched->state = CHATWS_PRESENCE_OFFLINE;
    watched->len = (uint8_t) user->len;
    watched->id = watcher->end;

    watcher->end = ngx_cpymem(watcher->end, user->data, user->len);

    return watched;
}


void
ngx_http_chatws_watch_start(ngx_http_chatws_watcher_t *watcher,
    ngx_uint_t whole)
{
    uint32_t                   i;
    ngx_http_chatws_hub_t     *hub;
    ngx_http_chatws_watch_t   *watch;

    hub = watcher->hub;
    watch = hub->watch;

    for (i = 0; i < watcher->n; i++) {
        watcher->list[i].look = 1;
        ngx_http_chatws_index_add(&watch->index, &watcher->list[i].node,
                                  ngx_cycle->log);
    }

    watcher->started = 1;
    watcher->whole = whole;

    /* what is new from now on is looked for; the list itself is looked at */

    if (watch->watchers++ == 0) {
        watch->from = chatws_news_end(&ngx_http_chatws_people(hub)->news);
        ngx_add_timer(&watch->look, hub->zone.people->presence->interval);
    }

    ngx_http_chatws_watch_queue(watcher);
}


void
ngx_http_chatws_watch_reset(ngx_http_chatws_watcher_t *watcher)
{
    uint32_t  i;

    for (i = 0; i < watcher->n; i++) {
        watcher->list[i].look = 1;
    }

    watcher->whole = 1;
    watcher->reset = 1;

    ngx_http_chatws_watch_queue(watcher);
}


void
ngx_http_chatws_watch_free(ngx_http_chatws_watcher_t *watcher)
{
    uint32_t                  i;
    ngx_http_chatws_watch_t  *watch;

    if (watcher->started) {
        watch = watcher->hub->watch;

        for (i = 0; i < watcher->n; i++) {
            ngx_http_chatws_index_del(&watch->index, &watcher->list[i].node);
        }

        if (watcher->queued) {
            ngx_queue_remove(&watcher->queue);
        }

        if (--watch->watchers == 0 && watch->look.timer_set) {
            ngx_del_timer(&watch->look);
        }
    }

    ngx_free(watcher);
}


/* The watch of a hub, which is made if there is none; NULL: no memory. */

static ngx_http_chatws_watch_t *
ngx_http_chatws_watch_of(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_watch_t  *watch;

    if (hub->watch != NULL) {
        return hub->watch;
    }

    watch = ngx_calloc(sizeof(ngx_http_chatws_watch_t), ngx_cycle->log);
    if (watch == NULL) {
        return NULL;
    }

    if (ngx_http_chatws_index_init(&watch->index, ngx_cycle->log) != NGX_OK) {
        ngx_free(watch);
        return NULL;
    }

    watch->hub = hub;
    ngx_queue_init(&watch->queue);

    ngx_http_chatws_event_owner(&watch->ident, watch);

    ngx_http_chatws_event_init(&watch->look, &watch->ident,
                               ngx_http_chatws_watch_look_handler,
                               hub->tick.log);
    ngx_http_chatws_event_init(&watch->round, &watch->ident,
                               ngx_http_chatws_watch_round_handler,
                               hub->tick.log);

    watch->look.cancelable = 1;
    watch->round.cancelable = 1;

    hub->watch = watch;

    return watch;
}


void
ngx_http_chatws_watch_done(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_watch_t  *watch;

    watch = hub->watch;

    if (watch == NULL) {
        return;
    }

    if (watch->look.timer_set) {
        ngx_del_timer(&watch->look);
    }

    if (watch->round.timer_set) {
        ngx_del_timer(&watch->round);
    }

    if (watch->round.posted) {
        ngx_delete_posted_event(&watch->round);
    }

    ngx_http_chatws_index_done(&watch->index);
    ngx_free(watch);
}


/* A watcher is looked at from the beginning of its list. */

static void
ngx_http_chatws_watch_queue(ngx_http_chatws_watcher_t *watcher)
{
    ngx_http_chatws_watch_t  *watch;

    watcher->next = 0;

    if (!watcher->started || watcher->queued) {
        return;
    }

    watch = watcher->hub->watch;

    watcher->queued = 1;
    ngx_queue_insert_tail(&watch->queue, &watcher->queue);

    if (!watch->round.timer_set) {
        ngx_post_event(&watch->round, &ngx_posted_events);
    }
}


static void
ngx_http_chatws_watch_look_handler(ngx_event_t *ev)
{
    ngx_msec_t                interval;
    ngx_http_chatws_hub_t    *hub;
    ngx_http_chatws_watch_t  *watch;

    watch = ngx_http_chatws_event_data(ev);
    hub = watch->hub;
    interval = NGX_HTTP_CHATWS_WATCH_RETRY;

    /* without a master a reload may have taken it from the worker */

    if (!ngx_http_chatws_hub_presence(hub)) {
        return;
    }

    if (ngx_http_chatws_watch_look(watch) == NGX_OK) {
        interval = hub->zone.people->presence->interval;
    }

    ngx_add_timer(ev, interval);
}


/* NGX_AGAIN: the lock is busy. */

static ngx_int_t
ngx_http_chatws_watch_look(ngx_http_chatws_watch_t *watch)
{
    size_t                   i;
    uint64_t                 n, users[CHATWS_NEWS];
    chatws_people_t         *tb;
    ngx_http_chatws_hub_t   *hub;
    ngx_http_chatws_node_t  *node;

    hub = watch->hub;
    tb = ngx_http_chatws_people(hub);

    if (chatws_news_end(&tb->news) == watch->from) {
        return NGX_OK;
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    n = chatws_news_get(&tb->news, &watch->from, users);

    ngx_http_chatws_zone_unlock(&hub->zone);

    if (n <= CHATWS_NEWS) {

        for (i = 0; i < n; i++) {
            ngx_http_chatws_watch_user(watch, users[i]);
        }

        return NGX_OK;
    }

    /* some were lost: there may be news of each one */

    for (i = 0; i <= watch->index.mask; i++) {
        for (node = watch->index.buckets[i]; node != NULL; node = node->next) {
            ngx_http_chatws_watch_mark(node);
        }
    }

    return NGX_OK;
}


/* There are news of a user. */

static void
ngx_http_chatws_watch_user(ngx_http_chatws_watch_t *watch, uint64_t user)
{
    ngx_http_chatws_node_t  *node;

    for (node = ngx_http_chatws_index_first(&watch->index, user);
         node != NULL;
         node = ngx_http_chatws_index_next(node))
    {
        ngx_http_chatws_watch_mark(node);
    }
}


static void
ngx_http_chatws_watch_mark(ngx_http_chatws_node_t *node)
{
    ngx_http_chatws_watched_t  *watched;

    watched = ngx_http_chatws_node_data(node, ngx_http_chatws_watched_t, node);

    watched->look = 1;
    ngx_http_chatws_watch_queue(watched->watcher);
}


static void
ngx_http_chatws_watch_round_handler(ngx_event_t *ev)
{
    ngx_int_t                   rc;
    ngx_uint_t                  holds;
    ngx_queue_t                *q;
    ngx_http_chatws_watch_t    *watch;
    ngx_http_chatws_watcher_t  *watcher;

    watch = ngx_http_chatws_event_data(ev);
    ev->timedout = 0;
    holds = 0;

    if (!ngx_http_chatws_hub_presence(watch->hub)) {
        return;
    }

    while (!ngx_queue_empty(&watch->queue)) {

        if (holds >= NGX_HTTP_CHATWS_WATCH_HOLDS) {
            ngx_post_event(ev, &ngx_posted_next_events);
            return;
        }

        q = ngx_queue_head(&watch->queue);
        watcher = ngx_queue_data(q, ngx_http_chatws_watcher_t, queue);

        rc = ngx_http_chatws_watch_serve(watcher, &holds);

        if (rc == NGX_BUSY) {
            ngx_add_timer(ev, NGX_HTTP_CHATWS_WATCH_RETRY);
            return;
        }

        if (rc == NGX_OK) {
            watcher->queued = 0;
            ngx_queue_remove(q);
            ngx_http_chatws_watch_tell(watcher);
        }
    }
}


/*
 * Looks at some users of a watcher.  NGX_OK: at all of them.  NGX_AGAIN: there
 * are more.  NGX_BUSY: the lock is busy.
 */

static ngx_int_t
ngx_http_chatws_watch_serve(ngx_http_chatws_watcher_t *watcher,
    ngx_uint_t *holds)
{
    ngx_http_chatws_watched_t  *watched;

    for ( /* void */ ; watcher->next < watcher->n; watcher->next++) {
        watched = &watcher->list[watcher->next];

        if (!watched->look) {
            continue;
        }

        if (*holds >= NGX_HTTP_CHATWS_WATCH_HOLDS) {
            return NGX_AGAIN;
        }

        if (ngx_http_chatws_watch_one(watched, holds) != NGX_OK) {
            return NGX_BUSY;
        }

        watched->look = 0;
    }

    return NGX_OK;
}


/*
 * Finds out what a watcher may know of a user: of one that it may not watch
 * the same as of one that nobody has ever seen.
 */

static ngx_int_t
ngx_http_chatws_watch_one(ngx_http_chatws_watched_t *watched,
    ngx_uint_t *holds)
{
    ngx_int_t               rc;
    chatws_people_t        *tb;
    chatws_present_t        present;
    chatws_people_look_t    look;
    ngx_http_chatws_hub_t  *hub;

    hub = watched->watcher->hub;
    tb = ngx_http_chatws_people(hub);

    rc = watched->watcher->members
         ? ngx_http_chatws_watch_shares(watched, holds) : NGX_OK;

    if (rc == NGX_BUSY) {
        return NGX_BUSY;
    }

    ngx_memzero(&look, sizeof(chatws_people_look_t));

    if (rc == NGX_OK) {
        if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
            return NGX_BUSY;
        }

        chatws_people_look_at(tb, watched->node.key, &look);

        ngx_http_chatws_zone_unlock(&hub->zone);

        (*holds)++;
    }

    ngx_http_chatws_roll_state(hub, look.state, look.since, &present);

    /* who is there was seen now, and last seen is told by the minute */

    if (present.state != CHATWS_PRESENCE_OFFLINE) {
        present.seen = 0;
    }

    present.seen -= present.seen % CHATWS_PRESENCE_MINUTE;

    if (watched->state != present.state || watched->seen != present.seen) {
        watched->state = present.state;
        watched->seen = present.seen;
        watched->tell = 1;
    }

    return NGX_OK;
}


/* NGX_DECLINED: watcher and user are members of no chat together. */

static ngx_int_t
ngx_http_chatws_watch_shares(ngx_http_chatws_watched_t *watched,
    ngx_uint_t *holds)
{
    int                      shared;
    chatws_people_t         *tb;
    ngx_http_chatws_hub_t   *hub;
    chatws_people_cursor_t   cursor;

    hub = watched->watcher->hub;
    tb = ngx_http_chatws_people(hub);
    shared = 0;

    ngx_memzero(&cursor, sizeof(chatws_people_cursor_t));

    while (!cursor.done) {

        if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
            return NGX_BUSY;
        }

        shared = chatws_people_share(tb, watched->watcher->user,
                                     watched->node.key, &cursor);

        ngx_http_chatws_zone_unlock(&hub->zone);

        (*holds)++;
    }

    return shared ? NGX_OK : NGX_DECLINED;
}


/* Without memory the watcher is told later: what it is to be told stays. */

static void
ngx_http_chatws_watch_tell(ngx_http_chatws_watcher_t *watcher)
{
    uint32_t                    i;
    ngx_uint_t                  answer;
    chatws_present_t           *list;
    chatws_presence_t           presence;
    ngx_http_chatws_watched_t  *watched;

    ngx_memzero(&presence, sizeof(chatws_presence_t));

    for (i = 0; i < watcher->n; i++) {
        presence.n += watcher->whole || watcher->list[i].tell;
    }

    if (presence.n == 0 && !watcher->whole) {
        return;
    }

    list = ngx_alloc((presence.n + 1) * sizeof(chatws_present_t),
                     ngx_cycle->log);
    if (list == NULL) {
        return;
    }

    presence.n = 0;

    for (i = 0; i < watcher->n; i++) {
        watched = &watcher->list[i];

        if (watcher->whole || watched->tell) {
            list[presence.n].user.data = watched->id;
            list[presence.n].user.len = watched->len;
            list[presence.n].seen = watched->seen;
            list[presence.n].state = watched->state;
            presence.n++;
        }

        watched->tell = 0;
    }

    presence.list = list;
    presence.id = watcher->echo;
    presence.names = 1;
    presence.reset = watcher->reset;
    presence.warming = ngx_http_chatws_hub_is_warming(watcher->hub);
    presence.ms = ngx_http_chatws_now();

    answer = watcher->whole && !watcher->reset;

    watcher->echo.len = 0;
    watcher->whole = 0;
    watcher->reset = 0;

    watcher->handler(watcher->data, &presence, answer);

    ngx_free(list);
}
