
/*
 * Copyright (C) chatws contributors
 *
 * Files of keys, as directives name them, and memory for keys.
 */


#ifndef _NGX_HTTP_CHATWS_KEY_FILE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_KEY_FILE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/chatws_memory.h"


/*
 * Makes the name a full one, which may be relative to the file of the
 * configuration, reads the file, and sets text to its bytes, which live until
 * ngx_http_chatws_key_file_free().  NGX_ERROR: it can't be read, or it is
 * larger than a key set may be, which is logged with the directive's line.
 */
ngx_int_t ngx_http_chatws_key_file_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text);

/* Wipes and frees the bytes. */
void ngx_http_chatws_key_file_free(ngx_str_t *text);


/* the allocator of keys, which live as long as their configuration */
extern const chatws_memory_t  ngx_http_chatws_key_memory;


#endif /* _NGX_HTTP_CHATWS_KEY_FILE_H_INCLUDED_ */
