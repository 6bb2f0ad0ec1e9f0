
/*
 * Copyright (C) chatws contributors
 *
 * Claims: see chatws_claims.h.  The section numbers in the comments are those
 * of RFC 7519.
 */


#include <string.h>

#include "base/chatws_name.h"
#include "base/chatws_str.h"
#include "token/chatws_claims.h"


/* digits of seconds: the year 5138 */
#define CHATWS_CLAIMS_DIGITS  11


typedef enum {
    CHATWS_CLAIM_SUB = 0,
    CHATWS_CLAIM_NAME,
    CHATWS_CLAIM_JTI,
    CHATWS_CLAIM_ISS,
    CHATWS_CLAIM_AUD,
    CHATWS_CLAIM_EXP,
    CHATWS_CLAIM_IAT,
    CHATWS_CLAIM_NBF,
    CHATWS_CLAIM_CHAT,
    CHATWS_CLAIM_CHATS,
    CHATWS_CLAIM_PREFIXES,
    CHATWS_CLAIM_RIGHTS,
    CHATWS_CLAIM_API,
    CHATWS_CLAIM_UNKNOWN
} chatws_claim_e;


typedef struct {
    chatws_json_arena_t   *arena;
    chatws_json_member_t   m[CHATWS_CLAIM_UNKNOWN];   /* value.len 0: none */
    unsigned               repeated:1;
} chatws_claims_members_t;


/* a walk for one name, or over one array */

typedef struct {
    chatws_json_arena_t   *arena;
    const chatws_str_t    *names;
    size_t                 n;
    size_t                 found;
    size_t                 folded;     /* in another case of letters */
    chatws_json_member_t   member;
    chatws_json_member_t   other;
} chatws_claims_walk_t;


