
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_close: a refusal that the page of a browser can read.
 */


#ifndef _NGX_HTTP_CHATWS_FAREWELL_H_INCLUDED_
#define _NGX_HTTP_CHATWS_FAREWELL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"


/* The setter of chatws_close CODE REASON. */
char *ngx_http_chatws_farewell_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Notes the location of cf, whose settings were inherited, if it has an
 * error_page that may lead to chatws_close.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_farewell_note(ngx_conf_t *cf,
    ngx_http_chatws_main_conf_t *cwmcf);

/*
 * Lets an error_page with "=" keep its status on the way to a named location
 * with chatws_close; postconfiguration.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_farewell_pages(ngx_conf_t *cf);


#endif /* _NGX_HTTP_CHATWS_FAREWELL_H_INCLUDED_ */
