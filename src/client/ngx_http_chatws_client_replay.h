
/*
 * Copyright (C) chatws contributors
 *
 * Replay: what a client missed, read from the zone's log.  Protocol,
 * section 5.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_REPLAY_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_REPLAY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/* notifications collected for one client; made on the stack */

typedef struct {
    ngx_http_chatws_client_t  *client;
    uint64_t                  *offsets;   /* of a chat's entries */
    u_char                    *data;      /* frames, one after the other */
    size_t                     len;
    size_t                     size;      /* what is collected at most */
    size_t                     walk;      /* entries still to be looked at */
    size_t                    *lens;      /* of the frames */
    ngx_uint_t                 n;         /* frames */
    ngx_uint_t                 nalloc;
} ngx_http_chatws_replay_t;


/* Begins; every one is ended by done(). */
void ngx_http_chatws_replay_init(ngx_http_chatws_replay_t *replay,
    ngx_http_chatws_client_t *client);

/*
 * Adds the notifications since + 1 to at->seq of a chat.  Returns whether
 * all of them are still held, allowed by the rules and within the client's
 * send buffer; otherwise none of them is added.
 */
ngx_uint_t ngx_http_chatws_replay_add(ngx_http_chatws_replay_t *replay,
    const chatws_subscribed_t *at, uint64_t since);

/*
 * Adds what was published in the client's chats from the log offset on to
 * where each of its subscriptions begins.  Returns whether all of it is held
 * and within the send buffer.
 */
ngx_uint_t ngx_http_chatws_replay_walk(ngx_http_chatws_replay_t *replay,
    uint64_t offset);

/* Sends what was collected. */
void ngx_http_chatws_replay_send(ngx_http_chatws_replay_t *replay);

void ngx_http_chatws_replay_done(ngx_http_chatws_replay_t *replay);


#endif /* _NGX_HTTP_CHATWS_CLIENT_REPLAY_H_INCLUDED_ */
