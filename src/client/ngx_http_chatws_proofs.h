
/*
 * Copyright (C) chatws contributors
 *
 * What a client keeps of the tokens of chats by which it is subscribed, so that
 * their revocation finds these subscriptions.
 */


#ifndef _NGX_HTTP_CHATWS_PROOFS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_PROOFS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_command.h"
#include "client/ngx_http_chatws_client.h"


/*
 * Keeps the proof, which is copied, in place of that for the same chat.  Those
 * of chats that the client has left give way to others.  NGX_ERROR: there is
 * no memory.
 */
ngx_int_t ngx_http_chatws_proofs_set(ngx_http_chatws_client_t *client,
    const ngx_str_t *chat, const ngx_http_chatws_proof_t *proof);

/* The proof for a chat, until the next one is set.  NULL: there is none. */
const ngx_http_chatws_proof_t *ngx_http_chatws_proofs_get(
    ngx_http_chatws_client_t *client, const ngx_str_t *chat);

/*
 * Carries a revoke out, which was packed and has this offset in the durable
 * ring: ends the subscriptions of before by tokens that it is about.  Actions
 * that wait show their tokens again.
 */
void ngx_http_chatws_proofs_revoke(ngx_http_chatws_client_t *client,
    const chatws_command_t *command, uint64_t offset);

/* Frees them.  May be called again. */
void ngx_http_chatws_proofs_free(ngx_http_chatws_client_t *client);


#endif /* _NGX_HTTP_CHATWS_PROOFS_H_INCLUDED_ */
