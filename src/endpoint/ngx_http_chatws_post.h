
/*
 * Copyright (C) chatws contributors
 *
 * What a POST with a JSON body has to be like before its body is read.
 */


#ifndef _NGX_HTTP_CHATWS_POST_H_INCLUDED_
#define _NGX_HTTP_CHATWS_POST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"


/*
 * Checks that the body of a main request is JSON and not coded.  A subrequest
 * has the header of its parent, which is not about its body.
 *
 * Returns 0, or the status to refuse the request with; *fault, which is static,
 * then says why.
 */
ngx_uint_t ngx_http_chatws_post_check(ngx_http_request_t *r,
    const chatws_fault_t **fault);


#endif /* _NGX_HTTP_CHATWS_POST_H_INCLUDED_ */
