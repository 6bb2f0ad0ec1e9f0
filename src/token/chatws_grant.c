
/*
 * Copyright (C) chatws contributors
 *
 * Grants: see chatws_grant.h.  An entry is a byte of rights, with the bit
 * CHATWS_GRANT_PREFIX for a prefix, a byte of length, and the id or the
 * prefix: fewer bytes than the quotes, the id and a comma in the claims.
 */


#include <string.h>

#include "base/chatws_name.h"
#include "base/chatws_str.h"
#include "token/chatws_grant.h"


#define CHATWS_GRANT_PREFIX  0x80
#define CHATWS_GRANT_HEAD    2


typedef struct {
    chatws_json_arena_t  *arena;
    uint8_t              *pos;
    size_t                n;
    uint8_t               kind;      /* CHATWS_GRANT_PREFIX or 0 */
    unsigned              listed:1;  /* ids alone, with all rights */
    const char           *why;
} chatws_grant_build_t;


static chatws_rc_e chatws_grant_add(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_right_add(void *data,
    const chatws_json_member_t *m);


static const struct {
    chatws_str_t  name;
    unsigned      right;
} chatws_rights[] = {
    { chatws_str("subscribe"), CHATWS_RIGHT_SUBSCRIBE },
    { chatws_str("typing"), CHATWS_RIGHT_TYPING },
    { chatws_str("send"), CHATWS_RIGHT_SEND }
};


chatws_rc_e
chatws_grants_build(const chatws_claims_t *claims,
    chatws_json_arena_t *arena, uint8_t *out, size_t *len, const char **why)
{
    chatws_rc_e           rc;
    chatws_grant_build_t  build;

    memset(&build, 0, sizeof(chatws_grant_build_t));

    build.arena = arena;
    build.pos = out;
    build.why = "no memory for its grants";

    rc = CHATWS_OK;

    if (claims->chats.len != 0) {

        if (claims->chats.data[0] == '[') {
            build.listed = 1;

            rc = chatws_json_array(arena, &claims->chats,
                                   CHATWS_CLAIMS_DEPTH, chatws_grant_add,
                                   &build);

            build.listed = 0;

        } else {
            rc = chatws_json_object(arena, &claims->chats,
                                    CHATWS_CLAIMS_DEPTH, chatws_grant_add,
                                    &build);
        }
    }

    if (rc == CHATWS_OK && claims->prefixes.len != 0) {
        build.kind = CHATWS_GRANT_PREFIX;

        rc = chatws_json_object(arena, &claims->prefixes,
                                CHATWS_CLAIMS_DEPTH, chatws_grant_add,
                                &build);
    }

    if (rc != CHATWS_OK) {
        *why = build.why;
        return CHATWS_ERROR;
    }

    *len = build.pos - out;

    return CHATWS_OK;
}


static chatws_rc_e
chatws_grant_add(void *data, const chatws_json_member_t *m)
{
    chatws_grant_build_t *build = data;

    unsigned             rights;
    const chatws_str_t  *id;

    if (++build->n > CHATWS_GRANTS_MAX) {
        build->why = "more than 256 entries in chats and chatPrefixes";
        return CHATWS_ERROR;
    }

    if (build->listed) {

        if (m->type != CHATWS_JSON_STRING) {
            build->why = "chats holds what is no string";
            return CHATWS_ERROR;
        }

        id = &m->string;
        rights = CHATWS_RIGHTS_ALL;

    } else {

        if (m->type != CHATWS_JSON_ARRAY) {
            build->why = "the rights in a chat are no array";
            return CHATWS_ERROR;
        }

        id = &m->name;
        rights = chatws_rights_parse(&m->value, build->arena);
    }

    /* a prefix is no less a name than an id is */

    if (m->lossy || chatws_name_check(id) != CHATWS_OK) {
        build->why = "chats or chatPrefixes holds what is no chat id";
        return CHATWS_ERROR;
    }

    if (rights != 0) {
        *build->pos++ = (uint8_t) (rights | build->kind);
        *build->pos++ = (uint8_t) id->len;

        memcpy(build->pos, id->data, id->len);
        build->pos += id->len;
    }

    return CHATWS_OK;
}


unsigned
chatws_rights_parse(const chatws_str_t *array, chatws_json_arena_t *arena)
{
    unsigned  rights;

    if (array->len == 0) {
        return CHATWS_RIGHTS_ALL;
    }

    rights = 0;

    if (chatws_json_array(arena, array, CHATWS_CLAIMS_DEPTH,
                          chatws_right_add, &rights)
        != CHATWS_OK)
    {
        return 0;
    }

    return rights;
}


static chatws_rc_e
chatws_right_add(void *data, const chatws_json_member_t *m)
{
    unsigned *rights = data;

    size_t  i;

    for (i = 0; i < sizeof(chatws_rights) / sizeof(chatws_rights[0]); i++) {
        if (m->type == CHATWS_JSON_STRING
            && chatws_str_equal(&m->string, &chatws_rights[i].name))
        {
            *rights |= chatws_rights[i].right;
        }
    }

    return CHATWS_OK;
}


unsigned
chatws_grants_find(const uint8_t *grants, size_t len,
    const chatws_str_t *chat)
{
    size_t          n;
    unsigned        rights;
    const uint8_t  *end, *p;

    rights = 0;
    end = grants + len;

    for (p = grants; p != end; p += CHATWS_GRANT_HEAD + n) {
        n = p[1];

        if ((n == chat->len || (n < chat->len && (p[0] & CHATWS_GRANT_PREFIX)))
            && memcmp(p + CHATWS_GRANT_HEAD, chat->data, n) == 0)
        {
            rights |= p[0] & CHATWS_RIGHTS_ALL;
        }
    }

    return rights;
}
