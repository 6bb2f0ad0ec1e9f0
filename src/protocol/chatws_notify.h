
/*
 * Copyright (C) chatws contributors
 *
 * What the server says of itself: each notification and error of the
 * protocol as compact JSON, members in the specification's order, extensions
 * after them.
 */


#ifndef _CHATWS_NOTIFY_H_INCLUDED_
#define _CHATWS_NOTIFY_H_INCLUDED_


#include "base/chatws_core.h"
#include "base/chatws_fault.h"
#include "json/chatws_json.h"
#include "protocol/chatws_action.h"


/*
 * Room that every function here is content with, as long as ids and names
 * passed chatws_name_check() and the echoed id came from chatws_action.
 */
#define CHATWS_NOTIFY_SIZE       3072

#define CHATWS_DETAILS_MAX       192       /* bytes, longer ones are cut */


/* the member "error" of an error message */

#define CHATWS_E_JSON            "Invalid JSON"
#define CHATWS_E_TYPE            "Unknown message type"
#define CHATWS_E_MESSAGE         "Invalid message"
#define CHATWS_E_CHAT            "Invalid chatId"
#define CHATWS_E_NOT_SUBSCRIBED  "Not subscribed"
#define CHATWS_E_SUBSCRIPTIONS   "Too many subscriptions"
#define CHATWS_E_RATE            "Rate limited"
#define CHATWS_E_NO_USER         "Missing userId"
#define CHATWS_E_USER            "Invalid userId"

/* the member "details" where it is always the same */

#define CHATWS_D_JSON            "Could not parse message as JSON"
#define CHATWS_D_CHAT            "chatId must be 1 to 128 bytes of UTF-8 "    \
                                 "without control characters"


/* What subscription_confirmed says; seq and epoch only after a subscribe. */

typedef struct {
    chatws_str_t   chat;
    chatws_str_t   id;             /* JSON to be echoed, len 0: none */
    uint64_t       seq;
    uint64_t       epoch;          /* the low 48 bits are shown */
    chatws_verb_e  verb;           /* subscribe or unsubscribe */
    unsigned       since:1;        /* since was given: show recovered */
    unsigned       recovered:1;
} chatws_confirmed_t;


/*
 * Each writes one JSON text to out->data.  On entry out->len is the room
 * there, on CHATWS_OK the length of the text; CHATWS_ERROR: no room, out is
 * not changed.  Strings are valid UTF-8; ms are milliseconds since 1970.
 */

chatws_rc_e chatws_notify_connected(chatws_str_t *out,
    const chatws_str_t *user, uint64_t ms);

chatws_rc_e chatws_notify_confirmed(chatws_str_t *out,
    const chatws_confirmed_t *c);

chatws_rc_e chatws_notify_typing(chatws_str_t *out, const chatws_str_t *chat,
    const chatws_str_t *user, const chatws_str_t *name, int typing,
    uint64_t ms);

/*
 * The error message of the WebSocket and the body of an HTTP error; id is
 * the JSON to be echoed, NULL or empty: none.
 */
chatws_rc_e chatws_notify_error(chatws_str_t *out,
    const chatws_fault_t *fault, const chatws_str_t *id, uint64_t ms);


/*
 * The "resumed" notification, piece by piece: open, a chat each, close.  A
 * chat that could not be subscribed to has error instead of its state, NULL:
 * it could.  Room: CHATWS_NOTIFY_SIZE, and CHATWS_RESUMED_GROWTH for each
 * byte of the object of chats as the client wrote it.
 */

#define CHATWS_RESUMED_GROWTH    8

void chatws_notify_resumed_open(chatws_json_out_t *json);
void chatws_notify_resumed_chat(chatws_json_out_t *json, unsigned first,
    const chatws_str_t *chat, uint64_t seq, int recovered,
    const chatws_str_t *error);
void chatws_notify_resumed_close(chatws_json_out_t *json, uint64_t epoch,
    const chatws_str_t *id);


#endif /* _CHATWS_NOTIFY_H_INCLUDED_ */
