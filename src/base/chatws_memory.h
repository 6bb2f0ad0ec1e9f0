
/*
 * Copyright (C) chatws contributors
 *
 * How pure code gets memory where they cannot do with what the caller
 * handed in: through two functions of the caller's.
 */


#ifndef _CHATWS_MEMORY_H_INCLUDED_
#define _CHATWS_MEMORY_H_INCLUDED_


#include <stddef.h>


/* aligned as malloc() aligns, not zeroed; NULL: there is none */
typedef void *(*chatws_alloc_pt)(void *ctx, size_t size);

/* "p" is never NULL */
typedef void (*chatws_free_pt)(void *ctx, void *p);


typedef struct {
    chatws_alloc_pt   alloc;
    chatws_free_pt    free;
    void             *ctx;
} chatws_memory_t;


#endif /* _CHATWS_MEMORY_H_INCLUDED_ */
