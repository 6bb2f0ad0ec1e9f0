
/*
 * Copyright (C) chatws contributors
 *
 * The reader of a WebSocket connection of the server: it makes messages and
 * control frames of the pieces of input that arrive, RFC 6455, sections 5 to 8.
 *
 * Its user calls it for one event after the other.  It works in the buffer of
 * the user, and has memory of its own only while a message or a control frame
 * is incomplete.  It knows no I/O and no clock.
 */


#ifndef _CHATWS_READER_H_INCLUDED_
#define _CHATWS_READER_H_INCLUDED_


#include "base/chatws_core.h"
#include "base/chatws_memory.h"
#include "websocket/chatws_frame.h"


/* bytes before each payload in memory of the reader: room for a header */
#define CHATWS_READER_HEADROOM  CHATWS_FRAME_HEAD_OUT


typedef enum {
    CHATWS_EVENT_TEXT = 1,
    CHATWS_EVENT_BINARY,
    CHATWS_EVENT_PING,
    CHATWS_EVENT_PONG,
    CHATWS_EVENT_CLOSE
} chatws_event_e;


/* Settings for many readers; they do not change while a reader exists. */

typedef struct {
    chatws_memory_t   memory;
    size_t            max_message;  /* payload bytes of a whole message, less
                                     * than 2^31; compressed payload may have
                                     * an eighth and 64 bytes more */
    size_t            max_empty;    /* fragments that a message may have
                                     * besides one for each byte of payload,
                                     * less than 2^31 */
    unsigned          no_binary:1;  /* binary messages fail the connection
                                     * with 1003, at their first header */
} chatws_reader_conf_t;


/*
 * A reader.  Zeroed it is a fresh one, without compression.  Its user may set
 * deflate; all other members are private.
 */

typedef struct {
    uint8_t          *data;         /* a block with the payload of the message
                                     * that is incomplete, or was the last
                                     * event; NULL: there is none */
    uint8_t          *control;      /* the same for a control frame */
    uint64_t          left;         /* missing payload bytes of the frame */
    uint32_t          len;          /* bytes of the message so far */
    uint32_t          size;         /* bytes that data has room for */
    uint32_t          fragments;    /* of the message so far */
    uint8_t           head[CHATWS_FRAME_HEAD_IN];
                                    /* an incomplete header; then the mask */
    uint8_t           nhead;        /* bytes in head */
    uint8_t           first;        /* first byte of the current frame */
    uint8_t           message;      /* first byte of the message's first frame;
                                     * 0: no message is incomplete */
    uint8_t           nctl;         /* bytes in control */
    uint8_t           utf8;         /* state of the validation */
    unsigned          state:4;
    unsigned          deflate:1;    /* permessage-deflate was agreed on; is set
                                     * before the first call */
} chatws_reader_t;


typedef struct {
    chatws_event_e    type;
    unsigned          compressed:1; /* TEXT, BINARY: the user has to decompress
                                     * the message, RFC 7692, section 7.2.2,
                                     * and to validate a text */
    unsigned          in_place:1;   /* data lies in the input */
    uint8_t          *data;         /* the payload; CLOSE: the reason */
    size_t            len;
    uint16_t          code;         /* CLOSE; CHATWS_CLOSE_NONE: no code */
    chatws_failure_t  failure;      /* set after CHATWS_ERROR only */
} chatws_event_t;


/*
 * Reads the input [*pos, last) up to the next event, and moves *pos behind it.
 * The input is unmasked in place.
 *
 * CHATWS_OK: ev is filled, and there may be more events.  ev->data may be
 * changed, and is valid until the next call for this reader.  If ev->in_place
 * is set, which is so for a message that is in one frame and whole in the
 * input, it lies in the input and is valid as long as that.  Except for a
 * CLOSE, there is room before ev->data for the chatws_frame_header() of a
 * message of ev->len bytes, so that an echo needs no copy; it is not part of an
 * event before this one.
 *
 * CHATWS_AGAIN: all of the input was read, and nothing refers to it.
 *
 * CHATWS_DONE: there was a CLOSE before, and the input is discarded, section
 * 5.5.1.
 *
 * CHATWS_ERROR: the connection is failed with ev->failure, section 7.1.7.  Its
 * codes are 1002 for a violation of the protocol; 1003 for a binary message, if
 * no_binary is set; 1007 for text that is not UTF-8, at the first byte that
 * shows it; 1008 for too many empty fragments; 1009 for a message over
 * max_message, at the header that shows it; 1011 if there is no memory.  The
 * reader then owns nothing, and returns CHATWS_DONE from now on.
 */
chatws_rc_e chatws_reader_next(chatws_reader_t *rd,
    const chatws_reader_conf_t *conf, uint8_t **pos, uint8_t *last,
    chatws_event_t *ev);

/*
 * Frees all memory of the reader, in which the data of the last event may be.
 * The reader then returns CHATWS_DONE.  May be called at any time, and again.
 */
void chatws_reader_close(chatws_reader_t *rd,
    const chatws_reader_conf_t *conf);


#endif /* _CHATWS_READER_H_INCLUDED_ */
