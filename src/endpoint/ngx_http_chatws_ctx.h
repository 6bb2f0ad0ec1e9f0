
/*
 * Copyright (C) chatws contributors
 *
 * The context of a request: values of variables, what is published, and the
 * response that chatws_publish_response collects.
 */


#ifndef _NGX_HTTP_CHATWS_CTX_H_INCLUDED_
#define _NGX_HTTP_CHATWS_CTX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_inquiry.h"


typedef struct {
    ngx_str_t      user;            /* data NULL: not identified yet */
    ngx_str_t      username;
    ngx_str_t      chat;            /* data NULL: nothing was published */
    ngx_str_t      users;           /* names, with commas between them; data
                                       NULL: it was not published to users */
    ngx_str_t      result;          /* data NULL: none yet */
    uint64_t       seq;
    uint32_t       recipients;
    unsigned       published:1;     /* seq and recipients are set */
    unsigned       naming:2;        /* expressions in evaluation */

    ngx_str_t      text;            /* the body that is published, */
    ngx_http_chatws_inquiry_t
                  *inquiry;         /* and whether the user may; NULL: nobody
                                       needs to be asked */

    ngx_chain_t   *body;            /* copies of the bufs of the response */
    ngx_chain_t  **last;            /* where the next one is linked */
    size_t         size;            /* bytes in them */
    unsigned       wanted:1;        /* the response is collected */
    unsigned       coding:2;        /* ngx_http_chatws_coding_e */
    unsigned       further:1;       /* "toUsers" in it is a further member */

    void          *upload;          /* see upload.c; NULL: none is shown, */
    unsigned       uploads:1;       /* if this is set */
} ngx_http_chatws_ctx_t;


/*
 * Returns the context of the request, and makes it on the first call.  It
 * lives as long as the request.  NULL: no memory.
 */
ngx_http_chatws_ctx_t *ngx_http_chatws_get_ctx(ngx_http_request_t *r);


#endif /* _NGX_HTTP_CHATWS_CTX_H_INCLUDED_ */
