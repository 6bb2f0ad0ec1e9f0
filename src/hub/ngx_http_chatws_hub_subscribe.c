
/*
 * Copyright (C) chatws contributors
 *
 * The subscriptions of this worker: chats and their members, and the
 * subscriptions of each subscriber.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_array.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* members that a chat has memory for at first */
#define NGX_HTTP_CHATWS_MEMBERS_MIN  2


static ngx_http_chatws_local_chat_t *ngx_http_chatws_chat_find(
    ngx_http_chatws_hub_t *hub, ngx_str_t *id, uint64_t hash);
static ngx_http_chatws_local_chat_t *ngx_http_chatws_chat_create(
    ngx_http_chatws_hub_t *hub, ngx_str_t *id, uint64_t hash,
    chatws_subscribed_t *shared);
static void ngx_http_chatws_chat_destroy(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_local_chat_t *chat);
static ngx_int_t ngx_http_chatws_chat_reserve(
    ngx_http_chatws_local_chat_t *chat);
static ngx_int_t ngx_http_chatws_sub_create(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *id, uint64_t hash,
    ngx_http_chatws_local_chat_t *chat, uint32_t share,
    chatws_subscribed_t *at);
static ngx_int_t ngx_http_chatws_sub_skip(ngx_http_chatws_sub_t *sub,
    uint32_t mark, chatws_subscribed_t *at);
static ngx_int_t ngx_http_chatws_sub_catch_up(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *id, uint32_t mark,
    chatws_subscribed_t *at);
static uint64_t ngx_http_chatws_sub_waiting(ngx_http_chatws_sub_t *sub,
    uint64_t offset, uint64_t head);
static uint64_t ngx_http_chatws_sub_key(
    ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat);
static void ngx_http_chatws_sub_add(ngx_http_chatws_sub_t *sub,
    ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat, chatws_subscribed_t *at);
static void ngx_http_chatws_sub_del(ngx_http_chatws_sub_t *sub,
    ngx_uint_t asked);


ngx_int_t
ngx_http_chatws_join(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *user,
    ngx_uint_t own)
{
    ngx_memzero(subscriber, sizeof(ngx_http_chatws_subscriber_t));

    subscriber->hub = hub;
    subscriber->user = ngx_http_chatws_hub_hash(hub, user);
    subscriber->own = own;

    return hub->slot == CHATWS_SLOT_NONE ? NGX_BUSY : NGX_OK;
}


void
ngx_http_chatws_leave(ngx_http_chatws_subscriber_t *subscriber)
{
    ngx_http_chatws_deliver_forget(subscriber, NULL);

    while (subscriber->subs != NULL) {
        ngx_http_chatws_sub_del(subscriber->subs, 0);
    }
}


ngx_int_t
ngx_http_chatws_subscribe(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id, uint32_t share, uint32_t mark, ngx_uint_t replay,
    chatws_subscribed_t *at)
{
    uint64_t                       hash;
    ngx_int_t                      rc;
    ngx_http_chatws_sub_t         *sub;
    ngx_http_chatws_local_chat_t  *chat;

    hash = ngx_http_chatws_hub_hash(subscriber->hub, id);
    chat = ngx_http_chatws_chat_find(subscriber->hub, id, hash);
    sub = chat != NULL ? ngx_http_chatws_sub_find(subscriber, chat) : NULL;

    if (sub == NULL) {
        rc = ngx_http_chatws_sub_create(subscriber, id, hash, chat, share,
                                        at);

        if (rc == NGX_OK) {

            /* a new one is the first of the list */

            subscriber->subs->mark = mark;
        }

        return rc;
    }

    if (replay) {
        return ngx_http_chatws_sub_skip(sub, mark, at);
    }

    return ngx_http_chatws_sub_catch_up(subscriber, id, mark, at);
}


ngx_int_t
ngx_http_chatws_subscribe_inbox(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *user, ngx_uint_t replay, chatws_subscribed_t *at)
{
    u_char     buf[CHATWS_INBOX_MAX];
    ngx_int_t  rc;
    ngx_str_t  id;

    chatws_inbox_id((chatws_str_t *) &id, buf, (chatws_str_t *) user);

    rc = ngx_http_chatws_subscribe(subscriber, &id, CHATWS_SHARE_ANY, 0,
                                   replay, at);

    if (rc == NGX_OK) {

        /* all who are in an inbox follow the state of the user's chats */

        ngx_http_chatws_hub_set_state(subscriber, &id);
    }

    return rc;
}


/*
 * Subscribes a subscriber that is not in the chat; chat is NULL if nobody in
 * this worker is.
 */

