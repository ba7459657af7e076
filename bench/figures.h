/* SPDX-License-Identifier: MIT */
/*
 * What was measured: named figures, each with one value from each run; and percentiles of samples.
 */
#ifndef WEIR_BENCH_FIGURES_H
#define WEIR_BENCH_FIGURES_H

#include <stddef.h>
#include <stdint.h>

enum {
    FIGURES_MAX = 24,
    FIGURE_NAME_SIZE = 48
};

struct figure {
    char name[FIGURE_NAME_SIZE]; /* ends in its unit, as "p50_ms" */
    double *values;              /* one for each run */
    size_t count;
};

struct figures {
    struct figure rows[FIGURES_MAX]; /* in the order in which they were first added */
    size_t count;
    size_t runs; /* how many values there can be */
};

/* Adds the value of a run. What does not fit, or finds no memory, ends the program. */
void figures_add(struct figures *figures, const char *name, double value);

/* Adds PREFIX_p50_ms, PREFIX_p95_ms, PREFIX_p99_ms and PREFIX_max_ms of samples, which are sorted by it. */
void figures_add_spread(struct figures *figures, const char *prefix, int64_t *ns, size_t count);

double figure_median(const struct figure *figure);
double figure_least(const struct figure *figure);
double figure_most(const struct figure *figure);

void figures_release(struct figures *figures);

/* A zero-filled array, or the end of the program. */
void *figures_array(size_t count, size_t size);

#endif
