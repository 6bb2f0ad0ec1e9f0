
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
#include "protocol/chatws_notify.h"
#include "process/ngx_http_chatws_clock.h"
#include "hub/ngx_http_chatws_hub_grant.h"
#include "client/ngx_http_chatws_revoked.h"
#include "endpoint/ngx_http_chatws_api_changes.h"
#include "endpoint/ngx_http_chatws_api_members.h"
#include "endpoint/ngx_http_chatws_api_one.h"
#include "endpoint/ngx_http_chatws_api_read.h"
#include "endpoint/ngx_http_chatws_conf.h"
#include "endpoint/ngx_http_chatws_conf_fingerprint.h"
#include "endpoint/ngx_http_chatws_publish_one.h"


/* bytes of an answer without the name of the command */
#define NGX_HTTP_CHATWS_API_ANSWER  64


/* How long tokens of a zone are good, in seconds. */

typedef struct {
    uint64_t  lifetime;        /* chatws_token_lifetime */
    uint64_t  after;           /* a connection may go on for so long when its
                                  token is over */
} ngx_http_chatws_api_times_t;


static void ngx_http_chatws_api_times(ngx_http_request_t *r,
    ngx_http_chatws_api_times_t *times);
static ngx_int_t ngx_http_chatws_api_until(ngx_http_request_t *r,
    chatws_command_t *command);
static ngx_int_t ngx_http_chatws_api_forget(ngx_http_chatws_hub_t *hub,
    const chatws_command_t *command);
static ngx_uint_t ngx_http_chatws_api_give(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, chatws_command_t *command,
    chatws_fault_t *fault);
static ngx_int_t ngx_http_chatws_api_answer(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, chatws_command_e kind, ngx_str_t *answer);


ngx_uint_t
ngx_http_chatws_api_one(ngx_http_request_t *r, ngx_http_chatws_hub_t *hub,
    ngx_str_t *text, void *mem, size_t size, ngx_str_t *answer,
    chatws_fault_t *fault)
{
    return ngx_http_chatws_api_only(r, hub, text, mem, size, NULL, answer,
                                    fault);
}


ngx_uint_t
ngx_http_chatws_api_only(ngx_http_request_t *r, ngx_http_chatws_hub_t *hub,
    ngx_str_t *text, void *mem, size_t size, ngx_uint_t *waits,
    ngx_str_t *answer, chatws_fault_t *fault)
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

    if (command.kind == CHATWS_COMMAND_CHANGES) {
        return ngx_http_chatws_api_changes(r, hub, &command, waits, answer,
                                           fault);
    }

    if (command.kind == CHATWS_COMMAND_READ) {
        return ngx_http_chatws_api_read(r, hub, &command, answer, fault);
    }

    if (command.kind == CHATWS_COMMAND_MEMBERS) {
        return ngx_http_chatws_api_members(r, hub, &command, answer, fault);
    }

    status = ngx_http_chatws_api_give(r, hub, &command, fault);

    if (status != NGX_HTTP_ACCEPTED) {
        return status;
    }

    return ngx_http_chatws_api_answer(r, hub, command.kind, answer) == NGX_OK
           ? NGX_HTTP_ACCEPTED : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/*
 * Sets the end of what the command takes back; until 0: nothing is kept.
 * NGX_DECLINED: it is too far ahead.
 */

