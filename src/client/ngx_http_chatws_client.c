
/*
 * Copyright (C) chatws contributors
 *
 * Chat clients: the callbacks of the engine and of the hub.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_clock.h"
#include "client/ngx_http_chatws_client_auth.h"
#include "client/ngx_http_chatws_client_members.h"
#include "client/ngx_http_chatws_client_people.h"
#include "client/ngx_http_chatws_client_presence.h"
#include "client/ngx_http_chatws_client_private.h"
#include "client/ngx_http_chatws_client_seat.h"
#include "client/ngx_http_chatws_client_state.h"
#include "client/ngx_http_chatws_client_command.h"
#include "client/ngx_http_chatws_client_question.h"
#include "client/ngx_http_chatws_handover.h"
#include "client/ngx_http_chatws_proofs.h"
#include "client/ngx_http_chatws_revoked.h"
#include "client/ngx_http_chatws_users.h"


static void ngx_http_chatws_client_deliver(
    ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n);
static void ngx_http_chatws_client_lapse(ngx_http_chatws_hub_t *hub);
static void ngx_http_chatws_client_settle(ngx_http_chatws_client_t *client);
static void ngx_http_chatws_client_ending(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_client_gone(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_client_quit(ngx_http_chatws_session_t *s);
static void ngx_http_chatws_client_stale(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame);
static void ngx_http_chatws_client_empty(ngx_http_chatws_session_t *s);
static ngx_uint_t ngx_http_chatws_client_code(ngx_uint_t code);
static void ngx_http_chatws_client_missed(ngx_http_chatws_session_t *s,
    void *data);


const ngx_http_chatws_handlers_t  ngx_http_chatws_client_handlers = {
    ngx_http_chatws_client_message,
    ngx_http_chatws_client_ending,
    ngx_http_chatws_client_gone,
    ngx_http_chatws_client_quit,
    ngx_http_chatws_auth_due,
    ngx_http_chatws_client_owes,
    ngx_http_chatws_client_stale,
    ngx_http_chatws_client_empty
};

const ngx_http_chatws_hub_handlers_t  ngx_http_chatws_client_hub = {
    ngx_http_chatws_client_deliver,
    ngx_http_chatws_client_lapse,
    ngx_http_chatws_client_command,
    ngx_http_chatws_client_displace
};


ngx_int_t
ngx_http_chatws_client_create(ngx_http_request_t *r,
    ngx_http_chatws_hub_t *hub, const ngx_http_chatws_session_conf_t *conf,
    const ngx_http_chatws_rules_t *rules,
    const ngx_http_chatws_identity_t *who, ngx_http_chatws_client_t **client)
{
    ngx_http_chatws_session_t  *s;

    s = ngx_http_chatws_session_create(r,
                                       ngx_http_chatws_client_size(hub, rules,
                                                                   who),
                                       conf,
                                       &ngx_http_chatws_client_handlers);
    if (s == NULL) {
        return NGX_ERROR;
    }

    *client = (ngx_http_chatws_client_t *) s;

    return ngx_http_chatws_client_init(*client, hub, rules, who);
}


size_t
ngx_http_chatws_client_size(ngx_http_chatws_hub_t *hub,
    const ngx_http_chatws_rules_t *rules,
    const ngx_http_chatws_identity_t *who)
{
    size_t  size;

    size = sizeof(ngx_http_chatws_client_t) + ngx_http_chatws_users_size(hub);

    if (ngx_http_chatws_hub_zone(hub)->people != NULL) {
        size += NGX_HTTP_CHATWS_CLIENT_PEOPLE;
    }

    if (rules->limit_actions != NULL || rules->limit_errors != NULL) {
        size += sizeof(ngx_http_chatws_client_limits_t);
    }

    return who != NULL ? size + ngx_http_chatws_identity_size(who) : size;
}


ngx_http_chatws_client_people_t *
ngx_http_chatws_client_people(ngx_http_chatws_client_t *client)
{
    u_char  *p;

    if (!client->peopled) {
        return NULL;
    }

    p = (u_char *) (client + 1);

    if (client->placed) {
        p += sizeof(ngx_http_chatws_place_t);
    }

    return (ngx_http_chatws_client_people_t *) p;
}


ngx_http_chatws_client_limits_t *
ngx_http_chatws_client_limits(ngx_http_chatws_client_t *client)
{
    u_char  *p;

    if (client->rules->limit_actions == NULL
        && client->rules->limit_errors == NULL)
    {
        return NULL;
    }

    p = (u_char *) (client + 1);

    if (client->placed) {
        p += sizeof(ngx_http_chatws_place_t);
    }

    if (client->peopled) {
        p += NGX_HTTP_CHATWS_CLIENT_PEOPLE;
    }

    return (ngx_http_chatws_client_limits_t *) p;
}


uint64_t
ngx_http_chatws_client_key(ngx_http_chatws_client_t *client)
{
    uint64_t  key;

    key = client->subscriber.user;

    if (client->rules->claimed) {
        key += ngx_http_chatws_hub_hash(client->subscriber.hub,
                                        &client->session.addr);
    }

    return key;
}


ngx_int_t
ngx_http_chatws_client_init(ngx_http_chatws_client_t *client,
    ngx_http_chatws_hub_t *hub, const ngx_http_chatws_rules_t *rules,
    const ngx_http_chatws_identity_t *who)
{
    u_char  *p;

    client->rules = rules;
    client->placed = ngx_http_chatws_users_size(hub) != 0;
    client->peopled = ngx_http_chatws_hub_zone(hub)->people != NULL;

    p = (u_char *) client + ngx_http_chatws_client_size(hub, rules, NULL);

    client->user.len = who->user.len;
    client->user.data = p;
    p = ngx_cpymem(p, who->user.data, who->user.len);

    client->name.len = who->name.len;
    client->name.data = p;
    p = ngx_cpymem(p, who->name.data, who->name.len);

    if (who->id.len != 0) {
        client->id = p;
        ngx_memcpy(p, who->id.data, who->id.len);
    }

    return ngx_http_chatws_client_join(client, hub);
}


ngx_int_t
ngx_http_chatws_client_join(ngx_http_chatws_client_t *client,
    ngx_http_chatws_hub_t *hub)
{
    if (client->user.len != 0) {
        client->session.name = &client->user;
    }

    return ngx_http_chatws_join(hub, &client->subscriber, &client->user,
                                client->rules->own_messages);
}


void
ngx_http_chatws_client_id(ngx_http_chatws_hub_t *hub, u_char *id)
{
    uint64_t  stamp;

    stamp = ngx_http_chatws_hub_stamp(hub, ngx_http_chatws_now()
                                           * CHATWS_ID_COUNTS);

    chatws_id_session(stamp, ngx_http_chatws_noise(), id);
}


void
ngx_http_chatws_client_started(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_hub_t  *hub;

    hub = client->subscriber.hub;

    ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_OPENED, 1);

    if (!client->stranger) {
        ngx_http_chatws_client_listen(client);
        ngx_http_chatws_members_begin(client);
    }
}


void
ngx_http_chatws_client_listen(ngx_http_chatws_client_t *client)
{
    const chatws_ring_t  *ring;

    ring = ngx_http_chatws_hub_ring(client->subscriber.hub);

    ngx_http_chatws_users_add(client, chatws_ring_head(ring));

    /* the token may have been verified long before */

    if (ngx_http_chatws_revoked_client(client)) {
        ngx_http_chatws_client_revoke(client);
        return;
    }

    ngx_http_chatws_client_sit(client);
}


