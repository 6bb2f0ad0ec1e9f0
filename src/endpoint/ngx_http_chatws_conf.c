
/*
 * Copyright (C) chatws contributors
 *
 * The configuration: settings with their defaults, inheritance, and setters of
 * directives.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_annex.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_conf_access.h"
#include "endpoint/ngx_http_chatws_conf_check.h"
#include "endpoint/ngx_http_chatws_conf_fingerprint.h"
#include "endpoint/ngx_http_chatws_conf_limit.h"
#include "endpoint/ngx_http_chatws_conf_typing.h"
#include "endpoint/ngx_http_chatws_conf_upload.h"
#include "endpoint/ngx_http_chatws_encrypt.h"
#include "endpoint/ngx_http_chatws_farewell.h"
#include "endpoint/ngx_http_chatws_handlers.h"


/* bytes of a message besides the token in it */
#define NGX_HTTP_CHATWS_AUTH_ROOM    1024


static ngx_int_t ngx_http_chatws_conf_zone_args(ngx_conf_t *cf,
    ngx_str_t *name, ssize_t *size);
static char *ngx_http_chatws_conf_merge_token(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *conf, ngx_http_chatws_loc_conf_t *prev,
    ngx_uint_t named);
static char *ngx_http_chatws_conf_set_handler(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf, ngx_http_handler_pt handler);


#define ngx_http_chatws_set(field, value)                                     \
    ngx_http_chatws_number(ngx_http_chatws_loc_conf_t, field, value)

#define ngx_http_chatws_rule(field, value)                                    \
    ngx_http_chatws_set(rules.field, value)

#define ngx_http_chatws_pointer(field, reach, mix)                            \
    ngx_http_chatws_word(ngx_http_chatws_loc_conf_t, field, reach, NULL, mix)

