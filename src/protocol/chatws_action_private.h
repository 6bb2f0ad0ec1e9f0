
/*
 * Copyright (C) chatws contributors
 *
 * The members of a client message, for the files that check them.
 */


#ifndef _CHATWS_ACTION_PRIVATE_H_INCLUDED_
#define _CHATWS_ACTION_PRIVATE_H_INCLUDED_


#include "protocol/chatws_action.h"


/* The members that the server knows: each has a row in chatws_action_names. */

typedef enum {
    CHATWS_ACTION_ID = 0,
    CHATWS_ACTION_ACTION,
    CHATWS_ACTION_TYPE,
    CHATWS_ACTION_CHAT,
    CHATWS_ACTION_TYPING,
    CHATWS_ACTION_SINCE,
    CHATWS_ACTION_CHATS,
    CHATWS_ACTION_EPOCH,
    CHATWS_ACTION_SEQ,
    CHATWS_ACTION_TOKEN,
    CHATWS_ACTION_STATE,
    CHATWS_ACTION_USER,
    CHATWS_ACTION_PRIVATE,
    CHATWS_ACTION_UNREAD,
    CHATWS_ACTION_USERS,
    CHATWS_ACTION_UNKNOWN
} chatws_action_member_e;


/*
 * The members of one object by name.  Of several members of a name the last
 * one counts.  A member that is missing has an empty value.
 */

typedef struct {
    chatws_json_arena_t    arena;
    size_t                 depth;
    chatws_json_member_t   known[CHATWS_ACTION_UNKNOWN];
} chatws_action_members_t;


/* Checks members and sets them in the action; CHATWS_ERROR: sets the fault. */

typedef chatws_rc_e (*chatws_action_check_pt)(chatws_action_t *action,
    chatws_action_members_t *ms);


/* A chat that the message has to name. */
chatws_rc_e chatws_action_chat(chatws_action_t *action,
    chatws_action_members_t *ms);

/* How far a client has read a chat. */
chatws_rc_e chatws_action_read(chatws_action_t *action,
    chatws_action_members_t *ms);

/* A chat is marked as unread, or not any more. */
chatws_rc_e chatws_action_mark(chatws_action_t *action,
    chatws_action_members_t *ms);

/* How far a client has got each of several chats. */
chatws_rc_e chatws_action_delivered(chatws_action_t *action,
    chatws_action_members_t *ms);

/* What a client says of itself, or the users of a chat that it asks for. */
chatws_rc_e chatws_action_presence(chatws_action_t *action,
    chatws_action_members_t *ms);

/* The users of a list to be watched, which may be empty. */
chatws_rc_e chatws_action_watch(chatws_action_t *action,
    chatws_action_members_t *ms);


#endif /* _CHATWS_ACTION_PRIVATE_H_INCLUDED_ */
