
/*
 * Copyright (C) chatws contributors
 *
 * Asking the app server for the rights of a user in chats, and what it has
 * answered.  Whatever is not a clear answer grants nothing, and is not kept.
 * Protocol, section 7.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_name.h"
#include "base/chatws_str.h"
#include "json/chatws_json_scan.h"
#include "token/chatws_grant.h"
#include "process/ngx_http_chatws_event.h"
#include "process/ngx_http_chatws_scratch.h"
#include "hub/ngx_http_chatws_hub_grant.h"
#include "client/ngx_http_chatws_client_question_private.h"


/* bytes that an id takes in JSON at most, with quotes and a comma */
#define NGX_HTTP_CHATWS_ASKED_ID  (6 * CHATWS_NAME_MAX + 3)

/* levels of the JSON of an answer */
#define NGX_HTTP_CHATWS_ANSWER_DEPTH  4


/* An answer, as it is read. */

typedef struct {
    ngx_http_chatws_question_t  *q;
    chatws_json_arena_t          arena;
    chatws_str_t                 chats;     /* the JSON object; empty: none */
    chatws_str_t                 valid;     /* the number; empty: none */
    time_t                       ttl;       /* of grants, seconds */
} ngx_http_chatws_answer_t;


static ngx_uint_t ngx_http_chatws_question_tokens(
    ngx_http_chatws_question_t *q);
static ngx_uint_t ngx_http_chatws_question_collect(
    ngx_http_chatws_question_t *q, chatws_json_out_t *json);
static ngx_uint_t ngx_http_chatws_question_unknown(
    ngx_http_chatws_question_t *q, ngx_http_chatws_held_t *held,
    ngx_http_chatws_held_chat_t *chat);
static ngx_uint_t ngx_http_chatws_question_has(
    ngx_http_chatws_held_chat_t **chats, ngx_uint_t n,
    const ngx_http_chatws_held_chat_t *chat);
static void ngx_http_chatws_question_answer(void *owner, ngx_uint_t status,
    ngx_str_t *body);
static const char *ngx_http_chatws_answer_read(
    ngx_http_chatws_question_t *q, const ngx_str_t *body);
static chatws_rc_e ngx_http_chatws_answer_member(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e ngx_http_chatws_answer_form(void *data,
    const chatws_json_member_t *m);
static chatws_rc_e ngx_http_chatws_answer_chat(void *data,
    const chatws_json_member_t *m);
static void ngx_http_chatws_answer_take(ngx_http_chatws_question_t *q,
    const ngx_str_t *id, ngx_uint_t rights, time_t ttl);
static void ngx_http_chatws_answer_rest(ngx_http_chatws_question_t *q,
    ngx_uint_t answered);


void
ngx_http_chatws_question_ask_handler(ngx_event_t *ev)
{
    size_t                       size;
    ngx_str_t                    body, fields;
    chatws_str_t                 text;
    chatws_json_out_t            json;
    ngx_http_chatws_client_t    *client;
    ngx_http_chatws_question_t  *q;

    q = ngx_http_chatws_event_data(ev);
    client = q->client;

    if (ngx_http_chatws_question_tokens(q) != 0) {
        ngx_http_chatws_question_later(q);
        return;
    }

    size = sizeof("{\"userId\":,\"chats\":[]}")
           + (NGX_HTTP_CHATWS_QUESTION_CHATS + 1) * NGX_HTTP_CHATWS_ASKED_ID;

    text.len = size;
    text.data = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_RESUME,
                                            size);
    if (text.data == NULL) {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no memory, reconnect");
        return;
    }

    /* a command that comes from now on has the app server asked again */

    q->commands = ngx_http_chatws_hub_grant_commands(client->subscriber.hub,
                                                     client->subscriber.user);

    chatws_json_out_begin(&json, &text);

    chatws_json_put_lit(&json, "{\"userId\":");
    chatws_json_put_string(&json, (chatws_str_t *) &client->user);
    chatws_json_put_lit(&json, ",\"chats\":[");

    if (ngx_http_chatws_question_collect(q, &json) == 0) {
        ngx_http_chatws_question_go_on(q);
        return;
    }

    chatws_json_put_lit(&json, "]}");

    (void) chatws_json_out_end(&json, &text);

    body.len = text.len;
    body.data = text.data;
    ngx_str_null(&fields);

    q->ask = ngx_http_chatws_ask(client->rules->access_app, &fields, &body,
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


/* Puts the chats that are undecided, and returns how many these are. */

static ngx_uint_t
ngx_http_chatws_question_collect(ngx_http_chatws_question_t *q,
    chatws_json_out_t *json)
{
    ngx_uint_t                    i, n;
    ngx_queue_t                  *link;
    ngx_http_chatws_held_t       *held;
    ngx_http_chatws_held_chat_t  *chat;
    ngx_http_chatws_held_chat_t  *chats[NGX_HTTP_CHATWS_QUESTION_CHATS];

    n = 0;

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

            if (ngx_http_chatws_question_has(chats, n, chat)) {
                chat->asked = 1;
                continue;
            }

            if (n == NGX_HTTP_CHATWS_QUESTION_CHATS) {
                return n;
            }

            if (n != 0) {
                chatws_json_put_lit(json, ",");
            }

            chatws_json_put_string(json, (chatws_str_t *) &chat->id);

            chat->asked = 1;
            chats[n++] = chat;
        }
    }

    return n;
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

    const char             *why;
    ngx_http_chatws_app_t  *app;

    q->ask = NULL;
    app = q->client->rules->access_app;
    why = NULL;

    switch (status) {

    case NGX_HTTP_OK:
        why = ngx_http_chatws_answer_read(q, body);
        break;

    case NGX_HTTP_FORBIDDEN:
        break;

    case 0:

        /* no answer, which was logged */

        ngx_http_chatws_answer_rest(q, 0);
        ngx_http_chatws_question_go_on(q);
        return;

    default:
        why = "its status is neither 200 nor 403";
    }

    if (why != NULL) {
        ngx_http_chatws_app_failed(app, why, 0);
    }

    ngx_http_chatws_answer_rest(q, why == NULL);
    ngx_http_chatws_question_go_on(q);
}


