
/*
 * Copyright (C) chatws contributors
 *
 * The token of a request: see ngx_http_chatws_token.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_notify.h"
#include "process/ngx_http_chatws_scratch.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_handlers.h"
#include "endpoint/ngx_http_chatws_refuse.h"
#include "endpoint/ngx_http_chatws_token.h"
#include "endpoint/ngx_http_chatws_token_mask.h"
#include "endpoint/ngx_http_chatws_token_source.h"


/* What a main request has of tokens; data of a cleanup of its pool. */

typedef struct {
    ngx_http_chatws_token_t       *tokens;  /* the one of now is the first */
    ngx_http_chatws_token_args_t   args;
    unsigned                       finding:1;  /* a source is evaluated */
} ngx_http_chatws_tokens_t;


static ngx_int_t ngx_http_chatws_token_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_token_mask_handler(ngx_http_request_t *r);
static ngx_http_chatws_tokens_t *ngx_http_chatws_token_find(
    ngx_http_request_t *r);
static ngx_http_chatws_tokens_t *ngx_http_chatws_token_add(
    ngx_http_request_t *r);
static void ngx_http_chatws_token_cleanup(void *data);
static ngx_http_chatws_token_t *ngx_http_chatws_token_use(
    ngx_http_request_t *r, ngx_http_chatws_tokens_t *tokens,
    const ngx_http_chatws_loc_conf_t *cwlcf);
static ngx_http_chatws_hub_t *ngx_http_chatws_token_hub(
    const ngx_http_chatws_loc_conf_t *cwlcf);
static ngx_int_t ngx_http_chatws_token_verify(ngx_http_request_t *r,
    ngx_http_chatws_token_t *token, ngx_str_t *text);
static ngx_int_t ngx_http_chatws_token_keep(ngx_http_request_t *r,
    ngx_http_chatws_token_t *token, const chatws_claims_t *claims,
    const ngx_http_chatws_credential_t *credential);
static ngx_int_t ngx_http_chatws_token_dup(ngx_http_request_t *r,
    ngx_str_t *str, const chatws_str_t *text);


static const chatws_fault_t  ngx_http_chatws_token_faults[] = {

    [NGX_HTTP_CHATWS_TOKEN_NONE] =
        chatws_fault(CHATWS_E_TOKEN_REQUIRED, "a token is required"),

    [NGX_HTTP_CHATWS_TOKEN_BAD] =
        chatws_fault(CHATWS_E_TOKEN, "the token is not valid"),

    [NGX_HTTP_CHATWS_TOKEN_EXPIRED] =
        chatws_fault(CHATWS_E_TOKEN_EXPIRED, "the token has expired")
};


/*
 * The handlers of later modules are called first.  So arguments are masked
 * before a rewrite, and a request without a token is mirrored nowhere.  Limits
 * of requests, addresses, passwords, which are earlier phases, come first.
 */

ngx_int_t
ngx_http_chatws_token_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt          *h;
    ngx_http_core_main_conf_t    *cmcf;
    ngx_http_chatws_main_conf_t  *cwmcf;

    cwmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_chatws_module);

    if (!cwmcf->tokens) {
        return NGX_OK;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_REWRITE_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_chatws_token_mask_handler;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_chatws_token_handler;

    return NGX_OK;
}


/*
 * Refuses main requests without a good token.  It is not the phase of access,
 * where "satisfy any" would let others in.
 */

static ngx_int_t
ngx_http_chatws_token_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_chatws_token_t     *token;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (r != r->main
        || cwlcf->rules.token == NULL
        || (cwlcf->handler != ngx_http_chatws_connect_handler
            && !ngx_http_chatws_conf_asks(cwlcf)))
    {
        return NGX_DECLINED;
    }

    rc = ngx_http_chatws_token_get(r, &token);

    ngx_http_chatws_scratch_put();

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (token->state == NGX_HTTP_CHATWS_TOKEN_GOOD
        || ngx_http_chatws_token_follows(r, token))
    {
        return NGX_DECLINED;
    }

    rc = ngx_http_chatws_refuse(r, NGX_HTTP_UNAUTHORIZED,
                                ngx_http_chatws_token_fault(token->state));

    ngx_http_finalize_request(r, rc);

    return NGX_DONE;
}


/* Keeps tokens out of logs: those in arguments, of which a copy is kept. */

