
/*
 * Copyright (C) chatws contributors
 *
 * HTTP answers: the same result whether the input comes whole, byte by byte
 * or in pieces, and never more body than allowed.
 *
 * Input: the size of the pieces, the body that is allowed, the answer.
 */


#include "fuzz.h"

#include "base/chatws_str.c"
#include "http/chatws_http_answer.c"
#include "http/chatws_http_chunk.c"


typedef struct {
    chatws_rc_e           rc;
    chatws_http_answer_t  answer;
    size_t                used;
    size_t                len;
    uint8_t              *body;
} fuzz_answer_t;


static void feed(fuzz_answer_t *a, const uint8_t *p, size_t len, size_t step,
    uint64_t max);
static void piece(fuzz_answer_t *a, const uint8_t *p, size_t len);
static void compare(const fuzz_answer_t *a, const fuzz_answer_t *b);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t       max;
    fuzz_answer_t  bytes, pieces, whole;

    if (size < 2) {
        return 0;
    }

    max = (data[1] & 1) ? data[1] : 1 << 20;

    feed(&whole, data + 2, size - 2, size, max);
    feed(&bytes, data + 2, size - 2, 1, max);
    feed(&pieces, data + 2, size - 2, 1 + data[0] % 61, max);

    compare(&whole, &bytes);
    compare(&whole, &pieces);

    free(whole.body);
    free(bytes.body);
    free(pieces.body);

    return 0;
}


static void
feed(fuzz_answer_t *a, const uint8_t *p, size_t len, size_t step,
    uint64_t max)
{
    size_t  i, n;

    memset(a, 0, sizeof(fuzz_answer_t));

    a->body = malloc(len + 1);
    a->rc = CHATWS_AGAIN;

    chatws_http_answer_begin(&a->answer, max);

    for (i = 0; i < len && a->rc == CHATWS_AGAIN; i += n) {
        n = (step < len - i) ? step : len - i;
        piece(a, p + i, n);
        check(a->len <= max);
    }

    if (a->rc == CHATWS_AGAIN) {
        a->rc = chatws_http_answer_end(&a->answer);
    }

    check(a->rc == CHATWS_OK || a->rc == CHATWS_ERROR);
    check((a->rc == CHATWS_ERROR) == (a->answer.why != NULL));

    if (a->rc == CHATWS_OK) {
        check(a->answer.status >= 200 && a->answer.status <= 599);
        check(chatws_http_answer_end(&a->answer) == CHATWS_OK);
    }
}


static void
piece(fuzz_answer_t *a, const uint8_t *p, size_t len)
{
    size_t        pos, used;
    uint8_t      *copy;
    chatws_str_t  body;

    copy = malloc(len);
    memcpy(copy, p, len);

    for (pos = 0; pos < len && a->rc == CHATWS_AGAIN; pos += used) {
        a->rc = chatws_http_answer_read(&a->answer, copy + pos, len - pos,
                                        &used, &body);

        if (a->rc == CHATWS_ERROR) {
            break;
        }

        check(used != 0 && used <= len - pos);
        check(body.data >= copy + pos
              && body.data + body.len <= copy + pos + used);

        memcpy(a->body + a->len, body.data, body.len);
        a->len += body.len;
        a->used += used;
    }

    free(copy);
}


static void
compare(const fuzz_answer_t *a, const fuzz_answer_t *b)
{
    check(a->rc == b->rc);

    if (a->rc == CHATWS_ERROR) {
        check(a->answer.why == b->answer.why);
        return;
    }

    check(a->used == b->used
          && a->len == b->len
          && memcmp(a->body, b->body, a->len) == 0
          && a->answer.status == b->answer.status
          && a->answer.close == b->answer.close);
}
