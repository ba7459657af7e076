/* SPDX-License-Identifier: MIT */
/*
 * Putting tasks into their queues.
 *
 * The order of the checks is the contract's: an id that exists, then a lock that is held; a refused task changes nothing.
 * Without a lock the first check is the unique index's own, and WEIR__ROWS tasks go in with one statement.
 */
#include <config.h>

#include "calls.h"

#include <stdlib.h>

/* Takes the task's lock. *refused: with what, or 0. */
static int
take_lock(struct weir__tx *tx, const struct weir__tx_queue *queue, int64_t now_ms,
          const weir_enqueue_item *item, int *refused)
{
    const weir_task_info *task = item->task;
    sqlite3_stmt *stmt;
    int changed, code;

    code = weir__conn_start(tx->conn, WEIR__SQL_task_exists, &stmt, "is", queue->qid, task->id);
    if (code != 0)
        return code;
    code = weir__conn_step(tx->conn, stmt);
    weir__conn_end(stmt);
    *refused = code == 1 ? WEIR_E_CONFLICT : 0;
    if (code != 0)
        return code < 0 ? code : 0;
    code = weir__conn_run(tx->conn, WEIR__SQL_lock_take, &changed, "sisii", task->unique_key,
                          queue->qid, task->id, now_ms + item->unique_ttl_ms, now_ms);
    *refused = changed == 0 ? WEIR_E_DUPLICATE : 0;
    return code;
}

static int
find_place(struct weir__tx *tx, struct weir__tx_queue *queue, const weir_task_info *task,
           int64_t *place)
{
    if (task->state == WEIR_STATE_PENDING)
        return weir__tx_tail(tx, queue, place);
    if (task->state == WEIR_STATE_AGGREGATING)
        return weir__tx_group_tail(tx, queue, place);
    *place = task->next_process_at_ms;
    return 0;
}

/* ---- rows ---- */

/* A task whose place is found. */
struct row {
    weir_enqueue_item *item;
    int64_t now_ms;
    int64_t qid;
    int64_t place;
    char *headers; /* encoded; may be NULL */
    size_t headers_len;
};

static bool
is_big(const weir_task_info *task)
{
    return task->payload_len > WEIR__INLINE_MAX;
}

static int
bind_row(struct weir__tx *tx, sqlite3_stmt *stmt, int *at, const struct row *row)
{
    const weir_task_info *task = row->item->task;
    bool big = is_big(task);

    return weir__conn_bind(
        tx->conn, stmt, at, "iiiiiiiiiiiiissssbsb", row->qid, (int64_t)task->state, row->place,
        row->now_ms, (int64_t)task->max_retry, task->timeout_ms, task->deadline_ms,
        task->retention_ms, task->archive_for_ms,
        task->enqueued_at_ms != 0 ? task->enqueued_at_ms : row->now_ms, (int64_t)task->retried,
        task->last_failed_at_ms, (int64_t)big, task->id, task->type, task->unique_key, task->group,
        row->headers, row->headers_len, task->last_error, big ? NULL : task->payload,
        task->payload_len);
}

/* A row for a task, to be released with free_row(). */
static int
make_row(struct weir__tx *tx, struct weir__tx_queue *queue, int64_t now_ms, weir_enqueue_item *item,
         struct row *row)
{
    int code;

    *row = (struct row){.item = item, .now_ms = now_ms, .qid = queue->qid};
    code = find_place(tx, queue, item->task, &row->place);
    if (code != 0)
        return code;
    code = weir__headers_encode(item->task, &row->headers, &row->headers_len);
    return code != 0 ? weir_error_set(&tx->conn->err, code, NULL) : 0;
}

static void
free_row(struct row *row)
{
    free(row->headers);
    row->headers = NULL;
}

/* Tells those who wait of a task that was put in, and its caller of one that was not. */
static void
settle_row(struct weir__tx *tx, const struct row *row, bool inserted)
{
    const weir_task_info *task = row->item->task;

    row->item->result = inserted ? 0 : WEIR_E_CONFLICT;
    if (!inserted || task->state == WEIR_STATE_AGGREGATING)
        return;
    if (task->state == WEIR_STATE_PENDING)
        weir__tx_note(tx, task->queue, WEIR_WAKE_WORK, 0);
    else
        weir__tx_note(tx, task->queue, WEIR_WAKE_DUE, task->next_process_at_ms);
}

/* ---- one task ---- */

static int
put_row(struct weir__tx *tx, const struct row *row)
{
    const weir_task_info *task = row->item->task;
    sqlite3_stmt *stmt;
    int changed = 0, at = 1;
    int code = weir__conn_prepare(tx->conn, WEIR__SQL_insert, &stmt);

    if (code == 0)
        code = bind_row(tx, stmt, &at, row);
    if (code == 0)
        code = weir__conn_complete(tx->conn, stmt, &changed);
    if (code == 0)
        settle_row(tx, row, changed > 0);
    if (code != 0 || changed == 0 || !is_big(task))
        return code;
    return weir__conn_run(tx->conn, WEIR__SQL_payload_put, NULL, "ib",
                          sqlite3_last_insert_rowid(tx->conn->db), task->payload,
                          task->payload_len);
}

