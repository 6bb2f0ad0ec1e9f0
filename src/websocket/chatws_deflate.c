
/*
 * Copyright (C) chatws contributors
 *
 * Compression and decompression of messages: see chatws_deflate.h.  The
 * section numbers in the comments are those of RFC 7692.
 */


#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "websocket/chatws_deflate.h"


/* the smallest window of zlib's encoder, the largest of the protocol */
#define CHATWS_DEFLATE_ZLIB_BITS  9
#define CHATWS_DEFLATE_BITS_MAX   15

#define CHATWS_DEFLATE_FIRST      4096    /* first output buffer */


/* The streams of a worker, shared by its connections. */

struct chatws_deflate_s {
    chatws_deflate_conf_t   conf;
    z_stream               *out[CHATWS_DEFLATE_BITS_MAX + 1];
    z_stream               *in;
    uint8_t                *buf;    /* output: headroom, then size bytes */
    size_t                  size;
};


/* The streams of a connection with context takeover. */

struct chatws_deflate_ctx_s {
    z_stream               *out;
    z_stream               *in;
};


/* A message that is being decompressed. */

typedef struct {
    z_stream               *strm;
    size_t                  used;   /* bytes of output */
    size_t                  limit;
    unsigned                tail:1; /* the input is the tail of 7.2.2 */
} chatws_expand_t;


static voidpf chatws_deflate_zalloc(voidpf opaque, uInt items, uInt size);
static void chatws_deflate_zfree(voidpf opaque, voidpf p);
static z_stream *chatws_deflate_stream(chatws_deflate_t *df);
static z_stream *chatws_deflate_encoder(chatws_deflate_t *df, unsigned bits);
static z_stream *chatws_deflate_decoder(chatws_deflate_t *df, unsigned bits);
static void chatws_deflate_end(chatws_deflate_t *df, z_stream *strm,
    int encoder);
static z_stream *chatws_deflate_out(chatws_deflate_t *df,
    chatws_deflate_ctx_t *ctx, const chatws_deflate_params_t *params);
static z_stream *chatws_deflate_in(chatws_deflate_t *df,
    chatws_deflate_ctx_t *ctx, const chatws_deflate_params_t *params);
static chatws_rc_e chatws_deflate_reserve(chatws_deflate_t *df, size_t size,
    size_t keep);
static chatws_rc_e chatws_deflate_step(chatws_deflate_t *df,
    chatws_expand_t *ex, chatws_failure_t *fail);
static chatws_rc_e chatws_deflate_room(chatws_deflate_t *df,
    chatws_expand_t *ex);


static const uint8_t  chatws_deflate_tail[4] = { 0x00, 0x00, 0xff, 0xff };


chatws_deflate_t *
chatws_deflate_create(const chatws_deflate_conf_t *conf)
{
    chatws_deflate_t  *df;

    df = conf->memory.alloc(conf->memory.ctx, sizeof(chatws_deflate_t));

    if (df == NULL) {
        return NULL;
    }

    memset(df, 0, sizeof(chatws_deflate_t));
    df->conf = *conf;

    return df;
}


void
chatws_deflate_destroy(chatws_deflate_t *df)
{
    unsigned         bits;
    chatws_memory_t  memory;

    if (df == NULL) {
        return;
    }

    memory = df->conf.memory;

    for (bits = 0; bits <= CHATWS_DEFLATE_BITS_MAX; bits++) {
        chatws_deflate_end(df, df->out[bits], 1);
    }

    chatws_deflate_end(df, df->in, 0);

    if (df->buf) {
        memory.free(memory.ctx, df->buf);
    }

    memory.free(memory.ctx, df);
}


chatws_deflate_ctx_t *
chatws_deflate_open(chatws_deflate_t *df)
{
    chatws_memory_t       *memory;
    chatws_deflate_ctx_t  *ctx;

    memory = &df->conf.memory;
    ctx = memory->alloc(memory->ctx, sizeof(chatws_deflate_ctx_t));

    if (ctx) {
        ctx->out = NULL;
        ctx->in = NULL;
    }

    return ctx;
}


