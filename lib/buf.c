/* SPDX-License-Identifier: MIT */
/*
 * The capacity doubles, so that appending n bytes one by one costs O(n). Every size is checked
 * before it is added to: a length that would overflow counts as out of memory.
 */
#include <config.h>

#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALLEST_CAP = 64
};

void
weir__buf_init(struct weir__buf *buf)
{
    *buf = (struct weir__buf){0};
}

void
weir__buf_release(struct weir__buf *buf)
{
    free(buf->data);
    weir__buf_init(buf);
}

void
weir__buf_reset(struct weir__buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}

bool
weir__buf_reserve(struct weir__buf *buf, size_t more)
{
    if (buf->failed) {
        return false;
    }
    if (buf->cap > buf->len && more < buf->cap - buf->len) {
        return true;
    }
    /* Half of SIZE_MAX, so that doubling below cannot overflow. */
    if (more >= SIZE_MAX / 2 - buf->len) {
        buf->failed = true;
        return false;
    }
    size_t cap = buf->cap > 0 ? buf->cap : SMALLEST_CAP;
    while (cap <= buf->len + more) {
        cap *= 2;
    }
    char *data = realloc(buf->data, cap);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

void
weir__buf_append(struct weir__buf *buf, const void *data, size_t len)
{
    if (!weir__buf_reserve(buf, len)) {
        return;
    }
    if (len > 0) {
        memcpy(buf->data + buf->len, data, len);
        buf->len += len;
    }
    buf->data[buf->len] = '\0';
}

void
weir__buf_puts(struct weir__buf *buf, const char *s)
{
    weir__buf_append(buf, s, strlen(s));
}

void
weir__buf_putc(struct weir__buf *buf, char c)
{
    weir__buf_append(buf, &c, 1);
}

void
weir__buf_printf(struct weir__buf *buf, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0) {
        buf->failed = true;
    } else if (weir__buf_reserve(buf, (size_t)n)) {
        vsnprintf(buf->data + buf->len, (size_t)n + 1, format, again);
        buf->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

char *
weir__buf_detach(struct weir__buf *buf, size_t *len_out)
{
    char *data = weir__buf_reserve(buf, 0) ? buf->data : NULL;

    if (data == NULL) {
        weir__buf_release(buf);
        return NULL;
    }
    data[buf->len] = '\0';
    if (len_out != NULL) {
        *len_out = buf->len;
    }
    weir__buf_init(buf);
    return data;
}
