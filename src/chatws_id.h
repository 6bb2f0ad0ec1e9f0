
/*
 * Copyright (C) chatws contributors
 *
 * Message ids that sort by time as strings do, and the text form of an epoch.
 * Floor 0: knows libc only; the caller gives time and randomness.
 */


#ifndef _CHATWS_ID_H_INCLUDED_
#define _CHATWS_ID_H_INCLUDED_


#include "chatws_core.h"


#define CHATWS_ID_LEN      26      /* msg_ and 22 of 0-9a-z */
#define CHATWS_EPOCH_LEN   12      /* hex digits */
#define CHATWS_EPOCH_MASK  0xffffffffffffULL
#define CHATWS_EPOCH_NONE  ((uint64_t) -1)


/* One for each process; zeroed before the first use. */

typedef struct {
    uint64_t  time;                /* ms of the last id */
    uint32_t  count;               /* ids made in that ms before it */
} chatws_id_t;


/*
 * Writes the next id, CHATWS_ID_LEN bytes without a closing zero: 9 digits
 * of time, 3 of a counter and 10 of the random bits, in base 36.  Ids of one
 * chatws_id_t grow strictly, also when the clock stands or goes back; ids of
 * different processes are told apart by the random bits (at least 51 of the
 * 64 matter).
 */
void chatws_id_make(chatws_id_t *id, uint64_t ms, uint64_t random,
    uint8_t out[CHATWS_ID_LEN]);

/*
 * Writes the low 48 bits as CHATWS_EPOCH_LEN lower-case hex digits, without a
 * closing zero.
 */
void chatws_epoch_format(uint8_t out[CHATWS_EPOCH_LEN], uint64_t epoch);

/*
 * The epoch that the text is the form of, or CHATWS_EPOCH_NONE, which equals
 * no masked epoch, when it is none.
 */
uint64_t chatws_epoch_parse(const chatws_str_t *text);


#endif /* _CHATWS_ID_H_INCLUDED_ */
