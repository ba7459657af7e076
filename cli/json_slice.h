/* SPDX-License-Identifier: MIT */
/*
 * Copies a value out of JSON text without taking it apart: numbers keep all their digits and strings their
 * escapes, which a trip through a parser and a printer would change. Only white space between tokens is left out.
 */
#ifndef WEIR_CLI_JSON_SLICE_H
#define WEIR_CLI_JSON_SLICE_H

#include <stddef.h>

/*
 * Returns the value of a key of the object in text[0..len), compact, with its length in *value_len; to be freed. The
 * text must be valid JSON (a parser took it). NULL when memory ran out, or the key is not there as spelled
 * here. The keys of inner objects do not count.
 */
char *json_slice(const char *text, size_t len, const char *key, size_t *value_len);

#endif
