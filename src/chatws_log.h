
/*
 * Copyright (C) chatws contributors
 *
 * A circular byte log over the caller's memory: entries are contiguous, hold
 * complete WebSocket frames, and are known by 64-bit offsets that only grow.
 * Floor 0: knows libc only; nothing of chats, slots or locks.
 */


#ifndef _CHATWS_LOG_H_INCLUDED_
#define _CHATWS_LOG_H_INCLUDED_


#include "chatws_core.h"


#define CHATWS_OFF_NONE    ((uint64_t) -1)

#define CHATWS_LOG_MARKS   16
#define CHATWS_LOG_ALIGN   16


/*
 * An entry.  Written under the lock before the head passes it, read without
 * the lock by those whose cursor or pin keeps it from being overwritten.
 */

typedef struct {
    uint64_t  prev;     /* offset + 1 of the chat's previous sequenced entry,
                           0: none */
    uint64_t  seq;      /* 0: not sequenced */
    uint64_t  serial;   /* of the chat row, guards against its reuse */
    uint64_t  sender;   /* hash of the sender's user id, 0: none is left out */
    uint64_t  time;     /* ms since 1970 */
    uint32_t  size;     /* of the whole entry in bytes, a multiple of 16 */
    uint32_t  chat;     /* chat row, 0 in a padding entry */
    uint32_t  len;      /* bytes of the frame */
    uint32_t  own;      /* position in the frame of the 5-byte literal "false"
                           that own messages turn to "true ", 0: none */
    uint8_t   frame[];  /* 8-aligned */
} chatws_entry_t;


#endif /* _CHATWS_LOG_H_INCLUDED_ */
