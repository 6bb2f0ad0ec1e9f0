
/*
 * Copyright (C) chatws contributors
 *
 * permessage-deflate, RFC 7692, for the messages of a session.  The streams of
 * zlib belong to the worker.  A message is compressed once for all sessions
 * that agreed on the same parameters, except for those with context takeover.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_utf8.h"
#include "session/ngx_http_chatws_session_private.h"


/* zlib's default */
#define NGX_HTTP_CHATWS_MEM_LEVEL     8

/* bytes of zlib's output buffer that are kept between messages */
#define NGX_HTTP_CHATWS_DEFLATE_KEEP  65536

/* tells compressed copies of a frame apart: all others are decided by these */
#define ngx_http_chatws_deflate_key(level, bits)  ((level) * 16 + (bits))


static chatws_deflate_t *ngx_http_chatws_deflater(
    ngx_http_chatws_session_t *s);
static chatws_deflate_t *ngx_http_chatws_expander(
    ngx_http_chatws_session_t *s);
static chatws_deflate_t *ngx_http_chatws_streams(
    ngx_http_chatws_session_t *s, ngx_int_t level);
static ngx_http_chatws_buf_t *ngx_http_chatws_deflate_shared(
    ngx_http_chatws_session_t *s, ngx_http_chatws_outframe_t *frame,
    size_t head);
static ngx_http_chatws_buf_t *ngx_http_chatws_deflate_frame(
    ngx_http_chatws_session_t *s, ngx_http_chatws_outframe_t *frame,
    size_t head);


ngx_int_t
ngx_http_chatws_session_deflate(ngx_http_chatws_session_t *s,
    const chatws_deflate_params_t *params)
{
    s->params = *params;
    s->reader.deflate = 1;

    if (!params->server_takeover && !params->client_takeover) {
        return NGX_OK;
    }

    if (ngx_http_chatws_deflater(s) == NULL) {
        return NGX_ERROR;
    }

    s->deflate = chatws_deflate_open(ngx_http_chatws_deflater(s));

    return s->deflate == NULL ? NGX_ERROR : NGX_OK;
}


void
ngx_http_chatws_deflate_done(ngx_http_chatws_session_t *s)
{
    if (s->deflate != NULL) {
        chatws_deflate_close(ngx_http_chatws_deflater(s), s->deflate);
        s->deflate = NULL;
    }
}


void
ngx_http_chatws_deflate_exit(void)
{
    ngx_uint_t                 i;
    ngx_http_chatws_worker_t  *worker;

    worker = &ngx_http_chatws_worker;

    chatws_deflate_destroy(worker->expander);

    for (i = 0; i < NGX_HTTP_CHATWS_LEVELS; i++) {
        chatws_deflate_destroy(worker->deflaters[i]);
    }
}


ngx_http_chatws_buf_t *
ngx_http_chatws_deflate(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame)
{
    size_t  head;

    head = chatws_frame_payload(frame->data);

    if ((frame->data[0] & CHATWS_FRAME_CONTROL)
        || frame->len - head < s->conf->deflate_min_length)
    {
        return NULL;
    }

    if (s->params.server_takeover) {
        return ngx_http_chatws_deflate_frame(s, frame, head);
    }

    return ngx_http_chatws_deflate_shared(s, frame, head);
}


/*
 * Returns the compressed copy that all sessions with these parameters share,
 * and makes it if there is none.
 */

static ngx_http_chatws_buf_t *
ngx_http_chatws_deflate_shared(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame, size_t head)
{
    ngx_uint_t              key;
    ngx_http_chatws_buf_t  *buf;

    key = ngx_http_chatws_deflate_key(s->conf->deflate_level,
                                      s->params.server_bits);

    for (buf = frame->deflated; buf != NULL; buf = buf->next) {
        if (buf->key == key) {
            break;
        }
    }

    if (buf == NULL) {
        buf = ngx_http_chatws_deflate_frame(s, frame, head);

        if (buf == NULL) {
            /* an empty copy saves the next session the attempt */
            buf = ngx_http_chatws_buf_alloc(0, s->connection->log);

            if (buf == NULL) {
                return NULL;
            }
        }

        buf->key = key;
        buf->next = frame->deflated;
        frame->deflated = buf;
    }

    if (buf->len == 0) {
        return NULL;
    }

    buf->refs++;

    return buf;
}


