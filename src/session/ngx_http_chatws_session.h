
/*
 * Copyright (C) chatws contributors
 *
 * The WebSocket engine.  A session owns its connection after the 101: it reads
 * and writes frames, answers pings, and does the closing handshake.  It knows
 * nothing of the meaning of messages: the user of the engine, a module, gives
 * it a table of callbacks.
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


/* is not 0 if the connection uses TLS */

#if (NGX_HTTP_SSL)
#define ngx_http_chatws_tls(c)  ((c)->ssl != NULL)
#else
#define ngx_http_chatws_tls(c)  0
#endif


typedef struct ngx_http_chatws_session_s  ngx_http_chatws_session_t;
typedef struct ngx_http_chatws_out_s      ngx_http_chatws_out_t;
typedef struct ngx_http_chatws_hold_s     ngx_http_chatws_hold_t;


/*
 * A message has arrived: ev is a CHATWS_EVENT_TEXT or CHATWS_EVENT_BINARY.
 * Its data may be changed and is valid until the return.  Before it there is
 * room for the header of a frame of this length.
 */
typedef void (*ngx_http_chatws_message_pt)(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);

/*
 * The session begins to close, and sends nothing more of its user.  Is called
 * at most once, at any moment, within a call of the user's, too.
 */
typedef void (*ngx_http_chatws_ending_pt)(ngx_http_chatws_session_t *s);

/* The session is freed after the return, whether it was open or closing. */
typedef void (*ngx_http_chatws_gone_pt)(ngx_http_chatws_session_t *s);

/*
 * The worker was told to quit.  Unless the user moves the session to another
 * worker, it is closed within the time of chatws_drain.  Is called a second
 * time when a session that could not move before may be able to now.
 */
typedef void (*ngx_http_chatws_quit_pt)(ngx_http_chatws_session_t *s);

/*
 * The time that was set with session_due() has come.  Returns the next one, in
 * milliseconds since 1970; 0: there is none.  May close the session.
 */
typedef uint64_t (*ngx_http_chatws_due_pt)(ngx_http_chatws_session_t *s);


/* The peer owes a pong, or does not any more: s->pinged tells which. */
typedef void (*ngx_http_chatws_owes_pt)(ngx_http_chatws_session_t *s);


/*
 * A frame of a state is left out, because the peer is too slow: it is one that
 * the user has given to send_frames(), in whose call this is, or a call of the
 * engine that sends what was corked.
 */
typedef void (*ngx_http_chatws_stale_pt)(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame);

/*
 * No output waits any more, after states were left out, or session_await() was
 * called.  May send, and may close the session.
 */
typedef void (*ngx_http_chatws_empty_pt)(ngx_http_chatws_session_t *s);


/* The callbacks of the user, all but the last four set.  It is static. */

typedef struct {
    ngx_http_chatws_message_pt   message;
    ngx_http_chatws_ending_pt    ending;
    ngx_http_chatws_gone_pt      gone;
    ngx_http_chatws_quit_pt      quit;
    ngx_http_chatws_due_pt       due;       /* NULL: session_due() is not
                                               called */
    ngx_http_chatws_owes_pt      owes;      /* or NULL */
    ngx_http_chatws_stale_pt     stale;     /* both NULL: no frame that is
                                               sent is a state */
    ngx_http_chatws_empty_pt     empty;
} ngx_http_chatws_handlers_t;


typedef enum {
    NGX_HTTP_CHATWS_OPEN = 0,
    NGX_HTTP_CHATWS_CLOSING,    /* our close frame waits for the peer's */
    NGX_HTTP_CHATWS_LINGER,     /* the rest of the output is sent, input is
                                 * thrown away */
    NGX_HTTP_CHATWS_DEAD        /* the read event, which is posted, frees it */
} ngx_http_chatws_state_e;


/* Why a session ends at the time in its member expires. */

typedef enum {
    NGX_HTTP_CHATWS_EXPIRES_LIFETIME = 0,   /* chatws_session_lifetime */
    NGX_HTTP_CHATWS_EXPIRES_SESSION         /* session_expire() */
} ngx_http_chatws_expiry_e;


/* A frame, or the rest of one, that the socket has not taken yet. */

struct ngx_http_chatws_out_s {
    ngx_http_chatws_out_t       *next;
    ngx_http_chatws_buf_t       *buf;
    u_char                      *pos;         /* the first unsent byte */
    uint32_t                     key;         /* as in the outgoing frame, */
    unsigned                     droppable:1; /* but a state has waited in
                                                 vain if it were dropped */
    unsigned                     counted:1;
};


/*
 * A session: the first member of the structure of its user.  The engine alone
 * frees it, in its event handlers; all others call close(), fail() or abort(),
 * after which the session still exists.
 */

