/* SPDX-License-Identifier: MIT */
/*
 * Groups: which there are, and the life of a set.
 *
 * A set is a row of weir_set, and its number stands in the token of its tasks, which stay aggregating and keep
 * their places: staging and reclaiming change nothing else. A commit finds the row gone when the set was reclaimed.
 */
#include <config.h>

#include "calls.h"
#include "remove.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RECLAIM_CHUNK 64

/* ---- which groups there are ---- */

static int
show_groups(struct weir__conn *conn, int64_t qid, int64_t count_to, weir_group_sink sink, void *arg)
{
    weir_group_info group;
    sqlite3_stmt *stmt;
    int code = weir__conn_start(conn, WEIR__SQL_groups, &stmt, "ii", qid, count_to);

    if (code != 0)
        return code;
    while ((code = weir__conn_step(conn, stmt)) == 1) {
        group.name = (const char *)sqlite3_column_text(stmt, 0);
        group.type = (const char *)sqlite3_column_text(stmt, 1);
        group.size = (size_t)sqlite3_column_int64(stmt, 2);
        group.oldest_at_ms = sqlite3_column_int64(stmt, 3);
        group.newest_at_ms = sqlite3_column_int64(stmt, 4);
        code = group.name != NULL && group.type != NULL ? sink(arg, &group) : WEIR_E_NOMEM;
        if (code != 0) {
            weir_error_set(&conn->err, code, NULL);
            break;
        }
    }
    weir__conn_end(stmt);
    return code;
}

int
weir__sqlite_groups(void *self, const char *queue, size_t count_to, weir_group_sink sink, void *arg,
                    weir_error *err)
{
    struct weir__conn *conn;
    int64_t qid;
    int code = weir__read_begin(self, &conn, err);

    if (code != 0)
        return code;
    code = weir__read_queue(conn, queue, &qid);
    if (code == 0 && qid != 0)
        code = show_groups(conn, qid, count_to == 0 ? INT64_MAX : (int64_t)count_to, sink, arg);
    weir__report(conn, code, err);
    weir__read_end(self, conn);
    return code;
}

/* ---- staging ---- */

struct stage {
    struct weir__store *store;
    int64_t now_ms;
    const char *queue;
    const char *group;
    const weir_group_policy *policy;
    int64_t ttl_ms;
    int64_t set;
    weir_task_sink sink;
    void *sink_arg;
    struct weir__row row;
    size_t staged;
};

static int64_t
most(const weir_group_policy *policy)
{
    return policy->max_size > 0 && policy->max_size < WEIR_GROUP_SET_MAX ? policy->max_size
                                                                         : WEIR_GROUP_SET_MAX;
}

static bool
fires(const struct stage *call, int64_t size, int64_t oldest_at_ms, int64_t newest_at_ms)
{
    const weir_group_policy *policy = call->policy;

    if (size == 0)
        return false;
    return (policy->max_size > 0 && size >= most(policy)) ||
           (policy->max_delay_ms > 0 && oldest_at_ms <= call->now_ms - policy->max_delay_ms) ||
           newest_at_ms <= call->now_ms - policy->grace_ms;
}

/* 1: the policy says that the group's tasks are to be staged. */
static int
is_due(struct weir__conn *conn, const struct stage *call, int64_t qid)
{
    sqlite3_stmt *stmt;
    int code =
        weir__conn_start(conn, WEIR__SQL_group, &stmt, "isi", qid, call->group, most(call->policy));

    if (code != 0)
        return code;
    code = weir__conn_step(conn, stmt);
    if (code == 1)
        code = fires(call, sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
                     sqlite3_column_int64(stmt, 2));
    weir__conn_end(stmt);
    return code;
}

static int
show_tasks(struct weir__tx *tx, struct stage *call, const struct weir__tx_queue *queue,
           int64_t *seqs)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(tx->conn, WEIR__SQL_group_tasks, &stmt, "isi", queue->qid,
                                call->group, most(call->policy));

    if (code != 0)
        return code;
    while ((code = weir__conn_step(tx->conn, stmt)) == 1) {
        code = weir__row_read(&call->row, call->store, stmt, queue->name);
        if (code == 0)
            code = call->sink(call->sink_arg, &call->row.info);
        if (code != 0) {
            weir_error_set(&tx->conn->err, code, NULL);
            break;
        }
        seqs[call->staged++] = call->row.seq;
    }
    weir__conn_end(stmt);
    return code;
}

