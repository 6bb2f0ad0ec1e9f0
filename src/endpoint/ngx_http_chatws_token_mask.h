
/*
 * Copyright (C) chatws contributors
 *
 * Tokens in the arguments of a request are hidden from variables and logs:
 * their bytes in the request line are overwritten.
 */


#ifndef _NGX_HTTP_CHATWS_TOKEN_MASK_H_INCLUDED_
#define _NGX_HTTP_CHATWS_TOKEN_MASK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Overwrites the values of all arguments of the request that have one of the
 * names, an array of ngx_str_t, in any case of letters.
 */
void ngx_http_chatws_token_mask_names(ngx_http_request_t *r,
    const ngx_array_t *names);

/*
 * Overwrites a text wherever the request line and the arguments have it.  The
 * text itself may lie there: then it becomes a copy, which lives as long as the
 * request.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_chatws_token_mask_text(ngx_http_request_t *r,
    ngx_str_t *text);


#endif /* _NGX_HTTP_CHATWS_TOKEN_MASK_H_INCLUDED_ */
