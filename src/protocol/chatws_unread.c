
/*
 * Copyright (C) chatws contributors
 *
 * What was read, as clients are told.
 */


#include "base/chatws_id.h"
#include "base/chatws_time.h"
#include "protocol/chatws_type.h"
#include "protocol/chatws_unread.h"


static void chatws_unread_seen(chatws_json_out_t *json, int64_t seen);
static void chatws_unread_end(chatws_json_out_t *json, uint64_t epoch,
    uint64_t ms);
static void chatws_unread_time(chatws_json_out_t *json, uint64_t ms);
static void chatws_reader_put(chatws_json_out_t *json,
    const chatws_str_t *user, uint64_t seq, int *more);


uint64_t
chatws_unread(const chatws_watermark_t *mark)
{
    return (int64_t) mark->count > mark->seen
           ? mark->count - (uint64_t) mark->seen : 0;
}


void
chatws_unread_put(chatws_json_out_t *json, const chatws_watermark_t *mark)
{
    chatws_json_put_lit(json, ",\"count\":");
    chatws_json_put_uint(json, mark->count);
    chatws_json_put_lit(json, ",\"read\":");
    chatws_json_put_uint(json, mark->read);
    chatws_unread_seen(json, mark->seen);
    chatws_json_put_lit(json, ",\"unread\":");
    chatws_json_put_uint(json, chatws_unread(mark));
}


chatws_rc_e
chatws_unread_write(chatws_str_t *out, const chatws_unread_t *u)
{
    chatws_json_out_t  json;

    chatws_json_out_begin(&json, out);

    chatws_type_open(&json, CHATWS_TYPE_UNREAD);
    chatws_json_put_lit(&json, ",\"chatId\":");
    chatws_json_put_string(&json, &u->chat);
    chatws_json_put_lit(&json, ",\"read\":");
    chatws_json_put_uint(&json, u->mark.read);
    chatws_unread_seen(&json, u->mark.seen);
    chatws_json_put_lit(&json, ",\"count\":");
    chatws_json_put_uint(&json, u->mark.count);
    chatws_json_put_lit(&json, ",\"unread\":");
    chatws_json_put_uint(&json, chatws_unread(&u->mark));

    if (u->mark.marked) {
        chatws_json_put_lit(&json, ",\"marked\":true");
    }

    if (u->inexact) {
        chatws_json_put_lit(&json, ",\"exact\":false");
    }

    chatws_unread_end(&json, u->epoch, u->ms);

    if (u->id.len != 0) {
        chatws_json_put_lit(&json, ",\"id\":");
        chatws_json_put(&json, u->id.data, u->id.len);
    }

    chatws_json_put_lit(&json, "}");

    return chatws_json_out_end(&json, out);
}


chatws_rc_e
chatws_receipt_write(chatws_str_t *out, const chatws_str_t *chat,
    const chatws_receipt_t *readers, size_t n, uint64_t ms)
{
    size_t             i;
    chatws_json_out_t  json;

    chatws_json_out_begin(&json, out);

    chatws_type_open(&json, CHATWS_TYPE_RECEIPT);
    chatws_json_put_lit(&json, ",\"chatId\":");
    chatws_json_put_string(&json, chat);

    for (i = 0; i < n && readers[i].delivered == 0; i++) { /* void */ }

    chatws_readers_put(&json, readers, n, i < n);
    chatws_unread_time(&json, ms);
    chatws_json_put_lit(&json, "}");

    return chatws_json_out_end(&json, out);
}


void
chatws_readers_put(chatws_json_out_t *json, const chatws_receipt_t *readers,
    size_t n, int delivered)
{
    int     more;
    size_t  i;

    chatws_json_put_lit(json, ",\"reads\":{");

    more = 0;

    for (i = 0; i < n; i++) {
        chatws_reader_put(json, &readers[i].user, readers[i].read, &more);
    }

    if (delivered) {
        chatws_json_put_lit(json, "},\"delivered\":{");

        more = 0;

        for (i = 0; i < n; i++) {
            chatws_reader_put(json, &readers[i].user, readers[i].delivered,
                              &more);
        }
    }

    chatws_json_put_lit(json, "}");
}


static void
chatws_reader_put(chatws_json_out_t *json, const chatws_str_t *user,
    uint64_t seq, int *more)
{
    if (seq == 0) {
        return;
    }

    if (*more) {
        chatws_json_put_lit(json, ",");
    }

    chatws_json_put_string(json, user);
    chatws_json_put_lit(json, ":");
    chatws_json_put_uint(json, seq);

    *more = 1;
}


void
chatws_state_open(chatws_json_out_t *json, const chatws_state_t *state)
{
    chatws_type_open(json, CHATWS_TYPE_STATE);
    chatws_json_put_lit(json, ",\"chatId\":");
    chatws_json_put_string(json, &state->chat);
    chatws_json_put_lit(json, ",\"last\":");
    chatws_json_put_uint(json, state->last);
}


void
chatws_state_close(chatws_json_out_t *json, const chatws_state_t *state)
{
    chatws_unread_end(json, state->epoch, state->ms);
    chatws_json_put_lit(json, "}");
}


static void
chatws_unread_seen(chatws_json_out_t *json, int64_t seen)
{
    chatws_json_put_lit(json, ",\"seen\":");

    if (seen < 0) {
        chatws_json_put_lit(json, "-");
        chatws_json_put_uint(json, - (uint64_t) seen);
        return;
    }

    chatws_json_put_uint(json, (uint64_t) seen);
}


static void
chatws_unread_end(chatws_json_out_t *json, uint64_t epoch, uint64_t ms)
{
    uint8_t  text[CHATWS_EPOCH_LEN];

    chatws_epoch_format(text, epoch);

    chatws_json_put_lit(json, ",\"epoch\":\"");
    chatws_json_put(json, text, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(json, "\"");
    chatws_unread_time(json, ms);
}


static void
chatws_unread_time(chatws_json_out_t *json, uint64_t ms)
{
    uint8_t  text[CHATWS_TIME_LEN];

    chatws_time_format(text, ms);

    chatws_json_put_lit(json, ",\"timestamp\":\"");
    chatws_json_put(json, text, CHATWS_TIME_LEN);
    chatws_json_put_lit(json, "\"");
}