void
ngx_http_chatws_client_revoke(ngx_http_chatws_client_t *client)
{
    ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_FORBIDDEN,
                                  "token revoked");
}


static void
ngx_http_chatws_client_deliver(ngx_http_chatws_subscriber_t *subscriber,
    ngx_http_chatws_outframe_t **frames, ngx_uint_t n)
{
    ngx_http_chatws_client_t  *client;

    client = ngx_queue_data(subscriber, ngx_http_chatws_client_t, subscriber);

    ngx_http_chatws_send_frames(&client->session, frames, n);

    ngx_http_chatws_client_settle(client);
}


/*
 * The hub counts a notification as delivered when it gives it to the session.
 * Those that the session has not sent are taken back from the counter.
 */

static void
ngx_http_chatws_client_settle(ngx_http_chatws_client_t *client)
{
    uint64_t                    unsent;
    ngx_http_chatws_hub_t      *hub;
    ngx_http_chatws_session_t  *s;

    s = &client->session;

    if (s->dropped == 0 && s->missed == 0) {
        return;
    }

    hub = client->subscriber.hub;
    unsent = (uint64_t) s->dropped + s->missed;

    ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_DELIVERED, -unsent);
    ngx_http_chatws_hub_count(hub, NGX_HTTP_CHATWS_N_TYPING_DROPPED,
                              s->dropped);

    s->dropped = 0;
    s->missed = 0;
}


