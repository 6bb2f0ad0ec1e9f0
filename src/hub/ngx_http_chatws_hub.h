
/*
 * Copyright (C) chatws contributors
 *
 * The hub: a worker's side of a zone.  It keeps the chats that have
 * subscribers in this worker, publishes into the rings of the zone, and
 * delivers from them to the subscribers.  A subscriber is a structure that
 * its owner embeds in one of its own; the hub hands it notifications by a
 * callback.
 *
 * All functions belong to the worker's event loop.  Those that need the lock
 * of the zone take it by themselves; the caller must not hold it.
 */


#ifndef _NGX_HTTP_CHATWS_HUB_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HUB_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/chatws_revocation.h"
#include "store/chatws_typing.h"
#include "process/ngx_http_chatws_outframe.h"
#include "process/ngx_http_chatws_zone.h"
#include "hub/ngx_http_chatws_hub_figures.h"


typedef struct ngx_http_chatws_sub_s  ngx_http_chatws_sub_t;


/*
 * Embedded in a structure of its owner, who allocates and frees it.  join()
 * fills it; after that only the hub writes to it.
 */

typedef struct {
    ngx_http_chatws_hub_t  *hub;
    ngx_http_chatws_sub_t  *subs;               /* list of subscriptions */
    uint64_t                user;               /* keyed hash of user id */
    uint32_t                nsubs;              /* without the inbox */
    uint32_t                delivery;           /* last delivery touched in */
    uint32_t                touched;            /* index in that delivery */
    unsigned                own:1;              /* gets its own messages */
    unsigned                typing:1;           /* has typed in some chat */
    unsigned                presence:3;         /* CHATWS_MEMBER_AWAY or GONE,
                                                   in its inbox */
} ngx_http_chatws_subscriber_t;


/*
 * Sends n frames, in order, to one subscriber.  The frames are the hub's and
 * valid during the call only.  The callee must not free the subscriber, and of
 * the hub's functions it may call leave() for this subscriber only.
 */
typedef void (*ngx_http_chatws_deliver_pt)(
    ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n);


/*
 * This worker was stopped for so long that publishers went on without it:
 * each subscriber has missed something and has to come back.  All of them
 * have to leave before the call returns.
 */
typedef void (*ngx_http_chatws_lapse_pt)(ngx_http_chatws_hub_t *hub);


/*
 * Carries a command out in this worker; text is as it was given to
 * hub_command(), and valid during the call only.  offset is its place in the
 * durable ring: all notifications in front of it were delivered, and none
 * behind it was.  The callee may subscribe, unsubscribe and leave.
 */
typedef void (*ngx_http_chatws_command_pt)(ngx_http_chatws_hub_t *hub,
    ngx_str_t *text, uint64_t offset);


/*
 * Another worker has a new connection of a user with this hash, and no seat for
 * it: those that owe a pong, and are counted by the hash seat, are closed.
 */
typedef void (*ngx_http_chatws_displace_pt)(ngx_http_chatws_hub_t *hub,
    uint64_t seat, uint64_t user);


/* The callbacks of the hub's owner, all of them set.  The table is static. */

typedef struct {
    ngx_http_chatws_deliver_pt   deliver;
    ngx_http_chatws_lapse_pt     lapse;
    ngx_http_chatws_command_pt   command;
    ngx_http_chatws_displace_pt  displace;
} ngx_http_chatws_hub_handlers_t;


/*
 * Is told of a chat of a subscriber: its id, the serial of its row, and the
 * mark of the subscription.
 */
typedef void (*ngx_http_chatws_chat_pt)(void *data, const ngx_str_t *id,
    uint64_t serial, uint32_t *mark);


/* Is told of a chat in which a subscriber types. */
typedef void (*ngx_http_chatws_typist_pt)(void *data, const ngx_str_t *chat,
    uint32_t round, uint64_t deadline);


/*
 * Makes the hub of a zone in this worker and sets zone->hub: claims a slot,
 * reaps the slots of dead workers, listens for wake-ups.  coalesce is the
 * time, in milliseconds, for which a wake-up may wait for others.  The hub
 * lives until hub_close(), which may be longer than the cycle of the zone.
 * NGX_ERROR: there is no memory.  Without a free slot the hub publishes, but
 * takes no subscriber until its timer has found a slot.
 */
ngx_int_t ngx_http_chatws_hub_open(ngx_http_chatws_zone_t *zone,
    const ngx_http_chatws_hub_handlers_t *handlers, ngx_msec_t coalesce,
    ngx_cycle_t *cycle);

/*
 * Without a master, when a configuration has come into force: the hub goes on,
 * and uses the annexes and the settings that its zone has now.
 */
