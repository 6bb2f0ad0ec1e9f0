
/*
 * Copyright (C) chatws contributors
 *
 * The rights of a client, and the limits of its subscriptions.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_clock.h"
#include "client/ngx_http_chatws_client_private.h"
#include "client/ngx_http_chatws_revoked.h"


const chatws_fault_t  ngx_http_chatws_chat_refused =
    chatws_fault(CHATWS_E_CHAT,
                 "chatId does not match the pattern of this server");


const chatws_fault_t *
ngx_http_chatws_client_may(ngx_http_chatws_client_t *client,
    ngx_http_chatws_right_e right, ngx_str_t *chat)
{
    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, client->session.connection->log, 0,
                   "chatws client right:%d chat:\"%V\"", right, chat);

    /* every client has all other rights */

    return ngx_http_chatws_client_denied(client, chat);
}


const chatws_fault_t *
ngx_http_chatws_client_denied(ngx_http_chatws_client_t *client,
    ngx_str_t *chat)
{
    static const chatws_fault_t  denied =
        chatws_fault(CHATWS_E_NOT_ALLOWED,
                     "this user has no right in this chat");

    if (!ngx_http_chatws_chat_allowed(client->rules, chat)) {
        return &ngx_http_chatws_chat_refused;
    }

    if (ngx_http_chatws_revoked_chat(client->subscriber.hub, &client->user,
                                     chat))
    {
        return &denied;
    }

    return NULL;
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
    uint32_t                     share;

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

    share = client->rules->user_subscriptions;

    if (share == 0) {
        share = ngx_http_chatws_hub_share(client->subscriber.hub);
    }

    switch (ngx_http_chatws_subscribe(&client->subscriber, chat, share,
                                      replay, at))
    {

    case NGX_OK:
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
