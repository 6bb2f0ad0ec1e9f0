
/*
 * Copyright (C) chatws contributors
 *
 * The whole state of a chat is made of what the zone knows at that moment.  A
 * client that is to be told many of them is in a list of the worker, of which
 * each client has its turn with some of its chats.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "base/chatws_name.h"
#include "process/ngx_http_chatws_clock.h"
#include "hub/ngx_http_chatws_hub_presence.h"
#include "hub/ngx_http_chatws_hub_unread.h"
#include "client/ngx_http_chatws_client_people.h"
#include "client/ngx_http_chatws_client_private.h"
#include "client/ngx_http_chatws_client_read.h"
#include "client/ngx_http_chatws_client_state.h"


/* states that a client is told in a turn */
#define NGX_HTTP_CHATWS_STATES  16


/* What is told of a chat besides numbers. */

typedef struct {
    chatws_state_t              state;
    const chatws_watermark_t   *mark;        /* NULL: there are none */
    ngx_http_chatws_readers_t   readers;
    chatws_typing_list_t        typists;
    ngx_http_chatws_roll_t      roll;
    unsigned                    reads:1;     /* the readers are told */
    unsigned                    presence:1;  /* the roll is */
} ngx_http_chatws_parts_t;


static void ngx_http_chatws_state_later(ngx_http_chatws_client_t *client,
    ngx_http_chatws_client_people_t *people);
static void ngx_http_chatws_state_handler(ngx_event_t *ev);
static void ngx_http_chatws_state_watermarks(ngx_http_chatws_client_t *client,
    ngx_http_chatws_client_people_t *people);
static ngx_int_t ngx_http_chatws_state_chat(ngx_http_chatws_client_t *client,
    ngx_str_t *chat);
static ngx_int_t ngx_http_chatws_state_parts(ngx_http_chatws_client_t *client,
    ngx_str_t *chat, ngx_http_chatws_parts_t *parts);
static ngx_int_t ngx_http_chatws_state_send(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_parts_t *parts);
static void ngx_http_chatws_state_typing(chatws_json_out_t *json,
    const chatws_typing_list_t *typists, uint64_t user);


/* clients that have states to be told */
static ngx_queue_t  ngx_http_chatws_states;
static ngx_event_t  ngx_http_chatws_states_event;


void
ngx_http_chatws_state_ask(ngx_http_chatws_client_t *client,
    const chatws_str_t *chat)
{
    if (ngx_http_chatws_client_people(client) != NULL) {
        ngx_http_chatws_hub_set_state(&client->subscriber, (ngx_str_t *) chat);
        ngx_http_chatws_hub_set_stale(&client->subscriber, (ngx_str_t *) chat);
    }
}


void
ngx_http_chatws_state_tell(ngx_http_chatws_client_t *client)
{
    u_char                            id[CHATWS_INBOX_MAX];
    ngx_str_t                         chat;
    ngx_uint_t                        i;
    ngx_http_chatws_client_people_t  *people;

    people = ngx_http_chatws_client_people(client);

    ngx_http_chatws_state_end(client);

    /* without a master, a reload may have turned it off */

    if (people == NULL
        || ngx_http_chatws_hub_zone(client->subscriber.hub)->people == NULL)
    {
        return;
    }

    for (i = 0; i < NGX_HTTP_CHATWS_STATES; i++) {

        /* when the client has got what waits, it has its turn again */

        if (ngx_http_chatws_state_waits(client)) {
            ngx_http_chatws_session_await(&client->session);
            return;
        }

        if (people->telling) {
            ngx_http_chatws_state_watermarks(client, people);
            continue;
        }

        if (!ngx_http_chatws_hub_fresh(&client->subscriber, &chat, id)) {
            return;
        }

        if (id[0] == CHATWS_INBOX_MARK) {

            /* what waits is older than the rows, and would come behind them */

            if (ngx_http_chatws_hub_states_wait(client->subscriber.hub)) {
                ngx_http_chatws_hub_set_stale(&client->subscriber, &chat);
                break;
            }

            /* others may be told now; those that come behind it are new */

            ngx_memzero(&people->cursor, sizeof(chatws_people_cursor_t));
            people->telling = ngx_http_chatws_has_unread(
                                                      client->subscriber.hub);
            continue;
        }

        if (ngx_http_chatws_state_chat(client, &chat) != NGX_OK) {
            ngx_http_chatws_hub_set_stale(&client->subscriber, &chat);
            break;
        }
    }

    ngx_http_chatws_state_later(client, people);
}


