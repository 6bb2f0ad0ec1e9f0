
/*
 * Copyright (C) chatws contributors
 *
 * What a drain has to do: all that waits in the zone's logs, up to a limit,
 * noted by chat, and the subscribers who are to get some of it.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "hub/ngx_http_chatws_hub.h"


/*
 * limits of a batch besides its notes: their bytes, unless there is but one,
 * and entries looked at
 */
#define NGX_HTTP_CHATWS_BYTES    (256 * 1024)
#define NGX_HTTP_CHATWS_ENTRIES  8192


static ngx_int_t ngx_http_chatws_drain_log(ngx_http_chatws_hub_t *hub,
    ngx_uint_t log);
static ngx_int_t ngx_http_chatws_drain_note(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_chat_t *chat, chatws_entry_t *entry, uint64_t offset,
    ngx_uint_t log);
static ngx_int_t ngx_http_chatws_drain_room(ngx_http_chatws_batch_t *batch,
    size_t len);
static ngx_int_t ngx_http_chatws_drain_reserve(
    ngx_http_chatws_batch_t *batch, size_t n);
static void ngx_http_chatws_drain_touch(ngx_http_chatws_batch_t *batch,
    ngx_http_chatws_chat_t *chat);


void
ngx_http_chatws_drain_collect(ngx_http_chatws_hub_t *hub)
{
    uint32_t                  i, n;
    ngx_http_chatws_chat_t   *chat;
    ngx_http_chatws_note_t   *note;
    ngx_http_chatws_batch_t  *batch;

    batch = &hub->batch;

    batch->active = 1;
    batch->bytes = 0;
    batch->need = 0;
    batch->nnotes = 0;
    batch->nchats = 0;
    batch->ntouched = 0;
    batch->nlinks = 0;
    batch->next = 0;

    /* 0 marks what was never touched */

    if (++batch->number == 0) {
        batch->number = 1;
    }

    batch->pos[CHATWS_DURABLE] = CHATWS_OFF_NONE;
    batch->pos[CHATWS_EPHEMERAL] = CHATWS_OFF_NONE;

    if (ngx_http_chatws_drain_log(hub, CHATWS_DURABLE) == NGX_OK) {
        (void) ngx_http_chatws_drain_log(hub, CHATWS_EPHEMERAL);
    }

    n = 0;

    for (i = 0; i < batch->nchats; i++) {
        chat = batch->chats[i];

        chat->first = n;
        n += chat->nnotes;
        chat->nnotes = 0;
    }

    for (i = 0; i < batch->nnotes; i++) {
        note = &batch->notes[i];
        chat = note->chat;

        batch->order[chat->first + chat->nnotes++] = note;
    }

    for (i = 0; i < batch->nchats; i++) {
        ngx_http_chatws_drain_touch(batch, batch->chats[i]);
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "chatws drain notes:%uD chats:%uD subscribers:%uD",
                   batch->nnotes, batch->nchats, batch->ntouched);
}


/* NGX_AGAIN: the batch is full. */

static ngx_int_t
ngx_http_chatws_drain_log(ngx_http_chatws_hub_t *hub, ngx_uint_t log)
{
    uint64_t                  next, pos;
    ngx_uint_t                n;
    chatws_entry_t           *entry;
    ngx_http_chatws_chat_t   *chat;
    ngx_http_chatws_batch_t  *batch;

    batch = &hub->batch;

    pos = chatws_store_cursor(hub->zone.store, hub->slot, log);

    if (pos == CHATWS_OFF_NONE) {
        return NGX_OK;
    }

    for (n = 0; n < NGX_HTTP_CHATWS_ENTRIES; n++) {

        batch->pos[log] = pos;

        entry = chatws_store_entry(hub->zone.store, log, pos, &next);

        if (entry == NULL) {

            if (next != CHATWS_OFF_NONE) {
                batch->pos[log] = next;
            }

            return NGX_OK;
        }

        chat = ngx_http_chatws_drain_chat(hub, entry);

        if (chat != NULL
            && ngx_http_chatws_drain_note(hub, chat, entry, pos, log)
               != NGX_OK)
        {
            return NGX_AGAIN;
        }

        pos = next;
    }

    return NGX_AGAIN;
}


ngx_http_chatws_chat_t *
ngx_http_chatws_drain_chat(ngx_http_chatws_hub_t *hub, chatws_entry_t *entry)
{
    ngx_http_chatws_node_t  *node;
    ngx_http_chatws_chat_t  *chat;

    node = ngx_http_chatws_index_first(&hub->rows, entry->chat);

    if (node == NULL) {
        return NULL;
    }

    chat = (ngx_http_chatws_chat_t *)
               ((u_char *) node - offsetof(ngx_http_chatws_chat_t, by_row));

    /* the row may have been another chat's when the entry was written */

    return chat->serial == entry->serial ? chat : NULL;
}


