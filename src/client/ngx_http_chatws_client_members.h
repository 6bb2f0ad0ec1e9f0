
/*
 * Copyright (C) chatws contributors
 *
 * Clients that the server subscribes to the chats of their users: those that
 * have asked for it in the handshake, see ngx_http_chatws_client_people.h.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_MEMBERS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_MEMBERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/* Waits for the first resume of a client; freed when it has come. */

struct ngx_http_chatws_gate_s {
    ngx_http_chatws_client_t  *client;
    ngx_connection_t           ident;      /* of the event */
    ngx_event_t                event;      /* timer */
};


/*
 * The client, whose user is known, was greeted: it is subscribed to the chats
 * of its user, or waits for its first resume.  May close the session.
 */
void ngx_http_chatws_members_begin(ngx_http_chatws_client_t *client);

/*
 * Whether the client waits for its first resume, before which it enters
 * nothing by itself.
 */
ngx_uint_t ngx_http_chatws_members_is_waiting(
    ngx_http_chatws_client_t *client);

/*
 * The first resume was answered: subscribes the client to the other chats of
 * its user, and tells it all of them.  Does nothing at any other resume.
 */
void ngx_http_chatws_members_resumed(ngx_http_chatws_client_t *client);

/* The session ends.  May be called again. */
void ngx_http_chatws_members_end(ngx_http_chatws_client_t *client);

/*
 * A client that waits goes to another worker: returns the time, in ms since
 * 1970, at which it waits no more, or 0; and there: goes on with it.
 */
uint64_t ngx_http_chatws_members_due(ngx_http_chatws_client_t *client);
void ngx_http_chatws_members_wait(ngx_http_chatws_client_t *client,
    uint64_t due);

/*
 * The user has become a member of the chat: what was published from this
 * offset of the durable ring on is for the client.
 */
void ngx_http_chatws_members_joined(ngx_http_chatws_client_t *client,
    ngx_str_t *chat, uint64_t offset);

/*
 * Whether the user of the client is a member of the chat.  NGX_OK, NGX_DECLINED
 * or NGX_AGAIN: nobody can tell now.
 */
ngx_int_t ngx_http_chatws_members_may(ngx_http_chatws_client_t *client,
    const ngx_str_t *chat);


#endif /* _NGX_HTTP_CHATWS_CLIENT_MEMBERS_H_INCLUDED_ */
