
/*
 * Copyright (C) chatws contributors
 *
 * Checks that need the whole configuration: that zones are defined, that no
 * other module handles the same location, that settings go together.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_type.h"
#include "endpoint/ngx_http_chatws_conf_access.h"
#include "endpoint/ngx_http_chatws_conf_check.h"
#include "endpoint/ngx_http_chatws_conf_fingerprint.h"
#include "endpoint/ngx_http_chatws_conf_limit.h"
#include "endpoint/ngx_http_chatws_conf_presence.h"
#include "endpoint/ngx_http_chatws_handlers.h"


static ngx_int_t ngx_http_chatws_conf_zone_is_defined(
    ngx_http_chatws_main_conf_t *cwmcf, ngx_shm_zone_t *zone);
static void ngx_http_chatws_conf_check_ping(ngx_conf_t *cf,
    ngx_http_chatws_session_conf_t *conf, ngx_uint_t *warned);
static ngx_int_t ngx_http_chatws_conf_authenticates(ngx_conf_t *cf,
    ngx_http_conf_ctx_t *ctx);
static ngx_int_t ngx_http_chatws_conf_is_auth_set(ngx_command_t *cmd,
    void *conf);


ngx_http_chatws_use_t *
ngx_http_chatws_conf_use(ngx_conf_t *cf, ngx_http_handler_pt handler)
{
    ngx_str_t                    *value;
    ngx_http_chatws_use_t        *use, **slot;
    ngx_http_chatws_main_conf_t  *cwmcf;

    cwmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_chatws_module);

    slot = ngx_array_push(&cwmcf->uses);
    if (slot == NULL) {
        return NULL;
    }

    use = ngx_pcalloc(cf->pool, sizeof(ngx_http_chatws_use_t));
    if (use == NULL) {
        return NULL;
    }

    *slot = use;

    value = cf->args->elts;

    use->directive = value[0];
    use->handler = handler;
    use->ctx = cf->ctx;

    if (cf->conf_file != NULL) {
        use->file = cf->conf_file->file.name;
        use->line = cf->conf_file->line;
    }

    return use;
}


ngx_http_chatws_use_t *
ngx_http_chatws_conf_use_zone(ngx_conf_t *cf, ngx_http_handler_pt handler)
{
    ngx_str_t              *value;
    ngx_http_chatws_use_t  *use;

    use = ngx_http_chatws_conf_use(cf, handler);
    if (use == NULL) {
        return NULL;
    }

    value = cf->args->elts;

    use->zone = ngx_http_chatws_zone_add(cf, &value[1], 0,
                                         &ngx_http_chatws_module);

    return use->zone == NULL ? NULL : use;
}


/*
 * nginx checks the zones as well, later, but its message names no line.  The
 * settings of a zone for people may come in any order.
 */

