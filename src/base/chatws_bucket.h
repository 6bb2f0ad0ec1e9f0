
/*
 * Copyright (C) chatws contributors
 *
 * A leaky bucket: it limits how much may be done at once and in the long run.
 */


#ifndef _CHATWS_BUCKET_H_INCLUDED_
#define _CHATWS_BUCKET_H_INCLUDED_


#include "base/chatws_core.h"


/* A bucket.  Zeroed it is empty. */

typedef struct {
    uint64_t  until;     /* the time at which it will be empty, microseconds */
} chatws_bucket_t;


/*
 * Pours n into the bucket, which has room for size and loses rate in a second.
 * n larger than size counts as size.  ms is the time in milliseconds, by a
 * clock that does not go back; if it does, the bucket may count as empty.
 * rate and size are not 0.
 *
 * CHATWS_OK.  CHATWS_DECLINED: there is too little room, and nothing was
 * poured.
 */
chatws_rc_e chatws_bucket_pour(chatws_bucket_t *bucket, uint32_t n,
    uint32_t rate, uint32_t size, uint64_t ms);


#endif /* _CHATWS_BUCKET_H_INCLUDED_ */
