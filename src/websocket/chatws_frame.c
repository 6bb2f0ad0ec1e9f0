
/*
 * Copyright (C) chatws contributors
 *
 * WebSocket frames: see chatws_frame.h.  The section numbers in the comments
 * are those of RFC 6455.
 */


#include <string.h>

#include "base/chatws_utf8.h"
#include "websocket/chatws_frame.h"


static chatws_rc_e chatws_frame_first(unsigned first, unsigned allowed,
    unsigned open, chatws_failure_t *fail);
static chatws_rc_e chatws_frame_len16(chatws_frame_t *f, const uint8_t *p,
    size_t len, chatws_failure_t *fail);
static chatws_rc_e chatws_frame_len64(chatws_frame_t *f, const uint8_t *p,
    size_t len, chatws_failure_t *fail);


chatws_rc_e
chatws_frame_parse(chatws_frame_t *f, const uint8_t *p, size_t len,
    unsigned allowed, unsigned open, chatws_failure_t *fail)
{
    chatws_rc_e  rc;

    if (len == 0) {
        return CHATWS_AGAIN;
    }

    f->first = p[0];

    rc = chatws_frame_first(p[0], allowed, open, fail);

    if (rc != CHATWS_OK) {
        return rc;
    }

    if (len == 1) {
        return CHATWS_AGAIN;
    }

    /* 5.1: a client masks every frame, a server fails any other */

    if (!(p[1] & 0x80)) {
        return chatws_frame_fail(fail, CHATWS_CLOSE_PROTOCOL,
                                 "frame is not masked");
    }

    f->len = p[1] & 0x7f;
    f->size = 6;

    if (f->len > CHATWS_FRAME_CTL_MAX) {

        /* 5.5 */

        if (f->first & CHATWS_FRAME_CONTROL) {
            return chatws_frame_fail(fail, CHATWS_CLOSE_PROTOCOL,
                                     "control frame is too long");
        }

        if (f->len == 126) {
            rc = chatws_frame_len16(f, p + 2, len - 2, fail);

        } else {
            rc = chatws_frame_len64(f, p + 2, len - 2, fail);
        }

        if (rc != CHATWS_OK) {
            return rc;
        }
    }

    if (len < f->size) {
        return CHATWS_AGAIN;
    }

    memcpy(f->mask, p + f->size - 4, 4);

    return CHATWS_OK;
}


static chatws_rc_e
chatws_frame_first(unsigned first, unsigned allowed, unsigned open,
    chatws_failure_t *fail)
{
    unsigned  rsv;

    rsv = first & (CHATWS_FRAME_RSV1|CHATWS_FRAME_RSV2|CHATWS_FRAME_RSV3);

    switch (first & CHATWS_FRAME_OPCODE) {

    case CHATWS_FRAME_TEXT:
    case CHATWS_FRAME_BINARY:

        rsv &= ~allowed;

        if (rsv == 0 && open) {
            return chatws_frame_fail(fail, CHATWS_CLOSE_PROTOCOL,
                                     "message inside another message");
        }

        break;

    case CHATWS_FRAME_CONT:

        if (rsv == 0 && !open) {
            return chatws_frame_fail(fail, CHATWS_CLOSE_PROTOCOL,
                                     "nothing to continue");
        }

        break;

    case CHATWS_FRAME_CLOSE:
    case CHATWS_FRAME_PING:
    case CHATWS_FRAME_PONG:

        if (rsv == 0 && !(first & CHATWS_FRAME_FIN)) {
            return chatws_frame_fail(fail, CHATWS_CLOSE_PROTOCOL,
                                     "fragmented control frame");
        }

        break;

    default:
        return chatws_frame_fail(fail, CHATWS_CLOSE_PROTOCOL,
                                 "reserved opcode");
    }

    if (rsv) {
        return chatws_frame_fail(fail, CHATWS_CLOSE_PROTOCOL,
                                 "reserved bits");
    }

    return CHATWS_OK;
}


