
/*
 * Copyright (C) chatws contributors
 *
 * The notifications about the chats of a user.
 */


#include "base/chatws_id.h"
#include "base/chatws_time.h"
#include "protocol/chatws_notify_members.h"
#include "protocol/chatws_type.h"


static void chatws_notify_chat_counts(chatws_json_out_t *json,
    const chatws_notify_chat_t *chat);
static void chatws_notify_chat_marks(chatws_json_out_t *json,
    const chatws_notify_chat_t *chat);
static void chatws_notify_chat_epoch(chatws_json_out_t *json, uint64_t epoch);


chatws_rc_e
chatws_notify_membership(chatws_str_t *before, chatws_str_t *after,
    const chatws_str_t *chat, int added, uint64_t epoch, uint64_t ms)
{
    uint8_t            time[CHATWS_TIME_LEN];
    chatws_json_out_t  json;

    chatws_json_out_begin(&json, before);

    chatws_type_open(&json, added ? CHATWS_TYPE_CHAT_ADDED
                                  : CHATWS_TYPE_CHAT_REMOVED);
    chatws_json_put_lit(&json, ",\"chatId\":");
    chatws_json_put_string(&json, chat);

    if (added) {
        chatws_json_put_lit(&json, ",\"last\":");
    }

    if (chatws_json_out_end(&json, before) != CHATWS_OK) {
        return CHATWS_ERROR;
    }

    chatws_json_out_begin(&json, after);

    if (added) {
        chatws_notify_chat_epoch(&json, epoch);
    }

    chatws_time_format(time, ms);

    chatws_json_put_lit(&json, ",\"timestamp\":\"");
    chatws_json_put(&json, time, CHATWS_TIME_LEN);
    chatws_json_put_lit(&json, "\",\"userSeq\":");

    return chatws_json_out_end(&json, after);
}


void
chatws_notify_chats_open(chatws_json_out_t *json)
{
    chatws_type_open(json, CHATWS_TYPE_CHATS);
    chatws_json_put_lit(json, ",\"chats\":{");
}


void
chatws_notify_chats_chat(chatws_json_out_t *json, unsigned first,
    const chatws_notify_chat_t *chat)
{
    if (!first) {
        chatws_json_put_lit(json, ",");
    }

    chatws_json_put_string(json, &chat->chat);
    chatws_json_put_lit(json, ":{\"last\":");
    chatws_json_put_uint(json, chat->last);

    if (chat->counted) {
        chatws_notify_chat_counts(json, chat);
    }

    chatws_notify_chat_marks(json, chat);
    chatws_json_put_lit(json, "}");
}


static void
chatws_notify_chat_counts(chatws_json_out_t *json,
    const chatws_notify_chat_t *chat)
{
    chatws_json_put_lit(json, ",\"count\":");
    chatws_json_put_uint(json, chat->count);
    chatws_json_put_lit(json, ",\"read\":");
    chatws_json_put_uint(json, chat->read);
    chatws_json_put_lit(json, ",\"seen\":");

    if (chat->seen < 0) {
        chatws_json_put_lit(json, "-");
        chatws_json_put_uint(json, - (uint64_t) chat->seen);

    } else {
        chatws_json_put_uint(json, (uint64_t) chat->seen);
    }

    chatws_json_put_lit(json, ",\"unread\":");
    chatws_json_put_uint(json, chat->unread);
}


static void
chatws_notify_chat_marks(chatws_json_out_t *json,
    const chatws_notify_chat_t *chat)
{
    if (chat->muted) {
        chatws_json_put_lit(json, ",\"muted\":true");
    }

    if (chat->marked) {
        chatws_json_put_lit(json, ",\"marked\":true");
    }
}


void
chatws_notify_chats_close(chatws_json_out_t *json, unsigned first,
    chatws_chats_e more, uint64_t user_seq, uint64_t epoch)
{
    chatws_json_put_lit(json, "}");

    if (first) {
        chatws_json_put_lit(json, ",\"first\":true");
    }

    switch (more) {

    case CHATWS_CHATS_MORE:
        chatws_json_put_lit(json, ",\"more\":true");
        break;

    case CHATWS_CHATS_LIMIT:
        chatws_json_put_lit(json, ",\"more\":\"limit\"");
        break;

    default: /* CHATWS_CHATS_END */
        chatws_json_put_lit(json, ",\"more\":false");
    }

    chatws_json_put_lit(json, ",\"userSeq\":");
    chatws_json_put_uint(json, user_seq);
    chatws_notify_chat_epoch(json, epoch);
    chatws_json_put_lit(json, "}");
}


static void
chatws_notify_chat_epoch(chatws_json_out_t *json, uint64_t epoch)
{
    uint8_t  text[CHATWS_EPOCH_LEN];

    chatws_epoch_format(text, epoch);

    chatws_json_put_lit(json, ",\"epoch\":\"");
    chatws_json_put(json, text, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(json, "\"");
}
