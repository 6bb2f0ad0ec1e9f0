
/*
 * Copyright (C) chatws contributors
 *
 * The actions of a client that has read, or has got, messages.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "process/ngx_http_chatws_scratch.h"
#include "client/ngx_http_chatws_client_private.h"
#include "client/ngx_http_chatws_client_read.h"


static void ngx_http_chatws_client_reader(ngx_http_chatws_client_t *client,
    const chatws_str_t *chat, ngx_http_chatws_reader_t *reader);
static void ngx_http_chatws_read_act(ngx_http_chatws_client_t *client,
    chatws_action_t *action, chatws_reader_act_e what);
static ngx_uint_t ngx_http_chatws_read_same_epoch(
    ngx_http_chatws_client_t *client, const chatws_action_t *action);
static void ngx_http_chatws_delivered_chat(void *data,
    const chatws_str_t *chat, uint64_t seq);


void
ngx_http_chatws_read_look(const ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    const ngx_http_chatws_people_conf_t  *people;

    static const chatws_fault_t  read =
        chatws_fault(CHATWS_E_TYPE, "Unknown message type: read");

    static const chatws_fault_t  mark =
        chatws_fault(CHATWS_E_TYPE, "Unknown message type: mark");

    static const chatws_fault_t  delivered =
        chatws_fault(CHATWS_E_TYPE, "Unknown message type: delivered");

    people = ngx_http_chatws_hub_zone(client->subscriber.hub)->people;

    switch (action->verb) {

    case CHATWS_VERB_READ:
    case CHATWS_VERB_MARK:

        if (people == NULL || !people->unread) {
            action->fault = action->verb == CHATWS_VERB_READ ? read : mark;
            action->verb = CHATWS_VERB_NONE;
        }

        return;

    case CHATWS_VERB_DELIVERED:

        if (people == NULL
            || people->receipts == NULL
            || !people->receipts->delivered)
        {
            action->fault = delivered;
            action->verb = CHATWS_VERB_NONE;
        }

        return;

    default:
        return;
    }
}


void
ngx_http_chatws_client_read(ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    chatws_reader_act_e  what;

    if (!ngx_http_chatws_read_same_epoch(client, action)) {
        what = CHATWS_READER_LOOK;

    } else if (action->secret) {
        what = CHATWS_READER_SECRET;

    } else {
        what = CHATWS_READER_READ;
    }

    ngx_http_chatws_read_act(client, action, what);
}


void
ngx_http_chatws_client_mark(ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    ngx_http_chatws_read_act(client, action,
                             action->unread ? CHATWS_READER_MARK
                                            : CHATWS_READER_UNMARK);
}


/* The client is always answered, with what is so now. */

static void
ngx_http_chatws_read_act(ngx_http_chatws_client_t *client,
    chatws_action_t *action, chatws_reader_act_e what)
{
    chatws_str_t               text;
    chatws_unread_t            u;
    ngx_http_chatws_reply_t    reply;
    ngx_http_chatws_reader_t   reader;

    static const chatws_fault_t  stranger =
        chatws_fault(CHATWS_E_NOT_SUBSCRIBED,
                     "this needs a subscription to the chat, or membership");

    ngx_http_chatws_client_reader(client, &action->chat, &reader);

    switch (ngx_http_chatws_hub_read(&reader, what, action->seq,
                                     &client->subscriber, &u))
    {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        ngx_http_chatws_complain(client, action, &stranger, 0);
        return;

    default: /* NGX_BUSY */
        ngx_http_chatws_complain(client, action, &ngx_http_chatws_unavailable,
                  ngx_http_chatws_retry_after(&ngx_http_chatws_unavailable));
        return;
    }

    u.id = action->id;

    text.data = reply.text;
    text.len = sizeof(reply.text);

    if (chatws_unread_write(&text, &u) == CHATWS_OK) {
        ngx_http_chatws_send_payload(&client->session, CHATWS_FRAME_TEXT,
                                     text.data, text.len);
    }
}


static void
ngx_http_chatws_client_reader(ngx_http_chatws_client_t *client,
    const chatws_str_t *chat, ngx_http_chatws_reader_t *reader)
{
    ngx_memzero(reader, sizeof(ngx_http_chatws_reader_t));

    reader->hub = client->subscriber.hub;
    reader->chat = *chat;
    reader->user.len = client->user.len;
    reader->user.data = client->user.data;
    reader->entered = ngx_http_chatws_subscribed(&client->subscriber,
                                                 (ngx_str_t *) chat)
                      != 0;
}


static ngx_uint_t
ngx_http_chatws_read_same_epoch(ngx_http_chatws_client_t *client,
    const chatws_action_t *action)
{
    return action->epoch
           == (ngx_http_chatws_hub_epoch(client->subscriber.hub)
               & CHATWS_EPOCH_MASK);
}


/* Nobody waits for an answer, so what can't be carried out is no error. */

void
ngx_http_chatws_client_delivered(ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    void    *mem;
    size_t   size;

    if (!ngx_http_chatws_read_same_epoch(client, action)) {
        return;
    }

    size = chatws_json_arena_size(action->chats.len);
    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_RESUME, size);

    if (mem == NULL) {
        return;
    }

    chatws_action_delivered_chats(action, CHATWS_JSON_DEPTH, mem, size,
                                  ngx_http_chatws_delivered_chat, client);
}


static void
ngx_http_chatws_delivered_chat(void *data, const chatws_str_t *chat,
    uint64_t seq)
{
    ngx_http_chatws_client_t *client = data;

    ngx_http_chatws_reader_t  reader;

    ngx_http_chatws_client_reader(client, chat, &reader);

    if (reader.entered) {
        ngx_http_chatws_hub_delivered(&reader, seq);
    }
}


chatws_watermark_t *
ngx_http_chatws_client_watermark(ngx_http_chatws_client_t *client,
    const chatws_str_t *chat, const chatws_subscribed_t *at,
    chatws_watermark_t *mark)
{
    ngx_http_chatws_reader_t  reader;

    if (!ngx_http_chatws_has_unread(client->subscriber.hub)) {
        return NULL;
    }

    ngx_http_chatws_client_reader(client, chat, &reader);
    ngx_http_chatws_hub_watermark(&reader, at, mark);

    return mark;
}
