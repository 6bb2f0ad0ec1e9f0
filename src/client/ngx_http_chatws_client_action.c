
/*
 * Copyright (C) chatws contributors
 *
 * The messages of clients: each is parsed, counted, allowed or refused, and
 * carried out.  Here are the table of verbs, and the handlers of subscribe,
 * unsubscribe and typing.  Protocol, section 2.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "protocol/chatws_notify.h"
#include "process/ngx_http_chatws_clock.h"
#include "process/ngx_http_chatws_scratch.h"
#include "client/ngx_http_chatws_chat_token.h"
#include "client/ngx_http_chatws_client_presence.h"
#include "client/ngx_http_chatws_client_private.h"
#include "client/ngx_http_chatws_client_question.h"
#include "client/ngx_http_chatws_client_read.h"
#include "client/ngx_http_chatws_client_replay.h"
#include "client/ngx_http_chatws_client_state.h"


/* milliseconds: a client asks again after once to twice that time */
#define NGX_HTTP_CHATWS_RETRY  1000


static ngx_int_t ngx_http_chatws_parse(ngx_http_chatws_client_t *client,
    const chatws_str_t *text, chatws_action_t *action);
static void ngx_http_chatws_act(ngx_http_chatws_client_t *client,
    chatws_action_t *action);
static void ngx_http_chatws_client_subscribe(
    ngx_http_chatws_client_t *client, chatws_action_t *action);
static void ngx_http_chatws_client_unsubscribe(
    ngx_http_chatws_client_t *client, chatws_action_t *action);
static void ngx_http_chatws_client_typing(ngx_http_chatws_client_t *client,
    chatws_action_t *action);
static ngx_uint_t ngx_http_chatws_blames(const chatws_fault_t *fault);


/*
 * Typing goes to all subscribers of a chat, so it costs as much as ten other
 * messages.  An unsubscribe makes room, so it costs nothing.  A resume costs
 * about as much as a subscribe for each of its chats, which take some 32 bytes
 * each; its handler asks for the right in each of them.  An auth has a limit
 * of its own.  What a user says of itself goes to all of its chats, and a user
 * that is asked for or watched costs about as much as a chat of a resume.
 */

const ngx_http_chatws_client_verb_t  ngx_http_chatws_client_verbs[] = {

    [CHATWS_VERB_SUBSCRIBE] = {
        ngx_http_chatws_client_subscribe,
        NGX_HTTP_CHATWS_RIGHT_SUBSCRIBE, 1, 0, 0 },

    [CHATWS_VERB_UNSUBSCRIBE] = {
        ngx_http_chatws_client_unsubscribe,
        NGX_HTTP_CHATWS_RIGHT_NONE, 0, 0, 0 },

    [CHATWS_VERB_TYPING] = {
        ngx_http_chatws_client_typing,
        NGX_HTTP_CHATWS_RIGHT_TYPING, 10, 0, 1 },

    [CHATWS_VERB_RESUME] = {
        ngx_http_chatws_client_resume,
        NGX_HTTP_CHATWS_RIGHT_NONE, 1, 32, 0 },

    [CHATWS_VERB_AUTH] = {
        ngx_http_chatws_client_auth,
        NGX_HTTP_CHATWS_RIGHT_NONE, 0, 0, 0 },

    [CHATWS_VERB_READ] = {
        ngx_http_chatws_client_read,
        NGX_HTTP_CHATWS_RIGHT_SUBSCRIBE, 1, 0, 0 },

    [CHATWS_VERB_MARK] = {
        ngx_http_chatws_client_mark,
        NGX_HTTP_CHATWS_RIGHT_SUBSCRIBE, 1, 0, 0 },

    [CHATWS_VERB_DELIVERED] = {
        ngx_http_chatws_client_delivered,
        NGX_HTTP_CHATWS_RIGHT_NONE, 1, 32, 0 },

    [CHATWS_VERB_PRESENCE] = {
        ngx_http_chatws_client_presence,
        NGX_HTTP_CHATWS_RIGHT_SUBSCRIBE, 10, 32, 1 },

    [CHATWS_VERB_WATCH] = {
        ngx_http_chatws_client_watch,
        NGX_HTTP_CHATWS_RIGHT_NONE, 1, 32, 0 }
};

chatws_static_assert(ngx_http_chatws_client_verbs_complete,
    chatws_nelts(ngx_http_chatws_client_verbs) == CHATWS_VERB_NONE);


