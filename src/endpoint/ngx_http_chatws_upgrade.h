
/*
 * Copyright (C) chatws contributors
 *
 * The opening handshake, RFC 6455, section 4.2.
 */


#ifndef _NGX_HTTP_CHATWS_UPGRADE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_UPGRADE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"
#include "session/ngx_http_chatws_session.h"


/* what the request says; points into its header */

typedef struct {
    ngx_str_t                key;
    chatws_deflate_params_t  params;        /* if deflate */
    unsigned                 subprotocol:1; /* the configured one is chosen */
    unsigned                 deflate:1;
    size_t                   answer_len;    /* bytes in answer */
    u_char                   answer[CHATWS_DEFLATE_ANSWER_MAX];
} ngx_http_chatws_handshake_t;


/*
 * Checks that the request is a valid opening handshake and negotiates
 * subprotocol and extension.  Returns 0, hs is filled; or the status to
 * refuse with, for the reason in *fault.
 */
ngx_uint_t ngx_http_chatws_handshake(ngx_http_request_t *r,
    const ngx_http_chatws_session_conf_t *conf, ngx_http_chatws_handshake_t *hs,
    const chatws_fault_t **fault);

/*
 * Makes the 101 with, if greeting is not NULL, a first frame, and starts the
 * session.  The content handler returns what this returns.
 */
ngx_int_t ngx_http_chatws_upgrade(ngx_http_request_t *r,
    ngx_http_chatws_handshake_t *hs, ngx_http_chatws_session_t *s,
    ngx_str_t *greeting);


#endif /* _NGX_HTTP_CHATWS_UPGRADE_H_INCLUDED_ */
