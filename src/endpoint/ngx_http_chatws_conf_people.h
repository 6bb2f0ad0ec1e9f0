
/*
 * Copyright (C) chatws contributors
 *
 * The directives of a zone that knows people.
 */


#ifndef _NGX_HTTP_CHATWS_CONF_PEOPLE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CONF_PEOPLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"


/* The setter of chatws_users: "zone=NAME". */
char *ngx_http_chatws_conf_set_users(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * For a directive whose first argument is "zone=NAME": returns the settings of
 * that zone for people, which are made with the first such directive and live
 * as long as the configuration.  Each of these directives needs chatws_users,
 * which ngx_http_chatws_conf_check_zones() checks.  NULL: an error, which was
 * logged.
 */
ngx_http_chatws_people_conf_t *ngx_http_chatws_conf_people(ngx_conf_t *cf);


#endif /* _NGX_HTTP_CHATWS_CONF_PEOPLE_H_INCLUDED_ */
