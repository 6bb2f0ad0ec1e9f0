
/*
 * Copyright (C) chatws contributors
 *
 * The handlers of this room that nginx calls: each is defined in the file of
 * its name.
 */


#ifndef _NGX_HTTP_CHATWS_HANDLERS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HANDLERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* content handlers of chatws, chatws_api, chatws_close, and so on */
ngx_int_t ngx_http_chatws_api_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_chatws_connect_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_chatws_farewell_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_chatws_publish_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_chatws_status_handler(ngx_http_request_t *r);

/* Installs the filters of chatws_publish_response; postconfiguration. */
ngx_int_t ngx_http_chatws_publish_response_init(ngx_conf_t *cf);

/*
 * Installs the handlers of phases of chatws_token, if a location has it;
 * postconfiguration.
 */
ngx_int_t ngx_http_chatws_token_init(ngx_conf_t *cf);

/*
 * Installs the filters of chatws_upload, if a location has it;
 * postconfiguration.
 */
ngx_int_t ngx_http_chatws_upload_init(ngx_conf_t *cf);

/* Registers the variables; preconfiguration.  NGX_ERROR: no memory. */
ngx_int_t ngx_http_chatws_variables_add(ngx_conf_t *cf);


#endif /* _NGX_HTTP_CHATWS_HANDLERS_H_INCLUDED_ */
