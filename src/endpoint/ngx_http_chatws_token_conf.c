
/*
 * Copyright (C) chatws contributors
 *
 * The configuration of tokens: see ngx_http_chatws_token_conf.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_conf_check.h"
#include "endpoint/ngx_http_chatws_conf_fingerprint.h"
#include "endpoint/ngx_http_chatws_key_file.h"
#include "endpoint/ngx_http_chatws_token_conf.h"


static ngx_http_chatws_token_sources_t *ngx_http_chatws_token_conf_sources(
    ngx_conf_t *cf);
static ngx_int_t ngx_http_chatws_token_conf_source(ngx_conf_t *cf,
    ngx_http_chatws_token_sources_t *sources, ngx_str_t *text);
static ngx_int_t ngx_http_chatws_token_conf_names(
    ngx_http_chatws_token_sources_t *sources,
    ngx_http_chatws_token_source_t *source);
static ngx_int_t ngx_http_chatws_token_conf_variable(ngx_str_t *text,
    ngx_str_t *name);
static ngx_http_chatws_token_keys_t *ngx_http_chatws_token_conf_keys(
    ngx_conf_t *cf);
static ngx_int_t ngx_http_chatws_token_conf_load(ngx_conf_t *cf,
    ngx_http_chatws_token_keys_t *keys, ngx_str_t *name);
static void ngx_http_chatws_token_conf_cleanup(void *data);
static void ngx_http_chatws_token_conf_strings(const ngx_array_t *array,
    const chatws_str_t **strings, size_t *n);


/* chatws_token off | SOURCE ... */

char *
ngx_http_chatws_token_conf_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_str_t                        *value;
    ngx_uint_t                        i;
    ngx_http_chatws_main_conf_t      *cwmcf;
    ngx_http_chatws_token_sources_t  *sources;

    if (cwlcf->token.sources != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        cwlcf->token.sources = NULL;
        return NGX_CONF_OK;
    }

    if (cwlcf->user != NGX_CONF_UNSET_PTR
        || cwlcf->username != NGX_CONF_UNSET_PTR)
    {
        return ngx_http_chatws_conf_two_users;
    }

    sources = ngx_http_chatws_token_conf_sources(cf);
    if (sources == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_http_chatws_token_conf_source(cf, sources, &value[i])
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    cwlcf->token.sources = sources;

    cwmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_chatws_module);
    cwmcf->tokens = 1;

    return NGX_CONF_OK;
}


static ngx_http_chatws_token_sources_t *
ngx_http_chatws_token_conf_sources(ngx_conf_t *cf)
{
    ngx_http_chatws_token_sources_t  *sources;

    sources = ngx_pcalloc(cf->pool, sizeof(ngx_http_chatws_token_sources_t));

    if (sources == NULL
        || ngx_array_init(&sources->list, cf->pool, 2,
                          sizeof(ngx_http_chatws_token_source_t))
           != NGX_OK
        || ngx_array_init(&sources->names, cf->pool, 1, sizeof(ngx_str_t))
           != NGX_OK
        || ngx_array_init(&sources->texts, cf->pool, 2, sizeof(ngx_str_t))
           != NGX_OK)
    {
        return NULL;
    }

    if (cf->conf_file != NULL) {
        sources->file = cf->conf_file->file.name;
        sources->line = cf->conf_file->line;
    }

    return sources;
}


/* Adds a source.  NGX_ERROR: it is wrong, which was logged, or no memory. */

static ngx_int_t
ngx_http_chatws_token_conf_source(ngx_conf_t *cf,
    ngx_http_chatws_token_sources_t *sources, ngx_str_t *text)
{
    ngx_str_t                         *copy;
    ngx_http_chatws_token_source_t    *source;
    ngx_http_compile_complex_value_t   ccv;

    copy = ngx_array_push(&sources->texts);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    *copy = *text;

    if (ngx_strcmp(text->data, "message") == 0) {
        sources->message = 1;
        return NGX_OK;
    }

    source = ngx_array_push(&sources->list);
    if (source == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(source, sizeof(ngx_http_chatws_token_source_t));

    if (ngx_strcmp(text->data, "protocol") == 0) {
        sources->protocol = 1;
        source->protocol = 1;
        return NGX_OK;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = text;
    ccv.complex_value = &source->value;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_ERROR;
    }

    if (source->value.lengths == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid source \"%V\" of \"chatws_token\", it "
                           "must be \"message\", \"protocol\", or a string "
                           "with variables", text);
        return NGX_ERROR;
    }

    return ngx_http_chatws_token_conf_names(sources, source);
}


