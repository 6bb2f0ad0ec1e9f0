
/*
 * Copyright (C) chatws contributors
 *
 * The notifications that tell a user the chats that it is a member of, as
 * compact JSON.
 */


#ifndef _CHATWS_NOTIFY_MEMBERS_H_INCLUDED_
#define _CHATWS_NOTIFY_MEMBERS_H_INCLUDED_


#include "base/chatws_core.h"
#include "json/chatws_json.h"


/* A chat of a user. */

typedef struct {
    chatws_str_t   chat;
    uint64_t       last;           /* its last number */
    uint64_t       count;          /* messages that count; this and the next
                                      three are shown with counted only */
    uint64_t       read;
    int64_t        seen;
    uint64_t       unread;
    unsigned       counted:1;
    unsigned       muted:1;
    unsigned       marked:1;
} chatws_notify_chat_t;


/*
 * Writes the text of a "chat_added" or, without added, of a "chat_removed" to
 * before->data and after->data: what comes up to the last number of the chat,
 * which is told of an added one, and what comes behind it, up to the number by
 * user, which the store appends with a closing brace.  ms are milliseconds
 * since 1970.
 *
 * CHATWS_OK, or CHATWS_ERROR: there is too little room.  CHATWS_NOTIFY_BEFORE
 * and CHATWS_NOTIFY_AFTER bytes are enough.
 */

#define CHATWS_NOTIFY_BEFORE     896
#define CHATWS_NOTIFY_AFTER      128

chatws_rc_e chatws_notify_membership(chatws_str_t *before,
    chatws_str_t *after, const chatws_str_t *chat, int added, uint64_t epoch,
    uint64_t ms);


/*
 * A "chats" notification is put piece by piece: open, one call for each chat,
 * close.  A chat takes CHATWS_NOTIFY_CHAT bytes at most, and the rest
 * CHATWS_NOTIFY_CHATS.
 */

#define CHATWS_NOTIFY_CHAT       1024
#define CHATWS_NOTIFY_CHATS      256


/* What a page of the list says of those behind it. */

typedef enum {
    CHATWS_CHATS_END = 0,          /* there are none */
    CHATWS_CHATS_MORE,
    CHATWS_CHATS_LIMIT             /* there are none, and the list has chats
                                      that the client is not subscribed to */
} chatws_chats_e;


void chatws_notify_chats_open(chatws_json_out_t *json);
void chatws_notify_chats_chat(chatws_json_out_t *json, unsigned first,
    const chatws_notify_chat_t *chat);

/* user_seq is the last number of the user, as of which the list is. */
void chatws_notify_chats_close(chatws_json_out_t *json, unsigned first,
    chatws_chats_e more, uint64_t user_seq, uint64_t epoch);


#endif /* _CHATWS_NOTIFY_MEMBERS_H_INCLUDED_ */
