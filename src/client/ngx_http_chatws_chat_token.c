
/*
 * Copyright (C) chatws contributors
 *
 * Tokens of chats.  A signature may take 100 microseconds, and one message may
 * bring many: so only some are verified in a turn of the event loop.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include "base/chatws_str.h"
#include "process/ngx_http_chatws_event.h"
#include "process/ngx_http_chatws_scratch.h"
#include "client/ngx_http_chatws_chat_token.h"
#include "client/ngx_http_chatws_client_grant.h"
#include "client/ngx_http_chatws_proofs.h"


/* tokens that are verified in a turn of the event loop */
#define NGX_HTTP_CHATWS_TOKENS_TURN  16


/* Counts the tokens of a turn; the event ends it. */

typedef struct {
    ngx_connection_t   ident;
    ngx_event_t        event;
    ngx_uint_t         n;
} ngx_http_chatws_tokens_t;


static ngx_int_t ngx_http_chatws_tokens_take(void);
static void ngx_http_chatws_tokens_handler(ngx_event_t *ev);
static ngx_uint_t ngx_http_chatws_chat_token_rights(
    const chatws_claims_t *claims);


static ngx_http_chatws_tokens_t  ngx_http_chatws_tokens;


const chatws_fault_t *
ngx_http_chatws_chat_token(ngx_http_chatws_client_t *client,
    ngx_http_chatws_right_e right, const ngx_str_t *chat,
    const ngx_str_t *token)
{
    time_t                       now;
    ngx_int_t                    rc;
    ngx_uint_t                   rights;
    chatws_claims_t              claims;
    const chatws_str_t          *kid;
    const chatws_fault_t        *fault;
    ngx_http_chatws_proof_t      proof;

    static const chatws_fault_t  expired =
        chatws_fault_about(CHATWS_E_TOKEN_EXPIRED,
                           "the token of the chat has expired");

    static const chatws_fault_t  invalid =
        chatws_fault_about(CHATWS_E_TOKEN,
                           "the token of the chat is not valid");

    client->grant = 0;

    fault = ngx_http_chatws_client_denied(client, (ngx_str_t *) chat);

    if (fault != NULL) {
        return fault;
    }

    if (ngx_http_chatws_tokens_take() != NGX_OK) {
        return &ngx_http_chatws_undecided;
    }

    rc = ngx_http_chatws_credential_verify(client->rules->token,
                                           client->subscriber.hub, token,
                                           CHATWS_TOKEN_CHAT, &claims, &kid,
                                           client->session.connection->log);

    /* whose token it is counts for one that has expired as well */

    if (rc == NGX_DECLINED
        || !chatws_str_equal(&claims.sub, (chatws_str_t *) &client->user)
        || !chatws_str_equal(&claims.chat, (chatws_str_t *) chat))
    {
        return &invalid;
    }

    now = ngx_time();

    /* the leeway is for a token that is shown, and not for what it grants */

    if (rc == NGX_DONE || claims.exp <= (uint64_t) now) {
        return &expired;
    }

    rights = ngx_http_chatws_chat_token_rights(&claims);

    if (!(rights & ngx_http_chatws_right_bit(right))) {
        return &ngx_http_chatws_denied;
    }

    ngx_http_chatws_credential_proof(client->subscriber.hub, &claims, kid,
                                     &proof);

    if (ngx_http_chatws_proofs_set(client, chat, &proof) != NGX_OK) {
        return &ngx_http_chatws_unavailable;
    }

    client->grant = ngx_http_chatws_grant_make(NGX_HTTP_CHATWS_GRANT_TOKEN,
                             rights,
                             (time_t) ngx_min(claims.exp - (uint64_t) now,
                                              NGX_HTTP_CHATWS_GRANT_NEVER
                                              - 1));

    return NULL;
}


/* Without memory for what they are, there are none. */

static ngx_uint_t
ngx_http_chatws_chat_token_rights(const chatws_claims_t *claims)
{
    void                 *mem;
    size_t                size;
    chatws_json_arena_t   arena;

    if (claims->rights.len == 0) {
        return CHATWS_RIGHTS_ALL;
    }

    size = chatws_json_arena_size(claims->rights.len);
    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_GRANTS, size);

    if (mem == NULL) {
        return 0;
    }

    chatws_json_arena_init(&arena, mem, size);

    return chatws_rights_parse(&claims->rights, &arena);
}


/* NGX_BUSY: there were enough in this turn. */

static ngx_int_t
ngx_http_chatws_tokens_take(void)
{
    ngx_http_chatws_tokens_t  *tokens;

    tokens = &ngx_http_chatws_tokens;

    if (tokens->n == NGX_HTTP_CHATWS_TOKENS_TURN) {
        return NGX_BUSY;
    }

    if (tokens->n++ == 0) {
        ngx_http_chatws_event_owner(&tokens->ident, tokens);
        ngx_http_chatws_event_init(&tokens->event, &tokens->ident,
                                   ngx_http_chatws_tokens_handler,
                                   ngx_cycle->log);

        ngx_post_event(&tokens->event, &ngx_posted_next_events);
    }

    return NGX_OK;
}


static void
ngx_http_chatws_tokens_handler(ngx_event_t *ev)
{
    ngx_http_chatws_tokens_t  *tokens;

    tokens = ngx_http_chatws_event_data(ev);
    tokens->n = 0;
}
