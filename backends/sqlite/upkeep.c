/* SPDX-License-Identifier: MIT */
/*
 * Upkeep: forwarding due tasks, recovering dead ones, deleting expired ones.
 *
 * Each call first looks from a reading connection; the write lock is taken only when there is something to do, so
 * idle servers do not disturb those who write. What was found is looked up again inside the transaction.
 */
#include <config.h>

#include "calls.h"

#define CHUNK 256

/* A question to a queue, and whether any queue said yes. */
typedef int (*queue_question)(struct weir__conn *conn, int64_t qid, const void *arg);

/* Whether a statement gives a row: 1, 0, or a failure. */
static int
any_row(struct weir__conn *conn, sqlite3_stmt *stmt)
{
    int code = weir__conn_step(conn, stmt);

    weir__conn_end(stmt);
    return code;
}

static int
ask_queues(struct weir__store *store, const char *const *queues, size_t count,
           queue_question question, const void *arg, weir_error *err)
{
    struct weir__conn *conn;
    int64_t qid;
    int code = weir__read_begin(store, &conn, err);
    size_t i;

    if (code != 0)
        return code;
    for (i = 0; i < count && code == 0; i++) {
        code = weir__read_queue(conn, queues[i], &qid);
        if (code == 0 && qid != 0)
            code = question(conn, qid, arg);
    }
    weir__report(conn, code < 0 ? code : 0, err);
    weir__read_end(store, conn);
    return code;
}

/* ---- forward ---- */

struct forward {
    weir_forward *forward;
    int64_t now_ms;
};

struct due {
    int64_t seq;
    int64_t at_ms;
    bool in_group;
};

static int
has_due(struct weir__conn *conn, int64_t qid, const void *arg)
{
    const struct forward *call = arg;
    static const weir_state states[] = {WEIR_STATE_SCHEDULED, WEIR_STATE_RETRY};
    sqlite3_stmt *stmt;
    int code = 0;
    size_t i;

    for (i = 0; i < 2 && code == 0; i++) {
        code = weir__conn_start(conn, WEIR__SQL_due, &stmt, "iiii", qid, (int64_t)states[i],
                                call->now_ms, (int64_t)1);
        if (code == 0)
            code = any_row(conn, stmt);
    }
    return code;
}

static int
list_due(struct weir__tx *tx, const struct forward *call, int64_t qid, weir_state state,
         struct due *list, size_t limit, size_t *count)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(tx->conn, WEIR__SQL_due, &stmt, "iiii", qid, (int64_t)state,
                                call->now_ms, (int64_t)limit);

    *count = 0;
    if (code != 0)
        return code;
    while ((code = weir__conn_step(tx->conn, stmt)) == 1) {
        list[*count].seq = sqlite3_column_int64(stmt, 0);
        list[*count].at_ms = sqlite3_column_int64(stmt, 1);
        list[*count].in_group = sqlite3_column_type(stmt, 2) != SQLITE_NULL;
        (*count)++;
    }
    weir__conn_end(stmt);
    return code;
}

static int
move_due(struct weir__tx *tx, const struct forward *call, struct weir__tx_queue *queue,
         const struct due *due)
{
    weir_state to = due->in_group ? WEIR_STATE_AGGREGATING : WEIR_STATE_PENDING;
    int64_t place;
    int code = due->in_group ? weir__tx_group_tail(tx, queue, &place)
                             : weir__tx_tail(tx, queue, &place);

    if (code == 0)
        code = weir__conn_run(tx->conn, WEIR__SQL_forward, NULL, "iiii", due->seq, (int64_t)to,
                              place, call->now_ms);
    if (code == 0 && due->in_group)
        weir__tx_join(tx, queue);
    else if (code == 0)
        weir__tx_note(tx, queue->name, WEIR_WAKE_WORK, 0);
    return code;
}

