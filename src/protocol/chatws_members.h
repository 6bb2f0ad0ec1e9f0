
/*
 * Copyright (C) chatws contributors
 *
 * Lists of members of a chat, and of chats of a user, as the app server
 * writes them.
 */


#ifndef _CHATWS_MEMBERS_H_INCLUDED_
#define _CHATWS_MEMBERS_H_INCLUDED_


#include "base/chatws_core.h"
#include "base/chatws_fault.h"


#define CHATWS_MEMBERS_MAX   1000      /* entries of a list */

/* the largest integer that JSON carries everywhere: RFC 8259, section 6 */
#define CHATWS_MEMBERS_NUMBER  9007199254740991

#define CHATWS_D_MEMBERS     "add and remove must have at most 1000 entries"
#define CHATWS_D_UNREAD      "unread must be an integer that is not negative"


/* An entry; the user lives until the handler returns. */

typedef struct {
    chatws_str_t   user;           /* decoded and checked */
    uint64_t       unread;
    unsigned       has_unread:1;
    unsigned       has_muted:1;
    unsigned       muted:1;
} chatws_members_entry_t;


/* Is called for each entry, in order, and returns CHATWS_OK. */
typedef chatws_rc_e (*chatws_members_pt)(void *data,
    const chatws_members_entry_t *entry);

/*
 * The same for each chat of a user; valid is 0 where the name is no chat id or
 * the value is no number.
 */
typedef chatws_rc_e (*chatws_members_chat_pt)(void *data,
    const chatws_str_t *chat, uint64_t unread, int valid);


/*
 * Reads an array of members, whose text may be empty: there is none.  mem is a
 * block of size bytes, as for chatws_command_parse().
 *
 * CHATWS_OK, or CHATWS_ERROR: fault says why.  The handler may have been called
 * for entries in front of an error, so it only collects them.
 */
chatws_rc_e chatws_members_list(const chatws_str_t *text, size_t depth,
    void *mem, size_t size, chatws_members_pt handler, void *data,
    chatws_fault_t *fault);

/*
 * Reads an object whose names are chats and whose values are what is unread in
 * them.  CHATWS_ERROR: it is no such text; the handler may have been called.
 */
chatws_rc_e chatws_members_chats(const chatws_str_t *text, size_t depth,
    void *mem, size_t size, chatws_members_chat_pt handler, void *data);


#endif /* _CHATWS_MEMBERS_H_INCLUDED_ */
