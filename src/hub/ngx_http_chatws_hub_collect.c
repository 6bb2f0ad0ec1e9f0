
/*
 * Copyright (C) chatws contributors
 *
 * The first half of a delivery: the entries that wait in the rings of the
 * zone are noted, up to a limit, and sorted by chat; then the subscribers that
 * may have to get some of them are listed, each of them once.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_array.h"
#include "hub/ngx_http_chatws_hub_private.h"


/*
 * Limits of a delivery, besides the number of its notes.  A note of more
 * bytes than these is delivered alone.
 */
#define NGX_HTTP_CHATWS_BYTES    (256 * 1024)

/* entries looked at, most of which may be of chats of other workers */
#define NGX_HTTP_CHATWS_ENTRIES  8192


static void ngx_http_chatws_collect_begin(
    ngx_http_chatws_delivery_t *delivery);
static ngx_int_t ngx_http_chatws_collect_ring(ngx_http_chatws_hub_t *hub,
    ngx_uint_t ring);
static ngx_int_t ngx_http_chatws_collect_entry(ngx_http_chatws_hub_t *hub,
    const chatws_entry_t *entry, uint64_t offset, ngx_uint_t ring);
static ngx_int_t ngx_http_chatws_collect_note(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_local_chat_t *chat, const chatws_entry_t *entry,
    uint64_t offset, ngx_uint_t ring);
static ngx_int_t ngx_http_chatws_collect_room(
    ngx_http_chatws_delivery_t *delivery, size_t len);
static ngx_int_t ngx_http_chatws_collect_reserve(
    ngx_http_chatws_delivery_t *delivery, size_t n);
static void ngx_http_chatws_collect_sort(
    ngx_http_chatws_delivery_t *delivery);
static void ngx_http_chatws_collect_touch(ngx_http_chatws_delivery_t *delivery,
    ngx_http_chatws_local_chat_t *chat);


void
ngx_http_chatws_collect(ngx_http_chatws_hub_t *hub)
{
    uint32_t                     i;
    ngx_http_chatws_delivery_t  *delivery;

    delivery = &hub->delivery;

    ngx_http_chatws_collect_begin(delivery);

    if (ngx_http_chatws_collect_ring(hub, CHATWS_DURABLE) == NGX_OK) {
        (void) ngx_http_chatws_collect_ring(hub, CHATWS_EPHEMERAL);
    }

    if (delivery->commands) {
        delivery->ntouched = delivery->nnotes;
        return;
    }

    ngx_http_chatws_collect_sort(delivery);

    for (i = 0; i < delivery->nchats; i++) {
        ngx_http_chatws_collect_touch(delivery, delivery->chats[i]);
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "chatws delivery notes:%uD chats:%uD subscribers:%uD",
                   delivery->nnotes, delivery->nchats, delivery->ntouched);
}


static void
ngx_http_chatws_collect_begin(ngx_http_chatws_delivery_t *delivery)
{
    delivery->active = 1;
    delivery->commands = 0;
    delivery->bytes = 0;
    delivery->need = 0;
    delivery->nnotes = 0;
    delivery->nchats = 0;
    delivery->ntouched = 0;
    delivery->nlinks = 0;
    delivery->next = 0;

    /* chats and subscribers that were never touched have the number 0 */

    if (++delivery->number == 0) {
        delivery->number = 1;
    }

    delivery->pos[CHATWS_DURABLE] = CHATWS_OFF_NONE;
    delivery->pos[CHATWS_EPHEMERAL] = CHATWS_OFF_NONE;
}


/*
 * Notes the entries of a ring that are for this worker, and moves pos to the
 * first entry that is left for the next delivery.  NGX_AGAIN: there may be
 * such entries.
 */

static ngx_int_t
ngx_http_chatws_collect_ring(ngx_http_chatws_hub_t *hub, ngx_uint_t ring)
{
    uint64_t                       next, pos;
    ngx_uint_t                     n;
    const chatws_ring_t           *shared;
    const chatws_entry_t          *entry;
    ngx_http_chatws_delivery_t    *delivery;

    delivery = &hub->delivery;

    pos = chatws_store_cursor(hub->zone.store, hub->slot, ring);
    shared = chatws_store_ring(hub->zone.store, ring);

    if (pos == CHATWS_OFF_NONE) {
        return NGX_OK;
    }

    delivery->pos[ring] = pos;

    for (n = 0; n < NGX_HTTP_CHATWS_ENTRIES; n++) {

        entry = chatws_ring_entry(shared, pos, &next);

        if (entry == NULL) {

            if (next != CHATWS_OFF_NONE) {
                delivery->pos[ring] = next;
            }

            return NGX_OK;
        }

        if (ngx_http_chatws_collect_entry(hub, entry, pos, ring) != NGX_OK) {
            return NGX_AGAIN;
        }

        pos = next;
        delivery->pos[ring] = pos;
    }

    return NGX_AGAIN;
}


/*
 * Notes an entry if it is for this worker.  A delivery consists either of
 * notifications or of commands, so that these take effect in their order.
 * NGX_AGAIN: the entry has to wait for the next delivery.
 */

