/* SPDX-License-Identifier: MIT */
/*
 * Deleting what has had its time: completed tasks, archived ones beyond the limits, locks, days of the history.
 *
 * The place (ord) of a completed task is the end of its retention, that of an archived one is when it was archived; so
 * every rule is "all of this state up to that place", the oldest first. Archived tasks with a time of their own stand
 * behind all others, from ARCHIVE_OWN on, by the end of that time: a second range under the same rule. What is trimmed by
 * number comes from both, whatever would end first.
 */
#include <config.h>

#include "calls.h"
#include "remove.h"

#define DAYS_KEPT 90
#define LOCKS_A_CALL 1000
#define ARCHIVE_OWN (INT64_C(1) << 60) /* as in steer.sql and work.sql */

/* Places, both ends included. */
struct range {
    int64_t from;
    int64_t until;
};

struct expire {
    weir_expire *expire;
    int64_t now_ms;
    struct weir__piece piece;
};

/* Whether there are more archived tasks than are kept; without counting them all. */
static int
any_excess(struct weir__conn *conn, int64_t qid, const struct expire *call)
{
    sqlite3_stmt *stmt;
    int code;

    if (call->expire->archive_max < 0)
        return 0;
    code =
        weir__conn_start(conn, WEIR__SQL_archive_cut, &stmt, "ii", qid, call->expire->archive_max);
    if (code == 0) {
        code = weir__conn_step(conn, stmt);
        weir__conn_end(stmt);
    }
    return code;
}

static struct range
completed_over(const struct expire *call)
{
    return (struct range){INT64_MIN, call->now_ms};
}

/* Archived tasks that are beyond the age. */
static struct range
aged(const struct expire *call)
{
    int64_t age_ms = call->expire->archive_age_ms;

    return (struct range){INT64_MIN, age_ms < 0 ? INT64_MIN : call->now_ms - age_ms};
}

/* Archived tasks whose own time is over. */
static struct range
own_time_over(const struct expire *call)
{
    return (struct range){ARCHIVE_OWN, ARCHIVE_OWN + call->now_ms};
}

static int
any_expired(struct weir__conn *conn, int64_t qid, weir_state state, struct range range)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(conn, WEIR__SQL_expired, &stmt, "iiiii", qid, (int64_t)state,
                                range.from, range.until, (int64_t)1);

    if (code == 0) {
        code = weir__conn_step(conn, stmt);
        weir__conn_end(stmt);
    }
    return code;
}

static int
any_old_day(struct weir__conn *conn, int64_t qid, int64_t day)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(conn, WEIR__SQL_days_old, &stmt, "ii", qid, day);

    if (code == 0) {
        code = weir__conn_step(conn, stmt);
        weir__conn_end(stmt);
    }
    return code;
}

/* Whether there is anything to do for a queue: 1, 0, or a failure. */
static int
is_needed(struct weir__conn *conn, const char *name, const struct expire *call)
{
    int64_t qid;
    int code = weir__read_queue(conn, name, &qid);

    if (code != 0 || qid == 0)
        return code;
    code = any_expired(conn, qid, WEIR_STATE_COMPLETED, completed_over(call));
    if (code == 0)
        code = any_old_day(conn, qid, weir__day_of(call->now_ms) - DAYS_KEPT + 1);
    if (code == 0)
        code = any_expired(conn, qid, WEIR_STATE_ARCHIVED, aged(call));
    if (code == 0)
        code = any_expired(conn, qid, WEIR_STATE_ARCHIVED, own_time_over(call));
    return code != 0 ? code : any_excess(conn, qid, call);
}

static int
any_lock(struct weir__conn *conn, const struct expire *call)
{
    sqlite3_stmt *stmt;
    int code = weir__conn_start(conn, WEIR__SQL_locks_expired, &stmt, "i", call->now_ms);

    if (code == 0) {
        code = weir__conn_step(conn, stmt);
        weir__conn_end(stmt);
    }
    return code;
}

static int
look(struct weir__store *store, const struct expire *call, weir_error *err)
{
    struct weir__conn *conn;
    int code = weir__read_begin(store, &conn, err);
    size_t i;

    if (code != 0)
        return code;
    code = any_lock(conn, call);
    for (i = 0; i < call->expire->queue_count && code == 0; i++)
        code = is_needed(conn, call->expire->queues[i], call);
    weir__report(conn, code < 0 ? code : 0, err);
    weir__read_end(store, conn);
    return code;
}

/* Deletes up to `most` tasks of a state with a place in the range, as far as the piece goes. */
static int
expire_state(struct weir__tx *tx, struct expire *call, int64_t qid, weir_state state,
             struct range range, size_t most)
{
    struct weir__removal list[WEIR__REMOVE_CHUNK];
    size_t limit, listed, count = 0;
    sqlite3_stmt *stmt;
    int code = 0;

    while (code == 0 && most > 0 && !call->piece.full) {
        limit = most < WEIR__REMOVE_CHUNK ? most : WEIR__REMOVE_CHUNK;
        code = weir__conn_start(tx->conn, WEIR__SQL_expired, &stmt, "iiiii", qid, (int64_t)state,
                                range.from, range.until, (int64_t)limit);
        if (code == 0)
            code = weir__removals_read(tx->conn, stmt, 0, list, &count);
        listed = count;
        if (code == 0)
            code = weir__removals_run(tx, qid, list, &count, &call->piece);
        if (code != 0)
            return code;
        call->expire->removed += count;
        most = listed < limit ? 0 : most - count;
    }
    return code;
}

