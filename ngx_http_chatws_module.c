
/*
 * Copyright (C) chatws contributors
 *
 * The module as nginx sees it: the directives, and the functions that nginx
 * calls when it starts, reloads and ends.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_annex.h"
#include "process/ngx_http_chatws_ask.h"
#include "process/ngx_http_chatws_scratch.h"
#include "client/ngx_http_chatws_handover.h"
#include "client/ngx_http_chatws_users.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_conf_access.h"
#include "endpoint/ngx_http_chatws_conf_check.h"
#include "endpoint/ngx_http_chatws_conf_fingerprint.h"
#include "endpoint/ngx_http_chatws_conf_limit.h"
#include "endpoint/ngx_http_chatws_encrypt.h"
#include "endpoint/ngx_http_chatws_farewell.h"
#include "endpoint/ngx_http_chatws_conf_people.h"
#include "endpoint/ngx_http_chatws_conf_presence.h"
#include "endpoint/ngx_http_chatws_conf_typing.h"
#include "endpoint/ngx_http_chatws_conf_unread.h"
#include "endpoint/ngx_http_chatws_conf_upload.h"
#include "endpoint/ngx_http_chatws_handlers.h"
#include "endpoint/ngx_http_chatws_origin.h"


#if (nginx_version < 1022000)
#error chatws needs nginx 1.22.0 or later
#endif


static ngx_int_t ngx_http_chatws_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_chatws_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_chatws_init_process(ngx_cycle_t *cycle);
static void ngx_http_chatws_offer_locations(ngx_cycle_t *cycle,
    ngx_http_chatws_main_conf_t *cwmcf, ngx_shm_zone_t *zone);
static ngx_int_t ngx_http_chatws_take_location(ngx_http_chatws_hub_t *hub,
    uint64_t location, const ngx_http_chatws_session_conf_t **conf,
    const ngx_http_chatws_rules_t **rules);
static void ngx_http_chatws_exit_process(ngx_cycle_t *cycle);
static ngx_http_chatws_main_conf_t *ngx_http_chatws_main_conf(
    ngx_cycle_t *cycle);


/* the bounds of a directive whose value is a number: of what unit */
#define ngx_http_chatws_bounds(name, min, max, unit)                          \
    static ngx_http_chatws_bounds_t  ngx_http_chatws_##name##_bounds =        \
        { ngx_http_chatws_check_bounds, min, max, unit }

ngx_http_chatws_bounds(subscriptions, 1, 1000000, NGX_HTTP_CHATWS_NUMBER);
ngx_http_chatws_bounds(access_timeout, 1, 60 * 1000, NGX_HTTP_CHATWS_TIME);
ngx_http_chatws_bounds(coalesce, 0, 1000, NGX_HTTP_CHATWS_TIME);
ngx_http_chatws_bounds(upload, 100, 4000, NGX_HTTP_CHATWS_TIME);
ngx_http_chatws_bounds(settle, 0, 60 * 60 * 1000, NGX_HTTP_CHATWS_TIME);
ngx_http_chatws_bounds(leeway, 0, 60 * 60 * 1000, NGX_HTTP_CHATWS_TIME);
ngx_http_chatws_bounds(token_lifetime, 1000, 365UL * 24 * 60 * 60 * 1000,
                       NGX_HTTP_CHATWS_TIME);
ngx_http_chatws_bounds(token_size, 256, 16 * 1024, NGX_HTTP_CHATWS_BYTES);


