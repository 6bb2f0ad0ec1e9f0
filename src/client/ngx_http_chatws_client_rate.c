
/*
 * Copyright (C) chatws contributors
 *
 * How much a client may say.  Each message has a cost, which is poured into
 * the client's bucket; an action that many others get to see costs more.  A
 * location may have narrower limits for actions, of a connection and of a
 * user, and one for errors.  See docs/limits.md.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_notify.h"
#include "store/chatws_rate.h"
#include "process/ngx_http_chatws_annex.h"
#include "process/ngx_http_chatws_scratch.h"
#include "client/ngx_http_chatws_client_private.h"


/* nanoseconds for a cost of one in the long run: 1000 each second */
#define NGX_HTTP_CHATWS_RATE_STEP   1000000

/* the cost that it may have at once, besides 1 for each subscription */
#define NGX_HTTP_CHATWS_RATE_BURST  4000

/* milliseconds of a turn: in each one a client is told once for each verb */
#define NGX_HTTP_CHATWS_RATE_TELL   100

/*
 * nginx's clock may be late by so many milliseconds: a client is told to wait
 * for so much longer, so that it does not come too early
 */
#define NGX_HTTP_CHATWS_RATE_CLOCK  10

/* chats of a resume that cost one action */
#define NGX_HTTP_CHATWS_RATE_CHATS  100


/* client->told has a bit for each verb, the unknown one included */
chatws_static_assert(ngx_http_chatws_verbs_fit, CHATWS_VERB_NONE < 16);


/* The limits that an action has to keep, and what it costs by them. */

typedef struct {
    chatws_limit_t               own;      /* of every connection */
    uint64_t                     cost;     /* by it */
    uint64_t                     n;        /* by those of the location */
    ngx_msec_t                   now;
    const chatws_fault_t        *fault;    /* of the limit with the longest
                                              wait */
} ngx_http_chatws_rate_t;


static uint64_t ngx_http_chatws_rate_wait(ngx_http_chatws_client_t *client,
    ngx_http_chatws_rate_t *rate);
static uint64_t ngx_http_chatws_rate_user(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_rate_t *rate, ngx_uint_t pour);
static void ngx_http_chatws_rate_pour(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_rate_t *rate);
static ngx_int_t ngx_http_chatws_rate_refused(
    ngx_http_chatws_client_t *client, ngx_msec_t now, uint64_t wait);
static ngx_uint_t ngx_http_chatws_rate_tell(ngx_http_chatws_client_t *client,
    const chatws_action_t *action, ngx_msec_t now);
static uint64_t ngx_http_chatws_rate_cost(const chatws_action_t *action);
static uint64_t ngx_http_chatws_rate_chats(const chatws_action_t *action);
static chatws_rc_e ngx_http_chatws_rate_chat(void *data,
    const chatws_resume_t *r);


ngx_int_t
ngx_http_chatws_client_rate(ngx_http_chatws_client_t *client,
    const chatws_action_t *action)
{
    uint64_t                        wait;
    ngx_http_chatws_rate_t          rate;
    const ngx_http_chatws_rules_t  *rules;

    rate.cost = ngx_http_chatws_rate_cost(action);

    if (rate.cost == 0) {
        return NGX_OK;
    }

    rules = client->rules;

    rate.n = 1;
    rate.now = ngx_current_msec;

    if (rules->limit_actions != NULL || rules->limit_user != NULL) {
        rate.n += ngx_http_chatws_rate_chats(action)
                  / NGX_HTTP_CHATWS_RATE_CHATS;
    }

    wait = ngx_http_chatws_rate_wait(client, &rate);

    if (wait == 0) {
        ngx_http_chatws_rate_pour(client, &rate);
        return NGX_OK;
    }

    ngx_http_chatws_client_refuse(client, action, rate.fault, wait);

    return NGX_DECLINED;
}


void
ngx_http_chatws_client_refuse(ngx_http_chatws_client_t *client,
    const chatws_action_t *action, const chatws_fault_t *fault, uint64_t wait)
{
    ngx_msec_t  now;

    now = ngx_current_msec;

    if (ngx_http_chatws_rate_refused(client, now, wait) == NGX_OK
        && ngx_http_chatws_rate_tell(client, action, now))
    {
        ngx_http_chatws_complain(client, action, fault,
                                 wait + NGX_HTTP_CHATWS_RATE_CLOCK);
    }
}


/*
 * Returns for how many milliseconds some limit has no room; 0: all have, and
 * that of the user, which other workers use as well, has counted the action.
 */

static uint64_t
ngx_http_chatws_rate_wait(ngx_http_chatws_client_t *client,
    ngx_http_chatws_rate_t *rate)
{
    uint64_t                          all, wait;
    const ngx_http_chatws_rules_t    *rules;
    ngx_http_chatws_client_limits_t  *limits;

    static const chatws_fault_t       connection =
        chatws_fault_about(CHATWS_E_RATE,
                           "this connection says more than it may");

    static const chatws_fault_t       user =
        chatws_fault_about(CHATWS_E_RATE,
                           "the connections of this user say more than they "
                           "may");

    rules = client->rules;

    rate->own.step = NGX_HTTP_CHATWS_RATE_STEP;
    rate->own.size = NGX_HTTP_CHATWS_RATE_BURST + rules->max_subscriptions;
    rate->fault = &connection;

    all = chatws_bucket_wait(&client->bucket, &rate->own, rate->cost,
                             rate->now);

    if (rules->limit_actions != NULL) {
        limits = ngx_http_chatws_client_limits(client);
        wait = chatws_bucket_wait(&limits->actions, rules->limit_actions,
                                  rate->n, rate->now);
        all = ngx_max(all, wait);
    }

    if (rules->limit_user != NULL && !client->stranger) {
        wait = ngx_http_chatws_rate_user(client, rate, all == 0);

        if (wait > all) {
            all = wait;
            rate->fault = &user;
        }
    }

    return all;
}


