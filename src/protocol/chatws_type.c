
/*
 * Copyright (C) chatws contributors
 *
 * The types of notifications, and the names that are taken.
 */


#include <string.h>

#include "protocol/chatws_type.h"


/* t/check/types.pl compares both lists with those of the browser client */

static const chatws_str_t  chatws_type_server[] = {
    [CHATWS_TYPE_CONNECTED] = chatws_str("connected"),
    [CHATWS_TYPE_CONFIRMED] = chatws_str("subscription_confirmed"),
    [CHATWS_TYPE_RESUMED] = chatws_str("resumed"),
    [CHATWS_TYPE_MESSAGE] = chatws_str("new_message"),
    [CHATWS_TYPE_UPDATE] = chatws_str("chat_update"),
    [CHATWS_TYPE_TYPING] = chatws_str("user_typing"),
    [CHATWS_TYPE_TYPISTS] = chatws_str("typing_users"),
    [CHATWS_TYPE_UPLOAD] = chatws_str("upload_progress"),
    [CHATWS_TYPE_PRESENCE] = chatws_str("presence"),
    [CHATWS_TYPE_UNSUBSCRIBED] = chatws_str("unsubscribed"),
    [CHATWS_TYPE_AUTHENTICATED] = chatws_str("authenticated"),
    [CHATWS_TYPE_EXPIRING] = chatws_str("token_expiring"),
    [CHATWS_TYPE_UNREAD] = chatws_str("unread"),
    [CHATWS_TYPE_RECEIPT] = chatws_str("read_receipt"),
    [CHATWS_TYPE_STATE] = chatws_str("chat_state"),
    [CHATWS_TYPE_CHATS] = chatws_str("chats"),
    [CHATWS_TYPE_CHAT_ADDED] = chatws_str("chat_added"),
    [CHATWS_TYPE_CHAT_REMOVED] = chatws_str("chat_removed"),
    [CHATWS_TYPE_ERROR] = chatws_str("error")
};

chatws_static_assert(chatws_type_server_complete,
    chatws_nelts(chatws_type_server) == CHATWS_TYPE_NONE);


static const chatws_str_t  chatws_type_client[] = {
    chatws_str("open"),
    chatws_str("connecting"),
    chatws_str("reconnecting"),
    chatws_str("closed"),
    chatws_str("recovered"),
    chatws_str("gap"),
    chatws_str("message"),
    chatws_str("error"),
    chatws_str("unauthorized"),
    chatws_str("denied"),
    chatws_str("undecryptable")
};


static size_t chatws_type_index(const chatws_str_t *list, size_t n,
    const chatws_str_t *name);


chatws_type_e
chatws_type_find(const chatws_str_t *name)
{
    return chatws_type_index(chatws_type_server, CHATWS_TYPE_NONE, name);
}


int
chatws_type_optional(chatws_type_e type)
{
    return type == CHATWS_TYPE_TYPISTS
           || type == CHATWS_TYPE_UPLOAD
           || type == CHATWS_TYPE_PRESENCE
           || type == CHATWS_TYPE_UNSUBSCRIBED
           || type == CHATWS_TYPE_AUTHENTICATED
           || type == CHATWS_TYPE_UNREAD
           || type == CHATWS_TYPE_RECEIPT
           || type == CHATWS_TYPE_STATE
           || type == CHATWS_TYPE_EXPIRING
           || type == CHATWS_TYPE_CHATS
           || type == CHATWS_TYPE_CHAT_ADDED
           || type == CHATWS_TYPE_CHAT_REMOVED;
}


void
chatws_type_open(chatws_json_out_t *json, chatws_type_e type)
{
    const chatws_str_t  *name;

    name = &chatws_type_server[type];

    chatws_json_put_lit(json, "{\"type\":\"");
    chatws_json_put(json, name->data, name->len);
    chatws_json_put_lit(json, "\"");
}


int
chatws_type_reserved(const chatws_str_t *name)
{
    size_t  n;

    n = chatws_nelts(chatws_type_client);

    return chatws_type_find(name) != CHATWS_TYPE_NONE
           || chatws_type_index(chatws_type_client, n, name) != n;
}


/* The index of the name in a list of n names, or n. */

static size_t
chatws_type_index(const chatws_str_t *list, size_t n,
    const chatws_str_t *name)
{
    size_t  i;

    for (i = 0; i < n; i++) {

        if (list[i].len == name->len
            && memcmp(list[i].data, name->data, name->len) == 0)
        {
            break;
        }
    }

    return i;
}
