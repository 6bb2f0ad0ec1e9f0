
/*
 * Copyright (C) chatws contributors
 *
 * The commands of the app server, as far as they are for clients of this
 * worker.  See docs/server-api.md.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_COMMAND_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_COMMAND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_command.h"
#include "client/ngx_http_chatws_client.h"


/* Carries a packed command out: the callback of the hub. */
void ngx_http_chatws_client_command(ngx_http_chatws_hub_t *hub,
    ngx_str_t *text, uint64_t offset);

/*
 * The same for one client alone, who was on its way between two workers when
 * the command was given, at this offset of the durable ring.  Does nothing if
 * the command is for others.
 */
void ngx_http_chatws_client_obey(ngx_http_chatws_client_t *client,
    ngx_str_t *text, uint64_t offset);


#endif /* _NGX_HTTP_CHATWS_CLIENT_COMMAND_H_INCLUDED_ */
