
/*
 * Copyright (C) chatws contributors
 *
 * The checks of the commands "members" and "read": their lists are read later,
 * see chatws_members.h.
 */


#include "base/chatws_id.h"
#include "base/chatws_str.h"
#include "json/chatws_json_scan.h"
#include "protocol/chatws_command_private.h"
#include "protocol/chatws_members.h"
#include "protocol/chatws_notify.h"


chatws_rc_e
chatws_command_lists(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    const chatws_json_member_t  *add, *remove;

    add = &known[CHATWS_COMMAND_M_ADD];
    remove = &known[CHATWS_COMMAND_M_REMOVE];

    if ((add->value.len != 0 && add->type != CHATWS_JSON_ARRAY)
        || (remove->value.len != 0 && remove->type != CHATWS_JSON_ARRAY))
    {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE,
                                "add and remove must be arrays of users");
    }

    command->add = add->value;
    command->remove = remove->value;

    return CHATWS_OK;
}


chatws_rc_e
chatws_command_replace(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    size_t                       i;
    const chatws_json_member_t  *part, *replace;

    static const chatws_str_t    parts[] = {
        [CHATWS_PART_FIRST] = chatws_str("first"),
        [CHATWS_PART_NEXT] = chatws_str("next"),
        [CHATWS_PART_LAST] = chatws_str("last")
    };

    replace = &known[CHATWS_COMMAND_M_REPLACE];
    part = &known[CHATWS_COMMAND_M_PART];

    if (replace->value.len != 0 && replace->type != CHATWS_JSON_BOOL) {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE,
                                "replace must be true or false");
    }

    command->replace = replace->value.len != 0 && replace->truth;

    if (!command->replace || part->value.len == 0) {
        return CHATWS_OK;
    }

    for (i = CHATWS_PART_FIRST; i <= CHATWS_PART_LAST; i++) {
        if (part->type == CHATWS_JSON_STRING
            && chatws_str_equal(&part->string, &parts[i]))
        {
            command->part = i;
        }
    }

    if (command->part == CHATWS_PART_WHOLE) {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE,
                                "part must be first, next or last");
    }

    if (known[CHATWS_COMMAND_M_TOKEN].value.len == 0) {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE,
                                "token must be given with part");
    }

    return chatws_command_text(command, &known[CHATWS_COMMAND_M_TOKEN],
                               CHATWS_COMMAND_PART_MAX, &command->token,
                               "token must be a string of 1 to 64 bytes");
}


chatws_rc_e
chatws_command_version(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    const chatws_json_member_t  *m;

    m = &known[CHATWS_COMMAND_M_VERSION];

    if (m->value.len != 0
        && (!m->integer
            || chatws_json_uint(&m->value, &command->version) != CHATWS_OK
            || command->version > CHATWS_MEMBERS_NUMBER))
    {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE,
                                "version must be an integer that is not "
                                "negative");
    }

    return CHATWS_OK;
}


chatws_rc_e
chatws_command_reads(chatws_command_t *command,
    const chatws_json_member_t *known)
{
    const chatws_json_member_t  *epoch, *reads, *unread;

    reads = &known[CHATWS_COMMAND_M_READS];
    unread = &known[CHATWS_COMMAND_M_UNREAD];
    epoch = &known[CHATWS_COMMAND_M_EPOCH];

    if ((reads->value.len == 0 && unread->value.len == 0)
        || (reads->value.len != 0 && reads->type != CHATWS_JSON_OBJECT)
        || (unread->value.len != 0 && unread->type != CHATWS_JSON_OBJECT))
    {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE,
                                "reads or unread must be an object of users "
                                "and numbers");
    }

    if (reads->value.len != 0
        && (epoch->value.len == 0 || epoch->type != CHATWS_JSON_STRING))
    {
        return chatws_fault_set(&command->fault, CHATWS_E_MESSAGE,
                                "epoch must be given with reads");
    }

    command->reads = reads->value;
    command->unread = unread->value;
    command->epoch = reads->value.len != 0
                     ? chatws_epoch_parse(&epoch->string) : CHATWS_EPOCH_NONE;

    return CHATWS_OK;
}