static int
run_stage(struct weir__tx *tx, void *arg)
{
    struct stage *call = arg;
    int64_t seqs[WEIR_GROUP_SET_MAX];
    struct weir__tx_queue *queue;
    int code = weir__tx_queue(tx, call->queue, false, &queue);
    size_t i;

    if (code != 0 || queue->qid == 0)
        return code;
    code = is_due(tx->conn, call, queue->qid);
    if (code != 1)
        return code;
    code = show_tasks(tx, call, queue, seqs);
    for (i = 0; i < call->staged && code == 0; i++)
        code = weir__conn_run(tx->conn, WEIR__SQL_set_join, NULL, "ii", seqs[i], call->set);
    if (code == 0)
        code = weir__conn_run(tx->conn, WEIR__SQL_set_add, NULL, "iisi", call->set, queue->qid,
                              call->group, call->now_ms + call->ttl_ms);
    return code;
}

/* Whether there is anything to stage, without the write lock. */
static int
look(struct stage *call, weir_error *err)
{
    struct weir__conn *conn;
    int64_t qid;
    int code = weir__read_begin(call->store, &conn, err);

    if (code != 0)
        return code;
    code = weir__read_queue(conn, call->queue, &qid);
    if (code == 0 && qid != 0)
        code = is_due(conn, call, qid);
    weir__report(conn, code < 0 ? code : 0, err);
    weir__read_end(call->store, conn);
    return code;
}

int
weir__sqlite_group_stage(void *self, const weir_request_id *request, int64_t now_ms,
                         const char *queue, const char *group, const weir_group_policy *policy,
                         int64_t ttl_ms, char set_id[64], weir_task_sink sink, void *arg,
                         weir_error *err)
{
    struct stage call = {
        .store = self,
        .now_ms = now_ms,
        .queue = queue,
        .group = group,
        .policy = policy,
        .ttl_ms = ttl_ms,
        .set = weir__new_token(self),
        .sink = sink,
        .sink_arg = arg,
    };
    int code = look(&call, err);

    (void)request;
    set_id[0] = '\0';
    if (code != 1)
        return code;
    code = weir__writer_run(self, run_stage, &call, err);
    weir__row_release(&call.row);
    if (code == 0 && call.staged > 0)
        snprintf(set_id, 64, "%" PRIx64, (uint64_t)call.set);
    return code;
}

/* ---- committing ---- */

struct commit {
    int64_t now_ms;
    const char *queue;
    int64_t set;
    weir_enqueue_item *item;
};

static int
find_set(struct weir__tx *tx, const struct commit *call, int64_t *qid)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(tx->conn, WEIR__SQL_set_get, &stmt, "is", call->set, call->queue);

    if (code != 0)
        return code;
    code = weir__conn_step(tx->conn, stmt);
    *qid = code == 1 ? sqlite3_column_int64(stmt, 0) : 0;
    weir__conn_end(stmt);
    if (code == 0)
        return weir_error_set(&tx->conn->err, WEIR_E_STALE,
                              "the tasks have been put back into their group");
    return code < 0 ? code : 0;
}

static int
remove_set(struct weir__tx *tx, const struct commit *call, int64_t qid)
{
    struct weir__removal list[WEIR__REMOVE_CHUNK];
    sqlite3_stmt *stmt;
    size_t count;
    int code;

    do {
        code = weir__conn_start(tx->conn, WEIR__SQL_set_tasks, &stmt, "ii", call->set,
                                (int64_t)WEIR__REMOVE_CHUNK);
        if (code == 0)
            code = weir__removals_read(tx->conn, stmt, 1, list, &count);
        if (code == 0)
            code = weir__removals_run(tx, qid, list, &count, NULL);
    } while (code == 0 && count == WEIR__REMOVE_CHUNK);
    return code != 0 ? code : weir__conn_run(tx->conn, WEIR__SQL_set_drop, NULL, "i", call->set);
}

