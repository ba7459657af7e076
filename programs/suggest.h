/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean ...?": finds the known word that is nearest to a mistyped one, by the number of letters that must
 * be added, left out, exchanged or swapped with their neighbour. Words too far away are not suggested.
 */
#ifndef WEIR_PROGRAMS_SUGGEST_H
#define WEIR_PROGRAMS_SUGGEST_H

#include <stddef.h>

/* The best so far; zero-filled at first. */
struct suggestion {
    const char *name; /* NULL: none is near */
    size_t distance;
};

/* Takes `candidate` when it is near typed[0..len) and nearer than what is there. */
void suggest_consider(struct suggestion *best, const char *candidate, const char *typed,
                      size_t len);

#endif
