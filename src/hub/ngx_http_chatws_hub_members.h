
/*
 * Copyright (C) chatws contributors
 *
 * Who is a member of which chat: see chatws_people_member.h.  All functions
 * take the lock of the zone by themselves, for a slice of the work at a time.
 */


#ifndef _NGX_HTTP_CHATWS_HUB_MEMBERS_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HUB_MEMBERS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "protocol/chatws_command.h"
#include "store/chatws_people_member.h"
#include "hub/ngx_http_chatws_hub.h"


/*
 * One user in one chat, as the app server wants it: see chatws_membership_t.
 * The strings are valid as names, and stay the caller's.
 */

typedef struct {
    ngx_str_t   user;
    ngx_str_t   chat;
    uint64_t    begun;
    uint64_t    list;
    uint64_t    unread;
    unsigned    add:1;
    unsigned    has_unread:1;
    unsigned    has_muted:1;
    unsigned    muted:1;
    unsigned    news:1;          /* is set if that was not so before */
} ngx_http_chatws_membership_t;


/*
 * Makes it so, in order.  *done is how many of the n are; NGX_OK: all.
 * NGX_BUSY: the rest is not, there is no room now; it may be said again as a
 * whole.
 */
ngx_int_t ngx_http_chatws_hub_members(ngx_http_chatws_hub_t *hub,
    ngx_http_chatws_membership_t *list, ngx_uint_t n, ngx_uint_t *done);

/*
 * Before a command: looks at the version, and at the part and the token, and
 * notes both.  *list is what ngx_http_chatws_membership_t.list is for all that
 * the command names.
 *
 * NGX_OK.  NGX_DECLINED: the version is below that of the chat.  NGX_ABORT: no
 * list with this token is under way.  NGX_BUSY: as above.
 */
ngx_int_t ngx_http_chatws_hub_members_begin(ngx_http_chatws_hub_t *hub,
    const chatws_command_t *command, uint64_t *list);

/*
 * Ends a list of members: removes those whom it has not named.  *removed is how
 * many these were.  NGX_OK or NGX_BUSY.
 */
ngx_int_t ngx_http_chatws_hub_members_rest(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *chat, uint64_t list, ngx_uint_t *removed);

/*
 * Whether a user, by the hash of its id, is a member.  NGX_OK: yes.
 * NGX_DECLINED: no.  NGX_AGAIN: nobody can tell yet: the table is not older
 * than settle, in milliseconds, and the chat has no member; or the lock cannot
 * be had now.
 */
ngx_int_t ngx_http_chatws_hub_is_member(ngx_http_chatws_hub_t *hub,
    uint64_t user, const ngx_str_t *chat, ngx_msec_t settle);


/* What is known of a chat as a whole, or of a user. */

typedef struct {
    uint64_t    last;            /* number of the chat, by user */
    uint64_t    count;           /* these five of a chat */
    uint64_t    version;
    uint32_t    members;
    uint32_t    people;
    uint32_t    online;
    uint32_t    state;           /* these two of a user, flags of the person */
    uint64_t    since;
} ngx_http_chatws_members_head_t;


/*
 * Fills head for a user or, with chat, for a chat; with zeros where nothing is
 * known.  NGX_OK.  NGX_BUSY: the lock cannot be had now.
 */
ngx_int_t ngx_http_chatws_hub_members_head(ngx_http_chatws_hub_t *hub,
    const ngx_str_t *id, ngx_uint_t chat,
    ngx_http_chatws_members_head_t *head);

/*
 * A slice of a walk over the chats of a user or, with chat, over the users of a
 * chat, by the hash of its id: fills up to CHATWS_PEOPLE_WALK of list, and sets
 * *n.  It begins with a cursor of zeros, and is over when cursor->done is set.
 * NGX_OK.  NGX_BUSY: the lock cannot be had now.
 */
ngx_int_t ngx_http_chatws_hub_members_walk(ngx_http_chatws_hub_t *hub,
    uint64_t hash, ngx_uint_t chat, chatws_people_cursor_t *cursor,
    chatws_person_chat_t *list, ngx_uint_t *n);


#endif /* _NGX_HTTP_CHATWS_HUB_MEMBERS_H_INCLUDED_ */
