
/*
 * Copyright (C) chatws contributors
 *
 * Client messages: from the text of a WebSocket message to a verb with its
 * checked members, or to the error that is the answer.
 */


#include <string.h>

#include "base/chatws_id.h"
#include "base/chatws_name.h"
#include "base/chatws_utf8.h"
#include "json/chatws_json_known.h"
#include "json/chatws_json_scan.h"
#include "protocol/chatws_action_private.h"
#include "protocol/chatws_notify.h"


#define CHATWS_D_CHAT_TOKEN     "token must be a string that is not empty"

#define CHATWS_ACTION_VERB_MAX  64     /* shown bytes of an unknown verb */
#define CHATWS_ACTION_CHECKS    4      /* the most members that a verb has */


typedef struct {
    chatws_str_t             name;
    chatws_action_check_pt   checks[CHATWS_ACTION_CHECKS];   /* NULL: no more */
} chatws_action_row_t;


typedef struct {
    chatws_json_arena_t    arena;
    size_t                 depth;
    chatws_resume_pt       handler;
    void                  *data;
} chatws_action_walk_t;


static chatws_rc_e chatws_action_collect(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_action_id(chatws_action_t *action,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_action_verb(chatws_action_t *action,
    chatws_action_members_t *ms);
static chatws_rc_e chatws_action_unknown(chatws_action_t *action,
    const chatws_json_member_t *m, chatws_action_members_t *ms);
static chatws_rc_e chatws_action_since(chatws_action_t *action,
    chatws_action_members_t *ms);
static chatws_rc_e chatws_action_typing(chatws_action_t *action,
    chatws_action_members_t *ms);
static chatws_rc_e chatws_action_chats(chatws_action_t *action,
    chatws_action_members_t *ms);
static chatws_rc_e chatws_action_user(chatws_action_t *action,
    chatws_action_members_t *ms);
static chatws_rc_e chatws_action_token(chatws_action_t *action,
    chatws_action_members_t *ms);
static chatws_rc_e chatws_action_chat_token(chatws_action_t *action,
    chatws_action_members_t *ms);
static chatws_rc_e chatws_action_state(chatws_action_t *action,
    chatws_action_members_t *ms);
static chatws_rc_e chatws_action_resume_chat(void *data,
    const chatws_json_member_t *m);


static const chatws_str_t  chatws_action_names[] = {
    [CHATWS_ACTION_ID] = chatws_str("id"),
    [CHATWS_ACTION_ACTION] = chatws_str("action"),
    [CHATWS_ACTION_TYPE] = chatws_str("type"),
    [CHATWS_ACTION_CHAT] = chatws_str("chatId"),
    [CHATWS_ACTION_TYPING] = chatws_str("isTyping"),
    [CHATWS_ACTION_SINCE] = chatws_str("since"),
    [CHATWS_ACTION_CHATS] = chatws_str("chats"),
    [CHATWS_ACTION_EPOCH] = chatws_str("epoch"),
    [CHATWS_ACTION_SEQ] = chatws_str("seq"),
    [CHATWS_ACTION_TOKEN] = chatws_str("token"),
    [CHATWS_ACTION_STATE] = chatws_str("state"),
    [CHATWS_ACTION_USER] = chatws_str("user"),
    [CHATWS_ACTION_PRIVATE] = chatws_str("private"),
    [CHATWS_ACTION_UNREAD] = chatws_str("unread"),
    [CHATWS_ACTION_USERS] = chatws_str("users")
};

chatws_static_assert(chatws_action_names_complete,
    chatws_nelts(chatws_action_names) == CHATWS_ACTION_UNKNOWN);


/* The verbs, and the checks of their members in the order of the answers. */

static const chatws_action_row_t  chatws_action_rows[] = {

    [CHATWS_VERB_SUBSCRIBE] = { chatws_str("subscribe"),
        { chatws_action_chat, chatws_action_state, chatws_action_since,
          chatws_action_chat_token } },

    [CHATWS_VERB_UNSUBSCRIBE] = { chatws_str("unsubscribe"),
        { chatws_action_chat } },

    [CHATWS_VERB_TYPING] = { chatws_str("typing"),
        { chatws_action_chat, chatws_action_typing } },

    [CHATWS_VERB_RESUME] = { chatws_str("resume"),
        { chatws_action_chats, chatws_action_state, chatws_action_user } },

    [CHATWS_VERB_AUTH] = { chatws_str("auth"),
        { chatws_action_token } },

    [CHATWS_VERB_READ] = { chatws_str("read"),
        { chatws_action_chat, chatws_action_read } },

    [CHATWS_VERB_MARK] = { chatws_str("mark"),
        { chatws_action_chat, chatws_action_mark } },

    [CHATWS_VERB_DELIVERED] = { chatws_str("delivered"),
        { chatws_action_delivered } },

    [CHATWS_VERB_PRESENCE] = { chatws_str("presence"),
        { chatws_action_presence } },

    [CHATWS_VERB_WATCH] = { chatws_str("watch"),
        { chatws_action_watch } }
};

chatws_static_assert(chatws_action_rows_complete,
    chatws_nelts(chatws_action_rows) == CHATWS_VERB_NONE);


const chatws_str_t *
chatws_action_name(chatws_verb_e verb)
{
    return &chatws_action_rows[verb].name;
}


chatws_rc_e
chatws_action_parse(chatws_action_t *action, const chatws_str_t *text,
    size_t depth, void *mem, size_t size)
{
    size_t                         i;
    chatws_action_members_t        ms;
    const chatws_action_check_pt  *checks;

    memset(action, 0, sizeof(chatws_action_t));
    action->verb = CHATWS_VERB_NONE;
    action->text = *text;

    memset(&ms, 0, sizeof(chatws_action_members_t));
    ms.depth = depth;

    chatws_json_arena_init(&ms.arena, mem, size);

    if (chatws_json_object(&ms.arena, text, depth, chatws_action_collect, &ms)
        != CHATWS_OK)
    {
        return chatws_fault_set(&action->fault, CHATWS_E_JSON, CHATWS_D_JSON);
    }

    if (chatws_action_id(action, &ms.known[CHATWS_ACTION_ID]) != CHATWS_OK
        || chatws_action_verb(action, &ms) != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    checks = chatws_action_rows[action->verb].checks;

    for (i = 0; i < CHATWS_ACTION_CHECKS && checks[i] != NULL; i++) {
        if (checks[i](action, &ms) != CHATWS_OK) {
            return CHATWS_ERROR;
        }
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_action_collect(void *data, const chatws_json_member_t *m)
{
    chatws_action_members_t *ms = data;

    return chatws_json_known(&ms->arena, chatws_action_names, ms->known,
                             CHATWS_ACTION_UNKNOWN, m);
}


static chatws_rc_e
chatws_action_id(chatws_action_t *action, const chatws_json_member_t *m)
{
    if (m->value.len == 0) {
        return CHATWS_OK;
    }

    if ((m->type == CHATWS_JSON_STRING
         && m->string.len <= CHATWS_ACTION_ID_MAX)
        || (m->integer && m->value.len <= CHATWS_ACTION_ID_MAX))
    {
        action->id = m->value;
        return CHATWS_OK;
    }

    return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                            "id must be a string of at most 64 bytes "
                            "or an integer");
}


static chatws_rc_e
chatws_action_verb(chatws_action_t *action, chatws_action_members_t *ms)
{
    size_t                 i;
    const chatws_str_t    *name;
    chatws_json_member_t  *m;

    m = &ms->known[CHATWS_ACTION_ACTION];

    if (m->value.len != 0) {

        if (m->type != CHATWS_JSON_STRING) {
            return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                    "action must be a string");
        }

    } else {
        m = &ms->known[CHATWS_ACTION_TYPE];

        if (m->value.len == 0) {
            return chatws_fault_set(&action->fault, CHATWS_E_TYPE,
                                    "No action or type is given");
        }

        if (m->type != CHATWS_JSON_STRING) {
            return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                    "type must be a string");
        }
    }

    for (i = 0; i < chatws_nelts(chatws_action_rows); i++) {
        name = &chatws_action_rows[i].name;

        if (m->string.len == name->len
            && memcmp(m->string.data, name->data, name->len) == 0)
        {
            action->verb = i;
            return CHATWS_OK;
        }
    }

    return chatws_action_unknown(action, m, ms);
}


static chatws_rc_e
chatws_action_unknown(chatws_action_t *action, const chatws_json_member_t *m,
    chatws_action_members_t *ms)
{
    size_t               len, n;
    uint8_t             *p;
    const chatws_str_t   text = chatws_str("Unknown message type: ");

    (void) chatws_fault_set(&action->fault, CHATWS_E_TYPE,
                            "Unknown message type");

    n = m->string.len;
    len = chatws_utf8_cut(m->string.data, n, CHATWS_ACTION_VERB_MAX);

    p = chatws_json_alloc(&ms->arena, text.len + len);

    if (p != NULL) {
        memcpy(p, text.data, text.len);
        memcpy(p + text.len, m->string.data, len);

        action->fault.details.data = p;
        action->fault.details.len = text.len + len;
    }

    return CHATWS_ERROR;
}


chatws_rc_e
chatws_action_chat(chatws_action_t *action, chatws_action_members_t *ms)
{
    const chatws_json_member_t  *m;

    m = &ms->known[CHATWS_ACTION_CHAT];

    if (m->value.len == 0 || m->type != CHATWS_JSON_STRING) {
        return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                "chatId must be a string");
    }

    if (m->lossy || chatws_name_check(&m->string) != CHATWS_OK) {
        return chatws_fault_set(&action->fault, CHATWS_E_CHAT,
                                CHATWS_D_CHAT);
    }

    action->chat = m->string;

    return CHATWS_OK;
}


static chatws_rc_e
chatws_action_since(chatws_action_t *action, chatws_action_members_t *ms)
{
    chatws_str_t           since;
    chatws_json_member_t  *epoch, *seq;

    since = ms->known[CHATWS_ACTION_SINCE].value;

    if (since.len == 0) {
        return CHATWS_OK;
    }

    seq = &ms->known[CHATWS_ACTION_SEQ];
    epoch = &ms->known[CHATWS_ACTION_EPOCH];

    /* members of these names count in the object since only */

    seq->value.len = 0;
    epoch->value.len = 0;

    if (chatws_json_object(&ms->arena, &since, ms->depth,
                           chatws_action_collect, ms)
        != CHATWS_OK
        || !seq->integer
        || chatws_json_uint(&seq->value, &action->seq) != CHATWS_OK
        || epoch->value.len == 0
        || epoch->type != CHATWS_JSON_STRING)
    {
        return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                "since must be an object with a "
                                "non-negative integer seq and a string "
                                "epoch");
    }

    action->since = 1;
    action->epoch = chatws_epoch_parse(&epoch->string);

    return CHATWS_OK;
}


