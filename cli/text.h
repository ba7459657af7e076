/* SPDX-License-Identifier: MIT */
/*
 * Values as text for people. Each function writes into dst, NUL-terminated, and returns dst.
 */
#ifndef WEIR_CLI_TEXT_H
#define WEIR_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_SIZE 64 /* enough for each of the short ones */

/* A length of time by its two biggest units: "450ms", "1.5s", "3m20s", "2h5m", "4d6h". */
char *text_duration(char dst[TEXT_SIZE], int64_t ms);

/* The same for options, "none" for 0. */
char *text_limit(char dst[TEXT_SIZE], int64_t ms);

/* A point in time as seen from now_ms: "in 5m", "12s ago", "now"; "-" for 0. */
char *text_relative(char dst[TEXT_SIZE], int64_t at_ms, int64_t now_ms);

/* Both: "2006-01-02T15:04:05.678Z (12s ago)"; "-" for 0. */
char *text_time(char dst[TEXT_SIZE], int64_t at_ms, int64_t now_ms);

/* A size: "512 B", "1.2 MiB"; "-" for a negative one. */
char *text_bytes(char dst[TEXT_SIZE], int64_t bytes);

/*
 * Makes bytes fit to be shown on a terminal: control characters and what is not UTF-8 become \n, \t, \xNN. At most `max`
 * bytes are looked at; "…" stands for the rest. Allocated; NULL when memory ran out.
 */
char *text_shown(const void *data, size_t len, size_t max);

/* Length of the UTF-8 character at s, 0 when there is none (s[0..len), len > 0). Control characters are characters. */
size_t text_char_len(const char *s, size_t len);

/* True when all of it is UTF-8. */
bool text_is_utf8(const char *s, size_t len);

#endif
