
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
 * limits of a delivery besides its notes: their bytes, unless there is but one,
 * and entries looked at
 */
#define NGX_HTTP_CHATWS_BYTES    (256 * 1024)
#define NGX_HTTP_CHATWS_ENTRIES  8192


static ngx_int_t ngx_http_chatws_collect_ring(ngx_http_chatws_hub_t *hub,
    ngx_uint_t ring);
static ngx_int_t ngx_http_chatws_collect_note(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_local_chat_t *chat, chatws_entry_t *entry, uint64_t offset,
    ngx_uint_t ring);
static ngx_int_t ngx_http_chatws_collect_room(
    ngx_http_chatws_delivery_t *delivery, size_t len);
static ngx_int_t ngx_http_chatws_collect_reserve(
    ngx_http_chatws_delivery_t *delivery, size_t n);
static void ngx_http_chatws_collect_touch(ngx_http_chatws_delivery_t *delivery,
    ngx_http_chatws_local_chat_t *chat);


void
ngx_http_chatws_collect_sort(ngx_http_chatws_hub_t *hub)
{
    uint32_t                       i, n;
    ngx_http_chatws_local_chat_t  *chat;
    ngx_http_chatws_note_t        *note;
    ngx_http_chatws_delivery_t    *delivery;

    delivery = &hub->delivery;

    delivery->active = 1;
    delivery->bytes = 0;
    delivery->need = 0;
    delivery->nnotes = 0;
    delivery->nchats = 0;
    delivery->ntouched = 0;
    delivery->nlinks = 0;
    delivery->next = 0;

    /* 0 marks what was never touched */

    if (++delivery->number == 0) {
        delivery->number = 1;
    }

    delivery->pos[CHATWS_DURABLE] = CHATWS_OFF_NONE;
    delivery->pos[CHATWS_EPHEMERAL] = CHATWS_OFF_NONE;

    if (ngx_http_chatws_collect_ring(hub, CHATWS_DURABLE) == NGX_OK) {
        (void) ngx_http_chatws_collect_ring(hub, CHATWS_EPHEMERAL);
    }

    n = 0;

    for (i = 0; i < delivery->nchats; i++) {
        chat = delivery->chats[i];

        chat->first = n;
        n += chat->nnotes;
        chat->nnotes = 0;
    }

    for (i = 0; i < delivery->nnotes; i++) {
        note = &delivery->notes[i];
        chat = note->chat;

        delivery->order[chat->first + chat->nnotes++] = note;
    }

    for (i = 0; i < delivery->nchats; i++) {
        ngx_http_chatws_collect_touch(delivery, delivery->chats[i]);
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "chatws drain notes:%uD chats:%uD subscribers:%uD",
                   delivery->nnotes, delivery->nchats, delivery->ntouched);
}


/* NGX_AGAIN: the delivery is full. */

static ngx_int_t
ngx_http_chatws_collect_ring(ngx_http_chatws_hub_t *hub, ngx_uint_t ring)
{
    uint64_t                       next, pos;
    ngx_uint_t                     n;
    chatws_entry_t                *entry;
    ngx_http_chatws_local_chat_t  *chat;
    ngx_http_chatws_delivery_t    *delivery;

    delivery = &hub->delivery;

    pos = chatws_store_cursor(hub->zone.store, hub->slot, ring);

    if (pos == CHATWS_OFF_NONE) {
        return NGX_OK;
    }

    for (n = 0; n < NGX_HTTP_CHATWS_ENTRIES; n++) {

        delivery->pos[ring] = pos;

        entry = chatws_store_entry(hub->zone.store, ring, pos, &next);

        if (entry == NULL) {

            if (next != CHATWS_OFF_NONE) {
                delivery->pos[ring] = next;
            }

            return NGX_OK;
        }

        chat = ngx_http_chatws_collect_chat(hub, entry);

        if (chat != NULL
            && ngx_http_chatws_collect_note(hub, chat, entry, pos, ring)
               != NGX_OK)
        {
            return NGX_AGAIN;
        }

        pos = next;
    }

    return NGX_AGAIN;
}


ngx_http_chatws_local_chat_t *
ngx_http_chatws_collect_chat(ngx_http_chatws_hub_t *hub, chatws_entry_t *entry)
{
    ngx_http_chatws_node_t        *node;
    ngx_http_chatws_local_chat_t  *chat;

    node = ngx_http_chatws_index_first(&hub->rows, entry->chat);

    if (node == NULL) {
        return NULL;
    }

    chat = (ngx_http_chatws_local_chat_t *)
               ((u_char *) node
                - offsetof(ngx_http_chatws_local_chat_t, by_row));

    /* the row may have been another chat's when the entry was written */

    return chat->serial == entry->serial ? chat : NULL;
}


