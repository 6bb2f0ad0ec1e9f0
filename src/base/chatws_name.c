
/*
 * Copyright (C) chatws contributors
 *
 * The rules for user ids, user names and chat ids; and the ids of inboxes.
 */


#include <string.h>

#include "base/chatws_name.h"
#include "base/chatws_utf8.h"


chatws_rc_e
chatws_name_check(const chatws_str_t *name)
{
    if (name->len == 0) {
        return CHATWS_DECLINED;
    }

    if (name->len > CHATWS_NAME_MAX
        || chatws_utf8_valid(name->data, name->len) != CHATWS_OK
        || chatws_name_has_control(name))
    {
        return CHATWS_ERROR;
    }

    return CHATWS_OK;
}


int
chatws_name_has_control(const chatws_str_t *text)
{
    size_t   i;
    uint8_t  c;

    for (i = 0; i < text->len; i++) {
        c = text->data[i];

        if (c < 0x20 || c == 0x7f) {
            return 1;
        }

        /* U+0080-009F; the text is valid, so a byte follows */

        if (c == 0xc2 && text->data[i + 1] < 0xa0) {
            return 1;
        }
    }

    return 0;
}


void
chatws_inbox_id(chatws_str_t *id, uint8_t buf[CHATWS_INBOX_MAX],
    const chatws_str_t *user)
{
    buf[0] = CHATWS_INBOX_MARK;
    memcpy(buf + 1, user->data, user->len);

    id->len = 1 + user->len;
    id->data = buf;
}
