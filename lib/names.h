/* SPDX-License-Identifier: MIT */
/*
 * What weir accepts as a name in what is enqueued or configured. Names that other programs put into a
 * store are read as they are.
 */
#ifndef WEIR_LIB_NAMES_H
#define WEIR_LIB_NAMES_H

#include <stddef.h>
#include <weir/error.h>

/*
 * Each returns 0 or a code, with a text that begins with `what` ("queue", "headers[2].name") and says
 * what is wrong and where. Any thread.
 */

/* A type, group, id or header name: 1 to 255 bytes of UTF-8 that are not all blank.
 * Errors: WEIR_E_INVALID, WEIR_E_TOO_BIG. */
int weir__check_name(const char *what, const char *name, weir_error *err);

/* A queue: the same, without '{', '}', blanks and control characters (the name becomes part of
 * keys with a cluster's hash tag, and of command lines). */
int weir__check_queue_name(const char *what, const char *name, weir_error *err);

/* Any text of at most max bytes: UTF-8. */
int weir__check_text(const char *what, const char *text, size_t max, weir_error *err);

#endif
