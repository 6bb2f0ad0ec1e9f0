
/*
 * Copyright (C) chatws contributors
 *
 * The WebSocket engine: a session owns its connection after the 101, reads
 * and writes frames, answers pings, closes properly.  It knows nothing of
 * what the messages mean; that is its user's, behind a table of callbacks.
 */


#ifndef _NGX_HTTP_CHATWS_SESSION_H_INCLUDED_
#define _NGX_HTTP_CHATWS_SESSION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "websocket/chatws_deflate.h"
#include "websocket/chatws_reader.h"
#include "process/ngx_http_chatws_outframe.h"
#include "session/ngx_http_chatws_session_conf.h"


/* whether a connection is one of TLS */

#if (NGX_HTTP_SSL)
#define ngx_http_chatws_tls(c)  ((c)->ssl != NULL)
#else
#define ngx_http_chatws_tls(c)  0
#endif


typedef struct ngx_http_chatws_session_s  ngx_http_chatws_session_t;
typedef struct ngx_http_chatws_out_s      ngx_http_chatws_out_t;
typedef struct ngx_http_chatws_hold_s     ngx_http_chatws_hold_t;


/* A message; ev->data is valid, and writable, until the return. */
typedef void (*ngx_http_chatws_message_pt)(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);

/* Closing has begun, and nothing more is sent: told once, at any moment. */
typedef void (*ngx_http_chatws_ending_pt)(ngx_http_chatws_session_t *s);

/* The session is about to be freed, open or not. */
typedef void (*ngx_http_chatws_gone_pt)(ngx_http_chatws_session_t *s);

/* The worker was told to quit; the session will be closed in a while. */
typedef void (*ngx_http_chatws_quit_pt)(ngx_http_chatws_session_t *s);


/* what the engine's user does; static */

typedef struct {
    ngx_http_chatws_message_pt   message;
    ngx_http_chatws_ending_pt    ending;
    ngx_http_chatws_gone_pt      gone;
    ngx_http_chatws_quit_pt      quit;
} ngx_http_chatws_handlers_t;


typedef enum {
    NGX_HTTP_CHATWS_OPEN = 0,
    NGX_HTTP_CHATWS_CLOSING,    /* our close is sent, the peer's awaited */
    NGX_HTTP_CHATWS_LINGER,     /* output ends, input is thrown away */
    NGX_HTTP_CHATWS_DEAD        /* to be freed by the posted read event */
} ngx_http_chatws_state_e;


/* output that the socket has not taken yet */

struct ngx_http_chatws_out_s {
    ngx_http_chatws_out_t       *next;
    ngx_http_chatws_buf_t       *buf;
    u_char                      *pos;
    unsigned                     droppable:1;
    unsigned                     counted:1;
};


/*
 * The head of the user's own structure.  Allocated for one connection and
 * freed by the engine alone; everyone else calls close() or abort(), which
 * only mark it.
 */

struct ngx_http_chatws_session_s {
    ngx_connection_t                      *connection;
    ngx_http_chatws_hold_t                *hold;  /* on the request, or NULL */
    const ngx_http_chatws_session_conf_t  *conf;
    const ngx_http_chatws_handlers_t      *handlers;

    ngx_queue_t                        queue;     /* of this worker */

    ngx_http_chatws_out_t             *out;
    ngx_http_chatws_out_t            **last_out;
    ngx_http_chatws_out_t             *large;     /* one beyond send_buffer,
                                                   * or NULL */
    size_t                             out_size;  /* bytes in out */
    size_t                             held;      /* of out, in a TLS record
                                                   * that is to be sent */

    chatws_reader_t                    reader;
    chatws_deflate_ctx_t              *deflate;   /* takeover only */
    chatws_deflate_params_t            params;    /* if reader.deflate */

    ngx_log_t                          log;       /* once c->pool is gone */
    ngx_str_t                          addr;      /* follows the structure */
    ngx_str_t                         *name;      /* the user's, for logs */

    unsigned                           state:2;
    unsigned                           pinged:1;  /* pong is awaited */
    unsigned                           waiting:1; /* or any sign of life */
    unsigned                           heard:1;   /* input since the timer */
    unsigned                           behind:1;  /* output was under way */
    unsigned                           draining:1;
    unsigned                           shut:1;    /* output is shut down */
    unsigned                           ended:1;   /* the peer's output is */
    unsigned                           started:1;

