
/*
 * Copyright (C) chatws contributors
 *
 * The command "members": the app server says who is in a chat.
 */


#ifndef _NGX_HTTP_CHATWS_API_MEMBERS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_API_MEMBERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_command.h"
#include "hub/ngx_http_chatws_hub.h"


/*
 * Carries the command out.  Returns the status: 200, or 503 if only a part of
 * it was done, and *answer is the answer; with any other one it is *fault,
 * whose texts are static.
 */
ngx_uint_t ngx_http_chatws_api_members(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, const chatws_command_t *command,
    ngx_str_t *answer, chatws_fault_t *fault);


#endif /* _NGX_HTTP_CHATWS_API_MEMBERS_H_INCLUDED_ */
