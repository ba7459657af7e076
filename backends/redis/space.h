/* SPDX-License-Identifier: MIT */
/*
 * Memory for one call: pieces are handed out from a few blocks and all go together. The first block
 * is part of the struct, so that a small call allocates nothing. Not for several threads.
 */
#ifndef WEIR_REDIS_SPACE_H
#define WEIR_REDIS_SPACE_H

#include <stddef.h>
#include <stdint.h>

struct weir__space_block;

struct weir__space {
    struct weir__space_block *blocks;
    char *at;
    size_t room;
    union {
        max_align_t align;
        char bytes[4096];
    } first;
};

void weir__space_init(struct weir__space *space);
void weir__space_release(struct weir__space *space);

/* Memory for any type, or NULL. */
void *weir__space_alloc(struct weir__space *space, size_t size);
/* A copy of bytes with a NUL behind, or NULL. */
char *weir__space_copy(struct weir__space *space, const void *data, size_t len);
/* A number as text, or NULL. */
char *weir__space_number(struct weir__space *space, int64_t value, size_t *len);
/* printf into the space, or NULL. */
char *weir__space_text(struct weir__space *space, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
