
/*
 * Copyright (C) chatws contributors
 *
 * The notifications and errors that the server makes itself, as compact JSON.
 */


#include <string.h>

#include "base/chatws_id.h"
#include "base/chatws_time.h"
#include "base/chatws_utf8.h"
#include "json/chatws_json.h"
#include "protocol/chatws_notify.h"
#include "protocol/chatws_type.h"


static chatws_rc_e chatws_notify_close(chatws_json_out_t *json,
    chatws_str_t *out, const chatws_str_t *id);
static void chatws_notify_people(chatws_json_out_t *json,
    const chatws_connected_t *c);
static void chatws_notify_resumed_put(chatws_json_out_t *json, uint64_t seq,
    int recovered, const chatws_watermark_t *mark, const chatws_str_t *error);
static void chatws_notify_cause(chatws_json_out_t *json,
    const chatws_cause_t *cause, int about);
static void chatws_notify_id(chatws_json_out_t *json, const chatws_str_t *id);
static void chatws_notify_time(chatws_json_out_t *json, uint64_t ms);
static void chatws_notify_position(chatws_json_out_t *json,
    const chatws_confirmed_t *c);


static const chatws_str_t  chatws_notify_states[] = {
    [CHATWS_UPLOAD_RUNNING] = chatws_str("uploading"),
    [CHATWS_UPLOAD_PROCESSING] = chatws_str("processing"),
    [CHATWS_UPLOAD_DONE] = chatws_str("done"),
    [CHATWS_UPLOAD_FAILED] = chatws_str("failed"),
    [CHATWS_UPLOAD_ABORTED] = chatws_str("aborted"),
    [CHATWS_UPLOAD_PAUSED] = chatws_str("paused")
};

chatws_static_assert(chatws_notify_states_complete,
    chatws_nelts(chatws_notify_states) == CHATWS_UPLOAD_N);


static const chatws_str_t  chatws_notify_lost[] = {
    [CHATWS_LOST_REMOVED] = chatws_str("removed"),
    [CHATWS_LOST_DENIED] = chatws_str("denied"),
    [CHATWS_LOST_TOKEN] = chatws_str("token"),
    [CHATWS_LOST_EXPIRED] = chatws_str("expired")
};

chatws_static_assert(chatws_notify_lost_complete,
    chatws_nelts(chatws_notify_lost) == CHATWS_LOST_N);


static const chatws_str_t  chatws_notify_features[] = {
    [CHATWS_FEATURE_USERS] = chatws_str("users"),
    [CHATWS_FEATURE_MEMBERS] = chatws_str("members"),
    [CHATWS_FEATURE_PRESENCE] = chatws_str("presence"),
    [CHATWS_FEATURE_UNREAD] = chatws_str("unread"),
    [CHATWS_FEATURE_RECEIPTS] = chatws_str("receipts"),
    [CHATWS_FEATURE_DELIVERED] = chatws_str("delivered")
};

chatws_static_assert(chatws_notify_features_complete,
    chatws_nelts(chatws_notify_features) == CHATWS_FEATURE_N);


chatws_rc_e
chatws_notify_connected(chatws_str_t *out, const chatws_connected_t *c)
{
    chatws_json_out_t  json;

    chatws_json_out_begin(&json, out);

    chatws_type_open(&json, CHATWS_TYPE_CONNECTED);
    chatws_json_put_lit(&json, ",\"userId\":");
    chatws_json_put_string(&json, &c->user);
    chatws_json_put_lit(&json, ",\"message\":"
                               "\"Successfully connected to WebSocket\"");
    chatws_notify_time(&json, c->ms);

    if (c->session.len != 0) {
        chatws_json_put_lit(&json, ",\"session\":");
        chatws_json_put_string(&json, &c->session);
        chatws_json_put_lit(&json, ",\"expiresIn\":");
        chatws_json_put_uint(&json, c->expires_in);
    }

    if (c->features != 0) {
        chatws_notify_people(&json, c);
    }

    return chatws_notify_close(&json, out, &c->id);
}


/* Puts what a client is told where the zone knows people. */

