
/*
 * Copyright (C) chatws contributors
 *
 * The texts that are written of a publication: the notification that
 * subscribers get, and the answer that the publisher gets.
 */


#include <string.h>

#include "base/chatws_own.h"
#include "protocol/chatws_publication_private.h"
#include "protocol/chatws_type.h"


#define CHATWS_PUB_ROOM  512       /* bytes added to a text, at most */


/* A member at its place in a text; CHATWS_PUB_FURTHER ends a list of them. */

typedef struct {
    chatws_pub_member_e     member;
    chatws_str_t            text;      /* is put in front of the value */
} chatws_pub_field_t;


static uint32_t chatws_publication_put_message(const chatws_publication_t *pub,
    chatws_json_out_t *json, const chatws_str_t *out, unsigned skip);
static void chatws_publication_put_update(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip);
static void chatws_publication_put_fields(const chatws_publication_t *pub,
    chatws_json_out_t *json, const chatws_pub_field_t *fields, unsigned skip);
static void chatws_publication_put_sealed(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip);
static void chatws_publication_put_event(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip);


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
    return pub->target || pub->kind != CHATWS_PUB_UPDATE;
}


int
chatws_publication_counts(const chatws_publication_t *pub)
{
    return (pub->kind == CHATWS_PUB_MESSAGE
            && pub->silent != CHATWS_PUB_SAYS_TRUE)
           || (pub->kind == CHATWS_PUB_EVENT
               && pub->silent == CHATWS_PUB_SAYS_FALSE);
}


int
chatws_publication_reads(const chatws_publication_t *pub)
{
    return pub->kind == CHATWS_PUB_MESSAGE
           && pub->mark_read != CHATWS_PUB_SAYS_FALSE;
}


size_t
chatws_publication_size(const chatws_publication_t *pub)
{
    return pub->text.len + pub->sealed.len + CHATWS_PUB_ROOM;
}


chatws_rc_e
chatws_publication_body(const chatws_publication_t *pub, chatws_str_t *out,
    uint32_t *own)
{
    unsigned           skip;
    chatws_json_out_t  json;

    chatws_json_out_begin(&json, out);

    *own = 0;
    skip = pub->sealed.data == NULL ? 0 : CHATWS_PUB_HIDDEN;

    switch (pub->kind) {

    case CHATWS_PUB_MESSAGE:
        *own = chatws_publication_put_message(pub, &json, out, skip);
        break;

    case CHATWS_PUB_UPDATE:

        /* the header of what is encrypted names the sender */

        if (skip == 0 && !chatws_publication_encrypted(pub)) {
            skip = CHATWS_PUB_NOTICE;
        }

        chatws_publication_put_update(pub, &json, CHATWS_PUB_IN_UPDATE|skip);
        chatws_publication_put_sealed(pub, &json, skip);
        break;

    default:  /* CHATWS_PUB_EVENT */
        chatws_publication_put_event(pub, &json, CHATWS_PUB_IN_EVENT|skip);
        chatws_publication_put_sealed(pub, &json, skip);
        break;
    }

    if (pub->target) {
        chatws_json_put_lit(&json, ",\"userSeq\":");

    } else if (chatws_publication_sequenced(pub)) {
        chatws_json_put_lit(&json, ",\"seq\":");

    } else {
        chatws_json_put_lit(&json, "}");
    }

    return chatws_json_out_end(&json, out);
}


/*
 * Puts a new_message, without its number and the closing brace.  Returns the
 * position in out of the value of isOwnMessage.
 */

