
/*
 * Copyright (C) chatws contributors
 *
 * Timestamps of the protocol: RFC 3339, in UTC, with milliseconds.
 */


#ifndef _CHATWS_TIME_H_INCLUDED_
#define _CHATWS_TIME_H_INCLUDED_


#include "base/chatws_core.h"


#define CHATWS_TIME_LEN  24        /* 2025-11-27T10:00:00.000Z */


/*
 * Writes a time, CHATWS_TIME_LEN bytes without a closing zero.  ms are the
 * milliseconds since 1970-01-01T00:00:00Z.  A time after the year 9999 is
 * written as the last millisecond of that year.
 */
void chatws_time_format(uint8_t out[CHATWS_TIME_LEN], uint64_t ms);


#endif /* _CHATWS_TIME_H_INCLUDED_ */
