
/*
 * Copyright (C) chatws contributors
 *
 * The memory of a parse: an arena in a block of the caller, and allocator
 * functions for yajl.
 */


#include <string.h>

#include "json/chatws_json_memory.h"


/* the alignment of a piece, and the bytes before it, which tell its size */
#define CHATWS_JSON_CELL  16


void
chatws_json_arena_init(chatws_json_arena_t *arena, void *mem, size_t size)
{
    arena->start = mem;
    arena->pos = arena->start;
    arena->last = arena->start + size;
}


void *
chatws_json_alloc(chatws_json_arena_t *arena, size_t size)
{
    size_t  pad;

    pad = ((uintptr_t) arena->last - size) & 7;

    if ((size_t) (arena->last - arena->pos) < size + pad) {
        return NULL;
    }

    arena->last -= size + pad;

    return arena->last;
}


chatws_rc_e
chatws_json_keep(chatws_json_arena_t *arena, chatws_str_t *str)
{
    if (str->data < arena->start || str->data >= arena->pos) {
        return CHATWS_OK;
    }

    if ((size_t) (arena->last - arena->pos) < str->len) {
        return CHATWS_ERROR;
    }

    arena->last -= str->len;

    memcpy(arena->last, str->data, str->len);
    str->data = arena->last;

    return CHATWS_OK;
}


void *
chatws_json_malloc(void *ctx, size_t size)
{
    chatws_json_memory_t *memory = ctx;

    size_t                pad;
    uint8_t              *p;
    chatws_json_arena_t  *arena;

    arena = memory->arena;

    pad = -(uintptr_t) arena->pos & (CHATWS_JSON_CELL - 1);

    if ((size_t) (arena->last - arena->pos) < pad + CHATWS_JSON_CELL
        || (size_t) (arena->last - arena->pos) - pad - CHATWS_JSON_CELL < size)
    {
        longjmp(memory->full, 1);
    }

    p = arena->pos + pad;

    memcpy(p, &size, sizeof(size_t));
    p += CHATWS_JSON_CELL;

    arena->pos = p + size;

    return p;
}


void *
chatws_json_realloc(void *ctx, void *p, size_t size)
{
    chatws_json_memory_t *memory = ctx;

    void                 *new;
    size_t                old;
    uint8_t              *cell;
    chatws_json_arena_t  *arena;

    if (p == NULL) {
        return chatws_json_malloc(ctx, size);
    }

    arena = memory->arena;
    cell = p;

    memcpy(&old, cell - CHATWS_JSON_CELL, sizeof(size_t));

    if (cell + old == arena->pos) {

        if ((size_t) (arena->last - cell) < size) {
            longjmp(memory->full, 1);
        }

        memcpy(cell - CHATWS_JSON_CELL, &size, sizeof(size_t));
        arena->pos = cell + size;

        return p;
    }

    new = chatws_json_malloc(ctx, size);

    return memcpy(new, p, (old < size) ? old : size);
}


void
chatws_json_free(void *ctx, void *p)
{
    /* the arena is given back as a whole */

    (void) ctx;
    (void) p;
}
