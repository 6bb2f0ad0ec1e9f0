
/*
 * Copyright (C) chatws contributors
 *
 * What a handshake says of the client where the zone knows people.
 */


#ifndef _NGX_HTTP_CHATWS_CONNECT_PEOPLE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CONNECT_PEOPLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/*
 * Gives a new client what the arguments "chats", "presence" and "state" say,
 * and chatws_presence_state in place of the second; it keeps zeros where one
 * of them is missing, or has no value that is known.  Does nothing where the
 * zone knows no people.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_connect_people(ngx_http_request_t *r,
    ngx_http_chatws_client_t *client);


#endif /* _NGX_HTTP_CHATWS_CONNECT_PEOPLE_H_INCLUDED_ */
