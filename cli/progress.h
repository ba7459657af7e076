/* SPDX-License-Identifier: MIT */
/*
 * One line on standard error, where that is a terminal, that tells how far a long command is.
 */
#ifndef WEIR_CLI_PROGRESS_H
#define WEIR_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    const char *done; /* "deleted" */
    size_t total;     /* 0: unknown */
    bool live;
    bool shown;
    int64_t started_ms;
    int64_t shown_ms;
};

void progress_init(struct progress *progress, const char *done, size_t total);

/* For weir_pace: arg is the struct. Returns 0. */
int progress_step(void *arg, size_t done);

/* Wipes the line. */
void progress_end(struct progress *progress);

/* Milliseconds of a clock that is never set back. */
int64_t progress_clock_ms(void);

#endif