static void
chatws_notify_people(chatws_json_out_t *json, const chatws_connected_t *c)
{
    size_t    i;
    uint8_t   text[CHATWS_EPOCH_LEN];
    unsigned  first;

    chatws_epoch_format(text, c->epoch);

    chatws_json_put_lit(json, ",\"userSeq\":");
    chatws_json_put_uint(json, c->user_seq);
    chatws_json_put_lit(json, ",\"epoch\":\"");
    chatws_json_put(json, text, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(json, "\",\"features\":[");

    first = 1;

    for (i = 0; i < CHATWS_FEATURE_N; i++) {

        if (!(c->features & 1U << i)) {
            continue;
        }

        if (!first) {
            chatws_json_put_lit(json, ",");
        }

        first = 0;
        chatws_json_put_string(json, &chatws_notify_features[i]);
    }

    chatws_json_put_lit(json, "]");
}


chatws_rc_e
chatws_notify_authenticated(chatws_str_t *out, const chatws_str_t *user,
    const chatws_str_t *id, uint64_t expires_in)
{
    chatws_json_out_t  json;

    chatws_json_out_begin(&json, out);

    chatws_type_open(&json, CHATWS_TYPE_AUTHENTICATED);
    chatws_json_put_lit(&json, ",\"action\":\"auth\",\"userId\":");
    chatws_json_put_string(&json, user);
    chatws_json_put_lit(&json, ",\"expiresIn\":");
    chatws_json_put_uint(&json, expires_in);

    return chatws_notify_close(&json, out, id);
}


chatws_rc_e
chatws_notify_expiring(chatws_str_t *out, uint64_t expires_in)
{
    chatws_json_out_t  json;

    chatws_json_out_begin(&json, out);

    chatws_type_open(&json, CHATWS_TYPE_EXPIRING);
    chatws_json_put_lit(&json, ",\"expiresIn\":");
    chatws_json_put_uint(&json, expires_in);

    return chatws_notify_close(&json, out, NULL);
}


chatws_rc_e
chatws_notify_confirmed(chatws_str_t *out, const chatws_confirmed_t *c)
{
    uint8_t            *chat;
    size_t              len;
    chatws_json_out_t   json;

    chatws_json_out_begin(&json, out);

    chatws_type_open(&json, CHATWS_TYPE_CONFIRMED);
    chatws_json_put_lit(&json, ",\"action\":");

    if (c->subscribed) {
        chatws_json_put_lit(&json, "\"subscribe\"");

    } else {
        chatws_json_put_lit(&json, "\"unsubscribe\"");
    }

    chatws_json_put_lit(&json, ",\"chatId\":");

    chat = json.pos;
    chatws_json_put_string(&json, &c->chat);
    len = json.pos - chat;

    if (json.full) {
        return CHATWS_ERROR;
    }

    if (c->subscribed) {
        chatws_json_put_lit(&json, ",\"message\":\"Subscribed to chat ");

    } else {
        chatws_json_put_lit(&json, ",\"message\":\"Unsubscribed from chat ");
    }

    /* the chat's id once more, without the quote that opens it */

    chatws_json_put(&json, chat + 1, len - 1);

    if (c->subscribed) {
        chatws_notify_position(&json, c);
    }

    return chatws_notify_close(&json, out, &c->id);
}


chatws_rc_e
chatws_notify_typing(chatws_str_t *out, const chatws_str_t *chat,
    const chatws_str_t *user, const chatws_str_t *name, int typing,
    uint64_t ms)
{
    chatws_json_out_t  json;

    chatws_json_out_begin(&json, out);

    chatws_type_open(&json, CHATWS_TYPE_TYPING);
    chatws_json_put_lit(&json, ",\"chatId\":");
    chatws_json_put_string(&json, chat);
    chatws_json_put_lit(&json, ",\"userId\":");
    chatws_json_put_string(&json, user);
    chatws_json_put_lit(&json, ",\"username\":");
    chatws_json_put_string(&json, name);

    if (typing) {
        chatws_json_put_lit(&json, ",\"isTyping\":true");

    } else {
        chatws_json_put_lit(&json, ",\"isTyping\":false");
    }

    chatws_notify_time(&json, ms);

    return chatws_notify_close(&json, out, NULL);
}


chatws_rc_e
chatws_notify_upload(chatws_str_t *out, const chatws_upload_t *upload)
{
    chatws_json_out_t  json;

    chatws_json_out_begin(&json, out);

    chatws_type_open(&json, CHATWS_TYPE_UPLOAD);
    chatws_json_put_lit(&json, ",\"uploadId\":");
    chatws_json_put_string(&json, &upload->id);

    if (upload->chat.len != 0) {
        chatws_json_put_lit(&json, ",\"chatId\":");
        chatws_json_put_string(&json, &upload->chat);
    }

    chatws_json_put_lit(&json, ",\"userId\":");
    chatws_json_put_string(&json, &upload->user);
    chatws_json_put_lit(&json, ",\"username\":");
    chatws_json_put_string(&json, &upload->name);
    chatws_json_put_lit(&json, ",\"state\":");
    chatws_json_put_string(&json, &chatws_notify_states[upload->state]);
    chatws_json_put_lit(&json, ",\"received\":");
    chatws_json_put_uint(&json, upload->received);

    if (upload->sized) {
        chatws_json_put_lit(&json, ",\"total\":");
        chatws_json_put_uint(&json, upload->total);
    }

    if (upload->state == CHATWS_UPLOAD_FAILED) {
        chatws_json_put_lit(&json, ",\"status\":");
        chatws_json_put_uint(&json, upload->status);
    }

    chatws_notify_time(&json, upload->ms);

    return chatws_notify_close(&json, out, NULL);
}


chatws_rc_e
chatws_notify_unsubscribed(chatws_str_t *out, const chatws_str_t *chat,
    chatws_lost_e lost, uint64_t ms)
{
    chatws_json_out_t  json;

    chatws_json_out_begin(&json, out);

    chatws_type_open(&json, CHATWS_TYPE_UNSUBSCRIBED);
    chatws_json_put_lit(&json, ",\"chatId\":");
    chatws_json_put_string(&json, chat);
    chatws_json_put_lit(&json, ",\"reason\":");
    chatws_json_put_string(&json, &chatws_notify_lost[lost]);
    chatws_notify_time(&json, ms);

    return chatws_notify_close(&json, out, NULL);
}


void
chatws_notify_typists_open(chatws_json_out_t *json, const chatws_str_t *chat)
{
    chatws_type_open(json, CHATWS_TYPE_TYPISTS);
    chatws_json_put_lit(json, ",\"chatId\":");
    chatws_json_put_string(json, chat);
    chatws_json_put_lit(json, ",\"users\":[");
}


void
chatws_notify_typists_user(chatws_json_out_t *json, unsigned first,
    const chatws_str_t *user, const chatws_str_t *name)
{
    if (!first) {
        chatws_json_put_lit(json, ",");
    }

    chatws_json_put_lit(json, "{\"userId\":");
    chatws_json_put_string(json, user);
    chatws_json_put_lit(json, ",\"username\":");
    chatws_json_put_string(json, name);
    chatws_json_put_lit(json, "}");
}


void
chatws_notify_typists_close(chatws_json_out_t *json, uint64_t count,
    uint64_t ms)
{
    chatws_json_put_lit(json, "],\"count\":");
    chatws_json_put_uint(json, count);
    chatws_notify_time(json, ms);
    chatws_json_put_lit(json, "}");
}


chatws_rc_e
chatws_notify_error(chatws_str_t *out, const chatws_fault_t *fault,
    const chatws_cause_t *cause, uint64_t ms)
{
    chatws_str_t       details;
    chatws_json_out_t  json;

    details.data = fault->details.data;
    details.len = chatws_utf8_cut(details.data, fault->details.len,
                                  CHATWS_DETAILS_MAX);

    chatws_json_out_begin(&json, out);

    chatws_type_open(&json, CHATWS_TYPE_ERROR);
    chatws_json_put_lit(&json, ",\"error\":");
    chatws_json_put_string(&json, &fault->error);
    chatws_json_put_lit(&json, ",\"details\":");
    chatws_json_put_string(&json, &details);
    chatws_notify_time(&json, ms);

    if (cause == NULL) {
        return chatws_notify_close(&json, out, NULL);
    }

    chatws_notify_cause(&json, cause, fault->about);

    return chatws_notify_close(&json, out, &cause->id);
}


static void
chatws_notify_cause(chatws_json_out_t *json, const chatws_cause_t *cause,
    int about)
{
    if (about && cause->verb != CHATWS_VERB_NONE) {
        chatws_json_put_lit(json, ",\"action\":");
        chatws_json_put_string(json, chatws_action_name(cause->verb));
    }

    if (about && cause->chat.len != 0) {
        chatws_json_put_lit(json, ",\"chatId\":");
        chatws_json_put_string(json, &cause->chat);
    }

    if (cause->retry_after != 0) {
        chatws_json_put_lit(json, ",\"retryAfter\":");
        chatws_json_put_uint(json, cause->retry_after);
    }
}


void
chatws_notify_resumed_open(chatws_json_out_t *json)
{
    chatws_type_open(json, CHATWS_TYPE_RESUMED);
    chatws_json_put_lit(json, ",\"chats\":{");
}


void
chatws_notify_resumed_chat(chatws_json_out_t *json, unsigned first,
    const chatws_str_t *chat, uint64_t seq, int recovered,
    const chatws_watermark_t *mark, const chatws_str_t *error)
{
    if (!first) {
        chatws_json_put_lit(json, ",");
    }

    chatws_json_put_string(json, chat);
    chatws_notify_resumed_put(json, seq, recovered, mark, error);
}


/* Puts what follows the name of a chat, or of the user. */

static void
chatws_notify_resumed_put(chatws_json_out_t *json, uint64_t seq,
    int recovered, const chatws_watermark_t *mark, const chatws_str_t *error)
{
    if (error != NULL) {
        chatws_json_put_lit(json, ":{\"error\":");
        chatws_json_put_string(json, error);

        if (seq != 0) {
            chatws_json_put_lit(json, ",\"retryAfter\":");
            chatws_json_put_uint(json, seq);
        }

        chatws_json_put_lit(json, "}");
        return;
    }

    if (recovered) {
        chatws_json_put_lit(json, ":{\"recovered\":true,\"seq\":");

    } else {
        chatws_json_put_lit(json, ":{\"recovered\":false,\"seq\":");
    }

    chatws_json_put_uint(json, seq);

    if (mark != NULL) {
        chatws_unread_put(json, mark);
    }

    chatws_json_put_lit(json, "}");
}


void
chatws_notify_resumed_close(chatws_json_out_t *json,
    const chatws_resumed_user_t *user, uint64_t epoch, const chatws_str_t *id)
{
    uint8_t  text[CHATWS_EPOCH_LEN];

    chatws_epoch_format(text, epoch);

    chatws_json_put_lit(json, "}");

    if (user != NULL) {
        chatws_json_put_lit(json, ",\"user\"");
        chatws_notify_resumed_put(json, user->seq, user->recovered, NULL,
                                  user->error);
    }

    chatws_json_put_lit(json, ",\"epoch\":\"");
    chatws_json_put(json, text, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(json, "\"");
    chatws_notify_id(json, id);
    chatws_json_put_lit(json, "}");
}


static chatws_rc_e
chatws_notify_close(chatws_json_out_t *json, chatws_str_t *out,
    const chatws_str_t *id)
{
    if (id != NULL) {
        chatws_notify_id(json, id);
    }

    chatws_json_put_lit(json, "}");

    return chatws_json_out_end(json, out);
}


static void
chatws_notify_id(chatws_json_out_t *json, const chatws_str_t *id)
{
    if (id->len != 0) {
        chatws_json_put_lit(json, ",\"id\":");
        chatws_json_put(json, id->data, id->len);
    }
}


static void
chatws_notify_time(chatws_json_out_t *json, uint64_t ms)
{
    uint8_t  text[CHATWS_TIME_LEN];

    chatws_time_format(text, ms);

    chatws_json_put_lit(json, ",\"timestamp\":\"");
    chatws_json_put(json, text, CHATWS_TIME_LEN);
    chatws_json_put_lit(json, "\"");
}


static void
chatws_notify_position(chatws_json_out_t *json, const chatws_confirmed_t *c)
{
    uint8_t  text[CHATWS_EPOCH_LEN];

    chatws_epoch_format(text, c->epoch);

    chatws_json_put_lit(json, ",\"seq\":");
    chatws_json_put_uint(json, c->seq);
    chatws_json_put_lit(json, ",\"epoch\":\"");
    chatws_json_put(json, text, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(json, "\"");

    if (c->since && c->recovered) {
        chatws_json_put_lit(json, ",\"recovered\":true");

    } else if (c->since) {
        chatws_json_put_lit(json, ",\"recovered\":false");
    }

    if (c->mark != NULL) {
        chatws_unread_put(json, c->mark);
    }
}
