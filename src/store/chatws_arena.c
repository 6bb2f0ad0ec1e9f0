
/*
 * Copyright (C) chatws contributors
 *
 * Blocks and cells.  The free ones are linked in lists: a free block begins
 * with the number of the next one, a free cell has both neighbours.
 */


#include "store/chatws_arena.h"


static void chatws_arena_split(chatws_arena_t *ar, chatws_journal_t *jr,
    uint32_t block);
static void chatws_arena_unlink(chatws_arena_t *ar, chatws_journal_t *jr,
    chatws_cell_t *cell);


void
chatws_arena_init(chatws_arena_t *ar, uint8_t *base, uint32_t nblocks,
    uint32_t units)
{
    ar->base = (uint64_t) (base - (uint8_t *) ar);
    ar->units = units;
    ar->nblocks = nblocks;
    ar->block = 0;
    ar->fresh = 0;
    ar->nfree = nblocks;
    ar->cell = 0;
    ar->ncells = 0;
    ar->nsplit = 0;
}


void *
chatws_arena_block(chatws_arena_t *ar, uint32_t block)
{
    return (uint8_t *) ar + ar->base
           + (size_t) (block - 1) * ar->units * CHATWS_CELL_SIZE;
}


void *
chatws_arena_cell(chatws_arena_t *ar, uint32_t cell)
{
    return (uint8_t *) ar + ar->base + (size_t) (cell - 1) * CHATWS_CELL_SIZE;
}


uint32_t
chatws_arena_first(chatws_arena_t *ar, uint32_t cell)
{
    return cell - (cell - 1) % ar->units;
}


uint32_t
chatws_arena_take_block(chatws_arena_t *ar, chatws_journal_t *jr)
{
    uint32_t  block, *link;

    if (ar->nfree == 0) {
        return 0;
    }

    block = ar->block;

    if (block != 0) {
        link = chatws_arena_block(ar, block);

        /* the block's user overwrites the link, which undoing needs */

        chatws_journal_keep(jr, link);
        chatws_journal_set(jr, &ar->block, *link);

    } else {
        block = ar->fresh + 1;
        chatws_journal_set(jr, &ar->fresh, block);
    }

    chatws_journal_set(jr, &ar->nfree, ar->nfree - 1);

    return block;
}


void
chatws_arena_give_block(chatws_arena_t *ar, chatws_journal_t *jr,
    uint32_t block)
{
    uint32_t  *link;

    link = chatws_arena_block(ar, block);

    chatws_journal_set(jr, link, ar->block);
    chatws_journal_set(jr, &ar->block, block);
    chatws_journal_set(jr, &ar->nfree, ar->nfree + 1);
}


uint32_t
chatws_arena_take_cell(chatws_arena_t *ar, chatws_journal_t *jr)
{
    uint32_t  block, cell;

    if (ar->cell == 0) {
        block = chatws_arena_take_block(ar, jr);

        if (block == 0) {
            return 0;
        }

        chatws_arena_split(ar, jr, block);
    }

    cell = ar->cell;
    chatws_arena_take_this(ar, jr, cell);

    return cell;
}


/*
 * Makes the cells of a block the list of free cells, which is empty.
 */

static void
chatws_arena_split(chatws_arena_t *ar, chatws_journal_t *jr, uint32_t block)
{
    uint32_t        first, i;
    chatws_cell_t  *cell;

    first = (block - 1) * ar->units + 1;

    for (i = 0; i < ar->units; i++) {
        cell = chatws_arena_cell(ar, first + i);

        cell->mark = 0;
        cell->prev = i ? first + i - 1 : 0;
        cell->next = i + 1 < ar->units ? first + i + 1 : 0;
        CHATWS_STORE_HOOK();
    }

    chatws_journal_set(jr, &ar->cell, first);
    chatws_journal_set(jr, &ar->ncells, ar->units);
    chatws_journal_set(jr, &ar->nsplit, ar->nsplit + 1);
}


void
chatws_arena_take_this(chatws_arena_t *ar, chatws_journal_t *jr,
    uint32_t cell)
{
    chatws_cell_t  *c;

    c = chatws_arena_cell(ar, cell);

    chatws_arena_unlink(ar, jr, c);
    chatws_journal_set(jr, &ar->ncells, ar->ncells - 1);

    /* the cell's user overwrites these, which undoing needs */

    chatws_journal_keep(jr, &c->mark);
    chatws_journal_keep(jr, &c->prev);
    chatws_journal_keep(jr, &c->next);
}


static void
chatws_arena_unlink(chatws_arena_t *ar, chatws_journal_t *jr,
    chatws_cell_t *cell)
{
    chatws_cell_t  *c;

    if (cell->prev != 0) {
        c = chatws_arena_cell(ar, cell->prev);
        chatws_journal_set(jr, &c->next, cell->next);

    } else {
        chatws_journal_set(jr, &ar->cell, cell->next);
    }

    if (cell->next != 0) {
        c = chatws_arena_cell(ar, cell->next);
        chatws_journal_set(jr, &c->prev, cell->prev);
    }
}


void
chatws_arena_give_cell(chatws_arena_t *ar, chatws_journal_t *jr,
    uint32_t cell)
{
    uint32_t        first, i;
    chatws_cell_t  *c, *head;

    first = chatws_arena_first(ar, cell);

    /* is another cell of the block in use? */

    for (i = 0; i < ar->units; i++) {
        c = chatws_arena_cell(ar, first + i);

        if (c->mark != 0 && first + i != cell) {
            break;
        }
    }

    if (i < ar->units) {
        c = chatws_arena_cell(ar, cell);

        chatws_journal_set(jr, &c->mark, 0);
        chatws_journal_set(jr, &c->prev, 0);
        chatws_journal_set(jr, &c->next, ar->cell);

        if (ar->cell != 0) {
            head = chatws_arena_cell(ar, ar->cell);
            chatws_journal_set(jr, &head->prev, cell);
        }

        chatws_journal_set(jr, &ar->cell, cell);
        chatws_journal_set(jr, &ar->ncells, ar->ncells + 1);

        return;
    }

    /* no: the others leave the list of free cells, and the block is free */

    for (i = 0; i < ar->units; i++) {
        if (first + i != cell) {
            chatws_arena_unlink(ar, jr, chatws_arena_cell(ar, first + i));
        }
    }

    chatws_journal_set(jr, &ar->ncells, ar->ncells - (ar->units - 1));
    chatws_journal_set(jr, &ar->nsplit, ar->nsplit - 1);

    chatws_arena_give_block(ar, jr, (first - 1) / ar->units + 1);
}