/* Finds out what is in the value of a source by the names of its variables. */

static ngx_int_t
ngx_http_chatws_token_conf_names(ngx_http_chatws_token_sources_t *sources,
    ngx_http_chatws_token_source_t *source)
{
    ngx_str_t         *arg, name, rest;

    static ngx_str_t   field = ngx_string("http_authorization");

    rest = source->value.value;

    while (ngx_http_chatws_token_conf_variable(&rest, &name)) {

        if (name.len == field.len
            && ngx_strncasecmp(name.data, field.data, name.len) == 0)
        {
            source->field = 1;
        }

        if ((name.len > 7 && ngx_strncasecmp(name.data, (u_char *) "cookie_", 7)
                             == 0)
            || (name.len == 11
                && ngx_strncasecmp(name.data, (u_char *) "http_cookie", 11)
                   == 0))
        {
            sources->cookie = 1;
        }

        if (name.len > 4
            && ngx_strncasecmp(name.data, (u_char *) "arg_", 4) == 0)
        {
            arg = ngx_array_push(&sources->names);
            if (arg == NULL) {
                return NGX_ERROR;
            }

            arg->len = name.len - 4;
            arg->data = name.data + 4;

            source->arg = 1;
            sources->arg = 1;
        }

        if ((name.len == 4
             && ngx_strncasecmp(name.data, (u_char *) "args", 4) == 0)
            || (name.len == 12
                && ngx_strncasecmp(name.data, (u_char *) "query_string", 12)
                   == 0))
        {
            source->arg = 1;
            sources->arg = 1;
        }
    }

    return NGX_OK;
}


/*
 * Takes the next variable of a text that nginx has compiled: sets name, and
 * text to what follows.  0: there is none.
 */

static ngx_int_t
ngx_http_chatws_token_conf_variable(ngx_str_t *text, ngx_str_t *name)
{
    u_char  *last, *p;

    last = text->data + text->len;
    p = ngx_strlchr(text->data, last, '$');

    if (p == NULL) {
        return 0;
    }

    p++;

    if (p < last && *p == '{') {
        p++;
    }

    name->data = p;

    while (p < last
           && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
               || (*p >= '0' && *p <= '9') || *p == '_'))
    {
        p++;
    }

    name->len = p - name->data;

    text->data = p;
    text->len = last - p;

    return 1;
}


/* chatws_token_key_file FILE */

