
/*
 * Copyright (C) chatws contributors
 *
 * Message ids that sort by time as strings do, and the text form of an epoch.
 */


#ifndef _CHATWS_ID_H_INCLUDED_
#define _CHATWS_ID_H_INCLUDED_


#include "base/chatws_core.h"


#define CHATWS_ID_LEN      26      /* msg_ and 22 of 0-9a-z */
#define CHATWS_ID_COUNTS   46656   /* 36^3: ids of a millisecond */
#define CHATWS_EPOCH_LEN   12      /* hex digits */
#define CHATWS_EPOCH_MASK  0xffffffffffffULL
#define CHATWS_EPOCH_NONE  ((uint64_t) -1)


/*
 * Writes an id, CHATWS_ID_LEN bytes without a closing zero: 12 digits of the
 * stamp and 10 of the random bits, in base 36.  The stamp is a time in ms,
 * times CHATWS_ID_COUNTS, and the number of ids made in that ms before, so
 * that 9 digits are the time.  Ids grow with the stamp; those of the same
 * stamp are told apart by the random bits (at least 51 of the 64 matter).
 */
void chatws_id_make(uint64_t stamp, uint64_t random,
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
