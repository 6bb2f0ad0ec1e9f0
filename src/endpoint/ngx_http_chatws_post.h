
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


/*
 * Reads the body of a request, and then calls the handler.  The body of a main
 * request has to be JSON and not coded, else the request is refused.  A
 * subrequest has the header of its parent, which is not about its body.
 *
 * The content handler returns the same value.
 */
ngx_int_t ngx_http_chatws_post_read(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler);

/*
 * The request, whose body was read, waits for something: it ends if the client
 * goes away meanwhile.  A subrequest is not watched.  NGX_ERROR: the
 * connection can't be.
 */
ngx_int_t ngx_http_chatws_post_watch(ngx_http_request_t *r);


#endif /* _NGX_HTTP_CHATWS_POST_H_INCLUDED_ */
