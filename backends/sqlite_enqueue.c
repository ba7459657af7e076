/* SPDX-License-Identifier: MIT */
/*
 * weir_sqlite_enqueue(): the core completes the tasks, the SQLite backend puts them in. Here because neither may
 * see the other.
 */
#include <config.h>

#include "arena.h"
#include "prepare.h"

#include "sqlite/sqlite.h"

#include <stdio.h>
#include <string.h>

#include <weir/sqlite.h>

struct batch {
    struct weir__arena arena;
    struct weir__prepared *prepared;
    weir_enqueue_item *items; /* of those that could be completed */
    size_t count;
    size_t *place; /* of an item among the tasks */
    int *codes;    /* of the tasks */
    size_t first;  /* task that failed by itself; the number of tasks: none */
    weir_error why;
};

static int
batch_init(struct batch *batch, size_t count, weir_error *err)
{
    memset(batch, 0, sizeof(*batch));
    batch->first = count;
    batch->prepared = weir__arena_array(&batch->arena, count, sizeof(*batch->prepared));
    batch->items = weir__arena_array(&batch->arena, count, sizeof(*batch->items));
    batch->place = weir__arena_array(&batch->arena, count, sizeof(*batch->place));
    batch->codes = weir__arena_array(&batch->arena, count, sizeof(*batch->codes));
    if (batch->prepared != NULL && batch->items != NULL && batch->place != NULL &&
        batch->codes != NULL)
        return 0;
    weir__arena_release(&batch->arena);
    return weir_error_set(err, WEIR_E_NOMEM, NULL);
}

static void
refuse(struct batch *batch, size_t i, int code, const weir_error *why)
{
    batch->codes[i] = code;
    if (i >= batch->first)
        return;
    batch->first = i;
    batch->why = *why;
}

static void
complete(struct batch *batch, const weir_task *task, size_t i, int64_t now_ms)
{
    struct weir__prepared *prepared = &batch->prepared[i];
    weir_error why = {0};
    int code = weir__prepare(prepared, task, weir_clock_system(), now_ms, &batch->arena, &why);

    if (code != 0) {
        refuse(batch, i, code, &why);
        return;
    }
    batch->place[batch->count] = i;
    batch->items[batch->count++] =
        (weir_enqueue_item){.task = &prepared->info, .unique_ttl_ms = prepared->unique_ttl_ms};
}

/* What the backend said of each item. */
static void
gather(struct batch *batch)
{
    for (size_t j = 0; j < batch->count; j++) {
        const weir_enqueue_item *item = &batch->items[j];
        weir_error why = {0};

        if (item->result == 0)
            continue;
        weir_error_set(&why, item->result, "%s (id \"%s\", queue \"%s\")",
                       weir_strerror(item->result), item->task->id, item->task->queue);
        refuse(batch, batch->place[j], item->result, &why);
    }
}

static void
write_receipts(const struct batch *batch, weir_receipt *receipts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const weir_task_info *info = &batch->prepared[i].info;
        bool done = batch->codes[i] == 0;

        memset(&receipts[i], 0, sizeof(receipts[i]));
        receipts[i].code = batch->codes[i];
        receipts[i].state = done ? info->state : WEIR_STATE_NONE;
        receipts[i].process_at_ms = done ? info->next_process_at_ms : 0;
        if (info->id != NULL)
            snprintf(receipts[i].id, sizeof(receipts[i].id), "%.*s", WEIR_ID_MAX, info->id);
    }
}

static int
report(const struct batch *batch, size_t count, weir_error *err)
{
    if (batch->first == count)
        return 0;
    return weir_error_set(err, batch->why.code, "task %zu: %s", batch->first, batch->why.text);
}

int
weir_sqlite_enqueue(struct sqlite3 *db, const weir_task *tasks, size_t count,
                    weir_receipt *receipts, weir_error *err)
{
    const weir_clock *clock = weir_clock_system();
    int64_t now_ms = clock->wall_ms(clock->ctx);
    struct batch batch;
    int code;

    if (db == NULL || (tasks == NULL && count > 0))
        return weir_error_set(err, WEIR_E_INVALID, "no %s", db == NULL ? "connection" : "tasks");
    if (count == 0)
        return 0;
    code = batch_init(&batch, count, err);
    if (code != 0)
        return code;
    for (size_t i = 0; i < count; i++)
        complete(&batch, &tasks[i], i, now_ms);
    code = weir__sqlite_enqueue_into(db, now_ms, batch.items, batch.count, err);
    gather(&batch);
    if (receipts != NULL)
        write_receipts(&batch, receipts, count);
    code = code != 0 ? code : report(&batch, count, err);
    weir__arena_release(&batch.arena);
    return code;
}
