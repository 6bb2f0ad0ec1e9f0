
/*
 * Copyright (C) chatws contributors
 *
 * Ids of messages and sessions, and the text form of an epoch.
 */


#include <string.h>

#include "base/chatws_id.h"


static uint8_t *chatws_id_digits(uint8_t *p, unsigned n, uint64_t value);


void
chatws_id_make(uint64_t stamp, uint64_t random, uint8_t out[CHATWS_ID_LEN])
{
    uint8_t  *p;

    memcpy(out, "msg_", 4);

    p = chatws_id_digits(out + 4, 12, stamp);

    (void) chatws_id_digits(p, 10, random);
}


void
chatws_id_session(uint64_t stamp, uint64_t random,
    uint8_t out[CHATWS_SESSION_LEN])
{
    uint8_t  *p;

    memcpy(out, "s_", 2);

    p = chatws_id_digits(out + 2, 12, stamp);

    (void) chatws_id_digits(p, 10, random);
}


/* Writes n digits of the value in base 36, and returns the byte behind them. */

static uint8_t *
chatws_id_digits(uint8_t *p, unsigned n, uint64_t value)
{
    unsigned  i;

    i = n;

    while (i-- != 0) {
        p[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36];
        value /= 36;
    }

    return p + n;
}


void
chatws_epoch_format(uint8_t out[CHATWS_EPOCH_LEN], uint64_t epoch)
{
    unsigned  i;

    i = CHATWS_EPOCH_LEN;

    while (i-- != 0) {
        out[i] = "0123456789abcdef"[epoch & 15];
        epoch >>= 4;
    }
}


uint64_t
chatws_epoch_parse(const chatws_str_t *text)
{
    size_t    i;
    uint8_t   c;
    uint64_t  epoch;

    if (text->len != CHATWS_EPOCH_LEN) {
        return CHATWS_EPOCH_NONE;
    }

    epoch = 0;

    for (i = 0; i < CHATWS_EPOCH_LEN; i++) {
        c = text->data[i];

        if (c >= '0' && c <= '9') {
            c -= '0';

        } else if (c >= 'a' && c <= 'f') {
            c -= 'a' - 10;

        } else {
            return CHATWS_EPOCH_NONE;
        }

        epoch = epoch << 4 | c;
    }

    return epoch;
}