/* How many archived tasks are too many, at most `left`. */
static int
count_excess(struct weir__conn *conn, int64_t qid, const struct expire *call, size_t left,
             size_t *excess)
{
    sqlite3_stmt *stmt;
    int64_t over = 0;
    int code = any_excess(conn, qid, call);

    *excess = 0;
    if (code != 1)
        return code;
    code = weir__conn_start(conn, WEIR__SQL_archive_count, &stmt, "ii", qid,
                            call->expire->archive_max + (int64_t)left);
    if (code != 0)
        return code;
    code = weir__conn_step(conn, stmt);
    if (code == 1)
        over = sqlite3_column_int64(stmt, 0) - call->expire->archive_max;
    weir__conn_end(stmt);
    if (over > 0)
        *excess = (size_t)over < left ? (size_t)over : left;
    return code < 0 ? code : 0;
}

/* When a task that was archived at that time ends; INT64_MAX: never. */
static int64_t
end_of(int64_t archived_ms, int64_t age_ms)
{
    return age_ms < 0 || age_ms >= ARCHIVE_OWN ? INT64_MAX : archived_ms + age_ms;
}

/*
 * Which archived tasks end first: those up to the first one of the other kind. Either there are none with a time of their
 * own, or what ends first of them bounds the others, and the other way round.
 */
static int
find_first_ended(struct weir__conn *conn, int64_t qid, const struct expire *call,
                 struct range *range)
{
    int64_t age_ms = call->expire->archive_age_ms;
    int64_t ends = INT64_MAX, own_ends = INT64_MAX;
    sqlite3_stmt *stmt;
    int code = weir__conn_start(conn, WEIR__SQL_archive_heads, &stmt, "ii", qid, ARCHIVE_OWN);

    if (code != 0)
        return code;
    code = weir__conn_step(conn, stmt);
    if (code == 1 && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
        ends = end_of(sqlite3_column_int64(stmt, 0), age_ms);
    if (code == 1 && sqlite3_column_type(stmt, 1) != SQLITE_NULL)
        own_ends = sqlite3_column_int64(stmt, 1) - ARCHIVE_OWN;
    weir__conn_end(stmt);
    if (own_ends < ends)
        *range = (struct range){ARCHIVE_OWN, ends == INT64_MAX ? ends : ARCHIVE_OWN + ends - 1};
    else
        *range =
            (struct range){INT64_MIN, own_ends == INT64_MAX ? ARCHIVE_OWN - 1 : own_ends - age_ms};
    return code < 0 ? code : 0;
}

/* Deletes `excess` archived tasks, those that would end first; as far as the piece goes. */
static int
trim_archive(struct weir__tx *tx, struct expire *call, int64_t qid, size_t excess)
{
    size_t target = call->expire->removed + excess;
    size_t before = SIZE_MAX;
    struct range range;
    int code = 0;

    while (code == 0 && call->expire->removed < target && call->expire->removed != before &&
           !call->piece.full) {
        before = call->expire->removed;
        code = find_first_ended(tx->conn, qid, call, &range);
        if (code == 0)
            code = expire_state(tx, call, qid, WEIR_STATE_ARCHIVED, range, target - before);
    }
    return code;
}

static int
expire_archive(struct weir__tx *tx, struct expire *call, int64_t qid)
{
    const weir_expire *expire = call->expire;
    size_t excess;
    int code =
        expire_state(tx, call, qid, WEIR_STATE_ARCHIVED, aged(call), expire->max - expire->removed);

    if (code == 0)
        code = expire_state(tx, call, qid, WEIR_STATE_ARCHIVED, own_time_over(call),
                            expire->max - expire->removed);
    if (code == 0)
        code = count_excess(tx->conn, qid, call, expire->max - expire->removed, &excess);
    return code != 0 ? code : trim_archive(tx, call, qid, excess);
}

static int
expire_days(struct weir__tx *tx, const struct expire *call, int64_t qid)
{
    int64_t day = weir__day_of(call->now_ms) - DAYS_KEPT + 1;
    int code = any_old_day(tx->conn, qid, day);

    if (code != 1)
        return code;
    code = weir__conn_run(tx->conn, WEIR__SQL_days_fold, NULL, "ii", qid, day);
    return code != 0 ? code : weir__conn_run(tx->conn, WEIR__SQL_days_drop, NULL, "ii", qid, day);
}

static int
expire_queue(struct weir__tx *tx, struct expire *call, const char *name)
{
    const weir_expire *expire = call->expire;
    struct weir__tx_queue *queue;
    int code = weir__tx_queue(tx, name, false, &queue);

    if (code != 0 || queue->qid == 0)
        return code;
    code = expire_state(tx, call, queue->qid, WEIR_STATE_COMPLETED, completed_over(call),
                        expire->max - expire->removed);
    if (code == 0)
        code = expire_archive(tx, call, queue->qid);
    return code != 0 ? code : expire_days(tx, call, queue->qid);
}

static int
run_expire(struct weir__tx *tx, void *arg)
{
    struct expire *call = arg;
    int locks = 0;
    int code = weir__conn_run(tx->conn, WEIR__SQL_locks_expire, &locks, "ii", call->now_ms,
                              (int64_t)LOCKS_A_CALL);
    size_t i;

    for (i = 0; i < call->expire->queue_count && code == 0; i++) {
        if (call->expire->removed < call->expire->max && !call->piece.full)
            code = expire_queue(tx, call, call->expire->queues[i]);
    }
    if (locks == LOCKS_A_CALL)
        call->expire->removed = call->expire->max; /* there may be more to do */
    return code;
}

int
weir__sqlite_expire(void *self, int64_t now_ms, weir_expire *expire, weir_error *err)
{
    struct expire call = {.expire = expire, .now_ms = now_ms};
    int code;

    expire->removed = 0;
    code = look(self, &call, err);
    if (code == 1)
        code = weir__pieces_run(self, &call.piece, run_expire, &call, &expire->removed, err);
    return code;
}
