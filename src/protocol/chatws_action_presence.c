
/*
 * Copyright (C) chatws contributors
 *
 * The client messages of presence: what a client says of itself, and whom it
 * asks for.
 */


#include <string.h>

#include "base/chatws_name.h"
#include "protocol/chatws_action_private.h"
#include "protocol/chatws_notify.h"


typedef struct {
    chatws_json_arena_t    arena;
    chatws_user_pt         handler;
    void                  *data;
} chatws_action_users_t;


static chatws_rc_e chatws_action_count(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_action_users_one(void *data,
    const chatws_json_member_t *m);


static const chatws_str_t  chatws_action_states[] = {
    [CHATWS_SAID_ONLINE] = chatws_str("online"),
    [CHATWS_SAID_AWAY] = chatws_str("away"),
    [CHATWS_SAID_OFFLINE] = chatws_str("offline"),
    [CHATWS_SAID_INVISIBLE] = chatws_str("invisible")
};


/*
 * A client says how it is, or it asks for users of a chat: whoever says
 * something asks for nothing.
 */

chatws_rc_e
chatws_action_presence(chatws_action_t *action, chatws_action_members_t *ms)
{
    const chatws_json_member_t  *m;

    m = &ms->known[CHATWS_ACTION_STATE];

    if (m->value.len != 0) {

        if (m->type == CHATWS_JSON_STRING) {
            action->said = chatws_action_said(&m->string);
        }

        if (action->said == CHATWS_SAID_NOTHING) {
            return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                    "state must be online, away, offline or "
                                    "invisible");
        }

        return CHATWS_OK;
    }

    if (chatws_action_chat(action, ms) != CHATWS_OK) {
        return CHATWS_ERROR;
    }

    if (chatws_action_watch(action, ms) != CHATWS_OK) {
        return CHATWS_ERROR;
    }

    if (action->nusers == 0 || action->nusers > CHATWS_ACTION_USERS_MAX) {
        return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                "users must be 1 to 100 user ids");
    }

    return CHATWS_OK;
}


chatws_said_e
chatws_action_said(const chatws_str_t *name)
{
    size_t  i;

    for (i = CHATWS_SAID_ONLINE; i < chatws_nelts(chatws_action_states); i++) {

        if (name->len == chatws_action_states[i].len
            && memcmp(name->data, chatws_action_states[i].data, name->len)
               == 0)
        {
            return i;
        }
    }

    return CHATWS_SAID_NOTHING;
}


chatws_rc_e
chatws_action_watch(chatws_action_t *action, chatws_action_members_t *ms)
{
    const chatws_json_member_t  *m;

    m = &ms->known[CHATWS_ACTION_USERS];

    if (m->value.len == 0
        || m->type != CHATWS_JSON_ARRAY
        || chatws_json_array(&ms->arena, &m->value, ms->depth,
                             chatws_action_count, &action->nusers)
           != CHATWS_OK)
    {
        return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                "users must be an array of user ids");
    }

    action->users = m->value;

    return CHATWS_OK;
}


static chatws_rc_e
chatws_action_count(void *data, const chatws_json_member_t *m)
{
    size_t *n = data;

    if (m->type != CHATWS_JSON_STRING
        || m->lossy
        || chatws_name_check(&m->string) != CHATWS_OK)
    {
        return CHATWS_DECLINED;
    }

    (*n)++;

    return CHATWS_OK;
}


chatws_rc_e
chatws_action_users(const chatws_action_t *action, size_t depth, void *mem,
    size_t size, chatws_user_pt handler, void *data)
{
    chatws_action_users_t  walk;

    chatws_json_arena_init(&walk.arena, mem, size);

    walk.handler = handler;
    walk.data = data;

    return chatws_json_array(&walk.arena, &action->users, depth,
                             chatws_action_users_one, &walk);
}


static chatws_rc_e
chatws_action_users_one(void *data, const chatws_json_member_t *m)
{
    chatws_action_users_t *walk = data;

    return walk->handler(walk->data, &m->string);
}
