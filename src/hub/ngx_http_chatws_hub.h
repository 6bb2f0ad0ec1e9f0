
/*
 * Copyright (C) chatws contributors
 *
 * The hub: a worker's side of a zone.  It keeps the chats that have
 * subscribers in this worker, publishes into the zone's logs, and drains
 * them to the subscribers.  It knows subscribers only as structures that
 * their owner embeds, and delivers by a callback.
 */


#ifndef _NGX_HTTP_CHATWS_HUB_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HUB_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "process/ngx_http_chatws_outframe.h"
#include "hub/ngx_http_chatws_index.h"
#include "process/ngx_http_chatws_zone.h"


/*
 * Counters of a slot, written by its worker alone; totals of the zone are
 * the sum over all slots, those of workers that ended included.
 */

typedef enum {
    NGX_HTTP_CHATWS_N_OPENED = 0,     /* WebSockets */
    NGX_HTTP_CHATWS_N_CLOSED,
    NGX_HTTP_CHATWS_N_PUBLISHED,
    NGX_HTTP_CHATWS_N_DELIVERED,      /* notifications handed to sessions */
    NGX_HTTP_CHATWS_N_TYPING,         /* sent */
    NGX_HTTP_CHATWS_N_TYPING_DROPPED, /* no room in the log, or a session */
    NGX_HTTP_CHATWS_N_RECOVERED,      /* chats */
    NGX_HTTP_CHATWS_N_UNRECOVERED,
    NGX_HTTP_CHATWS_N_LAPS,           /* of this worker */
    NGX_HTTP_CHATWS_N_UNAVAILABLE,    /* answers of 503 */
    NGX_HTTP_CHATWS_N_REAPED,         /* slots of dead workers */
    NGX_HTTP_CHATWS_N_MOVED,          /* closed here, opened elsewhere */
    NGX_HTTP_CHATWS_N_CODE,           /* closes by code, from here on */

    NGX_HTTP_CHATWS_N_LAST = NGX_HTTP_CHATWS_N_CODE + 16
} ngx_http_chatws_counter_e;


/* close codes with a counter of their own: 1000 to 1014; others follow */
#define NGX_HTTP_CHATWS_CODES     15


#define NGX_HTTP_CHATWS_RINGS      2

/* notifications of a delivery, at most */
#define NGX_HTTP_CHATWS_NOTES     256

/* how far ahead subscribers are brought into the cache */
#define NGX_HTTP_CHATWS_PREFETCH  4

#define ngx_http_chatws_prefetch(p)  __builtin_prefetch(p)


typedef struct ngx_http_chatws_local_chat_s        ngx_http_chatws_local_chat_t;
typedef struct ngx_http_chatws_note_s        ngx_http_chatws_note_t;
typedef struct ngx_http_chatws_sub_s         ngx_http_chatws_sub_t;
typedef struct ngx_http_chatws_subscriber_s  ngx_http_chatws_subscriber_t;


/*
 * A notification of the delivery in hand, shared by all its receivers; valid
 * during the deliver call only.  Its frame lies in the delivery's data.
 */

struct ngx_http_chatws_note_s {
    ngx_http_chatws_outframe_t     frame;
    uint64_t                       offset;      /* in its log */
    uint64_t                       seq;         /* 0: not sequenced */
    uint64_t                       sender;      /* hash, 0: nobody */
    ngx_http_chatws_local_chat_t  *chat;
    ngx_http_chatws_note_t        *mine;        /* as its sender gets it */
    uint32_t                       own;         /* position of the literal */
};


/* Embedded in its owner's structure; the hub fills it in join(). */

struct ngx_http_chatws_subscriber_s {
    ngx_http_chatws_hub_t  *hub;
    ngx_http_chatws_sub_t  *subs;               /* list of subscriptions */
    uint64_t                user;               /* keyed hash of user id */
    uint32_t                nsubs;
    uint32_t                delivery;           /* last delivery touched in */
    uint32_t                touched;            /* index in that delivery */
    unsigned                own:1;              /* gets its own messages */
};


/*
 * Sends n notifications, in order, to one subscriber.  Must not free the
 * subscriber, and of the hub's functions may only call leave() for it.
 */
typedef void (*ngx_http_chatws_deliver_pt)(
    ngx_http_chatws_subscriber_t *subscriber, ngx_http_chatws_note_t **notes,
    ngx_uint_t n);


/*
 * This worker was stopped for so long that publishers went on without it:
 * every subscriber has missed something and must come back.  All of them
 * have to leave before the call returns.
 */
typedef void (*ngx_http_chatws_lapse_pt)(ngx_http_chatws_hub_t *hub);


/* a subscriber in a chat */

struct ngx_http_chatws_sub_s {
    ngx_http_chatws_node_t         node;        /* in hub->subs */
    ngx_http_chatws_subscriber_t  *subscriber;
    ngx_http_chatws_local_chat_t  *chat;
    ngx_http_chatws_sub_t         *next;        /* of the subscriber */
    ngx_http_chatws_sub_t        **prev;
    uint64_t                       from;        /* log offset it joined at */
    uint32_t                       pos;         /* in chat->members */
    uint32_t                       upto;        /* numbers not wanted live */
};


