
/*
 * Copyright (C) chatws contributors
 *
 * Grants that are not for ever: the app server is asked again, or the token of
 * a chat expires.  A client has one timer for all of them.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "token/chatws_grant.h"
#include "process/ngx_http_chatws_event.h"
#include "client/ngx_http_chatws_client_question_private.h"


/* seconds after which a review that got no answer is asked again, at most */
#define NGX_HTTP_CHATWS_REVIEW_AGAIN  10


/* The chats of a client that are due, and when the next ones are. */

typedef struct {
    ngx_http_chatws_client_t  *client;
    ngx_http_chatws_held_t    *asks;      /* of the app server; NULL: count */
    ngx_http_chatws_held_t    *ends;      /* of tokens */
    ngx_uint_t                 n;
    size_t                     size;
    time_t                     ttl;
} ngx_http_chatws_review_t;


static void ngx_http_chatws_review_set(ngx_http_chatws_question_t *q,
    time_t ttl);
static void ngx_http_chatws_review_mark(void *data, const ngx_str_t *id,
    uint64_t serial, uint32_t *mark);
static void ngx_http_chatws_review_chat(void *data, const ngx_str_t *id,
    uint64_t serial, uint32_t *mark);
static void ngx_http_chatws_review_claims(void *data, const ngx_str_t *id,
    uint64_t serial, uint32_t *mark);
static void ngx_http_chatws_review_ends(ngx_http_chatws_client_t *client,
    ngx_http_chatws_held_t *held);


void
ngx_http_chatws_question_remind(ngx_http_chatws_client_t *client,
    uint32_t grant)
{
    time_t                       ttl;
    ngx_http_chatws_question_t  *q;

    ttl = ngx_http_chatws_grant_ttl(grant);

    if (ttl == NGX_HTTP_CHATWS_GRANT_NEVER) {
        return;
    }

    q = ngx_http_chatws_question_get(client);

    if (q == NULL) {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no memory, reconnect");
        return;
    }

    ngx_http_chatws_review_set(q, ttl);
}


/* Sets the timer, unless it ends earlier. */

static void
ngx_http_chatws_review_set(ngx_http_chatws_question_t *q, time_t ttl)
{
    ngx_msec_t  wait;

    wait = (ngx_msec_t) ttl * 1000 + 1;

    if (q->timer.timer_set
        && (ngx_msec_int_t) (q->timer.timer.key - ngx_current_msec - wait) <= 0)
    {
        return;
    }

    ngx_add_timer(&q->timer, wait);
}


void
ngx_http_chatws_question_review(ngx_http_chatws_client_t *client,
    const ngx_str_t *chat)
{
    ngx_http_chatws_question_t  *q;

    q = ngx_http_chatws_question_get(client);

    if (q == NULL) {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no memory, reconnect");
        return;
    }

    ngx_http_chatws_hub_each_chat(&client->subscriber,
                                  ngx_http_chatws_review_mark,
                                  (void *) chat);

    ngx_http_chatws_review_set(q, 0);
}


static void
ngx_http_chatws_review_mark(void *data, const ngx_str_t *id, uint64_t serial,
    uint32_t *mark)
{
    const ngx_str_t *chat = data;

    if (ngx_http_chatws_grant_source(*mark) == NGX_HTTP_CHATWS_GRANT_REQUEST
        && (chat == NULL
            || (chat->len == id->len
                && ngx_memcmp(chat->data, id->data, id->len) == 0)))
    {
        *mark = ngx_http_chatws_grant_make(NGX_HTTP_CHATWS_GRANT_REQUEST, 0,
                                           0);
    }
}


