
/*
 * Copyright (C) chatws contributors
 *
 * Client messages: from the text of a WebSocket message to a verb with its
 * checked members, or to the error to be answered.
 */


#ifndef _CHATWS_ACTION_H_INCLUDED_
#define _CHATWS_ACTION_H_INCLUDED_


#include "base/chatws_core.h"
#include "base/chatws_fault.h"
#include "json/chatws_json.h"


#define CHATWS_ACTION_ID_MAX  64   /* bytes of an echoed id, decoded */


typedef enum {
    CHATWS_VERB_SUBSCRIBE = 0,
    CHATWS_VERB_UNSUBSCRIBE,
    CHATWS_VERB_TYPING,
    CHATWS_VERB_RESUME,
    CHATWS_VERB_NONE               /* none that is known */
} chatws_verb_e;


/* Strings point into the text or into the block given to the parser. */

typedef struct {
    chatws_verb_e   verb;
    chatws_str_t    chat;          /* decoded and checked; none in a resume */
    chatws_str_t    id;            /* JSON to be echoed, len 0: none */

    uint64_t        seq;           /* of since */
    uint64_t        epoch;         /* of since or resume; CHATWS_EPOCH_NONE:
                                      not the form of an epoch, so it matches
                                      none */
    chatws_str_t    chats;         /* of a resume: the object as written */

    chatws_fault_t  fault;         /* after CHATWS_ERROR */

    unsigned        typing:1;      /* isTyping */
    unsigned        since:1;       /* seq and epoch were given */
} chatws_action_t;


/* One chat of a resume; fault.error.len != 0: this one is not valid. */

typedef struct {
    chatws_str_t    chat;          /* decoded; until the handler returns */
    uint64_t        seq;
    chatws_fault_t  fault;
} chatws_resume_t;


/* CHATWS_OK: go on; anything else ends the walk with that code. */

typedef chatws_rc_e (*chatws_resume_pt)(void *data, const chatws_resume_t *r);


/*
 * Parses one client message.  mem is a block of at least
 * chatws_json_arena_size(text->len) bytes, overwritten; depth is the limit of
 * nesting.
 *
 * CHATWS_OK, or CHATWS_ERROR: answer with action->fault and action->id
 * (chatws_notify_error()) and keep the connection.
 */
chatws_rc_e chatws_action_parse(chatws_action_t *action,
    const chatws_str_t *text, size_t depth, void *mem, size_t size);

/*
 * Walks the chats of a resume in their order; mem and depth as above, but not
 * the block that the strings of the action may lie in.
 *
 * CHATWS_OK, or the handler's code.  The text was checked before, so
 * CHATWS_ERROR is only the handler's or that of too small a block.
 */
chatws_rc_e chatws_action_resume(const chatws_action_t *action,
    size_t depth, void *mem, size_t size, chatws_resume_pt handler,
    void *data);


#endif /* _CHATWS_ACTION_H_INCLUDED_ */
