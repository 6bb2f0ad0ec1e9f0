
/*
 * Copyright (C) chatws contributors
 *
 * The command "read": the app server says what users have read.
 */


#ifndef _NGX_HTTP_CHATWS_API_READ_H_INCLUDED_
#define _NGX_HTTP_CHATWS_API_READ_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_command.h"
#include "hub/ngx_http_chatws_hub.h"


/*
 * Carries the command out.  Returns the status: with 200 *answer is the answer,
 * with any other one it is *fault, whose texts are static.  After 503 a part of
 * it may be done, and it may be said again.
 */
ngx_uint_t ngx_http_chatws_api_read(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, const chatws_command_t *command,
    ngx_str_t *answer, chatws_fault_t *fault);


#endif /* _NGX_HTTP_CHATWS_API_READ_H_INCLUDED_ */