char *
ngx_http_chatws_token_conf_set_key_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    ngx_str_t  *file, *value;

    value = cf->args->elts;

    if (cwlcf->token.keys == NGX_CONF_UNSET_PTR) {

        cwlcf->token.keys = ngx_http_chatws_token_conf_keys(cf);

        if (cwlcf->token.keys == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    file = ngx_array_push(&cwlcf->token.keys->files);
    if (file == NULL) {
        return NGX_CONF_ERROR;
    }

    *file = value[1];

    if (ngx_http_chatws_token_conf_load(cf, cwlcf->token.keys, file)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_http_chatws_token_keys_t *
ngx_http_chatws_token_conf_keys(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_chatws_token_keys_t  *keys;

    keys = ngx_pcalloc(cf->pool, sizeof(ngx_http_chatws_token_keys_t));

    if (keys == NULL
        || ngx_array_init(&keys->files, cf->pool, 1, sizeof(ngx_str_t))
           != NGX_OK)
    {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    chatws_keys_init(&keys->keys, &ngx_http_chatws_key_memory);

    cln->handler = ngx_http_chatws_token_conf_cleanup;
    cln->data = keys;

    return keys;
}


/* Adds the keys of a file.  NGX_ERROR: an error, which was logged. */

static ngx_int_t
ngx_http_chatws_token_conf_load(ngx_conf_t *cf,
    ngx_http_chatws_token_keys_t *keys, ngx_str_t *name)
{
    char         error[CHATWS_JWK_ERROR_MAX];
    ngx_int_t    rc;
    ngx_str_t    text;

    if (ngx_http_chatws_key_file_read(cf, name, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = NGX_OK;

    if (chatws_keys_add(&keys->keys, (chatws_str_t *) &text, error)
        != CHATWS_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid keys in \"%V\": %s",
                           name, error);
        rc = NGX_ERROR;
    }

    ngx_http_chatws_key_file_free(&text);

    return rc;
}


static void
ngx_http_chatws_token_conf_cleanup(void *data)
{
    ngx_http_chatws_token_keys_t *keys = data;

    chatws_keys_done(&keys->keys);
}


/* chatws_token_issuer STRING ..., chatws_token_audience STRING ... */

char *
ngx_http_chatws_token_conf_set_strings(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    u_char *p = conf;

    ngx_str_t    *str, *value;
    ngx_uint_t    i;
    ngx_array_t **array;

    array = (ngx_array_t **) (p + cmd->offset);

    if (*array != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    *array = ngx_array_create(cf->pool, cf->args->nelts - 1,
                              sizeof(ngx_str_t));
    if (*array == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        str = ngx_array_push(*array);
        if (str == NULL) {
            return NGX_CONF_ERROR;
        }

        *str = value[i];
    }

    return NGX_CONF_OK;
}


char *
ngx_http_chatws_token_conf_policy(ngx_conf_t *cf,
    const ngx_http_chatws_token_conf_t *conf,
    const ngx_http_chatws_token_conf_t *prev,
    const chatws_token_policy_t **policy)
{
    chatws_token_policy_t  *made;

    if (conf->sources == NULL || conf->keys == NULL) {
        *policy = NULL;
        return NGX_CONF_OK;
    }

    if (*policy != NULL
        && ngx_memcmp(conf, prev, sizeof(ngx_http_chatws_token_conf_t)) == 0)
    {
        return NGX_CONF_OK;
    }

    made = ngx_pcalloc(cf->pool, sizeof(chatws_token_policy_t));
    if (made == NULL) {
        return NGX_CONF_ERROR;
    }

    made->keys = &conf->keys->keys;
    made->leeway = conf->leeway / 1000;
    made->lifetime = conf->max_lifetime / 1000;
    made->max_size = conf->max_size;

    ngx_http_chatws_token_conf_strings(conf->issuers, &made->issuers,
                                       &made->n_issuers);
    ngx_http_chatws_token_conf_strings(conf->audiences, &made->audiences,
                                       &made->n_audiences);

    *policy = made;

    return NGX_CONF_OK;
}


static void
ngx_http_chatws_token_conf_strings(const ngx_array_t *array,
    const chatws_str_t **strings, size_t *n)
{
    if (array != NULL) {
        *strings = array->elts;
        *n = array->nelts;
    }
}


char *
ngx_http_chatws_token_conf_check(ngx_conf_t *cf,
    const ngx_http_chatws_token_conf_t *conf,
    const ngx_http_chatws_token_place_t *place)
{
    const char                       *why;
    ngx_conf_t                        at;
    ngx_conf_file_t                   file;
    ngx_http_chatws_token_sources_t  *sources;

    sources = conf->sources;

    if (sources == NULL || !(place->connects || place->asks)) {
        return NGX_CONF_OK;
    }

    if (conf->keys == NULL) {
        why = "has no keys, they are set by \"chatws_token_key_file\"";

    } else if (place->asks
               && (sources->message || sources->protocol || sources->arg))
    {
        why = "can't have \"message\", \"protocol\" or arguments, these are "
              "for \"chatws\" only";

    } else if (sources->cookie && !place->origins) {
        why = "has a cookie, which browsers send for pages of any site, and "
              "needs \"chatws_allowed_origins\"";

    } else {
        return NGX_CONF_OK;
    }

    ngx_http_chatws_conf_locate(&at, &file, cf, &sources->file,
                                sources->line);

    ngx_conf_log_error(NGX_LOG_EMERG, &at, 0,
                       "\"chatws_token\" in location \"%V\" %s", place->name,
                       why);

    return NGX_CONF_ERROR;
}


void
ngx_http_chatws_token_conf_mix_sources(uint64_t *hash, const void *value)
{
    ngx_http_chatws_token_sources_t *const *sources = value;

    const ngx_array_t  *texts;

    texts = *sources == NULL ? NULL : &(*sources)->texts;

    ngx_http_chatws_conf_mix_strs(hash, &texts);
}


void
ngx_http_chatws_token_conf_mix_keys(uint64_t *hash, const void *value)
{
    ngx_http_chatws_token_keys_t *const *keys = value;

    const ngx_array_t  *files;

    files = *keys == NULL ? NULL : &(*keys)->files;

    ngx_http_chatws_conf_mix_strs(hash, &files);
}
