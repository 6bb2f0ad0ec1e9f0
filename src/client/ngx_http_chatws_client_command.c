
/*
 * Copyright (C) chatws contributors
 *
 * Commands: each worker finds the clients that a command is for, and carries
 * it out for each of them.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_str.h"
#include "client/ngx_http_chatws_client_command.h"
#include "client/ngx_http_chatws_client_members.h"
#include "client/ngx_http_chatws_client_private.h"
#include "client/ngx_http_chatws_client_question.h"
#include "client/ngx_http_chatws_proofs.h"
#include "client/ngx_http_chatws_revoked.h"
#include "client/ngx_http_chatws_users.h"


/* A command, and its place in the durable ring. */

typedef struct {
    chatws_command_t  command;
    uint64_t          offset;        /* CHATWS_OFF_NONE: the client has nothing
                                        that is newer */
    uint64_t          begin;         /* the same, but it is known */
} ngx_http_chatws_order_t;


/* Carries a command out for a client that it is for. */

typedef void (*ngx_http_chatws_obey_pt)(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order);


static void ngx_http_chatws_client_order(ngx_http_chatws_client_t *client,
    void *data);
static ngx_uint_t ngx_http_chatws_client_is_session(
    ngx_http_chatws_client_t *client, const chatws_str_t *session);
static void ngx_http_chatws_obey_subscribe(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order);
static void ngx_http_chatws_obey_unsubscribe(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order);
static void ngx_http_chatws_obey_disconnect(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order);
static void ngx_http_chatws_obey_expire(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order);
static void ngx_http_chatws_obey_revoke(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order);
static void ngx_http_chatws_obey_forget(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order);
static void ngx_http_chatws_obey_joined(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order);
static void ngx_http_chatws_obey_left(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order);


/* by chatws_command_e; NULL: no worker gets it */

static const ngx_http_chatws_obey_pt  ngx_http_chatws_obeys[] = {
    [CHATWS_COMMAND_SUBSCRIBE] = ngx_http_chatws_obey_subscribe,
    [CHATWS_COMMAND_UNSUBSCRIBE] = ngx_http_chatws_obey_unsubscribe,
    [CHATWS_COMMAND_DISCONNECT] = ngx_http_chatws_obey_disconnect,
    [CHATWS_COMMAND_EXPIRE] = ngx_http_chatws_obey_expire,
    [CHATWS_COMMAND_REVOKE] = ngx_http_chatws_obey_revoke,
    [CHATWS_COMMAND_FORGET] = ngx_http_chatws_obey_forget,
    [CHATWS_COMMAND_CHANGES] = NULL,
    [CHATWS_COMMAND_JOINED] = ngx_http_chatws_obey_joined,
    [CHATWS_COMMAND_LEFT] = ngx_http_chatws_obey_left
};

chatws_static_assert(ngx_http_chatws_obeys_complete,
    chatws_nelts(ngx_http_chatws_obeys) == CHATWS_COMMAND_N);


void
ngx_http_chatws_client_command(ngx_http_chatws_hub_t *hub, ngx_str_t *text,
    uint64_t offset)
{
    uint64_t                  user;
    ngx_http_chatws_order_t   order;

    if (chatws_command_unpack(&order.command, (chatws_str_t *) text)
        != CHATWS_OK)
    {
        return;
    }

    order.offset = offset;
    order.begin = offset;
    user = 0;

    if (order.command.user.len != 0) {
        user = ngx_http_chatws_hub_hash(hub,
                                        (ngx_str_t *) &order.command.user);
    }

    ngx_http_chatws_users_each(hub, user, ngx_http_chatws_client_order,
                               &order);
}


void
ngx_http_chatws_client_obey(ngx_http_chatws_client_t *client, ngx_str_t *text,
    uint64_t offset)
{
    ngx_http_chatws_order_t  order;

    if (chatws_command_unpack(&order.command, (chatws_str_t *) text)
        != CHATWS_OK)
    {
        return;
    }

    /* all that the client has is older than the command */
    order.offset = CHATWS_OFF_NONE;
    order.begin = offset;

    ngx_http_chatws_client_order(client, &order);
}


