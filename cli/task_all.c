/* SPDX-License-Identifier: MIT */
/*
 * weir task runall, archiveall, deleteall: orders to all tasks of a state. They go in steps, so that others can use
 * the queue meanwhile; an interrupted one leaves the rest as it is.
 */
#include <config.h>

#include "command.h"
#include "confirm.h"
#include "json_out.h"
#include "progress.h"
#include "report.h"

#include <string.h>

struct all_options {
    const char *queue;
    const char *state;
    const char *group;
    bool yes;
};

struct all {
    const struct all_options *options;
    weir_inspector *inspector;
    weir_verb verb;
    weir_state state;
    size_t count; /* in the state; with a group at most so many */
};

static const char *const done_words[] = {[WEIR_VERB_RUN] = "set to run",
                                         [WEIR_VERB_ARCHIVE] = "archived",
                                         [WEIR_VERB_DELETE] = "deleted"};
static const char *const done_keys[] = {
    [WEIR_VERB_RUN] = "run", [WEIR_VERB_ARCHIVE] = "archived", [WEIR_VERB_DELETE] = "deleted"};

/* The states that a verb is for, as a list in words. */
static void
list_states(weir_verb verb, char *dst, size_t size)
{
    size_t len = 0;

    for (weir_state state = WEIR_STATE_SCHEDULED; state <= WEIR_STATE_COMPLETED; state++) {
        if (weir_steer_allows(verb, state) && len < size) {
            len += (size_t)snprintf(dst + len, size - len, "%s%s", len > 0 ? ", " : "",
                                    weir_state_name(state));
        }
    }
}

static int
check_options(struct all *all, weir_error *err)
{
    const struct all_options *options = all->options;
    char states[120] = "";

    if (options->queue == NULL || options->state == NULL) {
        return weir_error_set(err, WEIR_E_INVALID, "--%s is missing",
                              options->queue == NULL ? "queue" : "state");
    }
    all->state = weir_state_parse(options->state);
    if (!weir_steer_allows(all->verb, all->state)) {
        list_states(all->verb, states, sizeof states);
        return weir_error_set(err, WEIR_E_INVALID, "option --state: \"%.100s\" is none of %s",
                              options->state, states);
    }
    if (options->group != NULL && all->state != WEIR_STATE_AGGREGATING) {
        return weir_error_set(err, WEIR_E_INVALID, "--group is for --state aggregating");
    }
    return 0;
}

static size_t
count_of(const weir_queue_info *info, weir_state state)
{
    const size_t counts[] = {
        [WEIR_STATE_SCHEDULED] = info->scheduled, [WEIR_STATE_AGGREGATING] = info->aggregating,
        [WEIR_STATE_PENDING] = info->pending,     [WEIR_STATE_RETRY] = info->retry,
        [WEIR_STATE_ARCHIVED] = info->archived,   [WEIR_STATE_COMPLETED] = info->completed,
    };

    return counts[state];
}

static int
count_tasks(struct all *all, weir_error *err)
{
    weir_queue_list *list;

    int rc = weir_inspect_queue(all->inspector, all->options->queue, &list, err);
    if (rc == 0) {
        all->count = count_of(&list->items[0], all->state);
        weir_queue_list_free(list);
    }
    return rc;
}

static int
ask(struct session *session, const struct all *all, weir_error *err)
{
    const struct all_options *options = all->options;
    char what[300];

    if (all->verb != WEIR_VERB_DELETE || all->count == 0) {
        return 0;
    }
    if (options->group != NULL) {
        snprintf(what, sizeof what, "delete all tasks of group \"%.80s\" in queue \"%.80s\"",
                 options->group, options->queue);
    } else {
        snprintf(what, sizeof what, "delete %zu %s task%s of queue \"%.80s\"", all->count,
                 options->state, all->count == 1 ? "" : "s", options->queue);
    }
    return confirm(session, options->yes, what, all->count, err);
}