static ngx_command_t  ngx_http_chatws_commands[] = {

    { ngx_string("chatws"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_conf_set_endpoint,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_access"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_chatws_conf_set_access,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_access_cache"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE123,
      ngx_http_chatws_conf_set_access_cache,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_access_pass"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_conf_set_access_pass,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_access_timeout"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, rules.access_timeout),
      &ngx_http_chatws_access_timeout_bounds },

    { ngx_string("chatws_allowed_origins"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_chatws_origin_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_api"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_chatws_conf_set_api,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_auth_timeout"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, rules.auth_timeout),
      &ngx_http_chatws_time_bounds },

    { ngx_string("chatws_chat_pattern"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_conf_set_pattern,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_close"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE2,
      ngx_http_chatws_farewell_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_coalesce"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_chatws_main_conf_t, coalesce),
      &ngx_http_chatws_coalesce_bounds },

    { ngx_string("chatws_encrypt"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, encrypt),
      &ngx_http_chatws_encrypt_values },

    { ngx_string("chatws_encryption_key_file"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_encrypt_set_key_file,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_expires"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, expires),
      NULL },

    { ngx_string("chatws_handover"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, rules.handover),
      NULL },

    { ngx_string("chatws_history"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE12,
      ngx_http_chatws_conf_set_history,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_limit_actions"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE12,
      ngx_http_chatws_conf_set_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, rules.limit_actions),
      NULL },

    { ngx_string("chatws_limit_connections"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_conf_set_limit_connections,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_limit_errors"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE12,
      ngx_http_chatws_conf_set_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, rules.limit_errors),
      NULL },

    { ngx_string("chatws_limit_subscriptions"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_conf_set_limit_subscriptions,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_limit_user"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE12,
      ngx_http_chatws_conf_set_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, rules.limit_user),
      NULL },

    ngx_http_chatws_session_conf_commands,

    { ngx_string("chatws_max_subscriptions"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, rules.max_subscriptions),
      &ngx_http_chatws_subscriptions_bounds },

    { ngx_string("chatws_members_settle"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, rules.members_settle),
      &ngx_http_chatws_settle_bounds },

    { ngx_string("chatws_own_messages"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, rules.own_messages),
      NULL },

    { ngx_string("chatws_presence"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_chatws_conf_set_presence,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_presence_state"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, presence_state),
      NULL },

    { ngx_string("chatws_publish"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_conf_set_publish,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_publish_response"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE123,
      ngx_http_chatws_conf_set_publish_response,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_receipts"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_chatws_conf_set_receipts,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_sender"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, sender),
      NULL },

    { ngx_string("chatws_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_conf_set_status,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_token"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_chatws_token_conf_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_token_audience"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_chatws_token_conf_set_strings,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, token.audiences),
      NULL },

    { ngx_string("chatws_token_grace"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, rules.token_grace),
      &ngx_http_chatws_interval_bounds },

    { ngx_string("chatws_token_issuer"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_chatws_token_conf_set_strings,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, token.issuers),
      NULL },

    { ngx_string("chatws_token_key_file"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_token_conf_set_key_file,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_token_leeway"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, token.leeway),
      &ngx_http_chatws_leeway_bounds },

    { ngx_string("chatws_token_lifetime"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, token.max_lifetime),
      &ngx_http_chatws_token_lifetime_bounds },

    { ngx_string("chatws_token_max_size"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, token.max_size),
      &ngx_http_chatws_token_size_bounds },

    { ngx_string("chatws_typing"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1234,
      ngx_http_chatws_conf_set_typing,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_unread"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_conf_set_unread,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_upload"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_conf_set_upload,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_upload_chat"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, upload_chat),
      NULL },

    { ngx_string("chatws_upload_id"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, upload_id),
      NULL },

    { ngx_string("chatws_upload_interval"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, upload_interval),
      &ngx_http_chatws_upload_bounds },

    { ngx_string("chatws_user"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_conf_set_user,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, user),
      NULL },

    { ngx_string("chatws_user_chats"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, user_chats),
      NULL },

    { ngx_string("chatws_username"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_conf_set_user,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_chatws_loc_conf_t, username),
      NULL },

    { ngx_string("chatws_users"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_conf_set_users,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_watch"),
      NGX_HTTP_CHATWS_ANY_CONF|NGX_CONF_TAKE12,
      ngx_http_chatws_conf_set_watch,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("chatws_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_chatws_conf_set_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_chatws_module_ctx = {
    ngx_http_chatws_variables_add,         /* preconfiguration */
    ngx_http_chatws_postconfiguration,     /* postconfiguration */

    ngx_http_chatws_create_main_conf,      /* create main configuration */
    ngx_http_chatws_init_main_conf,        /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_chatws_create_loc_conf,       /* create location configuration */
    ngx_http_chatws_merge_loc_conf         /* merge location configuration */
};


ngx_module_t  ngx_http_chatws_module = {
    NGX_MODULE_V1,
    &ngx_http_chatws_module_ctx,           /* module context */
    ngx_http_chatws_commands,              /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_chatws_init_module,           /* init module */
    ngx_http_chatws_init_process,          /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_chatws_exit_process,          /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_chatws_postconfiguration(ngx_conf_t *cf)
{
    if (ngx_http_chatws_conf_check(cf) != NGX_OK
        || ngx_http_chatws_farewell_pages(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_chatws_token_init(cf) != NGX_OK
        || ngx_http_chatws_upload_init(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_chatws_publish_response_init(cf);
}


/*
 * Is called when a configuration comes into force, before there are workers of
 * it.  Its locations are offered to the workers that quit for it: these hand
 * over the clients whose location has the same fingerprint.
 */

static ngx_int_t
ngx_http_chatws_init_module(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_shm_zone_t               **zones;
    ngx_http_chatws_zone_t        *zone;
    ngx_http_chatws_main_conf_t   *cwmcf;

    ngx_http_chatws_zone_report(cycle, &ngx_http_chatws_module);

    cwmcf = ngx_http_chatws_main_conf(cycle);

    if (cwmcf == NULL) {
        /*
         * Without a block "http" this was not checked before.  An error ends
         * the only process, as the reload can't be refused any more.
         */
        return ngx_http_chatws_zone_check(cycle, &ngx_http_chatws_module);
    }

    zones = cwmcf->zones.elts;

    for (i = 0; i < cwmcf->zones.nelts; i++) {
        ngx_http_chatws_offer_locations(cycle, cwmcf, zones[i]);

        zone = zones[i]->data;

        if (zone->hub != NULL) {
            ngx_http_chatws_hub_reload(zone->hub, zone);
        }
    }

    return NGX_OK;
}


static void
ngx_http_chatws_offer_locations(ngx_cycle_t *cycle,
    ngx_http_chatws_main_conf_t *cwmcf, ngx_shm_zone_t *zone)
{
    ngx_uint_t                   i, left;
    ngx_http_chatws_location_t  *locations;

    ngx_http_chatws_zone_offer_begin(zone->data);

    locations = cwmcf->locations.elts;
    left = 0;

    for (i = 0; i < cwmcf->locations.nelts; i++) {
        if (locations[i].zone == zone
            && ngx_http_chatws_zone_offer_add(zone->data, locations[i].id)
               != NGX_OK)
        {
            left++;
        }
    }

    if (left != 0) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "chatws zone \"%V\" has no room for %ui of its "
                      "locations: on a reload their clients are closed and "
                      "not handed over", &zone->shm.name, left);
    }
}


/*
 * Finds the settings of the location of a client that is handed over to this
 * hub.  NGX_DECLINED: there is no such location.
 */

static ngx_int_t
ngx_http_chatws_take_location(ngx_http_chatws_hub_t *hub, uint64_t location,
    const ngx_http_chatws_session_conf_t **conf,
    const ngx_http_chatws_rules_t **rules)
{
    ngx_http_chatws_zone_t       *zone;
    ngx_http_chatws_location_t   *found;
    ngx_http_chatws_main_conf_t  *cwmcf;

    cwmcf = ngx_http_chatws_main_conf((ngx_cycle_t *) ngx_cycle);

    found = ngx_http_chatws_conf_find_location(cwmcf, location);
    if (found == NULL) {
        return NGX_DECLINED;
    }

    zone = found->zone->data;

    if (zone->hub != hub) {
        return NGX_DECLINED;
    }

    *conf = found->session;
    *rules = found->rules;

    return NGX_OK;
}


/* Opens the hubs of a worker; nginx's helpers of caches need none. */

static ngx_int_t
ngx_http_chatws_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_shm_zone_t               **zones;
    ngx_http_chatws_zone_t        *zone;
    ngx_http_chatws_main_conf_t   *cwmcf;

    cwmcf = ngx_http_chatws_main_conf(cycle);

    if (cwmcf == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    zones = cwmcf->zones.elts;

    for (i = 0; i < cwmcf->zones.nelts; i++) {
        zone = zones[i]->data;

        /*
         * nginx starts no other worker in place of one that fails here: so
         * this one runs without the hub, and its locations answer 503.
         */

        if (ngx_http_chatws_hub_open(zone, &ngx_http_chatws_client_hub,
                                     cwmcf->coalesce, cycle)
            != NGX_OK
            || ((ngx_http_chatws_conf_is_written(cwmcf, zones[i])
                 || zone->people != NULL
                 || ngx_http_chatws_annex(zone, NGX_HTTP_CHATWS_ANNEX_SEATS)
                    != NULL)
                && ngx_http_chatws_users_open(zone->hub, cycle->log)
                   != NGX_OK)
            || ngx_http_chatws_handover_init(zone->hub,
                                             ngx_http_chatws_take_location,
                                             cycle)
               != NGX_OK)
        {
            ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                          "chatws zone \"%V\" is out of service in this "
                          "worker: no memory", &zones[i]->shm.name);
        }
    }

    return NGX_OK;
}


static void
ngx_http_chatws_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                     i;
    ngx_shm_zone_t               **zones;
    ngx_http_chatws_zone_t        *zone;
    ngx_http_chatws_main_conf_t   *cwmcf;

    ngx_http_chatws_session_exit();
    ngx_http_chatws_ask_exit();
    ngx_http_chatws_scratch_done();

    cwmcf = ngx_http_chatws_main_conf(cycle);

    if (cwmcf == NULL) {
        return;
    }

    zones = cwmcf->zones.elts;

    for (i = 0; i < cwmcf->zones.nelts; i++) {
        zone = zones[i]->data;

        if (zone->hub != NULL) {
            ngx_http_chatws_handover_done(zone->hub);
            ngx_http_chatws_users_close(zone->hub);
            ngx_http_chatws_hub_close(zone->hub);
            zone->hub = NULL;
        }
    }
}


/* Returns the main configuration; NULL: there is no block "http". */

static ngx_http_chatws_main_conf_t *
ngx_http_chatws_main_conf(ngx_cycle_t *cycle)
{
    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == NULL) {
        return NULL;
    }

    return ngx_http_cycle_get_module_main_conf(cycle, ngx_http_chatws_module);
}
