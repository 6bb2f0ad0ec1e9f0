
/*
 * Copyright (C) chatws contributors
 *
 * Memory for rows in the zone.  It consists of equal blocks.  A block is used
 * as a whole, or it is split into cells of 32 bytes; when all its cells are
 * free again they become a block again.  Each operation takes constant time,
 * and since all blocks have one size, a free block serves any purpose.
 *
 * Blocks and cells are known by numbers from 1; 0 is none.  All functions but
 * init() need the lock, and those that change something need an open step of
 * the journal, with which the change is undone if the process dies.
 */


#ifndef _CHATWS_ARENA_H_INCLUDED_
#define _CHATWS_ARENA_H_INCLUDED_


#include "store/chatws_journal.h"


#define CHATWS_CELL_SIZE  32


/*
 * In shared memory; read and written under the lock.
 */

typedef struct {
    uint64_t  base;      /* distance of the first block from this struct */
    uint32_t  units;     /* cells in a block */
    uint32_t  nblocks;
    uint32_t  block;     /* list of the free blocks that were used before */
    uint32_t  fresh;     /* blocks above this number were never used */
    uint32_t  nfree;     /* free blocks: those in the list, and fresh ones */
    uint32_t  cell;      /* list of the free cells of all split blocks */
    uint32_t  ncells;    /* cells in that list */
    uint32_t  nsplit;    /* split blocks */
} chatws_arena_t;


/*
 * The beginning of a cell.  Of a free cell the arena uses mark, prev and next;
 * a cell in use belongs to its user, who keeps mark other than 0.
 */

typedef struct {
    uint32_t  mark;      /* 0: the cell is free */
    uint32_t  chain;
    uint32_t  prev;
    uint32_t  next;
} chatws_cell_t;


/*
 * Makes an arena of nblocks blocks of units * 32 bytes.  They begin at base,
 * which is 32-byte aligned and lies above ar, and may hold anything.
 */
void chatws_arena_init(chatws_arena_t *ar, uint8_t *base, uint32_t nblocks,
    uint32_t units);

/*
 * The memory of a block or of a cell, which exists.
 */
void *chatws_arena_block(chatws_arena_t *ar, uint32_t block);
void *chatws_arena_cell(chatws_arena_t *ar, uint32_t cell);

/*
 * The first cell of the block that a cell is in.
 */
uint32_t chatws_arena_first(chatws_arena_t *ar, uint32_t cell);

/*
 * Takes a free block, or a free cell, for which a block is split if there is
 * no free cell.  Returns its number, or 0: there is no room.  It may hold
 * anything, and may be written without the journal: it is free again if the
 * step is undone.
 */
uint32_t chatws_arena_take_block(chatws_arena_t *ar, chatws_journal_t *jr);
uint32_t chatws_arena_take_cell(chatws_arena_t *ar, chatws_journal_t *jr);

/*
 * Takes a certain cell, which is free and in a split block.
 */
void chatws_arena_take_this(chatws_arena_t *ar, chatws_journal_t *jr,
    uint32_t cell);

/*
 * Frees a block, or a cell; with the last cell in use the block of the cell
 * becomes free as a whole.
 */
void chatws_arena_give_block(chatws_arena_t *ar, chatws_journal_t *jr,
    uint32_t block);
void chatws_arena_give_cell(chatws_arena_t *ar, chatws_journal_t *jr,
    uint32_t cell);


#endif /* _CHATWS_ARENA_H_INCLUDED_ */
