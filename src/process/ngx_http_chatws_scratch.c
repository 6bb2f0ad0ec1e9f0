
/*
 * Copyright (C) chatws contributors
 *
 * Memory of the worker for parsers, kept between messages.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_scratch.h"


/* bytes of a piece that is kept, at most */
#define NGX_HTTP_CHATWS_SCRATCH_KEEP  (256 * 1024)


typedef struct {
    void    *data;
    size_t   size;
} ngx_http_chatws_scratch_t;


static void ngx_http_chatws_scratch_free(size_t keep);


static ngx_http_chatws_scratch_t
    ngx_http_chatws_scratch[NGX_HTTP_CHATWS_SCRATCH_N];


void *
ngx_http_chatws_scratch_get(ngx_http_chatws_scratch_e user, size_t size)
{
    ngx_http_chatws_scratch_t  *scratch;

    scratch = &ngx_http_chatws_scratch[user];

    if (size <= scratch->size) {
        return scratch->data;
    }

    ngx_free(scratch->data);

    scratch->data = ngx_alloc(size, ngx_cycle->log);
    scratch->size = scratch->data != NULL ? size : 0;

    return scratch->data;
}


void
ngx_http_chatws_scratch_put(void)
{
    ngx_http_chatws_scratch_free(NGX_HTTP_CHATWS_SCRATCH_KEEP);
}


void
ngx_http_chatws_scratch_done(void)
{
    ngx_http_chatws_scratch_free(0);
}


/* Frees those that are larger than keep bytes. */

static void
ngx_http_chatws_scratch_free(size_t keep)
{
    ngx_uint_t                  i;
    ngx_http_chatws_scratch_t  *scratch;

    for (i = 0; i < NGX_HTTP_CHATWS_SCRATCH_N; i++) {
        scratch = &ngx_http_chatws_scratch[i];

        if (scratch->size > keep) {
            ngx_free(scratch->data);
            scratch->data = NULL;
            scratch->size = 0;
        }
    }
}