typedef struct {
    ngx_http_chatws_subscriber_t    *subscriber;
    ngx_http_chatws_sub_t           *sub;
} ngx_http_chatws_member_t;


/* a subscription that has ended, and is still to be taken out of the zone */

typedef struct ngx_http_chatws_ended_s  ngx_http_chatws_ended_t;

struct ngx_http_chatws_ended_s {
    ngx_http_chatws_ended_t         *next;
    uint64_t                         user;
    uint32_t                         row;
    uint32_t                         flags;
};


/* a chat that has subscribers in this worker */

struct ngx_http_chatws_local_chat_s {
    ngx_http_chatws_node_t     by_id;
    ngx_http_chatws_node_t     by_row;
    ngx_http_chatws_member_t  *members;         /* dense */
    uint64_t                   serial;          /* of the row */
    uint64_t                   from;            /* newest member's offset */
    uint32_t                   row;
    uint32_t                   n;               /* members in use */
    uint32_t                   size;            /* members allocated */
    uint32_t                   delivery;        /* last delivery touched in */
    uint32_t                   first;           /* note in that delivery */
    uint32_t                   nnotes;
    ngx_str_t                  id;              /* follows the structure */
};


/* a subscriber to be served in the delivery in hand */

typedef struct {
    ngx_http_chatws_subscriber_t  *subscriber;      /* NULL: has left */
    ngx_http_chatws_local_chat_t  *chat;            /* NULL: has left */
    uint32_t                       more;            /* link + 1, or 0 */
} ngx_http_chatws_touched_t;


/* one more chat of a touched subscriber */

typedef struct {
    ngx_http_chatws_local_chat_t  *chat;            /* NULL: has left */
    uint32_t                       next;            /* link + 1, or 0 */
} ngx_http_chatws_link_t;


/* all that a drain in progress needs; the arrays are kept for the next */

typedef struct {
    ngx_http_chatws_note_t         *notes;
    ngx_http_chatws_note_t         *mine;       /* their own variants */
    ngx_http_chatws_note_t        **order;      /* notes by chat */
    ngx_http_chatws_note_t        **gather;     /* one subscriber's */
    ngx_http_chatws_local_chat_t  **chats;      /* touched */
    ngx_http_chatws_touched_t      *touched;
    ngx_http_chatws_link_t         *links;
    u_char                         *data;       /* the frames */
    uint64_t                        pos[NGX_HTTP_CHATWS_RINGS];
    size_t                          size;       /* of touched and links */
    size_t                          need;       /* of them, at most */
    size_t                          room;       /* of data */
    size_t                          bytes;      /* used of it */
    uint32_t                        nnotes;
    uint32_t                        nchats;
    uint32_t                        ntouched;
    uint32_t                        nlinks;
    uint32_t                        next;       /* touched to serve next */
    uint32_t                        number;     /* of the delivery */
    unsigned                        active:1;
    unsigned                        served:1;   /* pos is to be told yet */
} ngx_http_chatws_delivery_t;


/* lives from the worker's start to its end, or longer than a cycle */

struct ngx_http_chatws_hub_s {
    ngx_http_chatws_zone_t      zone;           /* a copy: outlives cycles */
    ngx_http_chatws_sleeper_t   sleeper;
    ngx_connection_t            ident;          /* of the events below */
    ngx_event_t                 round;          /* posted, or a timer */
    ngx_event_t                 signal;         /* posted, for owed */
    ngx_event_t                 tick;           /* housekeeping timer */
    ngx_event_t                 again;          /* timer: the lock is busy */
    ngx_http_chatws_deliver_pt  deliver;
    ngx_http_chatws_lapse_pt    lapse;
    ngx_http_chatws_index_t     chats;          /* by id */
    ngx_http_chatws_index_t     rows;           /* by row */
    ngx_http_chatws_index_t     subs;           /* by subscriber and chat */
    ngx_http_chatws_delivery_t  delivery;
    ngx_http_chatws_ended_t    *ended;
    uint32_t                   *wakes;          /* slots to wake, scratch */
    uint64_t                    owed[CHATWS_SLOTS_MAX / 64];
    void                       *handover;       /* the client's */
    ngx_msec_t                  coalesce;
    ngx_uint_t                  replaced;       /* ticks since a reload */
    uint32_t                    slot;
};


/*
 * Makes the hub of a zone in this worker: claims a slot, reaps the slots
 * of dead workers, listens for wake-ups.  coalesce is how long a wake-up may
 * wait for more to come.  Returns NGX_ERROR when there is
 * no memory; without a free slot the hub publishes, but takes no
 * subscriber until its timer has found one.
 */
ngx_int_t ngx_http_chatws_hub_open(ngx_http_chatws_zone_t *zone,
    ngx_http_chatws_deliver_pt deliver, ngx_http_chatws_lapse_pt lapse,
    ngx_msec_t coalesce, ngx_cycle_t *cycle);

