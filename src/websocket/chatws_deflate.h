
/*
 * Copyright (C) chatws contributors
 *
 * permessage-deflate (RFC 7692): negotiation, and messages in and out through
 * zlib.  One chatws_deflate_t serves all connections of a worker; only a
 * connection with context takeover has streams of its own.
 */


#ifndef _CHATWS_DEFLATE_H_INCLUDED_
#define _CHATWS_DEFLATE_H_INCLUDED_


#include "base/chatws_core.h"
#include "base/chatws_memory.h"
#include "websocket/chatws_frame.h"


/* the longest answer of chatws_deflate_negotiate() */
#define CHATWS_DEFLATE_ANSWER_MAX  136

/* bytes before any output, room for a frame header */
#define CHATWS_DEFLATE_HEADROOM    CHATWS_FRAME_HEAD_OUT


/* what the server wants */

typedef struct {
    unsigned         server_takeover:1;  /* keep a context per connection for
                                          * what is sent, unless refused */
    unsigned         client_takeover:1;  /* let the client keep one */
    unsigned         server_bits:5;      /* largest window of what is sent,
                                          * 9..15 */
    unsigned         client_bits:5;      /* largest window of what is received
                                          * where the client lets us choose,
                                          * 9..15 */
} chatws_deflate_policy_t;


/* what was agreed; all connections with equal ones can share a message */

typedef struct {
    unsigned         server_takeover:1;
    unsigned         client_takeover:1;
    unsigned         server_bits:5;      /* 8..15 */
    unsigned         client_bits:5;      /* 8..15 */
} chatws_deflate_params_t;


typedef struct {
    chatws_memory_t  memory;
    int              level;              /* zlib's, 1..9 */
    int              mem_level;          /* zlib's, 1..9; 8 is its default */
} chatws_deflate_conf_t;


typedef struct chatws_deflate_s      chatws_deflate_t;
typedef struct chatws_deflate_ctx_s  chatws_deflate_ctx_t;


/*
 * Chooses from one Sec-WebSocket-Extensions field the first offer that can be
 * accepted (RFC 7692, 5.1 and 7.1); of a field that comes several times, each
 * one is given until the answer is not CHATWS_DECLINED.
 *
 * CHATWS_OK: "params" is what was agreed, "answer" (CHATWS_DEFLATE_ANSWER_MAX
 * bytes) the value of the response's field, "*len" its length.
 * CHATWS_DECLINED: no acceptable offer; go on without the extension.
 * CHATWS_ERROR: not a list of extensions (RFC 6455, 9.1); the handshake has
 * to be refused.
 *
 * An offer with an unknown or repeated parameter or a bad value is passed
 * over.  server_max_window_bits=8, of which zlib has no encoder, is accepted
 * and served by run-length matches, which need no window.
 */

chatws_rc_e chatws_deflate_negotiate(const chatws_deflate_policy_t *policy,
    const chatws_str_t *offers, chatws_deflate_params_t *params,
    uint8_t *answer, size_t *len);

/* a worker's streams; none is set up before it is needed; NULL: no memory */

chatws_deflate_t *chatws_deflate_create(const chatws_deflate_conf_t *conf);

/* "df" may be NULL; after all contexts made with it */

void chatws_deflate_destroy(chatws_deflate_t *df);

/*
 * The context of a connection, needed if and only if a takeover was agreed;
 * its streams are set up with the first messages.  NULL: no memory.
 */

chatws_deflate_ctx_t *chatws_deflate_open(chatws_deflate_t *df);

/* "ctx" may be NULL */

void chatws_deflate_close(chatws_deflate_t *df, chatws_deflate_ctx_t *ctx);

/*
 * Compresses a whole message into the payload of a frame with RSV1 (7.2.1),
 * with the connection's context, if "ctx" is not NULL and keeps one for what
 * is sent, else with a shared stream of "params->server_bits".
 *
 * CHATWS_OK: "out" is valid until the next call with "df"; the
 * CHATWS_DEFLATE_HEADROOM bytes before out->data may be written.
 * CHATWS_DECLINED: it would be "limit" bytes or more (say, the length of the
 * input): to be sent as it is, without RSV1; a context has been reset.
 * CHATWS_ERROR: no memory.
 * Neither "len" nor what "limit" leaves may reach 2^31.
 */

chatws_rc_e chatws_deflate_compress(chatws_deflate_t *df,
    chatws_deflate_ctx_t *ctx, const chatws_deflate_params_t *params,
    const uint8_t *in, size_t len, size_t limit, chatws_str_t *out);

/*
 * Decompresses the payload of a whole message (7.2.2), at most "limit" bytes
 * of output and never keeping more than that and 64 bytes for it.  Blocks
 * with BFINAL are followed by others (7.2.3.4), over which the window is kept.
 *
 * CHATWS_OK: "out" is valid, and writable, until the next call with "df", and
 * has the same room before it.
 * CHATWS_ERROR: the connection has to be failed with "fail": 1007 damaged
 * data, 1009 over the limit, 1011 no memory.
 */

chatws_rc_e chatws_deflate_expand(chatws_deflate_t *df,
    chatws_deflate_ctx_t *ctx, const chatws_deflate_params_t *params,
    const uint8_t *in, size_t len, size_t limit, chatws_str_t *out,
    chatws_failure_t *fail);

/*
 * Frees the output buffer if it is larger than "keep" bytes; "out" of the
 * last call is then gone.  For a moment when nothing is going on.
 */

void chatws_deflate_trim(chatws_deflate_t *df, size_t keep);


#endif /* _CHATWS_DEFLATE_H_INCLUDED_ */
