
/*
 * Copyright (C) chatws contributors
 *
 * From the zone's logs to the subscribers of this worker.  What waits in
 * the logs is taken as a batch: first all that is there, up to a limit, is
 * noted by chat, then every subscriber that has to get some of it is served
 * once.  A large batch is served in slices, with other events between; the
 * slot's cursor moves only when all of it was handed over, and keeps the
 * bytes in the log until then.
 * Floor 3: knows ngx_core, ngx_event and floors 0 to 2.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_http_chatws_hub.h"


/* limits of a batch: notifications, their bytes, entries looked at */
#define NGX_HTTP_CHATWS_NOTES     256
#define NGX_HTTP_CHATWS_BYTES     (256 * 1024)
#define NGX_HTTP_CHATWS_ENTRIES   8192

/* subscribers served before other events have their turn */
#define NGX_HTTP_CHATWS_SLICE     512

/* how far ahead subscribers are brought into the cache */
#define NGX_HTTP_CHATWS_PREFETCH  4

#define ngx_http_chatws_prefetch(p)  __builtin_prefetch(p)


static void ngx_http_chatws_drain_collect(ngx_http_chatws_hub_t *hub);
static ngx_int_t ngx_http_chatws_drain_log(ngx_http_chatws_hub_t *hub,
    ngx_uint_t log);
static ngx_http_chatws_chat_t *ngx_http_chatws_drain_chat(
    ngx_http_chatws_hub_t *hub, chatws_entry_t *entry);
static ngx_int_t ngx_http_chatws_drain_note(ngx_http_chatws_batch_t *batch,
    ngx_http_chatws_chat_t *chat, chatws_entry_t *entry, uint64_t offset,
    ngx_uint_t log);
static ngx_int_t ngx_http_chatws_drain_reserve(
    ngx_http_chatws_batch_t *batch, size_t n);
static void ngx_http_chatws_drain_touch(ngx_http_chatws_batch_t *batch,
    ngx_http_chatws_chat_t *chat);
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
static void ngx_http_chatws_drain_finish(ngx_http_chatws_hub_t *hub);
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
    ngx_uint_t                i;
    ngx_http_chatws_batch_t  *batch;

    batch = &hub->batch;

    if (batch->active) {
        for (i = 0; i < batch->nnotes; i++) {
            ngx_http_chatws_drain_release(&batch->notes[i]);
        }
    }

    ngx_free(batch->notes);
    ngx_free(batch->mine);
    ngx_free(batch->order);
    ngx_free(batch->gather);
    ngx_free(batch->chats);
    ngx_free(batch->touched);
    ngx_free(batch->links);
}


void
ngx_http_chatws_drain_handler(ngx_event_t *ev)
{
    ngx_connection_t       *ident;
    ngx_http_chatws_hub_t  *hub;

    ident = ev->data;
    hub = ident->data;

    if (hub->slot == CHATWS_SLOT_NONE) {
        return;
    }

    if (chatws_store_lapped(hub->zone.store, hub->slot)) {
        hub->lapse(hub);

        hub->batch.ntouched = 0;

        if (hub->batch.active) {
            ngx_http_chatws_drain_finish(hub);
        }

        ngx_http_chatws_zone_lock(&hub->zone);
        chatws_store_unlap(hub->zone.store, hub->slot);
        ngx_http_chatws_zone_unlock(&hub->zone);

        return;
    }

    if (!hub->batch.active) {
        ngx_http_chatws_drain_collect(hub);
    }

    ngx_http_chatws_drain_serve(hub);

    if (hub->batch.next < hub->batch.ntouched) {
        ngx_post_event(ev, &ngx_posted_next_events);
        return;
    }

    ngx_http_chatws_drain_finish(hub);
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
            && ngx_http_chatws_drain_note(batch, chat, entry, pos, log)
               != NGX_OK)
        {
            return NGX_AGAIN;
        }

        pos = next;
    }

    return NGX_AGAIN;
}


static ngx_http_chatws_chat_t *
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


static ngx_int_t
ngx_http_chatws_drain_note(ngx_http_chatws_batch_t *batch,
    ngx_http_chatws_chat_t *chat, chatws_entry_t *entry, uint64_t offset,
    ngx_uint_t log)
{
    ngx_http_chatws_note_t  *note;

    if (batch->nnotes == NGX_HTTP_CHATWS_NOTES
        || batch->bytes > NGX_HTTP_CHATWS_BYTES)
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

    note = &batch->notes[batch->nnotes++];

    ngx_http_chatws_frame_init(&note->frame, entry->frame, entry->len);

    note->frame.droppable = log == CHATWS_EPHEMERAL;
    note->offset = offset;
    note->sender = entry->sender;
    note->chat = chat;
    note->mine = NULL;
    note->own = entry->own;

    chat->nnotes++;
    batch->bytes += entry->len;

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
        && note->offset < ngx_http_chatws_since(subscriber, note->chat))
    {
        /* from before it subscribed */
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

    note->mine = mine;

    return mine;
}


static void
ngx_http_chatws_drain_finish(ngx_http_chatws_hub_t *hub)
{
    ngx_uint_t                i, log;
    ngx_uint_t                more;
    ngx_http_chatws_batch_t  *batch;

    batch = &hub->batch;

    for (i = 0; i < batch->nnotes; i++) {
        ngx_http_chatws_drain_release(&batch->notes[i]);
    }

    batch->active = 0;
    more = 0;

    if (batch->pos[CHATWS_DURABLE] == CHATWS_OFF_NONE
        && batch->pos[CHATWS_EPHEMERAL] == CHATWS_OFF_NONE)
    {
        return;
    }

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


static void
ngx_http_chatws_drain_release(ngx_http_chatws_note_t *note)
{
    if (note->mine != NULL) {
        ngx_http_chatws_frame_done(&note->mine->frame);
    }

    ngx_http_chatws_frame_done(&note->frame);
}