/*
 * Asks the limit of the user; with pour the action is counted if there is room.
 * Where everybody may claim to be the user, each address counts for itself: no
 * one can use up what is another's.  Locations with another limit count for
 * themselves.
 */

static uint64_t
ngx_http_chatws_rate_user(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_rate_t *rate, ngx_uint_t pour)
{
    uint64_t                key, wait;
    chatws_rates_t         *rates;
    const chatws_limit_t   *limit;
    ngx_http_chatws_hub_t  *hub;

    hub = client->subscriber.hub;

    rates = ngx_http_chatws_annex(ngx_http_chatws_hub_zone(hub),
                                  NGX_HTTP_CHATWS_ANNEX_LIMITS);
    if (rates == NULL || client->stranger) {
        /* without a master a reload has turned it off; or there is no user */
        return 0;
    }

    limit = client->rules->limit_user;
    key = ngx_http_chatws_client_key(client) + limit->step * 31 + limit->size;
    key += key == 0;

    if (!pour) {
        return chatws_rates_wait(rates, key, limit, rate->n, rate->now);
    }

    if (chatws_rates_pour(rates, key, limit, rate->n, rate->now, &wait)
        == CHATWS_BUSY)
    {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_LIMIT_MISSES, 1);
        return 0;
    }

    return wait;
}


static void
ngx_http_chatws_rate_pour(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_rate_t *rate)
{
    const chatws_limit_t             *limit;
    ngx_http_chatws_client_limits_t  *limits;

    chatws_bucket_pour(&client->bucket, &rate->own, rate->cost, rate->now);

    limit = client->rules->limit_actions;

    if (limit != NULL) {
        limits = ngx_http_chatws_client_limits(client);
        chatws_bucket_pour(&limits->actions, limit, rate->n, rate->now);
    }
}


/*
 * An action is refused.  It is an error of the client if an earlier one was
 * refused, too, and the client has not waited.  NGX_DECLINED: there were too
 * many errors, and the session is closed.
 */

static ngx_int_t
ngx_http_chatws_rate_refused(ngx_http_chatws_client_t *client,
    ngx_msec_t now, uint64_t wait)
{
    ngx_uint_t                        early;
    ngx_http_chatws_client_limits_t  *limits;

    ngx_http_chatws_hub_count(client->subscriber.hub,
                              NGX_HTTP_CHATWS_N_RATE_LIMITED, 1);

    if (!client->limited) {
        client->limited = 1;

        ngx_log_error(NGX_LOG_INFO, client->session.connection->log, 0,
                      "chatws client says more than it may");
    }

    if (client->rules->limit_errors == NULL) {
        return NGX_OK;
    }

    limits = ngx_http_chatws_client_limits(client);

    early = now < limits->retry;
    limits->retry = now + wait;

    return early ? ngx_http_chatws_client_erred(client) : NGX_OK;
}


ngx_int_t
ngx_http_chatws_client_erred(ngx_http_chatws_client_t *client)
{
    ngx_msec_t                        now;
    const chatws_limit_t             *limit;
    ngx_http_chatws_client_limits_t  *limits;

    limit = client->rules->limit_errors;

    if (limit == NULL) {
        return NGX_OK;
    }

    limits = ngx_http_chatws_client_limits(client);
    now = ngx_current_msec;

    if (chatws_bucket_wait(&limits->errors, limit, 1, now) == 0) {
        chatws_bucket_pour(&limits->errors, limit, 1, now);
        return NGX_OK;
    }

    ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_TOO_MANY,
                                  "too many errors");
    return NGX_DECLINED;
}


/* Whether the client is told: once a turn for each verb. */

static ngx_uint_t
ngx_http_chatws_rate_tell(ngx_http_chatws_client_t *client,
    const chatws_action_t *action, ngx_msec_t now)
{
    uint32_t  told, turn;

    turn = (uint32_t) (now / NGX_HTTP_CHATWS_RATE_TELL);
    told = 1u << action->verb;

    if (client->turn != turn) {
        client->turn = turn;
        client->told = 0;
    }

    /* a client that has sent an id waits for the answer to just this one */

    if (client->told & told && action->id.len == 0) {
        return 0;
    }

    client->told |= told;

    return 1;
}


/* Returns the cost of a message; one with an error costs 1. */

static uint64_t
ngx_http_chatws_rate_cost(const chatws_action_t *action)
{
    const ngx_http_chatws_client_verb_t  *verb;

    if (action->fault.error.len != 0) {
        return 1;
    }

    verb = &ngx_http_chatws_client_verbs[action->verb];

    return verb->cost
           + (verb->per != 0
              ? (action->chats.len + action->users.len) / verb->per : 0);
}


/* Returns the number of chats of a resume, 0 for another action. */

static uint64_t
ngx_http_chatws_rate_chats(const chatws_action_t *action)
{
    void      *mem;
    size_t     size;
    uint64_t   n;

    if (action->chats.len == 0) {
        return 0;
    }

    n = 0;
    size = chatws_json_arena_size(action->chats.len);
    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_RESUME, size);

    if (mem != NULL) {
        (void) chatws_action_resume(action, CHATWS_JSON_DEPTH, mem, size,
                                    ngx_http_chatws_rate_chat, &n);
    }

    return n;
}


static chatws_rc_e
ngx_http_chatws_rate_chat(void *data, const chatws_resume_t *r)
{
    uint64_t *n = data;

    (*n)++;

    return CHATWS_OK;
}
