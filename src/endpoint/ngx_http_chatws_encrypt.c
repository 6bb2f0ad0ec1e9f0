
/*
 * Copyright (C) chatws contributors
 *
 * Encryption of what is published, before it gets into the zone.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "token/chatws_jwe.h"
#include "endpoint/ngx_http_chatws_encrypt.h"
#include "endpoint/ngx_http_chatws_handlers.h"
#include "endpoint/ngx_http_chatws_key_file.h"


static ngx_uint_t ngx_http_chatws_encrypt_hidden(ngx_http_request_t *r,
    chatws_jwe_key_t *key, chatws_publication_t *pub, chatws_str_t *sealed,
    chatws_fault_t *fault);
static ngx_uint_t ngx_http_chatws_encrypt_compare(chatws_publication_t *pub,
    chatws_fault_t *fault);
static void ngx_http_chatws_encrypt_header(const chatws_publication_t *pub,
    chatws_jwe_header_t *header);
static void ngx_http_chatws_encrypt_cleanup(void *data);


ngx_conf_enum_t  ngx_http_chatws_encrypt_values[] = {
    { ngx_string("off"), NGX_HTTP_CHATWS_ENCRYPT_OFF },
    { ngx_string("on"), NGX_HTTP_CHATWS_ENCRYPT_ON },
    { ngx_string("require"), NGX_HTTP_CHATWS_ENCRYPT_REQUIRE },
    { ngx_null_string, 0 }
};


ngx_uint_t
ngx_http_chatws_encrypt(ngx_http_request_t *r,
    const ngx_http_chatws_loc_conf_t *cwlcf, chatws_publication_t *pub,
    chatws_str_t *sealed, chatws_fault_t *fault)
{
    ngx_uint_t                    given;

    static const chatws_fault_t   clear =
        chatws_fault(CHATWS_E_MESSAGE,
                     "enc must be there: only what is encrypted is published");
    static const chatws_fault_t   nowhere =
        chatws_fault(CHATWS_E_MESSAGE,
                     "chatId must be there where a message is encrypted");

    sealed->data = NULL;
    given = chatws_publication_encrypted(pub);

    if (!given && !chatws_publication_hides(pub)) {
        return 0;
    }

    /* the key is that of a chat */

    if (pub->chat.len == 0) {
        *fault = nowhere;
        return NGX_HTTP_BAD_REQUEST;
    }

    if (!given && cwlcf->encrypt == NGX_HTTP_CHATWS_ENCRYPT_REQUIRE) {
        *fault = clear;
        return NGX_HTTP_BAD_REQUEST;
    }

    if (chatws_publication_check_seal(pub) != CHATWS_OK) {
        *fault = pub->fault;
        return NGX_HTTP_BAD_REQUEST;
    }

    if (given) {
        return ngx_http_chatws_encrypt_compare(pub, fault);
    }

    return ngx_http_chatws_encrypt_hidden(r, cwlcf->encryption_key, pub,
                                          sealed, fault);
}


static ngx_uint_t
ngx_http_chatws_encrypt_hidden(ngx_http_request_t *r, chatws_jwe_key_t *key,
    chatws_publication_t *pub, chatws_str_t *sealed, chatws_fault_t *fault)
{
    size_t                        size;
    u_char                       *block, iv[CHATWS_JWE_IV];
    chatws_rc_e                   rc;
    chatws_str_t                  text;
    chatws_jwe_header_t           header;

    static const chatws_fault_t   failed =
        chatws_fault("Service unavailable",
                     "the message can't be encrypted now, try again");

    ngx_http_chatws_encrypt_header(pub, &header);

    /* the hidden members behind the room for what they are encrypted to */

    text.len = chatws_publication_hidden_size(pub);
    size = chatws_jwe_size(key, &header, text.len);

    block = ngx_alloc(size + text.len, r->connection->log);
    if (block == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text.data = block + size;

    rc = chatws_publication_hidden(pub, &text);

    if (rc == CHATWS_OK) {
        rc = chatws_jwe_random(iv);
    }

    if (rc == CHATWS_OK) {
        rc = chatws_jwe_encrypt(key, &header, iv, text.data, text.len, block,
                                &sealed->len);
    }

    if (rc != CHATWS_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "chatws can't encrypt a message: libcrypto failed");

        ngx_free(block);
        *fault = failed;

        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    sealed->data = block;
    chatws_publication_seal(pub, sealed);

    return 0;
}


/* What clients would refuse is refused here, where its publisher is told. */

static ngx_uint_t
ngx_http_chatws_encrypt_compare(chatws_publication_t *pub,
    chatws_fault_t *fault)
{
    chatws_rc_e                   rc;
    chatws_jwe_header_t           header;

    static const chatws_fault_t   form =
        chatws_fault(CHATWS_E_MESSAGE, "enc must be a compact JWE");
    static const chatws_fault_t   other =
        chatws_fault(CHATWS_E_MESSAGE,
                     "the header of enc must have alg dir, enc A256GCM, a "
                     "kid, and chat, mid and sub as chatId, id and sender");

    if (chatws_jwe_check(&pub->enc) != CHATWS_OK) {
        *fault = form;
        return NGX_HTTP_BAD_REQUEST;
    }

    ngx_http_chatws_encrypt_header(pub, &header);

    rc = chatws_jwe_compare(&pub->enc, &header, &ngx_http_chatws_key_memory);

    if (rc == CHATWS_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc != CHATWS_OK) {
        *fault = other;
        return NGX_HTTP_BAD_REQUEST;
    }

    return 0;
}


static void
ngx_http_chatws_encrypt_header(const chatws_publication_t *pub,
    chatws_jwe_header_t *header)
{
    header->chat = pub->chat;
    header->mid = *chatws_publication_id(pub);
    header->sub = pub->sender;
}


ngx_int_t
ngx_http_chatws_encrypt_check(ngx_conf_t *cf,
    const ngx_http_chatws_loc_conf_t *cwlcf)
{
    if (cwlcf->encrypt != NGX_HTTP_CHATWS_ENCRYPT_ON
        || cwlcf->encryption_key != NULL
        || (cwlcf->handler != ngx_http_chatws_publish_handler
            && cwlcf->handler != ngx_http_chatws_api_handler
            && cwlcf->response == NULL))
    {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"chatws_encrypt on\" needs a key: "
                       "\"chatws_encryption_key_file\" is not set");

    return NGX_ERROR;
}


/* chatws_encryption_key_file FILE */

char *
ngx_http_chatws_encrypt_set_key_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_chatws_loc_conf_t *cwlcf = conf;

    char                 error[CHATWS_JWK_ERROR_MAX];
    ngx_str_t           *value, name, text;
    chatws_jwe_key_t    *key;
    ngx_pool_cleanup_t  *cln;

    if (cwlcf->encryption_key != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    name = value[1];

    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (cln == NULL
        || ngx_http_chatws_key_file_read(cf, &name, &text) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    key = chatws_jwe_key_create((chatws_str_t *) &text,
                                &ngx_http_chatws_key_memory, error);

    ngx_http_chatws_key_file_free(&text);

    if (key == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid keys in \"%V\": %s", &name, error);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_chatws_encrypt_cleanup;
    cln->data = key;

    cwlcf->encryption_key = key;

    return NGX_CONF_OK;
}


static void
ngx_http_chatws_encrypt_cleanup(void *data)
{
    chatws_jwe_key_free(data);
}
