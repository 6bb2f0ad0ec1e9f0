
/*
 * Copyright (C) chatws contributors
 *
 * The context of a request.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_ctx.h"


ngx_http_chatws_ctx_t *
ngx_http_chatws_get_ctx(ngx_http_request_t *r)
{
    ngx_http_chatws_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_chatws_module);

    if (ctx != NULL) {
        return ctx;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_chatws_ctx_t));

    if (ctx != NULL) {
        ngx_http_set_ctx(r, ctx, ngx_http_chatws_module);
    }

    return ctx;
}
