
/*
 * Copyright (C) chatws contributors
 *
 * Client messages: from the text of a WebSocket message to a verb with its
 * checked members, or to the error that is the answer.
 */


#ifndef _CHATWS_ACTION_H_INCLUDED_
#define _CHATWS_ACTION_H_INCLUDED_


#include "base/chatws_core.h"
#include "base/chatws_fault.h"
#include "json/chatws_json.h"


#define CHATWS_ACTION_ID_MAX     64   /* bytes of an echoed id, decoded */

#define CHATWS_ACTION_CHATS_MAX  100  /* chats of a delivered */
#define CHATWS_ACTION_USERS_MAX  100  /* whom a client asks for at once */


/*
 * Each verb has a row in chatws_action_rows[] of chatws_action.c, which tells
 * its name and its members, and a row in ngx_http_chatws_client_verbs[], which
 * tells how a client's action is carried out.
 */

typedef enum {
    CHATWS_VERB_SUBSCRIBE = 0,
    CHATWS_VERB_UNSUBSCRIBE,
    CHATWS_VERB_TYPING,
    CHATWS_VERB_RESUME,
    CHATWS_VERB_AUTH,
    CHATWS_VERB_READ,
    CHATWS_VERB_MARK,
    CHATWS_VERB_DELIVERED,
    CHATWS_VERB_PRESENCE,
    CHATWS_VERB_WATCH,
    CHATWS_VERB_NONE               /* an unknown one; the number of verbs */
} chatws_verb_e;


/* What a client says of itself: protocol, section 2. */

typedef enum {
    CHATWS_SAID_NOTHING = 0,
    CHATWS_SAID_ONLINE,
    CHATWS_SAID_AWAY,
    CHATWS_SAID_OFFLINE,
    CHATWS_SAID_INVISIBLE
} chatws_said_e;


/*
 * A client message.  Its strings point into the text or into the block that
 * was given to the parser, and live as long as both.
 */

typedef struct {
    chatws_str_t    text;          /* the message itself */
    chatws_verb_e   verb;
    chatws_str_t    chat;          /* decoded and checked; empty in a resume */
    chatws_str_t    id;            /* JSON to be echoed; empty: none */

    uint64_t        seq;           /* of a read, or a member of since */
    uint64_t        epoch;         /* the same, or of a resume or delivered;
                                      CHATWS_EPOCH_NONE: it was not written
                                      as an epoch is, or is missing in a read,
                                      and equals none */
    chatws_str_t    chats;         /* the JSON object of a resume, or of a
                                      delivered */
    chatws_str_t    token;         /* of an auth or of the chat, decoded;
                                      empty: none */
    chatws_str_t    users;         /* the JSON array of a watch, or of a
                                      presence that says nothing */
    size_t          nusers;        /* its elements, one at least for those of
                                      a presence */
    chatws_said_e   said;          /* of a presence */

    uint64_t        user_seq;      /* the position of a resume in the inbox */
    uint64_t        user_epoch;    /* of its user, as epoch */

    chatws_fault_t  fault;         /* set after CHATWS_ERROR only */

    unsigned        typing:1;      /* the value of isTyping */
    unsigned        since:1;       /* seq and epoch were given */
    unsigned        user:1;        /* a resume has a member user, */
    unsigned        user_bad:1;    /* which is not written as it has to be */
    unsigned        state:1;       /* the value of state, where it is true */
    unsigned        secret:1;      /* the value of private of a read */
    unsigned        unread:1;      /* the value of unread of a mark */
} chatws_action_t;


/* One chat of a resume.  If it is not valid, fault.error is not empty. */

typedef struct {
    chatws_str_t    chat;          /* decoded */
    uint64_t        seq;
    chatws_str_t    token;         /* of the chat, decoded; empty: none */
    chatws_fault_t  fault;
} chatws_resume_t;


/*
 * Is called for each chat of a resume.  r and its strings live until the
 * handler returns.  CHATWS_OK continues the walk, any other code ends it.
 */
typedef chatws_rc_e (*chatws_resume_pt)(void *data, const chatws_resume_t *r);


/* Is called for each user of an action: see chatws_resume_pt. */
typedef chatws_rc_e (*chatws_user_pt)(void *data, const chatws_str_t *user);


/* The name of a verb other than CHATWS_VERB_NONE, which is static. */
const chatws_str_t *chatws_action_name(chatws_verb_e verb);

/*
 * Parses one client message, see the protocol, section 2.  Its JSON may be
 * nested at most depth levels.  mem is a block of size bytes, at least
 * chatws_json_arena_size(text->len); it needs no alignment and is overwritten.
 *
 * CHATWS_OK: action is filled.  CHATWS_ERROR: the client gets action->fault
 * and action->id as chatws_notify_error() writes them, and the connection goes
 * on; action->verb is set if it was known.
 */
chatws_rc_e chatws_action_parse(chatws_action_t *action,
    const chatws_str_t *text, size_t depth, void *mem, size_t size);

/*
 * Calls handler for each chat of a resume, in the order in which they are
 * written, a chat that is written twice included.  mem, size and depth are as
 * above, size for the length of action->chats.  mem is not the block of the
 * first parse, in which strings of the action may lie.
 *
 * CHATWS_OK, or the handler's code.  The parser has checked the JSON before,
 * so CHATWS_ERROR comes from the handler or from a block that is too small.
 */
chatws_rc_e chatws_action_resume(const chatws_action_t *action,
    size_t depth, void *mem, size_t size, chatws_resume_pt handler,
    void *data);

/* Is called for each chat of a delivered. */
typedef void (*chatws_delivered_pt)(void *data, const chatws_str_t *chat,
    uint64_t seq);

/*
 * The same for each chat of a delivered that is written as it has to be, up to
 * CHATWS_ACTION_CHATS_MAX of them.
 */
void chatws_action_delivered_chats(const chatws_action_t *action,
    size_t depth, void *mem, size_t size, chatws_delivered_pt handler,
    void *data);

/*
 * The same for each user of action->users, all of whose ids were checked.
 */
chatws_rc_e chatws_action_users(const chatws_action_t *action, size_t depth,
    void *mem, size_t size, chatws_user_pt handler, void *data);

/*
 * What the name of a state says, CHATWS_SAID_NOTHING: there is no such name.
 */
chatws_said_e chatws_action_said(const chatws_str_t *name);


#endif /* _CHATWS_ACTION_H_INCLUDED_ */
