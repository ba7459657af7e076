/* SPDX-License-Identifier: MIT */
/*
 * The fields of a task as text: what the options of "task enqueue" and the keys of a JSONL line have in common.
 * The setters have the form of an option_fn; `into` is a weir_task, which borrows the text.
 */
#ifndef WEIR_CLI_TASK_FIELDS_H
#define WEIR_CLI_TASK_FIELDS_H

#include "options.h"

#include <weir/task.h>

int task_set_type(void *into, const char *text, weir_error *err);
int task_set_queue(void *into, const char *text, weir_error *err);
int task_set_id(void *into, const char *text, weir_error *err);
int task_set_group(void *into, const char *text, weir_error *err);
int task_set_in(void *into, const char *text, weir_error *err);
int task_set_at(void *into, const char *text, weir_error *err);
int task_set_timeout(void *into, const char *text, weir_error *err); /* 0: none */
int task_set_deadline(void *into, const char *text, weir_error *err);
int task_set_retention(void *into, const char *text, weir_error *err);   /* 0: none */
int task_set_archive_for(void *into, const char *text, weir_error *err); /* 0: the archive's age */
int task_set_unique(void *into, const char *text, weir_error *err);
int task_set_max_retry(void *into, const char *text, weir_error *err); /* 0: none */

/* A key of a JSONL line whose value is a string, and its setter. */
struct task_field {
    const char *name;
    option_fn set;
};

/* Ends with a NULL name. */
extern const struct task_field task_fields[];

#endif
