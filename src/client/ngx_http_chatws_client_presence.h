
/*
 * Copyright (C) chatws contributors
 *
 * Presence as a client sees it: what it says of itself, the users of a chat
 * that it asks for, and those that it watches.  Protocol, section 2.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_PRESENCE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_PRESENCE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_action.h"
#include "protocol/chatws_presence.h"
#include "client/ngx_http_chatws_client.h"


/* The handlers of both actions. */
void ngx_http_chatws_client_presence(ngx_http_chatws_client_t *client,
    chatws_action_t *action);
void ngx_http_chatws_client_watch(ngx_http_chatws_client_t *client,
    chatws_action_t *action);

/*
 * Makes an error of an action of presence where the zone, or the location, has
 * none.
 */
void ngx_http_chatws_presence_look(const ngx_http_chatws_client_t *client,
    chatws_action_t *action);

/*
 * Before the client enters the inbox of its user, for the first time or in
 * another worker: what it has said of itself counts then.  NGX_OK; another
 * result: that can't be done now, and the client must not enter.
 */
ngx_int_t ngx_http_chatws_client_present(ngx_http_chatws_client_t *client);

/*
 * Tells the client who is there; room is the bytes that the notification takes
 * at most.
 */
void ngx_http_chatws_client_tell_presence(ngx_http_chatws_client_t *client,
    const chatws_presence_t *presence, size_t room);

/* Whether others are not told what the client does. */
ngx_uint_t ngx_http_chatws_client_is_invisible(
    ngx_http_chatws_client_t *client);

/*
 * The client has got all that it was told: if something of its list was left
 * out meanwhile, it is told all of the list.
 */
void ngx_http_chatws_client_watch_again(ngx_http_chatws_client_t *client);

/* Frees the list of watched users.  May be called again. */
void ngx_http_chatws_client_watch_end(ngx_http_chatws_client_t *client);

/*
 * The list as bytes, for another worker: how many, those at p, which are
 * returned with the end of them, and the list that is made of len bytes there.
 * NGX_ERROR: they are no list, or there is no memory.
 */
size_t ngx_http_chatws_client_watch_size(ngx_http_chatws_client_t *client);
u_char *ngx_http_chatws_client_watch_save(ngx_http_chatws_client_t *client,
    u_char *p);
ngx_int_t ngx_http_chatws_client_watch_load(ngx_http_chatws_client_t *client,
    u_char *p, size_t len);


#endif /* _NGX_HTTP_CHATWS_CLIENT_PRESENCE_H_INCLUDED_ */
