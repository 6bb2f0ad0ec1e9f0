
/*
 * Copyright (C) chatws contributors
 *
 * HTTP answers: see chatws_http_answer.h.  The section numbers in the
 * comments are those of RFC 9112.  What two readers could take for two things
 * is an error: another program wrote the answer, and may have copied parts of
 * it from a client.
 */


#include <string.h>

#include "base/chatws_str.h"
#include "http/chatws_http_private.h"


static chatws_rc_e chatws_http_body(chatws_http_answer_t *answer,
    uint8_t *data, size_t len, chatws_str_t *piece);
static chatws_rc_e chatws_http_byte(chatws_http_answer_t *answer, uint8_t ch);
static chatws_rc_e chatws_http_status(chatws_http_answer_t *answer,
    uint8_t ch);
static chatws_rc_e chatws_http_status_form(chatws_http_answer_t *answer,
    uint8_t ch);
static chatws_rc_e chatws_http_status_done(chatws_http_answer_t *answer);
static chatws_rc_e chatws_http_head(chatws_http_answer_t *answer, uint8_t ch);
static chatws_rc_e chatws_http_value(chatws_http_answer_t *answer,
    uint8_t ch);
static chatws_rc_e chatws_http_field(chatws_http_answer_t *answer);
static chatws_rc_e chatws_http_length(chatws_http_answer_t *answer);
static chatws_rc_e chatws_http_head_done(chatws_http_answer_t *answer);
static int chatws_http_lists(const chatws_http_answer_t *answer,
    const char *token);
static int chatws_http_token(uint8_t ch);
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
    size_t       i;
    chatws_rc_e  rc;

    piece->len = 0;
    piece->data = data;

    for (i = 0; i < len && answer->state != CHATWS_HTTP_DONE; i++) {

        if (answer->state == CHATWS_HTTP_BODY
            || answer->state == CHATWS_HTTP_REST
            || answer->state == CHATWS_HTTP_CHUNK)
        {
            rc = chatws_http_body(answer, data + i, len - i, piece);

            *used = i + piece->len;

            return rc;
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
    }

    return answer->state == CHATWS_HTTP_DONE
           ? CHATWS_OK
           : chatws_http_fail(answer, "the connection was closed");
}


chatws_rc_e
chatws_http_fail(chatws_http_answer_t *answer, const char *why)
{
    answer->why = why;

    return CHATWS_ERROR;
}


int
chatws_http_text(uint8_t ch)
{
    return (ch >= 0x20 && ch != 0x7f) || ch == '\t';
}


/* Makes those of len bytes, one at least, that are of the body a piece. */

