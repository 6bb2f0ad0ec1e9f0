
/*
 * Copyright (C) chatws contributors
 *
 * A publication to users: it goes to the inbox of each of them.
 */


#ifndef _NGX_HTTP_CHATWS_PUBLISH_USERS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_PUBLISH_USERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_publication.h"
#include "hub/ngx_http_chatws_hub.h"


/*
 * Decides what "toUsers" of a publication that was parsed is, see
 * chatws_publication_aim().  Returns 0; 400, and fault is set; or 500: no
 * memory.
 */
ngx_uint_t ngx_http_chatws_publish_aim(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, chatws_publication_t *pub,
    chatws_fault_t *fault);

/*
 * Publishes a publication that is for users, was stamped and may be published,
 * and sets the variables.  Returns 201 with answer, if one user was accepted;
 * the status of the first error with fault, whose texts are static; or 500, no
 * memory, with neither.
 */
ngx_uint_t ngx_http_chatws_publish_users(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, chatws_publication_t *pub, ngx_str_t *answer,
    chatws_fault_t *fault);


#endif /* _NGX_HTTP_CHATWS_PUBLISH_USERS_H_INCLUDED_ */
