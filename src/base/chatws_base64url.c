
/*
 * Copyright (C) chatws contributors
 *
 * base64url: see chatws_base64url.h.
 */


#include "base/chatws_base64url.h"


#define CHATWS_BASE64URL_BAD  64


static uint32_t chatws_base64url_value(uint8_t ch);


static const uint8_t  chatws_base64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


chatws_rc_e
chatws_base64url_check(const chatws_str_t *text)
{
    size_t    i;
    uint32_t  spare, v;

    if (text->len % 4 == 1) {
        return CHATWS_ERROR;
    }

    v = 0;

    for (i = 0; i < text->len; i++) {
        v = chatws_base64url_value(text->data[i]);

        if (v == CHATWS_BASE64URL_BAD) {
            return CHATWS_ERROR;
        }
    }

    /*
     * The last character has bits that belong to no byte.  They are zero, or
     * a value had several spellings.
     */

    spare = text->len % 4 == 2 ? 0xf : text->len % 4 == 3 ? 0x3 : 0;

    return v & spare ? CHATWS_ERROR : CHATWS_OK;
}


chatws_rc_e
chatws_base64url_decode(const chatws_str_t *text, uint8_t *out, size_t *len)
{
    size_t    i;
    uint8_t  *p;
    uint32_t  bits;

    if (chatws_base64url_check(text) != CHATWS_OK) {
        return CHATWS_ERROR;
    }

    p = out;
    bits = 0;

    for (i = 0; i < text->len; i++) {
        bits = bits << 6 | chatws_base64url_value(text->data[i]);

        /* the first of four characters completes no byte, the others do */

        switch (i % 4) {

        case 1:
            *p++ = (uint8_t) (bits >> 4);
            break;

        case 2:
            *p++ = (uint8_t) (bits >> 2);
            break;

        case 3:
            *p++ = (uint8_t) bits;
            break;
        }
    }

    *len = p - out;

    return CHATWS_OK;
}


/* A table would be faster by little, and a secret's bytes would index it. */

static uint32_t
chatws_base64url_value(uint8_t ch)
{
    if (ch >= 'A' && ch <= 'Z') {
        return ch - 'A';
    }

    if (ch >= 'a' && ch <= 'z') {
        return ch - 'a' + 26;
    }

    if (ch >= '0' && ch <= '9') {
        return ch - '0' + 52;
    }

    return ch == '-' ? 62 : ch == '_' ? 63 : CHATWS_BASE64URL_BAD;
}


size_t
chatws_base64url_encode(uint8_t *out, const uint8_t *p, size_t len)
{
    size_t    i, n;
    uint8_t  *start;
    uint32_t  bits;

    start = out;

    for (i = 0; i < len; i += 3) {
        n = len - i;

        bits = (uint32_t) p[i] << 16;
        bits |= n > 1 ? (uint32_t) p[i + 1] << 8 : 0;
        bits |= n > 2 ? p[i + 2] : 0;

        *out++ = chatws_base64url_alphabet[bits >> 18];
        *out++ = chatws_base64url_alphabet[bits >> 12 & 0x3f];

        if (n > 1) {
            *out++ = chatws_base64url_alphabet[bits >> 6 & 0x3f];
        }

        if (n > 2) {
            *out++ = chatws_base64url_alphabet[bits & 0x3f];
        }
    }

    return out - start;
}
