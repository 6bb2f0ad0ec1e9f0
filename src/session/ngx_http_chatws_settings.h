
/*
 * Copyright (C) chatws contributors
 *
 * Tables of settings.  A row tells where a setting is in a structure, what its
 * default is, if it is inherited, and if it tells two configurations apart.
 */


#ifndef _NGX_HTTP_CHATWS_SETTINGS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_SETTINGS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/chatws_core.h"


typedef enum {
    NGX_HTTP_CHATWS_NONE = 0,   /* ends a table */
    NGX_HTTP_CHATWS_WORD,       /* a number, flag, time or pointer */
    NGX_HTTP_CHATWS_STR         /* an ngx_str_t */
} ngx_http_chatws_kind_e;


typedef enum {
    NGX_HTTP_CHATWS_INHERIT = 0,
    NGX_HTTP_CHATWS_OWN         /* inherited by "if" and "limit_except" only */
} ngx_http_chatws_reach_e;


/* Adds the content of a value, which value points to, to the hash. */
typedef void (*ngx_http_chatws_mix_pt)(uint64_t *hash, const void *value);


typedef struct {
    size_t                       offset;
    ngx_http_chatws_kind_e       kind;
    ngx_http_chatws_reach_e      reach;
    uintptr_t                    value;     /* the default; 0 for a string,
                                               whose default is "" */
    ngx_http_chatws_mix_pt       mix;       /* NULL: two configurations may
                                               differ in this setting */
} ngx_http_chatws_setting_t;


/* rows of a table */

#define ngx_http_chatws_word(type, field, reach, value, mix)                  \
    { offsetof(type, field)                                                   \
      + 0 * sizeof(char[sizeof(((type *) 0)->field) == sizeof(uintptr_t)      \
                        ? 1 : -1]),                                           \
      NGX_HTTP_CHATWS_WORD, reach, (uintptr_t) (value), mix }

#define ngx_http_chatws_number(type, field, value)                            \
    ngx_http_chatws_word(type, field, NGX_HTTP_CHATWS_INHERIT, value,         \
                         ngx_http_chatws_mix_word)

#define ngx_http_chatws_text(type, field)                                     \
    { offsetof(type, field)                                                   \
      + 0 * sizeof(char[sizeof(((type *) 0)->field) == sizeof(ngx_str_t)      \
                        ? 1 : -1]),                                           \
      NGX_HTTP_CHATWS_STR, NGX_HTTP_CHATWS_INHERIT, 0,                        \
      ngx_http_chatws_mix_str }

#define ngx_http_chatws_last  { 0, NGX_HTTP_CHATWS_NONE, 0, 0, NULL }


/*
 * Does not compile unless the table has a row for each setting in the first
 * size bytes of the structure.  A string, of which there are texts, takes twice
 * the size of any other setting.
 */

#define ngx_http_chatws_settings_complete(table, size, texts)                 \
    chatws_static_assert(table##_complete,                                    \
                         chatws_nelts(table) - 1 + (texts)                    \
                         == (size) / sizeof(uintptr_t))


/* Sets all settings of conf to "unset". */
void ngx_http_chatws_settings_create(const ngx_http_chatws_setting_t *table,
    void *conf);

/*
 * Sets each unset setting of conf to that of prev, or to its default.  block is
 * not 0 if conf belongs to an "if" or "limit_except" block in the location of
 * prev.
 */
void ngx_http_chatws_settings_merge(const ngx_http_chatws_setting_t *table,
    void *conf, const void *prev, ngx_uint_t block);

/* Adds all settings that tell two configurations apart to the hash. */
void ngx_http_chatws_settings_mix(const ngx_http_chatws_setting_t *table,
    const void *conf, uint64_t *hash);

/* Add len bytes, a word, or an ngx_str_t to the hash. */
void ngx_http_chatws_mix(uint64_t *hash, const void *data, size_t len);
void ngx_http_chatws_mix_word(uint64_t *hash, const void *value);
void ngx_http_chatws_mix_str(uint64_t *hash, const void *value);


#endif /* _NGX_HTTP_CHATWS_SETTINGS_H_INCLUDED_ */
