
/*
 * Copyright (C) chatws contributors
 *
 * Who types, in this worker: a typist is a subscription whose connection has
 * said so and not ended it.  Users are in a table of the zone, for all
 * workers, see chatws_typing.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "process/ngx_http_chatws_annex.h"
#include "process/ngx_http_chatws_event.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* typists that memory is allocated for at once */
#define NGX_HTTP_CHATWS_TYPISTS  64

/* typists looked at before other events have their turn */
#define NGX_HTTP_CHATWS_LOOKS    64

typedef struct ngx_http_chatws_typist_s   ngx_http_chatws_typist_t;
typedef struct ngx_http_chatws_typists_s  ngx_http_chatws_typists_t;


struct ngx_http_chatws_typist_s {
    ngx_http_chatws_node_t      node;       /* by its subscription */
    ngx_rbtree_node_t           timer;      /* when it is looked at next */
    ngx_http_chatws_sub_t      *sub;
    ngx_http_chatws_typist_t   *next;       /* of the free ones */
    uint64_t                    deadline;   /* ms: the end without a repeat */
    uint32_t                    round;      /* in the table, 0: not yet */
};


struct ngx_http_chatws_typists_s {
    ngx_http_chatws_typists_t  *next;
    ngx_http_chatws_typist_t    elts[NGX_HTTP_CHATWS_TYPISTS];
};


/* Is made when somebody in this worker types for the first time. */

struct ngx_http_chatws_typing_s {
    ngx_http_chatws_index_t     index;
    ngx_rbtree_t                timers;
    ngx_rbtree_node_t           sentinel;
    ngx_event_t                 look;       /* timer of the first of them */
    ngx_http_chatws_typists_t  *blocks;     /* as many typists as there are */
    ngx_http_chatws_typist_t   *free;       /* rows in the table, at most */
    size_t                      n;
};


static ngx_http_chatws_typing_t *ngx_http_chatws_typing_create(
    ngx_http_chatws_hub_t *hub);
static ngx_http_chatws_typist_t *ngx_http_chatws_typist_find(
    ngx_http_chatws_sub_t *sub);
static ngx_http_chatws_typist_t *ngx_http_chatws_typist_add(
    ngx_http_chatws_sub_t *sub, chatws_typing_t *table);
static ngx_int_t ngx_http_chatws_typist_reserve(
    ngx_http_chatws_typing_t *typing, chatws_typing_t *table);
static void ngx_http_chatws_typist_del(ngx_http_chatws_typist_t *typist);
static uint64_t ngx_http_chatws_typist_key(ngx_http_chatws_sub_t *sub);
static void ngx_http_chatws_typist_schedule(ngx_http_chatws_typist_t *typist,
    uint64_t again);
static void ngx_http_chatws_typing_begin(ngx_http_chatws_sub_t *sub,
    chatws_typing_t *table, const chatws_typing_rules_t *rules,
    const chatws_typing_who_t *who);
static ngx_int_t ngx_http_chatws_typing_start(
    ngx_http_chatws_typist_t *typist, chatws_typing_t *table,
    const chatws_typing_rules_t *rules, const chatws_typing_who_t *who,
    chatws_typing_news_t *news);
static void ngx_http_chatws_typing_who(chatws_typing_who_t *who,
    const ngx_str_t *user, const ngx_str_t *name);
static ngx_int_t ngx_http_chatws_typing_end(
    ngx_http_chatws_typist_t *typist);
static void ngx_http_chatws_typing_retire(ngx_http_chatws_typist_t *typist);
static void ngx_http_chatws_typing_look_handler(ngx_event_t *ev);
static void ngx_http_chatws_typing_look(ngx_http_chatws_typist_t *typist);
static void ngx_http_chatws_typing_subject(ngx_http_chatws_sub_t *sub,
    ngx_http_chatws_subject_t *subject);


