/* SPDX-License-Identifier: MIT */
/*
 * Errors.
 *
 * A function that can fail returns 0 or one of the negative codes below, and describes what
 * happened in a weir_error that the caller owns. Passing NULL for the weir_error is always
 * allowed. The first error wins: a weir_error that already holds one is not overwritten, so a
 * failure during clean-up never hides its cause. A weir_error that is to be used again is first
 * reset with weir_error_clear().
 *
 * One table gives the codes, their names and their texts. The numbers are part of the ABI: codes
 * are only ever added at the end.
 */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#include <weir/api.h>

WEIR_BEGIN_DECLS

/*   name          value  text */
#define WEIR_ERROR_MAP(X)                                                                          \
    X(NOMEM, -1, "out of memory")                                                                  \
    X(INVALID, -2, "invalid argument")                                                             \
    X(URL, -3, "invalid broker URL")                                                               \
    X(CONFIG, -4, "invalid configuration")                                                         \
    X(UNSUPPORTED, -5, "not supported by this broker")                                             \
    X(DUPLICATE, -6, "task already exists")                                                        \
    X(CONFLICT, -7, "task ID conflicts with another task")                                         \
    X(NO_QUEUE, -8, "queue not found")                                                             \
    X(NO_TASK, -9, "task not found")                                                               \
    X(NOT_EMPTY, -10, "queue is not empty")                                                        \
    X(STATE, -11, "not possible in the task's or queue's present state")                           \
    X(STALE, -12, "the lease on the task was lost")                                                \
    X(UNKNOWN, -13, "the broker's reply was lost, the outcome is unknown")                         \
    X(UNAVAILABLE, -14, "broker cannot be reached")                                                \
    X(BUSY, -15, "broker is busy")                                                                 \
    X(TIMEOUT, -16, "timed out")                                                                   \
    X(FULL, -17, "no space left in the broker")                                                    \
    X(READONLY, -18, "broker is read-only")                                                        \
    X(CORRUPT, -19, "broker's data is damaged")                                                    \
    X(VERSION, -20, "broker's data was written by a newer version")                                \
    X(AUTH, -21, "broker refused the credentials")                                                 \
    X(IO, -22, "input or output failed")                                                           \
    X(TOO_BIG, -23, "too large")                                                                   \
    X(CANCELED, -24, "context canceled")                                                           \
    X(DEADLINE, -25, "context deadline exceeded")                                                  \
    X(CLOSED, -26, "already closed")                                                               \
    X(MODULE, -27, "module cannot be loaded")                                                      \
    X(INTERNAL, -28, "internal error")                                                             \
    X(MISMATCH, -29, "not what was expected")

typedef enum weir_errcode {
    WEIR_OK = 0,
#define WEIR_ERROR_ENUM(name, value, text) WEIR_E_##name = (value),
    WEIR_ERROR_MAP(WEIR_ERROR_ENUM)
#undef WEIR_ERROR_ENUM
} weir_errcode;

/* Longest text of a weir_error in bytes, with the final NUL. Longer ones are cut. */
#define WEIR_ERROR_TEXT_SIZE 508

/*
 * What went wrong, for a person to read. Owned by the caller, usually on the stack; a zero-filled
 * one holds no error. `text` is valid UTF-8, has no final newline and names the thing and the
 * place. Since 0.1.
 */
typedef struct weir_error {
    int code;
    char text[WEIR_ERROR_TEXT_SIZE];
} weir_error;

/*
 * Returns the general text of a code ("task not found"), or "unknown error". The string is static.
 * Any thread. Since 0.1.
 */
WEIR_API const char *weir_strerror(int code);

/*
 * Returns the name of a code as in the source ("WEIR_E_NO_TASK"), or "WEIR_E_?". The string is
 * static. Any thread. Since 0.1.
 */
WEIR_API const char *weir_error_name(int code);

/*
 * Writes code and a printf-like text into err, unless err is NULL or holds an error already.
 * With a NULL format the code's general text is used. Bytes that are not UTF-8 are replaced.
 * Returns code, so that a function can end with `return weir_error_set(err, code, ...)`.
 * Any thread, as long as no two use the same err. Since 0.1.
 */
WEIR_API int weir_error_set(weir_error *err, int code, const char *format, ...)
    WEIR_PRINTF_LIKE(3, 4);

/* Makes err hold no error. NULL is allowed. Since 0.1. */
WEIR_API void weir_error_clear(weir_error *err);

WEIR_END_DECLS

#endif
