/* SPDX-License-Identifier: MIT */
/*
 * The line is written over some times a second, and wiped at the end.
 */
#include <config.h>

#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    INTERVAL_MS = 200
};

int64_t
progress_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
progress_init(struct progress *progress, const char *done, size_t total)
{
    memset(progress, 0, sizeof *progress);
    progress->done = done;
    progress->total = total;
    progress->live = isatty(STDERR_FILENO);
    progress->started_ms = progress_clock_ms();
    progress->shown_ms = progress->started_ms;
}

int
progress_step(void *arg, size_t done)
{
    struct progress *progress = arg;
    int64_t now_ms = progress_clock_ms();

    if (!progress->live || now_ms - progress->shown_ms < INTERVAL_MS) {
        return 0;
    }
    progress->shown_ms = now_ms;
    progress->shown = true;
    fprintf(stderr, "\r\033[K%zu", done);
    if (progress->total > 0) {
        fprintf(stderr, " of %zu", progress->total);
    }
    fprintf(stderr, " %s, %" PRId64 "/s", progress->done,
            (int64_t)done * 1000 / (now_ms - progress->started_ms));
    fflush(stderr);
    return 0;
}

void
progress_end(struct progress *progress)
{
    if (progress->shown) {
        fputs("\r\033[K", stderr);
        progress->shown = false;
    }
}