struct ngx_http_chatws_session_s {
    ngx_connection_t                      *connection;
    ngx_http_chatws_hold_t                *hold;  /* on the request, or NULL */
    const ngx_http_chatws_session_conf_t  *conf;
    const ngx_http_chatws_handlers_t      *handlers;

    ngx_queue_t                        queue;     /* all of this worker */

    ngx_http_chatws_out_t             *out;
    ngx_http_chatws_out_t            **last_out;
    ngx_http_chatws_out_t             *large;     /* the frame in out that
                                                   * may exceed send_buffer,
                                                   * or NULL */
    size_t                             out_size;  /* bytes in out */
    size_t                             record;    /* the first bytes of out,
                                                   * which are in a TLS record
                                                   * that was begun */

    chatws_reader_t                    reader;
    chatws_deflate_ctx_t              *deflate;   /* with takeover, or NULL */
    chatws_deflate_params_t            params;    /* if reader.deflate */

    ngx_log_t                          log;       /* of the connection, when
                                                   * it has no pool */
    ngx_str_t                          addr;      /* follows the structure */
    ngx_str_t                         *name;      /* of the user, for logs */

    unsigned                           state:2;   /* state_e */
    unsigned                           started:1;
    unsigned                           draining:1; /* the worker quits */
    unsigned                           shut:1;    /* our output is shut down */
    unsigned                           ended:1;   /* the peer's output is */
    unsigned                           refused:1; /* session_refuse() */

    unsigned                           pinged:1;  /* a pong is missing */
    unsigned                           waiting:1; /* any sign of life is */
    unsigned                           heard:1;   /* input since the timer */
    unsigned                           behind:1;  /* output was under way */
    unsigned                           narrow:1;  /* session_narrow() */
    unsigned                           stale:1;   /* the user is called when
                                                   * out is empty */
    unsigned                           bounded:1; /* the timer is for the time
                                                   * in expires or in due, */
    unsigned                           expiry:1;  /* expiry_e */
    uint32_t                           keyed;     /* bytes in out of frames that
                                                   * have a key */
    off_t                              left;      /* bytes of output that had
                                                   * left by the timer */

    uint32_t                           dropped;   /* counted frames: droppable
                                                   * ones not sent, */
    uint32_t                           missed;    /* and others not sent */
    uint32_t                           code;      /* it was closed with */
    uint32_t                           second;    /* a second, */
    uint32_t                           control;   /* and the control frames
                                                   * read in it */
    uint32_t                           rest;      /* milliseconds by which that
                                                   * comes before what the
                                                   * timer was asked for */
    uint64_t                           expires;   /* when it is closed,
                                                   * milliseconds since 1970;
                                                   * 0: not for its time */
    uint64_t                           due;       /* when its user is called,
                                                   * the same; 0: it is not */
};


/*
 * Makes a session for the connection of the request.  The structure has size
 * bytes, of which those behind the session are zeroed.  conf and handlers live
 * as long as the session.  Until session_start() the session is freed with the
 * request, and calls no handler.
 *
 * NULL: no memory.
 */
ngx_http_chatws_session_t *ngx_http_chatws_session_create(
    ngx_http_request_t *r, size_t size,
    const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_handlers_t *handlers);

/*
 * Lets the session use permessage-deflate with these parameters, which were
 * agreed; is called before session_start().  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_session_deflate(ngx_http_chatws_session_t *s,
    const chatws_deflate_params_t *params);

/*
 * Marks a session, which was not started, as one that is closed with this code:
 * its close frame is the output behind the 101.  The connection ends with the
 * peer's close, or after a second.  No handler but gone is called.
 */
void ngx_http_chatws_session_refuse(ngx_http_chatws_session_t *s,
    ngx_uint_t code);

/*
 * Starts the session, after the 101 was queued.  Its first events come when
 * nginx has returned from handling the request.
 *
 * The content handler returns the same value.
 */
ngx_int_t ngx_http_chatws_session_start(ngx_http_chatws_session_t *s);

/* The callback empty is called when the output that waits now was sent. */
#define ngx_http_chatws_session_await(s)  (s)->stale = 1

/*
 * Sets the timer of an open session to msec milliseconds, or to the times in
 * its members expires and due if one comes first.  msec 0: to those only.
 */
void ngx_http_chatws_set_timer(ngx_http_chatws_session_t *s,
    ngx_msec_t msec);

/*
 * The session is closed with 4401, "session expired, reconnect", at this time
 * in milliseconds since 1970, unless it ends before.  The time may have passed.
 */
void ngx_http_chatws_session_expire(ngx_http_chatws_session_t *s,
    uint64_t time);

/*
 * Lets the user be called at this time, in milliseconds since 1970, in place of
 * an earlier or later one.  The time may have passed; 0: it is not called.
 */
void ngx_http_chatws_session_due(ngx_http_chatws_session_t *s, uint64_t time);

