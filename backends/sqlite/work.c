/* SPDX-License-Identifier: MIT */
/*
 * Producing and consuming: each call is one job of the writer.
 *
 * Tasks are taken by reading the first of the pending list, at most CHUNK at a time, showing each to the sink, and then marking
 * them: so they come in order, and one that the sink refuses is simply not marked. All tasks of a call share a new token.
 */
#include <config.h>

#include "calls.h"

#define CHUNK 256
#define NOT_KNOWN SIZE_MAX /* how many are left of a queue */

struct enqueue {
    int64_t now_ms;
    weir_enqueue_item *items;
    size_t count;
};

static int
run_enqueue(struct weir__tx *tx, void *arg)
{
    struct enqueue *call = arg;
    int code = 0;
    size_t i;

    for (i = 0; i < call->count && code == 0; i++)
        code = weir__insert(tx, call->now_ms, &call->items[i]);
    return code;
}

int
weir__sqlite_enqueue(void *self, const weir_request_id *request, int64_t now_ms,
                     weir_enqueue_item *items, size_t count, weir_error *err)
{
    struct enqueue call = {now_ms, items, count};
    int code = weir__writer_run(self, run_enqueue, &call, err);
    size_t i;

    (void)request; /* replies are sure */
    for (i = 0; i < count && code != 0; i++)
        items[i].result = code;
    return code;
}

struct consume {
    struct weir__store *store;
    int64_t now_ms;
    weir_consume *work;
    struct weir__row row;
    size_t taken;
    int64_t token;
    int64_t boot;
    int64_t lease; /* counted from when the write lock is there, however long that takes */
    bool stop;     /* the sink wants no more */
};

/* Shows up to `limit` pending tasks to the sink and lists those it took. */
static int
show(struct weir__tx *tx, struct consume *call, const struct weir__tx_queue *queue, size_t limit,
     int64_t *seqs, size_t *shown)
{
    const weir_take *take = call->work->take;
    weir_task_info *info = &call->row.info;
    sqlite3_stmt *stmt;
    int code = weir__conn_start(tx->conn, WEIR__SQL_take, &stmt, "ii", queue->qid, (int64_t)limit);

    *shown = 0;
    if (code != 0)
        return code;
    while (!call->stop && (code = weir__conn_step(tx->conn, stmt)) == 1) {
        code = weir__row_read(&call->row, call->store, stmt, queue->name);
        if (code != 0) {
            weir_error_set(&tx->conn->err, code, NULL);
            break;
        }
        info->state = WEIR_STATE_ACTIVE;
        info->pending_since_ms = 0;
        info->lease_expires_at_ms = call->now_ms + take->lease_ms;
        call->stop = take->sink(take->sink_arg, info, (uint64_t)call->token,
                                (uint64_t)call->row.seq, call->taken + *shown < take->start) != 0;
        if (!call->stop)
            seqs[(*shown)++] = call->row.seq;
    }
    weir__conn_end(stmt);
    return code < 0 ? code : 0;
}

static int
hold(struct weir__tx *tx, struct consume *call, const int64_t *seqs, size_t count)
{
    int code = 0;
    int64_t started;
    size_t i;

    for (i = 0; i < count && code == 0; i++) {
        started = call->taken + i < call->work->take->start;
        code = weir__conn_run(tx->conn, WEIR__SQL_hold, NULL, "iiiii", seqs[i], call->token,
                              call->lease, call->boot, started);
    }
    call->taken += count;
    return code;
}

/* Takes up to `most` tasks of a queue. left is then 0 when there are no more, else still to be found out. */
static int
take_from(struct weir__tx *tx, struct consume *call, weir_take_queue *from, size_t most)
{
    int64_t seqs[CHUNK];
    struct weir__tx_queue *queue;
    size_t limit, shown;
    int code = weir__tx_queue(tx, from->name, false, &queue);

    from->left = 0;
    if (code != 0 || queue->qid == 0 || queue->paused)
        return code;
    do {
        limit = most < CHUNK ? most : CHUNK;
        code = show(tx, call, queue, limit, seqs, &shown);
        if (code == 0)
            code = hold(tx, call, seqs, shown);
        most -= shown;
    } while (code == 0 && !call->stop && shown == CHUNK && most > 0);
    if (shown == limit || call->stop)
        from->left = NOT_KNOWN;
    return code;
}

/* The width of the pending list: its length, but for what was taken out of the middle. */
static int
hint_left(struct weir__tx *tx, weir_take_queue *from)
{
    struct weir__tx_queue *queue;
    int64_t low, high;
    int code = weir__tx_queue(tx, from->name, false, &queue);

    from->left = 0;
    if (code != 0 || queue->qid == 0 || queue->paused)
        return code;
    code = weir__tx_ends(tx, queue->qid, WEIR_STATE_PENDING, &low, &high);
    if (code == 1)
        from->left = (size_t)(high - low) + 1;
    return code < 0 ? code : 0;
}

