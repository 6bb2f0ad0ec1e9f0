
/*
 * Copyright (C) chatws contributors
 *
 * The rights of a client, and the limits of its subscriptions.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "token/chatws_grant.h"
#include "process/ngx_http_chatws_clock.h"
#include "hub/ngx_http_chatws_hub_grant.h"
#include "client/ngx_http_chatws_client_grant.h"
#include "client/ngx_http_chatws_client_members.h"
#include "client/ngx_http_chatws_client_question.h"
#include "client/ngx_http_chatws_revoked.h"


static const chatws_fault_t *ngx_http_chatws_client_granted(
    ngx_http_chatws_client_t *client, ngx_http_chatws_right_e right,
    ngx_str_t *chat);


const chatws_fault_t  ngx_http_chatws_chat_refused =
    chatws_fault(CHATWS_E_CHAT,
                 "chatId does not match the pattern of this server");

const chatws_fault_t  ngx_http_chatws_denied =
    chatws_fault_about(CHATWS_E_NOT_ALLOWED,
                       "this user has no right to do that in this chat");

const chatws_fault_t  ngx_http_chatws_undecided =
    chatws_fault_about(CHATWS_E_UNAVAILABLE,
                       "the app server was not asked");

const chatws_fault_t  ngx_http_chatws_unavailable =
    chatws_fault_about(CHATWS_E_UNAVAILABLE,
                       "the app server gave no answer, try again");

const chatws_fault_t  ngx_http_chatws_unsettled =
    chatws_fault_about(CHATWS_E_UNAVAILABLE,
                       "the members of this chat are not known yet, try "
                       "again");

const chatws_fault_t  ngx_http_chatws_cancelled = chatws_fault("", "");


const chatws_fault_t *
ngx_http_chatws_client_may(ngx_http_chatws_client_t *client,
    ngx_http_chatws_right_e right, ngx_str_t *chat)
{
    const chatws_fault_t  *fault;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, client->session.connection->log, 0,
                   "chatws client right:%d chat:\"%V\"", right, chat);

    client->grant = 0;

    if (right == NGX_HTTP_CHATWS_RIGHT_NONE) {
        return ngx_http_chatws_chat_allowed(client->rules, chat)
               ? NULL : &ngx_http_chatws_chat_refused;
    }

    fault = ngx_http_chatws_client_denied(client, chat);

    if (fault != NULL || client->rules->access == 0) {
        return fault;
    }

    return ngx_http_chatws_client_granted(client, right, chat);
}


const chatws_fault_t *
ngx_http_chatws_client_denied(ngx_http_chatws_client_t *client,
    ngx_str_t *chat)
{
    if (!ngx_http_chatws_chat_allowed(client->rules, chat)) {
        return &ngx_http_chatws_chat_refused;
    }

    return ngx_http_chatws_revoked_chat(client->subscriber.hub, &client->user,
                                        chat)
           ? &ngx_http_chatws_denied : NULL;
}


/* Asks the sources that the location has, the cheaper ones first. */

static const chatws_fault_t *
ngx_http_chatws_client_granted(ngx_http_chatws_client_t *client,
    ngx_http_chatws_right_e right, ngx_str_t *chat)
{
    uint32_t              *mark;
    ngx_uint_t             bit, rights;
    const chatws_fault_t  *fault;

    if (ngx_http_chatws_question_decided(client, chat, &fault) == NGX_OK) {
        return fault;
    }

    bit = ngx_http_chatws_right_bit(right);

    if (client->rules->access & NGX_HTTP_CHATWS_ACCESS_TOKEN) {

        /* a token of the chat decides alone, as long as it is valid */

        mark = client->proofs != NULL
               ? ngx_http_chatws_hub_mark(&client->subscriber, chat) : NULL;

        if (mark != NULL
            && ngx_http_chatws_grant_source(*mark)
               == NGX_HTTP_CHATWS_GRANT_TOKEN)
        {
            client->grant = *mark;

            return ngx_http_chatws_grant_rights(*mark) & bit
                   ? NULL : &ngx_http_chatws_denied;
        }

        if (ngx_http_chatws_client_claims(client, chat) & bit) {
            client->grant = NGX_HTTP_CHATWS_GRANT_CLAIMS;
            return NULL;
        }
    }

    fault = &ngx_http_chatws_denied;

    if (client->rules->access & NGX_HTTP_CHATWS_ACCESS_MEMBERS) {

        switch (ngx_http_chatws_members_may(client, chat)) {

        case NGX_OK:
            client->grant = NGX_HTTP_CHATWS_GRANT_MEMBER;
            return NULL;

        case NGX_AGAIN:
            fault = &ngx_http_chatws_unsettled;
            break;

        default: /* NGX_DECLINED */
            break;
        }
    }

    if (!(client->rules->access & NGX_HTTP_CHATWS_ACCESS_REQUEST)) {
        return fault;
    }

    client->commands = ngx_http_chatws_hub_grant_commands(
                           client->subscriber.hub, client->subscriber.user);

    if (ngx_http_chatws_grant_get(client, chat, &rights) != NGX_OK) {
        return &ngx_http_chatws_undecided;
    }

    if (!(rights & bit)) {
        return &ngx_http_chatws_denied;
    }

    client->grant = ngx_http_chatws_request_grant(client);

    return NULL;
}


