
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_allowed_origins: the origins whose pages may connect and
 * publish.
 */


#ifndef _NGX_HTTP_CHATWS_ORIGIN_H_INCLUDED_
#define _NGX_HTTP_CHATWS_ORIGIN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"


/* The setter of chatws_allowed_origins. */
char *ngx_http_chatws_origin_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Checks that the location allows requests of the page that made this one.  A
 * request without the field "Origin" is allowed, unless "Sec-Fetch-Site" says
 * that a page of another origin made it: no page did, or one of the server.
 *
 * NGX_OK; NGX_DECLINED: it does not, *fault, which is static, says why.
 */
ngx_int_t ngx_http_chatws_origin_check(ngx_http_request_t *r,
    const chatws_fault_t **fault);

/*
 * The same for a location of the server's API, which pages of other origins
 * may not use unless chatws_allowed_origins names them, and which refuses what
 * "Sec-Fetch-Site" tells of another site in any case.
 */
ngx_int_t ngx_http_chatws_origin_check_api(ngx_http_request_t *r,
    const chatws_fault_t **fault);


#endif /* _NGX_HTTP_CHATWS_ORIGIN_H_INCLUDED_ */
