
/*
 * Copyright (C) chatws contributors
 *
 * The reader of an HTTP/1.x answer (RFC 9112) of an app server: status, the
 * few fields that count, and the body in pieces, from whatever pieces the
 * network makes.  Pure: it owns no memory and knows no connection.
 */


#ifndef _CHATWS_HTTP_ANSWER_H_INCLUDED_
#define _CHATWS_HTTP_ANSWER_H_INCLUDED_


#include "base/chatws_core.h"


#define CHATWS_HTTP_HEAD_MAX   16384   /* bytes of status line and fields, with
                                          trailers and chunk extensions */
#define CHATWS_HTTP_NAME_MAX   18      /* of a field's name that is looked at */
#define CHATWS_HTTP_VALUE_MAX  64      /* of such a field's value */


typedef struct {
    unsigned       state;
    unsigned       status;          /* 200 to 599 when the head is read */
    uint64_t       length;          /* bytes of body or chunk still to come */
    uint64_t       room;            /* bytes of body that are still allowed */
    size_t         head;            /* what CHATWS_HTTP_HEAD_MAX counts */
    size_t         n;               /* characters or digits read so far */
    size_t         name_len;        /* over NAME_MAX: of no interest */
    size_t         value_len;       /* over VALUE_MAX: cut off */
    uint8_t        name[CHATWS_HTTP_NAME_MAX];
    uint8_t        value[CHATWS_HTTP_VALUE_MAX];
    const char    *why;             /* of CHATWS_ERROR, for a log */
    unsigned       minor:1;         /* HTTP/1.1 or a later 1.x */
    unsigned       blank:1;         /* in the value, before what comes next */
    unsigned       sized:1;         /* has Content-Length */
    unsigned       chunked:1;
    unsigned       close:1;         /* the connection can't be used again */
} chatws_http_answer_t;


/* Begins an answer whose body may have so many bytes. */
void chatws_http_answer_begin(chatws_http_answer_t *answer, uint64_t max);

/*
 * Reads on: *used is set to the bytes that were taken, piece to those among
 * them that are body, len 0 for none.
 *
 * CHATWS_AGAIN: call again, with what is left or comes next; CHATWS_OK: the
 * answer is complete, and bytes that are left belong to no answer;
 * CHATWS_ERROR: it is none, or larger than allowed.  Then why says more, and
 * used and piece are not set; the connection is of no further use.
 */
chatws_rc_e chatws_http_answer_read(chatws_http_answer_t *answer,
    uint8_t *data, size_t len, size_t *used, chatws_str_t *piece);

/*
 * The peer has closed.  CHATWS_OK: the answer is complete, maybe by that, as
 * it has no length; CHATWS_ERROR: it is cut off.
 */
chatws_rc_e chatws_http_answer_end(chatws_http_answer_t *answer);


#endif /* _CHATWS_HTTP_ANSWER_H_INCLUDED_ */
