
/*
 * Copyright (C) chatws contributors
 *
 * The memory of one parse: a bounded arena over a block of the caller's, and
 * allocator functions over it for a library that does not look whether it
 * got NULL.
 */


#ifndef _CHATWS_JSON_MEMORY_H_INCLUDED_
#define _CHATWS_JSON_MEMORY_H_INCLUDED_


#include <setjmp.h>

#include "base/chatws_core.h"


/*
 * What the parser needs for itself grows up and is given back after each
 * parse; what is kept grows down and lives as long as the block.
 */

typedef struct {
    uint8_t              *start;
    uint8_t              *pos;
    uint8_t              *last;
} chatws_json_arena_t;


/*
 * Out of room, the allocator jumps to full and never returns NULL.  So the
 * library is left for good; it must own nothing outside of the arena.
 */

typedef struct {
    chatws_json_arena_t  *arena;
    jmp_buf               full;
} chatws_json_memory_t;


/* The block needs no alignment. */
void chatws_json_arena_init(chatws_json_arena_t *arena, void *mem,
    size_t size);

/* Room that lives as long as the block, aligned to 8 bytes; NULL: full. */
void *chatws_json_alloc(chatws_json_arena_t *arena, size_t size);

/*
 * To be called in a handler of chatws_json for a name or string that is
 * wanted longer: makes it point to a copy if it lies in the parser's memory.
 * Then it lives as long as the block and the text.  CHATWS_ERROR: full.
 */
chatws_rc_e chatws_json_keep(chatws_json_arena_t *arena, chatws_str_t *str);

/*
 * For the library; ctx is a chatws_json_memory_t.  Memory is aligned to 16
 * bytes, the latest piece grows in place, nothing is freed.
 */
void *chatws_json_malloc(void *ctx, size_t size);
void *chatws_json_realloc(void *ctx, void *p, size_t size);
void chatws_json_free(void *ctx, void *p);


#endif /* _CHATWS_JSON_MEMORY_H_INCLUDED_ */
