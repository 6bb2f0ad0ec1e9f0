
/*
 * Copyright (C) chatws contributors
 *
 * Who a client is: chatws_user and chatws_username, or the arguments of the
 * request.
 */


#ifndef _NGX_HTTP_CHATWS_IDENTITY_H_INCLUDED_
#define _NGX_HTTP_CHATWS_IDENTITY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"
#include "endpoint/ngx_http_chatws_ctx.h"


/*
 * Finds the id, and the name, of the user.  May be called in any phase: what
 * comes out may be another in a later one, as variables are set on the way,
 * until ngx_http_chatws_identify() has taken both.
 * NGX_OK; NGX_DECLINED: fault says why; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_find_user(ngx_http_request_t *r, ngx_str_t *user,
    const chatws_fault_t **fault);
ngx_int_t ngx_http_chatws_find_username(ngx_http_request_t *r,
    ngx_str_t *username, const chatws_fault_t **fault);

/* Takes both into the context, for good: the endpoint's.  Returns as above. */
ngx_int_t ngx_http_chatws_identify(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, const chatws_fault_t **fault);


#endif /* _NGX_HTTP_CHATWS_IDENTITY_H_INCLUDED_ */
