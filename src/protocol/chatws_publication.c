
/*
 * Copyright (C) chatws contributors
 *
 * Publications, parsed and checked.
 */


#include <string.h>

#include "base/chatws_name.h"
#include "base/chatws_str.h"
#include "protocol/chatws_publication_private.h"
#include "protocol/chatws_type.h"


#define CHATWS_PUB_NAME_MAX  64    /* bytes of the type of an event */


typedef struct {
    chatws_json_arena_t     arena;
    chatws_publication_t   *pub;
    chatws_pub_span_t     **last;      /* the next span is linked here */
    chatws_json_member_t    known[CHATWS_PUB_FURTHER];
} chatws_pub_members_t;


static chatws_rc_e chatws_publication_collect(void *data,
    const chatws_json_member_t *m);
static chatws_pub_says_e chatws_publication_says(
    const chatws_json_member_t *m);
static chatws_rc_e chatws_publication_kind(chatws_publication_t *pub,
    const chatws_json_member_t *m);
static int chatws_publication_is_event(const chatws_str_t *name);
static chatws_rc_e chatws_publication_common(chatws_publication_t *pub,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_publication_chat(chatws_publication_t *pub,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_publication_message(chatws_publication_t *pub,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_publication_update(chatws_publication_t *pub,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_publication_string(chatws_publication_t *pub,
    const chatws_json_member_t *m, const char *details);
static chatws_rc_e chatws_publication_scalar(chatws_publication_t *pub,
    const chatws_json_member_t *m, const char *details);

const chatws_pub_row_t  chatws_publication_rows[] = {

    [CHATWS_PUB_TYPE] = { chatws_str("type"), 1,
        CHATWS_PUB_IN_MESSAGE|CHATWS_PUB_IN_UPDATE, CHATWS_PUB_OF_ANY },

    [CHATWS_PUB_CHAT] = { chatws_str("chatId"), 1,
        CHATWS_PUB_IN_MESSAGE|CHATWS_PUB_IN_UPDATE, CHATWS_PUB_OF_ANY },

    [CHATWS_PUB_ID] = { chatws_str("id"), 0,
        CHATWS_PUB_IN_MESSAGE, CHATWS_PUB_OF_ANY },

    [CHATWS_PUB_TEXT] = { chatws_str("text"), 0,
        CHATWS_PUB_IN_MESSAGE, 0 },

    [CHATWS_PUB_SENDER] = { chatws_str("sender"), 1,
        CHATWS_PUB_IN_MESSAGE|CHATWS_PUB_NOTICE, CHATWS_PUB_OF_ANY },

    [CHATWS_PUB_TIME] = { chatws_str("timestamp"), 0,
        CHATWS_PUB_IN_MESSAGE|CHATWS_PUB_IN_UPDATE, CHATWS_PUB_OF_ANY },

    [CHATWS_PUB_OWN] = { chatws_str("isOwnMessage"), 0,
        CHATWS_PUB_IN_MESSAGE, CHATWS_PUB_OF_MESSAGE },

    [CHATWS_PUB_LAST_MESSAGE] = { chatws_str("lastMessage"), 0,
        CHATWS_PUB_IN_UPDATE, 0 },

    [CHATWS_PUB_LAST_TIME] = { chatws_str("lastMessageTime"), 0,
        CHATWS_PUB_IN_UPDATE, CHATWS_PUB_OF_UPDATE },

    [CHATWS_PUB_UNREAD] = { chatws_str("unreadCount"), 0,
        CHATWS_PUB_IN_UPDATE, CHATWS_PUB_OF_UPDATE },

    [CHATWS_PUB_SEQ] = { chatws_str("seq"), 0,
        CHATWS_PUB_IN_UPDATE|CHATWS_PUB_IN_EVENT|CHATWS_PUB_ANSWER,
        CHATWS_PUB_OF_UPDATE|CHATWS_PUB_OF_EVENT },

    [CHATWS_PUB_EPOCH] = { chatws_str("epoch"), 0,
        CHATWS_PUB_ANSWER, 0 },

    [CHATWS_PUB_RECIPIENTS] = { chatws_str("recipients"), 0,
        CHATWS_PUB_ANSWER, 0 },

    [CHATWS_PUB_ENC] = { chatws_str("enc"), 1,
        0, CHATWS_PUB_OF_ANY },

    /* a further member, or put nowhere: see put_further() */

    [CHATWS_PUB_USERS] = { chatws_str("toUsers"), 1,
        0, 0 }
};

chatws_static_assert(chatws_publication_rows_complete,
    chatws_nelts(chatws_publication_rows) == CHATWS_PUB_FURTHER);

chatws_rc_e
chatws_publication_parse(chatws_publication_t *pub, const chatws_str_t *text,
    size_t depth, void *mem, size_t size)
{
    size_t                i;
    chatws_pub_members_t  ms;

    memset(pub, 0, sizeof(chatws_publication_t));
    memset(&ms, 0, sizeof(chatws_pub_members_t));

    pub->text = *text;

    ms.pub = pub;
    ms.last = &pub->spans;

    chatws_json_arena_init(&ms.arena, mem, size);

    if (chatws_json_object(&ms.arena, text, depth, chatws_publication_collect,
                           &ms)
        != CHATWS_OK)
    {
        return chatws_fault_set(&pub->fault, CHATWS_E_JSON, CHATWS_D_JSON);
    }

    for (i = 0; i < CHATWS_PUB_FURTHER; i++) {
        pub->known[i] = ms.known[i].value;
    }

    if (chatws_publication_kind(pub, &ms.known[CHATWS_PUB_TYPE]) != CHATWS_OK
        || chatws_publication_common(pub, ms.known) != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    switch (pub->kind) {

    case CHATWS_PUB_MESSAGE:
        return chatws_publication_message(pub, ms.known);

    case CHATWS_PUB_UPDATE:
        return chatws_publication_update(pub, ms.known);

    default:  /* CHATWS_PUB_EVENT */
        return CHATWS_OK;
    }
}


static chatws_rc_e
chatws_publication_collect(void *data, const chatws_json_member_t *m)
{
    chatws_pub_members_t *ms = data;

    size_t                   i;
    const uint8_t           *text;
    chatws_pub_span_t       *span;
    const chatws_pub_row_t  *row;

    static const chatws_str_t  number = chatws_str("userSeq");
    static const chatws_str_t  silent = chatws_str("silent");
    static const chatws_str_t  mark = chatws_str("markRead");

    for (i = 0; i < CHATWS_PUB_FURTHER; i++) {
        row = &chatws_publication_rows[i];

        if (m->name.len != row->name.len
            || memcmp(m->name.data, row->name.data, m->name.len) != 0)
        {
            continue;
        }

        ms->known[i] = *m;

        if (row->keep
            && chatws_json_keep(&ms->arena, &ms->known[i].string)
               != CHATWS_OK)
        {
            return CHATWS_BUSY;
        }

        break;
    }

    if (i == CHATWS_PUB_USERS
        || (i == CHATWS_PUB_FURTHER && chatws_str_equal(&m->name, &silent)))
    {
        ms->pub->apart = 1;
    }

    if (i == CHATWS_PUB_FURTHER) {

        if (chatws_str_equal(&m->name, &silent)) {
            ms->pub->silent = chatws_publication_says(m);

        } else if (chatws_str_equal(&m->name, &mark)) {
            ms->pub->mark_read = chatws_publication_says(m);
        }
    }

    if (i == CHATWS_PUB_FURTHER && chatws_str_equal(&m->name, &number)) {
        i = CHATWS_PUB_USERS;
    }

    span = chatws_json_alloc(&ms->arena, sizeof(chatws_pub_span_t));
    if (span == NULL) {
        return CHATWS_BUSY;
    }

    text = ms->pub->text.data;

    span->next = NULL;
    span->key = m->key.data - text;
    span->colon = span->key + m->key.len;
    span->value = m->value.data - text;
    span->end = span->value + m->value.len;
    span->member = i;

    *ms->last = span;
    ms->last = &span->next;

    return CHATWS_OK;
}


static chatws_pub_says_e
chatws_publication_says(const chatws_json_member_t *m)
{
    if (m->type != CHATWS_JSON_BOOL) {
        return CHATWS_PUB_SAYS_NOTHING;
    }

    return m->truth ? CHATWS_PUB_SAYS_TRUE : CHATWS_PUB_SAYS_FALSE;
}


static chatws_rc_e
chatws_publication_kind(chatws_publication_t *pub,
    const chatws_json_member_t *m)
{
    if (m->value.len == 0) {
        pub->kind = CHATWS_PUB_MESSAGE;
        return CHATWS_OK;
    }

    if (m->type != CHATWS_JSON_STRING) {
        return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                                "type must be a string");
    }

    pub->type = chatws_type_find(&m->string);

    switch (pub->type) {

    case CHATWS_TYPE_MESSAGE:
        pub->kind = CHATWS_PUB_MESSAGE;
        return CHATWS_OK;

    case CHATWS_TYPE_UPDATE:
        pub->kind = CHATWS_PUB_UPDATE;
        return CHATWS_OK;

    default:
        break;
    }

    if (chatws_type_optional(pub->type)
        || chatws_publication_is_event(&m->string))
    {
        pub->kind = CHATWS_PUB_EVENT;
        return CHATWS_OK;
    }

    return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                            CHATWS_D_TYPE);
}


static int
chatws_publication_is_event(const chatws_str_t *name)
{
    size_t   i;
    uint8_t  c;

    if (name->len == 0 || name->len > CHATWS_PUB_NAME_MAX) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if ((c < 'a' || c > 'z')
            && (i == 0 || ((c < '0' || c > '9') && c != '_')))
        {
            return 0;
        }
    }

    return !chatws_type_reserved(name);
}


/* Checks the members that publications of all kinds have. */

static chatws_rc_e
chatws_publication_common(chatws_publication_t *pub,
    const chatws_json_member_t *known)
{
    const chatws_json_member_t  *m;

    m = &known[CHATWS_PUB_CHAT];

    /* an event may be for users, and for no chat: aim() knows */

    if ((m->value.len != 0
         || pub->kind != CHATWS_PUB_EVENT
         || known[CHATWS_PUB_USERS].value.len == 0)
        && chatws_publication_chat(pub, m) != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    pub->to = known[CHATWS_PUB_USERS].value;
    pub->user = known[CHATWS_PUB_USERS].string;
    pub->user_lossy = known[CHATWS_PUB_USERS].lossy;

    m = &known[CHATWS_PUB_SENDER];

    if (m->value.len != 0) {

        if (m->type != CHATWS_JSON_STRING || m->lossy) {
            return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                                    "sender must be a string");
        }

        pub->sender = m->string;
    }

    /* what it must be is checked where messages are encrypted */

    pub->enc = known[CHATWS_PUB_ENC].string;

    return chatws_publication_scalar(pub, &known[CHATWS_PUB_TIME],
                                     "timestamp must be a string or a "
                                     "number");
}


static chatws_rc_e
chatws_publication_chat(chatws_publication_t *pub,
    const chatws_json_member_t *m)
{
    if (chatws_publication_string(pub, m, "chatId must be a string")
        != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    if (m->lossy || chatws_name_check(&m->string) != CHATWS_OK) {
        return chatws_fault_set(&pub->fault, CHATWS_E_CHAT, CHATWS_D_CHAT);
    }

    pub->chat = m->string;

    return CHATWS_OK;
}


static chatws_rc_e
chatws_publication_message(chatws_publication_t *pub,
    const chatws_json_member_t *known)
{
    if (chatws_publication_string(pub, &known[CHATWS_PUB_TEXT],
                                  "text must be a string")
        != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    if (pub->sender.len == 0) {
        return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                                "sender must be a string that is "
                                "not empty");
    }

    return chatws_publication_scalar(pub, &known[CHATWS_PUB_ID],
                                     "id must be a string or a number");
}


static chatws_rc_e
chatws_publication_update(chatws_publication_t *pub,
    const chatws_json_member_t *known)
{
    if (chatws_publication_string(pub, &known[CHATWS_PUB_LAST_MESSAGE],
                                  "lastMessage must be a string")
        != CHATWS_OK
        || chatws_publication_string(pub, &known[CHATWS_PUB_LAST_TIME],
                                     "lastMessageTime must be a string")
           != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    if (!known[CHATWS_PUB_UNREAD].integer) {
        return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                                "unreadCount must be an integer");
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_publication_string(chatws_publication_t *pub,
    const chatws_json_member_t *m, const char *details)
{
    if (m->value.len == 0 || m->type != CHATWS_JSON_STRING) {
        return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE, details);
    }

    return CHATWS_OK;
}


/* Checks a member that may be a string or a number, or missing. */

static chatws_rc_e
chatws_publication_scalar(chatws_publication_t *pub,
    const chatws_json_member_t *m, const char *details)
{
    if (m->value.len != 0
        && m->type != CHATWS_JSON_STRING
        && m->type != CHATWS_JSON_NUMBER)
    {
        return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE, details);
    }

    return CHATWS_OK;
}
