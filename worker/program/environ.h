/* SPDX-License-Identifier: MIT */
/*
 * The environment of a command that runs a task: the worker's own, plus what is known of the task
 * (WEIR_TASK_ID, WEIR_TASK_TYPE, ..., WEIR_TASK_HEADER_NAME; a traceparent header also as TRACEPARENT; WEIR_TASK_SHOW_FD, see shown.h). WEIR_TASK_ variables
 * of the worker's own are not handed on.
 */
#ifndef WEIR_PROGRAM_ENVIRON_H
#define WEIR_PROGRAM_ENVIRON_H

#include <weir/error.h>
#include <weir/task.h>

struct environment {
    char **vars;  /* NULL-terminated, for execve() */
    size_t count; /* of vars */
    size_t owned; /* vars[owned..count) were allocated */
};

/* Makes the environment for an attempt; deadline_ms is when it must end, 0 for never. WEIR_E_NOMEM. */
int environment_init(struct environment *env, const weir_task_info *task, int64_t deadline_ms,
                     weir_error *err);

void environment_release(struct environment *env);

/*
 * Finds the file that a program's name means: itself when it has a '/', else the first executable file of that
 * name in PATH. NULL with errno set when there is none. To be freed.
 */
char *environment_find_program(const char *name);

#endif
