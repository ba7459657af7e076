/* SPDX-License-Identifier: MIT */
/*
 * UTF-8: a check and a repair.
 *
 * Text that goes into a message, a log line or an error must be valid UTF-8, because one invalid
 * byte makes other readers refuse the whole message. Valid means well-formed as Unicode defines
 * it: shortest form, no surrogates, nothing above U+10FFFF. U+0000 is valid. Any thread.
 */
#ifndef WEIR_LIB_UTF8_H
#define WEIR_LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The replacement character U+FFFD. */
#define WEIR__UTF8_REPLACEMENT "\xEF\xBF\xBD"

/*
 * Length in bytes of the character at s (len >= 1). *valid says whether it is well-formed; if it
 * is not, the result covers the longest part that could have begun a character, at least one byte.
 */
size_t weir__utf8_next(const char *s, size_t len, bool *valid);

/* True if all len bytes at s are well-formed. */
bool weir__utf8_valid(const char *s, size_t len);

/*
 * Copies src to dst, each malformed part replaced by U+FFFD, cut before the first character that
 * does not fit, always NUL-terminated when cap > 0. Returns the bytes written without the NUL.
 * dst must not overlap src.
 */
size_t weir__utf8_sanitize(char *dst, size_t cap, const char *src, size_t len);

#endif