static ngx_int_t
ngx_http_chatws_collect_entry(ngx_http_chatws_hub_t *hub,
    const chatws_entry_t *entry, uint64_t offset, ngx_uint_t ring)
{
    ngx_uint_t                     command;
    ngx_http_chatws_local_chat_t  *chat;
    ngx_http_chatws_delivery_t    *delivery;

    delivery = &hub->delivery;
    command = entry->chat == CHATWS_ROW_COMMAND;
    chat = NULL;

    if (!command) {
        chat = ngx_http_chatws_collect_chat(hub, entry);

        if (chat == NULL) {
            return NGX_OK;
        }
    }

    if (delivery->nnotes != 0 && command != delivery->commands) {
        return NGX_AGAIN;
    }

    if (ngx_http_chatws_collect_note(hub, chat, entry, offset, ring)
        != NGX_OK)
    {
        return NGX_AGAIN;
    }

    delivery->commands = command;

    return NGX_OK;
}


ngx_http_chatws_local_chat_t *
ngx_http_chatws_collect_chat(ngx_http_chatws_hub_t *hub,
    const chatws_entry_t *entry)
{
    ngx_http_chatws_node_t        *node;
    ngx_http_chatws_local_chat_t  *chat;

    node = ngx_http_chatws_index_first(&hub->rows, entry->chat);

    if (node == NULL) {
        return NULL;
    }

    chat = ngx_http_chatws_node_data(node, ngx_http_chatws_local_chat_t,
                                     by_row);

    /* the row may have been another chat's when the entry was written */

    return chat->serial == entry->serial ? chat : NULL;
}


/*
 * Adds an entry to the delivery, a command if chat is NULL.  Its frame is
 * copied, once for all receivers in this worker: while they are served the
 * worker may be stopped for so long that publishers overwrite the entry.
 * NGX_AGAIN: the entry has to wait for the next delivery.
 */

static ngx_int_t
ngx_http_chatws_collect_note(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_local_chat_t *chat, const chatws_entry_t *entry,
    uint64_t offset, ngx_uint_t ring)
{
    u_char                      *data;
    size_t                       len;
    ngx_http_chatws_note_t      *note;
    ngx_http_chatws_delivery_t  *delivery;

    delivery = &hub->delivery;

    /* read once: it changes if this worker is lapped at this moment */

    len = *(const volatile uint32_t *) &entry->len;

    if (delivery->nnotes == NGX_HTTP_CHATWS_NOTES
        || chatws_store_is_lapped(hub->zone.store, hub->slot)
        || ngx_http_chatws_collect_room(delivery, len) != NGX_OK)
    {
        return NGX_AGAIN;
    }

    if (chat != NULL && chat->delivery != delivery->number) {

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
    note->frame.state = (entry->own & CHATWS_ENTRY_STATE) != 0;

    /* of the messages only a chat_update has no number */

    if (chat != NULL && ring == CHATWS_DURABLE && entry->seq == 0) {
        note->frame.key = chat->row;
    }

    note->offset = offset;
    note->seq = entry->seq;
    note->sender = entry->sender;
    note->chat = chat;
    note->mine = NULL;
    note->own = entry->own & CHATWS_ENTRY_OWN;

    if (chat != NULL) {
        chat->nnotes++;
    }

    delivery->bytes += len;

    return NGX_OK;
}


/*
 * Makes room for the bytes of one more note.  A note of more bytes than a
 * delivery has gets a larger buffer, which the next delivery gives back.
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


/*
 * Makes room for n more subscribers to be touched.  The arrays are empty as
 * long as entries are collected, so nothing of them is to be kept.
 */

static ngx_int_t
ngx_http_chatws_collect_reserve(ngx_http_chatws_delivery_t *delivery, size_t n)
{
    size_t   need, size;
    void    *links, *touched;

    need = delivery->need + n;

    if (need > delivery->size) {
        size = ngx_max(need, delivery->size * 2);

        links = ngx_http_chatws_array_resize(delivery->links, 0,
                               size * sizeof(ngx_http_chatws_link_t),
                               ngx_cycle->log);
        if (links == NULL) {
            return NGX_ERROR;
        }

        delivery->links = links;

        touched = ngx_http_chatws_array_resize(delivery->touched, 0,
                               size * sizeof(ngx_http_chatws_touched_t),
                               ngx_cycle->log);
        if (touched == NULL) {
            return NGX_ERROR;
        }

        delivery->touched = touched;
        delivery->size = size;
    }

    delivery->need = need;

    return NGX_OK;
}


/*
 * Sorts the notes by chat, and leaves those of one chat in their order.  It is
 * a counting sort: the notes of each chat have been counted, so each chat has
 * a range of "order", which is filled from its end.
 */

static void
ngx_http_chatws_collect_sort(ngx_http_chatws_delivery_t *delivery)
{
    uint32_t                 i, end;
    ngx_http_chatws_note_t  *note;

    end = 0;

    for (i = 0; i < delivery->nchats; i++) {
        end += delivery->chats[i]->nnotes;
        delivery->chats[i]->first = end;
    }

    for (i = delivery->nnotes; i-- != 0; /* void */) {
        note = &delivery->notes[i];
        delivery->order[--note->chat->first] = note;
    }
}


/*
 * Lists the members of a chat to be served; one that is in several of the
 * chats is listed once, with a link for each other chat.
 */

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
