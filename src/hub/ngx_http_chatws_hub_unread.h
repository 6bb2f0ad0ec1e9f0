
/*
 * Copyright (C) chatws contributors
 *
 * What users have read of chats, and what they and others are told of it.
 * All of it needs a zone with chatws_unread.
 */


#ifndef _NGX_HTTP_CHATWS_HUB_UNREAD_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HUB_UNREAD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/chatws_people_reader.h"
#include "protocol/chatws_unread.h"
#include "hub/ngx_http_chatws_hub.h"


/* the messages of a chat that are looked through for an old number */
#define NGX_HTTP_CHATWS_UNREAD_STEPS  1000


/* Whose watermark, and in which chat. */

typedef struct {
    ngx_http_chatws_hub_t  *hub;
    chatws_str_t            chat;
    chatws_str_t            user;
    ngx_uint_t              entered;   /* this user's connection, which asks, is
                                          subscribed to the chat */
    ngx_uint_t              any;       /* the app server asks: the user may be
                                          anybody whom the zone knows there */
} ngx_http_chatws_reader_t;


/* Whether users have watermarks in this zone. */
ngx_uint_t ngx_http_chatws_has_unread(ngx_http_chatws_hub_t *hub);

/*
 * Acts on a watermark, see chatws_people_reader.h, and fills u.  The other
 * connections of the user are told; except is the connection that is told by
 * the caller, or NULL.
 *
 * NGX_OK.  NGX_DECLINED: the user is neither in the chat nor a member.
 * NGX_BUSY: the lock can't be had, or there is no room.
 */
ngx_int_t ngx_http_chatws_hub_read(const ngx_http_chatws_reader_t *reader,
    chatws_reader_act_e act, uint64_t seq,
    ngx_http_chatws_subscriber_t *except, chatws_unread_t *u);

/*
 * The user has got the chat up to this number; others are told if the zone
 * tells that.  Whoever is not in the chat has got nothing.
 */
void ngx_http_chatws_hub_delivered(const ngx_http_chatws_reader_t *reader,
    uint64_t seq);

/*
 * The watermark of the user, with the count at a position of the chat.  Where
 * nothing is known of the user, nothing is unread.
 */
void ngx_http_chatws_hub_watermark(
    const ngx_http_chatws_reader_t *reader, const chatws_subscribed_t *at,
    chatws_watermark_t *mark);

/* The watermarks of a user in some chats, whose ids are in marks. */

typedef struct {
    chatws_unread_t         list[CHATWS_PEOPLE_WALK];
    chatws_people_mark_t    marks[CHATWS_PEOPLE_WALK];
} ngx_http_chatws_unreads_t;


/*
 * Fills in the next of them, and returns how many these are.  cursor begins as
 * zeros; its done tells that these were the last ones.
 */
ngx_uint_t ngx_http_chatws_hub_unreads(ngx_http_chatws_hub_t *hub,
    uint64_t user, chatws_people_cursor_t *cursor,
    ngx_http_chatws_unreads_t *unreads);


/* The readers of a chat, whose ids are in the same memory. */

typedef struct {
    ngx_uint_t              n;
    ngx_uint_t              size;      /* that there is room for */
    chatws_receipt_t       *list;
    u_char                 *ids;
    ngx_uint_t              delivered; /* it is told, too, what they have got */
} ngx_http_chatws_readers_t;


/*
 * Lists what others are told of the people of a chat.  NGX_DECLINED: nobody is
 * told that there, or the user of the reader is not.
 * NGX_ERROR: no memory, or the lock can't be had.  The caller frees
 * readers->list after NGX_OK.
 */
ngx_int_t ngx_http_chatws_hub_readers(const ngx_http_chatws_reader_t *reader,
    ngx_http_chatws_readers_t *readers);


#endif /* _NGX_HTTP_CHATWS_HUB_UNREAD_H_INCLUDED_ */
