
/*
 * Copyright (C) chatws contributors
 *
 * Publications: from the body of a POST to the notification that subscribers
 * get and to the answer of the publisher.
 */


#include <string.h>

#include "base/chatws_name.h"
#include "protocol/chatws_publication.h"
#include "protocol/chatws_type.h"


#define CHATWS_PUB_ROOM      512       /* what is added to a text, at most */
#define CHATWS_PUB_NAME_MAX  64        /* of an application event */


#define chatws_pub_bit(member)  (1u << (member))

/* members of each kind that have a place of their own or are left out */

#define CHATWS_PUB_MESSAGE_SKIP                                               \
    (chatws_pub_bit(CHATWS_PUB_TYPE) | chatws_pub_bit(CHATWS_PUB_CHAT)        \
     | chatws_pub_bit(CHATWS_PUB_ID) | chatws_pub_bit(CHATWS_PUB_TEXT)        \
     | chatws_pub_bit(CHATWS_PUB_SENDER) | chatws_pub_bit(CHATWS_PUB_TIME)    \
     | chatws_pub_bit(CHATWS_PUB_OWN))

#define CHATWS_PUB_UPDATE_SKIP                                                \
    (chatws_pub_bit(CHATWS_PUB_TYPE) | chatws_pub_bit(CHATWS_PUB_CHAT)        \
     | chatws_pub_bit(CHATWS_PUB_LAST_MESSAGE)                                \
     | chatws_pub_bit(CHATWS_PUB_LAST_TIME)                                   \
     | chatws_pub_bit(CHATWS_PUB_UNREAD) | chatws_pub_bit(CHATWS_PUB_TIME)    \
     | chatws_pub_bit(CHATWS_PUB_SEQ))

#define CHATWS_PUB_EVENT_SKIP                                                 \
    chatws_pub_bit(CHATWS_PUB_SEQ)

/* members that the server adds to the answer */

#define CHATWS_PUB_ANSWER_SKIP                                                \
    (chatws_pub_bit(CHATWS_PUB_SEQ) | chatws_pub_bit(CHATWS_PUB_EPOCH)        \
     | chatws_pub_bit(CHATWS_PUB_RECIPIENTS))


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
    chatws_pub_span_t     **last;      /* where the next one is linked */
    chatws_json_member_t    known[CHATWS_PUB_FURTHER];
} chatws_pub_members_t;


typedef struct {
    chatws_pub_member_e     member;
    chatws_str_t            text;      /* what comes before its value */
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
static int chatws_publication_is(const chatws_str_t *str, const char *text);

static void chatws_publication_fields(const chatws_publication_t *pub,
    chatws_json_out_t *json, const chatws_pub_field_t *fields);
static void chatws_publication_further(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip, int first);
static void chatws_publication_event(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip);


static const char *const  chatws_publication_names[] = {
    "type",                            /* CHATWS_PUB_TYPE */
    "chatId",
    "id",
    "text",
    "sender",
    "timestamp",
    "isOwnMessage",
    "lastMessage",
    "lastMessageTime",
    "unreadCount",
    "seq",
    "epoch",
    "recipients"
};


static const chatws_pub_field_t  chatws_publication_stored[] = {
    { CHATWS_PUB_ID, chatws_str("\"id\":") },
    { CHATWS_PUB_TEXT, chatws_str(",\"text\":") },
    { CHATWS_PUB_SENDER, chatws_str(",\"sender\":") },
    { CHATWS_PUB_TIME, chatws_str(",\"timestamp\":") },
    { CHATWS_PUB_FURTHER, { 0, NULL } }
};


static const chatws_pub_field_t  chatws_publication_updated[] = {
    { CHATWS_PUB_CHAT, chatws_str("{\"type\":\"chat_update\",\"chatId\":") },
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

    size_t              i;
    const uint8_t      *text;
    chatws_pub_span_t  *span;

    for (i = 0; i < CHATWS_PUB_FURTHER; i++) {

        if (chatws_publication_is(&m->name, chatws_publication_names[i])) {
            ms->known[i] = *m;
            break;
        }
    }

    if ((i == CHATWS_PUB_TYPE || i == CHATWS_PUB_CHAT
         || i == CHATWS_PUB_SENDER)
        && chatws_json_keep(&ms->arena, &ms->known[i].string) != CHATWS_OK)
    {
        return CHATWS_BUSY;
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

    if (chatws_publication_is(&m->string, "new_message")) {
        pub->kind = CHATWS_PUB_MESSAGE;
        return CHATWS_OK;
    }

    if (chatws_publication_is(&m->string, "chat_update")) {
        pub->kind = CHATWS_PUB_UPDATE;
        return CHATWS_OK;
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


/* What holds for each kind. */

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


/* A string or a number, or not given. */

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


static int
chatws_publication_is(const chatws_str_t *str, const char *text)
{
    size_t  len;

    len = strlen(text);

    return str->len == len && memcmp(str->data, text, len) == 0;
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

        chatws_json_put_lit(&json, "{\"type\":\"new_message\",\"chatId\":");
        chatws_json_put(&json, chat->data, chat->len);
        chatws_json_put_lit(&json, ",\"message\":{");
        chatws_publication_fields(pub, &json, chatws_publication_stored);
        chatws_json_put_lit(&json, ",\"isOwnMessage\":");

        *own = json.pos - out->data;

        chatws_json_put_lit(&json, "false");
        chatws_publication_further(pub, &json, CHATWS_PUB_MESSAGE_SKIP, 0);
        chatws_json_put_lit(&json, "},\"timestamp\":");
        chatws_json_put(&json, pub->time, sizeof(pub->time));
        chatws_json_put_lit(&json, ",\"seq\":");

        break;

    case CHATWS_PUB_UPDATE:
        chatws_publication_fields(pub, &json, chatws_publication_updated);
        chatws_publication_further(pub, &json,
                                   CHATWS_PUB_UPDATE_SKIP
                                   | chatws_pub_bit(CHATWS_PUB_SENDER), 0);
        chatws_json_put_lit(&json, "}");

        break;

    default:  /* CHATWS_PUB_EVENT */
        chatws_publication_event(pub, &json, CHATWS_PUB_EVENT_SKIP);
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
                                   CHATWS_PUB_MESSAGE_SKIP
                                   | CHATWS_PUB_ANSWER_SKIP, 0);
        chatws_json_put_lit(&json, ",\"chatId\":");
        chatws_json_put(&json, chat->data, chat->len);

        break;

    case CHATWS_PUB_UPDATE:
        chatws_publication_fields(pub, &json, chatws_publication_updated);
        chatws_publication_further(pub, &json,
                                   CHATWS_PUB_UPDATE_SKIP
                                   | CHATWS_PUB_ANSWER_SKIP, 0);

        break;

    default:  /* CHATWS_PUB_EVENT */
        chatws_publication_event(pub, &json,
                                 CHATWS_PUB_EVENT_SKIP
                                 | CHATWS_PUB_ANSWER_SKIP);

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
 * Members as written, in order, but those in skip and but the last of a name
 * that the server knows, so that nobody can take another one for it.
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
            && ((skip & chatws_pub_bit(span->member))
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