void
ngx_http_chatws_question_due_handler(ngx_event_t *ev)
{
    ngx_http_chatws_client_t    *client;
    ngx_http_chatws_review_t     review;
    ngx_http_chatws_question_t  *q;

    static const chatws_str_t    none = { 0, NULL };

    q = ngx_http_chatws_event_data(ev);
    client = q->client;

    ngx_memzero(&review, sizeof(ngx_http_chatws_review_t));

    review.client = client;
    review.ttl = NGX_HTTP_CHATWS_GRANT_NEVER;

    ngx_http_chatws_hub_each_chat(&client->subscriber,
                                  ngx_http_chatws_review_chat, &review);

    if (review.n != 0) {
        review.asks = ngx_http_chatws_held_create(&none,
                          NGX_HTTP_CHATWS_RIGHT_SUBSCRIBE, review.n,
                          review.size);
        review.ends = ngx_http_chatws_held_create(&none,
                          NGX_HTTP_CHATWS_RIGHT_SUBSCRIBE, review.n,
                          review.size);

        if (review.asks == NULL || review.ends == NULL) {
            ngx_free(review.asks);
            ngx_free(review.ends);
            ngx_http_chatws_session_close(&client->session,
                                          CHATWS_CLOSE_LATER,
                                          "no memory, reconnect");
            return;
        }

        ngx_http_chatws_hub_each_chat(&client->subscriber,
                                      ngx_http_chatws_review_chat, &review);

        ngx_http_chatws_review_ends(client, review.ends);

        if (client->question != q) {
            /* the session has ended, and the question with it */
            ngx_free(review.asks);
            return;
        }

        if (review.asks->n != 0) {
            ngx_http_chatws_held_wait(q, review.asks);

        } else {
            ngx_free(review.asks);
        }
    }

    if (review.ttl != NGX_HTTP_CHATWS_GRANT_NEVER) {
        ngx_http_chatws_review_set(q, review.ttl);
    }

    ngx_http_chatws_question_put(q);
}


/*
 * Is called for each subscription, twice: first it counts those that are due,
 * and then it adds them.
 */

static void
ngx_http_chatws_review_chat(void *data, const ngx_str_t *id, uint64_t serial,
    uint32_t *mark)
{
    ngx_http_chatws_review_t *review = data;

    time_t                   ttl;
    ngx_uint_t               source;
    ngx_http_chatws_held_t  *held;

    ttl = ngx_http_chatws_grant_ttl(*mark);

    if (ttl != 0) {
        review->ttl = ngx_min(review->ttl, ttl);
        return;
    }

    if (review->asks == NULL) {
        review->n++;
        review->size += id->len;
        return;
    }

    source = ngx_http_chatws_grant_source(*mark);

    held = source == NGX_HTTP_CHATWS_GRANT_TOKEN ? review->ends
                                                 : review->asks;

    (void) ngx_http_chatws_held_add(review->client, held, id, NULL);

    /* it is not due again while the question is open */

    *mark = ngx_http_chatws_grant_make(source,
                                       ngx_http_chatws_grant_rights(*mark),
                                       NGX_HTTP_CHATWS_GRANT_NEVER);
}


static void
ngx_http_chatws_review_ends(ngx_http_chatws_client_t *client,
    ngx_http_chatws_held_t *held)
{
    ngx_uint_t  i;

    for (i = 0; i < held->n; i++) {
        (void) ngx_http_chatws_unsubscribed(client, &held->chats[i].id,
                                            CHATWS_LOST_EXPIRED);
    }

    ngx_free(held);
}