/*
 * The frame is copied, once for all its receivers here: while they are served
 * this worker may be stopped for so long that publishers overwrite the log.
 */

static ngx_int_t
ngx_http_chatws_drain_note(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_chat_t *chat, chatws_entry_t *entry, uint64_t offset,
    ngx_uint_t log)
{
    u_char                   *data;
    size_t                    len;
    ngx_http_chatws_note_t   *note;
    ngx_http_chatws_batch_t  *batch;

    batch = &hub->batch;
    len = *(volatile uint32_t *) &entry->len;

    if (batch->nnotes == NGX_HTTP_CHATWS_NOTES
        || chatws_store_lapped(hub->zone.store, hub->slot)
        || ngx_http_chatws_drain_room(batch, len) != NGX_OK)
    {
        return NGX_AGAIN;
    }

    if (chat->batch != batch->number) {

        if (ngx_http_chatws_drain_reserve(batch, chat->n) != NGX_OK) {
            return NGX_AGAIN;
        }

        chat->batch = batch->number;
        chat->nnotes = 0;
        batch->chats[batch->nchats++] = chat;
    }

    data = batch->data + batch->bytes;
    ngx_memcpy(data, entry->frame, len);

    note = &batch->notes[batch->nnotes++];

    ngx_http_chatws_frame_init(&note->frame, data, len);

    note->frame.droppable = log == CHATWS_EPHEMERAL;
    note->frame.counted = 1;
    note->offset = offset;
    note->seq = entry->seq;
    note->sender = entry->sender;
    note->chat = chat;
    note->mine = NULL;
    note->own = entry->own;

    chat->nnotes++;
    batch->bytes += len;

    return NGX_OK;
}


/*
 * Makes room for the bytes of one more note.  What one that was larger than a
 * batch had needed is given back with the next batch.
 */

static ngx_int_t
ngx_http_chatws_drain_room(ngx_http_chatws_batch_t *batch, size_t len)
{
    size_t   size;
    u_char  *data;

    if (batch->bytes != 0) {
        return batch->bytes + len <= NGX_HTTP_CHATWS_BYTES ? NGX_OK
                                                           : NGX_AGAIN;
    }

    size = ngx_max(len, NGX_HTTP_CHATWS_BYTES);

    if (size == batch->room) {
        return NGX_OK;
    }

    data = ngx_alloc(size, ngx_cycle->log);
    if (data == NULL) {
        return NGX_ERROR;
    }

    ngx_free(batch->data);

    batch->data = data;
    batch->room = size;

    return NGX_OK;
}


/* Makes room for n more subscribers to be touched. */

static ngx_int_t
ngx_http_chatws_drain_reserve(ngx_http_chatws_batch_t *batch, size_t n)
{
    size_t                      size;
    ngx_http_chatws_link_t     *links;
    ngx_http_chatws_touched_t  *touched;

    batch->need += n;

    if (batch->need <= batch->size) {
        return NGX_OK;
    }

    /* nothing is in the arrays yet: they are filled when all is collected */

    size = ngx_max(batch->need, batch->size * 2);

    links = ngx_alloc(size * sizeof(ngx_http_chatws_link_t), ngx_cycle->log);
    touched = ngx_alloc(size * sizeof(ngx_http_chatws_touched_t),
                        ngx_cycle->log);

    if (links == NULL || touched == NULL) {
        ngx_free(links);
        ngx_free(touched);
        batch->need -= n;
        return NGX_ERROR;
    }

    ngx_free(batch->links);
    ngx_free(batch->touched);

    batch->links = links;
    batch->touched = touched;
    batch->size = size;

    return NGX_OK;
}


static void
ngx_http_chatws_drain_touch(ngx_http_chatws_batch_t *batch,
    ngx_http_chatws_chat_t *chat)
{
    uint32_t                       i;
    ngx_http_chatws_link_t        *link;
    ngx_http_chatws_touched_t     *touched;
    ngx_http_chatws_subscriber_t  *subscriber;

    for (i = 0; i < chat->n; i++) {

        if (i + NGX_HTTP_CHATWS_PREFETCH < chat->n) {
            ngx_http_chatws_prefetch(
                chat->members[i + NGX_HTTP_CHATWS_PREFETCH].subscriber);
        }

        subscriber = chat->members[i].subscriber;

        if (subscriber->batch != batch->number) {
            subscriber->batch = batch->number;
            subscriber->touched = batch->ntouched;

            touched = &batch->touched[batch->ntouched++];

            touched->subscriber = subscriber;
            touched->chat = chat;
            touched->more = 0;

            continue;
        }

        touched = &batch->touched[subscriber->touched];
        link = &batch->links[batch->nlinks++];

        link->chat = chat;
        link->next = touched->more;
        touched->more = batch->nlinks;
    }
}
