
/*
 * Copyright (C) chatws contributors
 *
 * Who is subscribed to what in this worker: chats, their members, and the
 * subscriptions of each subscriber.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "hub/ngx_http_chatws_hub.h"


#define NGX_HTTP_CHATWS_MEMBERS_MIN  2

/* of those that ended, taken out of the zone in one turn */
#define NGX_HTTP_CHATWS_ENDED        1024


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
static ngx_int_t ngx_http_chatws_sub_renew(ngx_http_chatws_sub_t *sub,
    chatws_subscribed_t *at);
static ngx_int_t ngx_http_chatws_sub_again(ngx_http_chatws_sub_t *sub,
    chatws_subscribed_t *at);
static ngx_int_t ngx_http_chatws_store_add(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *id, uint32_t share,
    ngx_uint_t renew, chatws_subscribed_t *at);
static void ngx_http_chatws_store_del(ngx_http_chatws_sub_t *sub,
    ngx_http_chatws_subscriber_t *subscriber, uint32_t row);
static ngx_int_t ngx_http_chatws_store_end(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_ended_t *ended);
static uint64_t ngx_http_chatws_sub_key(
    ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat);
static ngx_http_chatws_sub_t *ngx_http_chatws_sub_find(
    ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat);
static void ngx_http_chatws_sub_add(ngx_http_chatws_sub_t *sub,
    ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat, chatws_subscribed_t *at);
static void ngx_http_chatws_sub_del(ngx_http_chatws_sub_t *sub);


ngx_int_t
ngx_http_chatws_join(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *user,
    ngx_uint_t own)
{
    ngx_memzero(subscriber, sizeof(ngx_http_chatws_subscriber_t));

    subscriber->hub = hub;
    subscriber->user = ngx_http_chatws_hub_user(hub, user);
    subscriber->own = own;

    return hub->slot == CHATWS_SLOT_NONE ? NGX_BUSY : NGX_OK;
}


void
ngx_http_chatws_leave(ngx_http_chatws_subscriber_t *subscriber)
{
    ngx_http_chatws_deliver_forget(subscriber, NULL);

    while (subscriber->subs != NULL) {
        ngx_http_chatws_sub_del(subscriber->subs);
    }
}


ngx_int_t
ngx_http_chatws_subscribe(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id, uint32_t share, ngx_uint_t replay,
    chatws_subscribed_t *at)
{
    uint64_t                       hash;
    ngx_http_chatws_sub_t         *sub;
    ngx_http_chatws_local_chat_t  *chat;

    hash = chatws_store_hash(subscriber->hub->zone.store, id->data, id->len);
    chat = ngx_http_chatws_chat_find(subscriber->hub, id, hash);

    if (chat == NULL) {
        return ngx_http_chatws_sub_create(subscriber, id, hash, NULL, share,
                                          at);
    }

    sub = ngx_http_chatws_sub_find(subscriber, chat);

    if (sub == NULL) {
        return ngx_http_chatws_sub_create(subscriber, id, hash, chat, share,
                                          at);
    }

    if (replay) {
        return ngx_http_chatws_sub_renew(sub, at);
    }

    return ngx_http_chatws_sub_again(sub, at);
}


/* The first subscription of this subscriber to a chat. */

static ngx_int_t
ngx_http_chatws_sub_create(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id, uint64_t hash, ngx_http_chatws_local_chat_t *chat,
    uint32_t share, chatws_subscribed_t *at)
{
    ngx_int_t               rc;
    ngx_http_chatws_sub_t  *sub;

    /* memory first, so that the shared state needs no undoing for it */

    sub = ngx_alloc(sizeof(ngx_http_chatws_sub_t), ngx_cycle->log);
    if (sub == NULL) {
        return NGX_ERROR;
    }

    if (chat != NULL && ngx_http_chatws_chat_reserve(chat) != NGX_OK) {
        ngx_free(sub);
        return NGX_ERROR;
    }

    rc = ngx_http_chatws_store_add(subscriber, id, share, 0, at);

    if (rc != NGX_OK) {
        ngx_free(sub);
        return rc;
    }

    if (chat == NULL) {
        chat = ngx_http_chatws_chat_create(subscriber->hub, id, hash, at);

        if (chat == NULL) {
            ngx_http_chatws_store_del(sub, subscriber, at->chat);
            return NGX_ERROR;
        }
    }

    ngx_http_chatws_sub_add(sub, subscriber, chat, at);

    return NGX_OK;
}