/*
 * Compresses a frame whose header has head bytes, RFC 7692, section 7.2.1.
 * NULL: it does not get smaller, or there is no memory.
 */

static ngx_http_chatws_buf_t *
ngx_http_chatws_deflate_frame(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame, size_t head)
{
    size_t                  len, size;
    chatws_str_t            out;
    chatws_deflate_t       *deflater;
    ngx_http_chatws_buf_t  *buf;

    deflater = ngx_http_chatws_deflater(s);
    len = frame->len - head;

    if (deflater == NULL
        || chatws_deflate_compress(deflater, s->deflate, &s->params,
                                   frame->data + head, len, len, &out)
           != CHATWS_OK)
    {
        return NULL;
    }

    size = chatws_frame_header_size(out.len);

    buf = ngx_http_chatws_buf_alloc(size + out.len, s->connection->log);

    if (buf == NULL) {
        /* our context has the message, which the peer's will not get */
        if (s->params.server_takeover) {
            ngx_http_chatws_session_abort(s);
        }

        return NULL;
    }

    (void) chatws_frame_header(buf->data,
                               frame->data[0] | CHATWS_FRAME_RSV1, out.len);
    ngx_memcpy(buf->data + size, out.data, out.len);

    chatws_deflate_trim(deflater, NGX_HTTP_CHATWS_DEFLATE_KEEP);

    return buf;
}


ngx_int_t
ngx_http_chatws_inflate_message(ngx_http_chatws_session_t *s,
    chatws_event_t *ev)
{
    size_t                         max;
    chatws_str_t                   out;
    chatws_failure_t               failure;
    chatws_deflate_t              *expander;

    static const chatws_failure_t  no_memory =
        { CHATWS_CLOSE_INTERNAL, chatws_str("out of memory, reconnect") };
    static const chatws_failure_t  no_text =
        { CHATWS_CLOSE_DATA, chatws_str("text is not UTF-8") };

    expander = ngx_http_chatws_expander(s);

    if (expander == NULL) {
        ngx_http_chatws_session_fail(s, &no_memory);
        return NGX_ERROR;
    }

    max = ngx_http_chatws_session_reader(s)->max_message;

    if (chatws_deflate_expand(expander, s->deflate, &s->params, ev->data,
                              ev->len, max, &out, &failure)
        != CHATWS_OK)
    {
        ngx_http_chatws_session_fail(s, &failure);
        return NGX_ERROR;
    }

    if (ev->type == CHATWS_EVENT_TEXT
        && chatws_utf8_valid(out.data, out.len) != CHATWS_OK)
    {
        ngx_http_chatws_session_fail(s, &no_text);
        return NGX_ERROR;
    }

    ev->data = out.data;
    ev->len = out.len;
    ev->compressed = 0;

    return NGX_OK;
}


/* Returns the streams for output of the session's level of compression. */

static chatws_deflate_t *
ngx_http_chatws_deflater(ngx_http_chatws_session_t *s)
{
    chatws_deflate_t  **deflater;

    deflater = &ngx_http_chatws_worker.deflaters[s->conf->deflate_level];

    if (*deflater == NULL) {
        *deflater = ngx_http_chatws_streams(s, s->conf->deflate_level);
    }

    return *deflater;
}


/*
 * Returns the streams for messages of clients.  They are not those for output:
 * a message that was expanded may be compressed again while it is in use.
 */

static chatws_deflate_t *
ngx_http_chatws_expander(ngx_http_chatws_session_t *s)
{
    chatws_deflate_t  **expander;

    expander = &ngx_http_chatws_worker.expander;

    if (*expander == NULL) {
        *expander = ngx_http_chatws_streams(s, 1);
        return *expander;
    }

    chatws_deflate_trim(*expander, NGX_HTTP_CHATWS_DEFLATE_KEEP);

    return *expander;
}


static chatws_deflate_t *
ngx_http_chatws_streams(ngx_http_chatws_session_t *s, ngx_int_t level)
{
    chatws_deflate_conf_t  conf;

    conf.memory = s->conf->reader.memory;
    conf.level = level;
    conf.mem_level = NGX_HTTP_CHATWS_MEM_LEVEL;

    return chatws_deflate_create(&conf);
}
