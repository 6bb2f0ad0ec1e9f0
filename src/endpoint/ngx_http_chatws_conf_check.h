
/*
 * Copyright (C) chatws contributors
 *
 * Checks that need the whole configuration: they are made after all of it was
 * read.
 */


#ifndef _NGX_HTTP_CHATWS_CONF_CHECK_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CONF_CHECK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"


/*
 * Notes that the directive in cf has set this content handler of its location,
 * which no other one may replace; it uses no zone.  The use lives as long as
 * the configuration.  NULL: no memory.
 */
ngx_http_chatws_use_t *ngx_http_chatws_conf_use(ngx_conf_t *cf,
    ngx_http_handler_pt handler);

/*
 * Notes that the directive in cf uses the zone which its first argument
 * names, with this content handler or NULL.  The use lives as long as the
 * configuration.  NULL: an error, which was logged.
 */
ngx_http_chatws_use_t *ngx_http_chatws_conf_use_zone(ngx_conf_t *cf,
    ngx_http_handler_pt handler);

/*
 * Checks that each zone that is used is defined, and has what the directives
 * for people need.  Is called before nginx lets settings be inherited.
 * NGX_CONF_ERROR: one is not, or has not, which was logged.
 */
char *ngx_http_chatws_conf_check_zones(ngx_conf_t *cf,
    ngx_http_chatws_main_conf_t *cwmcf);

/*
 * Checks settings that were inherited, and those of other modules; then
 * prepares ngx_http_chatws_conf_find_location().  Is called after nginx has
 * let settings be inherited.  NGX_ERROR: an error, which was logged.
 */
ngx_int_t ngx_http_chatws_conf_check(ngx_conf_t *cf);

/*
 * Makes a configuration, of at and file, whose messages name this line of this
 * file in place of those of cf.
 */
void ngx_http_chatws_conf_locate(ngx_conf_t *at, ngx_conf_file_t *file,
    ngx_conf_t *cf, const ngx_str_t *name, ngx_uint_t line);

/*
 * Notes in the zone of a location which notifications it may send that not
 * all zones do; is called when the settings were inherited.
 */
void ngx_http_chatws_conf_note_types(ngx_http_chatws_loc_conf_t *cwlcf);

/* Whether the configuration lets commands into the zone. */
ngx_uint_t ngx_http_chatws_conf_is_written(
    ngx_http_chatws_main_conf_t *cwmcf, ngx_shm_zone_t *zone);

/* Logs that the location has a content handler beside the directive's. */
void ngx_http_chatws_conf_other_handler(ngx_conf_t *cf,
    ngx_str_t *directive);


#endif /* _NGX_HTTP_CHATWS_CONF_CHECK_H_INCLUDED_ */