ngx_uint_t
ngx_http_chatws_state_waits(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_session_t  *s;

    s = &client->session;

    return s->state != NGX_HTTP_CHATWS_OPEN
           || s->out_size > s->conf->send_buffer / 4;
}


static void
ngx_http_chatws_state_later(ngx_http_chatws_client_t *client,
    ngx_http_chatws_client_people_t *people)
{
    ngx_event_t  *ev;

    ev = &ngx_http_chatws_states_event;

    if (ev->handler == NULL) {
        ngx_queue_init(&ngx_http_chatws_states);

        ev->handler = ngx_http_chatws_state_handler;
        ev->log = ngx_cycle->log;
    }

    people->client = client;
    ngx_queue_insert_tail(&ngx_http_chatws_states, &people->states);

    ngx_post_event(ev, &ngx_posted_next_events);
}


static void
ngx_http_chatws_state_handler(ngx_event_t *ev)
{
    ngx_queue_t                      *q;
    ngx_http_chatws_client_people_t  *people;

    if (ngx_queue_empty(&ngx_http_chatws_states)) {
        return;
    }

    q = ngx_queue_head(&ngx_http_chatws_states);
    people = ngx_queue_data(q, ngx_http_chatws_client_people_t, states);

    ngx_http_chatws_state_tell(people->client);

    if (!ngx_queue_empty(&ngx_http_chatws_states)) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }
}


void
ngx_http_chatws_state_end(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_client_people_t  *people;

    people = ngx_http_chatws_client_people(client);

    if (people != NULL && people->client != NULL) {
        ngx_queue_remove(&people->states);
        people->client = NULL;
    }
}


/*
 * Tells some of the user's watermarks: one that was not told when it moved may
 * be in any chat.
 */

static void
ngx_http_chatws_state_watermarks(ngx_http_chatws_client_t *client,
    ngx_http_chatws_client_people_t *people)
{
    ngx_uint_t                 i, n;
    chatws_str_t               text;
    ngx_http_chatws_reply_t    reply;
    ngx_http_chatws_unreads_t  unreads;

    n = ngx_http_chatws_hub_unreads(client->subscriber.hub,
                                    client->subscriber.user, &people->cursor,
                                    &unreads);

    for (i = 0; i < n; i++) {
        text.data = reply.text;
        text.len = sizeof(reply.text);

        if (chatws_unread_write(&text, &unreads.list[i]) == CHATWS_OK) {
            ngx_http_chatws_send_payload(&client->session, CHATWS_FRAME_TEXT,
                                         text.data, text.len);
        }
    }

    people->telling = !people->cursor.done;
}


/* Another result than NGX_OK: it can't be told now. */

static ngx_int_t
ngx_http_chatws_state_chat(ngx_http_chatws_client_t *client, ngx_str_t *chat)
{
    ngx_int_t                 rc;
    chatws_watermark_t        mark;
    chatws_subscribed_t       at;
    ngx_http_chatws_parts_t   parts;

    rc = ngx_http_chatws_hub_position(&client->subscriber, chat, &at);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&parts, sizeof(ngx_http_chatws_parts_t));

    parts.state.chat.len = chat->len;
    parts.state.chat.data = chat->data;
    parts.state.last = at.seq;
    parts.state.epoch = ngx_http_chatws_hub_epoch(client->subscriber.hub);
    parts.state.ms = ngx_http_chatws_now();
    parts.mark = ngx_http_chatws_client_watermark(client, &parts.state.chat,
                                                  &at, &mark);

    rc = ngx_http_chatws_state_parts(client, chat, &parts);

    if (rc == NGX_OK) {
        rc = ngx_http_chatws_state_send(client, &parts);
    }

    if (parts.reads) {
        ngx_free(parts.readers.list);
    }

    if (parts.presence) {
        ngx_http_chatws_roll_done(&parts.roll);
    }

    return rc;
}


