/* SPDX-License-Identifier: MIT */
/* Blocks double, so that a call of any size needs few; a large piece gets a block of its own. */
#include <config.h>

#include "space.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct weir__space_block {
    struct weir__space_block *next;
    size_t size;
    max_align_t bytes[];
};

void
weir__space_init(struct weir__space *space)
{
    space->blocks = NULL;
    space->at = space->first.bytes;
    space->room = sizeof space->first;
}

void
weir__space_release(struct weir__space *space)
{
    while (space->blocks) {
        struct weir__space_block *block = space->blocks;

        space->blocks = block->next;
        free(block);
    }
    weir__space_init(space);
}

static int
more(struct weir__space *space, size_t size)
{
    size_t wanted = space->blocks ? space->blocks->size * 2 : 4 * sizeof space->first;
    struct weir__space_block *block;

    if (wanted > (1u << 20))
        wanted = 1u << 20;
    if (wanted < size)
        wanted = size;
    block = malloc(sizeof *block + wanted);
    if (!block)
        return -1;
    block->size = wanted;
    block->next = space->blocks;
    space->blocks = block;
    space->at = (char *)block->bytes;
    space->room = wanted;
    return 0;
}

void *
weir__space_alloc(struct weir__space *space, size_t size)
{
    char *piece;

    if (size > SIZE_MAX / 4)
        return NULL;
    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (size > space->room && more(space, size) < 0)
        return NULL;
    piece = space->at;
    space->at += size;
    space->room -= size;
    return piece;
}

char *
weir__space_copy(struct weir__space *space, const void *data, size_t len)
{
    char *copy = weir__space_alloc(space, len + 1);

    if (!copy)
        return NULL;
    if (len > 0)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

char *
weir__space_number(struct weir__space *space, int64_t value, size_t *len)
{
    char digits[24];
    char *at = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *--at = '-';
    *len = (size_t)(digits + sizeof digits - at);
    return weir__space_copy(space, at, *len);
}

char *
weir__space_text(struct weir__space *space, const char *format, ...)
{
    va_list args;
    char *text;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        return NULL;
    text = weir__space_alloc(space, (size_t)len + 1);
    if (!text)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}
