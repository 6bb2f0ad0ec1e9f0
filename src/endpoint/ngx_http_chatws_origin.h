
/*
 * Copyright (C) chatws contributors
 *
 * chatws_allowed_origins: whose pages may connect.
 */


#ifndef _NGX_HTTP_CHATWS_ORIGIN_H_INCLUDED_
#define _NGX_HTTP_CHATWS_ORIGIN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Whether the location allows pages of that origin.  What has none, with data
 * NULL, is allowed.
 */
ngx_int_t ngx_http_chatws_origin_allowed(ngx_http_request_t *r,
    ngx_str_t *origin);


#endif /* _NGX_HTTP_CHATWS_ORIGIN_H_INCLUDED_ */