/* Gives the slot back; for the end of the worker. */
void ngx_http_chatws_hub_close(ngx_http_chatws_hub_t *hub);

/*
 * Prepares an embedded subscriber.  own: it gets its own user's messages.
 * Returns NGX_BUSY while the hub has no slot.
 */
ngx_int_t ngx_http_chatws_join(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *user,
    ngx_uint_t own);

/* Removes all subscriptions; the structure may be freed then. */
void ngx_http_chatws_leave(ngx_http_chatws_subscriber_t *subscriber);

/*
 * Subscribes to a chat.  NGX_OK: what is published after at->seq arrives,
 * and nothing else; where it was subscribed before, what was published until
 * then has been delivered, or with replay is left out, since the caller sends
 * it by itself.  at is for chatws_store_replay_first() if replay.  NGX_BUSY:
 * the zone is full.  NGX_DECLINED: its user has share subscriptions already,
 * in all workers, and it was not subscribed before.  NGX_AGAIN: the zone's
 * lock can't be had now.  NGX_ERROR: no memory in this worker.
 */
ngx_int_t ngx_http_chatws_subscribe(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat, uint32_t share, ngx_uint_t replay,
    chatws_subscribed_t *at);

/* NGX_DECLINED: was not subscribed. */
ngx_int_t ngx_http_chatws_unsubscribe(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *chat);

/* The chat's row if the subscriber is in it, or 0. */
uint32_t ngx_http_chatws_subscribed(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat);

/*
 * Publishes.  row is the chat's row where the caller knows it, else 0.
 * wake in posted is set by the hub.  NGX_OK: every subscriber will get
 * it.  NGX_BUSY: nothing was delivered, try later.  NGX_DECLINED: larger
 * than the zone can ever take.
 */
ngx_int_t ngx_http_chatws_hub_publish(ngx_http_chatws_hub_t *hub,
    uint32_t row, chatws_post_t *post, chatws_posted_t *posted);

/* Adds to a counter of this worker. */
void ngx_http_chatws_hub_count(ngx_http_chatws_hub_t *hub,
    ngx_uint_t counter, uint64_t n);

/* The keyed hash by which the zone knows a user. */
uint64_t ngx_http_chatws_hub_user(ngx_http_chatws_hub_t *hub,
    ngx_str_t *user);

/*
 * The log offset from which on the chat's notifications are for this
 * subscriber; CHATWS_OFF_NONE if it is not in the chat.
 */
uint64_t ngx_http_chatws_since(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat);

/*
 * Whether the durable notification at the offset, of number seq or 0, is to
 * be delivered to this subscriber: it is not from before the subscription,
 * nor sent by the subscriber's owner itself.
 */
ngx_uint_t ngx_http_chatws_expects(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat, uint64_t offset, uint64_t seq);

/* The zone's lock can't be had: what waits for it is tried again soon. */
void ngx_http_chatws_hub_again(ngx_http_chatws_hub_t *hub);

/* Takes subscriptions that have ended out of the zone. */
void ngx_http_chatws_hub_end(ngx_http_chatws_hub_t *hub);

/* Wakes the workers that are owed it; for the hub only. */
void ngx_http_chatws_hub_signal(ngx_http_chatws_hub_t *hub);

/* Drain, for the posted event; for the hub only. */
ngx_int_t ngx_http_chatws_deliver_init(ngx_http_chatws_hub_t *hub,
    ngx_log_t *log);
void ngx_http_chatws_deliver_done(ngx_http_chatws_hub_t *hub);
void ngx_http_chatws_deliver_handler(ngx_event_t *ev);

/*
 * Serves all that was published before the durable log's offset.  NGX_BUSY:
 * the lock can't be had, and what was served is not known to others.
 */
ngx_int_t ngx_http_chatws_deliver_until(ngx_http_chatws_hub_t *hub,
    uint64_t offset);

/*
 * Serves all that was published until now.  Returns the durable log's offset
 * before which everything was handed to the subscribers, and nothing after;
 * CHATWS_OFF_NONE: this worker has missed something, its clients are going to
 * be closed.
 */
uint64_t ngx_http_chatws_deliver_position(ngx_http_chatws_hub_t *hub);

/* The chat of this worker that an entry belongs to, or NULL. */
ngx_http_chatws_local_chat_t *ngx_http_chatws_collect_chat(
    ngx_http_chatws_hub_t *hub, chatws_entry_t *entry);

/*
 * Makes a new delivery of what waits in the logs.  Whether the slot was lapped
 * has to be asked before anything of it is served; for the hub only.
 */
void ngx_http_chatws_collect_sort(ngx_http_chatws_hub_t *hub);

/* Takes a subscriber, or one chat of it, out of the delivery in hand. */
void ngx_http_chatws_deliver_forget(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat);


#endif /* _NGX_HTTP_CHATWS_HUB_H_INCLUDED_ */
