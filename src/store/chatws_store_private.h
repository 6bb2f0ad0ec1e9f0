
/*
 * Copyright (C) chatws contributors
 *
 * The head of the shared state, for the files of the store alone.
 */


#ifndef _CHATWS_STORE_PRIVATE_H_INCLUDED_
#define _CHATWS_STORE_PRIVATE_H_INCLUDED_


#include "base/chatws_hash.h"
#include "store/chatws_ring.h"
#include "store/chatws_store.h"
#include "store/chatws_table.h"


/*
 * At the beginning of the memory.  The first part is written once, by init();
 * the stamp is written at any time, by one atomic operation; the rings, the
 * table and the counters are written under the lock.
 */

struct chatws_store_s {
    uint64_t        magic;       /* last to be written */
    uint32_t        layout;
    uint32_t        nslots;
    uint64_t        size;
    uint64_t        epoch;
    uint64_t        slots;       /* distance of the first slot from here */
    uint64_t        stamp;       /* the last one that was given */
    chatws_inboxes_t  inboxes;

    chatws_ring_t   ring[CHATWS_RINGS];
    chatws_table_t  table;
    uint64_t        counters[CHATWS_COUNTERS];    /* of released slots */
};


#endif /* _CHATWS_STORE_PRIVATE_H_INCLUDED_ */
