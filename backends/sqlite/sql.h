/* SPDX-License-Identifier: MIT */
/*
 * The backend's SQL files, embedded at build time by build-aux/embed. The rows are in the order of
 * sqlite_sql in Makefile.inc and end with a row of nulls.
 */
#ifndef WEIR_SQLITE_SQL_H
#define WEIR_SQLITE_SQL_H

#include <stddef.h>

struct weir__sqlite_sql {
    const char *name; /* the file's name, without folder */
    const char *text; /* its bytes, NUL-terminated */
    size_t len;       /* without the NUL */
};

extern const struct weir__sqlite_sql weir__sqlite_sql[];

#endif
