
/*
 * Copyright (C) chatws contributors
 *
 * The second half of a delivery: each subscriber that has to get some of the
 * notes is served once.  A large delivery is served in slices, between which
 * other events have their turn.  The cursor of the slot moves when all of the
 * delivery was served.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "base/chatws_own.h"
#include "process/ngx_http_chatws_event.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* subscribers served before other events have their turn */
#define NGX_HTTP_CHATWS_SLICE  512


static void ngx_http_chatws_deliver_rest(ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_deliver_serve(ngx_http_chatws_hub_t *hub);
static ngx_uint_t ngx_http_chatws_deliver_gather(
    ngx_http_chatws_delivery_t *delivery, ngx_http_chatws_touched_t *touched);
static ngx_http_chatws_note_t **ngx_http_chatws_deliver_filter(
    ngx_http_chatws_delivery_t *delivery,
    ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_note_t **notes, ngx_uint_t *n);
static ngx_http_chatws_note_t *ngx_http_chatws_deliver_for(
    ngx_http_chatws_delivery_t *delivery,
    ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_note_t *note);
static ngx_http_chatws_note_t *ngx_http_chatws_deliver_mine(
    ngx_http_chatws_delivery_t *delivery, ngx_http_chatws_note_t *note);
static void ngx_http_chatws_deliver_lapse(ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_deliver_finish(ngx_http_chatws_hub_t *hub);
static ngx_int_t ngx_http_chatws_deliver_settle(ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_deliver_end(ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_deliver_release(ngx_http_chatws_note_t *note);


ngx_int_t
ngx_http_chatws_deliver_init(ngx_http_chatws_hub_t *hub, ngx_log_t *log)
{
    ngx_http_chatws_delivery_t  *delivery;

    delivery = &hub->delivery;

    delivery->notes = ngx_alloc(NGX_HTTP_CHATWS_NOTES
                                * sizeof(ngx_http_chatws_note_t), log);
    delivery->mine = ngx_alloc(NGX_HTTP_CHATWS_NOTES
                               * sizeof(ngx_http_chatws_note_t), log);
    delivery->order = ngx_alloc(NGX_HTTP_CHATWS_NOTES
                                * sizeof(ngx_http_chatws_note_t *), log);
    delivery->gather = ngx_alloc(NGX_HTTP_CHATWS_NOTES
                                 * sizeof(ngx_http_chatws_note_t *), log);
    delivery->chats = ngx_alloc(NGX_HTTP_CHATWS_NOTES
                                * sizeof(ngx_http_chatws_local_chat_t *), log);

    if (delivery->notes == NULL
        || delivery->mine == NULL
        || delivery->order == NULL
        || delivery->gather == NULL
        || delivery->chats == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_chatws_deliver_done(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_delivery_t  *delivery;

    delivery = &hub->delivery;

    if (delivery->active) {
        ngx_http_chatws_deliver_end(hub);
    }

    ngx_free(delivery->notes);
    ngx_free(delivery->mine);
    ngx_free(delivery->order);
    ngx_free(delivery->gather);
    ngx_free(delivery->chats);
    ngx_free(delivery->touched);
    ngx_free(delivery->links);
    ngx_free(delivery->data);
}


void
ngx_http_chatws_deliver_handler(ngx_event_t *ev)
{
    ngx_http_chatws_hub_t  *hub;

    hub = ngx_http_chatws_event_data(ev);

    ev->timedout = 0;

    /* the other workers may begin while this one delivers */

    ngx_http_chatws_hub_signal(hub);

    if (hub->slot == CHATWS_SLOT_NONE
        || ngx_http_chatws_deliver_settle(hub) != NGX_OK)
    {
        return;
    }

    if (!hub->delivery.active
        && !chatws_store_is_lapped(hub->zone.store, hub->slot))
    {
        ngx_http_chatws_collect(hub);
    }

    /* publishers may have overwritten the entries while they were read */

    if (chatws_store_is_lapped(hub->zone.store, hub->slot)) {
        ngx_http_chatws_deliver_lapse(hub);
        return;
    }

    ngx_http_chatws_deliver_serve(hub);

    if (hub->delivery.next < hub->delivery.ntouched) {
        ngx_post_event(ev, &ngx_posted_next_events);
        return;
    }

    ngx_http_chatws_deliver_finish(hub);
}


/*
 * Publishers have passed this worker over, and each subscriber has missed
 * something.
 */

static void
ngx_http_chatws_deliver_lapse(ngx_http_chatws_hub_t *hub)
{
    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        ngx_http_chatws_hub_again(hub);
        return;
    }

    chatws_store_unlap(hub->zone.store, hub->slot);

    ngx_http_chatws_zone_unlock(&hub->zone);

    /*
     * nothing was served since the slot takes part again, and after the call
     * no subscriber is left that has missed something
     */

    hub->handlers->lapse(hub);

    ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_LAPS, 1);

    if (hub->delivery.active) {
        ngx_http_chatws_deliver_end(hub);
    }
}


ngx_int_t
ngx_http_chatws_deliver_until(ngx_http_chatws_hub_t *hub, uint64_t offset)
{
    uint64_t  before, cursor;

    before = CHATWS_OFF_NONE;

    for ( ;; ) {

        if (ngx_http_chatws_deliver_settle(hub) != NGX_OK) {
            return NGX_BUSY;
        }

        cursor = chatws_store_cursor(hub->zone.store, hub->slot,
                                     CHATWS_DURABLE);

        /* the cursor stands still if there is no memory for a delivery */

        if (cursor == CHATWS_OFF_NONE
            || cursor >= offset
            || cursor == before
            || chatws_store_is_lapped(hub->zone.store, hub->slot))
        {
            return NGX_OK;
        }

        if (!hub->delivery.active) {
            before = cursor;
            ngx_http_chatws_collect(hub);
        }

        if (hub->delivery.commands) {
            ngx_post_event(&hub->round, &ngx_posted_next_events);
            return NGX_OK;
        }

        ngx_http_chatws_deliver_rest(hub);
    }
}


/* Serves the rest of the delivery in hand. */

static void
ngx_http_chatws_deliver_rest(ngx_http_chatws_hub_t *hub)
{
    while (hub->delivery.next < hub->delivery.ntouched
           && !chatws_store_is_lapped(hub->zone.store, hub->slot))
    {
        ngx_http_chatws_deliver_serve(hub);
    }

    ngx_http_chatws_deliver_finish(hub);
}


uint64_t
ngx_http_chatws_deliver_position(ngx_http_chatws_hub_t *hub)
{
    uint64_t              cursor, head;
    ngx_int_t             rc;
    chatws_store_t       *store;
    const chatws_ring_t  *ring;

    store = hub->zone.store;
    ring = chatws_store_ring(store, CHATWS_DURABLE);
    head = chatws_ring_head(ring);

    do {
        if (hub->delivery.active) {
            ngx_http_chatws_deliver_rest(hub);
        }

        rc = ngx_http_chatws_deliver_until(hub, head);

        /* it has stopped at a command */

    } while (rc == NGX_OK && hub->delivery.active);

    if (rc != NGX_OK
        && hub->delivery.pos[CHATWS_DURABLE] != CHATWS_OFF_NONE)
    {
        return hub->delivery.pos[CHATWS_DURABLE];
    }

    /*
     * A slot without a cursor has got everything that concerns it, or is
     * lapped.  A publisher sets the cursor before it moves the head, so the
     * head is read first: an entry below it has a cursor by then.
     */

    head = chatws_ring_head(ring);
    cursor = chatws_store_cursor(store, hub->slot, CHATWS_DURABLE);

    if (chatws_store_is_lapped(store, hub->slot)) {
        return CHATWS_OFF_NONE;
    }

    return cursor == CHATWS_OFF_NONE ? head : cursor;
}


void
ngx_http_chatws_deliver_forget(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_local_chat_t *chat)
{
    uint32_t                     i;
    ngx_http_chatws_link_t      *link;
    ngx_http_chatws_delivery_t  *delivery;
    ngx_http_chatws_touched_t   *touched;

    delivery = &subscriber->hub->delivery;

    if (!delivery->active || subscriber->delivery != delivery->number) {
        return;
    }

    touched = &delivery->touched[subscriber->touched];

    if (chat == NULL) {
        touched->subscriber = NULL;
        return;
    }

    if (touched->chat == chat) {
        touched->chat = NULL;
        return;
    }

    for (i = touched->more; i != 0; i = link->next) {
        link = &delivery->links[i - 1];

        if (link->chat == chat) {
            link->chat = NULL;
            return;
        }
    }
}


/* Serves a slice of the subscribers. */

static void
ngx_http_chatws_deliver_serve(ngx_http_chatws_hub_t *hub)
{
    uint32_t                     last;
    ngx_uint_t                   n;
    ngx_http_chatws_note_t     **notes;
    ngx_http_chatws_delivery_t  *delivery;
    ngx_http_chatws_touched_t   *touched;

    delivery = &hub->delivery;

    if (delivery->commands) {
        ngx_http_chatws_command_serve(hub);
        return;
    }

    last = ngx_min(delivery->next + NGX_HTTP_CHATWS_SLICE, delivery->ntouched);

    for ( /* void */ ; delivery->next < last; delivery->next++) {

        touched = &delivery->touched[delivery->next];

        if (delivery->next + NGX_HTTP_CHATWS_PREFETCH < last) {
            ngx_http_chatws_prefetch(
                           touched[NGX_HTTP_CHATWS_PREFETCH].subscriber);
        }

        if (touched->subscriber == NULL) {
            continue;
        }

        if (touched->more == 0 && touched->chat != NULL) {
            notes = &delivery->order[touched->chat->first];
            n = touched->chat->nnotes;

        } else {
            notes = delivery->gather;
            n = ngx_http_chatws_deliver_gather(delivery, touched);
        }

        notes = ngx_http_chatws_deliver_filter(delivery, touched->subscriber,
                                               notes, &n);

        if (n != 0) {
            /* a note begins with its frame */

            hub->handlers->deliver(touched->subscriber,
                                   (ngx_http_chatws_outframe_t **) notes, n);
            ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_DELIVERED, n);
        }
    }
}


/*
 * Collects the notes of a subscriber that is in several of the chats, in the
 * order in which they were published: each note sets a bit, and the bits are
 * read in order.
 */

static ngx_uint_t
ngx_http_chatws_deliver_gather(ngx_http_chatws_delivery_t *delivery,
    ngx_http_chatws_touched_t *touched)
{
    uint32_t                       i, more, note;
    uint64_t                       bits, set[NGX_HTTP_CHATWS_NOTES / 64];
    ngx_uint_t                     n, word;
    ngx_http_chatws_local_chat_t  *chat;

    ngx_memzero(set, sizeof(set));

    chat = touched->chat;
    more = touched->more;

    for ( ;; ) {

        if (chat != NULL) {
            for (i = chat->first; i < chat->first + chat->nnotes; i++) {
                note = delivery->order[i] - delivery->notes;
                set[note / 64] |= (uint64_t) 1 << (note % 64);
            }
        }

        if (more == 0) {
            break;
        }

        chat = delivery->links[more - 1].chat;
        more = delivery->links[more - 1].next;
    }

    n = 0;

    for (word = 0; word < NGX_HTTP_CHATWS_NOTES / 64; word++) {
        for (bits = set[word]; bits != 0; bits &= bits - 1) {
            delivery->gather[n++] = &delivery->notes[word * 64
                                                     + __builtin_ctzll(bits)];
        }
    }

    return n;
}


/*
 * Leaves out the notes that are not for this subscriber.  Returns notes
 * untouched if all of them are for it, which is the usual case.  Otherwise it
 * copies the others to delivery->gather, which notes may be already, and
 * returns that.
 */

static ngx_http_chatws_note_t **
ngx_http_chatws_deliver_filter(ngx_http_chatws_delivery_t *delivery,
    ngx_http_chatws_subscriber_t *subscriber, ngx_http_chatws_note_t **notes,
    ngx_uint_t *n)
{
    ngx_uint_t               i, kept;
    ngx_http_chatws_note_t  *note;

    for (i = 0; i < *n; i++) {
        note = notes[i];

        if (note->sender == subscriber->user
            || note->offset < note->chat->from
            || note->frame.state)
        {
            break;
        }
    }

    if (i == *n) {
        return notes;
    }

    kept = i;

    if (notes != delivery->gather) {
        ngx_memcpy(delivery->gather, notes,
                   i * sizeof(ngx_http_chatws_note_t *));
    }

    for ( /* void */ ; i < *n; i++) {
        note = ngx_http_chatws_deliver_for(delivery, subscriber, notes[i]);

        if (note != NULL) {
            delivery->gather[kept++] = note;
        }
    }

    *n = kept;

    return delivery->gather;
}


/* The note as this subscriber gets it, or NULL if it does not. */

static ngx_http_chatws_note_t *
ngx_http_chatws_deliver_for(ngx_http_chatws_delivery_t *delivery,
    ngx_http_chatws_subscriber_t *subscriber, ngx_http_chatws_note_t *note)
{
    if (note->offset < note->chat->from
        && !note->frame.droppable
        && !ngx_http_chatws_is_expected(subscriber, note->chat, note->offset,
                                        note->seq))
    {
        return NULL;
    }

    if (note->frame.state) {
        return ngx_http_chatws_state_is_for(subscriber, note) ? note : NULL;
    }

    if (note->sender != subscriber->user) {
        return note;
    }

    if (!subscriber->own || note->frame.droppable) {
        return NULL;
    }

    return note->own ? ngx_http_chatws_deliver_mine(delivery, note) : note;
}


/*
 * The note with "isOwnMessage" true, made once for all connections of the
 * sender.
 */

static ngx_http_chatws_note_t *
ngx_http_chatws_deliver_mine(ngx_http_chatws_delivery_t *delivery,
    ngx_http_chatws_note_t *note)
{
    ngx_http_chatws_buf_t   *buf;
    ngx_http_chatws_note_t  *mine;

    if (note->mine != NULL) {
        return note->mine;
    }

    buf = ngx_http_chatws_buf_alloc(note->frame.len, ngx_cycle->log);

    if (buf == NULL) {
        /* a notification with a wrong flag is better than none */
        return note;
    }

    ngx_memcpy(buf->data, note->frame.data, note->frame.len);
    ngx_memcpy(buf->data + note->own, CHATWS_OWN_TRUE, CHATWS_OWN_LEN);

    mine = &delivery->mine[note - delivery->notes];

    *mine = *note;
    ngx_http_chatws_outframe_init(&mine->frame, buf->data, note->frame.len);
    mine->frame.copy = buf;
    mine->frame.counted = 1;

    note->mine = mine;

    return mine;
}


/* All subscribers were served, or the slot is lapped. */

static void
ngx_http_chatws_deliver_finish(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_deliver_end(hub);

    if (hub->delivery.pos[CHATWS_DURABLE] != CHATWS_OFF_NONE
        || hub->delivery.pos[CHATWS_EPHEMERAL] != CHATWS_OFF_NONE)
    {
        hub->delivery.served = 1;
        (void) ngx_http_chatws_deliver_settle(hub);
    }
}


/*
 * Tells publishers how far this worker has delivered.  NGX_BUSY: they could
 * not be told, and nothing more may be delivered before they are.
 */

static ngx_int_t
ngx_http_chatws_deliver_settle(ngx_http_chatws_hub_t *hub)
{
    ngx_uint_t                   more, ring;
    ngx_http_chatws_delivery_t  *delivery;

    delivery = &hub->delivery;

    if (!delivery->served) {
        return NGX_OK;
    }

    more = 0;

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        ngx_http_chatws_hub_again(hub);
        return NGX_BUSY;
    }

    for (ring = 0; ring < CHATWS_RINGS; ring++) {

        if (delivery->pos[ring] != CHATWS_OFF_NONE
            && chatws_store_caught_up(hub->zone.store, hub->slot, ring,
                                      delivery->pos[ring])
               == CHATWS_AGAIN)
        {
            more = 1;
        }
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    delivery->served = 0;

    if (more) {
        ngx_post_event(&hub->round, &ngx_posted_next_events);
    }

    return NGX_OK;
}


/* Ends the delivery in hand, and frees the buffers that it made. */

static void
ngx_http_chatws_deliver_end(ngx_http_chatws_hub_t *hub)
{
    ngx_uint_t  i;

    for (i = 0; i < hub->delivery.nnotes; i++) {
        ngx_http_chatws_deliver_release(&hub->delivery.notes[i]);
    }

    hub->delivery.active = 0;
}


static void
ngx_http_chatws_deliver_release(ngx_http_chatws_note_t *note)
{
    if (note->mine != NULL) {
        ngx_http_chatws_outframe_done(&note->mine->frame);
    }

    ngx_http_chatws_outframe_done(&note->frame);
}
