
/*
 * Copyright (C) chatws contributors
 *
 * WebSocket frames, RFC 6455, section 5: reading the headers of a client's
 * frames, writing those of the server's frames, close codes.  This file knows
 * nothing of messages.
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

#define CHATWS_FRAME_CONTROL    0x8    /* this bit of the opcode is set in
                                          control frames */

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
#define CHATWS_CLOSE_EXPIRED    4401
#define CHATWS_CLOSE_FORBIDDEN  4403
#define CHATWS_CLOSE_NO_AUTH    4408
#define CHATWS_CLOSE_TOO_MANY   4429


typedef struct {
    uint64_t      len;       /* of the payload */
    uint8_t       mask[4];
    uint8_t       first;     /* the first byte: FIN, RSV1..3, the opcode */
    uint8_t       size;      /* of the header: 6, 8 or 14 */
} chatws_frame_t;


/* The content of the close frame with which a connection is failed. */

typedef struct {
    uint16_t      code;
    chatws_str_t  reason;    /* static ASCII text, shorter than 124 bytes */
} chatws_failure_t;


/*
 * Parses the header of a client's frame, of which the first len bytes have
 * arrived; no more than CHATWS_FRAME_HEAD_IN bytes are read.  allowed has the
 * RSV bits that extensions may set in the first frame of a message:
 * CHATWS_FRAME_RSV1, or 0.  open is not 0 while a fragmented message is
 * unfinished.
 *
 * CHATWS_OK: f is filled.  CHATWS_AGAIN: the header is longer, and valid so
 * far.  CHATWS_ERROR: the connection is failed with *fail, the code of which is
 * 1002.  The error is returned as soon as the byte has arrived that makes it:
 * a reserved bit or opcode, or a length that is not in the shortest form or has
 * the top bit set (5.2); no mask (5.1); a continuation without a message, or a
 * message within another one (5.4); a control frame that is fragmented, or has
 * more than 125 bytes of payload (5.5).
 */
chatws_rc_e chatws_frame_parse(chatws_frame_t *f, const uint8_t *p,
    size_t len, unsigned allowed, unsigned open, chatws_failure_t *fail);

/*
 * Writes the header of a server's frame with a payload of len bytes, less than
 * 2^63; first is the first byte of the frame, with FIN.  Returns the size of
 * the header: 2, 4 or 10.  A client's header for this length has four more
 * bytes, so the new one fits into its place.
 */
size_t chatws_frame_header(uint8_t out[CHATWS_FRAME_HEAD_OUT], unsigned first,
    uint64_t len);

/* Returns the size of the header of a payload of len bytes: 2, 4 or 10. */
size_t chatws_frame_header_size(uint64_t len);

/* Returns the offset of the payload in a frame of the server. */
size_t chatws_frame_payload(const uint8_t *frame);

/*
 * Writes a whole close frame, RFC 6455, section 5.5.1, and returns its size.
 * With the code CHATWS_CLOSE_NONE its payload is empty.  reason is UTF-8, and
 * is cut between two characters if it is too long; NULL: there is none.
 */
size_t chatws_frame_close(uint8_t out[CHATWS_FRAME_CLOSE_MAX], unsigned code,
    const chatws_str_t *reason);

/*
 * Returns 1 if a peer may send this code in a close frame, else 0.  RFC 6455,
 * section 7.4: it may send 1000 to 1003, 1007 to 1014, 3000 to 4999.
 */
int chatws_frame_close_valid(unsigned code);

/* Sets *fail, the reason of which is a literal, and returns CHATWS_ERROR. */
chatws_rc_e chatws_frame_fail(chatws_failure_t *fail, unsigned code,
    const char *reason);


#endif /* _CHATWS_FRAME_H_INCLUDED_ */
