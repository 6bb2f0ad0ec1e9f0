
/*
 * Copyright (C) chatws contributors
 *
 * Encryption of what is published: Protocol, section 4.
 */


#ifndef _NGX_HTTP_CHATWS_ENCRYPT_H_INCLUDED_
#define _NGX_HTTP_CHATWS_ENCRYPT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_publication.h"
#include "endpoint/ngx_http_chatws_conf.h"


/* The values of chatws_encrypt. */

typedef enum {
    NGX_HTTP_CHATWS_ENCRYPT_OFF = 0,
    NGX_HTTP_CHATWS_ENCRYPT_ON,
    NGX_HTTP_CHATWS_ENCRYPT_REQUIRE
} ngx_http_chatws_encrypt_e;


/*
 * Encrypts a publication, which has its stamp, where its publisher has not,
 * and checks what its publisher has encrypted.  chatws_encrypt is not off.
 * What is encrypted is never published in clear: an error is told instead.
 *
 * Returns 0, and sealed is set: data NULL, or a text that the notification
 * needs, and that the caller then gives to ngx_free().  Otherwise returns the
 * status of the answer, and fault is set, whose texts are static, except with
 * 500, no memory.
 */
ngx_uint_t ngx_http_chatws_encrypt(ngx_http_request_t *r,
    const ngx_http_chatws_loc_conf_t *cwlcf, chatws_publication_t *pub,
    chatws_str_t *sealed, chatws_fault_t *fault);

/*
 * Returns NGX_ERROR, and logs why, if messages that are published in the
 * location are to be encrypted, and there is no key.
 */
ngx_int_t ngx_http_chatws_encrypt_check(ngx_conf_t *cf,
    const ngx_http_chatws_loc_conf_t *cwlcf);

/* the setter of chatws_encryption_key_file, and the values of chatws_encrypt */
char *ngx_http_chatws_encrypt_set_key_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

extern ngx_conf_enum_t  ngx_http_chatws_encrypt_values[];


#endif /* _NGX_HTTP_CHATWS_ENCRYPT_H_INCLUDED_ */