    uint32_t                           dropped;   /* counted frames that */
    uint32_t                           missed;    /* gave way, or were left */
    uint32_t                           code;      /* it was closed with */
    uint32_t                           second;    /* of the control frames */
    uint32_t                           control;   /* read in that second */
    off_t                              left;      /* output, by the timer */
    uint64_t                           expires;   /* milliseconds since 1970;
                                                   * 0: never */
};


/*
 * Allocates a session of size bytes, zeroed but for the engine's part, for
 * the request's connection.  Until ngx_http_chatws_session_start() it is
 * freed with the request.  NULL: no memory.
 */
ngx_http_chatws_session_t *ngx_http_chatws_session_create(
    ngx_http_request_t *r, size_t size,
    const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_handlers_t *handlers);

/*
 * Uses permessage-deflate as it was agreed; before the start.  NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_http_chatws_session_deflate(ngx_http_chatws_session_t *s,
    const chatws_deflate_params_t *params);

/*
 * After the 101 was queued: the session lives as soon as nginx's own call
 * stack is done.  The content handler returns what this returns.
 */
ngx_int_t ngx_http_chatws_session_start(ngx_http_chatws_session_t *s);

/* The event whose timer is the session's: for all that has its time. */
ngx_event_t *ngx_http_chatws_session_timer(ngx_http_chatws_session_t *s);

/*
 * Makes a session of an established connection of another worker, which is
 * the session's then.  It neither reads nor writes until it is continued, so
 * that its state can be set.  NULL: no memory, or no connection left.
 */
ngx_http_chatws_session_t *ngx_http_chatws_session_adopt(ngx_socket_t fd,
    size_t size, const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_handlers_t *handlers, ngx_str_t *addr);
void ngx_http_chatws_session_continue(ngx_http_chatws_session_t *s);

/*
 * Whether the session can go on in another worker: it is open, and nothing
 * of it is known to this process alone.
 */
ngx_int_t ngx_http_chatws_session_can_move(ngx_http_chatws_session_t *s);

/* Frees the session here without ending the connection for its peer. */
void ngx_http_chatws_session_release(ngx_http_chatws_session_t *s);

/*
 * Begins the closing handshake: sends what is queued, then a close frame,
 * and waits for the peer's for a limited time.  The reason is static, ASCII,
 * up to 123 bytes.
 */
void ngx_http_chatws_session_close(ngx_http_chatws_session_t *s,
    ngx_uint_t code, const char *reason);

/* Fails the connection: as close(), but nothing more is read. */
void ngx_http_chatws_session_fail(ngx_http_chatws_session_t *s,
    const chatws_failure_t *failure);

/* Ends the connection without more ado, soon after the return. */
void ngx_http_chatws_session_abort(ngx_http_chatws_session_t *s);

/* Calls handler for each session of this worker that has these handlers. */
void ngx_http_chatws_session_each(const ngx_http_chatws_handlers_t *handlers,
    void (*handler)(ngx_http_chatws_session_t *s, void *data), void *data);

/* At the worker's end: a last word to every peer that can take it. */
void ngx_http_chatws_session_exit(void);


/*
 * Sends n frames in order.  What the socket does not take is queued, up to
 * conf->send_buffer, besides one frame of any size; beyond it droppable
 * frames are dropped, and then the session is closed with 1013.  Never frees
 * the session.  What is counted and not sent is added to s->dropped if it is
 * droppable, else to s->missed.
 */
void ngx_http_chatws_send_frames(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n);

/*
 * The same for one frame of which only the payload exists: there are at
 * least CHATWS_FRAME_HEAD_OUT writable bytes before data.
 */
void ngx_http_chatws_send_payload(ngx_http_chatws_session_t *s,
    ngx_uint_t opcode, u_char *data, size_t len);

/* Sends what is queued.  NGX_OK: all; NGX_AGAIN; NGX_ERROR: connection. */
ngx_int_t ngx_http_chatws_flush(ngx_http_chatws_session_t *s);

/* Queues len bytes as they are.  NGX_ERROR: no memory. */
ngx_int_t ngx_http_chatws_queue(ngx_http_chatws_session_t *s, u_char *data,
    size_t len);

/* Empties the queue but for the rest of a frame that was begun. */
void ngx_http_chatws_unqueue(ngx_http_chatws_session_t *s);

/* Frees the queue. */
void ngx_http_chatws_discard(ngx_http_chatws_session_t *s);


#endif /* _NGX_HTTP_CHATWS_SESSION_H_INCLUDED_ */
