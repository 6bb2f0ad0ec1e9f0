
/*
 * Copyright (C) chatws contributors
 *
 * Commands of an app server: parsing, and the packed form.
 */


#include <string.h>

#include "base/chatws_str.h"
#include "base/chatws_utf8.h"
#include "json/chatws_json_known.h"
#include "json/chatws_json_scan.h"
#include "protocol/chatws_command.h"
#include "protocol/chatws_notify.h"


#define CHATWS_COMMAND_CHECKS     4      /* the most checks of a command */
#define CHATWS_COMMAND_NAME_MAX   64     /* shown bytes of an unknown one */
#define CHATWS_COMMAND_UNKNOWN    "Unknown command"

/* close codes for applications: RFC 6455, section 7.4.2 */
#define CHATWS_COMMAND_CODE_MIN   3000
#define CHATWS_COMMAND_CODE_MAX   4999
#define CHATWS_COMMAND_CODE       4403

/* the largest integer that JSON carries everywhere: RFC 8259, section 6 */
#define CHATWS_COMMAND_TIME_MAX   9007199254740991


/* The members that the server knows: each has a row below. */

typedef enum {
    CHATWS_COMMAND_M_COMMAND = 0,
    CHATWS_COMMAND_M_USER,
    CHATWS_COMMAND_M_CHAT,
    CHATWS_COMMAND_M_SESSION,
    CHATWS_COMMAND_M_EXCEPT,
    CHATWS_COMMAND_M_REASON,
    CHATWS_COMMAND_M_CODE,
    CHATWS_COMMAND_M_AT,
    CHATWS_COMMAND_M_UNTIL,
    CHATWS_COMMAND_M_BEFORE,
    CHATWS_COMMAND_M_JTI,
    CHATWS_COMMAND_M_KID,
    CHATWS_COMMAND_M_MESSAGE,
    CHATWS_COMMAND_M_N
} chatws_command_member_e;


/* A member that is missing has an empty value. */

typedef struct {
    chatws_json_arena_t    arena;
    chatws_json_member_t   known[CHATWS_COMMAND_M_N];
} chatws_command_members_t;


/* Checks members and sets them; CHATWS_ERROR: sets the fault. */

typedef chatws_rc_e (*chatws_command_check_pt)(chatws_command_t *command,
    const chatws_json_member_t *known);


typedef struct {
    chatws_str_t              name;
    chatws_command_check_pt   checks[CHATWS_COMMAND_CHECKS];
} chatws_command_row_t;


/* The head of a packed command; the bytes of its strings follow. */

typedef struct {
    uint64_t    at;
    uint64_t    until;
    uint64_t    before;
    uint64_t    key[2];
    uint32_t    code;
    uint8_t     kind;
    uint8_t     has_until;
    uint8_t     has_before;
    uint8_t     user;              /* bytes of each string */
    uint8_t     chat;
    uint8_t     session;
    uint8_t     except;
    uint8_t     reason;
} chatws_command_packed_t;

chatws_static_assert(chatws_command_size_suffices,
    sizeof(chatws_command_packed_t) + 2 * CHATWS_NAME_MAX
    + 2 * CHATWS_COMMAND_SESSION_MAX + CHATWS_COMMAND_REASON_MAX
    <= CHATWS_COMMAND_SIZE);


