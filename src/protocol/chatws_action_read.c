
/*
 * Copyright (C) chatws contributors
 *
 * The client messages about what was read and what has arrived.
 */


#include <string.h>

#include "base/chatws_id.h"
#include "base/chatws_name.h"
#include "json/chatws_json_scan.h"
#include "protocol/chatws_action_private.h"
#include "protocol/chatws_notify.h"


typedef struct {
    chatws_json_arena_t    arena;
    size_t                 n;
    chatws_delivered_pt    handler;
    void                  *data;
} chatws_action_delivered_t;


static void chatws_action_epoch(chatws_action_t *action,
    chatws_action_members_t *ms);
static chatws_rc_e chatws_action_arrived(void *data,
    const chatws_json_member_t *m);


chatws_rc_e
chatws_action_read(chatws_action_t *action, chatws_action_members_t *ms)
{
    const chatws_json_member_t  *secret, *seq;

    seq = &ms->known[CHATWS_ACTION_SEQ];
    secret = &ms->known[CHATWS_ACTION_PRIVATE];

    if (!seq->integer
        || chatws_json_uint(&seq->value, &action->seq) != CHATWS_OK)
    {
        return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                "seq must be a non-negative integer");
    }

    if (secret->value.len != 0) {

        if (secret->type != CHATWS_JSON_BOOL) {
            return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                    "private must be a boolean");
        }

        action->secret = secret->truth;
    }

    chatws_action_epoch(action, ms);

    return CHATWS_OK;
}


chatws_rc_e
chatws_action_mark(chatws_action_t *action, chatws_action_members_t *ms)
{
    const chatws_json_member_t  *m;

    m = &ms->known[CHATWS_ACTION_UNREAD];

    if (m->value.len == 0 || m->type != CHATWS_JSON_BOOL) {
        return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                "unread must be a boolean");
    }

    action->unread = m->truth;

    return CHATWS_OK;
}


chatws_rc_e
chatws_action_delivered(chatws_action_t *action, chatws_action_members_t *ms)
{
    const chatws_json_member_t  *m;

    m = &ms->known[CHATWS_ACTION_CHATS];

    if (m->value.len == 0 || m->type != CHATWS_JSON_OBJECT) {
        return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                "chats must be an object");
    }

    action->chats = m->value;

    chatws_action_epoch(action, ms);

    return CHATWS_OK;
}


/* An epoch that is missing, or is none, changes nothing, and is no error. */

static void
chatws_action_epoch(chatws_action_t *action, chatws_action_members_t *ms)
{
    const chatws_json_member_t  *m;

    m = &ms->known[CHATWS_ACTION_EPOCH];

    action->epoch = m->value.len != 0 && m->type == CHATWS_JSON_STRING
                    ? chatws_epoch_parse(&m->string) : CHATWS_EPOCH_NONE;
}


void
chatws_action_delivered_chats(const chatws_action_t *action, size_t depth,
    void *mem, size_t size, chatws_delivered_pt handler, void *data)
{
    chatws_action_delivered_t  walk;

    chatws_json_arena_init(&walk.arena, mem, size);

    walk.n = 0;
    walk.handler = handler;
    walk.data = data;

    (void) chatws_json_object(&walk.arena, &action->chats, depth,
                              chatws_action_arrived, &walk);
}


static chatws_rc_e
chatws_action_arrived(void *data, const chatws_json_member_t *m)
{
    chatws_action_delivered_t *walk = data;

    uint64_t  seq;

    if (walk->n++ == CHATWS_ACTION_CHATS_MAX) {
        return CHATWS_DECLINED;
    }

    if (!m->lossy
        && chatws_name_check(&m->name) == CHATWS_OK
        && m->integer
        && chatws_json_uint(&m->value, &seq) == CHATWS_OK)
    {
        walk->handler(walk->data, &m->name, seq);
    }

    return CHATWS_OK;
}
