
/*
 * Copyright (C) chatws contributors
 *
 * Credentials: what is kept of a token for as long as a connection lives.
 */


#ifndef _NGX_HTTP_CHATWS_CREDENTIAL_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CREDENTIAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "token/chatws_grant.h"
#include "token/chatws_token.h"
#include "store/chatws_revocation.h"
#include "hub/ngx_http_chatws_hub.h"


/* By what of it a token may be revoked. */

typedef struct {
    uint64_t              iat;      /* in seconds since 1970 */
    chatws_revoked_key_t  jti;      /* zeros: the token has no id */
    chatws_revoked_key_t  kid;      /* zeros: its key has no id */
} ngx_http_chatws_proof_t;


/* One block of memory, which is replaced as a whole. */

typedef struct {
    uint64_t                 exp;      /* in seconds since 1970 */
    ngx_http_chatws_proof_t  proof;
    size_t                   len;      /* bytes of grants */
    u_char                   grants[]; /* for chatws_grants_find() */
} ngx_http_chatws_credential_t;


/*
 * Verifies a token by a policy now.  hub is that of the zone whose
 * revocations count, or NULL.  The strings of claims are in memory of the
 * worker, until the next call, or until ngx_http_chatws_scratch_put(), which
 * the caller calls; *kid lives as long as the policy.
 *
 * NGX_OK; NGX_DONE: all is right but the time, it has expired; NGX_DECLINED:
 * it is not valid.  The last two are logged, without anything of the token.
 */
ngx_int_t ngx_http_chatws_credential_verify(
    const chatws_token_policy_t *policy, ngx_http_chatws_hub_t *hub,
    const ngx_str_t *text, chatws_token_use_e use, chatws_claims_t *claims,
    const chatws_str_t **kid, ngx_log_t *log);

/*
 * Makes a credential of verified claims.  hub is as above; without it there
 * are no keys of revocations in it.  It is in memory of the worker as the
 * claims are: the caller copies it.
 *
 * NGX_OK; NGX_DECLINED: what the claims grant is not valid, or there is no
 * memory, which is logged.
 */
ngx_int_t ngx_http_chatws_credential_make(ngx_http_chatws_hub_t *hub,
    const chatws_claims_t *claims, const chatws_str_t *kid,
    ngx_http_chatws_credential_t **credential, ngx_log_t *log);

/* Sets the proof of verified claims; hub is as above. */
void ngx_http_chatws_credential_proof(ngx_http_chatws_hub_t *hub,
    const chatws_claims_t *claims, const chatws_str_t *kid,
    ngx_http_chatws_proof_t *proof);

/* The seconds until its token expires; 0: it has. */
uint64_t ngx_http_chatws_credential_left(
    const ngx_http_chatws_credential_t *credential);

/* The bytes of a credential. */
size_t ngx_http_chatws_credential_size(
    const ngx_http_chatws_credential_t *credential);

/* Copies it to memory that ngx_free() frees.  NULL: there is none. */
ngx_http_chatws_credential_t *ngx_http_chatws_credential_copy(
    const ngx_http_chatws_credential_t *credential, ngx_log_t *log);

/*
 * Sets key to the two hashes by which the zone of the hub knows something that
 * may be revoked: of the kind, and of the value.
 */
void ngx_http_chatws_credential_key(ngx_http_chatws_hub_t *hub,
    chatws_revoked_e kind, const ngx_str_t *value, chatws_revoked_key_t *key);


#endif /* _NGX_HTTP_CHATWS_CREDENTIAL_H_INCLUDED_ */
