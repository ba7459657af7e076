/* SPDX-License-Identifier: MIT */
/*
 * A bump allocator: many small pieces that live and die together.
 *
 * Pieces are never freed one by one. A zero-filled arena is empty and ready. Not for use by
 * several threads.
 */
#ifndef WEIR_LIB_ARENA_H
#define WEIR_LIB_ARENA_H

#include <stddef.h>

struct weir__arena_block;

struct weir__arena {
    struct weir__arena_block *blocks;
};

/* Makes an empty arena that owns no memory; `struct weir__arena a = {0}` does the same. */
void weir__arena_init(struct weir__arena *arena);

/* Frees every piece at once; the arena is empty again and can be used again. */
void weir__arena_release(struct weir__arena *arena);

/* Returns size zero-filled bytes aligned for any type, or NULL when out of memory. */
void *weir__arena_alloc(struct weir__arena *arena, size_t size);

/* As weir__arena_alloc for count elements; NULL also if count * size overflows. */
void *weir__arena_array(struct weir__arena *arena, size_t count, size_t size);

/* Returns a copy of len bytes followed by a NUL, or NULL when out of memory. */
char *weir__arena_copy(struct weir__arena *arena, const void *data, size_t len);

/* As weir__arena_copy for a string; NULL gives NULL. */
char *weir__arena_strdup(struct weir__arena *arena, const char *s);

#endif
