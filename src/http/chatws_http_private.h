
/*
 * Copyright (C) chatws contributors
 *
 * The states of the reader of HTTP answers, in which each byte that is none
 * of the body is looked at alone.
 */


#ifndef _CHATWS_HTTP_PRIVATE_H_INCLUDED_
#define _CHATWS_HTTP_PRIVATE_H_INCLUDED_


#include "http/chatws_http_answer.h"


/* digits of a length: over any that is allowed, and no overflow */
#define CHATWS_HTTP_DIGITS  15


typedef enum {
    CHATWS_HTTP_STATUS = 0,       /* "HTTP/1.x nnn" */
    CHATWS_HTTP_STATUS_END,
    CHATWS_HTTP_REASON,
    CHATWS_HTTP_STATUS_LF,

    CHATWS_HTTP_LINE,             /* at the begin of a field line */
    CHATWS_HTTP_NAME,
    CHATWS_HTTP_VALUE,
    CHATWS_HTTP_VALUE_LF,
    CHATWS_HTTP_HEAD_LF,          /* the line feed of the empty line */

    CHATWS_HTTP_BODY,             /* length bytes */
    CHATWS_HTTP_REST,             /* up to the end of the connection */

    CHATWS_HTTP_CHUNK_SIZE,
    CHATWS_HTTP_CHUNK_BLANK,
    CHATWS_HTTP_CHUNK_EXT,
    CHATWS_HTTP_CHUNK_SIZE_LF,
    CHATWS_HTTP_CHUNK,            /* length bytes */
    CHATWS_HTTP_CHUNK_CR,
    CHATWS_HTTP_CHUNK_LF,

    CHATWS_HTTP_TRAILER,          /* at the begin of a trailer line */
    CHATWS_HTTP_TRAILER_LINE,
    CHATWS_HTTP_TRAILER_LF,       /* of a trailer line */
    CHATWS_HTTP_END_LF,           /* of the empty line */

    CHATWS_HTTP_DONE
} chatws_http_state_e;


/* Sets why; returns CHATWS_ERROR. */
chatws_rc_e chatws_http_fail(chatws_http_answer_t *answer, const char *why);

/* 1: a character of a value or a reason (RFC 9110, 5.5). */
int chatws_http_text(uint8_t ch);

/* A byte in the states of chunks, and in those of what follows the last. */
chatws_rc_e chatws_http_chunk(chatws_http_answer_t *answer, uint8_t ch);
chatws_rc_e chatws_http_trailer(chatws_http_answer_t *answer, uint8_t ch);


#endif /* _CHATWS_HTTP_PRIVATE_H_INCLUDED_ */