static chatws_rc_e chatws_claims_collect(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_claims_user(chatws_claims_t *claims,
    chatws_claims_members_t *ms, const char **why);
static chatws_rc_e chatws_claims_times(chatws_claims_t *claims,
    chatws_claims_members_t *ms, const char **why);
static chatws_rc_e chatws_claims_parties(chatws_claims_t *claims,
    chatws_claims_members_t *ms, const char **why);
static chatws_rc_e chatws_claims_rights(chatws_claims_t *claims,
    chatws_claims_members_t *ms, const char **why);
static chatws_rc_e chatws_claims_date(const chatws_json_member_t *m,
    uint64_t *seconds);
static chatws_rc_e chatws_claims_api(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_claims_match(void *data,
    const chatws_json_member_t *m);
static int chatws_claims_folded(const chatws_str_t *a, const chatws_str_t *b);
static chatws_rc_e chatws_claims_one_of(void *data,
    const chatws_json_member_t *m);


static const chatws_str_t  chatws_claims_names[CHATWS_CLAIM_UNKNOWN] = {
    chatws_str("sub"),
    chatws_str("name"),
    chatws_str("jti"),
    chatws_str("iss"),
    chatws_str("aud"),
    chatws_str("exp"),
    chatws_str("iat"),
    chatws_str("nbf"),
    chatws_str("chat"),
    chatws_str("chats"),
    chatws_str("chatPrefixes"),
    chatws_str("rights"),
    chatws_str("chatws")
};


chatws_rc_e
chatws_claims_parse(chatws_claims_t *claims, const chatws_str_t *text,
    chatws_json_arena_t *arena, const char **why)
{
    chatws_claims_members_t  ms;

    memset(claims, 0, sizeof(chatws_claims_t));
    memset(&ms, 0, sizeof(chatws_claims_members_t));

    claims->text = *text;
    ms.arena = arena;

    if (chatws_json_object(arena, text, CHATWS_CLAIMS_DEPTH,
                           chatws_claims_collect, &ms)
        != CHATWS_OK)
    {
        *why = "the claims are not a JSON object";
        return CHATWS_ERROR;
    }

    /* section 4: names must be unique */

    if (ms.repeated) {
        *why = "a claim comes twice";
        return CHATWS_ERROR;
    }

    if (chatws_claims_user(claims, &ms, why) != CHATWS_OK
        || chatws_claims_times(claims, &ms, why) != CHATWS_OK
        || chatws_claims_parties(claims, &ms, why) != CHATWS_OK
        || chatws_claims_rights(claims, &ms, why) != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_claims_collect(void *data, const chatws_json_member_t *m)
{
    chatws_claims_members_t *ms = data;

    size_t  i;

    for (i = 0; i < CHATWS_CLAIM_UNKNOWN; i++) {
        if (chatws_str_equal(&m->name, &chatws_claims_names[i])) {
            ms->repeated |= ms->m[i].value.len != 0;
            ms->m[i] = *m;

            return chatws_json_keep(ms->arena, &ms->m[i].string);
        }
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_claims_user(chatws_claims_t *claims, chatws_claims_members_t *ms,
    const char **why)
{
    chatws_json_member_t  *m;

    m = &ms->m[CHATWS_CLAIM_SUB];

    if (m->type != CHATWS_JSON_STRING
        || m->lossy
        || chatws_name_check(&m->string) != CHATWS_OK)
    {
        *why = "sub is no user id";
        return CHATWS_ERROR;
    }

    claims->sub = m->string;

    /* a name is for people to read: what is none is not worth a refusal */

    m = &ms->m[CHATWS_CLAIM_NAME];

    claims->name = m->type == CHATWS_JSON_STRING
                   && !m->lossy
                   && chatws_name_check(&m->string) == CHATWS_OK
                   ? m->string : claims->sub;

    m = &ms->m[CHATWS_CLAIM_JTI];

    if (m->value.len != 0) {

        /* U+FFFD for an unpaired surrogate would make two ids the same */

        if (m->type != CHATWS_JSON_STRING
            || m->lossy
            || m->string.len == 0
            || m->string.len > CHATWS_CLAIMS_JTI_MAX)
        {
            *why = "jti is no string of 1 to 128 bytes";
            return CHATWS_ERROR;
        }

        claims->jti = m->string;
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_claims_times(chatws_claims_t *claims, chatws_claims_members_t *ms,
    const char **why)
{
    chatws_json_member_t  *m;

    if (chatws_claims_date(&ms->m[CHATWS_CLAIM_EXP], &claims->exp)
        != CHATWS_OK)
    {
        *why = "exp is missing or no time";
        return CHATWS_ERROR;
    }

    if (chatws_claims_date(&ms->m[CHATWS_CLAIM_IAT], &claims->iat)
        != CHATWS_OK)
    {
        *why = "iat is missing or no time";
        return CHATWS_ERROR;
    }

    m = &ms->m[CHATWS_CLAIM_NBF];

    if (m->value.len != 0
        && chatws_claims_date(m, &claims->nbf) != CHATWS_OK)
    {
        *why = "nbf is no time";
        return CHATWS_ERROR;
    }

    return CHATWS_OK;
}


/* A NumericDate (section 2) without an exponent; a fraction is cut off. */

static chatws_rc_e
chatws_claims_date(const chatws_json_member_t *m, uint64_t *seconds)
{
    size_t    i;
    uint8_t   ch;
    uint64_t  n;

    if (m->type != CHATWS_JSON_NUMBER) {
        return CHATWS_ERROR;
    }

    n = 0;

    for (i = 0; i < m->value.len && m->value.data[i] != '.'; i++) {
        ch = m->value.data[i];

        if (ch < '0' || ch > '9' || i == CHATWS_CLAIMS_DIGITS) {
            return CHATWS_ERROR;
        }

        n = n * 10 + (ch - '0');
    }

    for (i++; i < m->value.len; i++) {
        ch = m->value.data[i];

        if (ch < '0' || ch > '9') {
            return CHATWS_ERROR;
        }
    }

    *seconds = n;

    return CHATWS_OK;
}


static chatws_rc_e
chatws_claims_parties(chatws_claims_t *claims, chatws_claims_members_t *ms,
    const char **why)
{
    chatws_json_member_t  *m;

    m = &ms->m[CHATWS_CLAIM_ISS];

    if (m->value.len != 0) {

        if (m->type != CHATWS_JSON_STRING || m->lossy) {
            *why = "iss is no string";
            return CHATWS_ERROR;
        }

        claims->iss = m->string;
    }

    m = &ms->m[CHATWS_CLAIM_AUD];

    if (m->value.len == 0) {
        return CHATWS_OK;
    }

    if (m->type == CHATWS_JSON_ARRAY) {
        claims->aud = m->value;
        claims->aud_array = 1;

    } else if (m->type == CHATWS_JSON_STRING && !m->lossy) {
        claims->aud = m->string;

    } else {
        *why = "aud is no string and no array";
        return CHATWS_ERROR;
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_claims_rights(chatws_claims_t *claims, chatws_claims_members_t *ms,
    const char **why)
{
    chatws_json_member_t  *m;

    m = &ms->m[CHATWS_CLAIM_CHAT];

    if (m->value.len != 0) {

        if (m->type != CHATWS_JSON_STRING
            || m->lossy
            || chatws_name_check(&m->string) != CHATWS_OK)
        {
            *why = "chat is no chat id";
            return CHATWS_ERROR;
        }

        claims->chat = m->string;
    }

    m = &ms->m[CHATWS_CLAIM_CHATS];

    if (m->value.len != 0) {

        if (m->type != CHATWS_JSON_OBJECT && m->type != CHATWS_JSON_ARRAY) {
            *why = "chats is no object and no array";
            return CHATWS_ERROR;
        }

        claims->chats = m->value;
    }

    m = &ms->m[CHATWS_CLAIM_PREFIXES];

    if (m->value.len != 0) {

        if (m->type != CHATWS_JSON_OBJECT) {
            *why = "chatPrefixes is no object";
            return CHATWS_ERROR;
        }

        claims->prefixes = m->value;
    }

    m = &ms->m[CHATWS_CLAIM_RIGHTS];

    if (m->value.len != 0) {

        if (m->type != CHATWS_JSON_ARRAY) {
            *why = "rights is no array";
            return CHATWS_ERROR;
        }

        claims->rights = m->value;
    }

    m = &ms->m[CHATWS_CLAIM_API];

    if (m->type == CHATWS_JSON_ARRAY) {
        (void) chatws_json_array(ms->arena, &m->value, CHATWS_CLAIMS_DEPTH,
                                 chatws_claims_api, claims);
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_claims_api(void *data, const chatws_json_member_t *m)
{
    chatws_claims_t *claims = data;

    static const chatws_str_t  read = chatws_str("read");
    static const chatws_str_t  write = chatws_str("write");

    if (m->type == CHATWS_JSON_STRING) {
        claims->api_read |= chatws_str_equal(&m->string, &read);
        claims->api_write |= chatws_str_equal(&m->string, &write);
    }

    return CHATWS_OK;
}


chatws_rc_e
chatws_claims_find(const chatws_str_t *text, const chatws_str_t *name,
    chatws_json_arena_t *arena, chatws_str_t *value)
{
    chatws_claims_walk_t   walk;
    chatws_json_member_t  *m;

    memset(&walk, 0, sizeof(chatws_claims_walk_t));

    walk.arena = arena;
    walk.names = name;
    walk.n = 1;

    if (chatws_json_object(arena, text, CHATWS_CLAIMS_DEPTH,
                           chatws_claims_match, &walk)
        != CHATWS_OK)
    {
        return CHATWS_DECLINED;
    }

    if (walk.found == 1) {
        m = &walk.member;

    } else if (walk.found == 0 && walk.folded == 1) {
        m = &walk.other;

    } else {
        return CHATWS_DECLINED;
    }

    switch (m->type) {

    case CHATWS_JSON_STRING:
        *value = m->string;
        break;

    case CHATWS_JSON_NUMBER:
    case CHATWS_JSON_BOOL:
        *value = m->value;
        break;

    default:
        return CHATWS_DECLINED;
    }

    /* it may become a header field or a key: no line may end in it */

    if (m->lossy
        || value->len > CHATWS_CLAIMS_VALUE_MAX
        || chatws_name_has_control(value))
    {
        return CHATWS_DECLINED;
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_claims_match(void *data, const chatws_json_member_t *m)
{
    chatws_claims_walk_t *walk = data;

    if (chatws_str_equal(&m->name, walk->names)) {
        walk->found++;
        walk->member = *m;

        return chatws_json_keep(walk->arena, &walk->member.string);
    }

    if (chatws_claims_folded(&m->name, walk->names)) {
        walk->folded++;
        walk->other = *m;

        return chatws_json_keep(walk->arena, &walk->other.string);
    }

    return CHATWS_OK;
}


/* 1: they differ in the case of ASCII letters, or not at all. */

static int
chatws_claims_folded(const chatws_str_t *a, const chatws_str_t *b)
{
    size_t    i;
    unsigned  one, other;

    if (a->len != b->len) {
        return 0;
    }

    for (i = 0; i < a->len; i++) {
        one = a->data[i];
        other = b->data[i];

        one |= one >= 'A' && one <= 'Z' ? 0x20 : 0;
        other |= other >= 'A' && other <= 'Z' ? 0x20 : 0;

        if (one != other) {
            return 0;
        }
    }

    return 1;
}


chatws_rc_e
chatws_claims_audience(const chatws_claims_t *claims,
    const chatws_str_t *audiences, size_t n, chatws_json_arena_t *arena)
{
    chatws_claims_walk_t  walk;
    chatws_json_member_t  one;

    memset(&walk, 0, sizeof(chatws_claims_walk_t));

    walk.names = audiences;
    walk.n = n;

    if (claims->aud_array) {

        if (chatws_json_array(arena, &claims->aud, CHATWS_CLAIMS_DEPTH,
                              chatws_claims_one_of, &walk)
            != CHATWS_OK)
        {
            return CHATWS_ERROR;
        }

    } else {
        memset(&one, 0, sizeof(chatws_json_member_t));

        one.type = CHATWS_JSON_STRING;
        one.string = claims->aud;

        (void) chatws_claims_one_of(&walk, &one);
    }

    return walk.found != 0 ? CHATWS_OK : CHATWS_ERROR;
}


static chatws_rc_e
chatws_claims_one_of(void *data, const chatws_json_member_t *m)
{
    chatws_claims_walk_t *walk = data;

    size_t  i;

    if (m->type != CHATWS_JSON_STRING || m->lossy) {
        return CHATWS_OK;
    }

    for (i = 0; i < walk->n; i++) {
        walk->found += chatws_str_equal(&m->string, &walk->names[i]);
    }

    return CHATWS_OK;
}
