
/*
 * Copyright (C) chatws contributors
 *
 * Who sends a publication: see ngx_http_chatws_sender.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_name.h"
#include "base/chatws_str.h"
#include "json/chatws_json.h"
#include "json/chatws_json_scan.h"
#include "token/chatws_grant.h"
#include "hub/ngx_http_chatws_hub_members.h"
#include "hub/ngx_http_chatws_hub_presence.h"
#include "client/ngx_http_chatws_client_grant.h"
#include "client/ngx_http_chatws_revoked.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_ctx.h"
#include "endpoint/ngx_http_chatws_inquiry.h"
#include "endpoint/ngx_http_chatws_sender.h"
#include "endpoint/ngx_http_chatws_token.h"


/* bytes of a name in JSON, at most, with its quotes */
#define NGX_HTTP_CHATWS_SENDER_JSON  (6 * CHATWS_NAME_MAX + 2)


static ngx_int_t ngx_http_chatws_sender_token(ngx_http_request_t *r,
    const ngx_http_chatws_loc_conf_t *cwlcf, ngx_http_chatws_token_t **token);
static ngx_int_t ngx_http_chatws_sender_holds(ngx_http_chatws_hub_t *hub,
    const ngx_http_chatws_rules_t *rules, ngx_str_t *user,
    const ngx_http_chatws_credential_t *credential, ngx_str_t *chat);
static ngx_int_t ngx_http_chatws_sender_may(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, const ngx_http_chatws_rules_t *rules,
    const ngx_http_chatws_token_t *token, ngx_str_t *chat,
    const chatws_fault_t **fault);


static const chatws_fault_t  ngx_http_chatws_sender_other =
    chatws_fault("Sender not allowed",
                 "the sender is not the one of this request");


