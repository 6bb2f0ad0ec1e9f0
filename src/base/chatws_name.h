
/*
 * Copyright (C) chatws contributors
 *
 * The rules for user ids, user names and chat ids; and the ids of inboxes.
 */


#ifndef _CHATWS_NAME_H_INCLUDED_
#define _CHATWS_NAME_H_INCLUDED_


#include "base/chatws_core.h"


#define CHATWS_NAME_MAX  128       /* bytes */

/*
 * The inbox of a user is a chat of the store whose id is this byte and the id
 * of the user.  An id from outside was checked, and does not begin so.
 */

#define CHATWS_INBOX_MARK  0x01
#define CHATWS_INBOX_MAX   (CHATWS_NAME_MAX + 1)    /* bytes of its id */

/* whether an id, which is not empty, is that of an inbox */
#define chatws_inbox_is(id)  ((id)->data[0] == CHATWS_INBOX_MARK)


/*
 * Checks a user id, a user name or a chat id in its decoded form: it has 1 to
 * CHATWS_NAME_MAX bytes of valid UTF-8, and none of the control characters
 * U+0000-001F and U+007F-009F.
 *
 * CHATWS_OK.  CHATWS_DECLINED: it is empty.  CHATWS_ERROR: it is invalid.
 */
chatws_rc_e chatws_name_check(const chatws_str_t *name);

/* 1: the text, which is valid UTF-8, has one of these control characters. */
int chatws_name_has_control(const chatws_str_t *text);

/*
 * Writes the id of the inbox of a user, whose id was checked, to buf, and sets
 * *id to it.
 */
void chatws_inbox_id(chatws_str_t *id, uint8_t buf[CHATWS_INBOX_MAX],
    const chatws_str_t *user);


#endif /* _CHATWS_NAME_H_INCLUDED_ */