/* First each queue's share, then what is missing from whoever has more. A queue that is exhausted is not asked again. */
static int
run_take(struct weir__tx *tx, struct consume *call)
{
    weir_take *take = call->work->take;
    int code = 0;
    size_t i;

    call->lease = weir__boot_ms(call->store) + take->lease_ms;
    for (i = 0; i < take->queue_count && code == 0; i++) {
        take->queues[i].left = NOT_KNOWN;
        if (!call->stop && take->queues[i].want > 0)
            code = take_from(tx, call, &take->queues[i], take->queues[i].want);
    }
    for (i = 0; i < take->queue_count && code == 0; i++) {
        if (!call->stop && call->taken < take->max && take->queues[i].left > 0)
            code = take_from(tx, call, &take->queues[i], take->max - call->taken);
    }
    for (i = 0; i < take->queue_count && code == 0; i++) {
        if (take->queues[i].left > 0)
            code = hint_left(tx, &take->queues[i]);
    }
    return code;
}

/* Requeued tasks go to the head one by one: the last of the batch first, so that they keep their order. */
static int
run_finishes(struct weir__tx *tx, struct consume *call)
{
    weir_finish *finishes = call->work->finishes;
    size_t count = call->work->finish_count;
    int code = 0;
    size_t i;

    for (i = 0; i < count && code == 0; i++) {
        if (finishes[i].kind != WEIR_FINISH_REQUEUE)
            code = weir__finish(tx, call->now_ms, &finishes[i]);
    }
    for (i = count; i > 0 && code == 0; i--) {
        if (finishes[i - 1].kind == WEIR_FINISH_REQUEUE)
            code = weir__finish(tx, call->now_ms, &finishes[i - 1]);
    }
    return code;
}

static int
run_starts(struct weir__tx *tx, struct consume *call)
{
    const weir_consume *work = call->work;
    int changed, code = 0;
    size_t i;

    for (i = 0; i < work->start_count && code == 0; i++) {
        code = weir__conn_run(tx->conn, WEIR__SQL_start, &changed, "ii",
                              (int64_t)work->starts[i].claim->ref,
                              (int64_t)work->starts[i].claim->token);
        work->starts[i].result = changed > 0 ? 0 : WEIR_E_STALE;
    }
    return code;
}

static int
run_consume(struct weir__tx *tx, void *arg)
{
    struct consume *call = arg;
    int code = run_finishes(tx, call);

    if (code == 0)
        code = run_starts(tx, call);
    if (code == 0 && call->work->take != NULL)
        code = run_take(tx, call);
    return code;
}

/* Nothing was done: every item has the call's code. */
static void
refuse(weir_consume *work, int code)
{
    size_t i;

    for (i = 0; i < work->finish_count; i++)
        work->finishes[i].outcome = code;
    for (i = 0; i < work->start_count; i++)
        work->starts[i].result = code;
}

int
weir__sqlite_consume(void *self, const weir_request_id *request, int64_t now_ms, weir_consume *work,
                     weir_error *err)
{
    struct consume call = {
        .store = self,
        .now_ms = now_ms,
        .work = work,
        .token = weir__new_token(self),
        .boot = weir__boot_number(self),
    };
    int code;

    (void)request;
    code = weir__writer_run(self, run_consume, &call, err);
    weir__row_release(&call.row);
    if (code != 0)
        refuse(work, code);
    return code;
}

struct extend {
    const struct weir__store *store;
    int64_t lease_ms;
    int64_t lease; /* counted from when the write lock is there */
    int64_t boot;
    weir_extend_item *items;
    size_t count;
};

static int
extend_one(struct weir__tx *tx, const struct extend *call, weir_extend_item *item)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(tx->conn, WEIR__SQL_extend, &stmt, "iiii",
                                (int64_t)item->claim->ref, (int64_t)item->claim->token, call->lease,
                                call->boot);

    if (code != 0)
        return code;
    code = weir__conn_step(tx->conn, stmt);
    item->result = code == 1 ? 0 : WEIR_E_STALE;
    item->cancelled = code == 1 ? (weir_cancel_mode)sqlite3_column_int(stmt, 0) : WEIR_CANCEL_NONE;
    weir__conn_end(stmt);
    return code < 0 ? code : 0;
}

static int
run_extend(struct weir__tx *tx, void *arg)
{
    struct extend *call = arg;
    int code = 0;
    size_t i;

    call->lease = weir__boot_ms(call->store) + call->lease_ms;
    for (i = 0; i < call->count && code == 0; i++)
        code = extend_one(tx, call, &call->items[i]);
    return code;
}

int
weir__sqlite_extend(void *self, int64_t now_ms, int64_t lease_ms, weir_extend_item *items,
                    size_t count, weir_error *err)
{
    struct extend call = {
        .store = self,
        .lease_ms = lease_ms,
        .boot = weir__boot_number(self),
        .items = items,
        .count = count,
    };
    int code = weir__writer_run(self, run_extend, &call, err);
    size_t i;

    (void)now_ms;
    for (i = 0; i < count && code != 0; i++) {
        items[i].result = code;
        items[i].cancelled = WEIR_CANCEL_NONE;
    }
    return code;
}
