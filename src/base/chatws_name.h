
/*
 * Copyright (C) chatws contributors
 *
 * The rules for user ids, user names and chat ids.
 */


#ifndef _CHATWS_NAME_H_INCLUDED_
#define _CHATWS_NAME_H_INCLUDED_


#include "base/chatws_core.h"


#define CHATWS_NAME_MAX  128       /* bytes */


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


#endif /* _CHATWS_NAME_H_INCLUDED_ */
