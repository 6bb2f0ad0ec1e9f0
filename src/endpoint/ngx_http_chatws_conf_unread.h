
/*
 * Copyright (C) chatws contributors
 *
 * The directives about what users have read.
 */


#ifndef _NGX_HTTP_CHATWS_CONF_UNREAD_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CONF_UNREAD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* The setter of chatws_unread: "zone=NAME". */
char *ngx_http_chatws_conf_set_unread(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* That of chatws_receipts: "zone=NAME" and parameters. */
char *ngx_http_chatws_conf_set_receipts(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_CHATWS_CONF_UNREAD_H_INCLUDED_ */
