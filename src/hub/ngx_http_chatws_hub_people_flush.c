
/*
 * Copyright (C) chatws contributors
 *
 * The subscribers of a chat are told what has changed: one worker notes the
 * places, a slice at a time, and encoders make notifications of the notes,
 * which go to all workers as any other one does.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "hub/ngx_http_chatws_hub_private.h"
#include "hub/ngx_http_chatws_hub_receipts.h"


static ngx_int_t ngx_http_chatws_flush_begin(ngx_http_chatws_hub_t *hub,
    uint64_t late, const chatws_people_now_t *now);
static ngx_int_t ngx_http_chatws_flush_notes(ngx_http_chatws_flush_t *flush);
static void ngx_http_chatws_flush_encode(ngx_http_chatws_flush_t *flush,
    const chatws_people_note_t *note);
static void ngx_http_chatws_flush_numbers(ngx_http_chatws_flush_t *flush,
    const chatws_crowd_t *crowd);
static void ngx_http_chatws_flush_tell(ngx_http_chatws_flush_t *flush);
static ngx_int_t ngx_http_chatws_flush_end(ngx_http_chatws_flush_t *flush);


/* by kind; NULL: nobody is told */

static const ngx_http_chatws_people_encoder_t
    *const ngx_http_chatws_people_encoders[NGX_HTTP_CHATWS_TELL_N] = {

    [NGX_HTTP_CHATWS_TELL_PRESENCE] = &ngx_http_chatws_presence_encoder,
    [NGX_HTTP_CHATWS_TELL_RECEIPTS] = &ngx_http_chatws_receipts_encoder
};


ngx_int_t
ngx_http_chatws_flush_slice(ngx_http_chatws_hub_t *hub, uint64_t late,
    const chatws_people_now_t *now)
{
    ngx_http_chatws_flush_t  *flush;

    flush = &hub->tending->flush;

    if (flush->crowd == 0) {
        return ngx_http_chatws_flush_begin(hub, late, now);
    }

    if (flush->done) {
        return ngx_http_chatws_flush_end(flush);
    }

    return ngx_http_chatws_flush_notes(flush);
}


static ngx_int_t
ngx_http_chatws_flush_begin(ngx_http_chatws_hub_t *hub, uint64_t late,
    const chatws_people_now_t *now)
{
    size_t                                   len;
    uint32_t                                 crowd;
    ngx_uint_t                               i;
    chatws_crowd_t                           row;
    chatws_people_t                         *tb;
    ngx_http_chatws_flush_t                 *flush;
    const ngx_http_chatws_people_encoder_t  *encoder;

    tb = ngx_http_chatws_people(hub);
    flush = &hub->tending->flush;
    len = 0;

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    crowd = chatws_people_flush_take(tb, hub->zone.store, hub->slot, late,
                                     now);

    if (crowd != 0) {
        row = *chatws_people_crowd(tb, crowd);
        len = chatws_people_id(tb, crowd, flush->id);
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    if (crowd == 0) {
        return NGX_DONE;
    }

    ngx_memzero(flush, offsetof(ngx_http_chatws_flush_t, id));

    flush->hub = hub;
    flush->crowd = crowd;
    flush->chat.len = len;
    flush->chat.data = flush->id;

    ngx_http_chatws_flush_numbers(flush, &row);

    hub->tending->until = now->msec + tb->rules.interval;

    for (i = 0; i < NGX_HTTP_CHATWS_TELL_N; i++) {
        encoder = ngx_http_chatws_people_encoders[i];

        if (encoder != NULL && encoder->begin(flush) != NGX_OK) {
            flush->failed = 1;
        }
    }

    return NGX_OK;
}


/* Notes the next places. */

static ngx_int_t
ngx_http_chatws_flush_notes(ngx_http_chatws_flush_t *flush)
{
    uint32_t                i, n;
    chatws_crowd_t          row;
    chatws_people_t        *tb;
    ngx_http_chatws_hub_t  *hub;
    chatws_people_note_t    notes[CHATWS_PEOPLE_WALK];

    hub = flush->hub;
    tb = ngx_http_chatws_people(hub);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    n = chatws_people_flush_notes(tb, flush->crowd, &flush->cursor, notes);
    row = *chatws_people_crowd(tb, flush->crowd);

    ngx_http_chatws_zone_unlock(&hub->zone);

    ngx_http_chatws_flush_numbers(flush, &row);

    flush->done = flush->cursor.done;

    for (i = 0; i < n; i++) {
        ngx_http_chatws_flush_encode(flush, &notes[i]);
    }

    if (flush->done) {
        ngx_http_chatws_flush_tell(flush);
    }

    return NGX_OK;
}


static void
ngx_http_chatws_flush_encode(ngx_http_chatws_flush_t *flush,
    const chatws_people_note_t *note)
{
    ngx_uint_t                               i;
    const ngx_http_chatws_people_encoder_t  *encoder;

    for (i = 0; i < NGX_HTTP_CHATWS_TELL_N && !flush->failed; i++) {
        encoder = ngx_http_chatws_people_encoders[i];

        if (encoder != NULL
            && (flush->full || (note->flags & encoder->what))
            && encoder->note(flush, note) != NGX_OK)
        {
            flush->failed = 1;
        }
    }
}


static void
ngx_http_chatws_flush_numbers(ngx_http_chatws_flush_t *flush,
    const chatws_crowd_t *crowd)
{
    flush->online = crowd->online;
    flush->people = crowd->people;
    flush->members = crowd->members;
    flush->full = (crowd->row.flags & CHATWS_CROWD_FULL) != 0;
}


/* All places are noted: the encoders publish. */

static void
ngx_http_chatws_flush_tell(ngx_http_chatws_flush_t *flush)
{
    ngx_uint_t                               failed, i;
    const ngx_http_chatws_people_encoder_t  *encoder;

    failed = flush->failed;

    for (i = 0; i < NGX_HTTP_CHATWS_TELL_N; i++) {
        encoder = ngx_http_chatws_people_encoders[i];

        if (encoder != NULL && encoder->end(flush, failed) != NGX_OK) {
            flush->failed = 1;
        }
    }
}


static ngx_int_t
ngx_http_chatws_flush_end(ngx_http_chatws_flush_t *flush)
{
    chatws_people_t        *tb;
    ngx_http_chatws_hub_t  *hub;

    hub = flush->hub;
    tb = ngx_http_chatws_people(hub);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    chatws_people_flush_give(tb, hub->zone.store, hub->slot, flush->crowd,
                             flush->failed);

    ngx_http_chatws_zone_unlock(&hub->zone);

    flush->crowd = 0;

    return NGX_OK;
}


void
ngx_http_chatws_flush_cancel(ngx_http_chatws_flush_t *flush)
{
    if (flush->crowd == 0) {
        return;
    }

    if (!flush->done) {
        flush->failed = 1;
        ngx_http_chatws_flush_tell(flush);
    }

    /* with a busy lock, others find that this worker has gone */

    (void) ngx_http_chatws_flush_end(flush);
}
