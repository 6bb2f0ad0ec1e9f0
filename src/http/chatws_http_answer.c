
/*
 * Copyright (C) chatws contributors
 *
 * HTTP answers: see chatws_http_answer.h.  The section numbers in the
 * comments are those of RFC 9112.
 */


#include <string.h>

#include "base/chatws_str.h"
#include "http/chatws_http_answer.h"


/* digits of a length: over any that is allowed, and no overflow */
#define CHATWS_HTTP_DIGITS  15


typedef enum {
    CHATWS_HTTP_VERSION = 0,      /* "HTTP/1.x " */
    CHATWS_HTTP_STATUS,           /* three digits */
    CHATWS_HTTP_REASON,
    CHATWS_HTTP_LINE,             /* at the begin of a field line */
    CHATWS_HTTP_NAME,
    CHATWS_HTTP_VALUE,
    CHATWS_HTTP_HEAD_LF,          /* the line feed of the empty line */
    CHATWS_HTTP_BODY,             /* length bytes */
    CHATWS_HTTP_REST,             /* up to the end of the connection */
    CHATWS_HTTP_CHUNK_SIZE,
    CHATWS_HTTP_CHUNK_EXT,
    CHATWS_HTTP_CHUNK,            /* length bytes */
    CHATWS_HTTP_CHUNK_CR,
    CHATWS_HTTP_CHUNK_LF,
    CHATWS_HTTP_TRAILER,          /* at the begin of a trailer line */
    CHATWS_HTTP_TRAILER_LINE,
    CHATWS_HTTP_TRAILER_LF,
    CHATWS_HTTP_DONE
} chatws_http_state_e;


static chatws_rc_e chatws_http_fail(chatws_http_answer_t *answer,
    const char *why);
static chatws_rc_e chatws_http_byte(chatws_http_answer_t *answer, uint8_t ch);
static chatws_rc_e chatws_http_head(chatws_http_answer_t *answer, uint8_t ch);
static chatws_rc_e chatws_http_field(chatws_http_answer_t *answer);
static chatws_rc_e chatws_http_head_done(chatws_http_answer_t *answer);
static chatws_rc_e chatws_http_chunk(chatws_http_answer_t *answer,
    uint8_t ch);
static int chatws_http_has(const chatws_http_answer_t *answer,
    const char *token);
static int chatws_http_hex(uint8_t ch);
static uint8_t chatws_http_lower(uint8_t ch);


void
chatws_http_answer_begin(chatws_http_answer_t *answer, uint64_t max)
{
    memset(answer, 0, sizeof(chatws_http_answer_t));

    answer->room = max;
}


chatws_rc_e
chatws_http_answer_read(chatws_http_answer_t *answer, uint8_t *data,
    size_t len, size_t *used, chatws_str_t *piece)
{
    size_t       i, n;
    chatws_rc_e  rc;

    piece->len = 0;
    piece->data = data;

    for (i = 0; i < len; i++) {

        if (answer->state == CHATWS_HTTP_DONE) {
            break;
        }

        if (answer->state == CHATWS_HTTP_BODY
            || answer->state == CHATWS_HTTP_REST
            || answer->state == CHATWS_HTTP_CHUNK)
        {
            n = len - i;

            if (answer->state != CHATWS_HTTP_REST && n > answer->length) {
                n = (size_t) answer->length;
            }

            if (n > answer->room) {
                return chatws_http_fail(answer, "the answer is too large");
            }

            answer->room -= n;
            piece->data = data + i;
            piece->len = n;
            *used = i + n;

            if (answer->state == CHATWS_HTTP_REST) {
                return CHATWS_AGAIN;
            }

            answer->length -= n;

            if (answer->length != 0) {
                return CHATWS_AGAIN;
            }

            if (answer->state == CHATWS_HTTP_CHUNK) {
                answer->state = CHATWS_HTTP_CHUNK_CR;
                return CHATWS_AGAIN;
            }

            answer->state = CHATWS_HTTP_DONE;

            return CHATWS_OK;
        }

        rc = chatws_http_byte(answer, data[i]);

        if (rc != CHATWS_OK) {
            return rc;
        }
    }

    *used = i;

    return answer->state == CHATWS_HTTP_DONE ? CHATWS_OK : CHATWS_AGAIN;
}


chatws_rc_e
chatws_http_answer_end(chatws_http_answer_t *answer)
{
    if (answer->state == CHATWS_HTTP_REST) {
        answer->state = CHATWS_HTTP_DONE;
        return CHATWS_OK;
    }

    return chatws_http_fail(answer, "the connection was closed");
}


static chatws_rc_e
chatws_http_fail(chatws_http_answer_t *answer, const char *why)
{
    answer->why = why;

    return CHATWS_ERROR;
}


