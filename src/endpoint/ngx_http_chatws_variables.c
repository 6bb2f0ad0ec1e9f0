
/*
 * Copyright (C) chatws contributors
 *
 * Variables: the user of a connection, the claims of a token, and the result
 * of publishing.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_scratch.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_ctx.h"
#include "endpoint/ngx_http_chatws_handlers.h"
#include "endpoint/ngx_http_chatws_identity.h"
#include "endpoint/ngx_http_chatws_token.h"


static ngx_int_t ngx_http_chatws_variable_user(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_chatws_variable_str(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_chatws_variable_seq(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_chatws_variable_recipients(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_chatws_variable_claim(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_http_chatws_ctx_t *ngx_http_chatws_variable_published(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_variable_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uint64_t n);


static ngx_http_variable_t  ngx_http_chatws_variables[] = {

    { ngx_string("chatws_user"), NULL, ngx_http_chatws_variable_user,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("chatws_username"), NULL, ngx_http_chatws_variable_user,
      1, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("chatws_chat"), NULL, ngx_http_chatws_variable_str,
      offsetof(ngx_http_chatws_ctx_t, chat), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("chatws_users"), NULL, ngx_http_chatws_variable_str,
      offsetof(ngx_http_chatws_ctx_t, users), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("chatws_result"), NULL, ngx_http_chatws_variable_str,
      offsetof(ngx_http_chatws_ctx_t, result), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("chatws_seq"), NULL, ngx_http_chatws_variable_seq,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("chatws_recipients"), NULL,
      ngx_http_chatws_variable_recipients,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("chatws_claim_"), NULL, ngx_http_chatws_variable_claim,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_chatws_variables_add(ngx_conf_t *cf)
{
    ngx_http_variable_t  *v, *var;

    for (v = ngx_http_chatws_variables; v->name.len != 0; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/*
 * $chatws_user and, where data is 1, $chatws_username.  They are evaluated in
 * any phase, so that limit_conn can use them before the content handler runs.
 */

static ngx_int_t
ngx_http_chatws_variable_user(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t                    rc;
    ngx_str_t                    value;
    const chatws_fault_t        *fault;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (cwlcf->handler != ngx_http_chatws_connect_handler) {
        v->not_found = 1;
        return NGX_OK;
    }

    rc = data ? ngx_http_chatws_identity_username(r, &value, &fault)
              : ngx_http_chatws_identity_user(r, &value, &fault);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = value.len;
    v->data = value.data;

    return NGX_OK;
}


/* A string of the context; data is its offset there. */

static ngx_int_t
ngx_http_chatws_variable_str(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              *value;
    ngx_http_chatws_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    value = (ngx_str_t *) ((u_char *) ctx + data);

    if (value->data == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = value->len;
    v->data = value->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_variable_seq(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_chatws_ctx_t  *ctx;

    ctx = ngx_http_chatws_variable_published(r);

    if (ctx == NULL || ctx->seq == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_chatws_variable_number(r, v, ctx->seq);
}


static ngx_int_t
ngx_http_chatws_variable_recipients(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_chatws_ctx_t  *ctx;

    ctx = ngx_http_chatws_variable_published(r);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_chatws_variable_number(r, v, ctx->recipients);
}


/* Returns the context of a request that has published, or NULL. */

static ngx_http_chatws_ctx_t *
ngx_http_chatws_variable_published(ngx_http_request_t *r)
{
    ngx_http_chatws_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);

    return ctx != NULL && ctx->published ? ctx : NULL;
}


static ngx_int_t
ngx_http_chatws_variable_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uint64_t n)
{
    v->data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (v->data == NULL) {
        return NGX_ERROR;
    }

    v->len = ngx_sprintf(v->data, "%uL", n) - v->data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* $chatws_claim_NAME; data points to the name of the whole variable. */

static ngx_int_t
ngx_http_chatws_variable_claim(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t *variable = (ngx_str_t *) data;

    void                     *mem;
    size_t                    size;
    chatws_str_t              name, value;
    chatws_json_arena_t       arena;
    ngx_http_chatws_token_t  *token;

    if (ngx_http_chatws_token_good(r, &token) != NGX_OK) {
        return NGX_ERROR;
    }

    v->not_found = 1;

    if (token == NULL) {
        return NGX_OK;
    }

    size = chatws_json_arena_size(token->claims.len);

    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_TOKEN, size);
    if (mem == NULL) {
        return NGX_ERROR;
    }

    chatws_json_arena_init(&arena, mem, size);

    name.len = variable->len - (sizeof("chatws_claim_") - 1);
    name.data = variable->data + (sizeof("chatws_claim_") - 1);

    if (chatws_claims_find((chatws_str_t *) &token->claims, &name, &arena,
                           &value)
        != CHATWS_OK)
    {
        return NGX_OK;
    }

    v->data = ngx_pnalloc(r->pool, value.len);
    if (v->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(v->data, value.data, value.len);

    v->len = value.len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
