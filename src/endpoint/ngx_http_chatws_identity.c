
/*
 * Copyright (C) chatws contributors
 *
 * The identity of a client: its user id and its name.  Where tokens are on,
 * nothing but a token names anybody.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_name.h"
#include "base/chatws_query.h"
#include "protocol/chatws_notify.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_identity.h"
#include "endpoint/ngx_http_chatws_response.h"
#include "endpoint/ngx_http_chatws_token.h"


/* the two expressions, bits of ctx->naming */
#define NGX_HTTP_CHATWS_USER      1
#define NGX_HTTP_CHATWS_USERNAME  2


static ngx_int_t ngx_http_chatws_identity_token(ngx_http_request_t *r,
    ngx_http_chatws_token_t **token, const chatws_fault_t **fault);
static chatws_rc_e ngx_http_chatws_identity_evaluate(ngx_http_request_t *r,
    ngx_http_complex_value_t *cv, ngx_uint_t expression, ngx_str_t *text);
static chatws_rc_e ngx_http_chatws_identity_name(ngx_http_request_t *r,
    ngx_http_complex_value_t *cv, ngx_uint_t expression,
    const chatws_str_t *name, ngx_str_t *value);


ngx_int_t
ngx_http_chatws_identity_set(ngx_http_request_t *r, ngx_http_chatws_ctx_t *ctx,
    const chatws_fault_t **fault)
{
    ngx_int_t  rc;
    ngx_str_t  user, username;

    rc = ngx_http_chatws_identity_user(r, &user, fault);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_chatws_identity_username(r, &username, fault);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx->user = user;
    ctx->username = username;

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_identity_user(ngx_http_request_t *r, ngx_str_t *user,
    const chatws_fault_t **fault)
{
    ngx_int_t                    rc;
    chatws_rc_e                  status;
    ngx_http_chatws_ctx_t       *ctx;
    ngx_http_chatws_token_t     *token;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    static const chatws_str_t    name = chatws_str("userId");

    static const chatws_fault_t  missing =
        chatws_fault(CHATWS_E_NO_USER, "userId is required");
    static const chatws_fault_t  invalid =
        chatws_fault(CHATWS_E_USER,
                     "userId must come once, spelled so, and be 1 "
                     "to 128 bytes of UTF-8 without control "
                     "characters");

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);

    if (ctx != NULL && ctx->user.data != NULL) {
        *user = ctx->user;
        return NGX_OK;
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (cwlcf->token.sources != NULL) {
        rc = ngx_http_chatws_identity_token(r, &token, fault);

        if (rc == NGX_OK) {
            *user = token->user;
        }

        return rc;
    }

    status = ngx_http_chatws_identity_name(r, cwlcf->user,
                                           NGX_HTTP_CHATWS_USER, &name, user);

    switch (status) {

    case CHATWS_OK:
        return NGX_OK;

    case CHATWS_BUSY:
        return NGX_ERROR;

    case CHATWS_DECLINED:
        *fault = &missing;
        return NGX_DECLINED;

    default:
        *fault = &invalid;
        return NGX_DECLINED;
    }
}


ngx_int_t
ngx_http_chatws_identity_username(ngx_http_request_t *r, ngx_str_t *username,
    const chatws_fault_t **fault)
{
    ngx_int_t                    rc;
    chatws_rc_e                  status;
    ngx_http_chatws_ctx_t       *ctx;
    ngx_http_chatws_token_t     *token;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    static const chatws_str_t    name = chatws_str("username");

    static const chatws_fault_t  invalid =
        chatws_fault("Invalid username",
                     "username must come once, spelled so, and be "
                     "1 to 128 bytes of UTF-8 without control "
                     "characters");

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);

    if (ctx != NULL && ctx->username.data != NULL) {
        *username = ctx->username;
        return NGX_OK;
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (cwlcf->token.sources != NULL) {
        rc = ngx_http_chatws_identity_token(r, &token, fault);

        if (rc == NGX_OK) {
            *username = token->name;
        }

        return rc;
    }

    /*
     * Where the id comes from chatws_user, the client can't choose a name by
     * the argument "username".
     */

    if (cwlcf->user != NULL && cwlcf->username == NULL) {
        return ngx_http_chatws_identity_user(r, username, fault);
    }

    status = ngx_http_chatws_identity_name(r, cwlcf->username,
                                           NGX_HTTP_CHATWS_USERNAME, &name,
                                           username);

    switch (status) {

    case CHATWS_OK:
        return NGX_OK;

    case CHATWS_BUSY:
        return NGX_ERROR;

    case CHATWS_DECLINED:
        return ngx_http_chatws_identity_user(r, username, fault);

    default:
        *fault = &invalid;
        return NGX_DECLINED;
    }
}


/*
 * Sets *token to the good token that names the user, or to one that is not
 * there yet, whose names are empty.
 */

static ngx_int_t
ngx_http_chatws_identity_token(ngx_http_request_t *r,
    ngx_http_chatws_token_t **token, const chatws_fault_t **fault)
{
    ngx_http_chatws_token_state_e  state;

    if (ngx_http_chatws_token_get(r, token) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a main request whose location has no tokens may have this subrequest */

    state = *token != NULL ? (*token)->state : NGX_HTTP_CHATWS_TOKEN_NONE;

    if (state == NGX_HTTP_CHATWS_TOKEN_GOOD) {
        return NGX_OK;
    }

    if (*token != NULL && ngx_http_chatws_token_follows(r, *token)) {
        ngx_str_set(&(*token)->user, "");
        ngx_str_set(&(*token)->name, "");
        return NGX_OK;
    }

    *fault = ngx_http_chatws_token_fault(state);

    return NGX_DECLINED;
}


/*
 * Sets value to the value of the expression cv or, where that is NULL, of the
 * argument name.  CHATWS_OK; CHATWS_DECLINED: it is empty or not given;
 * CHATWS_ERROR: it is not valid; CHATWS_BUSY: no memory.
 */

static chatws_rc_e
ngx_http_chatws_identity_name(ngx_http_request_t *r,
    ngx_http_complex_value_t *cv, ngx_uint_t expression,
    const chatws_str_t *name, ngx_str_t *value)
{
    ngx_str_t    text;
    chatws_rc_e  rc;

    if (cv != NULL) {

        rc = ngx_http_chatws_identity_evaluate(r, cv, expression, &text);
        if (rc != CHATWS_OK) {
            return rc;
        }

    } else {
        text.data = ngx_pnalloc(r->pool, r->args.len + 1);

        if (text.data == NULL) {
            return CHATWS_BUSY;
        }

        rc = chatws_query_get((chatws_str_t *) &r->args, name,
                              (chatws_str_t *) &text);
        if (rc != CHATWS_OK) {
            return rc;
        }
    }

    rc = chatws_name_check((chatws_str_t *) &text);

    if (rc == CHATWS_OK) {
        *value = text;
    }

    return rc;
}


/*
 * Evaluates an expression.  The variables $chatws_user and $chatws_username
 * evaluate their directives: an expression may have the other one in it, but
 * would evaluate itself without end.
 */

static chatws_rc_e
ngx_http_chatws_identity_evaluate(ngx_http_request_t *r,
    ngx_http_complex_value_t *cv, ngx_uint_t expression, ngx_str_t *text)
{
    ngx_int_t               rc;
    ngx_http_chatws_ctx_t  *ctx;

    ctx = ngx_http_chatws_get_ctx(r);
    if (ctx == NULL) {
        return CHATWS_BUSY;
    }

    if (ctx->naming & expression) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%s\" is made of itself",
                      expression == NGX_HTTP_CHATWS_USER ? "chatws_user"
                                                         : "chatws_username");
        return CHATWS_DECLINED;
    }

    ctx->naming |= expression;

    rc = ngx_http_complex_value(r, cv, text);

    ctx->naming &= ~expression;

    return rc == NGX_OK ? CHATWS_OK : CHATWS_BUSY;
}
