
/*
 * Copyright (C) chatws contributors
 *
 * What encryption hides of a publication, and what it needs.
 */


#include "base/chatws_str.h"
#include "protocol/chatws_publication_private.h"


int
chatws_publication_encrypted(const chatws_publication_t *pub)
{
    return pub->known[CHATWS_PUB_ENC].len != 0;
}


int
chatws_publication_is_hidden(const chatws_publication_t *pub, unsigned member)
{
    return member == CHATWS_PUB_FURTHER
           || !(chatws_publication_rows[member].clear & 1U << pub->kind);
}


int
chatws_publication_hides(const chatws_publication_t *pub)
{
    const chatws_pub_span_t  *span;

    for (span = pub->spans; span != NULL; span = span->next) {
        if (span->member == CHATWS_PUB_USERS && pub->target) {
            continue;
        }

        if (chatws_publication_is_hidden(pub, span->member)) {
            return 1;
        }
    }

    return 0;
}


chatws_rc_e
chatws_publication_check_seal(chatws_publication_t *pub)
{
    const chatws_str_t         *id, *text;

    static const chatws_str_t   empty = chatws_str("\"\"");

    id = &pub->known[CHATWS_PUB_ID];

    /* an event may have an id of another type, and messages may not */

    if (id->data[0] != '"' && id->data[0] != '-'
        && (id->data[0] < '0' || id->data[0] > '9'))
    {
        return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                                "id must be a string or a number");
    }

    if (!chatws_publication_encrypted(pub)) {
        return CHATWS_OK;
    }

    if (id->data == pub->id) {
        return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                                "id must be there where enc is");
    }

    if (pub->enc.len == 0) {
        return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                                "enc must be a string that is not empty");
    }

    text = &pub->known[CHATWS_PUB_TEXT];

    if (text->len != 0 && !chatws_str_equal(text, &empty)) {
        return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                                "text must be empty where enc is");
    }

    text = &pub->known[CHATWS_PUB_LAST_MESSAGE];

    if (text->len != 0 && !chatws_str_equal(text, &empty)) {
        return chatws_fault_set(&pub->fault, CHATWS_E_MESSAGE,
                                "lastMessage must be empty where enc is");
    }

    return CHATWS_OK;
}


const chatws_str_t *
chatws_publication_id(const chatws_publication_t *pub)
{
    return &pub->known[CHATWS_PUB_ID];
}


size_t
chatws_publication_hidden_size(const chatws_publication_t *pub)
{
    /* it is a part of the text, which has braces as well */

    return pub->text.len;
}


chatws_rc_e
chatws_publication_hidden(const chatws_publication_t *pub, chatws_str_t *out)
{
    chatws_json_out_t  json;

    chatws_json_out_begin(&json, out);

    chatws_json_put_lit(&json, "{");
    chatws_publication_put_further(pub, &json, CHATWS_PUB_CLEAR, 1);
    chatws_json_put_lit(&json, "}");

    return chatws_json_out_end(&json, out);
}


void
chatws_publication_seal(chatws_publication_t *pub, const chatws_str_t *enc)
{
    pub->sealed = *enc;
}
