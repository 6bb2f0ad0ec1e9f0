
/*
 * Copyright (C) chatws contributors
 *
 * Tables of settings: what a configuration is made, inherited and told apart
 * by.
 */


#ifndef _NGX_HTTP_CHATWS_SETTINGS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_SETTINGS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_HTTP_CHATWS_NONE = 0,   /* ends a table */
    NGX_HTTP_CHATWS_WORD,       /* a number, a flag, a time, a pointer */
    NGX_HTTP_CHATWS_STR         /* an ngx_str_t */
} ngx_http_chatws_kind_e;


typedef enum {
    NGX_HTTP_CHATWS_INHERIT = 0,
    NGX_HTTP_CHATWS_OWN         /* but for "if" and "limit_except" */
} ngx_http_chatws_reach_e;


/* Adds what the value, of which it is told the address, stands for. */
typedef void (*ngx_http_chatws_mix_pt)(uint64_t *hash, const void *value);


typedef struct {
    size_t                       offset;
    ngx_http_chatws_kind_e       kind;
    ngx_http_chatws_reach_e      reach;
    uintptr_t                    value;     /* default; of a string: "" */
    ngx_http_chatws_mix_pt       mix;       /* NULL: tells nothing apart */
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
 * Does not compile unless the table has a row for each field in "size" bytes:
 * a string, of which there are "texts", has the size of two others.
 */

#define ngx_http_chatws_settings_complete(table, size, texts)                 \
    typedef char  table##_complete[                                           \
        sizeof(table) / sizeof(table[0]) - 1 + (texts)                        \
        == (size) / sizeof(uintptr_t) ? 1 : -1]


/* Sets all to "unset". */
void ngx_http_chatws_settings_create(const ngx_http_chatws_setting_t *table,
    void *conf);

/*
 * Gives what is not set the value of prev or the default; block tells
 * whether conf is that of a block inside of the location of prev.
 */
void ngx_http_chatws_settings_merge(const ngx_http_chatws_setting_t *table,
    void *conf, const void *prev, ngx_uint_t block);

/* Adds all that tells two configurations apart to a hash. */
void ngx_http_chatws_settings_mix(const ngx_http_chatws_setting_t *table,
    const void *conf, uint64_t *hash);

/* for rows, and for what else belongs into a hash */
void ngx_http_chatws_mix(uint64_t *hash, const void *data, size_t len);
void ngx_http_chatws_mix_word(uint64_t *hash, const void *value);
void ngx_http_chatws_mix_str(uint64_t *hash, const void *value);


#endif /* _NGX_HTTP_CHATWS_SETTINGS_H_INCLUDED_ */
