
/*
 * Copyright (C) chatws contributors
 *
 * Who is there, as clients are told.
 */


#include "base/chatws_time.h"
#include "protocol/chatws_presence.h"
#include "protocol/chatws_type.h"


static void chatws_presence_list(chatws_json_out_t *json,
    const chatws_presence_t *presence, chatws_presence_state_e state);
static void chatws_presence_offline(chatws_json_out_t *json,
    const chatws_presence_t *presence);
static void chatws_presence_lists(chatws_json_out_t *json,
    const chatws_presence_t *presence);
static void chatws_presence_numbers(chatws_json_out_t *json,
    const chatws_presence_t *presence);
static void chatws_presence_time(chatws_json_out_t *json, uint64_t ms);


chatws_rc_e
chatws_presence_write(chatws_str_t *out, const chatws_presence_t *presence)
{
    chatws_json_out_t  json;

    chatws_json_out_begin(&json, out);

    chatws_type_open(&json, CHATWS_TYPE_PRESENCE);

    if (presence->chat.len != 0) {
        chatws_json_put_lit(&json, ",\"chatId\":");
        chatws_json_put_string(&json, &presence->chat);
    }

    if (presence->names) {
        chatws_json_put_lit(&json, ",");
        chatws_presence_lists(&json, presence);

        if (presence->chat.len != 0) {
            chatws_json_put_lit(&json, ",\"left\":[");
            chatws_presence_list(&json, presence, CHATWS_PRESENCE_LEFT);
            chatws_json_put_lit(&json, "]");
        }
    }

    if (presence->chat.len != 0) {
        chatws_json_put_lit(&json, ",");
        chatws_presence_numbers(&json, presence);
    }

    chatws_json_put_lit(&json, ",\"timestamp\":");
    chatws_presence_time(&json, presence->ms);

    if (presence->reset) {
        chatws_json_put_lit(&json, ",\"reset\":true");
    }

    if (presence->warming) {
        chatws_json_put_lit(&json, ",\"warming\":true");
    }

    if (presence->id.len != 0) {
        chatws_json_put_lit(&json, ",\"id\":");
        chatws_json_put(&json, presence->id.data, presence->id.len);
    }

    chatws_json_put_lit(&json, "}");

    return chatws_json_out_end(&json, out);
}


void
chatws_presence_put(chatws_json_out_t *json, const chatws_presence_t *presence)
{
    chatws_json_put_lit(json, ",\"presence\":{");

    if (presence->names) {
        chatws_presence_lists(json, presence);
        chatws_json_put_lit(json, ",");
    }

    chatws_presence_numbers(json, presence);

    if (presence->warming) {
        chatws_json_put_lit(json, ",\"warming\":true");
    }

    chatws_json_put_lit(json, "}");
}


static void
chatws_presence_lists(chatws_json_out_t *json,
    const chatws_presence_t *presence)
{
    chatws_json_put_lit(json, "\"online\":[");
    chatws_presence_list(json, presence, CHATWS_PRESENCE_ONLINE);
    chatws_json_put_lit(json, "],\"away\":[");
    chatws_presence_list(json, presence, CHATWS_PRESENCE_AWAY);
    chatws_json_put_lit(json, "],\"offline\":{");
    chatws_presence_offline(json, presence);
    chatws_json_put_lit(json, "}");
}


static void
chatws_presence_list(chatws_json_out_t *json,
    const chatws_presence_t *presence, chatws_presence_state_e state)
{
    size_t    i;
    unsigned  more;

    more = 0;

    for (i = 0; i < presence->n; i++) {

        if (presence->list[i].state != state) {
            continue;
        }

        if (more) {
            chatws_json_put_lit(json, ",");
        }

        chatws_json_put_string(json, &presence->list[i].user);
        more = 1;
    }
}


/*
 * The minute in which a user was seen last, so that the time does not tell who
 * has left together.
 */

static void
chatws_presence_offline(chatws_json_out_t *json,
    const chatws_presence_t *presence)
{
    size_t                   i;
    unsigned                 more;
    const chatws_present_t  *p;

    more = 0;

    for (i = 0; i < presence->n; i++) {
        p = &presence->list[i];

        if (p->state != CHATWS_PRESENCE_OFFLINE) {
            continue;
        }

        if (more) {
            chatws_json_put_lit(json, ",");
        }

        chatws_json_put_string(json, &p->user);
        chatws_json_put_lit(json, ":");

        if (p->seen != 0) {
            chatws_presence_time(json,
                                 p->seen - p->seen % CHATWS_PRESENCE_MINUTE);

        } else {
            chatws_json_put_lit(json, "null");
        }

        more = 1;
    }
}


static void
chatws_presence_numbers(chatws_json_out_t *json,
    const chatws_presence_t *presence)
{
    chatws_json_put_lit(json, "\"count\":");
    chatws_json_put_uint(json, presence->count);
    chatws_json_put_lit(json, ",\"people\":");
    chatws_json_put_uint(json, presence->people);
}


static void
chatws_presence_time(chatws_json_out_t *json, uint64_t ms)
{
    uint8_t  text[CHATWS_TIME_LEN];

    chatws_time_format(text, ms);

    chatws_json_put_lit(json, "\"");
    chatws_json_put(json, text, CHATWS_TIME_LEN);
    chatws_json_put_lit(json, "\"");
}