static void
ngx_http_chatws_client_order(ngx_http_chatws_client_t *client, void *data)
{
    const ngx_http_chatws_order_t *order = data;

    ngx_http_chatws_obey_pt   obey;
    const chatws_command_t   *command;

    command = &order->command;
    obey = ngx_http_chatws_obeys[command->kind];

    if (obey == NULL
        || client->session.state != NGX_HTTP_CHATWS_OPEN
        || order->offset < ngx_http_chatws_users_since(client))
    {
        return;
    }

    if (command->user.len != 0
        && !chatws_str_equal(&command->user, (chatws_str_t *) &client->user))
    {
        return;
    }

    if ((command->session.len != 0
         && !ngx_http_chatws_client_is_session(client, &command->session))
        || (command->except.len != 0
            && ngx_http_chatws_client_is_session(client, &command->except)))
    {
        return;
    }

    obey(client, order);
}


static ngx_uint_t
ngx_http_chatws_client_is_session(ngx_http_chatws_client_t *client,
    const chatws_str_t *session)
{
    return client->id != NULL
           && session->len == CHATWS_SESSION_LEN
           && ngx_memcmp(session->data, client->id, CHATWS_SESSION_LEN) == 0;
}


static void
ngx_http_chatws_obey_subscribe(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order)
{
    ngx_str_t             *chat;
    chatws_confirmed_t     confirmed;
    chatws_subscribed_t    at;
    const chatws_fault_t  *fault;

    chat = (ngx_str_t *) &order->command.chat;

    if (ngx_http_chatws_subscribed(&client->subscriber, chat)) {
        return;
    }

    fault = ngx_http_chatws_client_denied(client, chat);

    if (fault == NULL) {

        /* nobody takes it away again but a command */

        client->grant = 0;

        fault = ngx_http_chatws_client_enter(client, chat, 0, &at);
    }

    if (fault != NULL) {
        ngx_log_error(NGX_LOG_INFO, client->session.connection->log, 0,
                      "chatws can't subscribe a client by a command: %V",
                      (ngx_str_t *) &fault->details);
        return;
    }

    ngx_memzero(&confirmed, sizeof(chatws_confirmed_t));

    confirmed.subscribed = 1;
    confirmed.chat = order->command.chat;
    confirmed.seq = at.seq;
    confirmed.epoch = ngx_http_chatws_hub_epoch(client->subscriber.hub);

    ngx_http_chatws_confirm(client, &confirmed);
}


static void
ngx_http_chatws_obey_unsubscribe(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order)
{
    ngx_str_t  *chat;

    chat = (ngx_str_t *) &order->command.chat;

    /* the client may have subscribed again since the command was given */

    if (ngx_http_chatws_hub_is_older(&client->subscriber, chat,
                                     order->offset))
    {
        (void) ngx_http_chatws_unsubscribed(client, chat,
                                            CHATWS_LOST_REMOVED);
    }
}


static void
ngx_http_chatws_obey_disconnect(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order)
{
    ngx_http_chatws_session_close_text(&client->session, order->command.code,
                                       &order->command.reason);
}


static void
ngx_http_chatws_obey_expire(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order)
{
    ngx_http_chatws_session_expire(&client->session,
                                   order->command.at * 1000);
}


static void
ngx_http_chatws_obey_revoke(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order)
{
    if (client->credential != NULL
        && ngx_http_chatws_revoked_by(&client->credential->proof,
                                      &order->command))
    {
        ngx_http_chatws_client_revoke(client);
        return;
    }

    ngx_http_chatws_proofs_revoke(client, &order->command, order->offset);
}


/* What the app server has granted is asked for again. */

static void
ngx_http_chatws_obey_forget(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order)
{
    const chatws_str_t  *chat;

    if (client->rules->access_app == NULL) {
        return;
    }

    chat = &order->command.chat;

    ngx_http_chatws_question_review(client, chat->len != 0
                                            ? (const ngx_str_t *) chat : NULL);
}


static void
ngx_http_chatws_obey_joined(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order)
{
    ngx_http_chatws_members_joined(client, (ngx_str_t *) &order->command.chat,
                                   order->begin);
}


/* The client is told by a notification to its user. */

static void
ngx_http_chatws_obey_left(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_order_t *order)
{
    ngx_str_t  *chat;

    chat = (ngx_str_t *) &order->command.chat;

    if (ngx_http_chatws_hub_is_older(&client->subscriber, chat,
                                     order->offset))
    {
        (void) ngx_http_chatws_unsubscribe(&client->subscriber, chat);
    }
}
