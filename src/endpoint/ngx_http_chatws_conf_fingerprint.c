
/*
 * Copyright (C) chatws contributors
 *
 * Fingerprints of locations: whether a session may go on in another
 * configuration.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"


/* FNV-1a, 64 bits */
#define NGX_HTTP_CHATWS_FNV_BASIS  0xcbf29ce484222325
#define NGX_HTTP_CHATWS_FNV_PRIME  0x100000001b3


static void ngx_http_chatws_mix(uint64_t *hash, const void *data,
    size_t len);
static void ngx_http_chatws_mix_str(uint64_t *hash, const ngx_str_t *str);


#define ngx_http_chatws_mix_value(hash, value)                                \
    ngx_http_chatws_mix(hash, &(value), sizeof(value))


uint64_t
ngx_http_chatws_fingerprint(ngx_conf_t *cf,
    ngx_http_chatws_loc_conf_t *cwlcf)
{
    uint64_t                         hash;
    ngx_http_core_loc_conf_t        *clcf;
    ngx_http_core_srv_conf_t        *cscf;
    const ngx_http_chatws_rules_t   *rules;
    const ngx_http_chatws_limits_t  *limits;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    limits = &cwlcf->limits;
    rules = &cwlcf->rules;

    hash = NGX_HTTP_CHATWS_FNV_BASIS;

    ngx_http_chatws_mix_str(&hash, &cwlcf->zone->shm.name);
    ngx_http_chatws_mix_str(&hash, &cscf->server_name);
    ngx_http_chatws_mix_str(&hash, &clcf->name);

    ngx_http_chatws_mix_value(&hash, limits->max_message_size);
    ngx_http_chatws_mix_value(&hash, limits->send_buffer);
    ngx_http_chatws_mix_value(&hash, limits->ping_interval);
    ngx_http_chatws_mix_value(&hash, limits->ping_timeout);
    ngx_http_chatws_mix_value(&hash, limits->drain);
    ngx_http_chatws_mix_value(&hash, limits->deflate);
    ngx_http_chatws_mix_value(&hash, limits->deflate_takeover);
    ngx_http_chatws_mix_value(&hash, limits->deflate_level);
    ngx_http_chatws_mix_value(&hash, limits->deflate_min_length);
    ngx_http_chatws_mix_str(&hash, &limits->subprotocol);

    ngx_http_chatws_mix_value(&hash, rules->max_subscriptions);
    ngx_http_chatws_mix_value(&hash, rules->history);
    ngx_http_chatws_mix_value(&hash, rules->history_time);
    ngx_http_chatws_mix_value(&hash, rules->own_messages);
    ngx_http_chatws_mix_str(&hash, &cwlcf->pattern);

    return hash;
}


static void
ngx_http_chatws_mix(uint64_t *hash, const void *data, size_t len)
{
    const u_char  *p;

    for (p = data; len != 0; p++, len--) {
        *hash = (*hash ^ *p) * NGX_HTTP_CHATWS_FNV_PRIME;
    }
}


static void
ngx_http_chatws_mix_str(uint64_t *hash, const ngx_str_t *str)
{
    ngx_http_chatws_mix(hash, &str->len, sizeof(str->len));
    ngx_http_chatws_mix(hash, str->data, str->len);
}
