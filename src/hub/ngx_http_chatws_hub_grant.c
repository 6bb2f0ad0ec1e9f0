
/*
 * Copyright (C) chatws contributors
 *
 * The cache of answers about rights: read and written under the lock of the
 * zone.  A worker whose configuration has none knows nothing.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_annex.h"
#include "hub/ngx_http_chatws_hub_grant.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* cells that are looked at before the lock is given back */
#define NGX_HTTP_CHATWS_FORGET_CELLS  4096


static chatws_grant_cache_t *ngx_http_chatws_hub_grants(
    ngx_http_chatws_hub_t *hub);


ngx_int_t
ngx_http_chatws_hub_grant_get(ngx_http_chatws_hub_t *hub,
    const chatws_grant_key_t *key, uint32_t *rights)
{
    uint32_t               now;
    chatws_rc_e            rc;
    chatws_grant_cache_t  *cache;

    cache = ngx_http_chatws_hub_grants(hub);

    if (cache == NULL) {
        return NGX_DECLINED;
    }

    now = (uint32_t) ngx_time();

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = chatws_grant_cache_get(cache, key, now, rights);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return rc == CHATWS_OK ? NGX_OK : NGX_DECLINED;
}


uint32_t
ngx_http_chatws_hub_grant_commands(ngx_http_chatws_hub_t *hub, uint64_t user)
{
    chatws_grant_cache_t  *cache;

    cache = ngx_http_chatws_hub_grants(hub);

    /* it is one word, and a command that comes now is one that came after */

    return cache != NULL ? chatws_grant_cache_commands(cache, user) : 0;
}


ngx_int_t
ngx_http_chatws_hub_grant_put(ngx_http_chatws_hub_t *hub,
    const chatws_grant_key_t *key, uint32_t commands, uint32_t rights,
    time_t ttl)
{
    uint32_t               now;
    chatws_rc_e            rc;
    chatws_grant_cache_t  *cache;

    cache = ngx_http_chatws_hub_grants(hub);

    if (cache == NULL) {
        return NGX_OK;
    }

    now = (uint32_t) ngx_time();

    /* without the lock nobody can tell whether there was a command */

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    rc = chatws_grant_cache_put(cache, key, commands, (uint32_t) (now + ttl),
                                rights, now);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return rc == CHATWS_OK ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_http_chatws_hub_grant_forget(ngx_http_chatws_hub_t *hub, uint64_t user,
    uint64_t chat, ngx_uint_t drop)
{
    uint64_t               pos;
    ngx_uint_t             first;
    chatws_rc_e            rc;
    chatws_grant_cache_t  *cache;

    cache = ngx_http_chatws_hub_grants(hub);

    if (cache == NULL) {
        return NGX_OK;
    }

    /* without drop there are no cells to look at */

    pos = drop ? 0 : cache->n;
    first = 1;

    do {
        if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
            return NGX_BUSY;
        }

        /* what was put while the lock was dropped came after the command */

        if (first) {
            chatws_grant_cache_command(cache, user);
        }

        first = 0;

        rc = chatws_grant_cache_forget(cache, user, chat, &pos,
                                       NGX_HTTP_CHATWS_FORGET_CELLS);

        ngx_http_chatws_zone_unlock(&hub->zone);

    } while (rc == CHATWS_AGAIN);

    return NGX_OK;
}


static chatws_grant_cache_t *
ngx_http_chatws_hub_grants(ngx_http_chatws_hub_t *hub)
{
    return ngx_http_chatws_annex(&hub->zone, NGX_HTTP_CHATWS_ANNEX_GRANTS);
}
