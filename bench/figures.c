/* SPDX-License-Identifier: MIT */
/*
 * Percentiles are by the nearest rank: the value below which that part of the samples lies.
 */
#include <config.h>

#include "figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
figures_array(size_t count, size_t size)
{
    void *array = calloc(count > 0 ? count : 1, size);

    if (array == NULL) {
        fputs("weir-bench: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return array;
}

static struct figure *
find(struct figures *figures, const char *name)
{
    for (size_t i = 0; i < figures->count; i++) {
        if (strcmp(figures->rows[i].name, name) == 0) {
            return &figures->rows[i];
        }
    }
    if (figures->count == FIGURES_MAX) {
        fputs("weir-bench: too many figures\n", stderr);
        exit(EXIT_FAILURE);
    }
    struct figure *figure = &figures->rows[figures->count++];
    snprintf(figure->name, sizeof figure->name, "%s", name);
    figure->values = figures_array(figures->runs, sizeof *figure->values);
    return figure;
}

void
figures_add(struct figures *figures, const char *name, double value)
{
    struct figure *figure = find(figures, name);

    if (figure->count < figures->runs) {
        figure->values[figure->count++] = value;
    }
}

static int
compare_ns(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return (one > other) - (one < other);
}

void
figures_add_spread(struct figures *figures, const char *prefix, int64_t *ns, size_t count)
{
    static const struct {
        const char *name;
        size_t percent;
    } rows[] = {{"p50", 50}, {"p95", 95}, {"p99", 99}, {"max", 100}};
    char name[FIGURE_NAME_SIZE];

    if (count == 0) {
        return;
    }
    qsort(ns, count, sizeof *ns, compare_ns);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t rank = (count * rows[i].percent + 99) / 100;
        snprintf(name, sizeof name, "%s_%s_ms", prefix, rows[i].name);
        figures_add(figures, name, (double)ns[rank > 0 ? rank - 1 : 0] / 1e6);
    }
}

static int
compare_values(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;

    return (one > other) - (one < other);
}

double
figure_median(const struct figure *figure)
{
    size_t n = figure->count;
    double *sorted = figures_array(n, sizeof *sorted);

    memcpy(sorted, figure->values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_values);
    double median = n == 0       ? 0
                    : n % 2 == 1 ? sorted[n / 2]
                                 : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    free(sorted);
    return median;
}

double
figure_least(const struct figure *figure)
{
    double least = figure->values[0];

    for (size_t i = 1; i < figure->count; i++) {
        least = figure->values[i] < least ? figure->values[i] : least;
    }
    return least;
}

double
figure_most(const struct figure *figure)
{
    double most = figure->values[0];

    for (size_t i = 1; i < figure->count; i++) {
        most = figure->values[i] > most ? figure->values[i] : most;
    }
    return most;
}

void
figures_release(struct figures *figures)
{
    for (size_t i = 0; i < figures->count; i++) {
        free(figures->rows[i].values);
    }
    memset(figures, 0, sizeof *figures);
}
