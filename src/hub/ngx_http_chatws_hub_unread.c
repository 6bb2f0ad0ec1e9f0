
/*
 * Copyright (C) chatws contributors
 *
 * Watermarks of users in chats.  The count of a message that is not the last
 * one is read from its own text, without the lock of the zone.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/chatws_id.h"
#include "base/chatws_name.h"
#include "process/ngx_http_chatws_clock.h"
#include "hub/ngx_http_chatws_hub_people.h"
#include "hub/ngx_http_chatws_hub_private.h"
#include "hub/ngx_http_chatws_hub_unread.h"


/* connections of a worker have different addresses of so many bits */
#define NGX_HTTP_CHATWS_TAG_BITS  48


static chatws_rc_e ngx_http_chatws_reader_act(
    const ngx_http_chatws_reader_t *reader, chatws_reader_act_e act,
    chatws_people_reader_t *people);
static ngx_uint_t ngx_http_chatws_reader_look_up(
    const ngx_http_chatws_reader_t *reader, chatws_people_reader_t *people);
static void ngx_http_chatws_unread_tell(ngx_http_chatws_hub_t *hub,
    const chatws_str_t *user, ngx_http_chatws_subscriber_t *except,
    chatws_unread_t *u);


ngx_uint_t
ngx_http_chatws_has_unread(ngx_http_chatws_hub_t *hub)
{
    return hub->zone.people != NULL && hub->zone.people->unread;
}


ngx_int_t
ngx_http_chatws_hub_read(const ngx_http_chatws_reader_t *reader,
    chatws_reader_act_e act, uint64_t seq,
    ngx_http_chatws_subscriber_t *except, chatws_unread_t *u)
{
    chatws_rc_e              rc;
    chatws_people_reader_t   people;

    ngx_memzero(&people, sizeof(chatws_people_reader_t));
    ngx_memzero(u, sizeof(chatws_unread_t));

    people.seq = seq;

    rc = ngx_http_chatws_reader_act(reader, act, &people);

    if (rc == CHATWS_AGAIN) {
        u->inexact = ngx_http_chatws_reader_look_up(reader, &people);

        rc = ngx_http_chatws_reader_act(reader, act, &people);
    }

    if (rc != CHATWS_OK) {
        return rc == CHATWS_DECLINED ? NGX_DECLINED : NGX_BUSY;
    }

    u->chat = reader->chat;
    u->epoch = ngx_http_chatws_hub_epoch(reader->hub);
    u->ms = ngx_http_chatws_now();
    u->mark.count = people.count;
    u->mark.read = people.read;
    u->mark.seen = people.seen;
    u->mark.marked = people.marked;

    if (act != CHATWS_READER_LOOK) {
        ngx_http_chatws_unread_tell(reader->hub, &reader->user, except, u);
    }

    return NGX_OK;
}


static chatws_rc_e
ngx_http_chatws_reader_act(const ngx_http_chatws_reader_t *reader,
    chatws_reader_act_e act, chatws_people_reader_t *people)
{
    chatws_rc_e             rc;
    chatws_people_t        *tb;
    ngx_http_chatws_hub_t  *hub;

    hub = reader->hub;
    tb = ngx_http_chatws_people(hub);

    people->chat.id = reader->chat;
    people->chat.hash = ngx_http_chatws_hub_hash(hub,
                                            (ngx_str_t *) &people->chat.id);
    people->user.id = reader->user;
    people->user.hash = ngx_http_chatws_hub_hash(hub,
                                            (ngx_str_t *) &people->user.id);
    people->entered = reader->entered != 0;
    people->any = reader->any != 0;

    ngx_http_chatws_people_now(&people->now);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return CHATWS_BUSY;
    }

    rc = chatws_people_reader(tb, hub->zone.store, people, act);

    ngx_http_chatws_zone_unlock(&hub->zone);

    if (people->news) {
        ngx_http_chatws_people_changed(hub);
    }

    return rc;
}


/*
 * Looks the count of an older number up.  A number that is not held any more
 * has a count that is too low rather than too high, so that nothing is missed:
 * 1 is returned then.
 */

static ngx_uint_t
ngx_http_chatws_reader_look_up(const ngx_http_chatws_reader_t *reader,
    chatws_people_reader_t *people)
{
    uint64_t  count;

    people->looked = 1;

    if (chatws_ring_count(ngx_http_chatws_hub_ring(reader->hub),
                          people->at.last, people->at.serial, people->seq,
                          NGX_HTTP_CHATWS_UNREAD_STEPS, &count)
        == CHATWS_OK)
    {
        people->old = (int64_t) count;
        return 0;
    }

    people->old = (int64_t) people->count
                  - (int64_t) (people->at.seq - people->seq);
    return 1;
}


void
ngx_http_chatws_hub_delivered(const ngx_http_chatws_reader_t *reader,
    uint64_t seq)
{
    chatws_people_reader_t  people;

    ngx_memzero(&people, sizeof(chatws_people_reader_t));

    people.seq = seq;

    (void) ngx_http_chatws_reader_act(reader, CHATWS_READER_DELIVERED,
                                      &people);
}