/* Takes what is granted.  Returns NULL, or what is wrong with the answer. */

static const char *
ngx_http_chatws_answer_read(ngx_http_chatws_question_t *q,
    const ngx_str_t *body)
{
    void                           *mem;
    size_t                          size;
    uint64_t                        valid;
    const ngx_http_chatws_rules_t  *rules;
    ngx_http_chatws_answer_t        answer;

    size = chatws_json_arena_size(body->len);
    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_PARSE, size);

    if (mem == NULL) {
        return "no memory";
    }

    rules = q->client->rules;

    ngx_memzero(&answer, sizeof(ngx_http_chatws_answer_t));

    answer.q = q;

    chatws_json_arena_init(&answer.arena, mem, size);

    if (chatws_json_object(&answer.arena, (chatws_str_t *) body,
                           NGX_HTTP_CHATWS_ANSWER_DEPTH,
                           ngx_http_chatws_answer_member, &answer)
        != CHATWS_OK
        || answer.chats.len == 0)
    {
        return "its body has no object \"chats\"";
    }

    valid = rules->access_valid;

    if (answer.valid.len != 0
        && chatws_json_uint(&answer.valid, &valid) != CHATWS_OK)
    {
        return "its \"valid\" is no number of seconds";
    }

    answer.ttl = (time_t) ngx_min(valid, rules->access_valid);

    /* all of it is looked at before anything is granted */

    if (chatws_json_object(&answer.arena, &answer.chats,
                           NGX_HTTP_CHATWS_ANSWER_DEPTH,
                           ngx_http_chatws_answer_form, NULL)
        != CHATWS_OK)
    {
        return "its \"chats\" has what is no array of rights";
    }

    (void) chatws_json_object(&answer.arena, &answer.chats,
                              NGX_HTTP_CHATWS_ANSWER_DEPTH,
                              ngx_http_chatws_answer_chat, &answer);

    return NULL;
}


static chatws_rc_e
ngx_http_chatws_answer_member(void *data, const chatws_json_member_t *m)
{
    ngx_http_chatws_answer_t *answer = data;

    static const chatws_str_t  chats = chatws_str("chats");
    static const chatws_str_t  valid = chatws_str("valid");

    /* who writes a member twice means at most one of them */

    if (chatws_str_equal(&m->name, &chats)) {

        if (m->type != CHATWS_JSON_OBJECT || answer->chats.len != 0) {
            return CHATWS_ERROR;
        }

        answer->chats = m->value;

    } else if (chatws_str_equal(&m->name, &valid)) {

        if (answer->valid.len != 0) {
            return CHATWS_ERROR;
        }

        answer->valid = m->value;
    }

    return CHATWS_OK;
}


static chatws_rc_e
ngx_http_chatws_answer_form(void *data, const chatws_json_member_t *m)
{
    return m->type == CHATWS_JSON_ARRAY ? CHATWS_OK : CHATWS_ERROR;
}


static chatws_rc_e
ngx_http_chatws_answer_chat(void *data, const chatws_json_member_t *m)
{
    ngx_http_chatws_answer_t *answer = data;

    time_t      ttl;
    ngx_uint_t  rights;

    if (m->lossy) {
        return CHATWS_OK;
    }

    rights = chatws_rights_parse(&m->value, &answer->arena);

    ttl = rights != 0 ? answer->ttl
                      : (time_t) answer->q->client->rules->access_denied;

    ngx_http_chatws_answer_take(answer->q, (ngx_str_t *) &m->name, rights,
                                ttl);

    return CHATWS_OK;
}


/* Decides a chat that was asked for, wherever it waits. */

static void
ngx_http_chatws_answer_take(ngx_http_chatws_question_t *q,
    const ngx_str_t *id, ngx_uint_t rights, time_t ttl)
{
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
