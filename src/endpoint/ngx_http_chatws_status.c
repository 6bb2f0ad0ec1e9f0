
/*
 * Copyright (C) chatws contributors
 *
 * The directive chatws_status: the figures of a zone as JSON, of all workers
 * together.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "json/chatws_json.h"
#include "hub/ngx_http_chatws_hub_figures.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_handlers.h"
#include "endpoint/ngx_http_chatws_refuse.h"
#include "endpoint/ngx_http_chatws_response.h"


/* bytes of the text without the name of the zone, at most */
#define NGX_HTTP_CHATWS_STATUS_SIZE  4096


static void ngx_http_chatws_status_write(ngx_http_chatws_zone_t *zone,
    const uint64_t *value, chatws_json_out_t *json);
static void ngx_http_chatws_status_codes(const uint64_t *codes,
    chatws_json_out_t *json);


ngx_int_t
ngx_http_chatws_status_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    chatws_str_t                  body;
    chatws_json_out_t             json;
    ngx_http_chatws_zone_t       *zone;
    ngx_http_chatws_loc_conf_t   *cwlcf;
    uint64_t                      value[NGX_HTTP_CHATWS_F_LAST];

    static ngx_str_t              allow = ngx_string("GET, HEAD");

    static const chatws_fault_t   method =
        chatws_fault("Method not allowed",
                     "the status is read with GET");
    static const chatws_fault_t   busy =
        chatws_fault("Service unavailable",
                     "the zone is busy, try again");

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {

        if (ngx_http_chatws_response_header(r, "Allow", &allow) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_chatws_refuse(r, NGX_HTTP_NOT_ALLOWED, &method);
    }

    rc = ngx_http_chatws_response_ignore_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);
    zone = cwlcf->zone->data;

    /* JSON may need six bytes for one of the name */

    body.len = NGX_HTTP_CHATWS_STATUS_SIZE + 6 * zone->name.len;
    body.data = ngx_pnalloc(r->pool, body.len);

    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    chatws_json_out_begin(&json, &body);

    if (ngx_http_chatws_figures_read(zone, value) != NGX_OK) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE, &busy);
    }

    ngx_http_chatws_status_write(zone, value, &json);

    if (chatws_json_out_end(&json, &body) != CHATWS_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_chatws_response_json(r, NGX_HTTP_OK, (ngx_str_t *) &body);
}


static void
ngx_http_chatws_status_write(ngx_http_chatws_zone_t *zone,
    const uint64_t *value, chatws_json_out_t *json)
{
    ngx_uint_t                       i;
    ngx_http_chatws_figure_part_e    part;
    const ngx_http_chatws_figure_t  *row;
    uint8_t                          epoch[CHATWS_EPOCH_LEN];

    chatws_epoch_format(epoch, chatws_store_epoch(zone->store));

    chatws_json_put_lit(json, "{\"zone\":");
    chatws_json_put_string(json, (chatws_str_t *) &zone->name);
    chatws_json_put_lit(json, ",\"epoch\":\"");
    chatws_json_put(json, epoch, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(json, "\"");

    part = NGX_HTTP_CHATWS_STATUS;

    for (i = 0; i < NGX_HTTP_CHATWS_FIGURES; i++) {
        row = &ngx_http_chatws_figures[i];

        if (row->part != part) {

            if (part == NGX_HTTP_CHATWS_STATUS_MEMORY) {
                chatws_json_put_lit(json, "}");
            }

            part = row->part;

            if (part == NGX_HTTP_CHATWS_STATUS_MEMORY) {
                chatws_json_put_lit(json, ",\"memory\":{\"unit\":\"bytes\"");
            }
        }

        chatws_json_put_lit(json, ",\"");
        chatws_json_put(json, row->name, ngx_strlen(row->name));
        chatws_json_put_lit(json, "\":");

        if (part == NGX_HTTP_CHATWS_STATUS_CLOSES) {
            ngx_http_chatws_status_codes(&value[row->figure], json);

        } else {
            chatws_json_put_uint(json, value[row->figure]);
        }
    }

    chatws_json_put_lit(json, "}");
}


/* Puts how many connections were closed with each code, without zeros. */

static void
ngx_http_chatws_status_codes(const uint64_t *codes, chatws_json_out_t *json)
{
    ngx_uint_t  i, n;

    chatws_json_put_lit(json, "{");

    n = 0;

    for (i = 0; i < NGX_HTTP_CHATWS_CODES; i++) {

        if (codes[i] == 0) {
            continue;
        }

        if (n++ != 0) {
            chatws_json_put_lit(json, ",");
        }

        chatws_json_put_lit(json, "\"");

        if (i == NGX_HTTP_CHATWS_CODES - 1) {
            chatws_json_put_lit(json, "other");

        } else {
            chatws_json_put_uint(json, CHATWS_CLOSE_NORMAL + i);
        }

        chatws_json_put_lit(json, "\":");
        chatws_json_put_uint(json, codes[i]);
    }

    chatws_json_put_lit(json, "}");
}
