
/*
 * Copyright (C) chatws contributors
 *
 * The notifications and errors that the server makes itself, as compact JSON:
 * see the protocol, sections 3, 5, 6.
 */


#ifndef _CHATWS_NOTIFY_H_INCLUDED_
#define _CHATWS_NOTIFY_H_INCLUDED_


#include "base/chatws_core.h"
#include "base/chatws_fault.h"
#include "json/chatws_json.h"
#include "protocol/chatws_action.h"
#include "protocol/chatws_unread.h"


/*
 * Bytes in which each of these texts has room, as long as chatws_name_check()
 * accepts its names and ids, and the echoed id comes from
 * chatws_action_parse().
 */
#define CHATWS_NOTIFY_SIZE       3072

#define CHATWS_DETAILS_MAX       192       /* bytes; longer details are cut */


/* values of the member "error" of an error message */

#define CHATWS_E_JSON            "Invalid JSON"
#define CHATWS_E_TYPE            "Unknown message type"
#define CHATWS_E_MESSAGE         "Invalid message"
#define CHATWS_E_CHAT            "Invalid chatId"
#define CHATWS_E_NOT_SUBSCRIBED  "Not subscribed"
#define CHATWS_E_NOT_ALLOWED     "Not allowed"
#define CHATWS_E_SUBSCRIPTIONS   "Too many subscriptions"
#define CHATWS_E_RATE            "Rate limited"
#define CHATWS_E_UNAVAILABLE     "Not available"
#define CHATWS_E_NO_USER         "Missing userId"
#define CHATWS_E_USER            "Invalid userId"
#define CHATWS_E_TOKEN_REQUIRED  "Token required"
#define CHATWS_E_TOKEN_EXPIRED   "Token expired"
#define CHATWS_E_TOKEN           "Invalid token"

/* values of the member "details" that several files need */

#define CHATWS_D_TYPE            "type must be new_message, chat_update, or "  \
                                 "a name of a-z, 0-9 and _ that is not the "  \
                                 "server's or the client's own"
#define CHATWS_D_JSON            "Could not parse message as JSON"
#define CHATWS_D_USER            "userId must be 1 to 128 bytes of UTF-8 "    \
                                 "without control characters"
#define CHATWS_D_CHAT            "chatId must be 1 to 128 bytes of UTF-8 "    \
                                 "without control characters"


/*
 * What a zone knows of people, as bits of features; each has a name in
 * chatws_notify_features[].
 */

typedef enum {
    CHATWS_FEATURE_USERS = 0,
    CHATWS_FEATURE_MEMBERS,
    CHATWS_FEATURE_PRESENCE,
    CHATWS_FEATURE_UNREAD,
    CHATWS_FEATURE_RECEIPTS,
    CHATWS_FEATURE_DELIVERED,
    CHATWS_FEATURE_N
} chatws_feature_e;


/* The content of a connected. */

typedef struct {
    chatws_str_t   user;
    chatws_str_t   session;        /* its id; len 0: tokens are off, and this
                                      and expires_in are not shown */
    chatws_str_t   id;             /* JSON to be echoed; empty: none */
    uint64_t       expires_in;     /* seconds until its token expires */
    uint64_t       ms;             /* now */
    uint64_t       user_seq;       /* number of the last notification to the
                                      user */
    uint64_t       epoch;          /* its low 48 bits are shown */
    uint32_t       features;       /* a bit for each chatws_feature_e; 0: these
                                      three are not shown */
} chatws_connected_t;


/* The content of a subscription_confirmed. */

typedef struct {
    chatws_str_t   chat;
    chatws_str_t   id;             /* JSON to be echoed; empty: none */
    uint64_t       seq;            /* shown after a subscribe only */
    uint64_t       epoch;          /* the same; its low 48 bits are shown */
    const chatws_watermark_t  *mark;   /* the same; NULL: not shown */
    unsigned       subscribed:1;   /* 0: unsubscribed */
    unsigned       since:1;        /* since was given: recovered is shown */
    unsigned       recovered:1;
} chatws_confirmed_t;


/* The state of an upload. */

typedef enum {
    CHATWS_UPLOAD_RUNNING = 0,
    CHATWS_UPLOAD_PROCESSING,      /* all was received, the answer was not */
    CHATWS_UPLOAD_DONE,
    CHATWS_UPLOAD_FAILED,
    CHATWS_UPLOAD_ABORTED,
    CHATWS_UPLOAD_PAUSED,          /* aborted, but it can be resumed */
    CHATWS_UPLOAD_N
} chatws_upload_e;


/* The content of an upload_progress. */

typedef struct {
    chatws_str_t     id;           /* chosen by the client */
    chatws_str_t     chat;         /* empty: of no chat, it is not shown */
    chatws_str_t     user;
    chatws_str_t     name;         /* of the user */
    uint64_t         received;     /* bytes */
    uint64_t         total;        /* bytes, if it is known */
    uint64_t         ms;           /* now */
    uint32_t         status;       /* shown of one that failed */
    chatws_upload_e  state;
    unsigned         sized:1;      /* total is known, and shown */
} chatws_upload_t;


