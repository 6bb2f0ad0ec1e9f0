
/*
 * Copyright (C) chatws contributors
 *
 * JSON Web Key sets: see chatws_jwk.h.
 */


#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/chatws_base64url.h"
#include "base/chatws_str.h"
#include "token/chatws_jwk.h"


#define CHATWS_JWK_DEPTH  8         /* levels of nesting in a set */


typedef struct {
    chatws_json_arena_t    arena;
    chatws_jwk_pt          handler;
    void                  *data;
    chatws_str_t           array;      /* of the member keys, as written */
    size_t                 number;     /* of the key in its set, from 1 */
    size_t                 taken;
    const char            *why;
    unsigned               repeated:1;
} chatws_jwk_set_t;


/* one key while its members are collected */

typedef struct {
    chatws_json_arena_t   *arena;
    chatws_jwk_t           jwk;
    chatws_str_t           ops;        /* the member key_ops, as written */
    const char            *why;
} chatws_jwk_read_t;


static chatws_rc_e chatws_jwk_set(chatws_jwk_set_t *set,
    const chatws_str_t *text);
static chatws_rc_e chatws_jwk_find_array(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_jwk_key(void *data, const chatws_json_member_t *m);
static chatws_rc_e chatws_jwk_collect(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_jwk_operations(chatws_jwk_read_t *read);
static chatws_rc_e chatws_jwk_operation(void *data,
    const chatws_json_member_t *m);


static const chatws_str_t  chatws_jwk_names[CHATWS_JWK_UNKNOWN] = {
    chatws_str("kty"),
    chatws_str("use"),
    chatws_str("alg"),
    chatws_str("kid"),
    chatws_str("crv"),
    chatws_str("k"),
    chatws_str("n"),
    chatws_str("e"),
    chatws_str("x"),
    chatws_str("y"),
    chatws_str("d")
};


chatws_rc_e
chatws_jwk_walk(const chatws_str_t *text, const chatws_memory_t *memory,
    chatws_jwk_pt handler, void *data, char *error)
{
    void              *mem;
    size_t             size;
    chatws_rc_e        rc;
    chatws_jwk_set_t   set;

    memset(&set, 0, sizeof(chatws_jwk_set_t));

    set.handler = handler;
    set.data = data;

    if (text->len > CHATWS_JWK_SET_MAX) {
        snprintf(error, CHATWS_JWK_ERROR_MAX, "the file is too large");
        return CHATWS_ERROR;
    }

    size = chatws_json_arena_size(text->len);

    mem = memory->alloc(memory->ctx, size);
    if (mem == NULL) {
        snprintf(error, CHATWS_JWK_ERROR_MAX, "no memory");
        return CHATWS_ERROR;
    }

    chatws_json_arena_init(&set.arena, mem, size);

    rc = chatws_jwk_set(&set, text);

    if (rc == CHATWS_ERROR) {
        if (set.number == 0) {
            snprintf(error, CHATWS_JWK_ERROR_MAX, "%s", set.why);

        } else {
            snprintf(error, CHATWS_JWK_ERROR_MAX, "key %u: %s",
                     (unsigned) set.number, set.why);
        }
    }

    /* decoded secrets lie in it */

    OPENSSL_cleanse(mem, size);
    memory->free(memory->ctx, mem);

    return rc;
}


static chatws_rc_e
chatws_jwk_set(chatws_jwk_set_t *set, const chatws_str_t *text)
{
    set->why = "it is not a JSON object, as a JSON Web Key set is";

    if (chatws_json_object(&set->arena, text, CHATWS_JWK_DEPTH,
                           chatws_jwk_find_array, set)
        != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    set->why = "it has no array \"keys\", as a JSON Web Key set has";

    if (set->array.len == 0
        || set->array.data[0] != '['
        || set->repeated
        || chatws_json_array(&set->arena, &set->array, CHATWS_JWK_DEPTH,
                             chatws_jwk_key, set)
           != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    return set->taken != 0 ? CHATWS_OK : CHATWS_DECLINED;
}


static chatws_rc_e
chatws_jwk_find_array(void *data, const chatws_json_member_t *m)
{
    chatws_jwk_set_t *set = data;

    static const chatws_str_t  name = chatws_str("keys");

    if (chatws_str_equal(&m->name, &name)) {
        set->repeated |= set->array.len != 0;
        set->array = m->value;
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_jwk_key(void *data, const chatws_json_member_t *m)
{
    chatws_jwk_set_t *set = data;

    chatws_rc_e        rc;
    chatws_jwk_read_t  read;

    memset(&read, 0, sizeof(chatws_jwk_read_t));

    read.arena = &set->arena;
    read.why = "it is not an object";

    set->number++;

    if (m->type != CHATWS_JSON_OBJECT
        || chatws_json_object(&set->arena, &m->value, CHATWS_JWK_DEPTH,
                              chatws_jwk_collect, &read)
           != CHATWS_OK
        || chatws_jwk_operations(&read) != CHATWS_OK)
    {
        set->why = read.why;
        return CHATWS_ERROR;
    }

    if (read.jwk.m[CHATWS_JWK_KTY].data == NULL) {
        set->why = "it has no \"kty\"";
        return CHATWS_ERROR;
    }

    rc = set->handler(set->data, &read.jwk);

    if (rc == CHATWS_ERROR) {
        set->why = read.jwk.why;
        return CHATWS_ERROR;
    }

    set->taken += rc == CHATWS_OK;

    return CHATWS_OK;
}


static chatws_rc_e
chatws_jwk_collect(void *data, const chatws_json_member_t *m)
{
    chatws_jwk_read_t *read = data;

    size_t                     i;
    chatws_str_t              *str;

    static const chatws_str_t  ops = chatws_str("key_ops");

    if (chatws_str_equal(&m->name, &ops)) {

        if (read->ops.len != 0) {
            read->why = "a member comes twice";
            return CHATWS_ERROR;
        }

        read->ops = m->value;

        return CHATWS_OK;
    }

    for (i = 0; i < CHATWS_JWK_UNKNOWN; i++) {
        if (!chatws_str_equal(&m->name, &chatws_jwk_names[i])) {
            continue;
        }

        str = &read->jwk.m[i];

        if (str->data != NULL) {
            read->why = "a member comes twice";
            return CHATWS_ERROR;
        }

        if (m->type != CHATWS_JSON_STRING || m->lossy) {
            read->why = "a member that must be a string is none";
            return CHATWS_ERROR;
        }

        *str = m->string;

        return chatws_json_keep(read->arena, str);
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_jwk_operations(chatws_jwk_read_t *read)
{
    if (read->ops.len == 0) {
        read->jwk.ops = CHATWS_JWK_VERIFY|CHATWS_JWK_ENCRYPT|CHATWS_JWK_DERIVE;
        return CHATWS_OK;
    }

    read->why = "\"key_ops\" is no array";

    return chatws_json_array(read->arena, &read->ops, CHATWS_JWK_DEPTH,
                             chatws_jwk_operation, &read->jwk);
}


static chatws_rc_e
chatws_jwk_operation(void *data, const chatws_json_member_t *m)
{
    chatws_jwk_t *jwk = data;

    size_t  i;

    static const struct {
        chatws_str_t  name;
        unsigned      op;
    } ops[] = {
        { chatws_str("verify"), CHATWS_JWK_VERIFY },
        { chatws_str("encrypt"), CHATWS_JWK_ENCRYPT },
        { chatws_str("deriveKey"), CHATWS_JWK_DERIVE },
        { chatws_str("deriveBits"), CHATWS_JWK_DERIVE }
    };

    for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (m->type == CHATWS_JSON_STRING
            && chatws_str_equal(&m->string, &ops[i].name))
        {
            jwk->ops |= ops[i].op;
        }
    }

    return CHATWS_OK;
}


int
chatws_jwk_is_for(const chatws_jwk_t *jwk, const char *use, unsigned ops)
{
    const chatws_str_t  *str;

    str = &jwk->m[CHATWS_JWK_USE];

    return (jwk->ops & ops) != 0
           && (str->data == NULL
               || (str->len == strlen(use)
                   && memcmp(str->data, use, str->len) == 0));
}


chatws_rc_e
chatws_jwk_bytes(const chatws_jwk_t *jwk, chatws_jwk_member_e member,
    uint8_t *buf, chatws_str_t *bytes)
{
    const chatws_str_t  *text;

    text = &jwk->m[member];
    bytes->data = buf;

    if (text->len == 0
        || chatws_base64url_decoded(text->len) > CHATWS_JWK_BYTES_MAX)
    {
        return CHATWS_ERROR;
    }

    return chatws_base64url_decode(text, buf, &bytes->len);
}
