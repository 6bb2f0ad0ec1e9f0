
/*
 * Copyright (C) chatws contributors
 *
 * One command: it is parsed and checked, and either published or given to the
 * workers of the zone.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "json/chatws_json.h"
#include "protocol/chatws_command.h"
#include "endpoint/ngx_http_chatws_api_one.h"
#include "endpoint/ngx_http_chatws_publish_one.h"


/* bytes of an answer without the name of the command */
#define NGX_HTTP_CHATWS_API_ANSWER  64


static ngx_uint_t ngx_http_chatws_api_give(ngx_http_chatws_hub_t *hub,
    const chatws_command_t *command, chatws_fault_t *fault);
static ngx_int_t ngx_http_chatws_api_answer(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, chatws_command_e kind, ngx_str_t *answer);


ngx_uint_t
ngx_http_chatws_api_one(ngx_http_request_t *r, ngx_http_chatws_hub_t *hub,
    ngx_str_t *text, void *mem, size_t size, ngx_str_t *answer,
    chatws_fault_t *fault)
{
    ngx_uint_t        status;
    chatws_command_t  command;

    if (chatws_command_parse(&command, (chatws_str_t *) text,
                             CHATWS_JSON_DEPTH, mem, size)
        != CHATWS_OK)
    {
        *fault = command.fault;
        return NGX_HTTP_BAD_REQUEST;
    }

    if (command.kind == CHATWS_COMMAND_PUBLISH) {
        return ngx_http_chatws_publish_one(r, hub,
                                           (ngx_str_t *) &command.publication,
                                           mem, size, answer, fault);
    }

    status = ngx_http_chatws_api_give(hub, &command, fault);

    if (status != NGX_HTTP_ACCEPTED) {
        return status;
    }

    return ngx_http_chatws_api_answer(r, hub, command.kind, answer) == NGX_OK
           ? NGX_HTTP_ACCEPTED : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* Gives the command to all workers. */

static ngx_uint_t
ngx_http_chatws_api_give(ngx_http_chatws_hub_t *hub,
    const chatws_command_t *command, chatws_fault_t *fault)
{
    u_char     packed[CHATWS_COMMAND_SIZE];
    ngx_str_t  text;

    text.data = packed;
    text.len = chatws_command_pack(command, packed);

    if (ngx_http_chatws_hub_command(hub, &text) != NGX_OK) {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_UNAVAILABLE, 1);
        *fault = ngx_http_chatws_publish_full;

        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return NGX_HTTP_ACCEPTED;
}


static ngx_int_t
ngx_http_chatws_api_answer(ngx_http_request_t *r, ngx_http_chatws_hub_t *hub,
    chatws_command_e kind, ngx_str_t *answer)
{
    chatws_str_t         out;
    chatws_json_out_t    json;
    const chatws_str_t  *name;
    uint8_t              epoch[CHATWS_EPOCH_LEN];

    name = chatws_command_name(kind);

    out.len = NGX_HTTP_CHATWS_API_ANSWER + name->len;
    out.data = ngx_pnalloc(r->pool, out.len);

    if (out.data == NULL) {
        return NGX_ERROR;
    }

    chatws_epoch_format(epoch, ngx_http_chatws_hub_epoch(hub));

    chatws_json_out_begin(&json, &out);

    chatws_json_put_lit(&json, "{\"command\":");
    chatws_json_put_string(&json, name);
    chatws_json_put_lit(&json, ",\"status\":202,\"epoch\":\"");
    chatws_json_put(&json, epoch, CHATWS_EPOCH_LEN);
    chatws_json_put_lit(&json, "\"}");

    if (chatws_json_out_end(&json, &out) != CHATWS_OK) {
        return NGX_ERROR;
    }

    answer->len = out.len;
    answer->data = out.data;

    return NGX_OK;
}
