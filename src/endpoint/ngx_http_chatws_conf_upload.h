
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_upload.
 */


#ifndef _NGX_HTTP_CHATWS_CONF_UPLOAD_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CONF_UPLOAD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"


/* The setter. */
char *ngx_http_chatws_conf_set_upload(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * When the settings of a location with chatws_upload are merged: checks that it
 * knows its user, and makes the table that it needs.  NGX_ERROR: it does not,
 * or the table can't be made, which is logged.
 */
ngx_int_t ngx_http_chatws_conf_need_uploads(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf);


#endif /* _NGX_HTTP_CHATWS_CONF_UPLOAD_H_INCLUDED_ */
