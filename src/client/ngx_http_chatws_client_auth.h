
/*
 * Copyright (C) chatws contributors
 *
 * The token of a client in band: the first one, which tells who the client is,
 * its end, and the next ones.  Protocol, section 2.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_AUTH_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_AUTH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/* Returns how many clients of this worker have no user yet. */
ngx_uint_t ngx_http_chatws_auth_strangers(void);

/*
 * Is called once for a client whose user is not known, after its session has
 * started, or before an adopted one goes on.  due is the time by which it has
 * to send a token, in milliseconds since 1970; 0: that of the rules from now
 * on.
 */
void ngx_http_chatws_auth_wait(ngx_http_chatws_client_t *client,
    uint64_t due);

/* Is called after the client got a credential, outside of auth(). */
void ngx_http_chatws_auth_begin(ngx_http_chatws_client_t *client);

/* Frees what the client has of all this, at its end; may be called again. */
void ngx_http_chatws_auth_end(ngx_http_chatws_client_t *client);

/* The callback of the session: see ngx_http_chatws_due_pt. */
uint64_t ngx_http_chatws_auth_due(ngx_http_chatws_session_t *s);


#endif /* _NGX_HTTP_CHATWS_CLIENT_AUTH_H_INCLUDED_ */
