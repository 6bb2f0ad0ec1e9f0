
/*
 * Copyright (C) chatws contributors
 *
 * What the files of the engine share among themselves.
 */


#ifndef _NGX_HTTP_CHATWS_SESSION_PRIVATE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_SESSION_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "session/ngx_http_chatws_session.h"


/* one for all sessions: a session at rest has no buffer */
#define NGX_HTTP_CHATWS_RECV_SIZE  65536

/* what answers the input of one turn leaves together; a TLS record holds it */
#define NGX_HTTP_CHATWS_CORK_SIZE  16384

/* of compression, the highest being 9 */
#define NGX_HTTP_CHATWS_LEVELS     10

/* iovecs of one writev() */
#define NGX_HTTP_CHATWS_IOVS       128


/* of this worker; made with its first session */

typedef struct {
    u_char                     *buf;           /* receive buffer */
    u_char                     *cork;          /* output held back, */
    size_t                      cork_len;
    ngx_http_chatws_session_t  *corked;        /* of this session, or NULL */
    ngx_queue_t                 queue;         /* sessions */
    chatws_deflate_t           *expander;
    chatws_deflate_t           *deflaters[NGX_HTTP_CHATWS_LEVELS];
} ngx_http_chatws_worker_t;


extern ngx_http_chatws_worker_t  ngx_http_chatws_worker;

/* the reason of CHATWS_CLOSE_AWAY */
extern const chatws_str_t  ngx_http_chatws_going_away;


/*
 * Makes a session, which is not started, for a connection.  NULL: no memory.
 */
ngx_http_chatws_session_t *ngx_http_chatws_session_alloc(ngx_connection_t *c,
    size_t size, const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_handlers_t *handlers, ngx_str_t *addr);

/* Frees the session alone. */
void ngx_http_chatws_session_free(ngx_http_chatws_session_t *s);

/* Ends the request that the session holds, and the connection with it. */
void ngx_http_chatws_session_give_back(ngx_http_chatws_session_t *s);

/* Gives the events of the connection to the session, as its stage wants. */
void ngx_http_chatws_own_events(ngx_http_chatws_session_t *s);

/* event handlers of the connection of a session that holds no request */
void ngx_http_chatws_read_handler(ngx_event_t *rev);
void ngx_http_chatws_write_handler(ngx_event_t *wev);

/*
 * Sets the timer of an open session, 0: for the end of its time alone; and
 * what it is for: a ping, or the close of a session whose peer or whose time
 * is gone, or whose worker quits.
 */
void ngx_http_chatws_set_timer(ngx_http_chatws_session_t *s,
    ngx_msec_t msec);
void ngx_http_chatws_timeout(ngx_http_chatws_session_t *s);

/*
 * What a session does at an event; timedout: its timer is over.  read_event()
 * may free it.
 */
void ngx_http_chatws_read_event(ngx_http_chatws_session_t *s,
    ngx_uint_t timedout);
void ngx_http_chatws_write_event(ngx_http_chatws_session_t *s);

/* Sets the timer for the first ping. */
void ngx_http_chatws_first_ping(ngx_http_chatws_session_t *s);

/* The log handler of a session that holds no request. */
u_char *ngx_http_chatws_log_error(ngx_log_t *log, u_char *buf, size_t len);

/* A pong was read. */
void ngx_http_chatws_pong(ngx_http_chatws_session_t *s);

/*
 * Whether output, or the end of it, has reached the peer's system since the
 * mark or the last call.
 */
void ngx_http_chatws_flow_mark(ngx_http_chatws_session_t *s);
ngx_uint_t ngx_http_chatws_flows(ngx_http_chatws_session_t *s);

/* Reads frames from memory, which is changed, and acts on them. */
void ngx_http_chatws_session_read(ngx_http_chatws_session_t *s, u_char *p,
    u_char *last);

/*
 * Holds back what the session sends, as far as it is small, until uncork().
 * Of one session at a time, within one event; no frees in between.
 */
void ngx_http_chatws_cork(ngx_http_chatws_session_t *s);
void ngx_http_chatws_uncork(ngx_http_chatws_session_t *s);

/*
 * Writes n pieces, size bytes together; iov is changed.  Bytes written, all
 * unless the socket is full; NGX_AGAIN: none; NGX_ERROR.
 */
ssize_t ngx_http_chatws_writev(ngx_http_chatws_session_t *s,
    struct iovec *iov, ngx_uint_t n, size_t size);

/*
 * Queues n frames without the first skip bytes, as far as there is room;
 * otherwise closes the session.
 */
void ngx_http_chatws_queue_frames(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n, size_t skip);

/* Notes that n frames are not sent. */
void ngx_http_chatws_left_out(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n);

/*
 * Sends a close frame as far as the socket takes it, for a connection that
 * ends now whatever the peer does.
 */
void ngx_http_chatws_last_word(ngx_http_chatws_session_t *s,
    ngx_uint_t code, const chatws_str_t *reason);

/* Changes the state, and tells the session's user when it was open. */
void ngx_http_chatws_advance(ngx_http_chatws_session_t *s,
    ngx_http_chatws_state_e state);

/* Answers the peer's close frame: RFC 6455, 5.5.1. */
void ngx_http_chatws_peer_close(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);

/* Gives a peer that is to close, or to read what it is owed, its time. */
void ngx_http_chatws_close_timer(ngx_http_chatws_session_t *s);

/* That time is over: it gets more while it reads. */
void ngx_http_chatws_close_timeout(ngx_http_chatws_session_t *s);

/* The peer has ended its half: what is queued still goes to it. */
void ngx_http_chatws_peer_end(ngx_http_chatws_session_t *s);

/* Goes on with a lingering close as far as the output allows. */
void ngx_http_chatws_linger(ngx_http_chatws_session_t *s);

/*
 * The frame as a session with permessage-deflate gets it: a reference, the
 * caller's, to a whole compressed frame; or NULL: as it is.
 */
ngx_http_chatws_buf_t *ngx_http_chatws_deflate(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame);

/*
 * Replaces the payload of a compressed message by the expanded one, valid
 * until the next event.  Otherwise fails the session: NGX_ERROR.
 */
ngx_int_t ngx_http_chatws_inflate_message(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);

/* Frees what a session has for permessage-deflate. */
void ngx_http_chatws_deflate_done(ngx_http_chatws_session_t *s);

/* Frees what the worker has for it, when no session is left. */
void ngx_http_chatws_deflate_exit(void);

/*
 * Frees the session and its connection: to be called by its event handlers
 * alone, as their last deed.
 */
void ngx_http_chatws_destroy(ngx_http_chatws_session_t *s);


#endif /* _NGX_HTTP_CHATWS_SESSION_PRIVATE_H_INCLUDED_ */
