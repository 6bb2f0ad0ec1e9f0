
/*
 * Copyright (C) chatws contributors
 *
 * Telling others who types: one user, or a list.  A notification is written
 * between two takings of the lock; in the second one it is published, if what
 * it says is still right.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "protocol/chatws_notify.h"
#include "process/ngx_http_chatws_clock.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* a list, and for each user in it that this one has ended */
#define NGX_HTTP_CHATWS_TELL_POSTS  (1 + CHATWS_TYPING_WALK)

/* bytes of all of them: a user of a list is told in less than twice as much */
#define NGX_HTTP_CHATWS_TELL_TEXT                                             \
    (CHATWS_NOTIFY_SIZE + 4 * CHATWS_TYPIST_SIZE * CHATWS_TYPING_WALK)


static void ngx_http_chatws_typing_tell_one(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_subject_t *subject, uint32_t round,
    chatws_typing_who_t *who);
static uint32_t ngx_http_chatws_typing_put_all(chatws_post_t *posts,
    u_char *text, ngx_http_chatws_subject_t *subject,
    chatws_typing_list_t *list);
static ngx_int_t ngx_http_chatws_typing_put_one(chatws_post_t *post,
    ngx_http_chatws_subject_t *subject, uint64_t user, ngx_uint_t on,
    chatws_typing_who_t *who);
static ngx_int_t ngx_http_chatws_typing_put_list(chatws_post_t *post,
    ngx_http_chatws_subject_t *subject, chatws_typing_list_t *list);
static void ngx_http_chatws_typing_names(chatws_typing_who_t *who,
    chatws_str_t *user, chatws_str_t *name);


void
ngx_http_chatws_typing_sent(ngx_http_chatws_hub_t *hub, ngx_str_t *chat,
    uint64_t user)
{
    chatws_typing_t            *table;
    chatws_typing_news_t        news;
    ngx_http_chatws_subject_t   subject;

    table = ngx_http_chatws_typing_table(hub);

    if (table == NULL || chatws_typing_is_idle(table, ngx_current_msec)) {
        return;
    }

    /* the row may become another chat's: this one is found by its id */

    subject.id = chat;
    subject.row = 0;
    subject.key.chat = ngx_http_chatws_hub_hash(hub, chat);
    subject.key.user = user;

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return;
    }

    chatws_typing_stop(table, &subject.key, ngx_current_msec, &news);

    ngx_http_chatws_zone_unlock(&hub->zone);

    ngx_http_chatws_typing_tell(hub, &subject, 0, &news);
}


void
ngx_http_chatws_typing_tell(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_subject_t *subject, uint32_t round,
    chatws_typing_news_t *news)
{
    uint64_t              again;
    chatws_typing_list_t  list;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "chatws typing tell:%d round:%uD chat:\"%V\"",
                   news->tell, round, subject->id);

    switch (news->tell) {

    case CHATWS_TYPING_ONE:
        ngx_http_chatws_typing_tell_one(hub, subject, round, &news->who);
        return;

    case CHATWS_TYPING_LIST:
        if (ngx_http_chatws_typing_list(hub, subject, &list, &again)) {
            ngx_http_chatws_typing_tell_list(hub, subject, &list);
        }

        return;

    case CHATWS_TYPING_NOBODY:
        ngx_memzero(&list, sizeof(chatws_typing_list_t));
        ngx_http_chatws_typing_tell_list(hub, subject, &list);
        return;

    default: /* CHATWS_TYPING_NOTHING */
        return;
    }
}


ngx_uint_t
ngx_http_chatws_typing_list(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_subject_t *subject, chatws_typing_list_t *list,
    uint64_t *again)
{
    int               due;
    chatws_typing_t  *table;

    table = ngx_http_chatws_typing_table(hub);

    *again = ngx_current_msec + NGX_HTTP_CHATWS_TYPING_RETRY;

    if (table == NULL) {
        return 0;
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return 0;
    }

    due = chatws_typing_list(table, subject->key.chat, ngx_current_msec, list,
                             again);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return due;
}


void
ngx_http_chatws_typing_now(ngx_http_chatws_hub_t *hub, const ngx_str_t *chat,
    chatws_typing_list_t *list)
{
    uint64_t                    again;
    ngx_http_chatws_subject_t   subject;

    list->n = 0;

    ngx_memzero(&subject, sizeof(ngx_http_chatws_subject_t));

    subject.key.chat = ngx_http_chatws_hub_hash(hub, chat);

    (void) ngx_http_chatws_typing_list(hub, &subject, list, &again);
}


/* Tells that a user types, or with round 0 has ended. */

static void
ngx_http_chatws_typing_tell_one(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_subject_t *subject, uint32_t round,
    chatws_typing_who_t *who)
{
    chatws_rc_e       rc;
    chatws_post_t     post;
    chatws_posted_t   posted;
    chatws_typing_t  *table;
    u_char            text[CHATWS_NOTIFY_SIZE];

    table = ngx_http_chatws_typing_table(hub);

    post.body.data = text;
    post.body.len = sizeof(text);

    posted.nwake = 0;
    posted.wake = hub->wakes;

    if (ngx_http_chatws_typing_put_one(&post, subject, subject->key.user,
                                       round != 0, who)
        != NGX_OK)
    {
        return;
    }

    rc = CHATWS_DECLINED;

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return;
    }

    if (chatws_typing_is_true(table, &subject->key, round)) {
        rc = chatws_store_publish(hub->zone.store, subject->row, &post,
                                  ngx_current_msec, 0, &posted);

        if (rc != CHATWS_OK && round != 0) {
            chatws_typing_untold(table, &subject->key);
        }
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    ngx_http_chatws_hub_wake(hub, posted.nwake);

    if (rc == CHATWS_OK) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_TYPING, 1);

    } else if (rc == CHATWS_BUSY) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_TYPING_DROPPED, 1);
    }
}


