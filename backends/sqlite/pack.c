/* SPDX-License-Identifier: MIT */
/*
 * Packing: the same walk over the fields for counting, writing and reading, in that order of fields. A
 * string's length is stored plus one, 0 stands for NULL.
 */
#include <config.h>

#include "pack.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WORKER_BYTES_MIN 56 /* of a packed worker, to bound what a damaged count can claim */
#define QUEUE_BYTES_MIN 16
#define ENTRY_BYTES_MIN 64
#define OPTION_BYTES_MIN 8

struct writer {
    char *at; /* NULL: only counts */
    size_t len;
};

struct reader {
    const char *at;
    size_t left;
    bool bad;
};

static void
put_number(struct writer *writer, int64_t n)
{
    if (writer->at != NULL)
        memcpy(writer->at + writer->len, &n, sizeof(n));
    writer->len += sizeof(n);
}

static void
put_bytes(struct writer *writer, const void *data, size_t len)
{
    put_number(writer, data != NULL ? (int64_t)len + 1 : 0);
    if (data == NULL)
        return;
    if (writer->at != NULL) {
        memcpy(writer->at + writer->len, data, len);
        writer->at[writer->len + len] = '\0';
    }
    writer->len += len + 1;
}

static void
put_string(struct writer *writer, const char *s)
{
    put_bytes(writer, s, s != NULL ? strlen(s) : 0);
}

static void
put_worker(struct writer *writer, const weir_worker_info *worker)
{
    put_string(writer, worker->task_id);
    put_string(writer, worker->task_type);
    put_string(writer, worker->queue);
    put_bytes(writer, worker->payload, worker->payload_len);
    put_number(writer, worker->started_at_ms);
    put_number(writer, worker->deadline_ms);
    put_number(writer, 0); /* room to grow */
}

static void
put_server(struct writer *writer, const weir_server_info *server)
{
    size_t i;

    put_string(writer, server->id);
    put_string(writer, server->host);
    put_number(writer, server->pid);
    put_number(writer, server->concurrency);
    put_number(writer, server->strict_priority);
    put_string(writer, server->status);
    put_number(writer, server->started_at_ms);
    put_number(writer, (int64_t)server->queue_count);
    for (i = 0; i < server->queue_count; i++) {
        put_string(writer, server->queues[i].name);
        put_number(writer, server->queues[i].weight);
    }
    put_number(writer, (int64_t)server->worker_count);
    for (i = 0; i < server->worker_count; i++)
        put_worker(writer, &server->workers[i]);
}

void *
weir__server_pack(const weir_server_info *server, size_t *len)
{
    struct writer writer = {NULL, 0};

    put_server(&writer, server);
    *len = writer.len;
    writer.at = malloc(writer.len);
    writer.len = 0;
    if (writer.at != NULL)
        put_server(&writer, server);
    return writer.at;
}

static int64_t
get_number(struct reader *reader)
{
    int64_t n = 0;

    if (reader->left < sizeof(n)) {
        reader->bad = true;
        return 0;
    }
    memcpy(&n, reader->at, sizeof(n));
    reader->at += sizeof(n);
    reader->left -= sizeof(n);
    return n;
}

static const void *
get_bytes(struct reader *reader, size_t *len)
{
    int64_t stored = get_number(reader);
    const char *data = reader->at;

    *len = 0;
    if (stored == 0 || reader->bad)
        return NULL;
    if (stored < 0 || (uint64_t)stored > reader->left || data[stored - 1] != '\0') {
        reader->bad = true;
        return NULL;
    }
    reader->at += stored;
    reader->left -= (size_t)stored;
    *len = (size_t)stored - 1;
    return data;
}

static const char *
get_string(struct reader *reader)
{
    size_t len;

    return get_bytes(reader, &len);
}

/* The number of entries that follow, each of at least so many bytes. */
static size_t
get_count(struct reader *reader, size_t bytes_min)
{
    int64_t count = get_number(reader);

    if (count < 0 || (uint64_t)count > reader->left / bytes_min)
        reader->bad = true;
    return reader->bad ? 0 : (size_t)count;
}

static void
get_worker(struct reader *reader, weir_worker_info *worker)
{
    worker->task_id = get_string(reader);
    worker->task_type = get_string(reader);
    worker->queue = get_string(reader);
    worker->payload = get_bytes(reader, &worker->payload_len);
    worker->started_at_ms = get_number(reader);
    worker->deadline_ms = get_number(reader);
    get_number(reader);
}

