
/*
 * Copyright (C) chatws contributors
 *
 * How much a client may say.  Each message has a cost, which is poured into
 * the client's bucket; an action that many others get to see costs more.
 * Protocol, section 2.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_notify.h"
#include "client/ngx_http_chatws_client_private.h"


/* nanoseconds for a cost of one in the long run: 1000 each second */
#define NGX_HTTP_CHATWS_RATE_STEP   1000000

/* the cost that it may have at once, besides 1 for each subscription */
#define NGX_HTTP_CHATWS_RATE_BURST  4000

/* milliseconds of a turn: in each one a client is told once for each verb */
#define NGX_HTTP_CHATWS_RATE_TELL   100


/* client->told has a bit for each verb, the unknown one included */
chatws_static_assert(ngx_http_chatws_verbs_fit, CHATWS_VERB_NONE < 32);


static uint32_t ngx_http_chatws_cost(const chatws_action_t *action);


ngx_int_t
ngx_http_chatws_client_rate(ngx_http_chatws_client_t *client,
    const chatws_action_t *action)
{
    uint32_t                     cost, told, turn;
    uint64_t                     wait;
    ngx_msec_t                   now;
    chatws_limit_t               limit;

    static const chatws_fault_t  many =
        chatws_fault_about(CHATWS_E_RATE,
                           "this connection says more than it may");

    cost = ngx_http_chatws_cost(action);

    if (cost == 0) {
        return NGX_OK;
    }

    now = ngx_current_msec;

    limit.step = NGX_HTTP_CHATWS_RATE_STEP;
    limit.size = NGX_HTTP_CHATWS_RATE_BURST + client->rules->max_subscriptions;

    wait = chatws_bucket_wait(&client->bucket, &limit, cost, now);

    if (wait == 0) {
        chatws_bucket_pour(&client->bucket, &limit, cost, now);
        return NGX_OK;
    }

    turn = (uint32_t) (now / NGX_HTTP_CHATWS_RATE_TELL);
    told = 1u << action->verb;

    if (client->turn != turn) {
        client->turn = turn;
        client->told = 0;
    }

    /* a client that has sent an id waits for the answer to just this one */

    if (action->id.len != 0 || !(client->told & told)) {
        client->told |= told;
        ngx_http_chatws_complain(client, action, &many, wait);
    }

    return NGX_DECLINED;
}


/* Returns the cost of a message; one with an error costs 1. */

static uint32_t
ngx_http_chatws_cost(const chatws_action_t *action)
{
    const ngx_http_chatws_client_verb_t  *verb;

    if (action->fault.error.len != 0) {
        return 1;
    }

    verb = &ngx_http_chatws_client_verbs[action->verb];

    return verb->cost
           + (verb->per != 0 ? action->chats.len / verb->per : 0);
}
