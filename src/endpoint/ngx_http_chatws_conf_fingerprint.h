
/*
 * Copyright (C) chatws contributors
 *
 * Fingerprints of locations: after a reload a session goes on in a location of
 * the new configuration that has the same fingerprint as its own.
 */


#ifndef _NGX_HTTP_CHATWS_CONF_FINGERPRINT_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CONF_FINGERPRINT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"


/* A location with the directive chatws. */

typedef struct {
    uint64_t                               id;  /* its fingerprint */
    ngx_shm_zone_t                        *zone;
    const ngx_http_chatws_session_conf_t  *session;
    const ngx_http_chatws_rules_t         *rules;
} ngx_http_chatws_location_t;


/*
 * Sets rules.location_id of a location to its fingerprint: a hash of all
 * settings that a session depends on.  Unless chatws_handover is off, adds the
 * location to those of the main configuration.  NGX_CONF_ERROR: no memory.
 */
char *ngx_http_chatws_conf_add_location(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf);

/* Sorts the locations; of those with the same fingerprint one is left. */
void ngx_http_chatws_conf_sort_locations(ngx_http_chatws_main_conf_t *cwmcf);

/*
 * Finds a location in the sorted ones by its fingerprint.  It lives as long
 * as the configuration.  NULL: there is none.
 */
ngx_http_chatws_location_t *ngx_http_chatws_conf_find_location(
    ngx_http_chatws_main_conf_t *cwmcf, uint64_t id);

/*
 * Functions of rows in the table of settings, see ngx_http_chatws_mix_pt: each
 * adds to the hash what the pointer at value points to, a zone, a complex
 * value, an array of ngx_str_t, or an app server.
 */
void ngx_http_chatws_conf_mix_zone(uint64_t *hash, const void *value);
void ngx_http_chatws_conf_mix_complex(uint64_t *hash, const void *value);
void ngx_http_chatws_conf_mix_strs(uint64_t *hash, const void *value);
void ngx_http_chatws_conf_mix_app(uint64_t *hash, const void *value);


#endif /* _NGX_HTTP_CHATWS_CONF_FINGERPRINT_H_INCLUDED_ */
