/* SPDX-License-Identifier: MIT */
/* See nomem.h. Only the thread that asked for it is hit. */
#include <config.h>

#include "nomem.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local size_t countdown;
static _Thread_local bool fired;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);

static bool
fails(void)
{
    if (countdown == 0 || --countdown > 0)
        return false;
    fired = true;
    return true;
}

void *
__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *block, size_t size)
{
    return fails() ? NULL : __real_realloc(block, size);
}

char *
__wrap_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = __wrap_malloc(size);

    return copy ? memcpy(copy, text, size) : NULL;
}

void
nomem_fail_at(size_t n)
{
    json_set_alloc_funcs(malloc, free);
    fired = false;
    countdown = n;
}

bool
nomem_end(void)
{
    countdown = 0;
    return fired;
}
