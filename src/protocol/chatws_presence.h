
/*
 * Copyright (C) chatws contributors
 *
 * Who is there, as clients are told: the notification "presence", and the part
 * of that name in the state of a chat.  Protocol, section 3.
 */


#ifndef _CHATWS_PRESENCE_H_INCLUDED_
#define _CHATWS_PRESENCE_H_INCLUDED_


#include "base/chatws_core.h"
#include "json/chatws_json.h"


/*
 * Bytes in which a notification has room, besides those of its users, and what
 * one user takes: each byte of an id may be escaped.
 */

#define CHATWS_PRESENCE_SIZE       1024
#define CHATWS_PRESENCE_USER_SIZE  288

/* ms, by which last seen is told */
#define CHATWS_PRESENCE_MINUTE     60000


/* What others are told of a user: each user is in one of these lists. */

typedef enum {
    CHATWS_PRESENCE_ONLINE = 0,
    CHATWS_PRESENCE_AWAY,
    CHATWS_PRESENCE_OFFLINE,
    CHATWS_PRESENCE_LEFT           /* is not one of the chat's people */
} chatws_presence_state_e;


/* A user in one of the lists. */

typedef struct {
    chatws_str_t             user;
    uint64_t                 seen; /* ms since 1970, 0: not told; of those who
                                      are offline */
    chatws_presence_state_e  state;
} chatws_present_t;


typedef struct {
    chatws_str_t             chat;     /* empty: of no chat, which has neither
                                          "left" nor numbers */
    chatws_str_t             id;       /* JSON to be echoed; empty: none */
    const chatws_present_t  *list;
    size_t                   n;        /* users in it */
    uint64_t                 count;    /* people who are online or away */
    uint64_t                 people;
    uint64_t                 ms;       /* now, ms since 1970 */
    unsigned                 names:1;  /* 0: these are too many people, and
                                          the lists are not shown */
    unsigned                 reset:1;  /* who is not in the lists is to be
                                          forgotten */
    unsigned                 warming:1;  /* the zone is new, and does not know
                                            of all who are there */
} chatws_presence_t;


/*
 * Writes the notification to out->data, where there is room for out->len
 * bytes, and sets out->len to its length.  Strings are valid UTF-8.
 *
 * CHATWS_OK, or CHATWS_ERROR: there is too little room, and out->len is as it
 * was.
 */
chatws_rc_e chatws_presence_write(chatws_str_t *out,
    const chatws_presence_t *presence);

/*
 * Puts what it says of the people of a chat as the member "presence", behind
 * another member: an object of the lists and the numbers.
 */
void chatws_presence_put(chatws_json_out_t *json,
    const chatws_presence_t *presence);


#endif /* _CHATWS_PRESENCE_H_INCLUDED_ */
