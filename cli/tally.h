/* SPDX-License-Identifier: MIT */
/*
 * What became of the lines of a JSONL file: counts, the bad lines, progress while it runs, and the summary.
 */
#ifndef WEIR_CLI_TALLY_H
#define WEIR_CLI_TALLY_H

#include <weir/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TALLY_REASONS = 64, /* more than there are error codes */
    TALLY_SHOWN = 20,   /* problems told one by one */
    TALLY_KEPT = 1000   /* bad lines kept for the summary */
};

struct bad_line {
    size_t number;
    char *text;
};

struct tally {
    size_t enqueued;
    size_t refused[TALLY_REASONS]; /* by code: refused[-code] */
    size_t problems;
    size_t bad;
    struct bad_line *bad_lines; /* the first of them */
    bool quiet;                 /* tell no problem before the summary */
    bool live;                  /* show progress */
    bool progress_shown;
    int64_t started_ms;
    int64_t shown_ms;
};

/* Starts a tally; progress is shown when standard error is a terminal. Ends with tally_release(). WEIR_E_NOMEM. */
int tally_init(struct tally *tally, bool quiet, weir_error *err);

void tally_enqueued(struct tally *tally);

/* The broker did not take a task. */
void tally_refused(struct tally *tally, size_t line, int code);

/* A line is no task. */
void tally_bad(struct tally *tally, size_t line, const char *text);

/* Shows progress, a few times a second at most. */
void tally_progress(struct tally *tally);

/* True when every line became a task. */
bool tally_is_clean(const struct tally *tally);

/* Prints the summary to standard output. WEIR_E_NOMEM. */
int tally_print(struct tally *tally, bool json, weir_error *err);

void tally_release(struct tally *tally);

#endif
