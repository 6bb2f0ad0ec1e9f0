
/*
 * Copyright (C) chatws contributors
 *
 * Who sends a publication: the directive chatws_sender, and the right of a user
 * whose request came with a token.  Protocol, section 7.
 */


#ifndef _NGX_HTTP_CHATWS_SENDER_H_INCLUDED_
#define _NGX_HTTP_CHATWS_SENDER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"
#include "protocol/chatws_publication.h"
#include "client/ngx_http_chatws_credential.h"
#include "hub/ngx_http_chatws_hub.h"


/* The sender that chatws_sender prescribes; data NULL: none. */

typedef struct {
    ngx_str_t  name;
} ngx_http_chatws_sender_t;


/*
 * Evaluates chatws_sender.  Returns 0, or the status of an error with fault,
 * whose texts are static, or 500: no memory.
 */
ngx_uint_t ngx_http_chatws_sender_get(ngx_http_request_t *r,
    ngx_http_chatws_sender_t *sender, chatws_fault_t *fault);

/*
 * Sets *with to the text of a publication that names the sender if the text
 * itself does not: it lives as long as the request.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_sender_add(ngx_http_request_t *r,
    const ngx_http_chatws_sender_t *sender, ngx_str_t *text, ngx_str_t *with);

/*
 * Whether the request may come from a user, who is not told how many get what
 * it sends: where a zone knows who is there, that would tell of the invisible.
 */
ngx_uint_t ngx_http_chatws_sender_is_discreet(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub);

/*
 * Lets the app server be asked for what the user of the request may, where it
 * is a source of rights in its location: sets the inquiry of the context, which
 * exists.  NGX_OK; NGX_DECLINED: that is never needed; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_sender_inquire(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub);

/*
 * Whether the request may publish this, as this sender; what nobody knows is
 * noted in the inquiry of the context, if that takes notes, and is no error.
 * Returns 0, or the status of an error with fault, whose texts are static, or
 * 500: no memory.
 */
ngx_uint_t ngx_http_chatws_sender_check(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, const ngx_http_chatws_sender_t *sender,
    const chatws_publication_t *pub, chatws_fault_t *fault);

/*
 * Whether a user may send to a chat by what is known without waiting: to be
 * asked where nobody is told the answer.  credential is that of the token of
 * the request, or NULL.
 */
ngx_uint_t ngx_http_chatws_sender_known(ngx_http_chatws_hub_t *hub,
    const ngx_http_chatws_rules_t *rules, ngx_str_t *user,
    const ngx_http_chatws_credential_t *credential, ngx_str_t *chat);


#endif /* _NGX_HTTP_CHATWS_SENDER_H_INCLUDED_ */