static chatws_rc_e
chatws_http_byte(chatws_http_answer_t *answer, uint8_t ch)
{
    if (answer->state > CHATWS_HTTP_HEAD_LF) {
        return chatws_http_chunk(answer, ch);
    }

    if (++answer->head > CHATWS_HTTP_HEAD_MAX) {
        return chatws_http_fail(answer, "the header is too large");
    }

    return chatws_http_head(answer, ch);
}


/* Sections 4 and 5; a line feed alone ends a line as well (2.2). */

static chatws_rc_e
chatws_http_head(chatws_http_answer_t *answer, uint8_t ch)
{
    static const char  version[] = "HTTP/1.";

    switch ((chatws_http_state_e) answer->state) {

    case CHATWS_HTTP_VERSION:

        if (answer->name_len < sizeof(version) - 1) {
            if (ch != (uint8_t) version[answer->name_len]) {
                return chatws_http_fail(answer, "it is no HTTP/1 answer");
            }

        } else if (answer->name_len == sizeof(version) - 1) {
            if (ch < '0' || ch > '9') {
                return chatws_http_fail(answer, "it is no HTTP/1 answer");
            }

            answer->minor = ch != '0';

        } else if (ch == ' ') {
            answer->state = CHATWS_HTTP_STATUS;
            answer->status = 0;
            answer->name_len = 0;
            return CHATWS_OK;

        } else {
            return chatws_http_fail(answer, "it is no HTTP/1 answer");
        }

        answer->name_len++;

        return CHATWS_OK;

    case CHATWS_HTTP_STATUS:

        if (ch < '0' || ch > '9') {
            return chatws_http_fail(answer, "the status is no number");
        }

        answer->status = answer->status * 10 + (ch - '0');

        if (++answer->name_len == 3) {
            answer->name_len = 0;
            answer->state = CHATWS_HTTP_REASON;
        }

        return CHATWS_OK;

    case CHATWS_HTTP_REASON:

        if (ch == '\n') {
            if (answer->status < 100 || answer->status > 599) {
                return chatws_http_fail(answer, "there is no such status");
            }

            answer->state = CHATWS_HTTP_LINE;
        }

        return CHATWS_OK;

    case CHATWS_HTTP_LINE:

        if (ch == '\n') {
            return chatws_http_head_done(answer);
        }

        if (ch == '\r') {
            answer->state = CHATWS_HTTP_HEAD_LF;
            return CHATWS_OK;
        }

        if (ch == ' ' || ch == '\t' || ch == ':') {
            return chatws_http_fail(answer, "a field has no name");
        }

        answer->state = CHATWS_HTTP_NAME;
        answer->name_len = 0;
        answer->value_len = 0;

        /* fall through */

    case CHATWS_HTTP_NAME:

        if (ch == ':') {
            answer->state = CHATWS_HTTP_VALUE;
            return CHATWS_OK;
        }

        if (ch == '\n') {
            return chatws_http_fail(answer, "a line is no field");
        }

        if (answer->name_len < CHATWS_HTTP_NAME_MAX) {
            answer->name[answer->name_len] = chatws_http_lower(ch);
        }

        answer->name_len++;

        return CHATWS_OK;

    case CHATWS_HTTP_VALUE:

        if (ch == '\n') {
            answer->state = CHATWS_HTTP_LINE;
            return chatws_http_field(answer);
        }

        /* blanks count nowhere in what is looked at */

        if (ch != ' ' && ch != '\t' && ch != '\r') {

            if (answer->value_len < CHATWS_HTTP_VALUE_MAX) {
                answer->value[answer->value_len] = chatws_http_lower(ch);
            }

            answer->value_len++;
        }

        return CHATWS_OK;

    default: /* CHATWS_HTTP_HEAD_LF */

        return ch == '\n' ? chatws_http_head_done(answer)
                          : chatws_http_fail(answer, "a line is no field");
    }
}


/* Section 6: what tells how long the body is. */

static chatws_rc_e
chatws_http_field(chatws_http_answer_t *answer)
{
    size_t                     i;
    uint64_t                   n;
    chatws_str_t               name;

    static const chatws_str_t  length = chatws_str("content-length");
    static const chatws_str_t  coding = chatws_str("transfer-encoding");
    static const chatws_str_t  connection = chatws_str("connection");

    if (answer->name_len > CHATWS_HTTP_NAME_MAX) {
        return CHATWS_OK;
    }

    name.data = answer->name;
    name.len = answer->name_len;

    if (chatws_str_equal(&name, &connection)) {

        if (chatws_http_has(answer, "close")) {
            answer->close = 1;
        }

        return CHATWS_OK;
    }

    if (chatws_str_equal(&name, &coding)) {

        if (!chatws_http_has(answer, "chunked") || answer->chunked) {
            return chatws_http_fail(answer, "an unknown transfer coding");
        }

        answer->chunked = 1;

        return CHATWS_OK;
    }

    if (!chatws_str_equal(&name, &length)) {
        return CHATWS_OK;
    }

    if (answer->value_len == 0 || answer->value_len > CHATWS_HTTP_DIGITS) {
        return chatws_http_fail(answer, "Content-Length is no length");
    }

    n = 0;

    for (i = 0; i < answer->value_len; i++) {
        if (answer->value[i] < '0' || answer->value[i] > '9') {
            return chatws_http_fail(answer, "Content-Length is no length");
        }

        n = n * 10 + (answer->value[i] - '0');
    }

    if (answer->sized && n != answer->length) {
        return chatws_http_fail(answer, "two Content-Length fields");
    }

    answer->sized = 1;
    answer->length = n;

    return CHATWS_OK;
}


