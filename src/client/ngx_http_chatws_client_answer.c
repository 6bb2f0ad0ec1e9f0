
/*
 * Copyright (C) chatws contributors
 *
 * Asking the app server for the rights of a client in chats, and what becomes
 * of its answer.  Protocol, section 7.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "token/chatws_grant.h"
#include "process/ngx_http_chatws_event.h"
#include "process/ngx_http_chatws_scratch.h"
#include "hub/ngx_http_chatws_hub_grant.h"
#include "client/ngx_http_chatws_client_question_private.h"
#include "client/ngx_http_chatws_verdict.h"


static ngx_uint_t ngx_http_chatws_question_tokens(
    ngx_http_chatws_question_t *q);
static void ngx_http_chatws_question_collect(ngx_http_chatws_question_t *q,
    ngx_http_chatws_verdict_ask_t *question);
static ngx_uint_t ngx_http_chatws_question_unknown(
    ngx_http_chatws_question_t *q, ngx_http_chatws_held_t *held,
    ngx_http_chatws_held_chat_t *chat);
static ngx_uint_t ngx_http_chatws_question_has(
    ngx_http_chatws_held_chat_t **chats, ngx_uint_t n,
    const ngx_http_chatws_held_chat_t *chat);
static void ngx_http_chatws_question_answer(void *owner, ngx_uint_t status,
    ngx_str_t *body);
static void ngx_http_chatws_answer_take(void *owner, const ngx_str_t *id,
    ngx_uint_t rights, time_t ttl);
static void ngx_http_chatws_answer_rest(ngx_http_chatws_question_t *q,
    ngx_uint_t answered);


void
ngx_http_chatws_question_ask_handler(ngx_event_t *ev)
{
    ngx_http_chatws_client_t       *client;
    ngx_http_chatws_question_t     *q;
    ngx_http_chatws_verdict_ask_t   question;

    q = ngx_http_chatws_event_data(ev);
    client = q->client;

    if (ngx_http_chatws_question_tokens(q) != 0) {
        ngx_http_chatws_question_later(q);
        return;
    }

    if (ngx_http_chatws_verdict_open(&question, &client->user) != NGX_OK) {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no memory, reconnect");
        return;
    }

    /* a command that comes from now on has the app server asked again */

    q->commands = ngx_http_chatws_hub_grant_commands(client->subscriber.hub,
                                                     client->subscriber.user);

    ngx_http_chatws_question_collect(q, &question);

    if (question.n == 0) {
        ngx_http_chatws_question_go_on(q);
        return;
    }

    q->ask = ngx_http_chatws_verdict_ask(&question, client->rules,
                                         client->rules->access_timeout,
                                         ngx_http_chatws_question_answer, q);

    if (q->ask == NULL) {
        ngx_http_chatws_answer_rest(q, 0);
        ngx_http_chatws_question_go_on(q);
    }

    ngx_http_chatws_scratch_put();
}


/*
 * Verifies tokens of chats, as many as may be in a turn.  Returns how many are
 * left.
 */

static ngx_uint_t
ngx_http_chatws_question_tokens(ngx_http_chatws_question_t *q)
{
    ngx_uint_t                    i, left;
    ngx_queue_t                  *link;
    ngx_http_chatws_held_t       *held;
    ngx_http_chatws_held_chat_t  *chat;

    left = 0;

    for (link = ngx_queue_head(&q->held);
         link != ngx_queue_sentinel(&q->held);
         link = ngx_queue_next(link))
    {
        held = ngx_queue_data(link, ngx_http_chatws_held_t, queue);

        for (i = 0; i < held->n; i++) {
            chat = &held->chats[i];

            if (!chat->cancelled
                && chat->fault == &ngx_http_chatws_undecided
                && ngx_http_chatws_question_shows(q->client,
                                             (chatws_str_t *) &chat->token)
                && !ngx_http_chatws_held_decide(q->client, held, chat))
            {
                left++;
            }
        }
    }

    return left;
}


/* Puts the chats that are undecided. */

static void
ngx_http_chatws_question_collect(ngx_http_chatws_question_t *q,
    ngx_http_chatws_verdict_ask_t *question)
{
    ngx_uint_t                    i;
    ngx_queue_t                  *link;
    ngx_http_chatws_held_t       *held;
    ngx_http_chatws_held_chat_t  *chat;
    ngx_http_chatws_held_chat_t  *chats[NGX_HTTP_CHATWS_QUESTION_CHATS];

    for (link = ngx_queue_head(&q->held);
         link != ngx_queue_sentinel(&q->held);
         link = ngx_queue_next(link))
    {
        held = ngx_queue_data(link, ngx_http_chatws_held_t, queue);

        for (i = 0; i < held->n; i++) {
            chat = &held->chats[i];

            if (!ngx_http_chatws_question_unknown(q, held, chat)) {
                continue;
            }

            if (ngx_http_chatws_question_has(chats, question->n, chat)) {
                chat->asked = 1;
                continue;
            }

            if (question->n == NGX_HTTP_CHATWS_QUESTION_CHATS) {
                return;
            }

            chats[question->n] = chat;
            chat->asked = 1;

            ngx_http_chatws_verdict_chat(question, &chat->id);
        }
    }
}


/*
 * Whether the app server is to be asked for a chat.  Since the action came,
 * another worker, or the question before, may have got the answer; a review
 * wants a new one.
 */

