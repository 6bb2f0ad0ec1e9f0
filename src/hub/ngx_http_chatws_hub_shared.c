
/*
 * Copyright (C) chatws contributors
 *
 * The subscriptions of this worker in the zone: each is added to it and
 * removed from it.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "hub/ngx_http_chatws_hub_private.h"


/* ended subscriptions taken out of the zone before other events */
#define NGX_HTTP_CHATWS_ENDED  1024


static uint32_t ngx_http_chatws_shared_flags(
    const ngx_http_chatws_subscriber_t *subscriber, ngx_uint_t inbox);
static ngx_int_t ngx_http_chatws_shared_del_ended(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_ended_t *ended);


ngx_int_t
ngx_http_chatws_shared_add(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *id, uint32_t share, chatws_subscribed_t *at)
{
    uint32_t                flags;
    chatws_rc_e             rc;
    chatws_people_t        *people;
    chatws_people_now_t     now;
    chatws_people_name_t    chat;
    ngx_http_chatws_hub_t  *hub;

    hub = subscriber->hub;
    people = ngx_http_chatws_people(hub);
    flags = ngx_http_chatws_shared_flags(subscriber, chatws_inbox_is(id));

    if (people != NULL) {
        chat.id = *(chatws_str_t *) id;
        chat.hash = ngx_http_chatws_hub_hash(hub, id);

        ngx_http_chatws_people_now(&now);

        chatws_store_prefetch_member(hub->zone.store, chat.hash,
                                     subscriber->user);
        chatws_people_prefetch(people, subscriber->user, chat.hash);

    } else {
        chatws_store_prefetch(hub->zone.store, (chatws_str_t *) id);
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    rc = chatws_store_subscribe(hub->zone.store, hub->slot,
                                (chatws_str_t *) id, subscriber->user, flags,
                                share, at);

    if (people != NULL && rc == CHATWS_OK) {
        chatws_people_joined(people, hub->zone.store, subscriber->user, &chat,
                             at, &now);
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    if (people != NULL) {
        ngx_http_chatws_people_changed(hub);
    }

    switch (rc) {

    case CHATWS_OK:
        return NGX_OK;

    case CHATWS_DECLINED:
        return NGX_DECLINED;

    default: /* CHATWS_BUSY, CHATWS_ERROR */
        return NGX_BUSY;
    }
}


void
ngx_http_chatws_shared_del(ngx_http_chatws_sub_t *sub,
    ngx_http_chatws_subscriber_t *subscriber, ngx_http_chatws_ended_t *ended)
{
    ngx_http_chatws_hub_t    *hub;
    ngx_http_chatws_ended_t  *keep;

    hub = subscriber->hub;

    ended->flags = ngx_http_chatws_shared_flags(subscriber, ended->it.inbox);

    if (ngx_http_chatws_shared_del_ended(hub, ended) == NGX_OK) {
        ngx_free(sub);
        return;
    }

    ended->next = hub->ended;

    keep = (ngx_http_chatws_ended_t *) sub;
    *keep = *ended;

    hub->ended = keep;

    ngx_http_chatws_hub_again(hub);
}


/* By which the zone tells the connections of a user in a chat apart. */

static uint32_t
ngx_http_chatws_shared_flags(const ngx_http_chatws_subscriber_t *subscriber,
    ngx_uint_t inbox)
{
    uint32_t  flags;

    flags = inbox ? subscriber->presence : 0;

    return subscriber->own ? flags | CHATWS_MEMBER_OWN : flags;
}


static ngx_int_t
ngx_http_chatws_shared_del_ended(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_ended_t *ended)
{
    ngx_uint_t            last;
    chatws_people_t      *people;
    chatws_people_now_t   now;

    people = ngx_http_chatws_people(hub);

    if (people != NULL) {
        ngx_http_chatws_people_now(&now);
    }

    /* whether no subscriber of this worker is in the chat any more */

    last = ngx_http_chatws_index_first(&hub->rows, ended->it.row) == NULL;

    if (people != NULL) {
        chatws_store_prefetch_member(hub->zone.store, ended->it.chat,
                                     ended->it.user);
        chatws_people_prefetch(people, ended->it.user, ended->it.chat);
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    chatws_store_unsubscribe(hub->zone.store, hub->slot, ended->it.row,
                             ended->it.user, ended->flags, last);

    if (people != NULL) {
        chatws_people_parted(people, hub->zone.store, &ended->it, &now);
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    if (people != NULL) {
        ngx_http_chatws_people_changed(hub);
    }

    return NGX_OK;
}


void
ngx_http_chatws_hub_settle_ended(ngx_http_chatws_hub_t *hub)
{
    ngx_uint_t                n;
    ngx_http_chatws_ended_t  *ended;

    for (n = 0; hub->ended != NULL; n++) {
        ended = hub->ended;

        if (n == NGX_HTTP_CHATWS_ENDED
            || ngx_http_chatws_shared_del_ended(hub, ended) != NGX_OK)
        {
            ngx_http_chatws_hub_again(hub);
            return;
        }

        hub->ended = ended->next;
        ngx_free(ended);
    }
}
