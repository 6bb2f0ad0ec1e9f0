
/*
 * Copyright (C) chatws contributors
 *
 * Watching users: a watcher is told how the users of its list are, and then of
 * what is new of them, at most once an interval.
 *
 * Each worker looks for news as long as it has watchers.  A watcher that is to
 * be told something is looked at in slices, between which other events have
 * their turn.
 */


#ifndef _NGX_HTTP_CHATWS_HUB_WATCH_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HUB_WATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "protocol/chatws_presence.h"
#include "hub/ngx_http_chatws_hub.h"
#include "hub/ngx_http_chatws_index.h"


typedef struct ngx_http_chatws_watcher_s  ngx_http_chatws_watcher_t;


/* A user in the list of a watcher. */

typedef struct {
    ngx_http_chatws_node_t      node;      /* by the hash of the user */
    ngx_http_chatws_watcher_t  *watcher;
    uint64_t                    seen;      /* these two as it was told last; */
    uint8_t                     state;     /* chatws_presence_state_e */
    uint8_t                     len;       /* of the id */
    unsigned                    look:1;    /* there may be news */
    unsigned                    tell:1;    /* there are */
    u_char                     *id;
} ngx_http_chatws_watched_t;


/*
 * Tells a watcher.  presence and its strings live until the handler returns;
 * answer: it is told for the first time.  The handler may free the watcher.
 */
typedef void (*ngx_http_chatws_watch_pt)(void *data,
    const chatws_presence_t *presence, ngx_uint_t answer);


struct ngx_http_chatws_watcher_s {
    ngx_queue_t                 queue;     /* of those to be looked at */
    ngx_http_chatws_hub_t      *hub;
    ngx_http_chatws_watch_pt    handler;
    void                       *data;
    uint64_t                    user;      /* hash of who watches */
    ngx_uint_t                  members;   /* may watch those only with whom
                                              it shares a chat */
    chatws_str_t                echo;      /* JSON, of the answer */
    uint32_t                    n;         /* users in the list */
    uint32_t                    next;      /* of them, to be looked at */
    unsigned                    started:1;
    unsigned                    queued:1;
    unsigned                    whole:1;   /* is to be told all of its list, */
    unsigned                    reset:1;   /* because something was lost */
    ngx_http_chatws_watched_t  *list;
    u_char                     *end;       /* of the ids in use */
};


/*
 * Makes a watcher with room for n users, whose ids have so many bytes
 * together, and for the JSON to be echoed; the next four members behind the
 * hub are the caller's to set.  NULL: there is no memory.
 */
ngx_http_chatws_watcher_t *ngx_http_chatws_watch_create(
    ngx_http_chatws_hub_t *hub, size_t n, size_t bytes,
    const chatws_str_t *echo);

/*
 * Adds a user, unless it is in the list.  Returns the place of the user in the
 * list, of which state and seen may be set as they were told elsewhere.
 */
ngx_http_chatws_watched_t *ngx_http_chatws_watch_add(
    ngx_http_chatws_watcher_t *watcher, const chatws_str_t *user);

/*
 * Its list is complete.  With whole it is told all of it soon, as the answer,
 * else of what is not as state and seen say.
 */
void ngx_http_chatws_watch_start(ngx_http_chatws_watcher_t *watcher,
    ngx_uint_t whole);

/* What it was told was lost: it is told its whole list again. */
void ngx_http_chatws_watch_reset(ngx_http_chatws_watcher_t *watcher);

/* Frees a watcher, started or not. */
void ngx_http_chatws_watch_free(ngx_http_chatws_watcher_t *watcher);


#endif /* _NGX_HTTP_CHATWS_HUB_WATCH_H_INCLUDED_ */