/* 5.2: "the minimal number of bytes MUST be used to encode the length" */

static chatws_rc_e
chatws_frame_len16(chatws_frame_t *f, const uint8_t *p, size_t len,
    chatws_failure_t *fail)
{
    f->size = 8;

    if (len < 2) {
        return CHATWS_AGAIN;
    }

    f->len = (uint64_t) p[0] << 8 | p[1];

    if (f->len < 126) {
        return chatws_frame_fail(fail, CHATWS_CLOSE_PROTOCOL,
                                 "length is not minimal");
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_frame_len64(chatws_frame_t *f, const uint8_t *p, size_t len,
    chatws_failure_t *fail)
{
    size_t  i;

    f->size = 14;
    f->len = 0;

    for (i = 0; i < len && i < 8; i++) {
        f->len = f->len << 8 | p[i];
    }

    /* 5.2: "the most significant bit MUST be 0" */

    if (len > 0 && p[0] & 0x80) {
        return chatws_frame_fail(fail, CHATWS_CLOSE_PROTOCOL,
                                 "length is too large");
    }

    /* six leading bytes of zero: 16 bits would have been enough */

    if (i >= 6 && f->len >> (8 * (i - 6)) == 0) {
        return chatws_frame_fail(fail, CHATWS_CLOSE_PROTOCOL,
                                 "length is not minimal");
    }

    return (i == 8) ? CHATWS_OK : CHATWS_AGAIN;
}


size_t
chatws_frame_header(uint8_t out[CHATWS_FRAME_HEAD_OUT], unsigned first,
    uint64_t len)
{
    unsigned  i;

    out[0] = (uint8_t) first;

    if (len < 126) {
        out[1] = (uint8_t) len;
        return 2;
    }

    if (len < 65536) {
        out[1] = 126;
        out[2] = (uint8_t) (len >> 8);
        out[3] = (uint8_t) len;
        return 4;
    }

    out[1] = 127;

    for (i = 0; i < 8; i++) {
        out[2 + i] = (uint8_t) (len >> (56 - 8 * i));
    }

    return 10;
}


size_t
chatws_frame_header_size(uint64_t len)
{
    return (len < 126) ? 2 : (len < 65536) ? 4 : 10;
}


size_t
chatws_frame_payload(const uint8_t *frame)
{
    return (frame[1] < 126) ? 2 : (frame[1] == 126) ? 4 : 10;
}


size_t
chatws_frame_close(uint8_t out[CHATWS_FRAME_CLOSE_MAX], unsigned code,
    const chatws_str_t *reason)
{
    size_t  len;

    out[0] = CHATWS_FRAME_FIN|CHATWS_FRAME_CLOSE;

    /* 7.4.1: 1005 must not be sent, it stands for a close without a code */

    if (code == CHATWS_CLOSE_NONE) {
        out[1] = 0;
        return 2;
    }

    len = 0;

    if (reason && reason->len) {
        len = chatws_utf8_cut(reason->data, reason->len,
                              CHATWS_FRAME_CTL_MAX - 2);
        memcpy(out + 4, reason->data, len);
    }

    out[1] = (uint8_t) (len + 2);
    out[2] = (uint8_t) (code >> 8);
    out[3] = (uint8_t) code;

    return len + 4;
}


int
chatws_frame_close_valid(unsigned code)
{
    /*
     * 7.4.2: codes below 1000 are not used, those up to 2999 belong to the
     * protocol, and those up to 4999 to libraries and applications.  The
     * registry of the protocol's has 1000 to 1015, of which 1004 is reserved,
     * and 1005, 1006 and 1015 must not be sent.
     */

    if (code >= 3000) {
        return code <= 4999;
    }

    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}


chatws_rc_e
chatws_frame_fail(chatws_failure_t *fail, unsigned code, const char *reason)
{
    fail->code = (uint16_t) code;
    fail->reason.len = strlen(reason);
    fail->reason.data = (uint8_t *) reason;

    return CHATWS_ERROR;
}
