
/*
 * Copyright (C) chatws contributors
 *
 * People in the hub: it tells the table of people, see chatws_people.h, what
 * is so whenever a subscription begins or ends in the zone, and tells the
 * subscribers of a chat what has changed.
 *
 * Whoever changes rows of the table does that under the lock of the zone, and
 * calls people_changed() after it, with the lock or without.
 */


#ifndef _NGX_HTTP_CHATWS_HUB_PEOPLE_H_INCLUDED_
#define _NGX_HTTP_CHATWS_HUB_PEOPLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "store/chatws_people_store.h"
#include "process/ngx_http_chatws_annex.h"
#include "hub/ngx_http_chatws_hub.h"


/* The table of people of the zone, or NULL: it has none. */
chatws_people_t *ngx_http_chatws_people(ngx_http_chatws_hub_t *hub);

/* Sets now to the time of this turn of the event loop. */
void ngx_http_chatws_people_now(chatws_people_now_t *now);

/*
 * Rows have changed: at the end of this turn the subscribers of the chats are
 * told, or when it is time.  Does nothing if there is nothing to be told.
 */
void ngx_http_chatws_people_changed(ngx_http_chatws_hub_t *hub);

/*
 * Sets the state of a connection of a user, whose id was checked: 0, it is
 * online; CHATWS_MEMBER_AWAY; or CHATWS_MEMBER_GONE, it is not there.  That
 * counts at once if the subscriber is in the inbox of the user, else as soon
 * as it is.  NGX_OK.  NGX_AGAIN: the lock cannot be had now, NGX_BUSY: the
 * zone is full; nothing was done then.
 */
ngx_int_t ngx_http_chatws_people_state(
    ngx_http_chatws_subscriber_t *subscriber, ngx_str_t *user,
    uint32_t state);


/* telling the subscribers of a chat: hub_people_flush.c */

/* Who makes a notification: the places of its encoders. */

typedef enum {
    NGX_HTTP_CHATWS_TELL_PRESENCE = 0,
    NGX_HTTP_CHATWS_TELL_RECEIPTS,
    NGX_HTTP_CHATWS_TELL_N
} ngx_http_chatws_tell_e;


/* A flush of a chat; read by the encoders. */

typedef struct ngx_http_chatws_flush_s  ngx_http_chatws_flush_t;

struct ngx_http_chatws_flush_s {
    ngx_http_chatws_hub_t  *hub;
    ngx_str_t               chat;        /* id */
    uint32_t                online;      /* numbers of the crowd: while notes */
    uint32_t                people;      /* come those of the beginning, at */
    uint32_t                members;     /* the end the present ones */
    unsigned                full:1;      /* all places are told, and what the
                                            others know is to be forgotten */
    void                   *data[NGX_HTTP_CHATWS_TELL_N];    /* of the
                                            encoders */

    /* of hub_people_flush.c */

    chatws_people_cursor_t  cursor;
    uint32_t                crowd;       /* 0: there is no flush */
    unsigned                failed:1;
    unsigned                done:1;      /* the zone does not know that yet */
    u_char                  id[CHATWS_NAME_MAX];
};


/*
 * An encoder makes a notification of the notes of a flush.  All of this is
 * called without the lock.
 */

typedef struct {
    uint32_t                what;        /* of CHATWS_PLACE_CHANGED: notes with
                                            these are for it; with full all
                                            are */

    /* A flush begins: data[kind] is the encoder's, and NULL. */
    ngx_int_t             (*begin)(ngx_http_chatws_flush_t *flush);

    /* The next place.  NGX_ERROR: there is no memory, the flush fails. */
    ngx_int_t             (*note)(ngx_http_chatws_flush_t *flush,
                                  const chatws_people_note_t *note);

    /*
     * There are no more: publishes, unless failed, and frees data[kind].
     * Another result than NGX_OK: the flush has failed, and all of the crowd
     * is told after an interval.
     */
    ngx_int_t             (*end)(ngx_http_chatws_flush_t *flush,
                                 ngx_uint_t failed);
} ngx_http_chatws_people_encoder_t;


#endif /* _NGX_HTTP_CHATWS_HUB_PEOPLE_H_INCLUDED_ */
