/* SPDX-License-Identifier: MIT */
/*
 * Time zones of the system's tz database, read from its TZif files (RFC 8536) without touching the process's
 * own zone. A zone never changes once it is loaded; any thread may look into it.
 */
#ifndef WEIR_LIB_TZFILE_H
#define WEIR_LIB_TZFILE_H

#include "tzrule.h"

#include <stddef.h>
#include <weir/error.h>

struct weir__tz;

/*
 * Loads a zone ("Europe/Berlin"). "UTC" and "" need no database: *tz is then NULL, which all functions here
 * take as UTC. Names that lead out of the database's folder are refused. Errors: WEIR_E_INVALID (no such
 * zone; names it), WEIR_E_CORRUPT, WEIR_E_IO, WEIR_E_NOMEM.
 */
int weir__tz_load(struct weir__tz **tz, const char *name, weir_error *err);

/* The same from a file's bytes; `name` is for messages. */
int weir__tz_parse(struct weir__tz **tz, const void *data, size_t len, const char *name,
                   weir_error *err);

void weir__tz_free(struct weir__tz *tz);

/* The offset from UTC at a time, and how long it holds. A span may be shorter than the offset really holds. */
struct weir__tzspan weir__tz_at(const struct weir__tz *tz, int64_t at_s);

#endif
