/* SPDX-License-Identifier: MIT */
/*
 * weir task ls: pages of a queue's tasks, of one state or of all that have any.
 */
#include <config.h>

#include "command.h"
#include "json_out.h"
#include "table.h"
#include "text.h"

#include <string.h>

struct list_options {
    const char *queue;
    const char *state;
    const char *group;
    int page;
    int size;
};

struct listing {
    const struct list_options *options;
    const char *queue;
    weir_inspector *inspector;
    struct table table;
    json_t *array; /* NULL: print a table */
    int64_t now_ms;
    size_t count;
};

/* In the order of a task's life. Aggregating tasks need a group. */
static const weir_state all_states[] = {WEIR_STATE_ACTIVE,    WEIR_STATE_PENDING,
                                        WEIR_STATE_SCHEDULED, WEIR_STATE_RETRY,
                                        WEIR_STATE_ARCHIVED,  WEIR_STATE_COMPLETED};

static const struct table_column columns[] = {
    {"ID", false, false},        {"TYPE", false, true},  {"STATE", false, false},
    {"RETRIED", true, false},    {"WHEN", false, false}, {"PAYLOAD", false, true},
    {"LAST ERROR", false, true},
};

/* What the WHEN column says of a task: what comes next, or since when it is so. */
static int64_t
when(const weir_task_info *task)
{
    const int64_t times[] = {task->next_process_at_ms, task->state_since_ms, task->pending_since_ms,
                             task->enqueued_at_ms};

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i] != 0) {
            return times[i];
        }
    }
    return 0;
}

static void
add_row(struct listing *listing, const weir_task_info *task)
{
    struct table *table = &listing->table;
    char text[TEXT_SIZE];

    table_text(table, task->id);
    table_text(table, task->type);
    snprintf(text, sizeof text, "%s%s", weir_state_name(task->state),
             task->is_orphaned ? " (orphaned)" : "");
    table_text(table, text);
    snprintf(text, sizeof text, "%d/%d", task->retried, task->max_retry);
    table_text(table, text);
    table_text(table, text_relative(text, when(task), listing->now_ms));
    if (task->payload_len > 0) {
        table_bytes(table, task->payload, task->payload_len);
    } else {
        table_text(table, "-");
    }
    table_text(table, task->last_error);
}

static int
list_state(struct listing *listing, weir_state state, weir_error *err)
{
    const struct list_options *options = listing->options;
    weir_task_list *list;

    int rc = weir_inspect_tasks(listing->inspector, listing->queue, state, options->group,
                                options->page > 0 ? (size_t)options->page : 1,
                                options->size > 0 ? (size_t)options->size : 30, &list, err);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (listing->array != NULL) {
            json_array_append_new(listing->array, json_out_task(list->items[i]));
        } else {
            add_row(listing, list->items[i]);
        }
    }
    listing->count += list->count;
    weir_task_list_free(list);
    return 0;
}

