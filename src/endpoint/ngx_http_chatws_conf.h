
/*
 * Copyright (C) chatws contributors
 *
 * The configuration of the module.
 */


#ifndef _NGX_HTTP_CHATWS_CONF_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "token/chatws_jwe.h"
#include "process/ngx_http_chatws_zone.h"
#include "client/ngx_http_chatws_client.h"
#include "endpoint/ngx_http_chatws_token_conf.h"


typedef struct {
    ngx_array_t  zones;                     /* of ngx_shm_zone_t * */
    ngx_array_t  locations;                 /* of ngx_http_chatws_location_t */
    ngx_array_t  uses;                      /* of ngx_http_chatws_use_t * */
    ngx_array_t *pages;                     /* see farewell.c; NULL: there is
                                               no chatws_close */
    ngx_msec_t   coalesce;                  /* 0: off */
    ngx_http_complex_value_t
                *upload_id;                 /* the default of chatws_upload_id;
                                               NULL: no chatws_upload */
    unsigned     tokens:1;                  /* a location has chatws_token */
} ngx_http_chatws_main_conf_t;


/* A directive that may name a zone, and where it is written. */

typedef struct {
    ngx_str_t                  directive;
    ngx_shm_zone_t            *zone;        /* NULL: it names none */
    ngx_http_handler_pt        handler;     /* NULL: it has none */
    ngx_http_conf_ctx_t       *ctx;         /* of its location */
    ngx_str_t                  file;
    ngx_uint_t                 line;
    unsigned                   write:1;     /* it lets commands in */
    unsigned                   people:1;    /* it needs chatws_users */
    unsigned                   answered:1;  /* its location, or one inside of
                                               it, has a content handler */
} ngx_http_chatws_use_t;


/* What chatws_close says. */

typedef struct {
    ngx_uint_t                 code;
    ngx_str_t                  reason;
} ngx_http_chatws_farewell_t;


/*
 * The settings of a location.  Each has a row in the table
 * ngx_http_chatws_conf_settings.
 */

typedef struct {
    ngx_http_chatws_session_conf_t  session;  /* has to be the first */
    ngx_http_chatws_rules_t         rules;
    ngx_http_chatws_token_conf_t    token;

    ngx_http_handler_pt     handler;        /* of this module, or NULL */
    ngx_shm_zone_t         *zone;           /* of the handler */
    ngx_shm_zone_t         *response;       /* of chatws_publish_response */
    ngx_http_chatws_use_t  *response_use;
    ngx_flag_t              response_batch;
    ngx_flag_t              response_users;
    ngx_str_t               pattern;        /* of chatws_chat_pattern */
    ngx_flag_t              write;          /* of chatws_api */

    ngx_http_chatws_farewell_t  *farewell;  /* of the handler, or NULL */

    ngx_http_complex_value_t  *user;        /* NULL: the argument userId */
    ngx_http_complex_value_t  *username;
    ngx_http_complex_value_t  *sender;      /* NULL: any, where it is given */
    ngx_http_complex_value_t  *expires;      /* NULL: no limit */
    ngx_http_complex_value_t  *presence_state;  /* NULL: the argument
                                                   "presence" */
    ngx_http_complex_value_t  *user_chats;  /* NULL: none are asserted */
    ngx_array_t               *origins;     /* of ngx_str_t; NULL: any */

    ngx_shm_zone_t            *upload;      /* of chatws_upload, or NULL */
    ngx_http_complex_value_t  *upload_id;
    ngx_http_complex_value_t  *upload_chat; /* NULL: none */
    ngx_msec_t                 upload_interval;

    ngx_uint_t                 encrypt;     /* ngx_http_chatws_encrypt_e */
    chatws_jwe_key_t          *encryption_key;  /* NULL: none */
} ngx_http_chatws_loc_conf_t;


/* what nginx calls to make the configurations, and to let them be inherited */
void *ngx_http_chatws_create_main_conf(ngx_conf_t *cf);
char *ngx_http_chatws_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_chatws_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_chatws_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);

/* setters of directives; that of chatws_allowed_origins is in origin.c */
char *ngx_http_chatws_conf_set_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_conf_set_endpoint(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_conf_set_publish(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_conf_set_publish_response(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_chatws_conf_set_api(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_conf_set_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_conf_set_pattern(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_conf_set_user(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Whether each main request to the location needs a good token, if tokens are
 * on there, and the location is not one of chatws.
 */
ngx_uint_t ngx_http_chatws_conf_asks(const ngx_http_chatws_loc_conf_t *cwlcf);

/* the error of both chatws_token and chatws_user in one block */
extern char  ngx_http_chatws_conf_two_users[];


extern const ngx_http_chatws_setting_t  ngx_http_chatws_conf_settings[];

extern ngx_module_t  ngx_http_chatws_module;


#endif /* _NGX_HTTP_CHATWS_CONF_H_INCLUDED_ */
