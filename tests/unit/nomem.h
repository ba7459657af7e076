/* SPDX-License-Identifier: MIT */
/*
 * Makes the n-th allocation fail. The unit program is linked with --wrap for malloc, calloc, realloc and
 * strdup, so that this reaches every call of ours; jansson is told to allocate through the same functions.
 */
#ifndef TESTS_UNIT_NOMEM_H
#define TESTS_UNIT_NOMEM_H

#include <stdbool.h>
#include <stddef.h>

/* Lets the n-th allocation from now on fail, once; 0 for none. */
void nomem_fail_at(size_t n);

/* Ends it; tells whether an allocation did fail. */
bool nomem_end(void);

#endif
