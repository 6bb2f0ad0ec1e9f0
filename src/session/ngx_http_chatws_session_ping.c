
/*
 * Copyright (C) chatws contributors
 *
 * The timer of an open session: the end of its time, and whether its peer is
 * alive.  Three things are signs of life: a pong, any input, and output that
 * the peer's system has confirmed.  A ping is not sent behind much output: its
 * pong would be late although the peer reads.  RFC 6455, sections 5.5.2 and
 * 5.5.3.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_clock.h"
#include "session/ngx_http_chatws_session_private.h"

#if (NGX_LINUX)
#include <linux/sockios.h>
#endif


/* asks for the bytes of a socket's output that its peer has not confirmed */

#if (NGX_LINUX)
#define NGX_HTTP_CHATWS_OUTQ  SIOCOUTQ

#elif defined FIONWRITE
#define NGX_HTTP_CHATWS_OUTQ  FIONWRITE
#endif

/* a ping may be sent behind so many bytes; the peer's buffers hold more */
#define NGX_HTTP_CHATWS_PING_BEHIND  16384


/* milliseconds after which a step of the wall clock is noticed, at most */
#define NGX_HTTP_CHATWS_CLOCK  60000


/* The output of a session, compared with the last time it was looked at. */

typedef struct {
    size_t                       queued;    /* bytes the peer has not got */
    ngx_uint_t                   behind;    /* 1: there were some last time */
    ngx_uint_t                   moves;     /* 1: it got some of them since */
} ngx_http_chatws_flow_t;


/* A close for one of the reasons in ngx_http_chatws_expiry_e. */

typedef struct {
    ngx_uint_t                   code;
    const char                  *reason;
} ngx_http_chatws_expired_t;