void
chatws_deflate_close(chatws_deflate_t *df, chatws_deflate_ctx_t *ctx)
{
    if (ctx) {
        chatws_deflate_end(df, ctx->out, 1);
        chatws_deflate_end(df, ctx->in, 0);
        df->conf.memory.free(df->conf.memory.ctx, ctx);
    }
}


chatws_rc_e
chatws_deflate_compress(chatws_deflate_t *df, chatws_deflate_ctx_t *ctx,
    const chatws_deflate_params_t *params, const uint8_t *in, size_t len,
    size_t limit, chatws_str_t *out)
{
    size_t     size;
    z_stream  *strm;

    strm = chatws_deflate_out(df, ctx, params);

    if (strm == NULL || len > INT_MAX) {
        return CHATWS_ERROR;
    }

    /*
     * Room for the tail and for limit bytes: if all of it is used, the result
     * is not shorter than the limit.
     */

    size = deflateBound(strm, len) + 64;

    if (size > limit) {
        size = limit;
    }

    size += sizeof(chatws_deflate_tail);

    if (size > INT_MAX
        || chatws_deflate_reserve(df, size, 0) != CHATWS_OK)
    {
        return CHATWS_ERROR;
    }

    out->data = df->buf + CHATWS_DEFLATE_HEADROOM;

    if (len == 0) {

        /* 7.2.3.6: written by hand, as zlib does not flush without input */

        out->data[0] = 0;
        out->len = 1;

        return (limit > 1) ? CHATWS_OK : CHATWS_DECLINED;
    }

    strm->next_in = (Bytef *) in;
    strm->avail_in = (uInt) len;
    strm->next_out = out->data;
    strm->avail_out = (uInt) size;

    (void) deflate(strm, Z_SYNC_FLUSH);

    if (strm->avail_out == 0) {
        (void) deflateReset(strm);
        return CHATWS_DECLINED;
    }

    /* 7.2.1: the tail, an empty stored block, is left out */

    out->len = size - strm->avail_out - sizeof(chatws_deflate_tail);

    return CHATWS_OK;
}


chatws_rc_e
chatws_deflate_expand(chatws_deflate_t *df, chatws_deflate_ctx_t *ctx,
    const chatws_deflate_params_t *params, const uint8_t *in, size_t len,
    size_t limit, chatws_str_t *out, chatws_failure_t *fail)
{
    size_t           size;
    chatws_rc_e      rc;
    chatws_expand_t  ex;

    ex.strm = chatws_deflate_in(df, ctx, params);
    ex.used = 0;
    ex.limit = (limit < INT_MAX) ? limit : INT_MAX;
    ex.tail = 0;

    /* a byte beyond the limit tells that the message is too big */

    size = CHATWS_DEFLATE_FIRST;

    if (size > ex.limit + 1) {
        size = ex.limit + 1;
    }

    if (ex.strm == NULL
        || len > INT_MAX
        || chatws_deflate_reserve(df, size, 0) != CHATWS_OK)
    {
        return chatws_frame_fail(fail, CHATWS_CLOSE_INTERNAL,
                                 "out of memory, reconnect");
    }

    ex.strm->next_in = (Bytef *) in;
    ex.strm->avail_in = (uInt) len;

    /*
     * 7.2.3.6: an empty message has a payload of one byte.  Some users of zlib
     * send an empty payload for it, as a flush without input gives none.
     */

    rc = len ? CHATWS_AGAIN : CHATWS_OK;

    while (rc == CHATWS_AGAIN) {
        rc = chatws_deflate_step(df, &ex, fail);
    }

    out->data = df->buf + CHATWS_DEFLATE_HEADROOM;
    out->len = ex.used;

    return rc;
}


void
chatws_deflate_trim(chatws_deflate_t *df, size_t keep)
{
    if (df->buf && df->size > keep) {
        df->conf.memory.free(df->conf.memory.ctx, df->buf);
        df->buf = NULL;
        df->size = 0;
    }
}


/* Calls inflate() once.  CHATWS_AGAIN: it has to be called again. */