static ngx_int_t
ngx_http_chatws_sub_create(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id, uint64_t hash, ngx_http_chatws_local_chat_t *chat,
    uint32_t share, chatws_subscribed_t *at)
{
    ngx_int_t                rc;
    ngx_http_chatws_sub_t   *sub;
    ngx_http_chatws_ended_t  ended;

    /* memory first: if there is none, nothing is to be undone in the zone */

    sub = ngx_alloc(sizeof(ngx_http_chatws_sub_t), ngx_cycle->log);
    if (sub == NULL) {
        return NGX_ERROR;
    }

    if (chat != NULL && ngx_http_chatws_chat_reserve(chat) != NGX_OK) {
        ngx_free(sub);
        return NGX_ERROR;
    }

    rc = ngx_http_chatws_shared_add(subscriber, id, share, at);

    if (rc != NGX_OK) {
        ngx_free(sub);
        return rc;
    }

    if (chat == NULL) {
        chat = ngx_http_chatws_chat_create(subscriber->hub, id, hash, at);

        if (chat == NULL) {
            ended.it.user = subscriber->user;
            ended.it.chat = hash;
            ended.it.row = at->chat;
            ended.it.inbox = chatws_inbox_is(id);
            ended.it.asked = 1;

            ngx_http_chatws_shared_del(sub, subscriber, &ended);
            return NGX_ERROR;
        }
    }

    ngx_http_chatws_sub_add(sub, subscriber, chat, at);

    return NGX_OK;
}


/*
 * The subscriber is in the chat already, and its owner sends it all
 * notifications with numbers up to the present one.  Those that still wait to
 * be delivered are skipped; notifications without a number are delivered, for
 * the owner cannot send them.
 */

static ngx_int_t
ngx_http_chatws_sub_skip(ngx_http_chatws_sub_t *sub, uint32_t mark,
    chatws_subscribed_t *at)
{
    ngx_http_chatws_hub_t  *hub;

    hub = sub->subscriber->hub;

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    chatws_store_position(hub->zone.store, sub->chat->row, at);

    ngx_http_chatws_zone_unlock(&hub->zone);

    sub->upto = at->seq;
    sub->mark = mark;

    /* below this offset each member is asked by is_expected() */

    sub->chat->from = at->head;

    return NGX_OK;
}


/*
 * The subscriber is in the chat already, and is to get the notifications with
 * numbers up to at->seq before the call returns.  Others may be published
 * while these are delivered: at->seq is the number before those.
 */

