
/*
 * Copyright (C) chatws contributors
 *
 * What a client says of itself, and the users that it asks for.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "process/ngx_http_chatws_scratch.h"
#include "hub/ngx_http_chatws_hub_people.h"
#include "hub/ngx_http_chatws_hub_presence.h"
#include "client/ngx_http_chatws_client_people.h"
#include "client/ngx_http_chatws_client_presence.h"
#include "client/ngx_http_chatws_client_private.h"


/* A roll that the users of an action are added to. */

typedef struct {
    ngx_http_chatws_roll_t  *roll;
    ngx_http_chatws_hub_t   *hub;
} ngx_http_chatws_presence_walk_t;


static ngx_int_t ngx_http_chatws_client_say(ngx_http_chatws_client_t *client,
    chatws_said_e said);
static void ngx_http_chatws_presence_ask(ngx_http_chatws_client_t *client,
    chatws_action_t *action, ngx_http_chatws_roll_t *roll);
static chatws_rc_e ngx_http_chatws_presence_add(void *data,
    const chatws_str_t *user);


void
ngx_http_chatws_presence_look(const ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    static const chatws_fault_t  presence =
        chatws_fault(CHATWS_E_TYPE, "Unknown message type: presence");

    static const chatws_fault_t  watch =
        chatws_fault(CHATWS_E_TYPE, "Unknown message type: watch");

    if (action->verb != CHATWS_VERB_PRESENCE
        && action->verb != CHATWS_VERB_WATCH)
    {
        return;
    }

    if (!ngx_http_chatws_hub_presence(client->subscriber.hub)
        || (action->verb == CHATWS_VERB_WATCH && client->rules->watch == 0))
    {
        action->fault = action->verb == CHATWS_VERB_WATCH ? watch : presence;
        action->verb = CHATWS_VERB_NONE;
    }
}


void
ngx_http_chatws_client_presence(ngx_http_chatws_client_t *client,
    chatws_action_t *action)
{
    ngx_http_chatws_roll_t       roll;

    static const chatws_fault_t  stranger =
        chatws_fault(CHATWS_E_NOT_SUBSCRIBED,
                     "presence needs a subscription to the chat");

    /* it may have waited, and a reload without a master has turned it off */

    if (!ngx_http_chatws_hub_presence(client->subscriber.hub)) {
        return;
    }

    if (action->said != CHATWS_SAID_NOTHING) {

        if (ngx_http_chatws_client_say(client, action->said) != NGX_OK) {
            ngx_http_chatws_complain(client, action,
                                     &ngx_http_chatws_unavailable,
                    ngx_http_chatws_retry_after(&ngx_http_chatws_unavailable));
        }

        return;
    }

    if (!ngx_http_chatws_subscribed(&client->subscriber,
                                    (ngx_str_t *) &action->chat))
    {
        ngx_http_chatws_complain(client, action, &stranger, 0);
        return;
    }

    if (ngx_http_chatws_roll_init(&roll, client->subscriber.hub,
                                  action->nusers)
        == NGX_OK)
    {
        ngx_http_chatws_presence_ask(client, action, &roll);
        ngx_http_chatws_roll_done(&roll);
    }
}


static ngx_int_t
ngx_http_chatws_client_say(ngx_http_chatws_client_t *client,
    chatws_said_e said)
{
    uint32_t                          state;
    ngx_int_t                         rc;
    ngx_http_chatws_client_people_t  *people;

    rc = ngx_http_chatws_hub_presence_say(&client->subscriber, &client->user,
                                          said, &state);

    people = ngx_http_chatws_client_people(client);

    if (rc == NGX_OK && people != NULL) {
        people->present = state;
    }

    return rc;
}


ngx_int_t
ngx_http_chatws_client_present(ngx_http_chatws_client_t *client)
{
    ngx_int_t                         rc;
    ngx_http_chatws_client_people_t  *people;

    people = ngx_http_chatws_client_people(client);

    if (people == NULL
        || !ngx_http_chatws_hub_presence(client->subscriber.hub))
    {
        return NGX_OK;
    }

    if (people->said != CHATWS_SAID_NOTHING) {
        rc = ngx_http_chatws_client_say(client, people->said);

        people->said = CHATWS_SAID_NOTHING;

        return rc;
    }

    if (people->present == 0) {
        return NGX_OK;
    }

    return ngx_http_chatws_people_state(&client->subscriber, &client->user,
                                        people->present);
}


static void
ngx_http_chatws_presence_ask(ngx_http_chatws_client_t *client,
    chatws_action_t *action, ngx_http_chatws_roll_t *roll)
{
    void                             *mem;
    size_t                            size;
    ngx_http_chatws_presence_walk_t   walk;

    walk.roll = roll;
    walk.hub = client->subscriber.hub;

    size = chatws_json_arena_size(action->users.len);
    mem = ngx_http_chatws_scratch_get(NGX_HTTP_CHATWS_SCRATCH_RESUME, size);

    if (mem == NULL
        || chatws_action_users(action, CHATWS_JSON_DEPTH, mem, size,
                               ngx_http_chatws_presence_add, &walk)
           != CHATWS_OK)
    {
        return;
    }

    if (ngx_http_chatws_hub_presence_users(walk.hub,
                                           (ngx_str_t *) &action->chat, roll)
        != NGX_OK)
    {
        ngx_http_chatws_complain(client, action, &ngx_http_chatws_unavailable,
                    ngx_http_chatws_retry_after(&ngx_http_chatws_unavailable));
        return;
    }

    roll->presence.chat = action->chat;
    roll->presence.id = action->id;

    ngx_http_chatws_client_tell_presence(client, &roll->presence,
                                         ngx_http_chatws_roll_room(roll));
}


static chatws_rc_e
ngx_http_chatws_presence_add(void *data, const chatws_str_t *user)
{
    ngx_http_chatws_presence_walk_t *walk = data;

    ngx_http_chatws_roll_add(walk->roll, walk->hub, user);

    return CHATWS_OK;
}


void
ngx_http_chatws_client_tell_presence(ngx_http_chatws_client_t *client,
    const chatws_presence_t *presence, size_t room)
{
    u_char        *p;
    chatws_str_t   text;

    p = ngx_alloc(CHATWS_FRAME_HEAD_OUT + room,
                  client->session.connection->log);
    if (p == NULL) {
        return;
    }

    text.data = p + CHATWS_FRAME_HEAD_OUT;
    text.len = room;

    if (chatws_presence_write(&text, presence) == CHATWS_OK) {
        ngx_http_chatws_send_payload(&client->session, CHATWS_FRAME_TEXT,
                                     text.data, text.len);
    }

    ngx_free(p);
}


ngx_uint_t
ngx_http_chatws_client_is_invisible(ngx_http_chatws_client_t *client)
{
    return ngx_http_chatws_hub_is_invisible(client->subscriber.hub,
                                            client->subscriber.user);
}
