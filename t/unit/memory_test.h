
/*
 * Copyright (C) chatws contributors
 *
 * Memory that is counted, full of garbage, and refused where a test wants it.
 */


#ifndef _CHATWS_MEMORY_TEST_H_INCLUDED_
#define _CHATWS_MEMORY_TEST_H_INCLUDED_


#include <stdlib.h>
#include <string.h>


static void *test_alloc(void *ctx, size_t size);
static void test_free(void *ctx, void *p);


static size_t  allocated, blocks, peak;
static size_t  refuse;                /* the how manieth from now on, 0: none */


static void *
test_alloc(void *ctx, size_t size)
{
    size_t  *p;

    (void) ctx;

    if (refuse && --refuse == 0) {
        return NULL;
    }

    p = malloc(sizeof(size_t) * 2 + size);
    *p = size;
    memset(p + 2, 0xa5, size);

    allocated += size;
    blocks++;

    if (allocated > peak) {
        peak = allocated;
    }

    return p + 2;
}


static void
test_free(void *ctx, void *p)
{
    size_t  *block;

    (void) ctx;

    block = (size_t *) p - 2;
    allocated -= *block;
    blocks--;

    free(block);
}


#endif /* _CHATWS_MEMORY_TEST_H_INCLUDED_ */
