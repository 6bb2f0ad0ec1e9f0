
/*
 * Copyright (C) chatws contributors
 *
 * Directives that say who may be in which chat.
 */


#ifndef _NGX_HTTP_CHATWS_CONF_ACCESS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CONF_ACCESS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"


/* setters of directives */
char *ngx_http_chatws_conf_set_access(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_conf_set_access_pass(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_chatws_conf_set_access_cache(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/* Makes what the sources of a location need beside its zone. */
char *ngx_http_chatws_conf_need_grants(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf);

/*
 * Checks that the sources of rights of a location have what they need.
 * NGX_ERROR: one has not, which was logged.
 */
ngx_int_t ngx_http_chatws_conf_check_access(ngx_conf_t *cf,
    const ngx_http_chatws_loc_conf_t *cwlcf);


#endif /* _NGX_HTTP_CHATWS_CONF_ACCESS_H_INCLUDED_ */
