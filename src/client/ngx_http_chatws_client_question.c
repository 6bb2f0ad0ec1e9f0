
/*
 * Copyright (C) chatws contributors
 *
 * What waits for the app server: see ngx_http_chatws_client_question.h.  Of an
 * action its text is kept; when its chats are decided it is parsed once more
 * and carried out as if it had come just now.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_scratch.h"
#include "client/ngx_http_chatws_client_question_private.h"


/* actions of a client that wait, at most, */
#define NGX_HTTP_CHATWS_HELD_MAX   100

/* and bytes of their texts, unless a single one is larger */
#define NGX_HTTP_CHATWS_HELD_SIZE  16384

/* milliseconds after which a client may try again what could not wait */
#define NGX_HTTP_CHATWS_HELD_AGAIN  1000

/* bytes of the shortest chat in a resume, with its comma: "a":0, */
#define NGX_HTTP_CHATWS_CHAT_MIN   6


typedef struct {
    ngx_http_chatws_client_t  *client;
    ngx_http_chatws_held_t    *held;
    unsigned                   waits:1;
} ngx_http_chatws_held_resume_t;


static ngx_uint_t ngx_http_chatws_question_may_wait(
    ngx_http_chatws_client_t *client, const chatws_action_t *action);
static ngx_int_t ngx_http_chatws_question_resume(
    ngx_http_chatws_client_t *client, const chatws_action_t *action);
static chatws_rc_e ngx_http_chatws_question_chat(void *data,
    const chatws_resume_t *r);
static ngx_uint_t ngx_http_chatws_question_names(
    ngx_http_chatws_client_t *client, const ngx_str_t *id);
static void ngx_http_chatws_question_cancel(ngx_http_chatws_client_t *client,
    const ngx_str_t *id);
static ngx_uint_t ngx_http_chatws_question_has_room(
    ngx_http_chatws_client_t *client, const chatws_action_t *action);
static void ngx_http_chatws_question_no_memory(
    ngx_http_chatws_client_t *client);


