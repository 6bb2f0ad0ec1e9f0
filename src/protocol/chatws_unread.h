
/*
 * Copyright (C) chatws contributors
 *
 * What was read, as clients are told: "unread", "read_receipt", "chat_state",
 * and the members of other notifications that say it.  See docs/unread.md.
 */


#ifndef _CHATWS_UNREAD_H_INCLUDED_
#define _CHATWS_UNREAD_H_INCLUDED_


#include "base/chatws_core.h"
#include "json/chatws_json.h"


/* Bytes in which each of these has room, besides what one user takes. */

#define CHATWS_UNREAD_SIZE       1280
#define CHATWS_RECEIPT_SIZE      1024
#define CHATWS_STATE_SIZE        1536

/* What one user takes in a list: each byte of the id may be escaped. */
#define CHATWS_READER_SIZE       800


/* How far a user has read a chat. */

typedef struct {
    uint64_t       count;          /* messages of the chat that count */
    uint64_t       read;           /* the number up to which it has read */
    int64_t        seen;           /* the count there */
    unsigned       marked:1;       /* as unread, by hand */
} chatws_watermark_t;


/* The content of an "unread". */

typedef struct {
    chatws_str_t         chat;
    chatws_str_t         id;       /* JSON to be echoed; empty: none */
    chatws_watermark_t   mark;
    uint64_t             epoch;    /* its low 48 bits are shown */
    uint64_t             ms;       /* now, ms since 1970 */
    unsigned             inexact:1;    /* seen may be less than it was */
} chatws_unread_t;


/* How far others know that a user has read, and has got, a chat. */

typedef struct {
    chatws_str_t         user;
    uint64_t             read;     /* 0: it is not told */
    uint64_t             delivered;    /* the same */
} chatws_receipt_t;


/* What is unread, which is never below 0. */
uint64_t chatws_unread(const chatws_watermark_t *mark);

/* Puts it as members, each with a comma in front. */
void chatws_unread_put(chatws_json_out_t *json,
    const chatws_watermark_t *mark);

/*
 * These write one JSON text to out->data, where there is room for out->len
 * bytes, and set out->len.  CHATWS_OK, or CHATWS_ERROR: there is too little
 * room.
 */
chatws_rc_e chatws_unread_write(chatws_str_t *out, const chatws_unread_t *u);

/* A "read_receipt" of n readers, each of which has something to be told. */
chatws_rc_e chatws_receipt_write(chatws_str_t *out, const chatws_str_t *chat,
    const chatws_receipt_t *readers, size_t n, uint64_t ms);

/* Puts the members "reads" and, where one has it, "delivered". */
void chatws_readers_put(chatws_json_out_t *json,
    const chatws_receipt_t *readers, size_t n, int delivered);


/* The content of a "chat_state", but for its lists. */

typedef struct {
    chatws_str_t         chat;
    chatws_watermark_t   mark;
    uint64_t             last;     /* number of the chat */
    uint64_t             epoch;
    uint64_t             ms;
} chatws_state_t;

/*
 * It is put piece by piece: open, then members with a comma in front of each,
 * close.
 */
void chatws_state_open(chatws_json_out_t *json, const chatws_state_t *state);
void chatws_state_close(chatws_json_out_t *json, const chatws_state_t *state);


#endif /* _CHATWS_UNREAD_H_INCLUDED_ */
