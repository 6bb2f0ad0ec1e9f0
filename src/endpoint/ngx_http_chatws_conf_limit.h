
/*
 * Copyright (C) chatws contributors
 *
 * The directives that limit what clients may say.
 */


#ifndef _NGX_HTTP_CHATWS_CONF_LIMIT_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CONF_LIMIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"


/*
 * The setter of chatws_limit_actions, chatws_limit_errors, chatws_limit_user:
 * "rate=10r/s [burst=100]" or "off".  The field is a chatws_limit_t *.
 */
char *ngx_http_chatws_conf_set_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* The setter of chatws_limit_subscriptions: "user=1000". */
char *ngx_http_chatws_conf_set_limit_subscriptions(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/* The setter of chatws_limit_connections: "user=NUMBER" or "off". */
char *ngx_http_chatws_conf_set_limit_connections(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/* The setter of chatws_history: "1000 [1h]". */
char *ngx_http_chatws_conf_set_history(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* Adds the limit that the pointer at value points to, or none, to the hash. */
void ngx_http_chatws_conf_mix_limit(uint64_t *hash, const void *value);

/*
 * When the settings of a location of clients are merged: makes the tables that
 * its limits need.  NGX_CONF_ERROR: they can't be made, which is logged.
 */
char *ngx_http_chatws_conf_need_limits(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf);

/*
 * Warns once, at cf, where a limit of users counts by user and address, because
 * anybody may claim to be any user.
 */
void ngx_http_chatws_conf_check_limits(ngx_conf_t *cf,
    const ngx_http_chatws_rules_t *rules, ngx_uint_t *warned);


#endif /* _NGX_HTTP_CHATWS_CONF_LIMIT_H_INCLUDED_ */