static int
print_done(const struct session *session, const struct all *all, size_t done, weir_error *err)
{
    if (!session->json) {
        printf("%s: %zu %s task%s %s\n", all->options->queue, done, all->options->state,
               done == 1 ? "" : "s", done_words[all->verb]);
        return 0;
    }
    json_t *object = json_object();
    json_object_set_new(object, "queue", json_out_text(all->options->queue));
    json_object_set_new(object, "state", json_out_text(all->options->state));
    json_object_set_new(object, "group", json_out_text(all->options->group));
    json_object_set_new(object, done_keys[all->verb], json_integer((json_int_t)done));
    return json_out_print(object, err);
}

static int
go_on(const struct session *session, const struct all *all, weir_error *err)
{
    struct progress progress;
    const weir_pace pace = {.progress = progress_step, .arg = &progress};
    size_t done;

    progress_init(&progress, done_words[all->verb], all->options->group ? 0 : all->count);
    int rc = weir_steer_all(all->inspector, all->verb, all->options->queue, all->state,
                            all->options->group, &pace, &done, err);
    progress_end(&progress);
    if (rc != 0) {
        report_note(session, "%zu tasks %s before it failed", done, done_words[all->verb]);
        return rc;
    }
    return print_done(session, all, done, err);
}

static int
do_all(struct session *session, const struct all_options *options, weir_verb verb, weir_error *err)
{
    struct all all = {.options = options, .verb = verb};

    int rc = check_options(&all, err);
    if (rc == 0) {
        rc = session_steer(session, &all.inspector, err);
    }
    if (rc == 0) {
        session_about(session, "queue", options->queue);
        rc = count_tasks(&all, err);
    }
    if (rc == 0) {
        rc = ask(session, &all, err);
    }
    return rc != 0 ? rc : go_on(session, &all, err);
}

static int
task_runall(struct session *session, void *options, char **words, int count, weir_error *err)
{
    (void)words;
    (void)count;
    return do_all(session, options, WEIR_VERB_RUN, err);
}

static int
task_archiveall(struct session *session, void *options, char **words, int count, weir_error *err)
{
    (void)words;
    (void)count;
    return do_all(session, options, WEIR_VERB_ARCHIVE, err);
}

static int
task_deleteall(struct session *session, void *options, char **words, int count, weir_error *err)
{
    (void)words;
    (void)count;
    return do_all(session, options, WEIR_VERB_DELETE, err);
}

#define ALL_ROWS(states)                                                                           \
    {"queue", 'q', OPTION_TEXT, offsetof(struct all_options, queue), "QUEUE", "the queue", NULL},  \
        {"state", 's', OPTION_TEXT, offsetof(struct all_options, state), "STATE", states, NULL},   \
    {                                                                                              \
        "group", 'g', OPTION_TEXT, offsetof(struct all_options, group), "GROUP",                   \
            "only this group, for --state aggregating", NULL                                       \
    }

static const struct option_row run_rows[] = {
    ALL_ROWS("scheduled, aggregating, retry or archived"),
};

static const struct option_row archive_rows[] = {
    ALL_ROWS("scheduled, aggregating, pending or retry"),
};

static const struct option_row delete_rows[] = {
    ALL_ROWS("any but active"),
    {"yes", 'y', OPTION_FLAG, offsetof(struct all_options, yes), NULL, "do not ask", NULL},
};

const struct command command_task_runall = {
    .noun = "task",
    .verb = "runall",
    .words = "",
    .summary = "Run all tasks of a state now",
    .rows = run_rows,
    .row_count = sizeof run_rows / sizeof run_rows[0],
    .options_size = sizeof(struct all_options),
    .run = task_runall,
};

const struct command command_task_archiveall = {
    .noun = "task",
    .verb = "archiveall",
    .words = "",
    .summary = "Archive all tasks of a state",
    .rows = archive_rows,
    .row_count = sizeof archive_rows / sizeof archive_rows[0],
    .options_size = sizeof(struct all_options),
    .run = task_archiveall,
};

const struct command command_task_deleteall = {
    .noun = "task",
    .verb = "deleteall",
    .words = "",
    .summary = "Delete all tasks of a state",
    .details =
        "Asks first on a terminal; elsewhere --yes must be given. What is put into the queue meanwhile\n"
        "may stay.",
    .rows = delete_rows,
    .row_count = sizeof delete_rows / sizeof delete_rows[0],
    .options_size = sizeof(struct all_options),
    .run = task_deleteall,
};
