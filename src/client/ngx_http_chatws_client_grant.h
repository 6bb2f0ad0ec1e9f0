
/*
 * Copyright (C) chatws contributors
 *
 * Grants of a client: by what it may be in a chat, and the cache of what the
 * app server has answered, which all workers share.
 */


#ifndef _NGX_HTTP_CHATWS_CLIENT_GRANT_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CLIENT_GRANT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/*
 * A grant, the mark of a subscription: in its lower bits who has given it, and
 * which rights; above them when it is due, to be asked for again or as the end
 * of a token; those of claims and members never are.  0: it is none of these.
 */

#define NGX_HTTP_CHATWS_GRANT_REQUEST  1        /* the app server */
#define NGX_HTTP_CHATWS_GRANT_TOKEN    2        /* a token of the chat */
#define NGX_HTTP_CHATWS_GRANT_CLAIMS   3        /* the token of the client */

/* the whole mark where the client is in a chat as its member, and where it was
   subscribed when it became one */
#define NGX_HTTP_CHATWS_GRANT_MEMBER   4
#define NGX_HTTP_CHATWS_GRANT_JOINED   8

#define ngx_http_chatws_grant_source(grant)  ((grant) & 3)
#define ngx_http_chatws_grant_rights(grant)  (((grant) >> 2) & 7)

/* seconds that are taken for "never" */
#define NGX_HTTP_CHATWS_GRANT_NEVER    ((1 << 26) - 1)


/*
 * Makes a grant that is due in so many seconds, NEVER at most.  ttl 0: it is
 * due now.
 */
uint32_t ngx_http_chatws_grant_make(ngx_uint_t source, ngx_uint_t rights,
    time_t ttl);

/* The seconds until a grant is due: 0 if it is, NEVER if it won't be. */
time_t ngx_http_chatws_grant_ttl(uint32_t grant);

/* A grant of the app server, due when it is to be asked again. */
uint32_t ngx_http_chatws_request_grant(ngx_http_chatws_client_t *client);

/*
 * Whether a grant of the app server is older than a command for the user of the
 * client.  commands are those that there were before it was looked for: see
 * ngx_http_chatws_hub_grant_commands().
 */
ngx_uint_t ngx_http_chatws_grant_overruled(
    const ngx_http_chatws_client_t *client, uint32_t grant, uint32_t commands);

/* The bit that a right is in claims and answers. */
ngx_uint_t ngx_http_chatws_right_bit(ngx_http_chatws_right_e right);

/*
 * What the app server at the URL has answered for a user in a chat, as
 * ngx_http_chatws_hub_grant_get() and ngx_http_chatws_hub_grant_put().
 */
ngx_int_t ngx_http_chatws_grant_known(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *url, const ngx_str_t *user, const ngx_str_t *chat,
    uint32_t *rights);
ngx_int_t ngx_http_chatws_grant_learn(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *url, const ngx_str_t *user, const ngx_str_t *chat,
    uint32_t commands, ngx_uint_t rights, time_t ttl);

/*
 * What the app server has answered for the user of the client in a chat: see
 * ngx_http_chatws_hub_grant_get() and ngx_http_chatws_hub_grant_put().
 */
ngx_int_t ngx_http_chatws_grant_get(ngx_http_chatws_client_t *client,
    ngx_str_t *chat, ngx_uint_t *rights);
ngx_int_t ngx_http_chatws_grant_put(ngx_http_chatws_client_t *client,
    ngx_str_t *chat, uint32_t commands, ngx_uint_t rights, time_t ttl);


#endif /* _NGX_HTTP_CHATWS_CLIENT_GRANT_H_INCLUDED_ */
