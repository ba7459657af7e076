/* SPDX-License-Identifier: MIT */
/*
 * The distance is computed row by row; three rows are kept, the third for swapped neighbours. Words
 * longer than the rows are never near anything.
 */
#include <config.h>

#include "suggest.h"

#include <string.h>

enum {
    MAX_WORD = 40
};

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][MAX_WORD + 1];

    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t exchanged = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(least(row[j - 1], above[j]) + 1, exchanged);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[a_len % 3][b_len];
}

void
suggest_consider(struct suggestion *best, const char *candidate, const char *typed, size_t len)
{
    size_t candidate_len = strlen(candidate);

    if (len == 0 || len > MAX_WORD || candidate_len > MAX_WORD) {
        return;
    }
    size_t d = distance(candidate, candidate_len, typed, len);
    size_t limit = len < 3 ? 1 : len < 6 ? 2 : 3;
    if (d > limit || d >= candidate_len || (best->name != NULL && d >= best->distance)) {
        return;
    }
    best->name = candidate;
    best->distance = d;
}
