/* SPDX-License-Identifier: MIT */
/*
 * What the URL parser and the redaction share: pieces of the URL's text.
 */
#ifndef WEIR_LIB_URL_REDACT_H
#define WEIR_LIB_URL_REDACT_H

#include "arena.h"

#include <weir/broker.h>

/* A piece of a text, [start, end). */
struct weir__span {
    const char *start;
    const char *end;
};

/* Returns the first c in a span, or its end. */
const char *weir__span_find(struct weir__span s, char c);

/*
 * Returns a copy of text without its secrets, in the arena, or NULL when out of memory. password
 * (start NULL for none) and query are pieces of text, parts what was parsed from it.
 */
const char *weir__url_redact(struct weir__arena *arena, const weir_url *parts, const char *text,
                             struct weir__span password, struct weir__span query);

#endif
