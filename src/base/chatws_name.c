
/*
 * Copyright (C) chatws contributors
 *
 * What a user id, a user name and a chat id may look like.
 */


#include "base/chatws_name.h"
#include "base/chatws_utf8.h"


chatws_rc_e
chatws_name_check(const chatws_str_t *name)
{
    size_t   i;
    uint8_t  c;

    if (name->len == 0) {
        return CHATWS_DECLINED;
    }

    if (name->len > CHATWS_NAME_MAX
        || chatws_utf8_valid(name->data, name->len) != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (c < 0x20 || c == 0x7f) {
            return CHATWS_ERROR;
        }

        /* U+0080-009F; the text is valid, so a byte follows */

        if (c == 0xc2 && name->data[i + 1] < 0xa0) {
            return CHATWS_ERROR;
        }
    }

    return CHATWS_OK;
}
