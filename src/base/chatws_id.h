
/*
 * Copyright (C) chatws contributors
 *
 * Ids of messages and sessions, which sort by time when they are compared as
 * strings, and the text form of an epoch.
 */


#ifndef _CHATWS_ID_H_INCLUDED_
#define _CHATWS_ID_H_INCLUDED_


#include "base/chatws_core.h"


#define CHATWS_ID_LEN      26      /* msg_ and 22 of 0-9a-z */
#define CHATWS_SESSION_LEN 24      /* s_ and the same */
#define CHATWS_ID_COUNTS   46656   /* 36^3, the ids in a millisecond */
#define CHATWS_EPOCH_LEN   12      /* hex digits */

/* the bits of an epoch that its text form shows */
#define CHATWS_EPOCH_MASK  0xffffffffffffULL

/* a value that no masked epoch has */
#define CHATWS_EPOCH_NONE  ((uint64_t) -1)


/*
 * Writes an id, CHATWS_ID_LEN bytes without a closing zero: msg_, 12 digits of
 * the stamp and 10 digits of the random number, in base 36.
 *
 * The stamp is the time in milliseconds since 1970, times CHATWS_ID_COUNTS,
 * plus the number of ids that were made before in this millisecond.  So 9 of
 * its digits are the time, and ids grow with it.  The random number tells ids
 * of the same stamp apart, which other processes may make.
 */
void chatws_id_make(uint64_t stamp, uint64_t random,
    uint8_t out[CHATWS_ID_LEN]);

/*
 * The same for a session: CHATWS_SESSION_LEN bytes, which begin with s_.
 */
void chatws_id_session(uint64_t stamp, uint64_t random,
    uint8_t out[CHATWS_SESSION_LEN]);

/*
 * Writes the low 48 bits of the epoch, as CHATWS_EPOCH_LEN hex digits in lower
 * case without a closing zero.
 */
void chatws_epoch_format(uint8_t out[CHATWS_EPOCH_LEN], uint64_t epoch);

/*
 * Returns the epoch of which this is the text form, or CHATWS_EPOCH_NONE if it
 * is none.
 */
uint64_t chatws_epoch_parse(const chatws_str_t *text);


#endif /* _CHATWS_ID_H_INCLUDED_ */
