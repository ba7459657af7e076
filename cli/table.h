/* SPDX-License-Identifier: MIT */
/*
 * Tables for people: columns as wide as their longest cell, heads in bold on a terminal. On a terminal the
 * columns that may be cut are cut so that a line fits; elsewhere nothing is cut. Colours obey NO_COLOR.
 */
#ifndef WEIR_CLI_TABLE_H
#define WEIR_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table_column {
    const char *head;
    bool right; /* numbers */
    bool cut;   /* may be cut to fit */
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    char **cells; /* row by row */
    size_t cell_count;
    size_t size;
    bool failed; /* memory ran out */
};

/* Starts a table; ends with table_print(). */
void table_init(struct table *table, const struct table_column *columns, size_t count);

/* Adds the next cell, row by row. The text is copied; control characters in it are escaped. */
void table_text(struct table *table, const char *text);
void table_bytes(struct table *table, const void *data, size_t len);
void table_number(struct table *table, long long number);

/* Prints the table and frees it. Returns 0 or WEIR_E_NOMEM. */
int table_print(struct table *table, FILE *out);

/* True when `out` is a terminal and colours are wanted. */
bool table_has_colour(FILE *out);

#endif
