
/*
 * Copyright (C) chatws contributors
 *
 * Who is there, as a client is told that asks: the people of a chat, or some
 * of them.  Whoever has asked for the state of a chat is told of changes, see
 * ngx_http_chatws_hub_people.h.
 */


#ifndef _NGX_HTTP_CHATWS_HUB_PRESENCE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HUB_PRESENCE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "protocol/chatws_action.h"
#include "protocol/chatws_presence.h"
#include "hub/ngx_http_chatws_hub.h"


/*
 * A roll of users.  roll_init() makes it, and roll_done() frees its memory; the
 * strings in presence besides those of the list are the caller's.
 */

typedef struct {
    chatws_presence_t   presence;    /* its list is the one below */
    chatws_present_t   *list;
    uint64_t           *hashes;      /* of the users in it */
    u_char             *ids;         /* CHATWS_NAME_MAX bytes for each */
    size_t              size;        /* users that there is room for */
    size_t              bytes;       /* of the ids in the list */
    size_t              notes;       /* of a flush: users who have changed */
} ngx_http_chatws_roll_t;


/*
 * Makes an empty roll for so many users, 0 for the people of a chat that are
 * named.  NGX_ERROR: there is no memory; done() need not be called.
 */
ngx_int_t ngx_http_chatws_roll_init(ngx_http_chatws_roll_t *roll,
    ngx_http_chatws_hub_t *hub, size_t users);
void ngx_http_chatws_roll_done(ngx_http_chatws_roll_t *roll);

/* Adds a user who is not in it, whose id is copied; there is room. */
void ngx_http_chatws_roll_add(ngx_http_chatws_roll_t *roll,
    ngx_http_chatws_hub_t *hub, const chatws_str_t *user);

/* The bytes in which chatws_presence_write() and put() have room. */
size_t ngx_http_chatws_roll_room(const ngx_http_chatws_roll_t *roll);

/*
 * Whether the zone of the hub knows who is there; without that, only the last
 * one of the functions below may be called.
 */
ngx_uint_t ngx_http_chatws_hub_presence(ngx_http_chatws_hub_t *hub);

/*
 * Fills an empty roll, which was made for them, with the people of a chat and
 * their numbers; above the "names" of chatws_presence with the numbers only.
 * NGX_AGAIN: the lock of the zone cannot be had now.
 */
ngx_int_t ngx_http_chatws_hub_presence_chat(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *chat, ngx_http_chatws_roll_t *roll);

/*
 * Fills in how the users of a roll are, and the numbers of the chat; whoever is
 * not one of its people is taken out.  NGX_AGAIN: as above.
 */
ngx_int_t ngx_http_chatws_hub_presence_users(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *chat, ngx_http_chatws_roll_t *roll);

/*
 * The user of a subscriber says how it is, on this connection, which may be in
 * its inbox or not yet.  *state is what the connection has said of itself then:
 * see ngx_http_chatws_people_state().  NGX_OK.  NGX_AGAIN, NGX_BUSY: the lock
 * of the zone cannot be had, or there is no room; it may be said again.
 */
ngx_int_t ngx_http_chatws_hub_presence_say(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *user,
    chatws_said_e said, uint32_t *state);

/*
 * Whether others see a user, by its hash, as offline whatever it does: then
 * they are not told what it does, either.
 */
ngx_uint_t ngx_http_chatws_hub_is_invisible(ngx_http_chatws_hub_t *hub,
    uint64_t user);


#endif /* _NGX_HTTP_CHATWS_HUB_PRESENCE_H_INCLUDED_ */