/*
 * With on, messages from now on are read by conf->narrow, otherwise, and at
 * first, by conf->reader.  Is not called while a message is incomplete.
 */
void ngx_http_chatws_session_narrow(ngx_http_chatws_session_t *s,
    ngx_uint_t on);

/* The settings by which the session reads at present. */
const chatws_reader_conf_t *ngx_http_chatws_session_reader(
    const ngx_http_chatws_session_t *s);

/*
 * Makes a session of a WebSocket that another worker had: fd is its socket, and
 * addr the address of its client, which is copied.  The caller then sets its
 * state, and calls session_continue(), with which the session begins to read
 * and write.
 *
 * NULL: there is no memory or no free connection, and fd is still the
 * caller's; otherwise the session closes it.
 */
ngx_http_chatws_session_t *ngx_http_chatws_session_adopt(ngx_socket_t fd,
    size_t size, const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_handlers_t *handlers, ngx_str_t *addr);

/* Lets an adopted session read and write.  It is not freed within the call. */
void ngx_http_chatws_session_continue(ngx_http_chatws_session_t *s);

/*
 * Returns 1 if the session can go on in another worker, else 0.  It can if it
 * is open, if the request and the pool of its connection were freed, which
 * excludes TLS, and if it has no streams of zlib.
 */
ngx_int_t ngx_http_chatws_session_can_move(ngx_http_chatws_session_t *s);

/*
 * Frees the session and closes its descriptor here, after another process got
 * a copy of the descriptor.  The peer notices nothing.
 */
void ngx_http_chatws_session_release(ngx_http_chatws_session_t *s);

/*
 * Begins the closing handshake, RFC 6455, section 7.1.2: sends the queued
 * output and a close frame, and waits for the peer's for a limited time.  With
 * CHATWS_CLOSE_LATER the queued output is dropped.  The reason is a static
 * ASCII text of at most 123 bytes.  Does nothing unless the session is open.
 */
void ngx_http_chatws_session_close(ngx_http_chatws_session_t *s,
    ngx_uint_t code, const char *reason);

/*
 * The same with a reason that is UTF-8 of at most 123 bytes without control
 * characters, and need not live longer than the call.
 */
void ngx_http_chatws_session_close_text(ngx_http_chatws_session_t *s,
    ngx_uint_t code, const chatws_str_t *reason);

/*
 * Fails the connection, RFC 6455, section 7.1.7: as session_close(), but
 * nothing more is read.
 */
void ngx_http_chatws_session_fail(ngx_http_chatws_session_t *s,
    const chatws_failure_t *failure);

/* Ends the connection without a close frame, after the return. */
void ngx_http_chatws_session_abort(ngx_http_chatws_session_t *s);

/*
 * Calls handler for each started session of this worker that has these
 * handlers.  handler may free the session that it is called for, and no other.
 */
void ngx_http_chatws_session_each(const ngx_http_chatws_handlers_t *handlers,
    void (*handler)(ngx_http_chatws_session_t *s, void *data), void *data);

/*
 * Is called at the end of the worker: sends each open session a close frame,
 * as far as its socket takes it, and frees the memory of the worker.
 */
void ngx_http_chatws_session_exit(void);


/*
 * Sends n frames in order, if the session is open.  Bytes that the socket does
 * not take are queued, up to conf->send_buffer bytes and one frame of any size.
 * When there is more, droppable frames are dropped; if this is not enough, the
 * session is closed with 1013.  A counted frame that is not sent is added to
 * s->dropped if it is droppable, else to s->missed.
 *
 * The session is not freed.
 */
void ngx_http_chatws_send_frames(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n);

/*
 * Sends a payload of len bytes in one frame.  Its header is written to the
 * bytes right before data, at most CHATWS_FRAME_HEAD_OUT of them.
 */
void ngx_http_chatws_send_payload(ngx_http_chatws_session_t *s,
    ngx_uint_t opcode, u_char *data, size_t len);

/*
 * Sends the queued output.  NGX_OK: all was sent.  NGX_AGAIN: the socket is
 * full, and the write event continues.  NGX_ERROR: the connection is broken.
 */
ngx_int_t ngx_http_chatws_flush(ngx_http_chatws_session_t *s);

/*
 * Queues a copy of len bytes, which are whole frames, whatever the size of the
 * queue.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_queue(ngx_http_chatws_session_t *s, u_char *data,
    size_t len);

/* Drops all frames of the queue except for those that were begun. */
void ngx_http_chatws_unqueue(ngx_http_chatws_session_t *s);

/* Frees the whole queue: no byte of it will be sent. */
void ngx_http_chatws_discard(ngx_http_chatws_session_t *s);


#endif /* _NGX_HTTP_CHATWS_SESSION_H_INCLUDED_ */
