
/*
 * Copyright (C) chatws contributors
 *
 * UTF-8 validation: see chatws_utf8.h.  Floor 0.
 *
 * The state between two bytes says what may follow (RFC 3629, 4.): nothing
 * pending, one to three more tail bytes, or one of the four lead bytes that
 * narrow the range of the byte after them.
 */


#include <string.h>

#include "chatws_utf8.h"


#define CHATWS_UTF8_E0  4
#define CHATWS_UTF8_ED  5
#define CHATWS_UTF8_F0  6
#define CHATWS_UTF8_F4  7
#define CHATWS_UTF8_BAD 8

#define CHATWS_UTF8_HIGH  0x8080808080808080ULL


/* what the states 1 to 7 take: bytes low .. low + span, and where they lead */

typedef struct {
    uint8_t    low;
    uint8_t    span;
    uint8_t    next;
} chatws_utf8_state_t;


static chatws_rc_e chatws_utf8_plain(uint8_t *state, const uint8_t *p,
    size_t len);
static const uint8_t *chatws_utf8_ascii(const uint8_t *p,
    const uint8_t *last);
static unsigned chatws_utf8_lead(unsigned ch);


static const chatws_utf8_state_t  chatws_utf8_states[] = {
    { 0, 0, 0 },
    { 0x80, 0x3f, 0 },
    { 0x80, 0x3f, 1 },
    { 0x80, 0x3f, 2 },
    { 0xa0, 0x1f, 1 },    /* E0: no overlong forms */
    { 0x80, 0x1f, 1 },    /* ED: no surrogates */
    { 0x90, 0x2f, 2 },    /* F0: no overlong forms */
    { 0x80, 0x0f, 2 }     /* F4: nothing above U+10FFFF */
};


chatws_rc_e
chatws_utf8_check(uint8_t *state, const uint8_t *p, size_t len)
{
    return chatws_utf8_plain(state, p, len);
}


chatws_rc_e
chatws_utf8_valid(const uint8_t *p, size_t len)
{
    uint8_t  state;

    state = CHATWS_UTF8_START;

    if (chatws_utf8_check(&state, p, len) != CHATWS_OK) {
        return CHATWS_ERROR;
    }

    return (state == CHATWS_UTF8_START) ? CHATWS_OK : CHATWS_ERROR;
}


size_t
chatws_utf8_cut(const uint8_t *p, size_t len, size_t max)
{
    if (len <= max) {
        return len;
    }

    /* p[max] is the first byte left out: it has to start a character */

    while (max && (p[max] & 0xc0) == 0x80) {
        max--;
    }

    return max;
}


static chatws_rc_e
chatws_utf8_plain(uint8_t *state, const uint8_t *p, size_t len)
{
    unsigned                    st;
    const uint8_t              *last;
    const chatws_utf8_state_t  *s;

    st = *state;
    last = p + len;

    while (p < last) {

        if (st == CHATWS_UTF8_START) {

            if (*p < 0x80) {
                p = chatws_utf8_ascii(p, last);
                continue;
            }

            st = chatws_utf8_lead(*p++);

            if (st == CHATWS_UTF8_BAD) {
                return CHATWS_ERROR;
            }

            continue;
        }

        s = &chatws_utf8_states[st];

        if ((uint8_t) (*p++ - s->low) > s->span) {
            return CHATWS_ERROR;
        }

        st = s->next;
    }

    *state = (uint8_t) st;

    return CHATWS_OK;
}


/* the first byte that is not ASCII, or "last" */

static const uint8_t *
chatws_utf8_ascii(const uint8_t *p, const uint8_t *last)
{
    uint64_t  words[2];

    while (last - p >= 16) {
        memcpy(words, p, 16);

        if ((words[0] | words[1]) & CHATWS_UTF8_HIGH) {
            break;
        }

        p += 16;
    }

    while (p < last && *p < 0x80) {
        p++;
    }

    return p;
}


static unsigned
chatws_utf8_lead(unsigned ch)
{
    switch (ch) {

    case 0xe0:
        return CHATWS_UTF8_E0;

    case 0xed:
        return CHATWS_UTF8_ED;

    case 0xf0:
        return CHATWS_UTF8_F0;

    case 0xf4:
        return CHATWS_UTF8_F4;
    }

    if (ch < 0xc2 || ch > 0xf4) {
        return CHATWS_UTF8_BAD;
    }

    return (ch < 0xe0) ? 1 : (ch < 0xf0) ? 2 : 3;
}
