/* SPDX-License-Identifier: MIT */
/*
 * Blocks form a list, newest first; only the first is allocated from. A piece too large for a
 * usual block gets a block of its own size, put behind the first so that the rest of that one is
 * not wasted. Blocks come from calloc and no byte is handed out twice, so pieces are zero-filled.
 */
#include <config.h>

#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_SIZE = 4096,
    LARGE_PIECE = BLOCK_SIZE / 4
};

struct weir__arena_block {
    struct weir__arena_block *next;
    size_t used;
    size_t cap;
    alignas(max_align_t) unsigned char bytes[];
};

void
weir__arena_init(struct weir__arena *arena)
{
    arena->blocks = NULL;
}

void
weir__arena_release(struct weir__arena *arena)
{
    struct weir__arena_block *block = arena->blocks;

    while (block != NULL) {
        struct weir__arena_block *next = block->next;
        free(block);
        block = next;
    }
    arena->blocks = NULL;
}

static struct weir__arena_block *
new_block(size_t cap)
{
    struct weir__arena_block *block = calloc(1, sizeof *block + cap);

    if (block != NULL) {
        block->cap = cap;
    }
    return block;
}

static void *
alloc_large(struct weir__arena *arena, size_t size)
{
    struct weir__arena_block *block = new_block(size);

    if (block == NULL) {
        return NULL;
    }
    block->used = size;
    if (arena->blocks == NULL) {
        arena->blocks = block;
    } else {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    }
    return block->bytes;
}

void *
weir__arena_alloc(struct weir__arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);

    if (size > SIZE_MAX - align - sizeof(struct weir__arena_block)) {
        return NULL;
    }
    /* An empty piece still has an address of its own. */
    size = (size + (size == 0) + align - 1) / align * align;
    if (size > LARGE_PIECE) {
        return alloc_large(arena, size);
    }
    if (arena->blocks == NULL || size > arena->blocks->cap - arena->blocks->used) {
        struct weir__arena_block *block = new_block(BLOCK_SIZE);
        if (block == NULL) {
            return NULL;
        }
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *piece = arena->blocks->bytes + arena->blocks->used;
    arena->blocks->used += size;
    return piece;
}

void *
weir__arena_array(struct weir__arena *arena, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return weir__arena_alloc(arena, count * size);
}

char *
weir__arena_copy(struct weir__arena *arena, const void *data, size_t len)
{
    if (len == SIZE_MAX) {
        return NULL;
    }
    char *copy = weir__arena_alloc(arena, len + 1);
    if (copy != NULL && len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}

char *
weir__arena_strdup(struct weir__arena *arena, const char *s)
{
    return s != NULL ? weir__arena_copy(arena, s, strlen(s)) : NULL;
}
