
/*
 * Copyright (C) chatws contributors
 *
 * What the app server may ask of a chat and of a user: who is in it, and in
 * which chats.
 */


#ifndef _NGX_HTTP_CHATWS_API_PEOPLE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_API_PEOPLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_zone.h"


/*
 * Answers a GET with the people of the chat that the argument "chatId" names,
 * or with the chats of the user that "userId" names, page by page.  The content
 * handler returns the same value.
 */
ngx_int_t ngx_http_chatws_api_chat(ngx_http_request_t *r,
    ngx_http_chatws_zone_t *zone);
ngx_int_t ngx_http_chatws_api_user(ngx_http_request_t *r,
    ngx_http_chatws_zone_t *zone);


#endif /* _NGX_HTTP_CHATWS_API_PEOPLE_H_INCLUDED_ */