static void
ngx_http_chatws_client_lapse(ngx_http_chatws_hub_t *hub)
{
    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "chatws zone \"%V\": this worker was stopped for too long "
                  "and has missed notifications, closing its clients",
                  &ngx_http_chatws_hub_zone(hub)->name);

    ngx_http_chatws_session_each(&ngx_http_chatws_client_handlers,
                                 ngx_http_chatws_client_missed, hub);
}


static void
ngx_http_chatws_client_missed(ngx_http_chatws_session_t *s, void *data)
{
    ngx_http_chatws_hub_t *hub = data;

    ngx_http_chatws_client_t  *client;

    client = (ngx_http_chatws_client_t *) s;

    if (client->subscriber.hub == hub) {
        ngx_http_chatws_session_close(s, CHATWS_CLOSE_LATER,
                                      "notifications missed, reconnect");
    }
}


/* The client gets no more notifications from now on. */

static void
ngx_http_chatws_client_ending(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_client_t  *client;

    client = (ngx_http_chatws_client_t *) s;

    ngx_http_chatws_client_rise(client);
    ngx_http_chatws_users_del(client);
    ngx_http_chatws_question_end(client);
    ngx_http_chatws_state_end(client);
    ngx_http_chatws_client_watch_end(client);
    ngx_http_chatws_members_end(client);
    ngx_http_chatws_leave(&client->subscriber);
    ngx_http_chatws_client_settle(client);
}


static void
ngx_http_chatws_client_gone(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_client_t  *client;

    client = (ngx_http_chatws_client_t *) s;

    ngx_http_chatws_client_rise(client);
    ngx_http_chatws_users_del(client);
    ngx_http_chatws_question_end(client);
    ngx_http_chatws_state_end(client);
    ngx_http_chatws_client_watch_end(client);
    ngx_http_chatws_members_end(client);
    ngx_http_chatws_leave(&client->subscriber);
    ngx_http_chatws_client_settle(client);

    ngx_http_chatws_auth_end(client);
    ngx_http_chatws_proofs_free(client);

    ngx_http_chatws_hub_count(client->subscriber.hub,
                              NGX_HTTP_CHATWS_N_CLOSED, 1);

    if (client->moved) {
        ngx_http_chatws_hub_count(client->subscriber.hub,
                                  NGX_HTTP_CHATWS_N_MOVED, 1);
        return;
    }

    ngx_http_chatws_hub_count(client->subscriber.hub,
                              NGX_HTTP_CHATWS_N_CODE
                              + ngx_http_chatws_client_code(s->code), 1);
}


static void
ngx_http_chatws_client_quit(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_handover_start((ngx_http_chatws_client_t *) s);
}


static void
ngx_http_chatws_client_stale(ngx_http_chatws_session_t *s,
    ngx_http_chatws_outframe_t *frame)
{
    ngx_http_chatws_client_t  *client;

    client = (ngx_http_chatws_client_t *) s;

    ngx_http_chatws_hub_left_out(&client->subscriber, frame);
}


static void
ngx_http_chatws_client_empty(ngx_http_chatws_session_t *s)
{
    ngx_http_chatws_client_t  *client;

    client = (ngx_http_chatws_client_t *) s;

    ngx_http_chatws_client_watch_again(client);
    ngx_http_chatws_state_tell(client);
}


/*
 * Returns the index of the counter of a close code: 1000 to 1014 have one each,
 * and all other codes share one.
 */

static ngx_uint_t
ngx_http_chatws_client_code(ngx_uint_t code)
{
    if (code >= CHATWS_CLOSE_NORMAL
        && code < CHATWS_CLOSE_NORMAL + NGX_HTTP_CHATWS_CODES - 1)
    {
        return code - CHATWS_CLOSE_NORMAL;
    }

    return NGX_HTTP_CHATWS_CODES - 1;
}
