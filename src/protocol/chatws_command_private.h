
/*
 * Copyright (C) chatws contributors
 *
 * Commands, for the files that find, check and pack them.
 */


#ifndef _CHATWS_COMMAND_PRIVATE_H_INCLUDED_
#define _CHATWS_COMMAND_PRIVATE_H_INCLUDED_


#include "protocol/chatws_command.h"


/* The members that the server knows: each has a row in the table of names. */

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
    CHATWS_COMMAND_M_ACK,
    CHATWS_COMMAND_M_WAIT,
    CHATWS_COMMAND_M_ADD,
    CHATWS_COMMAND_M_REMOVE,
    CHATWS_COMMAND_M_REPLACE,
    CHATWS_COMMAND_M_PART,
    CHATWS_COMMAND_M_TOKEN,
    CHATWS_COMMAND_M_VERSION,
    CHATWS_COMMAND_M_READS,
    CHATWS_COMMAND_M_UNREAD,
    CHATWS_COMMAND_M_EPOCH,
    CHATWS_COMMAND_M_N
} chatws_command_member_e;


/*
 * Each checks members, of which there are CHATWS_COMMAND_M_N; a missing one
 * has an empty value.  CHATWS_OK: the fields of the command are set.
 * CHATWS_ERROR: its fault is.
 */

chatws_rc_e chatws_command_user(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_any_user(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_chat(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_any_chat(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_session(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_close(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_at(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_until(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_revoked(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_ack(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_wait(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_lists(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_replace(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_version(chatws_command_t *command,
    const chatws_json_member_t *known);
chatws_rc_e chatws_command_reads(chatws_command_t *command,
    const chatws_json_member_t *known);

/*
 * Sets *out to a string of 1 to max bytes without control characters, or
 * leaves it as it is where the member is missing.  CHATWS_ERROR: it is
 * something else, and the fault has these details.
 */
chatws_rc_e chatws_command_text(chatws_command_t *command,
    const chatws_json_member_t *m, size_t max, chatws_str_t *out,
    const char *details);


#endif /* _CHATWS_COMMAND_PRIVATE_H_INCLUDED_ */
