
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
#include "protocol/chatws_type.h"


typedef enum {
    CHATWS_PUB_MESSAGE = 0,        /* new_message, sequenced */
    CHATWS_PUB_UPDATE,             /* chat_update, sequenced to users only */
    CHATWS_PUB_EVENT               /* application event, sequenced */
} chatws_pub_e;


/*
 * The members that the server knows, as indexes of known[].  Each has a row in
 * chatws_publication_rows[].
 */

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
    CHATWS_PUB_ENC,
    CHATWS_PUB_USERS,              /* "toUsers"; among the members as written
                                      also "userSeq" */
    CHATWS_PUB_FURTHER             /* any other member */
} chatws_pub_member_e;


/* the most users that a publication may be for */
#define CHATWS_PUB_USERS_MAX  1000


/* What "silent" says, and "markRead". */

typedef enum {
    CHATWS_PUB_SAYS_NOTHING = 0,   /* it is missing, or no boolean */
    CHATWS_PUB_SAYS_FALSE,
    CHATWS_PUB_SAYS_TRUE
} chatws_pub_says_e;


/* A member as it was written; see chatws_publication_private.h. */

typedef struct chatws_pub_span_s  chatws_pub_span_t;


/*
 * A publication.  Its strings point into the text, into the block that was
 * given to the parser, and into the structure itself: all three live, and stay
 * where they are, until the last call with this publication.
 */

typedef struct {
    chatws_pub_e        kind;
    chatws_type_e       type;      /* of an event: CHATWS_TYPE_NONE, or one
                                      that is free where the zone does not
                                      send it */
    chatws_str_t        chat;      /* decoded and checked; an event that has
                                      "toUsers" may have none */
    chatws_str_t        sender;    /* decoded; empty: not given */
    chatws_str_t        enc;       /* decoded; empty: not given, or not a
                                      string */
    int                 apart;     /* 1: it has members that no user may
                                      write, "toUsers" or "silent" */
    chatws_str_t        to;        /* the value of "toUsers" as it was
                                      written; empty: not given */
    int                 target;    /* 1: it is for users, and chat is data */
    size_t              nusers;    /* whom it names, if so */
    chatws_pub_says_e   silent;
    chatws_pub_says_e   mark_read;
    int                 discreet;  /* 1: its answer does not tell how many get
                                      it; the caller sets it after parse() */
    chatws_fault_t      fault;     /* set after CHATWS_ERROR only */

    /* private from here on */

    chatws_str_t        text;
    chatws_str_t        known[CHATWS_PUB_FURTHER];    /* values as written,
                                                         empty: not given */
    chatws_pub_span_t  *spans;
    chatws_str_t        user;      /* of "toUsers", decoded, if it is a
                                      string */
    int                 user_lossy;
    chatws_str_t        sealed;    /* data NULL: nothing is hidden */

    uint8_t             id[CHATWS_ID_LEN + 2];        /* with quotes */
    uint8_t             time[CHATWS_TIME_LEN + 2];    /* with quotes */
} chatws_publication_t;


/*
 * Parses one publication, see the protocol, section 4.  Its JSON may be
 * nested at most depth levels.  mem is a block of size bytes, at least
 * chatws_json_arena_size(text->len); it needs no alignment and is overwritten.
 *
 * CHATWS_OK, or CHATWS_ERROR: the publisher gets pub->fault, with status 400.
 */
chatws_rc_e chatws_publication_parse(chatws_publication_t *pub,
    const chatws_str_t *text, size_t depth, void *mem, size_t size);

/*
 * Decides, right after it was parsed, what "toUsers" is: with users it names
 * those whom the publication is for, otherwise it is a further member.  mem is
 * another block of size bytes, chatws_json_arena_size() of the text.
 *
 * CHATWS_OK, or CHATWS_ERROR: the publisher gets pub->fault, with status 400.
 */
chatws_rc_e chatws_publication_aim(chatws_publication_t *pub, int users,
    void *mem, size_t size);

/*
 * Is called for a user whom a publication is for; a user may be named twice.
 * The string lives until the handler returns.  valid is 0 if it is no user id.
 */
typedef chatws_rc_e (*chatws_pub_user_pt)(void *data,
    const chatws_str_t *user, int valid);