static chatws_rc_e chatws_command_collect(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_command_kind(chatws_command_t *command,
    chatws_command_members_t *ms);
static chatws_rc_e chatws_command_publish(chatws_command_t *command,
    const chatws_json_member_t *known);
static void chatws_command_blank(chatws_str_t *text,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_command_user(chatws_command_t *command,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_command_any_user(chatws_command_t *command,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_command_chat(chatws_command_t *command,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_command_any_chat(chatws_command_t *command,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_command_session(chatws_command_t *command,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_command_close(chatws_command_t *command,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_command_at(chatws_command_t *command,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_command_until(chatws_command_t *command,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_command_revoked(chatws_command_t *command,
    const chatws_json_member_t *known);
static chatws_rc_e chatws_command_text(chatws_command_t *command,
    const chatws_json_member_t *m, size_t max, chatws_str_t *out,
    const char *details);
static chatws_rc_e chatws_command_time(chatws_command_t *command,
    const chatws_json_member_t *m, uint64_t *out, const char *details);
static uint8_t *chatws_command_put(uint8_t *p, const chatws_str_t *text);
static const uint8_t *chatws_command_take(const uint8_t *p, size_t len,
    chatws_str_t *text);


static const chatws_str_t  chatws_command_names[] = {
    [CHATWS_COMMAND_M_COMMAND] = chatws_str("command"),
    [CHATWS_COMMAND_M_USER] = chatws_str("userId"),
    [CHATWS_COMMAND_M_CHAT] = chatws_str("chatId"),
    [CHATWS_COMMAND_M_SESSION] = chatws_str("session"),
    [CHATWS_COMMAND_M_EXCEPT] = chatws_str("except"),
    [CHATWS_COMMAND_M_REASON] = chatws_str("reason"),
    [CHATWS_COMMAND_M_CODE] = chatws_str("code"),
    [CHATWS_COMMAND_M_AT] = chatws_str("at"),
    [CHATWS_COMMAND_M_UNTIL] = chatws_str("until"),
    [CHATWS_COMMAND_M_BEFORE] = chatws_str("issuedBefore"),
    [CHATWS_COMMAND_M_JTI] = chatws_str("jti"),
    [CHATWS_COMMAND_M_KID] = chatws_str("kid"),
    [CHATWS_COMMAND_M_MESSAGE] = chatws_str("message")
};

chatws_static_assert(chatws_command_names_complete,
    chatws_nelts(chatws_command_names) == CHATWS_COMMAND_M_N);


/* The checks are made in the order of the answers. */

static const chatws_command_row_t  chatws_command_rows[] = {

    [CHATWS_COMMAND_PUBLISH] = { chatws_str("publish"),
        { chatws_command_publish } },

    [CHATWS_COMMAND_SUBSCRIBE] = { chatws_str("subscribe"),
        { chatws_command_user, chatws_command_chat,
          chatws_command_session } },

    [CHATWS_COMMAND_UNSUBSCRIBE] = { chatws_str("unsubscribe"),
        { chatws_command_user, chatws_command_chat,
          chatws_command_until } },

    [CHATWS_COMMAND_DISCONNECT] = { chatws_str("disconnect"),
        { chatws_command_user, chatws_command_session,
          chatws_command_close } },

    [CHATWS_COMMAND_EXPIRE] = { chatws_str("expire"),
        { chatws_command_user, chatws_command_session, chatws_command_at } },

    [CHATWS_COMMAND_REVOKE] = { chatws_str("revoke"),
        { chatws_command_any_user, chatws_command_revoked,
          chatws_command_until } },

    [CHATWS_COMMAND_FORGET] = { chatws_str("forget"),
        { chatws_command_any_user, chatws_command_any_chat } }
};

chatws_static_assert(chatws_command_rows_complete,
    chatws_nelts(chatws_command_rows) == CHATWS_COMMAND_NONE);


chatws_rc_e
chatws_command_parse(chatws_command_t *command, const chatws_str_t *text,
    size_t depth, void *mem, size_t size)
{
    size_t                          i;
    chatws_command_members_t        ms;
    const chatws_command_check_pt  *checks;

    memset(command, 0, sizeof(chatws_command_t));
    command->kind = CHATWS_COMMAND_NONE;
    command->publication = *text;

    memset(&ms, 0, sizeof(chatws_command_members_t));

    chatws_json_arena_init(&ms.arena, mem, size);

    if (chatws_json_object(&ms.arena, text, depth, chatws_command_collect,
                           &ms)
        != CHATWS_OK)
    {
        return chatws_fault_set(&command->fault, CHATWS_E_JSON,
                                CHATWS_D_JSON);
    }

    if (chatws_command_kind(command, &ms) != CHATWS_OK) {
        return CHATWS_ERROR;
    }

    checks = chatws_command_rows[command->kind].checks;

    for (i = 0; i < CHATWS_COMMAND_CHECKS && checks[i] != NULL; i++) {
        if (checks[i](command, ms.known) != CHATWS_OK) {
            return CHATWS_ERROR;
        }
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_command_collect(void *data, const chatws_json_member_t *m)
{
    chatws_command_members_t *ms = data;

    return chatws_json_known(&ms->arena, chatws_command_names, ms->known,
                             CHATWS_COMMAND_M_N, m);
}


const chatws_str_t *
chatws_command_name(chatws_command_e kind)
{
    return &chatws_command_rows[kind].name;
}


static chatws_rc_e
chatws_command_kind(chatws_command_t *command, chatws_command_members_t *ms)
{
    size_t                 i, len;
    uint8_t               *p;
    chatws_json_member_t  *m;
    const chatws_str_t     text = chatws_str("Unknown command: ");

    m = &ms->known[CHATWS_COMMAND_M_COMMAND];

    if (m->value.len == 0 || m->type != CHATWS_JSON_STRING) {
        return chatws_fault_set(&command->fault, CHATWS_COMMAND_UNKNOWN,
                                "command must be a string");
    }

    for (i = 0; i < CHATWS_COMMAND_NONE; i++) {
        if (chatws_str_equal(&m->string, &chatws_command_rows[i].name)) {
            command->kind = i;
            return CHATWS_OK;
        }
    }

    (void) chatws_fault_set(&command->fault, CHATWS_COMMAND_UNKNOWN,
                            "Unknown command");

    len = chatws_utf8_cut(m->string.data, m->string.len,
                          CHATWS_COMMAND_NAME_MAX);

    p = chatws_json_alloc(&ms->arena, text.len + len);

    if (p != NULL) {
        memcpy(p, text.data, text.len);
        memcpy(p + text.len, m->string.data, len);

        command->fault.details.data = p;
        command->fault.details.len = text.len + len;
    }

    return CHATWS_ERROR;
}


/*
 * A publication is either the rest of the object, or, where that names no
 * chat, its member "message".  What it has to have is checked later, as with
 * any other publication.
 */

static chatws_rc_e
chatws_command_publish(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    const chatws_json_member_t  *m;

    m = &known[CHATWS_COMMAND_M_MESSAGE];

    if (known[CHATWS_COMMAND_M_CHAT].value.len == 0
        && m->value.len != 0
        && m->type == CHATWS_JSON_OBJECT)
    {
        command->publication = m->value;

    } else {
        chatws_command_blank(&command->publication,
                             &known[CHATWS_COMMAND_M_COMMAND]);
    }

    return CHATWS_OK;
}


/* Overwrites a member and one of the commas beside it. */

static void
chatws_command_blank(chatws_str_t *text, const chatws_json_member_t *m)
{
    size_t  begin, end, i;

    begin = (size_t) (m->key.data - text->data);
    end = (size_t) (m->value.data + m->value.len - text->data);

    for (i = end; text->data[i] != ',' && text->data[i] != '}'; i++) {
        /* void */
    }

    if (text->data[i] == ',') {
        end = i + 1;

    } else {
        for (i = begin - 1; text->data[i] != ',' && text->data[i] != '{'; i--)
        {
            /* void */
        }

        begin = i + (text->data[i] == '{');
    }

    memset(text->data + begin, ' ', end - begin);
}


static chatws_rc_e
chatws_command_any_user(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    return known[CHATWS_COMMAND_M_USER].value.len == 0
           ? CHATWS_OK : chatws_command_user(command, known);
}


static chatws_rc_e
chatws_command_user(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    const chatws_json_member_t  *m;

    m = &known[CHATWS_COMMAND_M_USER];

    if (m->value.len == 0 || m->type != CHATWS_JSON_STRING) {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE,
                                "userId must be a string");
    }

    if (m->lossy || chatws_name_check(&m->string) != CHATWS_OK) {
        return chatws_fault_set(&command->fault, CHATWS_E_USER,
                                "userId must be 1 to 128 bytes of UTF-8 "
                                "without control characters");
    }

    command->user = m->string;

    return CHATWS_OK;
}


static chatws_rc_e
chatws_command_any_chat(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    return known[CHATWS_COMMAND_M_CHAT].value.len == 0
           ? CHATWS_OK : chatws_command_chat(command, known);
}


static chatws_rc_e
chatws_command_chat(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    const chatws_json_member_t  *m;

    m = &known[CHATWS_COMMAND_M_CHAT];

    if (m->value.len == 0 || m->type != CHATWS_JSON_STRING) {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE,
                                "chatId must be a string");
    }

    if (m->lossy || chatws_name_check(&m->string) != CHATWS_OK) {
        return chatws_fault_set(&command->fault, CHATWS_E_CHAT,
                                CHATWS_D_CHAT);
    }

    command->chat = m->string;

    return CHATWS_OK;
}


static chatws_rc_e
chatws_command_session(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    return chatws_command_text(command, &known[CHATWS_COMMAND_M_SESSION],
                               CHATWS_COMMAND_SESSION_MAX, &command->session,
                               "session must be a string of 1 to 64 bytes");
}


static chatws_rc_e
chatws_command_close(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    uint64_t                     code;
    const chatws_json_member_t  *m;
    const chatws_str_t           reason = chatws_str("disconnected");

    m = &known[CHATWS_COMMAND_M_CODE];
    code = CHATWS_COMMAND_CODE;

    if (m->value.len != 0
        && (!m->integer
            || chatws_json_uint(&m->value, &code) != CHATWS_OK
            || code < CHATWS_COMMAND_CODE_MIN
            || code > CHATWS_COMMAND_CODE_MAX))
    {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE,
                                "code must be an integer from 3000 to 4999");
    }

    command->code = (uint32_t) code;
    command->reason = reason;

    if (chatws_command_text(command, &known[CHATWS_COMMAND_M_REASON],
                            CHATWS_COMMAND_REASON_MAX, &command->reason,
                            "reason must be a string of 1 to 123 bytes")
        != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    return chatws_command_text(command, &known[CHATWS_COMMAND_M_EXCEPT],
                               CHATWS_COMMAND_SESSION_MAX, &command->except,
                               "except must be a string of 1 to 64 bytes");
}


static chatws_rc_e
chatws_command_at(chatws_command_t *command, const chatws_json_member_t *known)
{
    const chatws_json_member_t  *m;

    m = &known[CHATWS_COMMAND_M_AT];

    return chatws_command_time(command, m, &command->at,
                               "at must be an integer, in seconds since "
                               "1970");
}


static chatws_rc_e
chatws_command_until(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    const chatws_json_member_t  *m;

    m = &known[CHATWS_COMMAND_M_UNTIL];

    if (m->value.len == 0) {
        return CHATWS_OK;
    }

    command->has_until = 1;

    return chatws_command_time(command, m, &command->until,
                               "until must be an integer, in seconds since "
                               "1970");
}


/* One of: jti; kid; userId and issuedBefore; issuedBefore. */

static chatws_rc_e
chatws_command_revoked(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    const chatws_json_member_t  *before, *jti, *kid;

    jti = &known[CHATWS_COMMAND_M_JTI];
    kid = &known[CHATWS_COMMAND_M_KID];
    before = &known[CHATWS_COMMAND_M_BEFORE];

    if ((jti->value.len != 0) + (kid->value.len != 0)
        + (before->value.len != 0 || command->user.len != 0) != 1)
    {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE,
                                "one of jti, kid and issuedBefore must be "
                                "given");
    }

    if (before->value.len != 0 || command->user.len != 0) {
        command->has_before = 1;

        return chatws_command_time(command, before, &command->before,
                                   "issuedBefore must be an integer, in "
                                   "seconds since 1970");
    }

    if (chatws_command_text(command, jti, CHATWS_COMMAND_TOKEN_MAX,
                            &command->jti,
                            "jti must be a string of 1 to 1024 bytes")
        != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    return chatws_command_text(command, kid, CHATWS_COMMAND_TOKEN_MAX,
                               &command->kid,
                               "kid must be a string of 1 to 1024 bytes");
}


/*
 * Sets *out to a string of 1 to max bytes without control characters, or
 * leaves it as it is where the member is missing.
 */

static chatws_rc_e
chatws_command_text(chatws_command_t *command, const chatws_json_member_t *m,
    size_t max, chatws_str_t *out, const char *details)
{
    if (m->value.len == 0) {
        return CHATWS_OK;
    }

    if (m->type != CHATWS_JSON_STRING
        || m->lossy
        || m->string.len == 0
        || m->string.len > max
        || chatws_name_has_control(&m->string))
    {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE, details);
    }

    *out = m->string;

    return CHATWS_OK;
}


static chatws_rc_e
chatws_command_time(chatws_command_t *command, const chatws_json_member_t *m,
    uint64_t *out, const char *details)
{
    if (!m->integer
        || chatws_json_uint(&m->value, out) != CHATWS_OK
        || *out > CHATWS_COMMAND_TIME_MAX)
    {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE, details);
    }

    return CHATWS_OK;
}


size_t
chatws_command_pack(const chatws_command_t *command, uint8_t *out)
{
    uint8_t                  *p;
    chatws_command_packed_t   head;

    memset(&head, 0, sizeof(chatws_command_packed_t));

    head.at = command->at;
    head.until = command->until;
    head.before = command->before;
    head.key[0] = command->key[0];
    head.key[1] = command->key[1];
    head.code = command->code;
    head.kind = (uint8_t) command->kind;
    head.has_until = command->has_until;
    head.has_before = command->has_before;
    head.user = (uint8_t) command->user.len;
    head.chat = (uint8_t) command->chat.len;
    head.session = (uint8_t) command->session.len;
    head.except = (uint8_t) command->except.len;
    head.reason = (uint8_t) command->reason.len;

    memcpy(out, &head, sizeof(chatws_command_packed_t));

    p = chatws_command_put(out + sizeof(chatws_command_packed_t),
                           &command->user);
    p = chatws_command_put(p, &command->chat);
    p = chatws_command_put(p, &command->session);
    p = chatws_command_put(p, &command->except);
    p = chatws_command_put(p, &command->reason);

    return (size_t) (p - out);
}


static uint8_t *
chatws_command_put(uint8_t *p, const chatws_str_t *text)
{
    if (text->len != 0) {
        memcpy(p, text->data, text->len);
    }

    return p + text->len;
}


chatws_rc_e
chatws_command_unpack(chatws_command_t *command, const chatws_str_t *text)
{
    const uint8_t            *p;
    chatws_command_packed_t   head;

    if (text->len < sizeof(chatws_command_packed_t)) {
        return CHATWS_ERROR;
    }

    memcpy(&head, text->data, sizeof(chatws_command_packed_t));

    if (head.kind >= CHATWS_COMMAND_NONE
        || text->len != sizeof(chatws_command_packed_t)
                        + head.user + head.chat + head.session + head.except
                        + head.reason)
    {
        return CHATWS_ERROR;
    }

    memset(command, 0, sizeof(chatws_command_t));

    command->kind = head.kind;
    command->at = head.at;
    command->until = head.until;
    command->before = head.before;
    command->key[0] = head.key[0];
    command->key[1] = head.key[1];
    command->code = head.code;
    command->has_until = head.has_until & 1;
    command->has_before = head.has_before & 1;

    p = text->data + sizeof(chatws_command_packed_t);

    p = chatws_command_take(p, head.user, &command->user);
    p = chatws_command_take(p, head.chat, &command->chat);
    p = chatws_command_take(p, head.session, &command->session);
    p = chatws_command_take(p, head.except, &command->except);
    (void) chatws_command_take(p, head.reason, &command->reason);

    return CHATWS_OK;
}


static const uint8_t *
chatws_command_take(const uint8_t *p, size_t len, chatws_str_t *text)
{
    text->len = len;
    text->data = (uint8_t *) p;

    return p + len;
}