static ngx_uint_t
ngx_http_chatws_question_unknown(ngx_http_chatws_question_t *q,
    ngx_http_chatws_held_t *held, ngx_http_chatws_held_chat_t *chat)
{
    if (chat->cancelled || chat->fault != &ngx_http_chatws_undecided) {
        return 0;
    }

    if (held->text.len == 0) {
        return 1;
    }

    return !ngx_http_chatws_held_decide(q->client, held, chat);
}


static ngx_uint_t
ngx_http_chatws_question_has(ngx_http_chatws_held_chat_t **chats,
    ngx_uint_t n, const ngx_http_chatws_held_chat_t *chat)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (chats[i]->hash == chat->hash
            && chats[i]->id.len == chat->id.len
            && ngx_memcmp(chats[i]->id.data, chat->id.data, chat->id.len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_chatws_question_answer(void *owner, ngx_uint_t status,
    ngx_str_t *body)
{
    ngx_http_chatws_question_t *q = owner;

    ngx_int_t  rc;

    q->ask = NULL;

    rc = ngx_http_chatws_verdict_read(q->client->rules, status, body,
                                      ngx_http_chatws_answer_take, q);

    ngx_http_chatws_answer_rest(q, rc == NGX_OK);
    ngx_http_chatws_question_go_on(q);
}


/* Decides a chat that was asked for, wherever it waits. */

static void
ngx_http_chatws_answer_take(void *owner, const ngx_str_t *id,
    ngx_uint_t rights, time_t ttl)
{
    ngx_http_chatws_question_t *q = owner;

    ngx_int_t                     rc;
    ngx_uint_t                    i;
    ngx_queue_t                  *link;
    ngx_http_chatws_held_t       *held;
    ngx_http_chatws_held_chat_t  *chat;

    rc = NGX_AGAIN;

    for (link = ngx_queue_head(&q->held);
         link != ngx_queue_sentinel(&q->held);
         link = ngx_queue_next(link))
    {
        held = ngx_queue_data(link, ngx_http_chatws_held_t, queue);

        for (i = 0; i < held->n; i++) {
            chat = &held->chats[i];

            if (!chat->asked
                || chat->id.len != id->len
                || ngx_memcmp(chat->id.data, id->data, id->len) != 0)
            {
                continue;
            }

            /* once, and for none but those that were asked for */

            if (rc == NGX_AGAIN) {
                rc = ngx_http_chatws_grant_put(q->client, &chat->id,
                                               q->commands, rights, ttl);
            }

            chat->asked = 0;

            if (rc == NGX_OK) {
                chat->fault = rights & ngx_http_chatws_right_bit(held->right)
                              ? NULL : &ngx_http_chatws_denied;
                chat->grant = ngx_http_chatws_request_grant(q->client);
                chat->commands = q->commands;

            } else if (rc == NGX_BUSY) {
                chat->fault = &ngx_http_chatws_unavailable;
            }
        }
    }
}


/*
 * What was asked and not answered: it is denied if there was an answer,
 * otherwise the client is told to try again.
 */

static void
ngx_http_chatws_answer_rest(ngx_http_chatws_question_t *q,
    ngx_uint_t answered)
{
    ngx_uint_t                    i;
    ngx_queue_t                  *link;
    ngx_http_chatws_held_t       *held;
    ngx_http_chatws_held_chat_t  *chat;

    for (link = ngx_queue_head(&q->held);
         link != ngx_queue_sentinel(&q->held);
         link = ngx_queue_next(link))
    {
        held = ngx_queue_data(link, ngx_http_chatws_held_t, queue);

        for (i = 0; i < held->n; i++) {
            chat = &held->chats[i];

            if (!chat->asked) {
                continue;
            }

            if (answered) {
                ngx_http_chatws_answer_take(q, &chat->id, 0,
                              (time_t) q->client->rules->access_denied);

            } else {
                chat->asked = 0;
                chat->fault = &ngx_http_chatws_unavailable;
            }
        }
    }
}


void
ngx_http_chatws_held_again(ngx_http_chatws_client_t *client,
    ngx_uint_t source)
{
    ngx_uint_t                    i;
    ngx_queue_t                  *link;
    ngx_http_chatws_held_t       *held;
    ngx_http_chatws_held_chat_t  *chat;

    if (!ngx_http_chatws_question_is_open(client)) {
        return;
    }

    for (link = ngx_queue_head(&client->question->held);
         link != ngx_queue_sentinel(&client->question->held);
         link = ngx_queue_next(link))
    {
        held = ngx_queue_data(link, ngx_http_chatws_held_t, queue);

        for (i = 0; i < held->n; i++) {
            chat = &held->chats[i];

            if (chat->fault == NULL
                && ngx_http_chatws_grant_source(chat->grant) == source)
            {
                chat->fault = &ngx_http_chatws_undecided;
            }
        }
    }

    ngx_http_chatws_question_later(client->question);
}


ngx_uint_t
ngx_http_chatws_held_is_decided(const ngx_http_chatws_client_t *client,
    ngx_http_chatws_held_t *held)
{
    ngx_uint_t                    i, decided;
    ngx_http_chatws_held_chat_t  *chat;

    decided = 1;

    for (i = 0; i < held->n; i++) {
        chat = &held->chats[i];

        if (chat->cancelled) {
            continue;
        }

        if (chat->fault == NULL
            && ngx_http_chatws_grant_overruled(client, chat->grant,
                                               chat->commands))
        {
            chat->fault = &ngx_http_chatws_undecided;
        }

        if (chat->fault == &ngx_http_chatws_undecided) {
            decided = 0;
        }
    }

    return decided;
}
