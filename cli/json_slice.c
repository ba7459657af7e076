/* SPDX-License-Identifier: MIT */
/*
 * In valid JSON a string ends at the first quote that no backslash precedes, and a value ends where its brackets are
 * closed and a comma or a bracket follows. That is all this needs to know.
 */
#include <config.h>

#include "json_slice.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Returns what is behind the string that begins at p. */
static const char *
skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++) {
        p += *p == '\\';
    }
    return p < end ? p + 1 : end;
}

/* Returns what is behind the value at p; copies it to dst without white space, unless dst is NULL. */
static const char *
skip_value(const char *p, const char *end, char **dst)
{
    int depth = 0;

    while (p < end) {
        const char *from = p;
        if (depth == 0 && (*p == ',' || *p == '}' || *p == ']')) {
            break;
        }
        depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
        p = *p == '"' ? skip_string(p, end) : p + 1;
        if (dst != NULL && !is_space(*from)) {
            memcpy(*dst, from, (size_t)(p - from));
            *dst += p - from;
        }
    }
    return p;
}

static const char *
skip_space(const char *p, const char *end)
{
    while (p < end && is_space(*p)) {
        p++;
    }
    return p;
}

/* Returns where the value of the key begins, or NULL. */
static const char *
find_value(const char *text, const char *end, const char *key)
{
    size_t key_len = strlen(key);
    const char *p = skip_space(text, end) + 1;

    for (;;) {
        p = skip_space(p, end);
        if (p >= end || *p != '"') {
            return NULL;
        }
        const char *name = p + 1;
        p = skip_string(p, end);
        bool found = (size_t)(p - 1 - name) == key_len && memcmp(name, key, key_len) == 0;
        p = skip_space(p, end);
        p = p < end ? p + 1 : end; /* the colon */
        if (found) {
            return p;
        }
        p = skip_value(p, end, NULL);
        p = p < end ? p + 1 : end; /* the comma */
    }
}

char *
json_slice(const char *text, size_t len, const char *key, size_t *value_len)
{
    const char *end = text + len;
    const char *value = find_value(text, end, key);

    if (value == NULL) {
        return NULL;
    }
    char *copy = malloc((size_t)(end - value) + 1);
    if (copy == NULL) {
        return NULL;
    }
    char *dst = copy;
    skip_value(value, end, &dst);
    *dst = '\0';
    *value_len = (size_t)(dst - copy);
    return copy;
}
