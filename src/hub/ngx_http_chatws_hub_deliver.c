
/*
 * Copyright (C) chatws contributors
 *
 * From the zone's logs to the subscribers of this worker.  What waits in
 * the logs is collected as a batch, and every subscriber that has to get some
 * of it is served once.  A large batch is served in slices, with other events
 * between; the slot's cursor moves only when all of it was handed over.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "hub/ngx_http_chatws_hub.h"


/* subscribers served before other events have their turn */
#define NGX_HTTP_CHATWS_SLICE  512


static void ngx_http_chatws_drain_rest(ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_drain_serve(ngx_http_chatws_hub_t *hub);
static ngx_uint_t ngx_http_chatws_drain_gather(
    ngx_http_chatws_batch_t *batch, ngx_http_chatws_touched_t *touched);
static ngx_http_chatws_note_t **ngx_http_chatws_drain_filter(
    ngx_http_chatws_batch_t *batch, ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_note_t **notes, ngx_uint_t *n);
static ngx_http_chatws_note_t *ngx_http_chatws_drain_for(
    ngx_http_chatws_batch_t *batch, ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_note_t *note);
static ngx_http_chatws_note_t *ngx_http_chatws_drain_mine(
    ngx_http_chatws_batch_t *batch, ngx_http_chatws_note_t *note);
static void ngx_http_chatws_drain_lapse(ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_drain_finish(ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_drain_end(ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_drain_release(ngx_http_chatws_note_t *note);


ngx_int_t
ngx_http_chatws_drain_init(ngx_http_chatws_hub_t *hub, ngx_log_t *log)
{
    ngx_http_chatws_batch_t  *batch;

    batch = &hub->batch;

    batch->notes = ngx_alloc(NGX_HTTP_CHATWS_NOTES
                             * sizeof(ngx_http_chatws_note_t), log);
    batch->mine = ngx_alloc(NGX_HTTP_CHATWS_NOTES
                            * sizeof(ngx_http_chatws_note_t), log);
    batch->order = ngx_alloc(NGX_HTTP_CHATWS_NOTES
                             * sizeof(ngx_http_chatws_note_t *), log);
    batch->gather = ngx_alloc(NGX_HTTP_CHATWS_NOTES
                              * sizeof(ngx_http_chatws_note_t *), log);
    batch->chats = ngx_alloc(NGX_HTTP_CHATWS_NOTES
                             * sizeof(ngx_http_chatws_chat_t *), log);

    if (batch->notes == NULL
        || batch->mine == NULL
        || batch->order == NULL
        || batch->gather == NULL
        || batch->chats == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_chatws_drain_done(ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_batch_t  *batch;

    batch = &hub->batch;

    if (batch->active) {
        ngx_http_chatws_drain_end(hub);
    }

    ngx_free(batch->notes);
    ngx_free(batch->mine);
    ngx_free(batch->order);
    ngx_free(batch->gather);
    ngx_free(batch->chats);
    ngx_free(batch->touched);
    ngx_free(batch->links);
    ngx_free(batch->data);
}


void
ngx_http_chatws_drain_handler(ngx_event_t *ev)
{
    ngx_connection_t       *ident;
    ngx_http_chatws_hub_t  *hub;

    ident = ev->data;
    hub = ident->data;

    ev->timedout = 0;

    /* others may begin while this one is busy */

    ngx_http_chatws_hub_signal(hub);

    if (hub->slot == CHATWS_SLOT_NONE) {
        return;
    }

    if (!hub->batch.active
        && !chatws_store_lapped(hub->zone.store, hub->slot))
    {
        ngx_http_chatws_drain_collect(hub);
    }

    /* what was collected may be of other chats by now */

    if (chatws_store_lapped(hub->zone.store, hub->slot)) {
        ngx_http_chatws_drain_lapse(hub);
        return;
    }

    ngx_http_chatws_drain_serve(hub);

    if (hub->batch.next < hub->batch.ntouched) {
        ngx_post_event(ev, &ngx_posted_next_events);
        return;
    }

    ngx_http_chatws_drain_finish(hub);
}


/* Publishers have gone past this worker: everyone in it missed something. */

static void
ngx_http_chatws_drain_lapse(ngx_http_chatws_hub_t *hub)
{
    hub->lapse(hub);

    ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_LAPS, 1);

    if (hub->batch.active) {
        ngx_http_chatws_drain_end(hub);
    }

    ngx_http_chatws_zone_lock(&hub->zone);
    chatws_store_unlap(hub->zone.store, hub->slot);
    ngx_http_chatws_zone_unlock(&hub->zone);
}


void
ngx_http_chatws_drain_until(ngx_http_chatws_hub_t *hub, uint64_t offset)
{
    uint64_t  before, cursor;

    before = CHATWS_OFF_NONE;

    for ( ;; ) {
        cursor = chatws_store_cursor(hub->zone.store, hub->slot,
                                     CHATWS_DURABLE);

        /* without memory a batch gets nowhere */

        if (cursor == CHATWS_OFF_NONE
            || cursor >= offset
            || cursor == before
            || chatws_store_lapped(hub->zone.store, hub->slot))
        {
            return;
        }

        if (!hub->batch.active) {
            before = cursor;
            ngx_http_chatws_drain_collect(hub);
        }

        ngx_http_chatws_drain_rest(hub);
    }
}


/* The batch in hand, to its end. */

static void
ngx_http_chatws_drain_rest(ngx_http_chatws_hub_t *hub)
{
    while (hub->batch.next < hub->batch.ntouched
           && !chatws_store_lapped(hub->zone.store, hub->slot))
    {
        ngx_http_chatws_drain_serve(hub);
    }

    ngx_http_chatws_drain_finish(hub);
}


uint64_t
ngx_http_chatws_drain_position(ngx_http_chatws_hub_t *hub)
{
    uint64_t    cursor, head;
    ngx_uint_t  lapped;

    if (hub->batch.active) {
        ngx_http_chatws_drain_rest(hub);
    }

    ngx_http_chatws_drain_until(hub, chatws_store_head(hub->zone.store,
                                                       CHATWS_DURABLE));

    /* a slot without a cursor has had all that concerns it, or is lapped */

    ngx_http_chatws_zone_lock(&hub->zone);

    cursor = chatws_store_cursor(hub->zone.store, hub->slot, CHATWS_DURABLE);
    head = chatws_store_head(hub->zone.store, CHATWS_DURABLE);
    lapped = chatws_store_lapped(hub->zone.store, hub->slot);

    ngx_http_chatws_zone_unlock(&hub->zone);

    if (lapped) {
        return CHATWS_OFF_NONE;
    }

    return cursor == CHATWS_OFF_NONE ? head : cursor;
}


void
ngx_http_chatws_drain_forget(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_chat_t *chat)
{
    uint32_t                    i;
    ngx_http_chatws_link_t     *link;
    ngx_http_chatws_batch_t    *batch;
    ngx_http_chatws_touched_t  *touched;

    batch = &subscriber->hub->batch;

    if (!batch->active || subscriber->batch != batch->number) {
        return;
    }

    touched = &batch->touched[subscriber->touched];

    if (chat == NULL) {
        touched->subscriber = NULL;
        return;
    }

    if (touched->chat == chat) {
        touched->chat = NULL;
        return;
    }

    for (i = touched->more; i != 0; i = link->next) {
        link = &batch->links[i - 1];

        if (link->chat == chat) {
            link->chat = NULL;
            return;
        }
    }
}


static void
ngx_http_chatws_drain_serve(ngx_http_chatws_hub_t *hub)
{
    uint32_t                      last;
    ngx_uint_t                    n;
    ngx_http_chatws_note_t      **notes;
    ngx_http_chatws_batch_t      *batch;
    ngx_http_chatws_touched_t    *touched;

    batch = &hub->batch;

    last = ngx_min(batch->next + NGX_HTTP_CHATWS_SLICE, batch->ntouched);

    for ( /* void */ ; batch->next < last; batch->next++) {

        touched = &batch->touched[batch->next];

        if (batch->next + NGX_HTTP_CHATWS_PREFETCH < last) {
            ngx_http_chatws_prefetch(
                           touched[NGX_HTTP_CHATWS_PREFETCH].subscriber);
        }

        if (touched->subscriber == NULL) {
            continue;
        }

        if (touched->more == 0 && touched->chat != NULL) {
            notes = &batch->order[touched->chat->first];
            n = touched->chat->nnotes;

        } else {
            notes = batch->gather;
            n = ngx_http_chatws_drain_gather(batch, touched);
        }

        notes = ngx_http_chatws_drain_filter(batch, touched->subscriber,
                                             notes, &n);

        if (n != 0) {
            hub->deliver(touched->subscriber, notes, n);
            ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_DELIVERED, n);
        }
    }
}


/*
 * Collects the notes of a subscriber that is in several of the chats, in
 * the order in which they were published.
 */

static ngx_uint_t
ngx_http_chatws_drain_gather(ngx_http_chatws_batch_t *batch,
    ngx_http_chatws_touched_t *touched)
{
    uint32_t                  i, more, note;
    uint64_t                  bits, set[NGX_HTTP_CHATWS_NOTES / 64];
    ngx_uint_t                n, word;
    ngx_http_chatws_chat_t   *chat;

    ngx_memzero(set, sizeof(set));

    chat = touched->chat;
    more = touched->more;

    for ( ;; ) {

        if (chat != NULL) {
            for (i = chat->first; i < chat->first + chat->nnotes; i++) {
                note = batch->order[i] - batch->notes;
                set[note / 64] |= (uint64_t) 1 << (note % 64);
            }
        }

        if (more == 0) {
            break;
        }

        chat = batch->links[more - 1].chat;
        more = batch->links[more - 1].next;
    }

    n = 0;

    for (word = 0; word < NGX_HTTP_CHATWS_NOTES / 64; word++) {
        for (bits = set[word]; bits != 0; bits &= bits - 1) {
            batch->gather[n++] = &batch->notes[word * 64
                                               + __builtin_ctzll(bits)];
        }
    }

    return n;
}


/*
 * Leaves out what is not for this subscriber.  Returns notes as they are
 * where all of them are, else those that are in batch->gather, which notes
 * may be already.
 */

static ngx_http_chatws_note_t **
ngx_http_chatws_drain_filter(ngx_http_chatws_batch_t *batch,
    ngx_http_chatws_subscriber_t *subscriber, ngx_http_chatws_note_t **notes,
    ngx_uint_t *n)
{
    ngx_uint_t               i, kept;
    ngx_http_chatws_note_t  *note;

    for (i = 0; i < *n; i++) {
        note = notes[i];

        if (note->sender == subscriber->user
            || note->offset < note->chat->from)
        {
            break;
        }
    }

    if (i == *n) {
        return notes;
    }

    kept = i;

    if (notes != batch->gather) {
        ngx_memcpy(batch->gather, notes,
                   i * sizeof(ngx_http_chatws_note_t *));
    }

    for ( /* void */ ; i < *n; i++) {
        note = ngx_http_chatws_drain_for(batch, subscriber, notes[i]);

        if (note != NULL) {
            batch->gather[kept++] = note;
        }
    }

    *n = kept;

    return batch->gather;
}


/* The note as this subscriber gets it, or NULL if it does not. */

static ngx_http_chatws_note_t *
ngx_http_chatws_drain_for(ngx_http_chatws_batch_t *batch,
    ngx_http_chatws_subscriber_t *subscriber, ngx_http_chatws_note_t *note)
{
    if (note->offset < note->chat->from
        && !note->frame.droppable
        && !ngx_http_chatws_expects(subscriber, note->chat, note->offset,
                                    note->seq))
    {
        return NULL;
    }

    if (note->sender != subscriber->user) {
        return note;
    }

    if (!subscriber->own || note->frame.droppable) {
        return NULL;
    }

    return note->own ? ngx_http_chatws_drain_mine(batch, note) : note;
}


/* The note with "isOwnMessage" true: made once for all who want it. */

static ngx_http_chatws_note_t *
ngx_http_chatws_drain_mine(ngx_http_chatws_batch_t *batch,
    ngx_http_chatws_note_t *note)
{
    ngx_http_chatws_buf_t   *buf;
    ngx_http_chatws_note_t  *mine;

    if (note->mine != NULL) {
        return note->mine;
    }

    buf = ngx_http_chatws_buf_alloc(note->frame.len, ngx_cycle->log);

    if (buf == NULL) {
        /* better with a wrong flag than not at all */
        return note;
    }

    ngx_memcpy(buf->data, note->frame.data, note->frame.len);
    ngx_memcpy(buf->data + note->own, "true ", 5);

    mine = &batch->mine[note - batch->notes];

    *mine = *note;
    ngx_http_chatws_frame_init(&mine->frame, buf->data, note->frame.len);
    mine->frame.copy = buf;
    mine->frame.counted = 1;

    note->mine = mine;

    return mine;
}


static void
ngx_http_chatws_drain_finish(ngx_http_chatws_hub_t *hub)
{
    ngx_uint_t                log, more;
    ngx_http_chatws_batch_t  *batch;

    batch = &hub->batch;

    ngx_http_chatws_drain_end(hub);

    if (batch->pos[CHATWS_DURABLE] == CHATWS_OFF_NONE
        && batch->pos[CHATWS_EPHEMERAL] == CHATWS_OFF_NONE)
    {
        return;
    }

    more = 0;

    ngx_http_chatws_zone_lock(&hub->zone);

    for (log = 0; log < NGX_HTTP_CHATWS_LOGS; log++) {

        if (batch->pos[log] != CHATWS_OFF_NONE
            && chatws_store_caught_up(hub->zone.store, hub->slot, log,
                                      batch->pos[log])
               == CHATWS_AGAIN)
        {
            more = 1;
        }
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    if (more) {
        ngx_post_event(&hub->drain, &ngx_posted_next_events);
    }
}


/* The batch is done with. */

static void
ngx_http_chatws_drain_end(ngx_http_chatws_hub_t *hub)
{
    ngx_uint_t  i;

    for (i = 0; i < hub->batch.nnotes; i++) {
        ngx_http_chatws_drain_release(&hub->batch.notes[i]);
    }

    hub->batch.active = 0;
}


static void
ngx_http_chatws_drain_release(ngx_http_chatws_note_t *note)
{
    if (note->mine != NULL) {
        ngx_http_chatws_frame_done(&note->mine->frame);
    }

    ngx_http_chatws_frame_done(&note->frame);
}
