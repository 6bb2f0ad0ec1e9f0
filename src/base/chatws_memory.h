
/*
 * Copyright (C) chatws contributors
 *
 * The allocator of pure code: two functions of its caller.
 */


#ifndef _CHATWS_MEMORY_H_INCLUDED_
#define _CHATWS_MEMORY_H_INCLUDED_


#include <stddef.h>


/*
 * Allocates size bytes, aligned as by malloc() and not zeroed.  NULL: there is
 * no memory.
 */
typedef void *(*chatws_alloc_pt)(void *ctx, size_t size);

/* Frees memory that was allocated so.  p is never NULL. */
typedef void (*chatws_free_pt)(void *ctx, void *p);


typedef struct {
    chatws_alloc_pt   alloc;
    chatws_free_pt    free;
    void             *ctx;
} chatws_memory_t;


#endif /* _CHATWS_MEMORY_H_INCLUDED_ */
