
/*
 * Copyright (C) chatws contributors
 *
 * Tokens of chats, which come with an action and decide about its chat alone.
 * Protocol, section 7.
 */


#ifndef _NGX_HTTP_CHATWS_CHAT_TOKEN_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CHAT_TOKEN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/*
 * What the token says about the right in the chat.  NULL: the client may, and
 * client->grant is set; the undecided fault: enough tokens were verified in
 * this turn of the event loop; or what the client is told, which is static.
 */
const chatws_fault_t *ngx_http_chatws_chat_token(
    ngx_http_chatws_client_t *client, ngx_http_chatws_right_e right,
    const ngx_str_t *chat, const ngx_str_t *token);


#endif /* _NGX_HTTP_CHATWS_CHAT_TOKEN_H_INCLUDED_ */