void
ngx_http_chatws_client_renewed(ngx_http_chatws_client_t *client)
{
    uint32_t                     *mark;
    ngx_uint_t                    i;
    ngx_http_chatws_review_t      review;
    const chatws_fault_t         *fault;
    ngx_http_chatws_held_chat_t  *chat;

    static const chatws_str_t     none = { 0, NULL };

    ngx_memzero(&review, sizeof(ngx_http_chatws_review_t));

    review.client = client;

    ngx_http_chatws_held_again(client, NGX_HTTP_CHATWS_GRANT_CLAIMS);

    ngx_http_chatws_hub_each_chat(&client->subscriber,
                                  ngx_http_chatws_review_claims, &review);

    if (review.n == 0) {
        return;
    }

    review.ends = ngx_http_chatws_held_create(&none,
                      NGX_HTTP_CHATWS_RIGHT_SUBSCRIBE, review.n,
                      review.size);
    if (review.ends == NULL) {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no memory, reconnect");
        return;
    }

    ngx_http_chatws_hub_each_chat(&client->subscriber,
                                  ngx_http_chatws_review_claims, &review);

    for (i = 0; i < review.ends->n; i++) {
        chat = &review.ends->chats[i];

        fault = ngx_http_chatws_client_may(client,
                                           NGX_HTTP_CHATWS_RIGHT_SUBSCRIBE,
                                           &chat->id);

        if (fault != NULL && fault != &ngx_http_chatws_undecided) {
            (void) ngx_http_chatws_unsubscribed(client, &chat->id,
                                                CHATWS_LOST_TOKEN);
            continue;
        }

        mark = ngx_http_chatws_hub_mark(&client->subscriber, &chat->id);

        if (mark == NULL) {
            continue;
        }

        /* the app server is asked, as it was not before */

        *mark = fault == NULL
                ? client->grant
                : ngx_http_chatws_grant_make(NGX_HTTP_CHATWS_GRANT_REQUEST, 0,
                                             0);

        ngx_http_chatws_question_remind(client, *mark);
    }

    ngx_free(review.ends);
}


/* Is called twice, as review_chat(), with ends NULL to count. */

static void
ngx_http_chatws_review_claims(void *data, const ngx_str_t *id,
    uint64_t serial, uint32_t *mark)
{
    ngx_http_chatws_review_t *review = data;

    if (*mark != NGX_HTTP_CHATWS_GRANT_CLAIMS
        || (ngx_http_chatws_client_claims(review->client, id)
            & CHATWS_RIGHT_SUBSCRIBE))
    {
        return;
    }

    if (review->ends == NULL) {
        review->n++;
        review->size += id->len;
        return;
    }

    (void) ngx_http_chatws_held_add(review->client, review->ends, id, NULL);
}


void
ngx_http_chatws_question_reviewed(ngx_http_chatws_client_t *client,
    ngx_http_chatws_held_t *held)
{
    uint32_t                     *mark, grant;
    ngx_uint_t                    i;
    ngx_http_chatws_held_chat_t  *chat;

    for (i = 0; i < held->n; i++) {
        chat = &held->chats[i];

        mark = ngx_http_chatws_hub_mark(&client->subscriber, &chat->id);

        /* meanwhile it may have left, or got in by something else */

        if (mark == NULL
            || chat->cancelled
            || ngx_http_chatws_grant_source(*mark)
               != NGX_HTTP_CHATWS_GRANT_REQUEST)
        {
            continue;
        }

        /* another source may grant it as well */

        if (ngx_http_chatws_client_claims(client, &chat->id)
            & CHATWS_RIGHT_SUBSCRIBE)
        {
            *mark = NGX_HTTP_CHATWS_GRANT_CLAIMS;
            continue;
        }

        if (chat->fault == &ngx_http_chatws_denied) {
            (void) ngx_http_chatws_unsubscribed(client, &chat->id,
                                                CHATWS_LOST_DENIED);

            if (client->session.state != NGX_HTTP_CHATWS_OPEN) {
                return;
            }

            continue;
        }

        grant = ngx_http_chatws_request_grant(client);

        if (chat->fault == &ngx_http_chatws_unavailable) {
            grant = ngx_http_chatws_grant_make(NGX_HTTP_CHATWS_GRANT_REQUEST,
                         0, ngx_min(ngx_http_chatws_grant_ttl(grant),
                                    NGX_HTTP_CHATWS_REVIEW_AGAIN));
        }

        *mark = grant;

        ngx_http_chatws_question_remind(client, grant);
    }
}