static int
get_queues(struct reader *reader, struct weir__server_view *view)
{
    size_t i, count = get_count(reader, QUEUE_BYTES_MIN);

    view->queues = calloc(count + 1, sizeof(*view->queues));
    if (view->queues == NULL)
        return WEIR_E_NOMEM;
    for (i = 0; i < count; i++) {
        view->queues[i].name = get_string(reader);
        view->queues[i].weight = (int)get_number(reader);
    }
    view->info.queues = view->queues;
    view->info.queue_count = count;
    return 0;
}

static int
get_workers(struct reader *reader, struct weir__server_view *view)
{
    size_t i, count = get_count(reader, WORKER_BYTES_MIN);

    view->workers = calloc(count + 1, sizeof(*view->workers));
    if (view->workers == NULL)
        return WEIR_E_NOMEM;
    for (i = 0; i < count; i++)
        get_worker(reader, &view->workers[i]);
    view->info.workers = view->workers;
    view->info.worker_count = count;
    return 0;
}

int
weir__server_unpack(struct weir__server_view *view, const void *block, size_t len)
{
    struct reader reader = {block, len, false};
    weir_server_info *info = &view->info;
    int code;

    memset(view, 0, sizeof(*view));
    info->id = get_string(&reader);
    info->host = get_string(&reader);
    info->pid = (int)get_number(&reader);
    info->concurrency = (int)get_number(&reader);
    info->strict_priority = get_number(&reader) != 0;
    info->status = get_string(&reader);
    info->started_at_ms = get_number(&reader);
    code = get_queues(&reader, view);
    if (code == 0)
        code = get_workers(&reader, view);
    if (code == 0 && (reader.bad || info->id == NULL))
        code = WEIR_E_CORRUPT;
    if (code != 0)
        weir__server_release(view);
    return code;
}

void
weir__server_release(struct weir__server_view *view)
{
    free(view->queues);
    free(view->workers);
    memset(view, 0, sizeof(*view));
}

/* ---- entries of a scheduler ---- */

static void
put_entry(struct writer *writer, const weir_scheduler_entry *entry)
{
    size_t i;

    put_string(writer, entry->id);
    put_string(writer, entry->spec);
    put_string(writer, entry->task->type);
    put_string(writer, entry->task->queue);
    put_bytes(writer, entry->task->payload, entry->task->payload_len);
    put_number(writer, entry->next_at_ms);
    put_number(writer, entry->prev_at_ms);
    put_number(writer, (int64_t)entry->option_count);
    for (i = 0; i < entry->option_count; i++)
        put_string(writer, entry->options[i]);
}

static void
put_entries(struct writer *writer, const weir_scheduler_entry *entries, size_t count)
{
    size_t i;

    put_number(writer, (int64_t)count);
    for (i = 0; i < count; i++)
        put_entry(writer, &entries[i]);
}

void *
weir__entries_pack(const weir_scheduler_entry *entries, size_t count, size_t *len)
{
    struct writer writer = {NULL, 0};

    put_entries(&writer, entries, count);
    *len = writer.len;
    writer.at = malloc(writer.len);
    writer.len = 0;
    if (writer.at != NULL)
        put_entries(&writer, entries, count);
    return writer.at;
}

static int
show_entry(struct reader *reader, weir_entry_sink sink, void *arg)
{
    weir_scheduler_entry entry = {0};
    weir_task_info task = {0};
    const char **options;
    int code;
    size_t i;

    entry.id = get_string(reader);
    entry.spec = get_string(reader);
    task.type = get_string(reader);
    task.queue = get_string(reader);
    task.payload = get_bytes(reader, &task.payload_len);
    entry.next_at_ms = get_number(reader);
    entry.prev_at_ms = get_number(reader);
    entry.option_count = get_count(reader, OPTION_BYTES_MIN);
    options = calloc(entry.option_count + 1, sizeof(*options));
    if (options == NULL)
        return WEIR_E_NOMEM;
    for (i = 0; i < entry.option_count; i++)
        options[i] = get_string(reader);
    entry.options = options;
    entry.task = &task;
    code = reader->bad || entry.id == NULL ? WEIR_E_CORRUPT : sink(arg, &entry);
    free(options);
    return code;
}

int
weir__entries_show(const void *block, size_t len, weir_entry_sink sink, void *arg)
{
    struct reader reader = {block, len, false};
    size_t i, count = get_count(&reader, ENTRY_BYTES_MIN);
    int code = reader.bad ? WEIR_E_CORRUPT : 0;

    for (i = 0; i < count && code == 0; i++)
        code = show_entry(&reader, sink, arg);
    return code;
}
