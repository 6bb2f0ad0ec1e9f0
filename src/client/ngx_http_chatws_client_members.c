
/*
 * Copyright (C) chatws contributors
 *
 * The chats of a user: see ngx_http_chatws_client_members.h.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "protocol/chatws_notify_members.h"
#include "process/ngx_http_chatws_array.h"
#include "process/ngx_http_chatws_clock.h"
#include "process/ngx_http_chatws_event.h"
#include "process/ngx_http_chatws_scratch.h"
#include "hub/ngx_http_chatws_hub_members.h"
#include "client/ngx_http_chatws_client_grant.h"
#include "client/ngx_http_chatws_client_members.h"
#include "client/ngx_http_chatws_client_people.h"
#include "client/ngx_http_chatws_client_private.h"
#include "client/ngx_http_chatws_client_question.h"
#include "client/ngx_http_chatws_client_state.h"


/* milliseconds that a client has for its first resume, and that it has again
   if the resume waits for an answer of the app server */
#define NGX_HTTP_CHATWS_GATE_TIME   10000
#define NGX_HTTP_CHATWS_GATE_AGAIN  1000

/* bytes of a page of the list of chats */
#define NGX_HTTP_CHATWS_PAGE        16384


/* The chats of a user, and the page that is written. */

typedef struct {
    ngx_http_chatws_client_t       *client;
    chatws_person_chat_t           *chats;
    ngx_uint_t                      n;
    ngx_uint_t                      size;
    uint64_t                        user_seq;
    u_char                         *page;
    chatws_json_out_t               json;
    ngx_uint_t                      made;    /* subscriptions */
    unsigned                        first:1; /* page */
    unsigned                        limit:1; /* the client is not subscribed
                                                to all of them */
} ngx_http_chatws_chats_t;


static void ngx_http_chatws_chats_tell(ngx_http_chatws_client_t *client);
static ngx_int_t ngx_http_chatws_chats_read(ngx_http_chatws_chats_t *chats);
static int ngx_libc_cdecl ngx_http_chatws_chats_compare(const void *one,
    const void *two);
static void ngx_http_chatws_chats_enter(ngx_http_chatws_chats_t *chats,
    chatws_person_chat_t *chat);
static void ngx_http_chatws_chats_put(ngx_http_chatws_chats_t *chats,
    const chatws_person_chat_t *chat, ngx_uint_t first);
static void ngx_http_chatws_chats_begin_page(ngx_http_chatws_chats_t *chats);
static void ngx_http_chatws_chats_end_page(ngx_http_chatws_chats_t *chats,
    chatws_chats_e more);
static void ngx_http_chatws_gate_handler(ngx_event_t *ev);
static void ngx_http_chatws_members_state(ngx_http_chatws_client_t *client,
    ngx_str_t *chat);
static void ngx_http_chatws_members_count(void *data, const ngx_str_t *id,
    uint64_t serial, uint32_t *mark);


void
ngx_http_chatws_members_begin(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_client_people_t  *people;

    people = ngx_http_chatws_client_people(client);

    if (people == NULL || client->session.state != NGX_HTTP_CHATWS_OPEN) {
        return;
    }

    switch (people->chats) {

    case NGX_HTTP_CHATWS_CHATS_LIVE:
        ngx_http_chatws_chats_tell(client);
        break;

    case NGX_HTTP_CHATWS_CHATS_RESUME:
        ngx_http_chatws_members_wait(client, ngx_http_chatws_now()
                                             + NGX_HTTP_CHATWS_GATE_TIME);
        break;

    default: /* NGX_HTTP_CHATWS_CHATS_NONE */
        break;
    }
}


ngx_uint_t
ngx_http_chatws_members_is_waiting(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_client_people_t  *people;

    people = ngx_http_chatws_client_people(client);

    return people != NULL && people->gate != NULL;
}


uint64_t
ngx_http_chatws_members_due(ngx_http_chatws_client_t *client)
{
    ngx_msec_int_t                    left;
    ngx_http_chatws_client_people_t  *people;

    if (!ngx_http_chatws_members_is_waiting(client)) {
        return 0;
    }

    people = ngx_http_chatws_client_people(client);

    left = (ngx_msec_int_t) (people->gate->event.timer.key
                             - ngx_current_msec);

    return ngx_http_chatws_now() + ngx_max(left, 0);
}


