
/*
 * Copyright (C) chatws contributors
 *
 * What the app server has answered about the rights of users, in an annex of
 * the zone for all workers.
 */


#ifndef _NGX_HTTP_CHATWS_HUB_GRANT_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HUB_GRANT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/chatws_grant_cache.h"
#include "hub/ngx_http_chatws_hub.h"


/*
 * NGX_OK: *rights is what the app server has granted, which may be nothing.
 * NGX_DECLINED: that is not known.
 */
ngx_int_t ngx_http_chatws_hub_grant_get(ngx_http_chatws_hub_t *hub,
    const chatws_grant_key_t *key, uint32_t *rights);

/*
 * How many commands there were for a user: is asked before the app server is,
 * for hub_grant_put().
 */
uint32_t ngx_http_chatws_hub_grant_commands(ngx_http_chatws_hub_t *hub,
    uint64_t user);

/*
 * Keeps an answer of the app server for so many seconds.  NGX_OK: it takes
 * effect.  NGX_DECLINED: it does not, as there was a command for this user
 * since; the app server is to be asked again.  NGX_BUSY: nobody can tell now.
 */
ngx_int_t ngx_http_chatws_hub_grant_put(ngx_http_chatws_hub_t *hub,
    const chatws_grant_key_t *key, uint32_t commands, uint32_t rights,
    time_t ttl);

/*
 * Before a command for a user (0: for all) about a chat (0: about all): what
 * the app server answers to questions that are open takes no effect; with drop
 * what it has answered is forgotten, too.  NGX_BUSY: the lock of the zone
 * cannot be had now.
 */
ngx_int_t ngx_http_chatws_hub_grant_forget(ngx_http_chatws_hub_t *hub,
    uint64_t user, uint64_t chat, ngx_uint_t drop);


#endif /* _NGX_HTTP_CHATWS_HUB_GRANT_H_INCLUDED_ */
