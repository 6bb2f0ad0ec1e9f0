
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
chatws_base64url_decode(const chatws_str_t *text, uint8_t *out, size_t *len)
{
    size_t    i;
    uint8_t  *p;
    uint32_t  bits, v;

    if (text->len % 4 == 1) {
        return CHATWS_ERROR;
    }

    p = out;
    bits = 0;

    for (i = 0; i < text->len; i++) {
        v = chatws_base64url_value(text->data[i]);

        if (v == CHATWS_BASE64URL_BAD) {
            return CHATWS_ERROR;
        }

        bits = bits << 6 | v;

        if (i % 4 == 3) {
            *p++ = (uint8_t) (bits >> 16);
            *p++ = (uint8_t) (bits >> 8);
            *p++ = (uint8_t) bits;
            bits = 0;
        }
    }

    /* bits that belong to no byte are zero, or a value had two spellings */

    switch (text->len % 4) {

    case 2:
        if (bits & 0xf) {
            return CHATWS_ERROR;
        }

        *p++ = (uint8_t) (bits >> 4);
        break;

    case 3:
        if (bits & 0x3) {
            return CHATWS_ERROR;
        }

        *p++ = (uint8_t) (bits >> 10);
        *p++ = (uint8_t) (bits >> 2);
        break;
    }

    *len = p - out;

    return CHATWS_OK;
}


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
