
/*
 * Copyright (C) chatws contributors
 *
 * The form in which a command reaches all workers.
 */


#include <string.h>

#include "protocol/chatws_command.h"


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


static uint8_t *chatws_command_put(uint8_t *p, const chatws_str_t *text);
static const uint8_t *chatws_command_take(const uint8_t *p, size_t len,
    chatws_str_t *text);


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

    if (head.kind == CHATWS_COMMAND_NONE
        || head.kind >= CHATWS_COMMAND_N
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
