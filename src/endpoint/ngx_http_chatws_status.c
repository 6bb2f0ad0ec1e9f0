
/*
 * Copyright (C) chatws contributors
 *
 * chatws_status: the counters of a zone as JSON, the same whichever worker
 * answers.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "json/chatws_json.h"
#include "process/ngx_http_chatws_clock.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_refuse.h"
#include "endpoint/ngx_http_chatws_response.h"


#define NGX_HTTP_CHATWS_STATUS_SIZE  4096


/* what is read from the zone under its lock */

typedef struct {
    chatws_usage_t               usage;
    uint64_t                     total[NGX_HTTP_CHATWS_N_LAST];
    uint64_t                     connections;
    ngx_uint_t                   workers;
} ngx_http_chatws_figures_t;


typedef struct {
    ngx_uint_t                   counter;
    const char                  *name;
} ngx_http_chatws_counter_name_t;


static ngx_int_t ngx_http_chatws_status_read(ngx_http_chatws_zone_t *zone,
    ngx_http_chatws_figures_t *figures);
static void ngx_http_chatws_status_write(ngx_http_chatws_zone_t *zone,
    ngx_http_chatws_figures_t *figures, chatws_json_out_t *json);
static void ngx_http_chatws_status_codes(uint64_t *codes,
    chatws_json_out_t *json);
static void ngx_http_chatws_status_memory(chatws_usage_t *usage,
    chatws_json_out_t *json);
static void ngx_http_chatws_status_member(chatws_json_out_t *json,
    const char *name, uint64_t value);


static const ngx_http_chatws_counter_name_t
    ngx_http_chatws_counter_names[] = {

    { NGX_HTTP_CHATWS_N_OPENED, "opened" },
    { NGX_HTTP_CHATWS_N_CLOSED, "closed" },
    { NGX_HTTP_CHATWS_N_PUBLISHED, "published" },
    { NGX_HTTP_CHATWS_N_DELIVERED, "delivered" },
    { NGX_HTTP_CHATWS_N_TYPING, "typing" },
    { NGX_HTTP_CHATWS_N_TYPING_DROPPED, "typingDropped" },
    { NGX_HTTP_CHATWS_N_RECOVERED, "recovered" },
    { NGX_HTTP_CHATWS_N_UNRECOVERED, "unrecovered" },
    { NGX_HTTP_CHATWS_N_LAPS, "laps" },
    { NGX_HTTP_CHATWS_N_UNAVAILABLE, "unavailable" },
    { NGX_HTTP_CHATWS_N_REAPED, "reaped" },
    { NGX_HTTP_CHATWS_N_MOVED, "moved" },
};


ngx_int_t
ngx_http_chatws_status_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    chatws_str_t                  body;
    chatws_json_out_t             json;
    ngx_http_chatws_zone_t       *zone;
    ngx_http_chatws_figures_t     figures;
    ngx_http_chatws_loc_conf_t   *cwlcf;

    static ngx_str_t              allow = ngx_string("GET, HEAD");

    static const chatws_fault_t   method =
        chatws_fault("Method not allowed",
                              "the status is read with GET");
    static const chatws_fault_t   busy =
        chatws_fault("Service unavailable",
                              "the zone is busy, try again");

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {

        if (ngx_http_chatws_add_header(r, "Allow", &allow) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_chatws_refuse(r, NGX_HTTP_NOT_ALLOWED, &method);
    }

    rc = ngx_http_chatws_ignore_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);
    zone = cwlcf->zone->data;

    /* a byte of the name may become six */

    body.len = NGX_HTTP_CHATWS_STATUS_SIZE + 6 * zone->name.len;
    body.data = ngx_pnalloc(r->pool, body.len);

    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    chatws_json_out_begin(&json, &body);

    if (ngx_http_chatws_status_read(zone, &figures) != NGX_OK) {
        return ngx_http_chatws_refuse(r, NGX_HTTP_SERVICE_UNAVAILABLE, &busy);
    }

    ngx_http_chatws_status_write(zone, &figures, &json);

    if (chatws_json_out_end(&json, &body) != CHATWS_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_chatws_send_json(r, NGX_HTTP_OK, (ngx_str_t *) &body);
}


static ngx_int_t
ngx_http_chatws_status_read(ngx_http_chatws_zone_t *zone,
    ngx_http_chatws_figures_t *figures)
{
    uint32_t        i, slot;
    uint64_t       *total, open;
    chatws_slot_t  *s;

    ngx_memzero(figures, sizeof(ngx_http_chatws_figures_t));

    total = figures->total;

    if (ngx_http_chatws_zone_lock(zone) != NGX_OK) {
        return NGX_BUSY;
    }

    chatws_store_usage(zone->store, &figures->usage);

    for (i = 0; i < NGX_HTTP_CHATWS_N_LAST; i++) {
        total[i] = chatws_store_counters(zone->store)[i];
    }

    for (slot = 0; slot < zone->nslots; slot++) {
        s = chatws_store_slot(zone->store, slot);

        if (s->pid == 0) {
            continue;
        }

        open = total[NGX_HTTP_CHATWS_N_OPENED]
               - total[NGX_HTTP_CHATWS_N_CLOSED];

        /* they count on: each is read once, what is opened after the rest */

        for (i = NGX_HTTP_CHATWS_N_LAST; i-- != 0; /* void */) {
            total[i] += s->counters[i];
        }

        /* what a dead worker had open is not: count the living */

        figures->connections += total[NGX_HTTP_CHATWS_N_OPENED]
                                - total[NGX_HTTP_CHATWS_N_CLOSED] - open;
        figures->workers++;
    }

    ngx_http_chatws_zone_unlock(zone);

    /* a worker's counters see a connection that is handed over twice */

    total[NGX_HTTP_CHATWS_N_OPENED] -= total[NGX_HTTP_CHATWS_N_MOVED];
    total[NGX_HTTP_CHATWS_N_CLOSED] -= total[NGX_HTTP_CHATWS_N_MOVED];

    return NGX_OK;
}


