
/*
 * Copyright (C) chatws contributors
 *
 * The types of notifications: those that the server makes itself, and the
 * names that are taken, so that an application event can't have them.
 */


#ifndef _CHATWS_TYPE_H_INCLUDED_
#define _CHATWS_TYPE_H_INCLUDED_


#include "base/chatws_core.h"
#include "json/chatws_json.h"


/* The server's own types.  Each has its name in chatws_type_server[]. */

typedef enum {
    CHATWS_TYPE_CONNECTED = 0,
    CHATWS_TYPE_CONFIRMED,
    CHATWS_TYPE_RESUMED,
    CHATWS_TYPE_MESSAGE,
    CHATWS_TYPE_UPDATE,
    CHATWS_TYPE_TYPING,
    CHATWS_TYPE_TYPISTS,
    CHATWS_TYPE_UPLOAD,
    CHATWS_TYPE_PRESENCE,
    CHATWS_TYPE_UNSUBSCRIBED,
    CHATWS_TYPE_AUTHENTICATED,
    CHATWS_TYPE_EXPIRING,
    CHATWS_TYPE_UNREAD,
    CHATWS_TYPE_RECEIPT,
    CHATWS_TYPE_STATE,
    CHATWS_TYPE_CHATS,
    CHATWS_TYPE_CHAT_ADDED,
    CHATWS_TYPE_CHAT_REMOVED,
    CHATWS_TYPE_ERROR,
    CHATWS_TYPE_NONE               /* another one; the number of types */
} chatws_type_e;


/* The type that has this name, or CHATWS_TYPE_NONE. */
chatws_type_e chatws_type_find(const chatws_str_t *name);

/*
 * Returns 1 for a type that only some zones send; in all others its name is
 * free for an application event.  Otherwise 0.
 */
int chatws_type_optional(chatws_type_e type);

/* Begins a notification: puts {"type":"..." without a closing brace. */
void chatws_type_open(chatws_json_out_t *json, chatws_type_e type);

/*
 * Returns 1 if the name is a type of the server, or the name of an event that
 * the browser client makes itself: a listener could not tell an application
 * event of this name from it.  Otherwise 0.
 */
int chatws_type_reserved(const chatws_str_t *name);


#endif /* _CHATWS_TYPE_H_INCLUDED_ */