static chatws_rc_e
chatws_http_head_done(chatws_http_answer_t *answer)
{
    /* an interim answer is followed by another one: RFC 9110, 15.2 */

    if (answer->status < 200) {

        if (answer->status == 101) {
            return chatws_http_fail(answer, "an upgrade was not asked for");
        }

        answer->state = CHATWS_HTTP_VERSION;
        answer->name_len = 0;
        answer->sized = 0;
        answer->chunked = 0;

        return CHATWS_OK;
    }

    if (!answer->minor) {
        answer->close = 1;
    }

    if (answer->chunked && answer->sized) {
        return chatws_http_fail(answer, "Content-Length of a chunked body");
    }

    if (answer->status == 204 || answer->status == 304) {
        answer->state = CHATWS_HTTP_DONE;

    } else if (answer->chunked) {
        answer->state = CHATWS_HTTP_CHUNK_SIZE;
        answer->length = 0;
        answer->name_len = 0;

    } else if (!answer->sized) {
        answer->state = CHATWS_HTTP_REST;
        answer->close = 1;

    } else {
        answer->state = answer->length == 0 ? CHATWS_HTTP_DONE
                                            : CHATWS_HTTP_BODY;
    }

    return CHATWS_OK;
}


/* Section 7.1; extensions and trailers are passed over. */

static chatws_rc_e
chatws_http_chunk(chatws_http_answer_t *answer, uint8_t ch)
{
    int  digit;

    switch ((chatws_http_state_e) answer->state) {

    case CHATWS_HTTP_CHUNK_SIZE:

        digit = chatws_http_hex(ch);

        if (digit >= 0) {
            if (answer->name_len++ == CHATWS_HTTP_DIGITS) {
                break;
            }

            answer->length = answer->length * 16 + digit;
            return CHATWS_OK;
        }

        if (answer->name_len == 0) {
            break;
        }

        answer->name_len = 0;
        answer->head = 0;
        answer->state = CHATWS_HTTP_CHUNK_EXT;

        /* fall through */

    case CHATWS_HTTP_CHUNK_EXT:

        if (ch == '\n') {
            answer->state = answer->length == 0 ? CHATWS_HTTP_TRAILER
                                                : CHATWS_HTTP_CHUNK;
        }

        return ++answer->head > CHATWS_HTTP_HEAD_MAX
               ? chatws_http_fail(answer, "a chunk's extension is too large")
               : CHATWS_OK;

    case CHATWS_HTTP_CHUNK_CR:

        if (ch == '\r') {
            answer->state = CHATWS_HTTP_CHUNK_LF;
            return CHATWS_OK;
        }

        /* fall through */

    case CHATWS_HTTP_CHUNK_LF:

        if (ch == '\n') {
            answer->state = CHATWS_HTTP_CHUNK_SIZE;
            return CHATWS_OK;
        }

        break;

    case CHATWS_HTTP_TRAILER:

        if (ch == '\n') {
            answer->state = CHATWS_HTTP_DONE;

        } else {
            answer->state = ch == '\r' ? CHATWS_HTTP_TRAILER_LF
                                       : CHATWS_HTTP_TRAILER_LINE;
        }

        return CHATWS_OK;

    case CHATWS_HTTP_TRAILER_LINE:

        if (ch == '\n') {
            answer->state = CHATWS_HTTP_TRAILER;
        }

        return ++answer->head > CHATWS_HTTP_HEAD_MAX
               ? chatws_http_fail(answer, "the trailer is too large")
               : CHATWS_OK;

    case CHATWS_HTTP_TRAILER_LF:

        if (ch == '\n') {
            answer->state = CHATWS_HTTP_DONE;
            return CHATWS_OK;
        }

        break;

    default:
        break;
    }

    return chatws_http_fail(answer, "a chunk is not well formed");
}


static int
chatws_http_has(const chatws_http_answer_t *answer, const char *token)
{
    size_t  len;

    len = strlen(token);

    return answer->value_len == len && memcmp(answer->value, token, len) == 0;
}


static int
chatws_http_hex(uint8_t ch)
{
    ch = chatws_http_lower(ch);

    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


static uint8_t
chatws_http_lower(uint8_t ch)
{
    return ch >= 'A' && ch <= 'Z' ? ch | 0x20 : ch;
}
