
/*
 * Copyright (C) chatws contributors
 *
 * The checks of a command's members.
 */


#include "json/chatws_json_scan.h"
#include "protocol/chatws_command_private.h"
#include "protocol/chatws_notify.h"


/* close codes for applications: RFC 6455, section 7.4.2 */
#define CHATWS_COMMAND_CODE_MIN   3000
#define CHATWS_COMMAND_CODE_MAX   4999
#define CHATWS_COMMAND_CODE       4403

/* the largest integer that JSON carries everywhere: RFC 8259, section 6 */
#define CHATWS_COMMAND_TIME_MAX   9007199254740991


/* What is said of an id that is missing, or that is none. */

typedef struct {
    const char   *missing;
    const char   *error;
    const char   *bad;
} chatws_command_id_t;


static chatws_rc_e chatws_command_id(chatws_command_t *command,
    const chatws_json_member_t *m, chatws_str_t *out,
    const chatws_command_id_t *id);
static chatws_rc_e chatws_command_time(chatws_command_t *command,
    const chatws_json_member_t *m, uint64_t *out, const char *details);


static const chatws_command_id_t  chatws_command_user_id = {
    "userId must be a string",
    CHATWS_E_USER,
    CHATWS_D_USER
};


static const chatws_command_id_t  chatws_command_chat_id = {
    "chatId must be a string",
    CHATWS_E_CHAT,
    CHATWS_D_CHAT
};


chatws_rc_e
chatws_command_any_user(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    return known[CHATWS_COMMAND_M_USER].value.len == 0
           ? CHATWS_OK : chatws_command_user(command, known);
}


chatws_rc_e
chatws_command_user(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    return chatws_command_id(command, &known[CHATWS_COMMAND_M_USER],
                             &command->user, &chatws_command_user_id);
}


chatws_rc_e
chatws_command_any_chat(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    return known[CHATWS_COMMAND_M_CHAT].value.len == 0
           ? CHATWS_OK : chatws_command_chat(command, known);
}


chatws_rc_e
chatws_command_chat(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    return chatws_command_id(command, &known[CHATWS_COMMAND_M_CHAT],
                             &command->chat, &chatws_command_chat_id);
}


static chatws_rc_e
chatws_command_id(chatws_command_t *command, const chatws_json_member_t *m,
    chatws_str_t *out, const chatws_command_id_t *id)
{
    if (m->value.len == 0 || m->type != CHATWS_JSON_STRING) {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE,
                                id->missing);
    }

    if (m->lossy || chatws_name_check(&m->string) != CHATWS_OK) {
        return chatws_fault_set(&command->fault, id->error, id->bad);
    }

    *out = m->string;

    return CHATWS_OK;
}


chatws_rc_e
chatws_command_session(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    return chatws_command_text(command, &known[CHATWS_COMMAND_M_SESSION],
                               CHATWS_COMMAND_SESSION_MAX, &command->session,
                               "session must be a string of 1 to 64 bytes");
}


chatws_rc_e
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


chatws_rc_e
chatws_command_at(chatws_command_t *command, const chatws_json_member_t *known)
{
    const chatws_json_member_t  *m;

    m = &known[CHATWS_COMMAND_M_AT];

    return chatws_command_time(command, m, &command->at,
                               "at must be an integer, in seconds since "
                               "1970");
}


chatws_rc_e
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

chatws_rc_e
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


chatws_rc_e
chatws_command_ack(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    return chatws_command_text(command, &known[CHATWS_COMMAND_M_ACK],
                               CHATWS_COMMAND_ACK_MAX, &command->ack,
                               "ack must be a string of 1 to 64 bytes");
}


chatws_rc_e
chatws_command_wait(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    uint64_t                     wait;
    const chatws_json_member_t  *m;

    m = &known[CHATWS_COMMAND_M_WAIT];
    wait = 0;

    if (m->value.len != 0
        && (!m->integer
            || chatws_json_uint(&m->value, &wait) != CHATWS_OK
            || wait > CHATWS_COMMAND_WAIT_MAX))
    {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE,
                                "wait must be an integer from 0 to 60");
    }

    command->wait = (uint32_t) wait;

    return CHATWS_OK;
}


chatws_rc_e
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
