
/*
 * Copyright (C) chatws contributors
 *
 * The settings of the engine for a location, and the directives that set them.
 */


#ifndef _NGX_HTTP_CHATWS_SESSION_CONF_H_INCLUDED_
#define _NGX_HTTP_CHATWS_SESSION_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "websocket/chatws_reader.h"
#include "session/ngx_http_chatws_settings.h"


/*
 * The settings; they live as long as the configuration.  The structure is the
 * first member of the location configuration of each module that uses the
 * engine: the directives below find it there.  Each setting has a row in
 * ngx_http_chatws_session_settings[].
 */

typedef struct {
    size_t                       max_message_size;
    size_t                       send_buffer;
    ngx_msec_t                   ping_interval;     /* 0: off */
    ngx_msec_t                   ping_timeout;
    ngx_msec_t                   drain;
    ngx_msec_t                   lifetime;          /* 0: unlimited */
    ngx_flag_t                   deflate;
    ngx_flag_t                   deflate_takeover;
    ngx_int_t                    deflate_level;
    size_t                       deflate_min_length;
    ngx_str_t                    subprotocol;       /* empty: none */

    chatws_reader_conf_t         reader;            /* these two are set by */
    chatws_reader_conf_t         narrow;            /* merge; see
                                                       session_narrow() */
} ngx_http_chatws_session_conf_t;


typedef enum {
    NGX_HTTP_CHATWS_NUMBER = 0,
    NGX_HTTP_CHATWS_BYTES,
    NGX_HTTP_CHATWS_TIME
} ngx_http_chatws_unit_e;


/* The post handler of a directive, which checks the value. */

typedef struct {
    ngx_conf_post_handler_pt     post_handler;
    size_t                       min;
    size_t                       max;
    ngx_http_chatws_unit_e       unit;
} ngx_http_chatws_bounds_t;


/*
 * The function of these post handlers.  post is an ngx_http_chatws_bounds_t;
 * data points to the value, a number of the size of a pointer.
 */
char *ngx_http_chatws_check_bounds(ngx_conf_t *cf, void *post, void *data);

/* Sets all settings of a zeroed structure to "unset". */
void ngx_http_chatws_session_conf_create(ngx_http_chatws_session_conf_t *conf);

/*
 * Inherits settings that are unset from prev, sets defaults, and fills in
 * conf->reader, and conf->narrow as the same.
 */
void ngx_http_chatws_session_conf_merge(ngx_http_chatws_session_conf_t *conf,
    ngx_http_chatws_session_conf_t *prev);


extern const ngx_http_chatws_setting_t  ngx_http_chatws_session_settings[];

extern ngx_http_chatws_bounds_t  ngx_http_chatws_message_bounds;
extern ngx_http_chatws_bounds_t  ngx_http_chatws_buffer_bounds;
extern ngx_http_chatws_bounds_t  ngx_http_chatws_time_bounds;
extern ngx_http_chatws_bounds_t  ngx_http_chatws_interval_bounds;
extern ngx_http_chatws_bounds_t  ngx_http_chatws_lifetime_bounds;
extern ngx_http_chatws_bounds_t  ngx_http_chatws_level_bounds;
extern ngx_conf_post_t           ngx_http_chatws_token_post;


#define NGX_HTTP_CHATWS_ANY_CONF                                              \
    NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF


/* rows of a module's table of directives */

#define ngx_http_chatws_session_conf_commands                                 \
                                                                              \
    { ngx_string("chatws_deflate"),                                           \
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_FLAG,                                 \
      ngx_conf_set_flag_slot,                                                 \
      NGX_HTTP_LOC_CONF_OFFSET,                                               \
      offsetof(ngx_http_chatws_session_conf_t, deflate),                      \
      NULL },                                                                 \
                                                                              \
    { ngx_string("chatws_deflate_context_takeover"),                          \
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_FLAG,                                 \
      ngx_conf_set_flag_slot,                                                 \
      NGX_HTTP_LOC_CONF_OFFSET,                                               \
      offsetof(ngx_http_chatws_session_conf_t, deflate_takeover),             \
      NULL },                                                                 \
                                                                              \
    { ngx_string("chatws_deflate_level"),                                     \
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,                                \
      ngx_conf_set_num_slot,                                                  \
      NGX_HTTP_LOC_CONF_OFFSET,                                               \
      offsetof(ngx_http_chatws_session_conf_t, deflate_level),                \
      &ngx_http_chatws_level_bounds },                                        \
                                                                              \
    { ngx_string("chatws_deflate_min_length"),                                \
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,                                \
      ngx_conf_set_size_slot,                                                 \
      NGX_HTTP_LOC_CONF_OFFSET,                                               \
      offsetof(ngx_http_chatws_session_conf_t, deflate_min_length),           \
      NULL },                                                                 \
                                                                              \
    { ngx_string("chatws_drain"),                                             \
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,                                \
      ngx_conf_set_msec_slot,                                                 \
      NGX_HTTP_LOC_CONF_OFFSET,                                               \
      offsetof(ngx_http_chatws_session_conf_t, drain),                        \
      &ngx_http_chatws_interval_bounds },                                     \
                                                                              \
    { ngx_string("chatws_max_message_size"),                                  \
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,                                \
      ngx_conf_set_size_slot,                                                 \
      NGX_HTTP_LOC_CONF_OFFSET,                                               \
      offsetof(ngx_http_chatws_session_conf_t, max_message_size),             \
      &ngx_http_chatws_message_bounds },                                      \
                                                                              \
    { ngx_string("chatws_ping_interval"),                                     \
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,                                \
      ngx_conf_set_msec_slot,                                                 \
      NGX_HTTP_LOC_CONF_OFFSET,                                               \
      offsetof(ngx_http_chatws_session_conf_t, ping_interval),                \
      &ngx_http_chatws_interval_bounds },                                     \
                                                                              \
    { ngx_string("chatws_ping_timeout"),                                      \
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,                                \
      ngx_conf_set_msec_slot,                                                 \
      NGX_HTTP_LOC_CONF_OFFSET,                                               \
      offsetof(ngx_http_chatws_session_conf_t, ping_timeout),                 \
      &ngx_http_chatws_time_bounds },                                         \
                                                                              \
    { ngx_string("chatws_send_buffer"),                                       \
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,                                \
      ngx_conf_set_size_slot,                                                 \
      NGX_HTTP_LOC_CONF_OFFSET,                                               \
      offsetof(ngx_http_chatws_session_conf_t, send_buffer),                  \
      &ngx_http_chatws_buffer_bounds },                                       \
                                                                              \
    { ngx_string("chatws_session_lifetime"),                                  \
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,                                \
      ngx_conf_set_msec_slot,                                                 \
      NGX_HTTP_LOC_CONF_OFFSET,                                               \
      offsetof(ngx_http_chatws_session_conf_t, lifetime),                     \
      &ngx_http_chatws_lifetime_bounds },                                     \
                                                                              \
    { ngx_string("chatws_subprotocol"),                                       \
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,                                \
      ngx_conf_set_str_slot,                                                  \
      NGX_HTTP_LOC_CONF_OFFSET,                                               \
      offsetof(ngx_http_chatws_session_conf_t, subprotocol),                  \
      &ngx_http_chatws_token_post }


#endif /* _NGX_HTTP_CHATWS_SESSION_CONF_H_INCLUDED_ */
