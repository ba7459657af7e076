/* SPDX-License-Identifier: MIT */
/*
 * Commands that do the same to each of some tasks: "task run ID...", with the ids as words or with --id, and the queue
 * looked for where --queue is not given.
 */
#ifndef WEIR_CLI_TASK_IDS_H
#define WEIR_CLI_TASK_IDS_H

#include "command.h"

/* First member of such a command's options. */
struct task_ids {
    const char *queue;
    const char *id;
};

/* The rows of these options. */
#define TASK_IDS_ROWS                                                                              \
    {"queue",     'q',                                                                             \
     OPTION_TEXT, offsetof(struct task_ids, queue),                                                \
     "QUEUE",     "the tasks' queue (default: look into all)",                                     \
     NULL},                                                                                        \
    {                                                                                              \
        "id", 'i', OPTION_TEXT, offsetof(struct task_ids, id), "ID",                               \
            "a task, beside those given as arguments", NULL                                        \
    }

/* Does it to one task. Returns 0 or a code with err filled. */
typedef int (*task_ids_fn)(weir_inspector *inspector, const char *queue, const char *id, void *arg,
                           weir_error *err);

/* Does it to each, in order, and tells what became of it in `done`. What a command's run() returns. */
int task_ids_each(struct session *session, const struct task_ids *ids, char **words, int count,
                  const char *done, task_ids_fn act, void *arg, weir_error *err);

#endif