/* The lists of those who are there, read and type. */

static ngx_int_t
ngx_http_chatws_state_parts(ngx_http_chatws_client_t *client, ngx_str_t *chat,
    ngx_http_chatws_parts_t *parts)
{
    ngx_int_t                 rc;
    ngx_http_chatws_hub_t    *hub;
    ngx_http_chatws_reader_t  reader;

    hub = client->subscriber.hub;

    if (ngx_http_chatws_hub_presence(hub)) {

        if (ngx_http_chatws_roll_init(&parts->roll, hub, 0) != NGX_OK) {
            return NGX_ERROR;
        }

        parts->presence = 1;

        rc = ngx_http_chatws_hub_presence_chat(hub, chat, &parts->roll);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    ngx_http_chatws_typing_now(client->subscriber.hub, chat, &parts->typists);

    ngx_memzero(&reader, sizeof(ngx_http_chatws_reader_t));

    reader.hub = client->subscriber.hub;
    reader.chat = parts->state.chat;
    reader.user.len = client->user.len;
    reader.user.data = client->user.data;

    rc = ngx_http_chatws_hub_readers(&reader, &parts->readers);

    parts->reads = (rc == NGX_OK);

    return rc == NGX_DECLINED ? NGX_OK : rc;
}


static ngx_int_t
ngx_http_chatws_state_send(ngx_http_chatws_client_t *client,
    const ngx_http_chatws_parts_t *parts)
{
    u_char              *text;
    size_t               size;
    ngx_int_t            rc;
    chatws_str_t         out;
    chatws_json_out_t    json;

    size = CHATWS_STATE_SIZE
           + (parts->readers.n + parts->typists.n) * CHATWS_READER_SIZE
           + (parts->presence ? ngx_http_chatws_roll_room(&parts->roll) : 0);

    text = ngx_alloc(CHATWS_FRAME_HEAD_OUT + size, ngx_cycle->log);
    if (text == NULL) {
        return NGX_ERROR;
    }

    out.data = text + CHATWS_FRAME_HEAD_OUT;
    out.len = size;

    chatws_json_out_begin(&json, &out);
    chatws_state_open(&json, &parts->state);

    if (parts->mark != NULL) {
        chatws_unread_put(&json, parts->mark);

        if (parts->mark->marked) {
            chatws_json_put_lit(&json, ",\"marked\":true");
        }
    }

    if (parts->presence) {
        chatws_presence_put(&json, &parts->roll.presence);
    }

    if (parts->reads) {
        chatws_readers_put(&json, parts->readers.list, parts->readers.n,
                           parts->readers.delivered);
    }

    ngx_http_chatws_state_typing(&json, &parts->typists,
                                 client->subscriber.user);

    chatws_state_close(&json, &parts->state);

    rc = chatws_json_out_end(&json, &out) == CHATWS_OK ? NGX_OK : NGX_ERROR;

    if (rc == NGX_OK) {
        ngx_http_chatws_send_payload(&client->session, CHATWS_FRAME_TEXT,
                                     out.data, out.len);
    }

    ngx_free(text);

    return rc;
}


/* Those of whom others were told that they type. */

static void
ngx_http_chatws_state_typing(chatws_json_out_t *json,
    const chatws_typing_list_t *typists, uint64_t user)
{
    uint32_t                        i;
    ngx_uint_t                      more;
    chatws_str_t                    id;
    const chatws_typing_listed_t   *typist;

    chatws_json_put_lit(json, ",\"typing\":[");

    more = 0;

    for (i = 0; i < typists->n; i++) {
        typist = &typists->list[i];

        if (typist->user == user || !(typist->shown || typists->merged)) {
            continue;
        }

        if (more) {
            chatws_json_put_lit(json, ",");
        }

        id.data = (uint8_t *) typist->who.text;
        id.len = typist->who.id;

        chatws_json_put_string(json, &id);
        more = 1;
    }

    chatws_json_put_lit(json, "]");
}
