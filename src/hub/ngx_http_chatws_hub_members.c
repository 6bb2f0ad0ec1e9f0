
/*
 * Copyright (C) chatws contributors
 *
 * Members of chats: texts are made without the lock of the zone, and slices of
 * the work are done with it.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "base/chatws_name.h"
#include "protocol/chatws_notify_members.h"
#include "hub/ngx_http_chatws_hub_members.h"
#include "hub/ngx_http_chatws_hub_people.h"
#include "hub/ngx_http_chatws_hub_private.h"


/* changes in one hold of the lock */
#define NGX_HTTP_CHATWS_MEMBERS_SLICE  8


/* The texts of a change. */

typedef struct {
    u_char                  inbox[CHATWS_INBOX_MAX];
    u_char                  command[CHATWS_COMMAND_SIZE];
    u_char                  before[CHATWS_NOTIFY_BEFORE];
    u_char                  after[CHATWS_NOTIFY_AFTER];
} ngx_http_chatws_members_texts_t;

chatws_static_assert(ngx_http_chatws_members_text_fits,
    CHATWS_NOTIFY_BEFORE + CHATWS_NOTIFY_AFTER + CHATWS_MEMBERSHIP_NUMBERS
    <= CHATWS_MEMBERSHIP_TEXT);


static ngx_uint_t ngx_http_chatws_members_slice(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_membership_t *list, ngx_uint_t n);
static void ngx_http_chatws_members_prepare(ngx_http_chatws_hub_t *hub,
    const ngx_http_chatws_membership_t *from, chatws_membership_t *change,
    ngx_http_chatws_members_texts_t *texts, uint64_t time);
static void ngx_http_chatws_members_name(ngx_http_chatws_hub_t *hub,
    chatws_people_name_t *name, const ngx_str_t *id);


ngx_int_t
ngx_http_chatws_hub_members(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_membership_t *list, ngx_uint_t n, ngx_uint_t *done)
{
    ngx_uint_t  made, size;

    *done = 0;

    if (ngx_http_chatws_people(hub) == NULL) {
        return n == 0 ? NGX_OK : NGX_BUSY;
    }

    while (*done < n) {
        size = ngx_min(n - *done, NGX_HTTP_CHATWS_MEMBERS_SLICE);
        made = ngx_http_chatws_members_slice(hub, &list[*done], size);

        *done += made;

        if (made < size) {
            break;
        }
    }

    ngx_http_chatws_people_changed(hub);

    return *done == n ? NGX_OK : NGX_BUSY;
}


/* Makes a slice of the changes, and returns how many there was room for. */

static ngx_uint_t
ngx_http_chatws_members_slice(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_membership_t *list, ngx_uint_t n)
{
    ngx_uint_t                       i, made;
    chatws_membership_t              changes[NGX_HTTP_CHATWS_MEMBERS_SLICE];
    chatws_membership_by_t           by;
    ngx_http_chatws_members_texts_t  texts[NGX_HTTP_CHATWS_MEMBERS_SLICE];

    by.people = ngx_http_chatws_people(hub);
    by.store = hub->zone.store;
    by.patience = NGX_HTTP_CHATWS_LAP_TIME;
    by.room = 0;
    by.nwake = 0;
    by.wake = hub->wakes;

    ngx_http_chatws_people_now(&by.now);

    for (i = 0; i < n; i++) {
        ngx_http_chatws_members_prepare(hub, &list[i], &changes[i], &texts[i],
                                        by.now.time);

        by.room += chatws_people_member_room(changes[i].command.len
                                             + changes[i].before.len
                                             + changes[i].after.len);
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return 0;
    }

    made = chatws_people_member_set(&by, changes, n);

    ngx_http_chatws_zone_unlock(&hub->zone);

    ngx_http_chatws_hub_wake(hub, by.nwake);

    for (i = 0; i < n; i++) {
        list[i].news = i < made && changes[i].news;
    }

    return made;
}


