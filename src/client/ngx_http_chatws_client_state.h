
/*
 * Copyright (C) chatws contributors
 *
 * The state of a chat, as one client is told all of it: "chat_state".
 * See docs/unread.md.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_STATE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_STATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/*
 * The states of a chat are for the client from now on, where the zone knows
 * people.  It is not told them before the whole state, see below.
 */
void ngx_http_chatws_state_ask(ngx_http_chatws_client_t *client,
    const chatws_str_t *chat);

/*
 * Tells the client the whole state of each chat that it has asked for, and of
 * those of which it was not told something: some now, the others later, but
 * none while much of what it was told before waits to be sent.  To be called
 * when there is such a chat, and when the client has got what it was told.
 */
void ngx_http_chatws_state_tell(ngx_http_chatws_client_t *client);

/* Whether the client is closed, or has so much to get that states wait. */
ngx_uint_t ngx_http_chatws_state_waits(ngx_http_chatws_client_t *client);

/* The client is told no more states.  May be called again. */
void ngx_http_chatws_state_end(ngx_http_chatws_client_t *client);


#endif /* _NGX_HTTP_CHATWS_CLIENT_STATE_H_INCLUDED_ */
