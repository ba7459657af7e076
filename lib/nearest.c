/* SPDX-License-Identifier: MIT */
/* The distance is computed row by row, in one row; words longer than that are never near anything. */
#include <config.h>

#include "nearest.h"

#include <string.h>

enum {
    LONGEST_WORD = 32
};

static size_t
min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

/* How many letters must be put in, left out or changed to make one word of the other. */
static size_t
distance(const char *a, const char *b)
{
    size_t row[LONGEST_WORD + 1];
    size_t len = strlen(b);

    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= len; j++) {
            size_t above = row[j];

            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[len];
}

void
weir__nearest_consider(struct weir__nearest *nearest, const char *known, const char *typed)
{
    size_t limit = strlen(typed) < 5 ? 2 : 3; /* from here on it is another word */

    if (strlen(typed) > LONGEST_WORD || strlen(known) > LONGEST_WORD)
        return;
    size_t d = distance(typed, known);
    if (d < limit && (!nearest->word || d < nearest->distance)) {
        nearest->word = known;
        nearest->distance = d;
    }
}