ngx_int_t
ngx_http_chatws_typing(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat, const chatws_typing_rules_t *rules, ngx_uint_t on,
    const ngx_str_t *user, const ngx_str_t *name)
{
    chatws_typing_t           *table;
    chatws_typing_who_t        who;
    ngx_http_chatws_sub_t     *sub;
    ngx_http_chatws_typist_t  *typist;

    sub = ngx_http_chatws_sub_of(subscriber, chat);
    table = ngx_http_chatws_typing_table(subscriber->hub);

    if (sub == NULL || table == NULL) {
        return NGX_DECLINED;
    }

    if (on) {
        ngx_http_chatws_typing_who(&who, user, name);
        ngx_http_chatws_typing_begin(sub, table, rules, &who);
        return NGX_OK;
    }

    typist = ngx_http_chatws_typist_find(sub);

    if (typist != NULL) {
        ngx_http_chatws_typing_retire(typist);
    }

    return NGX_OK;
}


/* Names were checked: none is longer than CHATWS_NAME_MAX. */

static void
ngx_http_chatws_typing_who(chatws_typing_who_t *who, const ngx_str_t *user,
    const ngx_str_t *name)
{
    u_char  *p;

    who->id = (uint8_t) user->len;
    who->name = (uint8_t) name->len;

    p = ngx_cpymem(who->text, user->data, user->len);
    ngx_memcpy(p, name->data, name->len);
}


static void
ngx_http_chatws_typing_begin(ngx_http_chatws_sub_t *sub,
    chatws_typing_t *table, const chatws_typing_rules_t *rules,
    const chatws_typing_who_t *who)
{
    ngx_int_t                   rc;
    chatws_typing_news_t        news;
    ngx_http_chatws_hub_t      *hub;
    ngx_http_chatws_typist_t   *typist;
    ngx_http_chatws_subject_t   subject;

    hub = sub->subscriber->hub;
    typist = ngx_http_chatws_typist_add(sub, table);

    if (typist == NULL) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_TYPING_DROPPED, 1);
        return;
    }

    rc = ngx_http_chatws_typing_start(typist, table, rules, who, &news);

    if (rc == NGX_OK) {
        typist->deadline = ngx_current_msec + rules->timeout;
        ngx_http_chatws_typist_schedule(typist, news.again);

        ngx_http_chatws_typing_subject(sub, &subject);

        news.who = *who;
        ngx_http_chatws_typing_tell(hub, &subject, typist->round, &news);

        return;
    }

    /* a connection that types goes on to its deadline */

    if (typist->round == 0) {
        ngx_http_chatws_typist_del(typist);
    }

    if (rc == NGX_BUSY) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_TYPING_DROPPED, 1);
    }
}


/*
 * NGX_OK: the table has the connection of the typist.  NGX_DECLINED: the chat
 * has too many users.  NGX_BUSY: there is no room, or the lock is busy.
 */

