
/*
 * Copyright (C) chatws contributors
 *
 * The header of an encrypted message that somebody else has made.
 */


#include <string.h>

#include "base/chatws_base64url.h"
#include "base/chatws_str.h"
#include "json/chatws_json.h"
#include "token/chatws_jwe.h"


#define CHATWS_JWE_DEPTH  4    /* of what is ignored */


typedef enum {
    CHATWS_JWE_ALG = 0,
    CHATWS_JWE_ENC,
    CHATWS_JWE_KID,
    CHATWS_JWE_CHAT,
    CHATWS_JWE_MID,
    CHATWS_JWE_SUB,
    CHATWS_JWE_ZIP,
    CHATWS_JWE_CRIT,
    CHATWS_JWE_N
} chatws_jwe_member_e;


typedef struct {
    chatws_json_arena_t    arena;
    chatws_json_member_t   m[CHATWS_JWE_N];    /* value.len 0: not there */
} chatws_jwe_read_t;


static chatws_rc_e chatws_jwe_read(chatws_jwe_read_t *read,
    const chatws_str_t *part, uint8_t *buf);
static chatws_rc_e chatws_jwe_read_member(void *data,
    const chatws_json_member_t *m);
static int chatws_jwe_is(const chatws_jwe_read_t *read,
    chatws_jwe_member_e member, const chatws_str_t *want);
static int chatws_jwe_is_mid(chatws_jwe_read_t *read,
    const chatws_str_t *want, uint8_t *buf);
static chatws_rc_e chatws_jwe_read_mid(void *data,
    const chatws_json_member_t *m);


chatws_rc_e
chatws_jwe_compare(const chatws_str_t *text,
    const chatws_jwe_header_t *header, const chatws_memory_t *memory)
{
    int                        same;
    size_t                     room, size;
    uint8_t                   *mem;
    chatws_str_t               part;
    chatws_jwe_read_t          read;

    static const chatws_str_t  dir = chatws_str("dir");
    static const chatws_str_t  gcm = chatws_str("A256GCM");

    part.data = text->data;
    part.len = (uint8_t *) memchr(text->data, '.', text->len) - text->data;

    /* the decoded header, and the id as the one member of an array */

    room = chatws_base64url_decoded(part.len);
    size = chatws_json_arena_size(room + header->mid.len + 2);

    mem = memory->alloc(memory->ctx, room + header->mid.len + 2 + size);
    if (mem == NULL) {
        return CHATWS_ERROR;
    }

    memset(&read, 0, sizeof(chatws_jwe_read_t));
    chatws_json_arena_init(&read.arena, mem + room + header->mid.len + 2, size);

    same = chatws_jwe_read(&read, &part, mem) == CHATWS_OK
           && chatws_jwe_is(&read, CHATWS_JWE_ALG, &dir)
           && chatws_jwe_is(&read, CHATWS_JWE_ENC, &gcm)
           && read.m[CHATWS_JWE_KID].string.len != 0
           && read.m[CHATWS_JWE_ZIP].value.len == 0
           && read.m[CHATWS_JWE_CRIT].value.len == 0
           && chatws_jwe_is(&read, CHATWS_JWE_CHAT, &header->chat)
           && chatws_jwe_is(&read, CHATWS_JWE_SUB, &header->sub)
           && chatws_jwe_is_mid(&read, &header->mid, mem + room);

    memory->free(memory->ctx, mem);

    return same ? CHATWS_OK : CHATWS_DECLINED;
}


static chatws_rc_e
chatws_jwe_read(chatws_jwe_read_t *read, const chatws_str_t *part,
    uint8_t *buf)
{
    chatws_str_t  text;

    text.data = buf;

    if (chatws_base64url_decode(part, buf, &text.len) != CHATWS_OK) {
        return CHATWS_ERROR;
    }

    return chatws_json_object(&read->arena, &text, CHATWS_JWE_DEPTH,
                              chatws_jwe_read_member, read);
}


static chatws_rc_e
chatws_jwe_read_member(void *data, const chatws_json_member_t *m)
{
    chatws_jwe_read_t *read = data;

    size_t                     i;

    static const chatws_str_t  names[CHATWS_JWE_N] = {
        chatws_str("alg"),
        chatws_str("enc"),
        chatws_str("kid"),
        chatws_str("chat"),
        chatws_str("mid"),
        chatws_str("sub"),
        chatws_str("zip"),
        chatws_str("crit")
    };

    for (i = 0; i < CHATWS_JWE_N; i++) {
        if (!chatws_str_equal(&m->name, &names[i])) {
            continue;
        }

        /* of two, one reader takes the first, and another one the last */

        if (read->m[i].value.len != 0) {
            return CHATWS_DECLINED;
        }

        read->m[i] = *m;

        return chatws_json_keep(&read->arena, &read->m[i].string);
    }

    return CHATWS_OK;
}


static int
chatws_jwe_is(const chatws_jwe_read_t *read, chatws_jwe_member_e member,
    const chatws_str_t *want)
{
    const chatws_json_member_t  *m;

    m = &read->m[member];

    return m->value.len != 0
           && m->type == CHATWS_JSON_STRING
           && !m->lossy
           && chatws_str_equal(&m->string, want);
}


/*
 * The same string may be written in several ways.  A lossy one is never equal:
 * U+FFFD would stand for different things.
 */

static int
chatws_jwe_is_mid(chatws_jwe_read_t *read, const chatws_str_t *want,
    uint8_t *buf)
{
    chatws_str_t                 text;
    const chatws_json_member_t  *m;

    m = &read->m[CHATWS_JWE_MID];

    if (m->value.len == 0) {
        return 0;
    }

    if (m->type == CHATWS_JSON_NUMBER || chatws_str_equal(&m->value, want)) {
        return chatws_str_equal(&m->value, want);
    }

    text.data = buf;
    text.len = want->len + 2;

    buf[0] = '[';
    memcpy(buf + 1, want->data, want->len);
    buf[want->len + 1] = ']';

    return chatws_json_array(&read->arena, &text, CHATWS_JWE_DEPTH,
                             chatws_jwe_read_mid, read)
           == CHATWS_OK;
}


static chatws_rc_e
chatws_jwe_read_mid(void *data, const chatws_json_member_t *m)
{
    chatws_jwe_read_t *read = data;

    return m->type == CHATWS_JSON_STRING
           && !m->lossy
           && chatws_jwe_is(read, CHATWS_JWE_MID, &m->string)
           ? CHATWS_OK : CHATWS_DECLINED;
}