static void
ngx_http_chatws_members_prepare(ngx_http_chatws_hub_t *hub,
    const ngx_http_chatws_membership_t *from, chatws_membership_t *change,
    ngx_http_chatws_members_texts_t *texts, uint64_t time)
{
    uint64_t          epoch;
    chatws_command_t  command;

    epoch = ngx_http_chatws_hub_epoch(hub);

    ngx_memzero(change, sizeof(chatws_membership_t));
    ngx_memzero(&command, sizeof(chatws_command_t));

    ngx_http_chatws_members_name(hub, &change->user, &from->user);
    ngx_http_chatws_members_name(hub, &change->chat, &from->chat);

    chatws_inbox_id(&change->inbox, texts->inbox, &change->user.id);

    command.kind = from->add ? CHATWS_COMMAND_JOINED : CHATWS_COMMAND_LEFT;
    command.user = change->user.id;
    command.chat = change->chat.id;

    change->command.data = texts->command;
    change->command.len = chatws_command_pack(&command, texts->command);

    change->before.data = texts->before;
    change->before.len = sizeof(texts->before);
    change->after.data = texts->after;
    change->after.len = sizeof(texts->after);

    /* there is room for the longest id */

    (void) chatws_notify_membership(&change->before, &change->after,
                                    &change->chat.id, from->add, epoch, time);

    change->begun = from->begun;
    change->list = from->list;
    change->unread = from->unread;
    change->add = from->add;
    change->has_unread = from->has_unread;
    change->has_muted = from->has_muted;
    change->muted = from->muted;
    change->counted = hub->zone.people->unread;
}


static void
ngx_http_chatws_members_name(ngx_http_chatws_hub_t *hub,
    chatws_people_name_t *name, const ngx_str_t *id)
{
    name->id.len = id->len;
    name->id.data = id->data;
    name->hash = ngx_http_chatws_hub_hash(hub, id);
}


ngx_int_t
ngx_http_chatws_hub_members_begin(ngx_http_chatws_hub_t *hub,
    const chatws_command_t *command, uint64_t *list)
{
    chatws_rc_e            rc;
    chatws_people_t       *people;
    chatws_member_list_t   begin;

    people = ngx_http_chatws_people(hub);

    ngx_memzero(&begin, sizeof(chatws_member_list_t));

    ngx_http_chatws_members_name(hub, &begin.chat,
                                 (const ngx_str_t *) &command->chat);

    begin.version = command->version;
    begin.replace = command->replace;
    begin.goes_on = command->part == CHATWS_PART_NEXT
                    || command->part == CHATWS_PART_LAST;

    if (command->token.len != 0) {
        begin.token = (uint32_t) ngx_http_chatws_hub_hash(hub,
                                       (const ngx_str_t *) &command->token);
    }

    if (people == NULL) {
        return NGX_BUSY;
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    rc = chatws_people_member_begin(people, hub->zone.store, &begin, list);

    ngx_http_chatws_zone_unlock(&hub->zone);

    switch (rc) {

    case CHATWS_OK:
        return NGX_OK;

    case CHATWS_DECLINED:
        return NGX_DECLINED;

    case CHATWS_ERROR:
        return NGX_ABORT;

    default: /* CHATWS_BUSY */
        return NGX_BUSY;
    }
}


ngx_int_t
ngx_http_chatws_hub_members_rest(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *chat, uint64_t list, ngx_uint_t *removed)
{
    uint64_t                       hash;
    ngx_int_t                      rc;
    ngx_uint_t                     done, i, n;
    chatws_str_t                   users[CHATWS_PEOPLE_WALK];
    chatws_people_t               *people;
    chatws_people_cursor_t         cursor;
    ngx_http_chatws_membership_t   change[CHATWS_PEOPLE_WALK];
    uint8_t                        ids[CHATWS_PEOPLE_WALK][CHATWS_NAME_MAX];

    *removed = 0;

    people = ngx_http_chatws_people(hub);
    hash = ngx_http_chatws_hub_hash(hub, chat);

    ngx_memzero(&cursor, sizeof(chatws_people_cursor_t));

    do {
        if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
            return NGX_BUSY;
        }

        n = chatws_people_member_unnamed(people, hash, list, &cursor, users,
                                         ids);

        ngx_http_chatws_zone_unlock(&hub->zone);

        ngx_memzero(change, sizeof(change));

        for (i = 0; i < n; i++) {
            change[i].chat = *chat;
            change[i].user.len = users[i].len;
            change[i].user.data = users[i].data;
        }

        rc = ngx_http_chatws_hub_members(hub, change, n, &done);

        for (i = 0; i < done; i++) {
            *removed += change[i].news;
        }

    } while (rc == NGX_OK && !cursor.done);

    return rc;
}