/* Moves from both states in order of due time; both lists are sorted. */
static int
forward_some(struct weir__tx *tx, const struct forward *call, struct weir__tx_queue *queue,
             size_t limit, size_t *moved)
{
    struct due scheduled[CHUNK], retry[CHUNK];
    size_t n = 0, m = 0, i = 0, j = 0;
    bool first;
    int code = list_due(tx, call, queue->qid, WEIR_STATE_SCHEDULED, scheduled, limit, &n);

    if (code == 0)
        code = list_due(tx, call, queue->qid, WEIR_STATE_RETRY, retry, limit, &m);
    for (*moved = 0; *moved < limit && i + j < n + m && code == 0; (*moved)++) {
        first = j == m || (i < n && scheduled[i].at_ms <= retry[j].at_ms);
        code = move_due(tx, call, queue, first ? &scheduled[i++] : &retry[j++]);
    }
    return code;
}

static int
forward_queue(struct weir__tx *tx, const struct forward *call, const char *name)
{
    weir_forward *forward = call->forward;
    struct weir__tx_queue *queue;
    size_t left, limit, moved;
    int code = weir__tx_queue(tx, name, false, &queue);

    if (code != 0 || queue->qid == 0)
        return code;
    do {
        left = forward->max - forward->moved;
        limit = left < CHUNK ? left : CHUNK;
        code = forward_some(tx, call, queue, limit, &moved);
        forward->moved += moved;
    } while (code == 0 && moved == CHUNK && forward->moved < forward->max);
    return code;
}

static int
run_forward(struct weir__tx *tx, void *arg)
{
    const struct forward *call = arg;
    int code = 0;
    size_t i;

    for (i = 0; i < call->forward->queue_count && code == 0; i++) {
        if (call->forward->moved < call->forward->max)
            code = forward_queue(tx, call, call->forward->queues[i]);
    }
    return code;
}

static int64_t
earlier(sqlite3_stmt *stmt, int column, int64_t other)
{
    int64_t at_ms = sqlite3_column_int64(stmt, column);

    return sqlite3_column_type(stmt, column) != SQLITE_NULL && at_ms < other ? at_ms : other;
}

/* When the queue's next task is due; waiters are told of anything earlier from now on. */
static int
next_due(struct weir__store *store, struct weir__conn *conn, const char *name, int64_t *due_at_ms)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(conn, WEIR__SQL_next_due, &stmt, "s", name);

    *due_at_ms = WEIR_NEVER;
    if (code != 0)
        return code;
    code = weir__conn_step(conn, stmt);
    if (code == 1)
        *due_at_ms = earlier(stmt, 0, earlier(stmt, 1, WEIR_NEVER));
    weir__conn_end(stmt);
    if (code >= 0)
        weir__hub_told_due(&store->hub, name, *due_at_ms);
    return code < 0 ? code : 0;
}

/* In a transaction of its own after the moves: waiters must not be told of less than is committed. */
static int
find_next_due(struct weir__store *store, weir_forward *forward, weir_error *err)
{
    struct weir__conn *conn;
    int64_t due_at_ms;
    int code = weir__read_begin(store, &conn, err);
    size_t i;

    if (code != 0)
        return code;
    for (i = 0; i < forward->queue_count && code == 0; i++) {
        code = next_due(store, conn, forward->queues[i], &due_at_ms);
        if (due_at_ms < forward->next_due_at_ms)
            forward->next_due_at_ms = due_at_ms;
    }
    weir__report(conn, code, err);
    weir__read_end(store, conn);
    return code;
}

int
weir__sqlite_forward(void *self, int64_t now_ms, weir_forward *forward, weir_error *err)
{
    struct forward call = {forward, now_ms};
    int code;

    forward->moved = 0;
    forward->next_due_at_ms = WEIR_NEVER;
    code = ask_queues(self, forward->queues, forward->queue_count, has_due, &call, err);
    if (code == 1)
        code = weir__writer_run(self, run_forward, &call, err);
    if (code < 0)
        forward->moved = 0;
    return code < 0 ? code : find_next_due(self, forward, err);
}

/* ---- recover ---- */