/*
 * Subscribed already, and the caller sends what was numbered until now: what
 * of that waits to be drained is not for this subscriber any more, unlike
 * what has no number and can't be sent again.
 */

static ngx_int_t
ngx_http_chatws_sub_renew(ngx_http_chatws_sub_t *sub,
    chatws_subscribed_t *at)
{
    ngx_int_t                      rc;
    ngx_http_chatws_local_chat_t  *chat;

    chat = sub->chat;

    rc = ngx_http_chatws_store_add(sub->subscriber, &chat->id,
                                   CHATWS_SHARE_ANY, 1, at);
    if (rc != NGX_OK) {
        return rc;
    }

    sub->upto = (uint32_t) at->seq;
    chat->from = at->head;

    return NGX_OK;
}


/*
 * Subscribed already: what is published up to at->seq goes out first, and
 * nothing else, though more may come while that is served.
 */

static ngx_int_t
ngx_http_chatws_sub_again(ngx_http_chatws_sub_t *sub,
    chatws_subscribed_t *at)
{
    uint64_t                next, offset;
    chatws_entry_t         *entry;
    ngx_http_chatws_hub_t  *hub;

    hub = sub->subscriber->hub;

    if (ngx_http_chatws_deliver_until(hub, chatws_store_head(hub->zone.store,
                                                             CHATWS_DURABLE))
        != NGX_OK)
    {
        return NGX_AGAIN;
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    at->seq = chatws_store_seq(hub->zone.store, sub->chat->row);
    at->head = chatws_store_head(hub->zone.store, CHATWS_DURABLE);
    offset = chatws_store_cursor(hub->zone.store, hub->slot, CHATWS_DURABLE);

    ngx_http_chatws_zone_unlock(&hub->zone);

    /* the number before the first one that waits */

    for ( /* void */ ; offset < at->head; offset = next) {

        entry = chatws_store_entry(hub->zone.store, CHATWS_DURABLE, offset,
                                   &next);

        if (entry == NULL) {
            break;
        }

        if (entry->seq != 0
            && ngx_http_chatws_collect_chat(hub, entry) == sub->chat)
        {
            at->seq = entry->seq - 1;
            break;
        }
    }

    return NGX_OK;
}


/* With renew in place of a subscription that is there. */

static ngx_int_t
ngx_http_chatws_store_add(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id, uint32_t share, ngx_uint_t renew, chatws_subscribed_t *at)
{
    uint32_t                flags;
    chatws_rc_e             rc;
    ngx_http_chatws_hub_t  *hub;

    hub = subscriber->hub;
    flags = subscriber->own ? CHATWS_MEMBER_OWN : 0;

    chatws_store_prefetch(hub->zone.store, (chatws_str_t *) id);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    rc = chatws_store_subscribe(hub->zone.store, hub->slot,
                                (chatws_str_t *) id, subscriber->user, flags,
                                share, at);

    if (rc == CHATWS_OK && renew) {
        chatws_store_unsubscribe(hub->zone.store, hub->slot, at->chat,
                                 subscriber->user, flags, 0);
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    switch (rc) {

    case CHATWS_OK:
        return NGX_OK;

    case CHATWS_DECLINED:
        return NGX_DECLINED;

    default:
        return NGX_BUSY;
    }
}


/*
 * Frees the subscription, which nothing refers to any more.  When the lock
 * can't be had, its memory keeps what is still to be done.
 */

static void
ngx_http_chatws_store_del(ngx_http_chatws_sub_t *sub,
    ngx_http_chatws_subscriber_t *subscriber, uint32_t row)
{
    ngx_http_chatws_hub_t    *hub;
    ngx_http_chatws_ended_t   ended, *keep;

    hub = subscriber->hub;

    ended.user = subscriber->user;
    ended.row = row;
    ended.flags = subscriber->own ? CHATWS_MEMBER_OWN : 0;

    if (ngx_http_chatws_store_end(hub, &ended) == NGX_OK) {
        ngx_free(sub);
        return;
    }

    ended.next = hub->ended;

    keep = (ngx_http_chatws_ended_t *) sub;
    *keep = ended;

    hub->ended = keep;

    ngx_http_chatws_hub_again(hub);
}


static ngx_int_t
ngx_http_chatws_store_end(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_ended_t *ended)
{
    ngx_uint_t  last;

    last = ngx_http_chatws_index_first(&hub->rows, ended->row) == NULL;

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    chatws_store_unsubscribe(hub->zone.store, hub->slot, ended->row,
                             ended->user, ended->flags, last);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return NGX_OK;
}


void
ngx_http_chatws_hub_end(ngx_http_chatws_hub_t *hub)
{
    ngx_uint_t                n;
    ngx_http_chatws_ended_t  *ended;

    for (n = 0; hub->ended != NULL; n++) {
        ended = hub->ended;

        if (n == NGX_HTTP_CHATWS_ENDED
            || ngx_http_chatws_store_end(hub, ended) != NGX_OK)
        {
            ngx_http_chatws_hub_again(hub);
            return;
        }

        hub->ended = ended->next;
        ngx_free(ended);
    }
}


ngx_int_t
ngx_http_chatws_unsubscribe(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id)
{
    uint64_t                       hash;
    ngx_http_chatws_sub_t         *sub;
    ngx_http_chatws_local_chat_t  *chat;

    hash = chatws_store_hash(subscriber->hub->zone.store, id->data, id->len);
    chat = ngx_http_chatws_chat_find(subscriber->hub, id, hash);

    if (chat == NULL) {
        return NGX_DECLINED;
    }

    sub = ngx_http_chatws_sub_find(subscriber, chat);

    if (sub == NULL) {
        return NGX_DECLINED;
    }

    ngx_http_chatws_deliver_forget(subscriber, chat);
    ngx_http_chatws_sub_del(sub);

    return NGX_OK;
}


uint32_t
ngx_http_chatws_subscribed(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id)
{
    uint64_t                       hash;
    ngx_http_chatws_local_chat_t  *chat;

    hash = chatws_store_hash(subscriber->hub->zone.store, id->data, id->len);
    chat = ngx_http_chatws_chat_find(subscriber->hub, id, hash);

    if (chat == NULL || ngx_http_chatws_sub_find(subscriber, chat) == NULL) {
        return 0;
    }

    return chat->row;
}


uint64_t
ngx_http_chatws_since(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat)
{
    ngx_http_chatws_sub_t  *sub;

    sub = ngx_http_chatws_sub_find(subscriber, chat);

    return sub == NULL ? CHATWS_OFF_NONE : sub->from;
}


ngx_uint_t
ngx_http_chatws_expects(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat, uint64_t offset, uint64_t seq)
{
    ngx_http_chatws_sub_t  *sub;

    sub = ngx_http_chatws_sub_find(subscriber, chat);

    if (sub == NULL || offset < sub->from) {
        return 0;
    }

    /* what may be too old is near enough for half of the numbers */

    return seq == 0 || (int32_t) ((uint32_t) seq - sub->upto) > 0;
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
        chat = (ngx_http_chatws_local_chat_t *)
                   ((u_char *) node
                    - offsetof(ngx_http_chatws_local_chat_t, by_id));

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

    members = ngx_alloc(size * sizeof(ngx_http_chatws_member_t),
                        ngx_cycle->log);
    if (members == NULL) {
        return NGX_ERROR;
    }

    if (chat->n != 0) {
        ngx_memcpy(members, chat->members,
                   chat->n * sizeof(ngx_http_chatws_member_t));
    }

    ngx_free(chat->members);

    chat->members = members;
    chat->size = size;

    return NGX_OK;
}


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


static ngx_http_chatws_sub_t *
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
        sub = (ngx_http_chatws_sub_t *) node;

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
    sub->upto = (uint32_t) at->seq;
    sub->pos = chat->n;

    sub->next = subscriber->subs;
    sub->prev = &subscriber->subs;

    if (sub->next != NULL) {
        sub->next->prev = &sub->next;
    }

    subscriber->subs = sub;
    subscriber->nsubs++;

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
ngx_http_chatws_sub_del(ngx_http_chatws_sub_t *sub)
{
    uint32_t                       row;
    ngx_http_chatws_hub_t         *hub;
    ngx_http_chatws_local_chat_t  *chat;
    ngx_http_chatws_member_t      *last;
    ngx_http_chatws_subscriber_t  *subscriber;

    subscriber = sub->subscriber;
    chat = sub->chat;
    hub = subscriber->hub;

    ngx_http_chatws_index_del(&hub->subs, &sub->node);

    last = &chat->members[--chat->n];
    last->sub->pos = sub->pos;
    chat->members[sub->pos] = *last;

    *sub->prev = sub->next;

    if (sub->next != NULL) {
        sub->next->prev = sub->prev;
    }

    subscriber->nsubs--;

    row = chat->row;

    if (chat->n == 0) {
        ngx_http_chatws_chat_destroy(hub, chat);
    }

    ngx_http_chatws_store_del(sub, subscriber, row);
}
