
/*
 * Copyright (C) chatws contributors
 *
 * Grants: see ngx_http_chatws_client_grant.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_name.h"
#include "token/chatws_grant.h"
#include "hub/ngx_http_chatws_hub_grant.h"
#include "client/ngx_http_chatws_client_grant.h"


/* the place of the time in a grant, and its bits */
#define NGX_HTTP_CHATWS_GRANT_SHIFT  5
#define NGX_HTTP_CHATWS_GRANT_TIME   ((1 << 27) - 1)


static void ngx_http_chatws_grant_key(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *url, const ngx_str_t *user, const ngx_str_t *chat,
    chatws_grant_key_t *key);


uint32_t
ngx_http_chatws_grant_make(ngx_uint_t source, ngx_uint_t rights, time_t ttl)
{
    ttl = ngx_min(ttl, NGX_HTTP_CHATWS_GRANT_NEVER);

    return (uint32_t) (source | rights << 2
                       | (uint32_t) (ngx_time() + ttl)
                         << NGX_HTTP_CHATWS_GRANT_SHIFT);
}


time_t
ngx_http_chatws_grant_ttl(uint32_t grant)
{
    uint32_t  left;

    if (ngx_http_chatws_grant_source(grant) == 0
        || grant == NGX_HTTP_CHATWS_GRANT_CLAIMS)
    {
        return NGX_HTTP_CHATWS_GRANT_NEVER;
    }

    left = ((grant >> NGX_HTTP_CHATWS_GRANT_SHIFT) - (uint32_t) ngx_time())
           & NGX_HTTP_CHATWS_GRANT_TIME;

    /* more than that lies in the past */

    return left > NGX_HTTP_CHATWS_GRANT_NEVER ? 0 : (time_t) left;
}


uint32_t
ngx_http_chatws_request_grant(ngx_http_chatws_client_t *client)
{
    ngx_uint_t  recheck;

    recheck = client->rules->access_recheck;

    return ngx_http_chatws_grant_make(NGX_HTTP_CHATWS_GRANT_REQUEST, 0,
                                      recheck != 0
                                      ? (time_t) recheck
                                      : NGX_HTTP_CHATWS_GRANT_NEVER);
}


ngx_uint_t
ngx_http_chatws_right_bit(ngx_http_chatws_right_e right)
{
    switch (right) {

    case NGX_HTTP_CHATWS_RIGHT_SUBSCRIBE:
        return CHATWS_RIGHT_SUBSCRIBE;

    case NGX_HTTP_CHATWS_RIGHT_TYPING:
        return CHATWS_RIGHT_TYPING;

    default: /* NGX_HTTP_CHATWS_RIGHT_NONE */
        return CHATWS_RIGHTS_ALL;
    }
}


ngx_uint_t
ngx_http_chatws_grant_overruled(const ngx_http_chatws_client_t *client,
    uint32_t grant, uint32_t commands)
{
    return ngx_http_chatws_grant_source(grant) == NGX_HTTP_CHATWS_GRANT_REQUEST
           && ngx_http_chatws_hub_grant_commands(client->subscriber.hub,
                                                 client->subscriber.user)
              != commands;
}


ngx_int_t
ngx_http_chatws_grant_get(ngx_http_chatws_client_t *client, ngx_str_t *chat,
    ngx_uint_t *rights)
{
    uint32_t  known;

    if (ngx_http_chatws_grant_known(client->subscriber.hub,
                                    &client->rules->access_app->url,
                                    &client->user, chat, &known)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    *rights = known;

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_grant_known(ngx_http_chatws_hub_t *hub, const ngx_str_t *url,
    const ngx_str_t *user, const ngx_str_t *chat, uint32_t *rights)
{
    chatws_grant_key_t  key;

    ngx_http_chatws_grant_key(hub, url, user, chat, &key);

    return ngx_http_chatws_hub_grant_get(hub, &key, rights);
}


ngx_int_t
ngx_http_chatws_grant_put(ngx_http_chatws_client_t *client, ngx_str_t *chat,
    uint32_t commands, ngx_uint_t rights, time_t ttl)
{
    return ngx_http_chatws_grant_learn(client->subscriber.hub,
                                       &client->rules->access_app->url,
                                       &client->user, chat, commands, rights,
                                       ttl);
}


ngx_int_t
ngx_http_chatws_grant_learn(ngx_http_chatws_hub_t *hub, const ngx_str_t *url,
    const ngx_str_t *user, const ngx_str_t *chat, uint32_t commands,
    ngx_uint_t rights, time_t ttl)
{
    chatws_grant_key_t  key;

    ngx_http_chatws_grant_key(hub, url, user, chat, &key);

    return ngx_http_chatws_hub_grant_put(hub, &key, commands,
                                         (uint32_t) rights, ttl);
}


/*
 * The check is a hash of all three texts, and not of the hashes of two: who
 * finds two chats, or two users, with the same hash has gained nothing.
 */

static void
ngx_http_chatws_grant_key(ngx_http_chatws_hub_t *hub, const ngx_str_t *url,
    const ngx_str_t *user, const ngx_str_t *chat, chatws_grant_key_t *key)
{
    u_char     *p;
    uint64_t    hash;
    ngx_str_t   text;
    u_char      buf[sizeof(uint64_t) + 2 * CHATWS_NAME_MAX + 1];

    hash = ngx_http_chatws_hub_hash(hub, url);

    /* no id has a control character: so the zero tells where one ends */

    p = ngx_cpymem(buf, &hash, sizeof(uint64_t));
    p = ngx_cpymem(p, user->data, user->len);
    *p++ = '\0';
    p = ngx_cpymem(p, chat->data, chat->len);

    text.data = buf;
    text.len = p - buf;

    key->user = ngx_http_chatws_hub_hash(hub, user);
    key->chat = ngx_http_chatws_hub_hash(hub, chat);
    key->check = ngx_http_chatws_hub_hash(hub, &text);
}
