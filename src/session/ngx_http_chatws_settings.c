
/*
 * Copyright (C) chatws contributors
 *
 * Tables of settings: by them configurations are made, inherited, and told
 * apart.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/chatws_hash.h"
#include "session/ngx_http_chatws_settings.h"


/* as NGX_CONF_UNSET, NGX_CONF_UNSET_PTR and the like */
#define NGX_HTTP_CHATWS_UNSET  ((uintptr_t) -1)


static ngx_uint_t ngx_http_chatws_setting_unset(
    const ngx_http_chatws_setting_t *setting, const void *value);


void
ngx_http_chatws_settings_create(const ngx_http_chatws_setting_t *table,
    void *conf)
{
    u_char           *p;
    const uintptr_t   unset = NGX_HTTP_CHATWS_UNSET;

    for ( /* void */ ; table->kind != NGX_HTTP_CHATWS_NONE; table++) {
        p = (u_char *) conf + table->offset;

        if (table->kind == NGX_HTTP_CHATWS_STR) {
            ngx_str_null((ngx_str_t *) p);

        } else {
            ngx_memcpy(p, &unset, sizeof(uintptr_t));
        }
    }
}


void
ngx_http_chatws_settings_merge(const ngx_http_chatws_setting_t *table,
    void *conf, const void *prev, ngx_uint_t block)
{
    u_char        *p;
    size_t         size;
    const u_char  *from;

    for ( /* void */ ; table->kind != NGX_HTTP_CHATWS_NONE; table++) {
        p = (u_char *) conf + table->offset;
        from = (const u_char *) prev + table->offset;

        size = table->kind == NGX_HTTP_CHATWS_STR ? sizeof(ngx_str_t)
                                                  : sizeof(uintptr_t);

        if (ngx_http_chatws_setting_unset(table, p)
            && (block || table->reach == NGX_HTTP_CHATWS_INHERIT))
        {
            ngx_memcpy(p, from, size);
        }

        if (!ngx_http_chatws_setting_unset(table, p)) {
            continue;
        }

        if (table->kind == NGX_HTTP_CHATWS_STR) {
            ngx_str_set((ngx_str_t *) p, "");

        } else {
            ngx_memcpy(p, &table->value, sizeof(uintptr_t));
        }
    }
}


static ngx_uint_t
ngx_http_chatws_setting_unset(const ngx_http_chatws_setting_t *setting,
    const void *value)
{
    uintptr_t         word;
    const ngx_str_t  *str;

    if (setting->kind == NGX_HTTP_CHATWS_STR) {
        str = value;
        return str->data == NULL;
    }

    ngx_memcpy(&word, value, sizeof(uintptr_t));

    return word == NGX_HTTP_CHATWS_UNSET;
}


void
ngx_http_chatws_settings_mix(const ngx_http_chatws_setting_t *table,
    const void *conf, uint64_t *hash)
{
    for ( /* void */ ; table->kind != NGX_HTTP_CHATWS_NONE; table++) {
        if (table->mix != NULL) {
            table->mix(hash, (const u_char *) conf + table->offset);
        }
    }
}


void
ngx_http_chatws_mix(uint64_t *hash, const void *data, size_t len)
{
    uint8_t  key[16];

    /* the key is the hash so far, and the length of these bytes */

    ngx_memzero(key, sizeof(key));
    ngx_memcpy(key, hash, sizeof(uint64_t));
    ngx_memcpy(key + sizeof(uint64_t), &len, sizeof(size_t));

    *hash = chatws_hash(key, data, len);
}


void
ngx_http_chatws_mix_word(uint64_t *hash, const void *value)
{
    ngx_http_chatws_mix(hash, value, sizeof(uintptr_t));
}


void
ngx_http_chatws_mix_str(uint64_t *hash, const void *value)
{
    const ngx_str_t *str = value;

    ngx_http_chatws_mix(hash, str->data, str->len);
}
