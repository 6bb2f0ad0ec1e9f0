
/*
 * Copyright (C) chatws contributors
 *
 * The memory of a parse: an arena in a block of the caller, and allocator
 * functions for yajl, which does not check whether they return NULL.
 */


#ifndef _CHATWS_JSON_MEMORY_H_INCLUDED_
#define _CHATWS_JSON_MEMORY_H_INCLUDED_


#include <setjmp.h>

#include "base/chatws_core.h"


/*
 * An arena.  At its start lies the memory of the parser, which is given back
 * after each parse; at its end lie the pieces that live as long as the block.
 */

typedef struct {
    uint8_t              *start;
    uint8_t              *pos;     /* behind the memory of the parser */
    uint8_t              *last;    /* the first byte that is kept */
} chatws_json_arena_t;


/*
 * The allocator never returns NULL: if there is no room, it jumps to full.
 * That leaves yajl in the middle of a call, so yajl owns nothing outside of
 * the arena, and is not called again.
 */

typedef struct {
    chatws_json_arena_t  *arena;
    jmp_buf               full;    /* set before yajl is called */
} chatws_json_memory_t;


/* Makes an arena of the size bytes at mem, which need no alignment. */
void chatws_json_arena_init(chatws_json_arena_t *arena, void *mem,
    size_t size);

/*
 * Returns size bytes, aligned to 8, that live as long as the block.  NULL:
 * there is no room.
 */
void *chatws_json_alloc(chatws_json_arena_t *arena, size_t size);

/*
 * Makes a name or string, which a handler of chatws_json_object() got, live as
 * long as the block and the text: if it lies in memory of the parser, it is
 * copied, and str then points to the copy.  CHATWS_ERROR: there is no room.
 */
chatws_rc_e chatws_json_keep(chatws_json_arena_t *arena, chatws_str_t *str);

/*
 * The allocator functions for yajl; ctx is a chatws_json_memory_t.  Memory is
 * aligned to 16 bytes.  The latest piece grows in place, and nothing is freed
 * before the end of the parse.
 */
void *chatws_json_malloc(void *ctx, size_t size);
void *chatws_json_realloc(void *ctx, void *p, size_t size);
void chatws_json_free(void *ctx, void *p);


#endif /* _CHATWS_JSON_MEMORY_H_INCLUDED_ */