static int
list_states(struct listing *listing, weir_error *err)
{
    const char *word = listing->options->state;

    if (word != NULL) {
        return list_state(listing, weir_state_parse(word), err);
    }
    for (size_t i = 0; i < sizeof all_states / sizeof all_states[0]; i++) {
        int rc = list_state(listing, all_states[i], err);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int
check_options(const struct list_options *options, weir_error *err)
{
    if (options->state != NULL && weir_state_parse(options->state) == WEIR_STATE_NONE) {
        return weir_error_set(err, WEIR_E_INVALID,
                              "option --state: \"%.100s\" is none of scheduled, aggregating, "
                              "pending, active, retry, archived, completed",
                              options->state);
    }
    bool aggregating = options->state != NULL && strcmp(options->state, "aggregating") == 0;
    if (aggregating != (options->group != NULL)) {
        return weir_error_set(
            err, WEIR_E_INVALID,
            "--state aggregating and --group need each other (weir group ls -q %s "
            "lists the groups)",
            options->queue != NULL ? options->queue : WEIR_DEFAULT_QUEUE);
    }
    return 0;
}

static int
print_listing(struct listing *listing, int rc, weir_error *err)
{
    if (listing->array != NULL && rc == 0) {
        return json_out_print(listing->array, err);
    }
    json_decref(listing->array);
    if (listing->array == NULL && rc == 0 && listing->count == 0) {
        puts("no tasks");
    } else if (listing->array == NULL && rc == 0) {
        return table_print(&listing->table, stdout);
    }
    return rc;
}

static size_t
count_of(const weir_queue_info *info, weir_state state)
{
    const size_t counts[] = {
        [WEIR_STATE_SCHEDULED] = info->scheduled, [WEIR_STATE_PENDING] = info->pending,
        [WEIR_STATE_ACTIVE] = info->active,       [WEIR_STATE_RETRY] = info->retry,
        [WEIR_STATE_ARCHIVED] = info->archived,   [WEIR_STATE_COMPLETED] = info->completed,
    };

    return (size_t)state < sizeof counts / sizeof counts[0] ? counts[state] : 0;
}

/* How many tasks there are in the listed states of `info`, and in the fullest of them. */
static size_t
count_listed(const struct list_options *options, const weir_queue_info *info, size_t *most)
{
    weir_state only = options->state != NULL ? weir_state_parse(options->state) : WEIR_STATE_NONE;
    size_t total = 0;

    *most = 0;
    for (size_t i = 0; i < sizeof all_states / sizeof all_states[0]; i++) {
        if (only == WEIR_STATE_NONE || only == all_states[i]) {
            size_t count = count_of(info, all_states[i]);
            total += count;
            *most = count > *most ? count : *most;
        }
    }
    return total;
}

/* Says, for people, that there is more than was listed. Only a hint: a failure is not told. */
static void
hint_more(const struct listing *listing)
{
    const struct list_options *options = listing->options;
    size_t page = options->page > 0 ? (size_t)options->page : 1;
    size_t size = options->size > 0 ? (size_t)options->size : 30;
    weir_queue_list *list;
    size_t most;

    if (options->group != NULL ||
        weir_inspect_queue(listing->inspector, listing->queue, &list, NULL) != 0) {
        return;
    }
    size_t total = count_listed(options, &list->items[0], &most);
    if (most / page >= size && most > page * size) {
        fflush(stdout);
        fprintf(stderr, "%zu of %zu shown: --page %zu for more, --size N\n", listing->count, total,
                page + 1);
    }
    weir_queue_list_free(list);
}

/* Names a queue with tasks to whoever found none where they looked without naming one. */
static void
hint_queue(const struct listing *listing)
{
    weir_queue_list *list;
    size_t most;

    if (listing->options->queue != NULL || listing->options->page > 1 ||
        weir_inspect_queues(listing->inspector, &list, NULL) != 0) {
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (count_listed(listing->options, &list->items[i], &most) > 0) {
            fflush(stdout);
            fprintf(stderr, "queue %s has some: -q %s\n", list->items[i].name, list->items[i].name);
            break;
        }
    }
    weir_queue_list_free(list);
}

/* Tasks in groups are in no list but their group's. */
static bool
hint_groups(const struct listing *listing)
{
    size_t tasks = 0, groups = 0;
    weir_queue_list *list;

    if (listing->options->state != NULL || listing->options->page > 1 ||
        weir_inspect_queue(listing->inspector, listing->queue, &list, NULL) != 0) {
        return false;
    }
    tasks = list->items[0].aggregating;
    groups = list->items[0].groups;
    weir_queue_list_free(list);
    if (tasks == 0) {
        return false;
    }
    fflush(stdout);
    fprintf(stderr, "%zu task%s in %zu group%s: weir group ls -q %s\n", tasks,
            tasks == 1 ? "" : "s", groups, groups == 1 ? "" : "s", listing->queue);
    return true;
}

static void
hint(const struct listing *listing)
{
    if (listing->count == 0) {
        if (!hint_groups(listing)) {
            hint_queue(listing);
        }
    } else {
        hint_more(listing);
    }
}

static int
task_ls(struct session *session, void *into, char **words, int count, weir_error *err)
{
    const struct list_options *options = into;
    struct listing listing = {
        .options = options, .queue = options->queue != NULL ? options->queue : WEIR_DEFAULT_QUEUE};

    (void)words;
    (void)count;
    int rc = check_options(options, err);
    if (rc == 0) {
        rc = session_inspector(session, &listing.inspector, err);
    }
    if (rc != 0) {
        return rc;
    }
    session_about(session, "queue", listing.queue);
    listing.now_ms = session_now_ms(session);
    listing.array = session->json ? json_array() : NULL;
    table_init(&listing.table, columns, sizeof columns / sizeof columns[0]);
    rc = list_states(&listing, err);
    rc = print_listing(&listing, rc, err);
    if ((rc == 0 || rc == WEIR_E_NO_QUEUE) && !session->json) {
        hint(&listing);
    }
    return rc;
}

static const struct option_row rows[] = {
    {"queue", 'q', OPTION_TEXT, offsetof(struct list_options, queue), "QUEUE",
     "the queue (default: default)", NULL},
    {"state", 's', OPTION_TEXT, offsetof(struct list_options, state), "STATE",
     "scheduled, aggregating, pending, active, retry, archived or\n"
     "completed (default: all but aggregating)",
     NULL},
    {"group", 'g', OPTION_TEXT, offsetof(struct list_options, group), "GROUP",
     "the group, for --state aggregating", NULL},
    {"page", 0, OPTION_COUNT, offsetof(struct list_options, page), "N",
     "which page of each state, from 1 (default: 1)", NULL},
    {"size", 0, OPTION_COUNT, offsetof(struct list_options, size), "N",
     "tasks on a page (default: 30)", NULL},
};

const struct command command_task_ls = {
    .noun = "task",
    .verb = "ls",
    .alias = "list",
    .words = "",
    .summary = "List tasks of a queue",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .options_size = sizeof(struct list_options),
    .run = task_ls,
};