ngx_uint_t
ngx_http_chatws_sender_get(ngx_http_request_t *r,
    ngx_http_chatws_sender_t *sender, chatws_fault_t *fault)
{
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    ngx_str_null(&sender->name);

    if (cwlcf->sender == NULL) {
        return 0;
    }

    if (ngx_http_complex_value(r, cwlcf->sender, &sender->name) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* nobody is no sender, and what is no name can't be one */

    if (chatws_name_check((chatws_str_t *) &sender->name) != CHATWS_OK) {
        *fault = ngx_http_chatws_sender_other;
        return NGX_HTTP_FORBIDDEN;
    }

    return 0;
}


/*
 * Of several members of a name the last one counts.  So it is put in front of
 * the others; whoever writes another one is found by the check.
 */

ngx_uint_t
ngx_http_chatws_sender_is_discreet(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    return cwlcf->sender != NULL && ngx_http_chatws_hub_presence(hub);
}


ngx_int_t
ngx_http_chatws_sender_add(ngx_http_request_t *r,
    const ngx_http_chatws_sender_t *sender, ngx_str_t *text, ngx_str_t *with)
{
    size_t             i;
    u_char            *p;
    chatws_str_t       out;
    chatws_json_out_t  json;

    *with = *text;

    for (i = 0; i < text->len && ngx_strchr(" \t\r\n", text->data[i]); i++) {
        /* void */
    }

    if (sender->name.data == NULL || i == text->len || text->data[i] != '{') {
        return NGX_OK;
    }

    i++;

    /* an empty object is told what it lacks, and not that it is no JSON */

    if (chatws_json_skip(text->data, text->len, i) == text->len
        || text->data[chatws_json_skip(text->data, text->len, i)] == '}')
    {
        return NGX_OK;
    }

    out.len = sizeof("{\"sender\":,") - 1 + NGX_HTTP_CHATWS_SENDER_JSON;

    p = ngx_pnalloc(r->pool, out.len + text->len - i);
    if (p == NULL) {
        return NGX_ERROR;
    }

    out.data = p;

    chatws_json_out_begin(&json, &out);
    chatws_json_put_lit(&json, "{\"sender\":");
    chatws_json_put_string(&json, (const chatws_str_t *) &sender->name);
    chatws_json_put_lit(&json, ",");

    if (chatws_json_out_end(&json, &out) != CHATWS_OK) {
        return NGX_ERROR;
    }

    with->data = p;
    with->len = out.len + text->len - i;

    ngx_memcpy(p + out.len, text->data + i, text->len - i);

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_sender_inquire(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub)
{
    ngx_http_chatws_ctx_t       *ctx;
    ngx_http_chatws_token_t     *token;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (!(cwlcf->rules.access & NGX_HTTP_CHATWS_ACCESS_REQUEST)
        || cwlcf->rules.access_app == NULL)
    {
        return NGX_DECLINED;
    }

    if (ngx_http_chatws_sender_token(r, cwlcf, &token) != NGX_OK) {
        return NGX_ERROR;
    }

    if (token == NULL) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);

    ctx->inquiry = ngx_http_chatws_inquiry_create(r, hub, &cwlcf->rules,
                                                  &token->user);

    return ctx->inquiry != NULL ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_http_chatws_sender_check(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, const ngx_http_chatws_sender_t *sender,
    const chatws_publication_t *pub, chatws_fault_t *fault)
{
    ngx_int_t                     rc;
    const chatws_fault_t         *why;
    ngx_http_chatws_token_t      *token;
    ngx_http_chatws_loc_conf_t   *cwlcf;

    static const chatws_fault_t   update =
        chatws_fault(CHATWS_E_NOT_ALLOWED,
                     "a user can't publish a chat_update");

    static const chatws_fault_t   apart =
        chatws_fault(CHATWS_E_NOT_ALLOWED,
                     "a user can't publish with toUsers or silent");

    if (sender->name.data != NULL
        && !chatws_str_equal(&pub->sender,
                             (const chatws_str_t *) &sender->name))
    {
        *fault = ngx_http_chatws_sender_other;
        return NGX_HTTP_FORBIDDEN;
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (ngx_http_chatws_sender_token(r, cwlcf, &token) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (token == NULL) {
        return 0;
    }

    if (pub->kind == CHATWS_PUB_UPDATE) {
        *fault = update;
        return NGX_HTTP_FORBIDDEN;
    }

    if (pub->apart) {
        *fault = apart;
        return NGX_HTTP_FORBIDDEN;
    }

    rc = ngx_http_chatws_sender_may(r, hub, &cwlcf->rules, token,
                                    (ngx_str_t *) &pub->chat, &why);

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (why == NULL) {
        return 0;
    }

    *fault = *why;

    return why == &ngx_http_chatws_denied ? NGX_HTTP_FORBIDDEN
                                          : NGX_HTTP_SERVICE_UNAVAILABLE;
}


/*
 * Sets *token to that of the user whose rights count, or to NULL: no right is
 * needed.  NGX_ERROR: no memory.
 */

static ngx_int_t
ngx_http_chatws_sender_token(ngx_http_request_t *r,
    const ngx_http_chatws_loc_conf_t *cwlcf, ngx_http_chatws_token_t **token)
{
    /* who may give commands is the app server */

    if (cwlcf->rules.access == 0 || cwlcf->write) {
        *token = NULL;
        return NGX_OK;
    }

    return ngx_http_chatws_token_good(r, token);
}


ngx_uint_t
ngx_http_chatws_sender_known(ngx_http_chatws_hub_t *hub,
    const ngx_http_chatws_rules_t *rules, ngx_str_t *user,
    const ngx_http_chatws_credential_t *credential, ngx_str_t *chat)
{
    uint32_t  rights;

    switch (ngx_http_chatws_sender_holds(hub, rules, user, credential, chat)) {

    case NGX_OK:
        return 1;

    case NGX_DECLINED:
    case NGX_BUSY:
        return 0;

    default: /* NGX_AGAIN */
        return ngx_http_chatws_grant_known(hub, &rules->access_app->url, user,
                                           chat, &rights)
               == NGX_OK
               && (rights & CHATWS_RIGHT_SEND);
    }
}


/*
 * Whether a user may send to a chat by all but what the app server has said:
 * NGX_OK; NGX_DECLINED: no; NGX_AGAIN: the app server knows; NGX_BUSY: nobody
 * can tell yet.  credential is that of a token, or NULL.
 */

static ngx_int_t
ngx_http_chatws_sender_holds(ngx_http_chatws_hub_t *hub,
    const ngx_http_chatws_rules_t *rules, ngx_str_t *user,
    const ngx_http_chatws_credential_t *credential, ngx_str_t *chat)
{
    ngx_int_t  rc;

    if (ngx_http_chatws_revoked_chat(hub, user, chat)) {
        return NGX_DECLINED;
    }

    if (rules->access == 0) {
        return NGX_OK;
    }

    if (rules->access & NGX_HTTP_CHATWS_ACCESS_TOKEN
        && credential != NULL
        && (chatws_grants_find(credential->grants, credential->len,
                               (chatws_str_t *) chat)
            & CHATWS_RIGHT_SEND))
    {
        return NGX_OK;
    }

    rc = NGX_DECLINED;

    if (rules->access & NGX_HTTP_CHATWS_ACCESS_MEMBERS) {
        rc = ngx_http_chatws_hub_is_member(hub,
                                           ngx_http_chatws_hub_hash(hub, user),
                                           chat, rules->members_settle);
        if (rc == NGX_OK) {
            return NGX_OK;
        }
    }

    if (rules->access & NGX_HTTP_CHATWS_ACCESS_REQUEST
        && rules->access_app != NULL)
    {
        return NGX_AGAIN;
    }

    return rc == NGX_AGAIN ? NGX_BUSY : NGX_DECLINED;
}


/*
 * Sets *fault to NULL: a source grants it, or it was noted; or to why not: it
 * is denied, or what the app server says is not known.  NGX_ERROR: no memory.
 */

static ngx_int_t
ngx_http_chatws_sender_may(ngx_http_request_t *r, ngx_http_chatws_hub_t *hub,
    const ngx_http_chatws_rules_t *rules,
    const ngx_http_chatws_token_t *token, ngx_str_t *chat,
    const chatws_fault_t **fault)
{
    uint32_t                rights;
    ngx_uint_t              notes;
    ngx_http_chatws_ctx_t  *ctx;

    *fault = NULL;

    switch (ngx_http_chatws_sender_holds(hub, rules,
                                         (ngx_str_t *) &token->user,
                                         token->credential, chat))
    {
    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        *fault = &ngx_http_chatws_denied;
        return NGX_OK;

    case NGX_BUSY:
        *fault = &ngx_http_chatws_unsettled;
        return NGX_OK;

    default: /* NGX_AGAIN */
        break;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);
    notes = ngx_http_chatws_inquiry_notes(ctx->inquiry);

    if (!notes
        && ngx_http_chatws_inquiry_find(ctx->inquiry, chat, fault) == NGX_OK)
    {
        return NGX_OK;
    }

    if (ngx_http_chatws_grant_known(hub, &rules->access_app->url,
                                    &token->user, chat, &rights)
        == NGX_OK)
    {
        if (!(rights & CHATWS_RIGHT_SEND)) {
            *fault = &ngx_http_chatws_denied;
        }

        return NGX_OK;
    }

    if (notes) {
        return ngx_http_chatws_inquiry_note(ctx->inquiry, chat);
    }

    *fault = &ngx_http_chatws_undecided;

    return NGX_OK;
}
