
/*
 * Copyright (C) chatws contributors
 *
 * Publications: from the body of a POST to the notification that subscribers
 * get and to the answer of the publisher.
 */


#include <string.h>

#include "base/chatws_name.h"
#include "base/chatws_own.h"
#include "protocol/chatws_publication.h"
#include "protocol/chatws_type.h"


#define CHATWS_PUB_ROOM      512       /* bytes added to a text, at most */
#define CHATWS_PUB_NAME_MAX  64        /* bytes of the type of an event */


/*
 * The texts in which a member is not put as it was written, because the text
 * has a place of its own for it or leaves it out.
 */

#define CHATWS_PUB_IN_MESSAGE  0x01    /* notification and answer */
#define CHATWS_PUB_IN_UPDATE   0x02
#define CHATWS_PUB_IN_EVENT    0x04
#define CHATWS_PUB_NOTICE      0x08    /* the notification of a chat_update */
#define CHATWS_PUB_ANSWER      0x10    /* the answer to any publication */


struct chatws_pub_span_s {
    chatws_pub_span_t      *next;
    uint32_t                key;       /* offset of the key */
    uint32_t                colon;     /* offset right after the key */
    uint32_t                value;     /* offset of the value */
    uint32_t                end:28;    /* offset right after the value */
    uint32_t                member:4;  /* chatws_pub_member_e */
};


typedef struct {
    chatws_json_arena_t     arena;
    chatws_publication_t   *pub;
    chatws_pub_span_t     **last;      /* the next span is linked here */
    chatws_json_member_t    known[CHATWS_PUB_FURTHER];
} chatws_pub_members_t;


/* A member that the server knows. */

typedef struct {
    chatws_str_t            name;
    unsigned                keep:1;    /* its decoded string is needed */
    unsigned                skip:5;    /* CHATWS_PUB_IN_..., the texts that
                                          don't have it as it was written */
} chatws_pub_row_t;


/* A member at its place in a text; CHATWS_PUB_FURTHER ends a list of them. */

typedef struct {
    chatws_pub_member_e     member;
    chatws_str_t            text;      /* is put in front of the value */
} chatws_pub_field_t;