const ngx_http_chatws_setting_t  ngx_http_chatws_conf_settings[] = {

    ngx_http_chatws_rule(max_subscriptions, 1000),
    ngx_http_chatws_rule(user_subscriptions, 0),
    ngx_http_chatws_rule(history, 1000),
    ngx_http_chatws_rule(history_time, 60 * 60 * 1000),
    ngx_http_chatws_rule(own_messages, 0),
    ngx_http_chatws_rule(handover, 1),
    ngx_http_chatws_pointer(rules.typing, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_conf_mix_typing),
    ngx_http_chatws_pointer(rules.chat_pattern, NGX_HTTP_CHATWS_INHERIT, NULL),
    ngx_http_chatws_pointer(rules.token, NGX_HTTP_CHATWS_INHERIT, NULL),
    ngx_http_chatws_rule(auth_timeout, 10000),
    ngx_http_chatws_rule(token_grace, 30000),

    ngx_http_chatws_pointer(token.sources, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_token_conf_mix_sources),
    ngx_http_chatws_pointer(token.keys, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_token_conf_mix_keys),
    ngx_http_chatws_pointer(token.issuers, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_conf_mix_strs),
    ngx_http_chatws_pointer(token.audiences, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_conf_mix_strs),
    ngx_http_chatws_set(token.leeway, 10000),
    ngx_http_chatws_set(token.max_lifetime, 24 * 60 * 60 * 1000),
    ngx_http_chatws_set(token.max_size, 4 * 1024),

    ngx_http_chatws_rule(claimed, 0),
    ngx_http_chatws_pointer(rules.limit_actions, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_conf_mix_limit),
    ngx_http_chatws_pointer(rules.limit_user, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_conf_mix_limit),
    ngx_http_chatws_pointer(rules.limit_errors, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_conf_mix_limit),
    ngx_http_chatws_rule(limit_connections, 0),

    ngx_http_chatws_rule(access, 0),
    ngx_http_chatws_pointer(rules.access_app, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_conf_mix_app),
    ngx_http_chatws_rule(access_timeout, 3000),
    ngx_http_chatws_rule(access_valid, 60),
    ngx_http_chatws_rule(access_denied, 5),
    ngx_http_chatws_rule(access_recheck, 0),
    ngx_http_chatws_rule(members_settle, 60 * 1000),
    ngx_http_chatws_rule(watch, 0),
    ngx_http_chatws_rule(watch_members, 0),

    ngx_http_chatws_pointer(handler, NGX_HTTP_CHATWS_OWN, NULL),
    ngx_http_chatws_pointer(zone, NGX_HTTP_CHATWS_OWN,
                            ngx_http_chatws_conf_mix_zone),
    ngx_http_chatws_pointer(response, NGX_HTTP_CHATWS_INHERIT, NULL),
    ngx_http_chatws_pointer(response_use, NGX_HTTP_CHATWS_INHERIT, NULL),
    ngx_http_chatws_pointer(response_batch, NGX_HTTP_CHATWS_INHERIT, NULL),
    ngx_http_chatws_pointer(response_users, NGX_HTTP_CHATWS_INHERIT, NULL),
    ngx_http_chatws_text(ngx_http_chatws_loc_conf_t, pattern),
    ngx_http_chatws_pointer(farewell, NGX_HTTP_CHATWS_OWN, NULL),
    ngx_http_chatws_word(ngx_http_chatws_loc_conf_t, write,
                         NGX_HTTP_CHATWS_OWN, 0, NULL),

    ngx_http_chatws_pointer(user, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_conf_mix_complex),
    ngx_http_chatws_pointer(username, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_conf_mix_complex),
    ngx_http_chatws_pointer(sender, NGX_HTTP_CHATWS_INHERIT, NULL),
    ngx_http_chatws_pointer(expires, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_conf_mix_complex),
    ngx_http_chatws_pointer(presence_state, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_conf_mix_complex),
    ngx_http_chatws_pointer(user_chats, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_conf_mix_complex),
    ngx_http_chatws_pointer(origins, NGX_HTTP_CHATWS_INHERIT,
                            ngx_http_chatws_conf_mix_strs),

    /* no session depends on uploads, and on how messages are published */

    ngx_http_chatws_pointer(upload, NGX_HTTP_CHATWS_INHERIT, NULL),
    ngx_http_chatws_pointer(upload_id, NGX_HTTP_CHATWS_INHERIT, NULL),
    ngx_http_chatws_pointer(upload_chat, NGX_HTTP_CHATWS_INHERIT, NULL),
    ngx_http_chatws_word(ngx_http_chatws_loc_conf_t, upload_interval,
                         NGX_HTTP_CHATWS_INHERIT, 250, NULL),

    ngx_http_chatws_word(ngx_http_chatws_loc_conf_t, encrypt,
                         NGX_HTTP_CHATWS_INHERIT, 0, NULL),
    ngx_http_chatws_pointer(encryption_key, NGX_HTTP_CHATWS_INHERIT, NULL),

    ngx_http_chatws_last
};

/* there is a row for each field behind session, except rules.location_id */

ngx_http_chatws_settings_complete(ngx_http_chatws_conf_settings,
    sizeof(ngx_http_chatws_loc_conf_t) - sizeof(ngx_http_chatws_session_conf_t)
    - sizeof(uint64_t), 1);


char  ngx_http_chatws_conf_two_users[] =
    "can't be used where a token names the user";


void *
ngx_http_chatws_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_chatws_main_conf_t  *cwmcf;

    cwmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_chatws_main_conf_t));
    if (cwmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&cwmcf->zones, cf->pool, 4, sizeof(ngx_shm_zone_t *))
        != NGX_OK)
    {
        return NULL;
    }

    if (ngx_array_init(&cwmcf->locations, cf->pool, 4,
                       sizeof(ngx_http_chatws_location_t))
        != NGX_OK)
    {
        return NULL;
    }

    if (ngx_array_init(&cwmcf->uses, cf->pool, 4,
                       sizeof(ngx_http_chatws_use_t *))
        != NGX_OK)
    {
        return NULL;
    }

    cwmcf->coalesce = NGX_CONF_UNSET_MSEC;

    return cwmcf;
}


