
/*
 * Copyright (C) chatws contributors
 *
 * Commands of an app server: from the text of a POST to a command with its
 * checked members, or to the error that is the answer; and the form in which a
 * command reaches all workers.
 */


#ifndef _CHATWS_COMMAND_H_INCLUDED_
#define _CHATWS_COMMAND_H_INCLUDED_


#include "base/chatws_core.h"
#include "base/chatws_fault.h"
#include "base/chatws_name.h"
#include "json/chatws_json.h"


#define CHATWS_COMMAND_SESSION_MAX  64     /* bytes of a session's id */
#define CHATWS_COMMAND_REASON_MAX   123    /* bytes: RFC 6455, section 5.5 */
#define CHATWS_COMMAND_TOKEN_MAX    1024   /* bytes of a jti or a kid */
#define CHATWS_COMMAND_ACK_MAX      64     /* bytes of an ack */
#define CHATWS_COMMAND_WAIT_MAX     60     /* seconds */
#define CHATWS_COMMAND_PART_MAX     64     /* bytes of the token of a list */

/* the bytes of a packed command, at most */
#define CHATWS_COMMAND_SIZE         576


/* Each has a row in chatws_command_rows[]. */

typedef enum {
    CHATWS_COMMAND_PUBLISH = 0,
    CHATWS_COMMAND_SUBSCRIBE,
    CHATWS_COMMAND_UNSUBSCRIBE,
    CHATWS_COMMAND_DISCONNECT,
    CHATWS_COMMAND_EXPIRE,
    CHATWS_COMMAND_REVOKE,
    CHATWS_COMMAND_FORGET,
    CHATWS_COMMAND_CHANGES,
    CHATWS_COMMAND_MEMBERS,
    CHATWS_COMMAND_READ,
    CHATWS_COMMAND_NONE,           /* an unknown one; the number of commands */

    /* these two have no name: the server gives them, not the app server */

    CHATWS_COMMAND_JOINED,         /* the user is a member of the chat now */
    CHATWS_COMMAND_LEFT,           /* and is not any more */
    CHATWS_COMMAND_N
} chatws_command_e;


/* The part of a list of members that a command has. */

typedef enum {
    CHATWS_PART_WHOLE = 0,         /* all of it */
    CHATWS_PART_FIRST,
    CHATWS_PART_NEXT,
    CHATWS_PART_LAST
} chatws_part_e;


/*
 * A command.  Strings that are not given are empty; those that are live as
 * long as the text and the block that were given to the parser, or as the
 * packed command.  Times are seconds since 1970.
 */

typedef struct {
    chatws_command_e  kind;
    chatws_str_t      user;        /* decoded and checked, as are the others */
    chatws_str_t      chat;
    chatws_str_t      session;
    chatws_str_t      except;      /* a session that is left out */
    chatws_str_t      reason;
    chatws_str_t      jti;         /* these two are not packed: */
    chatws_str_t      kid;
    uint64_t          key[2];      /* is, and is the caller's, who makes it of
                                      what is revoked */
    uint64_t          at;
    uint64_t          until;
    uint64_t          before;      /* issuedBefore */
    uint32_t          code;
    uint32_t          wait;        /* seconds; these two are not packed: */
    chatws_str_t      ack;         /* of a batch of changes */
    unsigned          has_until:1;
    unsigned          has_before:1;

    /* of members, and not packed: */

    chatws_str_t      add;         /* arrays as they were written, or empty */
    chatws_str_t      remove;
    chatws_str_t      token;       /* of a list in parts */
    uint64_t          version;     /* of the list; 0: none */
    chatws_part_e     part;
    unsigned          replace:1;   /* add is a list, or a part of it */

    /* of read, and not packed: */

    chatws_str_t      reads;       /* objects as they were written, or empty: */
    chatws_str_t      unread;      /* numbers by user */
    uint64_t          epoch;       /* of the numbers in reads; or
                                      CHATWS_EPOCH_NONE */

    chatws_str_t      publication; /* the text of a publish, without the
                                      member "command" */
    chatws_fault_t    fault;       /* set after CHATWS_ERROR only */
} chatws_command_t;


/*
 * Parses one command, see docs/server-api.md.  Its JSON may be nested at
 * most depth levels.  mem is a block of size bytes, at least
 * chatws_json_arena_size(text->len); it needs no alignment and is overwritten.
 * The text of a publish is changed: the member "command" becomes blanks.
 *
 * CHATWS_OK, or CHATWS_ERROR: the sender gets command->fault, with status 400.
 */
chatws_rc_e chatws_command_parse(chatws_command_t *command,
    const chatws_str_t *text, size_t depth, void *mem, size_t size);

/* The name of a command, which is not CHATWS_COMMAND_NONE. */
const chatws_str_t *chatws_command_name(chatws_command_e kind);

/*
 * Packs a command that was parsed into CHATWS_COMMAND_SIZE bytes at out, and
 * returns how many of them it takes.
 */
size_t chatws_command_pack(const chatws_command_t *command, uint8_t *out);

/* Unpacks one.  CHATWS_ERROR: this is no packed command. */
chatws_rc_e chatws_command_unpack(chatws_command_t *command,
    const chatws_str_t *text);


#endif /* _CHATWS_COMMAND_H_INCLUDED_ */
