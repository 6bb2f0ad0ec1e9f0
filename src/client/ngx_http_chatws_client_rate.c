
/*
 * Copyright (C) chatws contributors
 *
 * How much a client may say: each message costs, and what others get to see
 * costs more.  Protocol, section 2.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "client/ngx_http_chatws_client.h"


/* of a connection in a second, and at once beyond its subscriptions */
#define NGX_HTTP_CHATWS_RATE         1000
#define NGX_HTTP_CHATWS_RATE_BURST   4000

/* typing goes to all in a chat; a chat of a resume takes so many bytes */
#define NGX_HTTP_CHATWS_COST_TYPING  10
#define NGX_HTTP_CHATWS_RESUME_CHAT  32

/* milliseconds in which an action is told once that there were too many */
#define NGX_HTTP_CHATWS_RATE_TELL    100


static uint32_t ngx_http_chatws_cost(const chatws_action_t *action);


ngx_int_t
ngx_http_chatws_client_rate(ngx_http_chatws_client_t *client,
    const chatws_action_t *action)
{
    uint32_t    cost, told, turn;
    ngx_msec_t  now;

    cost = ngx_http_chatws_cost(action);
    now = ngx_current_msec;

    if (cost == 0
        || chatws_bucket_pour(&client->bucket, cost, NGX_HTTP_CHATWS_RATE,
                              NGX_HTTP_CHATWS_RATE_BURST
                              + client->rules->max_subscriptions, now)
           == CHATWS_OK)
    {
        return NGX_OK;
    }

    turn = (uint32_t) (now / NGX_HTTP_CHATWS_RATE_TELL);
    told = 1u << action->verb;

    if (client->turn != turn) {
        client->turn = turn;
        client->told = 0;
    }

    if (client->told & told && action->id.len == 0) {
        return NGX_DECLINED;
    }

    client->told |= told;

    return NGX_BUSY;
}


static uint32_t
ngx_http_chatws_cost(const chatws_action_t *action)
{
    if (action->fault.error.len != 0) {
        return 1;
    }

    switch (action->verb) {

    case CHATWS_VERB_UNSUBSCRIBE:
        return 0;

    case CHATWS_VERB_TYPING:
        return NGX_HTTP_CHATWS_COST_TYPING;

    case CHATWS_VERB_RESUME:
        return 1 + action->chats.len / NGX_HTTP_CHATWS_RESUME_CHAT;

    default: /* CHATWS_VERB_SUBSCRIBE */
        return 1;
    }
}
