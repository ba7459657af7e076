/* SPDX-License-Identifier: MIT */
/*
 * weir queue pause, resume, rm: orders to whole queues.
 */
#include <config.h>

#include "command.h"
#include "confirm.h"
#include "outcomes.h"
#include "progress.h"

#include <stdio.h>
#include <string.h>

/* Puts what is good to know of a success into *note. */
typedef int (*queue_fn)(weir_inspector *inspector, const char *queue, const char **note,
                        weir_error *err);

static int
each_queue(struct session *session, char **words, int count, const char *done, queue_fn act,
           weir_error *err)
{
    struct outcomes outcomes;
    weir_inspector *inspector;

    int rc = session_steer(session, &inspector, err);
    if (rc != 0) {
        return rc;
    }
    outcomes_init(&outcomes, session->json, "queue", done);
    for (int i = 0; i < count; i++) {
        weir_error why = {0};
        struct outcome outcome = {.name = words[i], .why = why.text};
        outcome.rc = act(inspector, words[i], &outcome.note, &why);
        outcomes_add(&outcomes, &outcome);
    }
    return outcomes_end(&outcomes, err);
}

/* Pausing a queue before its first task is right, but a mistyped name looks the same. */
static int
pause_queue(weir_inspector *inspector, const char *queue, const char **note, weir_error *err)
{
    weir_queue_list *list;

    int found = weir_inspect_queue(inspector, queue, &list, NULL);
    if (found == 0) {
        weir_queue_list_free(list);
    }
    int rc = weir_pause_queue(inspector, queue, err);
    if (rc == 0 && found == WEIR_E_NO_QUEUE) {
        *note = "there is no such queue yet; it begins paused";
    }
    return rc;
}

static int
resume_queue(weir_inspector *inspector, const char *queue, const char **note, weir_error *err)
{
    (void)note;
    return weir_resume_queue(inspector, queue, err);
}

static int
queue_pause(struct session *session, void *options, char **words, int count, weir_error *err)
{
    (void)options;
    return each_queue(session, words, count, "paused", pause_queue, err);
}

static int
queue_resume(struct session *session, void *options, char **words, int count, weir_error *err)
{
    (void)options;
    return each_queue(session, words, count, "resumed", resume_queue, err);
}

struct remove_options {
    bool force;
    bool yes;
};

/* Asks about all the queues at once; one that is not there is refused when its turn comes. */
static int
ask(struct session *session, weir_inspector *inspector, const struct remove_options *options,
    char **words, int count, weir_error *err)
{
    size_t tasks = 0;
    char what[300];

    for (int i = 0; options->force && i < count; i++) {
        weir_queue_list *list;
        if (weir_inspect_queue(inspector, words[i], &list, NULL) == 0) {
            tasks += list->items[0].size;
            weir_queue_list_free(list);
        }
    }
    if (tasks == 0) {
        return 0;
    }
    if (count == 1) {
        snprintf(what, sizeof what, "delete queue \"%.80s\" with %zu task%s", words[0], tasks,
                 tasks == 1 ? "" : "s");
    } else {
        snprintf(what, sizeof what, "delete %d queues with %zu task%s", count, tasks,
                 tasks == 1 ? "" : "s");
    }
    return confirm(session, options->yes, what, tasks, err);
}

static void
remove_one(weir_inspector *inspector, const char *queue, bool force, struct outcomes *outcomes)
{
    struct progress progress;
    const weir_pace pace = {.progress = progress_step, .arg = &progress};
    weir_error why = {0};
    struct outcome outcome = {.name = queue, .why = why.text};

    progress_init(&progress, "tasks deleted", 0);
    outcome.rc = weir_remove_queue(inspector, queue, force, &pace, &outcome.count, &why);
    progress_end(&progress);
    if (outcome.rc == WEIR_E_NOT_EMPTY) {
        size_t len = strlen(why.text);
        snprintf(why.text + len, sizeof why.text - len, " (--force deletes its tasks too)");
    }
    outcome.counted = outcome.rc == 0 || outcome.count > 0;
    outcomes_add(outcomes, &outcome);
}

static int
queue_rm(struct session *session, void *into, char **words, int count, weir_error *err)
{
    const struct remove_options *options = into;
    struct outcomes outcomes;
    weir_inspector *inspector;

    int rc = session_steer(session, &inspector, err);
    if (rc == 0) {
        rc = ask(session, inspector, options, words, count, err);
    }
    if (rc != 0) {
        return rc;
    }
    outcomes_init(&outcomes, session->json, "queue", "removed");
    for (int i = 0; i < count; i++) {
        remove_one(inspector, words[i], options->force, &outcomes);
    }
    return outcomes_end(&outcomes, err);
}

static const struct option_row remove_rows[] = {
    {"force", 'f', OPTION_FLAG, offsetof(struct remove_options, force), NULL,
     "also with tasks, which are deleted", NULL},
    {"yes", 'y', OPTION_FLAG, offsetof(struct remove_options, yes), NULL,
     "do not ask before tasks are deleted", NULL},
};

const struct command command_queue_pause = {
    .noun = "queue",
    .verb = "pause",
    .words = "QUEUE...",
    .min_words = 1,
    .max_words = -1,
    .summary = "Stop queues from giving tasks to workers",
    .details = "Tasks can still be put into them, and those that run go on.",
    .run = queue_pause,
};

const struct command command_queue_resume = {
    .noun = "queue",
    .verb = "resume",
    .alias = "unpause",
    .words = "QUEUE...",
    .min_words = 1,
    .max_words = -1,
    .summary = "Let paused queues give tasks to workers again",
    .run = queue_resume,
};

const struct command command_queue_rm = {
    .noun = "queue",
    .verb = "rm",
    .alias = "remove delete",
    .words = "QUEUE...",
    .min_words = 1,
    .max_words = -1,
    .summary = "Remove empty queues, or with --force also those with tasks",
    .details =
        "A queue with running tasks is not removed. With --force you are asked first on a terminal if\n"
        "there are tasks; elsewhere --yes must be given.",
    .rows = remove_rows,
    .row_count = sizeof remove_rows / sizeof remove_rows[0],
    .options_size = sizeof(struct remove_options),
    .run = queue_rm,
};