static chatws_rc_e
chatws_deflate_step(chatws_deflate_t *df, chatws_expand_t *ex,
    chatws_failure_t *fail)
{
    int        rc;
    z_stream  *strm;

    strm = ex->strm;

    if (chatws_deflate_room(df, ex) != CHATWS_OK) {
        return chatws_frame_fail(fail, CHATWS_CLOSE_INTERNAL,
                                 "out of memory, reconnect");
    }

    rc = inflate(strm, Z_SYNC_FLUSH);

    ex->used = strm->next_out - (df->buf + CHATWS_DEFLATE_HEADROOM);

    if (ex->used > ex->limit) {
        return chatws_frame_fail(fail, CHATWS_CLOSE_TOO_BIG,
                                 "message is too big when inflated");
    }

    if (rc == Z_STREAM_END) {

        /*
         * 7.2.3.4: a block with BFINAL ends the stream.  Another one may
         * follow, which may refer to the same window.  The sender should add a
         * byte, so that the tail becomes a block of its own; if it does not,
         * the message is complete all the same.
         */

        (void) inflateResetKeep(strm);

        if (strm->avail_in == 0 && !ex->tail) {
            return CHATWS_OK;
        }

        return CHATWS_AGAIN;
    }

    if (rc == Z_MEM_ERROR) {
        return chatws_frame_fail(fail, CHATWS_CLOSE_INTERNAL,
                                 "out of memory, reconnect");
    }

    if (rc != Z_OK && rc != Z_BUF_ERROR) {
        return chatws_frame_fail(fail, CHATWS_CLOSE_DATA,
                                 "compressed data is damaged");
    }

    if (strm->avail_in || strm->avail_out == 0) {
        return CHATWS_AGAIN;
    }

    /*
     * data_type has 0x80 between two blocks, 0x40 in a block with BFINAL, and
     * the number of unused bits of the last byte.  So the message ends with a
     * block and a byte.  A message gets there by the tail only, which ends an
     * empty block; some users of zlib send none if nothing is to be flushed.
     */

    if ((strm->data_type & 0xff) == 0x80) {
        return CHATWS_OK;
    }

    if (ex->tail) {
        return chatws_frame_fail(fail, CHATWS_CLOSE_DATA,
                                 "compressed data is cut off");
    }

    ex->tail = 1;
    strm->next_in = (Bytef *) chatws_deflate_tail;
    strm->avail_in = sizeof(chatws_deflate_tail);

    return CHATWS_AGAIN;
}


/* Points the stream to free output, and doubles the buffer if it is full. */

static chatws_rc_e
chatws_deflate_room(chatws_deflate_t *df, chatws_expand_t *ex)
{
    size_t  size;

    size = df->size;

    if (ex->used == size) {
        size = 2 * size;

        if (size > ex->limit + 1) {
            size = ex->limit + 1;
        }

        if (chatws_deflate_reserve(df, size, ex->used) != CHATWS_OK) {
            return CHATWS_ERROR;
        }
    }

    if (size > ex->limit + 1) {
        size = ex->limit + 1;
    }

    ex->strm->next_out = df->buf + CHATWS_DEFLATE_HEADROOM + ex->used;
    ex->strm->avail_out = (uInt) (size - ex->used);

    return CHATWS_OK;
}


/* Makes the output buffer at least size bytes; keeps the first keep bytes. */

static chatws_rc_e
chatws_deflate_reserve(chatws_deflate_t *df, size_t size, size_t keep)
{
    uint8_t          *buf;
    chatws_memory_t  *memory;

    if (df->buf && df->size >= size) {
        return CHATWS_OK;
    }

    memory = &df->conf.memory;

    if (df->buf && keep == 0) {
        memory->free(memory->ctx, df->buf);
        df->buf = NULL;
        df->size = 0;
    }

    buf = memory->alloc(memory->ctx, CHATWS_DEFLATE_HEADROOM + size);

    if (buf == NULL) {
        return CHATWS_ERROR;
    }

    if (df->buf) {
        memcpy(buf + CHATWS_DEFLATE_HEADROOM,
               df->buf + CHATWS_DEFLATE_HEADROOM, keep);
        memory->free(memory->ctx, df->buf);
    }

    df->buf = buf;
    df->size = size;

    return CHATWS_OK;
}