char *
ngx_http_chatws_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_chatws_main_conf_t *cwmcf = conf;

    ngx_uint_t               i;
    ngx_shm_zone_t         **zones;
    ngx_http_chatws_zone_t  *zone;

    ngx_conf_init_msec_value(cwmcf->coalesce, 0);

    if (ngx_http_chatws_conf_check_zones(cf, cwmcf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    zones = cwmcf->zones.elts;

    for (i = 0; i < cwmcf->zones.nelts; i++) {
        zone = zones[i]->data;

        if (zone->people != NULL
            && ngx_http_chatws_annex_need(cf, zones[i],
                                          NGX_HTTP_CHATWS_ANNEX_PEOPLE)
               != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        /* who was revoked stays so, also where commands are turned off */

        if (ngx_http_chatws_annex_keep(cf, zones[i],
                                       NGX_HTTP_CHATWS_ANNEX_REVOCATIONS)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_chatws_zone_check(cf->cycle, &ngx_http_chatws_module)
           == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


void *
ngx_http_chatws_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_chatws_loc_conf_t));
    if (cwlcf == NULL) {
        return NULL;
    }

    ngx_http_chatws_session_conf_create(&cwlcf->session);
    ngx_http_chatws_settings_create(ngx_http_chatws_conf_settings, cwlcf);

    return cwlcf;
}


char *
ngx_http_chatws_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_chatws_loc_conf_t *prev = parent;
    ngx_http_chatws_loc_conf_t *conf = child;

    ngx_uint_t                    named;
    ngx_http_core_loc_conf_t     *clcf;
    ngx_http_chatws_main_conf_t  *cwmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    cwmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_chatws_module);

    named = conf->user != NGX_CONF_UNSET_PTR
            || conf->username != NGX_CONF_UNSET_PTR;

    /*
     * A block "if" has the content handler of its location, but settings of
     * its own: so it gets the zone of that handler.  For "limit_except" nginx
     * does not take over the handler, which is done below.
     */

    ngx_http_chatws_session_conf_merge(&conf->session, &prev->session);
    ngx_http_chatws_settings_merge(ngx_http_chatws_conf_settings, conf, prev,
                                   clcf->noname);

    /* binary messages are refused: RFC 6455, section 7.4.1, code 1003 */
    conf->session.reader.no_binary = 1;

    /* a token in an auth, before which there is nothing else */
    conf->session.narrow = conf->session.reader;
    conf->session.narrow.max_message = conf->token.max_size
                                       + NGX_HTTP_CHATWS_AUTH_ROOM;

    if (clcf->lmt_excpt && clcf->handler == NULL) {
        clcf->handler = conf->handler;
    }

    if (conf->response_use != NULL && clcf->handler != NULL) {
        conf->response_use->answered = 1;
    }

    if (ngx_http_chatws_farewell_note(cf, cwmcf) != NGX_OK
        || ngx_http_chatws_encrypt_check(cf, conf) != NGX_OK
        || ngx_http_chatws_conf_merge_token(cf, conf, prev, named)
           != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->upload != NULL
        && ngx_http_chatws_conf_need_uploads(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->write
        && ngx_http_chatws_annex_need(cf, conf->zone,
                                      NGX_HTTP_CHATWS_ANNEX_REVOCATIONS)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_http_chatws_conf_note_types(conf);

    if (conf->handler == ngx_http_chatws_publish_handler) {
        return ngx_http_chatws_conf_need_grants(cf, conf);
    }

    if (conf->handler != ngx_http_chatws_connect_handler) {
        return NGX_CONF_OK;
    }

    conf->rules.claimed = conf->user == NULL && conf->rules.token == NULL;

    return ngx_http_chatws_conf_need_limits(cf, conf) == NGX_CONF_OK
           && ngx_http_chatws_conf_need_typing(cf, conf) == NGX_CONF_OK
           && ngx_http_chatws_conf_need_grants(cf, conf) == NGX_CONF_OK
           ? ngx_http_chatws_conf_add_location(cf, conf) : NGX_CONF_ERROR;
}


/* named: the location names the user in another way, of its own. */

static char *
ngx_http_chatws_conf_merge_token(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *conf, ngx_http_chatws_loc_conf_t *prev,
    ngx_uint_t named)
{
    ngx_http_core_loc_conf_t       *clcf;
    ngx_http_chatws_token_place_t   place;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (named && conf->token.sources != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "location \"%V\" inherits \"chatws_token\", and "
                           "\"chatws_user\" or \"chatws_username\" in it "
                           "%s", &clcf->name, ngx_http_chatws_conf_two_users);
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&place, sizeof(ngx_http_chatws_token_place_t));

    place.name = &clcf->name;
    place.connects = conf->handler == ngx_http_chatws_connect_handler;
    place.asks = ngx_http_chatws_conf_asks(conf) || conf->upload != NULL;
    place.origins = conf->origins != NULL;

    if (ngx_http_chatws_token_conf_check(cf, &conf->token, &place)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_chatws_token_conf_policy(cf, &conf->token, &prev->token,
                                             &conf->rules.token);
}


ngx_uint_t
ngx_http_chatws_conf_asks(const ngx_http_chatws_loc_conf_t *cwlcf)
{
    return cwlcf->handler == ngx_http_chatws_api_handler
           || cwlcf->handler == ngx_http_chatws_publish_handler
           || (cwlcf->handler == NULL && cwlcf->response != NULL);
}


/* chatws_zone zone=NAME:SIZE */

char *
ngx_http_chatws_conf_set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_main_conf_t *cwmcf = conf;

    ssize_t           size;
    ngx_str_t         name;
    ngx_uint_t        i;
    ngx_shm_zone_t   *shm_zone, **zone, **zones;

    if (ngx_http_chatws_conf_zone_args(cf, &name, &size) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    shm_zone = ngx_http_chatws_zone_add(cf, &name, size,
                                        &ngx_http_chatws_module);
    if (shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    zones = cwmcf->zones.elts;

    for (i = 0; i < cwmcf->zones.nelts; i++) {
        if (zones[i] == shm_zone) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate \"chatws_zone\" \"%V\"", &name);
            return NGX_CONF_ERROR;
        }
    }

    zone = ngx_array_push(&cwmcf->zones);
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    *zone = shm_zone;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_chatws_conf_zone_args(ngx_conf_t *cf, ngx_str_t *name, ssize_t *size)
{
    u_char     *p;
    ngx_str_t  *value, s;

    value = cf->args->elts;

    if (ngx_strncmp(value[1].data, "zone=", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"chatws_zone\", "
                           "it must be zone=name:size", &value[1]);
        return NGX_ERROR;
    }

    name->data = value[1].data + 5;

    p = (u_char *) ngx_strchr(name->data, ':');

    if (p == NULL || p == name->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"chatws_zone\", "
                           "it must be zone=name:size", &value[1]);
        return NGX_ERROR;
    }

    name->len = p - name->data;

    s.data = p + 1;
    s.len = value[1].data + value[1].len - s.data;

    *size = ngx_parse_size(&s);

    if (*size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid size \"%V\" of \"chatws_zone\" \"%V\"",
                           &s, name);
        return NGX_ERROR;
    }

    if (*size < (ssize_t) (8 * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"chatws_zone\" \"%V\" of size \"%V\" is too "
                           "small, it must be at least %uz", name, &s,
                           8 * ngx_pagesize);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static char *
ngx_http_chatws_conf_set_handler(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf, ngx_http_handler_pt handler)
{
    ngx_str_t                 *value;
    ngx_http_chatws_use_t     *use;
    ngx_http_core_loc_conf_t  *clcf;

    if (cwlcf->handler == handler) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler != NULL) {
        value = cf->args->elts;
        ngx_http_chatws_conf_other_handler(cf, &value[0]);
        return NGX_CONF_ERROR;
    }

    use = ngx_http_chatws_conf_use_zone(cf, handler);
    if (use == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->handler = handler;
    cwlcf->handler = handler;
    cwlcf->zone = use->zone;

    return NGX_CONF_OK;
}


/* chatws NAME */

char *
ngx_http_chatws_conf_set_endpoint(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    return ngx_http_chatws_conf_set_handler(cf, cwlcf,
                                            ngx_http_chatws_connect_handler);
}


/* chatws_publish NAME */

char *
ngx_http_chatws_conf_set_publish(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    return ngx_http_chatws_conf_set_handler(cf, cwlcf,
                                            ngx_http_chatws_publish_handler);
}


/* chatws_publish_response NAME [batch] [users] | off */

char *
ngx_http_chatws_conf_set_publish_response(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_str_t   *value;
    ngx_flag_t  *flag;
    ngx_uint_t   i;

    if (cwlcf->response != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    /* these belong to the name, and are not inherited without it */

    cwlcf->response_batch = 0;
    cwlcf->response_users = 0;

    for (i = 2; i < cf->args->nelts; i++) {

        flag = ngx_strcmp(value[i].data, "batch") == 0
               ? &cwlcf->response_batch : &cwlcf->response_users;

        if (*flag
            || (flag == &cwlcf->response_users
                && ngx_strcmp(value[i].data, "users") != 0))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of \"%V\"",
                               &value[i], &value[0]);
            return NGX_CONF_ERROR;
        }

        *flag = 1;
    }

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        cwlcf->response = NULL;
        cwlcf->response_use = NULL;
        return NGX_CONF_OK;
    }

    cwlcf->response_use = ngx_http_chatws_conf_use_zone(cf, NULL);

    if (cwlcf->response_use == NULL) {
        return NGX_CONF_ERROR;
    }

    cwlcf->response_use->people = cwlcf->response_users;
    cwlcf->response = cwlcf->response_use->zone;

    return NGX_CONF_OK;
}


