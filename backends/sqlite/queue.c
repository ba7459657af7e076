/* SPDX-License-Identifier: MIT */
/*
 * Pausing and removing queues.
 */
#include <config.h>

#include "calls.h"
#include "remove.h"

#define MANY 1000 /* tasks that a queue may have that was paused */

struct queue_call {
    const char *queue;
    int64_t now_ms;
    bool flag; /* paused; force */
    size_t max;
    size_t done;
    struct weir__piece piece;
};

static int
run_pause(struct weir__tx *tx, void *arg)
{
    const struct queue_call *call = arg;
    struct weir__tx_queue *queue;
    int code = weir__tx_queue(tx, call->queue, false, &queue);

    if (code != 0)
        return code;
    if (queue->paused == call->flag)
        return weir_error_set(&tx->conn->err, WEIR_E_STATE, "queue \"%s\" is %s", call->queue,
                              call->flag ? "paused already" : "not paused");
    if (queue->qid == 0)
        code = weir__conn_run(tx->conn, WEIR__SQL_queue_add, NULL, "si", call->queue, (int64_t)1);
    if (code == 0 && queue->qid == 0) {
        weir__tx_forget(tx);
        code = weir__tx_queue(tx, call->queue, false, &queue);
    }
    if (code == 0)
        code = weir__conn_run(tx->conn, WEIR__SQL_pause, NULL, "ii", queue->qid,
                              call->flag ? call->now_ms : (int64_t)0);
    if (code == 0 && !call->flag)
        weir__tx_note_tasks(tx, call->queue, MANY);
    queue->paused = call->flag;
    return code;
}

int
weir__sqlite_pause(void *self, int64_t now_ms, const char *queue, bool paused, weir_error *err)
{
    struct queue_call call = {.queue = queue, .now_ms = now_ms, .flag = paused};

    return weir__writer_run(self, run_pause, &call, err);
}

static int
any(struct weir__tx *tx, enum weir__statement id, int64_t qid)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(tx->conn, id, &stmt, "i", qid);

    if (code == 0) {
        code = weir__conn_step(tx->conn, stmt);
        weir__conn_end(stmt);
    }
    return code;
}

static int
check_removable(struct weir__tx *tx, const struct queue_call *call, int64_t qid)
{
    int code = any(tx, WEIR__SQL_any_active, qid);

    if (code == 1 && call->flag)
        return weir_error_set(&tx->conn->err, WEIR_E_STATE, "queue \"%s\" has active tasks",
                              call->queue);
    if (code == 0 && !call->flag)
        code = any(tx, WEIR__SQL_any_task, qid);
    if (code == 1)
        return weir_error_set(&tx->conn->err, WEIR_E_NOT_EMPTY, "queue \"%s\" is not empty",
                              call->queue);
    return code;
}

/* *gone: there are no more. */
static int
remove_tasks(struct weir__tx *tx, struct queue_call *call, int64_t qid, bool *gone)
{
    struct weir__removal list[WEIR__REMOVE_CHUNK];
    sqlite3_stmt *stmt;
    size_t left, limit, count;
    int code = 0;

    *gone = false;
    while (code == 0 && !*gone && !call->piece.full && call->done < call->max) {
        left = call->max - call->done;
        limit = left < WEIR__REMOVE_CHUNK ? left : WEIR__REMOVE_CHUNK;
        code = weir__conn_start(tx->conn, WEIR__SQL_queue_tasks, &stmt, "ii", qid, (int64_t)limit);
        if (code == 0)
            code = weir__removals_read(tx->conn, stmt, 1, list, &count);
        if (code != 0)
            return code;
        *gone = count < limit;
        code = weir__removals_run(tx, qid, list, &count, &call->piece);
        *gone = *gone && !call->piece.full;
        call->done += count;
    }
    return code;
}

static int
remove_rest(struct weir__tx *tx, int64_t qid)
{
    static const enum weir__statement drops[] = {
        WEIR__SQL_queue_locks_drop, WEIR__SQL_queue_days_drop, WEIR__SQL_queue_ticks_drop,
        WEIR__SQL_sets_drop,        WEIR__SQL_queue_drop,
    };
    int code = 0;
    size_t i;

    for (i = 0; i < sizeof(drops) / sizeof(drops[0]) && code == 0; i++)
        code = weir__conn_run(tx->conn, drops[i], NULL, "i", qid);
    return code;
}

static int
run_remove(struct weir__tx *tx, void *arg)
{
    struct queue_call *call = arg;
    struct weir__tx_queue *queue;
    bool gone = false;
    int64_t qid;
    int code = weir__tx_queue(tx, call->queue, false, &queue);

    if (code != 0)
        return code;
    if (!queue->known)
        return weir_error_set(&tx->conn->err, WEIR_E_NO_QUEUE, "queue \"%s\" not found",
                              call->queue);
    qid = queue->qid;
    code = check_removable(tx, call, qid);
    if (code == 0)
        code = weir__tx_flush(tx);
    if (code == 0)
        code = remove_tasks(tx, call, qid, &gone);
    if (code == 0 && gone)
        code = remove_rest(tx, qid);
    weir__tx_forget(tx);
    return code;
}

int
weir__sqlite_remove_queue(void *self, int64_t now_ms, const char *queue, bool force, size_t max,
                          size_t *done, weir_error *err)
{
    struct queue_call call = {.queue = queue, .now_ms = now_ms, .flag = force, .max = max};
    int code = weir__pieces_run(self, &call.piece, run_remove, &call, &call.done, err);

    *done = call.done;
    return code;
}