void ngx_http_chatws_hub_reload(ngx_http_chatws_hub_t *hub,
    const ngx_http_chatws_zone_t *zone);

/*
 * At the end of the worker: gives the slot back and frees the hub.  All
 * subscribers have left.
 */
void ngx_http_chatws_hub_close(ngx_http_chatws_hub_t *hub);


/* of the zone, as this hub knows it */

/* Whether the hub has a slot, without which it takes no subscriber. */
ngx_uint_t ngx_http_chatws_hub_has_slot(ngx_http_chatws_hub_t *hub);

/* The zone, to be read only; it lives as long as the hub. */
const ngx_http_chatws_zone_t *ngx_http_chatws_hub_zone(
    ngx_http_chatws_hub_t *hub);

/* The random name of the memory of the zone. */
uint64_t ngx_http_chatws_hub_epoch(ngx_http_chatws_hub_t *hub);

/*
 * The least number that is not less than min and larger than each one that
 * any worker was given before.
 */
uint64_t ngx_http_chatws_hub_stamp(ngx_http_chatws_hub_t *hub, uint64_t min);

/*
 * The keyed hash of a user id, by which the zone knows the user, or of
 * another string; never 0.
 */
uint64_t ngx_http_chatws_hub_hash(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *text);

/* The subscriptions that a user may have without taking the room of others. */
uint32_t ngx_http_chatws_hub_share(ngx_http_chatws_hub_t *hub);

/* The most bytes that the body of a notification may have. */
size_t ngx_http_chatws_hub_body_max(ngx_http_chatws_hub_t *hub);

/*
 * The ring of durable notifications, to look up older ones with the
 * functions of chatws_ring.h; other workers write to it all the time.
 */
const chatws_ring_t *ngx_http_chatws_hub_ring(ngx_http_chatws_hub_t *hub);

/*
 * Adds n, which may be negative, to a counter of this worker, one of
 * ngx_http_chatws_figure_e.  Does nothing while the hub has no slot.
 */
void ngx_http_chatws_hub_count(ngx_http_chatws_hub_t *hub,
    ngx_uint_t counter, uint64_t n);


/*
 * Looks for workers that have died, and gives their slots back with all that
 * they had, now or in one of the next turns.  Returns how many there were: what
 * they had counts no more.
 */
uint32_t ngx_http_chatws_hub_reap(ngx_http_chatws_hub_t *hub);


/*
 * The connections of users, where the configuration limits them, see
 * chatws_seat.h; user is a keyed hash.
 */

/*
 * Counts a connection.  NGX_OK.  NGX_DECLINED: the user has max connections in
 * all workers.  NGX_BUSY: it can't be counted now.
 */
ngx_int_t ngx_http_chatws_seat_take(ngx_http_chatws_hub_t *hub, uint64_t user,
    uint32_t max);

/*
 * The same where connections of the user in other workers that owe a pong do
 * not count: these workers are told to close them.  seat is the hash by which
 * the user is counted, and user that of the user's id.
 */
ngx_int_t ngx_http_chatws_seat_displace(ngx_http_chatws_hub_t *hub,
    uint64_t seat, uint64_t user, uint32_t max);

/* A connection that was counted owes a pong, or not any more. */
void ngx_http_chatws_seat_owe(ngx_http_chatws_hub_t *hub, uint64_t user,
    ngx_uint_t owes);

/* A connection that was counted counts no more. */
void ngx_http_chatws_seat_leave(ngx_http_chatws_hub_t *hub, uint64_t user);

/* A connection that was counted leaves for another worker, for a while. */
void ngx_http_chatws_seat_send(ngx_http_chatws_hub_t *hub, uint64_t user);

/* A connection that another worker has sent is counted.  NGX_OK or NGX_BUSY. */
ngx_int_t ngx_http_chatws_seat_receive(ngx_http_chatws_hub_t *hub,
    uint64_t user);


/* subscribers */

/*
 * Fills a subscriber.  With own it gets the messages of its own user.
 * NGX_BUSY: the hub has no slot; the subscriber may be given to leave(), but
 * must not subscribe.
 */
ngx_int_t ngx_http_chatws_join(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *user,
    ngx_uint_t own);

/* Removes all subscriptions; the structure may be freed then. */
void ngx_http_chatws_leave(ngx_http_chatws_subscriber_t *subscriber);