static chatws_rc_e
chatws_action_typing(chatws_action_t *action, chatws_action_members_t *ms)
{
    const chatws_json_member_t  *m;

    m = &ms->known[CHATWS_ACTION_TYPING];

    if (m->value.len == 0 || m->type != CHATWS_JSON_BOOL) {
        return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                "isTyping must be a boolean");
    }

    action->typing = m->truth;

    return CHATWS_OK;
}


static chatws_rc_e
chatws_action_chats(chatws_action_t *action, chatws_action_members_t *ms)
{
    chatws_json_member_t  *chats, *epoch;

    chats = &ms->known[CHATWS_ACTION_CHATS];
    epoch = &ms->known[CHATWS_ACTION_EPOCH];

    if (chats->value.len == 0 || chats->type != CHATWS_JSON_OBJECT) {
        return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                "chats must be an object");
    }

    if (epoch->value.len == 0 || epoch->type != CHATWS_JSON_STRING) {
        return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                "epoch must be a string");
    }

    action->chats = chats->value;
    action->epoch = chatws_epoch_parse(&epoch->string);

    return CHATWS_OK;
}


/*
 * Where inboxes are off, the server does not know the member: so it is no
 * error of the message if it is not what it has to be.
 */

static chatws_rc_e
chatws_action_user(chatws_action_t *action, chatws_action_members_t *ms)
{
    chatws_str_t           user;
    chatws_json_member_t  *epoch, *seq;

    user = ms->known[CHATWS_ACTION_USER].value;

    if (user.len == 0) {
        return CHATWS_OK;
    }

    seq = &ms->known[CHATWS_ACTION_SEQ];
    epoch = &ms->known[CHATWS_ACTION_EPOCH];

    /* those of the message itself were looked at before */

    seq->value.len = 0;
    epoch->value.len = 0;

    action->user = 1;
    action->user_epoch = action->epoch;

    if (chatws_json_object(&ms->arena, &user, ms->depth,
                           chatws_action_collect, ms)
        != CHATWS_OK
        || !seq->integer
        || chatws_json_uint(&seq->value, &action->user_seq) != CHATWS_OK)
    {
        action->user_bad = 1;
    }

    if (epoch->value.len != 0) {
        action->user_epoch = chatws_epoch_parse(&epoch->string);
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_action_token(chatws_action_t *action, chatws_action_members_t *ms)
{
    const chatws_json_member_t  *m;

    m = &ms->known[CHATWS_ACTION_TOKEN];

    if (m->value.len == 0 || m->type != CHATWS_JSON_STRING) {
        return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                "token must be a string");
    }

    action->token = m->string;

    return CHATWS_OK;
}


/* An empty token is none at all, and not one that decides nothing. */

static chatws_rc_e
chatws_action_chat_token(chatws_action_t *action, chatws_action_members_t *ms)
{
    const chatws_json_member_t  *m;

    m = &ms->known[CHATWS_ACTION_TOKEN];

    if (m->value.len == 0) {
        return CHATWS_OK;
    }

    if (m->type != CHATWS_JSON_STRING || m->string.len == 0) {
        return chatws_fault_set(&action->fault, CHATWS_E_MESSAGE,
                                CHATWS_D_CHAT_TOKEN);
    }

    action->token = m->string;

    return CHATWS_OK;
}


/*
 * Other values than true say nothing, and are no error: where states are off,
 * the member is one that the server does not know.
 */

static chatws_rc_e
chatws_action_state(chatws_action_t *action, chatws_action_members_t *ms)
{
    const chatws_json_member_t  *m;

    m = &ms->known[CHATWS_ACTION_STATE];

    if (m->value.len != 0 && m->type == CHATWS_JSON_BOOL) {
        action->state = m->truth;
    }

    return CHATWS_OK;
}


chatws_rc_e
chatws_action_resume(const chatws_action_t *action, size_t depth, void *mem,
    size_t size, chatws_resume_pt handler, void *data)
{
    chatws_action_walk_t  walk;

    chatws_json_arena_init(&walk.arena, mem, size);

    walk.depth = depth;
    walk.handler = handler;
    walk.data = data;

    return chatws_json_object(&walk.arena, &action->chats, depth,
                              chatws_action_resume_chat, &walk);
}


static chatws_rc_e
chatws_action_resume_chat(void *data, const chatws_json_member_t *m)
{
    chatws_action_walk_t *walk = data;

    chatws_resume_t           r;
    chatws_json_member_t     *seq, *token;
    chatws_action_members_t   ms;

    memset(&r, 0, sizeof(chatws_resume_t));

    r.chat = m->name;

    if (m->lossy || chatws_name_check(&m->name) != CHATWS_OK) {
        (void) chatws_fault_set(&r.fault, CHATWS_E_CHAT, CHATWS_D_CHAT);

        return walk->handler(walk->data, &r);
    }

    memset(&ms, 0, sizeof(chatws_action_members_t));

    ms.arena = walk->arena;
    seq = &ms.known[CHATWS_ACTION_SEQ];
    token = &ms.known[CHATWS_ACTION_TOKEN];

    if (chatws_json_object(&ms.arena, &m->value, walk->depth,
                           chatws_action_collect, &ms)
        != CHATWS_OK
        || !seq->integer
        || chatws_json_uint(&seq->value, &r.seq) != CHATWS_OK)
    {
        (void) chatws_fault_set(&r.fault, CHATWS_E_MESSAGE,
                                "chats must hold objects with a "
                                "non-negative integer seq");

    } else if (token->value.len != 0
               && (token->type != CHATWS_JSON_STRING
                   || token->string.len == 0))
    {
        (void) chatws_fault_set(&r.fault, CHATWS_E_MESSAGE,
                                CHATWS_D_CHAT_TOKEN);
    }

    r.token = token->string;

    return walk->handler(walk->data, &r);
}
