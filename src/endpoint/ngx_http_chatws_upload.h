
/*
 * Copyright (C) chatws contributors
 *
 * An upload, whose request body is counted, and who is told how it goes: see
 * docs/uploads.md.
 */


#ifndef _NGX_HTTP_CHATWS_UPLOAD_H_INCLUDED_
#define _NGX_HTTP_CHATWS_UPLOAD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_notify.h"
#include "endpoint/ngx_http_chatws_conf.h"


typedef struct ngx_http_chatws_upload_s  ngx_http_chatws_upload_t;


/*
 * Makes the upload of a main request, by the settings of its location, and
 * shows it.  It lives as long as the pool of the request, whose end is the end
 * of the upload.  NULL: the request has none that is shown.
 */
ngx_http_chatws_upload_t *ngx_http_chatws_upload_create(ngx_http_request_t *r,
    const ngx_http_chatws_loc_conf_t *cwlcf);

/*
 * Finds the upload that create() has made for the request, or NULL, also after
 * internal redirects.
 */
ngx_http_chatws_upload_t *ngx_http_chatws_upload_find(ngx_http_request_t *r);

/* So many bytes more were received; last: these were all. */
void ngx_http_chatws_upload_received(ngx_http_chatws_upload_t *upload,
    off_t size, ngx_uint_t last);

/*
 * The request is answered with this status, which ends the upload: where the
 * body is not all there, an error is the end, too.
 */
void ngx_http_chatws_upload_answered(ngx_http_chatws_upload_t *upload,
    ngx_uint_t status);


#endif /* _NGX_HTTP_CHATWS_UPLOAD_H_INCLUDED_ */
