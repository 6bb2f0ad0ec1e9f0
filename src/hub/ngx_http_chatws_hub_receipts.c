
/*
 * Copyright (C) chatws contributors
 *
 * What the subscribers of a chat are told of its readers: the places of a
 * flush become one "read_receipt".  Above the limit of people nobody is told.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_clock.h"
#include "protocol/chatws_unread.h"
#include "hub/ngx_http_chatws_hub_people.h"
#include "hub/ngx_http_chatws_hub_private.h"
#include "hub/ngx_http_chatws_hub_receipts.h"
#include "hub/ngx_http_chatws_hub_unread.h"


/* A reader, whose id is in the same memory. */

typedef struct {
    chatws_receipt_t  receipt;
    u_char            id[CHATWS_NAME_MAX];
} ngx_http_chatws_receipt_t;


/* What a flush has noted so far: one more place than the limit is not told. */

typedef struct {
    ngx_uint_t                   n;
    ngx_uint_t                   limit;
    ngx_http_chatws_receipt_t    readers[];
} ngx_http_chatws_receipts_t;


static const ngx_http_chatws_receipts_conf_t *ngx_http_chatws_receipts(
    ngx_http_chatws_hub_t *hub);
static ngx_int_t ngx_http_chatws_receipts_begin(
    ngx_http_chatws_flush_t *flush);
static ngx_int_t ngx_http_chatws_receipts_note(ngx_http_chatws_flush_t *flush,
    const chatws_people_note_t *note);
static ngx_int_t ngx_http_chatws_receipts_end(ngx_http_chatws_flush_t *flush,
    ngx_uint_t failed);
static ngx_int_t ngx_http_chatws_receipts_publish(
    ngx_http_chatws_flush_t *flush, ngx_http_chatws_receipts_t *receipts);
static chatws_rc_e ngx_http_chatws_readers_slice(
    const ngx_http_chatws_reader_t *reader, chatws_people_cursor_t *cursor,
    ngx_http_chatws_readers_t *readers);


const ngx_http_chatws_people_encoder_t  ngx_http_chatws_receipts_encoder = {
    CHATWS_PLACE_READ|CHATWS_PLACE_DELIVERED,
    ngx_http_chatws_receipts_begin,
    ngx_http_chatws_receipts_note,
    ngx_http_chatws_receipts_end
};


