
/*
 * Copyright (C) chatws contributors
 *
 * permessage-deflate, RFC 7692: its negotiation, and the compression and
 * decompression of messages by zlib.  One chatws_deflate_t serves all
 * connections of a worker.  Only a connection with context takeover has streams
 * of its own.
 */


#ifndef _CHATWS_DEFLATE_H_INCLUDED_
#define _CHATWS_DEFLATE_H_INCLUDED_


#include "base/chatws_core.h"
#include "base/chatws_memory.h"
#include "websocket/chatws_frame.h"


/* bytes of the longest answer of chatws_deflate_negotiate() */
#define CHATWS_DEFLATE_ANSWER_MAX  136

/* bytes before any output, which have room for the header of a frame */
#define CHATWS_DEFLATE_HEADROOM    CHATWS_FRAME_HEAD_OUT


/* The parameters that the server would like. */

typedef struct {
    unsigned         server_takeover:1;  /* the server keeps a context for each
                                          * connection, if the client allows */
    unsigned         client_takeover:1;  /* the client may keep a context */
    unsigned         server_bits:5;      /* the largest window of the server,
                                          * 9 to 15 */
    unsigned         client_bits:5;      /* the largest window of a client that
                                          * can be told one, 9 to 15 */
} chatws_deflate_policy_t;


/*
 * The parameters that were agreed on.  All connections that have the same ones,
 * and no takeover of the server, can share a compressed message.
 */

typedef struct {
    unsigned         server_takeover:1;
    unsigned         client_takeover:1;
    unsigned         server_bits:5;      /* 8 to 15 */
    unsigned         client_bits:5;      /* 8 to 15 */
} chatws_deflate_params_t;


typedef struct {
    chatws_memory_t  memory;
    int              level;              /* zlib's, 1 to 9 */
    int              mem_level;          /* zlib's, 1 to 9 */
} chatws_deflate_conf_t;


typedef struct chatws_deflate_s      chatws_deflate_t;
typedef struct chatws_deflate_ctx_s  chatws_deflate_ctx_t;


/*
 * Accepts the first acceptable offer of one Sec-WebSocket-Extensions field, RFC
 * 7692, sections 5.1 and 7.1.  If the field comes several times, the caller
 * tries one after the other while the result is CHATWS_DECLINED.
 *
 * CHATWS_OK: params is set to the agreed parameters, and the value of the
 * response's field was written to answer, which has CHATWS_DEFLATE_ANSWER_MAX
 * bytes; *len is its length.  CHATWS_DECLINED: there is no acceptable offer,
 * and the connection goes without the extension.  CHATWS_ERROR: this is no list
 * of extensions, RFC 6455, section 9.1, and the handshake is refused.
 *
 * An offer that has an unknown or repeated parameter, or an invalid value, is
 * not acceptable.  server_max_window_bits=8 is accepted, though zlib has no
 * encoder for it: see chatws_deflate_compress().
 */
chatws_rc_e chatws_deflate_negotiate(const chatws_deflate_policy_t *policy,
    const chatws_str_t *offers, chatws_deflate_params_t *params,
    uint8_t *answer, size_t *len);

/*
 * Makes the streams of a worker, which are set up when they are needed.  NULL:
 * no memory.
 */
chatws_deflate_t *chatws_deflate_create(const chatws_deflate_conf_t *conf);

/* Frees them, after all contexts were closed.  df may be NULL. */
void chatws_deflate_destroy(chatws_deflate_t *df);

/*
 * Opens the context of a connection for which a takeover was agreed; all others
 * need none.  Its streams are set up with the first messages.  NULL: no memory.
 */
chatws_deflate_ctx_t *chatws_deflate_open(chatws_deflate_t *df);

/* Closes the context of a connection.  ctx may be NULL. */
void chatws_deflate_close(chatws_deflate_t *df, chatws_deflate_ctx_t *ctx);

/*
 * Compresses the len bytes of a whole message into the payload of a frame with
 * RSV1, section 7.2.1.  Used is the context ctx, if it is not NULL and the
 * server has a takeover, otherwise a stream that all connections share.  For a
 * window of 8 bits only repetitions of one byte are compressed, which need no
 * window.
 *
 * CHATWS_OK: out is valid until the next call with df, and the
 * CHATWS_DEFLATE_HEADROOM bytes before out->data may be overwritten.
 * CHATWS_DECLINED: the result would have limit bytes or more; the message is
 * sent as it is, without RSV1, and a context was reset.  CHATWS_ERROR: there is
 * no memory, or the message or its result has 2^31 bytes or more.
 */
chatws_rc_e chatws_deflate_compress(chatws_deflate_t *df,
    chatws_deflate_ctx_t *ctx, const chatws_deflate_params_t *params,
    const uint8_t *in, size_t len, size_t limit, chatws_str_t *out);

/*
 * Decompresses the len bytes of the payload of a whole message, section 7.2.2,
 * to at most limit bytes.  The output buffer never has more than 64 bytes
 * beyond the limit.  A block with BFINAL may be followed by others, section
 * 7.2.3.4, and the window is kept.
 *
 * CHATWS_OK: out is valid until the next call with df, and may be overwritten,
 * as may the CHATWS_DEFLATE_HEADROOM bytes before out->data.  CHATWS_ERROR: the
 * connection is failed with *fail: 1007 for damaged data, 1009 for a message
 * over the limit, 1011 if there is no memory.
 */
chatws_rc_e chatws_deflate_expand(chatws_deflate_t *df,
    chatws_deflate_ctx_t *ctx, const chatws_deflate_params_t *params,
    const uint8_t *in, size_t len, size_t limit, chatws_str_t *out,
    chatws_failure_t *fail);

/*
 * Frees the output buffer if it is larger than keep bytes.  The output of the
 * last call is no longer valid.
 */
void chatws_deflate_trim(chatws_deflate_t *df, size_t keep);


#endif /* _CHATWS_DEFLATE_H_INCLUDED_ */