ngx_uint_t
ngx_http_chatws_client_claims(const ngx_http_chatws_client_t *client,
    const ngx_str_t *chat)
{
    if (!(client->rules->access & NGX_HTTP_CHATWS_ACCESS_TOKEN)
        || client->credential == NULL)
    {
        return 0;
    }

    return chatws_grants_find(client->credential->grants,
                              client->credential->len,
                              (const chatws_str_t *) chat);
}


ngx_uint_t
ngx_http_chatws_chat_allowed(const ngx_http_chatws_rules_t *rules,
    ngx_str_t *chat)
{
    return rules->chat_pattern == NULL
           || ngx_regex_exec(rules->chat_pattern, chat, NULL, 0) >= 0;
}


const chatws_fault_t *
ngx_http_chatws_client_enter(ngx_http_chatws_client_t *client,
    ngx_str_t *chat, ngx_uint_t replay, chatws_subscribed_t *at)
{
    uint32_t                     share, grant, commands, nsubs;

    static const chatws_fault_t  many =
        chatws_fault(CHATWS_E_SUBSCRIPTIONS,
                     "this connection has as many as it may have");

    static const chatws_fault_t  greedy =
        chatws_fault(CHATWS_E_SUBSCRIPTIONS,
                     "the connections of this user have as many as they may "
                     "have");

    static const chatws_fault_t  full =
        chatws_fault(CHATWS_E_SUBSCRIPTIONS,
                     "the server has no room for another one now");

    if (client->subscriber.nsubs >= client->rules->max_subscriptions
        && !ngx_http_chatws_subscribed(&client->subscriber, chat))
    {
        return &many;
    }

    /* a command that is carried out meanwhile has a grant of its own */

    grant = client->grant;
    commands = client->commands;
    nsubs = client->subscriber.nsubs;

    share = client->rules->user_subscriptions;

    if (share == 0) {
        share = ngx_http_chatws_hub_share(client->subscriber.hub);
    }

    switch (ngx_http_chatws_subscribe(&client->subscriber, chat, share, grant,
                                      replay, at))
    {

    case NGX_OK:

        /* none was made where the client was in the chat before */

        if (client->subscriber.nsubs > nsubs
            && ngx_http_chatws_grant_overruled(client, grant, commands))
        {
            /* the command may not end what has come after it */

            (void) ngx_http_chatws_unsubscribe(&client->subscriber, chat);
            return &ngx_http_chatws_unavailable;
        }

        if (grant == NGX_HTTP_CHATWS_GRANT_MEMBER
            && ngx_http_chatws_members_may(client, chat) != NGX_OK)
        {
            /* the same for one that has ended the membership */

            (void) ngx_http_chatws_unsubscribe(&client->subscriber, chat);
            return &ngx_http_chatws_denied;
        }

        ngx_http_chatws_question_remind(client, grant);

        return NULL;

    case NGX_DECLINED:
        return &greedy;

    case NGX_AGAIN:
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "zone busy, reconnect");
        return &full;

    default: /* NGX_BUSY, NGX_ERROR */
        return &full;
    }
}


ngx_int_t
ngx_http_chatws_unsubscribed(ngx_http_chatws_client_t *client,
    ngx_str_t *chat, chatws_lost_e lost)
{
    chatws_str_t             text;
    ngx_http_chatws_reply_t  reply;

    if (ngx_http_chatws_unsubscribe(&client->subscriber, chat) != NGX_OK) {
        return NGX_DECLINED;
    }

    text.data = reply.text;
    text.len = sizeof(reply.text);

    if (chatws_notify_unsubscribed(&text, (chatws_str_t *) chat, lost,
                                   ngx_http_chatws_now())
        == CHATWS_OK)
    {
        ngx_http_chatws_send_payload(&client->session, CHATWS_FRAME_TEXT,
                                     text.data, text.len);
    }

    return NGX_OK;
}
