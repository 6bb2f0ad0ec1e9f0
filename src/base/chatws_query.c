
/*
 * Copyright (C) chatws contributors
 *
 * Arguments of a URL's query string, form-decoded.
 */


#include <string.h>

#include "base/chatws_query.h"


static int chatws_query_match(const uint8_t *p, const uint8_t *last,
    const chatws_str_t *name);
static chatws_rc_e chatws_query_decode(const uint8_t *p, const uint8_t *last,
    chatws_str_t *value);
static int chatws_query_byte(const uint8_t **p, const uint8_t *last);
static int chatws_query_hex(uint8_t c);
static int chatws_query_lower(int c);


chatws_rc_e
chatws_query_get(const chatws_str_t *query, const chatws_str_t *name,
    chatws_str_t *value)
{
    const uint8_t  *end, *eq, *found, *last, *next, *p;

    if (query->len == 0) {
        return CHATWS_DECLINED;
    }

    found = NULL;
    end = NULL;
    last = query->data + query->len;

    for (p = query->data; p < last; p = next + 1) {

        next = memchr(p, '&', last - p);
        if (next == NULL) {
            next = last;
        }

        eq = memchr(p, '=', next - p);
        if (eq == NULL) {
            eq = next;
        }

        if (!chatws_query_match(p, eq, name)) {
            continue;
        }

        if (found != NULL
            || (size_t) (eq - p) != name->len
            || memcmp(p, name->data, name->len) != 0)
        {
            return CHATWS_ERROR;
        }

        found = (eq == next) ? next : eq + 1;
        end = next;
    }

    return found != NULL ? chatws_query_decode(found, end, value)
                         : CHATWS_DECLINED;
}


/*
 * Returns 1 if [p, last) can be read as the name, else 0: decoded, in any case
 * of letters, and as PHP and others read it, which drop blanks in front of it,
 * take a bracket behind it for an array, and a zero byte for its end.
 */

static int
chatws_query_match(const uint8_t *p, const uint8_t *last,
    const chatws_str_t *name)
{
    int             c;
    size_t          i;
    const uint8_t  *next;

    for (next = p; p < last && chatws_query_byte(&next, last) == ' '; p = next)
    {
        /* void */
    }

    for (i = 0; i < name->len; i++) {

        if (p == last
            || chatws_query_lower(chatws_query_byte(&p, last))
               != chatws_query_lower(name->data[i]))
        {
            return 0;
        }
    }

    if (p == last) {
        return 1;
    }

    c = chatws_query_byte(&p, last);

    return c == '[' || c == '\0';
}


static chatws_rc_e
chatws_query_decode(const uint8_t *p, const uint8_t *last,
    chatws_str_t *value)
{
    int     c;
    size_t  n;

    n = 0;

    while (p < last) {
        c = chatws_query_byte(&p, last);

        if (c < 0) {
            return CHATWS_ERROR;
        }

        value->data[n++] = (uint8_t) c;
    }

    value->len = n;

    return CHATWS_OK;
}


/*
 * Returns the byte that is written at *p, perhaps as an escape, and moves *p
 * behind it.  -1: this is a malformed escape.
 */

static int
chatws_query_byte(const uint8_t **p, const uint8_t *last)
{
    int             high, low;
    const uint8_t  *s;

    s = *p;

    switch (*s) {

    case '+':
        *p = s + 1;
        return ' ';

    case '%':
        if (last - s < 3) {
            return -1;
        }

        high = chatws_query_hex(s[1]);
        low = chatws_query_hex(s[2]);

        if (high < 0 || low < 0) {
            return -1;
        }

        *p = s + 3;
        return high << 4 | low;

    default:
        *p = s + 1;
        return *s;
    }
}


/* Returns the value of a hex digit, or -1. */

static int
chatws_query_hex(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    return -1;
}


static int
chatws_query_lower(int c)
{
    return (c >= 'A' && c <= 'Z') ? c | 0x20 : c;
}