char *
ngx_http_chatws_conf_check_zones(ngx_conf_t *cf,
    ngx_http_chatws_main_conf_t *cwmcf)
{
    ngx_uint_t               i;
    ngx_conf_t               at;
    ngx_conf_file_t          file;
    ngx_http_chatws_use_t  **uses;
    ngx_http_chatws_zone_t  *zone;

    uses = cwmcf->uses.elts;

    for (i = 0; i < cwmcf->uses.nelts; i++) {

        if (uses[i]->zone == NULL) {
            continue;
        }

        ngx_http_chatws_conf_locate(&at, &file, cf, &uses[i]->file,
                                    uses[i]->line);

        if (!ngx_http_chatws_conf_zone_is_defined(cwmcf, uses[i]->zone)) {
            ngx_conf_log_error(NGX_LOG_EMERG, &at, 0,
                               "unknown zone \"%V\" in \"%V\", its argument "
                               "is the name of a zone that \"chatws_zone\" "
                               "defines", &uses[i]->zone->shm.name,
                               &uses[i]->directive);
            return NGX_CONF_ERROR;
        }

        zone = uses[i]->zone->data;

        if (uses[i]->people
            && (zone->people == NULL || !zone->people->users))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, &at, 0,
                               "\"%V\" needs \"chatws_users zone=%V\"",
                               &uses[i]->directive, &zone->name);
            return NGX_CONF_ERROR;
        }

        if (uses[i]->people
            && zone->people->receipts != NULL
            && !zone->people->unread)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, &at, 0,
                               "\"chatws_receipts\" needs "
                               "\"chatws_unread zone=%V\"", &zone->name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_chatws_conf_zone_is_defined(ngx_http_chatws_main_conf_t *cwmcf,
    ngx_shm_zone_t *zone)
{
    ngx_uint_t        i;
    ngx_shm_zone_t  **zones;

    zones = cwmcf->zones.elts;

    for (i = 0; i < cwmcf->zones.nelts; i++) {
        if (zones[i] == zone) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_chatws_conf_check(ngx_conf_t *cf)
{
    ngx_uint_t                     i, limits, n, public, warned;
    ngx_conf_t                     at;
    ngx_conf_file_t                file;
    ngx_http_chatws_use_t        **uses, *use, *open;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_chatws_loc_conf_t    *cwlcf;
    ngx_http_chatws_main_conf_t   *cwmcf;

    cwmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_chatws_module);

    uses = cwmcf->uses.elts;
    open = NULL;
    n = 0;
    warned = 0;
    limits = 0;
    public = 0;

    for (i = 0; i < cwmcf->uses.nelts; i++) {
        use = uses[i];
        clcf = use->ctx->loc_conf[ngx_http_core_module.ctx_index];

        ngx_http_chatws_conf_locate(&at, &file, cf, &use->file, use->line);

        if (use->handler != NULL && clcf->handler != use->handler) {
            ngx_http_chatws_conf_other_handler(&at, &use->directive);
            return NGX_ERROR;
        }

        if (use->handler == NULL && !use->answered) {
            ngx_conf_log_error(NGX_LOG_WARN, &at, 0,
                               "\"%V\" finds no responses: neither its "
                               "location nor one inside of it has a content "
                               "handler, as \"proxy_pass\" is",
                               &use->directive);
        }

        cwlcf = use->ctx->loc_conf[ngx_http_chatws_module.ctx_index];

        if (use->handler == ngx_http_chatws_publish_handler
            && cwlcf->token.sources != NULL
            && ngx_http_chatws_conf_check_access(&at, cwlcf) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (use->handler != ngx_http_chatws_connect_handler) {
            continue;
        }

        ngx_http_chatws_conf_check_ping(&at, &cwlcf->session, &warned);
        ngx_http_chatws_conf_check_limits(&at, &cwlcf->rules, &limits);
        ngx_http_chatws_conf_check_presence(&at, cwlcf, &public);

        if (ngx_http_chatws_conf_check_access(&at, cwlcf) != NGX_OK) {
            return NGX_ERROR;
        }

        if (cwlcf->origins == NULL
            && cwlcf->token.sources == NULL
            && (cwlcf->user != NULL
                || ngx_http_chatws_conf_authenticates(cf, use->ctx)))
        {
            open = n++ == 0 ? use : open;
        }
    }

    ngx_http_chatws_conf_sort_locations(cwmcf);

    if (open != NULL) {
        ngx_http_chatws_conf_locate(&at, &file, cf, &open->file, open->line);

        ngx_conf_log_error(NGX_LOG_NOTICE, &at, 0,
                           "pages of any origin may connect as the user who "
                           "opens them: \"chatws_allowed_origins\" is not set "
                           "(locations: %ui, the first)", n);
    }

    return NGX_OK;
}


/*
 * Whether requests of the location are authenticated by something that a
 * browser adds to the requests of any page: a certificate, a password, or a
 * cookie that an auth_request looks at.  Certificates are a setting of the
 * server; the others are found by the names of directives, "auth_...", which
 * may be those of any module.
 */

static ngx_int_t
ngx_http_chatws_conf_authenticates(ngx_conf_t *cf, ngx_http_conf_ctx_t *ctx)
{
    void                      *conf;
    ngx_uint_t                 i;
    ngx_module_t              *module;
    ngx_command_t             *cmd;
#if (NGX_HTTP_SSL)
    ngx_http_ssl_srv_conf_t   *sscf;

    sscf = ctx->srv_conf[ngx_http_ssl_module.ctx_index];

    if (sscf->verify) {
        return 1;
    }
#endif

    for (i = 0; cf->cycle->modules[i] != NULL; i++) {
        module = cf->cycle->modules[i];

        if (module->type != NGX_HTTP_MODULE || module->commands == NULL) {
            continue;
        }

        conf = ctx->loc_conf[module->ctx_index];

        for (cmd = module->commands; cmd->name.len != 0; cmd++) {

            if (conf != NULL
                && cmd->conf == NGX_HTTP_LOC_CONF_OFFSET
                && ngx_strncmp(cmd->name.data, "auth_", 5) == 0
                && ngx_http_chatws_conf_is_auth_set(cmd, conf))
            {
                return 1;
            }
        }
    }

    return 0;
}


/*
 * Whether the directive is set in the configuration of its module.  Where one
 * of nginx's own setters has set it, its type is known.
 */

static ngx_int_t
ngx_http_chatws_conf_is_auth_set(ngx_command_t *cmd, void *conf)
{
    void                      *field;
    ngx_str_t                 *text;
    ngx_flag_t                *flag;
    ngx_http_complex_value_t **cv;

    field = (u_char *) conf + cmd->offset;

    if (cmd->set == ngx_conf_set_flag_slot) {
        flag = field;
        return *flag == 1;
    }

    if (cmd->set == ngx_http_set_complex_value_slot) {
        cv = field;

        if (*cv == NULL || *cv == NGX_CONF_UNSET_PTR) {
            return 0;
        }

        text = &(*cv)->value;

    } else if (cmd->set == ngx_conf_set_str_slot
               || ngx_strcmp(cmd->name.data, "auth_request") == 0)
    {
        /* the configuration of auth_request begins with its location */
        text = field;

    } else {
        return 0;
    }

    return text->len != 0
           && (text->len != 3 || ngx_strncmp(text->data, "off", 3) != 0);
}


/* Warns once: many locations may inherit the same values. */

static void
ngx_http_chatws_conf_check_ping(ngx_conf_t *cf,
    ngx_http_chatws_session_conf_t *conf, ngx_uint_t *warned)
{
    if (*warned
        || conf->ping_interval == 0
        || conf->ping_timeout <= conf->ping_interval)
    {
        return;
    }

    *warned = 1;

    ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                       "\"chatws_ping_timeout\" of %Mms is longer than "
                       "\"chatws_ping_interval\" of %Mms, here or in what "
                       "is inherited",
                       conf->ping_timeout, conf->ping_interval);
}


void
ngx_http_chatws_conf_note_types(ngx_http_chatws_loc_conf_t *cwlcf)
{
    uint32_t                 types;
    ngx_http_chatws_zone_t  *zone;

    types = 0;

    if (cwlcf->zone != NULL
        && ((ngx_http_chatws_zone_t *) cwlcf->zone->data)->people != NULL)
    {
        types = 1u << CHATWS_TYPE_CHATS
                | 1u << CHATWS_TYPE_CHAT_ADDED
                | 1u << CHATWS_TYPE_CHAT_REMOVED;
    }

    if (cwlcf->write) {
        types |= 1u << CHATWS_TYPE_UNSUBSCRIBED;

    } else if (cwlcf->handler == ngx_http_chatws_connect_handler) {

        if (cwlcf->rules.token != NULL) {
            types |= 1u << CHATWS_TYPE_AUTHENTICATED
                     | 1u << CHATWS_TYPE_EXPIRING;
        }

        if (cwlcf->rules.access & ~NGX_HTTP_CHATWS_ACCESS_OPEN) {
            types |= 1u << CHATWS_TYPE_UNSUBSCRIBED;
        }

        if (cwlcf->rules.typing != NULL) {
            types |= 1u << CHATWS_TYPE_TYPISTS;
        }

        zone = cwlcf->zone->data;

        if (zone->people != NULL && zone->people->presence != NULL) {
            types |= 1u << CHATWS_TYPE_PRESENCE;
        }
    }

    if (cwlcf->zone == NULL) {
        return;
    }

    zone = cwlcf->zone->data;

    if (zone->people != NULL) {
        types |= 1u << CHATWS_TYPE_STATE;

        if (zone->people->unread) {
            types |= 1u << CHATWS_TYPE_UNREAD;
        }

        if (zone->people->receipts != NULL) {
            types |= 1u << CHATWS_TYPE_RECEIPT;
        }
    }

    zone->types |= types;
}


ngx_uint_t
ngx_http_chatws_conf_is_written(ngx_http_chatws_main_conf_t *cwmcf,
    ngx_shm_zone_t *zone)
{
    ngx_uint_t               i;
    ngx_http_chatws_use_t  **uses;

    uses = cwmcf->uses.elts;

    for (i = 0; i < cwmcf->uses.nelts; i++) {
        if (uses[i]->zone == zone && uses[i]->write) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_chatws_conf_other_handler(ngx_conf_t *cf, ngx_str_t *directive)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" can't be used together with another content "
                       "handler of the same location", directive);
}


void
ngx_http_chatws_conf_locate(ngx_conf_t *at, ngx_conf_file_t *file,
    ngx_conf_t *cf, const ngx_str_t *name, ngx_uint_t line)
{
    *at = *cf;

    ngx_memzero(file, sizeof(ngx_conf_file_t));

    file->file.name = *name;
    file->line = line;

    at->conf_file = file;
}
