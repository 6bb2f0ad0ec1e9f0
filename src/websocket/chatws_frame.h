
/*
 * Copyright (C) chatws contributors
 *
 * WebSocket frames (RFC 6455, section 5): the header parser of the server's
 * side, the encoder, close codes.  Knows nothing of messages.
 */


#ifndef _CHATWS_FRAME_H_INCLUDED_
#define _CHATWS_FRAME_H_INCLUDED_


#include "base/chatws_core.h"


/* the bits of a frame's first byte (RFC 6455, 5.2) */

#define CHATWS_FRAME_FIN        0x80
#define CHATWS_FRAME_RSV1       0x40
#define CHATWS_FRAME_RSV2       0x20
#define CHATWS_FRAME_RSV3       0x10
#define CHATWS_FRAME_OPCODE     0x0f

#define CHATWS_FRAME_CONT       0x0
#define CHATWS_FRAME_TEXT       0x1
#define CHATWS_FRAME_BINARY     0x2
#define CHATWS_FRAME_CLOSE      0x8
#define CHATWS_FRAME_PING       0x9
#define CHATWS_FRAME_PONG       0xa

#define CHATWS_FRAME_CONTROL    0x8    /* this bit set: a control frame */

/* sizes in bytes */

#define CHATWS_FRAME_HEAD_IN    14     /* the longest header of a client */
#define CHATWS_FRAME_HEAD_OUT   10     /* the longest header of the server */
#define CHATWS_FRAME_CTL_MAX    125    /* payload of a control frame (5.5) */
#define CHATWS_FRAME_CLOSE_MAX  127    /* a whole close frame of the server */

/* status codes (RFC 6455, 7.4.1, and the IANA registry) */

#define CHATWS_CLOSE_NORMAL     1000
#define CHATWS_CLOSE_AWAY       1001
#define CHATWS_CLOSE_PROTOCOL   1002
#define CHATWS_CLOSE_TYPE       1003
#define CHATWS_CLOSE_NONE       1005   /* never sent: there was no code */
#define CHATWS_CLOSE_ABNORMAL   1006   /* never sent: there was no close */
#define CHATWS_CLOSE_DATA       1007
#define CHATWS_CLOSE_POLICY     1008
#define CHATWS_CLOSE_TOO_BIG    1009
#define CHATWS_CLOSE_INTERNAL   1011
#define CHATWS_CLOSE_RESTART    1012
#define CHATWS_CLOSE_LATER      1013


typedef struct {
    uint64_t      len;       /* of the payload */
    uint8_t       mask[4];
    uint8_t       first;     /* FIN, RSV1..3 and the opcode as they came */
    uint8_t       size;      /* of the header, 6, 8 or 14 */
} chatws_frame_t;


/* why a connection is failed: what to send in the close frame */

typedef struct {
    uint16_t      code;
    chatws_str_t  reason;    /* static ASCII text, shorter than 124 bytes */
} chatws_failure_t;


/*
 * Parses the header of a client's frame from the first "len" bytes of a
 * frame, never reading more than CHATWS_FRAME_HEAD_IN.  "allowed" has the
 * RSV bits that negotiated extensions may set on the first frame of a message
 * (CHATWS_FRAME_RSV1, or 0); "open" is not 0 while a fragmented message is
 * unfinished.
 *
 * CHATWS_OK: "f" is filled.  CHATWS_AGAIN: the header is longer, what is
 * there is right.  CHATWS_ERROR: "fail" is filled; every fault is told with
 * the byte that makes it: reserved bits and opcodes, fragmented control
 * frames, a continuation of nothing and a new message inside another (5.4),
 * no mask (5.1), control payloads over 125 bytes (5.5), lengths with the top
 * bit set or not in the shortest form (5.2): all of them 1002.
 */

chatws_rc_e chatws_frame_parse(chatws_frame_t *f, const uint8_t *p,
    size_t len, unsigned allowed, unsigned open, chatws_failure_t *fail);

/*
 * Writes the header of a server's frame with a payload of "len" bytes (below
 * 2^63); "first" is the first byte as it shall be sent, with FIN.  Returns
 * its size: 2, 4 or 10.  It is shorter by four than a client's header of the
 * same length, hence fits where that one was.
 */

size_t chatws_frame_header(uint8_t out[CHATWS_FRAME_HEAD_OUT], unsigned first,
    uint64_t len);

/* what chatws_frame_header() will return */

size_t chatws_frame_header_size(uint64_t len);

/*
 * Writes a whole close frame (RFC 6455, 5.5.1) and returns its size.
 * CHATWS_CLOSE_NONE gives an empty payload; "reason" is UTF-8 and is cut at
 * a character so that it fits; NULL: none.
 */

size_t chatws_frame_close(uint8_t out[CHATWS_FRAME_CLOSE_MAX], unsigned code,
    const chatws_str_t *reason);

/*
 * Tells whether a peer may send that code in a close frame (RFC 6455, 7.4):
 * 1000..1003, 1007..1014, 3000..4999.
 */

int chatws_frame_close_valid(unsigned code);

/* fills "fail", "reason" being a literal, and returns CHATWS_ERROR */

chatws_rc_e chatws_frame_fail(chatws_failure_t *fail, unsigned code,
    const char *reason);


#endif /* _CHATWS_FRAME_H_INCLUDED_ */
