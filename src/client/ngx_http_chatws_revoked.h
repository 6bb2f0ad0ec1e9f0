
/*
 * Copyright (C) chatws contributors
 *
 * What commands have taken back: tokens and rights, for clients that come after
 * the command.  These functions need no lock, and cost next to nothing while
 * the zone has no revocations.
 */


#ifndef _NGX_HTTP_CHATWS_REVOKED_H_INCLUDED_
#define _NGX_HTTP_CHATWS_REVOKED_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_command.h"
#include "token/chatws_claims.h"
#include "client/ngx_http_chatws_client.h"


/* Whether a token with these claims, of the key kid, was revoked. */
ngx_uint_t ngx_http_chatws_revoked_claims(ngx_http_chatws_hub_t *hub,
    const chatws_claims_t *claims, const chatws_str_t *kid);

/* Whether the token of a client was revoked; 0 for one without a token. */
ngx_uint_t ngx_http_chatws_revoked_client(ngx_http_chatws_client_t *client);

/* Whether a user has no right in the chat, whatever grants one. */
ngx_uint_t ngx_http_chatws_revoked_chat(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *user, const ngx_str_t *chat);

/*
 * Sets what a revoke, or an unsubscribe with an end, takes back, and the key
 * in the command by which workers know it.
 */
void ngx_http_chatws_revoked_take(ngx_http_chatws_hub_t *hub,
    chatws_command_t *command, ngx_http_chatws_taken_t *taken);

/* Whether a revoke, which was packed, is about a token of its user. */
ngx_uint_t ngx_http_chatws_revoked_by(const ngx_http_chatws_proof_t *proof,
    const chatws_command_t *command);

/* The revocations that are in force in the zone. */
uint64_t ngx_http_chatws_revoked_count(const ngx_http_chatws_zone_t *zone);


#endif /* _NGX_HTTP_CHATWS_REVOKED_H_INCLUDED_ */
