
/*
 * Copyright (C) chatws contributors
 *
 * The functions and the state of the worker that the files of the engine
 * share.
 */


#ifndef _NGX_HTTP_CHATWS_SESSION_PRIVATE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_SESSION_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "session/ngx_http_chatws_session.h"


/* bytes of the receive buffer, one for all sessions */
#define NGX_HTTP_CHATWS_RECV_SIZE  65536

/* bytes of output that are corked at most: the payload of a TLS record */
#define NGX_HTTP_CHATWS_CORK_SIZE  16384

/* levels of compression, 0 to 9 */
#define NGX_HTTP_CHATWS_LEVELS     10

/* iovecs of one writev() */
#define NGX_HTTP_CHATWS_IOVS       128


/*
 * The state of the engine in this worker, made with its first session.
 *
 * Output is corked while a session reads: the answers to the messages of one
 * read leave together.
 */

typedef struct {
    u_char                     *buf;           /* the receive buffer; NULL:
                                                  there is no state yet */
    u_char                     *cork;          /* the corked output */
    size_t                      cork_len;
    ngx_http_chatws_session_t  *corked;        /* its session, or NULL */
    ngx_queue_t                 queue;         /* all sessions */
    chatws_deflate_t           *expander;
    chatws_deflate_t           *deflaters[NGX_HTTP_CHATWS_LEVELS];
} ngx_http_chatws_worker_t;


extern ngx_http_chatws_worker_t  ngx_http_chatws_worker;

/* the reason of CHATWS_CLOSE_AWAY */
extern const chatws_str_t  ngx_http_chatws_going_away;


/*
 * Makes a session, which is not started, for a connection; addr is copied.
 * NULL: no memory.
 */
ngx_http_chatws_session_t *ngx_http_chatws_session_alloc(ngx_connection_t *c,
    size_t size, const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_handlers_t *handlers, ngx_str_t *addr);

/* Frees the session, but neither its connection nor its request. */
void ngx_http_chatws_session_free(ngx_http_chatws_session_t *s);

/* Ends the request that the session holds, and with it the connection. */
void ngx_http_chatws_session_give_back(ngx_http_chatws_session_t *s);

/* Sets the event handlers of the connection to those of the session. */
void ngx_http_chatws_own_events(ngx_http_chatws_session_t *s);

/* The event handlers of the connection when the session holds no request. */
void ngx_http_chatws_read_handler(ngx_event_t *rev);
void ngx_http_chatws_write_handler(ngx_event_t *wev);

/* Returns the event whose timer belongs to the session at present. */
ngx_event_t *ngx_http_chatws_session_timer(ngx_http_chatws_session_t *s);

/*
 * The timer of an open session is over: sends a ping, or closes a session
 * whose time is over, whose worker quits, or whose peer is silent.
 */
void ngx_http_chatws_timeout(ngx_http_chatws_session_t *s);

/*
 * Handle the events of a session.  timedout is not 0 if its timer is over.
 * read_event() may free the session, write_event() does not.
 */
void ngx_http_chatws_read_event(ngx_http_chatws_session_t *s,
    ngx_uint_t timedout);
void ngx_http_chatws_write_event(ngx_http_chatws_session_t *s);

/*
 * Sets the timer for the first ping, to a random part of the interval: after a
 * storm of connections their pings are spread.
 */
void ngx_http_chatws_first_ping(ngx_http_chatws_session_t *s);

/* The log handler of the connection when the session holds no request. */
u_char *ngx_http_chatws_log_error(ngx_log_t *log, u_char *buf, size_t len);

/* Notes that a pong was read. */
void ngx_http_chatws_pong(ngx_http_chatws_session_t *s);

/*
 * Tell whether a slow peer still reads: flows() returns 1 if bytes of output
 * have reached the peer's system since flow_mark() or the last flows().
 */
void ngx_http_chatws_flow_mark(ngx_http_chatws_session_t *s);
ngx_uint_t ngx_http_chatws_flows(ngx_http_chatws_session_t *s);

/* Reads the frames in [p, last), which is changed, and acts on them. */
void ngx_http_chatws_session_read(ngx_http_chatws_session_t *s, u_char *p,
    u_char *last);

/*
 * Between cork() and uncork() the output of the session is collected, as far
 * as it is small, and uncork() sends it.  One session at a time is corked,
 * within one event, and it is not freed meanwhile.
 */
void ngx_http_chatws_cork(ngx_http_chatws_session_t *s);
void ngx_http_chatws_uncork(ngx_http_chatws_session_t *s);

/*
 * Makes the system send what is written at once.  NGX_ERROR: the connection is
 * broken.
 */
ngx_int_t ngx_http_chatws_no_delay(ngx_connection_t *c);

/*
 * Writes n pieces of memory, together size bytes.  iov is changed.  Returns how
 * many bytes were written: all of them, unless the socket is full; the write
 * event is then active.  NGX_AGAIN: none were written.  NGX_ERROR: the
 * connection is broken.
 */
ssize_t ngx_http_chatws_writev(ngx_http_chatws_session_t *s,
    struct iovec *iov, ngx_uint_t n, size_t size);

/*
 * Queues n frames, of which the first skip bytes were sent.  If there is no
 * room, drops droppable frames, and closes the session with 1013.
 */
void ngx_http_chatws_queue_frames(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n, size_t skip);

/* Counts n frames that are not sent. */
void ngx_http_chatws_left_out(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n);

/*
 * Sends an open session a close frame, as far as the socket takes it, before
 * its connection is closed at once.
 */
void ngx_http_chatws_last_word(ngx_http_chatws_session_t *s,
    ngx_uint_t code, const chatws_str_t *reason);

/* Changes the state, and tells the user if the session was open. */
void ngx_http_chatws_advance(ngx_http_chatws_session_t *s,
    ngx_http_chatws_state_e state);

/* Answers the close frame of the peer: RFC 6455, section 5.5.1. */
void ngx_http_chatws_peer_close(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);

/* Sets the timer of a session that closes. */
void ngx_http_chatws_close_timer(ngx_http_chatws_session_t *s);

/*
 * The timer of a session that closes is over: sets it again as long as the
 * peer reads, otherwise ends the connection.
 */
void ngx_http_chatws_close_timeout(ngx_http_chatws_session_t *s);

/* The peer has ended its half of the connection: sends the queued output. */
void ngx_http_chatws_peer_end(ngx_http_chatws_session_t *s);

/* Continues a lingering close, as far as the output was sent. */
void ngx_http_chatws_linger(ngx_http_chatws_session_t *s);

/*
 * Compresses a frame for a session with permessage-deflate.  Returns a whole
 * frame with a reference that is the caller's; NULL: the frame is sent as it
 * is, unless the session was aborted.
 */
ngx_http_chatws_buf_t *ngx_http_chatws_deflate(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame);

/*
 * Replaces the payload of a compressed message by the expanded one, which is
 * valid until the next event.  NGX_ERROR: the session was failed.
 */
ngx_int_t ngx_http_chatws_inflate_message(ngx_http_chatws_session_t *s,
    chatws_event_t *ev);

/* Frees the memory that a session has for permessage-deflate. */
void ngx_http_chatws_deflate_done(ngx_http_chatws_session_t *s);

/* Frees the memory of the worker for it, when no session is left. */
void ngx_http_chatws_deflate_exit(void);

/*
 * Frees the session and its connection.  Only the event handlers of the session
 * call it, as the last thing they do.
 */
void ngx_http_chatws_destroy(ngx_http_chatws_session_t *s);


#endif /* _NGX_HTTP_CHATWS_SESSION_PRIVATE_H_INCLUDED_ */
