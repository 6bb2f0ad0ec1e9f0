
/*
 * Copyright (C) chatws contributors
 *
 * What a client has said of itself where its zone knows people.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_PEOPLE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_PEOPLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "store/chatws_people.h"
#include "protocol/chatws_action.h"
#include "hub/ngx_http_chatws_hub_watch.h"
#include "client/ngx_http_chatws_client.h"


/* Who subscribes the client to the chats of its user: the argument "chats". */

typedef enum {
    NGX_HTTP_CHATWS_CHATS_NONE = 0,    /* the client alone */
    NGX_HTTP_CHATWS_CHATS_LIVE,        /* the server, from the beginning */
    NGX_HTTP_CHATWS_CHATS_RESUME       /* the server, after a resume */
} ngx_http_chatws_chats_e;


typedef struct ngx_http_chatws_gate_s  ngx_http_chatws_gate_t;


/*
 * It lies behind the structure of the client, zeroed with it, and travels in
 * its parcel: a pointer in it has to be replaced where the parcel is read.
 */

struct ngx_http_chatws_client_people_s {
    ngx_http_chatws_gate_t         *gate;        /* it waits for its first
                                                    resume, or NULL */
    unsigned                        chats:2;     /* as above */
    unsigned                        said:3;      /* in the handshake, until
                                                    it counts: chatws_said_e */
    unsigned                        present:3;   /* what the connection is:
                                                    flags of its membership */
    unsigned                        state:1;     /* subscriptions that the
                                                    server makes are told the
                                                    state of their chats */
    unsigned                        entered:1;   /* it is in the inbox of its
                                                    user */
    uint64_t                        inbox;       /* the serial of the inbox's
                                                    row; before it is entered,
                                                    the number that connected
                                                    has told */
    unsigned                        telling:1;   /* its watermarks, up to */
    chatws_people_cursor_t          cursor;
    ngx_queue_t                     states;      /* where states wait to be
                                                    told, see client_state.h */
    ngx_http_chatws_client_t       *client;      /* NULL: it is not there */
    unsigned                        lost:1;      /* something that it was to
                                                    be told of its list */
    ngx_http_chatws_watcher_t      *watcher;     /* its list of users, or
                                                    NULL; it is in a part of
                                                    its own of the parcel */
};


/* the bytes that it takes behind a client */
#define NGX_HTTP_CHATWS_CLIENT_PEOPLE                                         \
    ngx_align(sizeof(ngx_http_chatws_client_people_t), sizeof(uint64_t))


/* Returns it, or NULL: the zone of the client knew no people. */
ngx_http_chatws_client_people_t *ngx_http_chatws_client_people(
    ngx_http_chatws_client_t *client);

#endif /* _NGX_HTTP_CHATWS_CLIENT_PEOPLE_H_INCLUDED_ */
