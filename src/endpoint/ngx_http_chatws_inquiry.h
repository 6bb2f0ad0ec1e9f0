
/*
 * Copyright (C) chatws contributors
 *
 * Whether the user of a request may send: what no other source grants, and the
 * cache does not know, the app server is asked for, and the request waits.
 * First the chats are noted, then the app server is asked for all of them, and
 * then what it has said is found here.  Protocol, section 7.
 */


#ifndef _NGX_HTTP_CHATWS_INQUIRY_H_INCLUDED_
#define _NGX_HTTP_CHATWS_INQUIRY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"
#include "client/ngx_http_chatws_client_access.h"
#include "hub/ngx_http_chatws_hub.h"


/* It lives as long as the request. */

typedef struct ngx_http_chatws_inquiry_s  ngx_http_chatws_inquiry_t;


/* The request goes on: the handler finalizes it. */

typedef void (*ngx_http_chatws_inquiry_pt)(ngx_http_request_t *r);


/*
 * Makes an inquiry into the rights of a user, whose bytes live as long as the
 * request; chats can be noted.  NULL: no memory.
 */
ngx_http_chatws_inquiry_t *ngx_http_chatws_inquiry_create(
    ngx_http_request_t *r, ngx_http_chatws_hub_t *hub,
    const ngx_http_chatws_rules_t *rules, const ngx_str_t *user);

/* Whether it was made, perhaps not, and the app server was not asked yet. */
ngx_uint_t ngx_http_chatws_inquiry_notes(
    const ngx_http_chatws_inquiry_t *inquiry);

/* Notes a chat, whose id is copied.  NGX_ERROR: no memory. */
ngx_int_t ngx_http_chatws_inquiry_note(ngx_http_chatws_inquiry_t *inquiry,
    const ngx_str_t *chat);

/*
 * Asks for what was noted.  NGX_OK: that was nothing.  NGX_AGAIN: the request
 * waits, with the reference that it has, and the handler is called within the
 * time of chatws_access_timeout, unless the client leaves.  NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_http_chatws_inquiry_ask(ngx_http_chatws_inquiry_t *inquiry,
    ngx_http_chatws_inquiry_pt handler);

/*
 * What has come of it for a chat.  NGX_OK: *fault is NULL, the user may send,
 * or static.  NGX_DECLINED: the app server was not asked for this chat.
 */
ngx_int_t ngx_http_chatws_inquiry_find(
    const ngx_http_chatws_inquiry_t *inquiry, const ngx_str_t *chat,
    const chatws_fault_t **fault);


#endif /* _NGX_HTTP_CHATWS_INQUIRY_H_INCLUDED_ */
