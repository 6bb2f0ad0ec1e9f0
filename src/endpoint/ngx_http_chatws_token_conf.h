
/*
 * Copyright (C) chatws contributors
 *
 * The configuration of tokens: where they are looked for, the keys that verify
 * them, and what is asked of them.
 */


#ifndef _NGX_HTTP_CHATWS_TOKEN_CONF_H_INCLUDED_
#define _NGX_HTTP_CHATWS_TOKEN_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "token/chatws_token.h"


/* A place where a token may be. */

typedef struct {
    ngx_http_complex_value_t   value;       /* unless it is the protocol */
    unsigned                   protocol:1;  /* a subprotocol on offer */
    unsigned                   arg:1;       /* an argument is in the value */
    unsigned                   field:1;     /* it is the field Authorization,
                                               which begins with a scheme */
} ngx_http_chatws_token_source_t;


/* A directive chatws_token. */

typedef struct {
    ngx_array_t                list;        /* of source_t, in order */
    ngx_array_t                names;       /* of ngx_str_t: the arguments in
                                               these, to be hidden in logs */
    ngx_array_t                texts;       /* of ngx_str_t, as written */
    ngx_str_t                  file;        /* where it is written */
    ngx_uint_t                 line;
    unsigned                   message:1;   /* the first message, too */
    unsigned                   protocol:1;
    unsigned                   arg:1;
    unsigned                   cookie:1;
} ngx_http_chatws_token_sources_t;


/* The keys of all files of one level. */

typedef struct {
    ngx_array_t                files;       /* of ngx_str_t, full names */
    chatws_keys_t              keys;
} ngx_http_chatws_token_keys_t;


/* The settings; each has a row in ngx_http_chatws_conf_settings[]. */

typedef struct {
    ngx_http_chatws_token_sources_t  *sources;    /* NULL: tokens are off */
    ngx_http_chatws_token_keys_t     *keys;       /* NULL: none */
    ngx_array_t                      *issuers;    /* of ngx_str_t, or NULL */
    ngx_array_t                      *audiences;  /* of ngx_str_t, or NULL */
    ngx_msec_t                        leeway;
    ngx_msec_t                        max_lifetime;
    size_t                            max_size;
} ngx_http_chatws_token_conf_t;


/* A location of tokens that are looked at in any case. */

typedef struct {
    const ngx_str_t           *name;
    unsigned                   connects:1;  /* it is one of chatws */
    unsigned                   asks:1;      /* or another one that answers 401
                                               without a good token */
    unsigned                   origins:1;   /* chatws_allowed_origins is set */
} ngx_http_chatws_token_place_t;


/* setters of directives; their fields are in the configuration of a location */
char *ngx_http_chatws_token_conf_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_chatws_token_conf_set_key_file(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
char *ngx_http_chatws_token_conf_set_strings(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/*
 * Makes the policy of a location whose settings were inherited.  *policy is
 * the one that it has inherited, which stays where it is the same.
 * NGX_CONF_ERROR: no memory.
 */
char *ngx_http_chatws_token_conf_policy(ngx_conf_t *cf,
    const ngx_http_chatws_token_conf_t *conf,
    const ngx_http_chatws_token_conf_t *prev,
    const chatws_token_policy_t **policy);

/*
 * Checks that the settings can be used at a place.  NGX_CONF_ERROR: they
 * can't, which was logged.
 */
char *ngx_http_chatws_token_conf_check(ngx_conf_t *cf,
    const ngx_http_chatws_token_conf_t *conf,
    const ngx_http_chatws_token_place_t *place);

/*
 * Functions of rows in the table of settings, see ngx_http_chatws_mix_pt: of
 * keys the names of their files count, so that new keys close nobody.
 */
void ngx_http_chatws_token_conf_mix_sources(uint64_t *hash,
    const void *value);
void ngx_http_chatws_token_conf_mix_keys(uint64_t *hash, const void *value);


#endif /* _NGX_HTTP_CHATWS_TOKEN_CONF_H_INCLUDED_ */
