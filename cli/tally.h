/* SPDX-License-Identifier: MIT */
/*
 * What became of the lines of a JSONL file: counts, the bad lines, progress while it runs, and the summary. As JSON it is
 * one document, {"lines": [...], "enqueued": n, ...}, whose lines are printed as they come: however long the file is,
 * nothing is kept, and a reader of a pipe has each task's id when its batch is in the broker.
 */
#ifndef WEIR_CLI_TALLY_H
#define WEIR_CLI_TALLY_H

#include <weir/client.h>
#include <weir/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TALLY_REASONS = 64, /* more than there are error codes */
    TALLY_SHOWN = 20    /* problems told one by one */
};

struct tally {
    size_t enqueued;
    size_t refused[TALLY_REASONS]; /* by code: refused[-code] */
    size_t problems;
    size_t bad;
    size_t bad_lines[TALLY_SHOWN]; /* the first of them */
    bool json;
    bool begun;   /* the document */
    bool live;    /* show progress */
    bool stopped; /* by the last bad line */
    bool progress_shown;
    int64_t started_ms;
    int64_t shown_ms;
};

/* Starts a tally; progress is shown when standard error is a terminal. Ends with tally_print(). */
void tally_init(struct tally *tally, bool json);

/* The broker took a task, or refused it (receipt->code). */
void tally_receipt(struct tally *tally, size_t line, const weir_task *task,
                   const weir_receipt *receipt);

/* A line is no task; code says what kind of error it is. */
void tally_bad(struct tally *tally, size_t line, const weir_error *why);

/* Shows progress, a few times a second at most. */
void tally_progress(struct tally *tally);

/* True when every line became a task. */
bool tally_is_clean(const struct tally *tally);

/* Prints the summary to standard output. */
void tally_print(struct tally *tally);

#endif
