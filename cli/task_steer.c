/* SPDX-License-Identifier: MIT */
/*
 * weir task cancel, run, archive, delete: orders to single tasks.
 */
#include <config.h>

#include "task_ids.h"

static int
steer(weir_inspector *inspector, const char *queue, const char *id, void *arg, weir_error *err)
{
    weir_order order = {.id = id};

    int rc = weir_steer_tasks(inspector, *(const weir_verb *)arg, queue, &order, 1, err);
    if (rc == 0 && order.result != 0) {
        return weir_error_set(err, order.result, "%s", order.reason);
    }
    return rc;
}

static int
task_run(struct session *session, void *options, char **words, int count, weir_error *err)
{
    weir_verb verb = WEIR_VERB_RUN;

    return task_ids_each(session, options, words, count, "set to run", steer, &verb, err);
}

static int
task_archive(struct session *session, void *options, char **words, int count, weir_error *err)
{
    weir_verb verb = WEIR_VERB_ARCHIVE;

    return task_ids_each(session, options, words, count, "archived", steer, &verb, err);
}

static int
task_delete(struct session *session, void *options, char **words, int count, weir_error *err)
{
    weir_verb verb = WEIR_VERB_DELETE;

    return task_ids_each(session, options, words, count, "deleted", steer, &verb, err);
}

struct cancel_options {
    struct task_ids ids;
    bool no_retry;
    bool revoke;
};

static int
cancel(weir_inspector *inspector, const char *queue, const char *id, void *arg, weir_error *err)
{
    return weir_cancel_task(inspector, queue, id, *(const weir_cancel_mode *)arg, err);
}

static int
task_cancel(struct session *session, void *into, char **words, int count, weir_error *err)
{
    const struct cancel_options *options = into;
    weir_cancel_mode mode = WEIR_CANCEL_RETRY;

    if (options->no_retry && options->revoke) {
        return weir_error_set(err, WEIR_E_INVALID, "--no-retry and --revoke exclude each other");
    }
    if (options->no_retry) {
        mode = WEIR_CANCEL_ARCHIVE;
    }
    if (options->revoke) {
        mode = WEIR_CANCEL_REVOKE;
    }
    return task_ids_each(session, &options->ids, words, count, "asked to stop", cancel, &mode, err);
}

static const struct option_row rows[] = {TASK_IDS_ROWS};

static const struct option_row cancel_rows[] = {
    TASK_IDS_ROWS,
    {"no-retry", 0, OPTION_FLAG, offsetof(struct cancel_options, no_retry), NULL,
     "archive the task unless it succeeds all the same", NULL},
    {"revoke", 0, OPTION_FLAG, offsetof(struct cancel_options, revoke), NULL,
     "drop the task, whatever its handler says but success", NULL},
};

const struct command command_task_cancel = {
    .noun = "task",
    .verb = "cancel",
    .words = "ID...",
    .max_words = -1,
    .summary = "Ask the workers of running tasks to stop",
    .details =
        "The handler's context is cancelled; a command gets SIGTERM. The attempt then fails, and the\n"
        "task is tried again unless an option says otherwise. Servers of asynq do not know the\n"
        "options. Does not wait for the task to stop.",
    .rows = cancel_rows,
    .row_count = sizeof cancel_rows / sizeof cancel_rows[0],
    .options_size = sizeof(struct cancel_options),
    .run = task_cancel,
};

const struct command command_task_run = {
    .noun = "task",
    .verb = "run",
    .words = "ID...",
    .max_words = -1,
    .summary = "Run scheduled, retry, archived, completed or aggregating tasks now",
    .details =
        "They go behind the pending tasks of their queue. How often they were tried stays: an archived\n"
        "task that used its retries up has one attempt.",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .options_size = sizeof(struct task_ids),
    .run = task_run,
};

const struct command command_task_archive = {
    .noun = "task",
    .verb = "archive",
    .words = "ID...",
    .max_words = -1,
    .summary = "Archive pending, scheduled, retry or aggregating tasks",
    .details =
        "Archived tasks are not run, but kept for a while; 'weir task run' brings them back.",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .options_size = sizeof(struct task_ids),
    .run = task_archive,
};

const struct command command_task_delete = {
    .noun = "task",
    .verb = "delete",
    .alias = "rm remove",
    .words = "ID...",
    .max_words = -1,
    .summary = "Delete tasks that are not running, with their uniqueness locks",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .options_size = sizeof(struct task_ids),
    .run = task_delete,
};