void
ngx_http_chatws_client_message(ngx_http_chatws_session_t *s,
    chatws_event_t *ev)
{
    chatws_str_t               text;
    chatws_action_t            action;
    ngx_http_chatws_client_t  *client;

    client = (ngx_http_chatws_client_t *) s;

    text.data = ev->data;
    text.len = ev->len;

    if (ngx_http_chatws_parse(client, &text, &action) != NGX_OK) {
        return;
    }

    ngx_http_chatws_auth_look(client, &action);
    ngx_http_chatws_read_look(client, &action);
    ngx_http_chatws_presence_look(client, &action);

    if (ngx_http_chatws_client_rate(client, &action) == NGX_OK) {

        if (action.fault.error.len != 0) {
            ngx_http_chatws_complain(client, &action, &action.fault, 0);

        } else {
            ngx_http_chatws_act(client, &action);
        }
    }

    ngx_http_chatws_scratch_put();
}


void
ngx_http_chatws_client_act_again(ngx_http_chatws_client_t *client,
    const chatws_str_t *text)
{
    chatws_action_t  action;

    if (ngx_http_chatws_parse(client, text, &action) != NGX_OK) {
        return;
    }

    ngx_http_chatws_act(client, &action);

    ngx_http_chatws_scratch_put();
}


/* NGX_ERROR: there is no memory, and the session was closed. */

static ngx_int_t
ngx_http_chatws_parse(ngx_http_chatws_client_t *client,
    const chatws_str_t *text, chatws_action_t *action)
{
    void    *mem;
    size_t   size;

    size = chatws_json_arena_size(text->len);

    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_PARSE, size);

    if (mem == NULL) {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no memory, reconnect");
        return NGX_ERROR;
    }

    (void) chatws_action_parse(action, text, CHATWS_JSON_DEPTH, mem, size);

    return NGX_OK;
}


/*
 * Carries an action out, if the client has the right in its chat; where nobody
 * knows that now, it waits until the app server has told.
 */

static void
ngx_http_chatws_act(ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    ngx_str_t                            *chat;
    const chatws_fault_t                 *fault;
    const ngx_http_chatws_client_verb_t  *verb;

    verb = &ngx_http_chatws_client_verbs[action->verb];
    chat = (ngx_str_t *) &action->chat;

    if (client->rules->access != 0
        && ngx_http_chatws_question_take(client, action) != NGX_OK)
    {
        return;
    }

    if (chat->len != 0
        && !(verb->inside
             && !ngx_http_chatws_subscribed(&client->subscriber, chat)))
    {
        fault = ngx_http_chatws_question_shows(client, &action->token)
                ? ngx_http_chatws_chat_token(client, verb->right, chat,
                                             (ngx_str_t *) &action->token)
                : ngx_http_chatws_client_may(client, verb->right, chat);

        if (fault == &ngx_http_chatws_undecided) {
            ngx_http_chatws_question_hold(client, action);
            return;
        }

        if (fault != NULL) {
            ngx_http_chatws_complain(client, action, fault,
                                     ngx_http_chatws_retry_after(fault));
            return;
        }
    }

    verb->handler(client, action);
}


uint64_t
ngx_http_chatws_retry_after(const chatws_fault_t *fault)
{
    if (fault != &ngx_http_chatws_unavailable
        && fault != &ngx_http_chatws_unsettled)
    {
        return 0;
    }

    return NGX_HTTP_CHATWS_RETRY + (uint64_t) ngx_random()
                                   % NGX_HTTP_CHATWS_RETRY;
}


static void
ngx_http_chatws_client_subscribe(ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    uint64_t                   epoch;
    chatws_confirmed_t         confirmed;
    chatws_watermark_t         mark;
    chatws_subscribed_t        at;
    const chatws_fault_t      *fault;
    ngx_http_chatws_replay_t   replay;

    fault = ngx_http_chatws_client_enter(client, (ngx_str_t *) &action->chat,
                                         action->since, &at);
    if (fault != NULL) {
        ngx_http_chatws_complain(client, action, fault,
                                 ngx_http_chatws_retry_after(fault));
        return;
    }

    if (action->state) {
        ngx_http_chatws_state_ask(client, &action->chat);
    }

    epoch = ngx_http_chatws_hub_epoch(client->subscriber.hub)
            & CHATWS_EPOCH_MASK;

    ngx_memzero(&confirmed, sizeof(chatws_confirmed_t));

    confirmed.subscribed = 1;
    confirmed.chat = action->chat;
    confirmed.id = action->id;
    confirmed.seq = at.seq;
    confirmed.epoch = epoch;
    confirmed.mark = ngx_http_chatws_client_watermark(client, &action->chat,
                                                      &at, &mark);

    ngx_http_chatws_replay_init(&replay, client);

    if (action->since) {
        confirmed.since = 1;
        confirmed.recovered = action->epoch == epoch
                              && ngx_http_chatws_replay_add(&replay, &at,
                                                            action->seq);

        ngx_http_chatws_hub_count(client->subscriber.hub,
                                  confirmed.recovered
                                  ? NGX_HTTP_CHATWS_N_RECOVERED
                                  : NGX_HTTP_CHATWS_N_UNRECOVERED, 1);
    }

    ngx_http_chatws_confirm(client, &confirmed);

    ngx_http_chatws_replay_send(&replay);
    ngx_http_chatws_replay_done(&replay);

    if (action->state) {
        ngx_http_chatws_state_tell(client);
    }
}


