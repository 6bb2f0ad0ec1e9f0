
/*
 * Copyright (C) chatws contributors
 *
 * The upgrade of a connection to a WebSocket: RFC 6455, section 4.2.2.
 */


#ifndef _NGX_HTTP_CHATWS_UPGRADE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_UPGRADE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "session/ngx_http_chatws_session.h"
#include "endpoint/ngx_http_chatws_handshake.h"


/*
 * Answers the handshake with 101 and starts the session, which was created for
 * this request.  greeting is a complete frame, which is copied and sent right
 * behind the answer, or NULL.
 *
 * The content handler returns what this returns; NGX_DONE: the session has
 * started.
 */
ngx_int_t ngx_http_chatws_upgrade(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs, ngx_http_chatws_session_t *s,
    ngx_str_t *greeting);


#endif /* _NGX_HTTP_CHATWS_UPGRADE_H_INCLUDED_ */
