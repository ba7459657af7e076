/* SPDX-License-Identifier: MIT */
/*
 * weir task enqueue --from-jsonl.
 */
#ifndef WEIR_CLI_TASK_JSONL_H
#define WEIR_CLI_TASK_JSONL_H

#include "session.h"

struct jsonl_options {
    const char *path;          /* "-" is standard input */
    bool go_on;                /* after a bad line */
    const weir_task *defaults; /* for what a line does not say */
};

/* Enqueues every line of a file and prints the summary. Returns 0, COMMAND_FAILED when not every line became a
 * task, or a code. */
int task_jsonl(struct session *session, const struct jsonl_options *options, weir_error *err);

#endif
