
/*
 * Copyright (C) chatws contributors
 *
 * Frame headers: a header is judged the same however much of what follows is
 * there, what is accepted is what the encoder would write, and close frames
 * stay within their bounds.
 */


#include "fuzz.h"

#include "base/chatws_utf8.c"
#include "websocket/chatws_frame.c"


static chatws_rc_e parse(const uint8_t *p, size_t len, unsigned flags,
    chatws_frame_t *f, chatws_failure_t *fail);
static void header(const uint8_t *p, size_t len, unsigned flags);
static void close_frame(const uint8_t *p, size_t len, unsigned code);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }

    header(data + 1, size - 1, data[0]);
    close_frame(data + 3, size - 3, data[1] << 8 | data[2]);

    return 0;
}


/* from memory of exactly that size */

static chatws_rc_e
parse(const uint8_t *p, size_t len, unsigned flags, chatws_frame_t *f,
    chatws_failure_t *fail)
{
    uint8_t      *copy;
    chatws_rc_e   rc;

    copy = malloc(len ? len : 1);
    memcpy(copy, p, len);

    rc = chatws_frame_parse(f, copy, len,
                            flags & 1 ? CHATWS_FRAME_RSV1 : 0, flags & 2,
                            fail);
    free(copy);

    return rc;
}


static void
header(const uint8_t *p, size_t len, unsigned flags)
{
    size_t             n;
    uint8_t            out[CHATWS_FRAME_HEAD_IN];
    chatws_rc_e        all, rc;
    chatws_frame_t     f;
    chatws_failure_t   fail;

    all = parse(p, len, flags, &f, &fail);

    check(all != CHATWS_AGAIN || len < CHATWS_FRAME_HEAD_IN);

    if (all == CHATWS_OK) {
        check(f.size <= len && f.first == p[0]);

        n = chatws_frame_header(out, p[0], f.len);
        check(n == chatws_frame_header_size(f.len));

        out[1] |= 0x80;
        memcpy(out + n, f.mask, 4);

        check(n + 4 == f.size && memcmp(out, p, f.size) == 0);
    }

    for (n = 0; n < len && n < 20; n++) {
        rc = parse(p, n, flags, &f, &fail);

        if (rc == CHATWS_AGAIN) {
            continue;
        }

        check(rc == all);

        if (rc == CHATWS_ERROR) {
            check(fail.code == CHATWS_CLOSE_PROTOCOL && fail.reason.len < 124);
        }
    }
}


static void
close_frame(const uint8_t *p, size_t len, unsigned code)
{
    size_t         n;
    uint8_t       *out;
    chatws_str_t   reason;

    reason.len = len;
    reason.data = (uint8_t *) p;

    out = malloc(CHATWS_FRAME_CLOSE_MAX);
    n = chatws_frame_close(out, code, &reason);

    check(n >= 2 && n <= CHATWS_FRAME_CLOSE_MAX && out[1] == n - 2);

    if (n > 2) {
        check(code != CHATWS_CLOSE_NONE && out[2] == code >> 8
              && out[3] == (code & 0xff));

        if (chatws_utf8_valid(p, len) == CHATWS_OK) {
            check(chatws_utf8_valid(out + 4, n - 4) == CHATWS_OK
                  && n - 4 + 4 > (len < 123 ? len : 119));
        }
    }

    (void) chatws_frame_close_valid(code);

    free(out);
}
