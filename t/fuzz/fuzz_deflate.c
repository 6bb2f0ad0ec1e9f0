
/*
 * Copyright (C) chatws contributors
 *
 * permessage-deflate.  Input: a byte that chooses, then either an offer, or
 * compressed messages, or messages to be compressed and expanded again; the
 * messages each with a length before them.
 */


#include <stdio.h>

#include "fuzz.h"

#include "base/chatws_utf8.c"
#include "websocket/chatws_frame.c"
#include "websocket/chatws_handshake.c"
#include "websocket/chatws_deflate_offer.c"
#include "websocket/chatws_deflate.c"


static void *fuzz_alloc(void *ctx, size_t size);
static void fuzz_free(void *ctx, void *p);
static void offer(const uint8_t *p, size_t len, unsigned flags);
static size_t message(const uint8_t **pos, const uint8_t *last,
    uint8_t **copy);
static void expand(const uint8_t *p, size_t len, unsigned flags);
static void round_trip(const uint8_t *p, size_t len, unsigned flags);


#define FUZZ_LIMIT  20000


static size_t  blocks;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }

    switch (data[0] % 3) {

    case 0:
        offer(data + 2, size - 2, data[1]);
        break;

    case 1:
        expand(data + 2, size - 2, data[1]);
        break;

    default:
        round_trip(data + 2, size - 2, data[1]);
    }

    check(blocks == 0);

    return 0;
}


static void *
fuzz_alloc(void *ctx, size_t size)
{
    (void) ctx;

    blocks++;

    return malloc(size);
}


static void
fuzz_free(void *ctx, void *p)
{
    (void) ctx;

    blocks--;
    free(p);
}


/* what was agreed is a subset of the policy, and is told in the answer */

static void
offer(const uint8_t *p, size_t len, unsigned flags)
{
    size_t                   n;
    uint8_t                 *answer;
    chatws_str_t             offers;
    chatws_deflate_params_t  again, params;
    chatws_deflate_policy_t  policy;

    policy.server_takeover = flags & 1;
    policy.client_takeover = flags >> 1 & 1;
    policy.server_bits = 9 + (flags >> 2 & 7) % 7;
    policy.client_bits = 9 + (flags >> 5 & 7) % 7;

    offers.len = len;
    offers.data = malloc(len ? len : 1);
    memcpy(offers.data, p, len);

    answer = malloc(CHATWS_DEFLATE_ANSWER_MAX);

    if (chatws_deflate_negotiate(&policy, &offers, &params, answer, &n)
        == CHATWS_OK)
    {
        check(n >= 18 && n < CHATWS_DEFLATE_ANSWER_MAX);
        check(params.server_takeover <= policy.server_takeover
              && params.client_takeover <= policy.client_takeover);
        check(params.server_bits >= 8
              && params.server_bits <= policy.server_bits);
        check(params.client_bits > 8 && params.client_bits <= 15);

        /* as an offer, the answer leads to the same */

        free(offers.data);
        offers.len = n;
        offers.data = malloc(n);
        memcpy(offers.data, answer, n);

        check(chatws_deflate_negotiate(&policy, &offers, &again, answer, &n)
              == CHATWS_OK);
        check(n == offers.len && memcmp(offers.data, answer, n) == 0);
        check(again.server_bits == params.server_bits
              && again.client_bits == params.client_bits);
    }

    free(answer);
    free(offers.data);
}


/* a byte or two of length, then that much, copied */

static size_t
message(const uint8_t **pos, const uint8_t *last, uint8_t **copy)
{
    size_t  n;

    n = *(*pos)++;

    if (n >= 0xf0 && *pos < last) {
        n = (n & 0x0f) << 8 | *(*pos)++;
    }

    if (n > (size_t) (last - *pos)) {
        n = last - *pos;
    }

    *copy = malloc(n ? n : 1);
    memcpy(*copy, *pos, n);
    *pos += n;

    return n;
}


static void
expand(const uint8_t *p, size_t len, unsigned flags)
{
    size_t                    n;
    uint8_t                  *in;
    chatws_rc_e               rc;
    chatws_str_t              out;
    const uint8_t            *last;
    chatws_failure_t          fail;
    chatws_deflate_t         *df;
    chatws_deflate_ctx_t     *ctx;
    chatws_deflate_conf_t     conf;
    chatws_deflate_params_t   params;

    memset(&conf, 0, sizeof(chatws_deflate_conf_t));
    conf.memory.alloc = fuzz_alloc;
    conf.memory.free = fuzz_free;

    memset(&params, 0, sizeof(chatws_deflate_params_t));
    params.client_takeover = flags & 1;
    params.client_bits = 8 + (flags >> 1 & 7);

    df = chatws_deflate_create(&conf);
    ctx = chatws_deflate_open(df);
    last = p + len;

    while (p < last) {
        n = message(&p, last, &in);

        rc = chatws_deflate_expand(df, ctx, &params, in, n,
                                   flags & 16 ? 50 : FUZZ_LIMIT, &out, &fail);
        free(in);

        check(df->size <= (flags & 16 ? 51 : FUZZ_LIMIT + 1));

        if (rc != CHATWS_OK) {
            check(fail.code == CHATWS_CLOSE_DATA
                  || fail.code == CHATWS_CLOSE_TOO_BIG);

            if (params.client_takeover) {
                break;
            }

            continue;
        }

        check(out.len <= (flags & 16 ? 50 : FUZZ_LIMIT));
        memset(out.data - CHATWS_DEFLATE_HEADROOM, 0,
               CHATWS_DEFLATE_HEADROOM + out.len);
    }

    chatws_deflate_close(df, ctx);
    chatws_deflate_destroy(df);
}


static void
round_trip(const uint8_t *p, size_t len, unsigned flags)
{
    size_t                    n;
    uint8_t                  *in, *wire;
    chatws_rc_e               rc;
    chatws_str_t              out;
    const uint8_t            *last;
    chatws_failure_t          fail;
    chatws_deflate_t         *df;
    chatws_deflate_ctx_t     *ctx;
    chatws_deflate_conf_t     conf;
    chatws_deflate_params_t   params;

    conf.memory.alloc = fuzz_alloc;
    conf.memory.free = fuzz_free;
    conf.level = 1 + (flags >> 4) % 9;
    conf.mem_level = 1 + flags % 9;

    params.server_takeover = flags & 1;
    params.client_takeover = flags & 1;
    params.server_bits = 8 + (flags >> 1 & 7);
    params.client_bits = params.server_bits;

    df = chatws_deflate_create(&conf);
    ctx = chatws_deflate_open(df);
    last = p + len;

    while (p < last) {
        n = message(&p, last, &in);

        rc = chatws_deflate_compress(df, ctx, &params, in, n,
                                     flags & 128 ? n : FUZZ_LIMIT, &out);

        check(rc == CHATWS_OK || (rc == CHATWS_DECLINED && flags & 128));

        if (rc == CHATWS_OK) {
            wire = malloc(out.len);
            memcpy(wire, out.data, out.len);

            check(chatws_deflate_expand(df, ctx, &params, wire, out.len, n,
                                        &out, &fail)
                  == CHATWS_OK);
            check(out.len == n && memcmp(out.data, in, n) == 0);

            free(wire);
        }

        free(in);
    }

    chatws_deflate_close(df, ctx);
    chatws_deflate_destroy(df);
}