/*
 * Subscribes to a chat, whose id is copied.  NGX_OK: notifications with
 * numbers above at->seq will be delivered, and none of those up to it.  If
 * the subscriber was in the chat before, those up to at->seq have been
 * delivered by now; or, with replay, they are left out, because the caller
 * sends them by itself: at is for chatws_ring_chain().  The subscription has
 * this mark then, see ngx_http_chatws_hub_mark().
 *
 * NGX_BUSY: the zone is full.  NGX_DECLINED: the user has share subscriptions
 * already, in all workers, and was not in this chat.  NGX_AGAIN: the lock of
 * the zone cannot be had now.  NGX_ERROR: this worker has no memory.
 */
ngx_int_t ngx_http_chatws_subscribe(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat, uint32_t share, uint32_t mark, ngx_uint_t replay,
    chatws_subscribed_t *at);

/*
 * Subscribes to the inbox of a user, whose id was checked, as to a chat; see
 * chatws_name.h.  It is none of the chats of the subscriber: it counts for no
 * limit, and each_chat() is not told of it.
 */
ngx_int_t ngx_http_chatws_subscribe_inbox(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *user,
    ngx_uint_t replay, chatws_subscribed_t *at);

/*
 * Sets *last to the number of the last notification to a user, whose id was
 * checked: the next one has a larger number.  NGX_OK.  NGX_AGAIN: the lock of
 * the zone cannot be had now.
 */
ngx_int_t ngx_http_chatws_hub_inbox_last(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *user, uint64_t *last);

/* NGX_DECLINED: the subscriber was not in the chat. */
ngx_int_t ngx_http_chatws_unsubscribe(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *chat);

/* The row of the chat if the subscriber is in it, or 0. */
uint32_t ngx_http_chatws_subscribed(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat);

/*
 * The mark of the subscription to a chat, which is the owner's to write; it
 * lives as long as the subscription.  NULL: there is none.
 */
uint32_t *ngx_http_chatws_hub_mark(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat);

/*
 * Whether the subscription to a chat gets states, see chatws_post_t, and that
 * it gets them from now on.  Without a subscription nothing is done.
 */
ngx_uint_t ngx_http_chatws_hub_has_state(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *chat);
void ngx_http_chatws_hub_set_state(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat);

/*
 * A subscription that gets states is stale: it gets none until the owner tells
 * the whole state.  hub_fresh() takes one of them that is stale, which is not
 * any more, and copies the id of its chat to buf, which has CHATWS_INBOX_MAX
 * bytes.  0: none is stale.
 */
void ngx_http_chatws_hub_set_stale(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat);
ngx_uint_t ngx_http_chatws_hub_fresh(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat, u_char *buf);

/*
 * The offset in the ring of ephemeral notifications before which the
 * subscribers of this worker have got all states; and makes those
 * subscriptions stale that have not got one since then, because the subscriber
 * was on its way from another worker.
 */
uint64_t ngx_http_chatws_hub_states(ngx_http_chatws_hub_t *hub);
void ngx_http_chatws_hub_missed(ngx_http_chatws_subscriber_t *subscriber,
    uint64_t offset);

/*
 * Whether there are states, or other notifications without a number, that this
 * worker has not delivered yet: what the rows say now may be newer than those.
 */
ngx_uint_t ngx_http_chatws_hub_states_wait(ngx_http_chatws_hub_t *hub);

/*
 * Delivers what waits for a chat that the subscriber is in, and sets at->seq to
 * the number up to which it has got all.  NGX_AGAIN: the lock cannot be had
 * now, the subscriber has left the chat, or the command is being served that
 * has made the subscription.
 */
ngx_int_t ngx_http_chatws_hub_position(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *chat,
    chatws_subscribed_t *at);

/* Calls handler for each chat that the subscriber is in, in any order. */
void ngx_http_chatws_hub_each_chat(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_chat_pt handler, void *data);

/*
 * Whether an entry of the durable ring, at offset, is of a chat that the
 * subscriber is in, and not from before its subscription.
 */
ngx_uint_t ngx_http_chatws_hub_is_for(
    ngx_http_chatws_subscriber_t *subscriber, const chatws_entry_t *entry,
    uint64_t offset);

/*
 * Sets the offset of the durable ring from which on the notifications of its
 * chats are for the subscriber, in place of the time when it has subscribed.
 * The hub has delivered nothing since then, and the owner sends by itself what
 * is in front of the end of the ring at that time.
 */
void ngx_http_chatws_hub_begin_at(ngx_http_chatws_subscriber_t *subscriber,
    uint64_t offset);

/*
 * The same for one chat, to which it has just been subscribed: all from there
 * on is delivered, and the owner sends nothing of it.
 */
void ngx_http_chatws_hub_begin_chat(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat, uint64_t offset);

/*
 * Sets *seq to the number of the chat up to which the subscriber was handed all
 * notifications, or does not get them.  NGX_DECLINED: it is not in the chat.
 */
