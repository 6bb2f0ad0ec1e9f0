
/*
 * Copyright (C) chatws contributors
 *
 * Files of keys: what they hold is wiped when it was read.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "token/chatws_jwk.h"
#include "endpoint/ngx_http_chatws_key_file.h"


static ngx_int_t ngx_http_chatws_key_file_bytes(ngx_conf_t *cf,
    ngx_file_t *file, ngx_str_t *text);
static void *ngx_http_chatws_key_alloc(void *ctx, size_t size);
static void ngx_http_chatws_key_free(void *ctx, void *p);


const chatws_memory_t  ngx_http_chatws_key_memory = {
    ngx_http_chatws_key_alloc,
    ngx_http_chatws_key_free,
    NULL
};


ngx_int_t
ngx_http_chatws_key_file_read(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *text)
{
    ngx_int_t   rc;
    ngx_file_t  file;

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.name = *name;
    file.log = cf->log;

    /* a pipe is refused below, and nobody waits for its writer */

    file.fd = ngx_open_file(name->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                            NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    rc = ngx_http_chatws_key_file_bytes(cf, &file, text);

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", name);
    }

    return rc;
}


static ngx_int_t
ngx_http_chatws_key_file_bytes(ngx_conf_t *cf, ngx_file_t *file,
    ngx_str_t *text)
{
    ssize_t          n;
    ngx_file_info_t  fi;

    if (ngx_fd_info(file->fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", &file->name);
        return NGX_ERROR;
    }

    if (!ngx_is_file(&fi) || ngx_file_size(&fi) > CHATWS_JWK_SET_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no file of at most %d bytes",
                           &file->name, CHATWS_JWK_SET_MAX);
        return NGX_ERROR;
    }

    text->len = ngx_file_size(&fi);
    text->data = ngx_alloc(text->len + 1, cf->log);

    if (text->data == NULL) {
        return NGX_ERROR;
    }

    n = ngx_read_file(file, text->data, text->len, 0);

    if (n != (ssize_t) text->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, n == NGX_ERROR ? ngx_errno : 0,
                           ngx_read_file_n " \"%V\" failed", &file->name);
        ngx_http_chatws_key_file_free(text);
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_chatws_key_file_free(ngx_str_t *text)
{
    ngx_explicit_memzero(text->data, text->len);
    ngx_free(text->data);
}


static void *
ngx_http_chatws_key_alloc(void *ctx, size_t size)
{
    return ngx_alloc(size, ngx_cycle->log);
}


static void
ngx_http_chatws_key_free(void *ctx, void *p)
{
    ngx_free(p);
}
