/* SPDX-License-Identifier: MIT */
/*
 * Patterns of task types: a type belongs to the longest pattern that it begins with. A pattern that
 * is the type itself is the longest possible, so that exact matches win without a rule of their own.
 */
#ifndef WEIR_WORKER_PATTERN_H
#define WEIR_WORKER_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#define WEIR__NO_PATTERN ((size_t)-1)

struct weir__pattern {
    char *text;
    size_t len;
};

/* Copies text into *pattern; false when memory ran out. */
bool weir__pattern_init(struct weir__pattern *pattern, const char *text);
void weir__pattern_release(struct weir__pattern *pattern);

/* True for NULL, "" and text that is nothing but blanks. */
bool weir__pattern_is_blank(const char *text);

/*
 * Returns the index of the pattern that takes `type`, or WEIR__NO_PATTERN. The pattern stands at the
 * begin of elements of `stride` bytes each.
 */
size_t weir__pattern_find(const void *elements, size_t count, size_t stride, const char *type);

/* Returns the index of the element with exactly this pattern, or WEIR__NO_PATTERN. */
size_t weir__pattern_index(const void *elements, size_t count, size_t stride, const char *text);

#endif
