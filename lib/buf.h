/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer.
 *
 * Appending never fails visibly: when memory runs out the buffer remembers it (failed), ignores
 * everything that follows, and the caller checks once at the end. The bytes are NUL-terminated
 * as soon as anything was appended (the NUL is not counted). Not for use by several threads.
 */
#ifndef WEIR_LIB_BUF_H
#define WEIR_LIB_BUF_H

#include <weir/api.h>

#include <stdbool.h>
#include <stddef.h>

struct weir__buf {
    char *data; /* NULL while nothing was appended */
    size_t len;
    size_t cap;
    bool failed;
};

/* Makes an empty buffer that owns no memory; `struct weir__buf b = {0}` does the same. */
void weir__buf_init(struct weir__buf *buf);

/* Frees the bytes; the buffer is empty again and can be used again. */
void weir__buf_release(struct weir__buf *buf);

/* Empties the buffer and forgets a failure, keeping the memory. */
void weir__buf_reset(struct weir__buf *buf);

/* Makes room for `more` bytes and a NUL. False if that failed, now or before. */
bool weir__buf_reserve(struct weir__buf *buf, size_t more);

/* Append bytes, a string, a character, or printf-like text. */
void weir__buf_append(struct weir__buf *buf, const void *data, size_t len);
void weir__buf_puts(struct weir__buf *buf, const char *s);
void weir__buf_putc(struct weir__buf *buf, char c);
void weir__buf_printf(struct weir__buf *buf, const char *format, ...) WEIR_PRINTF_LIKE(2, 3);

/*
 * Hands the bytes over to the caller, who frees them with free(); the buffer is empty afterwards.
 * Never NULL for an empty buffer, NULL if the buffer had failed. len_out may be NULL.
 */
char *weir__buf_detach(struct weir__buf *buf, size_t *len_out);

#endif
