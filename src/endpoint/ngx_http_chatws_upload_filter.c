
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_upload: a filter counts the bytes of request bodies.
 *
 * nginx calls it for main requests only, whatever protocol the body comes by,
 * and with each byte once: a mirror, a request for authentication or an include
 * reads no body of its own.  It is called before all other filters, as the type
 * of the module in "config" is.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_ctx.h"
#include "endpoint/ngx_http_chatws_handlers.h"
#include "endpoint/ngx_http_chatws_upload.h"


static ngx_int_t ngx_http_chatws_upload_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_chatws_upload_header_filter(ngx_http_request_t *r);
static void ngx_http_chatws_upload_count(ngx_http_request_t *r,
    const ngx_http_chatws_loc_conf_t *cwlcf, ngx_chain_t *in);
static ngx_http_chatws_upload_t *ngx_http_chatws_upload_get(
    ngx_http_request_t *r, const ngx_http_chatws_loc_conf_t *cwlcf);


static ngx_http_request_body_filter_pt   ngx_http_next_request_body_filter;
static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;


ngx_int_t
ngx_http_chatws_upload_init(ngx_conf_t *cf)
{
    ngx_http_chatws_main_conf_t  *cwmcf;

    cwmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_chatws_module);

    if (cwmcf->upload_id == NULL) {
        return NGX_OK;
    }

    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_chatws_upload_body_filter;

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_chatws_upload_header_filter;

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_upload_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_chatws_loc_conf_t  *cwlcf;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    /* a redirect may have led here from a location with uploads */

    if (cwlcf->upload != NULL || r->internal) {
        ngx_http_chatws_upload_count(r, cwlcf, in);
    }

    return ngx_http_next_request_body_filter(r, in);
}


static void
ngx_http_chatws_upload_count(ngx_http_request_t *r,
    const ngx_http_chatws_loc_conf_t *cwlcf, ngx_chain_t *in)
{
    off_t                      size;
    ngx_uint_t                 last;
    ngx_chain_t               *cl;
    ngx_http_chatws_upload_t  *upload;

    upload = ngx_http_chatws_upload_get(r, cwlcf);

    if (upload == NULL) {
        return;
    }

    size = 0;
    last = 0;

    for (cl = in; cl != NULL; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
        last |= cl->buf->last_buf;
    }

    ngx_http_chatws_upload_received(upload, size, last);
}


/* The context of a module is lost in an internal redirect. */

static ngx_http_chatws_upload_t *
ngx_http_chatws_upload_get(ngx_http_request_t *r,
    const ngx_http_chatws_loc_conf_t *cwlcf)
{
    ngx_http_chatws_ctx_t     *ctx;
    ngx_http_chatws_upload_t  *upload;

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);

    if (ctx != NULL && ctx->uploads) {
        return ctx->upload;
    }

    upload = ngx_http_chatws_upload_find(r);

    if (upload == NULL) {

        if (cwlcf->upload == NULL) {
            return NULL;
        }

        upload = ngx_http_chatws_upload_create(r, cwlcf);
    }

    ctx = ngx_http_chatws_get_ctx(r);

    if (ctx != NULL) {
        ctx->upload = upload;
        ctx->uploads = 1;
    }

    return upload;
}


/*
 * The answer ends the upload.  The request itself may last longer: nginx goes
 * on to read from the connection, or a client is slow to read.
 */

static ngx_int_t
ngx_http_chatws_upload_header_filter(ngx_http_request_t *r)
{
    ngx_http_chatws_upload_t  *upload;

    if (r == r->main && r->request_body != NULL) {
        upload = ngx_http_chatws_upload_find(r);

        if (upload != NULL) {
            ngx_http_chatws_upload_answered(upload, r->headers_out.status);
        }
    }

    return ngx_http_next_header_filter(r);
}
