
/*
 * Copyright (C) chatws contributors
 *
 * Configuration of the module, and what it keeps for a request.
 */


#ifndef _NGX_HTTP_CHATWS_CONF_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"
#include "process/ngx_http_chatws_zone.h"


typedef struct {
    ngx_array_t  zones;                     /* of ngx_shm_zone_t * */
    ngx_array_t  locations;                 /* of ngx_http_chatws_location_t */
    ngx_array_t  uses;                      /* of ngx_http_chatws_use_t * */
    ngx_msec_t   coalesce;                  /* 0: off */
} ngx_http_chatws_main_conf_t;


/* a directive that names a zone: what to check it by, and where it is */

typedef struct {
    ngx_str_t                  directive;
    ngx_shm_zone_t            *zone;
    ngx_http_handler_pt        handler;     /* NULL: it has none */
    ngx_http_conf_ctx_t       *ctx;         /* of its location */
    ngx_str_t                  file;
    ngx_uint_t                 line;
    unsigned                   answered:1;  /* there are responses */
} ngx_http_chatws_use_t;


/* each setting has a row in a table: ngx_http_chatws_conf_settings */

typedef struct {
    ngx_http_chatws_session_conf_t  session;  /* has to be the first */
    ngx_http_chatws_rules_t         rules;

    ngx_http_handler_pt     handler;        /* of this module, or NULL */
    ngx_shm_zone_t         *zone;           /* of the handler */
    ngx_shm_zone_t         *response;       /* chatws_publish_response */
    ngx_http_chatws_use_t  *response_use;
    ngx_flag_t              response_batch;
    ngx_str_t               pattern;        /* chatws_chat_pattern */

    ngx_http_complex_value_t  *user;
    ngx_http_complex_value_t  *username;
    ngx_array_t               *origins;     /* of ngx_str_t; NULL: any */
} ngx_http_chatws_loc_conf_t;


/* a location with chatws, as sessions of another generation find it */

typedef struct {
    uint64_t                               id;  /* its fingerprint */
    ngx_shm_zone_t                        *zone;
    const ngx_http_chatws_session_conf_t  *session;
    const ngx_http_chatws_rules_t         *rules;
} ngx_http_chatws_location_t;


/* of a request: for the variables, and for capturing a response */

typedef struct {
    ngx_str_t                  user;
    ngx_str_t                  username;
    ngx_str_t                  chat;
    ngx_str_t                  result;      /* data NULL: nothing yet */
    uint64_t                   seq;
    uint32_t                   recipients;
    unsigned                   published:1; /* seq, recipients are set */
    unsigned                   naming:2;    /* expressions in evaluation */

    ngx_chain_t   *body;                    /* bufs of the response's body */
    ngx_chain_t  **last;
    size_t         size;                    /* bytes in them */
    unsigned       wanted:1;                /* the response is captured */
    unsigned       coding:2;                /* ngx_http_chatws_coding_e */
} ngx_http_chatws_ctx_t;


/* The request's context, made on the first call; NULL: no memory. */
ngx_http_chatws_ctx_t *ngx_http_chatws_get_ctx(ngx_http_request_t *r);

/* Registers the variables; a preconfiguration handler. */
ngx_int_t ngx_http_chatws_add_variables(ngx_conf_t *cf);

/* create and init main_conf, create and merge loc_conf */
void *ngx_http_chatws_create_main_conf(ngx_conf_t *cf);
char *ngx_http_chatws_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_chatws_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_chatws_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);

/*
 * Gives a location its fingerprint, a hash of all that a session depends on in
 * it: two locations that have the same are the same to it.  Adds it to the
 * places, unless it hands nothing over.
 */
char *ngx_http_chatws_add_location(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf);

/* Puts the places in order, each once; then they can be found, or NULL. */
void ngx_http_chatws_sort_places(ngx_http_chatws_main_conf_t *cwmcf);
ngx_http_chatws_location_t *ngx_http_chatws_find_location(
    ngx_http_chatws_main_conf_t *cwmcf, uint64_t id);

/* what pointers of settings stand for in it: ngx_http_chatws_mix_pt */
void ngx_http_chatws_mix_zone(uint64_t *hash, const void *value);
void ngx_http_chatws_mix_complex(uint64_t *hash, const void *value);
void ngx_http_chatws_mix_strs(uint64_t *hash, const void *value);

/*
 * Adds a use of the zone that the directive's first argument names, by this
 * content handler or none.  Returns NULL after logging what is wrong.
 */
ngx_http_chatws_use_t *ngx_http_chatws_use_zone(ngx_conf_t *cf,
    ngx_http_handler_pt handler);

/* Checks that zones are defined: once all was read. */
char *ngx_http_chatws_check_zones(ngx_conf_t *cf,
    ngx_http_chatws_main_conf_t *cwmcf);

/* Checks what was inherited, and set by others: postconfiguration. */
ngx_int_t ngx_http_chatws_check_conf(ngx_conf_t *cf);

/* Logs that the directive is not alone in its location. */
void ngx_http_chatws_other_handler(ngx_conf_t *cf, ngx_str_t *directive);

/* setters of directives */
char *ngx_http_chatws_set_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_set_endpoint(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_set_publish(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_set_publish_response(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_set_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_set_origins(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_set_limit_subscriptions(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_chatws_set_history(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_set_pattern(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* content handlers: the WebSocket endpoint, publishing, counters */
ngx_int_t ngx_http_chatws_endpoint_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_chatws_publish_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_chatws_status_handler(ngx_http_request_t *r);

/* Installs the filters of chatws_publish_response; postconfiguration. */
ngx_int_t ngx_http_chatws_response_init(ngx_conf_t *cf);


extern const ngx_http_chatws_setting_t  ngx_http_chatws_conf_settings[];

extern ngx_module_t  ngx_http_chatws_module;


#endif /* _NGX_HTTP_CHATWS_CONF_H_INCLUDED_ */