static void
ngx_http_chatws_status_write(ngx_http_chatws_zone_t *zone,
    ngx_http_chatws_figures_t *figures, chatws_json_out_t *json)
{
    ngx_uint_t  i;
    uint8_t     epoch[CHATWS_EPOCH_LEN];

    chatws_epoch_format(epoch, chatws_store_epoch(zone->store));

    chatws_json_put_lit(json, "{\"zone\":");
    chatws_json_put_string(json, (chatws_str_t *) &zone->name);
    chatws_json_put_lit(json, ",\"epoch\":\"");
    chatws_json_put(json, epoch, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(json, "\"");

    ngx_http_chatws_status_member(json, "workers", figures->workers);
    ngx_http_chatws_status_member(json, "connections", figures->connections);
    ngx_http_chatws_status_member(json, "subscriptions",
                                  figures->usage.subscriptions);
    ngx_http_chatws_status_member(json, "chats", figures->usage.chats);
    ngx_http_chatws_status_member(json, "idleChats", figures->usage.idle);

    for (i = 0;
         i < sizeof(ngx_http_chatws_counter_names)
             / sizeof(ngx_http_chatws_counter_name_t);
         i++)
    {
        ngx_http_chatws_status_member(json,
                        ngx_http_chatws_counter_names[i].name,
                        figures->total[ngx_http_chatws_counter_names[i]
                                       .counter]);
    }

    /* neither open nor closed: they died with their worker */

    ngx_http_chatws_status_member(json, "lost",
                                  figures->total[NGX_HTTP_CHATWS_N_OPENED]
                                  - figures->total[NGX_HTTP_CHATWS_N_CLOSED]
                                  - figures->connections);

    ngx_http_chatws_status_codes(&figures->total[NGX_HTTP_CHATWS_N_CODE],
                                 json);
    ngx_http_chatws_status_memory(&figures->usage, json);

    chatws_json_put_lit(json, "}");
}


/* Closes by code; only those that happened. */

static void
ngx_http_chatws_status_codes(uint64_t *codes, chatws_json_out_t *json)
{
    ngx_uint_t  i, n;

    chatws_json_put_lit(json, ",\"closes\":{");

    n = 0;

    for (i = 0; i <= NGX_HTTP_CHATWS_CODES; i++) {

        if (codes[i] == 0) {
            continue;
        }

        if (n++ != 0) {
            chatws_json_put_lit(json, ",");
        }

        chatws_json_put_lit(json, "\"");

        if (i == NGX_HTTP_CHATWS_CODES) {
            chatws_json_put_lit(json, "other");

        } else {
            chatws_json_put_uint(json, CHATWS_CLOSE_NORMAL + i);
        }

        chatws_json_put_lit(json, "\":");
        chatws_json_put_uint(json, codes[i]);
    }

    chatws_json_put_lit(json, "}");
}


static void
ngx_http_chatws_status_memory(chatws_usage_t *usage, chatws_json_out_t *json)
{
    uint64_t  now, oldest;

    now = ngx_http_chatws_now();
    oldest = usage->ring_oldest[CHATWS_DURABLE];

    chatws_json_put_lit(json, ",\"memory\":{\"unit\":\"bytes\"");

    ngx_http_chatws_status_member(json, "tables", usage->arena_size);
    ngx_http_chatws_status_member(json, "chats",
                                  usage->arena_chats + usage->arena_ids);
    ngx_http_chatws_status_member(json, "subscriptions",
                                  usage->arena_members);
    ngx_http_chatws_status_member(json, "free",
                                  usage->arena_free + usage->arena_partial);
    ngx_http_chatws_status_member(json, "log",
                                  usage->ring_size[CHATWS_DURABLE]);
    ngx_http_chatws_status_member(json, "logUsed",
                                  usage->ring_used[CHATWS_DURABLE]);
    ngx_http_chatws_status_member(json, "typingLog",
                                  usage->ring_size[CHATWS_EPHEMERAL]);
    ngx_http_chatws_status_member(json, "typingLogUsed",
                                  usage->ring_used[CHATWS_EPHEMERAL]);

    chatws_json_put_lit(json, "}");

    ngx_http_chatws_status_member(json, "evictions", usage->evictions);
    ngx_http_chatws_status_member(json, "logAge",
                                  oldest == 0 || oldest > now
                                  ? 0 : (now - oldest) / 1000);
}


static void
ngx_http_chatws_status_member(chatws_json_out_t *json, const char *name,
    uint64_t value)
{
    chatws_json_put_lit(json, ",\"");
    chatws_json_put(json, name, ngx_strlen(name));
    chatws_json_put_lit(json, "\":");
    chatws_json_put_uint(json, value);
}
