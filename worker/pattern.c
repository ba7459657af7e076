/* SPDX-License-Identifier: MIT */
/*
 * The longest pattern is looked for one by one: a server has tens of patterns, not thousands, and a
 * comparison ends at the first byte that differs.
 */
#include <config.h>

#include "pattern.h"

#include <stdlib.h>
#include <string.h>

bool
weir__pattern_init(struct weir__pattern *pattern, const char *text)
{
    pattern->len = strlen(text);
    pattern->text = malloc(pattern->len + 1);
    if (pattern->text == NULL) {
        return false;
    }
    memcpy(pattern->text, text, pattern->len + 1);
    return true;
}

void
weir__pattern_release(struct weir__pattern *pattern)
{
    free(pattern->text);
    pattern->text = NULL;
}

bool
weir__pattern_is_blank(const char *text)
{
    return text == NULL || text[strspn(text, " \t\r\n\v\f")] == '\0';
}

static const struct weir__pattern *
element_at(const void *elements, size_t stride, size_t i)
{
    return (const struct weir__pattern *)(const void *)((const char *)elements + i * stride);
}

size_t
weir__pattern_find(const void *elements, size_t count, size_t stride, const char *type)
{
    size_t best = WEIR__NO_PATTERN;
    size_t best_len = 0;

    for (size_t i = 0; i < count; i++) {
        const struct weir__pattern *pattern = element_at(elements, stride, i);
        if (pattern->len > best_len && strncmp(type, pattern->text, pattern->len) == 0) {
            best = i;
            best_len = pattern->len;
        }
    }
    return best;
}

size_t
weir__pattern_index(const void *elements, size_t count, size_t stride, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(element_at(elements, stride, i)->text, text) == 0) {
            return i;
        }
    }
    return WEIR__NO_PATTERN;
}
