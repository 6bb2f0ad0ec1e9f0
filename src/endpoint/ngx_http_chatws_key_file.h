
/*
 * Copyright (C) chatws contributors
 *
 * Files of keys, as directives name them.
 */


#ifndef _NGX_HTTP_CHATWS_KEY_FILE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_KEY_FILE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Reads a file, whose name may be relative to that of the configuration, and
 * sets text to its bytes, until ngx_http_chatws_key_file_free().  NGX_ERROR:
 * it can't be read, or it is larger than a key set may be, which is logged
 * with the line of the directive.
 */
ngx_int_t ngx_http_chatws_key_file_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text);

/* Wipes and frees the bytes. */
void ngx_http_chatws_key_file_free(ngx_str_t *text);


#endif /* _NGX_HTTP_CHATWS_KEY_FILE_H_INCLUDED_ */