/* Why a subscription was ended by the server: protocol, section 7. */

typedef enum {
    CHATWS_LOST_REMOVED = 0,       /* by a command */
    CHATWS_LOST_DENIED,            /* the app server has said no */
    CHATWS_LOST_TOKEN,             /* a renewed token is without it */
    CHATWS_LOST_EXPIRED,           /* the token of the chat is over */
    CHATWS_LOST_N
} chatws_lost_e;


/*
 * The message of a client that caused an error.  Its verb and its chat are
 * shown if the fault is told about them.
 */

typedef struct {
    chatws_str_t   chat;           /* empty: of no single chat */
    chatws_str_t   id;             /* JSON to be echoed; empty: none */
    uint64_t       retry_after;    /* ms, after which it may succeed; 0: not
                                      shown */
    chatws_verb_e  verb;           /* CHATWS_VERB_NONE: not known */
} chatws_cause_t;


/*
 * Each of these functions writes one JSON text to out->data, where there is
 * room for out->len bytes, and sets out->len to its length.  Strings are valid
 * UTF-8; ms are milliseconds since 1970, and expires_in are seconds.
 *
 * CHATWS_OK, or CHATWS_ERROR: there is too little room, and out->len is as it
 * was.
 */
chatws_rc_e chatws_notify_connected(chatws_str_t *out,
    const chatws_connected_t *c);
chatws_rc_e chatws_notify_confirmed(chatws_str_t *out,
    const chatws_confirmed_t *c);
chatws_rc_e chatws_notify_authenticated(chatws_str_t *out,
    const chatws_str_t *user, const chatws_str_t *id, uint64_t expires_in);
chatws_rc_e chatws_notify_expiring(chatws_str_t *out, uint64_t expires_in);
chatws_rc_e chatws_notify_typing(chatws_str_t *out, const chatws_str_t *chat,
    const chatws_str_t *user, const chatws_str_t *name, int typing,
    uint64_t ms);
chatws_rc_e chatws_notify_upload(chatws_str_t *out,
    const chatws_upload_t *upload);
chatws_rc_e chatws_notify_unsubscribed(chatws_str_t *out,
    const chatws_str_t *chat, chatws_lost_e lost, uint64_t ms);

/*
 * The same for an error message of a WebSocket, which is the body of an HTTP
 * error as well.  cause is NULL where no message of a client has caused it.
 */
chatws_rc_e chatws_notify_error(chatws_str_t *out,
    const chatws_fault_t *fault, const chatws_cause_t *cause, uint64_t ms);


/*
 * A "typing_users" notification is put piece by piece: open, one call for each
 * user of the list, close with the number of all who type.  It has room in
 * CHATWS_NOTIFY_SIZE bytes and CHATWS_TYPIST_SIZE for each user.
 */

#define CHATWS_TYPIST_SIZE       600

void chatws_notify_typists_open(chatws_json_out_t *json,
    const chatws_str_t *chat);
void chatws_notify_typists_user(chatws_json_out_t *json, unsigned first,
    const chatws_str_t *user, const chatws_str_t *name);
void chatws_notify_typists_close(chatws_json_out_t *json, uint64_t count,
    uint64_t ms);


/*
 * A "resumed" notification is put piece by piece: open, one call for each
 * chat, close.  It has room in CHATWS_NOTIFY_SIZE bytes and, for each byte of
 * the object of chats as the client has written it, CHATWS_RESUMED_GROWTH
 * bytes, or CHATWS_RESUMED_MARKED where each chat has a watermark.
 */

#define CHATWS_RESUMED_GROWTH    8
#define CHATWS_RESUMED_MARKED    24

/* Begins the notification. */
void chatws_notify_resumed_open(chatws_json_out_t *json);

/*
 * Puts one chat.  first is not 0 for the first one.  error is NULL for a chat
 * that was subscribed to, at position seq, with this watermark or NULL;
 * otherwise error is put, recovered and mark do not count, and seq is the time
 * in milliseconds after which the client may try again, or 0.
 */
void chatws_notify_resumed_chat(chatws_json_out_t *json, unsigned first,
    const chatws_str_t *chat, uint64_t seq, int recovered,
    const chatws_watermark_t *mark, const chatws_str_t *error);

/* How the inbox of the user was entered; error as above. */

typedef struct {
    const chatws_str_t  *error;
    uint64_t             seq;
    int                  recovered;
} chatws_resumed_user_t;

/*
 * Puts the user, or nothing for NULL; the epoch, its low 48 bits; and echoes
 * id, which may be empty.
 */
void chatws_notify_resumed_close(chatws_json_out_t *json,
    const chatws_resumed_user_t *user, uint64_t epoch, const chatws_str_t *id);


#endif /* _CHATWS_NOTIFY_H_INCLUDED_ */
