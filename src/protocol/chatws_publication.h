
/*
 * Copyright (C) chatws contributors
 *
 * Publications: from the body of a POST to the notification that subscribers
 * get and to the answer of the publisher.
 */


#ifndef _CHATWS_PUBLICATION_H_INCLUDED_
#define _CHATWS_PUBLICATION_H_INCLUDED_


#include "base/chatws_core.h"
#include "base/chatws_id.h"
#include "base/chatws_time.h"
#include "json/chatws_json.h"
#include "protocol/chatws_notify.h"


typedef enum {
    CHATWS_PUB_MESSAGE = 0,        /* new_message, sequenced */
    CHATWS_PUB_UPDATE,             /* chat_update, not sequenced */
    CHATWS_PUB_EVENT               /* application event, sequenced */
} chatws_pub_e;


/* The members that the server knows; the index into known[]. */

typedef enum {
    CHATWS_PUB_TYPE = 0,
    CHATWS_PUB_CHAT,
    CHATWS_PUB_ID,
    CHATWS_PUB_TEXT,
    CHATWS_PUB_SENDER,
    CHATWS_PUB_TIME,
    CHATWS_PUB_OWN,
    CHATWS_PUB_LAST_MESSAGE,
    CHATWS_PUB_LAST_TIME,
    CHATWS_PUB_UNREAD,
    CHATWS_PUB_SEQ,
    CHATWS_PUB_EPOCH,
    CHATWS_PUB_RECIPIENTS,
    CHATWS_PUB_FURTHER             /* any other member */
} chatws_pub_member_e;


/* A member as written, in the text's order; private to the .c file. */

typedef struct chatws_pub_span_s  chatws_pub_span_t;


/*
 * Strings point into the text or into the block given to the parser; both
 * must live until the last call with this publication.
 */

typedef struct {
    chatws_pub_e        kind;
    chatws_str_t        chat;      /* decoded and checked */
    chatws_str_t        sender;    /* decoded, len 0: not given */
    chatws_fault_t      fault;     /* after CHATWS_ERROR */

    /* private from here on */

    chatws_str_t        text;
    chatws_str_t        known[CHATWS_PUB_FURTHER];    /* values as written */
    chatws_pub_span_t  *spans;

    uint8_t             id[CHATWS_ID_LEN + 2];        /* with quotes */
    uint8_t             time[CHATWS_TIME_LEN + 2];    /* with quotes */
} chatws_publication_t;


/*
 * Parses one publication, protocol section 4.  mem is a block of at least
 * chatws_json_arena_size(text->len) bytes.
 *
 * CHATWS_OK, or CHATWS_ERROR: answer 400 with pub->fault.
 */
chatws_rc_e chatws_publication_parse(chatws_publication_t *pub,
    const chatws_str_t *text, size_t depth, void *mem, size_t size);

/*
 * Gives the publication what the server adds: the id that a new_message gets
 * if it has none, and the time of acceptance.  Call it once, before the
 * functions below; pub may not be moved after that.
 */
void chatws_publication_stamp(chatws_publication_t *pub,
    const uint8_t id[CHATWS_ID_LEN], uint64_t ms);

/* 1: a durable notification, that takes a sequence number. */
int chatws_publication_sequenced(const chatws_publication_t *pub);

/* Room that the two functions below are content with. */
size_t chatws_publication_size(const chatws_publication_t *pub);

/*
 * Writes the notification.  A sequenced one ends right before the digits of
 * its sequence number (..."seq":), which lack together with the closing
 * brace; another one is complete.  own is the position in it of the literal
 * false of isOwnMessage, 0: it has none.
 *
 * out as in chatws_notify.h; CHATWS_ERROR: no room.
 */
chatws_rc_e chatws_publication_body(const chatws_publication_t *pub,
    chatws_str_t *out, uint32_t *own);

/*
 * Writes the JSON of the 201 answer; seq is not shown for what is not
 * sequenced.
 *
 * out as in chatws_notify.h; CHATWS_ERROR: no room.
 */
chatws_rc_e chatws_publication_answer(const chatws_publication_t *pub,
    chatws_str_t *out, uint64_t seq, uint64_t epoch, uint64_t recipients);


#endif /* _CHATWS_PUBLICATION_H_INCLUDED_ */
