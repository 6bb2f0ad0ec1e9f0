
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_typing.
 */


#ifndef _NGX_HTTP_CHATWS_CONF_TYPING_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CONF_TYPING_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"


/* The setter: rules.typing points to the rules, NULL is "off". */
char *ngx_http_chatws_conf_set_typing(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * When the settings of a location of clients are merged: makes the table that
 * it needs, if any.  NGX_CONF_ERROR: it can't be made, which is logged.
 */
char *ngx_http_chatws_conf_need_typing(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf);

/* Adds the rules to a fingerprint, see ngx_http_chatws_mix_pt. */
void ngx_http_chatws_conf_mix_typing(uint64_t *hash, const void *value);


#endif /* _NGX_HTTP_CHATWS_CONF_TYPING_H_INCLUDED_ */
