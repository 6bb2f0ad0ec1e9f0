
/*
 * Copyright (C) chatws contributors
 *
 * Verification of tokens: see chatws_token.h.  The order of the checks is
 * that of their cost, and nothing of a token is believed before its
 * signature.
 */


#include <string.h>

#include "base/chatws_base64url.h"
#include "base/chatws_str.h"
#include "token/chatws_token.h"


#define CHATWS_TOKEN_HEADER_DEPTH   4
#define CHATWS_TOKEN_SIGNATURE_MAX  2048     /* bytes: RSA of 16k bits */


/* the parts of a token as they are written */

typedef struct {
    chatws_str_t  header;
    chatws_str_t  claims;
    chatws_str_t  signature;
    chatws_str_t  signed_text;    /* header and claims with the dot */
} chatws_token_parts_t;


typedef struct {
    chatws_json_arena_t  *arena;
    chatws_str_t          alg;
    chatws_str_t          kid;         /* data NULL: none */
    unsigned              refused:1;   /* what may not be there, is */
} chatws_token_header_t;


static chatws_rc_e chatws_token_split(const chatws_str_t *text,
    chatws_token_parts_t *parts);
static chatws_rc_e chatws_token_read_header(const chatws_str_t *text,
    chatws_json_arena_t *arena, chatws_token_header_t *header);
static chatws_rc_e chatws_token_header_member(void *data,
    const chatws_json_member_t *m);
static chatws_key_t *chatws_token_key(const chatws_token_policy_t *policy,
    chatws_token_header_t *header, chatws_token_parts_t *parts);
static chatws_rc_e chatws_token_check(const chatws_token_policy_t *policy,
    const chatws_claims_t *claims, chatws_token_use_e use, uint64_t now,
    chatws_json_arena_t *arena, const char **why);


size_t
chatws_token_memory(size_t len)
{
    /* the decoded claims, and a parse of them and of the header */

    return chatws_base64url_decoded(len)
           + chatws_json_arena_size(chatws_base64url_decoded(len)
                                    + CHATWS_TOKEN_HEADER_MAX);
}


chatws_rc_e
chatws_token_verify(const chatws_token_policy_t *policy,
    const chatws_str_t *text, chatws_token_use_e use, uint64_t now, void *mem,
    size_t size, chatws_claims_t *claims, const chatws_str_t **kid,
    const char **why)
{
    size_t                  room;
    chatws_key_t           *key;
    chatws_str_t            decoded;
    chatws_json_arena_t     arena;
    chatws_token_parts_t    parts;
    chatws_token_header_t   header;

    if (text->len > policy->max_size) {
        *why = "too long";
        return CHATWS_ERROR;
    }

    if (size < chatws_token_memory(text->len)) {
        *why = "no memory for it";
        return CHATWS_ERROR;
    }

    if (chatws_token_split(text, &parts) != CHATWS_OK) {
        *why = "not three parts";
        return CHATWS_ERROR;
    }

    room = chatws_base64url_decoded(text->len);

    chatws_json_arena_init(&arena, (uint8_t *) mem + room, size - room);

    if (chatws_token_read_header(&parts.header, &arena, &header)
        != CHATWS_OK)
    {
        *why = "the header is not valid";
        return CHATWS_ERROR;
    }

    key = chatws_token_key(policy, &header, &parts);

    if (key == NULL) {
        *why = "no key has made the signature";
        return CHATWS_ERROR;
    }

    decoded.data = mem;

    if (chatws_base64url_decode(&parts.claims, mem, &decoded.len)
        != CHATWS_OK)
    {
        *why = "the claims are not base64url";
        return CHATWS_ERROR;
    }

    if (chatws_claims_parse(claims, &decoded, &arena, why) != CHATWS_OK) {
        return CHATWS_ERROR;
    }

    *kid = chatws_key_id(key);

    return chatws_token_check(policy, claims, use, now, &arena, why);
}


/* RFC 7515, 5.2, 1; five parts would be a JWE. */

static chatws_rc_e
chatws_token_split(const chatws_str_t *text, chatws_token_parts_t *parts)
{
    uint8_t  *dot, *end, *second;

    if (text->len == 0) {
        return CHATWS_ERROR;
    }

    end = text->data + text->len;

    dot = memchr(text->data, '.', text->len);
    if (dot == NULL) {
        return CHATWS_ERROR;
    }

    second = memchr(dot + 1, '.', end - (dot + 1));

    if (second == NULL
        || memchr(second + 1, '.', end - (second + 1)) != NULL)
    {
        return CHATWS_ERROR;
    }

    parts->header.data = text->data;
    parts->header.len = dot - text->data;
    parts->claims.data = dot + 1;
    parts->claims.len = second - (dot + 1);
    parts->signature.data = second + 1;
    parts->signature.len = end - (second + 1);
    parts->signed_text.data = text->data;
    parts->signed_text.len = second - text->data;

    return CHATWS_OK;
}


