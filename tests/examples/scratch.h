/* SPDX-License-Identifier: MIT */
/*
 * A folder for the files of one test, made before it and removed with all that is in it after it.
 */
#ifndef EXAMPLES_SCRATCH_H
#define EXAMPLES_SCRATCH_H

#include <stddef.h>

void scratch_setup(void);
void scratch_teardown(void);

/* Returns the path of a name in the folder; good until the eighth call after this one. */
const char *scratch_path(const char *name);

/* The number of files in a folder of the scratch folder. */
size_t scratch_count(const char *name);

/* Runs SQL on a database in the scratch folder (made when missing) and returns the first column of
 * the first row, or -1. */
long long scratch_sql(const char *database, const char *sql);

/* Runs a file of SQL of the source tree on a database in the scratch folder. */
void scratch_sql_file(const char *database, const char *source);

#endif
