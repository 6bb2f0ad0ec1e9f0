
/*
 * Copyright (C) chatws contributors
 *
 * Commands of an app server: which one a text is, and what a publish leaves.
 */


#include <string.h>

#include "base/chatws_str.h"
#include "base/chatws_utf8.h"
#include "json/chatws_json_known.h"
#include "protocol/chatws_command_private.h"
#include "protocol/chatws_notify.h"


#define CHATWS_COMMAND_CHECKS     4      /* the most checks of a command */
#define CHATWS_COMMAND_NAME_MAX   64     /* shown bytes of an unknown one */
#define CHATWS_COMMAND_UNKNOWN    "Unknown command"


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


static chatws_rc_e chatws_command_collect(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e chatws_command_kind(chatws_command_t *command,
    chatws_command_members_t *ms);
static chatws_rc_e chatws_command_publish(chatws_command_t *command,
    const chatws_json_member_t *known);
static void chatws_command_blank(chatws_str_t *text,
    const chatws_json_member_t *m);


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
    [CHATWS_COMMAND_M_MESSAGE] = chatws_str("message"),
    [CHATWS_COMMAND_M_ACK] = chatws_str("ack"),
    [CHATWS_COMMAND_M_WAIT] = chatws_str("wait"),
    [CHATWS_COMMAND_M_ADD] = chatws_str("add"),
    [CHATWS_COMMAND_M_REMOVE] = chatws_str("remove"),
    [CHATWS_COMMAND_M_REPLACE] = chatws_str("replace"),
    [CHATWS_COMMAND_M_PART] = chatws_str("part"),
    [CHATWS_COMMAND_M_TOKEN] = chatws_str("token"),
    [CHATWS_COMMAND_M_VERSION] = chatws_str("version"),
    [CHATWS_COMMAND_M_READS] = chatws_str("reads"),
    [CHATWS_COMMAND_M_UNREAD] = chatws_str("unread"),
    [CHATWS_COMMAND_M_EPOCH] = chatws_str("epoch")
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
        { chatws_command_any_user, chatws_command_any_chat } },

    [CHATWS_COMMAND_CHANGES] = { chatws_str("changes"),
        { chatws_command_ack, chatws_command_wait } },

    [CHATWS_COMMAND_MEMBERS] = { chatws_str("members"),
        { chatws_command_chat, chatws_command_lists, chatws_command_replace,
          chatws_command_version } },

    [CHATWS_COMMAND_READ] = { chatws_str("read"),
        { chatws_command_chat, chatws_command_reads } }
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