static ngx_int_t
ngx_http_chatws_receipts_begin(ngx_http_chatws_flush_t *flush)
{
    ngx_uint_t                              limit;
    ngx_http_chatws_receipts_t             *receipts;
    const ngx_http_chatws_receipts_conf_t  *conf;

    conf = ngx_http_chatws_receipts(flush->hub);

    if (conf == NULL || flush->people > conf->limit) {
        return NGX_OK;
    }

    /* others may enter the chat meanwhile */

    limit = conf->limit;

    receipts = ngx_alloc(sizeof(ngx_http_chatws_receipts_t)
                         + limit * sizeof(ngx_http_chatws_receipt_t),
                         ngx_cycle->log);
    if (receipts == NULL) {
        return NGX_ERROR;
    }

    receipts->n = 0;
    receipts->limit = limit;

    flush->data[NGX_HTTP_CHATWS_TELL_RECEIPTS] = receipts;

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_receipts_note(ngx_http_chatws_flush_t *flush,
    const chatws_people_note_t *note)
{
    ngx_http_chatws_receipt_t   *reader;
    ngx_http_chatws_receipts_t  *receipts;

    receipts = flush->data[NGX_HTTP_CHATWS_TELL_RECEIPTS];

    if (receipts == NULL
        || note->invisible
        || receipts->n == receipts->limit)
    {
        return NGX_OK;
    }

    reader = &receipts->readers[receipts->n];

    ngx_http_chatws_receipt_fill(&reader->receipt, note->read,
                                 note->delivered);

    if (!flush->full && !(note->flags & CHATWS_PLACE_READ)) {
        reader->receipt.read = 0;
    }

    if (!flush->full && !(note->flags & CHATWS_PLACE_DELIVERED)) {
        reader->receipt.delivered = 0;
    }

    if (reader->receipt.read == 0 && reader->receipt.delivered == 0) {
        return NGX_OK;
    }

    reader->receipt.user.data = reader->id;
    reader->receipt.user.len = note->len;
    ngx_memcpy(reader->id, note->id, note->len);

    receipts->n++;

    return NGX_OK;
}


/* What was read was got before, so that is not told of it. */

void
ngx_http_chatws_receipt_fill(chatws_receipt_t *receipt, uint64_t read,
    uint64_t delivered)
{
    receipt->read = read;
    receipt->delivered = delivered > read ? delivered : 0;
}


static ngx_int_t
ngx_http_chatws_receipts_end(ngx_http_chatws_flush_t *flush, ngx_uint_t failed)
{
    ngx_int_t                    rc;
    ngx_http_chatws_receipts_t  *receipts;

    receipts = flush->data[NGX_HTTP_CHATWS_TELL_RECEIPTS];

    if (receipts == NULL) {
        return NGX_OK;
    }

    rc = NGX_OK;

    if (!failed
        && receipts->n != 0
        && flush->people <= receipts->limit)
    {
        rc = ngx_http_chatws_receipts_publish(flush, receipts);
    }

    ngx_free(receipts);
    flush->data[NGX_HTTP_CHATWS_TELL_RECEIPTS] = NULL;

    return rc;
}


static ngx_int_t
ngx_http_chatws_receipts_publish(ngx_http_chatws_flush_t *flush,
    ngx_http_chatws_receipts_t *receipts)
{
    u_char            *text;
    size_t             i, size;
    ngx_int_t          rc;
    chatws_post_t      post;
    chatws_posted_t    posted;
    chatws_receipt_t  *readers;

    size = CHATWS_RECEIPT_SIZE + receipts->n * CHATWS_READER_SIZE;

    text = ngx_alloc(size + receipts->n * sizeof(chatws_receipt_t),
                     ngx_cycle->log);
    if (text == NULL) {
        return NGX_ERROR;
    }

    /* the list is in front, where the memory is aligned */

    readers = (chatws_receipt_t *) text;

    for (i = 0; i < receipts->n; i++) {
        readers[i] = receipts->readers[i].receipt;
    }

    ngx_memzero(&post, sizeof(chatws_post_t));

    post.chat.len = flush->chat.len;
    post.chat.data = flush->chat.data;
    post.time = ngx_http_chatws_now();
    post.ring = CHATWS_EPHEMERAL;
    post.state = 1;
    post.own = ngx_http_chatws_is_reciprocal(flush->hub) != 0;
    post.body.data = (u_char *) (readers + receipts->n);
    post.body.len = size;

    rc = NGX_ERROR;

    if (chatws_receipt_write(&post.body, &post.chat, readers, receipts->n,
                             post.time)
        == CHATWS_OK)
    {
        rc = ngx_http_chatws_hub_publish(flush->hub, 0, &post,
                                         NGX_HTTP_CHATWS_N_RECEIPTS, &posted);
    }

    ngx_free(text);

    return rc;
}


ngx_int_t
ngx_http_chatws_hub_readers(const ngx_http_chatws_reader_t *reader,
    ngx_http_chatws_readers_t *readers)
{
    chatws_rc_e                             rc;
    chatws_people_cursor_t                  cursor;
    const ngx_http_chatws_receipts_conf_t  *conf;

    conf = ngx_http_chatws_receipts(reader->hub);

    if (conf == NULL) {
        return NGX_DECLINED;
    }

    readers->n = 0;
    readers->delivered = conf->delivered;
    readers->size = conf->limit;

    readers->list = ngx_alloc(conf->limit * (sizeof(chatws_receipt_t)
                                             + CHATWS_NAME_MAX),
                              ngx_cycle->log);
    if (readers->list == NULL) {
        return NGX_ERROR;
    }

    readers->ids = (u_char *) (readers->list + conf->limit);

    ngx_memzero(&cursor, sizeof(chatws_people_cursor_t));

    do {
        rc = ngx_http_chatws_readers_slice(reader, &cursor, readers);

    } while (rc == CHATWS_AGAIN);

    if (rc == CHATWS_OK) {
        return NGX_OK;
    }

    ngx_free(readers->list);

    return rc == CHATWS_DECLINED ? NGX_DECLINED : NGX_ERROR;
}


/* CHATWS_AGAIN: this was not the last slice. */

static chatws_rc_e
ngx_http_chatws_readers_slice(const ngx_http_chatws_reader_t *reader,
    chatws_people_cursor_t *cursor, ngx_http_chatws_readers_t *readers)
{
    uint32_t                i, n;
    uint64_t                chat, user;
    ngx_uint_t              reciprocal;
    chatws_rc_e             rc;
    chatws_people_t        *tb;
    chatws_receipt_t       *receipt;
    chatws_people_mark_t    marks[CHATWS_PEOPLE_WALK];
    ngx_http_chatws_hub_t  *hub;

    hub = reader->hub;
    tb = ngx_http_chatws_people(hub);
    chat = ngx_http_chatws_hub_hash(hub, (ngx_str_t *) &reader->chat);
    user = ngx_http_chatws_hub_hash(hub, (ngx_str_t *) &reader->user);
    reciprocal = ngx_http_chatws_is_reciprocal(hub);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return CHATWS_BUSY;
    }

    rc = chatws_people_readers(tb, chat, user, readers->size, reciprocal,
                               cursor, marks, &n);

    ngx_http_chatws_zone_unlock(&hub->zone);

    for (i = 0; i < n && readers->n < readers->size; i++) {

        receipt = &readers->list[readers->n];

        ngx_http_chatws_receipt_fill(receipt, marks[i].read_public,
                                     marks[i].delivered);

        receipt->user.data = readers->ids + readers->n * CHATWS_NAME_MAX;
        receipt->user.len = marks[i].len;
        ngx_memcpy(receipt->user.data, marks[i].id, marks[i].len);

        readers->n++;
    }

    return rc;
}


ngx_uint_t
ngx_http_chatws_is_reciprocal(ngx_http_chatws_hub_t *hub)
{
    const ngx_http_chatws_receipts_conf_t  *conf;

    conf = ngx_http_chatws_receipts(hub);

    return conf != NULL && conf->reciprocal;
}


/* NULL: nobody is told of readers, or not any more. */

static const ngx_http_chatws_receipts_conf_t *
ngx_http_chatws_receipts(ngx_http_chatws_hub_t *hub)
{
    return hub->zone.people != NULL ? hub->zone.people->receipts : NULL;
}
