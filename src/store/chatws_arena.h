
/*
 * Copyright (C) chatws contributors
 *
 * Memory for rows: equal blocks, and cells of 32 bytes that a block is split
 * into on demand and joined from when all of them are free.  Each takes
 * constant time, and no block is ever kept from another use by its size.
 *
 * Blocks and cells are known by numbers from 1; 0 is none.
 */


#ifndef _CHATWS_ARENA_H_INCLUDED_
#define _CHATWS_ARENA_H_INCLUDED_


#include "store/chatws_journal.h"


#define CHATWS_CELL_SIZE  32


/*
 * In shared memory, under the lock.
 */

typedef struct {
    uint64_t  base;      /* of the first block, from this struct */
    uint32_t  units;     /* cells in a block */
    uint32_t  nblocks;
    uint32_t  block;     /* first of the free blocks that were used before */
    uint32_t  fresh;     /* blocks numbered above this never were */
    uint32_t  nfree;     /* free blocks of both kinds */
    uint32_t  cell;      /* first free cell of blocks that are split */
    uint32_t  ncells;    /* such cells */
    uint32_t  nsplit;    /* split blocks */
} chatws_arena_t;


/*
 * What a cell begins with.  While it is free "prev" and "next" are the
 * arena's; while it is in use all of it is the user's.
 */

typedef struct {
    uint32_t  mark;      /* 0: free */
    uint32_t  chain;
    uint32_t  prev;
    uint32_t  next;
} chatws_cell_t;


/*
 * Takes over nblocks blocks of units * 32 bytes at base, which lies above ar,
 * 32-byte aligned; they may hold anything.
 */
void chatws_arena_init(chatws_arena_t *ar, uint8_t *base, uint32_t nblocks,
    uint32_t units);

void *chatws_arena_block(chatws_arena_t *ar, uint32_t block);
void *chatws_arena_cell(chatws_arena_t *ar, uint32_t cell);

/*
 * The first cell of the block that cell is in.
 */
uint32_t chatws_arena_first(chatws_arena_t *ar, uint32_t cell);

/*
 * 0: no room.  What is taken may hold anything, and needs no journal.
 * take_cell() splits a block when it has to.
 */
uint32_t chatws_arena_take_block(chatws_arena_t *ar, chatws_journal_t *jr);
uint32_t chatws_arena_take_cell(chatws_arena_t *ar, chatws_journal_t *jr);

/*
 * Takes this very cell, which is free, in a split block.
 */
void chatws_arena_take_this(chatws_arena_t *ar, chatws_journal_t *jr,
    uint32_t cell);

/*
 * give_cell() gives the block back too, when all its cells are free.
 */
void chatws_arena_give_block(chatws_arena_t *ar, chatws_journal_t *jr,
    uint32_t block);
void chatws_arena_give_cell(chatws_arena_t *ar, chatws_journal_t *jr,
    uint32_t cell);


#endif /* _CHATWS_ARENA_H_INCLUDED_ */
