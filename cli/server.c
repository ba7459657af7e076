/* SPDX-License-Identifier: MIT */
/*
 * weir server ls.
 */
#include <config.h>

#include "command.h"
#include "json_out.h"
#include "table.h"
#include "text.h"

#include <string.h>

static json_t *
worker_json(const weir_worker_info *worker)
{
    json_t *object = json_object();

    json_object_set_new(object, "task_id", json_out_text(worker->task_id));
    json_object_set_new(object, "task_type", json_out_text(worker->task_type));
    json_out_bytes(object, "task_payload", worker->payload, worker->payload_len);
    json_object_set_new(object, "queue", json_out_text(worker->queue));
    json_object_set_new(object, "started", json_out_time(worker->started_at_ms));
    json_object_set_new(object, "deadline", json_out_time(worker->deadline_ms));
    return object;
}

static json_t *
server_json(const weir_server_info *server)
{
    json_t *object = json_object(), *queues = json_object(), *workers = json_array();

    for (size_t i = 0; i < server->queue_count; i++) {
        json_object_set_new(queues, server->queues[i].name, json_integer(server->queues[i].weight));
    }
    for (size_t i = 0; i < server->worker_count; i++) {
        json_array_append_new(workers, worker_json(&server->workers[i]));
    }
    json_object_set_new(object, "id", json_out_text(server->id));
    json_object_set_new(object, "host", json_out_text(server->host));
    json_object_set_new(object, "pid", json_integer(server->pid));
    json_object_set_new(object, "concurrency", json_integer(server->concurrency));
    json_object_set_new(object, "queues", queues);
    json_object_set_new(object, "strict_priority", json_boolean(server->strict_priority));
    json_object_set_new(object, "status", json_out_text(server->status));
    json_object_set_new(object, "started", json_out_time(server->started_at_ms));
    json_object_set_new(object, "active_workers", workers);
    return object;
}

static int
print_json(const weir_server_list *list, weir_error *err)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        json_array_append_new(array, server_json(list->items[i]));
    }
    return json_out_print(array, err);
}

static char *
queues_text(const weir_server_info *server, char *dst, size_t size)
{
    size_t len = 0;

    dst[0] = '\0';
    for (size_t i = 0; i < server->queue_count && len < size; i++) {
        len += (size_t)snprintf(dst + len, size - len, "%s%s=%d", i > 0 ? "," : "",
                                server->queues[i].name, server->queues[i].weight);
    }
    return dst;
}

static int
print_table(const weir_server_list *list, int64_t now_ms)
{
    static const struct table_column columns[] = {
        {"HOST", false, true},    {"PID", true, false},    {"STATUS", false, false},
        {"ACTIVE", true, false},  {"QUEUES", false, true}, {"PRIORITY", false, false},
        {"STARTED", true, false}, {"ID", false, false},
    };
    struct table table;
    char text[TEXT_SIZE], queues[400];

    table_init(&table, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < list->count; i++) {
        const weir_server_info *server = list->items[i];
        table_text(&table, server->host);
        table_number(&table, server->pid);
        table_text(&table, server->status);
        snprintf(text, sizeof text, "%zu/%d", server->worker_count, server->concurrency);
        table_text(&table, text);
        table_text(&table, queues_text(server, queues, sizeof queues));
        table_text(&table, server->strict_priority ? "strict" : "weighted");
        table_text(&table, text_relative(text, server->started_at_ms, now_ms));
        table_text(&table, server->id);
    }
    return table_print(&table, stdout);
}

static int
server_ls(struct session *session, void *options, char **words, int count, weir_error *err)
{
    weir_inspector *inspector;
    weir_server_list *list;

    (void)options;
    (void)words;
    (void)count;
    int rc = session_inspector(session, &inspector, err);
    if (rc == 0) {
        rc = weir_inspect_servers(inspector, &list, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (session->json) {
        rc = print_json(list, err);
    } else if (list->count == 0) {
        puts("no servers");
    } else {
        rc = print_table(list, session_now_ms(session));
    }
    weir_server_list_free(list);
    return rc;
}

const struct command command_server_ls = {
    .noun = "server",
    .verb = "ls",
    .alias = "list",
    .words = "",
    .summary = "List the servers that gave a sign of life lately, and what they run",
    .run = server_ls,
};
