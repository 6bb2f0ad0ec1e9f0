
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_api: the app server reads the state of a zone, and gives
 * commands.  See docs/server-api.md.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "json/chatws_json.h"
#include "json/chatws_json_scan.h"
#include "process/ngx_http_chatws_scratch.h"
#include "client/ngx_http_chatws_revoked.h"
#include "endpoint/ngx_http_chatws_api_changes.h"
#include "endpoint/ngx_http_chatws_api_one.h"
#include "endpoint/ngx_http_chatws_api_people.h"
#include "endpoint/ngx_http_chatws_body.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_ctx.h"
#include "endpoint/ngx_http_chatws_handlers.h"
#include "endpoint/ngx_http_chatws_origin.h"
#include "endpoint/ngx_http_chatws_post.h"
#include "endpoint/ngx_http_chatws_publish_batch.h"
#include "endpoint/ngx_http_chatws_publish_one.h"
#include "endpoint/ngx_http_chatws_refuse.h"
#include "endpoint/ngx_http_chatws_response.h"
#include "endpoint/ngx_http_chatws_token.h"


/* bytes of an answer to GET without the name of the zone, at most */
#define NGX_HTTP_CHATWS_API_SIZE  256


/* Answers a question; the content handler returns the same value. */

typedef ngx_int_t (*ngx_http_chatws_api_what_pt)(ngx_http_request_t *r,
    ngx_http_chatws_zone_t *zone);


typedef struct {
    ngx_str_t                    what;
    ngx_http_chatws_api_what_pt  handler;
} ngx_http_chatws_api_what_t;


static ngx_int_t ngx_http_chatws_api_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_api_method(ngx_http_request_t *r,
    ngx_flag_t write);
static ngx_int_t ngx_http_chatws_api_get(ngx_http_request_t *r,
    ngx_http_chatws_zone_t *zone);
static ngx_int_t ngx_http_chatws_api_info(ngx_http_request_t *r,
    ngx_http_chatws_zone_t *zone);
static void ngx_http_chatws_api_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_api_post(ngx_http_request_t *r);
static ngx_int_t ngx_http_chatws_api_batch(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text);
static ngx_int_t ngx_http_chatws_api_command(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, ngx_str_t *text);


/* what can be asked for; each row is a value of the argument "what" */

static const ngx_http_chatws_api_what_t  ngx_http_chatws_api_whats[] = {
    { ngx_string("info"), ngx_http_chatws_api_info },
    { ngx_string("chat"), ngx_http_chatws_api_chat },
    { ngx_string("user"), ngx_http_chatws_api_user }
};


ngx_int_t
ngx_http_chatws_api_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    const chatws_fault_t        *fault;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    static const chatws_fault_t  denied =
        chatws_fault("Not allowed",
                     "the token has to say so in its claim \"chatws\"");

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);

    if (ngx_http_chatws_api_header(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
        && !(r->method == NGX_HTTP_POST && cwlcf->write))
    {
        return ngx_http_chatws_api_method(r, cwlcf->write);
    }

    rc = ngx_http_chatws_token_allows(r, r->method == NGX_HTTP_POST);

    if (rc == NGX_DECLINED) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_FORBIDDEN, &denied);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r == r->main
        && ngx_http_chatws_origin_check_api(r, &fault) != NGX_OK)
    {
        return ngx_http_chatws_refuse(r, NGX_HTTP_FORBIDDEN, fault);
    }

    if (r->method != NGX_HTTP_POST) {
        return ngx_http_chatws_api_get(r, cwlcf->zone->data);
    }

    return ngx_http_chatws_post_read(r, ngx_http_chatws_api_body_handler);
}


/* The fields that each answer has, also the refusals. */

static ngx_int_t
ngx_http_chatws_api_header(ngx_http_request_t *r)
{
    static ngx_str_t  no_store = ngx_string("no-store");
    static ngx_str_t  nosniff = ngx_string("nosniff");

    if (ngx_http_chatws_response_header(r, "Cache-Control", &no_store)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_chatws_response_header(r, "X-Content-Type-Options",
                                           &nosniff);
}


/* Refuses a method that the location has not. */

static ngx_int_t
ngx_http_chatws_api_method(ngx_http_request_t *r, ngx_flag_t write)
{
    static ngx_str_t             get = ngx_string("GET, HEAD");
    static ngx_str_t             post = ngx_string("GET, HEAD, POST");

    static const chatws_fault_t  method =
        chatws_fault("Method not allowed",
                     "this location does not serve this method");

    if (ngx_http_chatws_response_header(r, "Allow", write ? &post : &get)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_chatws_refuse(r, NGX_HTTP_NOT_ALLOWED, &method);
}


static ngx_int_t
ngx_http_chatws_api_get(ngx_http_request_t *r, ngx_http_chatws_zone_t *zone)
{
    ngx_str_t                           what;
    ngx_uint_t                          i;
    const ngx_http_chatws_api_what_t   *row;

    static const chatws_fault_t         unknown =
        chatws_fault("Invalid request",
                     "the argument what must name something that can be "
                     "asked for, such as info");

    row = NULL;

    if (ngx_http_arg(r, (u_char *) "what", 4, &what) == NGX_OK) {

        for (i = 0; i < chatws_nelts(ngx_http_chatws_api_whats); i++) {

            if (what.len == ngx_http_chatws_api_whats[i].what.len
                && ngx_memcmp(what.data,
                              ngx_http_chatws_api_whats[i].what.data, what.len)
                   == 0)
            {
                row = &ngx_http_chatws_api_whats[i];
                break;
            }
        }
    }

    if (row == NULL) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_BAD_REQUEST, &unknown);
    }

    return row->handler(r, zone);
}


