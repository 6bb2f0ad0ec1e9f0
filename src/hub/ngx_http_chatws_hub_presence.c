
/*
 * Copyright (C) chatws contributors
 *
 * Who is there, as a client is told that asks.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/chatws_people_presence.h"
#include "process/ngx_http_chatws_clock.h"
#include "hub/ngx_http_chatws_hub_people.h"
#include "hub/ngx_http_chatws_hub_presence.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* in milliseconds, behind the grace: those who are there have come back */
#define NGX_HTTP_CHATWS_WARMING  30000


static void ngx_http_chatws_roll_numbers(ngx_http_chatws_roll_t *roll,
    ngx_http_chatws_hub_t *hub, const chatws_people_numbers_t *numbers);
static ngx_int_t ngx_http_chatws_presence_hide(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *user,
    ngx_uint_t hide);
static void ngx_http_chatws_presence_hush(ngx_http_chatws_hub_t *hub,
    uint64_t user);

ngx_int_t
ngx_http_chatws_roll_init(ngx_http_chatws_roll_t *roll,
    ngx_http_chatws_hub_t *hub, size_t users)
{
    u_char  *p;

    ngx_memzero(roll, sizeof(ngx_http_chatws_roll_t));

    roll->size = users != 0 ? users : hub->zone.people->presence->names;

    p = ngx_alloc(roll->size * (sizeof(chatws_present_t) + sizeof(uint64_t)
                                + CHATWS_NAME_MAX),
                  ngx_cycle->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    roll->list = (chatws_present_t *) p;
    p += roll->size * sizeof(chatws_present_t);

    roll->hashes = (uint64_t *) p;
    p += roll->size * sizeof(uint64_t);

    roll->ids = p;

    roll->presence.list = roll->list;
    roll->presence.names = 1;
    roll->presence.ms = ngx_http_chatws_now();

    return NGX_OK;
}


void
ngx_http_chatws_roll_done(ngx_http_chatws_roll_t *roll)
{
    ngx_free(roll->list);
}


void
ngx_http_chatws_roll_add(ngx_http_chatws_roll_t *roll,
    ngx_http_chatws_hub_t *hub, const chatws_str_t *user)
{
    size_t             i, n;
    uint64_t           hash;
    chatws_present_t  *p;

    hash = ngx_http_chatws_hub_hash(hub, (const ngx_str_t *) user);
    n = roll->presence.n;

    for (i = 0; i < n; i++) {
        if (roll->hashes[i] == hash) {
            return;
        }
    }

    p = &roll->list[n];

    p->user.len = user->len;
    p->user.data = roll->ids + n * CHATWS_NAME_MAX;
    ngx_memcpy(p->user.data, user->data, user->len);

    roll->hashes[n] = hash;
    roll->bytes += user->len;
    roll->presence.n++;
}


size_t
ngx_http_chatws_roll_room(const ngx_http_chatws_roll_t *roll)
{
    return CHATWS_PRESENCE_SIZE
           + (CHATWS_PRESENCE_USER_SIZE - 2 * CHATWS_NAME_MAX)
             * roll->presence.n
           + 2 * roll->bytes;
}


ngx_uint_t
ngx_http_chatws_hub_presence(ngx_http_chatws_hub_t *hub)
{
    return hub->zone.people != NULL
           && hub->zone.people->presence != NULL
           && ngx_http_chatws_people(hub) != NULL;
}


ngx_int_t
ngx_http_chatws_hub_presence_chat(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *chat, ngx_http_chatws_roll_t *roll)
{
    uint32_t                  i, n;
    uint64_t                  hash;
    chatws_people_t          *tb;
    chatws_people_note_t      notes[CHATWS_PEOPLE_WALK];
    chatws_people_cursor_t    cursor;
    chatws_people_numbers_t   numbers;

    tb = ngx_http_chatws_people(hub);
    hash = ngx_http_chatws_hub_hash(hub, chat);

    ngx_memzero(&cursor, sizeof(chatws_people_cursor_t));

    do {
        if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
            return NGX_AGAIN;
        }

        n = chatws_people_roll(tb, hash, &cursor, notes, &numbers);

        ngx_http_chatws_zone_unlock(&hub->zone);

        if (numbers.people > roll->size) {
            roll->presence.names = 0;
            break;
        }

        for (i = 0; i < n; i++) {
            ngx_http_chatws_roll_note(roll, hub, &notes[i]);
        }

    } while (!cursor.done);

    ngx_http_chatws_roll_numbers(roll, hub, &numbers);

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_hub_presence_users(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *chat, ngx_http_chatws_roll_t *roll)
{
    size_t                    i, n;
    uint32_t                  k, slice;
    uint64_t                  hash;
    chatws_people_t          *tb;
    chatws_people_look_t      looks[CHATWS_PEOPLE_WALK];
    chatws_people_numbers_t   numbers;

    tb = ngx_http_chatws_people(hub);
    hash = ngx_http_chatws_hub_hash(hub, chat);
    n = 0;

    for (i = 0; i < roll->presence.n; i += slice) {
        slice = (uint32_t) ngx_min(roll->presence.n - i, CHATWS_PEOPLE_WALK);

        if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
            return NGX_AGAIN;
        }

        chatws_people_look(tb, hash, roll->hashes + i, slice, looks, &numbers);

        ngx_http_chatws_zone_unlock(&hub->zone);

        for (k = 0; k < slice; k++) {
            if (looks[k].people) {
                roll->list[n] = roll->list[i + k];
                ngx_http_chatws_roll_state(hub, looks[k].state,
                                           looks[k].since, &roll->list[n++]);
            }
        }
    }

    roll->presence.n = n;

    ngx_http_chatws_roll_numbers(roll, hub, &numbers);

    return NGX_OK;
}


