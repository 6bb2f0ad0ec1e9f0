
/*
 * Copyright (C) chatws contributors
 *
 * The opening handshake, RFC 6455, section 4.2.
 * Floor 5: knows ngx_http and floors 0 to 4, but no chat.
 */


#ifndef _NGX_HTTP_CHATWS_UPGRADE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_UPGRADE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_http_chatws_session.h"


/* what the request says; points into its header */

typedef struct {
    ngx_str_t     key;
    ngx_str_t     origin;         /* data NULL: none */
} ngx_http_chatws_handshake_t;


/*
 * Checks that the request is a valid opening handshake.  NGX_OK: hs is
 * filled.  Otherwise it was answered, and the content handler returns what
 * this returned.
 */
ngx_int_t ngx_http_chatws_handshake(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs);

/*
 * Makes the 101 with, if greeting is not NULL, a first frame, and starts the
 * session.  The content handler returns what this returns.
 */
ngx_int_t ngx_http_chatws_upgrade(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs, ngx_http_chatws_session_t *s,
    ngx_str_t *greeting);


#endif /* _NGX_HTTP_CHATWS_UPGRADE_H_INCLUDED_ */