/*
 * Calls handler for each user of a publication that is for users, in order,
 * with such a block.  Returns CHATWS_OK, or what the handler returned.
 */
chatws_rc_e chatws_publication_users(const chatws_publication_t *pub,
    void *mem, size_t size, chatws_pub_user_pt handler, void *data);

/*
 * Adds the id, which a new_message gets that has none, and the time at which
 * the server has accepted the publication, in milliseconds since 1970.  It is
 * called once, before the functions below, and pub may not be copied or moved
 * after it, because pub then points into itself.
 */
void chatws_publication_stamp(chatws_publication_t *pub,
    const uint8_t id[CHATWS_ID_LEN], uint64_t ms);

/*
 * Encryption, see the protocol, section 4.  A publication has members that are
 * hidden, "text", "lastMessage" and all that the server does not know, and
 * others that stay clear.  These functions are called after the one above.
 */

/* Returns 1 if its publisher has encrypted it: it has the member "enc". */
int chatws_publication_encrypted(const chatws_publication_t *pub);

/*
 * Returns 1 if it has members that are to be hidden: each new_message and each
 * chat_update has, an application event may have none.
 */
int chatws_publication_hides(const chatws_publication_t *pub);

/*
 * Checks what an encrypted publication must have: an id that is a
 * string or a number, and where its publisher has encrypted it an id of his
 * own, "enc" that is a string, and "text" or "lastMessage" that is empty.
 *
 * CHATWS_OK, or CHATWS_ERROR: the publisher gets pub->fault, with status 400.
 */
chatws_rc_e chatws_publication_check_seal(chatws_publication_t *pub);

/* The id as JSON, a string or a number; valid after check_seal(). */
const chatws_str_t *chatws_publication_id(const chatws_publication_t *pub);

/* The bytes of room that the function below needs at most. */
size_t chatws_publication_hidden_size(const chatws_publication_t *pub);

/*
 * Writes the hidden members, as one JSON object, to out->data, where there is
 * room for out->len bytes, and sets out->len.  CHATWS_ERROR: there is too
 * little room.
 */
chatws_rc_e chatws_publication_hidden(const chatws_publication_t *pub,
    chatws_str_t *out);

/*
 * From now on the notification has "enc" with this value, of base64url and
 * dots, in place of what is hidden; the answer stays as it was.  The value
 * lives as long as pub.
 */
void chatws_publication_seal(chatws_publication_t *pub,
    const chatws_str_t *enc);

/* Returns 1 if its notification is durable and takes a number, else 0. */
int chatws_publication_sequenced(const chatws_publication_t *pub);

/* Returns 1 if it counts as a message that can be unread, else 0. */
int chatws_publication_counts(const chatws_publication_t *pub);

/* Returns 1 if its sender has read the chat up to it, else 0. */
int chatws_publication_reads(const chatws_publication_t *pub);

/* The bytes of room that each of the two functions below needs at most. */
size_t chatws_publication_size(const chatws_publication_t *pub);

/*
 * Writes the notification to out->data, where there is room for out->len
 * bytes, and sets out->len.  A sequenced one ends with "seq":, one to users
 * with "userSeq":, and lacks the digits of its number and the closing brace,
 * which the store appends; another one is complete.  own is set to the position
 * of CHATWS_OWN_FALSE, the value of isOwnMessage; 0: it has no such member.
 *
 * CHATWS_OK, or CHATWS_ERROR: there is too little room.
 */
chatws_rc_e chatws_publication_body(const chatws_publication_t *pub,
    chatws_str_t *out, uint32_t *own);

/*
 * Writes the body of the answer with status 201, to out as above.  seq is shown
 * for a sequenced one only; of the epoch the low 48 bits are shown.  That for a
 * publication to users has no seq, and lacks the object "users" and the closing
 * brace, which are put behind it.
 *
 * CHATWS_OK, or CHATWS_ERROR: there is too little room.
 */
chatws_rc_e chatws_publication_answer(const chatws_publication_t *pub,
    chatws_str_t *out, uint64_t seq, uint64_t epoch, uint64_t recipients);


#endif /* _CHATWS_PUBLICATION_H_INCLUDED_ */