static ngx_int_t
ngx_http_chatws_api_info(ngx_http_request_t *r, ngx_http_chatws_zone_t *zone)
{
    ngx_int_t           rc;
    chatws_str_t        body;
    chatws_json_out_t   json;
    uint8_t             epoch[CHATWS_EPOCH_LEN];

    rc = ngx_http_chatws_response_ignore_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    /* JSON may need six bytes for one of the name */

    body.len = NGX_HTTP_CHATWS_API_SIZE + 6 * zone->name.len;
    body.data = ngx_pnalloc(r->pool, body.len);

    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    chatws_epoch_format(epoch, chatws_store_epoch(zone->store));

    chatws_json_out_begin(&json, &body);

    chatws_json_put_lit(&json, "{\"zone\":");
    chatws_json_put_string(&json, (chatws_str_t *) &zone->name);
    chatws_json_put_lit(&json, ",\"epoch\":\"");
    chatws_json_put(&json, epoch, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(&json, "\",\"revocations\":");
    chatws_json_put_uint(&json, ngx_http_chatws_revoked_count(zone));
    chatws_json_put_lit(&json, "}");

    if (chatws_json_out_end(&json, &body) != CHATWS_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_chatws_response_json(r, NGX_HTTP_OK, (ngx_str_t *) &body);
}


static void
ngx_http_chatws_api_body_handler(ngx_http_request_t *r)
{
    ngx_http_finalize_request(r, ngx_http_chatws_api_post(r));
}


static ngx_int_t
ngx_http_chatws_api_post(ngx_http_request_t *r)
{
    ngx_str_t                    text;
    ngx_chain_t                 *bufs;
    ngx_http_chatws_zone_t      *zone;
    ngx_http_chatws_loc_conf_t  *cwlcf;

    bufs = r->request_body ? r->request_body->bufs : NULL;

    if (ngx_http_chatws_body_text(r, bufs, &text) != NGX_OK
        || ngx_http_chatws_get_ctx(r) == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);
    zone = cwlcf->zone->data;

    /* this worker had no memory to make a hub when it started */

    if (zone->hub == NULL) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                      &ngx_http_chatws_publish_full);
    }

    if (chatws_json_is_array((chatws_str_t *) &text)) {
        return ngx_http_chatws_api_batch(r, zone->hub, &text);
    }

    return ngx_http_chatws_api_command(r, zone->hub, &text);
}


static ngx_int_t
ngx_http_chatws_api_batch(ngx_http_request_t *r, ngx_http_chatws_hub_t *hub,
    ngx_str_t *text)
{
    ngx_str_t       answer;
    ngx_uint_t      status;
    chatws_fault_t  fault;

    answer.len = 0;

    /* each command is answered, however many errors there are */

    status = ngx_http_chatws_publish_batch(r, hub, ngx_http_chatws_api_one,
                                           NGX_MAX_UINT32_VALUE, text,
                                           &answer, &fault);
    ngx_http_chatws_scratch_put();

    if (status == NGX_HTTP_INTERNAL_SERVER_ERROR) {
        return status;
    }

    if (answer.len == 0) {
        return ngx_http_chatws_refuse(r, status, &fault);
    }

    return ngx_http_chatws_response_json(r, status, &answer);
}


static ngx_int_t
ngx_http_chatws_api_command(ngx_http_request_t *r, ngx_http_chatws_hub_t *hub,
    ngx_str_t *text)
{
    void            *mem;
    size_t           size;
    ngx_int_t        rc;
    ngx_str_t        answer;
    ngx_uint_t       status, waits;
    chatws_fault_t   fault;

    size = chatws_json_arena_size(text->len);

    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_PARSE, size);
    if (mem == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    answer.len = 0;
    waits = 0;

    status = ngx_http_chatws_api_only(r, hub, text, mem, size, &waits,
                                      &answer, &fault);

    if (waits != 0) {
        rc = ngx_http_chatws_api_changes_wait(r, hub, waits);

    } else if (status == NGX_HTTP_INTERNAL_SERVER_ERROR
               || (answer.len != 0
                   && status == NGX_HTTP_SERVICE_UNAVAILABLE
                   && ngx_http_chatws_response_again(r) != NGX_OK))
    {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    } else if (status >= NGX_HTTP_SPECIAL_RESPONSE && answer.len == 0) {
        /* the texts of the fault may lie in mem */
        rc = ngx_http_chatws_refuse(r, status, &fault);

    } else {
        rc = ngx_http_chatws_response_json(r, status, &answer);
    }

    ngx_http_chatws_scratch_put();

    return rc;
}
