
/*
 * Copyright (C) chatws contributors
 *
 * The inbox of a client's user.  To the hub it is a chat, in which each client
 * of the user is.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "base/chatws_id.h"
#include "client/ngx_http_chatws_client_inbox.h"
#include "client/ngx_http_chatws_client_people.h"
#include "client/ngx_http_chatws_client_presence.h"


static ngx_int_t ngx_http_chatws_inbox_enter(ngx_http_chatws_client_t *client,
    ngx_http_chatws_client_people_t *people, ngx_uint_t replay,
    chatws_subscribed_t *at);
static uint32_t ngx_http_chatws_inbox_features(
    const ngx_http_chatws_people_conf_t *conf);


ngx_int_t
ngx_http_chatws_inbox_connect(ngx_http_chatws_client_t *client,
    chatws_connected_t *connected)
{
    chatws_subscribed_t               at;
    ngx_http_chatws_hub_t            *hub;
    ngx_http_chatws_people_conf_t    *conf;
    ngx_http_chatws_client_people_t  *people;

    hub = client->subscriber.hub;
    people = ngx_http_chatws_client_people(client);
    conf = ngx_http_chatws_hub_zone(hub)->people;

    /* without a master, a reload may have turned it off */

    if (people == NULL || conf == NULL) {
        return NGX_OK;
    }

    if (ngx_http_chatws_client_present(client) != NGX_OK) {
        return NGX_BUSY;
    }

    if (people->chats == NGX_HTTP_CHATWS_CHATS_RESUME) {

        if (ngx_http_chatws_hub_inbox_last(hub, &client->user,
                                           &people->inbox)
            != NGX_OK)
        {
            return NGX_BUSY;
        }

        connected->user_seq = people->inbox;

    } else {

        if (ngx_http_chatws_inbox_enter(client, people, 0, &at) != NGX_OK) {
            return NGX_BUSY;
        }

        connected->user_seq = at.seq;
    }

    connected->epoch = ngx_http_chatws_hub_epoch(hub);
    connected->features = ngx_http_chatws_inbox_features(conf);

    return NGX_OK;
}


static ngx_int_t
ngx_http_chatws_inbox_enter(ngx_http_chatws_client_t *client,
    ngx_http_chatws_client_people_t *people, ngx_uint_t replay,
    chatws_subscribed_t *at)
{
    ngx_int_t  rc;

    rc = ngx_http_chatws_subscribe_inbox(&client->subscriber, &client->user,
                                         replay, at);

    if (rc == NGX_OK) {
        people->entered = 1;
        people->inbox = at->serial;
    }

    return rc;
}


static uint32_t
ngx_http_chatws_inbox_features(const ngx_http_chatws_people_conf_t *conf)
{
    uint32_t  features;

    features = 1U << CHATWS_FEATURE_USERS | 1U << CHATWS_FEATURE_MEMBERS;

    if (conf->presence != NULL) {
        features |= 1U << CHATWS_FEATURE_PRESENCE;
    }

    if (conf->unread) {
        features |= 1U << CHATWS_FEATURE_UNREAD;
    }

    if (conf->receipts != NULL) {
        features |= 1U << CHATWS_FEATURE_RECEIPTS;

        if (conf->receipts->delivered) {
            features |= 1U << CHATWS_FEATURE_DELIVERED;
        }
    }

    return features;
}


ngx_int_t
ngx_http_chatws_inbox_resume(ngx_http_chatws_client_t *client,
    const chatws_action_t *action, ngx_http_chatws_replay_t *replay,
    chatws_resumed_user_t *user)
{
    uint64_t                          epoch, since;
    ngx_uint_t                        same;
    chatws_subscribed_t               at;
    ngx_http_chatws_client_people_t  *people;

    static const chatws_str_t         invalid = chatws_str(CHATWS_E_MESSAGE);

    people = ngx_http_chatws_client_people(client);

    if (people == NULL || (people->entered && !action->user)) {
        return NGX_DECLINED;
    }

    /* without a position, what connected has told is the position */

    epoch = ngx_http_chatws_hub_epoch(client->subscriber.hub)
            & CHATWS_EPOCH_MASK;

    same = !action->user || action->user_epoch == epoch;
    since = action->user ? action->user_seq : people->inbox;

    if (ngx_http_chatws_inbox_enter(client, people, 1, &at) != NGX_OK) {
        ngx_http_chatws_session_close(&client->session, CHATWS_CLOSE_LATER,
                                      "no room, reconnect");
        return NGX_BUSY;
    }

    user->error = action->user_bad ? &invalid : NULL;
    user->seq = action->user_bad ? 0 : at.seq;
    user->recovered = !action->user_bad && same
                      && ngx_http_chatws_replay_add(replay, &at, since);

    return action->user || !user->recovered ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_http_chatws_inbox_adopt(ngx_http_chatws_client_t *client)
{
    uint64_t                          serial;
    chatws_subscribed_t               at;
    ngx_http_chatws_client_people_t  *people;

    people = ngx_http_chatws_client_people(client);

    if (people == NULL) {
        return NGX_OK;
    }

    if (ngx_http_chatws_client_present(client) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!people->entered) {
        return NGX_OK;
    }

    serial = people->inbox;

    return ngx_http_chatws_inbox_enter(client, people, 0, &at) == NGX_OK
           && at.serial == serial ? NGX_OK : NGX_ERROR;
}
