
/*
 * Copyright (C) chatws contributors
 *
 * The directives chatws_presence and chatws_watch.
 */


#ifndef _NGX_HTTP_CHATWS_CONF_PRESENCE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CONF_PRESENCE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"


/* the setters */
char *ngx_http_chatws_conf_set_presence(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_conf_set_watch(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Warns once if anybody who connects to the location of chatws can find out
 * who is there: its zone has presence, and all chats are open.  warned begins
 * as 0.
 */
void ngx_http_chatws_conf_check_presence(ngx_conf_t *cf,
    const ngx_http_chatws_loc_conf_t *cwlcf, ngx_uint_t *warned);


#endif /* _NGX_HTTP_CHATWS_CONF_PRESENCE_H_INCLUDED_ */