static ngx_int_t
ngx_http_chatws_typing_start(ngx_http_chatws_typist_t *typist,
    chatws_typing_t *table, const chatws_typing_rules_t *rules,
    const chatws_typing_who_t *who, chatws_typing_news_t *news)
{
    uint32_t                    users;
    ngx_http_chatws_hub_t      *hub;
    ngx_http_chatws_subject_t   subject;

    hub = typist->sub->subscriber->hub;

    ngx_http_chatws_typing_subject(typist->sub, &subject);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    users = chatws_store_users(hub->zone.store, subject.row);

    if (users <= rules->limit) {
        chatws_typing_start(table, &subject.key, who, rules, ngx_current_msec,
                            &typist->round, news);
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    if (users > rules->limit) {
        return NGX_DECLINED;
    }

    return typist->round != 0 ? NGX_OK : NGX_BUSY;
}


/*
 * The connection has ended typing: its typist is freed, and others are told.
 * NGX_BUSY: the lock is busy, and nothing was done.
 */

static ngx_int_t
ngx_http_chatws_typing_end(ngx_http_chatws_typist_t *typist)
{
    chatws_typing_t            *table;
    chatws_typing_news_t        news;
    ngx_http_chatws_hub_t      *hub;
    ngx_http_chatws_subject_t   subject;

    hub = typist->sub->subscriber->hub;
    table = ngx_http_chatws_typing_table(hub);

    /* without a master a reload may have taken it from the worker */

    if (table == NULL) {
        ngx_http_chatws_typist_del(typist);
        return NGX_OK;
    }

    ngx_http_chatws_typing_subject(typist->sub, &subject);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    chatws_typing_end(table, &subject.key, ngx_current_msec, typist->round,
                      &news);

    ngx_http_chatws_zone_unlock(&hub->zone);

    ngx_http_chatws_typist_del(typist);

    ngx_http_chatws_typing_tell(hub, &subject, 0, &news);

    return NGX_OK;
}


/* The same, now or when the lock is to be had. */

static void
ngx_http_chatws_typing_retire(ngx_http_chatws_typist_t *typist)
{
    if (ngx_http_chatws_typing_end(typist) != NGX_OK) {
        typist->deadline = ngx_current_msec + NGX_HTTP_CHATWS_TYPING_RETRY;
        ngx_http_chatws_typist_schedule(typist, 0);
    }
}


void
ngx_http_chatws_typing_left(ngx_http_chatws_sub_t *sub)
{
    ngx_http_chatws_typist_t  *typist;

    typist = ngx_http_chatws_typist_find(sub);

    if (typist == NULL) {
        return;
    }

    /* a busy lock is not waited for: the row will be void */

    if (ngx_http_chatws_typing_end(typist) != NGX_OK) {
        ngx_http_chatws_typist_del(typist);
    }
}


void
ngx_http_chatws_typing_each(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_typist_pt handler, void *data)
{
    ngx_http_chatws_sub_t     *sub;
    ngx_http_chatws_typist_t  *typist;

    if (!subscriber->typing) {
        return;
    }

    for (sub = subscriber->subs; sub != NULL; sub = sub->next) {
        typist = ngx_http_chatws_typist_find(sub);

        if (typist != NULL) {
            handler(data, &sub->chat->id, typist->round, typist->deadline);
        }
    }
}


void
ngx_http_chatws_typing_gone(ngx_http_chatws_subscriber_t *subscriber)
{
    ngx_http_chatws_sub_t     *sub;
    ngx_http_chatws_typist_t  *typist;

    if (!subscriber->typing) {
        return;
    }

    for (sub = subscriber->subs; sub != NULL; sub = sub->next) {
        typist = ngx_http_chatws_typist_find(sub);

        if (typist != NULL) {
            ngx_http_chatws_typist_del(typist);
        }
    }
}


void
ngx_http_chatws_typing_adopt(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *chat, uint32_t round, uint64_t deadline)
{
    chatws_typing_t           *table;
    ngx_http_chatws_sub_t     *sub;
    ngx_http_chatws_typist_t  *typist;

    sub = ngx_http_chatws_sub_of(subscriber, chat);
    table = ngx_http_chatws_typing_table(subscriber->hub);

    if (sub == NULL || table == NULL) {
        return;
    }

    typist = ngx_http_chatws_typist_add(sub, table);

    if (typist != NULL) {
        typist->round = round;
        typist->deadline = deadline;

        ngx_http_chatws_typist_schedule(typist, 0);
    }
}


/* Ends what has no repeat, and tells lists that are due. */

static void
ngx_http_chatws_typing_look_handler(ngx_event_t *ev)
{
    uint64_t                   now;
    ngx_uint_t                 n;
    ngx_rbtree_node_t         *node;
    ngx_http_chatws_hub_t     *hub;
    ngx_http_chatws_typing_t  *typing;
    ngx_http_chatws_typist_t  *typist;

    hub = ngx_http_chatws_event_data(ev);
    typing = hub->typing;
    now = ngx_current_msec;

    for (n = 0; typing->timers.root != &typing->sentinel; n++) {

        node = ngx_rbtree_min(typing->timers.root, &typing->sentinel);

        if (node->key > now || n == NGX_HTTP_CHATWS_LOOKS) {
            ngx_add_timer(ev, node->key > now ? node->key - now : 1);
            return;
        }

        typist = (ngx_http_chatws_typist_t *)
                     ((u_char *) node
                      - offsetof(ngx_http_chatws_typist_t, timer));

        if (typist->deadline <= now) {
            ngx_http_chatws_typing_retire(typist);

        } else {
            ngx_http_chatws_typing_look(typist);
        }
    }
}


/* Tells the list of the chat of a typist, if it is due. */

static void
ngx_http_chatws_typing_look(ngx_http_chatws_typist_t *typist)
{
    uint64_t                    again;
    ngx_uint_t                  due;
    chatws_typing_list_t        list;
    ngx_http_chatws_hub_t      *hub;
    ngx_http_chatws_subject_t   subject;

    hub = typist->sub->subscriber->hub;

    ngx_http_chatws_typing_subject(typist->sub, &subject);

    due = ngx_http_chatws_typing_list(hub, &subject, &list, &again);

    ngx_http_chatws_typist_schedule(typist, again);

    if (due) {
        ngx_http_chatws_typing_tell_list(hub, &subject, &list);
    }
}


static void
ngx_http_chatws_typing_subject(ngx_http_chatws_sub_t *sub,
    ngx_http_chatws_subject_t *subject)
{
    subject->id = &sub->chat->id;
    subject->row = sub->chat->row;
    subject->key.chat = sub->chat->by_id.key;
    subject->key.user = sub->subscriber->user;
}


chatws_typing_t *
ngx_http_chatws_typing_table(ngx_http_chatws_hub_t *hub)
{
    return ngx_http_chatws_annex(&hub->zone, NGX_HTTP_CHATWS_ANNEX_TYPING);
}


/* NULL: there is no memory. */

static ngx_http_chatws_typing_t *
ngx_http_chatws_typing_create(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_typing_t  *typing;

    typing = ngx_calloc(sizeof(ngx_http_chatws_typing_t), ngx_cycle->log);
    if (typing == NULL) {
        return NULL;
    }

    if (ngx_http_chatws_index_init(&typing->index, ngx_cycle->log) != NGX_OK) {
        ngx_free(typing);
        return NULL;
    }

    ngx_rbtree_init(&typing->timers, &typing->sentinel,
                    ngx_rbtree_insert_timer_value);

    ngx_http_chatws_event_init(&typing->look, &hub->ident,
                               ngx_http_chatws_typing_look_handler,
                               hub->tick.log);

    /* the ends of connections end typing in a worker that quits */

    typing->look.cancelable = 1;

    hub->typing = typing;

    return typing;
}


void
ngx_http_chatws_typing_done(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_typing_t   *typing;
    ngx_http_chatws_typists_t  *block;

    typing = hub->typing;

    if (typing == NULL) {
        return;
    }

    if (typing->look.timer_set) {
        ngx_del_timer(&typing->look);
    }

    while (typing->blocks != NULL) {
        block = typing->blocks;
        typing->blocks = block->next;
        ngx_free(block);
    }

    ngx_http_chatws_index_done(&typing->index);
    ngx_free(typing);
}


static ngx_http_chatws_typist_t *
ngx_http_chatws_typist_find(ngx_http_chatws_sub_t *sub)
{
    uint64_t                   key;
    ngx_http_chatws_node_t    *node;
    ngx_http_chatws_typing_t  *typing;
    ngx_http_chatws_typist_t  *typist;

    typing = sub->subscriber->hub->typing;

    if (typing == NULL) {
        return NULL;
    }

    key = ngx_http_chatws_typist_key(sub);

    for (node = ngx_http_chatws_index_first(&typing->index, key);
         node != NULL;
         node = ngx_http_chatws_index_next(node))
    {
        typist = ngx_http_chatws_node_data(node, ngx_http_chatws_typist_t,
                                           node);

        if (typist->sub == sub) {
            return typist;
        }
    }

    return NULL;
}


/* The typist of the subscription, which is made if there is none, or NULL. */

static ngx_http_chatws_typist_t *
ngx_http_chatws_typist_add(ngx_http_chatws_sub_t *sub, chatws_typing_t *table)
{
    ngx_http_chatws_hub_t     *hub;
    ngx_http_chatws_typing_t  *typing;
    ngx_http_chatws_typist_t  *typist;

    typist = ngx_http_chatws_typist_find(sub);

    if (typist != NULL) {
        return typist;
    }

    hub = sub->subscriber->hub;

    typing = hub->typing != NULL ? hub->typing
                                 : ngx_http_chatws_typing_create(hub);

    if (typing == NULL
        || ngx_http_chatws_typist_reserve(typing, table) != NGX_OK)
    {
        return NULL;
    }

    typist = typing->free;
    typing->free = typist->next;

    ngx_memzero(typist, sizeof(ngx_http_chatws_typist_t));

    typist->sub = sub;
    typist->deadline = ngx_current_msec;
    typist->node.key = ngx_http_chatws_typist_key(sub);
    typist->timer.key = typist->deadline;

    ngx_http_chatws_index_add(&typing->index, &typist->node, ngx_cycle->log);
    ngx_rbtree_insert(&typing->timers, &typist->timer);

    sub->subscriber->typing = 1;

    return typist;
}


/* Makes sure that there is a free typist. */

static ngx_int_t
ngx_http_chatws_typist_reserve(ngx_http_chatws_typing_t *typing,
    chatws_typing_t *table)
{
    ngx_uint_t                  i;
    ngx_http_chatws_typists_t  *block;

    if (typing->free != NULL) {
        return NGX_OK;
    }

    if (typing->n >= table->n) {
        return NGX_DECLINED;
    }

    block = ngx_alloc(sizeof(ngx_http_chatws_typists_t), ngx_cycle->log);
    if (block == NULL) {
        return NGX_ERROR;
    }

    block->next = typing->blocks;
    typing->blocks = block;
    typing->n += NGX_HTTP_CHATWS_TYPISTS;

    for (i = 0; i < NGX_HTTP_CHATWS_TYPISTS; i++) {
        block->elts[i].next = typing->free;
        typing->free = &block->elts[i];
    }

    return NGX_OK;
}


static void
ngx_http_chatws_typist_del(ngx_http_chatws_typist_t *typist)
{
    ngx_http_chatws_typing_t  *typing;

    typing = typist->sub->subscriber->hub->typing;

    ngx_http_chatws_index_del(&typing->index, &typist->node);
    ngx_rbtree_delete(&typing->timers, &typist->timer);

    typist->next = typing->free;
    typing->free = typist;
}


/* Both halves of the address: the lower bits of the key count. */

static uint64_t
ngx_http_chatws_typist_key(ngx_http_chatws_sub_t *sub)
{
    uint64_t  key;

    key = (uint64_t) (uintptr_t) sub * 0x9e3779b97f4a7c15;

    return key ^ (key >> 32);
}


/* The typist is looked at by its deadline, and before that at again, if set. */

static void
ngx_http_chatws_typist_schedule(ngx_http_chatws_typist_t *typist,
    uint64_t again)
{
    uint64_t                   at;
    ngx_http_chatws_typing_t  *typing;

    typing = typist->sub->subscriber->hub->typing;

    at = again != 0 ? ngx_min(again, typist->deadline) : typist->deadline;

    ngx_rbtree_delete(&typing->timers, &typist->timer);

    typist->timer.key = at;

    ngx_rbtree_insert(&typing->timers, &typist->timer);

    if (typing->look.timer_set && typing->look.timer.key <= at) {
        return;
    }

    ngx_add_timer(&typing->look, at > ngx_current_msec
                                 ? at - ngx_current_msec : 1);
}