static chatws_rc_e chatws_publication_collect(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_publication_kind(chatws_publication_t *pub,
    const chatws_json_member_t *m);
static int chatws_publication_is_event(const chatws_str_t *name);
static chatws_rc_e chatws_publication_common(chatws_publication_t *pub,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_publication_message(chatws_publication_t *pub,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_publication_update(chatws_publication_t *pub,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_publication_string(chatws_publication_t *pub,
    const chatws_json_member_t *m, const char *details);
static chatws_rc_e chatws_publication_scalar(chatws_publication_t *pub,
    const chatws_json_member_t *m, const char *details);

static void chatws_publication_fields(const chatws_publication_t *pub,
    chatws_json_out_t *json, const chatws_pub_field_t *fields);
static void chatws_publication_further(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip, int first);
static void chatws_publication_event(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip);


static const chatws_pub_row_t  chatws_publication_rows[] = {

    [CHATWS_PUB_TYPE] = { chatws_str("type"), 1,
        CHATWS_PUB_IN_MESSAGE|CHATWS_PUB_IN_UPDATE },

    [CHATWS_PUB_CHAT] = { chatws_str("chatId"), 1,
        CHATWS_PUB_IN_MESSAGE|CHATWS_PUB_IN_UPDATE },

    [CHATWS_PUB_ID] = { chatws_str("id"), 0,
        CHATWS_PUB_IN_MESSAGE },

    [CHATWS_PUB_TEXT] = { chatws_str("text"), 0,
        CHATWS_PUB_IN_MESSAGE },

    [CHATWS_PUB_SENDER] = { chatws_str("sender"), 1,
        CHATWS_PUB_IN_MESSAGE|CHATWS_PUB_NOTICE },

    [CHATWS_PUB_TIME] = { chatws_str("timestamp"), 0,
        CHATWS_PUB_IN_MESSAGE|CHATWS_PUB_IN_UPDATE },

    [CHATWS_PUB_OWN] = { chatws_str("isOwnMessage"), 0,
        CHATWS_PUB_IN_MESSAGE },

    [CHATWS_PUB_LAST_MESSAGE] = { chatws_str("lastMessage"), 0,
        CHATWS_PUB_IN_UPDATE },

    [CHATWS_PUB_LAST_TIME] = { chatws_str("lastMessageTime"), 0,
        CHATWS_PUB_IN_UPDATE },

    [CHATWS_PUB_UNREAD] = { chatws_str("unreadCount"), 0,
        CHATWS_PUB_IN_UPDATE },

    [CHATWS_PUB_SEQ] = { chatws_str("seq"), 0,
        CHATWS_PUB_IN_UPDATE|CHATWS_PUB_IN_EVENT|CHATWS_PUB_ANSWER },

    [CHATWS_PUB_EPOCH] = { chatws_str("epoch"), 0,
        CHATWS_PUB_ANSWER },

    [CHATWS_PUB_RECIPIENTS] = { chatws_str("recipients"), 0,
        CHATWS_PUB_ANSWER }
};

chatws_static_assert(chatws_publication_rows_complete,
    chatws_nelts(chatws_publication_rows) == CHATWS_PUB_FURTHER);

/* a span has a field of four bits for the index of its row */
chatws_static_assert(chatws_publication_rows_fit, CHATWS_PUB_FURTHER < 16);


static const chatws_pub_field_t  chatws_publication_stored[] = {
    { CHATWS_PUB_ID, chatws_str("\"id\":") },
    { CHATWS_PUB_TEXT, chatws_str(",\"text\":") },
    { CHATWS_PUB_SENDER, chatws_str(",\"sender\":") },
    { CHATWS_PUB_TIME, chatws_str(",\"timestamp\":") },
    { CHATWS_PUB_FURTHER, { 0, NULL } }
};


static const chatws_pub_field_t  chatws_publication_updated[] = {
    { CHATWS_PUB_CHAT, chatws_str(",\"chatId\":") },
    { CHATWS_PUB_LAST_MESSAGE, chatws_str(",\"lastMessage\":") },
    { CHATWS_PUB_LAST_TIME, chatws_str(",\"lastMessageTime\":") },
    { CHATWS_PUB_UNREAD, chatws_str(",\"unreadCount\":") },
    { CHATWS_PUB_TIME, chatws_str(",\"timestamp\":") },
    { CHATWS_PUB_FURTHER, { 0, NULL } }
};


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

    switch (chatws_type_find(&m->string)) {

    case CHATWS_TYPE_MESSAGE:
        pub->kind = CHATWS_PUB_MESSAGE;
        return CHATWS_OK;

    case CHATWS_TYPE_UPDATE:
        pub->kind = CHATWS_PUB_UPDATE;
        return CHATWS_OK;

    default:
        break;
    }

    if (chatws_publication_is_event(&m->string)) {
        pub->kind = CHATWS_PUB_EVENT;
        return CHATWS_OK;
    }

    return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                            "type must be new_message, chat_update, "
                            "or a name of a-z, 0-9 and _ that is not "
                            "the server's or the client's own");
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

    if (chatws_publication_string(pub, m, "chatId must be a string")
        != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    if (m->lossy || chatws_name_check(&m->string) != CHATWS_OK) {
        return chatws_fault_set(&pub->fault, CHATWS_E_CHAT, CHATWS_D_CHAT);
    }

    pub->chat = m->string;

    m = &known[CHATWS_PUB_SENDER];

    if (m->value.len != 0) {

        if (m->type != CHATWS_JSON_STRING || m->lossy) {
            return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                                    "sender must be a string");
        }

        pub->sender = m->string;
    }

    return chatws_publication_scalar(pub, &known[CHATWS_PUB_TIME],
                                     "timestamp must be a string or a "
                                     "number");
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


void
chatws_publication_stamp(chatws_publication_t *pub,
    const uint8_t id[CHATWS_ID_LEN], uint64_t ms)
{
    pub->id[0] = '"';
    memcpy(pub->id + 1, id, CHATWS_ID_LEN);
    pub->id[CHATWS_ID_LEN + 1] = '"';

    pub->time[0] = '"';
    chatws_time_format(pub->time + 1, ms);
    pub->time[CHATWS_TIME_LEN + 1] = '"';

    if (pub->known[CHATWS_PUB_ID].len == 0) {
        pub->known[CHATWS_PUB_ID].data = pub->id;
        pub->known[CHATWS_PUB_ID].len = sizeof(pub->id);
    }

    if (pub->known[CHATWS_PUB_TIME].len == 0) {
        pub->known[CHATWS_PUB_TIME].data = pub->time;
        pub->known[CHATWS_PUB_TIME].len = sizeof(pub->time);
    }
}


int
chatws_publication_sequenced(const chatws_publication_t *pub)
{
    return pub->kind != CHATWS_PUB_UPDATE;
}


size_t
chatws_publication_size(const chatws_publication_t *pub)
{
    return pub->text.len + CHATWS_PUB_ROOM;
}


chatws_rc_e
chatws_publication_body(const chatws_publication_t *pub, chatws_str_t *out,
    uint32_t *own)
{
    chatws_json_out_t    json;
    const chatws_str_t  *chat;

    chatws_json_out_begin(&json, out);

    *own = 0;

    switch (pub->kind) {

    case CHATWS_PUB_MESSAGE:
        chat = &pub->known[CHATWS_PUB_CHAT];

        chatws_type_open(&json, CHATWS_TYPE_MESSAGE);
        chatws_json_put_lit(&json, ",\"chatId\":");
        chatws_json_put(&json, chat->data, chat->len);
        chatws_json_put_lit(&json, ",\"message\":{");
        chatws_publication_fields(pub, &json, chatws_publication_stored);
        chatws_json_put_lit(&json, ",\"isOwnMessage\":");

        *own = json.pos - out->data;

        chatws_json_put_lit(&json, CHATWS_OWN_FALSE);
        chatws_publication_further(pub, &json, CHATWS_PUB_IN_MESSAGE, 0);
        chatws_json_put_lit(&json, "},\"timestamp\":");
        chatws_json_put(&json, pub->time, sizeof(pub->time));
        chatws_json_put_lit(&json, ",\"seq\":");

        break;

    case CHATWS_PUB_UPDATE:
        chatws_type_open(&json, CHATWS_TYPE_UPDATE);
        chatws_publication_fields(pub, &json, chatws_publication_updated);
        chatws_publication_further(pub, &json,
                                   CHATWS_PUB_IN_UPDATE|CHATWS_PUB_NOTICE, 0);
        chatws_json_put_lit(&json, "}");

        break;

    default:  /* CHATWS_PUB_EVENT */
        chatws_publication_event(pub, &json, CHATWS_PUB_IN_EVENT);
        chatws_json_put_lit(&json, ",\"seq\":");

        break;
    }

    return chatws_json_out_end(&json, out);
}


chatws_rc_e
chatws_publication_answer(const chatws_publication_t *pub, chatws_str_t *out,
    uint64_t seq, uint64_t epoch, uint64_t recipients)
{
    uint8_t              text[CHATWS_EPOCH_LEN];
    chatws_json_out_t    json;
    const chatws_str_t  *chat;

    chatws_json_out_begin(&json, out);

    switch (pub->kind) {

    case CHATWS_PUB_MESSAGE:
        chat = &pub->known[CHATWS_PUB_CHAT];

        chatws_json_put_lit(&json, "{");
        chatws_publication_fields(pub, &json, chatws_publication_stored);
        chatws_publication_further(pub, &json,
                                   CHATWS_PUB_IN_MESSAGE|CHATWS_PUB_ANSWER, 0);
        chatws_json_put_lit(&json, ",\"chatId\":");
        chatws_json_put(&json, chat->data, chat->len);

        break;

    case CHATWS_PUB_UPDATE:
        chatws_type_open(&json, CHATWS_TYPE_UPDATE);
        chatws_publication_fields(pub, &json, chatws_publication_updated);
        chatws_publication_further(pub, &json,
                                   CHATWS_PUB_IN_UPDATE|CHATWS_PUB_ANSWER, 0);

        break;

    default:  /* CHATWS_PUB_EVENT */
        chatws_publication_event(pub, &json,
                                 CHATWS_PUB_IN_EVENT|CHATWS_PUB_ANSWER);

        break;
    }

    if (chatws_publication_sequenced(pub)) {
        chatws_json_put_lit(&json, ",\"seq\":");
        chatws_json_put_uint(&json, seq);
    }

    chatws_epoch_format(text, epoch);

    chatws_json_put_lit(&json, ",\"epoch\":\"");
    chatws_json_put(&json, text, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(&json, "\",\"recipients\":");
    chatws_json_put_uint(&json, recipients);
    chatws_json_put_lit(&json, "}");

    return chatws_json_out_end(&json, out);
}


static void
chatws_publication_fields(const chatws_publication_t *pub,
    chatws_json_out_t *json, const chatws_pub_field_t *fields)
{
    const chatws_str_t  *value;

    while (fields->member != CHATWS_PUB_FURTHER) {
        value = &pub->known[fields->member];

        chatws_json_put(json, fields->text.data, fields->text.len);
        chatws_json_put(json, value->data, value->len);

        fields++;
    }
}


/*
 * Puts the members as they were written, and in their order, except for those
 * that one of the texts in skip leaves out.  Of several members of a name that
 * the server knows only the last one is put, which is the one it has checked:
 * a reader of the text could take another one for it.  first is not 0 where no
 * comma is needed in front of the first member.
 */

static void
chatws_publication_further(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip, int first)
{
    const uint8_t            *text;
    const chatws_pub_span_t  *span;

    text = pub->text.data;

    for (span = pub->spans; span != NULL; span = span->next) {

        if (span->member != CHATWS_PUB_FURTHER
            && ((skip & chatws_publication_rows[span->member].skip)
                || pub->known[span->member].data != text + span->value))
        {
            continue;
        }

        if (!first) {
            chatws_json_put_lit(json, ",");
        }

        first = 0;

        chatws_json_put(json, text + span->key, span->colon - span->key);
        chatws_json_put_lit(json, ":");
        chatws_json_put(json, text + span->value, span->end - span->value);
    }
}


static void
chatws_publication_event(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip)
{
    chatws_json_put_lit(json, "{");
    chatws_publication_further(pub, json, skip, 1);

    if (pub->known[CHATWS_PUB_TIME].data == pub->time) {
        chatws_json_put_lit(json, ",\"timestamp\":");
        chatws_json_put(json, pub->time, sizeof(pub->time));
    }
}