/* chatws_api NAME [write=on|off] */

char *
ngx_http_chatws_conf_set_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    char                         *rv;
    ngx_str_t                    *value;
    ngx_http_chatws_use_t       **uses;
    ngx_http_chatws_main_conf_t  *cwmcf;

    value = cf->args->elts;

    if (cf->args->nelts == 3
        && ngx_strcmp(value[2].data, "write=on") != 0
        && ngx_strcmp(value[2].data, "write=off") != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"%V\", it must be "
                           "write=on or write=off", &value[2], &value[0]);
        return NGX_CONF_ERROR;
    }

    rv = ngx_http_chatws_conf_set_handler(cf, cwlcf,
                                          ngx_http_chatws_api_handler);

    if (rv != NGX_CONF_OK
        || cf->args->nelts != 3
        || ngx_strcmp(value[2].data, "write=on") != 0)
    {
        return rv;
    }

    cwmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_chatws_module);

    /* the use that was added last is that of this directive */

    uses = cwmcf->uses.elts;
    uses[cwmcf->uses.nelts - 1]->write = 1;

    cwlcf->write = 1;

    return NGX_CONF_OK;
}


/* chatws_status NAME */

char *
ngx_http_chatws_conf_set_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    return ngx_http_chatws_conf_set_handler(cf, cwlcf,
                                            ngx_http_chatws_status_handler);
}


/* chatws_user STRING, chatws_username STRING */

char *
ngx_http_chatws_conf_set_user(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    if (cwlcf->token.sources != NGX_CONF_UNSET_PTR
        && cwlcf->token.sources != NULL)
    {
        return ngx_http_chatws_conf_two_users;
    }

    return ngx_http_set_complex_value_slot(cf, cmd, conf);
}
