
/*
 * Copyright (C) chatws contributors
 *
 * Header fields of the opening handshake: see chatws_handshake.h.
 */


#include <string.h>

#include "websocket/chatws_handshake.h"


#define CHATWS_HANDSHAKE_KEY_LEN  24


static int chatws_handshake_blank(unsigned ch);
static unsigned chatws_handshake_lower(unsigned ch);
static const uint8_t *chatws_handshake_element(const uint8_t *p,
    const uint8_t *last, chatws_str_t *element);


chatws_rc_e
chatws_handshake_token(const chatws_str_t *value, const chatws_str_t *token)
{
    size_t          i;
    const uint8_t  *last, *p;
    chatws_str_t    element;

    p = value->data;
    last = p + value->len;

    while (p < last) {
        p = chatws_handshake_element(p, last, &element);

        if (element.len == 0 || element.len != token->len) {
            continue;
        }

        for (i = 0; i < element.len; i++) {
            if (chatws_handshake_lower(element.data[i])
                != chatws_handshake_lower(token->data[i]))
            {
                break;
            }
        }

        if (i == element.len) {
            return CHATWS_OK;
        }
    }

    return CHATWS_DECLINED;
}


chatws_rc_e
chatws_handshake_key(const chatws_str_t *key)
{
    size_t    i;
    unsigned  ch;

    if (key->len != CHATWS_HANDSHAKE_KEY_LEN) {
        return CHATWS_ERROR;
    }

    /* RFC 4648, 4.: 22 characters hold 16 bytes and four unused bits */

    for (i = 0; i < CHATWS_HANDSHAKE_KEY_LEN - 2; i++) {
        ch = key->data[i];

        if ((ch >= '0' && ch <= '9') || ch == '+' || ch == '/') {
            continue;
        }

        ch = chatws_handshake_lower(ch);

        if (ch < 'a' || ch > 'z') {
            return CHATWS_ERROR;
        }
    }

    if (key->data[i] != '=' || key->data[i + 1] != '=') {
        return CHATWS_ERROR;
    }

    return CHATWS_OK;
}


chatws_rc_e
chatws_handshake_version(const chatws_str_t *value)
{
    size_t    i;
    unsigned  n;

    /* RFC 6455, 4.3: 0 to 255 without leading zeroes */

    if (value->len == 0 || value->len > 3) {
        return CHATWS_ERROR;
    }

    if (value->data[0] == '0' && value->len > 1) {
        return CHATWS_ERROR;
    }

    n = 0;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < '0' || value->data[i] > '9') {
            return CHATWS_ERROR;
        }

        n = n * 10 + value->data[i] - '0';
    }

    if (n > 255) {
        return CHATWS_ERROR;
    }

    return (n == 13) ? CHATWS_OK : CHATWS_DECLINED;
}


chatws_rc_e
chatws_handshake_protocol(const chatws_str_t *value, const chatws_str_t *name)
{
    size_t          i;
    const uint8_t  *last, *p;
    chatws_rc_e     rc;
    chatws_str_t    element;

    rc = CHATWS_DECLINED;
    p = value->data;
    last = p + value->len;

    while (p < last) {
        p = chatws_handshake_element(p, last, &element);

        for (i = 0; i < element.len; i++) {
            if (!chatws_handshake_tchar(element.data[i])) {
                return CHATWS_ERROR;
            }
        }

        if (element.len
            && element.len == name->len
            && memcmp(element.data, name->data, name->len) == 0)
        {
            rc = CHATWS_OK;
        }
    }

    return rc;
}


chatws_rc_e
chatws_handshake_prefix(const chatws_str_t *value, const chatws_str_t *prefix,
    chatws_str_t *rest)
{
    const uint8_t  *last, *p;
    chatws_str_t    element;

    p = value->data;
    last = p + value->len;

    while (p < last) {
        p = chatws_handshake_element(p, last, &element);

        if (element.len >= prefix->len
            && memcmp(element.data, prefix->data, prefix->len) == 0)
        {
            rest->len = element.len - prefix->len;
            rest->data = element.data + prefix->len;

            return CHATWS_OK;
        }
    }

    return CHATWS_DECLINED;
}


/*
 * Sets element to the element of a comma-separated list that starts at p,
 * without the blanks around it, and returns the start of the next one.
 */

static const uint8_t *
chatws_handshake_element(const uint8_t *p, const uint8_t *last,
    chatws_str_t *element)
{
    const uint8_t  *end, *next;

    while (p < last && chatws_handshake_blank(*p)) {
        p++;
    }

    for (end = p; end < last && *end != ','; end++) { /* void */ }

    next = (end < last) ? end + 1 : last;

    while (end > p && chatws_handshake_blank(end[-1])) {
        end--;
    }

    element->len = end - p;
    element->data = (uint8_t *) p;

    return next;
}


static int
chatws_handshake_blank(unsigned ch)
{
    return ch == ' ' || ch == '\t';
}


/* RFC 9110, 5.6.2 */

int
chatws_handshake_tchar(unsigned ch)
{
    unsigned  lower;

    lower = chatws_handshake_lower(ch);

    if ((ch >= '0' && ch <= '9') || (lower >= 'a' && lower <= 'z')) {
        return 1;
    }

    return ch > ' ' && ch < 0x7f && strchr("!#$%&'*+-.^_`|~", ch) != NULL;
}


static unsigned
chatws_handshake_lower(unsigned ch)
{
    return (ch >= 'A' && ch <= 'Z') ? (ch | 0x20) : ch;
}
