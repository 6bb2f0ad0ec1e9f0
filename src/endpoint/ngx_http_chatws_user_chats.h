
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_user_chats: a handshake says which chats its user is a
 * member of, so that a lost zone heals itself.
 */


#ifndef _NGX_HTTP_CHATWS_USER_CHATS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_USER_CHATS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "hub/ngx_http_chatws_hub.h"


/*
 * Asserts the chats of the user of a handshake, if the location says any.  What
 * can't be asserted is logged.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_user_chats(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, const ngx_str_t *user);


#endif /* _NGX_HTTP_CHATWS_USER_CHATS_H_INCLUDED_ */
