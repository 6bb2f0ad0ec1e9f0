
/*
 * Copyright (C) chatws contributors
 *
 * The identity of a client, its user id and its name: from a token, from
 * chatws_user and chatws_username, or from the arguments of the request.
 */


#ifndef _NGX_HTTP_CHATWS_IDENTITY_H_INCLUDED_
#define _NGX_HTTP_CHATWS_IDENTITY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"
#include "endpoint/ngx_http_chatws_ctx.h"


/*
 * Finds the id (the name) of the user.  The text lives as long as the request.
 *
 * They may be called in any phase.  Variables may change from one phase to
 * the next, and the id and the name with them, until
 * ngx_http_chatws_identity_set() has been called.
 *
 * NGX_OK; NGX_DECLINED: there is none that is valid, *fault, which is static,
 * says why; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_identity_user(ngx_http_request_t *r, ngx_str_t *user,
    const chatws_fault_t **fault);
ngx_int_t ngx_http_chatws_identity_username(ngx_http_request_t *r,
    ngx_str_t *username, const chatws_fault_t **fault);

/* Sets both in the context, where they stay.  Returns the same codes. */
ngx_int_t ngx_http_chatws_identity_set(ngx_http_request_t *r,
    ngx_http_chatws_ctx_t *ctx, const chatws_fault_t **fault);


#endif /* _NGX_HTTP_CHATWS_IDENTITY_H_INCLUDED_ */