static bool
takes_lock(const weir_enqueue_item *item)
{
    return item->unique_ttl_ms > 0 && item->task->unique_key != NULL;
}

int
weir__insert(struct weir__tx *tx, int64_t now_ms, weir_enqueue_item *item)
{
    struct weir__tx_queue *queue;
    struct row row;
    int code = weir__tx_queue(tx, item->task->queue, true, &queue);

    item->result = 0;
    if (code == 0 && takes_lock(item))
        code = take_lock(tx, queue, now_ms, item, &item->result);
    if (code != 0 || item->result != 0)
        return code;
    code = make_row(tx, queue, now_ms, item, &row);
    if (code == 0)
        code = put_row(tx, &row);
    if (code == 0 && item->result == 0 && item->task->state == WEIR_STATE_AGGREGATING)
        weir__tx_join(tx, queue);
    free_row(&row);
    return code;
}

/* ---- several tasks ---- */

/* Tasks that nothing but an id can refuse, in their order. */
struct batch {
    struct row rows[WEIR__ROWS];
    size_t count;
};

/*
 * Some ids were there already. The rows of the others have got ascending numbers, the last of which SQLite knows; an id whose row has
 * another number than the next of these is that of an older task, or of one before in the batch.
 */
static int
find_inserted(struct weir__tx *tx, const struct batch *batch, int inserted)
{
    int64_t next = sqlite3_last_insert_rowid(tx->conn->db) - inserted + 1;
    sqlite3_stmt *stmt;
    size_t i;
    int code = 0;
    bool is_next;

    for (i = 0; i < batch->count && code >= 0; i++) {
        code = weir__conn_start(tx->conn, WEIR__SQL_task_exists, &stmt, "is", batch->rows[i].qid,
                                batch->rows[i].item->task->id);
        if (code == 0)
            code = weir__conn_step(tx->conn, stmt);
        is_next = code == 1 && inserted > 0 && sqlite3_column_int64(stmt, 0) == next;
        weir__conn_end(stmt);
        settle_row(tx, &batch->rows[i], is_next);
        next += is_next;
        inserted -= is_next;
    }
    return code < 0 ? code : 0;
}

static int
put_all(struct weir__tx *tx, const struct batch *batch)
{
    sqlite3_stmt *stmt;
    int changed = 0, at = 1;
    size_t i;
    int code = weir__conn_prepare(tx->conn, WEIR__SQL_insert_rows, &stmt);

    for (i = 0; i < batch->count && code == 0; i++)
        code = bind_row(tx, stmt, &at, &batch->rows[i]);
    if (code == 0)
        code = weir__conn_complete(tx->conn, stmt, &changed);
    if (code == 0 && (size_t)changed < batch->count)
        return find_inserted(tx, batch, changed);
    for (i = 0; i < batch->count && code == 0; i++)
        settle_row(tx, &batch->rows[i], true);
    return code;
}

static void
empty(struct batch *batch)
{
    while (batch->count > 0)
        free_row(&batch->rows[--batch->count]);
}

/* Puts in what has gathered. */
static int
flush(struct weir__tx *tx, struct batch *batch)
{
    size_t i;
    int code = 0;

    if (batch->count == WEIR__ROWS)
        code = put_all(tx, batch);
    for (i = 0; i < batch->count && batch->count < WEIR__ROWS && code == 0; i++)
        code = put_row(tx, &batch->rows[i]);
    empty(batch);
    return code;
}

/* What has gathered goes in before its queues' last places may be looked up again. */
static int
gather(struct weir__tx *tx, int64_t now_ms, struct batch *batch, weir_enqueue_item *item)
{
    const char *name = item->task->queue;
    struct weir__tx_queue *queue;
    int code = weir__tx_remembers(tx, name) ? 0 : flush(tx, batch);

    if (code == 0)
        code = weir__tx_queue(tx, name, true, &queue);
    if (code == 0)
        code = make_row(tx, queue, now_ms, item, &batch->rows[batch->count]);
    if (code == 0 && ++batch->count == WEIR__ROWS)
        code = flush(tx, batch);
    return code;
}

int
weir__insert_all(struct weir__tx *tx, int64_t now_ms, weir_enqueue_item *items, size_t count)
{
    struct batch batch = {.count = 0};
    size_t i;
    int code = 0;

    for (i = 0; i < count && code == 0; i++) {
        if (!takes_lock(&items[i]) && !is_big(items[i].task) &&
            items[i].task->state != WEIR_STATE_AGGREGATING) {
            code = gather(tx, now_ms, &batch, &items[i]);
            continue;
        }
        code = flush(tx, &batch);
        if (code == 0)
            code = weir__insert(tx, now_ms, &items[i]);
    }
    if (code == 0)
        code = flush(tx, &batch);
    empty(&batch);
    return code;
}