static ngx_int_t
ngx_http_chatws_sub_catch_up(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id, uint32_t mark, chatws_subscribed_t *at)
{
    uint64_t                offset, seq;
    ngx_http_chatws_hub_t  *hub;
    ngx_http_chatws_sub_t  *sub;

    hub = subscriber->hub;

    if (ngx_http_chatws_deliver_until(hub,
                           chatws_ring_head(ngx_http_chatws_hub_ring(hub)))
        != NGX_OK)
    {
        return NGX_AGAIN;
    }

    /* a subscriber that was too slow for all of these has left */

    sub = ngx_http_chatws_sub_of(subscriber, id);

    if (sub == NULL) {
        return NGX_AGAIN;
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    chatws_store_position(hub->zone.store, sub->chat->row, at);
    offset = chatws_store_cursor(hub->zone.store, hub->slot, CHATWS_DURABLE);

    ngx_http_chatws_zone_unlock(&hub->zone);

    sub->mark = mark;

    seq = ngx_http_chatws_sub_waiting(sub, offset, at->head);

    if (seq != 0) {
        at->seq = seq - 1;
    }

    return NGX_OK;
}


/*
 * The number of the first notification of the chat in the ring from offset,
 * the worker's cursor, to head: those wait to be delivered.  0: there is none.
 */

static uint64_t
ngx_http_chatws_sub_waiting(ngx_http_chatws_sub_t *sub, uint64_t offset,
    uint64_t head)
{
    uint64_t                next;
    const chatws_ring_t    *ring;
    const chatws_entry_t   *entry;
    ngx_http_chatws_hub_t  *hub;

    hub = sub->subscriber->hub;
    ring = ngx_http_chatws_hub_ring(hub);

    /* a worker without a cursor has the largest offset of all */

    for ( /* void */ ; offset < head; offset = next) {
        entry = chatws_ring_entry(ring, offset, &next);

        if (entry == NULL) {
            break;
        }

        if (entry->seq != 0
            && ngx_http_chatws_collect_chat(hub, entry) == sub->chat)
        {
            return entry->seq;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_chatws_unsubscribe(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id)
{
    ngx_http_chatws_sub_t  *sub;

    sub = ngx_http_chatws_sub_of(subscriber, id);

    if (sub == NULL) {
        return NGX_DECLINED;
    }

    ngx_http_chatws_deliver_forget(subscriber, sub->chat);
    ngx_http_chatws_sub_del(sub, 1);

    return NGX_OK;
}


uint32_t
ngx_http_chatws_subscribed(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id)
{
    ngx_http_chatws_sub_t  *sub;

    sub = ngx_http_chatws_sub_of(subscriber, id);

    return sub != NULL ? sub->chat->row : 0;
}


uint32_t *
ngx_http_chatws_hub_mark(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id)
{
    ngx_http_chatws_sub_t  *sub;

    sub = ngx_http_chatws_sub_of(subscriber, id);

    return sub != NULL ? &sub->mark : NULL;
}


ngx_uint_t
ngx_http_chatws_hub_is_for(ngx_http_chatws_subscriber_t *subscriber,
    const chatws_entry_t *entry, uint64_t offset)
{
    ngx_http_chatws_sub_t         *sub;
    ngx_http_chatws_local_chat_t  *chat;

    chat = ngx_http_chatws_collect_chat(subscriber->hub, entry);

    if (chat == NULL) {
        return 0;
    }

    sub = ngx_http_chatws_sub_find(subscriber, chat);

    return sub != NULL && offset >= sub->from;
}


void
ngx_http_chatws_hub_begin_at(ngx_http_chatws_subscriber_t *subscriber,
    uint64_t offset)
{
    ngx_http_chatws_sub_t  *sub;

    for (sub = subscriber->subs; sub != NULL; sub = sub->next) {
        sub->from = offset;

        /* below this offset each member is asked by is_expected() */

        sub->chat->from = ngx_max(sub->chat->from, offset);
    }
}


ngx_uint_t
ngx_http_chatws_hub_is_older(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id, uint64_t offset)
{
    ngx_http_chatws_sub_t  *sub;

    sub = ngx_http_chatws_sub_of(subscriber, id);

    return sub != NULL && sub->from <= offset;
}


ngx_uint_t
ngx_http_chatws_is_expected(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat, uint64_t offset, uint64_t seq)
{
    ngx_http_chatws_sub_t  *sub;

    sub = ngx_http_chatws_sub_find(subscriber, chat);

    if (sub == NULL || offset < sub->from) {
        return 0;
    }

    return seq == 0 || seq > sub->upto;
}


ngx_http_chatws_sub_t *
ngx_http_chatws_sub_of(ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *id)
{
    ngx_http_chatws_local_chat_t  *chat;

    chat = ngx_http_chatws_chat_find(subscriber->hub, id,
                            ngx_http_chatws_hub_hash(subscriber->hub, id));

    return chat != NULL ? ngx_http_chatws_sub_find(subscriber, chat) : NULL;
}


static ngx_http_chatws_local_chat_t *
ngx_http_chatws_chat_find(ngx_http_chatws_hub_t *hub, ngx_str_t *id,
    uint64_t hash)
{
    ngx_http_chatws_node_t        *node;
    ngx_http_chatws_local_chat_t  *chat;

    for (node = ngx_http_chatws_index_first(&hub->chats, hash);
         node != NULL;
         node = ngx_http_chatws_index_next(node))
    {
        chat = ngx_http_chatws_node_data(node, ngx_http_chatws_local_chat_t,
                                         by_id);

        if (chat->id.len == id->len
            && ngx_memcmp(chat->id.data, id->data, id->len) == 0)
        {
            return chat;
        }
    }

    return NULL;
}


static ngx_http_chatws_local_chat_t *
ngx_http_chatws_chat_create(ngx_http_chatws_hub_t *hub, ngx_str_t *id,
    uint64_t hash, chatws_subscribed_t *shared)
{
    ngx_http_chatws_local_chat_t  *chat;

    chat = ngx_alloc(sizeof(ngx_http_chatws_local_chat_t) + id->len,
                     ngx_cycle->log);
    if (chat == NULL) {
        return NULL;
    }

    ngx_memzero(chat, sizeof(ngx_http_chatws_local_chat_t));

    if (ngx_http_chatws_chat_reserve(chat) != NGX_OK) {
        ngx_free(chat);
        return NULL;
    }

    chat->id.len = id->len;
    chat->id.data = (u_char *) (chat + 1);
    ngx_memcpy(chat->id.data, id->data, id->len);

    chat->serial = shared->serial;
    chat->row = shared->chat;

    chat->by_id.key = hash;
    chat->by_row.key = shared->chat;

    ngx_http_chatws_index_add(&hub->chats, &chat->by_id, ngx_cycle->log);
    ngx_http_chatws_index_add(&hub->rows, &chat->by_row, ngx_cycle->log);

    return chat;
}


static void
ngx_http_chatws_chat_destroy(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_local_chat_t *chat)
{
    ngx_http_chatws_index_del(&hub->chats, &chat->by_id);
    ngx_http_chatws_index_del(&hub->rows, &chat->by_row);

    ngx_free(chat->members);
    ngx_free(chat);
}


/* Makes room for one more member. */

static ngx_int_t
ngx_http_chatws_chat_reserve(ngx_http_chatws_local_chat_t *chat)
{
    uint32_t                   size;
    ngx_http_chatws_member_t  *members;

    if (chat->n < chat->size) {
        return NGX_OK;
    }

    size = ngx_max(chat->size * 2, NGX_HTTP_CHATWS_MEMBERS_MIN);

    members = ngx_http_chatws_array_resize(chat->members,
                                  chat->n * sizeof(ngx_http_chatws_member_t),
                                  size * sizeof(ngx_http_chatws_member_t),
                                  ngx_cycle->log);
    if (members == NULL) {
        return NGX_ERROR;
    }

    chat->members = members;
    chat->size = size;

    return NGX_OK;
}


/* Both addresses mixed: their lower bits are much alike. */

static uint64_t
ngx_http_chatws_sub_key(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat)
{
    uint64_t  key;

    key = (uint64_t) (uintptr_t) subscriber * 0x9e3779b97f4a7c15
          + (uint64_t) (uintptr_t) chat;
    key *= 0xff51afd7ed558ccd;

    return key ^ (key >> 32);
}


ngx_http_chatws_sub_t *
ngx_http_chatws_sub_find(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat)
{
    ngx_http_chatws_sub_t   *sub;
    ngx_http_chatws_node_t  *node;

    for (node = ngx_http_chatws_index_first(&subscriber->hub->subs,
                                   ngx_http_chatws_sub_key(subscriber, chat));
         node != NULL;
         node = ngx_http_chatws_index_next(node))
    {
        sub = ngx_http_chatws_node_data(node, ngx_http_chatws_sub_t, node);

        if (sub->subscriber == subscriber && sub->chat == chat) {
            return sub;
        }
    }

    return NULL;
}


static void
ngx_http_chatws_sub_add(ngx_http_chatws_sub_t *sub,
    ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat, chatws_subscribed_t *at)
{
    sub->node.key = ngx_http_chatws_sub_key(subscriber, chat);
    sub->subscriber = subscriber;
    sub->chat = chat;
    sub->from = at->head;
    sub->upto = at->seq;
    sub->pos = chat->n;
    sub->state = 0;
    sub->stale = 0;
    sub->mark = 0;

    sub->next = subscriber->subs;
    sub->prev = &subscriber->subs;

    if (sub->next != NULL) {
        sub->next->prev = &sub->next;
    }

    subscriber->subs = sub;

    if (!chatws_inbox_is(&chat->id)) {
        subscriber->nsubs++;
    }

    chat->members[chat->n].subscriber = subscriber;
    chat->members[chat->n].sub = sub;
    chat->n++;

    if (at->head > chat->from) {
        chat->from = at->head;
    }

    ngx_http_chatws_index_add(&subscriber->hub->subs, &sub->node,
                              ngx_cycle->log);
}


static void
ngx_http_chatws_sub_del(ngx_http_chatws_sub_t *sub, ngx_uint_t asked)
{
    ngx_http_chatws_hub_t         *hub;
    ngx_http_chatws_ended_t        ended;
    ngx_http_chatws_local_chat_t  *chat;
    ngx_http_chatws_member_t      *last;
    ngx_http_chatws_subscriber_t  *subscriber;

    subscriber = sub->subscriber;
    chat = sub->chat;
    hub = subscriber->hub;

    if (subscriber->typing) {
        ngx_http_chatws_typing_left(sub);
    }

    ngx_http_chatws_index_del(&hub->subs, &sub->node);

    /* the last member takes the place that becomes free */

    last = &chat->members[--chat->n];
    last->sub->pos = sub->pos;
    chat->members[sub->pos] = *last;

    *sub->prev = sub->next;

    if (sub->next != NULL) {
        sub->next->prev = sub->prev;
    }

    if (!chatws_inbox_is(&chat->id)) {
        subscriber->nsubs--;
    }

    ended.it.user = subscriber->user;
    ended.it.chat = chat->by_id.key;
    ended.it.row = chat->row;
    ended.it.inbox = chatws_inbox_is(&chat->id);
    ended.it.asked = asked;

    if (chat->n == 0) {
        ngx_http_chatws_chat_destroy(hub, chat);
    }

    ngx_http_chatws_shared_del(sub, subscriber, &ended);
}