void
ngx_http_chatws_members_wait(ngx_http_chatws_client_t *client, uint64_t due)
{
    uint64_t                          now;
    ngx_http_chatws_gate_t           *gate;
    ngx_http_chatws_client_people_t  *people;

    people = ngx_http_chatws_client_people(client);
    now = ngx_http_chatws_now();

    gate = ngx_calloc(sizeof(ngx_http_chatws_gate_t), ngx_cycle->log);

    if (gate == NULL) {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no memory, reconnect");
        return;
    }

    gate->client = client;

    ngx_http_chatws_event_owner(&gate->ident, gate);
    ngx_http_chatws_event_init(&gate->event, &gate->ident,
                               ngx_http_chatws_gate_handler, ngx_cycle->log);

    /* a worker that quits hands the client over */

    gate->event.cancelable = 1;

    people->gate = gate;

    ngx_add_timer(&gate->event, due > now ? (ngx_msec_t) (due - now) : 1);
}


/* The client has said nothing: as if it had resumed nothing. */

static void
ngx_http_chatws_gate_handler(ngx_event_t *ev)
{
    chatws_action_t            action;
    ngx_http_chatws_gate_t    *gate;
    ngx_http_chatws_client_t  *client;

    static const chatws_str_t  none = chatws_str("{}");

    gate = ngx_http_chatws_event_data(ev);
    client = gate->client;

    if (ngx_http_chatws_question_is_open(client)) {
        ngx_add_timer(ev, NGX_HTTP_CHATWS_GATE_AGAIN);
        return;
    }

    ngx_memzero(&action, sizeof(chatws_action_t));

    action.verb = CHATWS_VERB_RESUME;
    action.chats = none;

    ngx_http_chatws_client_resume(client, &action);

    ngx_http_chatws_scratch_put();
}


void
ngx_http_chatws_members_resumed(ngx_http_chatws_client_t *client)
{
    if (!ngx_http_chatws_members_is_waiting(client)
        || client->session.state != NGX_HTTP_CHATWS_OPEN)
    {
        return;
    }

    ngx_http_chatws_members_end(client);

    ngx_http_chatws_chats_tell(client);
}


void
ngx_http_chatws_members_end(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_gate_t           *gate;
    ngx_http_chatws_client_people_t  *people;

    if (!ngx_http_chatws_members_is_waiting(client)) {
        return;
    }

    people = ngx_http_chatws_client_people(client);

    gate = people->gate;
    people->gate = NULL;

    if (gate->event.timer_set) {
        ngx_del_timer(&gate->event);
    }

    ngx_free(gate);
}


/*
 * Subscribes the client to the chats of its user, those with the latest
 * messages first, and tells it all of them.  Whatever changes meanwhile has a
 * larger number of the user.
 */

static void
ngx_http_chatws_chats_tell(ngx_http_chatws_client_t *client)
{
    ngx_uint_t               i, first;
    ngx_http_chatws_chats_t  chats;

    ngx_memzero(&chats, sizeof(ngx_http_chatws_chats_t));

    chats.client = client;
    chats.first = 1;

    chats.page = ngx_alloc(CHATWS_FRAME_HEAD_OUT + NGX_HTTP_CHATWS_PAGE,
                           ngx_cycle->log);

    if (chats.page == NULL || ngx_http_chatws_chats_read(&chats) != NGX_OK) {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no room, reconnect");
        goto done;
    }

    /* there is no array of none */

    if (chats.n > 1) {
        ngx_qsort(chats.chats, chats.n, sizeof(chatws_person_chat_t),
                  ngx_http_chatws_chats_compare);
    }

    ngx_http_chatws_chats_begin_page(&chats);
    first = 1;

    for (i = 0; i < chats.n; i++) {

        ngx_http_chatws_chats_enter(&chats, &chats.chats[i]);

        if (client->session.state != NGX_HTTP_CHATWS_OPEN) {
            goto done;
        }

        if (chats.chats[i].len == 0) {
            continue;
        }

        if (chats.json.last - chats.json.pos
            < CHATWS_NOTIFY_CHAT + CHATWS_NOTIFY_CHATS)
        {
            ngx_http_chatws_chats_end_page(&chats, CHATWS_CHATS_MORE);
            ngx_http_chatws_chats_begin_page(&chats);
            first = 1;
        }

        ngx_http_chatws_chats_put(&chats, &chats.chats[i], first);
        first = 0;
    }

    ngx_http_chatws_chats_end_page(&chats, chats.limit ? CHATWS_CHATS_LIMIT
                                                       : CHATWS_CHATS_END);

    ngx_http_chatws_state_tell(client);

done:

    ngx_free(chats.chats);
    ngx_free(chats.page);
}


