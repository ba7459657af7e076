/* SPDX-License-Identifier: MIT */
/*
 * Producing and consuming: each call is one job of the writer.
 *
 * Tasks are taken by reading the first of the pending list, at most CHUNK at a time, showing each to the sink, and then marking
 * them: so they come in order, and one that the sink refuses is simply not marked. All tasks of a call share a new token.
 */
#include <config.h>

#include "calls.h"

#include <stdlib.h>

#define CHUNK WEIR__SEVERAL_MAX
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

    return weir__insert_all(tx, call->now_ms, call->items, call->count);
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

static struct weir__claimed
claimed(const weir_claim *claim, size_t item)
{
    return (struct weir__claimed){
        .token = (int64_t)claim->token, .seq = (int64_t)claim->ref, .item = item};
}

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
compare_seqs(const void *a, const void *b)
{
    const int64_t *one = a, *other = b;

    return (*one > *other) - (*one < *other);
}

/* Marks tasks that the sink took. */
static int
hold_as(struct weir__tx *tx, const struct consume *call, bool started, int64_t *seqs, size_t count)
{
    const struct weir__several hold = {
        .range = WEIR__SQL_hold_range,
        .rows = WEIR__SQL_hold_rows,
        .values = {call->token, call->lease, call->boot, started},
        .value_count = 4,
    };
    size_t changed;
    int code;

    if (count == 0)
        return 0;
    qsort(seqs, count, sizeof(*seqs), compare_seqs);
    code = weir__several_run(tx->conn, &hold, seqs, count, &changed);
    if (code == 0 && changed != count)
        code = weir_error_set(&tx->conn->err, WEIR_E_INTERNAL, "%zu of %zu tasks were held",
                              changed, count);
    return code;
}

static int
hold(struct weir__tx *tx, struct consume *call, int64_t *seqs, size_t count)
{
    size_t start = call->work->take->start;
    size_t left = start > call->taken ? start - call->taken : 0;
    size_t started = left < count ? left : count;
    int code = hold_as(tx, call, true, seqs, started);

    if (code == 0)
        code = hold_as(tx, call, false, seqs + started, count - started);
    call->taken += count;
    return code;
}

/* What was offered of a queue so far: all of it is there to be taken, as this transaction began later. */
static struct weir__drain
find_offers(struct weir__tx *tx, const char *queue)
{
    struct weir__drain drain = {.key = weir__board_key(queue)};
    const struct weir__board_queue *place = weir__board_place(tx->conn->board, drain.key, false);

    if (place == NULL)
        drain.key = 0;
    else
        drain.offered = atomic_load(&place->offered);
    return drain;
}

/* Takes up to `most` tasks of a queue. left is then 0 when there are no more, else still to be found out. */
static int
take_from(struct weir__tx *tx, struct consume *call, weir_take_queue *from, size_t most)
{
    struct weir__drain drain = find_offers(tx, from->name);
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
    else if (code == 0)
        weir__tx_drained(tx, drain);
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

/* Some finishes: what is done goes together; a task that is named twice has them go one by one, in their order. */
static int
run_some_finishes(struct weir__tx *tx, const struct consume *call, weir_finish *finishes,
                  size_t count)
{
    struct weir__claimed claims[WEIR__SEVERAL_MAX];
    size_t i, done = 0;
    bool distinct;
    int code = 0;

    for (i = 0; i < count; i++)
        claims[i] = claimed(finishes[i].claim, i);
    distinct = weir__claimed_sort(claims, count);
    for (i = 0; i < count && distinct; i++) {
        if (finishes[claims[i].item].kind == WEIR_FINISH_DONE)
            claims[done++] = claims[i];
    }
    code = weir__finish_done(tx, call->now_ms, finishes, claims, done);
    for (i = 0; i < count && code == 0; i++) {
        if (finishes[i].kind != WEIR_FINISH_REQUEUE &&
            (finishes[i].kind != WEIR_FINISH_DONE || !distinct))
            code = weir__finish(tx, call->now_ms, &finishes[i]);
    }
    return code;
}

/* Requeued tasks go to the head one by one: the last of the batch first, so that they keep their order. */
static int
run_finishes(struct weir__tx *tx, struct consume *call)
{
    weir_finish *finishes = call->work->finishes;
    size_t count = call->work->finish_count;
    size_t i, n;
    int code = 0;

    for (i = 0; i < count && code == 0; i += n) {
        n = count - i < WEIR__SEVERAL_MAX ? count - i : WEIR__SEVERAL_MAX;
        code = run_some_finishes(tx, call, finishes + i, n);
    }
    for (i = count; i > 0 && code == 0; i--) {
        if (finishes[i - 1].kind == WEIR_FINISH_REQUEUE)
            code = weir__finish(tx, call->now_ms, &finishes[i - 1]);
    }
    return code;
}

/* Starting a task twice is starting it: no need to look for those that are named twice, but each is told. */
static int
run_some_starts(struct weir__tx *tx, weir_start *starts, size_t count)
{
    struct weir__claimed claims[WEIR__SEVERAL_MAX];
    size_t i, n;
    int code = 0;

    for (i = 0; i < count; i++)
        claims[i] = claimed(starts[i].claim, i);
    n = weir__claimed_sort(claims, count) ? count : 1;
    for (i = 0; i < count && code == 0; i += n)
        code =
            weir__claimed_run(tx->conn, WEIR__SQL_start_range, WEIR__SQL_start_rows, claims + i, n);
    for (i = 0; i < count && code == 0; i++)
        starts[claims[i].item].result = claims[i].changed ? 0 : WEIR_E_STALE;
    return code;
}

static int
run_starts(struct weir__tx *tx, struct consume *call)
{
    size_t count = call->work->start_count;
    size_t i, n;
    int code = 0;

    for (i = 0; i < count && code == 0; i += n) {
        n = count - i < WEIR__SEVERAL_MAX ? count - i : WEIR__SEVERAL_MAX;
        code = run_some_starts(tx, call->work->starts + i, n);
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
