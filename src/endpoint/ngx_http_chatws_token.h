
/*
 * Copyright (C) chatws contributors
 *
 * The token of a request, which is found and verified when it is first asked
 * for, in any phase, and once: subrequests, and the request after internal
 * redirects, share what came of it.
 */


#ifndef _NGX_HTTP_CHATWS_TOKEN_H_INCLUDED_
#define _NGX_HTTP_CHATWS_TOKEN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"
#include "client/ngx_http_chatws_credential.h"
#include "endpoint/ngx_http_chatws_token_conf.h"


typedef enum {
    NGX_HTTP_CHATWS_TOKEN_NONE = 0,    /* the request has none */
    NGX_HTTP_CHATWS_TOKEN_BAD,
    NGX_HTTP_CHATWS_TOKEN_EXPIRED,
    NGX_HTTP_CHATWS_TOKEN_GOOD,
    NGX_HTTP_CHATWS_TOKEN_N
} ngx_http_chatws_token_state_e;


typedef struct ngx_http_chatws_token_s  ngx_http_chatws_token_t;


/* All of it lives as long as the main request. */

struct ngx_http_chatws_token_s {
    ngx_http_chatws_token_t       *next;       /* of the same request, by other
                                                  settings */

    /* the settings by which it was found and verified */

    const ngx_http_chatws_token_sources_t  *sources;
    const chatws_token_policy_t            *policy;
    ngx_http_chatws_hub_t                  *hub;       /* or NULL */

    ngx_http_chatws_token_state_e  state;

    /* the rest is set in a good one */

    ngx_str_t                      user;       /* of sub */
    ngx_str_t                      name;
    ngx_str_t                      claims;     /* JSON, as it was signed */
    ngx_http_chatws_credential_t  *credential;
    unsigned                       api_read:1; /* "chatws" has "read" */
    unsigned                       api_write:1;
    unsigned                       bearer:1;   /* it came as a subprotocol */
};


/*
 * Sets *token to the token of the main request by the settings of its
 * location; where tokens are off there, to the one that it had in another
 * location, or to NULL.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_token_get(ngx_http_request_t *r,
    ngx_http_chatws_token_t **token);

/* The same, but NULL unless the token is good. */
ngx_int_t ngx_http_chatws_token_good(ngx_http_request_t *r,
    ngx_http_chatws_token_t **token);

/*
 * Whether the request, which has this token, needs none, because it is sent as
 * the first message.
 */
ngx_uint_t ngx_http_chatws_token_follows(ngx_http_request_t *r,
    const ngx_http_chatws_token_t *token);

/*
 * Whether the request may read, or write, by an API of the server, for which a
 * token has to say so where tokens are on; that of a subrequest's main request.
 * NGX_OK; NGX_DECLINED: it may not; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_token_allows(ngx_http_request_t *r,
    ngx_uint_t write);

/* Why the request is refused with 401; static.  state is not "good". */
const chatws_fault_t *ngx_http_chatws_token_fault(
    ngx_http_chatws_token_state_e state);


#endif /* _NGX_HTTP_CHATWS_TOKEN_H_INCLUDED_ */