static void ngx_http_chatws_renew_timer(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_ping(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_owes(ngx_http_chatws_session_t *s,
    ngx_uint_t owes);
static void ngx_http_chatws_flow(ngx_http_chatws_session_t *s,
    ngx_http_chatws_flow_t *flow);
static size_t ngx_http_chatws_unsent(ngx_socket_t fd);


static const ngx_http_chatws_expired_t  ngx_http_chatws_expired[] = {

    [NGX_HTTP_CHATWS_EXPIRES_LIFETIME] = {
        CHATWS_CLOSE_RESTART, "session lifetime over, reconnect" },

    [NGX_HTTP_CHATWS_EXPIRES_SESSION] = {
        CHATWS_CLOSE_EXPIRED, "session expired, reconnect" }
};


void
ngx_http_chatws_set_timer(ngx_http_chatws_session_t *s, ngx_msec_t msec)
{
    uint64_t  left, now, time;

    s->bounded = 0;
    time = s->expires;

    if (s->due != 0 && (time == 0 || s->due < time)) {
        time = s->due;
    }

    if (time != 0) {
        now = ngx_http_chatws_now();
        left = time > now ? time - now : 1;
        left = ngx_min(left, NGX_HTTP_CHATWS_CLOCK);

        if (msec == 0 || left < msec) {
            s->bounded = 1;
            s->rest = (uint32_t) (msec == 0 ? 0 : msec - left);
            msec = (ngx_msec_t) left;
        }
    }

    if (msec != 0) {
        ngx_add_timer(ngx_http_chatws_session_timer(s), msec);
    }
}


void
ngx_http_chatws_session_expire(ngx_http_chatws_session_t *s, uint64_t time)
{
    if (s->expires != 0 && s->expires <= time) {
        return;
    }

    s->expires = time;
    s->expiry = NGX_HTTP_CHATWS_EXPIRES_SESSION;

    ngx_http_chatws_renew_timer(s);
}


void
ngx_http_chatws_session_due(ngx_http_chatws_session_t *s, uint64_t time)
{
    s->due = time;

    ngx_http_chatws_renew_timer(s);
}


/*
 * Sets the timer of an open session again, for what is still to come of what it
 * was asked for, after one of its times has changed.
 */

static void
ngx_http_chatws_renew_timer(ngx_http_chatws_session_t *s)
{
    ngx_msec_t      msec;
    ngx_event_t    *timer;
    ngx_msec_int_t  left;

    if (!s->started || s->state != NGX_HTTP_CHATWS_OPEN) {
        return;
    }

    msec = 0;
    timer = ngx_http_chatws_session_timer(s);

    if (timer->timer_set) {
        left = (ngx_msec_int_t) (timer->timer.key - ngx_current_msec);

        if (!s->bounded) {
            msec = ngx_max(left, 1);

        } else if (s->rest != 0) {
            msec = ngx_max(left, 0) + s->rest;
        }

        /* nginx would not change it by little */
        ngx_del_timer(timer);
    }

    ngx_http_chatws_set_timer(s, msec);
}


void
ngx_http_chatws_timeout(ngx_http_chatws_session_t *s)
{
    uint64_t                          now;
    const ngx_http_chatws_expired_t  *expired;

    now = ngx_http_chatws_now();

    if (s->expires != 0 && s->expires <= now) {
        expired = &ngx_http_chatws_expired[s->expiry];

        ngx_http_chatws_session_close(s, expired->code, expired->reason);
        return;
    }

    if (s->due != 0 && s->due <= now) {
        s->due = s->handlers->due(s);

        if (s->state != NGX_HTTP_CHATWS_OPEN) {
            return;
        }
    }

    if (s->bounded) {
        /*
         * The timer follows another clock, which may be a moment ahead, and
         * waits for a minute at most, so that steps of the wall clock are
         * noticed.  What it was asked for is still to come.
         */
        ngx_http_chatws_set_timer(s, s->rest);
        return;
    }

    if (s->draining) {
        ngx_http_chatws_session_close(s, CHATWS_CLOSE_RESTART,
                                      "service restart, reconnect");
        return;
    }

    ngx_http_chatws_ping(s);
}


static void
ngx_http_chatws_ping(ngx_http_chatws_session_t *s)
{
    ngx_uint_t               alive;
    ngx_http_chatws_flow_t   flow;
    u_char                   ping[CHATWS_FRAME_HEAD_OUT];

    ngx_http_chatws_flow(s, &flow);

    alive = s->heard || flow.moves;
    s->heard = 0;

    if (s->waiting && !alive) {
        ngx_http_chatws_session_close(s, CHATWS_CLOSE_POLICY,
                                      "ping timeout, reconnect");
        return;
    }

    if (s->pinged) {
        /* the pong is still missing, but the peer is alive: wait for it */
        ngx_http_chatws_set_timer(s, s->conf->ping_timeout);
        return;
    }

    if (s->out != NULL || flow.queued > NGX_HTTP_CHATWS_PING_BEHIND) {
        s->waiting = !alive;
        ngx_http_chatws_set_timer(s, alive ? s->conf->ping_interval
                                           : s->conf->ping_timeout);
        return;
    }

    if (flow.behind) {
        /* the peer got output just now, and reads it before a ping */
        s->waiting = 0;
        s->behind = 0;
        ngx_http_chatws_set_timer(s, s->conf->ping_interval);
        return;
    }

    s->waiting = 1;

    ngx_http_chatws_owes(s, 1);

    ngx_http_chatws_set_timer(s, s->conf->ping_timeout);

    ngx_http_chatws_send_payload(s, CHATWS_FRAME_PING,
                                 ping + CHATWS_FRAME_HEAD_OUT, 0);
}


static void
ngx_http_chatws_owes(ngx_http_chatws_session_t *s, ngx_uint_t owes)
{
    s->pinged = owes;

    if (s->handlers->owes != NULL) {
        s->handlers->owes(s);
    }
}


void
ngx_http_chatws_pong(ngx_http_chatws_session_t *s)
{
    if (!s->pinged) {
        return;
    }

    s->waiting = 0;
    s->behind = 0;

    ngx_http_chatws_owes(s, 0);

    if (s->state == NGX_HTTP_CHATWS_OPEN && !s->draining) {
        ngx_http_chatws_set_timer(s, s->conf->ping_interval);
    }
}


void
ngx_http_chatws_flow_mark(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_flow_t  flow;

    ngx_http_chatws_flow(s, &flow);

    s->behind = 0;
}


ngx_uint_t
ngx_http_chatws_flows(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_flow_t  flow;

    ngx_http_chatws_flow(s, &flow);

    return flow.moves;
}


static void
ngx_http_chatws_flow(ngx_http_chatws_session_t *s,
    ngx_http_chatws_flow_t *flow)
{
    off_t   left;
    size_t  unsent;

    unsent = ngx_http_chatws_unsent(s->connection->fd);
    left = s->connection->sent - (off_t) unsent;

    flow->queued = s->out_size + unsent;
    flow->behind = s->behind;
    flow->moves = left > s->left && (flow->queued != 0 || flow->behind);

    s->behind = flow->queued != 0;
    s->left = left;
}


/*
 * Returns how many bytes are in the socket that the peer's system has not
 * confirmed; 0 on systems that can't tell.
 */

static size_t
ngx_http_chatws_unsent(ngx_socket_t fd)
{
#ifdef NGX_HTTP_CHATWS_OUTQ

    int  n;

    if (ioctl(fd, NGX_HTTP_CHATWS_OUTQ, &n) == 0 && n > 0) {
        return n;
    }

#endif

    return 0;
}
