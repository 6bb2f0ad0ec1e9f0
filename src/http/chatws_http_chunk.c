
/*
 * Copyright (C) chatws contributors
 *
 * The chunks of an HTTP answer's body, but for their bytes.  The section
 * numbers in the comments are those of RFC 9112.
 */


#include "http/chatws_http_private.h"


static chatws_rc_e chatws_http_chunk_digit(chatws_http_answer_t *answer,
    int digit);
static int chatws_http_hex(uint8_t ch);


/* Section 7.1; extensions are passed over, and counted with the head. */

chatws_rc_e
chatws_http_chunk(chatws_http_answer_t *answer, uint8_t ch)
{
    int  digit;

    switch ((chatws_http_state_e) answer->state) {

    case CHATWS_HTTP_CHUNK_SIZE:

        digit = chatws_http_hex(ch);

        if (digit >= 0) {
            return chatws_http_chunk_digit(answer, digit);
        }

        if (answer->n == 0) {
            break;
        }

        answer->n = 0;

        /* fall through */

    case CHATWS_HTTP_CHUNK_BLANK:
    case CHATWS_HTTP_CHUNK_EXT:

        if (ch == '\r') {
            answer->state = CHATWS_HTTP_CHUNK_SIZE_LF;
            return CHATWS_OK;
        }

        if (++answer->head > CHATWS_HTTP_HEAD_MAX) {
            return chatws_http_fail(answer, "the chunk extensions are too "
                                            "large");
        }

        if (answer->state == CHATWS_HTTP_CHUNK_EXT) {

            if (chatws_http_text(ch)) {
                return CHATWS_OK;
            }

            break;
        }

        if (ch == ' ' || ch == '\t') {
            answer->state = CHATWS_HTTP_CHUNK_BLANK;
            return CHATWS_OK;
        }

        if (ch == ';') {
            answer->state = CHATWS_HTTP_CHUNK_EXT;
            return CHATWS_OK;
        }

        break;

    case CHATWS_HTTP_CHUNK_SIZE_LF:

        if (ch == '\n') {
            answer->state = answer->length == 0 ? CHATWS_HTTP_TRAILER
                                                : CHATWS_HTTP_CHUNK;
            return CHATWS_OK;
        }

        break;

    case CHATWS_HTTP_CHUNK_CR:

        if (ch == '\r') {
            answer->state = CHATWS_HTTP_CHUNK_LF;
            return CHATWS_OK;
        }

        break;

    default: /* CHATWS_HTTP_CHUNK_LF */

        if (ch == '\n') {
            answer->state = CHATWS_HTTP_CHUNK_SIZE;
            return CHATWS_OK;
        }
    }

    return chatws_http_fail(answer, "a chunk is not well formed");
}


static chatws_rc_e
chatws_http_chunk_digit(chatws_http_answer_t *answer, int digit)
{
    if (++answer->n > CHATWS_HTTP_DIGITS) {
        return chatws_http_fail(answer, "a chunk is not well formed");
    }

    answer->length = answer->length * 16 + digit;

    return answer->length > answer->room
           ? chatws_http_fail(answer, "the answer is too large")
           : CHATWS_OK;
}


static int
chatws_http_hex(uint8_t ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


/* Section 7.1.2: fields that nobody has asked for. */

chatws_rc_e
chatws_http_trailer(chatws_http_answer_t *answer, uint8_t ch)
{
    if (++answer->head > CHATWS_HTTP_HEAD_MAX) {
        return chatws_http_fail(answer, "the trailer is too large");
    }

    switch ((chatws_http_state_e) answer->state) {

    case CHATWS_HTTP_TRAILER:

        if (ch == '\n') {
            answer->state = CHATWS_HTTP_DONE;
            return CHATWS_OK;
        }

        if (ch == '\r') {
            answer->state = CHATWS_HTTP_END_LF;
            return CHATWS_OK;
        }

        answer->state = CHATWS_HTTP_TRAILER_LINE;

        /* fall through */

    case CHATWS_HTTP_TRAILER_LINE:

        if (ch == '\n') {
            answer->state = CHATWS_HTTP_TRAILER;
            return CHATWS_OK;
        }

        if (ch == '\r') {
            answer->state = CHATWS_HTTP_TRAILER_LF;
            return CHATWS_OK;
        }

        if (chatws_http_text(ch)) {
            return CHATWS_OK;
        }

        break;

    case CHATWS_HTTP_TRAILER_LF:

        if (ch == '\n') {
            answer->state = CHATWS_HTTP_TRAILER;
            return CHATWS_OK;
        }

        break;

    default: /* CHATWS_HTTP_END_LF */

        if (ch == '\n') {
            answer->state = CHATWS_HTTP_DONE;
            return CHATWS_OK;
        }
    }

    return chatws_http_fail(answer, "the trailer is not well formed");
}