/*
 * Tells a list, and where it is the first one, that those who were told one by
 * one have ended: it takes their place.
 */

void
ngx_http_chatws_typing_tell_list(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_subject_t *subject, chatws_typing_list_t *list)
{
    uint32_t          n, nwake, sent;
    chatws_rc_e       rc;
    chatws_post_t     posts[NGX_HTTP_CHATWS_TELL_POSTS];
    chatws_posted_t   posted;
    chatws_typing_t  *table;
    u_char            text[NGX_HTTP_CHATWS_TELL_TEXT];

    table = ngx_http_chatws_typing_table(hub);
    n = ngx_http_chatws_typing_put_all(posts, text, subject, list);
    nwake = 0;
    sent = 0;

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return;
    }

    if (chatws_typing_is_listed(table, subject->key.chat, list)) {

        /* no slot is listed twice: it does not read before the unlock */

        while (sent < n) {
            posted.wake = hub->wakes + nwake;

            rc = chatws_store_publish(hub->zone.store, subject->row,
                                      &posts[sent], ngx_current_msec, 0,
                                      &posted);
            nwake += posted.nwake;

            if (rc != CHATWS_OK) {
                break;
            }

            sent++;
        }

        if (sent != 0) {
            chatws_typing_told(table, subject->key.chat, ngx_current_msec,
                               list);
        }
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    ngx_http_chatws_hub_wake(hub, nwake);
    ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_TYPING, sent);
}


/* Writes the posts of a list to text, and returns how many they are. */

static uint32_t
ngx_http_chatws_typing_put_all(chatws_post_t *posts, u_char *text,
    ngx_http_chatws_subject_t *subject, chatws_typing_list_t *list)
{
    u_char    *last;
    uint32_t   i, n;

    last = text + NGX_HTTP_CHATWS_TELL_TEXT;

    posts[0].body.data = text;
    posts[0].body.len = last - text;

    if (ngx_http_chatws_typing_put_list(&posts[0], subject, list) != NGX_OK) {
        return 0;
    }

    n = 1;

    for (i = 0; i < list->n && list->begins; i++) {

        if (!list->list[i].shown) {
            continue;
        }

        text += posts[n - 1].body.len;

        posts[n].body.data = text;
        posts[n].body.len = last - text;

        if (ngx_http_chatws_typing_put_one(&posts[n], subject,
                                           list->list[i].user, 0,
                                           &list->list[i].who)
            != NGX_OK)
        {
            break;
        }

        n++;
    }

    return n;
}


static ngx_int_t
ngx_http_chatws_typing_put_one(chatws_post_t *post,
    ngx_http_chatws_subject_t *subject, uint64_t user, ngx_uint_t on,
    chatws_typing_who_t *who)
{
    uint64_t      now;
    chatws_str_t  body, id, name;

    now = ngx_http_chatws_now();
    body = post->body;

    ngx_http_chatws_typing_names(who, &id, &name);

    if (chatws_notify_typing(&body, (chatws_str_t *) subject->id, &id, &name,
                             on, now)
        != CHATWS_OK)
    {
        return NGX_ERROR;
    }

    ngx_memzero(post, sizeof(chatws_post_t));

    post->chat = *(chatws_str_t *) subject->id;
    post->sender = user;
    post->time = now;
    post->body = body;
    post->ring = CHATWS_EPHEMERAL;

    return NGX_OK;
}


/* A list goes to all, whoever is in it. */

static ngx_int_t
ngx_http_chatws_typing_put_list(chatws_post_t *post,
    ngx_http_chatws_subject_t *subject, chatws_typing_list_t *list)
{
    uint32_t           i;
    uint64_t           now;
    chatws_str_t       body, id, name;
    chatws_json_out_t  json;

    now = ngx_http_chatws_now();
    body = post->body;

    chatws_json_out_begin(&json, &body);
    chatws_notify_typists_open(&json, (chatws_str_t *) subject->id);

    for (i = 0; i < list->n; i++) {
        ngx_http_chatws_typing_names(&list->list[i].who, &id, &name);
        chatws_notify_typists_user(&json, i == 0, &id, &name);
    }

    chatws_notify_typists_close(&json, list->count, now);

    if (chatws_json_out_end(&json, &body) != CHATWS_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(post, sizeof(chatws_post_t));

    post->chat = *(chatws_str_t *) subject->id;
    post->time = now;
    post->body = body;
    post->ring = CHATWS_EPHEMERAL;

    return NGX_OK;
}


static void
ngx_http_chatws_typing_names(chatws_typing_who_t *who, chatws_str_t *user,
    chatws_str_t *name)
{
    user->data = who->text;
    user->len = who->id;

    name->data = who->text + who->id;
    name->len = who->name;
}
