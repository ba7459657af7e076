/* SPDX-License-Identifier: MIT */
/*
 * weir stats: sums over all queues and a line for each, once or again and again. On a terminal --watch draws over
 * what it drew before; elsewhere, and with --json, each look is appended (one JSON document a line).
 */
#include <config.h>

#include "command.h"
#include "json_out.h"
#include "table.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <weir/config.h>

enum {
    LEAST_INTERVAL_MS = 10
};

struct stats_options {
    bool watch;
    int64_t interval_ms;
};

struct sums {
    weir_queue_info queues; /* only the counts are used */
    size_t queue_count;
    size_t server_count;
    int64_t timestamp_ms;
};

static const struct {
    const char *name;
    size_t offset;
} states[] = {
    {"active", offsetof(weir_queue_info, active)},
    {"pending", offsetof(weir_queue_info, pending)},
    {"aggregating", offsetof(weir_queue_info, aggregating)},
    {"scheduled", offsetof(weir_queue_info, scheduled)},
    {"retry", offsetof(weir_queue_info, retry)},
    {"archived", offsetof(weir_queue_info, archived)},
    {"completed", offsetof(weir_queue_info, completed)},
};

#define STATES (sizeof states / sizeof states[0])

static size_t *
count_at(weir_queue_info *queue, size_t i)
{
    return (size_t *)((char *)queue + states[i].offset);
}

static void
sum_up(struct sums *sums, const weir_queue_list *list, size_t server_count, int64_t now_ms)
{
    *sums = (struct sums){
        .queue_count = list->count, .server_count = server_count, .timestamp_ms = now_ms};
    for (size_t q = 0; q < list->count; q++) {
        weir_queue_info *queue = &list->items[q];
        for (size_t i = 0; i < STATES; i++) {
            *count_at(&sums->queues, i) += *count_at(queue, i);
        }
        sums->queues.size += queue->size;
        sums->queues.processed_today += queue->processed_today;
        sums->queues.failed_today += queue->failed_today;
        sums->queues.processed_total += queue->processed_total;
        sums->queues.failed_total += queue->failed_total;
    }
}

static json_t *
counts_json(weir_queue_info *queue)
{
    json_t *object = json_object();

    for (size_t i = 0; i < STATES; i++) {
        json_object_set_new(object, states[i].name, json_integer((int64_t)*count_at(queue, i)));
    }
    json_object_set_new(object, "size", json_integer((int64_t)queue->size));
    json_object_set_new(object, "processed", json_integer(queue->processed_today));
    json_object_set_new(object, "failed", json_integer(queue->failed_today));
    json_object_set_new(object, "processed_total", json_integer(queue->processed_total));
    json_object_set_new(object, "failed_total", json_integer(queue->failed_total));
    return object;
}

static int
print_json(struct sums *sums, const weir_queue_list *list, bool one_line, weir_error *err)
{
    json_t *object = counts_json(&sums->queues), *queues = json_array();

    for (size_t q = 0; q < list->count; q++) {
        json_t *queue = counts_json(&list->items[q]);
        json_object_set_new(queue, "queue", json_out_text(list->items[q].name));
        json_object_set_new(queue, "paused", json_boolean(list->items[q].paused));
        json_object_set_new(queue, "latency_ms", json_integer(list->items[q].latency_ms));
        json_array_append_new(queues, queue);
    }
    json_object_set_new(object, "servers", json_integer((int64_t)sums->server_count));
    json_object_set_new(object, "timestamp", json_out_time(sums->timestamp_ms));
    json_object_set_new(object, "queues", queues);
    if (!one_line) {
        return json_out_print(object, err);
    }
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
    return 0;
}

static int
print_states(struct sums *sums)
{
    struct table_column columns[STATES];
    struct table table;

    for (size_t i = 0; i < STATES; i++) {
        columns[i] = (struct table_column){states[i].name, true, false};
    }
    table_init(&table, columns, STATES);
    for (size_t i = 0; i < STATES; i++) {
        table_number(&table, (long long)*count_at(&sums->queues, i));
    }
    return table_print(&table, stdout);
}