static ngx_int_t
ngx_http_chatws_token_mask_handler(ngx_http_request_t *r)
{
    ngx_http_chatws_tokens_t    *tokens;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (r != r->main
        || cwlcf->handler != ngx_http_chatws_connect_handler
        || cwlcf->rules.token == NULL)
    {
        return NGX_DECLINED;
    }

    /*
     * A message with a token may be on its way already: after a refusal nginx
     * would take it for a request, and log it.
     */

    if (r->headers_in.upgrade != NULL) {
        r->keepalive = 0;
    }

    if (cwlcf->token.sources->names.nelts == 0) {
        return NGX_DECLINED;
    }

    tokens = ngx_http_chatws_token_add(r);
    if (tokens == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->args.len != 0 && tokens->args.masked != r->args.data) {

        if (ngx_http_chatws_token_dup(r, &tokens->args.args,
                                      (const chatws_str_t *) &r->args)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        tokens->args.masked = r->args.data;
    }

    ngx_http_chatws_token_mask_names(r, &cwlcf->token.sources->names);

    return NGX_DECLINED;
}


const chatws_fault_t *
ngx_http_chatws_token_fault(ngx_http_chatws_token_state_e state)
{
    return &ngx_http_chatws_token_faults[state];
}


ngx_int_t
ngx_http_chatws_token_good(ngx_http_request_t *r,
    ngx_http_chatws_token_t **token)
{
    ngx_int_t  rc;

    rc = ngx_http_chatws_token_get(r, token);

    if (rc == NGX_OK
        && *token != NULL
        && (*token)->state != NGX_HTTP_CHATWS_TOKEN_GOOD)
    {
        *token = NULL;
    }

    return rc;
}


ngx_uint_t
ngx_http_chatws_token_follows(ngx_http_request_t *r,
    const ngx_http_chatws_token_t *token)
{
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    return r == r->main
           && cwlcf->handler == ngx_http_chatws_connect_handler
           && token->sources->message
           && token->state == NGX_HTTP_CHATWS_TOKEN_NONE;
}


ngx_int_t
ngx_http_chatws_token_allows(ngx_http_request_t *r, ngx_uint_t write)
{
    ngx_http_chatws_token_t     *token;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (cwlcf->token.sources == NULL) {
        return NGX_OK;
    }

    if (ngx_http_chatws_token_good(r, &token) != NGX_OK) {
        return NGX_ERROR;
    }

    return token != NULL && (write ? token->api_write : token->api_read)
           ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_http_chatws_token_get(ngx_http_request_t *r,
    ngx_http_chatws_token_t **token)
{
    ngx_int_t                    rc;
    ngx_str_t                    text;
    ngx_uint_t                   bearer;
    ngx_http_chatws_tokens_t    *tokens;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    r = r->main;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (cwlcf->rules.token == NULL) {
        tokens = ngx_http_chatws_token_find(r);
        *token = tokens != NULL ? tokens->tokens : NULL;
        return NGX_OK;
    }

    tokens = ngx_http_chatws_token_add(r);
    if (tokens == NULL) {
        return NGX_ERROR;
    }

    *token = ngx_http_chatws_token_use(r, tokens, cwlcf);

    if (*token == NULL) {
        return NGX_ERROR;
    }

    /* a variable may have no value yet when it is asked for the first time */

    if ((*token)->state != NGX_HTTP_CHATWS_TOKEN_NONE) {
        return NGX_OK;
    }

    if (tokens->finding) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"chatws_token\" is made of itself");
        return NGX_OK;
    }

    tokens->finding = 1;

    rc = ngx_http_chatws_token_source_find(r, (*token)->sources, &tokens->args,
                                           &text, &bearer);
    tokens->finding = 0;

    if (rc != NGX_OK || text.len == 0) {
        return rc;
    }

    (*token)->bearer = bearer;

    return ngx_http_chatws_token_verify(r, *token, &text);
}


/*
 * The context of a module is lost in an internal redirect; a cleanup of the
 * pool is found again, as ngx_http_realip_module has it.
 */

