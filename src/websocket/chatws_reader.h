
/*
 * Copyright (C) chatws contributors
 *
 * The reader of a WebSocket connection, server's side: makes messages and
 * control frames (RFC 6455, sections 5 to 8) of whatever pieces arrive.  It
 * is pulled by its user, works in place in the user's receive buffer, and
 * owns memory only while a message or a control frame is incomplete.
 * Knows no I/O, no clock and no use of the messages.
 */


#ifndef _CHATWS_READER_H_INCLUDED_
#define _CHATWS_READER_H_INCLUDED_


#include "base/chatws_core.h"
#include "base/chatws_memory.h"
#include "websocket/chatws_frame.h"


/* before every payload that a reader allocates, for the header of an echo */
#define CHATWS_READER_HEADROOM  CHATWS_FRAME_HEAD_OUT


typedef enum {
    CHATWS_EVENT_TEXT = 1,
    CHATWS_EVENT_BINARY,
    CHATWS_EVENT_PING,
    CHATWS_EVENT_PONG,
    CHATWS_EVENT_CLOSE
} chatws_event_e;


/* what is the same for many readers; must not change while they live */

typedef struct {
    chatws_memory_t   memory;
    size_t            max_message;  /* payload bytes of a whole message, below
                                     * 2^31; compressed ones may be longer on
                                     * the wire by an eighth and 64 bytes */
    size_t            max_empty;    /* fragments that a message may have
                                     * beyond one per payload byte, below
                                     * 2^31 */
    unsigned          no_binary:1;  /* fail binary messages with 1003 at their
                                     * first header */
} chatws_reader_conf_t;


/*
 * A reader; all zeroes is a fresh one without compression.  Its members are
 * the reader's own, but for "deflate".
 */

typedef struct {
    uint8_t          *data;         /* incomplete message, or delivered one */
    uint8_t          *control;      /* the same of a control frame */
    uint64_t          left;         /* payload bytes of the frame to come */
    uint32_t          len;          /* of the message so far */
    uint32_t          size;         /* what "data" has room for */
    uint32_t          fragments;    /* of the message so far */
    uint8_t           head[CHATWS_FRAME_HEAD_IN];
                                    /* an incomplete header; then the mask */
    uint8_t           nhead;        /* bytes in "head" */
    uint8_t           first;        /* first byte of the current frame */
    uint8_t           message;      /* the same of the message's first frame */
    uint8_t           nctl;         /* bytes in "control" */
    uint8_t           utf8;         /* state of the validation */
    unsigned          state:4;
    unsigned          deflate:1;    /* permessage-deflate was negotiated: set
                                     * by the user before the first call */
} chatws_reader_t;


typedef struct {
    chatws_event_e    type;
    unsigned          compressed:1; /* TEXT, BINARY: the message is as it came
                                     * (RFC 7692, 7.2.2): to be inflated, and
                                     * the text to be validated by the user */
    unsigned          in_place:1;   /* "data" lies in the input */
    uint8_t          *data;         /* payload; of CLOSE, the reason */
    size_t            len;
    uint16_t          code;         /* of CLOSE; CHATWS_CLOSE_NONE if none */
    chatws_failure_t  failure;      /* set with CHATWS_ERROR only */
} chatws_event_t;


/*
 * Reads from [*pos, last) up to the next event and moves "*pos" behind it.
 * The bytes are changed (unmasked in place).
 *
 * CHATWS_OK: "ev" is filled, to be called again.  ev->data is writable and
 * valid until the next call for this reader.  Where ev->in_place is set (a
 * message in one frame that is whole in the input) it lies in the input, and
 * later calls leave it alone: it is valid as long as the input is.
 * In front of ev->data there always is room for the chatws_frame_header() of
 * a message of ev->len bytes, which may be written there, also without harm
 * to events before this one: an echo needs no copy (not for CLOSE).
 * CHATWS_AGAIN: the input is consumed, nothing of it is referred to.
 * CHATWS_DONE: a CLOSE was delivered before; the input was discarded (5.5.1).
 * CHATWS_ERROR: the connection has to be failed with ev->failure (7.1.7).
 * The codes: 1002 protocol, 1003 binary and "no_binary", 1007 not UTF-8 (told
 * with the first bytes that can't be, also in mid frame), 1008 too many empty
 * fragments, 1009 over "max_message" (told with the header), 1011 no memory.
 * The reader has then freed all, and answers CHATWS_DONE from now on.
 */

chatws_rc_e chatws_reader_next(chatws_reader_t *rd,
    const chatws_reader_conf_t *conf, uint8_t **pos, uint8_t *last,
    chatws_event_t *ev);

/*
 * Frees what the reader owns, that is also the data of the last event; the
 * reader then answers CHATWS_DONE.  May be called at any time, repeatedly.
 */

void chatws_reader_close(chatws_reader_t *rd,
    const chatws_reader_conf_t *conf);


#endif /* _CHATWS_READER_H_INCLUDED_ */