/* The set goes first: its locks and ids are free for the new task. A task that is refused undoes that. */
static int
run_commit(struct weir__tx *tx, void *arg)
{
    const struct commit *call = arg;
    int64_t qid;
    int code = find_set(tx, call, &qid);

    if (code == 0)
        code = remove_set(tx, call, qid);
    if (code == 0)
        code = weir__insert(tx, call->now_ms, call->item);
    if (code == 0 && call->item->result != 0)
        code =
            weir_error_set(&tx->conn->err, call->item->result, "the task of the group was refused");
    return code;
}

int
weir__sqlite_group_commit(void *self, const weir_request_id *request, int64_t now_ms,
                          const char *queue, const char *set_id, weir_enqueue_item *item,
                          weir_error *err)
{
    struct commit call = {
        .now_ms = now_ms,
        .queue = queue,
        .set = (int64_t)strtoull(set_id, NULL, 16),
        .item = item,
    };

    (void)request;
    item->result = weir__writer_run(self, run_commit, &call, err);
    return item->result;
}

/* ---- reclaiming ---- */

struct reclaim {
    int64_t now_ms;
    const char *const *queues;
    size_t queue_count;
    size_t max;
    size_t done;
};

static int
list_over(struct weir__conn *conn, const struct reclaim *call, int64_t qid, size_t limit,
          int64_t *sets, size_t *count)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(conn, WEIR__SQL_sets_over, &stmt, "iii", qid, call->now_ms,
                                (int64_t)limit);

    *count = 0;
    if (code != 0)
        return code;
    while ((code = weir__conn_step(conn, stmt)) == 1)
        sets[(*count)++] = sqlite3_column_int64(stmt, 0);
    weir__conn_end(stmt);
    return code;
}

static int
reclaim_queue(struct weir__tx *tx, struct reclaim *call, const char *name)
{
    int64_t sets[RECLAIM_CHUNK];
    size_t left = call->max - call->done;
    struct weir__tx_queue *queue;
    size_t count, i;
    int changed;
    int code = weir__tx_queue(tx, name, false, &queue);

    if (code != 0 || queue->qid == 0)
        return code;
    code = list_over(tx->conn, call, queue->qid, left < RECLAIM_CHUNK ? left : RECLAIM_CHUNK, sets,
                     &count);
    for (i = 0; i < count && code == 0; i++) {
        code = weir__conn_run(tx->conn, WEIR__SQL_set_dissolve, &changed, "i", sets[i]);
        if (code == 0)
            code = weir__conn_run(tx->conn, WEIR__SQL_set_drop, NULL, "i", sets[i]);
        if (code == 0)
            weir__tx_join(tx, queue);
    }
    call->done += count;
    return code;
}

static int
run_reclaim(struct weir__tx *tx, void *arg)
{
    struct reclaim *call = arg;
    int code = 0;
    size_t i;

    for (i = 0; i < call->queue_count && code == 0; i++) {
        if (call->done < call->max)
            code = reclaim_queue(tx, call, call->queues[i]);
    }
    return code;
}

/* 1: there is a set whose time is over. */
static int
any_over(struct weir__store *store, const struct reclaim *call, weir_error *err)
{
    struct weir__conn *conn;
    size_t found = 0, i;
    int64_t qid, set;
    int code = weir__read_begin(store, &conn, err);

    if (code != 0)
        return code;
    for (i = 0; i < call->queue_count && code == 0 && found == 0; i++) {
        code = weir__read_queue(conn, call->queues[i], &qid);
        if (code == 0 && qid != 0)
            code = list_over(conn, call, qid, 1, &set, &found);
    }
    weir__report(conn, code, err);
    weir__read_end(store, conn);
    return code != 0 ? code : found > 0;
}

int
weir__sqlite_group_reclaim(void *self, int64_t now_ms, const char *const *queues,
                           size_t queue_count, size_t max, size_t *reclaimed, weir_error *err)
{
    struct reclaim call = {
        .now_ms = now_ms, .queues = queues, .queue_count = queue_count, .max = max};
    int code = any_over(self, &call, err);

    if (code == 1)
        code = weir__writer_run(self, run_reclaim, &call, err);
    *reclaimed = code == 0 ? call.done : 0;
    return code;
}