static ngx_http_chatws_tokens_t *
ngx_http_chatws_token_find(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->pool->cleanup; cln != NULL; cln = cln->next) {
        if (cln->handler == ngx_http_chatws_token_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


static ngx_http_chatws_tokens_t *
ngx_http_chatws_token_add(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_chatws_tokens_t  *tokens;

    tokens = ngx_http_chatws_token_find(r);

    if (tokens != NULL) {
        return tokens;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_chatws_tokens_t));
    if (cln == NULL) {
        return NULL;
    }

    ngx_memzero(cln->data, sizeof(ngx_http_chatws_tokens_t));
    cln->handler = ngx_http_chatws_token_cleanup;

    return cln->data;
}


/* It is there to be found. */

static void
ngx_http_chatws_token_cleanup(void *data)
{
    /* void */
}


/*
 * Returns the token by the settings of the location, which may be a new one,
 * and makes it the first one.  The hub is among these: what may be revoked is
 * known to a zone by hashes of its own.  NULL: no memory.
 */

static ngx_http_chatws_token_t *
ngx_http_chatws_token_use(ngx_http_request_t *r,
    ngx_http_chatws_tokens_t *tokens, const ngx_http_chatws_loc_conf_t *cwlcf)
{
    ngx_http_chatws_hub_t    *hub;
    ngx_http_chatws_token_t  *token, **link;

    hub = ngx_http_chatws_token_hub(cwlcf);

    for (link = &tokens->tokens; *link != NULL; link = &token->next) {
        token = *link;

        if (token->sources == cwlcf->token.sources
            && token->policy == cwlcf->rules.token
            && token->hub == hub)
        {
            break;
        }
    }

    token = *link;

    if (token != NULL) {
        *link = token->next;

    } else {
        token = ngx_pcalloc(r->pool, sizeof(ngx_http_chatws_token_t));
        if (token == NULL) {
            return NULL;
        }

        token->sources = cwlcf->token.sources;
        token->policy = cwlcf->rules.token;
        token->hub = hub;
    }

    token->next = tokens->tokens;
    tokens->tokens = token;

    return token;
}


/* Returns the hub of the zone of a location; NULL: it has none. */

static ngx_http_chatws_hub_t *
ngx_http_chatws_token_hub(const ngx_http_chatws_loc_conf_t *cwlcf)
{
    ngx_shm_zone_t         *shm_zone;
    ngx_http_chatws_zone_t *zone;

    shm_zone = cwlcf->zone != NULL ? cwlcf->zone
               : cwlcf->response != NULL ? cwlcf->response
               : cwlcf->upload;

    if (shm_zone == NULL) {
        return NULL;
    }

    zone = shm_zone->data;

    return zone->hub;
}


static ngx_int_t
ngx_http_chatws_token_verify(ngx_http_request_t *r,
    ngx_http_chatws_token_t *token, ngx_str_t *text)
{
    ngx_int_t                      rc;
    chatws_claims_t                claims;
    const chatws_str_t            *kid;
    ngx_http_chatws_loc_conf_t    *cwlcf;
    ngx_http_chatws_credential_t  *credential;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    /* before anything is logged */

    if (cwlcf->handler == ngx_http_chatws_connect_handler
        && ngx_http_chatws_token_mask_text(r, text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_http_chatws_credential_verify(token->policy, token->hub, text,
                                           CHATWS_TOKEN_CONNECTION, &claims,
                                           &kid, r->connection->log);

    if (rc == NGX_OK) {
        rc = ngx_http_chatws_credential_make(token->hub, &claims, kid,
                                             &credential, r->connection->log);
    }

    if (rc == NGX_OK) {
        return ngx_http_chatws_token_keep(r, token, &claims, credential);
    }

    token->state = rc == NGX_DONE ? NGX_HTTP_CHATWS_TOKEN_EXPIRED
                                  : NGX_HTTP_CHATWS_TOKEN_BAD;
    return NGX_OK;
}


/* Copies what is needed of a good token from the memory of the worker. */

static ngx_int_t
ngx_http_chatws_token_keep(ngx_http_request_t *r,
    ngx_http_chatws_token_t *token, const chatws_claims_t *claims,
    const ngx_http_chatws_credential_t *credential)
{
    size_t  size;

    size = ngx_http_chatws_credential_size(credential);

    token->credential = ngx_palloc(r->pool, size);

    if (token->credential == NULL
        || ngx_http_chatws_token_dup(r, &token->user, &claims->sub) != NGX_OK
        || ngx_http_chatws_token_dup(r, &token->name, &claims->name) != NGX_OK
        || ngx_http_chatws_token_dup(r, &token->claims, &claims->text)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(token->credential, credential, size);

    token->api_read = claims->api_read;
    token->api_write = claims->api_write;
    token->state = NGX_HTTP_CHATWS_TOKEN_GOOD;

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_token_dup(ngx_http_request_t *r, ngx_str_t *str,
    const chatws_str_t *text)
{
    str->data = ngx_pnalloc(r->pool, text->len);

    if (str->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(str->data, text->data, text->len);
    str->len = text->len;

    return NGX_OK;
}