static void
ngx_http_chatws_client_unsubscribe(ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    chatws_confirmed_t  confirmed;

    (void) ngx_http_chatws_unsubscribe(&client->subscriber,
                                       (ngx_str_t *) &action->chat);

    ngx_memzero(&confirmed, sizeof(chatws_confirmed_t));

    confirmed.chat = action->chat;
    confirmed.id = action->id;

    ngx_http_chatws_confirm(client, &confirmed);
}


static void
ngx_http_chatws_client_typing(ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    uint32_t                     row;
    chatws_post_t                post;
    chatws_posted_t              posted;
    ngx_http_chatws_hub_t       *hub;
    const chatws_typing_rules_t *rules;
    u_char                       text[CHATWS_NOTIFY_SIZE];

    static const chatws_fault_t  stranger =
        chatws_fault(CHATWS_E_NOT_SUBSCRIBED,
                     "typing needs a subscription to the chat");

    hub = client->subscriber.hub;

    row = ngx_http_chatws_subscribed(&client->subscriber,
                                     (ngx_str_t *) &action->chat);
    if (row == 0) {
        ngx_http_chatws_complain(client, action, &stranger, 0);
        return;
    }

    if (ngx_http_chatws_client_is_invisible(client)) {
        return;
    }

    rules = client->rules->typing;

    if (rules != NULL
        && ngx_http_chatws_typing(&client->subscriber,
                                  (ngx_str_t *) &action->chat, rules,
                                  action->typing, &client->user,
                                  &client->name)
           == NGX_OK)
    {
        return;
    }

    ngx_memzero(&post, sizeof(chatws_post_t));

    post.sender = client->subscriber.user;
    post.time = ngx_http_chatws_now();
    post.body.data = text;
    post.body.len = sizeof(text);
    post.ring = CHATWS_EPHEMERAL;

    if (chatws_notify_typing(&post.body, &action->chat,
                             (chatws_str_t *) &client->user,
                             (chatws_str_t *) &client->name,
                             action->typing, post.time)
        != CHATWS_OK)
    {
        return;
    }

    /* typing is dropped if there is no room: later it would be stale */

    if (ngx_http_chatws_hub_publish(hub, row, &post, NGX_HTTP_CHATWS_N_TYPING,
                                    &posted)
        != NGX_OK)
    {
        ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_TYPING_DROPPED, 1);
    }
}


void
ngx_http_chatws_confirm(ngx_http_chatws_client_t *client,
    chatws_confirmed_t *confirmed)
{
    chatws_str_t             text;
    ngx_http_chatws_reply_t  reply;

    text.data = reply.text;
    text.len = sizeof(reply.text);

    if (chatws_notify_confirmed(&text, confirmed) == CHATWS_OK) {
        ngx_http_chatws_send_payload(&client->session, CHATWS_FRAME_TEXT,
                                     text.data, text.len);
    }
}


void
ngx_http_chatws_complain(ngx_http_chatws_client_t *client,
    const chatws_action_t *action, const chatws_fault_t *fault,
    uint64_t retry_after)
{
    chatws_str_t             text;
    chatws_cause_t           cause;
    ngx_http_chatws_reply_t  reply;

    if (ngx_http_chatws_blames(fault)
        && ngx_http_chatws_client_erred(client) != NGX_OK)
    {
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, client->session.connection->log, 0,
                   "chatws client error \"%V\"", (ngx_str_t *) &fault->error);

    cause.verb = action->verb;
    cause.chat = action->chat;
    cause.id = action->id;
    cause.retry_after = retry_after;

    text.data = reply.text;
    text.len = sizeof(reply.text);

    if (chatws_notify_error(&text, fault, &cause, ngx_http_chatws_now())
        == CHATWS_OK)
    {
        ngx_http_chatws_send_payload(&client->session, CHATWS_FRAME_TEXT,
                                     text.data, text.len);
    }
}


/* Whether an error counts as one that a client in order does not make. */

static ngx_uint_t
ngx_http_chatws_blames(const chatws_fault_t *fault)
{
    size_t                     i;

    static const chatws_str_t  errors[] = {
        chatws_str(CHATWS_E_JSON),
        chatws_str(CHATWS_E_TYPE),
        chatws_str(CHATWS_E_MESSAGE),
        chatws_str(CHATWS_E_TOKEN)
    };

    for (i = 0; i < chatws_nelts(errors); i++) {
        if (fault->error.len == errors[i].len
            && ngx_memcmp(fault->error.data, errors[i].data, errors[i].len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}
