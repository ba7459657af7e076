/* SPDX-License-Identifier: MIT */
/*
 * The client: completes tasks, sends them in chunks, and tells each how it fared.
 *
 * A chunk is bounded in tasks and bytes, so that no call holds a store up for long. Tasks that are
 * refused here are left out of it. A task's code ends up in its slot, whoever refused it; the error
 * text is made afterwards, for the first refused task only.
 */
#include <config.h>

#include <weir/client.h>

#include "broker.h"
#include "calls.h"
#include "prepare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_TASKS = WEIR_BATCH_MAX,
    CHUNK_BYTES = 8 * 1024 * 1024
};

struct weir_client {
    weir_broker *broker;
};

struct slot {
    struct weir__prepared prepared;
    int code;
    bool sent;
};

/* The tasks of one chunk; slots and items have room for all. */
struct chunk {
    weir_broker *broker;
    const weir_task *tasks;
    size_t count;
    int64_t now_ms;
    struct slot *slots;
    weir_enqueue_item *items;
    struct weir__arena arena; /* unique keys */
};

/* What the caller is told. */
struct report {
    weir_receipt *receipts; /* may be NULL */
    weir_error *err;
    bool many; /* texts name the index */
    int code;  /* of the first task that was not acknowledged */
};

int
weir_client_new(weir_client **client, weir_broker *broker, weir_error *err)
{
    if (!client)
        return weir_error_set(err, WEIR_E_INVALID, "no place for the client");
    *client = NULL;
    if (!broker)
        return weir_error_set(err, WEIR_E_INVALID, "a client needs a broker");
    *client = calloc(1, sizeof **client);
    if (!*client)
        return weir_error_set(err, WEIR_E_NOMEM, NULL);
    (*client)->broker = weir_broker_ref(broker);
    return 0;
}

void
weir_client_free(weir_client *client)
{
    if (!client)
        return;
    weir_broker_close(client->broker);
    free(client);
}

static int
prepare(struct chunk *chunk, size_t i, weir_error *err)
{
    const weir_task *task = &chunk->tasks[i];
    int rc = weir__prepare(&chunk->slots[i].prepared, task, chunk->broker->clock, chunk->now_ms,
                           &chunk->arena, err);

    if (rc == 0 && task->group)
        rc = weir__require(chunk->broker, WEIR_CAP_GROUPS, "group", err);
    return rc;
}

int
weir_client_check(weir_client *client, const weir_task *task, weir_error *err)
{
    struct slot slot;
    struct chunk chunk = {.tasks = task, .count = 1, .slots = &slot};
    int rc;

    if (!client || !task)
        return weir_error_set(err, WEIR_E_INVALID, "no %s", client ? "task" : "client");
    chunk.broker = client->broker;
    chunk.now_ms = weir__broker_now_ms(chunk.broker);
    rc = prepare(&chunk, 0, err);
    weir__arena_release(&chunk.arena);
    return rc;
}

static void
describe_refusal(struct chunk *chunk, size_t i, const weir_error *call_error, weir_error *err)
{
    const struct slot *slot = &chunk->slots[i];
    const weir_task_info *info = &slot->prepared.info;

    if (!slot->sent)
        prepare(chunk, i, err);
    else if (slot->code == WEIR_E_CONFLICT)
        weir_error_set(err, slot->code, "task ID \"%s\" is taken in queue \"%s\"", info->id,
                       info->queue);
    else if (slot->code == WEIR_E_DUPLICATE)
        weir_error_set(err, slot->code,
                       "task already exists: one of type \"%s\" with this payload holds the lock "
                       "in queue \"%s\"",
                       info->type, info->queue);
    else if (call_error->code == slot->code)
        weir_error_set(err, slot->code, "%s", call_error->text);
    weir_error_set(err, slot->code, NULL);
}

static void
report_refusal(struct report *report, struct chunk *chunk, size_t first, size_t i,
               const weir_error *call_error)
{
    weir_error detail;

    if (report->code != 0)
        return;
    report->code = chunk->slots[i].code;
    weir_error_clear(&detail);
    describe_refusal(chunk, i, call_error, &detail);
    if (report->many)
        weir_error_set(report->err, report->code, "task %zu: %s", first + i, detail.text);
    else
        weir_error_set(report->err, report->code, "%s", detail.text);
}

static void
write_receipt(weir_receipt *receipt, const struct slot *slot, const weir_task *task)
{
    const char *id = slot->sent ? slot->prepared.info.id : task->id;
    size_t len = id ? strlen(id) : 0;

    receipt->code = slot->code;
    receipt->state = slot->code == 0 ? slot->prepared.info.state : WEIR_STATE_NONE;
    receipt->process_at_ms = slot->code == 0 ? slot->prepared.info.next_process_at_ms : 0;
    if (len >= sizeof receipt->id)
        len = 0;
    if (len > 0)
        memcpy(receipt->id, id, len);
    receipt->id[len] = '\0';
}

