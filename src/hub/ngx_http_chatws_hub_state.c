
/*
 * Copyright (C) chatws contributors
 *
 * Subscriptions that are told states, and those that have missed some.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "hub/ngx_http_chatws_hub_people.h"
#include "hub/ngx_http_chatws_hub_private.h"


ngx_uint_t
ngx_http_chatws_hub_has_state(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id)
{
    ngx_http_chatws_sub_t  *sub;

    sub = ngx_http_chatws_sub_of(subscriber, id);

    return sub != NULL && sub->state;
}


void
ngx_http_chatws_hub_set_state(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id)
{
    ngx_http_chatws_sub_t  *sub;

    sub = ngx_http_chatws_sub_of(subscriber, id);

    if (sub != NULL) {
        sub->state = 1;
    }
}


void
ngx_http_chatws_hub_set_stale(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id)
{
    ngx_http_chatws_sub_t  *sub;

    sub = ngx_http_chatws_sub_of(subscriber, id);

    if (sub != NULL && sub->state) {
        sub->stale = 1;
    }
}


ngx_uint_t
ngx_http_chatws_hub_fresh(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat, u_char *buf)
{
    ngx_http_chatws_sub_t  *sub;

    for (sub = subscriber->subs; sub != NULL; sub = sub->next) {

        if (sub->stale) {
            sub->stale = 0;

            chat->len = sub->chat->id.len;
            chat->data = buf;
            ngx_memcpy(buf, sub->chat->id.data, chat->len);

            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_chatws_hub_position(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id, chatws_subscribed_t *at)
{
    ngx_int_t               rc;
    ngx_http_chatws_hub_t  *hub;
    ngx_http_chatws_sub_t  *sub;

    hub = subscriber->hub;
    sub = ngx_http_chatws_sub_of(subscriber, id);

    if (sub == NULL) {
        return NGX_AGAIN;
    }

    /* changes that are delivered meanwhile are in the whole state, too */

    sub->stale = sub->state;

    rc = ngx_http_chatws_subscribe(subscriber, id, CHATWS_SHARE_ANY,
                                   sub->mark, 0, at);
    if (rc != NGX_OK) {
        return rc;
    }

    sub->stale = 0;

    /*
     * The command that has made the subscription is being served: what its
     * user is told of that comes behind it, and first.
     */

    return chatws_store_cursor(hub->zone.store, hub->slot, CHATWS_DURABLE)
           <= sub->from
           ? NGX_AGAIN : NGX_OK;
}


void
ngx_http_chatws_sub_stale(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat)
{
    ngx_http_chatws_sub_t  *sub;

    if (chat != NULL) {
        sub = ngx_http_chatws_sub_find(subscriber, chat);

        if (sub != NULL) {
            sub->stale = sub->state;
        }

        return;
    }

    for (sub = subscriber->subs; sub != NULL; sub = sub->next) {
        sub->stale = sub->state;
    }
}


void
ngx_http_chatws_hub_left_out(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_outframe_t *frame)
{
    ngx_http_chatws_note_t  *note;

    note = (ngx_http_chatws_note_t *) frame;

    ngx_http_chatws_sub_stale(subscriber, note->chat);
}


ngx_uint_t
ngx_http_chatws_state_is_for(ngx_http_chatws_subscriber_t *subscriber,
    const ngx_http_chatws_note_t *note)
{
    int                     secret;
    uint64_t                chat;
    chatws_people_t        *tb;
    ngx_http_chatws_hub_t  *hub;
    ngx_http_chatws_sub_t  *sub;

    hub = subscriber->hub;
    sub = ngx_http_chatws_sub_find(subscriber, note->chat);

    if (sub == NULL
        || !sub->state
        || sub->stale
        || note->sender == ngx_http_chatws_sub_tag(subscriber))
    {
        return 0;
    }

    tb = ngx_http_chatws_people(hub);

    if (note->own == 0 || tb == NULL) {
        return 1;
    }

    /* who tells others nothing is told nothing; that may change at any time */

    chat = note->chat->by_id.key;

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        sub->stale = 1;
        ngx_http_chatws_hub_again(hub);
        return 0;
    }

    secret = chatws_people_is_secret(tb, subscriber->user, chat);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return !secret;
}


uint64_t
ngx_http_chatws_hub_states(ngx_http_chatws_hub_t *hub)
{
    uint64_t  cursor, head;

    head = chatws_ring_head(chatws_store_ring(hub->zone.store,
                                              CHATWS_EPHEMERAL));
    cursor = chatws_store_cursor(hub->zone.store, hub->slot, CHATWS_EPHEMERAL);

    return cursor == CHATWS_OFF_NONE ? head : cursor;
}


ngx_uint_t
ngx_http_chatws_hub_states_wait(ngx_http_chatws_hub_t *hub)
{
    uint64_t  head;

    /* the head first: an entry below it has a cursor by then */

    head = chatws_ring_head(chatws_store_ring(hub->zone.store,
                                              CHATWS_EPHEMERAL));

    return chatws_store_cursor(hub->zone.store, hub->slot, CHATWS_EPHEMERAL)
           < head;
}


void
ngx_http_chatws_hub_missed(ngx_http_chatws_subscriber_t *subscriber,
    uint64_t offset)
{
    uint64_t                       head, next;
    const chatws_ring_t           *ring;
    const chatws_entry_t          *entry;
    ngx_http_chatws_local_chat_t  *chat;

    ring = chatws_store_ring(subscriber->hub->zone.store, CHATWS_EPHEMERAL);
    head = chatws_ring_head(ring);

    if (!chatws_ring_is_held(ring, offset)) {
        ngx_http_chatws_sub_stale(subscriber, NULL);
        return;
    }

    for (next = offset; offset < head; offset = next) {

        entry = chatws_ring_entry(ring, offset, &next);

        if (entry == NULL) {
            break;
        }

        if (entry->own & CHATWS_ENTRY_STATE) {
            chat = ngx_http_chatws_collect_chat(subscriber->hub, entry);

            if (chat != NULL) {
                ngx_http_chatws_sub_stale(subscriber, chat);
            }
        }
    }

    /* what was overwritten while it was read may have been anything */

    if (next == CHATWS_OFF_NONE || !chatws_ring_is_held(ring, offset)) {
        ngx_http_chatws_sub_stale(subscriber, NULL);
    }
}