ngx_int_t
ngx_http_chatws_hub_is_member(ngx_http_chatws_hub_t *hub, uint64_t user,
    const ngx_str_t *chat, ngx_msec_t settle)
{
    uint64_t              hash;
    chatws_rc_e           rc;
    chatws_people_t      *people;
    chatws_people_now_t   now;

    people = ngx_http_chatws_people(hub);
    hash = ngx_http_chatws_hub_hash(hub, chat);

    ngx_http_chatws_people_now(&now);

    if (people == NULL) {
        return NGX_AGAIN;
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_AGAIN;
    }

    rc = chatws_people_member_is(people, user, hash, settle, &now);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return rc == CHATWS_OK ? NGX_OK
                           : rc == CHATWS_AGAIN ? NGX_AGAIN : NGX_DECLINED;
}


ngx_int_t
ngx_http_chatws_hub_members_head(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *id, ngx_uint_t chat, ngx_http_chatws_members_head_t *head)
{
    uint32_t          row;
    uint64_t          hash;
    chatws_str_t      inbox;
    chatws_crowd_t   *crowd;
    chatws_people_t  *people;
    chatws_person_t  *person;
    u_char            buf[CHATWS_INBOX_MAX];

    people = ngx_http_chatws_people(hub);
    hash = ngx_http_chatws_hub_hash(hub, id);

    ngx_memzero(head, sizeof(ngx_http_chatws_members_head_t));

    chatws_inbox_id(&inbox, buf, (const chatws_str_t *) id);

    if (people == NULL) {
        return NGX_BUSY;
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    head->last = chatws_store_last(hub->zone.store,
                                   chat ? (const chatws_str_t *) id : &inbox);

    row = chat ? chatws_people_find_crowd(people, hash)
               : chatws_people_find_person(people, hash);

    if (row != 0 && chat) {
        crowd = chatws_people_crowd(people, row);

        head->count = crowd->count;
        head->version = crowd->version;
        head->members = crowd->members;
        head->people = crowd->people;
        head->online = crowd->online;

    } else if (row != 0) {
        person = chatws_people_person(people, row);

        head->state = person->row.flags;
        head->since = person->since;
    }

    ngx_http_chatws_zone_unlock(&hub->zone);

    return NGX_OK;
}


ngx_int_t
ngx_http_chatws_hub_members_walk(ngx_http_chatws_hub_t *hub, uint64_t hash,
    ngx_uint_t chat, chatws_people_cursor_t *cursor,
    chatws_person_chat_t *list, ngx_uint_t *n)
{
    chatws_people_t  *people;

    *n = 0;

    people = ngx_http_chatws_people(hub);

    if (people == NULL) {
        cursor->done = 1;
        return NGX_OK;
    }

    if (ngx_http_chatws_zone_lock(&hub->zone) != NGX_OK) {
        return NGX_BUSY;
    }

    *n = chatws_people_member_walk(people, hub->zone.store, hash, chat, cursor,
                                   list);

    ngx_http_chatws_zone_unlock(&hub->zone);

    return NGX_OK;
}
