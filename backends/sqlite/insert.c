/* SPDX-License-Identifier: MIT */
/*
 * Putting one task into its queue.
 *
 * The order of the checks is the contract's: an id that exists, then a lock that is held; a refused task changes nothing.
 * Without a lock the first check is the unique index's own.
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

static int
insert_row(struct weir__tx *tx, const struct weir__tx_queue *queue, int64_t now_ms, int64_t place,
           const weir_task_info *task, bool *inserted)
{
    bool big = task->payload_len > WEIR__INLINE_MAX;
    const void *payload = big ? NULL : task->payload;
    char *headers;
    size_t headers_len;
    int changed = 0;
    int code = weir__headers_encode(task, &headers, &headers_len);

    if (code != 0)
        return weir_error_set(&tx->conn->err, code, NULL);
    code = weir__conn_run(
        tx->conn, WEIR__SQL_insert, &changed, "iiiiiiiiiiiiissssbsb", queue->qid,
        (int64_t)task->state, place, now_ms, (int64_t)task->max_retry, task->timeout_ms,
        task->deadline_ms, task->retention_ms, task->archive_for_ms,
        task->enqueued_at_ms != 0 ? task->enqueued_at_ms : now_ms, (int64_t)task->retried,
        task->last_failed_at_ms, (int64_t)big, task->id, task->type, task->unique_key, task->group,
        headers, headers_len, task->last_error, payload, task->payload_len);
    free(headers);
    *inserted = changed > 0;
    if (code != 0 || !big || !*inserted)
        return code;
    return weir__conn_run(tx->conn, WEIR__SQL_payload_put, NULL, "ib",
                          sqlite3_last_insert_rowid(tx->conn->db), task->payload,
                          task->payload_len);
}

static void
note_insert(struct weir__tx *tx, struct weir__tx_queue *queue, const weir_task_info *task)
{
    if (task->state == WEIR_STATE_PENDING)
        weir__tx_note(tx, task->queue, WEIR_WAKE_WORK, 0);
    else if (task->state == WEIR_STATE_SCHEDULED)
        weir__tx_note(tx, task->queue, WEIR_WAKE_DUE, task->next_process_at_ms);
    else
        weir__tx_join(tx, queue);
}

int
weir__insert(struct weir__tx *tx, int64_t now_ms, weir_enqueue_item *item)
{
    const weir_task_info *task = item->task;
    struct weir__tx_queue *queue;
    bool inserted = false;
    int64_t place;
    int code = weir__tx_queue(tx, task->queue, true, &queue);

    item->result = 0;
    if (code == 0 && item->unique_ttl_ms > 0 && task->unique_key != NULL)
        code = take_lock(tx, queue, now_ms, item, &item->result);
    if (code != 0 || item->result != 0)
        return code;
    code = find_place(tx, queue, task, &place);
    if (code == 0)
        code = insert_row(tx, queue, now_ms, place, task, &inserted);
    if (code != 0)
        return code;
    if (!inserted)
        item->result = WEIR_E_CONFLICT;
    else
        note_insert(tx, queue, task);
    return 0;
}