static ngx_int_t
ngx_http_chatws_api_until(ngx_http_request_t *r, chatws_command_t *command)
{
    uint64_t                     now;
    ngx_http_chatws_api_times_t  times;

    now = ngx_http_chatws_now() / 1000;

    ngx_http_chatws_api_times(r, &times);

    if (command->kind == CHATWS_COMMAND_REVOKE && !command->has_until) {
        command->until = now + times.lifetime + times.after;

    } else if (command->until <= now) {
        /* it is over already */
        command->until = 0;

    } else if (command->kind == CHATWS_COMMAND_UNSUBSCRIBE
               && command->until - now > times.lifetime)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/*
 * Sets the longest times of the locations that connect to the zone, or those of
 * this location, if none of them has tokens.
 */

static void
ngx_http_chatws_api_times(ngx_http_request_t *r,
    ngx_http_chatws_api_times_t *times)
{
    uint64_t                      after;
    ngx_uint_t                    i;
    ngx_http_chatws_location_t   *locations;
    ngx_http_chatws_loc_conf_t   *cwlcf;
    ngx_http_chatws_main_conf_t  *cwmcf;
    const chatws_token_policy_t  *policy;

    cwlcf = ngx_http_get_module_loc_conf(r, ngx_http_chatws_module);
    cwmcf = ngx_http_get_module_main_conf(r, ngx_http_chatws_module);

    times->lifetime = 0;
    times->after = 0;

    locations = cwmcf->locations.elts;

    for (i = 0; i < cwmcf->locations.nelts; i++) {
        policy = locations[i].rules->token;

        if (locations[i].zone == cwlcf->zone && policy != NULL) {
            after = policy->leeway + locations[i].rules->token_grace / 1000;

            times->lifetime = ngx_max(times->lifetime, policy->lifetime);
            times->after = ngx_max(times->after, after);
        }
    }

    if (times->lifetime == 0) {
        times->lifetime = cwlcf->token.max_lifetime / 1000;
        times->after = (cwlcf->token.leeway + cwlcf->rules.token_grace)
                       / 1000;
    }
}


/*
 * Before workers know of a command: it is stronger than what the app server is
 * about to answer, and if it takes rights away, than what it has answered.
 */

static ngx_int_t
ngx_http_chatws_api_forget(ngx_http_chatws_hub_t *hub,
    const chatws_command_t *command)
{
    uint64_t  chat, user;

    chat = 0;
    user = 0;

    if (command->user.len != 0) {
        user = ngx_http_chatws_hub_hash(hub, (ngx_str_t *) &command->user);
    }

    if (command->chat.len != 0) {
        chat = ngx_http_chatws_hub_hash(hub, (ngx_str_t *) &command->chat);
    }

    return ngx_http_chatws_hub_grant_forget(hub, user, chat,
                                 command->kind == CHATWS_COMMAND_FORGET
                                 || command->kind
                                    == CHATWS_COMMAND_UNSUBSCRIBE);
}


/* Gives the command to all workers. */

static ngx_uint_t
ngx_http_chatws_api_give(ngx_http_request_t *r, ngx_http_chatws_hub_t *hub,
    chatws_command_t *command, chatws_fault_t *fault)
{
    u_char                       packed[CHATWS_COMMAND_SIZE];
    ngx_int_t                    rc;
    ngx_str_t                    text;
    ngx_http_chatws_taken_t      taken;

    static const chatws_fault_t  far =
        chatws_fault(CHATWS_E_MESSAGE,
                     "until must not be further ahead than the lifetime of "
                     "tokens");
    static const chatws_fault_t  full =
        chatws_fault("Service unavailable",
                     "the zone has no room for another revocation");

    if (ngx_http_chatws_api_until(r, command) != NGX_OK) {
        *fault = far;
        return NGX_HTTP_BAD_REQUEST;
    }

    if (command->kind == CHATWS_COMMAND_REVOKE || command->until != 0) {
        ngx_http_chatws_revoked_take(hub, command, &taken);
    }

    if (ngx_http_chatws_api_forget(hub, command) != NGX_OK) {
        *fault = ngx_http_chatws_publish_full;
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    text.data = packed;
    text.len = chatws_command_pack(command, packed);

    rc = ngx_http_chatws_hub_command(hub, &text,
                                     command->until != 0 ? &taken : NULL);
    if (rc == NGX_OK) {
        return NGX_HTTP_ACCEPTED;
    }

    ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_UNAVAILABLE, 1);
    *fault = rc == NGX_DECLINED ? full : ngx_http_chatws_publish_full;

    return NGX_HTTP_SERVICE_UNAVAILABLE;
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
