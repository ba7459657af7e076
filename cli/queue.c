/* SPDX-License-Identifier: MIT */
/*
 * weir queue ls, inspect, history.
 */
#include <config.h>

#include "command.h"
#include "json_out.h"
#include "table.h"
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static json_t *
queue_json(const weir_queue_info *queue)
{
    json_t *object = json_object();
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {"size", (int64_t)queue->size},
        {"groups", (int64_t)queue->groups},
        {"active", (int64_t)queue->active},
        {"pending", (int64_t)queue->pending},
        {"aggregating", (int64_t)queue->aggregating},
        {"scheduled", (int64_t)queue->scheduled},
        {"retry", (int64_t)queue->retry},
        {"archived", (int64_t)queue->archived},
        {"completed", (int64_t)queue->completed},
        {"processed", queue->processed_today},
        {"failed", queue->failed_today},
        {"processed_total", queue->processed_total},
        {"failed_total", queue->failed_total},
        {"latency_ms", queue->latency_ms},
    };

    json_object_set_new(object, "queue", json_out_text(queue->name));
    json_object_set_new(object, "paused", json_boolean(queue->paused));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        json_object_set_new(object, numbers[i].name, json_integer(numbers[i].value));
    }
    json_object_set_new(object, "memory_usage_bytes",
                        queue->memory_bytes >= 0 ? json_integer(queue->memory_bytes) : json_null());
    json_object_set_new(object, "timestamp", json_out_time(queue->taken_at_ms));
    return object;
}

static int
print_queues_json(const weir_queue_list *list, weir_error *err)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        json_array_append_new(array, queue_json(&list->items[i]));
    }
    return json_out_print(array, err);
}

/* The counts in the table. Few have groups: their column is there when one has. */
static const struct count {
    const char *head;
    size_t offset;
    bool of_groups;
} counts[] = {
    {"SIZE", offsetof(weir_queue_info, size), false},
    {"ACTIVE", offsetof(weir_queue_info, active), false},
    {"PENDING", offsetof(weir_queue_info, pending), false},
    {"AGGREGATING", offsetof(weir_queue_info, aggregating), true},
    {"SCHEDULED", offsetof(weir_queue_info, scheduled), false},
    {"RETRY", offsetof(weir_queue_info, retry), false},
    {"ARCHIVED", offsetof(weir_queue_info, archived), false},
    {"COMPLETED", offsetof(weir_queue_info, completed), false},
};

#define COUNTS (sizeof counts / sizeof counts[0])

static bool
has_groups(const weir_queue_list *list)
{
    size_t i = 0;

    while (i < list->count && list->items[i].aggregating == 0) {
        i++;
    }
    return i < list->count;
}

static size_t
set_columns(struct table_column *columns, bool groups)
{
    static const struct table_column last[] = {{"LATENCY", true, false},
                                               {"PROCESSED", true, false},
                                               {"FAILED", true, false},
                                               {"PAUSED", false, false}};
    size_t n = 0;

    columns[n++] = (struct table_column){"QUEUE", false, true};
    for (size_t c = 0; c < COUNTS; c++) {
        if (groups || !counts[c].of_groups) {
            columns[n++] = (struct table_column){counts[c].head, true, false};
        }
    }
    memcpy(&columns[n], last, sizeof last);
    return n + sizeof last / sizeof last[0];
}

static int
print_queues(const weir_queue_list *list)
{
    struct table_column columns[COUNTS + 5];
    bool groups = has_groups(list);
    struct table table;
    char text[TEXT_SIZE];

    table_init(&table, columns, set_columns(columns, groups));
    for (size_t i = 0; i < list->count; i++) {
        const weir_queue_info *queue = &list->items[i];
        table_text(&table, queue->name);
        for (size_t c = 0; c < COUNTS; c++) {
            size_t count = *(const size_t *)(const void *)((const char *)queue + counts[c].offset);
            if (groups || !counts[c].of_groups) {
                table_number(&table, (long long)count);
            }
        }
        table_text(&table, queue->pending > 0 ? text_duration(text, queue->latency_ms) : "-");
        table_number(&table, queue->processed_today);
        table_number(&table, queue->failed_today);
        table_text(&table, queue->paused ? "yes" : "no");
    }
    return table_print(&table, stdout);
}