static ngx_int_t
ngx_http_chatws_chats_read(ngx_http_chatws_chats_t *chats)
{
    void                           *p;
    ngx_uint_t                      i, n, k;
    ngx_http_chatws_hub_t          *hub;
    chatws_people_cursor_t          cursor;
    ngx_http_chatws_client_t       *client;
    chatws_person_chat_t            slice[CHATWS_PEOPLE_WALK];

    client = chats->client;
    hub = client->subscriber.hub;

    if (ngx_http_chatws_hub_inbox_last(hub, &client->user, &chats->user_seq)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memzero(&cursor, sizeof(chatws_people_cursor_t));

    do {
        if (ngx_http_chatws_hub_members_walk(hub, client->subscriber.user, 0,
                                             &cursor, slice, &n)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (chats->n + n > chats->size) {
            k = ngx_max(2 * chats->size, CHATWS_PEOPLE_WALK);

            p = ngx_http_chatws_array_resize(chats->chats,
                             chats->n * sizeof(chatws_person_chat_t),
                             k * sizeof(chatws_person_chat_t),
                             ngx_cycle->log);
            if (p == NULL) {
                return NGX_ERROR;
            }

            chats->chats = p;
            chats->size = k;
        }

        for (i = 0; i < n; i++) {
            if (slice[i].flags & CHATWS_PLACE_MEMBER) {
                chats->chats[chats->n++] = slice[i];
            }
        }

    } while (!cursor.done);

    return NGX_OK;
}


/* Offsets in the ring only grow: the later message has the larger one. */

static int ngx_libc_cdecl
ngx_http_chatws_chats_compare(const void *one, const void *two)
{
    const chatws_person_chat_t  *a, *b;

    a = one;
    b = two;

    return a->offset < b->offset ? 1 : a->offset > b->offset ? -1 : 0;
}


/*
 * Subscribes the client to one of the chats, if it may have one more; the
 * number of the chat becomes that of the last message that it was handed.  A
 * chat that is none of its user any more has no id after that.
 */

static void
ngx_http_chatws_chats_enter(ngx_http_chatws_chats_t *chats,
    chatws_person_chat_t *chat)
{
    ngx_str_t                  id;
    chatws_subscribed_t        at;
    const chatws_fault_t      *fault;
    ngx_http_chatws_client_t  *client;

    client = chats->client;

    id.len = chat->len;
    id.data = chat->id;

    if (ngx_http_chatws_hub_handed(&client->subscriber, &id, &chat->last)
        == NGX_OK)
    {
        /* its resume has named it */

        ngx_http_chatws_members_state(client, &id);
        return;
    }

    if (ngx_http_chatws_client_denied(client, &id) != NULL) {
        chat->len = 0;
        return;
    }

    if (chats->made >= client->rules->max_subscriptions / 2) {
        chats->limit = 1;
        return;
    }

    client->grant = NGX_HTTP_CHATWS_GRANT_MEMBER;

    fault = ngx_http_chatws_client_enter(client, &id, 0, &at);

    if (fault == &ngx_http_chatws_denied) {
        chat->len = 0;

    } else if (fault != NULL) {
        chats->limit = 1;

    } else {
        chat->last = at.seq;
        chats->made++;

        ngx_http_chatws_members_state(client, &id);
    }
}


static void
ngx_http_chatws_chats_begin_page(ngx_http_chatws_chats_t *chats)
{
    chats->json.pos = chats->page + CHATWS_FRAME_HEAD_OUT;
    chats->json.last = chats->json.pos + NGX_HTTP_CHATWS_PAGE;
    chats->json.full = 0;

    chatws_notify_chats_open(&chats->json);
}


static void
ngx_http_chatws_chats_end_page(ngx_http_chatws_chats_t *chats,
    chatws_chats_e more)
{
    uint64_t   epoch;
    u_char    *text;

    epoch = ngx_http_chatws_hub_epoch(chats->client->subscriber.hub);

    chatws_notify_chats_close(&chats->json, chats->first, more,
                              chats->user_seq, epoch);

    chats->first = 0;

    text = chats->page + CHATWS_FRAME_HEAD_OUT;

    ngx_http_chatws_send_payload(&chats->client->session, CHATWS_FRAME_TEXT,
                                 text, chats->json.pos - text);
}


static void
ngx_http_chatws_chats_put(ngx_http_chatws_chats_t *chats,
    const chatws_person_chat_t *chat, ngx_uint_t first)
{
    chatws_notify_chat_t           notify;
    const ngx_http_chatws_zone_t  *zone;

    zone = ngx_http_chatws_hub_zone(chats->client->subscriber.hub);

    notify.chat.len = chat->len;
    notify.chat.data = (u_char *) chat->id;
    notify.last = chat->last;
    notify.count = chat->count;
    notify.read = chat->reads.read;
    notify.seen = chat->reads.seen;
    notify.unread = chat->unread;
    notify.counted = zone->people->unread;
    notify.muted = (chat->flags & CHATWS_PLACE_MUTED) != 0;
    notify.marked = (chat->flags & CHATWS_PLACE_MARKED) != 0;

    chatws_notify_chats_chat(&chats->json, first, &notify);
}


void
ngx_http_chatws_members_joined(ngx_http_chatws_client_t *client,
    ngx_str_t *chat, uint64_t offset)
{
    ngx_uint_t                        n;
    chatws_subscribed_t               at;
    const chatws_fault_t             *fault;
    ngx_http_chatws_client_people_t  *people;

    people = ngx_http_chatws_client_people(client);

    if (people == NULL
        || people->chats == NGX_HTTP_CHATWS_CHATS_NONE
        || people->gate != NULL
        || ngx_http_chatws_subscribed(&client->subscriber, chat))
    {
        return;
    }

    fault = ngx_http_chatws_client_denied(client, chat);
    n = 0;

    if (fault == NULL) {
        ngx_http_chatws_hub_each_chat(&client->subscriber,
                                      ngx_http_chatws_members_count, &n);
    }

    if (fault != NULL || n >= client->rules->max_subscriptions / 2) {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, client->session.connection->log, 0,
                       "chatws client is not subscribed to chat:\"%V\"", chat);
        return;
    }

    /* if that is over by now, the command that ends it is to come */

    client->grant = NGX_HTTP_CHATWS_GRANT_JOINED;

    fault = ngx_http_chatws_client_enter(client, chat, 0, &at);

    if (fault == NULL) {
        ngx_http_chatws_hub_begin_chat(&client->subscriber, chat, offset);
        ngx_http_chatws_members_state(client, chat);
        ngx_http_chatws_state_tell(client);

    } else {

        /* it is told of the chat, and would wait for its messages */

        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no room, reconnect");
    }
}


static void
ngx_http_chatws_members_count(void *data, const ngx_str_t *id, uint64_t serial,
    uint32_t *mark)
{
    ngx_uint_t *n = data;

    *n += *mark == NGX_HTTP_CHATWS_GRANT_MEMBER
          || *mark == NGX_HTTP_CHATWS_GRANT_JOINED;
}


static void
ngx_http_chatws_members_state(ngx_http_chatws_client_t *client,
    ngx_str_t *chat)
{
    if (ngx_http_chatws_client_people(client)->state) {
        ngx_http_chatws_state_ask(client, (chatws_str_t *) chat);
    }
}


ngx_int_t
ngx_http_chatws_members_may(ngx_http_chatws_client_t *client,
    const ngx_str_t *chat)
{
    return ngx_http_chatws_hub_is_member(client->subscriber.hub,
                                         client->subscriber.user, chat,
                                         client->rules->members_settle);
}