/*
 * The frame is copied, once for all its receivers here: while they are served
 * this worker may be stopped for so long that publishers overwrite the log.
 */

static ngx_int_t
ngx_http_chatws_collect_note(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_local_chat_t *chat, chatws_entry_t *entry, uint64_t offset,
    ngx_uint_t ring)
{
    u_char                      *data;
    size_t                       len;
    ngx_http_chatws_note_t      *note;
    ngx_http_chatws_delivery_t  *delivery;

    delivery = &hub->delivery;
    len = *(volatile uint32_t *) &entry->len;

    if (delivery->nnotes == NGX_HTTP_CHATWS_NOTES
        || chatws_store_lapped(hub->zone.store, hub->slot)
        || ngx_http_chatws_collect_room(delivery, len) != NGX_OK)
    {
        return NGX_AGAIN;
    }

    if (chat->delivery != delivery->number) {

        if (ngx_http_chatws_collect_reserve(delivery, chat->n) != NGX_OK) {
            return NGX_AGAIN;
        }

        chat->delivery = delivery->number;
        chat->nnotes = 0;
        delivery->chats[delivery->nchats++] = chat;
    }

    data = delivery->data + delivery->bytes;
    ngx_memcpy(data, entry->frame, len);

    note = &delivery->notes[delivery->nnotes++];

    ngx_http_chatws_outframe_init(&note->frame, data, len);

    note->frame.droppable = ring == CHATWS_EPHEMERAL;
    note->frame.counted = 1;
    note->offset = offset;
    note->seq = entry->seq;
    note->sender = entry->sender;
    note->chat = chat;
    note->mine = NULL;
    note->own = entry->own;

    chat->nnotes++;
    delivery->bytes += len;

    return NGX_OK;
}


/*
 * Makes room for the bytes of one more note.  What one that was larger than a
 * delivery had needed is given back with the next delivery.
 */

static ngx_int_t
ngx_http_chatws_collect_room(ngx_http_chatws_delivery_t *delivery, size_t len)
{
    size_t   size;
    u_char  *data;

    if (delivery->bytes != 0) {
        return delivery->bytes + len <= NGX_HTTP_CHATWS_BYTES ? NGX_OK
                                                           : NGX_AGAIN;
    }

    size = ngx_max(len, NGX_HTTP_CHATWS_BYTES);

    if (size == delivery->room) {
        return NGX_OK;
    }

    data = ngx_alloc(size, ngx_cycle->log);
    if (data == NULL) {
        return NGX_ERROR;
    }

    ngx_free(delivery->data);

    delivery->data = data;
    delivery->room = size;

    return NGX_OK;
}


/* Makes room for n more subscribers to be touched. */

static ngx_int_t
ngx_http_chatws_collect_reserve(ngx_http_chatws_delivery_t *delivery, size_t n)
{
    size_t                      size;
    ngx_http_chatws_link_t     *links;
    ngx_http_chatws_touched_t  *touched;

    delivery->need += n;

    if (delivery->need <= delivery->size) {
        return NGX_OK;
    }

    /* nothing is in the arrays yet: they are filled when all is collected */

    size = ngx_max(delivery->need, delivery->size * 2);

    links = ngx_alloc(size * sizeof(ngx_http_chatws_link_t), ngx_cycle->log);
    touched = ngx_alloc(size * sizeof(ngx_http_chatws_touched_t),
                        ngx_cycle->log);

    if (links == NULL || touched == NULL) {
        ngx_free(links);
        ngx_free(touched);
        delivery->need -= n;
        return NGX_ERROR;
    }

    ngx_free(delivery->links);
    ngx_free(delivery->touched);

    delivery->links = links;
    delivery->touched = touched;
    delivery->size = size;

    return NGX_OK;
}


static void
ngx_http_chatws_collect_touch(ngx_http_chatws_delivery_t *delivery,
    ngx_http_chatws_local_chat_t *chat)
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

        if (subscriber->delivery != delivery->number) {
            subscriber->delivery = delivery->number;
            subscriber->touched = delivery->ntouched;

            touched = &delivery->touched[delivery->ntouched++];

            touched->subscriber = subscriber;
            touched->chat = chat;
            touched->more = 0;

            continue;
        }

        touched = &delivery->touched[subscriber->touched];
        link = &delivery->links[delivery->nlinks++];

        link->chat = chat;
        link->next = touched->more;
        touched->more = delivery->nlinks;
    }
}