static uint32_t
chatws_publication_put_message(const chatws_publication_t *pub,
    chatws_json_out_t *json, const chatws_str_t *out, unsigned skip)
{
    uint32_t             own;
    const chatws_str_t  *chat;

    chat = &pub->known[CHATWS_PUB_CHAT];

    chatws_type_open(json, CHATWS_TYPE_MESSAGE);
    chatws_json_put_lit(json, ",\"chatId\":");
    chatws_json_put(json, chat->data, chat->len);
    chatws_json_put_lit(json, ",\"message\":{");
    chatws_publication_put_fields(pub, json, chatws_publication_stored, skip);
    chatws_json_put_lit(json, ",\"isOwnMessage\":");

    own = json->pos - out->data;

    chatws_json_put_lit(json, CHATWS_OWN_FALSE);
    chatws_publication_put_further(pub, json, CHATWS_PUB_IN_MESSAGE|skip, 0);
    chatws_publication_put_sealed(pub, json, skip);
    chatws_json_put_lit(json, "},\"timestamp\":");
    chatws_json_put(json, pub->time, sizeof(pub->time));

    return own;
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
        chatws_publication_put_fields(pub, &json, chatws_publication_stored,
                                      0);
        chatws_publication_put_further(pub, &json,
                                       CHATWS_PUB_IN_MESSAGE
                                       |CHATWS_PUB_ANSWER, 0);
        chatws_json_put_lit(&json, ",\"chatId\":");
        chatws_json_put(&json, chat->data, chat->len);
        break;

    case CHATWS_PUB_UPDATE:
        chatws_publication_put_update(pub, &json,
                                      CHATWS_PUB_IN_UPDATE|CHATWS_PUB_ANSWER);
        break;

    default:  /* CHATWS_PUB_EVENT */
        chatws_publication_put_event(pub, &json,
                                     CHATWS_PUB_IN_EVENT|CHATWS_PUB_ANSWER);
        break;
    }

    if (chatws_publication_sequenced(pub) && !pub->target) {
        chatws_json_put_lit(&json, ",\"seq\":");
        chatws_json_put_uint(&json, seq);
    }

    chatws_epoch_format(text, epoch);

    chatws_json_put_lit(&json, ",\"epoch\":\"");
    chatws_json_put(&json, text, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(&json, "\"");

    if (!pub->discreet) {
        chatws_json_put_lit(&json, ",\"recipients\":");
        chatws_json_put_uint(&json, recipients);
    }

    if (!pub->target) {
        chatws_json_put_lit(&json, "}");
    }

    return chatws_json_out_end(&json, out);
}


/* Puts a chat_update, without the closing brace. */

static void
chatws_publication_put_update(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip)
{
    chatws_type_open(json, CHATWS_TYPE_UPDATE);
    chatws_publication_put_fields(pub, json, chatws_publication_updated,
                                  skip);
    chatws_publication_put_further(pub, json, skip, 0);
}


static void
chatws_publication_put_fields(const chatws_publication_t *pub,
    chatws_json_out_t *json, const chatws_pub_field_t *fields, unsigned skip)
{
    const chatws_str_t  *value;

    while (fields->member != CHATWS_PUB_FURTHER) {
        value = &pub->known[fields->member];

        chatws_json_put(json, fields->text.data, fields->text.len);

        if ((skip & CHATWS_PUB_HIDDEN)
            && chatws_publication_is_hidden(pub, fields->member))
        {
            chatws_json_put_lit(json, "\"\"");

        } else {
            chatws_json_put(json, value->data, value->len);
        }

        fields++;
    }
}


/*
 * Puts what was encrypted behind the members that stay clear, with the id by
 * which it is known where the publication came without one.
 */

static void
chatws_publication_put_sealed(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip)
{
    if (!(skip & CHATWS_PUB_HIDDEN)) {
        return;
    }

    /* a message has its id at its place */

    if (pub->kind != CHATWS_PUB_MESSAGE
        && pub->known[CHATWS_PUB_ID].data == pub->id)
    {
        chatws_json_put_lit(json, ",\"id\":");
        chatws_json_put(json, pub->id, sizeof(pub->id));
    }

    chatws_json_put_lit(json, ",\"enc\":\"");
    chatws_json_put(json, pub->sealed.data, pub->sealed.len);
    chatws_json_put_lit(json, "\"");
}


void
chatws_publication_put_further(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip, int first)
{
    const uint8_t            *text;
    const chatws_pub_span_t  *span;

    text = pub->text.data;

    for (span = pub->spans; span != NULL; span = span->next) {

        if (span->member == CHATWS_PUB_USERS) {

            if (pub->target) {
                continue;
            }

        } else if (span->member != CHATWS_PUB_FURTHER
                   && ((skip & chatws_publication_rows[span->member].skip)
                       || pub->known[span->member].data
                          != text + span->value))
        {
            continue;
        }

        if ((skip & (CHATWS_PUB_CLEAR|CHATWS_PUB_HIDDEN))
            && (skip & (chatws_publication_is_hidden(pub, span->member)
                        ? CHATWS_PUB_HIDDEN : CHATWS_PUB_CLEAR)))
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


/* Puts an event as it was written, without the closing brace. */

static void
chatws_publication_put_event(const chatws_publication_t *pub,
    chatws_json_out_t *json, unsigned skip)
{
    chatws_json_put_lit(json, "{");
    chatws_publication_put_further(pub, json, skip, 1);

    if (pub->known[CHATWS_PUB_TIME].data == pub->time) {
        chatws_json_put_lit(json, ",\"timestamp\":");
        chatws_json_put(json, pub->time, sizeof(pub->time));
    }
}
