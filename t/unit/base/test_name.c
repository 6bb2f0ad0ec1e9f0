
/*
 * Copyright (C) chatws contributors
 *
 * What may be a user id, a user name and a chat id.
 */


#include <stdlib.h>
#include <string.h>

#include "tap.h"

#include "base/chatws_utf8.c"
#include "base/chatws_name.c"


static chatws_rc_e check(const char *text, size_t len);


int
main(void)
{
    char      text[CHATWS_NAME_MAX + 1];
    uint8_t   c;
    unsigned  i, n;

    ok(check("", 0) == CHATWS_DECLINED, "empty");
    ok(check("chat_1", 6) == CHATWS_OK, "ASCII");
    ok(check(" ", 1) == CHATWS_OK, "a space");
    ok(check("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9) == CHATWS_OK,
       "two, three and four bytes");

    memset(text, 'x', sizeof(text));

    ok(check(text, CHATWS_NAME_MAX) == CHATWS_OK, "128 bytes");
    ok(check(text, CHATWS_NAME_MAX + 1) == CHATWS_ERROR, "129 bytes");

    n = 0;

    for (i = 0; i < 256; i++) {
        c = i;
        n += (check((char *) &c, 1) == CHATWS_OK) != (i >= 0x20 && i < 0x7f);
    }

    ok(n == 0, "each single byte");

    n = 0;

    for (i = 0x80; i < 0x100; i++) {
        text[0] = 'a';
        text[1] = 0xc0 | i >> 6;
        text[2] = 0x80 | (i & 0x3f);
        n += (check(text, 3) == CHATWS_OK) != (i >= 0xa0);
    }

    ok(n == 0, "U+0080 to U+00FF");

    ok(check("a\xc2", 2) == CHATWS_ERROR, "cut short");
    ok(check("\xed\xa0\x80", 3) == CHATWS_ERROR, "a surrogate");
    ok(check("\xc0\xaf", 2) == CHATWS_ERROR, "an overlong form");

    /* C2 as a continuation is no first byte */

    ok(check("\xe8\x82\x85", 3) == CHATWS_OK, "U+8085");

    return done();
}


static chatws_rc_e
check(const char *text, size_t len)
{
    chatws_rc_e   rc;
    chatws_str_t  name;

    name.len = len;
    name.data = malloc(len ? len : 1);
    memcpy(name.data, text, len);

    rc = chatws_name_check(&name);

    free(name.data);

    return rc;
}
