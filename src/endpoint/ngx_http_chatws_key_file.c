
/*
 * Copyright (C) chatws contributors
 *
 * Files of keys: what they hold is wiped when it was read.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "token/chatws_jwk.h"
#include "endpoint/ngx_http_chatws_key_file.h"


ngx_int_t
ngx_http_chatws_key_file_read(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *text)
{
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_err_t   err;
    ngx_str_t   path;

    path = *name;

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(path.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", &path);
        return NGX_ERROR;
    }

    /* one byte more than a set may have: then the file is too large */

    text->len = CHATWS_JWK_SET_MAX + 1;
    text->data = ngx_alloc(text->len, cf->log);

    if (text->data == NULL) {
        (void) ngx_close_file(fd);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, text->data, text->len);
    err = ngx_errno;

    (void) ngx_close_file(fd);

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, err,
                           ngx_read_fd_n " \"%V\" failed", &path);
        ngx_free(text->data);
        return NGX_ERROR;
    }

    text->len = n;

    if (n > CHATWS_JWK_SET_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "key file \"%V\" is larger than %d bytes", &path,
                           CHATWS_JWK_SET_MAX);
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