static void
ngx_http_chatws_roll_numbers(ngx_http_chatws_roll_t *roll,
    ngx_http_chatws_hub_t *hub, const chatws_people_numbers_t *numbers)
{
    roll->presence.count = numbers->online;
    roll->presence.people = numbers->people;
    roll->presence.warming = ngx_http_chatws_hub_is_warming(hub);
}


/* Without room the names are not told. */

void
ngx_http_chatws_roll_note(ngx_http_chatws_roll_t *roll,
    ngx_http_chatws_hub_t *hub, const chatws_people_note_t *note)
{
    size_t             n;
    chatws_present_t  *p;

    n = roll->presence.n;

    if (n == roll->size) {
        roll->presence.names = 0;
        return;
    }

    p = &roll->list[n];

    p->user.len = note->len;
    p->user.data = roll->ids + n * CHATWS_NAME_MAX;
    ngx_memcpy(p->user.data, note->id, note->len);

    ngx_http_chatws_roll_state(hub, note->state, note->since, p);

    if ((note->flags & CHATWS_PLACE_LEFT)
        && !(note->flags & CHATWS_PLACE_PEOPLE))
    {
        p->state = CHATWS_PRESENCE_LEFT;
    }

    roll->presence.n++;
    roll->bytes += note->len;
}


ngx_uint_t
ngx_http_chatws_hub_is_warming(ngx_http_chatws_hub_t *hub)
{
    return ngx_http_chatws_now() < ngx_http_chatws_people(hub)->born
                                   + hub->zone.people->presence->grace
                                   + NGX_HTTP_CHATWS_WARMING;
}


void
ngx_http_chatws_roll_state(ngx_http_chatws_hub_t *hub, uint32_t state,
    uint64_t since, chatws_present_t *present)
{
    if (state & CHATWS_PERSON_ONLINE) {
        present->state = CHATWS_PRESENCE_ONLINE;

    } else if (state & CHATWS_PERSON_AWAY) {
        present->state = CHATWS_PRESENCE_AWAY;

    } else {
        present->state = CHATWS_PRESENCE_OFFLINE;
    }

    present->seen = hub->zone.people->presence->lastseen ? since : 0;
}