void
ngx_http_chatws_hub_watermark(const ngx_http_chatws_reader_t *reader,
    const chatws_subscribed_t *at, chatws_watermark_t *mark)
{
    uint64_t                behind, count;
    chatws_people_reader_t  people;

    ngx_memzero(&people, sizeof(chatws_people_reader_t));

    people.count = at->seq;
    people.seen = (int64_t) at->seq;

    (void) ngx_http_chatws_reader_act(reader, CHATWS_READER_LOOK, &people);

    mark->count = people.count;
    mark->read = people.read;
    mark->seen = people.seen;
    mark->marked = people.marked;

    if (people.at.seq <= at->seq) {
        return;
    }

    /* what was published since that position is still to come */

    if (chatws_ring_count(ngx_http_chatws_hub_ring(reader->hub),
                          people.at.last, people.at.serial, at->seq,
                          NGX_HTTP_CHATWS_UNREAD_STEPS, &count)
        == CHATWS_OK)
    {
        mark->count = count;
        return;
    }

    behind = people.at.seq - at->seq;

    mark->count -= ngx_min(mark->count, behind);
}


ngx_uint_t
ngx_http_chatws_hub_unreads(ngx_http_chatws_hub_t *hub, uint64_t user,
    chatws_people_cursor_t *cursor, ngx_http_chatws_unreads_t *unreads)
{
    uint32_t               i, n;
    chatws_unread_t       *u;
    chatws_people_t       *tb;
    chatws_people_mark_t  *mark;

    tb = ngx_http_chatws_people(hub);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return 0;
    }

    n = chatws_people_watermarks(tb, user, cursor, unreads->marks);

    ngx_http_chatws_zone_unlock(&hub->zone);

    for (i = 0; i < n; i++) {
        mark = &unreads->marks[i];
        u = &unreads->list[i];

        ngx_memzero(u, sizeof(chatws_unread_t));

        u->chat.data = mark->id;
        u->chat.len = mark->len;
        u->mark.count = mark->count;
        u->mark.read = mark->read;
        u->mark.seen = mark->seen;
        u->mark.marked = mark->marked;
        u->epoch = ngx_http_chatws_hub_epoch(hub);
        u->ms = ngx_http_chatws_now();
    }

    return n;
}


void
ngx_http_chatws_tally_tell(ngx_http_chatws_hub_t *hub,
    const chatws_people_tally_t *tally, const chatws_posted_t *posted)
{
    chatws_str_t     user;
    chatws_unread_t  u;

    ngx_http_chatws_people_changed(hub);

    user.data = (uint8_t *) tally->id;
    user.len = tally->len;

    ngx_memzero(&u, sizeof(chatws_unread_t));

    u.chat = tally->chat.id;
    u.mark.count = posted->count;
    u.mark.read = posted->seq;
    u.mark.seen = (int64_t) posted->count;
    u.epoch = ngx_http_chatws_hub_epoch(hub);
    u.ms = ngx_http_chatws_now();

    ngx_http_chatws_unread_tell(hub, &user, NULL, &u);
}


/* Tells the connections of a user, but for one, in its inbox. */

static void
ngx_http_chatws_unread_tell(ngx_http_chatws_hub_t *hub,
    const chatws_str_t *user, ngx_http_chatws_subscriber_t *except,
    chatws_unread_t *u)
{
    ngx_int_t        rc;
    chatws_post_t    post;
    chatws_posted_t  posted;
    u_char           text[CHATWS_UNREAD_SIZE];
    uint8_t          inbox[CHATWS_INBOX_MAX];

    ngx_memzero(&post, sizeof(chatws_post_t));

    chatws_inbox_id(&post.chat, inbox, user);

    post.body.data = text;
    post.body.len = sizeof(text);
    post.time = u->ms;
    post.ring = CHATWS_EPHEMERAL;
    post.state = 1;
    post.sender = except != NULL ? ngx_http_chatws_sub_tag(except) : 0;

    if (chatws_unread_write(&post.body, u) != CHATWS_OK) {
        return;
    }

    rc = ngx_http_chatws_hub_publish(hub, 0, &post, NGX_HTTP_CHATWS_N_UNREAD,
                                     &posted);

    /* the other ring waits for workers that are behind */

    if (rc == NGX_BUSY) {
        post.ring = CHATWS_DURABLE;

        (void) ngx_http_chatws_hub_publish(hub, 0, &post,
                                           NGX_HTTP_CHATWS_N_UNREAD, &posted);
    }
}


uint64_t
ngx_http_chatws_sub_tag(const ngx_http_chatws_subscriber_t *subscriber)
{
    return (uint64_t) (subscriber->hub->slot + 1) << NGX_HTTP_CHATWS_TAG_BITS
           ^ (uint64_t) (uintptr_t) subscriber;
}