static size_t
prepare_all(struct chunk *chunk)
{
    size_t n = 0;

    for (size_t i = 0; i < chunk->count; i++) {
        struct slot *slot = &chunk->slots[i];

        slot->code = prepare(chunk, i, NULL);
        slot->sent = slot->code == 0;
        if (slot->sent)
            chunk->items[n++] = (weir_enqueue_item){.task = &slot->prepared.info,
                                                    .unique_ttl_ms = slot->prepared.unique_ttl_ms,
                                                    .fresh = !chunk->tasks[i].id};
    }
    return n;
}

/* Enqueues one chunk, whose first task has the index `first`. Returns the code of the call, which is 0 when
 * only tasks by themselves were refused. */
static int
enqueue_chunk(struct chunk *chunk, size_t first, struct report *report)
{
    const weir_enqueue_item *item = chunk->items;
    weir_error call_error;
    size_t n;
    int rc = 0;

    weir_error_clear(&call_error);
    chunk->now_ms = weir__broker_now_ms(chunk->broker);
    n = prepare_all(chunk);
    if (report->many)
        rc = weir__enqueue(chunk->broker, chunk->items, n, &call_error);
    else if (n > 0)
        rc = weir__enqueue_one(chunk->broker, chunk->items, &call_error);
    for (size_t i = 0; i < chunk->count; i++) {
        struct slot *slot = &chunk->slots[i];

        if (slot->sent)
            slot->code = item++->result;
        if (report->receipts)
            write_receipt(&report->receipts[first + i], slot, &chunk->tasks[i]);
        if (slot->code != 0)
            report_refusal(report, chunk, first, i, &call_error);
    }
    weir__arena_release(&chunk->arena);
    return rc;
}

int
weir_enqueue(weir_client *client, const weir_task *task, weir_receipt *receipt, weir_error *err)
{
    struct slot slot;
    weir_enqueue_item item;
    struct chunk chunk = {.tasks = task, .count = 1, .slots = &slot, .items = &item};
    struct report report = {.receipts = receipt, .err = err};

    if (!client || !task)
        return weir_error_set(err, WEIR_E_INVALID, "no %s", client ? "task" : "client");
    chunk.broker = client->broker;
    enqueue_chunk(&chunk, 0, &report);
    return report.code;
}

/* How many of the tasks go into one chunk: at least one. */
static size_t
chunk_size(const weir_task *tasks, size_t count)
{
    size_t bytes = tasks[0].payload_len;
    size_t n = 1;

    while (n < count && n < CHUNK_TASKS && bytes < CHUNK_BYTES &&
           tasks[n].payload_len <= CHUNK_BYTES - bytes)
        bytes += tasks[n++].payload_len;
    return n;
}

/* The rest of a call after a chunk that the broker did not take: not sent, so not unknown either. */
static void
leave_rest(struct report *report, const weir_task *tasks, size_t from, size_t count, int rc)
{
    struct slot slot = {.code = rc == WEIR_E_UNKNOWN ? WEIR_E_UNAVAILABLE : rc};

    for (size_t i = from; report->receipts && i < count; i++)
        write_receipt(&report->receipts[i], &slot, &tasks[i]);
}

static void
enqueue_all(struct chunk *chunk, const weir_task *tasks, size_t count, struct report *report)
{
    size_t done = 0;
    int rc = 0;

    while (rc == 0 && done < count) {
        chunk->tasks = tasks + done;
        chunk->count = chunk_size(tasks + done, count - done);
        rc = enqueue_chunk(chunk, done, report);
        done += chunk->count;
    }
    leave_rest(report, tasks, done, count, rc);
}

int
weir_enqueue_many(weir_client *client, const weir_task *tasks, size_t count, weir_receipt *receipts,
                  weir_error *err)
{
    struct report report = {.receipts = receipts, .err = err, .many = true};
    struct chunk chunk = {0};
    size_t room = weir__batch(count);

    if (!client || (!tasks && count > 0))
        return weir_error_set(err, WEIR_E_INVALID, "no %s", client ? "tasks" : "client");
    if (count == 0)
        return 0;
    chunk.broker = client->broker;
    chunk.slots = malloc(room * sizeof *chunk.slots);
    chunk.items = malloc(room * sizeof *chunk.items);
    if (chunk.slots && chunk.items) {
        enqueue_all(&chunk, tasks, count, &report);
    } else {
        leave_rest(&report, tasks, 0, count, WEIR_E_NOMEM);
        report.code = weir_error_set(err, WEIR_E_NOMEM, NULL);
    }
    free(chunk.items);
    free(chunk.slots);
    return report.code;
}