ngx_uint_t
ngx_http_chatws_hub_is_invisible(ngx_http_chatws_hub_t *hub, uint64_t user)
{
    ngx_uint_t        hidden;
    chatws_people_t  *tb;

    if (!ngx_http_chatws_hub_presence(hub)) {
        return 0;
    }

    tb = ngx_http_chatws_people(hub);

    /* nobody can tell while the lock is busy: so others are not told */

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return 1;
    }

    hidden = chatws_people_is_hidden(tb, user);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return hidden;
}


ngx_int_t
ngx_http_chatws_hub_presence_say(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *user, chatws_said_e said, uint32_t *state)
{
    if (said == CHATWS_SAID_INVISIBLE
        && ngx_http_chatws_presence_hide(subscriber, user, 1) != NGX_OK)
    {
        return NGX_AGAIN;
    }

    switch (said) {

    case CHATWS_SAID_AWAY:
        *state = CHATWS_MEMBER_AWAY;
        break;

    case CHATWS_SAID_OFFLINE:
        *state = CHATWS_MEMBER_GONE;
        break;

    default: /* of the user, and here it is another state than offline */
        *state = 0;
    }

    if (ngx_http_chatws_people_state(subscriber, user, *state) != NGX_OK) {
        return NGX_AGAIN;
    }

    if (said == CHATWS_SAID_ONLINE) {
        return ngx_http_chatws_presence_hide(subscriber, user, 0);
    }

    return NGX_OK;
}


/* Others see the user as offline from now on, or do not any more. */

static ngx_int_t
ngx_http_chatws_presence_hide(ngx_http_chatws_subscriber_t *subscriber,
    ngx_str_t *user, ngx_uint_t hide)
{
    chatws_rc_e             rc;
    chatws_people_t        *tb;
    chatws_people_now_t     now;
    chatws_people_name_t    name;
    ngx_http_chatws_hub_t  *hub;

    hub = subscriber->hub;
    tb = ngx_http_chatws_people(hub);

    name.id = *(chatws_str_t *) user;
    name.hash = subscriber->user;

    ngx_http_chatws_people_now(&now);

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    rc = chatws_people_hide(tb, &name, (int) hide, &now);

    ngx_http_chatws_zone_unlock(&hub->zone);

    if (rc != CHATWS_OK) {
        return NGX_BUSY;
    }

    ngx_http_chatws_people_changed(hub);

    if (hide) {
        ngx_http_chatws_presence_hush(hub, subscriber->user);
    }

    return NGX_OK;
}


/* The user has ended typing, in all of its chats. */

static void
ngx_http_chatws_presence_hush(ngx_http_chatws_hub_t *hub, uint64_t user)
{
    size_t                   len[CHATWS_PEOPLE_WALK];
    u_char                   ids[CHATWS_PEOPLE_WALK][CHATWS_NAME_MAX];
    uint32_t                 i, n, rows[CHATWS_PEOPLE_WALK];
    ngx_str_t                chat;
    chatws_people_t         *tb;
    chatws_typing_t         *typing;
    chatws_people_cursor_t   cursor;

    tb = ngx_http_chatws_people(hub);
    typing = ngx_http_chatws_typing_table(hub);

    if (typing == NULL || chatws_typing_is_idle(typing, ngx_current_msec)) {
        return;
    }

    ngx_memzero(&cursor, sizeof(chatws_people_cursor_t));

    while (!cursor.done) {

        if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
            return;
        }

        n = chatws_people_chats(tb, user, &cursor, rows);

        for (i = 0; i < n; i++) {
            len[i] = chatws_people_id(tb, rows[i], ids[i]);
        }

        ngx_http_chatws_zone_unlock(&hub->zone);

        for (i = 0; i < n; i++) {
            chat.len = len[i];
            chat.data = ids[i];

            ngx_http_chatws_typing_sent(hub, &chat, user);
        }
    }
}