/* Returns the encoder for a message, reset if it has no context. */

static z_stream *
chatws_deflate_out(chatws_deflate_t *df, chatws_deflate_ctx_t *ctx,
    const chatws_deflate_params_t *params)
{
    z_stream  **strm;

    if (ctx && params->server_takeover) {
        strm = &ctx->out;

    } else {
        strm = &df->out[params->server_bits];

        /* 7.1.1.1: no context */

        if (*strm) {
            (void) deflateReset(*strm);
        }
    }

    if (*strm == NULL) {
        *strm = chatws_deflate_encoder(df, params->server_bits);
    }

    return *strm;
}


/* Returns the decoder for a message, reset if it has no context. */

static z_stream *
chatws_deflate_in(chatws_deflate_t *df, chatws_deflate_ctx_t *ctx,
    const chatws_deflate_params_t *params)
{
    if (ctx && params->client_takeover) {

        if (ctx->in == NULL) {
            ctx->in = chatws_deflate_decoder(df, params->client_bits);
        }

        return ctx->in;
    }

    if (df->in == NULL) {
        df->in = chatws_deflate_decoder(df, CHATWS_DEFLATE_BITS_MAX);

    } else {
        (void) inflateReset(df->in);
    }

    return df->in;
}


static z_stream *
chatws_deflate_encoder(chatws_deflate_t *df, unsigned bits)
{
    int        strategy;
    z_stream  *strm;

    strm = chatws_deflate_stream(df);

    if (strm == NULL) {
        return NULL;
    }

    strategy = Z_DEFAULT_STRATEGY;

    /* zlib has no window of 8 bits; with Z_RLE all distances are one byte */

    if (bits < CHATWS_DEFLATE_ZLIB_BITS) {
        bits = CHATWS_DEFLATE_ZLIB_BITS;
        strategy = Z_RLE;
    }

    if (deflateInit2(strm, df->conf.level, Z_DEFLATED, -(int) bits,
                     df->conf.mem_level, strategy)
        != Z_OK)
    {
        df->conf.memory.free(df->conf.memory.ctx, strm);
        return NULL;
    }

    return strm;
}


static z_stream *
chatws_deflate_decoder(chatws_deflate_t *df, unsigned bits)
{
    z_stream  *strm;

    strm = chatws_deflate_stream(df);

    if (strm == NULL) {
        return NULL;
    }

    if (inflateInit2(strm, -(int) bits) != Z_OK) {
        df->conf.memory.free(df->conf.memory.ctx, strm);
        return NULL;
    }

    return strm;
}


static z_stream *
chatws_deflate_stream(chatws_deflate_t *df)
{
    z_stream         *strm;
    chatws_memory_t  *memory;

    memory = &df->conf.memory;
    strm = memory->alloc(memory->ctx, sizeof(z_stream));

    if (strm) {
        memset(strm, 0, sizeof(z_stream));
        strm->zalloc = chatws_deflate_zalloc;
        strm->zfree = chatws_deflate_zfree;
        strm->opaque = memory;
    }

    return strm;
}


static void
chatws_deflate_end(chatws_deflate_t *df, z_stream *strm, int encoder)
{
    if (strm == NULL) {
        return;
    }

    if (encoder) {
        (void) deflateEnd(strm);

    } else {
        (void) inflateEnd(strm);
    }

    df->conf.memory.free(df->conf.memory.ctx, strm);
}


static voidpf
chatws_deflate_zalloc(voidpf opaque, uInt items, uInt size)
{
    chatws_memory_t  *memory = opaque;

    return memory->alloc(memory->ctx, (size_t) items * size);
}


static void
chatws_deflate_zfree(voidpf opaque, voidpf p)
{
    chatws_memory_t  *memory = opaque;

    memory->free(memory->ctx, p);
}
