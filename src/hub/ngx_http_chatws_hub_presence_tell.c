
/*
 * Copyright (C) chatws contributors
 *
 * Telling the subscribers of a chat who came, went, or is away: the encoder of
 * "presence" for the flush of a chat.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/chatws_people_presence.h"
#include "hub/ngx_http_chatws_hub_people.h"
#include "hub/ngx_http_chatws_hub_private.h"


static ngx_int_t ngx_http_chatws_presence_begin(
    ngx_http_chatws_flush_t *flush);
static ngx_int_t ngx_http_chatws_presence_note(
    ngx_http_chatws_flush_t *flush,
    const chatws_people_note_t *note);
static ngx_int_t ngx_http_chatws_presence_end(ngx_http_chatws_flush_t *flush,
    ngx_uint_t failed);
static ngx_int_t ngx_http_chatws_presence_tell(
    ngx_http_chatws_flush_t *flush, ngx_http_chatws_roll_t *roll);
static ngx_int_t ngx_http_chatws_presence_was_many(
    ngx_http_chatws_flush_t *flush, ngx_uint_t *many);
static ngx_int_t ngx_http_chatws_presence_set_many(
    ngx_http_chatws_flush_t *flush, ngx_uint_t many);
static ngx_int_t ngx_http_chatws_presence_publish(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_roll_t *roll);


const ngx_http_chatws_people_encoder_t  ngx_http_chatws_presence_encoder = {
    CHATWS_PLACE_PRESENCE,
    ngx_http_chatws_presence_begin,
    ngx_http_chatws_presence_note,
    ngx_http_chatws_presence_end
};


static ngx_int_t
ngx_http_chatws_presence_begin(ngx_http_chatws_flush_t *flush)
{
    ngx_http_chatws_hub_t   *hub;
    ngx_http_chatws_roll_t  *roll;

    hub = flush->hub;

    /* a worker of an older configuration leaves it to the others */

    if (!ngx_http_chatws_hub_presence(hub)) {
        return ngx_http_chatws_people(hub)->rules.features
               & CHATWS_PEOPLE_PRESENCE ? NGX_ERROR : NGX_OK;
    }

    roll = ngx_alloc(sizeof(ngx_http_chatws_roll_t), ngx_cycle->log);
    if (roll == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_chatws_roll_init(roll, hub, 0) != NGX_OK) {
        ngx_free(roll);
        return NGX_ERROR;
    }

    flush->data[NGX_HTTP_CHATWS_TELL_PRESENCE] = roll;

    return NGX_OK;
}


/* With full each place comes, also of those who are not there for others. */

static ngx_int_t
ngx_http_chatws_presence_note(ngx_http_chatws_flush_t *flush,
    const chatws_people_note_t *note)
{
    ngx_http_chatws_roll_t  *roll;

    roll = flush->data[NGX_HTTP_CHATWS_TELL_PRESENCE];

    if (roll == NULL
        || (flush->full && !(note->flags & CHATWS_PLACE_PEOPLE)))
    {
        return NGX_OK;
    }

    roll->notes++;

    ngx_http_chatws_roll_note(roll, flush->hub, note);

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_presence_end(ngx_http_chatws_flush_t *flush,
    ngx_uint_t failed)
{
    ngx_int_t                rc;
    ngx_http_chatws_roll_t  *roll;

    roll = flush->data[NGX_HTTP_CHATWS_TELL_PRESENCE];

    if (roll == NULL) {
        return NGX_OK;
    }

    rc = NGX_OK;

    if (failed) {
        rc = NGX_ERROR;

    } else if (roll->notes != 0 || flush->full) {
        rc = ngx_http_chatws_presence_tell(flush, roll);
    }

    ngx_http_chatws_roll_done(roll);
    ngx_free(roll);

    flush->data[NGX_HTTP_CHATWS_TELL_PRESENCE] = NULL;

    return rc;
}


/*
 * A chat with too many people is told their numbers only.  When it falls back
 * to names, those who were not told of before are missing in these changes; and
 * more may have left than there is room for.  Then the flush fails, and the
 * next one tells all.
 */

static ngx_int_t
ngx_http_chatws_presence_tell(ngx_http_chatws_flush_t *flush,
    ngx_http_chatws_roll_t *roll)
{
    ngx_int_t           rc;
    ngx_uint_t          many, was;
    chatws_presence_t  *presence;

    presence = &roll->presence;

    presence->chat.len = flush->chat.len;
    presence->chat.data = flush->chat.data;
    presence->count = flush->online;
    presence->people = flush->people;
    presence->warming = ngx_http_chatws_hub_is_warming(flush->hub);

    if (ngx_http_chatws_presence_was_many(flush, &was) != NGX_OK) {
        return NGX_AGAIN;
    }

    many = flush->people > roll->size;

    if (!many && (!presence->names || (was && !flush->full))) {
        presence->names = 0;

        rc = ngx_http_chatws_presence_publish(flush->hub, roll);

        return rc == NGX_OK ? NGX_DECLINED : rc;
    }

    presence->names = !many;
    presence->reset = flush->full && !many;

    rc = ngx_http_chatws_presence_publish(flush->hub, roll);

    /* as if these were too many people, where they do not fit into the ring */

    if (rc == NGX_DECLINED && !many) {
        many = 1;
        presence->names = 0;
        presence->reset = 0;

        rc = ngx_http_chatws_presence_publish(flush->hub, roll);
    }

    if (rc == NGX_OK && was != many) {
        rc = ngx_http_chatws_presence_set_many(flush, many);
    }

    return rc;
}


static ngx_int_t
ngx_http_chatws_presence_was_many(ngx_http_chatws_flush_t *flush,
    ngx_uint_t *many)
{
    uint64_t                hash;
    chatws_people_t        *tb;
    ngx_http_chatws_hub_t  *hub;

    hub = flush->hub;
    tb = ngx_http_chatws_people(hub);
    hash = ngx_http_chatws_hub_hash(hub, &flush->chat);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    *many = chatws_people_is_many(tb, hash);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_presence_set_many(ngx_http_chatws_flush_t *flush,
    ngx_uint_t many)
{
    uint64_t                hash;
    chatws_people_t        *tb;
    ngx_http_chatws_hub_t  *hub;

    hub = flush->hub;
    tb = ngx_http_chatws_people(hub);
    hash = ngx_http_chatws_hub_hash(hub, &flush->chat);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    chatws_people_set_many(tb, hash, (int) many);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return NGX_OK;
}


/* NGX_BUSY: the ring is full now.  NGX_DECLINED: it is too small. */

static ngx_int_t
ngx_http_chatws_presence_publish(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_roll_t *roll)
{
    ngx_int_t        rc;
    chatws_post_t    post;
    chatws_posted_t  posted;

    ngx_memzero(&post, sizeof(chatws_post_t));

    post.chat = roll->presence.chat;
    post.time = roll->presence.ms;
    post.ring = CHATWS_EPHEMERAL;
    post.state = 1;

    post.body.len = ngx_http_chatws_roll_room(roll);
    post.body.data = ngx_alloc(post.body.len, ngx_cycle->log);

    if (post.body.data == NULL) {
        return NGX_ERROR;
    }

    rc = chatws_presence_write(&post.body, &roll->presence) == CHATWS_OK
         ? ngx_http_chatws_hub_publish(hub, 0, &post,
                                       NGX_HTTP_CHATWS_N_PRESENCE, &posted)
         : NGX_ERROR;

    ngx_free(post.body.data);

    return rc;
}
