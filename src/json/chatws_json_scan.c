
/*
 * Copyright (C) chatws contributors
 *
 * Questions about a JSON text that are answered without a parser.
 */


#include <string.h>

#include "json/chatws_json_scan.h"


static size_t chatws_json_surrogate(const uint8_t *p, const uint8_t *last,
    int *unpaired);
static uint32_t chatws_json_hex4(const uint8_t *p, const uint8_t *last);


/*
 * Strings are not told from the text between them.  A backslash between them is
 * an error, which the parser finds.
 */

chatws_rc_e
chatws_json_scan(const uint8_t *text, size_t len, uint8_t *copy)
{
    int             unpaired;
    chatws_rc_e     rc;
    const uint8_t  *last, *p;

    rc = CHATWS_OK;
    p = text;
    last = p + len;

    while (p < last) {

        if (*p < 0x20 && *p != '\t' && *p != '\n' && *p != '\r') {
            return CHATWS_ERROR;
        }

        if (*p != '\\') {
            p++;
            continue;
        }

        len = chatws_json_surrogate(p, last, &unpaired);

        if (unpaired) {
            rc = CHATWS_AGAIN;

            if (copy != NULL) {
                memcpy(copy + (p - text), "\\ufffd", 6);
            }
        }

        p += len;
    }

    return rc;
}


/*
 * Returns the length of the escape at p, or of two escapes if they are a pair
 * of surrogates.
 */

static size_t
chatws_json_surrogate(const uint8_t *p, const uint8_t *last, int *unpaired)
{
    uint32_t  c;

    *unpaired = 0;

    c = chatws_json_hex4(p, last);

    if (c < 0xd800 || c > 0xdfff) {

        /* a control character behind the backslash is not part of it */

        if (last - p < 2 || p[1] < 0x20) {
            return 1;
        }

        return 2;
    }

    if (c < 0xdc00) {
        c = chatws_json_hex4(p + 6, last);

        if (c >= 0xdc00 && c <= 0xdfff) {
            return 12;
        }
    }

    *unpaired = 1;

    return 6;
}


/* Returns the code unit of an escape \uXXXX at p, or 0 if there is none. */

static uint32_t
chatws_json_hex4(const uint8_t *p, const uint8_t *last)
{
    uint8_t   c;
    uint32_t  n;
    unsigned  i;

    if (last - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return 0;
    }

    n = 0;

    for (i = 2; i < 6; i++) {
        c = p[i];

        if (c >= '0' && c <= '9') {
            c -= '0';

        } else {
            c |= 0x20;

            if (c < 'a' || c > 'f') {
                return 0;
            }

            c -= 'a' - 10;
        }

        n = n << 4 | c;
    }

    return n;
}


size_t
chatws_json_skip(const uint8_t *text, size_t len, size_t pos)
{
    while (pos < len) {

        switch (text[pos]) {

        case ' ':
        case '\t':
        case '\n':
        case '\r':
        case ',':
        case ':':
            pos++;
            break;

        default:
            return pos;
        }
    }

    return pos;
}


int
chatws_json_is_array(const chatws_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {

        switch (text->data[i]) {

        case ' ':
        case '\t':
        case '\n':
        case '\r':
            continue;

        default:
            return text->data[i] == '[';
        }
    }

    return 0;
}


chatws_rc_e
chatws_json_uint(const chatws_str_t *value, uint64_t *n)
{
    size_t    i;
    uint8_t   c;
    uint64_t  v;

    if (value->len == 0) {
        return CHATWS_ERROR;
    }

    v = 0;

    for (i = 0; i < value->len; i++) {
        c = value->data[i];

        if (c < '0' || c > '9') {
            return CHATWS_ERROR;
        }

        c -= '0';

        if (v > (UINT64_MAX - c) / 10) {
            return CHATWS_ERROR;
        }

        v = v * 10 + c;
    }

    *n = v;

    return CHATWS_OK;
}
