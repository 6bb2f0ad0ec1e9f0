
/*
 * Copyright (C) chatws contributors
 *
 * The command "changes": the app server takes what has changed of people.
 */


#ifndef _NGX_HTTP_CHATWS_API_CHANGES_H_INCLUDED_
#define _NGX_HTTP_CHATWS_API_CHANGES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"
#include "protocol/chatws_command.h"
#include "hub/ngx_http_chatws_hub.h"


/*
 * Answers the command, as ngx_http_chatws_api_one() does, with 200.  With
 * waits an empty answer may be made later: then *waits is set, and *answer is
 * empty; the caller calls changes_wait() with this number.
 */
ngx_uint_t ngx_http_chatws_api_changes(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, const chatws_command_t *command,
    ngx_uint_t *waits, ngx_str_t *answer, chatws_fault_t *fault);

/*
 * Answers a request when there are changes, or after so many seconds.  The
 * handler of the body returns the same value.
 */
ngx_int_t ngx_http_chatws_api_changes_wait(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_uint_t seconds);


#endif /* _NGX_HTTP_CHATWS_API_CHANGES_H_INCLUDED_ */
