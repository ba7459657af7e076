/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean ...?": finds the known word that is nearest to a mistyped one, by the number of letters that must
 * be put in, left out or changed to make one of the other. Any thread.
 */
#ifndef WEIR_LIB_NEAREST_H
#define WEIR_LIB_NEAREST_H

#include <stddef.h>

/* Zero-filled to begin with. */
struct weir__nearest {
    const char *word; /* NULL: none is near */
    size_t distance;
};

/* Takes `known` for the nearest if it is nearer to `typed` than what was considered before. */
void weir__nearest_consider(struct weir__nearest *nearest, const char *known, const char *typed);

#endif
