
/*
 * Copyright (C) chatws contributors
 *
 * What a client says to have read and to have got.  See docs/unread.md.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_READ_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_READ_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_action.h"
#include "hub/ngx_http_chatws_hub_unread.h"
#include "client/ngx_http_chatws_client.h"


/* The handlers of the three actions. */
void ngx_http_chatws_client_read(ngx_http_chatws_client_t *client,
    chatws_action_t *action);
void ngx_http_chatws_client_mark(ngx_http_chatws_client_t *client,
    chatws_action_t *action);
void ngx_http_chatws_client_delivered(ngx_http_chatws_client_t *client,
    chatws_action_t *action);

/* Makes an error of these actions where the zone does not know them. */
void ngx_http_chatws_read_look(const ngx_http_chatws_client_t *client,
    chatws_action_t *action);

/*
 * The watermark of the client's user in a chat that it is subscribed to, with
 * the count at this position: mark, which is filled, or NULL where users have
 * none.
 */
chatws_watermark_t *ngx_http_chatws_client_watermark(
    ngx_http_chatws_client_t *client, const chatws_str_t *chat,
    const chatws_subscribed_t *at, chatws_watermark_t *mark);


#endif /* _NGX_HTTP_CHATWS_CLIENT_READ_H_INCLUDED_ */