ngx_int_t
ngx_http_chatws_question_take(ngx_http_chatws_client_t *client,
    const chatws_action_t *action)
{
    ngx_str_t  *chat;

    if (client->question != NULL && client->question->acting != NULL) {
        return NGX_OK;
    }

    chat = (ngx_str_t *) &action->chat;

    if (action->verb == CHATWS_VERB_UNSUBSCRIBE) {
        ngx_http_chatws_question_cancel(client, chat);
        return NGX_OK;
    }

    if (action->verb == CHATWS_VERB_RESUME) {
        return ngx_http_chatws_question_may_wait(client, action)
               ? ngx_http_chatws_question_resume(client, action) : NGX_OK;
    }

    if (chat->len != 0 && ngx_http_chatws_question_names(client, chat)) {
        ngx_http_chatws_question_hold(client, action);
        return NGX_DONE;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_chatws_question_shows(const ngx_http_chatws_client_t *client,
    const chatws_str_t *token)
{
    return token->len != 0
           && client->rules->access & NGX_HTTP_CHATWS_ACCESS_TOKEN
           && (client->question == NULL || client->question->acting == NULL);
}


/* Claims alone decide at once: a resume without tokens of chats can't wait. */

static ngx_uint_t
ngx_http_chatws_question_may_wait(ngx_http_chatws_client_t *client,
    const chatws_action_t *action)
{
    return client->rules->access & NGX_HTTP_CHATWS_ACCESS_REQUEST
           || ngx_http_chatws_question_is_open(client)
           || ngx_strlcasestrn(action->chats.data,
                               action->chats.data + action->chats.len,
                               (u_char *) "\"token\"", 7 - 1)
              != NULL;
}


void
ngx_http_chatws_question_hold(ngx_http_chatws_client_t *client,
    const chatws_action_t *action)
{
    ngx_http_chatws_held_t      *held;
    ngx_http_chatws_question_t  *q;

    if (!ngx_http_chatws_question_has_room(client, action)) {
        return;
    }

    q = ngx_http_chatws_question_get(client);

    held = ngx_http_chatws_held_create(&action->text,
                        ngx_http_chatws_client_verbs[action->verb].right,
                        1, action->chat.len + action->token.len);

    if (q == NULL || held == NULL) {
        ngx_free(held);
        ngx_http_chatws_question_no_memory(client);
        return;
    }

    (void) ngx_http_chatws_held_add(client, held, (ngx_str_t *) &action->chat,
                                    (ngx_str_t *) &action->token);

    ngx_http_chatws_held_wait(q, held);
}


/*
 * A resume is carried out when all its chats are decided, which they may be
 * at once.
 */

static ngx_int_t
ngx_http_chatws_question_resume(ngx_http_chatws_client_t *client,
    const chatws_action_t *action)
{
    void                           *mem;
    size_t                          size;
    ngx_http_chatws_held_t         *held;
    ngx_http_chatws_question_t     *q;
    ngx_http_chatws_held_resume_t   resume;

    if (!ngx_http_chatws_question_has_room(client, action)) {
        return NGX_DONE;
    }

    size = chatws_json_arena_size(action->chats.len);
    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_RESUME, size);

    q = ngx_http_chatws_question_get(client);

    held = ngx_http_chatws_held_create(&action->text,
                       NGX_HTTP_CHATWS_RIGHT_SUBSCRIBE,
                       action->chats.len / NGX_HTTP_CHATWS_CHAT_MIN + 1,
                       action->chats.len);

    if (mem == NULL || q == NULL || held == NULL) {
        ngx_free(held);
        ngx_http_chatws_question_no_memory(client);
        return NGX_DONE;
    }

    resume.client = client;
    resume.held = held;
    resume.waits = 0;

    (void) chatws_action_resume(action, CHATWS_JSON_DEPTH, mem, size,
                                ngx_http_chatws_question_chat, &resume);

    if (resume.waits) {
        ngx_http_chatws_held_wait(q, held);

    } else if (ngx_http_chatws_held_carry_out(q, held) == NGX_OK) {
        ngx_http_chatws_question_put(q);
    }

    return NGX_DONE;
}


static chatws_rc_e
ngx_http_chatws_question_chat(void *data, const chatws_resume_t *r)
{
    ngx_http_chatws_held_resume_t *resume = data;

    ngx_str_t                    *id;
    ngx_http_chatws_held_chat_t  *chat;

    if (r->fault.error.len != 0) {
        return CHATWS_OK;
    }

    id = (ngx_str_t *) &r->chat;

    chat = ngx_http_chatws_held_add(resume->client, resume->held, id,
                                    (ngx_str_t *) &r->token);

    if (!ngx_http_chatws_held_decide(resume->client, resume->held, chat)
        || ngx_http_chatws_question_names(resume->client, id))
    {
        resume->waits = 1;
    }

    return CHATWS_OK;
}


ngx_int_t
ngx_http_chatws_question_decided(ngx_http_chatws_client_t *client,
    ngx_str_t *id, const chatws_fault_t **fault)
{
    ngx_http_chatws_held_chat_t  *chat;

    if (client->question == NULL || client->question->acting == NULL) {
        return NGX_DECLINED;
    }

    chat = ngx_http_chatws_held_find(client, client->question->acting, id);

    if (chat == NULL) {
        return NGX_DECLINED;
    }

    *fault = chat->cancelled ? &ngx_http_chatws_cancelled : chat->fault;
    client->grant = chat->grant;
    client->commands = chat->commands;

    return NGX_OK;
}


ngx_uint_t
ngx_http_chatws_question_is_open(const ngx_http_chatws_client_t *client)
{
    return client->question != NULL
           && !ngx_queue_empty(&client->question->held);
}


/* Whether the chat is one of those for which something waits. */

static ngx_uint_t
ngx_http_chatws_question_names(ngx_http_chatws_client_t *client,
    const ngx_str_t *id)
{
    ngx_queue_t             *link;
    ngx_http_chatws_held_t  *held;

    if (!ngx_http_chatws_question_is_open(client)) {
        return 0;
    }

    for (link = ngx_queue_head(&client->question->held);
         link != ngx_queue_sentinel(&client->question->held);
         link = ngx_queue_next(link))
    {
        held = ngx_queue_data(link, ngx_http_chatws_held_t, queue);

        if (ngx_http_chatws_held_find(client, held, id) != NULL) {
            return 1;
        }
    }

    return 0;
}


/* Nothing that waits is to be done any more for this chat. */

static void
ngx_http_chatws_question_cancel(ngx_http_chatws_client_t *client,
    const ngx_str_t *id)
{
    ngx_uint_t               i;
    ngx_queue_t             *link;
    ngx_http_chatws_held_t  *held;

    if (!ngx_http_chatws_question_is_open(client)) {
        return;
    }

    for (link = ngx_queue_head(&client->question->held);
         link != ngx_queue_sentinel(&client->question->held);
         link = ngx_queue_next(link))
    {
        held = ngx_queue_data(link, ngx_http_chatws_held_t, queue);

        for (i = 0; i < held->n; i++) {
            if (held->chats[i].id.len == id->len
                && ngx_memcmp(held->chats[i].id.data, id->data, id->len) == 0)
            {
                held->chats[i].cancelled = 1;
            }
        }
    }

    /* what waited for this chat alone is over now */

    ngx_http_chatws_question_later(client->question);
}


/* Returns 1, or 0 after telling the client that it is to wait. */

static ngx_uint_t
ngx_http_chatws_question_has_room(ngx_http_chatws_client_t *client,
    const chatws_action_t *action)
{
    size_t                       max;
    ngx_http_chatws_question_t  *q;

    static const chatws_fault_t  many =
        chatws_fault_about(CHATWS_E_RATE,
                           "too many actions wait for the app server");

    q = client->question;

    if (q == NULL || q->n == 0) {
        return 1;
    }

    max = ngx_max(client->session.conf->max_message_size,
                  NGX_HTTP_CHATWS_HELD_SIZE);

    if (q->n < NGX_HTTP_CHATWS_HELD_MAX && q->size + action->text.len <= max) {
        return 1;
    }

    ngx_http_chatws_client_refuse(client, action, &many,
                                  NGX_HTTP_CHATWS_HELD_AGAIN);

    return 0;
}


static void
ngx_http_chatws_question_no_memory(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                  "no memory, reconnect");
}
