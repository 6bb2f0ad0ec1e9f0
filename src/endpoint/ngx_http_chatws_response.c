
/*
 * Copyright (C) chatws contributors
 *
 * HTTP answers with a JSON body, and the header fields of refusals.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "endpoint/ngx_http_chatws_response.h"


static ngx_int_t ngx_http_chatws_response_headers(ngx_http_request_t *r,
    ngx_uint_t status);
static ngx_http_err_page_t *ngx_http_chatws_response_error_page(
    ngx_http_request_t *r, ngx_uint_t status);


ngx_int_t
ngx_http_chatws_response_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.len = ngx_strlen(name);
    h->key.data = (u_char *) name;
    h->value = *value;

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_response_json(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *body)
{
    ngx_int_t    rc;
    ngx_buf_t   *b;
    ngx_chain_t  out;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = 1;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    r->headers_out.status = status;
    r->headers_out.content_length_n = body->len;

    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_http_chatws_response_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const chatws_fault_t *fault, ngx_http_chatws_refusal_pt refusal)
{
    ngx_int_t             rc;
    ngx_str_t             body;
    ngx_http_err_page_t  *page;

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "chatws refuses with %ui: %V, %V", status,
                  (ngx_str_t *) &fault->error, (ngx_str_t *) &fault->details);

    page = ngx_http_chatws_response_error_page(r, status);

    /*
     * An error_page with "=" has another location answer: with header fields
     * of its own, and with the body of the request, which it may read.
     */

    if ((page == NULL || page->overwrite == -1)
        && ngx_http_chatws_response_headers(r, status) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (page != NULL) {
        return status;
    }

    rc = ngx_http_chatws_response_ignore_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (refusal(r, fault, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_chatws_response_json(r, status, &body);
}


ngx_int_t
ngx_http_chatws_response_ignore_body(ngx_http_request_t *r)
{
    /* no "100 Continue", which would ask for it: RFC 9110, section 10.1.1 */
    r->expect_tested = 1;

    return ngx_http_discard_request_body(r);
}


/* Adds the header fields that belong to an answer with this status. */

static ngx_int_t
ngx_http_chatws_response_headers(ngx_http_request_t *r, ngx_uint_t status)
{
    static ngx_str_t  version = ngx_string("13");
    static ngx_str_t  upgrade = ngx_string("websocket");
    static ngx_str_t  connection = ngx_string("Upgrade");
    static ngx_str_t  scheme = ngx_string("Bearer");

    switch (status) {

    case NGX_HTTP_CHATWS_UPGRADE_REQUIRED:

        /* RFC 9113, section 8.2.2: HTTP/2 has no such fields */

        if (r->http_version < NGX_HTTP_VERSION_20
            && (ngx_http_chatws_response_header(r, "Upgrade", &upgrade)
                != NGX_OK
                || ngx_http_chatws_response_header(r, "Connection",
                                                   &connection)
                   != NGX_OK))
        {
            return NGX_ERROR;
        }

        ngx_str_set(&r->headers_out.status_line, "426 Upgrade Required");

        return ngx_http_chatws_response_header(r, "Sec-WebSocket-Version",
                                               &version);

    case NGX_HTTP_UNAUTHORIZED:
        return ngx_http_chatws_response_header(r, "WWW-Authenticate", &scheme);

    case NGX_HTTP_SERVICE_UNAVAILABLE:
        return ngx_http_chatws_response_again(r);

    default:
        return NGX_OK;
    }
}


ngx_int_t
ngx_http_chatws_response_again(ngx_http_request_t *r)
{
    ngx_str_t  after;

    after.len = 1;
    after.data = ngx_pnalloc(r->pool, 1);

    if (after.data == NULL) {
        return NGX_ERROR;
    }

    after.data[0] = (u_char) ('0' + ngx_http_chatws_response_after(r));

    return ngx_http_chatws_response_header(r, "Retry-After", &after);
}


ngx_uint_t
ngx_http_chatws_response_after(ngx_http_request_t *r)
{
    /* neither those of one moment nor those of one connection are alike */

    return 1 + (r->start_msec + r->connection->number) % 5;
}


/* Returns the error_page of the location for this status, or NULL. */

static ngx_http_err_page_t *
ngx_http_chatws_response_error_page(ngx_http_request_t *r, ngx_uint_t status)
{
    ngx_uint_t                 i;
    ngx_http_err_page_t       *err_page;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->error_pages == NULL || r != r->main || r->error_page) {
        return NULL;
    }

    err_page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {
        if (err_page[i].status == (ngx_int_t) status) {
            return &err_page[i];
        }
    }

    return NULL;
}