static int
queue_ls(struct session *session, void *options, char **words, int count, weir_error *err)
{
    weir_inspector *inspector;
    weir_queue_list *list;

    (void)options;
    (void)words;
    (void)count;
    int rc = session_inspector(session, &inspector, err);
    if (rc == 0) {
        rc = weir_inspect_queues(inspector, &list, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (session->json) {
        rc = print_queues_json(list, err);
    } else if (list->count == 0) {
        puts("no queues");
    } else {
        rc = print_queues(list);
    }
    weir_queue_list_free(list);
    return rc;
}

static void
print_queue(const weir_queue_info *queue)
{
    char text[TEXT_SIZE];

    printf("queue:       %s%s\n", queue->name, queue->paused ? " (paused)" : "");
    printf("size:        %zu\n", queue->size);
    printf("  active:      %zu\n", queue->active);
    printf("  pending:     %zu\n", queue->pending);
    printf("  scheduled:   %zu\n", queue->scheduled);
    printf("  retry:       %zu\n", queue->retry);
    printf("  aggregating: %zu (groups: %zu)\n", queue->aggregating, queue->groups);
    printf("  archived:    %zu\n", queue->archived);
    printf("  completed:   %zu\n", queue->completed);
    printf("latency:     %s\n", queue->pending > 0 ? text_duration(text, queue->latency_ms) : "-");
    printf("memory:      %s\n", text_bytes(text, queue->memory_bytes));
    printf("today (UTC): %" PRId64 " processed, %" PRId64 " failed\n", queue->processed_today,
           queue->failed_today);
    printf("in all:      %" PRId64 " processed, %" PRId64 " failed\n", queue->processed_total,
           queue->failed_total);
}

static int
queue_inspect(struct session *session, void *options, char **words, int count, weir_error *err)
{
    weir_inspector *inspector;
    weir_queue_list *list;
    json_t *array = json_array();

    (void)options;
    int rc = session_inspector(session, &inspector, err);
    for (int i = 0; rc == 0 && i < count; i++) {
        session_about(session, "queue", words[i]);
        rc = weir_inspect_queue(inspector, words[i], &list, err);
        if (rc != 0) {
            break;
        }
        if (session->json) {
            json_array_append_new(array, queue_json(&list->items[0]));
        } else {
            fputs(i > 0 ? "\n" : "", stdout);
            print_queue(&list->items[0]);
        }
        weir_queue_list_free(list);
    }
    if (rc == 0 && session->json) {
        return json_out_print(array, err);
    }
    json_decref(array);
    return rc;
}

struct history_options {
    int days;
};

static json_t *
history_json(const char *queue, const weir_day *days, size_t count)
{
    json_t *object = json_object(), *array = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *day = json_object();
        json_object_set_new(day, "date", json_string(days[i].date));
        json_object_set_new(day, "processed", json_integer(days[i].processed));
        json_object_set_new(day, "failed", json_integer(days[i].failed));
        json_array_append_new(array, day);
    }
    json_object_set_new(object, "queue", json_out_text(queue));
    json_object_set_new(object, "history", array);
    return object;
}

static int
print_history(const char *queue, const weir_day *days, size_t count)
{
    static const struct table_column columns[] = {{"DATE (UTC)", false, false},
                                                  {"PROCESSED", true, false},
                                                  {"FAILED", true, false},
                                                  {"ERROR RATE", true, false}};
    struct table table;
    char rate[TEXT_SIZE];

    printf("queue: %s\n", queue);
    table_init(&table, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count; i++) {
        table_text(&table, days[i].date);
        table_number(&table, days[i].processed);
        table_number(&table, days[i].failed);
        snprintf(rate, sizeof rate, "%.2f%%",
                 days[i].processed > 0 ? 100.0 * (double)days[i].failed / (double)days[i].processed
                                       : 0.0);
        table_text(&table, rate);
    }
    return table_print(&table, stdout);
}

static int
queue_history(struct session *session, void *into, char **words, int count, weir_error *err)
{
    const struct history_options *options = into;
    size_t day_count = options->days > 0 ? (size_t)options->days : 10;
    weir_day days[90];
    weir_inspector *inspector;
    json_t *array = json_array();

    int rc = session_inspector(session, &inspector, err);
    if (rc == 0 && day_count > 90) {
        rc = weir_error_set(err, WEIR_E_INVALID, "option --days: at most 90 days are kept");
    }
    for (int i = 0; rc == 0 && i < count; i++) {
        session_about(session, "queue", words[i]);
        memset(days, 0, sizeof days);
        rc = weir_inspect_history(inspector, words[i], days, day_count, err);
        if (rc == 0 && session->json) {
            json_array_append_new(array, history_json(words[i], days, day_count));
        } else if (rc == 0) {
            fputs(i > 0 ? "\n" : "", stdout);
            rc = print_history(words[i], days, day_count);
        }
    }
    if (rc == 0 && session->json) {
        return json_out_print(array, err);
    }
    json_decref(array);
    return rc;
}

static const struct option_row history_rows[] = {
    {"days", 'x', OPTION_COUNT, offsetof(struct history_options, days), "N",
     "how many days, today included (default: 10, at most 90)", NULL},
};

const struct command command_queue_ls = {
    .noun = "queue",
    .verb = "ls",
    .alias = "list",
    .words = "",
    .summary = "List the queues with the number of their tasks in each state",
    .run = queue_ls,
};

const struct command command_queue_inspect = {
    .noun = "queue",
    .verb = "inspect",
    .words = "QUEUE...",
    .min_words = 1,
    .max_words = -1,
    .summary = "Show all there is to know of queues",
    .run = queue_inspect,
};

const struct command command_queue_history = {
    .noun = "queue",
    .verb = "history",
    .words = "QUEUE...",
    .min_words = 1,
    .max_words = -1,
    .summary = "Show how many tasks were processed and failed on each of the last days",
    .details = "Every attempt counts; failed ones are counted as processed, too.",
    .rows = history_rows,
    .row_count = sizeof history_rows / sizeof history_rows[0],
    .options_size = sizeof(struct history_options),
    .run = queue_history,
};