static chatws_rc_e
chatws_token_read_header(const chatws_str_t *text,
    chatws_json_arena_t *arena, chatws_token_header_t *header)
{
    uint8_t       buf[CHATWS_TOKEN_HEADER_MAX + 2];
    chatws_str_t  decoded;

    memset(header, 0, sizeof(chatws_token_header_t));

    decoded.data = buf;

    if (chatws_base64url_decoded(text->len) > sizeof(buf)
        || chatws_base64url_decode(text, buf, &decoded.len) != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    header->arena = arena;

    if (chatws_json_object(arena, &decoded, CHATWS_TOKEN_HEADER_DEPTH,
                           chatws_token_header_member, header)
        != CHATWS_OK
        || header->refused
        || header->alg.data == NULL)
    {
        return CHATWS_ERROR;
    }

    return CHATWS_OK;
}


/*
 * alg and kid count.  What crit names has to be understood (RFC 7515,
 * 4.1.11), b64 would change what is signed (RFC 7797), zip and enc belong to
 * encryption; other parameters are ignored, those with addresses above all.
 */

static chatws_rc_e
chatws_token_header_member(void *data, const chatws_json_member_t *m)
{
    chatws_token_header_t *header = data;

    size_t                     i;
    chatws_str_t              *str;

    static const chatws_str_t  alg = chatws_str("alg");
    static const chatws_str_t  kid = chatws_str("kid");
    static const chatws_str_t  refused[] = {
        chatws_str("crit"),
        chatws_str("b64"),
        chatws_str("zip"),
        chatws_str("enc")
    };

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (chatws_str_equal(&m->name, &refused[i])) {
            header->refused = 1;
            return CHATWS_OK;
        }
    }

    if (chatws_str_equal(&m->name, &alg)) {
        str = &header->alg;

    } else if (chatws_str_equal(&m->name, &kid)) {
        str = &header->kid;

    } else {
        return CHATWS_OK;
    }

    if (str->data != NULL || m->type != CHATWS_JSON_STRING || m->lossy) {
        header->refused = 1;
        return CHATWS_OK;
    }

    /* the text of the header is gone when this is read */

    str->data = chatws_json_alloc(header->arena, m->string.len + 1);
    if (str->data == NULL) {
        return CHATWS_ERROR;
    }

    memcpy(str->data, m->string.data, m->string.len);
    str->len = m->string.len;

    return CHATWS_OK;
}


/*
 * The key that has made the signature; NULL: none of them.  A key is looked
 * for by what the header says, so keys of another algorithm never see it.
 */

static chatws_key_t *
chatws_token_key(const chatws_token_policy_t *policy,
    chatws_token_header_t *header, chatws_token_parts_t *parts)
{
    uint8_t        buf[CHATWS_TOKEN_SIGNATURE_MAX];
    size_t         tries;
    chatws_alg_e   alg;
    chatws_key_t  *key;
    chatws_str_t  *kid, signature;

    alg = chatws_alg_find(&header->alg);
    signature.data = buf;

    if (alg == CHATWS_ALG_NONE
        || chatws_base64url_decoded(parts->signature.len) > sizeof(buf)
        || chatws_base64url_decode(&parts->signature, buf, &signature.len)
           != CHATWS_OK)
    {
        return NULL;
    }

    kid = header->kid.data == NULL ? NULL : &header->kid;
    key = NULL;

    for (tries = 0; tries < CHATWS_TOKEN_TRIES; tries++) {
        key = chatws_keys_next(policy->keys, key, alg, kid);

        if (key == NULL
            || chatws_key_verify(key, &parts->signed_text, &signature)
               == CHATWS_OK)
        {
            return key;
        }
    }

    return NULL;
}


/* RFC 7519, 4.1; expiry comes last: it alone tells a client to come again. */

static chatws_rc_e
chatws_token_check(const chatws_token_policy_t *policy,
    const chatws_claims_t *claims, chatws_token_use_e use, uint64_t now,
    chatws_json_arena_t *arena, const char **why)
{
    size_t  i;

    if ((claims->chat.data != NULL) != (use == CHATWS_TOKEN_CHAT)) {
        *why = use == CHATWS_TOKEN_CHAT ? "it has no claim chat"
                                        : "it is a token for a chat";
        return CHATWS_ERROR;
    }

    for (i = 0; i < policy->n_issuers; i++) {
        if (chatws_str_equal(&claims->iss, &policy->issuers[i])) {
            break;
        }
    }

    if (policy->n_issuers != 0
        && (claims->iss.data == NULL || i == policy->n_issuers))
    {
        *why = "iss is another one";
        return CHATWS_ERROR;
    }

    if ((policy->n_audiences != 0 || claims->aud.data != NULL)
        && (claims->aud.data == NULL
            || chatws_claims_audience(claims, policy->audiences,
                                      policy->n_audiences, arena)
               != CHATWS_OK))
    {
        *why = "aud is another one";
        return CHATWS_ERROR;
    }

    if (claims->iat > now + policy->leeway) {
        *why = "iat is in the future";
        return CHATWS_ERROR;
    }

    if (claims->nbf > now + policy->leeway) {
        *why = "nbf is in the future";
        return CHATWS_ERROR;
    }

    if (claims->exp <= claims->iat) {
        *why = "exp is not after iat";
        return CHATWS_ERROR;
    }

    if (claims->exp - claims->iat > policy->lifetime) {
        *why = "it is valid for too long";
        return CHATWS_ERROR;
    }

    if (claims->exp + policy->leeway <= now) {
        *why = "it has expired";
        return CHATWS_DONE;
    }

    return CHATWS_OK;
}
