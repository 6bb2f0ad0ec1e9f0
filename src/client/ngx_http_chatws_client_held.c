
/*
 * Copyright (C) chatws contributors
 *
 * The list of what waits for an answer, with the question that it waits for:
 * see ngx_http_chatws_client_question_private.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_event.h"
#include "client/ngx_http_chatws_chat_token.h"
#include "client/ngx_http_chatws_client_question_private.h"
#include "client/ngx_http_chatws_handover.h"


static void ngx_http_chatws_question_free(ngx_http_chatws_question_t *q);


ngx_http_chatws_question_t *
ngx_http_chatws_question_get(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_question_t  *q;

    if (client->question != NULL) {
        return client->question;
    }

    q = ngx_calloc(sizeof(ngx_http_chatws_question_t), ngx_cycle->log);
    if (q == NULL) {
        return NULL;
    }

    q->client = client;
    ngx_queue_init(&q->held);

    ngx_http_chatws_event_owner(&q->ident, q);
    ngx_http_chatws_event_init(&q->event, &q->ident,
                               ngx_http_chatws_question_ask_handler,
                               ngx_cycle->log);
    ngx_http_chatws_event_init(&q->timer, &q->ident,
                               ngx_http_chatws_question_due_handler,
                               ngx_cycle->log);

    /* a worker that quits does not wait for grants to be due */

    q->timer.cancelable = 1;

    client->question = q;

    return q;
}


void
ngx_http_chatws_question_put(ngx_http_chatws_question_t *q)
{
    if (!ngx_queue_empty(&q->held) || q->timer.timer_set) {
        return;
    }

    q->client->question = NULL;

    ngx_http_chatws_question_free(q);
}


static void
ngx_http_chatws_question_free(ngx_http_chatws_question_t *q)
{
    ngx_queue_t  *link;

    if (q->ask != NULL) {
        ngx_http_chatws_ask_cancel(q->ask);
    }

    if (q->event.posted) {
        ngx_delete_posted_event(&q->event);
    }

    if (q->timer.timer_set) {
        ngx_del_timer(&q->timer);
    }

    while (!ngx_queue_empty(&q->held)) {
        link = ngx_queue_head(&q->held);
        ngx_queue_remove(link);
        ngx_free(ngx_queue_data(link, ngx_http_chatws_held_t, queue));
    }

    ngx_free(q);
}


void
ngx_http_chatws_question_end(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_question_t  *q;

    q = client->question;

    if (q == NULL) {
        return;
    }

    client->question = NULL;

    if (q->acting != NULL) {

        /* it is freed by whoever carries the action out */

        q->client = NULL;
        return;
    }

    ngx_http_chatws_question_free(q);
}


ngx_http_chatws_held_t *
ngx_http_chatws_held_create(const chatws_str_t *text,
    ngx_http_chatws_right_e right, ngx_uint_t n, size_t size)
{
    u_char                  *p;
    ngx_http_chatws_held_t  *held;

    held = ngx_alloc(sizeof(ngx_http_chatws_held_t)
                     + n * sizeof(ngx_http_chatws_held_chat_t)
                     + size + text->len, ngx_cycle->log);
    if (held == NULL) {
        return NULL;
    }

    p = (u_char *) &held->chats[n];

    ngx_memzero(held, sizeof(ngx_http_chatws_held_t));

    held->right = right;
    held->text.data = p;
    held->text.len = text->len;
    held->ids = p + text->len;

    if (text->len != 0) {
        ngx_memcpy(p, text->data, text->len);
    }

    return held;
}


ngx_http_chatws_held_chat_t *
ngx_http_chatws_held_add(ngx_http_chatws_client_t *client,
    ngx_http_chatws_held_t *held, const ngx_str_t *id, const ngx_str_t *token)
{
    ngx_http_chatws_held_chat_t  *chat;

    chat = &held->chats[held->n++];

    ngx_memzero(chat, sizeof(ngx_http_chatws_held_chat_t));

    chat->hash = ngx_http_chatws_hub_hash(client->subscriber.hub, id);
    chat->fault = &ngx_http_chatws_undecided;
    chat->id.data = held->ids;
    chat->id.len = id->len;

    held->ids = ngx_cpymem(held->ids, id->data, id->len);

    if (token != NULL && token->len != 0) {
        chat->token.data = held->ids;
        chat->token.len = token->len;

        held->ids = ngx_cpymem(held->ids, token->data, token->len);
    }

    return chat;
}


