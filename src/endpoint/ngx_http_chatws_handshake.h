
/*
 * Copyright (C) chatws contributors
 *
 * The opening handshake of a WebSocket, as the request has it: RFC 6455,
 * section 4.2.1.
 */


#ifndef _NGX_HTTP_CHATWS_HANDSHAKE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HANDSHAKE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"
#include "websocket/chatws_deflate.h"
#include "session/ngx_http_chatws_session_conf.h"


/* What the client asks for; the key is in the header of the request. */

typedef struct {
    ngx_str_t                key;
    ngx_str_t                subprotocol;   /* the chosen one, or empty */
    chatws_deflate_params_t  params;        /* if deflate */
    unsigned                 deflate:1;     /* permessage-deflate is chosen */
    size_t                   answer_len;    /* bytes in answer */
    u_char                   answer[CHATWS_DEFLATE_ANSWER_MAX];
} ngx_http_chatws_handshake_t;


/* the name of the field that has the subprotocols which a client offers */
extern ngx_str_t  ngx_http_chatws_handshake_offer;

/* the subprotocol that a client offers beside its token */
extern const ngx_str_t  ngx_http_chatws_handshake_v1;


/*
 * Checks that the request is a valid opening handshake, and chooses the
 * subprotocol and the extension.
 *
 * Returns 0, and hs is filled; or the status to refuse the request with, and
 * *fault, which is static, says why.
 */
ngx_uint_t ngx_http_chatws_handshake(ngx_http_request_t *r,
    const ngx_http_chatws_session_conf_t *conf, ngx_http_chatws_handshake_t *hs,
    const chatws_fault_t **fault);

/*
 * Whether the client offers this subprotocol.  1; 0: it does not, or its
 * offer is not valid.
 */
ngx_uint_t ngx_http_chatws_handshake_offers(ngx_http_request_t *r,
    const ngx_str_t *subprotocol);


#endif /* _NGX_HTTP_CHATWS_HANDSHAKE_H_INCLUDED_ */
