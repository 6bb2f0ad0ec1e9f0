
/*
 * Copyright (C) chatws contributors
 *
 * The inbox of a client's user: what is published to the user, and not to a
 * chat, comes to all clients of the user by it.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_INBOX_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_INBOX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_action.h"
#include "protocol/chatws_notify.h"
#include "client/ngx_http_chatws_client.h"
#include "client/ngx_http_chatws_client_replay.h"


/*
 * The user of the client is known now: enters the inbox, or leaves that to the
 * first resume where the client has asked for it; and fills what connected
 * tells of people.  Does nothing where the zone knows none.
 *
 * NGX_OK.  NGX_BUSY: there is no room, or the lock of the zone can't be had.
 */
ngx_int_t ngx_http_chatws_inbox_connect(ngx_http_chatws_client_t *client,
    chatws_connected_t *connected);

/*
 * The first part of a resume: enters the inbox, unless the client is in it, and
 * adds what it has missed to the replay.
 *
 * NGX_OK: user is what the answer tells of it.  NGX_DECLINED: it tells nothing.
 * NGX_BUSY: there is no room, and the session was closed.
 */
ngx_int_t ngx_http_chatws_inbox_resume(ngx_http_chatws_client_t *client,
    const chatws_action_t *action, ngx_http_chatws_replay_t *replay,
    chatws_resumed_user_t *user);

/*
 * The client has come from another worker: enters the inbox if it was in it.
 * NGX_ERROR: it can't be entered, or is another one now, and notifications may
 * be lost.
 */
ngx_int_t ngx_http_chatws_inbox_adopt(ngx_http_chatws_client_t *client);


#endif /* _NGX_HTTP_CHATWS_CLIENT_INBOX_H_INCLUDED_ */