ngx_uint_t
ngx_http_chatws_held_decide(ngx_http_chatws_client_t *client,
    ngx_http_chatws_held_t *held, ngx_http_chatws_held_chat_t *chat)
{
    chat->fault = ngx_http_chatws_question_shows(client,
                                            (chatws_str_t *) &chat->token)
                  ? ngx_http_chatws_chat_token(client, held->right, &chat->id,
                                               &chat->token)
                  : ngx_http_chatws_client_may(client, held->right,
                                               &chat->id);

    chat->grant = client->grant;
    chat->commands = client->commands;

    return chat->fault != &ngx_http_chatws_undecided;
}


ngx_http_chatws_held_chat_t *
ngx_http_chatws_held_find(ngx_http_chatws_client_t *client,
    ngx_http_chatws_held_t *held, const ngx_str_t *id)
{
    uint64_t                      hash;
    ngx_uint_t                    i, n;
    ngx_http_chatws_held_chat_t  *chat;

    hash = ngx_http_chatws_hub_hash(client->subscriber.hub, id);

    for (n = 0; n < held->n; n++) {
        i = (held->next + n) % held->n;
        chat = &held->chats[i];

        if (chat->hash == hash
            && chat->id.len == id->len
            && ngx_memcmp(chat->id.data, id->data, id->len) == 0)
        {
            held->next = i + 1;
            return chat;
        }
    }

    return NULL;
}


void
ngx_http_chatws_held_wait(ngx_http_chatws_question_t *q,
    ngx_http_chatws_held_t *held)
{
    ngx_queue_insert_tail(&q->held, &held->queue);

    if (held->text.len != 0) {
        q->n++;
        q->size += held->text.len;
    }

    /* what the client says in one breath becomes one question */

    ngx_http_chatws_question_later(q);
}


void
ngx_http_chatws_question_go_on(ngx_http_chatws_question_t *q)
{
    ngx_queue_t               *link;
    ngx_http_chatws_held_t    *held;
    ngx_http_chatws_client_t  *client;

    while (!ngx_queue_empty(&q->held)) {
        link = ngx_queue_head(&q->held);
        held = ngx_queue_data(link, ngx_http_chatws_held_t, queue);

        if (!ngx_http_chatws_held_is_decided(q->client, held)) {
            ngx_http_chatws_question_later(q);
            return;
        }

        ngx_queue_remove(link);

        if (held->text.len != 0) {
            q->n--;
            q->size -= held->text.len;
        }

        if (ngx_http_chatws_held_carry_out(q, held) != NGX_OK) {
            return;
        }
    }

    client = q->client;

    ngx_http_chatws_question_put(q);

    /* in a worker that quits, the client has waited for this to move */

    if (client->session.draining) {
        ngx_http_chatws_handover_go_on(client);
    }
}


void
ngx_http_chatws_question_later(ngx_http_chatws_question_t *q)
{
    if (q->ask == NULL && !q->event.posted) {
        ngx_post_event(&q->event, &ngx_posted_next_events);
    }
}


ngx_int_t
ngx_http_chatws_held_carry_out(ngx_http_chatws_question_t *q,
    ngx_http_chatws_held_t *held)
{
    q->acting = held;
    held->next = 0;

    if (held->text.len == 0) {
        ngx_http_chatws_question_reviewed(q->client, held);

    } else if (held->n != 1 || !held->chats[0].cancelled) {
        ngx_http_chatws_client_act_again(q->client, &held->text);
    }

    q->acting = NULL;

    ngx_free(held);

    if (q->client != NULL) {
        return NGX_OK;
    }

    ngx_http_chatws_question_free(q);

    return NGX_DONE;
}