struct recover {
    struct weir__store *store;
    weir_recover *recover;
    int64_t boot;
    int64_t
        boot_now; /* when the call began: what died while it waited was not renewed for the same reason */
    int64_t token;
    int64_t now_ms;
    struct weir__row row;
    size_t taken;
    bool stop;
};

static int
has_dead(struct weir__conn *conn, int64_t qid, const void *arg)
{
    const struct recover *call = arg;
    sqlite3_stmt *stmt;
    int code = weir__conn_start(conn, WEIR__SQL_dead, &stmt, "iiii", qid, call->boot,
                                call->boot_now, (int64_t)1);

    return code != 0 ? code : any_row(conn, stmt);
}

/* Shows up to `limit` dead tasks to the sink and lists those it took. */
static int
show_dead(struct weir__tx *tx, struct recover *call, const struct weir__tx_queue *queue,
          size_t limit, int64_t *seqs, size_t *shown)
{
    const weir_recover *recover = call->recover;
    weir_task_info *info = &call->row.info;
    sqlite3_stmt *stmt;
    int code = weir__conn_start(tx->conn, WEIR__SQL_dead, &stmt, "iiii", queue->qid, call->boot,
                                call->boot_now, (int64_t)limit);

    *shown = 0;
    if (code != 0)
        return code;
    while (!call->stop && (code = weir__conn_step(tx->conn, stmt)) == 1) {
        code = weir__row_read(&call->row, call->store, stmt, queue->name);
        if (code != 0) {
            weir_error_set(&tx->conn->err, code, NULL);
            break;
        }
        info->is_orphaned = false;
        info->lease_expires_at_ms = call->now_ms + recover->lease_ms;
        call->stop = recover->sink(recover->sink_arg, info, (uint64_t)call->token,
                                   (uint64_t)call->row.seq, call->row.started) != 0;
        if (!call->stop)
            seqs[(*shown)++] = call->row.seq;
    }
    weir__conn_end(stmt);
    return code < 0 ? code : 0;
}

static int
recover_queue(struct weir__tx *tx, struct recover *call, const char *name)
{
    int64_t seqs[CHUNK];
    struct weir__tx_queue *queue;
    size_t left, limit, shown, i;
    int64_t lease = weir__boot_ms(call->store) + call->recover->lease_ms;
    int code = weir__tx_queue(tx, name, false, &queue);

    if (code != 0 || queue->qid == 0)
        return code;
    do {
        left = call->recover->max - call->taken;
        limit = left < CHUNK ? left : CHUNK;
        code = show_dead(tx, call, queue, limit, seqs, &shown);
        for (i = 0; i < shown && code == 0; i++)
            code = weir__conn_run(tx->conn, WEIR__SQL_reclaim, NULL, "iiii", seqs[i], call->token,
                                  lease, call->boot);
        call->taken += shown;
    } while (code == 0 && !call->stop && shown == CHUNK && call->taken < call->recover->max);
    return code;
}

static int
run_recover(struct weir__tx *tx, void *arg)
{
    struct recover *call = arg;
    int code = 0;
    size_t i;

    for (i = 0; i < call->recover->queue_count && code == 0; i++) {
        if (!call->stop && call->taken < call->recover->max)
            code = recover_queue(tx, call, call->recover->queues[i]);
    }
    return code;
}

int
weir__sqlite_recover(void *self, const weir_request_id *request, int64_t now_ms,
                     weir_recover *recover, weir_error *err)
{
    struct recover call = {
        .store = self,
        .recover = recover,
        .boot = weir__boot_number(self),
        .boot_now = weir__boot_ms(self),
        .token = weir__new_token(self),
        .now_ms = now_ms,
    };
    int code;

    (void)request;
    recover->repaired = 0; /* transactions leave nothing to repair */
    code = ask_queues(self, recover->queues, recover->queue_count, has_dead, &call, err);
    if (code == 1)
        code = weir__writer_run(self, run_recover, &call, err);
    weir__row_release(&call.row);
    return code;
}