ngx_int_t ngx_http_chatws_hub_handed(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat, uint64_t *seq);

/*
 * Whether the subscriber is in the chat by a subscription that it had made
 * before the entry at this offset of the durable ring was written.
 */
ngx_uint_t ngx_http_chatws_hub_is_older(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *chat,
    uint64_t offset);


/*
 * A frame of a state that the hub has given to deliver() was left out, as the
 * peer is too slow: the subscription is stale.  May be called from there.
 */
void ngx_http_chatws_hub_left_out(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_outframe_t *frame);


/* notifications */

/*
 * Publishes a post, which stays the caller's.  row is the row of the chat if
 * the caller knows it, else 0.  counter is the one that counts notifications
 * of this kind.  posted is filled, without the array of wake-ups.
 *
 * NGX_OK: each subscriber will get the notification.  NGX_BUSY: nobody gets
 * it, there is no room now.  NGX_DECLINED: it is larger than the zone can
 * ever take.
 */
ngx_int_t ngx_http_chatws_hub_publish(ngx_http_chatws_hub_t *hub,
    uint32_t row, chatws_post_t *post, ngx_uint_t counter,
    chatws_posted_t *posted);

/* What a command takes back, for those who come later. */

typedef struct {
    chatws_revoked_key_t  key;
    uint64_t              before;    /* these two are in seconds, see */
    uint64_t              until;     /* chatws_revocations_add() */
} ngx_http_chatws_taken_t;


/*
 * Gives a command to all workers of the zone: each of them carries it out
 * once, in the order of the durable ring.  text stays the caller's.  taken is
 * NULL, or what is added to the revocations of the zone in front of it.
 *
 * NGX_OK.  NGX_BUSY: there is no room now; NGX_DECLINED: the revocations are
 * full, or the zone has none.  No worker will see it then, and nothing was
 * added.
 */
ngx_int_t ngx_http_chatws_hub_command(ngx_http_chatws_hub_t *hub,
    ngx_str_t *text, const ngx_http_chatws_taken_t *taken);

/*
 * The user of a subscriber begins to type in a chat, or goes on, with on; or
 * has ended on this connection.  Others are told what rules say; the strings
 * are the names to tell.  Whatever ends the subscription ends typing, too.
 *
 * NGX_DECLINED: the subscriber is not in the chat, or the zone has no table of
 * who types.
 */
ngx_int_t ngx_http_chatws_typing(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat, const chatws_typing_rules_t *rules, ngx_uint_t on,
    const ngx_str_t *user, const ngx_str_t *name);

/* Fills a list of those who type in a chat now, without a version. */
void ngx_http_chatws_typing_now(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *chat, chatws_typing_list_t *list);

/*
 * A message of a user, by its hash, was published in a chat: the user has
 * ended typing there, on all connections.
 */
void ngx_http_chatws_typing_sent(ngx_http_chatws_hub_t *hub, ngx_str_t *chat,
    uint64_t user);

/*
 * For a subscriber that goes to another worker: calls handler for each chat in
 * which it types; round and deadline, which is of a clock that all workers
 * share, are what the other worker gives to typing_adopt().
 */
void ngx_http_chatws_typing_each(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_typist_pt handler, void *data);

/* It has gone: what it types is not ended here. */
void ngx_http_chatws_typing_gone(ngx_http_chatws_subscriber_t *subscriber);

/* It has come, and is subscribed to the chat. */
void ngx_http_chatws_typing_adopt(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat, uint32_t round, uint64_t deadline);

/*
 * Uploads that are shown, see chatws_seat.h: there is at most one of the same
 * id, and a number of them of one user, in all workers.  user and upload are
 * keyed hashes, the latter of both the user and the id.
 */

/*
 * NGX_OK: it may be shown, and counts until leave().  NGX_DECLINED: it may not.
 * NGX_BUSY: it may, but can't be counted now.
 */
ngx_int_t ngx_http_chatws_upload_take(ngx_http_chatws_hub_t *hub,
    uint64_t user, uint64_t upload);

/* An upload that was counted counts no more. */
void ngx_http_chatws_upload_leave(ngx_http_chatws_hub_t *hub, uint64_t user,
    uint64_t upload);

/*
 * Delivers all that was published until now.  Returns the offset in the
 * durable ring before which the subscribers have got everything, and from
 * which on they have got nothing.  CHATWS_OFF_NONE: this worker has missed
 * something, its subscribers are going to be told so.
 */
uint64_t ngx_http_chatws_deliver_position(ngx_http_chatws_hub_t *hub);


#endif /* _NGX_HTTP_CHATWS_HUB_H_INCLUDED_ */