static int
print_queues(const weir_queue_list *list)
{
    static const struct table_column columns[] = {
        {"queue", false, true},     {"size", true, false},   {"latency", true, false},
        {"processed", true, false}, {"failed", true, false}, {"paused", false, false}};
    struct table table;
    char text[TEXT_SIZE];

    table_init(&table, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < list->count; i++) {
        const weir_queue_info *queue = &list->items[i];
        table_text(&table, queue->name);
        table_number(&table, (long long)queue->size);
        table_text(&table, queue->pending > 0 ? text_duration(text, queue->latency_ms) : "-");
        table_number(&table, queue->processed_today);
        table_number(&table, queue->failed_today);
        table_text(&table, queue->paused ? "yes" : "no");
    }
    return table_print(&table, stdout);
}

static int
print_text(struct sums *sums, const weir_queue_list *list)
{
    const weir_queue_info *all = &sums->queues;

    printf("%zu tasks in %zu queue%s, %zu server%s\n\n", all->size, sums->queue_count,
           sums->queue_count == 1 ? "" : "s", sums->server_count,
           sums->server_count == 1 ? "" : "s");
    int rc = print_states(sums);
    if (rc == 0 && list->count > 0) {
        putchar('\n');
        rc = print_queues(list);
    }
    printf("\ntoday (UTC): %" PRId64 " processed, %" PRId64 " failed; in all: %" PRId64
           " processed, %" PRId64 " failed\n",
           all->processed_today, all->failed_today, all->processed_total, all->failed_total);
    return rc;
}

static int
look(struct session *session, const struct stats_options *options, weir_error *err)
{
    weir_inspector *inspector;
    weir_queue_list *list;
    weir_server_list *servers;
    struct sums sums;

    int rc = session_inspector(session, &inspector, err);
    if (rc == 0) {
        rc = weir_inspect_queues(inspector, &list, err);
    }
    if (rc != 0) {
        return rc;
    }
    rc = weir_inspect_servers(inspector, &servers, err);
    if (rc == 0) {
        sum_up(&sums, list, servers->count, session_now_ms(session));
        weir_server_list_free(servers);
        fputs(options->watch && !session->json && isatty(STDOUT_FILENO) ? "\033[H\033[J" : "",
              stdout);
        rc = session->json ? print_json(&sums, list, options->watch, err) : print_text(&sums, list);
    }
    weir_queue_list_free(list);
    return rc;
}

static int
stats(struct session *session, void *into, char **words, int count, weir_error *err)
{
    const struct stats_options *options = into;
    int64_t ms = options->interval_ms > 0 ? options->interval_ms : 1000;
    struct timespec interval = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    (void)words;
    (void)count;
    if (options->interval_ms > 0 && !options->watch) {
        return weir_error_set(err, WEIR_E_INVALID, "option --interval is for --watch");
    }
    for (;;) {
        int rc = look(session, options, err);
        if (rc != 0 || !options->watch) {
            return rc;
        }
        if (fflush(stdout) != 0) {
            return COMMAND_FAILED;
        }
        nanosleep(&interval, NULL);
    }
}

/* More often than the store can be asked would only be a busy loop. */
static int
set_interval(void *into, const char *value, weir_error *err)
{
    int64_t ms;
    int rc = weir_duration_parse(&ms, value, err);

    if (rc != 0) {
        return rc;
    }
    if (ms < LEAST_INTERVAL_MS) {
        return weir_error_set(err, WEIR_E_INVALID, "%.100s is less than %dms", value,
                              LEAST_INTERVAL_MS);
    }
    ((struct stats_options *)into)->interval_ms = ms;
    return 0;
}

static const struct option_row rows[] = {
    {"watch", 'w', OPTION_FLAG, offsetof(struct stats_options, watch), NULL,
     "look again and again, until interrupted", NULL},
    {"interval", 'i', OPTION_CALL, 0, "TIME", "time between two looks (default: 1s)", set_interval},
};

const struct command command_stats = {
    .noun = "stats",
    .words = "",
    .summary = "Show how many tasks there are in each state and queue",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .options_size = sizeof(struct stats_options),
    .run = stats,
};
