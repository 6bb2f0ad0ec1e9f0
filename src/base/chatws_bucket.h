
/*
 * Copyright (C) chatws contributors
 *
 * A leaky bucket: how much somebody may do at once and in the long run.
 */


#ifndef _CHATWS_BUCKET_H_INCLUDED_
#define _CHATWS_BUCKET_H_INCLUDED_


#include "base/chatws_core.h"


/* Zeroed it is empty. */

typedef struct {
    uint64_t  until;     /* when it will have run dry, in microseconds */
} chatws_bucket_t;


/*
 * Pours n into the bucket, which holds size and leaks rate a second; more
 * than it holds counts as that.  ms is the time by a clock that should not go
 * back: where it has, the bucket is empty.  rate and size are not 0.
 *
 * CHATWS_OK, or CHATWS_DECLINED: there is no room, and nothing was poured.
 */
chatws_rc_e chatws_bucket_pour(chatws_bucket_t *bucket, uint32_t n,
    uint32_t rate, uint32_t size, uint64_t ms);


#endif /* _CHATWS_BUCKET_H_INCLUDED_ */
