
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_expires: until when a connection may go on.
 */


#ifndef _NGX_HTTP_CHATWS_EXPIRES_H_INCLUDED_
#define _NGX_HTTP_CHATWS_EXPIRES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_fault.h"


/*
 * Evaluates chatws_expires for a request that connects.  Sets *time to the end
 * of its session in milliseconds since 1970; 0: there is none.
 *
 * Returns 0; otherwise the status of the refusal, and *fault, which is static
 * and not set with a 500.
 */
ngx_uint_t ngx_http_chatws_expires(ngx_http_request_t *r, uint64_t *time,
    const chatws_fault_t **fault);


#endif /* _NGX_HTTP_CHATWS_EXPIRES_H_INCLUDED_ */
