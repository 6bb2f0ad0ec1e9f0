
/*
 * Copyright (C) chatws contributors
 *
 * Replay: the notifications that a client has missed are read from the zone's
 * ring, and sent.  Protocol, section 5.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_REPLAY_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_REPLAY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/* The notifications that are collected for a client.  It lies on the stack. */

typedef struct {
    ngx_http_chatws_client_t  *client;
    uint64_t                  *offsets;   /* of the entries of one chat */
    u_char                    *data;      /* frames, one behind the other */
    size_t                     len;       /* bytes in data */
    size_t                     size;      /* the most bytes that fit */
    size_t                     walk;      /* entries that may be looked at */
    size_t                    *lens;      /* the length of each frame */
    ngx_uint_t                 n;         /* frames */
    ngx_uint_t                 nalloc;    /* lengths that lens has room for */
} ngx_http_chatws_replay_t;


/* Begins to collect.  replay_done() is called in any case. */
void ngx_http_chatws_replay_init(ngx_http_chatws_replay_t *replay,
    ngx_http_chatws_client_t *client);

/*
 * Adds the notifications of a chat with the numbers since + 1 to at->seq.
 *
 * Returns 1, or 0: none of them was added, because they are no longer all in
 * the ring, or are more or older than the rules allow, or do not fit into the
 * rest of the client's send buffer.
 */
ngx_uint_t ngx_http_chatws_replay_add(ngx_http_chatws_replay_t *replay,
    const chatws_subscribed_t *at, uint64_t since);

/*
 * Adds the notifications of all chats of the client, from the offset in the
 * ring on, and carries the commands for it out that lie between them, from the
 * offset since on.  Before a command, the notifications in front of it are
 * sent.
 *
 * Returns the offset from which the client gets both live, or CHATWS_OFF_NONE:
 * they are no longer all in the ring, or do not fit into the rest of the send
 * buffer.
 */
uint64_t ngx_http_chatws_replay_walk(ngx_http_chatws_replay_t *replay,
    uint64_t offset, uint64_t since);

/* Sends the notifications that were collected. */
void ngx_http_chatws_replay_send(ngx_http_chatws_replay_t *replay);

/* Frees the memory of the replay. */
void ngx_http_chatws_replay_done(ngx_http_chatws_replay_t *replay);


#endif /* _NGX_HTTP_CHATWS_CLIENT_REPLAY_H_INCLUDED_ */