static chatws_rc_e
chatws_http_body(chatws_http_answer_t *answer, uint8_t *data, size_t len,
    chatws_str_t *piece)
{
    if (answer->state != CHATWS_HTTP_REST && len > answer->length) {
        len = (size_t) answer->length;
    }

    if (len > answer->room) {
        return chatws_http_fail(answer, "the answer is too large");
    }

    piece->data = data;
    piece->len = len;
    answer->room -= len;

    if (answer->state == CHATWS_HTTP_REST) {
        return CHATWS_AGAIN;
    }

    answer->length -= len;

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


static chatws_rc_e
chatws_http_byte(chatws_http_answer_t *answer, uint8_t ch)
{
    if (answer->state < CHATWS_HTTP_BODY
        && ++answer->head > CHATWS_HTTP_HEAD_MAX)
    {
        return chatws_http_fail(answer, "the header is too large");
    }

    if (answer->state < CHATWS_HTTP_LINE) {
        return chatws_http_status(answer, ch);
    }

    if (answer->state < CHATWS_HTTP_BODY) {
        return chatws_http_head(answer, ch);
    }

    if (answer->state < CHATWS_HTTP_TRAILER) {
        return chatws_http_chunk(answer, ch);
    }

    return chatws_http_trailer(answer, ch);
}


/* Section 4; a line feed alone ends a line as well (2.2). */

static chatws_rc_e
chatws_http_status(chatws_http_answer_t *answer, uint8_t ch)
{
    switch ((chatws_http_state_e) answer->state) {

    case CHATWS_HTTP_STATUS:
        return chatws_http_status_form(answer, ch);

    case CHATWS_HTTP_STATUS_END:

        /* some leave out the blank when they have no reason to give */

        if (ch != ' ' && ch != '\r' && ch != '\n') {
            return chatws_http_fail(answer, "the status has not three digits");
        }

        answer->state = CHATWS_HTTP_REASON;

        /* fall through */

    case CHATWS_HTTP_REASON:

        if (ch == '\n') {
            return chatws_http_status_done(answer);
        }

        if (ch == '\r') {
            answer->state = CHATWS_HTTP_STATUS_LF;
            return CHATWS_OK;
        }

        break;

    default: /* CHATWS_HTTP_STATUS_LF */

        if (ch == '\n') {
            return chatws_http_status_done(answer);
        }

        ch = '\0';
    }

    return chatws_http_text(ch)
           ? CHATWS_OK
           : chatws_http_fail(answer, "a control character in the header");
}


static chatws_rc_e
chatws_http_status_form(chatws_http_answer_t *answer, uint8_t ch)
{
    static const char  form[] = "HTTP/1.v nnn";

    switch (form[answer->n]) {

    case 'v':
    case 'n':

        if (ch < '0' || ch > '9') {
            return chatws_http_fail(answer, "it is no HTTP/1 answer");
        }

        if (form[answer->n] == 'v') {
            answer->minor = ch != '0';

        } else {
            answer->status = answer->status * 10 + (ch - '0');
        }

        break;

    default:

        if (ch != (uint8_t) form[answer->n]) {
            return chatws_http_fail(answer, "it is no HTTP/1 answer");
        }
    }

    if (++answer->n == sizeof(form) - 1) {
        answer->state = CHATWS_HTTP_STATUS_END;
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_http_status_done(chatws_http_answer_t *answer)
{
    if (answer->status < 100 || answer->status > 599) {
        return chatws_http_fail(answer, "there is no such status");
    }

    answer->state = CHATWS_HTTP_LINE;

    return CHATWS_OK;
}


/*
 * Section 5.  No blank may stand before the colon (5.1), none at the begin of
 * a line (5.2), and a carriage return only before a line feed (2.2).
 */

static chatws_rc_e
chatws_http_head(chatws_http_answer_t *answer, uint8_t ch)
{
    switch ((chatws_http_state_e) answer->state) {

    case CHATWS_HTTP_LINE:

        if (ch == '\n') {
            return chatws_http_head_done(answer);
        }

        if (ch == '\r') {
            answer->state = CHATWS_HTTP_HEAD_LF;
            return CHATWS_OK;
        }

        answer->state = CHATWS_HTTP_NAME;
        answer->name_len = 0;
        answer->value_len = 0;
        answer->blank = 0;

        /* fall through */

    case CHATWS_HTTP_NAME:

        if (ch == ':' && answer->name_len != 0) {
            answer->state = CHATWS_HTTP_VALUE;
            return CHATWS_OK;
        }

        if (!chatws_http_token(ch)) {
            return chatws_http_fail(answer, "a line is no field");
        }

        if (answer->name_len < CHATWS_HTTP_NAME_MAX) {
            answer->name[answer->name_len] = chatws_http_lower(ch);
        }

        answer->name_len++;

        return CHATWS_OK;

    case CHATWS_HTTP_VALUE:
        return chatws_http_value(answer, ch);

    case CHATWS_HTTP_VALUE_LF:

        return ch == '\n'
               ? chatws_http_field(answer)
               : chatws_http_fail(answer, "a control character in the header");

    default: /* CHATWS_HTTP_HEAD_LF */

        return ch == '\n' ? chatws_http_head_done(answer)
                          : chatws_http_fail(answer, "a line is no field");
    }
}


/* Blanks around a value are no part of it, inside of it several are one. */

static chatws_rc_e
chatws_http_value(chatws_http_answer_t *answer, uint8_t ch)
{
    if (ch == '\n') {
        return chatws_http_field(answer);
    }

    if (ch == '\r') {
        answer->state = CHATWS_HTTP_VALUE_LF;
        return CHATWS_OK;
    }

    if (ch == ' ' || ch == '\t') {
        answer->blank = answer->value_len != 0;
        return CHATWS_OK;
    }

    if (!chatws_http_text(ch)) {
        return chatws_http_fail(answer, "a control character in the header");
    }

    if (answer->blank) {
        answer->blank = 0;

        if (answer->value_len < CHATWS_HTTP_VALUE_MAX) {
            answer->value[answer->value_len] = ' ';
        }

        answer->value_len++;
    }

    if (answer->value_len < CHATWS_HTTP_VALUE_MAX) {
        answer->value[answer->value_len] = chatws_http_lower(ch);
    }

    answer->value_len++;

    return CHATWS_OK;
}


/* Section 6: what tells how long the body is; section 9.6. */

static chatws_rc_e
chatws_http_field(chatws_http_answer_t *answer)
{
    chatws_str_t               name;

    static const chatws_str_t  length = chatws_str("content-length");
    static const chatws_str_t  coding = chatws_str("transfer-encoding");
    static const chatws_str_t  connection = chatws_str("connection");

    answer->state = CHATWS_HTTP_LINE;

    if (answer->name_len > CHATWS_HTTP_NAME_MAX) {
        return CHATWS_OK;
    }

    name.data = answer->name;
    name.len = answer->name_len;

    if (chatws_str_equal(&name, &length)) {
        return chatws_http_length(answer);
    }

    if (chatws_str_equal(&name, &connection)) {

        /* one that is cut off may have said it behind the cut */

        if (answer->value_len > CHATWS_HTTP_VALUE_MAX
            || chatws_http_lists(answer, "close"))
        {
            answer->close = 1;
        }

    } else if (chatws_str_equal(&name, &coding)) {

        if (answer->chunked
            || answer->value_len != sizeof("chunked") - 1
            || memcmp(answer->value, "chunked", sizeof("chunked") - 1) != 0)
        {
            return chatws_http_fail(answer, "an unknown transfer coding");
        }

        answer->chunked = 1;
    }

    return CHATWS_OK;
}


static chatws_rc_e
chatws_http_length(chatws_http_answer_t *answer)
{
    size_t    i;
    uint64_t  n;

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
    answer->n = 0;

    /* an interim answer is followed by another one: RFC 9110, 15.2 */

    if (answer->status < 200) {

        if (answer->status == 101) {
            return chatws_http_fail(answer, "an upgrade was not asked for");
        }

        answer->state = CHATWS_HTTP_STATUS;
        answer->status = 0;
        answer->sized = 0;
        answer->chunked = 0;

        return CHATWS_OK;
    }

    /* HTTP/1.0 has no chunks, but whoever sends them means them (6.1) */

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

    } else if (!answer->sized) {
        answer->state = CHATWS_HTTP_REST;
        answer->close = 1;

    } else if (answer->length > answer->room) {
        return chatws_http_fail(answer, "the answer is too large");

    } else {
        answer->state = answer->length == 0 ? CHATWS_HTTP_DONE
                                            : CHATWS_HTTP_BODY;
    }

    return CHATWS_OK;
}


/* 1: the value, a list with commas, has the token; small letters in both. */

static int
chatws_http_lists(const chatws_http_answer_t *answer, const char *token)
{
    size_t          len, n;
    const uint8_t  *end, *last, *p;

    len = strlen(token);
    last = answer->value + answer->value_len;

    for (p = answer->value; p < last; p = end + 1) {
        end = memchr(p, ',', last - p);

        if (end == NULL) {
            end = last;
        }

        if (*p == ' ') {
            p++;
        }

        n = end - p;

        if (n != 0 && end[-1] == ' ') {
            n--;
        }

        if (n == len && memcmp(p, token, len) == 0) {
            return 1;
        }
    }

    return 0;
}


/* A character of a name: RFC 9110, 5.6.2. */

static int
chatws_http_token(uint8_t ch)
{
    ch = chatws_http_lower(ch);

    return (ch >= 'a' && ch <= 'z')
           || (ch >= '0' && ch <= '9')
           || (ch != '\0' && strchr("!#$%&'*+-.^_`|~", ch) != NULL);
}


static uint8_t
chatws_http_lower(uint8_t ch)
{
    return ch >= 'A' && ch <= 'Z' ? ch | 0x20 : ch;
}
