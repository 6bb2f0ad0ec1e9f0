
/*
 * Copyright (C) chatws contributors
 *
 * Outgoing frames and their buffers.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "process/ngx_http_chatws_outframe.h"


ngx_http_chatws_buf_t *
ngx_http_chatws_buf_alloc(size_t len, ngx_log_t *log)
{
    ngx_http_chatws_buf_t  *buf;

    buf = ngx_alloc(sizeof(ngx_http_chatws_buf_t) + len, log);
    if (buf == NULL) {
        return NULL;
    }

    buf->next = NULL;
    buf->key = 0;
    buf->refs = 1;
    buf->len = len;

    return buf;
}


void
ngx_http_chatws_buf_release(ngx_http_chatws_buf_t *buf)
{
    if (buf != NULL && --buf->refs == 0) {
        ngx_free(buf);
    }
}


void
ngx_http_chatws_outframe_init(ngx_http_chatws_outframe_t *frame, u_char *data,
    size_t len)
{
    frame->data = data;
    frame->len = len;
    frame->copy = NULL;
    frame->deflated = NULL;
    frame->origin = NULL;
    frame->key = 0;
    frame->droppable = 0;
    frame->counted = 0;
    frame->state = 0;
}


void
ngx_http_chatws_outframe_done(ngx_http_chatws_outframe_t *frame)
{
    ngx_http_chatws_buf_t  *buf, *next;

    ngx_http_chatws_buf_release(frame->copy);

    for (buf = frame->deflated; buf != NULL; buf = next) {
        next = buf->next;
        ngx_http_chatws_buf_release(buf);
    }
}
