
/*
 * Copyright (C) chatws contributors
 *
 * chatws_allowed_origins: whose pages may connect, and publish.
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
 * Checks that the location allows requests of the page that made this one.
 * What comes from no page, or from one of the same origin that says so without
 * the field "Origin", is allowed.  NGX_OK; NGX_DECLINED: fault says why.
 */
ngx_int_t ngx_http_chatws_check_page(ngx_http_request_t *r,
    const chatws_fault_t **fault);


#endif /* _NGX_HTTP_CHATWS_ORIGIN_H_INCLUDED_ */
